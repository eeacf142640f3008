/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_facts.h"

#include <stdarg.h>
#include <stdio.h>

#include "members.h"

#define SENTENCE_MAX 1024

/* OK is taken over; its row. */
static const json_t *add_step(struct judge *f, const char *stage, json_t *ok, const char *fmt,
			      va_list ap)
{
	char text[SENTENCE_MAX];
	json_t *row;

	vsnprintf(text, sizeof(text), fmt, ap);
	text_trim(text);
	row = json_pack("{s:s, s:o, s:s}", "stage", stage, "ok", ok, "text", text);
	json_array_append_new(f->steps, row);
	return row;
}

void explain_step(struct judge *f, const char *stage, bool ok, const char *fmt, ...)
{
	const json_t *row;
	va_list ap;

	va_start(ap, fmt);
	row = add_step(f, stage, json_boolean(ok), fmt, ap);
	va_end(ap);
	if (ok || f->failed)
		return;
	f->failed = json_string_value(json_object_get(row, "text"));
	f->failed_stage = json_string_value(json_object_get(row, "stage"));
}

void explain_doubt(struct judge *f, const char *stage, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_step(f, stage, json_null(), fmt, ap);
	va_end(ap);
}

bool explain_same(const json_t *a, const char *key_a, const json_t *b, const char *key_b)
{
	return str_eq(str_of(a, key_a), str_of(b, key_b));
}

int explain_cover_len(const struct judge *f, const json_t *row)
{
	struct prefix p;

	if (prefix_parse(str_of(row, "prefix"), &p) < 0 || !prefix_covers(&p, &f->dst_prefix))
		return COVERS_NOT;
	return p.len;
}

const json_t *explain_best_path(const json_t *row)
{
	json_t *paths = json_object_get(row, "paths"), *path;
	size_t i;

	json_array_foreach (paths, i, path)
		if (is_true(path, "best"))
			return path;
	return NULL;
}

const json_t *explain_tunnel_named(const struct judge *f, const char *interface, const char *peer)
{
	return row_of_tunnel(json_object_get(f->facts, "tunnels"), interface, peer);
}

const json_t *explain_session_over(const struct judge *f, const json_t *tunnel)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(f->facts, "neighbors"), i, row) {
		const json_t *over = json_object_get(row, "tunnel");

		if (tunnel && explain_same(over, "interface", tunnel, "interface") &&
		    explain_same(over, "peer", tunnel, "peer"))
			return row;
	}
	return NULL;
}

int explain_addr(const char *text, struct addr *out)
{
	struct endpoint e;
	uint8_t len;

	if (endpoint_parse(text, &e) == 0) {
		*out = e.addr;
		return 0;
	}
	return addr_parse_with_len(text, out, &len);
}

static bool is_endpoint(const json_t *row, const struct addr *a)
{
	struct addr other;

	return explain_addr(str_of(row, "endpoint"), &other) == 0 && addr_eq(&other, a);
}

const char *explain_pin_state(const struct judge *f, const struct addr *endpoint)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(f->facts, "pins"), i, row)
		if (is_endpoint(row, endpoint))
			return str_of(row, "state");
	return "";
}

bool explain_is_kept(const json_t *route)
{
	return str_eq(str_of(route, "protocol"), "keep-in");
}

bool explain_is_endpoint(const struct judge *f)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(f->facts, "tunnels"), i, row)
		if (is_endpoint(row, &f->dst))
			return true;
	return false;
}
