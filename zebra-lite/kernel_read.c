/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "fib.h"
#include "fib_retry.h"
#include "hash.h"
#include "ifaddr.h"
#include "links.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "nhobj.h"
#include "nl_batch.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "side.h"
#include "uplink.h"
#include "util.h"
#include "zapply.h"
#include "zconfig.h"

#define BUFFER_BYTES (64 * 1024)
#define RCVBUF_BYTES (8 * 1024 * 1024)
#define BUFFERS_PER_TURN 8
#define SIDE_TABLES_MAX 256
#define RESYNC_DELAY_MS 20 /* several link events make one reading */
#define RESEND_DELAY_MS 1000

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
	STAGE_DONE
};

struct link {
	struct hash_node hash;
	struct klink k;
	uint64_t down_ms; /* monotonic: it was last down; 0: never since we look */
};

static struct hash_table links;
static struct mnl_socket *monitor, *dumper;
static struct watch monitor_watch, dumper_watch;
static struct timer delay;
static enum stage stage = STAGE_DONE;
static bool again;	 /* another reading was asked for during this one */
static bool interrupted; /* the table changed under the reading */
static bool first_done;
static uint64_t begun_ms;     /* this reading */
static uint64_t confirmed_ms; /* the last one that saw everything: what was there was there then */
static uint32_t dump_seq;
static uint32_t tables[SIDE_TABLES_MAX]; /* side tables of this reading */
static unsigned n_tables, table_at;
static uint32_t main_tables[PLANES_MAX + 1]; /* of the planes */
static unsigned n_main_tables, main_at;
static _Alignas(struct nlmsghdr) uint8_t buffer[BUFFER_BYTES];

/* --- links --- */

static struct link *find_link(uint32_t ifindex)
{
	for (struct hash_node *h = hash_find(&links, hash_bytes(&ifindex, sizeof(ifindex))); h;
	     h = hash_find_next(h)) {
		struct link *l = container_of(h, struct link, hash);

		if (l->k.ifindex == ifindex)
			return l;
	}
	return NULL;
}

bool kernel_link_up(uint32_t ifindex)
{
	const struct link *l = find_link(ifindex);

	return l && l->k.up;
}

/* Ahead of the notification, which may still be on its way. */
static bool is_up_now(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	bool up;

	str_copy(request.ifr_name, ifname, sizeof(request.ifr_name));
	up = fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0 || request.ifr_flags & IFF_RUNNING;
	if (fd >= 0)
		close(fd);
	return up;
}

bool kernel_link_fell(uint32_t ifindex, uint64_t since_ms)
{
	const struct link *l = find_link(ifindex);

	if (since_ms < confirmed_ms)
		since_ms = confirmed_ms;
	return !l || !l->k.up || (l->down_ms && l->down_ms >= since_ms) || !is_up_now(l->k.name);
}

const char *kernel_link_name(uint32_t ifindex)
{
	const struct link *l = find_link(ifindex);

	return l ? l->k.name : "";
}

bool kernel_link_pointopoint(uint32_t ifindex)
{
	const struct link *l = find_link(ifindex);

	return l && l->k.pointopoint;
}

uint32_t kernel_link_by_name(const char *name)
{
	for (struct hash_node *h = hash_first(&links); h; h = hash_next(&links, h)) {
		const struct link *l = container_of(h, struct link, hash);

		if (str_eq(l->k.name, name))
			return l->k.ifindex;
	}
	return 0;
}

/* What was refused may be taken now. */
static void try_again(void)
{
	fib_retry_kick();
	keep_kick(&rules);
	keep_kick(&side_routes);
}

static void link_told(const struct klink *k, bool present)
{
	struct link *l = find_link(k->ifindex);
	bool up = present && k->up, was = l && l->k.up;
	bool named = !l || !str_eq(l->k.name, k->name) || !present;

	if (present && !l) {
		l = xcalloc(1, sizeof(*l));
		hash_insert(&links, &l->hash, hash_bytes(&k->ifindex, sizeof(k->ifindex)));
	}
	if (present) {
		l->k = *k;
		if (!up)
			l->down_ms = now_ms();
	} else if (l) {
		hash_remove(&links, &l->hash);
		free(l);
	}
	if (named)
		zapply_links_changed();
	if (named || up != was)
		uplink_links_changed();
	if (up == was || !first_done)
		return;
	log_info("link", "interface=%s state=%s", k->name, up ? "up" : "down");
	if (!up)
		nhobj_link_down(k->ifindex);
	rib_kernel_link_changed(k->ifindex);
	nexthop_link_changed(k->ifindex);
	try_again();
	kernel_resync(up ? "link up" : "link down");
}

/* --- one message --- */

static void handle(const struct nlmsghdr *nlh)
{
	struct kroute r;
	struct klink k;
	struct knexthop nh;
	struct krule rule;
	struct kaddr addr;

	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (kernel_decode_route(nlh, &r) < 0)
			break;
		if (zplane_by_table(r.table) >= 0 || r.table == RT_TABLE_MAIN)
			rib_kernel_route(&r, nlh->nlmsg_type == RTM_NEWROUTE);
		else
			side_told(&r, nlh->nlmsg_type == RTM_NEWROUTE);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (kernel_decode_addr(nlh, &addr) == 0 &&
		    ifaddr_told(&addr, nlh->nlmsg_type == RTM_NEWADDR))
			try_again();
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		switch (kernel_decode_link(nlh, &k)) {
		case 0:
			link_told(&k, nlh->nlmsg_type == RTM_NEWLINK);
			break;
		case -ENOENT: /* IPv6 was switched on or off there */
			try_again();
			break;
		}
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		if (kernel_decode_nexthop(nlh, &nh) < 0)
			break;
		if (nlh->nlmsg_type == RTM_DELNEXTHOP)
			nhobj_lost(nh.id);
		else if (nh.protocol == zconfig.protocol && nh.n)
			nhgroup_found(nh.id, nh.legs, nh.n, nh.resilient);
		else if (nh.protocol == zconfig.protocol)
			nhobj_found(nh.id, nh.oif, nh.family);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		if (kernel_decode_rule(nlh, &rule) == 0)
			rule_told(&rule, nlh->nlmsg_type == RTM_NEWRULE);
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

static struct mnl_socket *open_socket(void)
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
	}
	if (mnl_socket_sendto(dumper, nlh, nlh->nlmsg_len) < 0) {
		log_error("kernel-read", "what=dump error=\"%s\"", strerror(errno));
		stage = STAGE_DONE;
		timer_start(&delay, RESEND_DELAY_MS); /* all of it again */
	}
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
	rib_kernel_begin();
	keep_read_begin(&rules);
	ifaddr_read_begin();
	keep_read_begin(&side_routes);
	send_dump();
}

static void reading_done(void)
{
	confirmed_ms = begun_ms;
	if (!first_done) {
		first_done = true;
		fib_kernel_ready();
		link_bgpd_kernel_ready();
		log_info("kernel-read", "routes=%zu links=%zu", rib_count(), links.count);
	}
}

static enum stage stage_after(enum stage s)
{
	if (s == STAGE_IPV6) {
		n_tables = side_tables(tables, SIDE_TABLES_MAX);
		table_at = 0;
		return n_tables ? STAGE_SIDE4 : STAGE_DONE;
	}
	if (s == STAGE_SIDE6 && ++table_at < n_tables)
		return STAGE_SIDE4;
	return s + 1;
}

static void next_stage(void)
{
	if (stage == STAGE_NEXTHOPS && !interrupted)
		nhobj_read();
	if ((stage == STAGE_IPV4 || stage == STAGE_IPV6) && ++main_at < n_main_tables) {
		send_dump();
		return;
	}
	main_at = 0;
	stage = stage_after(stage);
	if (stage != STAGE_DONE) {
		send_dump();
		return;
	}
	if (interrupted) {
		begin(NULL);
		return;
	}
	ifaddr_read_end();
	uplinks_read_end();
	keep_read_end(&rules);
	rib_kernel_end(reading_done);
	if (again)
		timer_start(&delay, RESYNC_DELAY_MS);
}

/* True at the end of the dump. */
static bool dump_messages(ssize_t n)
{
	const struct nlmsghdr *nlh = (void *)buffer;
	int left = n;

	for (; nl_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != dump_seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return true; /* an error: the table does not exist yet */
		handle(nlh);
	}
	return false;
}

static void on_dump(int fd, short what, void *arg)
{
	for (int i = 0; i < BUFFERS_PER_TURN; i++) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n < 0 && errno == ENOBUFS)
			interrupted = true;
		else if (n < 0)
			return;
		else if (dump_messages(n)) {
			next_stage();
			return;
		}
	}
}

void kernel_resync(const char *why)
{
	if (!delay.ready)
		return;
	fib_counters.resyncs++;
	log_debug("resync", "why=\"%s\"", why);
	if (stage != STAGE_DONE)
		again = true;
	else if (!timer_running(&delay))
		timer_start(&delay, RESYNC_DELAY_MS);
}

int kernel_read_start(void)
{
	static const unsigned groups[] = {
		RTNLGRP_LINK,	     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR,
		RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_IFINFO, RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,   RTNLGRP_NEXTHOP};

	monitor = open_socket();
	dumper = open_socket();
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
	struct hash_node *h;

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
	while ((h = hash_first(&links))) {
		hash_remove(&links, h);
		free(container_of(h, struct link, hash));
	}
	hash_clear(&links);
}
