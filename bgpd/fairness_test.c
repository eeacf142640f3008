/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One neighbour changes very many networks, another one a single one: that is handed on soon, and
 * who brought the backlog is held back alone. "Soon" is counted in networks, not in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "link_zebra.h"
#include "log.h"
#include "loop.h"
#include "rib_peer.h"
#include "rib_queue.h"
#include "rig.h"
#include "util.h"

#define A_MESSAGE 1013 /* networks: all that fit */
#define MESSAGES 10
#define QUANTUM 512 /* networks decided in a turn */
#define HELD_ABOVE 4096
#define A_READ (12 * 1024 / 4) /* networks, at most */

#define FEW_MESSAGES 2 /* ... whose networks zebra-lite of the rig can follow */
#define ROUNDS 40      /* of theirs */

#define ONE(last, as)                                                                              \
	"{'address': '10.9.0." last "', 'remote-as': " as ", 'passive': true, 'import': ['all'], " \
	"'export': ['all']}"

static struct far *flapper, *other, *listener;

/* Appends the number-th message of the flapper. */
static void put_many(struct wr *w, bool announce, unsigned number)
{
	static const uint8_t attrs[] = {0x40, 1,    1,	  0,	0x40, 2, 6,  2, 1, 0,
					0,    0xfd, 0xe9, 0x40, 3,    4, 10, 9, 0, 21};
	size_t nlri = A_MESSAGE * 4;

	memset(wr_room(w, 16), 0xff, 16);
	wr_u16(w, (uint16_t)(23 + (announce ? sizeof(attrs) : 0) + nlri));
	wr_u8(w, BGP_UPDATE);
	wr_u16(w, announce ? 0 : (uint16_t)nlri);
	if (announce) {
		wr_u16(w, sizeof(attrs));
		wr_bytes(w, attrs, sizeof(attrs));
	}
	for (unsigned i = number * A_MESSAGE; i < (number + 1) * A_MESSAGE; i++) {
		wr_u8(w, 24);
		wr_u8(w, (uint8_t)(20 + (i >> 16)));
		wr_u16(w, (uint16_t)i);
	}
	if (!announce)
		wr_u16(w, 0);
}

static void say_many(bool announce, unsigned messages)
{
	struct wr w = {0};

	for (unsigned i = 0; i < messages; i++)
		put_many(&w, announce, i);
	far_say(flapper, &w, messages);
	wr_free(&w);
}

/* A single network of the other: LAST is the last byte of its prefix. */
static void say_one(bool six, uint8_t last)
{
	static const uint8_t four_[] =
		"\0\0\0\x14\x40\1\1\0\x40\2\6\2\1\0\0\xfd\xea\x40\3\4\x0a\x09\0\x16\x18\x0a\1";
	static const uint8_t six_[] = "\0\0\0\x27\x40\1\1\0\x40\2\6\2\1\0\0\xfd\xea\x80\x0e\x17\0\2"
				      "\1\x10\xfd\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\x16\0\x08";
	const uint8_t *body = six ? six_ : four_;
	size_t len = (six ? sizeof(six_) : sizeof(four_)) - 1;
	struct wr w = {0};

	memset(wr_room(&w, 16), 0xff, 16);
	wr_u16(&w, (uint16_t)(19 + len + 1));
	wr_u8(&w, BGP_UPDATE);
	wr_bytes(&w, body, len);
	wr_u8(&w, last);
	far_say(other, &w, 1);
	wr_free(&w);
}

#define CONFIG                                                              \
	"{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'neighbor': [" ONE( \
		"21", "65001") ", " ONE("22", "65002") ", " ONE("23", "65003") "]}}"

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start(CONFIG);
	flapper = far_up(21, &(struct far_open){.as = 65001});
	other = far_up(22, &(struct far_open){.as = 65002});
	listener = far_up(23, &(struct far_open){.as = 65003});
	rig_nexthop("10.9.0.21", REACH_UP, REASON_NONE);
	rig_nexthop("10.9.0.22", REACH_UP, REASON_NONE);
	say_one(true, 0xfc);
	rig_nexthop("fd09::16", REACH_UP, REASON_NONE);
	rig_settle();
	rig_zebra_gone(); /* the rig's is too slow for so many */
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	assert_int_equal(attr_count(), 0);
	return 0;
}

/* One turn of the loop: rig_turn() goes on until nothing is left to do. */
static void step(void)
{
	event_base_loop(loop_base(), EVLOOP_ONCE | EVLOOP_NONBLOCK);
	far_hear(listener);
}

/* Ten thousand of one neighbour came first, and yet ... */
static void one_among_many(bool six)
{
	const char *it = six ? "fd00::/8" : "10.1.1.0/24";

	say_many(true, MESSAGES);
	say_one(six, six ? 0xfd : 1);
	while (!json_object_get(listener->rib, it))
		step();
	assert_in_range(json_object_size(listener->rib), 1, QUANTUM / 2);
	rig_settle();
	assert_int_equal(json_object_size(listener->rib), 2 + MESSAGES * A_MESSAGE);
}

static void test_same_family(void **state)
{
	one_among_many(false);
}

static void test_other_family(void **state)
{
	one_among_many(true);
}

/* Its table would be so large that it could change so much. */
static void never_slowed(void)
{
	far_peer(flapper)->rib->turnover.most = 10000000;
}

/* The backlog is short all the time, and the other one is read while the flapper is held. */
static void test_held_alone(void **state)
{
	uint64_t updates = far_peer(other)->count.updates_in;
	bool was_held = false, announce = false;

	never_slowed();
	rig_settle();
	for (unsigned turn = 0; turn < 200; turn++) {
		if (far_peer(flapper)->count.messages_in + 8 >= flapper->said)
			say_many(announce = !announce, 16);
		say_one(false, 1);
		step();
		assert_in_range(rib_queue_share(far_peer(flapper)->rib->id), 0,
				HELD_ABOVE + A_READ);
		assert_false(far_peer(other)->held);
		assert_int_equal(far_peer(other)->count.updates_in, ++updates);
		was_held |= far_peer(flapper)->held;
	}
	assert_true(was_held);
}

static bool is_slowed(const char *neighbor)
{
	char *request = xasprintf("{'command': 'bgp-neighbors', 'neighbor': '%s'}", neighbor);
	const json_t *rows = json_object_get(rig_ask(request), "neighbors");

	free(request);
	return json_is_real(json_object_get(json_array_get(rows, 0), "slowed-seconds"));
}

/* It does so again and again: no more than a message of it waits, nobody else is held, it is named,
 * and what it said last is there in the end. */
static void test_slowed(void **state)
{
	const struct peer *p = far_peer(flapper);
	uint64_t updates = far_peer(other)->count.updates_in;

	for (unsigned i = 0; i < 20 && !p->slowed_ms; i++) {
		say_many(i % 2 == 0, MESSAGES);
		rig_settle();
		assert_true(i >= 2 || !p->slowed_ms); /* the table came, and was withdrawn once */
	}
	assert_true(p->slowed_ms);
	assert_true(is_slowed("10.9.0.21"));
	assert_false(is_slowed("10.9.0.22"));
	say_many(true, MESSAGES);
	say_many(false, MESSAGES);
	say_many(true, MESSAGES);
	while (p->count.messages_in < flapper->said) {
		uint64_t before = p->count.messages_in;
		bool was_slowed = p->slowed_ms;

		say_one(false, 1);
		step();
		assert_in_range(p->count.messages_in - before, 0, was_slowed ? 2 : MESSAGES);
		assert_in_range(rib_queue_share(p->rib->id), 0,
				was_slowed ? 2 * A_MESSAGE : HELD_ABOVE + A_READ);
		assert_false(far_peer(other)->held);
		assert_int_equal(far_peer(other)->count.updates_in, ++updates);
	}
	rig_settle();
	assert_int_equal(json_object_size(listener->rib), 2 + MESSAGES * A_MESSAGE);
}

/* zebra-lite takes nothing, and the flapper has filled its channel. */
static void test_full_channel(void **state)
{
	bool announce = false;

	rig_zebra_deaf();
	while (!link_zebra_full()) {
		if (far_peer(flapper)->count.messages_in + 8 >= flapper->said)
			say_many(announce = !announce, MESSAGES);
		step();
	}
	say_one(false, 1);
	for (unsigned turn = 0; turn < 8; turn++)
		step();
	assert_non_null(json_object_get(listener->rib, "10.1.1.0/24"));
	assert_true(link_zebra_full());
	assert_false(link_zebra_overfull());
	rig_zebra_gone();
}

static char order[64]; /* of writes: to a neighbour, to zebra-lite */

static void note(const char *what)
{
	if (strlen(order) + 1 < sizeof(order))
		strcat(order, what);
}

ssize_t __real_writev(int fd, const struct iovec *iov, int n);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int n);

ssize_t __wrap_writev(int fd, const struct iovec *iov, int n)
{
	note("n");
	return __real_writev(fd, iov, n);
}

ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
	note("z");
	return __real_sendmsg(fd, m, flags);
}

/* Neighbours are written to before zebra-lite, who would be woken in between. */
static void test_neighbours_first(void **state)
{
	rig_zebra_again();
	rig_settle();
	order[0] = '\0';
	say_one(false, 1);
	while (!json_object_get(listener->rib, "10.1.1.0/24"))
		step();
	rig_settle();
	assert_string_equal(rig_hops("10.1.1.0/24"), "10.9.0.22");
	assert_string_equal(order, "nnz");
}

static void say_end_of_rib(struct far *f)
{
	static const uint8_t bodies[] = "\0\x17\2\0\0\0\0"		    /* IPv4 */
					"\0\x1d\2\0\0\0\6\x80\x0f\3\0\2\1"; /* IPv6 */
	struct wr w = {0};

	memset(wr_room(&w, 16), 0xff, 16);
	wr_bytes(&w, bodies, 7);
	memset(wr_room(&w, 16), 0xff, 16);
	wr_bytes(&w, bodies + 7, 13);
	far_say(f, &w, 2);
	wr_free(&w);
}

/* Never is there a moment without a network that waits. */
static void flap_on(void)
{
	static bool announce;

	if (far_peer(flapper)->count.messages_in + 8 >= flapper->said)
		for (unsigned i = 0; i < 4; i++)
			say_many(announce = !announce, FEW_MESSAGES);
	step();
	assert_in_range(rib_queue_length(), 1, HELD_ABOVE);
}

/* Whoever restarts, and whoever is told by one that does: the end comes although somebody changes
 * networks all the time. */
static void test_ends(void **state)
{
	const struct far_open gr = {.as = 65001, .gr = true};

	rig_stop();
	rig_config(CONFIG);
	flapper = far_up(21, &gr);
	other = far_up(22, &(struct far_open){.as = 65002, .gr = true});
	listener = far_up(23, &(struct far_open){.as = 65003, .gr = true});
	never_slowed();
	rig_zebra_again();
	rig_kept("10.1.1.0/24", "10.9.0.22");
	rig_nexthop("10.9.0.21", REACH_UP, REASON_NONE);
	rig_nexthop("10.9.0.22", REACH_UP, REASON_NONE);
	rig_nexthop("10.9.0.23", REACH_UP, REASON_NONE);
	say_end_of_rib(flapper);
	say_end_of_rib(listener);
	rig_redist_sync(1);
	say_many(true, FEW_MESSAGES);
	say_many(false, FEW_MESSAGES);
	while (!rib_queue_length())
		step();
	for (unsigned i = 0; i < ROUNDS; i++)
		flap_on();
	assert_int_equal(listener->eors + rig_routes_syncs(), 0);
	say_end_of_rib(other);
	for (unsigned i = 0; i < ROUNDS; i++)
		flap_on();
	assert_int_equal(listener->eors, 2);
	assert_int_equal(rig_routes_syncs(), 1);
	assert_string_equal(rig_hops("10.1.1.0/24"), "");
	rig_zebra_again();
	for (unsigned i = 0; i < ROUNDS; i++)
		flap_on();
	assert_int_equal(rig_routes_syncs(), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_same_family),	  T(test_other_family), T(test_held_alone),  T(test_slowed),
		T(test_neighbours_first), T(test_ends),		T(test_full_channel)};

	return rig_run(tests, ARRAY_SIZE(tests));
}
