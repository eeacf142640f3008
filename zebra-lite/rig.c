/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "news.h"
#include "rig.h"

#include <errno.h>
#include <jansson.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configured.h"
#include "errorway.h"
#include "fib.h"
#include "ifaddr.h"
#include "keepin.h"
#include "loop_fake.h"
#include "nexthop.h"
#include "nhobj.h"
#include "pin.h"
#include "planes.h"
#include "quoted.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "side.h"
#include "tunnel.h"
#include "uplink.h"
#include "util.h"
#include "zapply.h"
#include "zceiling.h"
#include "zconfig.h"

enum { TURNS_MAX = 300, STEP_MS = 10, SAID_MAX = 200000 };

bool rig_link_down[RIG_LINKS], rig_link_fallen, rig_silent, rig_slow, rig_keep_in;
int rig_route_error, rig_delete_error, rig_object_error, rig_group_error, rig_rule_error;
uint32_t rig_rule_refused;
const char *rig_refused;

static char journal[65536], read_out[65536];
static uint32_t pending[64], n_pending;
static struct msg_allowed_refused no[64];
static uint32_t n_no;
static uint32_t generation;
static struct zconfig defaults;
static unsigned n_said; /* since rig_told() */

void rig_say(const char *fmt, ...)
{
	size_t len = strlen(journal);
	va_list ap;

	assert_true(++n_said < SAID_MAX); /* else something goes on for ever */
	va_start(ap, fmt);
	vsnprintf(journal + len, sizeof(journal) - len, fmt, ap);
	va_end(ap);
}

struct prefix rig_prefix(const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p) < 0)
		fail_msg("%s is no prefix", text);
	return p;
}

struct kroute rig_ours(const char *prefix, uint32_t oif)
{
	return (struct kroute){.prefix = rig_prefix(prefix),
			       .table = 254,
			       .metric = 179,
			       .oif = oif,
			       .protocol = 222,
			       .type = RTN_UNICAST};
}

struct addr rig_addr(const char *text)
{
	char *copy = xstrdup(text), *link = strchr(copy, '%');
	struct addr a;

	if (link)
		*link++ = '\0';
	if (addr_parse(copy, &a) < 0)
		fail_msg("%s is no address", text);
	if (link)
		a = addr_by_link(&a, link);
	free(copy);
	return a;
}

const char *rig_link_name(uint32_t ifindex)
{
	static const char *const names[RIG_LINKS] = {
		[RIG_U0] = "u0",   [RIG_U1] = "u",    [RIG_WG0] = "wg0",
		[RIG_WG1] = "wg1", [RIG_WG2] = "wg2", [RIG_WG3] = "wg3"};

	return ifindex < RIG_LINKS && names[ifindex] ? names[ifindex] : "";
}

const char *rig_peer_name(uint32_t id)
{
	static char text[4][16];
	static unsigned at;

	at = (at + 1) % ARRAY_SIZE(text);
	snprintf(text[at], sizeof(text[at]), "p%u", id);
	return text[at];
}

/* --- the kernel --- */

static uint32_t number_of(uint32_t object)
{
	return object ? object - NHOBJ_FIRST + 1 : 0;
}

static void say_route(enum route_op op, const struct kroute *r)
{
	static const char *const names[] = {"add", "change", "del"};

	rig_say("%s %s", names[op], PREFIX_STR(&r->prefix));
	if (r->table != 254)
		rig_say(" table %u", r->table);
	if (r->metric == KEEPIN_METRIC) {
		rig_say(" kept in\n");
		return;
	}
	if (r->metric != 179)
		rig_say(" metric %u", r->metric);
	if (r->protocol != 222)
		rig_say(" protocol %u", r->protocol);
	if (r->type != RTN_UNICAST)
		rig_say(r->type == RTN_BLACKHOLE ? " blackhole" : " unreachable");
	for (unsigned i = 0; i < r->n_ways; i++)
		rig_say(" via %s dev %s", ADDR_STR(&r->way[i].gateway),
			rig_link_name(r->way[i].oif));
	if (r->gateway.family && !r->n_ways)
		rig_say(" via %s", ADDR_STR(&r->gateway));
	if (r->nhid)
		rig_say(" object %u", number_of(r->nhid));
	else if (r->oif && !r->n_ways)
		rig_say(" dev %s", rig_link_name(r->oif));
	rig_say("\n");
}

static struct failure {
	void *cookie;
	int err;
} failures[256];
static unsigned n_failures;

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	int err = op == ROUTE_DEL ? rig_delete_error : rig_route_error;

	if (r->metric == KEEPIN_METRIC && !rig_keep_in)
		return;
	say_route(op, r);
	if (!err)
		return;
	assert_true(n_failures < ARRAY_SIZE(failures));
	failures[n_failures++] = (struct failure){cookie, err};
}

static uint32_t on_flush(void)
{
	return 0;
}

/* Errors are known by then, and no sooner. */
static bool on_done(uint32_t flush, bool wait)
{
	if (rig_slow && !wait)
		return false;
	while (n_failures) {
		n_failures--;
		fib_route_failed(failures[n_failures].cookie, failures[n_failures].err);
	}
	return true;
}

static int on_route_now(enum route_op op, const struct kroute *r)
{
	say_route(op, r);
	return op != ROUTE_DEL ? rig_route_error : 0;
}

static int on_object(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create)
{
	rig_say("object %u%s dev %s%s\n", number_of(id), create ? " new" : "", rig_link_name(oif),
		family == AF_INET6 ? " IPv6" : "");
	if (protocol != 222)
		rig_say("protocol %u\n", protocol);
	return rig_object_error;
}

static int on_group(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
		    uint8_t protocol, bool create)
{
	rig_say("group %u%s%s =", number_of(id), create ? " new" : "",
		resilient ? " resilient" : "");
	for (unsigned i = 0; i < n; i++)
		rig_say(" %u*%u", number_of(legs[i].id), legs[i].weight);
	if (protocol != 222)
		rig_say(" protocol %u", protocol);
	rig_say("\n");
	return rig_group_error;
}

static void on_object_del(uint32_t id)
{
	rig_say("object %u del\n", number_of(id));
}

static int on_rule(bool add, const struct krule *r)
{
	rig_say("rule %s IPv%d priority %u table %u%s\n", add ? "add" : "del",
		r->family == AF_INET ? 4 : 6, r->priority, r->table,
		r->no_default ? " no default" : "");
	return !rig_rule_refused || rig_rule_refused == r->priority ? rig_rule_error : 0;
}

static void on_resync(const char *why)
{
	rig_say("resync: %s\n", why);
}

static bool link_up(uint32_t ifindex)
{
	return rig_link_name(ifindex)[0] && !rig_link_down[ifindex];
}

static bool link_fell(uint32_t ifindex, uint64_t since_ms)
{
	return rig_link_fallen || !link_up(ifindex);
}

/* --- wgd --- */

static void on_allowed(const struct msg_allowed *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		const struct allowed_change *c = &m->changes[i];
		const char *p = PREFIX_STR(&c->prefix);

		rig_say("%s %s p%u\n", c->op == ALLOWED_SET ? "set" : "unset", p, c->peer_id);
		if (rig_refused && c->op == ALLOWED_SET && str_eq(p, rig_refused))
			no[n_no++] = (struct msg_allowed_refused){c->peer_id, c->prefix,
								  REASON_FOREIGN_ALLOWED_IP};
	}
	pending[n_pending++] = m->batch;
}

static void on_sync(uint32_t batch)
{
	rig_say("sync\n");
	pending[n_pending++] = batch;
}

static void answer(void)
{
	struct msg_allowed_ack ack = {.batch = pending[0], .n = n_no, .refused = no};

	memmove(pending, pending + 1, --n_pending * sizeof(pending[0]));
	n_no = 0;
	fib_acked(&ack);
}

/* --- bgpd --- */

static void on_verdict(const struct msg_verdicts *m)
{
	rig_say("%s %s by %s %s\n", m->verdict == VERDICT_REFUSED ? "refused" : "cleared",
		PREFIX_STR(&m->prefixes[0]), m->nexthop.family ? ADDR_STR(&m->nexthop) : "all",
		reason_name(m->reason));
}

static void on_nexthop(const struct msg_nexthop *m)
{
	rig_say("nexthop %s %s %s%s%s%s dev %s peer %s cost %u\n", ADDR_STR(&m->addr),
		reach_name(m->reach), reason_name(m->reason), m->weak ? " weak" : "",
		m->connected ? " connected" : "", m->tunnel ? " tunnel" : "",
		m->ifname[0] ? m->ifname : "-", m->peer[0] ? m->peer : "-", m->cost);
}

static void on_redist(const struct msg_redist *m)
{
	rig_say("redist %s%s %s metric %u\n", m->present ? "+" : "-", redist_name(m->source),
		PREFIX_STR(&m->prefix), m->metric);
}

/* --- time --- */

void rig_turn(void)
{
	loop_fake_turn();
	while (n_pending && !rig_silent)
		answer();
}

void rig_settle(void)
{
	for (int i = 0; i < TURNS_MAX && (!loop_fake_rests() || (n_pending && !rig_silent)); i++)
		rig_turn();
	assert_true(loop_fake_rests()); /* else something goes on for ever */
}

void rig_pass(unsigned ms)
{
	for (unsigned t = 0; t < ms; t += STEP_MS) {
		rig_settle();
		loop_fake_pass(STEP_MS * 1000);
	}
	rig_settle();
}

const char *rig_told(void)
{
	rig_settle();
	strcpy(read_out, journal);
	journal[0] = '\0';
	n_said = 0;
	return read_out;
}

void rig_equal(const char *got, const char *text, const char *file, int line)
{
	if (str_eq(got, text))
		return;
	fprintf(stderr, "%s--- instead of\n%s", got, text);
	_fail(file, line);
}

/* --- what the others say --- */

void rig_configure(const char *config)
{
	json_t *j = quoted(config);
	char error[256];
	struct zconfig c;

	if (zconfig_read(j, &c, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	planes_read(j);
	zapply(&c);
	tunnel_planes_changed();
	configured_read(j);
	tunnel_configured();
	zapply_ceilings(j, ++generation);
	pin_configured();
	uplinks_prune();
	zapply_ceilings_prune();
	json_decref(j);
}

void rig_if(uint32_t ifindex, bool up)
{
	struct msg_tunnel_if m = {.ifindex = ifindex, .up = up};

	str_copy(m.name, rig_link_name(ifindex), sizeof(m.name));
	tunnel_if_told(&m);
}

void rig_peer(uint32_t id, uint32_t ifindex, const char *addrs, const char *endpoint,
	      enum tunnel_state state)
{
	struct msg_tunnel_peer m = {.id = id, .ifindex = ifindex, .state = state, .cost = 10 * id};
	char *copy = xstrdup(addrs), *save = NULL;

	m.reason = state == TUNNEL_DOWN	      ? REASON_HANDSHAKE_STALE
		   : state == TUNNEL_DEGRADED ? REASON_LOSSY
					      : REASON_NONE;
	m.addrs = xcalloc(8, sizeof(*m.addrs));
	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save))
		m.addrs[m.n_addrs++] = rig_addr(t);
	if (endpoint)
		assert_int_equal(endpoint_parse(endpoint, &m.endpoint), 0);
	str_copy(m.name, rig_peer_name(id), sizeof(m.name));
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
	free(copy);
}

void rig_kernel(bool present, const char *prefix, uint8_t protocol, uint32_t metric, uint32_t oif,
		const char *gateway)
{
	struct kroute r = {.prefix = rig_prefix(prefix),
			   .table = 254,
			   .metric = metric,
			   .oif = oif,
			   .protocol = protocol,
			   .type = RTN_UNICAST};

	if (gateway)
		r.gateway = rig_addr(gateway);
	rib_kernel_route(&r, present);
}

void rig_multipath(bool present, const char *prefix, uint8_t protocol, uint32_t metric,
		   const char *by_u0, const char *by_u1)
{
	struct kroute r = {.prefix = rig_prefix(prefix),
			   .table = 254,
			   .metric = metric,
			   .oif = RIG_U0,
			   .gateway = rig_addr(by_u0),
			   .protocol = protocol,
			   .type = RTN_UNICAST,
			   .n_ways = 2,
			   .way = {{RIG_U0, 1, rig_addr(by_u0)}, {RIG_U1, 1, rig_addr(by_u1)}}};

	rib_kernel_route(&r, present);
}

static struct route_hop hop_of(char *text)
{
	struct route_hop h = {.source = *text == 'e' ? ROUTE_EBGP : ROUTE_IBGP};
	char *star = strchr(text, '*'), *minus = strchr(text, '-');

	if (star)
		h.weight = (uint8_t)atoi(star + 1);
	if (minus)
		h.demotion = DEMOTED;
	text[strcspn(text, "*-")] = '\0';
	h.addr = rig_addr(text + (*text == 'e'));
	return h;
}

void rig_bgp(const char *prefix, const char *hops)
{
	struct prefix p = rig_prefix(prefix);
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p};
	char *copy = xstrdup(hops), *save = NULL;

	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save))
		m.hops.hop[m.hops.n++] = hop_of(t);
	rib_bgp_routes(&m, generation);
	free(copy);
}

void rig_watch(const char *address)
{
	struct addr a = rig_addr(address);

	nexthop_watch(&a);
}

static const struct out verbs = {
	.route = on_route,
	.route_flush = on_flush,
	.route_done = on_done,
	.route_now = on_route_now,
	.nexthop_set = on_object,
	.nexthop_group = on_group,
	.nexthop_del = on_object_del,
	.rule = on_rule,
	.allowed = on_allowed,
	.allowed_sync = on_sync,
	.verdict = on_verdict,
	.nexthop = on_nexthop,
	.redist = on_redist,
	.resync = on_resync,
	.link_up = link_up,
	.link_name = rig_link_name,
	.link_fell = link_fell,
};

void rig_begin(void)
{
	struct prefix spare = rig_prefix("192.0.2.255/32");
	struct rib_node *first = rib_get(&spare);

	defaults = zconfig;
	loop_fake_pass(1000000 - now_us() % 1000000); /* a second begins */
	out = verbs;
	news_open(NULL);
	rib_kernel_begin();
	rig_kernel(true, "198.51.100.0/24", RTPROT_KERNEL, 0, RIG_U0, NULL);
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	rib_kernel_end(NULL);
	rib_bgp_begin();
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	tunnel_synced();
	fib_wgd_synced();
	fib_kernel_ready();
	rib_bgp_synced();
	keep_read_begin(&rules);
	keep_read_end(&rules);
	keep_read_begin(&side_routes);
	keep_read_end(&side_routes);
	rig_told();
	rib_node_free(first); /* the test's first prefix is the first of every walk */
}

int rig_end(void **state)
{
	rig_route_error = rig_delete_error = rig_object_error = rig_group_error = 0;
	rig_rule_error = 0;
	rig_rule_refused = 0;
	memset(rig_link_down, 0, sizeof(rig_link_down));
	rig_link_fallen = rig_silent = rig_slow = rig_keep_in = false;
	rig_refused = NULL;
	uplinks_reset();
	errorway_reset();
	keep_reset(&rules);
	keep_reset(&side_routes);
	ifaddr_reset();
	fib_reset();
	pin_reset();
	rib_reset();
	rib_kernel_reset();
	nexthop_reset();
	configured_reset();
	zceiling_reset();
	tunnel_reset();
	nhobj_reset();
	fib_linger_reset();
	loop_free();
	zconfig_free(&zconfig);
	zconfig = defaults;
	planes_read(NULL);
	generation = 0;
	n_pending = n_no = n_failures = n_said = 0;
	journal[0] = '\0';
	return 0;
}

void rig_twice(void **state)
{
	const struct rig_check *c = *state;

	for (int life = 0; life < 2; life++) {
		assert_int_equal(c->setup(state), 0);
		c->check(state);
		rig_end(state);
	}
}
