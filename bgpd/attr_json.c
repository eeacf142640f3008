/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr_json: a set of attributes as the answers of `show` have it (doc/requests.md).
 */
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "attr_wire.h"
#include "community.h"
#include "json_text.h"
#include "util.h"

#define SEGMENT_TEXT (255 * 11 + 3) /* at most: numbers, what is between them, braces */

/* Cut where the buffer ends: paths are at most some thousand characters. */
static void attr_json_path(struct json_text *out, const char *key, const struct attr *a)
{
	static char buffer[32768];
	char *text = buffer, *end = buffer + sizeof(buffer) - SEGMENT_TEXT;
	struct attr_tlv t;

	if (!attr_tlv_find(a->wire, a->wire_len, ATTR_AS_PATH, &t))
		t.value = t.end = NULL;
	for (const uint8_t *at = t.value; at < t.end && text < end; at += 2 + at[1] * 4) {
		bool set = at[0] == AS_SET;

		if (at > t.value)
			*text++ = ' ';
		if (set)
			*text++ = '{';
		for (unsigned i = 0; i < at[1]; i++) {
			if (i)
				*text++ = set ? ',' : ' ';
			text = put_decimal(text, get_u32(at + 2 + i * 4));
		}
		if (set)
			*text++ = '}';
	}
	*text = '\0';
	json_text_string(out, key, buffer);
}

static void community_text(const uint8_t *v, char *out, size_t size)
{
	char buffer[COMMUNITY_STRLEN];

	str_copy(out, community_str(get_u32(v), buffer), size);
}

static void large_text(const uint8_t *v, char *out, size_t size)
{
	snprintf(out, size, "%u:%u:%u", get_u32(v), get_u32(v + 4), get_u32(v + 8));
}

/* RFC 4360: route target and route origin of the three shapes; anything else in hex. */
static void extended_text(const uint8_t *v, char *out, size_t size)
{
	const char *kind = v[1] == 2 ? "rt" : v[1] == 3 ? "ro" : NULL;
	uint8_t shape = v[0] & 0xbf;
	uint32_t bits = get_u32(v + 4);
	float bytes;

	memcpy(&bytes, &bits, sizeof(bytes));
	if (attr_is_link_bandwidth(v))
		snprintf(out, size, "link-bandwidth:%u:%.0f", get_u16(v + 2), (double)bytes);
	else if (kind && shape == 0)
		snprintf(out, size, "%s:%u:%u", kind, get_u16(v + 2), get_u32(v + 4));
	else if (kind && shape == 1)
		snprintf(out, size, "%s:%u.%u.%u.%u:%u", kind, v[2], v[3], v[4], v[5],
			 get_u16(v + 6));
	else if (kind && shape == 2)
		snprintf(out, size, "%s:%u:%u", kind, get_u32(v + 2), get_u16(v + 6));
	else
		snprintf(out, size, "0x%08x%08x", get_u32(v), get_u32(v + 4));
}

static void id_text(const uint8_t *v, char *out, size_t size)
{
	snprintf(out, size, "%u.%u.%u.%u", v[0], v[1], v[2], v[3]);
}

static void list(struct json_text *out, const char *key, const struct attr *a, uint8_t type,
		 size_t n, void (*text)(const uint8_t *v, char *out, size_t size))
{
	struct attr_tlv t;
	char one[64];

	json_text_array(out, key);
	if (attr_tlv_find(a->wire, a->wire_len, type, &t))
		for (const uint8_t *at = t.value; at + n <= t.end; at += n) {
			text(at, one, sizeof(one));
			json_text_string(out, NULL, one);
		}
	json_text_end_array(out);
}

static void one_id(struct json_text *out, const char *key, const struct attr *a, uint8_t type)
{
	struct attr_tlv t;
	char text[64];

	if (!attr_tlv_find(a->wire, a->wire_len, type, &t)) {
		json_text_null(out, key);
		return;
	}
	id_text(t.value, text, sizeof(text));
	json_text_string(out, key, text);
}

static void aggregator(struct json_text *out, const char *key, const struct attr *a)
{
	struct attr_tlv t;
	char text[64];
	int n;

	if (!attr_tlv_find(a->wire, a->wire_len, ATTR_AGGREGATOR, &t)) {
		json_text_null(out, key);
		return;
	}
	n = snprintf(text, sizeof(text), "%u ", get_u32(t.value));
	id_text(t.value + 4, text + n, sizeof(text) - n);
	json_text_string(out, key, text);
}

static void number(struct json_text *out, const char *key, bool known, int64_t value)
{
	if (known)
		json_text_integer(out, key, value);
	else
		json_text_null(out, key);
}

static void put_common(struct json_text *out, const struct attr *a)
{
	static const char *const origins[] = {"igp", "egp", "incomplete"};

	json_text_string(out, "origin", origins[a->origin]);
	attr_json_path(out, "as-path", a);
}

void attr_put_json_brief(struct json_text *out, const struct attr *a)
{
	put_common(out, a);
	if (a->has_local_pref)
		json_text_integer(out, "local-preference", a->local_pref);
	if (a->has_med)
		json_text_integer(out, "med", a->med);
}

void attr_put_json(struct json_text *out, const struct attr *a)
{
	put_common(out, a);
	number(out, "local-preference", a->has_local_pref, a->local_pref);
	number(out, "med", a->has_med, a->med);
	number(out, "aigp", a->has_aigp, a->has_aigp ? (int64_t)attr_aigp(a) : 0);
	json_text_integer(out, "weight", a->weight);
	json_text_boolean(out, "atomic-aggregate", a->atomic_aggregate);
	aggregator(out, "aggregator", a);
	list(out, "communities", a, ATTR_COMMUNITIES, 4, community_text);
	list(out, "extended-communities", a, ATTR_EXT_COMMUNITIES, 8, extended_text);
	list(out, "large-communities", a, ATTR_LARGE_COMMUNITIES, 12, large_text);
	one_id(out, "originator-id", a, ATTR_ORIGINATOR_ID);
	list(out, "cluster-list", a, ATTR_CLUSTER_LIST, 4, id_text);
}
