/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch IF...: looks at both tables of its network namespace while they change: whether an address
 * that is routed into one of these WireGuard interfaces finds the entry of its route there. If not,
 * that may be right, since the entry comes before its route; whoever asks has to know (I2).
 *
 * A round reads the routes, then the entries, then what the kernel has told meanwhile. A route that
 * nothing was told of was there all the while, so also at the moment when the entries were read.
 * Rounds follow one another as long as something happened in the last second. Routes of others
 * (another protocol than 222) are looked at, but nobody promises anything of them.
 *
 * Commands on stdin, an answer in JSON, one line, for each:
 *
 *   look [PREFIX...]  both tables, of these prefixes or whole, and what was found since the last
 *                     `look`: {"routes": [[PREFIX, {"dev", "protocol", "metric", "nhid", "type"}]],
 *                     "entries": {IF: {PREFIX: KEY}}, "found": [{"address", "interface", "route",
 *                     "entry", "key", "at"}], "rounds": N}; without any entry "key" is null
 *   mute, judge       somebody meddles from now on (no longer): nothing is found meanwhile
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "log.h"
#include "loop.h"
#include "util.h"
#include "wg.h"

enum { OURS = 222, LEGS = 8, IFS = 8, FINDINGS = 1000, BUSY_MS = 1000, PAUSE_MS = 2, TRIES = 20 };
enum { RECEIVE_BUFFER = 8 << 20 }; /* octets */

struct way { /* a route of the main table */
	struct prefix prefix;
	uint32_t metric, nhid, oif[LEGS];
	unsigned n; /* of oif */
	uint8_t protocol, type;
	bool doubtful; /* something was told of it while the entries were read */
};

struct object { /* nexthop object */
	uint32_t id, oif, leg[LEGS];
	unsigned n; /* of leg; 0: no group */
};

struct finding { /* an address whose entry is not that of its route */
	struct addr addr;
	struct prefix route, entry; /* entry: family 0 if there is none */
	uint8_t key[WG_KEY_BYTES];  /* of the peer with the entry */
	unsigned interface;
	uint64_t at_us; /* monotonic; when it was seen first */
};

static const char *names[IFS];
static unsigned n_names;
static struct wg *device[IFS];
static struct wg_dump dump[IFS];
static uint32_t ifindex[IFS];
static bool readable[IFS];

static struct way *ways;
static struct object *objects;
static struct addr *addrs; /* where an answer may change: the first of each prefix, and behind it */
static struct prefix *touched;
static size_t n_ways, cap_ways, n_objects, cap_objects, n_addrs, cap_addrs, n_touched, cap_touched;
static uint32_t touched_object[256];
static unsigned n_touched_objects;
static bool lost; /* what was told is not all, or may mean anything */

static struct mnl_socket *monitor, *asker;
static uint32_t sequence;
static struct finding findings[FINDINGS];
static unsigned n_findings;
static bool muted;
static uint64_t rounds, told_ms;
static _Alignas(struct nlmsghdr) char buffer[1 << 16];

/* ---- what the kernel says */

/* False: of another table, or none that packets follow. */
static bool read_way(const struct nlmsghdr *h, struct way *w)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	uint32_t table = rt->rtm_table;
	uint8_t bytes[16] = {0};
	const struct nlattr *a;

	memset(w, 0, sizeof(*w));
	mnl_attr_for_each(a, h, sizeof(*rt))
	{
		if (mnl_attr_get_type(a) == RTA_DST)
			memcpy(bytes, mnl_attr_get_payload(a), family_bytes(rt->rtm_family));
		else if (mnl_attr_get_type(a) == RTA_TABLE)
			table = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_PRIORITY)
			w->metric = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_NH_ID)
			w->nhid = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_OIF)
			w->oif[0] = mnl_attr_get_u32(a), w->n = 1;
	}
	w->prefix = prefix_make(rt->rtm_family, bytes, rt->rtm_dst_len);
	w->protocol = rt->rtm_protocol;
	w->type = rt->rtm_type;
	return table == RT_TABLE_MAIN && !(rt->rtm_flags & RTM_F_CLONED);
}

/* Its number. */
static uint32_t read_object(const struct nlmsghdr *h, struct object *o)
{
	const struct nlattr *a;

	memset(o, 0, sizeof(*o));
	mnl_attr_for_each(a, h, sizeof(struct nhmsg))
	{
		const struct nexthop_grp *leg = mnl_attr_get_payload(a);

		if (mnl_attr_get_type(a) == NHA_ID)
			o->id = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == NHA_OIF)
			o->oif = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == NHA_GROUP)
			for (; o->n < LEGS && o->n < mnl_attr_get_payload_len(a) / sizeof(*leg);
			     o->n++)
				o->leg[o->n] = leg[o->n].id;
	}
	return o->id;
}

static void take(const struct nlmsghdr *h)
{
	struct object o;
	struct way w;

	if (h->nlmsg_type == RTM_NEWROUTE && read_way(h, &w)) {
		ways = xgrow(ways, n_ways, &cap_ways, sizeof(*ways));
		ways[n_ways++] = w;
	} else if (h->nlmsg_type == RTM_NEWNEXTHOP && read_object(h, &o)) {
		objects = xgrow(objects, n_objects, &cap_objects, sizeof(*objects));
		objects[n_objects++] = o;
	}
}

static int take_told(const struct nlmsghdr *h, void *arg)
{
	struct object o;
	struct way w;

	if (h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE) {
		if (!read_way(h, &w))
			return MNL_CB_OK;
		touched = xgrow(touched, n_touched, &cap_touched, sizeof(*touched));
		touched[n_touched++] = w.prefix;
	} else if (h->nlmsg_type == RTM_NEWNEXTHOP || h->nlmsg_type == RTM_DELNEXTHOP) {
		if (n_touched_objects == ARRAY_SIZE(touched_object))
			lost = true;
		else
			touched_object[n_touched_objects++] = read_object(h, &o);
	} else {
		lost = true; /* a link or an address: routes go without a word */
	}
	return MNL_CB_OK;
}

/* True: something was told. */
static bool hear(void)
{
	bool any = false;
	ssize_t n;

	for (;;) {
		n = recv(mnl_socket_get_fd(monitor), buffer, sizeof(buffer), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return any;
		if (n < 0 && errno != ENOBUFS)
			fatal("monitor: %s", strerror(errno));
		any = true;
		if (n < 0 || mnl_cb_run(buffer, (size_t)n, 0, 0, take_told, NULL) < 0)
			lost = true;
	}
}

/* Up to the end of the dump; false: it changed under the reading. */
static bool take_dump(void)
{
	bool whole = true;

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(asker, buffer, sizeof(buffer));
		const struct nlmsghdr *h = (const struct nlmsghdr *)buffer;
		int left = (int)n;

		if (n < 0)
			fatal("netlink: %s", strerror(errno));
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			if (h->nlmsg_seq != sequence)
				continue;
			whole &= !(h->nlmsg_flags & NLM_F_DUMP_INTR);
			if (h->nlmsg_type == NLMSG_DONE)
				return whole;
			if (h->nlmsg_type == NLMSG_ERROR)
				return false;
			take(h);
		}
	}
}

static bool ask(uint16_t type, uint8_t family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++sequence;
	if (type == RTM_GETROUTE)
		((struct rtmsg *)mnl_nlmsg_put_extra_header(h, sizeof(struct rtmsg)))->rtm_family =
			family;
	else
		mnl_nlmsg_put_extra_header(h, sizeof(struct nhmsg));
	if (mnl_socket_sendto(asker, h, h->nlmsg_len) < 0)
		fatal("netlink: %s", strerror(errno));
	return take_dump();
}

/* ---- what WireGuard says */

static void device_close(unsigned i)
{
	wg_close(device[i]);
	device[i] = NULL;
}

static void device_read(unsigned i)
{
	uint32_t now = if_nametoindex(names[i]);

	wg_dump_free(&dump[i]);
	memset(&dump[i], 0, sizeof(dump[i]));
	if (now != ifindex[i])
		device_close(i);
	ifindex[i] = now;
	if (!device[i] && wg_userspace_open(names[i], &device[i]) < 0 &&
	    wg_kernel_open(names[i], &device[i]) < 0)
		device[i] = NULL;
	readable[i] = device[i] && wg_get(device[i], true, &dump[i]) == 0;
	if (!readable[i])
		device_close(i);
}

/* ---- both tables */

static bool read_both(void)
{
	n_ways = n_objects = 0;
	if (!ask(RTM_GETNEXTHOP, 0) || !ask(RTM_GETROUTE, AF_INET) || !ask(RTM_GETROUTE, AF_INET6))
		return false;
	for (unsigned i = 0; i < n_names; i++)
		device_read(i);
	return true;
}

static const struct object *object_find(uint32_t id)
{
	for (size_t i = 0; i < n_objects; i++)
		if (objects[i].id == id)
			return &objects[i];
	return NULL;
}

static bool object_touched(uint32_t id)
{
	bool found = false;

	for (unsigned i = 0; i < n_touched_objects; i++)
		found |= touched_object[i] == id;
	return found;
}

/* Of what names an object: by which interfaces it leaves, and whether one of these was touched. */
static void follow(struct way *w)
{
	const struct object *o = w->nhid ? object_find(w->nhid) : NULL, *leg;

	if (!w->nhid)
		return;
	w->doubtful |= !o || object_touched(w->nhid);
	w->n = 0;
	if (o && !o->n)
		w->oif[w->n++] = o->oif;
	for (unsigned i = 0; o && i < o->n; i++) {
		leg = object_find(o->leg[i]);
		w->doubtful |= !leg || object_touched(o->leg[i]);
		w->oif[w->n++] = leg ? leg->oif : 0;
	}
}

static void look_through(void)
{
	for (size_t i = 0; i < n_ways; i++) {
		follow(&ways[i]);
		for (size_t k = 0; k < n_touched; k++)
			ways[i].doubtful |= prefix_eq(&touched[k], &ways[i].prefix);
	}
}

/* ---- the judgement */

static void add_addr(const struct addr *a)
{
	addrs = xgrow(addrs, n_addrs, &cap_addrs, sizeof(*addrs));
	addrs[n_addrs++] = *a;
}

static void add_prefix(const struct prefix *p)
{
	struct addr a = addr_of_prefix(p);
	unsigned bit = p->len, at;

	add_addr(&a);
	/* The first address behind it: one more at the last bit of the length. */
	while (bit-- > 0) {
		at = bit / 8;
		a.b[at] ^= (uint8_t)(0x80 >> bit % 8);
		if (a.b[at] & (0x80 >> bit % 8)) {
			add_addr(&a);
			return;
		}
	}
}

static const struct way *way_of(const struct addr *a)
{
	const struct way *best = NULL;

	for (size_t i = 0; i < n_ways; i++) {
		const struct way *w = &ways[i];

		if (prefix_has_addr(&w->prefix, a) &&
		    (!best || w->prefix.len > best->prefix.len ||
		     (w->prefix.len == best->prefix.len && w->metric < best->metric)))
			best = w;
	}
	return best;
}

/* Not sure: a route that has come or gone meanwhile may have been the address's. */
static bool is_doubtful(const struct addr *a)
{
	for (size_t i = 0; i < n_touched; i++)
		if (prefix_has_addr(&touched[i], a))
			return true;
	return false;
}

static const struct wg_entry *entry_of(unsigned i, const struct addr *a)
{
	const struct wg_entry *best = NULL;

	for (size_t k = 0; k < dump[i].n_entries; k++) {
		const struct wg_entry *e = &dump[i].entries[k];

		if (prefix_has_addr(&e->prefix, a) && (!best || e->prefix.len > best->prefix.len))
			best = e;
	}
	return best;
}

static const struct wg_entry *entry_exact(unsigned i, const struct prefix *p)
{
	for (size_t k = 0; k < dump[i].n_entries; k++)
		if (prefix_eq(&dump[i].entries[k].prefix, p))
			return &dump[i].entries[k];
	return NULL;
}

static void find(const struct addr *a, const struct way *w, unsigned i, const struct wg_entry *e)
{
	struct finding f = {.addr = *a, .route = w->prefix, .interface = i, .at_us = now_us()};

	if (e) {
		f.entry = e->prefix;
		memcpy(f.key, dump[i].peers[e->peer].key, sizeof(f.key));
	}
	for (unsigned k = 0; k < n_findings; k++)
		if (findings[k].interface == i && addr_eq(&findings[k].addr, a) &&
		    prefix_eq(&findings[k].entry, &f.entry) &&
		    memcmp(findings[k].key, f.key, sizeof(f.key)) == 0)
			return;
	if (n_findings < FINDINGS)
		findings[n_findings++] = f;
}

static void judge_leg(const struct addr *a, const struct way *w, unsigned i)
{
	const struct wg_entry *longest = entry_of(i, a), *own = entry_exact(i, &w->prefix);

	if (!own || longest->peer != own->peer)
		find(a, w, i, longest);
}

static void judge_addr(const struct addr *a)
{
	const struct way *w = way_of(a);

	if (!w || w->doubtful || w->protocol != OURS || w->type != RTN_UNICAST || is_doubtful(a))
		return;
	for (unsigned k = 0; k < w->n; k++)
		for (unsigned i = 0; i < n_names; i++)
			if (readable[i] && ifindex[i] == w->oif[k])
				judge_leg(a, w, i);
}

static void judge(void)
{
	n_addrs = 0;
	for (size_t i = 0; i < n_ways; i++)
		add_prefix(&ways[i].prefix);
	for (unsigned i = 0; i < n_names; i++)
		for (size_t k = 0; k < dump[i].n_entries; k++)
			add_prefix(&dump[i].entries[k].prefix);
	for (size_t i = 0; i < n_addrs; i++)
		judge_addr(&addrs[i]);
}

/* False: something came in between, the tables are not whole. */
static bool round_make(void)
{
	bool whole;

	if (hear())
		told_ms = now_ms();
	n_touched = n_touched_objects = 0;
	lost = false;
	whole = read_both();
	if (hear())
		told_ms = now_ms();
	look_through();
	if (!whole || lost)
		return false;
	rounds++;
	if (!muted)
		judge();
	return true;
}

/* ---- commands */

static bool is_asked(const struct prefix *p, char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (str_eq(PREFIX_STR(p), list[i]))
			return true;
	return n == 0;
}

static void put_way(const struct way *w, const char *between)
{
	char name[IF_NAMESIZE] = "";

	if (w->n == 1)
		if_indextoname(w->oif[0], name);
	printf("%s[\"%s\",{\"dev\":\"%s\",\"protocol\":%u,\"metric\":%u,\"nhid\":%u,\"type\":%u}]",
	       between, PREFIX_STR(&w->prefix), name, w->protocol, w->metric, w->nhid, w->type);
}

static void put_finding(const struct finding *f, const char *between)
{
	printf("%s{\"address\":\"%s\",\"interface\":\"%s\",\"route\":\"%s\",\"at\":%.3f,", between,
	       ADDR_STR(&f->addr), names[f->interface], PREFIX_STR(&f->route), f->at_us / 1e6);
	if (f->entry.family)
		printf("\"entry\":\"%s\",\"key\":\"%s\"}", PREFIX_STR(&f->entry),
		       WG_KEY_STR(f->key));
	else
		printf("\"entry\":null,\"key\":null}");
}

static void look(char *const *list, unsigned n)
{
	const char *between = "";

	for (unsigned i = 0; i < TRIES && !round_make(); i++)
		;
	printf("{\"rounds\":%llu,\"routes\":[", (unsigned long long)rounds);
	for (size_t i = 0; i < n_ways; i++) {
		if (!is_asked(&ways[i].prefix, list, n))
			continue;
		put_way(&ways[i], between);
		between = ",";
	}
	printf("],\"entries\":{");
	for (unsigned i = 0; i < n_names; i++) {
		printf("%s\"%s\":{", i ? "," : "", names[i]);
		between = "";
		for (size_t k = 0; k < dump[i].n_entries; k++) {
			const struct wg_entry *e = &dump[i].entries[k];

			if (!is_asked(&e->prefix, list, n))
				continue;
			printf("%s\"%s\":\"%s\"", between, PREFIX_STR(&e->prefix),
			       WG_KEY_STR(dump[i].peers[e->peer].key));
			between = ",";
		}
		printf("}");
	}
	printf("},\"found\":[");
	for (unsigned i = 0; i < n_findings; i++)
		put_finding(&findings[i], i ? "," : "");
	printf("]}\n");
	n_findings = 0;
}

static void command(char *line)
{
	char *words[64], *save = NULL;
	unsigned n = 0;

	for (char *w = strtok_r(line, " ", &save); w && n < ARRAY_SIZE(words);
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	if (n && str_eq(words[0], "look")) {
		look(words + 1, n - 1);
	} else {
		muted = n && str_eq(words[0], "mute");
		printf("{}\n");
	}
	fflush(stdout);
}

/* Whole lines as they come; ends the program with its input. */
static void commands(void)
{
	static char text[8192];
	static size_t len;
	ssize_t n = read(STDIN_FILENO, text + len, sizeof(text) - 1 - len);
	char *end;

	if (n <= 0)
		exit(0);
	len += (size_t)n;
	text[len] = '\0';
	while ((end = strchr(text, '\n'))) {
		*end = '\0';
		command(text);
		len -= (size_t)(end + 1 - text);
		memmove(text, end + 1, len + 1);
	}
	told_ms = now_ms();
}

static void sockets_open(void)
{
	const int groups[] = {RTNLGRP_LINK,	  RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
			      RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEXTHOP};

	monitor = mnl_socket_open(NETLINK_ROUTE);
	asker = mnl_socket_open(NETLINK_ROUTE);
	if (!monitor || !asker || mnl_socket_bind(monitor, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_bind(asker, 0, MNL_SOCKET_AUTOPID) < 0)
		fatal("netlink: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (mnl_socket_setsockopt(monitor, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(int)) < 0)
			fatal("group %d: %s", groups[i], strerror(errno));
	(void)!setsockopt(mnl_socket_get_fd(monitor), SOL_SOCKET, SO_RCVBUFFORCE,
			  &(int){RECEIVE_BUFFER}, sizeof(int));
}

int main(int argc, char **argv)
{
	log_init("watch");
	if (argc < 2 || argc - 1 > IFS)
		fatal("usage: watch IF...");
	for (int i = 1; i < argc; i++)
		names[n_names++] = argv[i];
	sockets_open();
	for (;;) {
		struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0},
				       {mnl_socket_get_fd(monitor), POLLIN, 0}};
		bool busy = now_ms() - told_ms < BUSY_MS;

		if (poll(fds, 2, busy ? PAUSE_MS : -1) < 0 && errno != EINTR)
			fatal("poll: %s", strerror(errno));
		if (fds[0].revents)
			commands();
		else if (fds[1].revents || busy)
			round_make();
	}
}
