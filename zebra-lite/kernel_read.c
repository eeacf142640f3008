/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "dirty.h"
#include "log.h"
#include "loop.h"
#include "nl_batch.h"
#include "retry.h"
#include "util.h"
#include "zconfig.h"

#define BUFFER_BYTES (64 * 1024)
#define RCVBUF_BYTES (8 * 1024 * 1024)
#define BUFFERS_PER_TURN 8
#define SIDE_TABLES_MAX 256
#define RESYNC_DELAY_MS 20 /* several events make one reading */
#define REST_FACTOR 4	   /* as long as a reading took, this many times, none follows it */
#define REST_MAX_MS 10000
#define SCOPE_MAX 8 /* interfaces; of more everything is read */

enum stage {
	STAGE_LINKS,
	STAGE_ADDRS,
	STAGE_NEXTHOPS,
	STAGE_RULES4,
	STAGE_RULES6,
	STAGE_IPV4,
	STAGE_IPV6,
	STAGE_SIDE4, /* of each side table */
	STAGE_SIDE6,
	STAGE_WORKED_IN, /* is compared with the books */
	STAGE_DONE
};

/* The interfaces whose routes are read. */
struct scope {
	uint32_t oif[SCOPE_MAX];
	unsigned n;
	bool all; /* whatever interface it is */
};

static const struct kernel_news *news;
static struct mnl_socket *monitor, *dumper;
static struct watch monitor_watch, dumper_watch;
static struct timer delay;
static enum stage stage = STAGE_DONE;
static bool again;	 /* another reading was asked for during this one */
static bool interrupted; /* the table changed under the reading */
static bool first_done;
static struct retry unread; /* readings that the kernel refused */
static uint64_t begun_ms; /* this reading */
static uint64_t rest_ms;  /* until then no other one begins, monotonic */
static uint32_t dump_seq;
static uint32_t tables[SIDE_TABLES_MAX]; /* side tables of this reading */
static unsigned n_tables, table_at;
static uint32_t main_tables[PLANES_MAX + 1]; /* of the planes */
static unsigned n_main_tables, main_at, oif_at;
static struct scope scope, next_scope; /* of this reading; what came in doubt since it began */
static struct scope sourced;	       /* by these there are routes that name their source */
static _Alignas(struct nlmsghdr) uint8_t buffer[BUFFER_BYTES];

/* --- what is in doubt --- */

static void scope_add(struct scope *s, uint32_t oif)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->oif[i] == oif)
			return;
	if (s->n < SCOPE_MAX)
		s->oif[s->n++] = oif;
	else
		s->all = true;
}

static void scope_merge(struct scope *s, const struct scope *more)
{
	for (unsigned i = 0; i < more->n; i++)
		scope_add(s, more->oif[i]);
	s->all = s->all || more->all;
}

static void read_soon(void)
{
	uint64_t now = now_ms(), rest = rest_ms > now ? rest_ms - now : 0;

	if (!timer_running(&delay))
		timer_start(&delay, rest > RESYNC_DELAY_MS ? rest : RESYNC_DELAY_MS);
}

static void read_again(const char *why)
{
	if (!delay.ready)
		return;
	fib_counters.resyncs++;
	log_debug("resync", "why=\"%s\"", why);
	if (stage != STAGE_DONE)
		again = true;
	else
		read_soon();
}

void kernel_resync(const char *why)
{
	next_scope.all = true;
	read_again(why);
}

static void doubt(uint32_t ifindex, const char *why)
{
	kernel_link_doubt(ifindex);
	scope_add(&next_scope, ifindex);
	read_again(why);
}

/* --- one message --- */

static void link_told(const struct klink *k, bool present)
{
	unsigned changed = kernel_link_told(k, present);
	bool turned = first_done && changed & (KLINK_UP | KLINK_DOWN);

	if (changed)
		news->link(changed);
	if (turned) {
		log_info("link-state", "interface=%s state=%s", k->name,
			 changed & KLINK_UP ? "up" : "down");
		news->turned(k->ifindex);
	}
	if (turned || changed & (KLINK_DOWN | KLINK_OTHER))
		doubt(k->ifindex, "link");
}

static void handle_link(const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct klink k;

	switch (kernel_decode_link(nlh, &k)) {
	case 0:
		link_told(&k, nlh->nlmsg_type == RTM_NEWLINK);
		break;
	case -ENOENT:
		news->eased();
		if (ifi->ifi_family == AF_INET6) /* was switched on or off there */
			doubt(ifi->ifi_index, "family");
		break;
	}
}

static void handle_addr(const struct nlmsghdr *nlh)
{
	bool present = nlh->nlmsg_type == RTM_NEWADDR;
	struct kaddr a;

	if (kernel_decode_addr(nlh, &a) < 0)
		return;
	news->addr(&a, present);
	if (present)
		return;
	if (a.local.family == AF_INET)
		scope_merge(&next_scope, &sourced);
	doubt(a.ifindex, "address");
}

/* The route goes with an address, of whatever interface that is. */
static void note_source(const struct kroute *r)
{
	if (!r->source.family || r->protocol == RTPROT_KERNEL)
		return;
	if (r->oif)
		scope_add(&sourced, r->oif);
	else
		sourced.all = true;
}

static void handle(const struct nlmsghdr *nlh)
{
	struct kroute r;
	struct knexthop nh;
	struct krule rule;

	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (kernel_decode_route(nlh, &r) < 0)
			break;
		note_source(&r);
		news->route(&r, nlh->nlmsg_type == RTM_NEWROUTE);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		handle_addr(nlh);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		handle_link(nlh);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		if (kernel_decode_nexthop(nlh, &nh) == 0)
			news->nexthop(&nh, nlh->nlmsg_type == RTM_NEWNEXTHOP);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		if (kernel_decode_rule(nlh, &rule) == 0)
			news->rule(&rule, nlh->nlmsg_type == RTM_NEWRULE);
		break;
	default:
		break;
	}
}

/* --- notifications --- */

static void on_monitor(int fd, short what, void *arg)
{
	for (int i = 0; i < BUFFERS_PER_TURN; i++) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
		const struct nlmsghdr *nlh = (void *)buffer;
		int left = n;

		if (n < 0 && errno == ENOBUFS) {
			kernel_resync("notifications were lost");
			continue;
		}
		if (n < 0)
			return;
		for (; nl_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			handle(nlh);
	}
}

/* Notifications of our own writes never reach us: their ports are ours. */
static void filter_own(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_ABS | BPF_W, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(kernel_thread_portid()), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(kernel_write_portid()), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog prog = {.len = ARRAY_SIZE(code), .filter = code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		log_warn("kernel-read", "what=filter error=\"%s\"", strerror(errno));
}

static struct mnl_socket *open_rtnetlink(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int size = RCVBUF_BYTES, on = 1;

	if (!nl)
		return NULL;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(nl);
		return NULL;
	}
	if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	mnl_socket_setsockopt(nl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return nl;
}

/* --- full readings --- */

/* What was not read is read again, all of it. */
static void dump_failed(int err)
{
	if (retry_failed(&unread, err))
		log_error("kernel-read", "what=dump error=\"%s\"", strerror(-err));
	scope_merge(&next_scope, &scope);
	stage = STAGE_DONE;
	timer_start(&delay, retry_left_ms(&unread));
}

static void send_dump(void)
{
	uint8_t request[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(memset(request, 0, sizeof(request)));

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++dump_seq;
	if (stage == STAGE_LINKS) {
		nlh->nlmsg_type = RTM_GETLINK;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	} else if (stage == STAGE_ADDRS) {
		nlh->nlmsg_type = RTM_GETADDR;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifaddrmsg));
	} else if (stage == STAGE_NEXTHOPS) {
		nlh->nlmsg_type = RTM_GETNEXTHOP;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct nhmsg));
	} else if (stage == STAGE_RULES4 || stage == STAGE_RULES6) {
		struct fib_rule_hdr *frh;

		nlh->nlmsg_type = RTM_GETRULE;
		frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
		frh->family = stage == STAGE_RULES4 ? AF_INET : AF_INET6;
	} else {
		bool side = stage == STAGE_SIDE4 || stage == STAGE_SIDE6;
		struct rtmsg *rtm;

		nlh->nlmsg_type = RTM_GETROUTE;
		rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
		rtm->rtm_family = stage == STAGE_IPV4 || stage == STAGE_SIDE4 ? AF_INET : AF_INET6;
		mnl_attr_put_u32(nlh, RTA_TABLE, side ? tables[table_at] : main_tables[main_at]);
		if (!side && !scope.all)
			mnl_attr_put_u32(nlh, RTA_OIF, scope.oif[oif_at]);
	}
	if (mnl_socket_sendto(dumper, nlh, nlh->nlmsg_len) < 0)
		dump_failed(-errno);
}

/* Of all planes; and the kernel's own for the networks of their interfaces. */
static void list_tables(void)
{
	n_main_tables = main_at = 0;
	for (unsigned i = 0; i < PLANES_MAX; i++)
		if (zconfig.plane_table[i])
			main_tables[n_main_tables++] = zconfig.plane_table[i];
	if (n_main_tables > 1 && zplane_by_table(RT_TABLE_MAIN) < 0)
		main_tables[n_main_tables++] = RT_TABLE_MAIN;
}

static void begin(void *arg)
{
	if (stage != STAGE_DONE) {
		again = true;
		return;
	}
	again = interrupted = false;
	begun_ms = now_ms();
	stage = STAGE_LINKS;
	list_tables();
	scope = next_scope;
	scope.all = scope.all || !first_done || !scope.n;
	next_scope = (struct scope){0};
	oif_at = 0;
	news->begin(scope.oif, scope.all ? 0 : scope.n);
	send_dump();
}

static void reading_ends(void)
{
	uint64_t now = now_ms(), rest = (now - begun_ms) * (interrupted ? 1 : REST_FACTOR);

	stage = STAGE_DONE;
	if (interrupted)
		scope_merge(&next_scope, &scope);
	rest_ms = first_done ? now + (rest < REST_MAX_MS ? rest : REST_MAX_MS) : 0;
	if (again || interrupted)
		read_soon();
}

static void reading_done(void)
{
	if (stage != STAGE_WORKED_IN) /* it was stopped meanwhile */
		return;
	kernel_links_confirmed(begun_ms);
	retry_done(&unread);
	reading_ends();
	if (first_done)
		return;
	first_done = true;
	news->ready();
}

static enum stage stage_after(enum stage s)
{
	if (s == STAGE_IPV6) {
		n_tables = news->side_tables(tables, SIDE_TABLES_MAX);
		table_at = 0;
		return n_tables ? STAGE_SIDE4 : STAGE_WORKED_IN;
	}
	if (s == STAGE_SIDE6 && ++table_at < n_tables)
		return STAGE_SIDE4;
	return s + 1;
}

/* Another table of the planes, or another interface in the same. */
static bool more_of_main(void)
{
	if (!scope.all && ++oif_at < scope.n)
		return true;
	oif_at = 0;
	return ++main_at < n_main_tables;
}

static void next_stage(void)
{
	if (stage == STAGE_NEXTHOPS && !interrupted)
		news->nexthops_read();
	if ((stage == STAGE_IPV4 || stage == STAGE_IPV6) && more_of_main()) {
		send_dump();
		return;
	}
	main_at = 0;
	stage = stage_after(stage);
	if (stage != STAGE_WORKED_IN)
		send_dump();
	else if (interrupted)
		reading_ends();
	else
		news->end(reading_done);
}

/* That there is no such table, interface, family or kind of thing: it is read to its end. */
static bool is_nothing(int err)
{
	return err == -ENOENT || err == -ENODEV || err == -EOPNOTSUPP || err == -EAFNOSUPPORT;
}

/* Of its last message: 0 or -errno. */
static int dump_error(const struct nlmsghdr *nlh)
{
	const int *err = mnl_nlmsg_get_payload(nlh);

	return mnl_nlmsg_get_payload_len(nlh) < sizeof(*err) || is_nothing(*err) ? 0 : *err;
}

/* True at the end of the dump; *ERR: it is none, -errno. */
static bool dump_messages(ssize_t n, int *err)
{
	const struct nlmsghdr *nlh = (void *)buffer;
	int left = n;

	for (; nl_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != dump_seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
			*err = dump_error(nlh);
			return true;
		}
		handle(nlh);
	}
	return false;
}

static void on_dump(int fd, short what, void *arg)
{
	int err = 0;

	for (int i = 0; i < BUFFERS_PER_TURN; i++) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n < 0 && errno == ENOBUFS)
			interrupted = true;
		else if (n < 0)
			return;
		else if (dump_messages(n, &err)) {
			if (err < 0)
				dump_failed(err);
			else
				next_stage();
			return;
		}
	}
}

void kernel_read_open(const struct kernel_news *told)
{
	news = told;
}

int kernel_read_start(void)
{
	static const unsigned groups[] = {
		RTNLGRP_LINK,	     RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE,
		RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_IFINFO,
		RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,	  RTNLGRP_NEXTHOP};

	monitor = open_rtnetlink();
	dumper = open_rtnetlink();
	if (!monitor || !dumper)
		return -errno;
	filter_own(mnl_socket_get_fd(monitor));
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (mnl_socket_setsockopt(monitor, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(groups[i])) < 0 &&
		    groups[i] != RTNLGRP_NEXTHOP) /* a kernel without objects */
			return -errno;
	watch_init(&monitor_watch, mnl_socket_get_fd(monitor), EV_READ, on_monitor, NULL);
	watch_init(&dumper_watch, mnl_socket_get_fd(dumper), EV_READ, on_dump, NULL);
	watch_on(&monitor_watch);
	watch_on(&dumper_watch);
	timer_init(&delay, begin, NULL);
	begin(NULL);
	return 0;
}

void kernel_read_stop(void)
{
	timer_stop(&delay);
	if (monitor) {
		watch_off(&monitor_watch);
		mnl_socket_close(monitor);
	}
	if (dumper) {
		watch_off(&dumper_watch);
		mnl_socket_close(dumper);
	}
	monitor = dumper = NULL;
	stage = STAGE_DONE;
	next_scope = (struct scope){0};
	sourced = (struct scope){0};
	retry_done(&unread);
	kernel_links_reset();
}
