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
#include "quoted.h"
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

/* A set without a path, as a draft may be. */
static void test_no_path(void **state)
{
	static struct attr_draft d;
	struct attr *a;

	attr_draft_clear(&d);
	attr_draft_derive(&d);
	attr_draft_nexthop_ll(&d, NULL);
	a = attr_intern(&d);
	assert_int_equal(attr_origin_as(a), 0);
	assert_true(attr_as_path_has(a, 65001, 0));
	assert_false(attr_as_path_has(a, 65001, 1));
	assert_false(attr_cluster_has(a, 0) || attr_community_has(a, 0));
	assert_int_equal(attr_originator_id(a), 0);
	attr_unref(a);
	assert_int_equal(attr_count(), 0);
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

/* Text of hex digits and blanks to bytes. */
static size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; *text; text++) {
		char pair[3] = {text[0], text[1], 0};

		if (*text == ' ')
			continue;
		out[n++] = strtoul(pair, NULL, 16);
		text++;
	}
	return n;
}

/* A set of the attributes in HEX, as they are kept; the caller's. */
static struct attr *set_of(const char *hex)
{
	static struct attr_draft d;

	attr_draft_clear(&d);
	d.head.wire_len = unhex(hex, d.head.wire);
	attr_draft_derive(&d);
	return attr_intern(&d);
}

static const char *json_text_of(const struct attr *a, bool brief)
{
	static struct json_text t;

	json_text_reset(&t);
	json_text_object(&t, NULL);
	if (brief)
		attr_put_json_brief(&t, a);
	else
		attr_put_json(&t, a);
	json_text_end_object(&t);
	return memcpy(xcalloc(1, t.out.len + 1), t.out.data, t.out.len);
}

static void check_text(const char *hex, bool brief, const char *want)
{
	struct attr *a = set_of(hex);
	char *got = (char *)json_text_of(a, brief), *text = quoted_text(want);

	if (!str_eq(got, text))
		fail_msg("%s\n%s\nexpected\n%s", hex, got, text);
	free(got);
	free(text);
	attr_unref(a);
}

#define NOTHING                                                                                \
	"'local-preference':null,'med':null,'aigp':null,'weight':0,'atomic-aggregate':false,"  \
	"'aggregator':null,'communities':[],'extended-communities':[],'large-communities':[]," \
	"'originator-id':null,'cluster-list':[]"

/* Each row: the attributes as they are kept, and the whole text of them. */
static void test_json(void **state)
{
	static const struct {
		const char *hex, *text;
	} rows[] = {
		{"400101 00 400200", "{'origin':'igp','as-path':''," NOTHING "}"},
		{"400101 01 400206 0201 0000fde9",
		 "{'origin':'egp','as-path':'65001'," NOTHING "}"},
		{"400101 02 40020a 0202 0000fde9 fa56ea00",
		 "{'origin':'incomplete','as-path':'65001 4200000000'," NOTHING "}"},
		{"400101 00 40021a 0201 00000001 0103 00000002 00000003 00000004 0201 00000005",
		 "{'origin':'igp','as-path':'1 {2,3,4} 5'," NOTHING "}"},
		{"400101 00 400206 0101 00000007", "{'origin':'igp','as-path':'{7}'," NOTHING "}"},
		{"400101 00", "{'origin':'igp','as-path':''," NOTHING "}"},
		{"400101 00 400200 400600 c00708 0000fde9 0a010203 "
		 "c00828 ffff0000 ffff0006 ffff0007 ffff029a ffffff01 ffffff02 ffffff03 ffffff04 "
		 "fde80007 ffff0008 800904 0a000009 800a08 0a00000a c00000fe "
		 "c01050 0002fde900000001 0003fde900000002 01020a0b0c0d0102 01030a0b0c0d0003 "
		 "0202000100010004 0203000100000005 4004fde94b3ebc20 0005fde900000006 "
		 "4302fde900000007 0302000000000008 801a0b 01000b 0000000100000005 "
		 "c02018 000000010000000200000003 ffffffff00000000ffffffff",
		 "{'origin':'igp','as-path':'','local-preference':null,'med':null,"
		 "'aigp':4294967301,'weight':0,'atomic-aggregate':true,"
		 "'aggregator':'65001 10.1.2.3','communities':['graceful-shutdown','llgr-stale',"
		 "'no-llgr','blackhole','no-export','no-advertise','no-export-subconfed','no-peer',"
		 "'65000:7','65535:8'],'extended-communities':['rt:65001:1','ro:65001:2',"
		 "'rt:10.11.12.13:258','ro:10.11.12.13:3','rt:65537:4','ro:65536:5',"
		 "'link-bandwidth:65001:12500000','0x0005fde900000006','0x4302fde900000007',"
		 "'0x0302000000000008'],'large-communities':['1:2:3','4294967295:0:4294967295'],"
		 "'originator-id':'10.0.0.9','cluster-list':['10.0.0.10','192.0.0.254']}"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		check_text(rows[i].hex, false, rows[i].text);
	check_text("400101 01 400206 0201 0000fde9 c00804 ffffff01", true,
		   "{'origin':'egp','as-path':'65001'}");
}

static void test_json_fields(void **state)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct attr *a;
	char *text;

	attr_edit_med(e, true, 0);
	attr_edit_local_pref(e, true, UINT32_MAX);
	attr_edit_weight(e, 7);
	a = attr_edit_finish(e);
	text = (char *)json_text_of(a, false);
	assert_string_equal(text,
			    "{\"origin\":\"igp\",\"as-path\":\"\",\"local-preference\":4294967295,"
			    "\"med\":0,\"aigp\":null,\"weight\":7,\"atomic-aggregate\":false,"
			    "\"aggregator\":null,\"communities\":[],\"extended-communities\":[],"
			    "\"large-communities\":[],\"originator-id\":null,\"cluster-list\":[]}");
	free(text);
	text = (char *)json_text_of(a, true);
	assert_string_equal(text, "{\"origin\":\"igp\",\"as-path\":\"\","
				  "\"local-preference\":4294967295,\"med\":0}");
	free(text);
	attr_unref(a);
}

/* A path is shown whole as long as it has some thousand characters, and cut behind a number. */
static void test_json_long_path(void **state)
{
	for (unsigned n = 100; n <= 6000; n += 2950) {
		struct attr_edit *e = attr_edit_begin(NULL);
		struct attr *a;
		const char *text;
		json_t *obj;
		size_t numbers = 1;

		attr_edit_prepend(e, 4200000000, n);
		a = attr_edit_finish(e);
		obj = json_of(a);
		text = json_string_value(json_object_get(obj, "as-path"));
		for (size_t i = 0; text[i]; i++) {
			numbers += text[i] == ' ';
			assert_int_equal(text[i], "4200000000 "[i % 11]);
		}
		assert_int_equal(strlen(text), numbers * 11 - 1);
		assert_true(n > 2500 ? numbers >= 2500 && numbers < 3100 : numbers == n);
		json_decref(obj);
		attr_unref(a);
	}
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
		cmocka_unit_test(test_interned),    cmocka_unit_test(test_no_path),
		cmocka_unit_test(test_communities), cmocka_unit_test(test_reflect),
		cmocka_unit_test(test_put),	    cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_fields), cmocka_unit_test(test_json_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
