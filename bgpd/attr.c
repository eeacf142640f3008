/* SPDX-License-Identifier: BSD-2-Clause */
#include "attr.h"

#include <stdlib.h>
#include <string.h>

#include "attr_wire.h"
#include "buf.h"
#include "community.h"
#include "slab.h"
#include "util.h"

/* What makes a set: from the next hop to the last byte of the wire form. */
#define KEY_OFFSET offsetof(struct attr, nexthop)

#define LL_BYTES 16

/* A slab for each size of small sets: malloc() would take a tenth more. */
#define SLAB_STEP 8
#define SLAB_MAX 256

static struct hash_table sets;
static size_t set_bytes;
static struct slab slabs[SLAB_MAX / SLAB_STEP];

static size_t size_of(const struct attr *a)
{
	return offsetof(struct attr, wire) + a->wire_len + (a->has_nexthop_ll ? LL_BYTES : 0);
}

static struct slab *slab_of(size_t size)
{
	struct slab *s = &slabs[(size - 1) / SLAB_STEP];

	s->size = ((size - 1) / SLAB_STEP + 1) * SLAB_STEP;
	return s;
}

struct attr *attr_ref(struct attr *a)
{
	a->refs++;
	return a;
}

void attr_unref(struct attr *a)
{
	size_t size;

	if (!a)
		return;
	ensure(a->refs > 0);
	if (--a->refs)
		return;
	hash_remove(&sets, &a->node);
	size = size_of(a);
	set_bytes -= size;
	if (size <= SLAB_MAX)
		slab_free(slab_of(size), a);
	else
		free(a);
	if (sets.count)
		return;
	hash_clear(&sets);
	for (unsigned i = 0; i < ARRAY_SIZE(slabs); i++)
		slab_destroy(&slabs[i]);
}

size_t attr_count(void)
{
	return sets.count;
}

size_t attr_bytes(void)
{
	return set_bytes;
}

void attr_draft_clear(struct attr_draft *d)
{
	memset(&d->head, 0, sizeof(d->head));
}

size_t attr_head_bytes(size_t len)
{
	return len > 255 ? 4 : 3;
}

void attr_head_write(uint8_t *at, uint8_t flags, uint8_t type, size_t len)
{
	bool extended = attr_head_bytes(len) == 4;

	*at++ = (flags & ~ATTR_EXTENDED) | (extended ? ATTR_EXTENDED : 0);
	*at++ = type;
	if (extended)
		*at++ = len >> 8;
	*at = len;
}

bool attr_draft_add(struct attr_draft *d, uint8_t flags, uint8_t type, const void *value,
		    size_t len)
{
	uint8_t *at = d->head.wire + d->head.wire_len;
	size_t head = attr_head_bytes(len);

	if (d->head.wire_len + head + len > ATTR_WIRE_MAX - 16)
		return false;
	attr_head_write(at, flags, type, len);
	if (len)
		memcpy(at + head, value, len);
	d->head.wire_len += head + len;
	return true;
}

void attr_draft_nexthop_ll(struct attr_draft *d, const uint8_t *ll)
{
	d->head.has_nexthop_ll = ll != NULL;
	if (ll)
		memcpy(d->head.wire + d->head.wire_len, ll, LL_BYTES);
}

bool attr_tlv_next(const uint8_t **at, const uint8_t *end, struct attr_tlv *t)
{
	const uint8_t *b = *at;

	if (b >= end)
		return false;
	t->start = b;
	t->flags = b[0];
	t->type = b[1];
	if (b[0] & ATTR_EXTENDED) {
		t->len = get_u16(b + 2);
		t->value = b + 4;
	} else {
		t->len = b[2];
		t->value = b + 3;
	}
	t->end = *at = t->value + t->len;
	return true;
}

bool attr_tlv_find(const uint8_t *wire, size_t len, uint8_t type, struct attr_tlv *t)
{
	const uint8_t *at = wire, *end = wire + len;

	while (attr_tlv_next(&at, end, t))
		if (t->type >= type)
			return t->type == type;
	return false;
}

static bool attr_find(const struct attr *a, uint8_t type, struct attr_tlv *t)
{
	return attr_tlv_find(a->wire, a->wire_len, type, t);
}

unsigned as_path_count(const uint8_t *path, size_t len)
{
	unsigned count = 0;

	for (const uint8_t *at = path; at < path + len; at += 2 + at[1] * 4)
		count += at[0] == AS_SET ? 1 : at[1];
	return count;
}

static void derive_path(struct attr *head, const uint8_t *path, size_t len)
{
	head->as_path_len = as_path_count(path, len);
	head->neighbor_as = len && path[0] == AS_SEQUENCE ? get_u32(path + 2) : 0;
}

static bool has_llgr_stale(const struct attr_tlv *t)
{
	for (const uint8_t *at = t->value; at + 4 <= t->end; at += 4)
		if (get_u32(at) == COMMUNITY_LLGR_STALE)
			return true;
	return false;
}

/* The first TLV of type 1; that they are well-formed was seen. */
static const uint8_t *find_aigp(const struct attr_tlv *t)
{
	for (const uint8_t *at = t->value; at + 3 <= t->end; at += get_u16(at + 1))
		if (at[0] == 1)
			return at + 3;
	return NULL;
}

uint64_t attr_aigp(const struct attr *a)
{
	const uint8_t *v;
	struct attr_tlv t;

	ensure(a->has_aigp && attr_find(a, ATTR_AIGP, &t));
	v = find_aigp(&t);
	return (uint64_t)get_u32(v) << 32 | get_u32(v + 4);
}

uint32_t attr_originator_id(const struct attr *a)
{
	struct attr_tlv t;

	return a->has_originator && attr_find(a, ATTR_ORIGINATOR_ID, &t) ? get_u32(t.value) : 0;
}

uint32_t attr_origin_as(const struct attr *a)
{
	const uint8_t *last = NULL;
	struct attr_tlv t;

	if (!attr_find(a, ATTR_AS_PATH, &t))
		return 0;
	for (const uint8_t *at = t.value; at < t.end; at += 2 + at[1] * 4)
		last = at;
	return last && last[0] == AS_SEQUENCE ? get_u32(last + 2 + (last[1] - 1) * 4) : 0;
}

void attr_draft_derive(struct attr_draft *d)
{
	const uint8_t *at = d->head.wire, *end = at + d->head.wire_len;
	struct attr *head = &d->head;
	struct attr_tlv t;

	head->has_originator = false;
	head->cluster_len = 0;
	head->atomic_aggregate = head->llgr_stale = head->has_aigp = false;
	while (attr_tlv_next(&at, end, &t)) {
		if (t.type == ATTR_ORIGIN)
			head->origin = t.value[0];
		else if (t.type == ATTR_AS_PATH)
			derive_path(head, t.value, t.len);
		else if (t.type == ATTR_ATOMIC_AGGREGATE)
			head->atomic_aggregate = true;
		else if (t.type == ATTR_COMMUNITIES)
			head->llgr_stale = has_llgr_stale(&t);
		else if (t.type == ATTR_AIGP)
			head->has_aigp = find_aigp(&t) != NULL;
		else if (t.type == ATTR_ORIGINATOR_ID)
			head->has_originator = get_u32(t.value) != 0;
		else if (t.type == ATTR_CLUSTER_LIST)
			head->cluster_len = t.len / 4 > 255 ? 255 : t.len / 4;
	}
}

struct attr *attr_intern(const struct attr_draft *d)
{
	const uint8_t *key = (const uint8_t *)d + KEY_OFFSET;
	size_t size = size_of(&d->head);
	uint32_t hash = hash_bytes(key, size - KEY_OFFSET);
	struct hash_node *n;
	struct attr *a;

	for (n = hash_find(&sets, hash); n; n = hash_find_next(n)) {
		a = container_of(n, struct attr, node);
		if (size_of(a) == size &&
		    memcmp((uint8_t *)a + KEY_OFFSET, key, size - KEY_OFFSET) == 0)
			return attr_ref(a);
	}
	a = size <= SLAB_MAX ? slab_alloc(slab_of(size)) : xmalloc(size);
	memcpy((uint8_t *)a + KEY_OFFSET, key, size - KEY_OFFSET);
	a->refs = 1;
	hash_insert(&sets, &a->node, hash);
	set_bytes += size;
	return a;
}

/* Questions. */

bool attr_as_path_has(const struct attr *a, uint32_t as, unsigned at_least)
{
	struct attr_tlv t;
	unsigned seen = 0;

	if (!attr_find(a, ATTR_AS_PATH, &t))
		return at_least == 0;
	for (const uint8_t *at = t.value; at < t.end; at += 2 + at[1] * 4)
		for (unsigned i = 0; i < at[1]; i++)
			seen += get_u32(at + 2 + i * 4) == as;
	return seen >= at_least;
}

/* VALUE of N bytes is one of the elements of the list attribute TYPE. */
static bool list_has(const struct attr *a, uint8_t type, const uint8_t *value, size_t n)
{
	struct attr_tlv t;

	if (!attr_find(a, type, &t))
		return false;
	for (const uint8_t *at = t.value; at + n <= t.end; at += n)
		if (memcmp(at, value, n) == 0)
			return true;
	return false;
}

bool attr_cluster_has(const struct attr *a, uint32_t id)
{
	uint8_t value[4];

	put_u32(value, id);
	return list_has(a, ATTR_CLUSTER_LIST, value, sizeof(value));
}

bool attr_community_has(const struct attr *a, uint32_t community)
{
	uint8_t value[4];

	put_u32(value, community);
	return list_has(a, ATTR_COMMUNITIES, value, sizeof(value));
}

bool attr_large_community_has(const struct attr *a, const uint32_t v[3])
{
	uint8_t value[12];

	for (int i = 0; i < 3; i++)
		put_u32(value + i * 4, v[i]);
	return list_has(a, ATTR_LARGE_COMMUNITIES, value, sizeof(value));
}

/* Sending. */

static void put_head(struct wr *w, uint8_t flags, uint8_t type, size_t len)
{
	attr_head_write(wr_room(w, attr_head_bytes(len)), flags, type, len);
}

static void put_fields(struct wr *w, const struct attr *a, bool ipv4_nexthop)
{
	if (ipv4_nexthop) {
		put_head(w, ATTR_TRANSITIVE, ATTR_NEXT_HOP, 4);
		wr_bytes(w, a->nexthop.b, 4);
	}
	if (a->has_med) {
		put_head(w, ATTR_OPTIONAL, ATTR_MED, 4);
		wr_u32(w, a->med);
	}
	if (a->has_local_pref) {
		put_head(w, ATTR_TRANSITIVE, ATTR_LOCAL_PREF, 4);
		wr_u32(w, a->local_pref);
	}
}

/* RFC 6793 section 4.2.2: numbers that do not fit are AS_TRANS; true when there was one. */
static bool put_path_2octet(struct wr *w, const struct attr_tlv *t)
{
	bool wide = false;
	size_t len = 0;

	for (const uint8_t *at = t->value; at < t->end; at += 2 + at[1] * 4)
		len += 2 + at[1] * 2;
	put_head(w, ATTR_TRANSITIVE, ATTR_AS_PATH, len);
	for (const uint8_t *at = t->value; at < t->end; at += 2 + at[1] * 4) {
		wr_bytes(w, at, 2);
		for (unsigned i = 0; i < at[1]; i++) {
			uint32_t as = get_u32(at + 2 + i * 4);

			wide = wide || as > UINT16_MAX;
			wr_u16(w, as > UINT16_MAX ? AS_TRANS : as);
		}
	}
	return wide;
}

static void put_2octet(struct wr *w, const struct attr *a, bool ipv4_nexthop)
{
	const uint8_t *at = a->wire, *end = a->wire + a->wire_len;
	struct attr_tlv t, path = {0}, aggregator = {0};
	bool wide = false, fields = false, as4 = false;

	while (true) {
		bool more = attr_tlv_next(&at, end, &t);

		if (!fields && (!more || t.type > ATTR_LOCAL_PREF)) {
			put_fields(w, a, ipv4_nexthop);
			fields = true;
		}
		if (!as4 && (!more || t.type > ATTR_AS4_AGGREGATOR)) {
			if (wide) {
				put_head(w, ATTR_OPTIONAL | ATTR_TRANSITIVE, ATTR_AS4_PATH,
					 path.len);
				wr_bytes(w, path.value, path.len);
			}
			if (aggregator.value) {
				put_head(w, aggregator.flags, ATTR_AS4_AGGREGATOR, 8);
				wr_bytes(w, aggregator.value, 8);
			}
			as4 = true;
		}
		if (!more)
			return;
		if (t.type == ATTR_AS_PATH) {
			path = t;
			wide = put_path_2octet(w, &t);
		} else if (t.type == ATTR_AGGREGATOR) {
			uint32_t as = get_u32(t.value);

			put_head(w, t.flags, ATTR_AGGREGATOR, 6);
			wr_u16(w, as > UINT16_MAX ? AS_TRANS : as);
			wr_bytes(w, t.value + 4, 4);
			if (as > UINT16_MAX)
				aggregator = t;
		} else {
			wr_bytes(w, t.start, t.end - t.start);
		}
	}
}

void attr_put(struct wr *w, const struct attr *a, bool ipv4_nexthop, bool four_octet)
{
	const uint8_t *at = a->wire, *split = at, *end = at + a->wire_len;
	struct attr_tlv t;

	if (!four_octet) {
		put_2octet(w, a, ipv4_nexthop);
		return;
	}
	while (attr_tlv_next(&at, end, &t) && t.type < ATTR_NEXT_HOP)
		split = t.end;
	wr_bytes(w, a->wire, split - a->wire);
	put_fields(w, a, ipv4_nexthop);
	wr_bytes(w, split, end - split);
}

bool attr_is_link_bandwidth(const uint8_t *v)
{
	return (get_u16(v) | 0x4000) == LINK_BANDWIDTH;
}

bool attr_link_bandwidth(const struct attr *a, float *out)
{
	struct attr_tlv t;

	if (!attr_find(a, ATTR_EXT_COMMUNITIES, &t))
		return false;
	for (const uint8_t *at = t.value; at + 8 <= t.end; at += 8)
		if (attr_is_link_bandwidth(at)) {
			uint32_t bits = get_u32(at + 4);

			memcpy(out, &bits, sizeof(bits));
			return *out > 0 && *out < 1e18f; /* no NaN, either */
		}
	return false;
}
