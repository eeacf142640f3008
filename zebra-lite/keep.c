/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "zconfig.h"

#define TEXT_MAX 256

static const char *describe(const struct keep *k, const struct kept *e, char text[TEXT_MAX])
{
	k->describe(e, text, TEXT_MAX);
	return text;
}

static void keep_forget(struct keep *k, struct kept *e)
{
	TAILQ_REMOVE(&k->list, e, link);
	free(e);
}

static void retry_due(void *arg)
{
	keep_sync_all(arg);
}

/* Until the first that waits may be tried. */
static void wait_for_next(struct keep *k)
{
	uint64_t least = RETRY_MAX_MS;
	const struct kept *e;
	bool any = false;

	TAILQ_FOREACH (e, &k->list, link) {
		if (!e->retry.error)
			continue;
		any = true;
		least = retry_left_ms(&e->retry) < least ? retry_left_ms(&e->retry) : least;
	}
	if (!any)
		return;
	if (!k->retry.ready)
		timer_init(&k->retry, retry_due, k);
	timer_start(&k->retry, least);
}

static void keep_failed(struct keep *k, struct kept *e, const char *what, int err)
{
	char text[TEXT_MAX];

	if (retry_failed(&e->retry, err))
		log_error(k->refused, "operation=%s %s error=\"%s\"", what, describe(k, e, text),
			  strerror(-err));
	wait_for_next(k);
}

bool keep_in_place(const struct kept *e)
{
	return e->installed || e->retry.error == -EEXIST; /* somebody's may go some day */
}

static bool is_due(const struct keep *k, const struct kept *e)
{
	return e->wanted && zconfig.kernel && !k->torn_down;
}

/* All that is wanted of what E rests on is there. */
static bool has_support(const struct keep *k, const struct kept *e)
{
	const struct kept *other;

	if (k->rests_on)
		TAILQ_FOREACH (other, &k->list, link)
			if (other->wanted && k->rests_on(e, other) && !keep_in_place(other))
				return false;
	return true;
}

/* Something that could not be taken out rests on E. */
static bool is_needed(const struct keep *k, const struct kept *e)
{
	const struct kept *other;

	if (k->rests_on)
		TAILQ_FOREACH (other, &k->list, link)
			if (other->installed && !is_due(k, other) && k->rests_on(other, e))
				return true;
	return false;
}

/* E came, went, was refused, or is not wanted any more. */
static void support_changed(struct keep *k, const struct kept *e)
{
	struct kept *other;

	if (k->rests_on)
		TAILQ_FOREACH (other, &k->list, link)
			if (other->wanted && k->rests_on(other, e))
				keep_sync(k, other);
}

bool keep_take_out(struct keep *k, struct kept *e)
{
	int err = !e->installed ? 0 : is_needed(k, e) ? -EBUSY : k->write(e, false);

	if (err < 0 && err != -ESRCH && err != -ENOENT && err != -ENODEV) {
		keep_failed(k, e, "delete", err);
		return false;
	}
	e->installed = false;
	retry_done(&e->retry);
	return true;
}

void keep_sync(struct keep *k, struct kept *e)
{
	int err;

	if (!k->ready || (retry_waits(&e->retry) && !k->torn_down))
		return;
	if (!is_due(k, e) || !has_support(k, e)) {
		if (keep_take_out(k, e) && !e->wanted)
			keep_forget(k, e);
		return;
	}
	if (e->installed && !(k->differs && k->differs(e))) {
		retry_done(&e->retry);
		return;
	}
	err = k->write(e, true);
	if (err < 0) {
		keep_failed(k, e, e->installed ? "change" : "add", err);
	} else {
		e->installed = true;
		retry_done(&e->retry);
		e->epoch = k->epoch;
	}
	support_changed(k, e);
}

/* Those on which something rests that has to go wait, and go from the last one to the first. */
void keep_sync_all(struct keep *k)
{
	struct kept *e, *next;
	bool any = false;

	for (e = TAILQ_FIRST(&k->list); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (is_needed(k, e))
			any = true;
		else
			keep_sync(k, e);
	}
	for (e = any ? TAILQ_LAST(&k->list, kept_list) : NULL; e; e = next) {
		next = TAILQ_PREV(e, kept_list, link);
		keep_sync(k, e);
	}
	wait_for_next(k);
}

void keep_kick(struct keep *k)
{
	bool any = false;
	struct kept *e;

	TAILQ_FOREACH (e, &k->list, link)
		any |= retry_kick(&e->retry);
	if (any)
		keep_sync_all(k);
	else
		wait_for_next(k);
}

void keep_unwant(struct keep *k, struct kept *e)
{
	if (!e->wanted)
		return;
	e->wanted--;
	if (!e->wanted)
		support_changed(k, e);
	if (!e->wanted && !e->installed) {
		keep_forget(k, e);
		return;
	}
	if (!e->wanted)
		retry_done(&e->retry); /* taking it out is another thing than putting it in */
	keep_sync(k, e);
}

static void say_drift(struct keep *k, const struct kept *e)
{
	char text[TEXT_MAX];

	k->drift++;
	log_warn("drift-repaired", "what=%s %s", k->what, describe(k, e, text));
}

void keep_repair(struct keep *k, struct kept *e)
{
	if (e->wanted)
		say_drift(k, e);
	keep_sync(k, e);
}

void keep_read_begin(struct keep *k)
{
	k->epoch++;
	k->reading = true;
}

void keep_seen(struct keep *k, struct kept *e)
{
	e->installed = true;
	e->epoch = k->epoch;
}

bool keep_gone(struct keep *k, struct kept *e)
{
	if (k->reading)
		e->epoch = k->epoch - 1; /* seen or not, it is gone */
	else
		e->installed = false;
	return !k->reading;
}

void keep_read_end(struct keep *k)
{
	char text[TEXT_MAX];
	struct kept *e;

	k->reading = false;
	k->ready = true;
	TAILQ_FOREACH (e, &k->list, link) {
		bool lost = e->installed && e->epoch != k->epoch;

		e->installed = e->installed && !lost;
		if (lost && e->wanted)
			say_drift(k, e);
		else if (e->installed && !e->wanted)
			log_info(k->swept, "%s", describe(k, e, text));
	}
	keep_sync_all(k);
}

void keep_teardown(struct keep *k)
{
	k->torn_down = true;
	keep_sync_all(k);
}

void keep_reset(struct keep *k)
{
	while (!TAILQ_EMPTY(&k->list))
		keep_forget(k, TAILQ_FIRST(&k->list));
	timer_stop(&k->retry);
	k->retry.ready = k->reading = k->ready = k->torn_down = false;
	k->drift = 0;
}
