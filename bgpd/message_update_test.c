/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attr_wire.h"
#include "buf.h"
#include "message.h"
#include "testing.h"
#include "util.h"

static struct update_context ctx = {
	.ebgp = true, .four_octet = true, .family = {true, true}, .as = 65001};
static struct update u;
static struct bgp_error error;

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

/* An UPDATE of these parts in hex. */
static int decode(const char *withdrawn, const char *attrs, const char *nlri)
{
	uint8_t part[4096];
	static struct wr w; /* what was decoded points into it */
	size_t n = unhex(withdrawn, part);

	update_release(&u);
	wr_reset(&w);
	wr_u16(&w, n);
	wr_bytes(&w, part, n);
	n = unhex(attrs, part);
	wr_u16(&w, n);
	wr_bytes(&w, part, n);
	n = unhex(nlri, part);
	wr_bytes(&w, part, n);
	return update_decode(w.data, w.len, &ctx, &u, &error);
}

#define ORIGIN "400101 00 "
#define PATH "400206 0201 0000fde9 "
#define HOP "400304 0a000001 "
#define BASE ORIGIN PATH HOP
#define NET "18 c0a801 " /* 192.168.1.0/24 */

static int setup(void **state)
{
	ctx = (struct update_context){
		.ebgp = true, .four_octet = true, .family = {true, true}, .as = 65001};
	return 0;
}

static int teardown(void **state)
{
	update_release(&u);
	assert_int_equal(attr_count(), 0);
	return 0;
}

/* RFC 7311: taken from those alone that are to give it, and only when it is whole. */
static void test_aigp(void **state)
{
	const char *good = BASE "80 1a 0b 01 000b 0000000000000105 ";

	assert_int_equal(decode("", good, NET), 0);
	assert_false(u.attr->has_aigp || u.attr->wire_len > 64);
	ctx.aigp = true;
	assert_int_equal(decode("", good, NET), 0);
	assert_true(u.attr->has_aigp && attr_aigp(u.attr) == 0x105);
	assert_int_equal(decode("", BASE "80 1a 0f 02 0004 00 01 000b 0000000100000000 ", NET), 0);
	assert_true(u.attr->has_aigp && attr_aigp(u.attr) == 1ull << 32);
	assert_int_equal(decode("", BASE "c0 1a 0b 01 000b 0000000000000105 ", NET), 0);
	assert_false(u.attr->has_aigp || u.treat_as_withdraw); /* transitive: not it */
	assert_int_equal(decode("", BASE "80 1a 0b 01 000c 0000000000000105 ", NET), 0);
	assert_false(u.attr->has_aigp || u.treat_as_withdraw); /* longer than the attribute */
	assert_int_equal(decode("", BASE "80 1a 05 01 0002 0000 ", NET), 0);
	assert_false(u.attr->has_aigp || u.treat_as_withdraw);
}

static void test_plain(void **state)
{
	struct prefix p;

	assert_int_equal(decode("10 ac10", BASE, NET "08 0a"), 0);
	assert_false(u.treat_as_withdraw);
	assert_true(nlri_next(&u.withdrawn[0], &p));
	assert_string_equal(PREFIX_STR(&p), "172.16.0.0/16");
	assert_false(nlri_next(&u.withdrawn[0], &p));
	assert_true(nlri_next(&u.announced[0], &p));
	assert_string_equal(PREFIX_STR(&p), "192.168.1.0/24");
	assert_true(nlri_next(&u.announced[0], &p));
	assert_string_equal(PREFIX_STR(&p), "10.0.0.0/8");
	assert_false(nlri_next(&u.announced[0], &p));
	assert_int_equal(u.attr->neighbor_as, 65001);
	assert_string_equal(ADDR_STR(&u.attr->nexthop), "10.0.0.1");
	assert_null(u.mp_attr);
}

static void test_eor(void **state)
{
	assert_int_equal(decode("", "", ""), 0);
	assert_true(u.eor[BGP_IPV4] && !u.eor[BGP_IPV6]);
	assert_int_equal(decode("", "800f03 0002 01", ""), 0);
	assert_true(!u.eor[BGP_IPV4] && u.eor[BGP_IPV6]);
	assert_int_equal(decode("08 0a", "", ""), 0);
	assert_false(u.eor[BGP_IPV4]);
	/* No more than that: neither a prefix of the other family, nor one of its own. */
	assert_int_equal(decode("08 0a", "800f03 0002 01", ""), 0);
	assert_false(u.eor[BGP_IPV4] || u.eor[BGP_IPV6]);
	decode("", "800f03 0002 01", "08 0a");
	assert_false(u.eor[BGP_IPV4] || u.eor[BGP_IPV6]);
	assert_int_equal(decode("", "800f05 0002 01 08 20", ""), 0);
	assert_false(u.eor[BGP_IPV4] || u.eor[BGP_IPV6]);
}

#define HOP6 "fd990000000000000000000000000001"
#define LL6 "fe800000000000000000000000000001"

static void test_mp(void **state)
{
	struct prefix p;

	assert_int_equal(decode("", ORIGIN PATH "800e 1c 0002 01 10" HOP6 "00 30fd0000000002", ""),
			 0);
	assert_true(nlri_next(&u.announced[1], &p));
	assert_string_equal(PREFIX_STR(&p), "fd00:0:2::/48");
	assert_string_equal(ADDR_STR(&u.mp_attr->nexthop), "fd99::1");
	assert_null(attr_nexthop_ll(u.mp_attr));
	assert_null(u.attr);
	/* Both families in one message share all but the next hop; a link-local one beside. */
	assert_int_equal(decode("", BASE "900e 002c 0002 01 20" HOP6 LL6 "00 30fd0000000002", NET),
			 0);
	assert_non_null(u.attr);
	assert_memory_equal(attr_nexthop_ll(u.mp_attr), "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	/* No global address there: the link-local one is the next hop. */
	assert_int_equal(decode("",
				ORIGIN PATH
				"800e 2c 0002 01 20 00000000000000000000000000000000" LL6
				"00 30fd0000000002",
				""),
			 0);
	assert_false(u.treat_as_withdraw);
	assert_string_equal(ADDR_STR(&u.mp_attr->nexthop), "fe80::1");
	assert_null(attr_nexthop_ll(u.mp_attr));
	/* By a session over link-local addresses that one is the next hop. */
	ctx.link_local = true;
	decode("", ORIGIN PATH "800e 2c 0002 01 20" HOP6 LL6 "00 30fd0000000002", "");
	assert_string_equal(ADDR_STR(&u.mp_attr->nexthop), "fe80::1");
	assert_null(attr_nexthop_ll(u.mp_attr));
	decode("", ORIGIN PATH "800e 1c 0002 01 10" HOP6 "00 30fd0000000002", "");
	assert_string_equal(ADDR_STR(&u.mp_attr->nexthop), "fd99::1");
	/* It is of the session's link, whatever stands in the octets that are to be zero. */
	ctx.link = "wg1";
	decode("",
	       ORIGIN PATH "800e 1c 0002 01 10 fe800000123456780000000000000001 00 30fd0000000002",
	       "");
	assert_string_equal(ADDR_STR(&u.mp_attr->nexthop), "fe80::1%wg1");
	ctx.link = NULL;
	ctx.link_local = false;
	/* A second address that is not link-local is none. */
	assert_int_equal(
		decode("", ORIGIN PATH "800e 2c 0002 01 20" HOP6 HOP6 "00 30fd0000000002", ""), 0);
	assert_string_equal(ADDR_STR(&u.mp_attr->nexthop), "fd99::1");
	assert_null(attr_nexthop_ll(u.mp_attr));
	/* Unicast IPv4 with its next hop in MP_REACH_NLRI. */
	assert_int_equal(decode("", ORIGIN PATH "800e 0d 0001 01 04 0a000001 00 18c0a801", ""), 0);
	assert_true(nlri_next(&u.announced[1], &p));
	assert_string_equal(PREFIX_STR(&p), "192.168.1.0/24");
	/* What was not negotiated is not looked at. */
	ctx.family[BGP_IPV6] = false;
	assert_int_equal(decode("", ORIGIN PATH "800e 1c 0002 01 10" HOP6 "00 30fd0000000002", ""),
			 0);
	assert_false(nlri_next(&u.announced[1], &p));
	assert_int_equal(decode("", ORIGIN PATH "800e 09 4004 47 00 00 01020304", ""), 0);
}

/* Each row: attributes, prefixes, what follows. */
static void test_errors(void **state)
{
	static const struct {
		const char *attrs, *nlri;
		enum { FINE, WITHDRAW, RESET } then;
		uint8_t subcode;
	} rows[] = {
		{"400101 03" PATH HOP, NET, WITHDRAW, 6},
		{"400102 0000" PATH HOP, NET, WITHDRAW, 5},
		{"c00101 00" PATH HOP, NET, WITHDRAW, 4},
		{PATH HOP, NET, WITHDRAW, 3},
		{ORIGIN HOP, NET, WITHDRAW, 3},
		{ORIGIN PATH, NET, WITHDRAW, 3},
		{ORIGIN PATH "400304 7f000001", NET, WITHDRAW, 8},
		{ORIGIN PATH "400304 e0000001", NET, WITHDRAW, 8},
		{ORIGIN PATH "400303 0a0000", NET, WITHDRAW, 5},
		{ORIGIN "400206 0201 0000fdea" HOP, NET, WITHDRAW, 11}, /* first AS */
		{ORIGIN "400200" HOP, NET, WITHDRAW, 11},
		{ORIGIN "400206 0501 0000fde9" HOP, NET, WITHDRAW, 11},		 /* segment type */
		{ORIGIN "400206 0202 0000fde9" HOP, NET, WITHDRAW, 11},		 /* overrun */
		{ORIGIN "40020a 0202 0000fde9 00000000" HOP, NET, WITHDRAW, 11}, /* AS 0 */
		{ORIGIN "400208 0201 0000fde9 0200" HOP, NET, WITHDRAW, 11},	 /* empty segment */
		{BASE "800403 000000", NET, WITHDRAW, 5},
		{BASE "400604 00000000", NET, FINE, 5},	     /* ATOMIC_AGGREGATE: discard */
		{BASE "c00706 fde9 0a000001", NET, FINE, 5}, /* AGGREGATOR: 8 bytes expected */
		{BASE "c00803 000000", NET, WITHDRAW, 5},
		{BASE "c00800", NET, WITHDRAW, 5},
		{BASE "c01007 00000000000000", NET, WITHDRAW, 5},
		{BASE "c0200b 0000000000000000000000", NET, WITHDRAW, 5},
		{BASE "800903 000000", NET, FINE, 0}, /* ORIGINATOR_ID from outside: unread */
		{BASE "400b01 00", NET, RESET, 2},    /* unknown well-known */
		{BASE "800bff 00", NET, WITHDRAW, 1}, /* longer than the list */
		{BASE "80", NET, WITHDRAW, 1},
		{BASE, "21 0a00000000", RESET, 10},
		{BASE, "18 0a", RESET, 10},
		{"400101 03", "", RESET, 6}, /* an error and no prefix */
		{ORIGIN PATH "800e 1a 0002 01 0f" HOP6 "00 30fd0000000002", "", RESET, 9},
		{ORIGIN PATH "800e 1c 0002 01 10" HOP6 "00 81fd0000000002", "", RESET, 9},
		{ORIGIN PATH "800e 04 0002 01 00", "", RESET, 5},
		{ORIGIN PATH "800e 15 0002 01 10" HOP6 "00 800e 15 0002 01 10" HOP6 "00", "", RESET,
		 1},
		{"800f 04 0002 01 81", "", RESET, 9},
		{BASE "400101 02", NET, FINE, 0}, /* the second ORIGIN is not read */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int err = decode("", rows[i].attrs, rows[i].nlri);

		if ((err < 0) != (rows[i].then == RESET) ||
		    (err == 0 && u.treat_as_withdraw != (rows[i].then == WITHDRAW)) ||
		    error.subcode != rows[i].subcode)
			fail_msg("row %u: %d, withdraw %d, subcode %u: %s", i, err,
				 u.treat_as_withdraw, error.subcode, error.text);
	}
}

static void test_unknown(void **state)
{
	struct attr_tlv t;

	assert_int_equal(decode("", BASE "c06302 abcd 806402 abcd", NET), 0);
	assert_true(attr_tlv_find(u.attr->wire, u.attr->wire_len, 0x63, &t));
	assert_int_equal(t.flags, ATTR_OPTIONAL | ATTR_TRANSITIVE | ATTR_PARTIAL);
	assert_false(attr_tlv_find(u.attr->wire, u.attr->wire_len, 0x64, &t));
}

#define MED "800404 00000007 "
#define PREF "400504 00000064 "

/* The data of a NOTIFICATION about an attribute is that attribute, byte by byte as it came. */
static void test_error_data(void **state)
{
	static const char *const rows[] = {
		"400b01 00",	      "500b0001 00",	      "600b02 0102",
		"400101 03",	      "50010001 03",	      "c00101 00",
		"f0010001 00",	      "800e 04 0002 01 00",   "900e 0004 0002 01 00",
		"800f 04 0002 01 81", "400206 0501 0000fde9", "c00803 000000",
		"400503 000000",      "800902 0000",
	};
	uint8_t want[4200];
	char big[2 * 3000 + 16];

	for (unsigned i = 0; i <= ARRAY_SIZE(rows); i++) {
		const char *attr = i < ARRAY_SIZE(rows) ? rows[i] : big;
		size_t n;

		/* An attribute that nobody knows and everybody must, of 2999 bytes. */
		strcpy(big, "500b0bb7");
		for (n = 8; n < 8 + 2 * 2999; n++)
			big[n] = '7';
		big[n] = '\0';
		ctx.ebgp = false;
		assert_true(decode("", attr, "") < 0);
		n = unhex(attr, want);
		if (error.len != n || memcmp(error.data, want, n) != 0)
			fail_msg("row %u: %u bytes of data", i, error.len);
	}
	assert_int_equal(decode("", ORIGIN PATH, NET), 0);
	assert_true(u.treat_as_withdraw && error.len == 1 && error.data[0] == ATTR_LOCAL_PREF);
	assert_int_equal(decode("", ORIGIN PATH PREF, NET), 0);
	assert_true(u.treat_as_withdraw && error.len == 1 && error.data[0] == ATTR_NEXT_HOP);
	assert_int_equal(decode("", BASE, NET), 0);
	assert_true(u.treat_as_withdraw && error.len == 1 && error.data[0] == ATTR_LOCAL_PREF);
	assert_int_equal(decode("", BASE PREF, NET), 0);
	assert_false(u.treat_as_withdraw);
}

/* Lists that are sets hold each value once, in the order of their first coming. */
static void test_sets(void **state)
{
	static const struct {
		uint8_t type, unit;
	} lists[] = {
		{ATTR_COMMUNITIES, 4}, {ATTR_EXT_COMMUNITIES, 8}, {ATTR_LARGE_COMMUNITIES, 12}};
	unsigned seed = 3;

	srand(seed);
	for (int round = 0; round < 3000; round++) {
		int k = rand() % 3, n = 1 + rand() % 20, unit = lists[k].unit, kept = 0;
		bool seen[8] = {0};
		char attrs[1024];
		uint8_t order[20];
		struct attr_tlv t;
		size_t len =
			snprintf(attrs, sizeof(attrs), BASE "c0%02x%02x", lists[k].type, n * unit);

		for (int i = 0; i < n; i++) {
			int v = rand() % 8;

			len += snprintf(attrs + len, sizeof(attrs) - len, "%0*x", unit * 2, v);
			if (!seen[v])
				order[kept++] = v;
			seen[v] = true;
		}
		assert_int_equal(decode("", attrs, NET), 0);
		assert_true(attr_tlv_find(u.attr->wire, u.attr->wire_len, lists[k].type, &t));
		assert_int_equal(t.len, kept * unit);
		for (int i = 0; i < kept; i++)
			assert_int_equal(t.value[i * unit + unit - 1], order[i]);
	}
}

/* Every attribute that we know, with each of the 16 flags that it can come with: where it is taken
 * it is sent on with the flags of its definition; Partial stays where it has a meaning. */
static void test_flags(void **state)
{
	static const struct {
		uint8_t type, flags;
		const char *value, *others;
	} rows[] = {
		{ATTR_ORIGIN, 0x40, "01 00", PATH HOP PREF},
		{ATTR_AS_PATH, 0x40, "06 0201 0000fde9", ORIGIN HOP PREF},
		{ATTR_NEXT_HOP, 0x40, "04 0a000001", ORIGIN PATH PREF},
		{ATTR_MED, 0x80, "04 00000007", BASE PREF},
		{ATTR_LOCAL_PREF, 0x40, "04 00000064", BASE},
		{ATTR_ATOMIC_AGGREGATE, 0x40, "00", BASE PREF},
		{ATTR_AGGREGATOR, 0xc0, "08 0000fde9 0a000001", BASE PREF},
		{ATTR_COMMUNITIES, 0xc0, "04 fde80001", BASE PREF},
		{ATTR_ORIGINATOR_ID, 0x80, "04 0a000001", BASE PREF},
		{ATTR_CLUSTER_LIST, 0x80, "04 0a000001", BASE PREF},
		{ATTR_EXT_COMMUNITIES, 0xc0, "08 0002fde900000001", BASE PREF},
		{ATTR_AIGP, 0x80, "0b 01 000b 0000000000000105", BASE PREF},
		{ATTR_LARGE_COMMUNITIES, 0xc0, "0c 000000010000000200000003", BASE PREF},
		{99, 0xc0, "02 abcd", BASE PREF},
	};
	char attrs[256];
	struct wr w = {0};

	ctx.ebgp = false;
	ctx.aigp = true;
	for (unsigned n = 0; n < ARRAY_SIZE(rows) * 8; n++) {
		uint8_t type = rows[n / 8].type, flags = rows[n / 8].flags, came = n % 8 << 5, want;
		bool good = (came & 0xc0) == flags;
		struct attr_tlv t;

		snprintf(attrs, sizeof(attrs), "%s%02x%02x%s", rows[n / 8].others, came, type,
			 rows[n / 8].value);
		if (decode("", attrs, NET) < 0 || u.treat_as_withdraw) {
			if (good)
				fail_msg("type %u flags %02x: refused: %s", type, came, error.text);
			continue;
		}
		want = flags | (flags == 0xc0 ? came & ATTR_PARTIAL : 0);
		if (type == 99)
			want |= ATTR_PARTIAL;
		wr_reset(&w);
		attr_put(&w, u.attr, true, true);
		if (attr_tlv_find(w.data, w.len, type, &t) && (!good || t.flags != want))
			fail_msg("type %u flags %02x: sent on with %02x", type, came, t.flags);
		if (good && t.type != type)
			fail_msg("type %u flags %02x: not sent on", type, came);
	}
	wr_free(&w);
}

/* Both halves of an aggregator that does not fit into two octets say Partial, or neither does. */
static void test_flags_as4(void **state)
{
	struct wr w = {0};
	struct attr_tlv t;

	ctx.four_octet = false;
	for (int partial = 0; partial < 2; partial++) {
		const char *path = ORIGIN "400206 0202 fde9 5ba0 " HOP "c00706 5ba0 0a000001 ";
		char attrs[256];

		snprintf(attrs, sizeof(attrs), "%s%s1208 fa56ea00 0a000002", path,
			 partial ? "e0" : "c0");
		assert_int_equal(decode("", attrs, NET), 0);
		wr_reset(&w);
		attr_put(&w, u.attr, true, false);
		assert_true(attr_tlv_find(w.data, w.len, ATTR_AS4_AGGREGATOR, &t));
		assert_int_equal(t.flags, partial ? 0xe0 : 0xc0);
		assert_true(attr_tlv_find(w.data, w.len, ATTR_AGGREGATOR, &t));
		assert_int_equal(t.flags, partial ? 0xe0 : 0xc0);
	}
	wr_free(&w);
}

/* All types that nobody knows, in any order and twice: each is kept once, in order. */
static void test_all_unknown(void **state)
{
	static const uint8_t known[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 26, 32};
	static char attrs[8192];
	struct attr_tlv t;

	for (int round = 0; round < 2; round++) {
		size_t len = snprintf(attrs, sizeof(attrs), BASE);
		unsigned kept = 0;

		for (unsigned i = 0; i < 512; i++) {
			uint8_t type = round ? i * 37 : 255 - i;

			if (!memchr(known, type, sizeof(known)))
				len += snprintf(attrs + len, sizeof(attrs) - len, "c0%02x01%02x",
						type, i < 256 ? type : 7);
		}
		assert_int_equal(decode("", attrs, NET), 0);
		for (unsigned type = 0; type < 256; type++) {
			bool there = attr_tlv_find(u.attr->wire, u.attr->wire_len, type, &t);

			if (there && type > 2) {
				assert_int_equal(t.flags, 0xe0);
				assert_int_equal(t.len, 1);
				assert_int_equal(t.value[0], type);
				kept++;
			}
		}
		assert_int_equal(kept, 256 - sizeof(known) - 1); /* 0 stands before ORIGIN */
		assert_true(attr_tlv_find(u.attr->wire, u.attr->wire_len, 0, &t));
	}
}

/* The order in which attributes came makes no difference. */
static void test_canonical(void **state)
{
	struct attr *first;

	assert_int_equal(decode("", BASE "c00804 00010002", NET), 0);
	first = attr_ref(u.attr);
	assert_int_equal(decode("", "d0080004 00010002" HOP PATH ORIGIN, NET), 0);
	assert_ptr_equal(first, u.attr);
	attr_unref(first);
}

static void test_as4(void **state)
{
	struct attr_tlv t;

	ctx.four_octet = false;
	assert_int_equal(decode("",
				ORIGIN "40020a 0204 fde9 5ba0 5ba0 0001" HOP
				       "c0110e 0203 fa56ea00 fa56ea01 00000001",
				NET),
			 0);
	assert_int_equal(u.attr->as_path_len, 4);
	assert_int_equal(u.attr->neighbor_as, 65001);
	assert_true(attr_as_path_has(u.attr, 4200000000, 1));
	assert_true(attr_as_path_has(u.attr, 4200000001, 1));
	assert_false(attr_as_path_has(u.attr, AS_TRANS, 1));
	assert_true(attr_tlv_find(u.attr->wire, u.attr->wire_len, ATTR_AS_PATH, &t));
	assert_int_equal(t.len, 2 + 4 * 4); /* one sequence */
	/* Longer than AS_PATH: not to be believed. */
	assert_int_equal(
		decode("", ORIGIN "400204 0201 fde9" HOP "c0110a 0202 fa56ea00 fa56ea01", NET), 0);
	assert_int_equal(u.attr->as_path_len, 1);
	assert_int_equal(decode("",
				ORIGIN "400206 0202 fde9 5ba0" HOP "c00706 5ba0 0a000001"
				       "c01208 fa56ea00 0a000002",
				NET),
			 0);
	assert_true(attr_tlv_find(u.attr->wire, u.attr->wire_len, ATTR_AGGREGATOR, &t));
	assert_int_equal(get_u32(t.value), 4200000000);
}

/* Which of the four attributes are there, and what the path becomes (RFC 6793 section 4.2.3, 6). */
static void test_as4_rules(void **state)
{
#define PATH2 ORIGIN HOP "40020a 0204 fde9 5ba0 5ba0 0001 "
#define AS4(len, segments) "c011" len segments
#define WIDE "0203 fa56ea00 fa56ea01 00000001 "
#define AGG_OWN "c00706 fde9 0a000001 "
#define AGG_TRANS "c00706 5ba0 0a000001 "
#define AGG4 "c01208 fa56ea00 0a000002 "
	static const struct {
		const char *attrs;
		bool merged;
		uint32_t aggregator; /* 0 none */
	} rows[] = {
		{PATH2, false, 0},
		{PATH2 AS4("0e", WIDE), true, 0},
		{PATH2 AS4("0e", WIDE) AGG_OWN, true, 65001},
		{PATH2 AS4("0e", WIDE) AGG_OWN AGG4, false, 65001},
		{PATH2 AS4("0e", WIDE) AGG_TRANS, true, AS_TRANS},
		{PATH2 AS4("0e", WIDE) AGG_TRANS AGG4, true, 4200000000},
		{PATH2 AS4("0e", WIDE) AGG4, true, 0},
		{PATH2 AGG_OWN AGG4, false, 65001},
		/* What is malformed is not there. */
		{PATH2 AS4("0e", WIDE) AGG_OWN "c01207 fa56ea00 0a0000 ", true, 65001},
		{PATH2 AS4("0e", WIDE) "c00705 fde9 0a0000 " AGG4, true, 0},
		{PATH2 AS4("0e", "0503 fa56ea00 fa56ea01 00000001 "), false, 0},
		{PATH2 AS4("0e", "0203 fa56ea00 00000000 00000001 "), false, 0},
		{PATH2 AS4("0e", "0003 fa56ea00 fa56ea01 00000001 "), false, 0},
		/* Of a confederation's segments that one alone goes. */
		{PATH2 AS4("14", "0301 0000fde8 " WIDE), true, 0},
		{PATH2 AS4("14", "0401 0000fde8 " WIDE), true, 0},
		{PATH2 AS4("14", WIDE "0301 0000fde8 "), true, 0},
		{PATH2 AS4("24", "0305 0000fde8 0000fde7 0000fde6 0000fde5 0000fde4 " WIDE), true,
		 0},
		{PATH2 AS4("06", "0301 0000fde8 "), false, 0},
		{PATH2 AS4("14", "0302 0000fde8 " WIDE), false, 0},
	};

	ctx.four_octet = false;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attr_tlv t;
		uint32_t aggregator;

		if (decode("", rows[i].attrs, NET) < 0 || u.treat_as_withdraw)
			fail_msg("row %u: refused: %s", i, error.text);
		aggregator = attr_tlv_find(u.attr->wire, u.attr->wire_len, ATTR_AGGREGATOR, &t)
				     ? get_u32(t.value)
				     : 0;
		if (u.attr->as_path_len != 4 || u.attr->neighbor_as != 65001 ||
		    attr_as_path_has(u.attr, 4200000001, 1) != rows[i].merged ||
		    attr_as_path_has(u.attr, AS_TRANS, 1) == rows[i].merged ||
		    attr_as_path_has(u.attr, 65000, 1) || aggregator != rows[i].aggregator)
			fail_msg("row %u: length %u, aggregator %u", i, u.attr->as_path_len,
				 aggregator);
	}
}

static void test_lengths(void **state)
{
	static const uint8_t withdrawn[] = {0, 5, 0, 0}, attrs[] = {0, 0, 0, 9}, tiny[] = {0, 0, 0};

	assert_int_not_equal(update_decode(withdrawn, 4, &ctx, &u, &error), 0);
	assert_int_equal(error.subcode, 1);
	assert_int_not_equal(update_decode(attrs, 4, &ctx, &u, &error), 0);
	assert_int_equal(error.subcode, 1);
	assert_int_not_equal(update_decode(tiny, 3, &ctx, &u, &error), 0);
}

/* Random bytes over a valid message: never a read outside (sanitizers), never a leak. */
static void test_noise(void **state)
{
	static const char base[] =
		"0000 003a " BASE "800e 1c 0002 01 10" HOP6 "00 30fd0000000002 c00804 00010002" NET;
	uint8_t message[256], noisy[256];
	size_t n = unhex(base, message);

	srand(test_seed());
	for (int round = 0; round < 200000; round++) {
		size_t len = rand() % 8 ? n : rand() % (n + 1);
		uint8_t *copy;

		memcpy(noisy, message, n);
		for (int flips = rand() % 4; flips >= 0; flips--)
			noisy[rand() % n] = rand();
		copy = malloc(len ? len : 1);
		memcpy(copy, noisy, len);
		ctx.four_octet = rand() % 2;
		if (update_decode(copy, len, &ctx, &u, &error) == 0) {
			struct prefix p;

			for (int i = 0; i < 2; i++) {
				while (nlri_next(&u.withdrawn[i], &p))
					assert_true(p.len <= 128);
				while (nlri_next(&u.announced[i], &p))
					assert_true(p.len <= 128);
			}
		}
		update_release(&u);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_aigp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_eor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_canonical, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error_data, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flags_as4, setup, teardown),
		cmocka_unit_test_setup_teardown(test_as4, setup, teardown),
		cmocka_unit_test_setup_teardown(test_as4_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
