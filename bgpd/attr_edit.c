/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr_edit: a changed copy of a set of attributes.
 *
 * One edit is open at a time; its draft is a static buffer. A change of the wire form replaces one
 * attribute's value and moves what lies behind it. What would not fit into ATTR_WIRE_MAX is left as
 * it was.
 */
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "attr_wire.h"
#include "util.h"

struct attr_edit {
	bool open, wire_changed, has_ll;
	uint8_t ll[16];		 /* the link-local next hop */
	struct attr_draft draft; /* ends in a flexible array */
};

static struct attr_edit the_edit;

struct attr_edit *attr_edit_begin(const struct attr *from)
{
	static const uint8_t igp = ORIGIN_IGP;
	struct attr_edit *e = &the_edit;

	ensure(!e->open);
	e->open = true;
	attr_draft_clear(&e->draft);
	if (from) {
		memcpy(&e->draft.head.nexthop, &from->nexthop,
		       offsetof(struct attr, wire) - offsetof(struct attr, nexthop));
		memcpy(e->draft.head.wire, from->wire, from->wire_len);
		e->has_ll = from->has_nexthop_ll;
		if (e->has_ll)
			memcpy(e->ll, attr_nexthop_ll(from), sizeof(e->ll));
		e->wire_changed = false;
	} else {
		attr_draft_add(&e->draft, ATTR_TRANSITIVE, ATTR_ORIGIN, &igp, 1);
		attr_draft_add(&e->draft, ATTR_TRANSITIVE, ATTR_AS_PATH, NULL, 0);
		e->wire_changed = true;
		e->has_ll = false;
	}
	return e;
}

struct attr *attr_edit_finish(struct attr_edit *e)
{
	ensure(e->open);
	if (e->wire_changed)
		attr_draft_derive(&e->draft);
	attr_draft_nexthop_ll(&e->draft, e->has_ll ? e->ll : NULL);
	e->open = false;
	return attr_intern(&e->draft);
}

/* Opens a gap of LEN bytes of value for attribute TYPE instead of what it had: the value's place,
 * or NULL when there is no room. KEEP bytes of the old value stay, at the end. */
static uint8_t *replace(struct attr_edit *e, uint8_t flags, uint8_t type, size_t len, size_t keep)
{
	struct attr *head = &e->draft.head;
	size_t new_head = attr_head_bytes(len), old = 0, offset = 0, behind;
	const uint8_t *at = head->wire, *end = at + head->wire_len;
	uint8_t *to;
	struct attr_tlv t;

	while (attr_tlv_next(&at, end, &t)) {
		if (t.type >= type) {
			if (t.type == type) {
				old = t.end - t.start;
				flags |= t.flags & ATTR_PARTIAL;
			}
			break;
		}
		offset = t.end - head->wire;
	}
	ensure(keep <= old && keep <= len);
	if (head->wire_len - old + new_head + len > ATTR_WIRE_MAX - 16)
		return NULL;
	to = head->wire + offset;
	behind = head->wire_len - offset - old;
	/* What is kept and all behind it moves as one piece. */
	memmove(to + new_head + len - keep, to + old - keep, keep + behind);
	attr_head_write(to, flags, type, len);
	head->wire_len += new_head + len - old;
	e->wire_changed = true;
	return to + new_head;
}

static void attr_edit_drop(struct attr_edit *e, uint8_t type)
{
	struct attr *head = &e->draft.head;
	struct attr_tlv t;
	size_t behind;

	if (!attr_tlv_find(head->wire, head->wire_len, type, &t))
		return;
	behind = head->wire + head->wire_len - t.end;
	memmove((uint8_t *)t.start, t.end, behind);
	head->wire_len -= t.end - t.start;
	e->wire_changed = true;
}

void attr_edit_origin(struct attr_edit *e, enum attr_origin origin)
{
	uint8_t *value = replace(e, ATTR_TRANSITIVE, ATTR_ORIGIN, 1, 0);

	if (value)
		*value = origin;
}

void attr_edit_nexthop(struct attr_edit *e, const struct addr *nexthop)
{
	uint8_t plane = e->draft.head.nexthop.plane;

	e->draft.head.nexthop = addr_in_plane(nexthop, plane);
	e->has_ll = false;
}

void attr_edit_nexthop_ll(struct attr_edit *e, const struct addr *ll)
{
	e->has_ll = ll->family;
	memcpy(e->ll, ll->b, sizeof(e->ll));
}

void attr_edit_local_pref(struct attr_edit *e, bool present, uint32_t v)
{
	e->draft.head.has_local_pref = present;
	e->draft.head.local_pref = present ? v : 0;
}

void attr_edit_med(struct attr_edit *e, bool present, uint32_t v)
{
	e->draft.head.has_med = present;
	e->draft.head.med = present ? v : 0;
}

void attr_edit_weight(struct attr_edit *e, uint32_t v)
{
	e->draft.head.weight = v;
}

/* RFC 4271 section 5.1.2: into the leading AS_SEQUENCE while it has room, else a new one. */
static void prepend_once(struct attr_edit *e, uint32_t as)
{
	struct attr *head = &e->draft.head;
	struct attr_tlv t = {0};
	bool have = attr_tlv_find(head->wire, head->wire_len, ATTR_AS_PATH, &t);
	bool join = have && t.len && t.value[0] == AS_SEQUENCE && t.value[1] < 255;
	uint8_t count = join ? t.value[1] + 1 : 1, *value;

	if (join)
		value = replace(e, ATTR_TRANSITIVE, ATTR_AS_PATH, t.len + 4, t.len - 2);
	else
		value = replace(e, ATTR_TRANSITIVE, ATTR_AS_PATH, t.len + 6, t.len);
	if (!value)
		return;
	value[0] = AS_SEQUENCE;
	value[1] = count;
	put_u32(value + 2, as);
}

void attr_edit_prepend(struct attr_edit *e, uint32_t as, unsigned times)
{
	while (times--)
		prepend_once(e, as);
}

/* Puts the N bytes of VALUE into the list attribute TYPE, or takes them out. */
static void list_change(struct attr_edit *e, uint8_t type, bool add, const uint8_t *value, size_t n)
{
	struct attr *head = &e->draft.head;
	uint8_t flags = ATTR_OPTIONAL | ATTR_TRANSITIVE, *to;
	struct attr_tlv t = {0};
	size_t seen;

	attr_tlv_find(head->wire, head->wire_len, type, &t);
	if (t.type != type)
		t = (struct attr_tlv){0};
	for (seen = 0; seen < t.len; seen += n)
		if (memcmp(t.value + seen, value, n) == 0)
			break;
	if (add && seen == t.len) {
		to = replace(e, flags, type, t.len + n, t.len);
		if (!to)
			return;
		memmove(to, to + n, t.len); /* what was kept came to stand behind */
		memcpy(to + t.len, value, n);
	} else if (!add && seen < t.len) {
		/* Close the gap from the front: the bytes kept are the last ones. */
		memmove((uint8_t *)t.value + n, t.value, seen);
		if (t.len == n)
			attr_edit_drop(e, type);
		else
			replace(e, flags, type, t.len - n, t.len - n);
		list_change(e, type, false, value, n);
	}
}

void attr_edit_community(struct attr_edit *e, bool add, uint32_t community)
{
	uint8_t value[4];

	put_u32(value, community);
	list_change(e, ATTR_COMMUNITIES, add, value, sizeof(value));
}

void attr_edit_aigp(struct attr_edit *e, bool present, uint64_t v)
{
	uint8_t *value;

	attr_edit_drop(e, ATTR_AIGP);
	value = present ? replace(e, ATTR_OPTIONAL, ATTR_AIGP, AIGP_BYTES, 0) : NULL;
	if (!value)
		return;
	value[0] = 1;
	value[1] = 0;
	value[2] = AIGP_BYTES;
	put_u32(value + 3, v >> 32);
	put_u32(value + 7, (uint32_t)v);
}

void attr_edit_link_bandwidth(struct attr_edit *e, uint32_t as, float v)
{
	uint8_t value[8] = {0x40, 4, as >> 8, as};
	struct attr *head = &e->draft.head;
	struct attr_tlv t = {0};
	uint32_t bits;

	if (as > UINT16_MAX) {
		value[2] = AS_TRANS >> 8;
		value[3] = AS_TRANS & 0xff;
	}
	memcpy(&bits, &v, sizeof(bits));
	put_u32(value + 4, bits);
	attr_tlv_find(head->wire, head->wire_len, ATTR_EXT_COMMUNITIES, &t);
	for (const uint8_t *at = t.value; t.type == ATTR_EXT_COMMUNITIES && at + 8 <= t.end;
	     at += 8)
		if (attr_is_link_bandwidth(at)) {
			memcpy((uint8_t *)at, value, sizeof(value));
			e->wire_changed = true;
			return;
		}
	list_change(e, ATTR_EXT_COMMUNITIES, true, value, sizeof(value));
}

void attr_edit_drop_nontransitive(struct attr_edit *e, bool bandwidth)
{
	struct attr *head = &e->draft.head;
	struct attr_tlv t;
	uint8_t *to;
	size_t kept;

	if (!attr_tlv_find(head->wire, head->wire_len, ATTR_EXT_COMMUNITIES, &t))
		return;
	/* Those that stay go to the end: replace() keeps that. */
	to = (uint8_t *)t.end;
	for (const uint8_t *at = t.end - 8; at >= t.value; at -= 8)
		if (!(at[0] & EXT_NONTRANSITIVE) || (bandwidth && attr_is_link_bandwidth(at)))
			memmove(to -= 8, at, 8);
	kept = t.end - to;
	if (!kept)
		attr_edit_drop(e, ATTR_EXT_COMMUNITIES);
	else
		replace(e, ATTR_OPTIONAL | ATTR_TRANSITIVE, ATTR_EXT_COMMUNITIES, kept, kept);
}

void attr_edit_large_community(struct attr_edit *e, bool add, const uint32_t v[3])
{
	uint8_t value[12];

	for (int i = 0; i < 3; i++)
		put_u32(value + i * 4, v[i]);
	list_change(e, ATTR_LARGE_COMMUNITIES, add, value, sizeof(value));
}

void attr_edit_clear_communities(struct attr_edit *e)
{
	attr_edit_drop(e, ATTR_COMMUNITIES);
}

void attr_edit_clear_large_communities(struct attr_edit *e)
{
	attr_edit_drop(e, ATTR_LARGE_COMMUNITIES);
}

void attr_edit_originator(struct attr_edit *e, uint32_t id)
{
	uint8_t *value = replace(e, ATTR_OPTIONAL, ATTR_ORIGINATOR_ID, 4, 0);

	if (value)
		put_u32(value, id);
}

void attr_edit_cluster_prepend(struct attr_edit *e, uint32_t id)
{
	struct attr *head = &e->draft.head;
	struct attr_tlv t;
	size_t len = attr_tlv_find(head->wire, head->wire_len, ATTR_CLUSTER_LIST, &t) ? t.len : 0;
	uint8_t *value = replace(e, ATTR_OPTIONAL, ATTR_CLUSTER_LIST, len + 4, len);

	if (value)
		put_u32(value, id);
}

void attr_edit_drop_internal(struct attr_edit *e)
{
	attr_edit_local_pref(e, false, 0);
	attr_edit_drop(e, ATTR_ORIGINATOR_ID);
	attr_edit_drop(e, ATTR_CLUSTER_LIST);
}
