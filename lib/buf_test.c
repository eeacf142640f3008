/* SPDX-License-Identifier: BSD-2-Clause */
/* buf: what was written is read back; a reader never passes its end and stays bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "util.h"

static void write_all(struct wr *w)
{
	struct endpoint e;
	struct prefix p;
	struct addr none = {0}, a;

	wr_u8(w, 0xab);
	wr_u16(w, 0xabcd);
	wr_u32(w, 0xdeadbeef);
	wr_u64(w, 0x0123456789abcdefULL);
	wr_str(w, "hello");
	wr_bytes(w, "xyz", 3);
	wr_addr(w, &none);
	prefix_parse("10.128.0.0/9", &p);
	wr_prefix(w, &p);
	prefix_parse("::/0", &p);
	p.plane = PLANES_MAX - 1;
	wr_prefix(w, &p);
	endpoint_parse("[2001:db8::1]:51820", &e);
	e.scope_id = 7;
	wr_endpoint(w, &e);
	addr_parse("10.9.0.2", &a);
	a.plane = 3;
	wr_hop(w, &a);
	a = addr_by_link(&a, "wg1");
	wr_hop(w, &a);
}

static void read_all(struct rd *r, bool whole)
{
	char text[6], xyz[3];
	struct endpoint e;
	struct prefix p, q;
	struct addr a, hop, by_link;
	uint64_t sum = rd_u8(r);

	sum += rd_u16(r);
	sum += rd_u32(r);
	sum += rd_u64(r);
	rd_str(r, text, sizeof(text));
	rd_bytes(r, xyz, sizeof(xyz));
	rd_addr(r, &a);
	rd_prefix(r, &p);
	rd_prefix(r, &q);
	rd_endpoint(r, &e);
	rd_hop(r, &hop);
	rd_hop(r, &by_link);
	if (!whole)
		return;
	assert_string_equal(ADDR_STR(&hop), "10.9.0.2");
	assert_string_equal(ADDR_STR(&by_link), "10.9.0.2%wg1");
	assert_int_equal(by_link.plane, 3);
	assert_true(sum == 0xab + 0xabcd + 0xdeadbeefULL + 0x0123456789abcdefULL);
	assert_string_equal(text, "hello");
	assert_memory_equal(xyz, "xyz", 3);
	assert_int_equal(a.family, 0);
	assert_string_equal(PREFIX_STR(&p), "10.128.0.0/9");
	assert_string_equal(PREFIX_STR(&q), "::/0");
	assert_int_equal(p.plane, 0);
	assert_int_equal(q.plane, PLANES_MAX - 1);
	assert_string_equal(ENDPOINT_STR(&e), "[2001:db8::1]:51820");
	assert_int_equal(e.scope_id, 7);
}

static void test_round_trip_and_truncation(void **state)
{
	struct wr w = {0};
	struct rd r;

	write_all(&w);
	rd_init(&r, w.data, w.len);
	read_all(&r, true);
	assert_true(rd_done(&r));
	for (size_t n = 0; n < w.len; n++) {
		uint8_t *exact = xmalloc(n); /* so that a sanitizer sees a read behind the end */

		if (n)
			__builtin_memcpy(exact, w.data, n);
		rd_init(&r, exact, n);
		read_all(&r, false);
		assert_true(r.bad);
		assert_false(rd_done(&r));
		assert_int_equal(rd_left(&r), 0);
		assert_int_equal(rd_u32(&r), 0);
		free(exact);
	}
	wr_free(&w);
}

static bool prefix_bytes_bad(const uint8_t *bytes, size_t n)
{
	struct prefix p;
	struct rd r;

	rd_init(&r, bytes, n);
	rd_prefix(&r, &p);
	return r.bad;
}

static void test_refused(void **state)
{
	char text[4];
	struct rd r;

	assert_false(prefix_bytes_bad((uint8_t[]){4, 8, 10}, 3));
	assert_true(prefix_bytes_bad((uint8_t[]){4, 33, 1, 2, 3, 4, 5}, 7));
	assert_true(prefix_bytes_bad((uint8_t[]){5, 8, 10}, 3));
	assert_true(prefix_bytes_bad((uint8_t[]){0, 0}, 2));
	rd_init(&r, "\0\4abcd", 6); /* no room for the NUL */
	rd_str(&r, text, sizeof(text));
	assert_true(r.bad);
	rd_init(&r, "\0\3a\0b", 5); /* a NUL inside */
	rd_str(&r, text, sizeof(text));
	assert_true(r.bad);
	rd_init(&r, "\0\3abcX", 6);
	rd_str(&r, text, sizeof(text));
	assert_string_equal(text, "abc");
	assert_false(rd_done(&r)); /* something is left over */
}

/* Host bits that the wire carries are cleared, so that equal prefixes are equal bytes. */
static void test_nothing(void **state)
{
	struct rd r;

	rd_init(&r, NULL, 0);
	assert_true(rd_done(&r));
	assert_int_equal(rd_u8(&r), 0);
	assert_true(r.bad);
}

static void test_host_bits(void **state)
{
	const uint8_t bytes[] = {4, 9, 10, 255};
	struct prefix p;
	struct rd r;

	rd_init(&r, bytes, sizeof(bytes));
	rd_prefix(&r, &p);
	assert_true(rd_done(&r));
	assert_string_equal(PREFIX_STR(&p), "10.128.0.0/9");
}

static void test_long_string_is_cut(void **state)
{
	struct wr w = {0};
	char *text = xmalloc(70001);

	__builtin_memset(text, 'a', 70000);
	text[70000] = '\0';
	wr_str(&w, text);
	assert_int_equal(w.len, 2 + 65535);
	wr_free(&w);
	free(text);
}

static void test_fill(void **state)
{
	struct wr w = {0};
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "left", 4), 4);
	close(fds[1]);
	wr_bytes(&w, "all that is ", 12);
	assert_int_equal(wr_fill(&w, fds[0], 4), 0);
	assert_int_equal(w.len, 16);
	assert_memory_equal(w.data, "all that is left", 16);
	close(fds[0]);
	assert_int_equal(wr_fill(&w, -1, 4), -EBADF);
	assert_int_equal(w.len, 16);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "right", 5), 5);
	close(fds[1]);
	assert_int_equal(wr_fill(&w, fds[0], 4), -EFBIG);
	close(fds[0]);
	wr_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_and_truncation),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_long_string_is_cut),
		cmocka_unit_test(test_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
