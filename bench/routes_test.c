/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * routes: what is encoded reads back as what went in, and the table of received prefixes holds what
 * a plain array holds after random changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generate.h"
#include "received.h"
#include "util.h"

enum { HEADER_LEN = 19 };

static void read_nlri(struct received *into, uint8_t family, struct rd *r, const uint32_t *attrs)
{
	while (rd_left(r) > 0) {
		uint8_t bytes[16] = {0}, len = rd_u8(r);
		struct prefix p;

		rd_bytes(r, bytes, (len + 7) / 8);
		p = prefix_make(family, bytes, len);
		if (attrs)
			received_set(into, &p, *attrs);
		else
			received_remove(into, &p);
	}
	assert_false(r->bad);
}

static void read_update(struct received *into, struct attrs_pool *pool, struct rd *r)
{
	struct wr scratch = {0};
	struct mp_nlri mp;
	struct attrs a;
	struct rd gone, nlri;
	size_t len;
	const uint8_t *at = rd_take(r, len = rd_u16(r));
	uint32_t number;

	rd_init(&gone, at, len);
	read_nlri(into, AF_INET, &gone, NULL);
	at = rd_take(r, len = rd_u16(r));
	assert_int_equal(attrs_decode(at, len, ATTRS_AS4, &scratch, &a, &mp), 0);
	number = attrs_intern(pool, &a);
	rd_init(&nlri, mp.reach, mp.reach_len);
	read_nlri(into, AF_INET6, &nlri, &number);
	rd_init(&nlri, mp.unreach, mp.unreach_len);
	read_nlri(into, AF_INET6, &nlri, NULL);
	read_nlri(into, AF_INET, r, &number);
	wr_free(&scratch);
}

static void read_stream(struct received *into, struct attrs_pool *pool, const struct encoded *e)
{
	size_t messages = 0;
	struct rd all;

	rd_init(&all, e->bytes.data, e->bytes.len);
	while (rd_left(&all) > 0) {
		struct rd body;
		size_t len;

		rd_take(&all, 16);
		len = rd_u16(&all);
		assert_in_range(len, HEADER_LEN + 4, 4096);
		assert_int_equal(rd_u8(&all), 2);
		rd_init(&body, rd_take(&all, len - HEADER_LEN), len - HEADER_LEN);
		read_update(into, pool, &body);
		messages++;
	}
	assert_int_equal(messages, e->messages);
}

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* Everything in LIST, in the table, with the attributes it was given; and nothing else. */
static void assert_same(const struct routes *r, const struct received *got, uint32_t as)
{
	assert_int_equal(got->count, r->count);
	for (size_t i = 0; i <= got->mask; i++) {
		const struct attrs *a;

		if (!got->slots[i].prefix.family)
			continue;
		a = attrs_get(got->pool, got->slots[i].attrs);
		assert_int_equal(a->path[2] << 24 | a->path[3] << 16 | a->path[4] << 8 | a->path[5],
				 as);
		assert_int_equal(a->next_hop.family, got->slots[i].prefix.family);
	}
}

static void generated_table_comes_back(void **state)
{
	struct attrs_pool pool = {0}, theirs = {0};
	struct routes *r = xcalloc(1, sizeof(*r));
	struct attrs_target to = {.prepend_as = 65001, .next_hop = address("192.0.2.1")};
	struct received *got = received_new(&theirs);
	struct encoded e = {0};

	r->pool = &pool;
	generate_ipv4(r, 30000, 7);
	routes_encode(r, &to, &e);
	assert_int_equal(e.prefixes, 30000);
	read_stream(got, &theirs, &e);
	assert_same(r, got, 65001);
	assert_int_equal(theirs.count, pool.count);
	wr_free(&e.bytes);
	received_free(got);
	routes_free(r);
	attrs_pool_free(&pool);
	attrs_pool_free(&theirs);
}

/* Real prefixes first; what the file lacks, repeats or should not have is made up. */
static void real_prefixes_are_filled_up(void **state)
{
	static const char text[] = "; comment\n1.0.0.0/24\t1\n1.0.4.0/22\t2\n1.0.0.0/24\t3\n"
				   "10.1.0.0/16\t4\n2001:db8::/32\t5\n0.0.0.0/0\t6\n";
	struct attrs_pool pool = {0};
	struct routes *r = xcalloc(1, sizeof(*r));
	char path[] = "/tmp/routes_test.XXXXXX";
	int fd = mkstemp(path);

	r->pool = &pool;
	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(generate_real_ipv4(r, path, 1000, 3), 2);
	assert_int_equal(r->count, 1000);
	assert_string_equal(PREFIX_STR(&r->list[1].prefix), "1.0.4.0/22");
	for (size_t i = 0; i < r->count; i++)
		assert_int_equal(r->list[i].prefix.family, AF_INET);
	unlink(path);
	assert_true(generate_real_ipv4(r, path, 1000, 3) < 0);
	routes_free(r);
	attrs_pool_free(&pool);
}

/* More IPv6 prefixes with the same attributes than one message holds, and their withdrawal. */
static void ipv6_is_split_and_withdrawn(void **state)
{
	struct attrs_pool pool = {0}, theirs = {0};
	struct routes *r = xcalloc(1, sizeof(*r));
	struct attrs_target to = {.prepend_as = 65001, .next_hop = address("2001:db8::1")};
	struct received *got = received_new(&theirs);
	struct encoded e = {0}, gone = {0};
	struct attrs none = {0};
	struct prefix list[2000];

	r->pool = &pool;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		uint8_t bytes[16] = {0x20, 0x01, i >> 8, i & 0xff};

		list[i] = prefix_make(AF_INET6, bytes, 128);
		routes_add(r, &list[i], attrs_intern(&pool, &none));
	}
	routes_encode(r, &to, &e);
	assert_in_range(e.messages, 9, 12);
	read_stream(got, &theirs, &e);
	assert_same(r, got, 65001);
	routes_encode_withdraw(list, ARRAY_SIZE(list), &gone);
	read_stream(got, &theirs, &gone);
	assert_int_equal(got->count, 0);
	wr_free(&e.bytes);
	wr_free(&gone.bytes);
	received_free(got);
	routes_free(r);
	attrs_pool_free(&pool);
	attrs_pool_free(&theirs);
}

static void received_holds_what_an_array_holds(void **state)
{
	struct attrs_pool pool = {0};
	struct attrs a = {.origin = 1};
	struct received *got = received_new(&pool);
	bool have[512] = {false};
	unsigned seed = 11;
	size_t count = 0;

	for (unsigned round = 0; round < 100000; round++) {
		unsigned i = rand_r(&seed) % ARRAY_SIZE(have);
		uint8_t bytes[4] = {i >> 3, i & 7};
		struct prefix p = prefix_make(AF_INET, bytes, 16);

		count -= have[i];
		have[i] = rand_r(&seed) % 2;
		count += have[i];
		if (have[i])
			received_set(got, &p, attrs_intern(&pool, &a));
		else
			received_remove(got, &p);
		assert_int_equal(got->count, count);
	}
	received_free(got);
	attrs_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_table_comes_back),
		cmocka_unit_test(real_prefixes_are_filled_up),
		cmocka_unit_test(ipv6_is_split_and_withdrawn),
		cmocka_unit_test(received_holds_what_an_array_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
