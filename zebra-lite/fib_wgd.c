/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_wgd: the conversation with wgd: messages and their numbers, and how one that we have just met
 * is brought to what stands.
 *
 * Each message has a number, which its answer has, too. A new wgd gets all entries again; when it
 * has answered the last of them it is as the one before it. When all that is wanted has been sent,
 * too, it is told so, once, and may sweep what nobody named.
 */
#include <stdlib.h>

#include "fib_internal.h"
#include "rib.h"
#include "zhistory.h"

#define REPLAY_MAX 4096 /* entries a message */

enum wgd_state { WGD_AWAY, WGD_REPLAY, WGD_READY };

static struct fib_entries entries; /* being put together */
static uint32_t given;		   /* the last number */
static uint32_t last;		   /* that of the last message with entries */
static uint32_t replayed;	   /* the answer that ends a replay; 0: not awaited */
static uint32_t sync_batch;	   /* the answer to it; 0: none on its way */
static bool sync_due;
static enum wgd_state wgd;
static uint32_t replay_at; /* place of the walk */

struct fib_entries *fib_wgd_entries(void)
{
	return &entries;
}

static uint32_t next_number(void) /* never 0 */
{
	given = given % UINT32_MAX + 1;
	return given;
}

uint32_t fib_wgd_send(void)
{
	if (!entries.m.n)
		return 0;
	last = entries.m.batch = fib_gate.next ? fib_gate.next : next_number();
	fib_gate.next = next_number();
	if (entries.m.n > entries.sets)
		fib_gate.unsets = last;
	zhistory_entries(&entries.m);
	out.allowed(&entries.m);
	fib_counters.sets += entries.sets;
	fib_counters.unsets += entries.m.n - entries.sets;
	entries.m.n = entries.sets = 0;
	return last;
}

void fib_wgd_sync_when(bool settled)
{
	if (!settled || !sync_due)
		return;
	sync_batch = next_number();
	out.allowed_sync(sync_batch);
	sync_due = false;
}

bool fib_wgd_listens(void)
{
	return wgd != WGD_AWAY && !replayed && !(out.wgd_full && out.wgd_full());
}

bool fib_wgd_is_new(void)
{
	return wgd == WGD_REPLAY;
}

bool fib_wgd_replay(bool settled)
{
	struct rib_node *n = NULL;

	for (unsigned i = 0; i < REPLAY_MAX && entries.m.n < REPLAY_MAX; i++) {
		n = rib_walk(&replay_at);
		if (!n)
			break;
		rib_clear_entries(n, NULL); /* of the wgd before: it would free nothing */
		fib_replay(n, &entries);
	}
	fib_wgd_send();
	if (n)
		return true;
	replayed = fib_gate.acked == last ? 0 : last;
	fib_wgd_sync_when(settled);
	if (!replayed)
		wgd = WGD_READY;
	return !replayed;
}

bool fib_wgd_swept(uint32_t answer)
{
	if (!sync_batch || answer != sync_batch)
		return false;
	sync_batch = 0;
	return true;
}

bool fib_wgd_replayed(uint32_t answer)
{
	fib_gate.acked = answer;
	if (fib_later(fib_gate.waived, answer) == answer)
		fib_gate.waived = 0;
	if (!replayed || answer != replayed)
		return false;
	replayed = 0;
	wgd = WGD_READY;
	return true;
}

bool fib_wgd_idle(void)
{
	return !replayed && wgd == WGD_READY && !sync_due && !sync_batch;
}

/* Entries know no planes: the one of the interface has them, see fib_entry(). */
void fib_held(const struct msg_allowed *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		struct tunnel_peer *peer = tunnel_peer_by_id(m->changes[i].peer_id);
		struct prefix p = m->changes[i].prefix;

		if (!peer || peer->iface->any)
			continue;
		p.plane = peer->iface->plane;
		fib_hold(rib_get(&p), peer, &entries);
	}
}

void fib_wgd_begin(void)
{
	wgd = WGD_REPLAY;
	fib_gate.wgd_met = sync_due = true;
	fib_gate.acked = last;
	fib_gate.waived = 0;
	replay_at = 0;
}

void fib_wgd_forget(void)
{
	replayed = 0;
	entries.m.n = entries.sets = 0;
}

void fib_wgd_lost(void)
{
	wgd = WGD_AWAY;
	fib_gate.acked = last; /* it answers no more */
	sync_batch = 0;
}

void fib_wgd_reset(void)
{
	free(entries.m.changes);
	entries = (struct fib_entries){0};
	given = last = replayed = sync_batch = 0;
	wgd = WGD_AWAY;
	sync_due = false;
}
