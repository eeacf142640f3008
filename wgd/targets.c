/* SPDX-License-Identifier: BSD-2-Clause */
#include "targets.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "retry.h"
#include "util.h"

static void free_target(struct target *t)
{
	free(t->text);
	free(t->host);
}

void targets_free(struct targets *ts)
{
	for (unsigned i = 0; i < ts->n; i++)
		free_target(&ts->t[i]);
	free(ts->t);
	ts->t = NULL;
	ts->n = 0;
	ts->current = -1;
}

/* [fe80::1%eth0]:51820: an address once there is such an interface. */
static bool parse_zoned(struct target *t)
{
	char host[128], *zone, *end;
	struct endpoint e = {.port = t->port};

	if (t->text[0] != '[' || !str_copy(host, t->text + 1, sizeof(host)))
		return false;
	end = strchr(host, ']');
	zone = strchr(host, '%');
	if (!zone || !end || zone > end)
		return false;
	*zone = *end = '\0';
	e.scope_id = if_nametoindex(zone + 1);
	if (!e.scope_id || addr_parse(host, &e.addr) < 0)
		return false;
	t->at[0] = e;
	t->n = 1;
	return true;
}

static void parse(struct target *t, const char *text)
{
	const char *colon = strrchr(text, ':');

	t->text = xstrdup(text);
	t->port = colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
	if (endpoint_parse(text, &t->at[0]) == 0) {
		t->n = 1;
		return;
	}
	if (parse_zoned(t) || text[0] == '[')
		return;
	t->host = xstrdup(text);
	if (colon)
		t->host[colon - text] = '\0';
}

static bool same_list(const struct targets *ts, char *const *texts, unsigned n)
{
	if (ts->n != n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!str_eq(ts->t[i].text, texts[i]))
			return false;
	return true;
}

bool targets_set(struct targets *ts, char *const *texts, unsigned n)
{
	struct target *list;
	int current = -1;

	if (same_list(ts, texts, n))
		return false;
	list = xcalloc(n + 1, sizeof(*list));
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < ts->n && !list[i].text; j++) {
			if (!ts->t[j].text || !str_eq(ts->t[j].text, texts[i]))
				continue;
			list[i] = ts->t[j];
			list[i].asking = false; /* the answer goes by the place in the list */
			ts->t[j] = (struct target){0};
			if (ts->current == (int)j)
				current = (int)i;
		}
		if (!list[i].text)
			parse(&list[i], texts[i]);
	}
	targets_free(ts);
	ts->t = list;
	ts->n = n;
	ts->current = current;
	return true;
}

int targets_find(const struct targets *ts, const struct endpoint *e)
{
	for (unsigned i = 0; i < ts->n; i++)
		for (unsigned j = 0; j < ts->t[i].n; j++)
			if (endpoint_eq(&ts->t[i].at[j], e))
				return (int)i;
	return -1;
}

/* An address of T that there is a way to; when there is none, the one whose turn it is. */
static unsigned choose_address(const struct targets *ts, const struct target *t)
{
	for (unsigned i = 0; ts->usable && i < t->n; i++) {
		unsigned at = (t->next + i) % t->n;

		if (ts->usable(ts->arg, &t->at[at].addr))
			return at;
	}
	return t->next % t->n;
}

bool targets_pick(struct targets *ts, struct endpoint *out)
{
	struct target *best = NULL;

	for (unsigned i = 0; i < ts->n; i++) {
		struct target *t = &ts->t[i];

		if (!t->n && !t->host)
			parse_zoned(t);
		if (t->n && (!best || t->failures < best->failures))
			best = t;
	}
	if (!best)
		return false;
	best->next = choose_address(ts, best);
	ts->current = (int)(best - ts->t);
	*out = best->at[best->next];
	return true;
}

void targets_failed(struct targets *ts)
{
	struct target *t;

	if (ts->current < 0)
		return;
	t = &ts->t[ts->current];
	t->failures++;
	if (t->n)
		t->next = (t->next + 1) % t->n;
}

void targets_worked(struct targets *ts, const struct endpoint *e)
{
	int i = targets_find(ts, e);

	ts->current = i;
	if (i < 0)
		return;
	ts->t[i].failures = 0;
	for (unsigned j = 0; j < ts->t[i].n; j++)
		if (endpoint_eq(&ts->t[i].at[j], e))
			ts->t[i].next = j;
}

/* --- names --- */

static uint64_t pause_after_failure(const struct target *t)
{
	return retry_delay_ms(TARGETS_RETRY_MS, t->unanswered ? t->unanswered - 1 : 0,
			      TARGETS_RETRY_MAX_MS);
}

static bool is_due(const struct target *t, uint64_t now, bool works)
{
	if (!t->host || t->asking)
		return false;
	if (t->unanswered)
		return now - t->asked_at >= pause_after_failure(t);
	return now >= t->expires || (!works && now - t->asked_at >= TARGETS_DOWN_MS);
}

int targets_due(struct targets *ts, uint64_t now, bool works)
{
	for (unsigned i = 0; i < ts->n; i++) {
		struct target *t = &ts->t[i];

		if (!is_due(t, now, works))
			continue;
		t->asking = true;
		t->asked_at = now;
		return (int)i;
	}
	return -1;
}

bool targets_resolved(struct targets *ts, unsigned i, const char *host, const struct resolved *r,
		      uint64_t now)
{
	struct target *t = i < ts->n ? &ts->t[i] : NULL;
	uint64_t ttl = r->ttl * 1000ull;
	struct endpoint before;

	if (!t || !t->host || !str_eq(t->host, host))
		return false;
	t->asking = false;
	t->error = r->error;
	if (r->error) {
		t->unanswered++;
		return true; /* what was known stays */
	}
	t->unanswered = 0;
	ttl = ttl < TARGETS_TTL_MIN_MS ? TARGETS_TTL_MIN_MS : ttl;
	t->expires = now + (ttl < TARGETS_TTL_MAX_MS ? ttl : TARGETS_TTL_MAX_MS);
	before = t->n ? t->at[t->next % t->n] : (struct endpoint){0};
	t->n = r->n;
	t->next = 0;
	for (unsigned j = 0; j < r->n; j++) {
		t->at[j] = (struct endpoint){.addr = r->addr[j], .port = t->port};
		if (endpoint_eq(&t->at[j], &before))
			t->next = j;
	}
	if (before.addr.family && !endpoint_eq(&t->at[t->next], &before))
		t->failures = 0; /* elsewhere now */
	return true;
}
