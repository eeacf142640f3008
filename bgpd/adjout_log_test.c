/* SPDX-License-Identifier: BSD-2-Clause */
/* A group's stream beside a list of messages, sets of bits beside an array, messages byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "adjout_group.h"
#include "attr_wire.h"
#include "testing.h"
#include "util.h"

static unsigned below(unsigned n)
{
	return rand() % n;
}

/* ---- bits */

#define BITS 3000

static void check_bits(const struct bits *b, const bool *model)
{
	uint32_t next = 0;

	for (uint32_t i = BITS; i-- > 0;) {
		if (model[i])
			next = i;
		if (bits_has(b, i) != model[i] || bits_next(b, i) != next)
			fail_msg("bit %u: %d, next %u", i, bits_has(b, i), bits_next(b, i));
	}
}

static void bits(void **state)
{
	static bool model[BITS];
	struct bits b = {0}, copy = {0};

	srand(test_seed());
	for (int round = 0; round < 2000; round++) {
		/* Few high numbers at first: the set grows bit by bit. */
		uint32_t i = 1 + below(round < 200 ? 70 : round < 1000 ? 700 : BITS - 1);
		bool on = below(3) > 0;

		if (on)
			bits_set(&b, i);
		else
			bits_clear(&b, i);
		model[i] = on;
		if (round % 20 == 0)
			check_bits(&b, model);
	}
	check_bits(&b, model);
	bits_set(&copy, 5);
	bits_copy(&copy, &b);
	check_bits(&copy, model);
	bits_clear(&copy, bits_next(&copy, 0));
	check_bits(&b, model); /* of its own */
	bits_free(&b);
	memset(model, 0, sizeof(model));
	check_bits(&b, model);
	bits_copy(&copy, &b);
	check_bits(&copy, model);
	bits_free(&copy);
}

/* ---- the log */

#define READERS 5
#define MESSAGES 20000

static struct message {
	uint32_t len;
	uint16_t except, only;
	uint8_t seed;
} messages[MESSAGES];
static unsigned n_messages;

static struct reader {
	bool in;
	struct log_position at;
	unsigned message; /* first that is not behind it */
	uint32_t done;	  /* bytes of that one */
} readers[READERS];
static struct log the_log;

static uint8_t byte_of(const struct message *m, uint32_t i)
{
	return (uint8_t)(m->seed + i * 7);
}

static bool is_for(const struct message *m, uint16_t who)
{
	return m->only ? m->only == who : m->except != who;
}

static uint16_t id_of(const struct reader *r)
{
	return (uint16_t)(r - readers + 1);
}

/* What is not for it is behind it as soon as it comes there. */
static void pass_over(struct reader *r)
{
	while (r->message < n_messages && !is_for(&messages[r->message], id_of(r)))
		r->message++;
}

static uint64_t left_of(const struct reader *r, bool own)
{
	uint64_t n = 0;

	for (unsigned i = r->message; i < n_messages; i++)
		if (!own || is_for(&messages[i], id_of(r)))
			n += messages[i].len - (i == r->message ? r->done : 0);
	return n;
}

static void write_one(void)
{
	struct message *m = &messages[n_messages];
	uint8_t *room;

	*m = (struct message){.len = 23 + below(below(10) ? 200 : 4073), .seed = rand()};
	if (below(4) == 0)
		m->except = 1 + below(READERS + 2);
	else if (below(4) == 0)
		m->only = 1 + below(READERS + 2);
	room = adjout_log_room(&the_log, m->len, m->except, m->only);
	for (uint32_t i = 0; i < m->len; i++)
		room[i] = byte_of(m, i);
	n_messages++;
}

/* The bytes of IOV are those that come next; returns how many. */
static size_t check_iov(const struct reader *r, const struct iovec *iov, int n)
{
	unsigned message = r->message;
	uint32_t done = r->done;
	size_t total = 0;

	for (int i = 0; i < n; i++) {
		assert_true(iov[i].iov_len > 0);
		total += iov[i].iov_len;
		for (size_t k = 0; k < iov[i].iov_len; k++, done++) {
			while (message < n_messages && (!is_for(&messages[message], id_of(r)) ||
							done == messages[message].len)) {
				message++;
				done = 0;
			}
			assert_true(message < n_messages);
			assert_int_equal(((uint8_t *)iov[i].iov_base)[k],
					 byte_of(&messages[message], done));
		}
	}
	return total;
}

static void read_some(struct reader *r)
{
	static struct iovec iov[4096];
	int n = adjout_log_peek(&r->at, id_of(r), iov, 4096), few = 1 + below(3);
	size_t all = check_iov(r, iov, n), take;

	assert_int_equal(all, left_of(r, true));
	assert_int_equal(adjout_log_peek(&r->at, id_of(r), iov, few), n < few ? n : few);
	check_iov(r, iov, n < few ? n : few);
	take = below(3) ? below((unsigned)all + 1) : all;
	adjout_log_advance(&the_log, &r->at, id_of(r), take);
	for (pass_over(r); take;) {
		uint32_t rest = messages[r->message].len - r->done;

		if (take < rest) {
			r->done += (uint32_t)take;
			break;
		}
		take -= rest;
		r->message++;
		r->done = 0;
		pass_over(r);
	}
	assert_int_equal(adjout_log_lag(&the_log, &r->at), left_of(r, false));
}

static void come_or_go(struct reader *r)
{
	if (r->in) {
		adjout_log_leave(&the_log, &r->at);
		adjout_log_leave(&the_log, &r->at); /* again: nothing */
	} else {
		adjout_log_enter(&the_log, &r->at);
		r->message = n_messages;
		r->done = 0;
		assert_int_equal(adjout_log_lag(&the_log, &r->at), 0);
	}
	r->in = !r->in;
}

/* Chunks that nobody needs any more are gone, the last one aside. */
static void check_chunks(void)
{
	const struct chunk *c;
	unsigned in = 0, counted = 0;

	for (unsigned i = 0; i < READERS; i++)
		in += readers[i].in;
	TAILQ_FOREACH (c, &the_log.chunks, link) {
		counted += c->readers;
		assert_true(c->used <= c->size);
		if (c == TAILQ_FIRST(&the_log.chunks))
			assert_true(c->readers || !TAILQ_NEXT(c, link));
	}
	assert_int_equal(counted, in);
}

static void stream(void **state)
{
	unsigned largest = 0;

	srand(test_seed());
	adjout_log_init(&the_log);
	for (unsigned i = 0; i < 3; i++)
		come_or_go(&readers[i]);
	for (int round = 0; round < 20000; round++) {
		const struct chunk *c;
		struct reader *r = &readers[below(READERS)];

		if (below(5) && n_messages < MESSAGES)
			write_one();
		else if (r->in && below(100))
			read_some(r);
		else
			come_or_go(r);
		check_chunks();
		TAILQ_FOREACH (c, &the_log.chunks, link)
			largest = c->size > largest ? c->size : largest;
	}
	assert_true(largest > 10 * 4096);
	for (unsigned i = 0; i < READERS; i++)
		if (readers[i].in) {
			adjout_log_advance(&the_log, &readers[i].at, id_of(&readers[i]),
					   left_of(&readers[i], true));
			assert_int_equal(adjout_log_lag(&the_log, &readers[i].at), 0);
		}
	assert_null(TAILQ_NEXT(TAILQ_FIRST(&the_log.chunks), link));
	adjout_log_free(&the_log);
}

/* A group that keeps up takes little memory, whatever goes through. */
static void keeps_up(void **state)
{
	struct log l;
	struct log_position at;
	struct iovec iov[4];
	unsigned chunks;
	const struct chunk *c;

	adjout_log_init(&l);
	adjout_log_enter(&l, &at);
	for (int i = 0; i < 3000; i++) {
		memset(adjout_log_room(&l, 100, 0, 0), i, 100);
		assert_int_equal(adjout_log_peek(&at, 1, iov, 4), 1);
		adjout_log_advance(&l, &at, 1, 100);
	}
	chunks = 0;
	TAILQ_FOREACH (c, &l.chunks, link)
		chunks++;
	assert_int_equal(chunks, 1);
	assert_true(TAILQ_FIRST(&l.chunks)->size <= 64 * 1024);
	adjout_log_leave(&l, &at);
	adjout_log_free(&l);
}

/* ---- messages */

static struct attr *set_of(unsigned communities, uint8_t af)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct addr hop = {.family = af, .b = {10, 9, 0, 7}};

	for (unsigned i = 0; i < communities; i++)
		attr_edit_community(e, true, i);
	attr_edit_nexthop(e, &hop);
	attr_edit_prepend(e, 4200000000, 2);
	return attr_edit_finish(e);
}

static struct prefix read_back[4096];
static unsigned n_read;

static void on_read(void *arg, const struct prefix *p)
{
	read_back[n_read++] = *p;
}

/* The message says what it was made of, to a decoder and to pack_read(). */
static void check_message(const uint8_t *m, size_t len, struct attr *attr, uint8_t af,
			  const struct prefix *want, unsigned n, bool four_octet)
{
	struct update_context ctx = {
		.four_octet = four_octet, .family = {true, true}, .extended_hop = true};
	int part = pack_by_mp(af, attr);
	struct bgp_error error;
	struct prefix p;
	struct update u;

	for (int i = 0; i < 16; i++)
		assert_int_equal(m[i], 0xff);
	assert_int_equal(m[16] << 8 | m[17], len);
	assert_int_equal(m[18], BGP_UPDATE);
	n_read = 0;
	pack_read(m, len, on_read, NULL);
	assert_int_equal(n_read, n);
	assert_int_equal(update_decode(m + 19, len - 19, &ctx, &u, &error), 0);
	assert_false(u.treat_as_withdraw);
	if (attr)
		assert_ptr_equal(part ? u.mp_attr : u.attr, attr);
	for (unsigned i = 0; i < n; i++) {
		assert_true(nlri_next(attr ? &u.announced[part] : &u.withdrawn[part], &p));
		assert_memory_equal(&p, &want[i], sizeof(p));
		assert_memory_equal(&read_back[i], &want[i], sizeof(p));
	}
	for (int i = 0; i < 2; i++) {
		assert_false(nlri_next(&u.announced[i], &p));
		assert_false(nlri_next(&u.withdrawn[i], &p));
	}
	update_release(&u);
}

static struct prefix random_prefix(uint8_t af)
{
	uint8_t b[16];

	for (int i = 0; i < 16; i++)
		b[i] = rand();
	return prefix_make(af, b, below(af == AF_INET ? 33 : 129));
}

static struct attr *internal(struct attr *a)
{
	struct attr_edit *e = attr_edit_begin(a);

	attr_edit_local_pref(e, true, 100); /* which a neighbour inside asks for */
	attr_unref(a);
	return attr_edit_finish(e);
}

static void packs(void **state)
{
	static struct prefix in[4096];
	static uint8_t m[BGP_MESSAGE_MAX];
	struct pack k = {0};

	srand(test_seed());
	for (int round = 0; round < 400; round++) {
		uint8_t af = below(2) ? AF_INET : AF_INET6;
		uint8_t hop = below(3) ? af : AF_INET6; /* RFC 8950 */
		struct attr *a = below(4) ? internal(set_of(below(100), hop)) : NULL;
		bool four = below(2), full = below(3) == 0;
		unsigned n = 0, most = full ? 4096 : 1 + below(20);
		size_t len;

		assert_true(pack_empty(&k));
		assert_false(pack_fits(&k, a, af, 0, 0, 0));
		if (four)
			attr_unref(k.attr), k.attr = NULL; /* encoded for the other kind */
		else
			pack_free(&k);
		pack_begin(&k, a, af, 3, 0, four);
		while (n < most) {
			struct prefix p = random_prefix(af);
			size_t before = pack_bytes(&k), more = 1 + (p.len + 7) / 8;

			if (n &&
			    pack_fits(&k, a, af, p.len, 3, 0) != (before + more <= BGP_MESSAGE_MAX))
				fail_msg("%zu and %zu bytes", before, more);
			if (before + more > BGP_MESSAGE_MAX)
				break;
			in[n++] = p;
			pack_put(&k, &p);
			assert_int_equal(pack_bytes(&k), before + more);
		}
		assert_false(pack_fits(&k, a, af, 0, 0, 0));
		assert_false(pack_fits(&k, a, af, 0, 3, 1));
		assert_false(pack_fits(&k, a, af == AF_INET ? AF_INET6 : AF_INET, 0, 3, 0));
		assert_false(pack_fits(&k, a ? NULL : (struct attr *)&k, af, 0, 3, 0));
		len = pack_bytes(&k);
		memset(m, 0x5a, sizeof(m));
		pack_write(&k, m);
		for (size_t i = len; i < sizeof(m); i++)
			assert_int_equal(m[i], 0x5a);
		check_message(m, len, a, af, in, n, four);
		attr_unref(a);
	}
	pack_free(&k);
	assert_int_equal(attr_count(), 0);
}

/* The next hop has two addresses (RFC 2545 section 3). */
static struct attr *set_with_link_local(void)
{
	struct addr ll = {.family = AF_INET6, .b = {0xfe, 0x80, [15] = 1}};
	struct attr *a = set_of(1, AF_INET6);
	struct attr_edit *e = attr_edit_begin(a);

	attr_edit_nexthop_ll(e, &ll);
	attr_unref(a);
	return attr_edit_finish(e);
}

/* Where a message is empty but for its set, its size is what pack_overhead() says. */
static void overhead(void **state)
{
	for (int i = 0; i < 5; i++) {
		uint8_t af = i == 1 || i == 2 ? AF_INET6 : AF_INET;
		struct attr *a = i == 2 || i == 4 ? set_with_link_local()
						  : set_of(1, i ? AF_INET6 : AF_INET);
		struct pack k = {0};
		struct wr w = {0};

		pack_begin(&k, a, af, 0, 0, true);
		attr_put(&w, a, !i, true);
		assert_int_equal(pack_bytes(&k), pack_overhead(af, a) + w.len);
		wr_free(&w);
		pack_free(&k);
		attr_unref(a);
	}
}

static void end_of_rib(void **state)
{
	static const uint8_t v4[] = {0, 23, 2, 0, 0, 0, 0},
			     v6[] = {0, 30, 2, 0, 0, 0, 7, 0x90, 15, 0, 3, 0, 2, 1};
	struct wr w = {0};

	pack_end_of_rib(&w, BGP_IPV4);
	assert_int_equal(w.len, 23);
	assert_memory_equal(w.data + 16, v4, sizeof(v4));
	wr_reset(&w);
	pack_end_of_rib(&w, BGP_IPV6);
	assert_int_equal(w.len, 30);
	assert_memory_equal(w.data + 16, v6, sizeof(v6));
	for (int i = 0; i < 16; i++)
		assert_int_equal(w.data[i], 0xff);
	n_read = 0;
	pack_read(w.data, w.len, on_read, NULL);
	assert_int_equal(n_read, 0);
	wr_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits),	 cmocka_unit_test(stream),   cmocka_unit_test(keeps_up),
		cmocka_unit_test(packs), cmocka_unit_test(overhead), cmocka_unit_test(end_of_rib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
