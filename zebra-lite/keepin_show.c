/* SPDX-License-Identifier: BSD-2-Clause */
#include "keepin_show.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "keepin_default.h"
#include "keepin_run.h"
#include "loop.h"
#include "pin.h"
#include "planes.h"
#include "reason.h"
#include "rib_lost.h"
#include "util.h"
#include "zconfig.h"

#define ROWS 64 /* between two looks at the channel */

/* The name is for programs, the text for people. */
static const struct {
	const char *name, *text;
} states[KEEPIN_STATES] = {
	[KEEPIN_PENDING] = {"pending", "not written yet"},
	[KEEPIN_WANTED] = {"pending", "not written yet"},
	[KEEPIN_OVER] = {"pending", "it goes"},
	[KEEPIN_COVERED] = {"covered", "the next shorter route leads into a tunnel"},
	[KEEPIN_CONNECTED] = {"connected", "inside the network of an interface"},
	[KEEPIN_ENDPOINT] = {"covers-endpoint", "it would catch the endpoint of a tunnel"},
	[KEEPIN_KERNEL_OFF] = {"off", "configured not to install routes"},
	[KEEPIN_PIN_AWAITED] = {"pending", "an endpoint inside has no host route yet"},
};

static const char *state_name(const struct keepin *e)
{
	return e->retry.error ? "refused" : e->installed ? "installed" : states[e->state].name;
}

static const char *state_text(const struct keepin *e)
{
	return e->retry.error ? strerror(-e->retry.error)
	       : e->installed ? "refused where no tunnel has a route"
			      : states[e->state].text;
}

static json_t *seconds_left(const struct keepin *e)
{
	uint64_t now = now_ms();

	if (!e->learned || !e->until_ms)
		return json_null();
	return json_integer(e->until_ms > now ? (json_int_t)(e->until_ms - now) / 1000 : 0);
}

/* PRIORITY: of the first rule that leads to the table, 0: none of ours does. */
static json_t *row_of(const struct prefix *p, uint32_t table, uint32_t priority, const char *by,
		      const char *state, const char *text, json_t *seconds)
{
	return json_pack("{s:o, s:s, s:I, s:I, s:i, s:I, s:s, s:s, s:s, s:o}", "prefix",
			 json_prefix(p), "plane", plane_name(p->plane), "table", (json_int_t)table,
			 "rule-priority", (json_int_t)priority, "protocol", (int)zconfig.protocol,
			 "metric", (json_int_t)KEEPIN_METRIC, "by", by, "state", state, "reason",
			 text, "seconds", seconds);
}

static json_t *row(const struct keepin *e)
{
	const struct prefix *p = &e->node.p;

	return row_of(p, zconfig.plane_table[p->plane], 0, e->permit ? "permit" : "learned",
		      state_name(e), state_text(e), seconds_left(e));
}

static enum keepin_state default_state(uint8_t family)
{
	return !zconfig.kernel		    ? KEEPIN_KERNEL_OFF
	       : !keepin_default_on(family) ? KEEPIN_ENDPOINT
	       : keepin_default_waits()	    ? KEEPIN_PIN_AWAITED
					    : KEEPIN_PENDING;
}

/* The default route of the main table, where P is it. */
static void show_default(struct show *s, const struct prefix *p)
{
	bool installed = keepin_default_installed(p->family);
	enum keepin_state state = default_state(p->family);

	if (p->len || p->plane != PLANE_MAIN || !keepin_default_permitted(p->family))
		return;
	show_row(s, row_of(p, keepin_default_table(), keepin_default_priority(), "permit",
			   installed ? "installed" : states[state].name,
			   installed ? "refused where no tunnel has a route" : states[state].text,
			   json_null()));
}

bool keepin_refuses_default(const struct prefix *p)
{
	return !p->len && p->plane == PLANE_MAIN && keepin_default_refuses(p->family);
}

void keepin_route_row(struct show *s, const struct prefix *p)
{
	const struct keepin *e = keepin_find(p);

	if ((e && e->installed) || keepin_refuses_default(p))
		show_row(s, json_pack("{s:o, s:s, s:s, s:i, s:b, s:b, s:b, s:s, s:s, s:i, s:[], "
				      "s:n, s:n, s:n}",
				      "prefix", json_prefix(p), "plane", plane_name(p->plane),
				      "protocol", "keep-in", "distance", 255, "selected", true,
				      "installed", true, "stale", false, "reason",
				      reason_name(REASON_KEPT_IN), "reason-text",
				      reason_text(REASON_KEPT_IN), "age-seconds", 0, "next-hops",
				      "verdict", "error", "retry-seconds"));
}

static json_t *planes_with_too_many(void)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < PLANES_MAX; i++)
		if (keepin_too_many(i))
			json_array_append_new(list, json_string(plane_name(i)));
	return list;
}

static json_t *spared(void)
{
	json_t *list = json_array();

	for (struct pin *p = pin_first(); p; p = pin_next(p))
		if (p->spared)
			json_array_append_new(list, json_addr(&p->addr));
	return list;
}

static bool prefix_asked(struct show *s, struct prefix *p)
{
	const char *text = conf_str(s->args, "prefix", NULL);

	*p = (struct prefix){0};
	return text && prefix_parse(text, p) == 0;
}

static void show_one(struct show *s, struct prefix p)
{
	show_default(s, &p);
	for (unsigned i = 0; i < PLANES_MAX; i++) {
		const struct keepin *e;

		p.plane = (uint8_t)i;
		e = keepin_find(&p);
		if (e)
			show_row(s, row(e));
	}
	show_end(s, NULL);
}

void keepin_start(struct show *s)
{
	struct prefix p;

	show_head(s,
		  json_pack("{s:s, s:I, s:I, s:o, s:o}", "mode", conf_keep_in_words[keepin_mode()],
			    "keep-in-time", (json_int_t)keepin_time_s(), "metric",
			    (json_int_t)KEEPIN_METRIC, "too-many", planes_with_too_many(), "spared",
			    spared()),
		  "prefixes");
	if (prefix_asked(s, &p)) {
		show_one(s, p);
		return;
	}
	show_default(s, &(struct prefix){.family = AF_INET});
	show_default(s, &(struct prefix){.family = AF_INET6});
	s->state = xcalloc(1, sizeof(p)); /* where the walk goes on; family 0: begins */
}

void keepin_step(struct show *s)
{
	struct prefix *at = s->state;
	const struct keepin *e = at->family ? keepin_first_from(at) : keepin_first();

	for (int i = 0; i < ROWS && e && !show_full(s); i++, e = keepin_next(e))
		show_row(s, row(e));
	if (e)
		*at = e->node.p;
	else
		show_end(s, NULL);
}

void keepin_finish(struct show *s)
{
	free(s->state);
	s->state = NULL;
}

void keepin_summary_start(struct show *s)
{
	size_t kept = keepin_count(), installed = 0;

	for (const struct keepin *e = keepin_first(); e; e = keepin_next(e))
		installed += e->installed;
	for (unsigned i = 0; i < 2; i++) {
		kept += keepin_default_permitted(i ? AF_INET6 : AF_INET);
		installed += keepin_default_installed(i ? AF_INET6 : AF_INET);
	}
	show_object(s, json_pack("{s:I, s:I, s:I, s:o}", "version", (json_int_t)keepin_version(),
				 "kept", (json_int_t)kept, "installed", (json_int_t)installed,
				 "too-many", planes_with_too_many()));
}

void keepin_remember_start(struct show *s)
{
	int plane = zplane_by_table(conf_u32(s->args, "table", 0));
	const json_t *text;
	size_t i, n = 0;

	json_array_foreach (conf_list(s->args, "prefixes"), i, text) {
		const char *written = json_string_value(text);
		struct prefix p;

		if (plane < 0 || !written || prefix_parse(written, &p) < 0)
			continue;
		p.plane = (uint8_t)plane;
		n += keepin_remember(&p);
	}
	show_object(s, json_pack("{s:I}", "remembered", (json_int_t)n));
}

void keepin_spare_start(struct show *s)
{
	size_t n;
	struct addr *list = conf_addrs(s->args, "addresses", &n);

	pin_spare(list, n);
	free(list);
	show_object(s, json_pack("{s:I}", "spared", (json_int_t)n));
}

void keepin_clear_start(struct show *s)
{
	struct prefix p;
	size_t n = 0;

	if (!conf_str(s->args, "prefix", NULL)) {
		n = keepin_clear_all();
		rib_lost_forget(NULL);
	} else if (!prefix_asked(s, &p)) {
		show_end(s, "prefix: not a prefix");
		return;
	} else {
		for (unsigned i = 0; i < PLANES_MAX; i++) {
			p.plane = (uint8_t)i;
			n += keepin_clear(&p);
			rib_lost_forget(&p);
		}
	}
	show_object(s, json_pack("{s:I}", "cleared", (json_int_t)n));
}
