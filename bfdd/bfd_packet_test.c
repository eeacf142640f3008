/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd_packet: bytes as they are on the wire, there and back; a table of what must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bfd_packet.h"
#include "util.h"

/* Up, no diagnostic, multiplier 3, 50 ms: as BIRD 2.0.12 sends it. */
static const uint8_t good[] = {0x20, 0xc0, 3,	 24,   0x12, 0x34, 0x56, 0x78,
			       0x9a, 0xbc, 0xde, 0xf0, 0,    0,	   0xc3, 0x50,
			       0,    0,	   0xc3, 0x50, 0,    0,	   0,	 0};

static void there_and_back(void **state)
{
	struct bfd_packet p;
	uint8_t again[BFD_PACKET_BYTES];

	_Static_assert(sizeof(good) == BFD_PACKET_BYTES, "24 bytes");
	assert_int_equal(bfd_packet_decode(good, sizeof(good), &p), BFD_TAKEN);
	assert_int_equal(p.state, BFD_UP);
	assert_int_equal(p.diag, BFD_DIAG_NONE);
	assert_int_equal(p.multiplier, 3);
	assert_int_equal(p.my_discr, 0x12345678);
	assert_int_equal(p.your_discr, 0x9abcdef0);
	assert_int_equal(p.desired_tx, 50000);
	assert_int_equal(p.required_rx, 50000);
	assert_int_equal(p.required_echo_rx, 0);
	assert_false(p.poll || p.final || p.independent || p.auth || p.demand);
	bfd_packet_encode(&p, again);
	assert_memory_equal(again, good, sizeof(good));
}

static void flags(void **state)
{
	uint8_t data[BFD_PACKET_BYTES], again[BFD_PACKET_BYTES];
	struct bfd_packet p;

	memcpy(data, good, sizeof(good));
	data[0] |= BFD_DIAG_ADMIN_DOWN;
	data[1] = BFD_INIT << 6 | 0x20 | 0x10 | 0x08 | 0x02;
	assert_int_equal(bfd_packet_decode(data, sizeof(data), &p), BFD_TAKEN);
	assert_int_equal(p.state, BFD_INIT);
	assert_int_equal(p.diag, BFD_DIAG_ADMIN_DOWN);
	assert_true(p.poll && p.final && p.independent && p.demand);
	bfd_packet_encode(&p, again);
	assert_memory_equal(again, data, sizeof(data));
}

static void refused(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		size_t len;
		enum bfd_refusal why;
	} rows[] = {
		{"version 0", 0, 0x00, 24, BFD_BAD_VERSION},
		{"version 2", 0, 0x40, 24, BFD_BAD_VERSION},
		{"nothing", 0, 0x20, 0, BFD_BAD_LENGTH},
		{"a byte short", 0, 0x20, 23, BFD_BAD_LENGTH},
		{"says less than the least", 3, 23, 24, BFD_BAD_LENGTH},
		{"says more than there is", 3, 25, 24, BFD_BAD_LENGTH},
		{"A bit without room for it", 1, 0xc4, 24, BFD_BAD_LENGTH},
		{"multiplier 0", 2, 0, 24, BFD_BAD_MULTIPLIER},
		{"multipoint", 1, 0xc1, 24, BFD_MULTIPOINT},
	};
	struct bfd_packet p;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[BFD_PACKET_BYTES];
		enum bfd_refusal why;

		memcpy(data, good, sizeof(good));
		data[rows[i].at] = rows[i].value;
		why = bfd_packet_decode(data, rows[i].len, &p);
		if (why != rows[i].why)
			fail_msg("%s: %s", rows[i].what, bfd_refusal_name(why));
	}
}

static void no_discriminator(void **state)
{
	uint8_t data[BFD_PACKET_BYTES];
	struct bfd_packet p;

	memcpy(data, good, sizeof(good));
	memset(data + 4, 0, 4);
	assert_int_equal(bfd_packet_decode(data, sizeof(data), &p), BFD_NO_DISCR);
}

/* Longer than it says is fine (a carrier may pad); authentication is the session's to refuse. */
static void longer(void **state)
{
	uint8_t data[40] = {0};
	struct bfd_packet p;

	memcpy(data, good, sizeof(good));
	assert_int_equal(bfd_packet_decode(data, sizeof(data), &p), BFD_TAKEN);
	assert_false(p.auth);
	data[1] |= 0x04;
	data[3] = 40;
	assert_int_equal(bfd_packet_decode(data, sizeof(data), &p), BFD_TAKEN);
	assert_true(p.auth);
}

static void names(void **state)
{
	static const char *const states[] = {"admin-down", "down",    "init",
					     "up",	   "unknown", "unknown"},
				 *const diags[] = {"none",
						   "detection-time-expired",
						   "echo-failed",
						   "neighbor-signaled-down",
						   "plane-reset",
						   "path-down",
						   "concatenated-path-down",
						   "admin-down",
						   "reverse-concatenated-path-down",
						   "unknown",
						   "unknown"};

	for (unsigned i = 0; i < ARRAY_SIZE(states); i++)
		assert_string_equal(bfd_state_name(i), states[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(diags); i++)
		assert_string_equal(bfd_diag_name(i), diags[i]);
	assert_string_equal(bfd_refusal_name(BFD_TAKEN), "taken");
	assert_string_equal(bfd_refusal_name(BFD_REFUSALS - 1), "authentication");
	assert_string_equal(bfd_refusal_name(BFD_REFUSALS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(flags),
		cmocka_unit_test(refused),	  cmocka_unit_test(no_discriminator),
		cmocka_unit_test(longer),	  cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
