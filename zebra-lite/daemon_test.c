/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zebra-lite as a process, with the kernel of a namespace of its own. The test plays the parent,
 * bgpd and a wgd that takes every entry; tunnels are plain links. What counts is what the kernel
 * holds in the end, what bgpd and wgd were told, and what `show` says of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dut.h"

int zebra_main(int argc, char **argv);
#define main zebra_main
#include "main.c"
#undef main

static struct ipc *wgd, *bgpd;
static json_t *entries;	 /* "wg0 10.0.0.0/8": peer id, as a plain wgd would hold them */
static json_t *nexthops; /* address: "up wg0 a", as bgpd was told */
static json_t *redist;	 /* "connected 10.0.0.0/8": true */
static json_t *verdicts; /* prefix: reason */
static unsigned redist_syncs, allowed_syncs;
static uint32_t kept;

static void on_wgd(void *arg, const struct ipc_frame *f)
{
	struct msg_allowed m;
	struct msg_allowed_ack ack = {0};
	struct wr w = {0};

	if (f->type == MSG_ALLOWED_SYNC) {
		assert_int_equal(msg_get_u32(f->body, f->len, &ack.batch), 0);
		allowed_syncs++;
	} else {
		assert_int_equal(f->type, MSG_ALLOWED);
		assert_int_equal(msg_get_allowed(f->body, f->len, &m), 0);
		ack.batch = m.batch;
		for (uint32_t i = 0; i < m.n; i++) {
			json_int_t id = m.changes[i].peer_id;
			char p[PREFIX_STRLEN + 8];

			snprintf(p, sizeof(p), "%s %s", id == 3 ? "wg1" : "wg0",
				 PREFIX_STR(&m.changes[i].prefix));
			if (m.changes[i].op == ALLOWED_SET)
				json_object_set_new(entries, p, json_integer(id));
			else if (json_integer_value(json_object_get(entries, p)) == id)
				json_object_del(entries, p);
		}
		msg_free_allowed(&m);
	}
	msg_put_allowed_ack(&w, &ack);
	dut_say(wgd, MSG_ALLOWED_ACK, &w);
}

static void on_bgpd(void *arg, const struct ipc_frame *f)
{
	struct msg_nexthop n;
	struct msg_redist r;
	struct msg_verdicts v;
	char text[3 * MSG_NAME_MAX];

	switch (f->type) {
	case MSG_NEXTHOP:
		assert_int_equal(msg_get_nexthop(f->body, f->len, &n), 0);
		snprintf(text, sizeof(text), "%s %s %s", reach_name(n.reach),
			 n.ifname[0] ? n.ifname : "-", n.tunnel ? n.peer : "-");
		json_object_set_new(nexthops, ADDR_STR(&n.addr), json_string(text));
		break;
	case MSG_REDIST:
		assert_int_equal(msg_get_redist(f->body, f->len, &r), 0);
		snprintf(text, sizeof(text), "%s %s", redist_name(r.source), PREFIX_STR(&r.prefix));
		if (r.present)
			json_object_set_new(redist, text, json_true());
		else
			json_object_del(redist, text);
		break;
	case MSG_REDIST_SYNC:
		assert_int_equal(msg_get_u32(f->body, f->len, &kept), 0);
		redist_syncs++;
		break;
	case MSG_VERDICTS:
		assert_int_equal(msg_get_verdicts(f->body, f->len, &v), 0);
		for (uint32_t i = 0; i < v.n_prefixes; i++)
			json_object_set_new(verdicts, PREFIX_STR(&v.prefixes[i]),
					    json_string(v.verdict == VERDICT_REFUSED
								? reason_name(v.reason)
								: "cleared"));
		msg_free_verdicts(&v);
		break;
	default:
		fail_msg("unexpected %s", msg_name(f->type));
	}
}

static uint32_t index_of(const char *name)
{
	json_t *l = dut_ip_json("link show dev %s", name);
	uint32_t i = (uint32_t)json_integer_value(json_object_get(json_array_get(l, 0), "ifindex"));

	json_decref(l);
	return i;
}

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void tell_if(const char *name, const char *address, bool up)
{
	struct tunnel_addr ta = {.addr = addr_of(address), .len = 24};
	struct msg_tunnel_if m = {.ifindex = index_of(name), .up = up, .n_addrs = 1, .addrs = &ta};
	struct wr w = {0};

	str_copy(m.name, name, sizeof(m.name));
	msg_put_tunnel_if(&w, &m);
	dut_say(wgd, MSG_TUNNEL_IF, &w);
}

static void tell_peer(uint32_t id, const char *ifname, const char *name, const char *address,
		      enum tunnel_state state)
{
	struct addr a = addr_of(address);
	struct msg_tunnel_peer m = {.id = id,
				    .ifindex = index_of(ifname),
				    .state = state,
				    .reason = state == TUNNEL_DOWN ? REASON_HANDSHAKE_STALE : 0,
				    .cost = 10 + id,
				    .n_addrs = 1,
				    .addrs = &a};
	struct wr w = {0};

	m.endpoint = (struct endpoint){.addr = addr_of("198.51.100.7"), .port = 51820};
	str_copy(m.name, name, sizeof(m.name));
	msg_put_tunnel_peer(&w, &m);
	dut_say(wgd, MSG_TUNNEL_PEER, &w);
}

static void tunnels_are_there(void)
{
	struct wr w = {0};

	tell_if("wg0", "10.99.0.1", true);
	tell_if("wg1", "10.98.0.1", true);
	tell_peer(1, "wg0", "a", "10.99.0.2", TUNNEL_UP);
	tell_peer(2, "wg0", "b", "10.99.0.3", TUNNEL_UP);
	tell_peer(3, "wg1", "c", "10.98.0.2", TUNNEL_UP);
	dut_say(wgd, MSG_TUNNEL_SYNC, &w);
}

/* HOPS: "10.99.0.2 10.98.0.2"; "" withdraws. */
static void route(const char *prefix, const char *hops)
{
	struct route_hops list = {0};
	char *copy = xstrdup(hops), *save = NULL;
	struct prefix p;
	struct wr w = {0};
	size_t mark;

	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save))
		list.hop[list.n++] = (struct route_hop){.addr = addr_of(t), .source = ROUTE_IBGP};
	assert_int_equal(prefix_parse(prefix, &p), 0);
	mark = msg_begin_routes(&w, &list);
	wr_prefix(&w, &p);
	msg_end_routes(&w, mark, 1);
	dut_say(bgpd, MSG_ROUTES, &w);
	free(copy);
}

static void sync_routes(void)
{
	struct wr w = {0};

	dut_say(bgpd, MSG_ROUTES_SYNC, &w);
}

static void watch(const char *address)
{
	struct addr a = addr_of(address);
	struct wr w = {0};

	wr_addr(&w, &a);
	dut_say(bgpd, MSG_NEXTHOP_WATCH, &w);
}

/* The first one that is not what is kept in. */
static json_t *first_route(const json_t *all)
{
	json_t *r;
	size_t i;

	json_array_foreach (all, i, r)
		if (json_integer_value(json_object_get(r, "metric")) != 4294967294)
			return r;
	return NULL;
}

/* "wg0 metric 179 proto 222", the device of a route in the kernel's table; "-" none. */
static const char *kernel(const char *table, const char *prefix)
{
	static char text[128];
	bool six = strchr(prefix, ':');
	json_t *all =
		dut_ip_json("%s -d route show table %s exact %s", six ? "-6" : "-4", table, prefix);
	json_t *r = first_route(all), *nhid = json_object_get(r, "nhid");
	const char *dev = json_string_value(json_object_get(r, "dev"));
	const char *proto = json_string_value(json_object_get(r, "protocol"));
	const char *type = json_string_value(json_object_get(r, "type"));

	strcpy(text, "-");
	if (r)
		snprintf(text, sizeof(text), "%s %s %s metric %d", type && !dev ? type : "",
			 dev ? dev : "", proto ? proto : "?",
			 (int)json_integer_value(json_object_get(r, "metric")));
	(void)nhid;
	json_decref(all);
	return text;
}

static bool leads(const char *prefix, const char *dev)
{
	const char *k = kernel("all", prefix);

	return dev ? strstr(k, dev) && strstr(k, "222 metric 179") : str_eq(k, "-");
}

static json_int_t owner(const char *prefix)
{
	return json_integer_value(json_object_get(entries, prefix));
}

static const char *told(const json_t *book, const char *key)
{
	const char *t = json_string_value(json_object_get(book, key));

	return t ? t : "-";
}

#define CONF                                                                                      \
	"{'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': ["     \
	"{'name': 'a', 'tunnel-address': ['10.99.0.2'], 'permit': ['192.168.0.0/16', "            \
	"'2001:db8::/32']}, {'name': 'b', 'tunnel-address': ['10.99.0.3'], 'permit': "            \
	"['192.168.0.0/16']}]}, {'name': 'wg1', 'address': ['10.98.0.1/24'], 'peer': [{'name': "  \
	"'c', 'tunnel-address': ['10.98.0.2'], 'permit': ['192.168.0.0/16']}]}]}, 'bgp': {'as': " \
	"65000, 'neighbor': [{'address': '10.99.0.2'}, {'address': '10.99.0.3'}, {'address': "    \
	"'10.98.0.2'}, {'address': '10.20.0.9'}]}, 'rib': {"
#define STATICS                                                                                 \
	"'static': [{'prefix': '10.50.0.0/16', 'blackhole': true}, {'prefix': '10.51.0.0/16', " \
	"'next-hop': '10.20.0.9'}, {'prefix': '10.52.0.0/16', 'interface': 'eth0', 'metric': "  \
	"7}, {'prefix': '10.53.0.0/16', 'interface': 'later0'}]"

static void links(void)
{
	static const struct {
		const char *name, *address;
	} all[] = {{"wg0", "10.99.0.1/24"}, {"wg1", "10.98.0.1/24"}, {"eth0", "10.20.0.1/24"}};

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		dut_link(all[i].name);
		dut_ip("addr add %s dev %s", all[i].address, all[i].name);
	}
	dut_ip("route add default via 10.20.0.2 dev eth0");
}

static void forget(void)
{
	json_decref(entries);
	json_decref(nexthops);
	json_decref(redist);
	json_decref(verdicts);
	entries = json_object();
	nexthops = json_object();
	redist = json_object();
	verdicts = json_object();
	redist_syncs = allowed_syncs = 0;
}

static void begin(const char *rib)
{
	char *config = xasprintf(CONF "%s}}", rib);

	forget();
	dut_start(zebra_main, "/tmp");
	dut_apply(config);
	free(config);
	wgd = dut_channel(DAEMON_WGD, on_wgd);
	bgpd = dut_channel(DAEMON_BGPD, on_bgpd);
	tunnels_are_there();
	DUT_AWAIT(redist_syncs == 1);
}

static void reload(const char *rib)
{
	char *config = xasprintf(CONF "%s}}", rib);

	dut_apply(config);
	free(config);
}

static int begin_check(void **state)
{
	dut_namespace();
	links();
	begin(STATICS);
	return 0;
}

static void leave(void)
{
	dut_stop();
	ipc_free(wgd);
	ipc_free(bgpd);
}

static int end_check(void **state)
{
	leave();
	return 0;
}

static void test_routes(void **state)
{
	route("192.168.7.0/24", "10.99.0.2");
	route("192.168.8.0/24", "10.98.0.2 10.99.0.3");
	route("2001:db8:7::/48", "10.99.0.2");
	sync_routes();
	DUT_AWAIT(leads("192.168.7.0/24", "wg0") && leads("192.168.8.0/24", "wg1"));
	assert_int_equal(owner("wg0 192.168.7.0/24"), 1);
	assert_int_equal(owner("wg1 192.168.8.0/24"), 3);
	DUT_AWAIT(allowed_syncs == 1);
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "192.168.7.0/24", "installed"),
		"true");
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "192.168.7.0/24", "reason"),
		"\"none\"");
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "192.168.7.0/24", "protocol"),
		"\"bgp\"");
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "192.168.7.0/24", "distance"),
		"200");
	assert_string_equal(
		dut_cell("{'command': 'route', 'address': '192.168.7.9'}", "routes", "prefix",
			 "192.168.7.0/24", "next-hops"),
		"[{\"active\":true,\"address\":\"10.99.0.2\",\"cost\":11,\"interface\":\"wg0\","
		"\"peer\":\"a\",\"state\":\"up\",\"weight\":0}]");
	/* Moved within an interface, to another one, withdrawn. */
	route("192.168.7.0/24", "10.99.0.3");
	DUT_AWAIT(owner("wg0 192.168.7.0/24") == 2);
	route("192.168.7.0/24", "10.98.0.2");
	DUT_AWAIT(leads("192.168.7.0/24", "wg1") && owner("wg1 192.168.7.0/24") == 3);
	route("192.168.7.0/24", "");
	DUT_AWAIT(leads("192.168.7.0/24", NULL) && !owner("wg1 192.168.7.0/24"));
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "192.168.7.0/24", "reason"),
		"\"kept-in\"");
	/* A tunnel that dies leads to the next hop in line, and back. */
	tell_peer(3, "wg1", "c", "10.98.0.2", TUNNEL_DOWN);
	DUT_AWAIT(leads("192.168.8.0/24", "wg0") && owner("wg0 192.168.8.0/24") == 2);
	tell_peer(3, "wg1", "c", "10.98.0.2", TUNNEL_UP);
	DUT_AWAIT(leads("192.168.8.0/24", "wg1"));
	/* Nothing is touched when the daemon ends; all of it goes with a teardown. */
	dut_teardown();
	DUT_AWAIT(leads("192.168.8.0/24", NULL) && str_eq(kernel("all", "10.50.0.0/16"), "-"));
}

static void test_statics(void **state)
{
	DUT_AWAIT(strstr(kernel("all", "10.50.0.0/16"), "blackhole"));
	DUT_AWAIT(leads("10.51.0.0/16", "eth0") && leads("10.52.0.0/16", "eth0"));
	assert_string_equal(kernel("all", "10.53.0.0/16"), "-");
	DUT_AWAIT(json_object_get(redist, "static 10.51.0.0/16"));
	dut_link("later0");
	DUT_AWAIT(leads("10.53.0.0/16", "later0"));
	/* What somebody deletes is put back. */
	dut_ip("route del 10.52.0.0/16 dev eth0");
	DUT_AWAIT(leads("10.52.0.0/16", "eth0"));
	reload("'metric': 99, 'static': [{'prefix': '10.51.0.0/16', 'next-hop': '10.20.0.9'}]");
	DUT_AWAIT(str_eq(kernel("all", "10.50.0.0/16"), "-"));
	DUT_AWAIT(str_eq(kernel("all", "10.51.0.0/16"), " eth0 222 metric 99"));
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "10.51.0.0/16", "protocol"),
		"\"static\"");
	reload("'kernel': false, 'static': [{'prefix': '10.51.0.0/16', 'next-hop': '10.20.0.9'}]");
	DUT_AWAIT(str_eq(kernel("all", "10.51.0.0/16"), "-"));
	DUT_AWAIT(str_eq(
		dut_cell("{'command': 'route'}", "routes", "prefix", "10.51.0.0/16", "reason"),
		"\"kernel-off\""));
}

static void test_check(void **state)
{
	static const struct {
		const char *rib, *says;
	} rows[] = {
		{"'static': [{'prefix': 'x'}]", "static x: not a prefix"},
		{"'static': [{'prefix': '10.0.0.0/8'}]",
		 "static 10.0.0.0/8: needs one of next-hop, interface, blackhole"},
		{"'static': [{'prefix': '10.0.0.0/8', 'blackhole': true, 'interface': 'a'}]",
		 "static 10.0.0.0/8: blackhole and a next hop or interface"},
		{"'static': [{'prefix': '10.0.0.0/8', 'interface': 'abcdefghijklmnop'}]",
		 "static 10.0.0.0/8: interface name too long"},
		{"'rule': [{'priority': 5, 'source': 'x'}]", "rib rule 5: not a prefix"},
		{"'rule': [{'priority': 5, 'source': '10.0.0.0/8', 'destination': '::/0'}]",
		 "rib rule 5: source and destination of two families"},
		{"'rule': [{'priority': 5, 'interface': 'abcdefghijklmnop'}]",
		 "rib rule 5: interface name too long"},
		{"'rule': [{'priority': 5, 'interface': 'abcdefghijklmno'}]", ""},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *config = xasprintf("{'rib': {%s}}", rows[i].rib);

		assert_string_equal(dut_check(config), rows[i].says);
		free(config);
	}
	DUT_AWAIT(leads("10.51.0.0/16", "eth0")); /* and nothing changed */
}

/* "priority 1000 family", of a rule in the kernel. */
static bool has_rule(const char *family, int priority, int table)
{
	json_t *all = dut_ip_json("-N %s rule show", family), *r;
	size_t i;
	bool found = false;

	json_array_foreach (all, i, r) {
		const char *t = json_string_value(json_object_get(r, "table"));

		found = found || (json_integer_value(json_object_get(r, "priority")) == priority &&
				  t && atoi(t) == table);
	}
	json_decref(all);
	return found;
}

static void test_rules(void **state)
{
	reload("'rule': [{'priority': 1000, 'table': 77, 'source': '10.1.0.0/16'}, {'priority': "
	       "1001, 'table': 78, 'fwmark': 5}]");
	DUT_AWAIT(has_rule("-4", 1000, 77) && has_rule("-4", 1001, 78) && has_rule("-6", 1001, 78));
	assert_false(has_rule("-6", 1000, 77));
	assert_string_equal(
		dut_cell("{'command': 'rules'}", "rules", "source", "10.1.0.0/16", "state"),
		"\"installed\"");
	assert_string_equal(
		dut_cell("{'command': 'rules'}", "rules", "source", "10.1.0.0/16", "table"), "77");
	dut_ip("rule del priority 1000");
	DUT_AWAIT(has_rule("-4", 1000, 77));
	reload("'rule': [{'priority': 1000, 'table': 79, 'source': '10.1.0.0/16'}]");
	DUT_AWAIT(has_rule("-4", 1000, 79) && !has_rule("-4", 1000, 77) &&
		  !has_rule("-6", 1001, 78));
	dut_teardown();
	DUT_AWAIT(!has_rule("-4", 1000, 79));
}

static void test_told(void **state)
{
	/* What there is to redistribute. */
	DUT_AWAIT(json_object_get(redist, "connected 10.20.0.0/24"));
	assert_int_equal(kept, 0);
	dut_ip("route add 10.60.0.0/16 dev eth0");
	DUT_AWAIT(json_object_get(redist, "kernel 10.60.0.0/16"));
	dut_ip("route del 10.60.0.0/16 dev eth0");
	DUT_AWAIT(!json_object_get(redist, "kernel 10.60.0.0/16"));
	dut_ip("addr add 10.21.0.1/24 dev eth0");
	DUT_AWAIT(json_object_get(redist, "connected 10.21.0.0/24"));
	dut_ip("addr add 10.22.0.1/32 dev eth0");
	DUT_AWAIT(json_object_get(redist, "connected 10.22.0.1/32"));
	dut_ip("addr del 10.22.0.1/32 dev eth0");
	DUT_AWAIT(!json_object_get(redist, "connected 10.22.0.1/32"));
	dut_ip("addr add 10.23.0.1/32 dev lo");
	dut_ip("addr add fd23::1/128 dev lo");
	DUT_AWAIT(json_object_get(redist, "connected 10.23.0.1/32"));
	DUT_AWAIT(json_object_get(redist, "connected fd23::1/128"));
	/* Next hops. */
	watch("10.99.0.2");
	watch("10.20.0.77");
	watch("203.0.113.1"); /* by the default route alone */
	DUT_AWAIT(str_eq(told(nexthops, "10.99.0.2"), "up wg0 a"));
	DUT_AWAIT(str_eq(told(nexthops, "10.20.0.77"), "up eth0 -"));
	DUT_AWAIT(str_eq(told(nexthops, "203.0.113.1"), "down - -"));
	tell_peer(1, "wg0", "a", "10.99.0.2", TUNNEL_DEGRADED);
	DUT_AWAIT(str_eq(told(nexthops, "10.99.0.2"), "degraded wg0 a"));
	tell_peer(1, "wg0", "a", "10.99.0.2", TUNNEL_DOWN);
	DUT_AWAIT(str_eq(told(nexthops, "10.99.0.2"), "down wg0 a"));
	assert_string_equal(
		dut_cell("{'command': 'nexthops'}", "nexthops", "address", "10.99.0.2", "reason"),
		"\"handshake-stale\"");
	assert_string_equal(
		dut_cell("{'command': 'nexthops'}", "nexthops", "address", "10.99.0.2", "watched"),
		"true");
	reload("'resolve-via-default': true");
	DUT_AWAIT(str_eq(told(nexthops, "203.0.113.1"), "up eth0 -"));
	dut_ip("link set eth0 down");
	DUT_AWAIT(str_eq(told(nexthops, "10.20.0.77"), "down - -"));
	/* Refusals. */
	dut_ip("link set eth0 up");
	dut_ip("route add 192.168.9.0/24 dev eth0 proto static metric 179");
	DUT_AWAIT(json_object_get(redist, "kernel 192.168.9.0/24"));
	route("192.168.9.0/24", "10.99.0.3");
	DUT_AWAIT(!str_eq(told(verdicts, "192.168.9.0/24"), "-"));
	route("10.66.0.0/16", "10.99.0.3");
	DUT_AWAIT(str_eq(told(verdicts, "10.66.0.0/16"), "outside-permit"));
}

/* Routes of an earlier zebra-lite are found, shown as stale, kept until all is said, then swept. */
static void test_again(void **state)
{
	route("192.168.7.0/24", "10.99.0.2");
	route("192.168.8.0/24", "10.99.0.3");
	sync_routes();
	DUT_AWAIT(leads("192.168.7.0/24", "wg0") && leads("192.168.8.0/24", "wg0"));
	leave();
	begin(STATICS);
	assert_int_equal(kept, 8); /* with the static ones and the tunnel addresses */
	assert_true(leads("192.168.7.0/24", "wg0"));
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "192.168.7.0/24", "reason"),
		"\"stale-path\"");
	assert_string_equal(
		dut_cell("{'command': 'route'}", "routes", "prefix", "192.168.7.0/24", "stale"),
		"true");
	route("192.168.7.0/24", "10.99.0.2");
	DUT_AWAIT(owner("wg0 192.168.7.0/24") == 1);
	assert_true(leads("192.168.8.0/24", "wg0"));
	sync_routes();
	DUT_AWAIT(leads("192.168.8.0/24", NULL));
	assert_true(leads("192.168.7.0/24", "wg0"));
}

static void test_pins(void **state)
{
	/* The endpoint would be captured by what the tunnel itself carries. */
	char *config = xasprintf(CONF "}}"), *written;
	const char *peer = strstr(config, "'tunnel-address': ['10.98.0.2']");

	for (char *c = strstr(config, "'192.168.0.0/16'"); c; c = strstr(c, "'192.168.0.0/16'"))
		memcpy(c, "'198.51.0.0/16' ", 16);
	/* Found inside what is private it is not believed, whoever it is. */
	dut_apply(config);
	route("198.51.0.0/16", "10.99.0.3");
	DUT_AWAIT(leads("198.51.0.0/16", "wg0"));
	assert_string_equal(
		dut_cell("{'command': 'pins'}", "pins", "endpoint", "198.51.100.7", "state"),
		"\"refused\"");
	assert_string_equal(
		dut_cell("{'command': 'pins'}", "pins", "endpoint", "198.51.100.7", "reason"),
		"\"endpoint-inside\"");
	assert_true(leads("198.51.100.7/32", NULL));
	/* Written as a number it is. */
	written = xasprintf("%.*s'endpoint': ['198.51.100.7:1'], %s", (int)(peer - config), config,
			    peer);
	dut_apply(written);
	free(written);
	free(config);
	DUT_AWAIT(leads("198.51.0.0/16", "wg0"));
	DUT_AWAIT(leads("198.51.100.7/32", "eth0"));
	assert_string_equal(
		dut_cell("{'command': 'pins'}", "pins", "endpoint", "198.51.100.7", "state"),
		"\"installed\"");
	assert_string_equal(
		dut_cell("{'command': 'pins'}", "pins", "endpoint", "198.51.100.7", "via"),
		"\"10.20.0.2\"");
	route("198.51.0.0/16", "");
	DUT_AWAIT(leads("198.51.0.0/16", NULL));
	assert_true(leads("198.51.100.7/32", "eth0")); /* what is kept in would take its packets */
}

static const char *shown(const char *arguments)
{
	static char text[1024];
	char *request = xasprintf("{'command': 'route'%s}", arguments);
	json_t *all = dut_show(request), *r;
	size_t i, at = 0;

	text[0] = '\0';
	if (json_object_get(all, "error"))
		at += snprintf(text, sizeof(text), "%s",
			       json_string_value(json_object_get(all, "error")));
	json_array_foreach (json_object_get(all, "routes"), i, r)
		at += snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "",
			       json_string_value(json_object_get(r, "prefix")));
	free(request);
	json_decref(all);
	return text;
}

static void test_show(void **state)
{
	static const struct {
		const char *arguments, *expected;
	} rows[] = {
		{", 'family': 'ipv4'",
		 "0.0.0.0/0 10.20.0.0/24 10.98.0.0/24 10.98.0.2/32 10.99.0.0/24 10.99.0.2/32 "
		 "10.99.0.3/32 192.168.7.0/24 192.168.7.128/25"},
		{", 'prefix': '192.168.7.0/24'", "192.168.7.0/24"},
		{", 'prefix': '192.168.7.0/24', 'longer': true", "192.168.7.0/24 192.168.7.128/25"},
		{", 'prefix': '192.168.6.0/24'", ""},
		{", 'address': '192.168.7.200'", "192.168.7.128/25"},
		{", 'address': '192.168.7.100'", "192.168.7.0/24"},
		{", 'address': '203.0.113.5'", "0.0.0.0/0"},
		{", 'prefix': 'x'", "prefix: not a prefix"},
		{", 'address': 'x'", "address: not an address"},
		{", 'plane': 'x'", "no such plane"},
	};
	json_t *s;

	reload("");
	route("192.168.7.0/24", "10.99.0.2");
	route("192.168.7.128/25", "10.99.0.2");
	DUT_AWAIT(leads("192.168.7.0/24", "wg0") && leads("192.168.7.128/25", "wg0"));
	DUT_AWAIT(str_eq(kernel("all", "10.50.0.0/16"), "-"));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (!str_eq(shown(rows[i].arguments), rows[i].expected))
			fail_msg("%s: %s", rows[i].arguments, shown(rows[i].arguments));
	s = dut_show("{'command': 'rib-summary'}");
	assert_true(json_integer_value(json_object_get(s, "prefixes")) >= 6);
	assert_int_equal(json_integer_value(json_object_get(s, "queued")), 0);
	assert_true(json_integer_value(json_object_get(s, "entries-set")) >= 2);
	assert_int_equal(json_integer_value(json_object_get(s, "entries-unset")), 0);
	assert_int_equal(json_integer_value(json_object_get(s, "refused")), 0);
	assert_false(json_is_true(json_object_get(s, "swept")));
	json_decref(s);
	sync_routes();
	DUT_AWAIT(allowed_syncs == 1);
	assert_string_equal(dut_cell("{'command': 'planes'}", "planes", "name", "main", "table"),
			    "254");
}

/* The elements of a set of the plane "main" in the kernel, sorted; "none" where there is no set. */
static const char *set_of(const char *kind)
{
	static char text[1024];
	char *line = xasprintf("nft list set inet wgbgp %s-main 2>/dev/null | tr -d '\\n\\t' | "
			       "sed 's/.*elements = {\\(.*\\)}}}/\\1/; s/.*set .*/empty/' | "
			       "tr -d ' \"' | tr ',' '\\n' | sort | tr '\\n' ' '",
			       kind);
	FILE *f = popen(line, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	pclose(f);
	free(line);
	while (n && (text[n - 1] == ' ' || text[n - 1] == '\n'))
		n--;
	text[n] = '\0';
	return n ? text : "none";
}

#define SET_CELL(kind, member) \
	dut_cell("{'command': 'nftables-sets'}", "sets", "set", kind "-main", member)

static bool nft_is(const char *state)
{
	json_t *all = dut_show("{'command': 'nftables-sets'}");
	bool is = str_eq(json_string_value(json_object_get(all, "state")), state);

	json_decref(all);
	return is;
}

static void test_nftables(void **state)
{
	if (system("nft list tables >/dev/null 2>&1") != 0)
		skip();
	DUT_AWAIT(nft_is("off"));
	reload("'nftables-sets': 'all'");
	route("192.168.7.0/24", "10.99.0.2");
	route("192.168.7.128/25", "10.99.0.3"); /* inside the other one */
	route("2001:db8:7::/48", "10.99.0.2");
	sync_routes();
	DUT_AWAIT(str_eq(set_of("learned4"), "192.168.7.0/24"));
	DUT_AWAIT(str_eq(set_of("learned6"), "2001:db8:7::/48"));
	DUT_AWAIT(nft_is("installed"));
	assert_string_equal(set_of("own4"), "10.98.0.1 10.99.0.1");
	assert_string_equal(set_of("far4"), "10.98.0.2 10.99.0.2 10.99.0.3");
	DUT_AWAIT(strncmp(set_of("own6"), "fe80::", 6) == 0); /* of the links */
	assert_string_equal(SET_CELL("learned4", "elements"), "1");
	assert_string_equal(SET_CELL("far4", "elements"), "3");
	assert_string_equal(SET_CELL("far4", "kind"), "\"far4\"");
	assert_string_equal(SET_CELL("far4", "plane"), "\"main\"");
	assert_string_equal(SET_CELL("far4", "filled"), "true");
	/* The outermost one goes: what was inside of it is now. */
	route("192.168.7.0/24", "");
	DUT_AWAIT(str_eq(set_of("learned4"), "192.168.7.128/25"));
	route("192.168.7.0/24", "10.99.0.2");
	DUT_AWAIT(str_eq(set_of("learned4"), "192.168.7.0/24"));
	/* Somebody takes the table away. */
	assert_int_equal(system("nft delete table inet wgbgp"), 0);
	DUT_AWAIT(str_eq(set_of("learned4"), "192.168.7.0/24"));
	/* Or what is in its sets, or puts something in. */
	DUT_AWAIT(nft_is("installed"));
	assert_int_equal(system("nft flush set inet wgbgp learned4-main"), 0);
	DUT_AWAIT(str_eq(set_of("learned4"), "192.168.7.0/24"));
	assert_int_equal(system("nft delete element inet wgbgp far4-main '{ 10.99.0.2 }'"), 0);
	assert_int_equal(system("nft add element inet wgbgp far4-main '{ 10.99.0.99 }'"), 0);
	DUT_AWAIT(str_eq(set_of("far4"), "10.98.0.2 10.99.0.2 10.99.0.3"));
	/* Addresses alone, then nothing. */
	reload("'nftables-sets': 'addresses'");
	DUT_AWAIT(str_eq(set_of("learned4"), "none"));
	DUT_AWAIT(str_eq(set_of("own4"), "10.98.0.1 10.99.0.1"));
	assert_string_equal(SET_CELL("learned4", "elements"), "-");
	reload("");
	DUT_AWAIT(str_eq(set_of("own4"), "none"));
	reload("'nftables-sets': 'all'");
	DUT_AWAIT(str_eq(set_of("own4"), "10.98.0.1 10.99.0.1"));
	dut_teardown();
	DUT_AWAIT(str_eq(set_of("own4"), "none"));
}

/* What a shell command prints, lines sorted and joined by "; ". */
static const char *lines(const char *command)
{
	static char text[4096];
	char *line = xasprintf("%s | tr '\\t' ' ' | sed 's/ *$//' | sort | paste -sd';'", command);
	FILE *f = popen(line, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	pclose(f);
	free(line);
	text[n && text[n - 1] == '\n' ? n - 1 : n] = '\0';
	return text;
}

static void test_planes(void **state)
{
	static const char plane[] =
		"{'plane': [{'name': 'blue', 'number': 1, 'table': 101, 'interface': ['eth0'], "
		"'isolate': true, 'rule': {'priority': 5000, 'source': ['10.7.0.0/16', "
		"'2001:db8::/32', '0.0.0.0/0', '::/0'], 'fwmark': [9], 'dscp': [2], "
		"'input-interface': ['other0']}, "
		"'static': [{'prefix': '10.70.0.0/16', 'interface': 'eth0'}]}], 'rib': {}}";

	dut_apply(plane);
	DUT_AWAIT(strstr(lines("ip -4 -N rule show priority 5000"), "tos"));
	DUT_AWAIT(str_eq(lines("ip -4 -N rule show priority 5000 | grep -v ipproto"),
			 "5000: from 0.0.0.0/1 lookup 101 proto 222;"
			 "5000: from 10.7.0.0/16 lookup 101 proto 222;"
			 "5000: from 128.0.0.0/1 lookup 101 proto 222;"
			 "5000: from all fwmark 0x9 lookup 101 proto 222;"
			 "5000: from all iif eth0 lookup 101 proto 222;"
			 "5000: from all iif other0 [detached] lookup 101 proto 222;"
			 "5000: from all oif eth0 lookup 101 proto 222;"
			 "5000: from all tos 0x08 lookup 101 proto 222"));
	DUT_AWAIT(strstr(lines("ip -6 -N rule show priority 5000"), "from 2001:db8::/32"));
	DUT_AWAIT(strstr(lines("ip -6 -N rule show priority 5000"), "from ::/1"));
	DUT_AWAIT(strstr(lines("ip -6 -N rule show priority 5000"), "from 8000::/1"));
	/* Errors of packets that came in by it. */
	DUT_AWAIT(str_eq(lines("ip -4 -N rule show priority 5000 | grep ipproto"),
			 "5000: from 10.20.0.1 iif lo ipproto ipproto-1 dport 2815-2816 lookup 101 "
			 "proto 222;"
			 "5000: from 10.20.0.1 iif lo ipproto ipproto-1 dport 768-769 lookup 101 "
			 "proto 222;"
			 "5000: from 10.20.0.1 iif lo ipproto ipproto-1 dport 772-1535 lookup 101 "
			 "proto 222"));
	/* Its table: its own network, its static route, and nothing beyond that. */
	DUT_AWAIT(str_eq(kernel("101", "10.70.0.0/16"), " eth0 222 metric 179"));
	DUT_AWAIT(str_eq(kernel("101", "10.20.0.0/24"), " eth0 222 metric 179"));
	DUT_AWAIT(strstr(kernel("101", "default"), "unreachable"));
	assert_string_equal(kernel("101", "10.99.0.0/24"), "-");
	assert_string_equal(dut_cell("{'command': 'planes'}", "planes", "name", "blue", "table"),
			    "101");
	assert_string_equal(
		dut_cell("{'command': 'planes'}", "planes", "name", "blue", "interfaces"),
		"[\"eth0\"]");
	assert_string_equal(dut_cell("{'command': 'planes'}", "planes", "name", "blue", "rules"),
			    "16"); /* each in both families but the sources */
	assert_string_equal(dut_cell("{'command': 'route', 'plane': 'blue'}", "routes", "prefix",
				     "10.70.0.0/16", "plane"),
			    "\"blue\"");
	assert_string_equal(dut_cell("{'command': 'route', 'plane': 'main'}", "routes", "prefix",
				     "10.70.0.0/16", "plane"),
			    "-");
	dut_apply("{'rib': {}}");
	DUT_AWAIT(str_eq(lines("ip -4 -N rule show priority 5000"), ""));
	DUT_AWAIT(str_eq(kernel("101", "10.70.0.0/16"), "-") &&
		  str_eq(kernel("101", "default"), "-"));
}

#define UPLINK_CONF(more)                                                                     \
	"{'wireguard': {'interface': [{'name': 'wg0', 'fwmark': 77, 'uplink': {'interface': " \
	"'eth0', 'table': 177, 'rule-priority': 3000" more "}}]}, 'rib': {}}"
#define UPLINK_STATE(family) \
	dut_cell("{'command': 'uplinks'}", "uplinks", "interface", "wg0", family)

static void put_sysctl(const char *name, char value)
{
	char *path = xasprintf("/proc/sys/%s", name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fputc(value, f), value);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void test_uplink(void **state)
{
	dut_apply(UPLINK_CONF(""));
	DUT_AWAIT(str_eq(lines("ip -4 -N rule show priority 3000"),
			 "3000: from all fwmark 0x4d lookup 177 proto 222"));
	/* The gateway is that of the default route; behind it nothing else. */
	DUT_AWAIT(strstr(lines("ip -4 route show table 177"),
			 "default via 10.20.0.2 dev eth0 proto 222 src 10.20.0.1"));
	DUT_AWAIT(strstr(lines("ip -4 route show table 177"), "unreachable default proto 222"));
	DUT_AWAIT(strstr(lines("ip -4 route show table 177"), "10.20.0.0/24 dev eth0"));
	assert_string_equal(
		UPLINK_STATE("ipv4"),
		"{\"gateway\":\"10.20.0.2\",\"source\":\"10.20.0.1\",\"state\":\"up\"}");
	assert_string_equal(UPLINK_STATE("fwmark"), "77");
	assert_string_equal(UPLINK_STATE("table"), "177");
	/* What is in force is the larger one of the interface's and everybody's. */
	put_sysctl("net/ipv4/conf/all/rp_filter", '0');
	put_sysctl("net/ipv4/conf/eth0/rp_filter", '2');
	assert_string_equal(UPLINK_STATE("rp-filter"), "2");
	put_sysctl("net/ipv4/conf/eth0/rp_filter", '0');
	assert_string_equal(UPLINK_STATE("rp-filter"), "0");
	put_sysctl("net/ipv4/conf/all/rp_filter", '1');
	assert_string_equal(UPLINK_STATE("rp-filter"), "1");
	/* Another gateway by configuration; the link goes down and comes back. */
	dut_apply(UPLINK_CONF(", 'gateway': ['10.20.0.3']"));
	DUT_AWAIT(strstr(lines("ip -4 route show table 177"), "default via 10.20.0.3 dev eth0"));
	dut_ip("link set eth0 down");
	DUT_AWAIT(strstr(UPLINK_STATE("ipv4"), "\"link-down\""));
	DUT_AWAIT(!strstr(lines("ip -4 route show table 177"), "via"));
	assert_true(strstr(lines("ip -4 route show table 177"), "unreachable default proto 222"));
	dut_ip("link set eth0 up");
	DUT_AWAIT(strstr(lines("ip -4 route show table 177"), "default via 10.20.0.3 dev eth0"));
	dut_ip("addr flush dev eth0");
	DUT_AWAIT(strstr(UPLINK_STATE("ipv4"), "\"no-address\""));
	dut_apply("{'rib': {}}");
	DUT_AWAIT(str_eq(lines("ip -4 -N rule show priority 3000"), ""));
	DUT_AWAIT(str_eq(lines("ip -4 route show table 177 2>/dev/null"), ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_routes, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_statics, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_check, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_rules, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_told, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_again, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_pins, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_show, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_nftables, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_planes, begin_check, end_check),
		cmocka_unit_test_setup_teardown(test_uplink, begin_check, end_check),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
