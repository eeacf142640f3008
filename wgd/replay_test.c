/* SPDX-License-Identifier: BSD-2-Clause */
/* What a new zebra-lite is told comes piece by piece, and stops while it does not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "rig.h"

enum { A_TURN = 64, ENTRIES = 4099 };

#define WG0                                           \
	RIG_IF("wg0", ", 'address': ['10.9.0.1/24']", \
	       RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET))
#define WG1                                             \
	RIG_IF("wg1", "",                               \
	       "{'name': 'c', 'public-key': '" RIG_KEY( \
		       "Yw") "', 'permit': ['10.0.0.0/8']" RIG_QUIET "}")
#define TUNNELS                                                           \
	"zebra: wg0 is 7 up 10.9.0.1/24\n"                                \
	"zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n" \
	"zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n" \
	"zebra: wg1 is 8 up\n"                                            \
	"zebra: c is 3 on 8 never handshake-never\n"

static void apply(const char *config)
{
	rig_apply(config);
	devices_prune();
}

/* More entries than one message holds. */
static void begin(void)
{
	static char text[ENTRIES * 24];
	char *at = text;

	rig_zebra();
	apply(RIG_CONF(WG0 ", " WG1));
	for (int i = 0; i < ENTRIES; i++)
		at += sprintf(at, "+3 10.%d.%d.0/24 ", 100 + i / 256, i % 256);
	rig_mute("wg1 + c");
	rig_mute("wg1 - c");
	rig_allowed(1, text);
	rig_pass(3000);
	rig_zebra_dies();
	rig_forget();
}

static void test_entries(void **state)
{
	begin();
	rig_zebra();
	rig_expect(TUNNELS "zebra: held 4096\n");
	rig_turn();
	rig_expect("zebra: held 3 10.116.0.0/24 3 10.116.1.0/24 3 10.116.2.0/24\n"
		   "zebra: sync\n");
	rig_turn();
	rig_expect("");
}

static void test_full(void **state)
{
	begin();
	rig_zebra();
	rig_zebra_full(true);
	rig_pass(5000);
	rig_expect(TUNNELS "zebra: held 4096\n");
	rig_zebra_full(false);
	rig_expect("zebra: held 3 10.116.0.0/24 3 10.116.1.0/24 3 10.116.2.0/24\n"
		   "zebra: sync\n");
	rig_zebra_full(true);
	rig_zebra_full(false);
	rig_expect("");
}

/* The next one hears all of it, who is gone nothing more. */
static void test_another(void **state)
{
	begin();
	rig_zebra();
	rig_zebra_dies();
	rig_turn();
	rig_expect(TUNNELS "zebra: held 4096\n");
	rig_zebra();
	rig_zebra();
	rig_expect(TUNNELS "zebra: held 4096\n" TUNNELS "zebra: held 4096\n");
	rig_turn();
	rig_expect("zebra: held 3 10.116.0.0/24 3 10.116.1.0/24 3 10.116.2.0/24\n"
		   "zebra: sync\n");
}

/* What leaves meanwhile is not told any more. */
static void test_leaves(void **state)
{
	begin();
	rig_zebra();
	rig_expect(TUNNELS "zebra: held 4096\n");
	rig_zebra_full(true);
	apply(RIG_CONF(WG0));
	rig_zebra_full(false);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: no peer 3\n"
		   "zebra: no interface 8\n"
		   "zebra: sync\n");
}

/* So are refusals that are over. */
static void test_retries(void **state)
{
	static char text[1026 * 24];
	char *at = text;

	rig_zebra();
	apply(RIG_CONF(WG0 ", " WG1));
	rig_refuse("create link wg1", -EPERM, 1);
	rig_link_gone("wg1");
	rig_pass(1010);
	for (int i = 0; i < 1026; i++)
		at += sprintf(at, "+3 10.%d.%d.0/24 ", 100 + i / 256, i % 256);
	rig_mute("zebra: refused 3 10.100.");
	rig_mute("zebra: refused 3 10.101.");
	rig_mute("zebra: refused 3 10.102.");
	rig_mute("zebra: refused 3 10.103.");
	rig_mute("zebra: ack");
	rig_allowed(1, text);
	rig_zebra_full(true);
	rig_pass(1000);
	rig_forget();
	rig_zebra_full(false);
	rig_expect("");
	rig_turn();
	rig_expect("zebra: refused 3 10.104.0.0/24 none\n"
		   "zebra: refused 3 10.104.1.0/24 none\n");
}

static void add_peer(char *out, int i)
{
	const uint8_t key[WG_KEY_BYTES] = {(uint8_t)('0' + i)};

	sprintf(out, "%s{'name': '%c%d', 'public-key': '%s'" RIG_QUIET "}", i ? ", " : "",
		i < A_TURN ? 'p' : 'q', i, WG_KEY_STR(key));
}

/* Two peers more than are told of in one turn; without that one. */
static const char *many(int without)
{
	static char config[(A_TURN + 2) * 160];

	strcpy(config, "{'wireguard': {'interface': [{'name': 'wg0', 'peer': [");
	for (int i = 0; i < A_TURN + 2; i++)
		if (i != without)
			add_peer(config + strlen(config), i);
	strcat(config, "]}]}}");
	return config;
}

/* One turn. What is told of the first ones is not said here. */
static void begin_many(void)
{
	apply(many(-1));
	rig_pass(3000);
	rig_forget();
	rig_mute("zebra: p");
	rig_zebra();
	rig_expect("zebra: wg0 is 7 up\n");
	rig_zebra_full(true);
	rig_pass(1000);
	rig_expect("");
}

/* The next turn looks at none of those that had theirs. */
static void test_peers(void **state)
{
	struct peer *first;

	begin_many();
	first = peer_by_id(1);
	first->announced = false;
	rig_zebra_full(false);
	assert_false(first->announced);
	rig_expect("zebra: q64 is 65 on 7 never handshake-never\n"
		   "zebra: q65 is 66 on 7 never handshake-never\n"
		   "zebra: sync\n");
}

/* The last one that had its turn is gone before the next. */
static void test_last_leaves(void **state)
{
	begin_many();
	rig_mute("wg0 remove");
	apply(many(A_TURN - 1)); /* which tells of all that are left */
	rig_forget();
	peer_by_id(A_TURN + 1)->announced = false;
	rig_zebra_full(false);
	rig_expect("zebra: q64 is 65 on 7 never handshake-never\n"
		   "zebra: sync\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_entries), RIG_CHECK(test_full),	  RIG_CHECK(test_another),
		RIG_CHECK(test_leaves),	 RIG_CHECK(test_retries), RIG_CHECK(test_peers),
		RIG_CHECK(test_last_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
