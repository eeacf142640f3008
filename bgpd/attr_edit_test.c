/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random edits of sets of attributes beside a model that keeps each attribute's value as an array
 * and knows no canonical bytes: after each edit the whole set, what it says of itself, and its wire
 * form for both kinds of neighbours must be what the model makes of it; what was sent is read
 * again and is the same set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "attr_parse.h"
#include "testing.h"
#include "util.h"

#define VALUE_MAX 4000
#define TYPES 100

struct value {
	bool there;
	uint8_t flags;
	size_t len;
	uint8_t b[VALUE_MAX];
};

static struct {
	struct value of[TYPES]; /* by type; none for what the set keeps in fields */
	struct addr nexthop;
	bool has_ll, has_med, has_local_pref;
	uint8_t ll[16];
	uint32_t med, local_pref, weight;
} model;

static const uint32_t numbers[] = {1, 65001, 65002, 65535, 65536, 4200000000};

static unsigned below(unsigned n)
{
	return rand() % n;
}

static uint32_t any_as(void)
{
	return numbers[below(ARRAY_SIZE(numbers))];
}

static struct value *set_value(uint8_t type, uint8_t flags, const void *b, size_t len)
{
	struct value *v = &model.of[type];

	assert_true(len <= VALUE_MAX);
	*v = (struct value){.there = true, .flags = flags, .len = len};
	memcpy(v->b, b, len);
	return v;
}

static void insert(struct value *v, size_t at, const void *b, size_t n)
{
	assert_true(v->len + n <= VALUE_MAX);
	memmove(v->b + at + n, v->b + at, v->len - at);
	memcpy(v->b + at, b, n);
	v->len += n;
}

static void take_out(struct value *v, size_t at, size_t n)
{
	memmove(v->b + at, v->b + at + n, v->len - at - n);
	v->len -= n;
	if (!v->len)
		v->there = false;
}

static bool has(const struct value *v, const void *b, size_t n)
{
	for (size_t at = 0; v->there && at < v->len; at += n)
		if (memcmp(v->b + at, b, n) == 0)
			return true;
	return false;
}

static void list_edit(uint8_t type, bool add, const void *b, size_t n)
{
	struct value *v = &model.of[type];

	if (add && !v->there)
		set_value(type, 0xc0, b, n);
	else if (add && !has(v, b, n))
		insert(v, v->len, b, n);
	for (size_t at = 0; !add && v->there && at < v->len;)
		if (memcmp(v->b + at, b, n) == 0)
			take_out(v, at, n);
		else
			at += n;
}

/* ---- the wire form */

static void put_value(struct wr *w, uint8_t type, uint8_t flags, const uint8_t *b, size_t len)
{
	wr_u8(w, flags | (len > 255 ? 0x10 : 0));
	wr_u8(w, type);
	if (len > 255)
		wr_u16(w, len);
	else
		wr_u8(w, len);
	wr_bytes(w, b, len);
}

static void put_u32_value(struct wr *w, uint8_t type, uint8_t flags, uint32_t v)
{
	uint8_t b[4];

	put_u32(b, v);
	put_value(w, type, flags, b, 4);
}

/* The path with two octets a number; true: one did not fit. */
static bool narrow_path(const struct value *v, struct wr *out)
{
	bool wide = false;

	for (size_t at = 0; at < v->len;) {
		unsigned n = v->b[at + 1];

		wr_bytes(out, v->b + at, 2);
		at += 2;
		for (; n--; at += 4) {
			uint32_t as = get_u32(v->b + at);

			wr_u16(out, as > 65535 ? 23456 : as);
			wide |= as > 65535;
		}
	}
	return wide;
}

static void put_narrow(struct wr *w, uint8_t type, const struct value *v, bool *wide)
{
	struct wr path = {0};
	uint8_t aggregator[6];
	uint32_t as;

	if (type == ATTR_AS_PATH) {
		*wide = narrow_path(v, &path);
		put_value(w, type, v->flags, path.data, path.len);
		wr_free(&path);
	} else {
		as = get_u32(v->b);
		as = as > 65535 ? 23456 : as;
		memcpy(aggregator, (uint8_t[]){as >> 8, as, v->b[4], v->b[5], v->b[6], v->b[7]}, 6);
		put_value(w, type, v->flags, aggregator, 6);
	}
}

static void expected_wire(struct wr *w, bool ipv4, bool four_octet)
{
	const struct value *agg = &model.of[ATTR_AGGREGATOR], *path = &model.of[ATTR_AS_PATH];
	bool wide = false;

	wr_reset(w);
	for (unsigned type = 1; type < TYPES; type++) {
		const struct value *v = &model.of[type];

		if (type == ATTR_NEXT_HOP && ipv4)
			put_value(w, type, 0x40, model.nexthop.b, 4);
		else if (type == ATTR_MED && model.has_med)
			put_u32_value(w, type, 0x80, model.med);
		else if (type == ATTR_LOCAL_PREF && model.has_local_pref)
			put_u32_value(w, type, 0x40, model.local_pref);
		else if (type == ATTR_AS4_PATH && wide)
			put_value(w, type, 0xc0, path->b, path->len);
		else if (type == ATTR_AS4_AGGREGATOR && !four_octet && agg->there &&
			 get_u32(agg->b) > 65535)
			put_value(w, type, agg->flags, agg->b, 8);
		else if (!four_octet && v->there &&
			 (type == ATTR_AS_PATH || type == ATTR_AGGREGATOR))
			put_narrow(w, type, v, &wide);
		else if (v->there)
			put_value(w, type, v->flags, v->b, v->len);
	}
}

static void check_bytes(const char *what, const struct wr *got, const struct wr *want)
{
	if (got->len != want->len || memcmp(got->data, want->data, want->len) != 0)
		fail_msg("%s: %zu bytes, expected %zu", what, got->len, want->len);
}

/* Read again as a neighbour reads it, it is the same set but for what is never sent. */
static void check_read_again(const struct attr *a, const struct wr *w, bool four_octet)
{
	static struct attr_parse p;
	struct update_context ctx = {
		.four_octet = four_octet, .family = {true, true}, .aigp = true};
	struct attr_edit *e = attr_edit_begin(a);
	struct bgp_error error;
	struct addr none = {0};
	struct attr *want, *got;

	attr_edit_weight(e, 0);
	attr_edit_nexthop(e, &a->nexthop);
	want = attr_edit_finish(e);
	attr_parse(&p, w->data, w->len, &ctx, &error);
	assert_int_equal(p.worst, ATTR_OK);
	got = attr_parse_intern(&p, &a->nexthop, &none);
	assert_ptr_equal(got, want);
	attr_unref(got);
	attr_unref(want);
}

static void check_wire(const struct attr *a)
{
	struct wr want = {0}, got = {0}, kept = {0};

	expected_wire(&want, true, true);
	attr_put(&got, a, true, true);
	check_bytes("four octets", &got, &want);
	check_read_again(a, &got, true);
	wr_reset(&got);
	expected_wire(&want, true, false);
	attr_put(&got, a, true, false);
	check_bytes("two octets", &got, &want);
	check_read_again(a, &got, false);
	for (int four = 0; four < 2; four++) {
		wr_reset(&got);
		expected_wire(&want, false, four);
		attr_put(&got, a, false, four);
		check_bytes("without next hop", &got, &want);
	}
	model.has_med = model.has_local_pref = false;
	expected_wire(&want, false, true);
	model.has_med = a->has_med;
	model.has_local_pref = a->has_local_pref;
	wr_bytes(&kept, a->wire, a->wire_len);
	check_bytes("kept", &kept, &want);
	wr_free(&want);
	wr_free(&got);
	wr_free(&kept);
}

/* ---- what a set says of itself */

static void check_path(const struct attr *a)
{
	const struct value *v = &model.of[ATTR_AS_PATH];
	unsigned len = 0, seen[ARRAY_SIZE(numbers)] = {0};
	uint32_t first = 0, last = 0;

	for (size_t at = 0; at < v->len; at += 2 + v->b[at + 1] * 4) {
		bool set = v->b[at] == AS_SET;

		len += set ? 1 : v->b[at + 1];
		if (at == 0 && !set)
			first = get_u32(v->b + 2);
		for (unsigned i = 0; i < v->b[at + 1]; i++) {
			last = set ? 0 : get_u32(v->b + at + 2 + i * 4);
			for (unsigned k = 0; k < ARRAY_SIZE(numbers); k++)
				seen[k] += numbers[k] == get_u32(v->b + at + 2 + i * 4);
		}
	}
	assert_int_equal(a->as_path_len, len);
	assert_int_equal(a->neighbor_as, first);
	assert_int_equal(attr_origin_as(a), last);
	for (unsigned k = 0; k < ARRAY_SIZE(numbers); k++) {
		assert_true(attr_as_path_has(a, numbers[k], seen[k]));
		assert_false(attr_as_path_has(a, numbers[k], seen[k] + 1));
	}
}

static void check_lists(const struct attr *a)
{
	static const uint32_t stale = 0xffff0006;
	uint8_t b[12];

	for (uint32_t i = 0; i < 100; i++) {
		put_u32(b, i);
		put_u32(b + 4, 7);
		put_u32(b + 8, i);
		assert_int_equal(attr_community_has(a, i), has(&model.of[ATTR_COMMUNITIES], b, 4));
		assert_int_equal(attr_cluster_has(a, i), has(&model.of[ATTR_CLUSTER_LIST], b, 4));
		assert_int_equal(attr_large_community_has(a, (uint32_t[]){i, 7, i}),
				 has(&model.of[ATTR_LARGE_COMMUNITIES], b, 12));
	}
	put_u32(b, stale);
	assert_int_equal(a->llgr_stale, has(&model.of[ATTR_COMMUNITIES], b, 4));
}

static bool is_bandwidth(const uint8_t *b)
{
	return (b[0] == 0x40 || b[0] == 0x00) && b[1] == 4;
}

static void check_bandwidth(const struct attr *a)
{
	const struct value *v = &model.of[ATTR_EXT_COMMUNITIES];
	float want = 0, got = 0;

	for (size_t at = 0; v->there && at < v->len; at += 8)
		if (is_bandwidth(v->b + at)) {
			uint32_t bits = get_u32(v->b + at + 4);

			memcpy(&want, &bits, 4);
			break;
		}
	assert_int_equal(attr_link_bandwidth(a, &got), want > 0);
	assert_true(want <= 0 || want == got);
}

static void check_fields(const struct attr *a)
{
	const struct value *of = model.of;
	uint32_t id = of[ATTR_ORIGINATOR_ID].there ? get_u32(of[ATTR_ORIGINATOR_ID].b) : 0;
	size_t clusters = of[ATTR_CLUSTER_LIST].there ? of[ATTR_CLUSTER_LIST].len / 4 : 0;

	assert_memory_equal(&a->nexthop, &model.nexthop, sizeof(a->nexthop));
	assert_int_equal(attr_nexthop_ll(a) != NULL, model.has_ll);
	if (model.has_ll)
		assert_memory_equal(attr_nexthop_ll(a), model.ll, 16);
	assert_int_equal(a->origin, of[ATTR_ORIGIN].b[0]);
	assert_int_equal(a->has_med, model.has_med);
	assert_int_equal(a->med, model.has_med ? model.med : 0);
	assert_int_equal(a->has_local_pref, model.has_local_pref);
	assert_int_equal(a->local_pref, model.has_local_pref ? model.local_pref : 0);
	assert_int_equal(a->weight, model.weight);
	assert_int_equal(a->atomic_aggregate, of[ATTR_ATOMIC_AGGREGATE].there);
	assert_int_equal(a->has_originator, id != 0);
	assert_int_equal(attr_originator_id(a), id);
	assert_int_equal(a->cluster_len, clusters > 255 ? 255 : clusters);
	assert_int_equal(a->has_aigp, of[ATTR_AIGP].there);
	if (a->has_aigp)
		assert_true(attr_aigp(a) == ((uint64_t)get_u32(of[ATTR_AIGP].b + 3) << 32 |
					     get_u32(of[ATTR_AIGP].b + 7)));
}

static void check(const struct attr *a)
{
	check_fields(a);
	check_path(a);
	check_lists(a);
	check_bandwidth(a);
	check_wire(a);
}

/* ---- edits */

static void edit_path(struct attr_edit *e)
{
	unsigned times = below(20) ? below(4) : below(300);
	struct value *v = &model.of[ATTR_AS_PATH];
	uint32_t as = any_as();
	uint8_t b[6] = {AS_SEQUENCE, 1};

	attr_edit_prepend(e, as, times);
	put_u32(b + 2, as);
	while (times--) {
		if (v->len && v->b[0] == AS_SEQUENCE && v->b[1] < 255) {
			v->b[1]++;
			insert(v, 2, b + 2, 4);
		} else {
			insert(v, 0, b, 6);
		}
	}
}

static void edit_aigp(struct attr_edit *e)
{
	uint8_t b[11] = {1, 0, 11};
	bool present = below(2);
	uint64_t v = (uint64_t)any_as() << 32 | any_as();

	attr_edit_aigp(e, present, v);
	put_u32(b + 3, v >> 32);
	put_u32(b + 7, (uint32_t)v);
	model.of[ATTR_AIGP].there = false;
	if (present)
		set_value(ATTR_AIGP, 0x80, b, 11);
}

static void edit_bandwidth(struct attr_edit *e)
{
	struct value *v = &model.of[ATTR_EXT_COMMUNITIES];
	uint32_t as = any_as(), bits;
	uint8_t b[8] = {0x40, 4, as > 65535 ? 23456 >> 8 : as >> 8, as > 65535 ? 23456 & 255 : as};
	float bytes = (float)(1 + below(1000)) * 125000.0f;

	memcpy(&bits, &bytes, 4);
	put_u32(b + 4, bits);
	attr_edit_link_bandwidth(e, as, bytes);
	for (size_t at = 0; v->there && at < v->len; at += 8)
		if (is_bandwidth(v->b + at)) {
			memcpy(v->b + at, b, 8);
			return;
		}
	list_edit(ATTR_EXT_COMMUNITIES, true, b, 8);
}

static void edit_nontransitive(struct attr_edit *e)
{
	struct value *v = &model.of[ATTR_EXT_COMMUNITIES];
	bool bandwidth = below(2);

	attr_edit_drop_nontransitive(e, bandwidth);
	for (size_t at = 0; v->there && at < v->len;)
		if ((v->b[at] & 0x40) && !(bandwidth && is_bandwidth(v->b + at)))
			take_out(v, at, 8);
		else
			at += 8;
}

static void edit_internal(struct attr_edit *e)
{
	uint32_t id = below(5) ? below(100) : 0;
	uint8_t b[4];

	put_u32(b, id);
	switch (below(4)) {
	case 0:
		attr_edit_originator(e, id);
		set_value(ATTR_ORIGINATOR_ID, 0x80, b, 4);
		break;
	case 1:
		attr_edit_drop_internal(e);
		model.has_local_pref = false;
		model.of[ATTR_ORIGINATOR_ID].there = model.of[ATTR_CLUSTER_LIST].there = false;
		break;
	default:
		for (int times = below(10) ? 1 : 90; times--;) {
			attr_edit_cluster_prepend(e, id);
			if (!model.of[ATTR_CLUSTER_LIST].there)
				set_value(ATTR_CLUSTER_LIST, 0x80, b, 0);
			insert(&model.of[ATTR_CLUSTER_LIST], 0, b, 4);
		}
	}
}

static void edit_lists(struct attr_edit *e)
{
	uint32_t v = below(30) ? below(100) : 0xffff0006;
	bool add = below(3) > 0;
	uint8_t b[12];

	put_u32(b, v);
	put_u32(b + 4, 7);
	put_u32(b + 8, v);
	switch (below(40)) {
	case 0:
		attr_edit_clear_communities(e);
		model.of[ATTR_COMMUNITIES].there = false;
		break;
	case 1:
		attr_edit_clear_large_communities(e);
		model.of[ATTR_LARGE_COMMUNITIES].there = false;
		break;
	default:
		if (below(2)) {
			attr_edit_community(e, add, v);
			list_edit(ATTR_COMMUNITIES, add, b, 4);
		} else {
			attr_edit_large_community(e, add, (uint32_t[]){v, 7, v});
			list_edit(ATTR_LARGE_COMMUNITIES, add, b, 12);
		}
	}
}

static void edit_fields(struct attr_edit *e)
{
	bool present = below(2);
	uint32_t v = any_as();

	switch (below(5)) {
	case 0:
		attr_edit_med(e, present, v);
		model.has_med = present;
		model.med = v;
		break;
	case 1:
		attr_edit_local_pref(e, present, v);
		model.has_local_pref = present;
		model.local_pref = v;
		break;
	case 2:
		attr_edit_weight(e, v);
		model.weight = v;
		break;
	case 3:
		model.nexthop.b[3] = v;
		model.has_ll = false;
		attr_edit_nexthop(e,
				  &(struct addr){.family = AF_INET, .b = {10, 9, 0, (uint8_t)v}});
		break;
	default:
		model.of[ATTR_ORIGIN].b[0] = v % 3;
		attr_edit_origin(e, v % 3);
	}
}

/* ---- sets to begin with */

static void random_path(void)
{
	unsigned n = 1 + below(3), sets = 1 + below(3);
	uint8_t b[64];
	size_t len = 0;

	for (int kind = below(4); kind < 4; kind += 1 + below(3)) {
		unsigned count = kind % 2 ? n : sets;

		if (len && kind % 2 == 0)
			continue; /* sequences do not follow each other */
		b[len++] = kind % 2 ? AS_SET : AS_SEQUENCE;
		b[len++] = count;
		for (; count--; len += 4)
			put_u32(b + len, any_as());
		if (len > 40)
			break;
	}
	set_value(ATTR_AS_PATH, 0x40, b, len);
}

static void random_lists(void)
{
	static const uint8_t ext[4][8] = {{0x00, 2, 0xfd, 0xe9, 0, 0, 0, 1},
					  {0x40, 4, 0xfd, 0xe9, 0x3f, 0x80, 0, 0},
					  {0x43, 0, 0, 0, 0, 0, 0, 2},
					  {0x00, 4, 0, 1, 0x40, 0, 0, 0}};

	for (unsigned i = below(4), n = below(4); n--; i = (i + 1) % 4)
		list_edit(ATTR_EXT_COMMUNITIES, true, ext[i], 8);
	for (int n = below(3) ? 0 : below(70); n--;)
		list_edit(ATTR_COMMUNITIES, true, (uint8_t[]){0, 0, 0, below(100)}, 4);
	if (model.of[ATTR_COMMUNITIES].there && below(2))
		model.of[ATTR_COMMUNITIES].flags |= ATTR_PARTIAL;
}

static struct attr *begin(void)
{
	static const uint8_t fill[300];
	static struct attr_draft d;
	uint8_t aggregator[8] = {0, 0, 0, 0, 10, 0, 0, 1};

	memset(&model, 0, sizeof(model));
	model.nexthop = (struct addr){.family = AF_INET, .plane = below(2), .b = {10, 9, 0, 2}};
	set_value(ATTR_ORIGIN, 0x40, &(uint8_t){below(3)}, 1);
	random_path();
	random_lists();
	put_u32(aggregator, any_as());
	if (below(2))
		set_value(ATTR_AGGREGATOR, below(2) ? 0xc0 : 0xe0, aggregator, 8);
	if (below(2))
		set_value(ATTR_ATOMIC_AGGREGATE, 0x40, "", 0);
	if (below(2))
		set_value(99, 0xe0, fill, below(2) ? below(9) : 252 + below(8));
	model.has_ll = below(2);
	memcpy(model.ll, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\7", 16);
	attr_draft_clear(&d);
	d.head.nexthop = model.nexthop;
	for (unsigned type = 0; type < TYPES; type++)
		if (model.of[type].there)
			assert_true(attr_draft_add(&d, model.of[type].flags, type, model.of[type].b,
						   model.of[type].len));
	attr_draft_derive(&d);
	attr_draft_nexthop_ll(&d, model.has_ll ? model.ll : NULL);
	return attr_intern(&d);
}

/* Sets that are kept meanwhile stay what they were: nobody writes beyond his own. */
#define KEPT 200
static struct {
	struct attr *a;
	size_t len;
	uint8_t copy[8192];
} kept[KEPT];

static void keep(struct attr *a)
{
	unsigned i = below(KEPT);
	size_t len = offsetof(struct attr, wire) + a->wire_len + (a->has_nexthop_ll ? 16 : 0);

	if (kept[i].a)
		assert_memory_equal((uint8_t *)kept[i].a + offsetof(struct attr, nexthop),
				    kept[i].copy + offsetof(struct attr, nexthop),
				    kept[i].len - offsetof(struct attr, nexthop));
	attr_unref(kept[i].a);
	kept[i].a = NULL;
	if (len > sizeof(kept[i].copy))
		return;
	kept[i].a = attr_ref(a);
	kept[i].len = len;
	memcpy(kept[i].copy, a, len);
}

static void forget_kept(void)
{
	size_t bytes = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < KEPT; i++) {
		bool first = kept[i].a != NULL;

		for (unsigned k = 0; k < i; k++)
			first = first && kept[k].a != kept[i].a;
		bytes += first ? kept[i].len : 0;
		count += first;
	}
	assert_int_equal(attr_count(), count);
	assert_int_equal(attr_bytes(), bytes);
	for (unsigned i = 0; i < KEPT; i++) {
		attr_unref(kept[i].a);
		kept[i].a = NULL;
	}
	assert_int_equal(attr_count(), 0);
	assert_int_equal(attr_bytes(), 0);
}

static void random_edits(void **state)
{
	static void (*const edits[])(struct attr_edit *) = {
		edit_path,  edit_aigp,	edit_bandwidth, edit_nontransitive, edit_internal,
		edit_lists, edit_lists, edit_lists,	edit_lists,	    edit_fields};

	srand(test_seed());
	for (int round = 0; round < 120; round++) {
		struct attr *a = begin(), *b;

		check(a);
		for (int i = 0; i < 40; i++) {
			struct attr_edit *e = attr_edit_begin(a);

			for (int n = 1 + below(round % 8 + 1); n--;)
				edits[below(ARRAY_SIZE(edits))](e);
			b = attr_edit_finish(e);
			check(b);
			attr_unref(a);
			a = b;
			keep(a);
		}
		attr_unref(a);
	}
	forget_kept();
}

/* ---- what does not fit is left out, and the rest stays as it was */

static struct attr *filled(size_t wire_len)
{
	static struct attr_draft d;
	static const uint8_t fill[ATTR_WIRE_MAX];

	attr_draft_clear(&d);
	assert_true(attr_draft_add(&d, ATTR_TRANSITIVE, ATTR_ORIGIN, "", 1));
	assert_true(attr_draft_add(&d, ATTR_TRANSITIVE, ATTR_AS_PATH, NULL, 0));
	assert_true(attr_draft_add(&d, 0xc0, 99, fill, wire_len - 4 - 3 - 4));
	attr_draft_derive(&d);
	assert_int_equal(d.head.wire_len, wire_len);
	return attr_intern(&d);
}

static void no_room(void **state)
{
	static struct attr_draft d;
	static const uint8_t fill[ATTR_WIRE_MAX];
	const size_t most = ATTR_WIRE_MAX - 16;

	for (int over = 0; over < 2; over++) {
		struct attr *a = filled(most - 7 + over), *b;
		struct attr_edit *e = attr_edit_begin(a);

		attr_edit_community(e, true, 5);
		b = attr_edit_finish(e);
		assert_int_equal(attr_community_has(b, 5), !over);
		assert_int_equal(b->wire_len, over ? a->wire_len : most);
		assert_int_equal(a == b, over);
		attr_unref(a);
		attr_unref(b);
		attr_draft_clear(&d);
		assert_int_equal(attr_draft_add(&d, 0xc0, 99, fill, most - 4 + over), !over);
		assert_int_equal(d.head.wire_len, over ? 0 : most);
	}
}

/* An attribute that became longer than 255 bytes, and shorter again. */
static void extended_length(void **state)
{
	for (unsigned n = 60; n < 68; n++) {
		struct attr_edit *e = attr_edit_begin(NULL);
		struct attr *a, *b;
		struct attr_tlv t;

		for (unsigned i = 0; i < n; i++)
			attr_edit_community(e, true, i);
		a = attr_edit_finish(e);
		assert_true(attr_tlv_find(a->wire, a->wire_len, ATTR_COMMUNITIES, &t));
		assert_int_equal(t.len, n * 4);
		assert_int_equal(t.flags, n < 64 ? 0xc0 : 0xd0);
		assert_int_equal(t.value - t.start, n < 64 ? 3 : 4);
		e = attr_edit_begin(a);
		for (unsigned i = 10; i < n; i++)
			attr_edit_community(e, false, i);
		b = attr_edit_finish(e);
		assert_true(attr_tlv_find(b->wire, b->wire_len, ATTR_COMMUNITIES, &t));
		assert_int_equal(t.flags, 0xc0);
		for (unsigned i = 0; i < 10; i++)
			assert_int_equal(get_u32(t.value + i * 4), i);
		assert_int_equal(t.len, 40);
		attr_unref(a);
		attr_unref(b);
	}
	assert_int_equal(attr_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_edits),
		cmocka_unit_test(no_room),
		cmocka_unit_test(extended_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
