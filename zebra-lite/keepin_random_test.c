/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I10 by random changes, against a model of the kernel's table that every write goes into: at each
 * moment, also right after a link went down and before anybody knows, a packet for a prefix that
 * was learned through a tunnel and is still permitted goes into a tunnel or is refused. WGBGP_SEED
 * takes other changes, WGBGP_OPS more of them.
 *
 * Gaps until something is noticed: a route that is not kept in itself (a default route) carries for
 * a prefix that has none any more, and goes with its link; somebody else's route takes the place of
 * the one that carries, or of the one that would when the link of that goes before the next turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>

#include "fib.h"
#include "keepin_run.h"
#include "log.h"
#include "nexthop.h"
#include "nhobj.h"
#include "rig.h"
#include "rib.h"
#include "rib_kernel.h"
#include "testing.h"

enum { PREFIXES = 9, TUNNELS = 3 };

static const char *const texts[2][PREFIXES] = {
	{"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/12", "10.1.0.0/16", "10.1.1.0/24", "10.1.2.0/24",
	 "10.32.0.0/11", "10.33.0.0/16", "172.20.0.0/16"},
	{"::/0", "fd00::/16", "fd00::/20", "fd00:1::/32", "fd00:1:1::/48", "fd00:1:2::/48",
	 "fd00:800::/24", "fd00:801::/32", "fdf0::/32"},
};
enum { MODE_LEARNED, MODE_PERMIT, MODE_OFF };
static const char *const modes[] = {"learned", "permit", "off"};

static struct {
	struct prefix p;
	bool kept, foreign;
	uint32_t oif;	/* of our route, 0 none */
	bool learned;	/* through a tunnel, and is permitted since */
	bool protected; /* that, or permitted from the start */
	bool excused;	/* until the link is known to be down */
	bool unlooked;	/* somebody else's route covers it since the last turn */
} t[PREFIXES];
static bool permit[TUNNELS][PREFIXES];
static unsigned mode[TUNNELS];
static unsigned family;
static uint64_t rng, checks;
static char log_lines[40][120];
static unsigned logged;

static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 16) % n;
}

static void note(const char *what, unsigned i, unsigned by)
{
	snprintf(log_lines[logged++ % 40], sizeof(log_lines[0]), "%s %s %u", what,
		 i < PREFIXES ? texts[family][i] : "-", by);
}

static _Noreturn void fails(const char *what, unsigned i)
{
	for (unsigned k = logged > 40 ? logged - 40 : 0; k < logged; k++)
		fprintf(stderr, "  %s\n", log_lines[k % 40]);
	for (unsigned k = 0; k < PREFIXES; k++) {
		const struct keepin *e = keepin_find(&t[k].p);

		fprintf(stderr, "%s: by %u%s%s%s, state %d%s%s\n", texts[family][k], t[k].oif,
			t[k].foreign ? " foreign" : "", t[k].kept ? " kept" : "",
			t[k].protected ? " protected" : "", e ? e->state : -1,
			e && e->learned ? " learned" : "", e && e->permit ? " permit" : "");
	}
	fail_msg("%s: %s", texts[family][i], what);
	abort();
}

static bool is_permitted(unsigned i, bool from_the_start)
{
	for (unsigned k = 0; k < TUNNELS; k++)
		for (unsigned m = 0; m < PREFIXES; m++)
			if (permit[k][m] && mode[k] != MODE_OFF &&
			    (from_the_start ? m == i && mode[k] == MODE_PERMIT
					    : prefix_covers(&t[m].p, &t[i].p)))
				return true;
	return false;
}

/* The longest that has something and covers the I-th. */
static int lookup(unsigned i)
{
	int best = -1;

	for (unsigned m = 0; m < PREFIXES; m++)
		if (prefix_covers(&t[m].p, &t[i].p) && (t[m].oif || t[m].foreign || t[m].kept) &&
		    (best < 0 || t[m].p.len > t[best].p.len))
			best = (int)m;
	return best;
}

static bool goes_abroad(int m) /* the foreign routes have a better metric */
{
	return m < 0 || t[m].foreign;
}

static void check(void)
{
	for (unsigned i = 0; i < PREFIXES; i++) {
		int m = lookup(i);

		if (!t[i].protected || t[i].excused || t[i].unlooked)
			continue;
		checks++;
		if (goes_abroad(m) && (m < 0 || t[m].p.len < t[i].p.len))
			fails("in the clear", i);
	}
}

static unsigned find(const struct prefix *p)
{
	for (unsigned i = 0; i < PREFIXES; i++)
		if (prefix_eq(&t[i].p, p))
			return i;
	return PREFIXES; /* host routes of tunnel addresses */
}

static void write_route(unsigned i, enum route_op op, const struct kroute *r)
{
	note(op == ROUTE_DEL ? "- delete" : "- write", i, r->oif);
	if (keepin_is_ours(r)) {
		t[i].kept = op != ROUTE_DEL;
	} else {
		t[i].oif = op == ROUTE_DEL ? 0 : r->oif;
		if (op != ROUTE_DEL && t[i].p.len && is_permitted(i, false))
			t[i].learned = t[i].protected = true;
	}
	check();
}

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	unsigned i = find(&r->prefix);

	if (op != ROUTE_DEL && r->oif && rig_link_down[r->oif])
		fib_route_failed(cookie, -ENETDOWN);
	else if (i < PREFIXES)
		write_route(i, op, r);
}

static void configure(void)
{
	char text[4096];
	size_t n = (size_t)snprintf(text, sizeof(text), "{'rib': {}, 'wireguard': {'interface': [");

	for (unsigned k = 0; k < TUNNELS; k++) {
		const char *comma = "";

		n += (size_t)snprintf(
			text + n, sizeof(text) - n,
			"%s{'name': 'wg%u', 'peer': [{'name': 'p%u', 'keep-in': '%s', "
			"'permit': [",
			k ? ", " : "", k, k + 1, modes[mode[k]]);
		for (unsigned i = 0; i < PREFIXES; i++)
			if (permit[k][i]) {
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%s'%s'", comma,
						      texts[family][i]);
				comma = ", ";
			}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "]}]}");
	}
	snprintf(text + n, sizeof(text) - n, "]}}");
	for (unsigned i = 0; i < PREFIXES; i++)
		t[i].protected = t[i].learned = t[i].learned && is_permitted(i, false);
	rig_configure(text);
}

static void turns(void)
{
	rig_told();
	for (unsigned i = 0; i < PREFIXES; i++)
		t[i].unlooked = false;
}

/* Those that have a route, or are permitted from the start, count from here on. */
static void at_rest(void)
{
	turns();
	rig_pass(4000); /* entries that linger, retries */
	rig_told();
	for (unsigned i = 0; i < PREFIXES; i++) {
		t[i].excused = false;
		if (t[i].p.len && t[i].oif && is_permitted(i, false))
			t[i].learned = true;
		t[i].protected = t[i].learned || (t[i].p.len && is_permitted(i, true));
	}
	check();
	for (unsigned i = 0; i < PREFIXES; i++) {
		int cover = -1;

		if (t[i].kept && !t[i].protected)
			fails("kept in for nothing", i);
		for (unsigned m = 0; m < PREFIXES; m++)
			if (m != i && prefix_covers(&t[m].p, &t[i].p) &&
			    (t[m].oif || t[m].foreign) &&
			    (cover < 0 || t[m].p.len > t[cover].p.len))
				cover = (int)m;
		if (t[i].kept && !t[i].oif && cover >= 0 && t[cover].oif && !t[cover].foreign)
			fails("a covering tunnel does not carry", i);
	}
}

static void announce(unsigned i)
{
	char hops[64] = "";
	unsigned n = 1 + rnd(2);

	for (unsigned k = 0; k < n; k++)
		snprintf(hops + strlen(hops), sizeof(hops) - strlen(hops),
			 family ? "%sfd99:%u::1" : "%s10.9.%u.1", k ? " " : "", rnd(TUNNELS));
	note("announce", i, n);
	rig_bgp(texts[family][i], hops);
}

static void foreign(unsigned i)
{
	t[i].foreign = !t[i].foreign;
	note("foreign", i, t[i].foreign);
	for (unsigned k = 0; k < PREFIXES; k++) /* it may take the place of a covering one */
		t[k].excused = t[k].excused || lookup(k) == (int)i;
	for (unsigned k = 0; k < PREFIXES; k++)
		t[k].unlooked = t[k].unlooked || (t[i].foreign && prefix_covers(&t[i].p, &t[k].p));
	rig_kernel(t[i].foreign, texts[family][i], RTPROT_BOOT, 10, RIG_U0,
		   family ? "2001:db8::9" : "198.51.100.9");
}

static void tunnel(unsigned k, enum tunnel_state state)
{
	char addr[32];

	snprintf(addr, sizeof(addr), family ? "fd99:%u::1" : "10.9.%u.1", k);
	rig_peer(k + 1, RIG_WG0 + k, addr, NULL, state);
}

static void tell_kernel(void)
{
	rib_kernel_begin();
	rig_kernel(true, "198.51.100.0/24", RTPROT_KERNEL, 0, RIG_U0, NULL);
	rig_kernel(true, "2001:db8::/64", RTPROT_KERNEL, 0, RIG_U0, NULL);
	for (unsigned i = 0; i < PREFIXES; i++) {
		struct kroute r = {.prefix = t[i].p,
				   .table = 254,
				   .metric = KEEPIN_METRIC,
				   .protocol = 222,
				   .type = RTN_UNREACHABLE};

		if (t[i].kept)
			rib_kernel_route(&r, true);
		if (t[i].oif)
			rig_kernel(true, texts[family][i], 222, 179, t[i].oif, NULL);
		if (t[i].foreign)
			rig_kernel(true, texts[family][i], RTPROT_BOOT, 10, RIG_U0,
				   family ? "2001:db8::9" : "198.51.100.9");
	}
	rib_kernel_end(NULL);
}

static void hosts(unsigned k)
{
	char host[32];

	snprintf(host, sizeof(host), family ? "fd99:%u::1/128" : "10.9.%u.1/32", k);
	rig_kernel(true, host, 222, 179, RIG_WG0 + k, NULL);
}

/* The kernel drops its routes; what is not kept in leaves a gap until somebody knows. */
static void link_down(unsigned k)
{
	for (unsigned i = 0; i < PREFIXES; i++) {
		int m = lookup(i);

		t[i].excused = t[i].excused || (m >= 0 && t[m].oif && !t[m].protected);
	}
	note("link down", PREFIXES, k);
	for (unsigned i = 0; i < PREFIXES; i++)
		if (t[i].oif == RIG_WG0 + k)
			t[i].oif = 0;
	check();
	rig_link_down[RIG_WG0 + k] = true;
	rig_if(RIG_WG0 + k, false);
	nexthop_link_changed(RIG_WG0 + k);
	keepin_look_all();
	tell_kernel();
	for (unsigned i = 0; i < TUNNELS; i++)
		if (!rig_link_down[RIG_WG0 + i])
			hosts(i);
}

static void link_up(unsigned k)
{
	note("link up", PREFIXES, k);
	rig_link_down[RIG_WG0 + k] = false;
	rig_if(RIG_WG0 + k, true);
	nexthop_link_changed(RIG_WG0 + k);
	keepin_look_all();
}

static void op(void)
{
	unsigned i = rnd(PREFIXES), k = rnd(TUNNELS), r = rnd(100);

	if (r < 35) {
		announce(i);
	} else if (r < 60) {
		note("withdraw", i, 0);
		rig_bgp(texts[family][i], "");
	} else if (r < 70) {
		note("tunnel", PREFIXES, k);
		tunnel(k, rnd(2) ? TUNNEL_UP : TUNNEL_DOWN);
	} else if (r < 82) {
		if (rig_link_down[RIG_WG0 + k])
			link_up(k);
		else
			link_down(k);
	} else if (r < 88) {
		foreign(i);
	} else if (r < 93) {
		mode[k] = rnd(4) ? MODE_LEARNED : rnd(3);
		permit[k][i] = !permit[k][i];
		note("permit", i, k);
		configure();
		at_rest();
	} else {
		at_rest();
	}
	if (rnd(2))
		turns();
}

static void run(unsigned of_family)
{
	uint64_t ops = getenv("WGBGP_OPS") ? strtoull(getenv("WGBGP_OPS"), NULL, 0) : 2000;

	family = of_family;
	rng = test_seed() * 0x9e3779b97f4a7c15ull + 1;
	checks = logged = 0;
	memset(t, 0, sizeof(t));
	rig_begin();
	out.route = on_route;
	out.nexthop_set = NULL;
	for (unsigned i = 0; i < PREFIXES; i++)
		t[i].p = rig_prefix(texts[family][i]);
	t[0].foreign = !family; /* rig_begin() */
	for (unsigned k = 0; k < TUNNELS; k++) {
		mode[k] = MODE_LEARNED;
		for (unsigned i = 0; i < PREFIXES; i++)
			permit[k][i] = rnd(3) > 0;
	}
	if (family)
		foreign(0);
	configure();
	for (unsigned k = 0; k < TUNNELS; k++)
		tunnel(k, TUNNEL_UP);
	for (uint64_t n = 0; n < ops; n++)
		op();
	at_rest();
	assert_true(checks > ops);
	rig_end(NULL);
}

static void test_ipv4(void **state)
{
	run(0);
}

static void test_ipv6(void **state)
{
	run(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ipv4),
					   cmocka_unit_test(test_ipv6)};

	log_init("keepin_random_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
