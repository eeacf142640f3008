/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message.h"
#include "util.h"

static struct open o;
static struct bgp_error error;

/* An OPEN's body: fixed fields, then PARAMS behind their length octet. */
static int decode(const void *params, size_t len)
{
	struct wr w = {0};
	int err;

	wr_u8(&w, 4);
	wr_u16(&w, 65001);
	wr_u16(&w, 90);
	wr_u32(&w, 0x0a000001);
	wr_u8(&w, len);
	wr_bytes(&w, params, len);
	err = open_decode(w.data, w.len, &o, &error);
	wr_free(&w);
	return err;
}

static void test_round(void **state)
{
	struct open in = {.as = 4200000000,
			  .router_id = 0x0a000001,
			  .hold_time = 30,
			  .family = {true, true},
			  .four_octet = true,
			  .refresh = true,
			  .extended_hop = true,
			  .gr = true,
			  .gr_restarting = true,
			  .gr_time = 4095,
			  .gr_family = {true, true},
			  .gr_forwarding = {false, true}};
	struct wr w = {0};

	open_put(&w, &in);
	assert_int_equal(w.data[18], BGP_OPEN);
	assert_int_equal(w.data[16] << 8 | w.data[17], w.len);
	assert_int_equal(w.data[20] << 8 | w.data[21], 23456);
	assert_int_equal(open_decode(w.data + 19, w.len - 19, &o, &error), 0);
	in.mp = true;
	assert_memory_equal(&in, &o, sizeof(o));
	wr_free(&w);
}

static void test_plain(void **state)
{
	assert_int_equal(decode(NULL, 0), 0);
	assert_int_equal(o.as, 65001);
	assert_true(o.family[BGP_IPV4] && !o.family[BGP_IPV6]);
	assert_false(o.four_octet || o.gr || o.refresh);
}

static void test_capabilities(void **state)
{
	/* Only IPv6; one capability that nobody knows; each in a parameter of its own. */
	assert_int_equal(decode("\2\6\1\4\0\2\0\1\2\2\x63\0", 12), 0);
	assert_true(!o.family[BGP_IPV4] && o.family[BGP_IPV6]);
	assert_int_equal(o.unknown, 1);
	/* Multicast IPv4: no family of ours. */
	assert_int_equal(decode("\2\6\1\4\0\1\0\2", 8), 0);
	assert_false(o.family[BGP_IPV4]);
	/* Wrong lengths are passed over. */
	assert_int_equal(decode("\2\5\1\3\0\2\0", 7), 0);
	assert_int_equal(decode("\2\5\x41\3\0\2\0", 7), 0);
	assert_false(o.four_octet);
	assert_int_equal(decode("\2\5\x40\3\0\2\0", 7), 0);
	assert_false(o.gr);
	/* AS 0 by capability. */
	assert_int_not_equal(decode("\2\6\x41\4\0\0\0\0", 8), 0);
	assert_int_equal(error.subcode, 2);
}

static void test_lengths(void **state)
{
	static const uint8_t extended[] = {4,	0xfd, 0xe9, 0, 90, 10, 0, 0, 1,
					   255, 255,  0,    5, 2,  0,  2, 2, 0};
	static const uint8_t none[] = {4, 0xfd, 0xe9, 0, 90, 10, 0, 0, 1, 255, 255, 0, 0};
	static const uint8_t full[255] = {2, 253, 0x63, 251};

	assert_int_not_equal(decode("\2\3\1\4\0", 5), 0); /* capability beyond its parameter */
	assert_int_not_equal(decode("\2\11", 2), 0);	  /* parameter beyond the message */
	assert_int_not_equal(decode("\1\0", 2), 0);
	assert_int_equal(error.subcode, 4);
	assert_int_equal(open_decode(extended, sizeof(extended), &o, &error), 0); /* RFC 9072 */
	assert_true(o.refresh);
	for (size_t n = 0; n < sizeof(extended); n++)
		assert_int_not_equal(open_decode(extended, n, &o, &error), 0);
	/* The shortest one of that form; as many octets in the usual form; its mark elsewhere. */
	assert_int_equal(open_decode(none, sizeof(none), &o, &error), 0);
	assert_int_equal(decode((const char *)full, 255), 0);
	assert_int_equal(o.unknown, 1);
	assert_int_not_equal(decode("\xff\3\0\0\0", 5), 0);
	assert_int_equal(error.subcode, 4);
}

static void test_notification(void **state)
{
	struct bgp_error e;
	char name[64];

	notification_decode((const uint8_t *)"\6\2\7bye\n\1\xff!", 10, &e);
	assert_string_equal(e.text, "bye??"
				    "?!");
	assert_string_equal(bgp_error_name(&e, name, sizeof(name)),
			    "Cease/Administrative Shutdown");
	notification_decode((const uint8_t *)"\6\2\x50short", 8, &e);
	assert_string_equal(e.text, "");
	notification_decode((const uint8_t *)"\x63\7", 2, &e);
	assert_string_equal(bgp_error_name(&e, name, sizeof(name)), "code 99/7");
}

static void test_refresh(void **state)
{
	assert_int_equal(refresh_decode((const uint8_t *)"\0\2\0\1", 4), BGP_IPV6);
	assert_int_equal(refresh_decode((const uint8_t *)"\0\2\1\1", 4), BGP_FAMILIES);
	assert_int_equal(refresh_decode((const uint8_t *)"\0\1\0\x80", 4), BGP_FAMILIES);
	assert_int_equal(refresh_decode((const uint8_t *)"\0\1\0", 3), BGP_FAMILIES);
}

/* The whole text of each error that RFC 4271, 4486, 5492, 6608, 9234, 9384 and 9687 name. */
static void test_error_names(void **state)
{
	static const struct {
		uint8_t code, subcode;
		const char *name;
	} rows[] = {
		{0, 0, "no error"},
		{1, 0, "Message Header Error"},
		{1, 1, "Message Header Error/Connection Not Synchronized"},
		{1, 2, "Message Header Error/Bad Message Length"},
		{1, 3, "Message Header Error/Bad Message Type"},
		{1, 4, "Message Header Error/4"},
		{2, 0, "OPEN Message Error"},
		{2, 1, "OPEN Message Error/Unsupported Version Number"},
		{2, 2, "OPEN Message Error/Bad Peer AS"},
		{2, 3, "OPEN Message Error/Bad BGP Identifier"},
		{2, 4, "OPEN Message Error/Unsupported Optional Parameter"},
		{2, 5, "OPEN Message Error/5"},
		{2, 6, "OPEN Message Error/Unacceptable Hold Time"},
		{2, 7, "OPEN Message Error/Unsupported Capability"},
		{2, 8, "OPEN Message Error/8"},
		{2, 10, "OPEN Message Error/10"},
		{2, 11, "OPEN Message Error/Role Mismatch"},
		{2, 12, "OPEN Message Error/12"},
		{3, 1, "UPDATE Message Error/Malformed Attribute List"},
		{3, 2, "UPDATE Message Error/Unrecognized Well-known Attribute"},
		{3, 3, "UPDATE Message Error/Missing Well-known Attribute"},
		{3, 4, "UPDATE Message Error/Attribute Flags Error"},
		{3, 5, "UPDATE Message Error/Attribute Length Error"},
		{3, 6, "UPDATE Message Error/Invalid ORIGIN Attribute"},
		{3, 7, "UPDATE Message Error/7"},
		{3, 8, "UPDATE Message Error/Invalid NEXT_HOP Attribute"},
		{3, 9, "UPDATE Message Error/Optional Attribute Error"},
		{3, 10, "UPDATE Message Error/Invalid Network Field"},
		{3, 11, "UPDATE Message Error/Malformed AS_PATH"},
		{3, 12, "UPDATE Message Error/12"},
		{4, 0, "Hold Timer Expired"},
		{4, 1, "Hold Timer Expired/1"},
		{5, 0, "Finite State Machine Error"},
		{5, 1, "Finite State Machine Error/Unexpected Message in OpenSent"},
		{5, 2, "Finite State Machine Error/Unexpected Message in OpenConfirm"},
		{5, 3, "Finite State Machine Error/Unexpected Message in Established"},
		{6, 0, "Cease"},
		{6, 1, "Cease/Maximum Number of Prefixes Reached"},
		{6, 2, "Cease/Administrative Shutdown"},
		{6, 3, "Cease/Peer De-configured"},
		{6, 4, "Cease/Administrative Reset"},
		{6, 5, "Cease/Connection Rejected"},
		{6, 6, "Cease/Other Configuration Change"},
		{6, 7, "Cease/Connection Collision Resolution"},
		{6, 8, "Cease/Out of Resources"},
		{6, 9, "Cease/Hard Reset"},
		{6, 10, "Cease/BFD Down"},
		{6, 255, "Cease/255"},
		{7, 0, "ROUTE-REFRESH Message Error"},
		{7, 1, "ROUTE-REFRESH Message Error/1"},
		{8, 0, "Send Hold Timer Expired"},
		{9, 0, "code 9/0"},
		{255, 255, "code 255/255"},
	};
	char name[128];

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bgp_error e = {.code = rows[i].code, .subcode = rows[i].subcode};

		assert_string_equal(bgp_error_name(&e, name, sizeof(name)), rows[i].name);
	}
}

/* Each row: an OPEN's whole body, and the NOTIFICATION that answers it; code 0: it is taken. */
static void test_refusals(void **state)
{
	static const struct {
		const char *body;
		size_t len;
		uint8_t code, subcode, data;
	} rows[] = {
		{"\4\xfd\xe9\0\x5a\xa\0\0\1\0", 10, 0, 0, 0},
		{"\3\xfd\xe9\0\x5a\xa\0\0\1\0", 10, 2, 1, 2},
		{"\5\xfd\xe9\0\x5a\xa\0\0\1\0", 10, 2, 1, 2},
		{"\4\0\0\0\x5a\xa\0\0\1\0", 10, 2, 2, 0},
		{"\4\xfd\xe9\0\x5a\0\0\0\0\0", 10, 2, 3, 0},
		{"\4\xfd\xe9\0\0\xa\0\0\1\0", 10, 0, 0, 0},
		{"\4\xfd\xe9\0\1\xa\0\0\1\0", 10, 2, 6, 0},
		{"\4\xfd\xe9\0\2\xa\0\0\1\0", 10, 2, 6, 0},
		{"\4\xfd\xe9\0\3\xa\0\0\1\0", 10, 0, 0, 0},
		{"\4\xfd\xe9\0\x5a\xa\0\0\1\1", 10, 2, 0, 0},
		{"\4\xfd\xe9\0\x5a\xa\0\0\1\0\0", 11, 2, 0, 0},
		{"\4\xfd\xe9\0\x5a\xa\0\0\1\2\1\0", 12, 2, 4, 0},
		{"\4\xfd\xe9\0\x5a\xa\0\0\1\3\2\2\x41", 13, 2, 0, 0},
		{"\4\xfd\xe9\0\x5a\xa\0\0\1\4\2\2\x41\1", 14, 2, 0, 0},
	};
	struct open of;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bgp_error e = {0};
		int err = open_decode((const uint8_t *)rows[i].body, rows[i].len, &of, &e);

		if ((err < 0) != (rows[i].code != 0) || e.code != rows[i].code ||
		    e.subcode != rows[i].subcode || e.len != rows[i].data)
			fail_msg("row %u: %d %u/%u, %u bytes: %s", i, err, e.code, e.subcode, e.len,
				 e.text);
		assert_int_equal(*e.text != '\0', err < 0);
		if (e.len) /* the version that we speak */
			assert_memory_equal(e.data, "\0\4", 2);
		if (err == 0) {
			assert_int_equal(of.as, 65001);
			assert_int_equal(of.router_id, 0x0a000001);
			assert_int_equal(of.unknown, 0);
			assert_int_equal(of.mp, false);
		}
	}
}

/* Each row: the capabilities of an OPEN, and all that it says by them. */
static void test_each_capability(void **state)
{
	static const struct {
		const char *caps;
		size_t len;
		struct open want;
	} rows[] = {
		{"\1\4\0\1\0\1", 6, {.mp = true, .family = {true, false}}},
		{"\1\4\0\2\0\1", 6, {.mp = true, .family = {false, true}}},
		{"\1\4\0\3\0\1", 6, {.mp = true}},
		{"\1\4\0\1\0\2", 6, {.mp = true}},
		{"\1\4\0\2\0\2", 6, {.mp = true}},
		{"\1\4\0\1\0\1\1\4\0\2\0\1", 12, {.mp = true, .family = {true, true}}},
		{"\1\3\0\1\0", 5, {.family = {true}, .unknown = 1}},
		{"\1\5\0\1\0\1\0", 7, {.family = {true}, .unknown = 1}},
		{"\2\0", 2, {.family = {true}, .refresh = true}},
		{"\2\1\0", 3, {.family = {true}, .unknown = 1}},
		{"\5\6\0\1\0\1\0\2", 8, {.family = {true}, .extended_hop = true}},
		{"\5\6\0\1\0\2\0\2", 8, {.family = {true}}},
		{"\5\6\0\2\0\1\0\2", 8, {.family = {true}}},
		{"\5\6\0\1\0\1\0\1", 8, {.family = {true}}},
		{"\5\x0c\0\1\0\4\0\2\0\1\0\1\0\2",
		 14,
		 {.family = {true}, .extended_hop = true}},
		{"\5\5\0\1\0\1\0", 7, {.family = {true}, .unknown = 1}},
		{"\5\0", 2, {.family = {true}, .unknown = 1}},
		{"\x41\4\0\1\0\0", 6, {.family = {true}, .four_octet = true, .as = 65536}},
		{"\x41\3\0\1\0", 5, {.family = {true}, .unknown = 1}},
		{"\x40\2\0\0", 4, {.family = {true}, .gr = true}},
		{"\x40\2\x8f\xff",
		 4,
		 {.family = {true}, .gr = true, .gr_restarting = true, .gr_time = 4095}},
		{"\x40\2\x70\x78", 4, {.family = {true}, .gr = true, .gr_time = 120}},
		{"\x40\1\0", 3, {.family = {true}, .unknown = 1}},
		{"\x40\5\0\0\0\1\1", 7, {.family = {true}, .unknown = 1}},
		{"\x40\6\0\1\0\1\1\x80",
		 8,
		 {.family = {true},
		  .gr = true,
		  .gr_time = 1,
		  .gr_family = {true},
		  .gr_forwarding = {true}}},
		{"\x40\x0a\0\1\0\1\1\x7f\0\2\1\xff",
		 12,
		 {.family = {true},
		  .gr = true,
		  .gr_time = 1,
		  .gr_family = {true, true},
		  .gr_forwarding = {false, true}}},
		{"\x40\x0a\0\1\0\3\1\x80\0\2\2\x80",
		 12,
		 {.family = {true}, .gr = true, .gr_time = 1}},
		{"\x63\1\7\x64\0", 5, {.family = {true}, .unknown = 2}},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct open want = rows[i].want;
		char params[64] = {2, (char)rows[i].len};

		memcpy(params + 2, rows[i].caps, rows[i].len);
		want.as = want.as ? want.as : 65001;
		want.router_id = 0x0a000001;
		want.hold_time = 90;
		assert_int_equal(decode(params, rows[i].len + 2), 0);
		if (memcmp(&want, &o, sizeof(o)) != 0)
			fail_msg("row %u is read otherwise", i);
	}
}

static void check_put(const struct open *in, const char *want, size_t len)
{
	struct wr w = {0};

	open_put(&w, in);
	assert_int_equal(w.len, 19 + len);
	assert_memory_equal(w.data,
			    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	assert_int_equal(w.data[16] << 8 | w.data[17], w.len);
	assert_int_equal(w.data[18], 1);
	assert_memory_equal(w.data + 19, want, len);
	wr_free(&w);
}

static void test_put(void **state)
{
	struct open in = {.as = 65535, .router_id = 0x0a000001, .hold_time = 0x0102};

	check_put(&in, "\4\xff\xff\1\2\x0a\0\0\1\2\2\0", 12);
	in.family[BGP_IPV6] = in.refresh = true;
	check_put(&in, "\4\xff\xff\1\2\x0a\0\0\1\x0a\2\x08\1\4\0\2\0\1\2\0", 20);
	in = (struct open){.as = 65535, .router_id = 1, .extended_hop = true};
	check_put(&in, "\4\xff\xff\0\0\0\0\0\1\x0a\2\x08\5\6\0\1\0\1\0\2", 20);
	in = (struct open){.as = 65536,
			   .router_id = 1,
			   .four_octet = true,
			   .gr = true,
			   .gr_time = 0xffff,
			   .gr_family = {true, false}};
	check_put(&in, "\4\x5b\xa0\0\0\0\0\0\1\x10\2\x0e\x41\4\0\1\0\0\x40\6\x0f\xff\0\1\1\0", 26);
	in = (struct open){.as = 1,
			   .router_id = 1,
			   .gr = true,
			   .gr_restarting = true,
			   .gr_family = {false, true},
			   .gr_forwarding = {true, true}};
	check_put(&in, "\4\0\1\0\0\0\0\0\1\x0a\2\x08\x40\6\x80\0\0\2\1\x80", 20);
}

static void check_bytes(struct wr *w, const char *want, size_t len)
{
	assert_int_equal(w->len, len);
	assert_memory_equal(w->data + 16, want, len - 16);
	wr_free(w);
	*w = (struct wr){0};
}

static void test_short_messages(void **state)
{
	struct bgp_error e = {.code = 6, .subcode = 4, .len = 3, .data = {1, 'x', 7}};
	struct wr w = {0};

	keepalive_put(&w);
	check_bytes(&w, "\0\x13\4", 19);
	notification_put(&w, &e);
	check_bytes(&w, "\0\x18\3\6\4\1x\7", 24);
	refresh_put(&w, BGP_IPV4);
	check_bytes(&w, "\0\x17\5\0\1\0\1", 23);
	refresh_put(&w, BGP_IPV6);
	check_bytes(&w, "\0\x17\5\0\2\0\1", 23);
	assert_int_equal(refresh_decode((const uint8_t *)"\0\1\0\1", 4), BGP_IPV4);
	assert_int_equal(refresh_decode((const uint8_t *)"\0\3\0\1", 4), BGP_FAMILIES);
	assert_int_equal(refresh_decode((const uint8_t *)"\0\1\0\1\0", 5), BGP_FAMILIES);
}

/* What a NOTIFICATION says of itself: RFC 9003 in two subcodes of Cease, and nowhere else. */
static void test_shutdown_text(void **state)
{
	static const struct {
		const char *body;
		size_t len;
		const char *text;
		uint16_t data;
	} rows[] = {
		{"\6\2\3bye", 6, "bye", 4},
		{"\6\4\3bye", 6, "bye", 4},
		{"\6\3\3bye", 6, "", 4},
		{"\5\2\3bye", 6, "", 4},
		{"\6\2\4bye", 6, "", 4},
		{"\6\2\2bye", 6, "by", 4},
		{"\6\2\0", 3, "", 1},
		{"\6\2", 2, "", 0},
		{"\6\2\4 ~\x7f\x1f", 7, " ~??", 5},
		{"\6\2\1", 3, "", 1},
	};
	uint8_t body[4096] = {6, 2};
	struct bgp_error e;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		notification_decode((const uint8_t *)rows[i].body, rows[i].len, &e);
		assert_int_equal(e.code, (uint8_t)rows[i].body[0]);
		assert_int_equal(e.subcode, (uint8_t)rows[i].body[1]);
		assert_string_equal(e.text, rows[i].text);
		assert_int_equal(e.len, rows[i].data);
		assert_memory_equal(e.data, rows[i].body + 2, rows[i].data);
	}
	/* The longest one, of which as much is kept as there is room for. */
	memset(body + 2, 'a', sizeof(body) - 2);
	body[2] = 255;
	notification_decode(body, 3 + 255, &e);
	assert_int_equal(e.len, 256);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	body[2] = 127;
	notification_decode(body, 3 + 127, &e);
	assert_int_equal(strlen(e.text), 127);
	notification_decode(body, 2 + sizeof(e.data), &e);
	assert_int_equal(e.len, sizeof(e.data));
	notification_decode(body, 2 + sizeof(e.data) + 1, &e);
	assert_int_equal(e.len, sizeof(e.data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_capabilities),	cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_notification),	cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_error_names),	cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_each_capability), cmocka_unit_test(test_put),
		cmocka_unit_test(test_short_messages),	cmocka_unit_test(test_shutdown_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
