/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path attributes as they come, and all that is made of them: what they lead to, with the subcode,
 * the words and the data of the NOTIFICATION; what the decision reads; and what is sent on, to a
 * neighbour with AS numbers of four octets and to one with two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr_parse.h"
#include "attr_parse_rows.h"
#include "attr_wire.h"
#include "testing.h"
#include "util.h"

static struct update_context ctx;
static struct attr_parse parse;
static struct bgp_error error;

static size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;
	char pair[3] = "";

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		memcpy(pair, text++, 2);
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static int put_hex(char *out, const uint8_t *data, size_t n)
{
	*out = '\0';
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", data[i]);
	return (int)(2 * n);
}

/* Attributes one after the other, a blank between them. */
static int put_attrs(char *out, const struct attr *a, bool four_octet)
{
	struct wr w = {0};
	struct attr_tlv t;
	const uint8_t *at;
	int n = 0;

	attr_put(&w, a, a->nexthop.family == AF_INET, four_octet);
	*out = '\0';
	at = w.data;
	while (attr_tlv_next(&at, w.data + w.len, &t)) {
		n += sprintf(out + n, n ? " " : "");
		n += put_hex(out + n, t.start, t.end - t.start);
	}
	wr_free(&w);
	return n;
}

/* The fields that few have are left out where they are absent. */
static int put_fields(char *out, const struct attr *a)
{
	static const char *const origins[] = {"igp", "egp", "incomplete"};
	const char *start = out;

	out += sprintf(out, "%s len %u from %u by %u", origins[a->origin], a->as_path_len,
		       a->neighbor_as, attr_origin_as(a));
	if (a->has_med)
		out += sprintf(out, " med %u", a->med);
	if (a->has_local_pref)
		out += sprintf(out, " pref %u", a->local_pref);
	if (a->atomic_aggregate)
		out += sprintf(out, " atomic");
	if (a->has_originator || attr_originator_id(a))
		out += sprintf(out, " originator %08x", attr_originator_id(a));
	if (a->cluster_len)
		out += sprintf(out, " clusters %u", a->cluster_len);
	if (a->has_aigp)
		out += sprintf(out, " aigp %llx", (unsigned long long)attr_aigp(a));
	if (a->llgr_stale)
		out += sprintf(out, " stale");
	return (int)(out - start);
}

static int put_mp(char *out, const char *name, const struct attr_mp *mp)
{
	int n;

	if (!mp->present)
		return 0;
	n = sprintf(out, " %s %s", name,
		    mp->family == AF_INET    ? "4"
		    : mp->family == AF_INET6 ? "6"
					     : "?");
	if (mp->nexthop.family)
		n += sprintf(out + n, " by %s", ADDR_STR(&mp->nexthop));
	if (mp->nexthop_ll.family)
		n += sprintf(out + n, " or %s", ADDR_STR(&mp->nexthop_ll));
	if (mp->len) {
		n += sprintf(out + n, n ? " " : "");
		n += put_hex(out + n, mp->nlri, mp->len);
	}
	return n;
}

/* All that came of the attributes, but what is sent on. */
static const char *outcome(void)
{
	static const char *const names[] = {"ok", "discard", "withdraw", "reset"};
	static char text[20000];
	int n = sprintf(text, "%s", names[parse.worst]);

	if (parse.worst) {
		n += sprintf(text + n, " %u.%u \"%s\" ", error.code, error.subcode, error.text);
		n += put_hex(text + n, error.data, error.len);
	}
	n += put_mp(text + n, "reach", &parse.reach);
	put_mp(text + n, "unreach", &parse.unreach);
	return text;
}

static struct attr *read_attrs(const char *rules, const char *attrs)
{
	static uint8_t data[5000];
	static const struct addr none;

	ctx = (struct update_context){.ebgp = strchr(rules, 'e'),
				      .four_octet = strchr(rules, '4'),
				      .family = {true, strchr(rules, '6')},
				      .as = strchr(rules, 'w') ? 4200000000 : 65001,
				      .any_first_as = strchr(rules, 's'),
				      .aigp = strchr(rules, 'a'),
				      .extended_hop = strchr(rules, 'x')};
	memset(&parse, 0xee, sizeof(parse));
	attr_parse(&parse, data, unhex(attrs, data), &ctx, &error);
	return parse.worst < ATTR_WITHDRAW ? attr_parse_intern(&parse, &parse.nexthop, &none)
					   : NULL;
}

/* TEXT with the usual path in two octets. */
static const char *shorter(const char *text)
{
	static const char path[] = "40020602010000fde9";
	static char out[4000];
	const char *at = strstr(text, path);

	if (!at)
		return text;
	snprintf(out, sizeof(out), "%.*s4002040201fde9%s", (int)(at - text), text,
		 at + strlen(path));
	return out;
}

static void expect(unsigned row, const char *what, const char *got, const char *want)
{
	if (!str_eq(got, want))
		fail_msg("row %u: %s\n%s\nand not\n%s", row, what, got, want);
}

static void check(const char *const (*rows)[COLUMNS], unsigned n)
{
	static char fields[400], sent[4000], sent2[4000];

	for (unsigned i = 0; i < n; i++) {
		const char *const *r = rows[i];
		struct attr *a = read_attrs(r[RULES], r[ATTRS]);

		expect(i, "outcome", outcome(), r[OUTCOME]);
		assert_int_equal(a != NULL, r[FIELDS] != NULL);
		if (!a)
			continue;
		put_fields(fields, a);
		put_attrs(sent, a, true);
		put_attrs(sent2, a, false);
		expect(i, "fields", fields, r[FIELDS]);
		expect(i, "sent", sent, r[SENT] ? r[SENT] : r[ATTRS]);
		expect(i, "sent with two octets", sent2, r[SENT2] ? r[SENT2] : shorter(sent));
		attr_unref(a);
		assert_int_equal(attr_count(), 0);
	}
}

static void test_base(void **state)
{
	check(base_rows, ARRAY_SIZE(base_rows));
}

static void test_internal(void **state)
{
	check(internal_rows, ARRAY_SIZE(internal_rows));
}

static void test_path(void **state)
{
	check(path_rows, ARRAY_SIZE(path_rows));
}

static void test_as4(void **state)
{
	check(as4_rows, ARRAY_SIZE(as4_rows));
}

static void test_aigp(void **state)
{
	check(aigp_rows, ARRAY_SIZE(aigp_rows));
}

static void test_mp(void **state)
{
	check(mp_rows, ARRAY_SIZE(mp_rows));
}

static void test_un(void **state)
{
	check(un_rows, ARRAY_SIZE(un_rows));
}

/* Numbers that need one octet more than others have. */
static void test_long(void **state)
{
	static const struct {
		const char *head, *sent; /* before N elements ELEMENT */
		unsigned n;
		const char *element, *fields;
	} rows[] = {
		{"c063ff", "e063ff", 255, "07", PLAIN_INSIDE},
		{"d0630100", "f0630100", 256, "07", PLAIN_INSIDE},
		{"d06300ff", "e063ff", 255, "07", PLAIN_INSIDE},
		{"d0630101", "f0630101", 257, "07", PLAIN_INSIDE},
		{"800afc", "800afc", 63, "0a000009", PLAIN_INSIDE " clusters 63"},
		{"900a0100", "900a0100", 64, "0a000009", PLAIN_INSIDE " clusters 64"},
		{"900a03f8", "900a03f8", 254, "0a000009", PLAIN_INSIDE " clusters 254"},
		{"900a03fc", "900a03fc", 255, "0a000009", PLAIN_INSIDE " clusters 255"},
		{"900a0400", "900a0400", 256, "0a000009", PLAIN_INSIDE " clusters 255"},
		{"900a0404", "900a0404", 257, "0a000009", PLAIN_INSIDE " clusters 255"},
	};
	static char attrs[4000], want[4000], got[4000];

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int n = sprintf(attrs, INSIDE " %s", rows[i].head);
		int m = sprintf(want, INSIDE " %s", rows[i].sent);
		struct attr *a;

		for (unsigned k = 0; k < rows[i].n; k++) {
			n += sprintf(attrs + n, "%s", rows[i].element);
			m += sprintf(want + m, "%s", rows[i].element);
		}
		a = read_attrs("4", attrs);
		assert_non_null(a);
		put_fields(got, a);
		expect(i, "fields", got, rows[i].fields);
		put_attrs(got, a, true);
		expect(i, "sent", got, want);
		attr_unref(a);
	}
}

/* Sequences that follow each other in a path of two octets become one of 255 numbers at most. */
static void test_long_path(void **state)
{
	static const struct {
		unsigned first, second;
		unsigned sent[2]; /* numbers of the segments; 0 none */
	} rows[] = {{254, 1, {255}},
		    {255, 1, {255, 1}},
		    {254, 2, {254, 2}},
		    {200, 56, {200, 56}},
		    {1, 254, {255}}};
	static char attrs[4000];

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned bytes = 4 + 2 * (rows[i].first + rows[i].second);
		int n = sprintf(attrs, "40010100 5002%04x", bytes);
		struct attr_tlv t;
		struct attr *a;

		for (unsigned s = 0; s < 2; s++) {
			unsigned count = s ? rows[i].second : rows[i].first;

			n += sprintf(attrs + n, "02%02x", count);
			for (unsigned k = 0; k < count; k++)
				n += sprintf(attrs + n, "%04x", k + 1);
		}
		a = read_attrs("", attrs);
		assert_non_null(a);
		assert_int_equal(a->as_path_len, rows[i].first + rows[i].second);
		assert_true(attr_tlv_find(a->wire, a->wire_len, ATTR_AS_PATH, &t));
		assert_int_equal(t.value[1], rows[i].sent[0]);
		if (!rows[i].sent[1])
			assert_int_equal(t.len, 2 + 4 * rows[i].sent[0]);
		else
			assert_int_equal(t.value[2 + 4 * rows[i].sent[0] + 1], rows[i].sent[1]);
		assert_int_equal(attr_origin_as(a), rows[i].second);
		attr_unref(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),	  cmocka_unit_test(test_internal),
		cmocka_unit_test(test_path),	  cmocka_unit_test(test_as4),
		cmocka_unit_test(test_aigp),	  cmocka_unit_test(test_mp),
		cmocka_unit_test(test_un),	  cmocka_unit_test(test_long),
		cmocka_unit_test(test_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
