/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel refused because an interface had just gone, which nobody had told yet: when that
 * is back its routes are, too, however often that happens; and what is refused whatever comes is
 * tried a few times a minute, whatever else comes and goes. bgpd takes back what is refused and
 * gives it again when that is cleared, as the real one does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "fib.h"
#include "fib_retry.h"
#include "log.h"
#include "loop_fake.h"
#include "nexthop.h"
#include "nhobj.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "zconfig.h"

#define P "10.1.0.0/16"

enum { STEP_MS = 20, SOON_MS = 300, MINUTE = 60000 / STEP_MS, WGS = 2, OBJECTS = 4096 };

static const char *const wg_name[WGS] = {"wg0", "wg1"}, *const hop[WGS] = {"10.9.0.1", "10.9.1.2"};

static struct wg {
	uint32_t ifindex; /* 0: it is gone */
	bool down;	  /* as was told */
	bool dead;	  /* the kernel refuses routes by it, told or not, */
	bool unloved;	  /* or those of P alone */
} wgs[WGS];
static uint32_t last_ifindex, object_oif[OBJECTS];
static unsigned refused; /* writes of the prefix that it is about */
static const char *subject;
static unsigned n_listed; /* hops that bgpd has for P */
static bool heard;	  /* verdicts that bgpd has not followed yet */

static struct wg *wg_by_index(uint32_t ifindex)
{
	for (unsigned k = 0; k < WGS; k++)
		if (ifindex && wgs[k].ifindex == ifindex)
			return &wgs[k];
	return NULL;
}

/* --- the kernel --- */

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	uint32_t oif = r->nhid ? object_oif[r->nhid - NHOBJ_FIRST] : r->oif;
	const struct wg *wg = wg_by_index(oif);
	bool about = str_eq(PREFIX_STR(&r->prefix), subject);

	if (op == ROUTE_DEL || oif == RIG_U0 || (wg && !wg->dead && !(about && wg->unloved)))
		return;
	refused += about;
	fib_route_failed(cookie, -EINVAL);
}

static int on_object(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create)
{
	const struct wg *wg = wg_by_index(oif);

	assert_true(id - NHOBJ_FIRST < OBJECTS);
	if (!wg || wg->dead)
		return -ENETDOWN;
	object_oif[id - NHOBJ_FIRST] = oif;
	return 0;
}

static void on_object_del(uint32_t id)
{
}

static bool link_up(uint32_t ifindex)
{
	const struct wg *wg = wg_by_index(ifindex);

	return wg ? !wg->down : ifindex == RIG_U0;
}

static bool link_fell(uint32_t ifindex, uint64_t since_ms)
{
	return !link_up(ifindex);
}

static const char *link_name(uint32_t ifindex)
{
	const struct wg *wg = wg_by_index(ifindex);

	return wg ? wg_name[wg - wgs] : ifindex == RIG_U0 ? "u0" : "";
}

/* It has dropped our route to PREFIX, and says so. */
static void dropped(const char *prefix)
{
	struct kroute r = {.prefix = rig_prefix(prefix),
			   .table = RT_TABLE_MAIN,
			   .metric = zconfig.metric,
			   .protocol = zconfig.protocol,
			   .type = RTN_UNICAST};
	const struct fib *f = rib_installed(rib_find(&r.prefix));

	assert_non_null(f);
	r.oif = f->oif;
	r.nhid = f->nh ? f->nh->id : 0;
	rib_kernel_route(&r, false);
}

/* A link or an address came. */
static void event(void)
{
	fib_retry_kick();
	nhobj_kick();
	fib_look();
}

static void link_told(struct wg *wg, bool up)
{
	wg->down = !up;
	if (!up)
		nhobj_link_down(wg->ifindex);
	rib_kernel_link_changed(wg->ifindex);
	nexthop_link_changed(wg->ifindex);
	if (up)
		event();
	else
		fib_look();
}

/* --- wgd --- */

static void if_told(const struct wg *wg)
{
	struct msg_tunnel_if m = {.ifindex = wg->ifindex, .up = !wg->down};

	str_copy(m.name, link_name(wg->ifindex), sizeof(m.name));
	tunnel_if_told(&m);
}

static void peer_told(const struct wg *wg, enum tunnel_state state)
{
	unsigned k = (unsigned)(wg - wgs);

	rig_peer(k + 1, wg->ifindex, hop[k], NULL, state);
}

static void gone(struct wg *wg)
{
	link_told(wg, false);
	tunnel_peer_gone((unsigned)(wg - wgs) + 1);
	tunnel_if_gone(wg->ifindex);
	wg->ifindex = 0;
}

static void made(struct wg *wg)
{
	wg->ifindex = ++last_ifindex;
	wg->dead = wg->down = false;
	if_told(wg);
	peer_told(wg, TUNNEL_UP);
	link_told(wg, true);
}

static void down(struct wg *wg)
{
	link_told(wg, false);
	if_told(wg);
}

static void up(struct wg *wg)
{
	wg->dead = false;
	link_told(wg, true);
	if_told(wg);
}

/* --- bgpd --- */

static void on_verdict(const struct msg_verdicts *m)
{
	heard = true;
}

/* The list without the hops that are refused. */
static void tell_list(void)
{
	struct prefix p = rig_prefix(P);
	const struct rib_node *n = rib_find(&p);
	char text[64] = "";

	for (unsigned k = 0; k < n_listed; k++) {
		struct addr a = rig_addr(hop[k]);

		if (!n || !rib_refusal(n, &a))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 text[0] ? " " : "", hop[k]);
	}
	rig_bgp(P, text);
}

static void settle(void)
{
	rig_settle();
	for (unsigned i = 0; heard && i < 20; i++) {
		heard = false;
		if (n_listed)
			tell_list();
		rig_settle();
	}
	assert_false(heard);
	rig_told();
}

static void pass(unsigned ms)
{
	for (unsigned t = 0; t < ms; t += STEP_MS) {
		settle();
		loop_fake_pass(STEP_MS * 1000);
	}
	settle();
}

/* --- the checks --- */

static void begin(bool objects)
{
	memset(wgs, 0, sizeof(wgs));
	heard = false;
	n_listed = refused = 0;
	subject = P;
	last_ifindex = 100;
	rig_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		tunnel_if_gone(i);
	out.route = on_route;
	out.nexthop_set = objects ? on_object : NULL;
	out.nexthop_group = NULL;
	out.nexthop_del = on_object_del;
	out.link_up = link_up;
	out.link_fell = link_fell;
	out.link_name = link_name;
	out.verdict = on_verdict;
	for (unsigned k = 0; k < WGS; k++)
		made(&wgs[k]);
	settle();
}

static void list(unsigned hops)
{
	n_listed = hops;
	if (hops)
		tell_list();
	settle();
}

static bool leads_by(const char *prefix, const struct wg *wg)
{
	struct prefix p = rig_prefix(prefix);
	const struct rib_node *n = rib_find(&p);

	return n && rib_installed(n) && fib_leaves_by(rib_installed(n), wg->ifindex);
}

/* What goes and comes back, which was the way of PREFIX, and what else it may have. */
static const struct row {
	const char *name, *prefix;
	unsigned hops; /* in bgpd's list of P */
	unsigned wgs;  /* so many of the interfaces go */
	bool objects;
	void (*goes)(struct wg *wg), (*comes)(struct wg *wg);
} rows[] = {
	{"a learned route, made anew", P, 1, 1, false, gone, made},
	{"a learned route, down and up", P, 1, 1, false, down, up},
	{"a tunnel address, made anew", "10.9.0.1/32", 0, 1, false, gone, made},
	{"a tunnel address, down and up", "10.9.0.1/32", 0, 1, false, down, up},
	{"the first of two, made anew", P, 2, 1, false, gone, made},
	{"both, made anew", P, 2, 2, false, gone, made},
	{"both, down and up", P, 2, 2, false, down, up},
	{"an object, made anew", P, 2, 1, true, gone, made},
	{"an object, down and up", P, 2, 1, true, down, up},
	{"both of an object, made anew", P, 2, 2, true, gone, made},
};

/* The kernel refuses what leads by an interface that has just gone; then that is told; then it is
 * back. */
static void once(const struct row *row)
{
	refused = 0;
	for (unsigned k = 0; k < row->wgs; k++)
		wgs[k].dead = true;
	dropped(row->prefix);
	settle();
	assert_true(refused > 0);
	for (unsigned k = 0; k < row->wgs; k++)
		row->goes(&wgs[k]);
	pass(60);
	for (unsigned k = 0; k < row->wgs; k++)
		row->comes(&wgs[k]);
	pass(SOON_MS);
}

static void test_back_soon(void **state)
{
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		struct prefix p = rig_prefix(row->prefix);

		begin(row->objects);
		list(row->hops);
		subject = row->prefix;
		for (unsigned i = 0; i < 10; i++) {
			assert_true(leads_by(row->prefix, &wgs[0]));
			once(row);
			if (!leads_by(row->prefix, &wgs[0]))
				fail_msg("%s: not there the %uth time", row->name, i + 1);
			pass(1500);
			if (fib_retry_of(rib_find(&p)))
				fail_msg("%s: a refusal is remembered", row->name);
		}
		rig_end(NULL);
	}
}

static void only_events(bool on)
{
	event();
}

static void other_dies(bool on)
{
	peer_told(&wgs[1], on ? TUNNEL_UP : TUNNEL_DOWN);
	event();
}

static void other_made_anew(bool on)
{
	(on ? made : gone)(&wgs[1]);
}

static void its_own_made_anew(bool on)
{
	(on ? made : gone)(&wgs[0]);
}

static void its_own_down_and_up(bool on)
{
	(on ? up : down)(&wgs[0]);
}

static void both_made_anew(bool on)
{
	its_own_made_anew(on);
	other_made_anew(on);
}

static const struct flap {
	const char *name;
	void (*turn)(bool on);
} flaps[] = {
	{"events", only_events},
	{"the other tunnel dies and lives", other_dies},
	{"the other interface is made anew", other_made_anew},
	{"its own interface is made anew", its_own_made_anew},
	{"its own interface is down and up", its_own_down_and_up},
	{"both interfaces are made anew", both_made_anew},
};

/* The most writes that were refused in any minute of three, of facts that turn each MS. */
static unsigned most_in_a_minute(const struct flap *flap, unsigned ms)
{
	static unsigned until[3 * MINUTE];
	unsigned most = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(until); i++) {
		unsigned n;

		if (i % (ms / STEP_MS) == 0)
			flap->turn(i / (ms / STEP_MS) % 2);
		settle();
		until[i] = refused;
		n = refused - (i >= MINUTE ? until[i - MINUTE] : 0);
		most = n > most ? n : most;
		loop_fake_pass(STEP_MS * 1000);
	}
	return most;
}

/* P by the first tunnel is refused whatever happens. */
static void test_bounded(void **state)
{
	static const unsigned each_ms[] = {40, 300, 1000, 5000};

	for (const struct flap *flap = flaps; flap < flaps + ARRAY_SIZE(flaps); flap++) {
		for (unsigned i = 0; i < ARRAY_SIZE(each_ms); i++) {
			unsigned n;

			begin(false);
			wgs[0].unloved = true;
			list(2);
			n = most_in_a_minute(flap, each_ms[i]);
			if (n < 2 || n > RETRY_MINUTE)
				fail_msg("%s each %u ms: %u refused writes in a minute", flap->name,
					 each_ms[i], n);
			rig_end(NULL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_back_soon, rig_end),
		cmocka_unit_test_teardown(test_bounded, rig_end),
	};

	log_init("fib_retry_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
