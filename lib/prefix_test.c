/* SPDX-License-Identifier: BSD-2-Clause */
/* prefix: text, order, cover, endpoints and socket addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "prefix.h"
#include "util.h"

static struct prefix pfx(const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p) < 0)
		fail_msg("does not parse: %s", text);
	return p;
}

static struct addr adr(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a) < 0)
		fail_msg("does not parse: %s", text);
	return a;
}

static void test_prefix_text(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} rows[] = {
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"10.1.2.3/8", "10.0.0.0/8"},
		{"10.1.2.3/31", "10.1.2.2/31"},
		{"10.1.2.3/32", "10.1.2.3/32"},
		{"10.1.2.3", "10.1.2.3/32"},
		{"::/0", "::/0"},
		{"2001:db8::ffff/33", "2001:db8::/33"},
		{"2001:db8::ffff/127", "2001:db8::fffe/127"},
		{"fd00::1", "fd00::1/128"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
		{"10.1.2.3/33", NULL},
		{"10.1.2.3/-1", NULL},
		{"10.1.2.3/", NULL},
		{"10.1.2.3/ 8", NULL},
		{"10.1.2.3/8x", NULL},
		{"10.1.2/8", NULL},
		{"fd00::/129", NULL},
		{"fd00::/99999999999999999999", NULL},
		{"", NULL},
		{"/8", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/8", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix p;
		int err = prefix_parse(rows[i].in, &p);

		if (rows[i].out) {
			assert_int_equal(err, 0);
			assert_string_equal(PREFIX_STR(&p), rows[i].out);
		} else {
			assert_int_equal(err, -EINVAL);
		}
	}
}

static void test_host_bits_kept(void **state)
{
	struct addr a;
	uint8_t len;

	assert_int_equal(addr_parse_with_len("10.99.0.1/24", &a, &len), 0);
	assert_string_equal(ADDR_STR(&a), "10.99.0.1");
	assert_int_equal(len, 24);
	assert_int_equal(addr_parse_with_len("fd99::1", &a, &len), 0);
	assert_int_equal(len, 128);
}

static void test_cover(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool covers, overlaps;
	} rows[] = {
		{"0.0.0.0/0", "10.0.0.0/8", true, true},
		{"10.0.0.0/8", "0.0.0.0/0", false, true},
		{"10.0.0.0/8", "10.0.0.0/8", true, true},
		{"10.0.0.0/9", "10.128.0.0/9", false, false},
		{"10.0.0.0/7", "11.0.0.0/8", true, true},
		{"0.0.0.0/0", "::/0", false, false},
		{"fd00::/12", "fd0f::/16", true, true},
		{"fd00::/12", "fd1f::/16", false, false},
	};
	struct prefix slash0 = pfx("0.0.0.0/0"), p = pfx("192.168.2.0/23");
	struct addr in = adr("192.168.3.255"), out = adr("192.168.4.0");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix a = pfx(rows[i].outer), b = pfx(rows[i].inner);

		assert_int_equal(prefix_covers(&a, &b), rows[i].covers);
		assert_int_equal(prefix_overlaps(&a, &b), rows[i].overlaps);
		assert_int_equal(prefix_overlaps(&b, &a), rows[i].overlaps);
	}
	assert_true(prefix_has_addr(&slash0, &in));
	assert_true(prefix_has_addr(&p, &in));
	assert_false(prefix_has_addr(&p, &out));
}

static void test_order(void **state)
{
	static const char *const sorted[] = {"0.0.0.0/0",  "0.0.0.0/1",	  "10.0.0.0/8",
					     "10.0.0.0/9", "10.1.0.0/16", "11.0.0.0/8",
					     "::/0",	   "fd00::/8",	  "fd00::/9"};

	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sorted); j++) {
			struct prefix a = pfx(sorted[i]), b = pfx(sorted[j]);
			int diff = prefix_cmp(&a, &b);

			assert_int_equal(diff == 0, i == j);
			assert_int_equal(diff < 0, i < j);
			assert_int_equal(prefix_eq(&a, &b), i == j);
		}
}

static void test_planes(void **state)
{
	struct prefix p = pfx("10.0.0.0/8"), inside = pfx("10.1.0.0/16"), there;
	struct addr a = adr("10.0.0.1"), other = addr_in_plane(&a, 3);

	there = prefix_in_plane(&p, 3);
	assert_false(prefix_eq(&p, &there));
	assert_true(prefix_cmp(&inside, &there) < 0); /* the plane comes first */
	assert_false(prefix_covers(&there, &inside));
	assert_true(prefix_covers(&p, &inside));
	assert_false(addr_eq(&a, &other));
	assert_false(prefix_has_addr(&p, &other));
	assert_true(prefix_has_addr(&there, &other));
	there = prefix_of_addr(&other);
	assert_int_equal(there.plane, 3);
	other = addr_of_prefix(&there);
	assert_int_equal(other.plane, 3);
	assert_string_equal(PREFIX_STR(&there), "10.0.0.1/32");
}

static void test_kinds(void **state)
{
	static const struct {
		const char *text;
		bool local;
	} rows[] = {{"fe80::1", true},	   {"febf::1", true},	   {"fec0::1", false},
		    {"ff80::1", false},	   {"fd80::1", false},	   {"a9fe::1", false},
		    {"169.254.0.1", true}, {"169.253.0.1", false}, {"10.254.0.1", false},
		    {"254.128.0.1", false}};
	static const struct {
		const char *text;
		bool private;
	} spaces[] = {
		{"10.0.0.0", true},	  {"10.255.255.255", true},  {"11.0.0.0", false},
		{"9.255.255.255", false}, {"100.64.0.0", true},	     {"100.127.255.255", true},
		{"100.128.0.0", false},	  {"100.63.255.255", false}, {"172.16.0.0", true},
		{"172.31.255.255", true}, {"172.32.0.0", false},     {"172.15.255.255", false},
		{"192.168.0.0", true},	  {"192.169.0.0", false},    {"192.167.255.255", false},
		{"fc00::", true},	  {"fdff::1", true},	     {"fe00::", false},
		{"fbff::", false},	  {"a00::", false},	     {"c0a8::", false}};
	static const char *const not_zero[] = {"::1", "0.0.0.1", "128.0.0.0", "8000::"};
	struct addr zero = adr("::"), none = {0}, a;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		a = adr(rows[i].text);
		assert_int_equal(addr_is_link_local(&a), rows[i].local);
	}
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		a = adr(spaces[i].text);
		if (addr_is_private(&a) != spaces[i].private)
			fail_msg("%s", spaces[i].text);
	}
	assert_true(addr_is_link_local(&(struct addr){.family = AF_INET6, .b = {0xfe, 0x80}}));
	assert_true(addr_is_zero(&zero));
	for (size_t i = 0; i < ARRAY_SIZE(not_zero); i++) {
		a = adr(not_zero[i]);
		assert_false(addr_is_zero(&a));
	}
	assert_string_equal(ADDR_STR(&none), "none");
}

static void test_host(void **state)
{
	static const struct {
		const char *text;
		bool host;
	} rows[] = {{"10.0.0.1", true},
		    {"223.255.255.255", true},
		    {"0.0.0.1", false},
		    {"127.0.0.1", false},
		    {"127.255.0.1", false},
		    {"224.0.0.5", false},
		    {"255.255.255.255", false},
		    {"::", false},
		    {"::1", false},
		    {"::2", true},
		    {"fe80::1", true},
		    {"fd00::1", true},
		    {"ff02::1", false}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr a = adr(rows[i].text);

		assert_int_equal(addr_is_host(&a), rows[i].host);
	}
}

/* A link-local address is another one on each link, and says which; others are the same. */
static void test_links(void **state)
{
	struct addr plain = adr("fe80::1:2"), wg1 = addr_on_link(&plain, "wg1"),
		    wg2 = addr_on_link(&wg1, "wg2"), again = addr_on_link(&wg2, "wg1"),
		    off = addr_off_link(&wg2), forged = plain, global = adr("fd00::1"),
		    ipv4 = adr("169.254.0.1"), same;
	struct prefix host = prefix_of_addr(&wg1);

	assert_true(addr_is_link_local(&wg1) && addr_has_link(&wg1) && !addr_has_link(&plain));
	assert_false(addr_eq(&wg1, &plain) || addr_eq(&wg1, &wg2));
	assert_true(addr_eq(&wg1, &again) && addr_eq(&off, &plain));
	assert_string_equal(addr_link(&wg2), "wg2");
	assert_string_equal(addr_link(&plain), "");
	assert_string_equal(ADDR_STR(&wg1), "fe80::1:2%wg1");
	assert_string_equal(PREFIX_STR(&host), "fe80::1:2%wg1/128");
	forged.b[5] = 9; /* what comes so from elsewhere is no interface's */
	assert_string_equal(addr_link(&forged), "");
	assert_string_equal(ADDR_STR(&forged), "fe80:0:9::1:2");
	same = addr_off_link(&forged);
	assert_true(addr_eq(&same, &plain));
	same = addr_on_link(&global, "wg1");
	assert_true(addr_eq(&same, &global));
	same = addr_on_link(&ipv4, "wg1");
	assert_true(addr_eq(&same, &ipv4));
}

/* An IPv4 address has a link where that is asked for, and tries tell them apart. */
static void test_links_of_ipv4(void **state)
{
	struct addr plain = adr("10.9.0.2"), wg1 = addr_by_link(&plain, "wg1"),
		    wg2 = addr_by_link(&wg1, "wg2"), off = addr_off_link(&wg2),
		    global = adr("fd00::1"), same = addr_by_link(&global, "wg1");
	struct prefix host = prefix_of_addr(&plain), one = prefix_of_addr(&wg1),
		      other = prefix_of_addr(&wg2);

	assert_true(addr_eq(&same, &global));
	assert_true(addr_has_link(&wg1) && !addr_has_link(&plain) && addr_eq(&off, &plain));
	assert_string_equal(ADDR_STR(&wg1), "10.9.0.2%wg1");
	assert_string_equal(addr_link(&wg2), "wg2");
	assert_int_equal(host.len, 32);
	assert_true(prefix_covers(&host, &one) && prefix_covers(&host, &other));
	assert_false(prefix_covers(&one, &other) || prefix_covers(&one, &host));
}

static void test_endpoints(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"192.0.2.1:51820", "192.0.2.1:51820"},
		{"[2001:db8::1]:1", "[2001:db8::1]:1"},
		{"192.0.2.1", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:65536", NULL},
		{"[192.0.2.1]:1", NULL},
		{"2001:db8::1:51820", NULL},
		{"[2001:db8::1]", NULL},
		{"[2001:db8::1", NULL},
		{"[", NULL},
		{":1", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint e;
		int err = endpoint_parse(rows[i].in, &e);

		assert_int_equal(err, rows[i].out ? 0 : -EINVAL);
		if (rows[i].out)
			assert_string_equal(ENDPOINT_STR(&e), rows[i].out);
	}
}

static void test_sockaddr(void **state)
{
	static const char *const texts[] = {"192.0.2.1:51820", "[2001:db8::1]:179", "[fe80::1]:7"};
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
	struct endpoint back;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct sockaddr_storage ss;
		struct endpoint e;

		assert_int_equal(endpoint_parse(texts[i], &e), 0);
		e.scope_id = i == 2 ? 70000 : 0;
		assert_int_equal(endpoint_to_sockaddr(&e, &ss),
				 i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		endpoint_from_sockaddr((struct sockaddr *)&ss, &back);
		assert_int_equal(back.scope_id, e.scope_id);
		assert_string_equal(ENDPOINT_STR(&back), texts[i]);
	}
	inet_pton(AF_INET6, "::ffff:192.0.2.9", &mapped.sin6_addr);
	endpoint_from_sockaddr((struct sockaddr *)&mapped, &back);
	assert_string_equal(ENDPOINT_STR(&back), "192.0.2.9:7");
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

/* The longest text of an address is 45 characters; what is longer is refused, whatever it is. */
static void test_longest(void **state)
{
	static const char longest[] = "0000:0000:0000:0000:0000:ffff:192.168.100.228";

	for (int more = 0; more < 3; more++) {
		char *text = xasprintf("%.*s%s", more, "000", longest);
		char *with_len = xasprintf("%s/128", text), *with_port = xasprintf("[%s]:7", text);
		struct prefix p;
		struct endpoint e;

		assert_int_equal(prefix_parse(text, &p), more ? -EINVAL : 0);
		assert_int_equal(prefix_parse(with_len, &p), more ? -EINVAL : 0);
		assert_int_equal(endpoint_parse(with_port, &e), more ? -EINVAL : 0);
		free(text);
		free(with_len);
		free(with_port);
	}
}

/* By plane, family, address: in each pair of a list that is in order. */
static void test_order_of_addresses(void **state)
{
	static const struct {
		uint8_t plane;
		const char *text;
	} rows[] = {{0, "10.0.0.1"}, {0, "10.0.0.2"}, {0, "192.0.2.1"},
		    {0, "::1"},	     {0, "fd00::1"},  {0, "fd00::2"},
		    {1, "10.0.0.1"}, {1, "::1"},      {31, "0.0.0.1"}};

	for (int i = 0; i < (int)ARRAY_SIZE(rows); i++)
		for (int k = 0; k < (int)ARRAY_SIZE(rows); k++) {
			struct addr a, b;

			assert_int_equal(addr_parse(rows[i].text, &a), 0);
			assert_int_equal(addr_parse(rows[k].text, &b), 0);
			a.plane = rows[i].plane;
			b.plane = rows[k].plane;
			assert_int_equal(sign(addr_cmp(&a, &b)), sign(i - k));
			assert_int_equal(addr_eq(&a, &b), i == k);
		}
}

/* What has no address has words all the same. */
static void test_no_address(void **state)
{
	struct endpoint none = {.port = 7}, back = {.port = 8};
	struct sockaddr sa = {.sa_family = AF_UNIX};

	assert_string_equal(ENDPOINT_STR(&none), "none");
	endpoint_from_sockaddr(&sa, &back);
	assert_int_equal(back.addr.family, 0);
	assert_int_equal(back.port, 0);
}

static void test_same_endpoint(void **state)
{
	static const char *const texts[] = {"192.0.2.1:51820", "192.0.2.1:51821", "192.0.2.2:51820",
					    "[2001:db8::1]:51820"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			struct endpoint a, b;

			assert_int_equal(endpoint_parse(texts[i], &a), 0);
			assert_int_equal(endpoint_parse(texts[k], &b), 0);
			assert_int_equal(endpoint_eq(&a, &b), i == k);
			b.scope_id = 7;
			assert_int_equal(endpoint_eq(&a, &b), i == k);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix_text),   cmocka_unit_test(test_host_bits_kept),
		cmocka_unit_test(test_cover),	      cmocka_unit_test(test_order),
		cmocka_unit_test(test_planes),	      cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_endpoints),     cmocka_unit_test(test_sockaddr),
		cmocka_unit_test(test_longest),	      cmocka_unit_test(test_order_of_addresses),
		cmocka_unit_test(test_no_address),    cmocka_unit_test(test_host),
		cmocka_unit_test(test_links),	      cmocka_unit_test(test_links_of_ipv4),
		cmocka_unit_test(test_same_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
