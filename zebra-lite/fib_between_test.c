/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A batch between its plan and the books: facts change while wgd has not answered, while the kernel
 * has not written, or between two messages to wgd; wgd refuses some of what it was asked; and its
 * refusals come late, twice, or belong to no batch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "fib_retry.h"
#include "log.h"
#include "loop_fake.h"
#include "nhobj.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "zceiling.h"
#include "zconfig.h"

enum { MESSAGES = 32 };

/* --- a wgd that answers when the check says so --- */

static void (*rigs_allowed)(const struct msg_allowed *m);
static bool (*rigs_done)(uint32_t flush, bool wait);
static int (*rigs_object)(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create);
static bool holding;	  /* else what it is asked is answered at once */
static bool kernel_works; /* routes are on their way into the kernel */
static uint32_t numbers[MESSAGES];
static unsigned n_messages;

static void on_allowed(const struct msg_allowed *m)
{
	if (!holding) {
		rigs_allowed(m);
		return;
	}
	for (uint32_t i = 0; i < m->n; i++)
		rig_say("%s %s p%u\n", m->changes[i].op == ALLOWED_SET ? "set" : "unset",
			PREFIX_STR(&m->changes[i].prefix), m->changes[i].peer_id);
	assert_true(n_messages < MESSAGES);
	numbers[n_messages++] = m->batch;
	rig_say("message %u\n", n_messages);
}

static bool on_done(uint32_t flush, bool wait)
{
	return (wait || !kernel_works) && rigs_done(flush, wait);
}

/* To message I, from 1 on. REFUSED: "10.1.0.0/16 p1 10.2.0.0/16 p3". */
static void answer(unsigned i, const char *refused)
{
	struct msg_allowed_refused no[8];
	struct msg_allowed_ack ack = {.batch = i ? numbers[i - 1] : 0, .refused = no};
	char *copy = xstrdup(refused), *save = NULL;

	assert_true(i <= n_messages);
	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
		no[ack.n].prefix = rig_prefix(t);
		no[ack.n].peer_id = (uint32_t)atoi(strtok_r(NULL, " ", &save) + 1);
		no[ack.n++].reason = REASON_FOREIGN_ALLOWED_IP;
	}
	fib_acked(&ack);
	free(copy);
}

/* Outside of any answer. */
static void entry(const char *prefix, uint32_t peer, enum reason reason)
{
	struct msg_allowed_refused m = {peer, rig_prefix(prefix), reason};

	fib_allowed_refused(&m);
}

static void hold(void)
{
	rig_told();
	holding = true;
	n_messages = 0;
}

static void tell_peers(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_peer(4, RIG_WG2, "10.9.2.4", NULL, TUNNEL_UP);
}

static void next_wgd(void)
{
	fib_wgd_away();
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	tell_peers();
	tunnel_synced();
	fib_wgd_synced();
}

static int setup(void **state)
{
	rig_begin();
	rigs_allowed = out.allowed;
	rigs_done = out.route_done;
	rigs_object = out.nexthop_set;
	out.allowed = on_allowed;
	out.route_done = on_done;
	out.nexthop_set = NULL;
	holding = kernel_works = false;
	tell_peers();
	rig_told();
	return 0;
}

/* --- facts that change --- */

#define P "10.1.0.0/16"

static void nothing(void)
{
}

static void tunnel_down(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
}

static void tunnel_gone(void)
{
	tunnel_peer_gone(1);
}

/* At the same address there is another one. */
static void tunnel_anew(void)
{
	tunnel_peer_gone(1);
	rig_peer(11, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
}

static void link_gone(void)
{
	rig_link_down[RIG_WG0] = true;
	tunnel_if_gone(RIG_WG0);
}

static void withdrawn(void)
{
	rig_bgp(P, "");
}

static void better(void)
{
	rig_bgp(P, "10.9.2.4 10.9.0.1");
}

static void back(void)
{
	rig_bgp(P, "10.9.1.2");
}

static void by_a_link(void)
{
	rig_bgp(P, "198.51.100.7");
}

static void lost(void)
{
	entry(P, 1, REASON_WG_ERROR);
}

static void foreign(void)
{
	rig_kernel(true, P, RTPROT_STATIC, 5, RIG_U1, NULL);
}

static void foreign_in_the_way(void)
{
	rig_kernel(true, P, RTPROT_STATIC, 179, RIG_U1, NULL);
}

#define FIRST "10.7.0.0/16" /* in the batch before it, if there is one */
static bool second;

static void next_bgpd(void)
{
	rib_bgp_begin();
	if (second)
		rig_bgp(FIRST, "10.9.2.4");
	rib_bgp_synced();
}

static void ceiling_narrowed(void)
{
	rig_configure("{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'p1', "
		      "'permit': ['10.2.0.0/16']}]}]}, 'rib': {}}");
}

static void no_wgd(void)
{
	fib_wgd_away();
}

/* --- each of them at each time --- */

struct row {
	const char *name;
	void (*change)(void);
	const char *refused;	      /* in the answer */
	const char *at_once, *behind; /* told before it, and then */
};

static unsigned wrong;

static void check(const char *where, const char *name, const char *got, const char *want)
{
	if (str_eq(got, want))
		return;
	print_error("%s, %s:\n%s--- instead of\n%s", where, name, got, want);
	wrong++;
}

/* The prefix goes from p2 to p1, in the first batch, or in the second one that follows what only
 * grows. */
static void run_row(const struct row *r, void **state)
{
	const char *where = second ? "second" : "first", *told;

	setup(state);
	rig_bgp(P, "10.9.1.2");
	hold();
	if (second)
		rig_bgp(FIRST, "10.9.2.4");
	rig_settle();
	rig_bgp(P, "10.9.0.1");
	rig_told();
	r->change();
	check(where, r->name, rig_told(), r->at_once);
	holding = false;
	answer(1, second ? "" : r->refused);
	if (second)
		answer(2, r->refused);
	rig_pass(4000);
	told = rig_told();
	if (second && r->change != no_wgd)
		told += strcspn(told, "\n") + 1; /* of the other prefix */
	check(where, r->name, told, r->behind);
	rig_end(state);
}

static void run_rows(const struct row *rows, size_t n, void **state)
{
	wrong = 0;
	rig_end(state);
	for (size_t i = 0; i < 2 * n; i++) {
		second = i % 2;
		run_row(&rows[i / 2], state);
	}
	setup(state);
	assert_int_equal(wrong, 0);
}

static void test_asked(void **state)
{
	static const struct row rows[] = {
		{"nothing", nothing, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"refused", nothing, P " p1", "",
		 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "del 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"tunnel down", tunnel_down, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"tunnel down, refused", tunnel_down, P " p1", "",
		 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "del 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"tunnel gone", tunnel_gone, "", "",
		 "unset 10.1.0.0/16 p1\n"
		 "del 10.1.0.0/16 dev wg1\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"tunnel gone, refused", tunnel_gone, P " p1", "",
		 "unset 10.1.0.0/16 p1\n"
		 "del 10.1.0.0/16 dev wg1\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"tunnel anew", tunnel_anew, "", "",
		 "unset 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p11\n"
		 "change 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"tunnel anew, refused", tunnel_anew, P " p1", "",
		 "unset 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p11\n"
		 "change 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"link gone", link_gone, P " p1", "",
		 "unset 10.1.0.0/16 p1\n"
		 "del 10.1.0.0/16 dev wg1\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "del 10.9.0.3/32 dev wg0\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"withdrawn", withdrawn, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"withdrawn, refused", withdrawn, P " p1", "",
		 "del 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"better path", better, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "set 10.1.0.0/16 p4\n"
		 "change 10.1.0.0/16 dev wg2\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"better path, refused", better, P " p1", "",
		 "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p4\n"
		 "change 10.1.0.0/16 dev wg2\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"back", back, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "change 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p1\n"},
		{"back, refused", back, P " p1", "", ""},
		{"by a link", by_a_link, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "change 10.1.0.0/16 via 198.51.100.7 dev u0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"lost", lost, "", "refused 10.1.0.0/16 by 10.9.0.1 wireguard-error\n",
		 "del 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"foreign route", foreign, "",
		 "redist +kernel 10.1.0.0/16 metric 5\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n",
		 "change 10.1.0.0/16 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"foreign route in the way", foreign_in_the_way, "",
		 "redist +kernel 10.1.0.0/16 metric 179\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n",
		 "change 10.1.0.0/16 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"next bgpd", next_bgpd, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"next bgpd, refused", next_bgpd, P " p1", "",
		 "del 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"ceiling narrowed", ceiling_narrowed, "", "",
		 "change 10.1.0.0/16 dev wg0\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 outside-permit\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.1.0.0/16 p2\n"},
		{"no wgd", no_wgd, "", "", ""},
	};

	run_rows(rows, ARRAY_SIZE(rows), state);
}

/* While the kernel has a batch that is on its way into it, the next one is put together: no entries
 * have to do with the first. */
static void gateway_down(void)
{
	rig_link_down[RIG_U0] = true;
	nexthop_link_changed(RIG_U0);
}

static void by_another_link(void)
{
	rig_bgp(P, "198.51.100.9");
}

static void by_a_tunnel(void)
{
	rig_bgp(P, "10.9.0.1");
}

static void refused_by_the_kernel(void)
{
	kernel_works = false;
	fib_settle();
}

static void test_writing(void **state)
{
	static const struct {
		const char *name;
		void (*change)(void);
		int err; /* of the kernel */
		const char *at_once, *written;
	} rows[] = {
		{"nothing", nothing, 0, "", ""},
		{"refused", nothing, -ENOBUFS, "",
		 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n"
		 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "add 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
		{"withdrawn", withdrawn, 0, "", "del 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
		{"withdrawn, refused", withdrawn, -ENOBUFS, "",
		 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n"
		 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"},
		{"by another link", by_another_link, 0, "",
		 "change 10.1.0.0/16 via 198.51.100.9 dev u0\n"},
		{"by another link, refused", by_another_link, -ENOBUFS, "",
		 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "change 10.1.0.0/16 via 198.51.100.9 dev u0\n"
		 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"},
		{"by a tunnel", by_a_tunnel, 0, "",
		 "set 10.1.0.0/16 p1\n"
		 "change 10.1.0.0/16 dev wg0\n"},
		{"gateway down", gateway_down, 0, "", "del 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
		{"foreign route", foreign, 0,
		 "redist +kernel 10.1.0.0/16 metric 5\n"
		 "refused 10.1.0.0/16 by all lost-to-protocol\n"
		 "del 10.1.0.0/16 via 198.51.100.8 dev u0\n",
		 ""},
		{"foreign route in the way", foreign_in_the_way, -EEXIST,
		 "refused 10.1.0.0/16 by all foreign-route\n"
		 "resync: a route of somebody else is in the way\n"
		 "redist +kernel 10.1.0.0/16 metric 179\n"
		 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n",
		 ""},
		{"lost", lost, 0, "", ""},
		{"next bgpd", next_bgpd, 0, "", "del 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
		{"no wgd", no_wgd, 0, "", ""},
		{"asked for the books", refused_by_the_kernel, -ENOBUFS,
		 "refused 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "del 10.1.0.0/16 via 198.51.100.7 dev u0\n",
		 "cleared 10.1.0.0/16 by 198.51.100.8 kernel-error\n"
		 "add 10.1.0.0/16 via 198.51.100.8 dev u0\n"},
	};

	wrong = 0;
	rig_end(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(state);
		rig_bgp(P, "198.51.100.7");
		rig_told();
		kernel_works = true;
		rig_route_error = rows[i].err;
		rig_bgp(P, "198.51.100.8");
		rig_told();
		rig_route_error = 0;
		rows[i].change();
		check("at once", rows[i].name, rig_told(), rows[i].at_once);
		kernel_works = false;
		fib_look();
		rig_pass(4000);
		check("written", rows[i].name, rig_told(), rows[i].written);
		rig_end(state);
	}
	setup(state);
	assert_int_equal(wrong, 0);
}

/* --- between two messages: what was to be handed over was refused, and is to go first --- */

static void cover_withdrawn(void)
{
	rig_bgp("10.0.0.0/8", "");
}

static void cover_moves(void)
{
	rig_bgp("10.0.0.0/8", "10.9.1.2");
}

static void heir_gone(void)
{
	tunnel_peer_gone(3);
}

static void here_again(void)
{
	rig_bgp(P, "10.9.0.1");
}

static void elsewhere(void)
{
	rig_bgp(P, "10.9.1.2");
}

static void heir_lost(void)
{
	entry("10.0.0.0/8", 3, REASON_WG_ERROR);
}

static void test_between(void **state)
{
	static const struct {
		const char *name;
		void (*change)(void);
		const char *at_once, *behind;
	} rows[] = {
		{"nothing", nothing, "", "del 10.1.0.0/16 dev wg0\n"},
		{"covering route withdrawn", cover_withdrawn, "",
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.0.0.0/8 dev wg0\n"
		 "unset 10.0.0.0/8 p3\n"},
		{"covering route moves", cover_moves, "",
		 "del 10.1.0.0/16 dev wg0\n"
		 "set 10.0.0.0/8 p2\n"
		 "change 10.0.0.0/8 dev wg1\n"
		 "unset 10.0.0.0/8 p3\n"},
		{"who was to have it is gone", heir_gone, "",
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.0.0.0/8 dev wg0\n"
		 "del 10.9.0.3/32 dev wg0\n"
		 "unset 10.0.0.0/8 p3\n"},
		{"the owner is gone", tunnel_gone, "",
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"},
		{"here again", here_again, "",
		 "del 10.1.0.0/16 dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n"},
		{"elsewhere", elsewhere, "",
		 "del 10.1.0.0/16 dev wg0\n"
		 "set 10.1.0.0/16 p2\n"
		 "add 10.1.0.0/16 dev wg1\n"},
		{"the covering entry is lost", heir_lost,
		 "refused 10.0.0.0/8 by 10.9.0.3 wireguard-error\n",
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.0.0.0/8 dev wg0\n"},
		{"foreign route", foreign, "redist +kernel 10.1.0.0/16 metric 5\n",
		 "del 10.1.0.0/16 dev wg0\n"},
		{"no wgd", no_wgd, "", ""},
	};

	wrong = 0;
	rig_end(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(state);
		rig_bgp("10.0.0.0/8", "10.9.0.3");
		rig_bgp(P, "10.9.0.1");
		hold();
		rig_bgp(P, "");
		RIG_TOLD("set " P " p3\n"
			 "message 1\n");
		answer(1, P " p3");
		RIG_TOLD("unset " P " p1\n"
			 "message 2\n");
		rows[i].change();
		check("at once", rows[i].name, rig_told(), rows[i].at_once);
		holding = false;
		answer(2, "");
		rig_pass(4000);
		check("behind", rows[i].name, rig_told(), rows[i].behind);
		rig_end(state);
	}
	setup(state);
	assert_int_equal(wrong, 0);
}

/* Handed over to one that goes before it answers: whoever has the entry by then, nobody is left
 * with it. */
static void test_heir_gone(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	hold();
	rig_bgp(P, "");
	rig_told();
	tunnel_peer_gone(3);
	answer(1, P " p3");
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p3\n"
		 "unset 10.1.0.0/16 p1\n"
		 "message 2\n"
		 "del 10.0.0.0/8 dev wg0\n"
		 "del 10.9.0.3/32 dev wg0\n"
		 "unset 10.0.0.0/8 p3\n"
		 "message 3\n");
}

/* The same where the route stays for now, as another one was lost meanwhile: the entry goes back.
 */
static void test_heir_gone_for_nothing(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	rig_bgp("192.168.0.0/16", "10.9.1.2");
	hold();
	rig_bgp(P, "");
	rig_told();
	tunnel_peer_gone(3);
	rig_kernel(false, "192.168.0.0/16", 222, 179, RIG_WG1, NULL);
	RIG_TOLD("");
	answer(1, P " p3");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 2\n"
		 "add 192.168.0.0/16 dev wg1\n"
		 "del 10.0.0.0/8 dev wg0\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.3/32 dev wg0\n"
		 "unset 10.0.0.0/8 p3\n"
		 "unset 10.1.0.0/16 p1\n"
		 "message 3\n");
	answer(2, "");
	RIG_TOLD("");
}

/* What was handed over is lost by wgd's own word, or by the answer to another message: it goes, and
 * the route waits for that. */
static void test_heir_refused_by_others(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	hold();
	rig_bgp(P, "");
	RIG_TOLD("set " P " p3\n"
		 "message 1\n");
	entry(P, 3, REASON_WG_ERROR);
	RIG_TOLD("unset " P " p1\n"
		 "message 2\n");
	answer(1, "");
	RIG_TOLD("");
	answer(2, "");
	RIG_TOLD("del " P " dev wg0\n");
}

/* --- order --- */

/* What takes a route away waits for what grows, and for its answer; with it whatever is queued. */
static void test_removal_behind_growth(void **state)
{
	rig_bgp("10.2.0.0/16", "10.9.1.2");
	hold();
	rig_bgp(P, "10.9.0.1");
	RIG_TOLD("set " P " p1\n"
		 "message 1\n");
	rig_bgp("10.3.0.0/16", "10.9.0.3");
	RIG_TOLD("set 10.3.0.0/16 p3\n"
		 "message 2\n");
	rig_bgp("10.2.0.0/16", "");
	rig_bgp("10.4.0.0/16", "10.9.0.1");
	RIG_TOLD("");
	answer(1, P " p1");
	RIG_TOLD("refused " P " by 10.9.0.1 foreign-allowed-ip\n");
	answer(2, "");
	RIG_TOLD("add 10.3.0.0/16 dev wg0\n"
		 "set 10.4.0.0/16 p1\n"
		 "message 3\n");
}

/* Of two batches each has its own answer, and the refusals in it. */
static void test_two_answers(void **state)
{
	hold();
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "message 1\n");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "message 2\n");
	answer(1, "10.2.0.0/16 p1");
	RIG_TOLD("refused 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "add 10.1.0.0/16 dev wg0\n");
	answer(2, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "add 10.2.0.0/16 dev wg1\n"
		 "change 10.1.0.0/16 dev wg1\n");
}

/* A longer prefix that is blocked holds what covers it, whichever batch that is in. */
static void test_cover(void **state)
{
	rig_bgp("10.1.7.0/24", "10.9.1.2");
	rig_bgp(P, "10.9.1.2");
	hold();
	rig_bgp("10.1.7.0/24", "10.9.0.1");
	rig_settle();
	rig_bgp(P, "10.9.0.3");
	RIG_TOLD("set 10.1.7.0/24 p1\n"
		 "message 1\n"
		 "set 10.1.0.0/16 p3\n"
		 "message 2\n");
	answer(1, "10.1.7.0/24 p1");
	RIG_TOLD("refused 10.1.7.0/24 by 10.9.0.1 foreign-allowed-ip\n");
	answer(2, "");
	RIG_TOLD("change 10.1.0.0/16 dev wg0\n"
		 "del 10.1.7.0/24 dev wg1\n"
		 "unset 10.1.7.0/24 p2\n"
		 "message 3\n");
}

/* The same in one batch, and the covering one goes. */
static void test_cover_goes(void **state)
{
	rig_bgp("10.1.7.0/24", "10.9.1.2");
	rig_bgp(P, "10.9.0.3");
	rig_bgp("10.0.0.0/8", "10.9.0.1");
	hold();
	rig_bgp("10.1.7.0/24", "10.9.0.1");
	rig_bgp(P, "");
	RIG_TOLD("set 10.1.7.0/24 p1\n"
		 "set 10.1.0.0/16 p1\n"
		 "message 1\n");
	answer(1, "10.1.7.0/24 p1");
	RIG_TOLD("refused 10.1.7.0/24 by 10.9.0.1 foreign-allowed-ip\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.1.7.0/24 dev wg1\n"
		 "unset 10.1.7.0/24 p2\n"
		 "unset 10.1.0.0/16 p1\n"
		 "message 2\n");
	answer(2, "");
	RIG_TOLD("");
}

/* An entry that moves within its interface: the route stays, whatever wgd says. */
static void test_moved(void **state)
{
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	hold();
	rig_bgp(P, "10.9.0.3 10.9.1.2");
	RIG_TOLD("set " P " p3\n"
		 "message 1\n");
	answer(1, P " p3");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.3 foreign-allowed-ip\n"
		 "change 10.1.0.0/16 dev wg1\n");
	holding = false;
	rig_pass(4000);
	RIG_TOLD("unset 10.1.0.0/16 p1\n");
}

/* To one that goes before it answers, and may have got the entry: it goes back. */
static void test_moved_to_one_gone(void **state)
{
	rig_bgp(P, "10.9.0.1");
	hold();
	rig_bgp(P, "10.9.0.3 10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p3\n"
		 "message 1\n");
	tunnel_peer_gone(3);
	RIG_TOLD("");
	answer(1, "");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 2\n"
		 "del 10.9.0.3/32 dev wg0\n");
}

/* Taken out of the configuration and put back before wgd let it go, a peer has the entries that it
 * had: what is not its any more has been taken from it. */
static void test_goes_and_comes(void **state)
{
	rig_bgp(P, "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	rig_told();
	tunnel_peer_gone(1);
	RIG_TOLD("change 10.2.0.0/16 dev wg1\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "del 10.9.0.1/32 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.2.0.0/16 p1\n");
	rig_bgp(P, "");
	tell_peers();
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "add 10.9.0.1/32 dev wg0\n"
		 "change 10.2.0.0/16 dev wg0\n");
	/* The numbers of a wgd that is no more are nobody's. */
	tunnel_peer_gone(1);
	fib_wgd_away();
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	rig_peer(1, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	tunnel_synced();
	fib_wgd_synced();
	RIG_TOLD("set 10.2.0.0/16 p2\n"
		 "sync\n"
		 "change 10.2.0.0/16 dev wg1\n"
		 "del 10.9.2.4/32 dev wg2\n"
		 "del 10.9.0.1/32 dev wg0\n");
}

/* --- refusals --- */

/* Of entries on three interfaces one is refused: the others are as they were to be. */
static void test_one_of_several(void **state)
{
	static const struct {
		const char *refused, *told;
	} rows[] = {
		{P " p1", "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
			  "add 10.2.0.0/16 dev wg0\n"
			  "add 10.1.0.0/16 dev wg1\n"},
		{P " p2", "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
			  "add 10.1.0.0/16 dev wg0\n"
			  "add 10.2.0.0/16 dev wg0\n"},
		{P " p4", "refused 10.1.0.0/16 by 10.9.2.4 foreign-allowed-ip\n"
			  "add 10.1.0.0/16 dev wg0\n"
			  "add 10.2.0.0/16 dev wg0\n"},
		{P " p1 " P " p2", "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
				   "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
				   "add 10.2.0.0/16 dev wg0\n"
				   "add 10.1.0.0/16 dev wg2\n"},
		{P " p2 " P " p4", "refused 10.1.0.0/16 by 10.9.2.4 foreign-allowed-ip\n"
				   "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
				   "add 10.1.0.0/16 dev wg0\n"
				   "add 10.2.0.0/16 dev wg0\n"},
		{P " p1 " P " p2 " P " p4", "refused 10.1.0.0/16 by 10.9.2.4 foreign-allowed-ip\n"
					    "refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
					    "refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
					    "add 10.2.0.0/16 dev wg0\n"},
		{"10.2.0.0/16 p1", "refused 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
				   "add 10.1.0.0/16 dev wg0\n"
				   "add 10.2.0.0/16 dev wg1\n"},
		{P " p3", "add 10.1.0.0/16 dev wg0\n"
			  "add 10.2.0.0/16 dev wg0\n"}, /* nobody asked for it */
		{P " p77", "add 10.1.0.0/16 dev wg0\n"
			   "add 10.2.0.0/16 dev wg0\n"},
	};

	wrong = 0;
	rig_end(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(state);
		hold();
		rig_bgp(P, "10.9.0.1 10.9.1.2 10.9.2.4");
		rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
		rig_told();
		holding = false;
		answer(1, rows[i].refused);
		rig_pass(4000);
		check("refused", rows[i].refused, rig_told(), rows[i].told);
		rig_end(state);
	}
	setup(state);
	assert_int_equal(wrong, 0);
}

/* The next hop that leads to the peer by a learned route is free again with the peer. */
static void test_free_behind_a_route(void **state)
{
	rig_bgp("10.50.0.0/24", "10.9.0.1");
	rig_told();
	hold();
	rig_bgp(P, "10.50.0.1");
	RIG_TOLD("set " P " p1\n"
		 "message 1\n");
	answer(1, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n");
	holding = false;
	entry(P, 1, REASON_NONE);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.50.0.1 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* --- planes --- */

static void two_planes(void)
{
	rig_configure("{'wireguard': {'interface': [{'name': 'wg3', 'peer': [" RIG_PERMIT_OF(
		"p5") ", " RIG_PERMIT_OF("p6") "]}, " RIG_PERMIT_ON("wg0") "]}, 'rib': {}, "
									   "'plane': "
									   "[{'name': 'blue', "
									   "'number': 1, 'table': "
									   "101, 'interface': "
									   "['wg3']}]}");
	rig_peer(5, RIG_WG3, "10.9.3.5", NULL, TUNNEL_UP);
	rig_peer(6, RIG_WG3, "10.9.3.6", NULL, TUNNEL_UP);
	rig_told();
}

/* The prefix in that plane by the next hops of the plane blue. */
static void in_plane(uint8_t plane, const char *hop, const char *next)
{
	struct prefix p = rig_prefix(P);
	struct msg_routes r = {.n_prefixes = 1, .prefixes = &p};

	p.plane = plane;
	if (hop)
		r.hops.hop[r.hops.n++].addr = rig_addr(hop);
	if (next)
		r.hops.hop[r.hops.n++].addr = rig_addr(next);
	for (unsigned i = 0; i < r.hops.n; i++)
		r.hops.hop[i].addr.plane = 1;
	rib_bgp_routes(&r, 0);
}

/* What is refused for a prefix is refused in each plane that has it, be it in the batch or not. */
static void test_planes(void **state)
{
	two_planes();
	hold();
	in_plane(0, "10.9.3.5", NULL);
	RIG_TOLD("set " P " p5\n"
		 "message 1\n");
	in_plane(1, "10.9.3.5", "10.9.3.6");
	RIG_TOLD("");
	answer(1, P " p5");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p6\n"
		 "message 2\n");
	answer(2, "");
	RIG_TOLD("add 10.1.0.0/16 table 101 dev wg3\n");
	holding = false;
	entry(P, 5, REASON_NONE);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "cleared 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p5\n"
		 "add 10.1.0.0/16 dev wg3\n");
}

/* Who had it already in the other plane has it no more. */
static void test_lost_in_other_plane(void **state)
{
	two_planes();
	in_plane(0, "10.9.3.5", "10.9.3.6");
	hold();
	in_plane(1, "10.9.3.5", NULL);
	RIG_TOLD("set " P " p5\n"
		 "message 1\n");
	answer(1, P " p5");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "set 10.1.0.0/16 p6\n"
		 "message 2\n");
	answer(2, "");
	RIG_TOLD("");
}

/* What another plane gets back was asked by no batch. */
static void test_given_back_refused(void **state)
{
	two_planes();
	in_plane(0, "10.9.3.5", NULL);
	in_plane(1, "10.9.3.6", NULL);
	hold();
	in_plane(1, NULL, NULL);
	RIG_TOLD("del 10.1.0.0/16 table 101 dev wg3\n"
		 "set 10.1.0.0/16 p5\n"
		 "message 1\n");
	answer(1, P " p5");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.3.5 foreign-allowed-ip\n"
		 "del 10.1.0.0/16 dev wg3\n");
}

/* --- answers that nobody waits for --- */

/* The entry was to be handed over, then taken away, then the kernel kept the route: it goes back,
 * and wgd does not take it any more. */
static void test_back_refused(void **state)
{
	rig_bgp("10.0.0.0/8", "10.9.0.3");
	rig_bgp(P, "10.9.0.1");
	hold();
	rig_delete_error = -EPERM;
	rig_bgp(P, "");
	rig_told();
	answer(1, P " p3");
	RIG_TOLD("unset 10.1.0.0/16 p1\n"
		 "message 2\n");
	answer(2, "");
	RIG_TOLD("del 10.1.0.0/16 dev wg0\n"
		 "refused 10.1.0.0/16 by all kernel-error\n"
		 "set 10.1.0.0/16 p1\n"
		 "message 3\n");
	rig_delete_error = 0;
	answer(3, P " p1");
	RIG_TOLD("");
	assert_null(fib_owner_on(rib_installed(rib_find(&(struct prefix[]){rig_prefix(P)}[0])),
				 RIG_WG0));
	rig_pass(RETRY_MAX_MS);
	RIG_TOLD("cleared 10.1.0.0/16 by all kernel-error\n"
		 "del 10.1.0.0/16 dev wg0\n");
}

/* The route is to go where an entry is that lingers; before that is written the entry is lost. */
static void test_lost_under_way(void **state)
{
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_bgp(P, "10.9.1.2");
	rig_told();
	hold();
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.2.4");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.2.0.0/16 p4\n"
		 "message 1\n");
	entry(P, 1, REASON_FOREIGN_ALLOWED_IP);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n");
	answer(1, "");
	RIG_TOLD("add 10.2.0.0/16 dev wg2\n");
}

/* Late ones, repeated ones, and those of messages that never were. */
static void test_late(void **state)
{
	struct msg_allowed_refused no = {1, rig_prefix(P), REASON_WG_ERROR};
	struct msg_allowed_ack ack = {.batch = 7777, .n = 1, .refused = &no};

	hold();
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_told();
	answer(1, "");
	RIG_TOLD("add 10.1.0.0/16 dev wg0\n");
	answer(1, "");
	RIG_TOLD("");
	answer(1, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "change 10.1.0.0/16 dev wg1\n");
	answer(1, P " p1");
	RIG_TOLD("");
	entry(P, 1, REASON_NONE);
	rig_told();
	answer(n_messages, "");
	rig_told();
	fib_acked(&ack);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 wireguard-error\n"
		 "change 10.1.0.0/16 dev wg1\n");
	entry(P, 1, REASON_NONE);
	rig_told();
	answer(n_messages, "");
	rig_told();
	ack.batch = 0;
	fib_acked(&ack);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 wireguard-error\n"
		 "change 10.1.0.0/16 dev wg1\n");
}

/* The answer to a message that nobody waits for lets nothing on that waits for another one. */
static void test_not_its_answer(void **state)
{
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	hold();
	rig_bgp("10.2.0.0/16", "");
	RIG_TOLD("del 10.2.0.0/16 dev wg0\n"
		 "unset 10.2.0.0/16 p1\n"
		 "message 1\n");
	rig_bgp(P, "10.9.0.1");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 2\n");
	answer(1, "");
	RIG_TOLD("");
	answer(0, "");
	RIG_TOLD("");
	answer(2, "");
	RIG_TOLD("add 10.1.0.0/16 dev wg0\n");
}

/* Refusals in the answer to a replay are facts, whichever of its messages they are of. */
static void test_replayed(void **state)
{
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	hold();
	next_wgd();
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "message 1\n"
		 "sync\n");
	answer(1, "10.2.0.0/16 p1 " P " p2");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "refused 10.2.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "del 10.2.0.0/16 dev wg0\n");
}

/* An interface is made anew: its peers keep their numbers, and the entries that they get there. */
static void test_interface_anew(void **state)
{
	rig_bgp(P, "10.9.0.1");
	hold();
	tunnel_if_gone(RIG_WG0);
	rig_peer(1, RIG_WG3, "10.9.0.1", NULL, TUNNEL_UP);
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "message 1\n");
	answer(1, "");
	RIG_TOLD("change 10.9.0.1/32 dev wg3\n"
		 "change 10.1.0.0/16 dev wg3\n"
		 "del 10.9.0.3/32 dev wg0\n");
}

/* Of a static route, too, what wgd refused is not asked again and again, and bgpd is told that it
 * is not used. */
static void test_static_refused(void **state)
{
	rig_configure("{" RIG_PERMIT ", 'rib': {'static': [{'prefix': '" P "', "
		      "'next-hop': '10.9.0.1'}]}}");
	RIG_TOLD("redist +static 10.1.0.0/16 metric 0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	entry(P, 1, REASON_STATIC_ENTRY);
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 static-entry\n"
		 "redist -static 10.1.0.0/16 metric 0\n"
		 "del 10.1.0.0/16 dev wg0\n");
	entry(P, 1, REASON_NONE);
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.1 static-entry\n"
		 "redist +static 10.1.0.0/16 metric 0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
}

/* What a wgd refused is asked of the next one again: it knows of no refusal that it could end. */
static void test_refused_by_the_one_before(void **state)
{
	hold();
	rig_bgp(P, "10.9.0.1");
	rig_told();
	answer(1, P " p1");
	rig_told();
	next_wgd();
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n"
		 "sync\n"
		 "set 10.1.0.0/16 p1\n"
		 "message 2\n");
	answer(2, P " p1");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.0.1 foreign-allowed-ip\n");
}

/* --- pins --- */

/* The pin goes while what it is for is asked: that is written, and goes again. */
static void test_pin_lost(void **state)
{
	rig_peer(4, RIG_WG2, "10.9.2.4", "203.0.113.1:51820", TUNNEL_UP);
	rig_told();
	hold();
	rig_bgp("203.0.113.0/24", "10.9.0.1");
	RIG_TOLD("add 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "set 203.0.113.0/24 p1\n"
		 "message 1\n");
	rig_kernel(false, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	RIG_TOLD("redist -kernel 0.0.0.0/0 metric 0\n");
	answer(1, "");
	RIG_TOLD("add 203.0.113.0/24 dev wg0\n"
		 "refused 203.0.113.0/24 by all covers-endpoint\n"
		 "del 203.0.113.0/24 dev wg0\n"
		 "del 203.0.113.1/32 via 198.51.100.254 dev u0\n"
		 "unset 203.0.113.0/24 p1\n"
		 "message 2\n");
}

/* --- nexthop objects: 10.1.0.0/16 has one that 10.2.0.0/16 is to share --- */

static void share(void)
{
	out.nexthop_set = rigs_object;
	rig_bgp(P, "10.9.0.1 10.9.1.2");
	hold();
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "message 1\n");
}

/* It is deleted while the entries of a route by it are asked: that is written by another one. */
static void test_object_lost(void **state)
{
	share();
	nhobj_lost(NHOBJ_FIRST);
	RIG_TOLD("resync: a nexthop object was deleted\n");
	holding = false;
	answer(1, "");
	RIG_TOLD("object 2 new dev wg0\n"
		 "add 10.2.0.0/16 object 2\n"
		 "change 10.1.0.0/16 object 2\n"
		 "object 1 del\n");
}

/* It moves meanwhile, and the route follows it; or its entry there is refused. */
static void test_object_moves(void **state)
{
	share();
	tunnel_down();
	RIG_TOLD("object 1 dev wg1\n");
	answer(1, "");
	RIG_TOLD("add 10.2.0.0/16 object 1\n");
}

static void test_object_moves_refused(void **state)
{
	share();
	tunnel_down();
	RIG_TOLD("object 1 dev wg1\n");
	holding = false;
	answer(1, "10.2.0.0/16 p2");
	RIG_TOLD("refused 10.2.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "unset 10.2.0.0/16 p1\n");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_pass(4000);
	RIG_TOLD("set 10.2.0.0/16 p1\n"
		 "add 10.2.0.0/16 dev wg0\n"
		 "object 1 dev wg0\n");
}

/* It does not move to where the entry of one of its routes was lost. */
static void test_object_without_entry(void **state)
{
	share();
	holding = false;
	answer(1, "");
	RIG_TOLD("add 10.2.0.0/16 object 1\n");
	entry("10.2.0.0/16", 2, REASON_FOREIGN_ALLOWED_IP);
	RIG_TOLD("refused 10.2.0.0/16 by 10.9.1.2 foreign-allowed-ip\n"
		 "change 10.2.0.0/16 dev wg0\n");
	tunnel_down();
	RIG_TOLD("object 1 dev wg1\n"
		 "del 10.2.0.0/16 dev wg0\n"
		 "unset 10.2.0.0/16 p1\n");
}

/* The kernel refuses a route by it, and then whatever names one. */
static void test_object_refused(void **state)
{
	share();
	holding = false;
	rig_route_error = -EINVAL;
	answer(1, "");
	rig_route_error = 0;
	RIG_TOLD("add 10.2.0.0/16 object 1\n"
		 "resync: a nexthop object was deleted\n"
		 "object 2 new dev wg0\n"
		 "add 10.2.0.0/16 object 2\n"
		 "change 10.1.0.0/16 object 2\n"
		 "object 1 del\n");
	rig_pass(4000);
	RIG_TOLD("");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_asked),
		T(test_writing),
		T(test_between),
		T(test_heir_gone),
		T(test_heir_gone_for_nothing),
		T(test_heir_refused_by_others),
		T(test_removal_behind_growth),
		T(test_two_answers),
		T(test_cover),
		T(test_cover_goes),
		T(test_moved),
		T(test_moved_to_one_gone),
		T(test_goes_and_comes),
		T(test_one_of_several),
		T(test_free_behind_a_route),
		T(test_planes),
		T(test_lost_in_other_plane),
		T(test_given_back_refused),
		T(test_back_refused),
		T(test_lost_under_way),
		T(test_late),
		T(test_not_its_answer),
		T(test_replayed),
		T(test_refused_by_the_one_before),
		T(test_interface_anew),
		T(test_static_refused),
		T(test_pin_lost),
		T(test_object_lost),
		T(test_object_moves),
		T(test_object_moves_refused),
		T(test_object_without_entry),
		T(test_object_refused),
	};

	log_init("fib_between_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
