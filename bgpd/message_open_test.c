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

	assert_int_not_equal(decode("\2\3\1\4\0", 5), 0); /* capability beyond its parameter */
	assert_int_not_equal(decode("\2\11", 2), 0);	  /* parameter beyond the message */
	assert_int_not_equal(decode("\1\0", 2), 0);
	assert_int_equal(error.subcode, 4);
	assert_int_equal(open_decode(extended, sizeof(extended), &o, &error), 0); /* RFC 9072 */
	assert_true(o.refresh);
	for (size_t n = 0; n < sizeof(extended); n++)
		assert_int_not_equal(open_decode(extended, n, &o, &error), 0);
}

static void test_notification(void **state)
{
	struct bgp_error e;
	char name[64];

	notification_decode((const uint8_t *)"\6\2\7bye\n\1\xff!", 10, &e);
	assert_string_equal(e.text, "bye??" "?!");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),	     cmocka_unit_test(test_plain),
		cmocka_unit_test(test_capabilities), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_notification), cmocka_unit_test(test_refresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
