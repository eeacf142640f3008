/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr_json: a set of attributes as the answers of `show` have it (doc/architecture.md).
 */
#include <stdarg.h>
#include <stdio.h>

#include "attr.h"
#include "attr_wire.h"
#include "util.h"

/* Text that is cut where the buffer ends; paths and lists are at most some thousand characters. */
struct text {
	char *at, *end;
};

static void text_add(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->end - t->at, fmt, ap);
	va_end(ap);
	t->at += n < t->end - t->at ? n : t->end - t->at - 1;
}

static json_t *path_text(const struct attr *a)
{
	static char buffer[32768];
	struct text out = {buffer, buffer + sizeof(buffer)};
	struct attr_tlv t;

	buffer[0] = '\0';
	if (!attr_tlv_find(a->wire, a->wire_len, ATTR_AS_PATH, &t))
		return json_string("");
	for (const uint8_t *at = t.value; at < t.end; at += 2 + at[1] * 4) {
		bool set = at[0] == AS_SET;

		text_add(&out, "%s%s", at > t.value ? " " : "", set ? "{" : "");
		for (unsigned i = 0; i < at[1]; i++)
			text_add(&out, "%s%u", i ? set ? "," : " " : "", get_u32(at + 2 + i * 4));
		if (set)
			text_add(&out, "}");
	}
	return json_string(buffer);
}

static void community_text(const uint8_t *v, char *out, size_t size)
{
	static const struct {
		uint32_t value;
		const char *name;
	} known[] = {
		{0xffff0000, "graceful-shutdown"},
		{0xffff0006, "llgr-stale"},
		{0xffff0007, "no-llgr"},
		{0xffff029a, "blackhole"},
		{0xffffff01, "no-export"},
		{0xffffff02, "no-advertise"},
		{0xffffff03, "no-export-subconfed"},
		{0xffffff04, "no-peer"},
	};
	uint32_t value = get_u32(v);

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].value == value) {
			snprintf(out, size, "%s", known[i].name);
			return;
		}
	snprintf(out, size, "%u:%u", value >> 16, value & 0xffff);
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

static json_t *list(const struct attr *a, uint8_t type, size_t n,
		    void (*text)(const uint8_t *v, char *out, size_t size))
{
	json_t *out = json_array();
	struct attr_tlv t;
	char one[64];

	if (!attr_tlv_find(a->wire, a->wire_len, type, &t))
		return out;
	for (const uint8_t *at = t.value; at + n <= t.end; at += n) {
		text(at, one, sizeof(one));
		json_array_append_new(out, json_string(one));
	}
	return out;
}

static json_t *one_id(const struct attr *a, uint8_t type)
{
	struct attr_tlv t;
	char text[64];

	if (!attr_tlv_find(a->wire, a->wire_len, type, &t))
		return json_null();
	id_text(t.value, text, sizeof(text));
	return json_string(text);
}

static json_t *aggregator(const struct attr *a)
{
	struct attr_tlv t;
	char text[64];
	int n;

	if (!attr_tlv_find(a->wire, a->wire_len, ATTR_AGGREGATOR, &t))
		return json_null();
	n = snprintf(text, sizeof(text), "%u ", get_u32(t.value));
	id_text(t.value + 4, text + n, sizeof(text) - n);
	return json_string(text);
}

void attr_to_json(const struct attr *a, json_t *obj)
{
	static const char *const origins[] = {"igp", "egp", "incomplete"};

	json_object_set_new(obj, "origin", json_string(origins[a->origin]));
	json_object_set_new(obj, "as-path", path_text(a));
	json_object_set_new(obj, "local-preference",
			    a->has_local_pref ? json_integer(a->local_pref) : json_null());
	json_object_set_new(obj, "aigp",
			    a->has_aigp ? json_integer((json_int_t)attr_aigp(a)) : json_null());
	json_object_set_new(obj, "med", a->has_med ? json_integer(a->med) : json_null());
	json_object_set_new(obj, "weight", json_integer(a->weight));
	json_object_set_new(obj, "atomic-aggregate", json_boolean(a->atomic_aggregate));
	json_object_set_new(obj, "aggregator", aggregator(a));
	json_object_set_new(obj, "communities", list(a, ATTR_COMMUNITIES, 4, community_text));
	json_object_set_new(obj, "extended-communities",
			    list(a, ATTR_EXT_COMMUNITIES, 8, extended_text));
	json_object_set_new(obj, "large-communities",
			    list(a, ATTR_LARGE_COMMUNITIES, 12, large_text));
	json_object_set_new(obj, "originator-id", one_id(a, ATTR_ORIGINATOR_ID));
	json_object_set_new(obj, "cluster-list", list(a, ATTR_CLUSTER_LIST, 4, id_text));
}
