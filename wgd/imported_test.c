/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries that others made and that the configuration names: they stay until BGP has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define HANDED ", 'imported': ['192.168.1.0/24', '192.168.2.0/24', '192.168.9.0/24']"
#define BOTH RIG_PEER_A(RIG_QUIET HANDED) ", " RIG_PEER_B(RIG_QUIET)
#define NONE RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET)

static void begin(const char *config)
{
	rig_zebra();
	rig_apply(config);
	devices_prune();
	rig_pass(3000);
	rig_forget();
}

/* a has two that are named and one that is not; what f has is named at a. */
static void by_hand(void)
{
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	rig_peer_add("wg0", 'a');
	rig_peer_add("wg0", 'f');
	rig_entry("wg0", 'a', "192.168.1.0/24");
	rig_entry("wg0", 'a', "192.168.2.0/24");
	rig_entry("wg0", 'a', "192.168.7.0/24");
	rig_entry("wg0", 'f', "192.168.9.0/24");
	rig.has_graveyard = true;
}

static void test_adopted(void **state)
{
	by_hand();
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig_tell_file("ledger-wg0");
	rig_show("{'command': 'allowed-ips', 'interface': 'wg0'}");
	rig_expect("ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| = 192.168.1.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.2.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.7.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.9.0/24 ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + imported 192.168.1.0/24\n"
		   "| + imported 192.168.2.0/24\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 10.9.0.3/32\n"
		   "| + address 10.9.0.1/24\n"
		   "cli: {}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'a','prefix':'10.9.0.2/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'b','prefix':'10.9.0.3/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'imported','peer':'a',"
		   "'prefix':'192.168.1.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'imported','peer':'a',"
		   "'prefix':'192.168.2.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'foreign','peer':'a',"
		   "'prefix':'192.168.7.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'foreign',"
		   "'peer':'ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'prefix':'192.168.9.0/24','stale':false}\n");
	/* Learned elsewhere, it stays; at its own peer it is BGP's, without a change. */
	rig_allowed(1, "+2 192.168.1.0/24");
	rig_allowed(2, "+1 192.168.1.0/24");
	rig_expect("zebra: ack 1 2 192.168.1.0/24 foreign-allowed-ip\n"
		   "zebra: refused 2 192.168.1.0/24 none\n"
		   "zebra: ack 2\n");
	/* What nobody named is as before. */
	rig_allowed(3, "+1 192.168.7.0/24");
	rig_allowed(4, "-1 192.168.7.0/24 -1 192.168.2.0/24 +1 192.168.9.0/24");
	rig_expect("zebra: ack 3\n"
		   "zebra: ack 4 1 192.168.9.0/24 foreign-allowed-ip\n");
	rig_tell_file("ledger-wg0");
	rig_expect("ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| = 192.168.1.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.2.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.7.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.9.0/24 ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + imported 192.168.1.0/24\n"
		   "| + imported 192.168.2.0/24\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 10.9.0.3/32\n"
		   "| + address 10.9.0.1/24\n"
		   "| - imported 192.168.1.0/24\n"
		   "| + entry 192.168.1.0/24\n");
	/* It goes with what BGP says, and no change of the configuration brings it back. */
	rig_allowed(5, "-1 192.168.1.0/24");
	rig_apply(RIG_WG0(", 'adopt': true, 'mtu': 1400", BOTH));
	devices_prune();
	rig_pass(1000);
	rig_expect("wg0 - a 192.168.1.0/24\n"
		   "zebra: ack 5\n"
		   "zebra: wg0 is 7 up adopted 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32 "
		   "192.168.2.0/24 192.168.7.0/24\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n");
	rig_allowed(6, "+2 192.168.1.0/24");
	rig_tell_file("ledger-wg0");
	rig_expect("wg0 + b 192.168.1.0/24\n"
		   "zebra: ack 6\n"
		   "ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| = 192.168.1.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.2.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.7.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.9.0/24 ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + imported 192.168.1.0/24\n"
		   "| + imported 192.168.2.0/24\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 10.9.0.3/32\n"
		   "| + address 10.9.0.1/24\n"
		   "| - imported 192.168.1.0/24\n"
		   "| + entry 192.168.1.0/24\n"
		   "| - entry 192.168.1.0/24\n"
		   "| + entry 192.168.1.0/24\n");
	devices_teardown();
	rig_tell("wg0");
	rig_expect("zebra: no peer 1\n"
		   "zebra: no peer 2\n"
		   "zebra: no interface 7\n"
		   "wg0 - a 10.9.0.2/32\n"
		   "wg0 - b 10.9.0.3/32\n"
		   "wg0 - b 192.168.1.0/24\n"
		   "wg0 remove b\n"
		   "link wg0 delete 10.9.0.1/24\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 192.168.2.0/24 192.168.7.0/24\n"
		   "wg0 has f keepalive 0 at -: 192.168.9.0/24\n");
}

/* Named no more, it is somebody else's again. */
static void test_taken_back(void **state)
{
	by_hand();
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig_apply(RIG_WG0(", 'adopt': true", NONE));
	devices_prune();
	rig_forget();
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_allowed(2, "-1 192.168.1.0/24");
	rig_tell("wg0");
	rig_expect("zebra: ack 1\n"
		   "zebra: ack 2\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.1.0/24 192.168.2.0/24 "
		   "192.168.7.0/24\n"
		   "wg0 has f keepalive 0 at -: 192.168.9.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
}

/* What the ledger cannot say is not taken. */
static void test_disk_full(void **state)
{
	by_hand();
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig_disk_full(true);
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_allowed(2, "-1 192.168.1.0/24");
	rig_disk_full(false);
	rig_tell("wg0");
	rig_expect("event {'error':'its ledger cannot be written: nothing is added to it',"
		   "'event':'interface-state','interface':'wg0','state':'ready'}\n"
		   "zebra: ack 1\n"
		   "zebra: ack 2\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.1.0/24 192.168.2.0/24 "
		   "192.168.7.0/24\n"
		   "wg0 has f keepalive 0 at -: 192.168.9.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
}

/* On an interface of ours they are set, and give way likewise. */
static void test_own(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0("", BOTH));
	devices_prune();
	rig_pass(3000);
	rig_forget();
	rig_tell("wg0");
	rig_allowed(1, "+2 192.168.1.0/24 +2 192.168.2.0/24");
	rig_allowed(2, "+1 192.168.1.0/24");
	rig_allowed(3, "+2 192.168.1.0/24");
	rig_expect("wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.1.0/24 192.168.2.0/24 "
		   "192.168.9.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n"
		   "zebra: ack 1 2 192.168.1.0/24 foreign-allowed-ip 2 192.168.2.0/24 "
		   "foreign-allowed-ip\n"
		   "zebra: refused 2 192.168.1.0/24 none\n"
		   "zebra: ack 2\n"
		   "wg0 + b 192.168.1.0/24\n"
		   "zebra: ack 3\n");
	rig_allowed(4, "-2 192.168.1.0/24");
	rig_apply(RIG_WG0(", 'mtu': 1400", BOTH));
	devices_prune();
	rig_tell("wg0");
	rig_expect("wg0 - b 192.168.1.0/24\n"
		   "zebra: ack 4\n"
		   "link wg0 mtu 1400\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32 "
		   "192.168.2.0/24 192.168.9.0/24\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.2.0/24 192.168.9.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
	rig_apply(RIG_WG0(", 'mtu': 1400", NONE));
	devices_prune();
	rig_tell("wg0");
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: refused 2 192.168.2.0/24 none\n"
		   "wg0 - a 192.168.2.0/24\n"
		   "wg0 - a 192.168.9.0/24\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_adopted),
		RIG_CHECK(test_taken_back),
		RIG_CHECK(test_disk_full),
		RIG_CHECK(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
