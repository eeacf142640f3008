/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slow.h"

#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "tunnel.h"

enum { MESSAGES = 32 };

bool slow_wgd, slow_kernel;

static void (*rigs_allowed)(const struct msg_allowed *m);
static bool (*rigs_done)(uint32_t flush, bool wait);
static int (*rigs_object)(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create);
static uint32_t numbers[MESSAGES];
static unsigned n_messages, wrong;

static void on_allowed(const struct msg_allowed *m)
{
	if (!slow_wgd) {
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
	return (wait || !slow_kernel) && rigs_done(flush, wait);
}

void slow_answer(unsigned i, const char *refused)
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

unsigned slow_messages(void)
{
	return n_messages;
}

void slow_entry(const char *prefix, uint32_t peer, enum reason reason)
{
	struct msg_allowed_refused m = {peer, rig_prefix(prefix), reason};

	fib_allowed_refused(&m);
}

void slow_hold(void)
{
	rig_told();
	slow_wgd = true;
	n_messages = 0;
}

void slow_peers(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_peer(4, RIG_WG2, "10.9.2.4", NULL, TUNNEL_UP);
}

void slow_next_wgd(const char *prefix, uint32_t peer)
{
	struct allowed_change c = {.op = ALLOWED_SET, .peer_id = peer};
	struct msg_allowed held = {.n = 1, .changes = &c};

	fib_wgd_away();
	tunnel_begin();
	for (uint32_t i = RIG_WG0; i <= RIG_WG3; i++)
		rig_if(i, true);
	slow_peers();
	if (prefix) {
		c.prefix = rig_prefix(prefix);
		fib_held(&held);
	}
	tunnel_synced();
	fib_wgd_synced();
}

void slow_objects(void)
{
	out.nexthop_set = rigs_object;
}

int slow_setup(void **state)
{
	rig_begin();
	rigs_allowed = out.allowed;
	rigs_done = out.route_done;
	rigs_object = out.nexthop_set;
	out.allowed = on_allowed;
	out.route_done = on_done;
	out.nexthop_set = NULL;
	slow_wgd = slow_kernel = false;
	slow_peers();
	rig_told();
	return 0;
}

/* --- rows --- */

void slow_check(const char *where, const char *name, const char *got, const char *want)
{
	if (str_eq(got, want))
		return;
	print_error("%s, %s:\n%s--- instead of\n%s", where, name, got, want);
	wrong++;
}

void slow_rows(size_t n, void (*run)(size_t i), void **state)
{
	wrong = 0;
	rig_end(state);
	for (size_t i = 0; i < n; i++) {
		slow_setup(state);
		run(i);
		rig_end(state);
	}
	slow_setup(state);
	assert_int_equal(wrong, 0);
}
