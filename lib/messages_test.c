/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages: every type is encoded, decoded and encoded again; cut at each byte, with a byte too
 * many, and with bytes changed at random (the seed is printed, WGBGP_SEED repeats a run).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "messages_again.h"
#include "testing.h"

static unsigned seed;

static struct prefix prefixes[3];
static struct addr addrs[2];

static void put_channel(struct wr *w)
{
	msg_put_channel(w, DAEMON_BGPD);
}

static void put_endpoint(struct wr *w)
{
	struct endpoint e = {.addr = addrs[1], .port = 179, .scope_id = 3};

	wr_endpoint(w, &e);
}

static void put_addr(struct wr *w)
{
	wr_addr(w, &addrs[0]);
}

static void put_u32(struct wr *w)
{
	wr_u32(w, 4711);
}

static void put_secret(struct wr *w)
{
	struct msg_secret m = {.path = "/etc/wgbgp/keys/wg0"};

	memset(m.key, 7, sizeof(m.key));
	msg_put_secret(w, &m);
}

static void put_password(struct wr *w)
{
	struct msg_password m = {.path = "/etc/wgbgp/keys/far", .text = "a \xc3\xa9 b"};

	msg_put_password(w, &m);
}

static void put_done(struct wr *w)
{
	msg_put_done(w, "no such thing");
}

static void put_request(struct wr *w)
{
	msg_put_request(w, 9, "{\"command\":\"route\"}", 19);
}

static void put_reply_head(struct wr *w)
{
	msg_put_reply_head(w, 9, "routes", "{}", 2);
}

static void put_reply_end(struct wr *w)
{
	msg_put_reply_end(w, 9, "");
}

static void put_routes(struct wr *w)
{
	struct route_hops hops = {
		.n = 3,
		.hop = {{addrs[0], ROUTE_EBGP, DEMOTED_NOT, 3},
			{addrs[1], ROUTE_IBGP, DEMOTED, 0},
			{addr_by_link(&addrs[0], "wg1"), ROUTE_IBGP, DEMOTED, 0}}};
	size_t mark = msg_begin_routes(w, &hops);

	for (unsigned i = 0; i < 3; i++)
		wr_prefix(w, &prefixes[i]);
	msg_end_routes(w, mark, 3);
}

static void put_nexthop(struct wr *w)
{
	struct msg_nexthop m = {.addr = addrs[0],
				.reach = REACH_DEGRADED,
				.reason = REASON_HANDSHAKE_OLD,
				.weak = true,
				.connected = true,
				.tunnel = true,
				.cost = 99,
				.ifname = "wg0",
				.peer = "site-a"};

	msg_put_nexthop(w, &m);
}

static void put_verdicts(struct wr *w)
{
	struct msg_verdicts m = {.verdict = VERDICT_REFUSED,
				 .reason = REASON_FOREIGN_ROUTE,
				 .nexthop = addrs[1],
				 .n_prefixes = 3,
				 .prefixes = prefixes};

	msg_put_verdicts(w, &m);
}

static void put_redist(struct wr *w)
{
	struct msg_redist m = {prefixes[1], REDIST_KERNEL, true, 20};

	msg_put_redist(w, &m);
}

static void put_allowed(struct wr *w)
{
	struct allowed_change changes[] = {{ALLOWED_SET, 1, prefixes[0]},
					   {ALLOWED_UNSET, 2, prefixes[2]}};
	struct msg_allowed m = {.batch = 5, .n = 2, .changes = changes};

	msg_put_allowed(w, &m);
}

static void put_allowed_refused(struct wr *w)
{
	struct msg_allowed_refused m = {3, prefixes[2], REASON_FOREIGN_ALLOWED_IP};

	msg_put_allowed_refused(w, &m);
}

static void put_allowed_ack(struct wr *w)
{
	struct msg_allowed_refused refused[] = {{3, prefixes[0], REASON_WG_ERROR},
						{4, prefixes[1], REASON_NONE}};
	struct msg_allowed_ack m = {.batch = 5, .n = 2, .refused = refused};

	msg_put_allowed_ack(w, &m);
}

static void put_tunnel_if(struct wr *w)
{
	struct tunnel_addr on_if[] = {{addrs[0], 24}, {addrs[1], 64}};
	struct msg_tunnel_if m = {.ifindex = 7,
				  .name = "wg0",
				  .up = true,
				  .any = true,
				  .fwmark = 1,
				  .n_addrs = 2,
				  .addrs = on_if};

	msg_put_tunnel_if(w, &m);
}

static void put_tunnel_peer(struct wr *w)
{
	struct msg_tunnel_peer m = {.id = 1,
				    .ifindex = 7,
				    .name = "site-a",
				    .state = TUNNEL_DOWN,
				    .reason = REASON_PROBE_UNANSWERED,
				    .weak = true,
				    .cost = 10,
				    .endpoint = {.addr = addrs[0], .port = 51820},
				    .n_addrs = 2,
				    .addrs = addrs,
				    .n_fixed = 3,
				    .fixed = prefixes};

	msg_put_tunnel_peer(w, &m);
}

static void put_bfd_session(struct wr *w)
{
	struct msg_bfd_session m = {.id = 3,
				    .ifindex = 7,
				    .ifname = "wg0",
				    .peer = "site-a",
				    .local = addrs[0],
				    .remote = addrs[0],
				    .interval_ms = 50,
				    .receive_ms = 60,
				    .multiplier = 3,
				    .passive = true};

	msg_put_bfd_session(w, &m);
}

static void put_bfd_news(struct wr *w)
{
	struct msg_bfd_news m = {.id = 3, .news = BFD_NEWS_EXPIRED, .diag = 1, .remote_diag = 3};

	msg_put_bfd_news(w, &m);
}

static void (*const puts_[])(struct wr *) = {
	put_channel,	     put_endpoint,    put_addr,	     put_u32,	      put_secret,
	put_password,	     put_done,	      put_request,   put_reply_head,  put_reply_end,
	put_routes,	     put_nexthop,     put_verdicts,  put_redist,      put_allowed,
	put_allowed_refused, put_allowed_ack, put_tunnel_if, put_tunnel_peer, put_bfd_session,
	put_bfd_news,
};

static int decode_exact(const struct again_row *row, const uint8_t *data, size_t n, struct wr *out)
{
	uint8_t *exact = xmalloc(n); /* a sanitizer sees a read behind the end */
	int err;

	if (n)
		memcpy(exact, data, n);
	wr_reset(out);
	err = row->again(exact, n, out);
	free(exact);
	return err;
}

static void test_round_trip(void **state)
{
	struct wr w = {0}, out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(again_rows); i++) {
		wr_reset(&w);
		puts_[i](&w);
		if (decode_exact(&again_rows[i], w.data, w.len, &out) < 0)
			fail_msg("%s is not decoded", again_rows[i].name);
		assert_int_equal(out.len, w.len);
		assert_memory_equal(out.data, w.data, w.len);
	}
	wr_free(&w);
	wr_free(&out);
}

static void test_truncated_and_too_long(void **state)
{
	struct wr w = {0}, out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(again_rows); i++) {
		const struct again_row *row = &again_rows[i];

		wr_reset(&w);
		puts_[i](&w);
		for (size_t n = 0; n < (row->free_tail ? row->free_tail : w.len); n++)
			if (decode_exact(row, w.data, n, &out) != -EBADMSG)
				fail_msg("%s of %zu bytes cut to %zu is taken", row->name, w.len,
					 n);
		wr_u8(&w, 0);
		if (!row->free_tail && decode_exact(row, w.data, w.len, &out) != -EBADMSG)
			fail_msg("%s with a byte too many is taken", row->name);
	}
	wr_free(&w);
	wr_free(&out);
}

/* Whatever a decoder takes it must encode to something that it takes again, unchanged. */
static void test_mutated(void **state)
{
	struct wr w = {0}, once = {0}, twice = {0};

	for (unsigned round = 0; round < 20000; round++) {
		const struct again_row *row = &again_rows[round % ARRAY_SIZE(again_rows)];

		wr_reset(&w);
		puts_[round % ARRAY_SIZE(again_rows)](&w);
		for (unsigned k = rand_r(&seed) % 4; k > 0; k--)
			w.data[rand_r(&seed) % w.len] = rand_r(&seed);
		if (decode_exact(row, w.data, w.len, &once) < 0)
			continue;
		assert_int_equal(decode_exact(row, once.data, once.len, &twice), 0);
		assert_int_equal(once.len, twice.len);
		assert_memory_equal(once.data, twice.data, once.len);
	}
	wr_free(&w);
	wr_free(&once);
	wr_free(&twice);
}

/* ---- limits: whatever else stands in a body, a byte is taken below its limit and not from it on
 */

static const struct {
	const char *message;
	unsigned at, limit; /* at: of what puts_[] makes */
} limits[] = {
	{"channel", 0, DAEMON_COUNT},
	{"routes", 6, ROUTE_IBGP + 1}, /* source, */
	{"routes", 7, DEMOTED_LAST + 1},
	{"routes", 8, 256}, /* weight */
	{"nexthop", 5, REACH_UP + 1},
	{"nexthop", 6, REASON_COUNT},
	{"nexthop", 7, 2}, /* weak, */
	{"nexthop", 8, 2}, /* connected, */
	{"nexthop", 9, 2}, /* tunnel */
	{"verdicts", 0, VERDICT_CLEARED + 1},
	{"verdicts", 1, REASON_COUNT},
	{"redist", 7, REDIST_COUNT},
	{"redist", 8, 2}, /* present */
	{"allowed", 8, ALLOWED_UNSET + 1},
	{"allowed-refused", 6, REASON_COUNT},
	{"allowed-ack", 15, REASON_COUNT},
	{"tunnel-if", 9, 2},   /* up, */
	{"tunnel-if", 10, 2},  /* adopted, */
	{"tunnel-if", 11, 2},  /* any, */
	{"tunnel-if", 25, 33}, /* the lengths of its addresses */
	{"tunnel-if", 43, 129},
	{"tunnel-peer", 16, TUNNEL_UP + 1},
	{"tunnel-peer", 17, REASON_COUNT},
	{"tunnel-peer", 18, 2}, /* weak */
	{"bfd-session", 40, 2}, /* passive */
	{"bfd-news", 4, BFD_NEWS_COUNT},
	{"bfd-news", 5, 256},
	{"bfd-news", 6, 256},
};

static size_t row_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(again_rows); i++)
		if (str_eq(again_rows[i].name, name))
			return i;
	fail_msg("no message %s", name);
	return 0;
}

static void test_limits(void **state)
{
	struct wr w = {0}, out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		size_t row = row_named(limits[i].message);

		for (unsigned v = 0; v < 256; v++) {
			int want = v < limits[i].limit ? 0 : -EBADMSG;

			wr_reset(&w);
			puts_[row](&w);
			w.data[limits[i].at] = (uint8_t)v;
			if (decode_exact(&again_rows[row], w.data, w.len, &out) != want)
				fail_msg("%s: %u at byte %u", limits[i].message, v, limits[i].at);
			if (want == 0)
				assert_memory_equal(out.data, w.data, w.len);
		}
	}
	wr_free(&w);
	wr_free(&out);
}

static void test_hops(void **state)
{
	for (unsigned n = 0; n < 12; n++) {
		struct msg_routes m;
		struct wr w = {0};

		wr_u8(&w, n);
		for (unsigned i = 0; i < n; i++)
			wr_bytes(&w, "\4\12\0\0\1\0\0\3", 8);
		wr_u32(&w, 0);
		assert_int_equal(msg_get_routes(w.data, w.len, &m), n <= 8 ? 0 : -EBADMSG);
		if (n <= 8) {
			assert_int_equal(m.hops.n, n);
			msg_free_routes(&m);
		}
		wr_free(&w);
	}
}

/* BFD between addresses of one family that are there, with a multiplier. */
static void test_bfd_sessions(void **state)
{
	const struct addr none = {0}, *v4 = &addrs[0], *v6 = &addrs[1];
	const struct {
		const struct addr *local, *remote;
		uint8_t multiplier;
		int err;
	} rows[] = {
		{v4, v4, 3, 0},
		{v6, v6, 1, 0},
		{v4, v4, 255, 0},
		{v4, v4, 0, -EBADMSG},
		{v4, v6, 3, -EBADMSG},
		{v6, v4, 3, -EBADMSG},
		{&none, &none, 3, -EBADMSG},
		{v4, &none, 3, -EBADMSG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct msg_bfd_session m = {.local = *rows[i].local,
					    .remote = *rows[i].remote,
					    .multiplier = rows[i].multiplier},
				       got;
		struct wr w = {0};

		msg_put_bfd_session(&w, &m);
		assert_int_equal(msg_get_bfd_session(w.data, w.len, &got), rows[i].err);
		wr_free(&w);
	}
}

/* What is decoded depends on the body alone, to the last byte of a name: it can be compared. */
#define TEST_WHOLE(name)                                                           \
	do {                                                                       \
		struct msg_##name m[2];                                            \
		struct wr w = {0};                                                 \
                                                                                   \
		put_##name(&w);                                                    \
		for (int k = 0; k < 2; k++) {                                      \
			memset(&m[k], k ? 0xa5 : 0, sizeof(m[k]));                 \
			assert_int_equal(msg_get_##name(w.data, w.len, &m[k]), 0); \
			FREE_##name(&m[k]);                                        \
		}                                                                  \
		assert_memory_equal(&m[0], &m[1], sizeof(m[0]));                   \
		wr_free(&w);                                                       \
	} while (0)
#define FREE_nexthop(m) (void)(m)
#define FREE_bfd_session(m) (void)(m)
#define FREE_tunnel_if(m) msg_free_tunnel_if(m)
#define FREE_tunnel_peer(m) msg_free_tunnel_peer(m)
#define FREE_routes(m) msg_free_routes(m)

static void test_whole(void **state)
{
	TEST_WHOLE(nexthop);
	TEST_WHOLE(bfd_session);
	TEST_WHOLE(tunnel_if);
	TEST_WHOLE(tunnel_peer);
	TEST_WHOLE(routes);
}

/* ---- arrays: allocated for what the body can hold, freed once, also when it breaks off */

static size_t most_items; /* of one allocation since it was 0 */
void *__real_xcalloc(size_t n, size_t size);
void *__wrap_xcalloc(size_t n, size_t size);

void *__wrap_xcalloc(size_t n, size_t size)
{
	most_items = n > most_items ? n : most_items;
	return __real_xcalloc(n, size);
}

#define COUNT 100

/* HEAD bytes of zeros, a count of N, then COUNT times ITEM. */
static void put_items(struct wr *w, size_t head, uint32_t n, const char *item, size_t len,
		      const char *tail, size_t n_tail)
{
	wr_reset(w);
	memset(wr_room(w, head), 0, head);
	wr_u32(w, n);
	for (unsigned i = 0; i < COUNT; i++)
		wr_bytes(w, item, len);
	wr_bytes(w, tail, n_tail);
}

static void test_smallest_items(void **state)
{
	static const struct {
		const char *message;
		size_t head;	  /* bytes in front of the count */
		const char *item; /* the smallest that there is */
		size_t len;
		const char *tail;
		size_t n_tail;
	} rows[] = {
		{"routes", 1, "\4\0", 2, "", 0},
		{"verdicts", 3, "\4\0", 2, "", 0},
		{"allowed", 4, "\0\0\0\0\1\4\0", 7, "", 0},
		{"allowed-ack", 4, "\0\0\0\1\4\0\0", 7, "", 0},
		{"tunnel-if", 13, "\0\0", 2, "", 0},
		{"tunnel-peer", 24, "\0", 1, "\0\0\0\0", 4},
	};
	struct wr w = {0}, out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct again_row *row = &again_rows[row_named(rows[i].message)];
		const size_t room = COUNT * rows[i].len + rows[i].n_tail;

		put_items(&w, rows[i].head, COUNT, rows[i].item, rows[i].len, rows[i].tail,
			  rows[i].n_tail);
		if (decode_exact(row, w.data, w.len, &out) < 0)
			fail_msg("%s", row->name);
		assert_memory_equal(out.data, w.data, w.len);
		for (uint32_t n = COUNT + 1; n < 2 * room; n++) {
			put_items(&w, rows[i].head, n, rows[i].item, rows[i].len, rows[i].tail,
				  rows[i].n_tail);
			most_items = 0;
			assert_int_equal(decode_exact(row, w.data, w.len, &out), -EBADMSG);
			if (most_items > room / rows[i].len)
				fail_msg("%s: %zu items for %zu bytes", row->name, most_items,
					 room);
		}
	}
	wr_free(&w);
	wr_free(&out);
}

#define TEST_FREED(name, array)                                                    \
	do {                                                                       \
		struct msg_##name m;                                               \
		struct wr w = {0};                                                 \
                                                                                   \
		put_##name(&w);                                                    \
		for (size_t n = 0; n < w.len; n++) {                               \
			assert_int_equal(msg_get_##name(w.data, n, &m), -EBADMSG); \
			assert_null(m.array);                                      \
		}                                                                  \
		assert_int_equal(msg_get_##name(w.data, w.len, &m), 0);            \
		assert_non_null(m.array);                                          \
		for (int k = 0; k < 2; k++) {                                      \
			msg_free_##name(&m);                                       \
			assert_null(m.array);                                      \
		}                                                                  \
		wr_free(&w);                                                       \
	} while (0)

static void test_freed(void **state)
{
	TEST_FREED(routes, prefixes);
	TEST_FREED(verdicts, prefixes);
	TEST_FREED(allowed, changes);
	TEST_FREED(allowed_ack, refused);
	TEST_FREED(tunnel_if, addrs);
	TEST_FREED(tunnel_peer, addrs);
	TEST_FREED(tunnel_peer, fixed);
}

/* A count that the body cannot hold must not be allocated for. */
static void test_huge_count(void **state)
{
	struct wr w = {0};
	struct msg_allowed m;

	wr_u32(&w, 1);
	wr_u32(&w, UINT32_MAX);
	assert_int_equal(msg_get_allowed(w.data, w.len, &m), -EBADMSG);
	assert_null(m.changes);
	wr_free(&w);
}

static void test_long_error_is_cut(void **state)
{
	char text[3 * MSG_ERROR_MAX], error[MSG_ERROR_MAX];
	struct wr w = {0};

	memset(text, 'e', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	msg_put_done(&w, text);
	assert_int_equal(msg_get_done(w.data, w.len, error), 0);
	assert_int_equal(strlen(error), MSG_ERROR_MAX - 1);
	wr_free(&w);
}

/* NAME(0), NAME(1) and so on; the last one for all that are none. */
#define ALL_NAMES(name, ...)                                                 \
	do {                                                                 \
		static const char *const texts[] = {__VA_ARGS__};            \
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++)               \
			assert_string_equal(name(i), texts[i]);              \
		assert_string_equal(name(99), texts[ARRAY_SIZE(texts) - 1]); \
	} while (0)

static void test_names(void **state)
{
	for (int t = MSG_CHANNEL; t < MSG_END; t++)
		assert_string_not_equal(msg_name(t), "unknown");
	assert_string_equal(msg_name(0), "unknown");
	assert_string_equal(msg_name(9999), "unknown");
	assert_string_equal(msg_name(MSG_END), "unknown");
	assert_string_equal(msg_name(MSG_TUNNEL_IF_GONE), "tunnel-if-gone");
	ALL_NAMES(reach_name, "unknown", "down", "degraded", "up", "invalid");
	ALL_NAMES(redist_name, "connected", "static", "kernel", "invalid");
	ALL_NAMES(tunnel_state_name, "never", "down", "idle", "degraded", "up", "invalid");
	ALL_NAMES(bfd_news_name, "starting", "up", "suspect", "expired", "signalled", "admin-down",
		  "invalid");
	ALL_NAMES(daemon_name, "wgd", "zebra-lite", "bgpd", "bfdd", "unknown");
	for (int s = TUNNEL_NEVER; s <= TUNNEL_UP; s++)
		assert_int_equal(tunnel_state_usable(s), s != TUNNEL_DOWN);
	for (int r = 0; r < REASON_COUNT; r++)
		for (int q = 0; q < r; q++)
			assert_string_not_equal(reason_name(r), reason_name(q));
	assert_string_equal(reason_name(REASON_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_truncated_and_too_long),
		cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_hops),
		cmocka_unit_test(test_bfd_sessions),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_smallest_items),
		cmocka_unit_test(test_freed),
		cmocka_unit_test(test_huge_count),
		cmocka_unit_test(test_long_error_is_cut),
		cmocka_unit_test(test_names),
	};

	_Static_assert(ARRAY_SIZE(puts_) == ARRAY_SIZE(again_rows), "one encoder a row");
	seed = test_seed();
	prefix_parse("10.0.0.0/8", &prefixes[0]);
	prefix_parse("2001:db8::/33", &prefixes[1]);
	prefix_parse("0.0.0.0/0", &prefixes[2]);
	addr_parse("192.0.2.1", &addrs[0]);
	addr_parse("fd99::1", &addrs[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
