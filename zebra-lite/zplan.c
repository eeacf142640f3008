/* SPDX-License-Identifier: BSD-2-Clause */
#include "zplan.h"

#include <stdio.h>
#include <string.h>

#include "planes.h"
#include "rule.h"
#include "show.h"
#include "util.h"

#define TEXT_MAX 256

static bool has_rule(const struct zconfig *c, const struct krule *k)
{
	for (size_t i = 0; i < c->n_rules; i++)
		if (rule_same(&c->rules[i], k))
			return true;
	return false;
}

static bool has_static(const struct zconfig *c, const struct zstatic *s)
{
	for (size_t i = 0; i < c->n_statics; i++)
		if (memcmp(&c->statics[i], s, sizeof(*s)) == 0)
			return true;
	return false;
}

static size_t put(char text[TEXT_MAX], size_t at, const char *name, const char *value)
{
	if (!value[0] || at >= TEXT_MAX)
		return at;
	return at + (size_t)snprintf(text + at, TEXT_MAX - at, " %s %s", name, value);
}

static void say_rules(json_t *rows, const char *change, const struct zconfig *of,
		      const struct zconfig *other)
{
	for (size_t i = 0; i < of->n_rules; i++) {
		const struct krule *k = &of->rules[i];
		char text[TEXT_MAX], mark[32] = "", table[16];
		size_t at;

		if (has_rule(other, k))
			continue;
		at = (size_t)snprintf(text, sizeof(text), "%s priority %u",
				      k->family == AF_INET ? "ipv4" : "ipv6", k->priority);
		if (k->fwmask)
			snprintf(mark, sizeof(mark), "0x%x/0x%x", k->fwmark, k->fwmask);
		snprintf(table, sizeof(table), "%u", k->table);
		at = put(text, at, "source", k->source.len ? PREFIX_STR(&k->source) : "");
		at = put(text, at, "destination", k->dst.len ? PREFIX_STR(&k->dst) : "");
		at = put(text, at, "interface", k->iif);
		at = put(text, at, "bound-to", k->oif);
		at = put(text, at, "fwmark", mark);
		put(text, at, "table", table);
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:b, s:s}", "kind", "rule", "change",
						change, "disruptive", 1, "rule", text));
	}
}

static void say_statics(json_t *rows, const char *change, const struct zconfig *of,
			const struct zconfig *other)
{
	for (size_t i = 0; i < of->n_statics; i++) {
		const struct zstatic *s = &of->statics[i];

		if (s->isolate || has_static(other, s))
			continue;
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:b, s:o, s:s, s:o, s:s?}", "kind",
						"static", "change", change, "disruptive", 1,
						"prefix", json_prefix(&s->prefix), "plane",
						plane_name(s->prefix.plane), "next-hop",
						json_addr(&s->next_hop), "interface",
						s->interface[0] ? s->interface : NULL));
	}
}

void zplan_rows(json_t *rows, const struct zconfig *before, const struct zconfig *after)
{
	say_rules(rows, "removed", before, after);
	say_rules(rows, "made", after, before);
	say_statics(rows, "removed", before, after);
	say_statics(rows, "made", after, before);
}
