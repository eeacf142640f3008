/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo.h"

#define LARGE_INTERVAL_US 1000000 /* of large requests, at least */
#define REORDER_US 100000 /* an answer may be overtaken by those to requests so much later */
#define ROW_MAX 30
#define CHANCE 1e-5 /* of a row that is nothing but loss */

void echo_init(struct echo *e, uint16_t first_seq)
{
	*e = (struct echo){.next_seq = first_seq};
}

static struct echo_slot *slot_of(struct echo *e, uint16_t seq)
{
	return &e->slots[seq % ECHO_SLOTS];
}

/* At the end of a row of large ones: the last one before. */
static void settle_large(struct echo *e)
{
	if (e->large_waiting && e->large_passed)
		e->large_row++;
}

uint16_t echo_sent(struct echo *e, uint64_t now, bool large)
{
	uint16_t seq = e->next_seq++;

	*slot_of(e, seq) = (struct echo_slot){now, seq, ECHO_WAITING, large};
	e->sent++;
	if (large) {
		settle_large(e);
		e->large_seq = seq;
		e->large_at = now;
		e->large_waiting = true;
		e->large_passed = false;
		return seq;
	}
	if (!e->row++)
		e->row_since = now;
	return seq;
}

/* Small requests that wait although one that was sent well after them was answered. */
static uint32_t find_lost(struct echo *e, uint16_t answered)
{
	uint64_t sent = slot_of(e, answered)->sent;
	uint32_t lost = 0;

	/* Behind the oldest one comes the slot of ANSWERED. */
	for (uint16_t seq = answered - 1;; seq--) {
		struct echo_slot *s = slot_of(e, seq);

		if (s->seq != seq || s->fate == ECHO_NONE)
			break;
		if (s->large || s->fate != ECHO_WAITING || sent - s->sent < REORDER_US)
			continue;
		s->fate = ECHO_NONE;
		lost++;
	}
	return lost;
}

/* What is under way at the end of an outage measures nothing. */
static void age_waiting(struct echo *e)
{
	for (unsigned i = 0; i < ECHO_SLOTS; i++)
		if (e->slots[i].fate == ECHO_WAITING)
			e->slots[i].fate = ECHO_OLD;
}

struct echo_answer echo_received(struct echo *e, uint16_t seq, uint64_t now)
{
	struct echo_slot *s = slot_of(e, seq);
	struct echo_answer a = {0};

	if (s->seq != seq || (s->fate != ECHO_WAITING && s->fate != ECHO_OLD))
		return a;
	a.first = s->fate == ECHO_OLD || !e->answered || e->outage;
	s->fate = ECHO_ANSWERED;
	a.known = true;
	a.large = s->large;
	a.rtt = now > s->sent ? now - s->sent : 0;
	e->received++;
	if (s->large) {
		if (seq == e->large_seq)
			e->large_waiting = false;
		e->large_row = 0;
		return a;
	}
	if (e->large_waiting && s->sent > e->large_at)
		e->large_passed = true;
	if (!e->answered || e->outage)
		age_waiting(e);
	a.lost = find_lost(e, seq);
	e->lost += a.lost;
	e->answered = true;
	e->row = 0;
	e->outage = false;
	return a;
}

uint32_t echo_needed(const struct conf_liveness *c, unsigned loss)
{
	double chance = 1;
	uint32_t n = 0;

	while (n < ROW_MAX && (n < c->echo_multiplier || chance > CHANCE)) {
		chance *= loss / 1000.0;
		n++;
	}
	return n > c->echo_multiplier ? n : c->echo_multiplier;
}

bool echo_suspicious(const struct echo *e, const struct conf_liveness *c, unsigned loss)
{
	return e->answered && e->row > echo_needed(c, loss) / 2;
}

bool echo_last_sent(const struct echo *e, const struct conf_liveness *c, unsigned loss)
{
	return e->answered && !e->outage && e->row == echo_needed(c, loss);
}

bool echo_unanswered(struct echo *e, const struct conf_liveness *c, unsigned loss, uint64_t grace,
		     uint64_t now)
{
	uint32_t needed = echo_needed(c, loss);
	uint64_t interval = (uint64_t)c->echo_interval * 1000;

	if (e->outage)
		return true;
	e->outage = e->answered && e->row >= needed &&
		    now - e->row_since >=
			    (needed - 1) * interval + (grace < interval ? grace : interval);
	return e->outage;
}

bool echo_dead(const struct echo *e, const struct conf_liveness *c, unsigned loss)
{
	return e->outage && e->row >= 2 * echo_needed(c, loss);
}

bool echo_large_due(const struct echo *e, const struct conf_liveness *c, uint64_t now)
{
	uint64_t interval = (uint64_t)c->echo_interval * 1000;

	if (interval < LARGE_INTERVAL_US)
		interval = LARGE_INTERVAL_US;
	return c->echo_size && e->answered && (!e->large_at || now - e->large_at >= interval);
}

bool echo_black_hole(const struct echo *e, const struct conf_liveness *c, unsigned loss)
{
	return c->echo_size && e->large_row >= echo_needed(c, loss);
}
