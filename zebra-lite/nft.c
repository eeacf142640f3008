/* SPDX-License-Identifier: BSD-2-Clause */
#include "nft.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "nl_batch.h"
#include "thread.h"
#include "util.h"

#define SEND_BYTES (64 * 1024 * 1024) /* a transaction is one send */
#define WATCH_BYTES (4 * 1024 * 1024) /* of notifications that wait */
#define LIST_BYTES 60000	      /* of elements in a message: the list's length has 16 bits */

static struct {
	struct mnl_socket *nl, *own; /* notifications; what changes elements, whose are left out */
	struct watch watch;
	void (*changed)(const char *set);
} others;

static struct {
	pthread_t thread;
	int fd[2]; /* ours, the thread's: jobs by pointer */
	bool running;
	struct nft_job *jobs; /* under way, the first one that was submitted first */
	struct watch watch;
} worker;

struct nft_job *nft_job_new(void)
{
	return xcalloc(1, sizeof(struct nft_job));
}

void nft_job_free(struct nft_job *j)
{
	if (!j)
		return;
	free(j->text);
	free(j->keep);
	free(j->found);
	free(j->listing);
	wr_free(&j->batch);
	free(j);
}

/* ---- messages */

static void put_header(void *at, uint16_t type, uint16_t flags, uint8_t family, uint16_t res)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	*nfg = (struct nfgenmsg){
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(res)};
}

#define NFT_MSG(type) (NFNL_SUBSYS_NFTABLES << 8 | (type))
#define HEADERS_BYTES (MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg)))

static void put_attr(struct wr *w, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len), .nla_type = type};
	size_t room = MNL_ALIGN(a.nla_len);
	uint8_t *at = wr_room(w, room);

	memset(at, 0, room);
	memcpy(at, &a, sizeof(a));
	memcpy(at + MNL_ATTR_HDRLEN, data, len);
}

static void put_edge(struct wr *w, uint16_t type)
{
	put_header(wr_room(w, HEADERS_BYTES), type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

static void end_message(struct nft_job *j)
{
	struct nlmsghdr *nlh;
	struct nlattr *list;

	if (!j->message)
		return;
	nlh = (struct nlmsghdr *)(j->batch.data + j->message);
	nlh->nlmsg_len = (uint32_t)(j->batch.len - j->message);
	if (j->list) {
		list = (struct nlattr *)(j->batch.data + j->list);
		list->nla_len = (uint16_t)(j->batch.len - j->list);
	}
	j->message = j->list = 0;
}

/* About the set: its elements follow in a list, or it is about all of them. */
static void begin_message(struct nft_job *j, uint16_t type, const char *set, bool list)
{
	end_message(j);
	if (!j->batch.len)
		put_edge(&j->batch, NFNL_MSG_BATCH_BEGIN);
	j->message = j->batch.len;
	put_header(wr_room(&j->batch, HEADERS_BYTES), NFT_MSG(type),
		   type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, NFPROTO_INET, 0);
	put_attr(&j->batch, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE, sizeof(NFT_TABLE));
	put_attr(&j->batch, NFTA_SET_ELEM_LIST_SET, set, strlen(set) + 1);
	if (!list)
		return;
	j->list = j->batch.len;
	put_attr(&j->batch, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED, "", 0);
}

void nft_flush(struct nft_job *j, const char *set)
{
	begin_message(j, NFT_MSG_DELSETELEM, set, false);
	end_message(j);
}

void nft_element(struct nft_job *j, bool add, const char *set, const void *key, size_t len,
		 bool end)
{
	uint32_t flags = htonl(NFT_SET_ELEM_INTERVAL_END);
	size_t at, at_key;

	if (!j->list || j->adding != add || !str_eq(j->set, set) ||
	    j->batch.len - j->list > LIST_BYTES) {
		begin_message(j, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, set, true);
		j->adding = add;
		str_copy(j->set, set, sizeof(j->set));
	}
	at = j->batch.len;
	put_attr(&j->batch, NFTA_LIST_ELEM | NLA_F_NESTED, "", 0);
	if (end)
		put_attr(&j->batch, NFTA_SET_ELEM_FLAGS, &flags, sizeof(flags));
	at_key = j->batch.len;
	put_attr(&j->batch, NFTA_SET_ELEM_KEY | NLA_F_NESTED, "", 0);
	put_attr(&j->batch, NFTA_DATA_VALUE, key, len);
	((struct nlattr *)(j->batch.data + at_key))->nla_len = (uint16_t)(j->batch.len - at_key);
	((struct nlattr *)(j->batch.data + at))->nla_len = (uint16_t)(j->batch.len - at);
}

/* ---- the socket */

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int fd;

	if (!nl)
		return NULL;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(nl);
		return NULL;
	}
	fd = mnl_socket_get_fd(nl);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){SEND_BYTES}, sizeof(int));
	return nl;
}

/* The kernel works a batch off inside the send: all that it has to say is there, errors alone. */
static int batch_errors(struct mnl_socket *nl)
{
	char buf[16384] __attribute__((aligned(8)));
	ssize_t n;
	int err = 0;

	while ((n = recv(mnl_socket_get_fd(nl), buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
		int left = (int)n;

		for (; nl_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type == NLMSG_ERROR && !err &&
			    mnl_nlmsg_get_payload_len(nlh) >= sizeof(*e))
				err = e->error;
		}
	}
	return err ? err : n < 0 && errno != EAGAIN ? -errno : 0;
}

static int send_batch(struct nft_job *j)
{
	struct mnl_socket *nl;
	int err;

	end_message(j);
	put_edge(&j->batch, NFNL_MSG_BATCH_END);
	nl = others.own ? others.own : open_socket();
	if (!nl)
		return -errno;
	err = mnl_socket_sendto(nl, j->batch.data, j->batch.len) < 0 ? -errno : batch_errors(nl);
	if (nl != others.own)
		mnl_socket_close(nl);
	return err;
}

/* Asks, and gives every answer to CB. 0 or -errno. */
static int ask(uint16_t type, uint16_t flags, uint16_t name_attr, mnl_cb_t cb, void *arg)
{
	char buf[32768] __attribute__((aligned(8)));
	struct mnl_socket *nl = open_socket();
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	ssize_t n;
	int r;

	if (!nl)
		return -errno;
	put_header(buf, NFT_MSG(type), flags | (flags & NLM_F_DUMP ? 0 : NLM_F_ACK), NFPROTO_INET,
		   0);
	nlh->nlmsg_seq = 1;
	if (name_attr)
		mnl_attr_put_strz(nlh, name_attr, NFT_TABLE);
	for (r = mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -1 : MNL_CB_OK; r > 0;) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		r = n <= 0 ? -1
			   : mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(nl), cb, arg);
	}
	r = r < 0 ? -errno : 0;
	mnl_socket_close(nl);
	return r;
}

struct wanted {
	uint16_t type;
	const struct nlattr *attr;
};

static int pick(const struct nlattr *a, void *arg)
{
	struct wanted *w = arg;

	if (mnl_attr_get_type(a) == w->type)
		w->attr = a;
	return MNL_CB_OK;
}

static const struct nlattr *attr_of(const struct nlmsghdr *nlh, uint16_t type, size_t min)
{
	struct wanted w = {.type = type};

	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), pick, &w);
	return w.attr && mnl_attr_get_payload_len(w.attr) >= min ? w.attr : NULL;
}

static uint64_t number_of(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *a = attr_of(nlh, type, sizeof(uint64_t));

	return a ? be64toh(mnl_attr_get_u64(a)) : 0;
}

static int on_generation(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a = attr_of(nlh, NFTA_GEN_ID, sizeof(uint32_t));

	if (a)
		*(uint32_t *)arg = ntohl(mnl_attr_get_u32(a));
	return MNL_CB_OK;
}

uint32_t nft_generation(void)
{
	uint32_t generation = 0;

	ask(NFT_MSG_GETGEN, 0, 0, on_generation, &generation);
	return generation;
}

static int on_table(const struct nlmsghdr *nlh, void *arg)
{
	*(uint64_t *)arg = number_of(nlh, NFTA_TABLE_HANDLE);
	return MNL_CB_OK;
}

static int on_set(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *name = attr_of(nlh, NFTA_SET_NAME, 2);
	struct nft_job *j = arg;
	struct nft_set *s;

	if (!name || mnl_attr_validate(name, MNL_TYPE_NUL_STRING) < 0)
		return MNL_CB_OK;
	if (!(j->n_found & (j->n_found + 1))) /* room for 1, 3, 7, … */
		j->found = xrealloc(j->found, (2 * j->n_found + 2) * sizeof(*s));
	s = &j->found[j->n_found];
	if (!str_copy(s->name, mnl_attr_get_str(name), sizeof(s->name)))
		return MNL_CB_OK;
	s->id = number_of(nlh, NFTA_SET_HANDLE);
	j->n_found++;
	return MNL_CB_OK;
}

/* ---- what the thread does */

static int run_text(const char *text, char *error, json_t **out)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	int err;

	if (!ctx)
		return -ENOMEM;
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	if (out)
		nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_TERSE);
	err = nft_run_cmd_from_buffer(ctx, text);
	if (err && error) {
		str_copy(error, nft_ctx_get_error_buffer(ctx), NFT_ERROR_MAX);
		error[strcspn(error, "\n")] = '\0';
	}
	if (!err && out)
		*out = json_loads(nft_ctx_get_output_buffer(ctx), 0, NULL);
	nft_ctx_free(ctx);
	return err ? -EINVAL : 0;
}

/* Owned; NULL: there is no such table. */
static char *listing_of(const char *table)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	char command[NFT_SET_MAX + 32], *listing = NULL;

	if (!ctx)
		return NULL;
	snprintf(command, sizeof(command), "list table inet %s", table);
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_STATELESS);
	if (nft_run_cmd_from_buffer(ctx, command) == 0)
		listing = xstrdup(nft_ctx_get_output_buffer(ctx));
	nft_ctx_free(ctx);
	return listing;
}

static bool keeps(const struct nft_job *j, const char *name)
{
	for (size_t i = 0; i < j->n_keep; i++)
		if (str_eq(j->keep[i].name, name))
			return true;
	return false;
}

/* What a rule of the user refers to stays, empty. */
static void remove_set(const char *name)
{
	char text[2 * NFT_SET_MAX];

	snprintf(text, sizeof(text), "flush set inet " NFT_TABLE " %s", name);
	run_text(text, NULL, NULL);
	snprintf(text, sizeof(text), "delete set inet " NFT_TABLE " %s", name);
	run_text(text, NULL, NULL);
}

/* Removing a table removes what is in it, so that has to be nothing. */
static void remove_empty_table(void)
{
	json_t *out = NULL, *item;
	bool empty = true;
	size_t i;

	if (run_text("list table inet " NFT_TABLE, NULL, &out) < 0 || !out)
		return;
	json_array_foreach (json_object_get(out, "nftables"), i, item)
		empty = empty &&
			(json_object_get(item, "metainfo") || json_object_get(item, "table"));
	json_decref(out);
	if (empty && i)
		run_text("delete table inet " NFT_TABLE, NULL, NULL);
}

static int reconcile(struct nft_job *j)
{
	uint64_t table = 0;
	int err;

	j->after = nft_generation(); /* whatever comes later has to be looked at */
	err = ask(NFT_MSG_GETTABLE, 0, NFTA_TABLE_NAME, on_table, &table);

	if (err == -ENOENT)
		return 0;
	if (err == 0)
		err = ask(NFT_MSG_GETSET, NLM_F_DUMP, NFTA_SET_TABLE, on_set, j);
	if (err < 0)
		return err;
	for (size_t i = 0; i < j->n_found; i++) {
		struct nft_set *s = &j->found[i];

		s->table = table;
		if (j->ours(s->name) && !keeps(j, s->name))
			remove_set(s->name);
	}
	if (!j->n_keep)
		remove_empty_table();
	return 0;
}

void nft_run(struct nft_job *j)
{
	j->before = nft_generation();
	if (j->text)
		j->err = run_text(j->text, j->error, NULL);
	if (!j->err && j->ours)
		j->err = reconcile(j);
	if (!j->err && j->batch.len)
		j->err = send_batch(j);
	if (!j->ours)
		j->after = nft_generation();
	if (!j->err && j->table)
		j->listing = listing_of(j->table);
	j->alone = j->after == j->before + 1 && nft_generation() == j->after;
	if (j->err && !j->error[0])
		str_copy(j->error, strerror(-j->err), sizeof(j->error));
}

static void *work(void *arg)
{
	int fd = worker.fd[1];
	struct nft_job *j;

	while (read(fd, &j, sizeof(j)) == sizeof(j)) {
		nft_run(j);
		if (write(fd, &j, sizeof(j)) != sizeof(j))
			break;
	}
	return NULL;
}

/* ---- the loop's side */

static void on_done(int fd, short what, void *arg)
{
	struct nft_job *j;

	if (read(fd, &j, sizeof(j)) != sizeof(j))
		return;
	ensure(j == worker.jobs);
	worker.jobs = j->next;
	j->done(j);
}

static void start_thread(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, worker.fd) < 0)
		fatal("socketpair: %s", strerror(errno));
	worker.thread = thread_start(work, NULL);
	worker.running = true;
	watch_init(&worker.watch, worker.fd[0], EV_READ, on_done, NULL);
	watch_on(&worker.watch);
}

void nft_submit(struct nft_job *j, void (*done)(struct nft_job *))
{
	struct nft_job **at = &worker.jobs;

	if (!worker.running)
		start_thread();
	j->done = done;
	while (*at)
		at = &(*at)->next;
	*at = j;
	if (write(worker.fd[0], &j, sizeof(j)) != sizeof(j))
		fatal("nftables' thread: %s", strerror(errno));
}

void nft_stop(void)
{
	struct nft_job *j;

	if (!worker.running)
		return;
	watch_off(&worker.watch);
	shutdown(worker.fd[0], SHUT_WR); /* the thread reads on to the end */
	pthread_join(worker.thread, NULL);
	close(worker.fd[0]);
	close(worker.fd[1]);
	while ((j = worker.jobs)) {
		worker.jobs = j->next;
		nft_job_free(j);
	}
	worker.running = false;
}

/* ---- what others do */

static void told(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *table, *set;

	if ((nlh->nlmsg_type != NFT_MSG(NFT_MSG_NEWSETELEM) &&
	     nlh->nlmsg_type != NFT_MSG(NFT_MSG_DELSETELEM)) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg) || nfg->nfgen_family != NFPROTO_INET)
		return;
	table = attr_of(nlh, NFTA_SET_ELEM_LIST_TABLE, 2);
	set = attr_of(nlh, NFTA_SET_ELEM_LIST_SET, 2);
	if (table && set && mnl_attr_validate(table, MNL_TYPE_NUL_STRING) == 0 &&
	    mnl_attr_validate(set, MNL_TYPE_NUL_STRING) == 0 &&
	    str_eq(mnl_attr_get_str(table), NFT_TABLE))
		others.changed(mnl_attr_get_str(set));
}

static void on_notification(int fd, short what, void *arg)
{
	static char buf[65536] __attribute__((aligned(8)));
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
	int left = (int)n;

	if (n < 0 && errno == ENOBUFS)
		others.changed(NULL);
	for (; n > 0 && nl_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		told(nlh);
}

static int leave_out(int fd, uint32_t portid)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_ABS | BPF_W, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(portid), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog prog = {.len = ARRAY_SIZE(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

static int listen_to(struct mnl_socket *nl)
{
	unsigned group = NFNLGRP_NFTABLES;
	int fd = mnl_socket_get_fd(nl), err = leave_out(fd, mnl_socket_get_portid(others.own));

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){WATCH_BYTES}, sizeof(int));
	if (err < 0)
		return err;
	return mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno
											    : 0;
}

int nft_watch(void (*changed)(const char *set))
{
	int err;

	if (others.nl)
		return 0;
	others.changed = changed;
	others.own = open_socket();
	others.nl = others.own ? open_socket() : NULL;
	err = others.nl ? listen_to(others.nl) : -errno;
	if (err < 0) {
		nft_unwatch();
		return err;
	}
	watch_init(&others.watch, mnl_socket_get_fd(others.nl), EV_READ, on_notification, NULL);
	watch_on(&others.watch);
	return 0;
}

/* No job is under way. */
void nft_unwatch(void)
{
	watch_off(&others.watch);
	if (others.nl)
		mnl_socket_close(others.nl);
	if (others.own)
		mnl_socket_close(others.own);
	others.nl = others.own = NULL;
}
