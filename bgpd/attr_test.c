/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "attr.h"
#include "attr_wire.h"
#include "buf.h"
#include "json_text.h"
#include "testing.h"
#include "util.h"

static void test_interned(void **state)
{
	struct attr *a = attr_edit_finish(attr_edit_begin(NULL));
	struct attr *b = attr_edit_finish(attr_edit_begin(NULL));
	struct attr_edit *e = attr_edit_begin(a);
	struct attr *c;

	attr_edit_med(e, true, 5);
	c = attr_edit_finish(e);
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_int_equal(attr_count(), 2);
	e = attr_edit_begin(c);
	attr_edit_med(e, false, 7);
	attr_unref(c);
	c = attr_edit_finish(e);
	assert_ptr_equal(a, c);
	attr_unref(a);
	attr_unref(b);
	attr_unref(c);
	assert_int_equal(attr_count(), 0);
	assert_int_equal(attr_bytes(), 0);
}

static void test_path(void **state)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct attr *a;

	attr_edit_prepend(e, 65001, 1);
	attr_edit_prepend(e, 4200000000, 300);
	a = attr_edit_finish(e);
	assert_int_equal(a->as_path_len, 301);
	assert_int_equal(a->neighbor_as, 4200000000);
	assert_int_equal(attr_origin_as(a), 65001);
	assert_true(attr_as_path_has(a, 65001, 1));
	assert_false(attr_as_path_has(a, 65001, 2));
	assert_true(attr_as_path_has(a, 4200000000, 300));
	assert_false(attr_as_path_has(a, 4200000000, 301));
	attr_unref(a);
}

/* Random lists of communities against an array. */
static void test_communities(void **state)
{
	uint32_t model[64];
	unsigned n = 0;
	struct attr *a = attr_edit_finish(attr_edit_begin(NULL)), *b;

	srand(test_seed());
	for (int round = 0; round < 2000; round++) {
		uint32_t c = rand() % 100;
		bool add = rand() % 2 && n < ARRAY_SIZE(model);
		struct attr_edit *e = attr_edit_begin(a);
		unsigned at = 0;

		attr_edit_community(e, add, c);
		b = attr_edit_finish(e);
		attr_unref(a);
		a = b;
		while (at < n && model[at] != c)
			at++;
		if (add && at == n)
			model[n++] = c;
		else if (!add && at < n)
			memmove(model + at, model + at + 1, (--n - at) * sizeof(*model));
		for (uint32_t i = 0; i < 100; i++) {
			for (at = 0; at < n && model[at] != i;)
				at++;
			assert_int_equal(attr_community_has(a, i), at < n);
		}
	}
	attr_unref(a);
}

static void test_reflect(void **state)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct attr *a, *b;
	const uint32_t large[3] = {1, 2, 3};

	attr_edit_cluster_prepend(e, 10);
	attr_edit_cluster_prepend(e, 11);
	attr_edit_originator(e, 0x0a000001);
	attr_edit_local_pref(e, true, 200);
	attr_edit_large_community(e, true, large);
	a = attr_edit_finish(e);
	assert_int_equal(a->cluster_len, 2);
	assert_int_equal(attr_originator_id(a), 0x0a000001);
	assert_true(attr_cluster_has(a, 10));
	assert_false(attr_cluster_has(a, 12));
	assert_true(attr_large_community_has(a, large));
	e = attr_edit_begin(a);
	attr_edit_drop_internal(e);
	b = attr_edit_finish(e);
	assert_int_equal(b->cluster_len, 0);
	assert_int_equal(attr_originator_id(b), 0);
	assert_false(b->has_local_pref);
	assert_true(attr_large_community_has(b, large));
	attr_unref(a);
	attr_unref(b);
}

static void test_put(void **state)
{
	static const uint8_t wide[] = {
		0x40, 1, 1,  0,							/* ORIGIN */
		0x40, 2, 10, 2,	   2,	 0xfa, 0x56, 0xea, 0, 0, 0, 0xfd, 0xe9, /* AS_PATH */
		0x40, 3, 4,  10,   0,	 0,    1,				/* NEXT_HOP */
		0x80, 4, 4,  0,	   0,	 0,    9,				/* MED */
		0xc0, 8, 4,  0xfd, 0xe8, 0,    1,				/* COMMUNITIES */
	};
	static const uint8_t narrow[] = {
		0x40, 1,  1,  0,				  /* ORIGIN */
		0x40, 2,  6,  2,    2,	  0x5b, 0xa0, 0xfd, 0xe9, /* AS_PATH with AS_TRANS */
		0x40, 3,  4,  10,   0,	  0,	1,		  /* NEXT_HOP */
		0x80, 4,  4,  0,    0,	  0,	9,		  /* MED */
		0xc0, 8,  4,  0xfd, 0xe8, 0,	1,		  /* COMMUNITIES */
		0xc0, 17, 10, 2,    2,	  0xfa, 0x56, 0xea, 0,	  0, 0, 0xfd, 0xe9, /* AS4_PATH */
	};
	struct attr_edit *e = attr_edit_begin(NULL);
	struct wr w = {0};
	struct attr *a;
	struct addr hop;

	addr_parse("10.0.0.1", &hop);
	attr_edit_community(e, true, 65000u << 16 | 1);
	attr_edit_prepend(e, 65001, 1);
	attr_edit_prepend(e, 4200000000, 1);
	attr_edit_nexthop(e, &hop);
	attr_edit_med(e, true, 9);
	a = attr_edit_finish(e);
	attr_put(&w, a, true, true);
	assert_int_equal(w.len, sizeof(wide));
	assert_memory_equal(w.data, wide, sizeof(wide));
	wr_reset(&w);
	attr_put(&w, a, true, false);
	assert_int_equal(w.len, sizeof(narrow));
	assert_memory_equal(w.data, narrow, sizeof(narrow));
	wr_free(&w);
	attr_unref(a);
}

static json_t *json_of(const struct attr *a)
{
	struct json_text t = {0};
	json_t *obj;

	json_text_object(&t, NULL);
	attr_put_json(&t, a);
	json_text_end_object(&t);
	obj = json_loadb((char *)t.out.data, t.out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(obj);
	json_text_free(&t);
	return obj;
}

static void test_json(void **state)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct attr *a;
	json_t *obj;

	attr_edit_prepend(e, 65002, 1);
	attr_edit_prepend(e, 65001, 1);
	attr_edit_community(e, true, 0xffffff01);
	attr_edit_community(e, true, 65000u << 16 | 7);
	a = attr_edit_finish(e);
	obj = json_of(a);
	assert_string_equal(json_string_value(json_object_get(obj, "as-path")), "65001 65002");
	assert_string_equal(json_string_value(json_object_get(obj, "origin")), "igp");
	assert_true(json_is_null(json_object_get(obj, "med")));
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(obj, "communities"), 0)),
		"no-export");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(obj, "communities"), 1)),
		"65000:7");
	json_decref(obj);
	attr_unref(a);
}

static void link_bandwidth(void **state)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct attr *a, *b;
	json_t *obj;
	float v;

	assert_false(attr_link_bandwidth(a = attr_edit_finish(e), &v));
	e = attr_edit_begin(a);
	attr_edit_link_bandwidth(e, 65001, 12500000.0f);
	b = attr_edit_finish(e);
	assert_true(attr_link_bandwidth(b, &v) && v == 12500000.0f);
	obj = json_of(b);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(obj, "extended-communities"), 0)),
		"link-bandwidth:65001:12500000");
	e = attr_edit_begin(b); /* there is one of it only */
	attr_edit_link_bandwidth(e, 4200000000, 1.0f);
	attr_unref(a);
	a = attr_edit_finish(e);
	assert_true(attr_link_bandwidth(a, &v) && v == 1.0f);
	assert_int_equal(a->wire_len, b->wire_len);
	attr_unref(a);
	attr_unref(b);
	json_decref(obj);
}

/* What is not transitive stays in the AS; the rest keeps its order. */
static void nontransitive(void **state)
{
	static const uint8_t all[] = {
		0x00, 2, 0xfd, 0xe9, 0,	   0, 0, 1, 0x40, 4, 0xfd, 0xe9, 0x3f, 0x80,
		0,    0, 0x43, 0,    0,	   0, 0, 0, 0,	  2, 0x01, 2,	 1,    2,
		3,    4, 0,    5,    0x40, 9, 0, 0, 0,	  0, 0,	   3,
	};
	static const struct {
		bool bandwidth;
		int n;
		uint8_t types[3];
	} cases[] = {{false, 2, {0x00, 0x01}}, {true, 3, {0x00, 0x40, 0x01}}};
	struct attr_draft d;
	struct attr *a, *b, *none;
	struct attr_edit *e;
	struct attr_tlv t;

	attr_draft_clear(&d);
	attr_draft_add(&d, ATTR_TRANSITIVE, ATTR_ORIGIN, "", 1);
	attr_draft_add(&d, ATTR_TRANSITIVE, ATTR_AS_PATH, NULL, 0);
	none = attr_intern(&d);
	attr_draft_add(&d, ATTR_OPTIONAL | ATTR_TRANSITIVE, ATTR_EXT_COMMUNITIES, all, sizeof(all));
	a = attr_intern(&d);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		e = attr_edit_begin(a);
		attr_edit_drop_nontransitive(e, cases[i].bandwidth);
		b = attr_edit_finish(e);
		assert_true(attr_tlv_find(b->wire, b->wire_len, ATTR_EXT_COMMUNITIES, &t));
		assert_int_equal(t.len, 8 * cases[i].n);
		for (int k = 0; k < cases[i].n; k++)
			assert_int_equal(t.value[8 * k], cases[i].types[k]);
		assert_memory_equal(t.end - 8, all + 24, 8);
		attr_unref(b);
	}
	attr_unref(a);
	attr_draft_clear(&d);
	attr_draft_add(&d, ATTR_TRANSITIVE, ATTR_ORIGIN, "", 1);
	attr_draft_add(&d, ATTR_TRANSITIVE, ATTR_AS_PATH, NULL, 0);
	attr_draft_add(&d, ATTR_OPTIONAL | ATTR_TRANSITIVE, ATTR_EXT_COMMUNITIES, all + 8, 16);
	a = attr_intern(&d);
	e = attr_edit_begin(a);
	attr_edit_drop_nontransitive(e, false);
	b = attr_edit_finish(e);
	assert_ptr_equal(b, none);
	attr_unref(a);
	attr_unref(b);
	attr_unref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nontransitive),    cmocka_unit_test(link_bandwidth),
		cmocka_unit_test(test_interned),    cmocka_unit_test(test_path),
		cmocka_unit_test(test_communities), cmocka_unit_test(test_reflect),
		cmocka_unit_test(test_put),	    cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
