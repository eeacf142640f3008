/* SPDX-License-Identifier: BSD-2-Clause */
#include "history_show.h"

#include <stdlib.h>

#include "conf.h"
#include "history.h"
#include "util.h"

#define QUANTUM 256 /* events looked at in one step */
#define MINUTES 10
#define MINUTES_MAX 1440

/* False: the answer has ended. */
static bool read_filter(struct show *s, struct history_filter *f)
{
	if (history_filter_read(s->args, f) == 0)
		return true;
	show_end(s, "prefix: not a prefix");
	return false;
}

/* ---- history */

struct reading {
	struct history_filter filter;
	uint64_t at, end; /* numbers of events; what comes later is not waited for */
};

static void history_start(struct show *s)
{
	struct reading *r = xcalloc(1, sizeof(*r));

	s->state = r;
	if (!read_filter(s, &r->filter))
		return;
	r->end = history_ring.n;
	r->at = r->end > HISTORY_EVENTS ? r->end - HISTORY_EVENTS : 0;
	show_head(s, json_object(), "events");
}

static void history_step(struct show *s)
{
	struct reading *r = s->state;

	for (unsigned i = 0; i < QUANTUM && r->at < r->end && !show_full(s); i++) {
		const struct history_event *e = history_event(r->at++);

		if (e && history_matches(&r->filter, e))
			show_row(s, history_row(e));
	}
	if (r->at == r->end)
		show_end(s, NULL);
}

static void history_finish(struct show *s)
{
	free(s->state);
}

/* ---- debug */

static const char *debug_error(const struct history_filter *f, unsigned minutes)
{
	if (!f->prefix.family && !f->peer[0])
		return "which prefix, neighbor or tunnel?";
	if (!minutes || minutes > MINUTES_MAX)
		return "minutes: 1 to 1440";
	return history_debug(f, minutes) < 0 ? "too many at a time (`no debug`)" : NULL;
}

static void debug_start(struct show *s)
{
	bool any = conf_has(s->args, "minutes");
	uint32_t minutes = any ? conf_u32(s->args, "minutes", 0) : MINUTES;
	struct history_filter filter;

	if (!read_filter(s, &filter))
		return;
	show_head(s, json_object(), NULL);
	show_end(s, debug_error(&filter, minutes));
}

static void debug_off_start(struct show *s)
{
	history_debug_off();
	show_object(s, json_object());
}

static void debugs_start(struct show *s)
{
	json_t *row;

	show_head(s, json_object(), "debugs");
	for (unsigned i = 0; (row = history_debug_row(i)); i++)
		show_row(s, row);
	show_end(s, NULL);
}

const struct show_command history_commands[] = {
	{"history", history_start, history_step, history_finish},
	{"debug", debug_start, NULL, NULL},
	{"debug-off", debug_off_start, NULL, NULL},
	{"debugs", debugs_start, NULL, NULL},
	{NULL, NULL, NULL, NULL},
};
