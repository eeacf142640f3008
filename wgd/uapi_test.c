/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "uapi.h"
#include "util.h"

#define KEY1 "b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33"
#define KEY2 "58402e695ba1772b1cc9309755f043251ea77fdcf10fbe63989ceb7e19321376"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static int get(const char *text, struct wg_dump *dump)
{
	*dump = (struct wg_dump){.with_entries = true};
	assert_true(uapi_complete(text, strlen(text)));
	return uapi_read_get(text, strlen(text), dump);
}

static void whole_answer(void **state)
{
	struct wg_dump d;

	assert_int_equal(get("private_key=" KEY1 "\nlisten_port=51820\nfwmark=17\n"
			     "public_key=" KEY2 "\npreshared_key=" ZERO "\nprotocol_version=1\n"
			     "endpoint=[2001:db8::1]:1000\nlast_handshake_time_sec=1700000000\n"
			     "last_handshake_time_nsec=5\ntx_bytes=12\nrx_bytes=34\n"
			     "persistent_keepalive_interval=25\nallowed_ip=10.0.0.0/8\n"
			     "allowed_ip=::/0\npublic_key=" KEY1 "\npreshared_key=" KEY2 "\n"
			     "allowed_ip=10.1.2.3/32\nfuture=thing\nerrno=0\n\n",
			     &d),
			 0);
	assert_int_equal(d.listen_port, 51820);
	assert_int_equal(d.fwmark, 17);
	assert_int_equal(d.n_peers, 2);
	assert_int_equal(d.peers[0].key[0], 0x58);
	assert_false(d.peers[0].has_psk);
	assert_true(d.peers[1].has_psk);
	assert_int_equal(d.peers[0].endpoint.port, 1000);
	assert_int_equal(d.peers[0].handshake_sec, 1700000000);
	assert_int_equal(d.peers[0].rx_bytes, 34);
	assert_int_equal(d.peers[0].keepalive, 25);
	assert_int_equal(d.n_entries, 3);
	assert_int_equal(d.entries[1].peer, 0);
	assert_int_equal(d.entries[2].peer, 1);
	assert_string_equal(PREFIX_STR(&d.entries[2].prefix), "10.1.2.3/32");
	wg_dump_free(&d);
}

static char told[256];

static void on_secret(void *arg, const uint8_t *peer, const uint8_t key[WG_KEY_BYTES])
{
	size_t len = strlen(told);

	assert_ptr_equal(arg, told);
	snprintf(told + len, sizeof(told) - len, "%02x of %02x\n", key[0], peer ? peer[0] : 0);
}

/* Who asks is told of the keys that there are, and of none in an answer that is malformed there. */
static void secrets(void **state)
{
	static const char text[] = "private_key=" KEY1 "\npublic_key=" KEY2 "\npreshared_key=" ZERO
				   "\npublic_key=" KEY1 "\npreshared_key=" KEY2 "\nerrno=0\n\n",
			  none[] = "private_key=" ZERO "\nerrno=0\n\n",
			  bad[] = "private_key=" KEY1 "0\nerrno=0\n\n";
	struct wg_dump d = {.secret = on_secret, .secret_arg = told};

	assert_int_equal(uapi_read_get(text, strlen(text), &d), 0);
	assert_string_equal(told, "b8 of 00\n58 of b8\n");
	wg_dump_free(&d);
	told[0] = '\0';
	d = (struct wg_dump){.secret = on_secret, .secret_arg = told};
	assert_int_equal(uapi_read_get(none, strlen(none), &d), 0);
	assert_int_equal(uapi_read_get(bad, strlen(bad), &d), -EBADMSG);
	assert_string_equal(told, "");
	wg_dump_free(&d);
}

/* Entries that nobody asked for are passed over, whatever is in them. */
static void without_entries(void **state)
{
	static const char text[] = "public_key=" KEY1 "\nallowed_ip=10.0.0.0/8\nallowed_ip=?\n"
				   "public_key=" KEY2 "\nallowed_ip=\nrx_bytes=7\nerrno=0\n\n",
			  of_none[] = "allowed_ip=10.0.0.0/8\nerrno=0\n\n";
	struct wg_dump d = {0};

	assert_int_equal(uapi_read_get(text, strlen(text), &d), 0);
	assert_int_equal(d.n_peers, 2);
	assert_int_equal(d.n_entries, 0);
	assert_int_equal(d.peers[1].rx_bytes, 7);
	wg_dump_free(&d);
	assert_int_equal(uapi_read_get(of_none, strlen(of_none), &d), -EBADMSG);
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"\n",				      /* no errno */
		"errno=0\n",			      /* no end */
		"listen_port=65536\nerrno=0\n\n",     /* out of range */
		"listen_port=-1\nerrno=0\n\n",	      /* */
		"listen_port=+1\nerrno=0\n\n",	      /* a number has no sign, */
		"listen_port= 1\nerrno=0\n\n",	      /* nothing in front of it, */
		"listen_port=\nerrno=0\n\n",	      /* and a digit */
		"public_key=" KEY1 "\nrx_bytes=-1\nerrno=0\n\n",
		"fwmark=4294967296\nerrno=0\n\n",     /* */
		"allowed_ip=10.0.0.0/8\nerrno=0\n\n", /* of no peer */
		"public_key=" KEY1 "00\nerrno=0\n\n", /* too long */
		"public_key=xyz\nerrno=0\n\n",	      /* no hex */
		"public_key=" KEY1 "\nallowed_ip=10.0.0.0/33\nerrno=0\n\n",
		"public_key=" KEY1 "\nrx_bytes=1x\nerrno=0\n\n",
		"public_key=" KEY1 "\nlast_handshake_time_nsec=1000000000\nerrno=0\n\n",
		"nonsense\nerrno=0\n\n",
		"errno=x\n\n",
		"errno=4096\n\n",
		"private_key=" KEY1 "0\nerrno=0\n\n",
		"public_key=" KEY1 "\npersistent_keepalive_interval=65536\nerrno=0\n\n",
		"public_key=" KEY1 "\nlast_handshake_time_sec=9223372036854775808\nerrno=0\n\n",
		"public_key=" KEY1 "\ntx_bytes=18446744073709551616\nerrno=0\n\n",
		"public_key=" KEY1 "\npreshared_key=00\nerrno=0\n\n",
	};
	struct wg_dump d;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		d = (struct wg_dump){.with_entries = true};
		if (uapi_read_get(bad[i], strlen(bad[i]), &d) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		wg_dump_free(&d);
	}
	assert_int_equal(uapi_read_set("errno=-22\n\n", 11), -22);
	assert_int_equal(uapi_read_set("errno=22\n\n", 10), -22);
	assert_int_equal(uapi_read_set("errno=0\n\n", 9), 0);
}

/* It ends with an empty line, and there alone. */
static void completeness(void **state)
{
	static const struct {
		const char *text;
		bool complete;
	} rows[] = {
		{"", false},	   {"a", false},      {"\n", true},	{"\n\n", true}, {"a\n", false},
		{"a\n\n", true},   {"\na", false},   {"\n\na", false}, {"ab", false},
		{"a\n\na\n", false}, {"a\n\na\n\n", true},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (uapi_complete(rows[i].text, strlen(rows[i].text)) != rows[i].complete)
			fail_msg("row %u", i);
}

static void changes_in_order(void **state)
{
	const uint8_t a[WG_KEY_BYTES] = {0xaa}, b[WG_KEY_BYTES] = {0xbb}, g[WG_KEY_BYTES] = {0xee};
	struct prefix p;
	struct wg_change changes[5];
	struct wr w = {0};
	static const char zeros[] = ZERO;

	prefix_parse("10.0.0.0/8", &p);
	changes[0] = (struct wg_change){false, a, p};
	changes[1] = (struct wg_change){true, b, p};
	changes[2] = (struct wg_change){true, a, p};
	changes[3] = (struct wg_change){false, b, p};
	changes[4] = (struct wg_change){true, b, p};
	uapi_put_changes(&w, changes, ARRAY_SIZE(changes), g);
	wr_u8(&w, 0);
	{
		char want[1024];

		snprintf(want, sizeof(want),
			 "public_key=aa%s\nupdate_only=true\nallowed_ip=10.0.0.0/8\n"
			 "public_key=ee%s\nreplace_allowed_ips=true\nallowed_ip=10.0.0.0/8\n"
			 "allowed_ip=10.0.0.0/8\n"
			 "public_key=bb%s\nupdate_only=true\nallowed_ip=10.0.0.0/8\n"
			 "public_key=ee%s\nallowed_ip=10.0.0.0/8\n"
			 "public_key=ee%s\nupdate_only=true\nremove=true\n",
			 zeros + 2, zeros + 2, zeros + 2, zeros + 2, zeros + 2);
		assert_string_equal((char *)w.data, want);
	}
	wr_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_answer),
		cmocka_unit_test(secrets),
		cmocka_unit_test(without_entries),
		cmocka_unit_test(refused),
		cmocka_unit_test(completeness),
		cmocka_unit_test(changes_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
