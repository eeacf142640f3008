/* SPDX-License-Identifier: BSD-2-Clause */
/* What zebra-lite asks for, and what it is told: batches, refusals, the end of a replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "rig.h"
#include "roster.h"

#define BOTH RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET)
#define TWO                                                                       \
	RIG_CONF(RIG_IF("wg0", ", 'address': ['10.9.0.1/24']", BOTH) ", " RIG_IF( \
		"wg1", ", 'address': ['10.8.0.1/24']",                            \
		"{'name': 'c', 'public-key': '" RIG_KEY(                          \
			"Yw") "', 'permit': "                                     \
			      "['10.0.0.0/8'], 'cost': 7" RIG_QUIET "}"))

static void begin(const char *config)
{
	rig_zebra();
	rig_apply(config);
	devices_prune();
	rig_pass(3000);
	rig_forget();
}

static void test_changes(void **state)
{
	begin(TWO);
	rig_allowed(1, "+1 192.168.1.0/24 +2 192.168.2.0/24 +3 10.1.0.0/16 +1 2001:db8::/48");
	rig_expect("wg0 + a 192.168.1.0/24\n"
		   "wg0 + b 192.168.2.0/24\n"
		   "wg0 + a 2001:db8::/48\n"
		   "wg1 + c 10.1.0.0/16\n"
		   "zebra: ack 1\n");
	/* Nobody of that number; beyond the ceiling; a configured entry's place. */
	rig_allowed(2, "+9 192.168.1.0/24 -9 192.168.1.0/24 +1 10.1.0.0/16 +3 192.168.0.0/16 "
		       "+2 10.9.0.2/32 +1 192.168.3.0/24");
	rig_expect("wg0 + a 192.168.3.0/24\n"
		   "zebra: ack 2 9 192.168.1.0/24 peer-gone 1 10.1.0.0/16 outside-permit 3 "
		   "192.168.0.0/16 outside-permit 2 10.9.0.2/32 own-address\n");
	rig_allowed(3, "-2 192.168.1.0/24 -1 192.168.1.0/24 -1 10.9.0.2/32 +1 192.168.2.0/24");
	rig_expect("wg0 - a 192.168.1.0/24\n"
		   "wg0 + a 192.168.2.0/24\n"
		   "zebra: ack 3\n");
	rig_allowed(4, "");
	rig_expect("zebra: ack 4\n");
	rig_show("{'command': 'wireguard', 'interface': 'wg1'}");
	rig_forget();
	rig_tell("wg0");
	rig_tell("wg1");
	rig_expect("wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.2.0/24 192.168.3.0/24 "
		   "2001:db8::/48\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n"
		   "wg1 has key - port 0 mark 0\n"
		   "wg1 has c keepalive 0 at -: 10.1.0.0/16\n");
}

static void test_not_ready(void **state)
{
	begin(TWO);
	rig_refuse("create link wg1", -EPERM, 1);
	rig_link_gone("wg1");
	rig_pass(1010);
	rig_forget();
	rig_allowed(1, "+3 10.1.0.0/16 +1 192.168.1.0/24");
	rig_expect("wg0 + a 192.168.1.0/24\n"
		   "zebra: ack 1 3 10.1.0.0/16 interface-gone\n");
	rig_pass(500);
	rig_expect("@100\n"
		   "create link wg1\n"
		   "wg1 open kernel\n"
		   "link wg1 alias wgbgp\n"
		   "wg1 create c keepalive 0\n"
		   "link wg1 add 10.8.0.1/24\n"
		   "link wg1 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg1',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg1','peer':'c',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg1 is 9 up 10.8.0.1/24\n"
		   "zebra: c is 3 on 9 never handshake-never cost 7\n"
		   "zebra: refused 3 10.1.0.0/16 none\n");
	/* No longer configured: nothing is given to it any more. */
	rig_apply(RIG_WG0("", BOTH));
	rig_allowed(2, "+3 10.2.0.0/16 -3 10.1.0.0/16");
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: ack 2 3 10.2.0.0/16 peer-gone\n");
}

/* Many changes are made by the thread. */
static void test_thread(void **state)
{
	char many[8192] = "", *at = many;

	begin(TWO);
	rig.threaded = true;
	for (int i = 0; i < 63; i++)
		at += sprintf(at, "+1 192.168.%d.0/24 ", i);
	rig_mute("wg0 + a 192.168");
	rig_allowed(1, many);
	rig_expect("zebra: ack 1\n");
	sprintf(at, "+2 192.168.100.0/24 +3 10.1.0.0/16");
	rig_allowed(2, many + strlen("+1 192.168.0.0/24 "));
	rig_expect("wg0 + b 192.168.100.0/24\n"
		   "wg1 + c 10.1.0.0/16\n"
		   "zebra: ack 2\n");
	at += sprintf(at, " +2 192.168.101.0/24");
	for (int i = 0; i < 63; i++)
		at += sprintf(at, " +2 192.168.%d.0/24", i);
	rig_allowed(3, many);
	rig_expect("wg0 later 64\n");
	/* Another batch stands behind it, and is answered behind it. */
	rig_allowed(4, "+3 10.2.0.0/16");
	rig_allowed(5, "+1 192.168.101.0/24");
	rig_expect("wg1 later 1\n"
		   "wg0 later 1\n");
	rig_mute("wg0 + b 192.168");
	rig_thread(0);
	rig_expect("zebra: ack 3\n");
	rig_thread(0);
	rig_expect("wg1 + c 10.2.0.0/16\n"
		   "zebra: ack 4\n");
	rig_thread(0);
	rig_expect("zebra: ack 5\n");
}

/* A batch that is large enough for the thread: 64 entries of a, and MORE. */
static void large_batch(uint32_t id, const char *more)
{
	char text[8192], *at = text;

	for (int i = 0; i < 64; i++)
		at += sprintf(at, "+1 192.168.%d.0/24 ", i);
	strcpy(at, more);
	rig_mute("wg0 + a 192.168");
	rig_allowed(id, text);
}

/* Refused: what is not in place is said for each batch that asked for it. */
static void test_thread_refused(void **state)
{
	char prefix[32];

	begin(TWO);
	rig.threaded = true;
	large_batch(1, "+1 2001:db8:1::/48 +2 192.168.100.0/24");
	rig_allowed(2, "+1 2001:db8:2::/48 +2 192.168.1.0/24 -1 192.168.9.0/24");
	for (int i = 0; i < 64; i++) {
		sprintf(prefix, "192.168.%d.0/24", i);
		rig_entry("wg0", 'a', prefix);
	}
	rig_expect("wg0 later 66\n"
		   "wg0 later 3\n");
	rig_thread(-EIO);
	rig_expect("wg0 + a 2001:db8:2::/48\n"
		   "wg0 + b 192.168.1.0/24\n"
		   "wg0 - a 192.168.9.0/24\n"
		   "zebra: ack 1 1 192.168.9.0/24 wireguard-error 1 2001:db8:1::/48 "
		   "wireguard-error 2 192.168.100.0/24 wireguard-error\n");
	rig_pass(5000);
	rig_expect("@1000\n"
		   "zebra: ack 2\n"
		   "zebra: refused 1 192.168.9.0/24 none\n"
		   "zebra: refused 2 192.168.100.0/24 none\n"
		   "zebra: refused 1 2001:db8:1::/48 none\n");
}

/* What may be tried again by the time that it is said to be refused is said to be so behind that.
 */
static void test_free_behind_refused(void **state)
{
	begin(TWO);
	rig_refuse("create link wg1", -EPERM, 1);
	rig_link_gone("wg1");
	rig_pass(1010);
	rig.threaded = rig.busy = true;
	large_batch(1, "+3 10.1.0.0/16");
	rig_pass(500);
	rig_forget(); /* wg1 is there again */
	rig_thread(0);
	rig_expect("zebra: ack 1 3 10.1.0.0/16 interface-gone\n"
		   "zebra: refused 3 10.1.0.0/16 none\n");
}

/* The device goes with a request under way. */
static void test_thread_gone(void **state)
{
	begin(TWO);
	rig.threaded = true;
	large_batch(1, "");
	rig_thread(0);
	large_batch(2, "+2 192.168.100.0/24 +2 192.168.101.0/24");
	rig_forget();
	rig_allowed(3, "+2 192.168.102.0/24");
	rig_link_gone("wg0");
	rig_pass(1500);
	rig_mute("wg0 + a 192.168");
	rig_expect("wg0 + b 192.168.102.0/24\n"
		   "zebra: ack 3\n"
		   "@1000\n"
		   "wg0 close\n"
		   "event {'error':'the link was deleted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: a is 1 on 7 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 down interface-gone 10.9.0.3 10.9.0.3/32\n"
		   "zebra: no interface 7\n"
		   "@1010\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "wg0 + b 192.168.100.0/24\n"
		   "wg0 + b 192.168.101.0/24\n"
		   "wg0 + b 192.168.102.0/24\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 9 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 9 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 9 never handshake-never 10.9.0.3 10.9.0.3/32\n");
}

/* The end, or that of the interface's configuration, with a request under way: it fails, and the
 * books of its peers are still there. */
static void test_thread_at_end(void **state)
{
	begin(TWO);
	rig.threaded = rig.busy = true;
	large_batch(1, "");
	rig_forget();
	device_free(device_find("wg0"));
	rig.threaded = rig.busy = false;
	rig_forget();
}

/* A program that is busy: the poll does not wait for it. */
static void test_thread_busy(void **state)
{
	rig.no_kernel = true;
	begin(TWO);
	rig.threaded = rig.busy = true;
	large_batch(1, "+2 192.168.100.0/24");
	rig_pass(7000);
	rig_expect("wg0 later 65\n"
		   "@5020\n"
		   "event {'error':'its WireGuard program does not answer',"
		   "'event':'interface-state','interface':'wg0','state':'ready'}\n");
	rig_thread(0);
	rig_pass(1000);
	rig_expect("wg0 + b 192.168.100.0/24\n"
		   "zebra: ack 1\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n");
}

/* A thread with nothing to do begins before all of a large batch was looked at. */
static void test_thread_idle(void **state)
{
	static char text[2100 * 24];
	char *at = text;

	begin(TWO);
	rig.threaded = rig.idle = true;
	for (int i = 0; i < 2100; i++)
		at += sprintf(at, "+1 192.168.%d.%d/32 ", i / 256, i % 256);
	rig_mute("wg0 + a");
	rig_allowed(1, text);
	rig_expect("wg0 later 1024\n"
		   "wg0 later 1024\n"
		   "wg0 later 52\n");
	rig_thread(0);
	rig_thread(0);
	rig_expect("");
	rig_thread(0);
	rig_expect("zebra: ack 1\n");
}

/* Whoever asked is gone when the answer is there. */
static void test_new_zebra(void **state)
{
	begin(TWO);
	rig.threaded = rig.busy = true;
	large_batch(1, "");
	rig_mute("zebra: held");
	rig_zebra_dies();
	rig_zebra();
	rig_expect("wg0 later 64\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: wg1 is 8 up 10.8.0.1/24\n"
		   "zebra: c is 3 on 8 never handshake-never cost 7\n"
		   "zebra: sync\n");
	rig_thread(0);
	rig_expect("");
	rig.threaded = rig.busy = false;
	rig_allowed(1, "-1 192.168.0.0/24");
	rig_forget();
}

static void test_replay(void **state)
{
	begin(TWO);
	rig_allowed(1, "+1 192.168.1.0/24 +3 10.1.0.0/16");
	rig_zebra();
	rig_expect("wg0 + a 192.168.1.0/24\n"
		   "wg1 + c 10.1.0.0/16\n"
		   "zebra: ack 1\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: wg1 is 8 up 10.8.0.1/24\n"
		   "zebra: c is 3 on 8 never handshake-never cost 7\n"
		   "zebra: held 1 192.168.1.0/24 3 10.1.0.0/16\n"
		   "zebra: sync\n");
	/* What it does not say again goes with the end of its replay. */
	rig_allowed(2, "+1 192.168.2.0/24 +3 10.1.0.0/16");
	rig_allowed_sync(3);
	rig_expect("wg0 + a 192.168.2.0/24\n"
		   "zebra: ack 2\n");
	rig_turn();
	rig_expect("wg0 - a 192.168.1.0/24\n"
		   "zebra: ack 3\n");
	rig_tell("wg0");
	rig_expect("wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.2.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
	rig_allowed_sync(4);
	rig_expect("zebra: ack 4\n");
	/* Of a replay that is not over nothing goes with the next channel. */
	rig_zebra();
	rig_allowed_sync(5);
	rig_zebra();
	rig_pass(1000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: wg1 is 8 up 10.8.0.1/24\n"
		   "zebra: c is 3 on 8 never handshake-never cost 7\n"
		   "zebra: held 1 192.168.2.0/24 3 10.1.0.0/16\n"
		   "zebra: sync\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: wg1 is 8 up 10.8.0.1/24\n"
		   "zebra: c is 3 on 8 never handshake-never cost 7\n"
		   "zebra: held 1 192.168.2.0/24 3 10.1.0.0/16\n"
		   "zebra: sync\n");
	rig_zebra_dies();
	rig_expect("");
}

/* There is a limit to what one message holds. */
static void test_held(void **state)
{
	static char text[4200 * 24];
	char *at = text;

	begin(TWO);
	for (int i = 0; i < 4099; i++)
		at += sprintf(at, "+3 10.%d.%d.0/24 ", i / 256, i % 256);
	rig_mute("wg1 + c");
	rig_allowed(1, text);
	rig_zebra();
	rig_turn();
	rig_expect("wg1 later 4097\n"
		   "zebra: ack 1 3 10.8.0.0/24 own-address 3 10.9.0.0/24 own-address\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: wg1 is 8 up 10.8.0.1/24\n"
		   "zebra: c is 3 on 8 never handshake-never cost 7\n"
		   "zebra: held 4096\n"
		   "zebra: held 3 10.16.2.0/24\n"
		   "zebra: sync\n");
}

/* Nothing overtakes what the thread has. */
static void test_busy(void **state)
{
	static const uint8_t key[WG_KEY_BYTES] = {'a'};
	struct wg_device_set device = {.set_port = true};
	struct wg_peer_set peer = {.key = key};
	struct wg_change change = {.key = key};
	struct wg_dump dump;
	struct wg *wg;

	begin(TWO);
	rig.threaded = rig.busy = true;
	large_batch(1, "");
	rig_forget();
	wg = device_find("wg0")->wg;
	assert_int_equal(wg_get(wg, true, &dump), -ETIMEDOUT);
	assert_int_equal(wg_set_device(wg, &device), -ETIMEDOUT);
	assert_int_equal(wg_set_peer(wg, &peer), -ETIMEDOUT);
	assert_int_equal(wg_remove_peer(wg, key), -ETIMEDOUT);
	assert_int_equal(wg_change(wg, &change, 1), -ETIMEDOUT);
	rig_expect("");
	rig_thread(0);
	assert_int_equal(wg_set_device(wg, &device), 0);
	assert_int_equal(wg_remove_peer(wg, key), 0);
	rig_expect("zebra: ack 1\n"
		   "wg0 set port 0\n"
		   "wg0 remove a\n");
}

/* A sweep is done piece by piece. */
static void test_sweep(void **state)
{
	char text[8192], *at = text;

	begin(TWO);
	for (int i = 0; i < 60; i++)
		at += sprintf(at, "+1 192.168.%d.0/24 ", i);
	rig_allowed(1, text);
	rig_zebra();
	rig_forget();
	rig_mute("wg0 - a");
	rig_allowed_sync(2);
	rig_turn();
	rig_turn();
	rig_tell("wg0");
	rig_expect("zebra: ack 2\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
}

/* Entries of others on an interface that was adopted. */
static void test_foreign(void **state)
{
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	rig_peer_add("wg0", 'f');
	rig_peer_add("wg0", 'a');
	rig_entry("wg0", 'f', "192.168.1.0/24");
	rig_entry("wg0", 'f', "10.9.0.3/32");
	rig_entry("wg0", 'a', "192.168.2.0/24");
	rig.has_graveyard = true;
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig_show("{'command': 'allowed-ips', 'interface': 'wg0'}");
	rig_expect("cli: {}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'a','prefix':'10.9.0.2/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'foreign',"
		   "'peer':'ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'prefix':'10.9.0.3/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'foreign',"
		   "'peer':'ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'prefix':'192.168.1.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'foreign','peer':'a',"
		   "'prefix':'192.168.2.0/24','stale':false}\n");
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +2 192.168.3.0/24 +2 192.168.0.0/22");
	rig_expect("wg0 + b 192.168.3.0/24\n"
		   "zebra: ack 1 1 192.168.1.0/24 foreign-allowed-ip 2 192.168.0.0/22 "
		   "foreign-allowed-ip\n");
	/* Moved by somebody to his peer: his by now. */
	rig_entry("wg0", 'f', "192.168.3.0/24");
	rig_allowed(2, "-2 192.168.3.0/24");
	rig_tell("wg0");
	rig_tell_file("ledger-wg0");
	rig_expect("zebra: ack 2\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has f keepalive 0 at -: 10.9.0.3/32 192.168.1.0/24 192.168.3.0/24\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.2.0/24\n"
		   "wg0 has b keepalive 0 at -:\n"
		   "ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| = 192.168.1.0/24 ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 10.9.0.3/32 ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| = 192.168.2.0/24 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + address 10.9.0.1/24\n"
		   "| + entry 192.168.3.0/24\n"
		   "| - entry 192.168.3.0/24\n");
	/* His entry goes: what it stood in the way of may be tried again. */
	rig_entry("wg0", 0, "192.168.1.0/24");
	rig_entry("wg0", 0, "10.9.0.3/32");
	rig_pass(1000);
	rig_expect("@1000\n"
		   "zebra: refused 1 192.168.1.0/24 none\n"
		   "zebra: refused 2 192.168.0.0/22 none\n"
		   "wg0 + b 10.9.0.3/32\n");
	rig_allowed(3, "+1 192.168.1.0/24");
	rig_forget();
	/* A peer of his comes, and goes. */
	rig_peer_add("wg0", 's');
	rig_entry("wg0", 's', "192.168.77.0/24");
	rig_pass(1000);
	rig_show("{'command': 'wireguard'}");
	rig_forget();
	rig_allowed(4, "+1 192.168.77.0/24");
	rig_expect("zebra: ack 4 1 192.168.77.0/24 foreign-allowed-ip\n");
	rig_peer_gone("wg0", 's');
	rig_pass(1000);
	rig_expect("@1000\n"
		   "zebra: refused 1 192.168.77.0/24 none\n");
	devices_teardown();
	rig_tell("wg0");
	rig_expect("zebra: no peer 1\n"
		   "zebra: no peer 2\n"
		   "zebra: no interface 7\n"
		   "wg0 - a 10.9.0.2/32\n"
		   "wg0 - b 10.9.0.3/32\n"
		   "wg0 - a 192.168.1.0/24\n"
		   "wg0 remove b\n"
		   "link wg0 delete 10.9.0.1/24\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has f keepalive 0 at -: 192.168.3.0/24\n"
		   "wg0 has a keepalive 0 at -: 192.168.2.0/24\n");
}

/* What somebody else gave a peer is no less his for its permit. */
static void test_foreign_beyond_permit(void **state)
{
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	rig_peer_add("wg0", 'a');
	rig_peer_add("wg0", 'f');
	rig_entry("wg0", 'a', "10.8.0.0/16");
	rig_entry("wg0", 'f', "10.7.0.0/16");
	begin(RIG_WG0(", 'adopt': true", RIG_PEER_A(RIG_QUIET)));
	rig_allowed(1, "+1 10.8.1.0/24 +1 10.7.1.0/24 +1 10.6.1.0/24");
	rig_expect("wg0 + a 10.8.1.0/24\n"
		   "zebra: ack 1 1 10.7.1.0/24 outside-permit 1 10.6.1.0/24 outside-permit\n");
}

/* With the interface the entries of others are gone; so is a peer of theirs. */
static void test_foreign_lost(void **state)
{
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	rig_peer_add("wg0", 'f');
	rig_entry("wg0", 'f', "192.168.1.0/24");
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24 +2 192.168.0.0/16 +1 192.168.2.0/24");
	rig_expect("wg0 + a 192.168.2.0/24\n"
		   "zebra: ack 1 1 192.168.1.0/24 foreign-allowed-ip 2 192.168.0.0/16 "
		   "foreign-allowed-ip\n");
	/* Of a peer that goes nothing is asked for again. */
	rig_apply(RIG_WG0(", 'adopt': true", RIG_PEER_A(RIG_QUIET)));
	devices_prune();
	rig_forget();
	rig_mute("event");
	rig_link_gone("wg0");
	rig_link_add("wg0", "wireguard", "");
	rig_pass(1500);
	rig_tell_file("ledger-wg0");
	rig_expect("@10\n"
		   "wg0 close\n"
		   "zebra: refused 1 192.168.1.0/24 none\n"
		   "zebra: a is 1 on 7 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: no interface 7\n"
		   "@20\n"
		   "wg0 open kernel\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.2.0/24\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "zebra: wg0 is 8 up adopted 10.9.0.1/24\n"
		   "zebra: a is 1 on 8 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "@1500\n"
		   "ledger-wg0:\n"
		   "| wgbgp-ledger 1 8\n"
		   "| + peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 192.168.2.0/24\n"
		   "| + address 10.9.0.1/24\n");
}

/* What the ledger cannot be told is not done. */
static void test_disk_full(void **state)
{
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	rig_peer_add("wg0", 'f');
	begin(RIG_WG0(", 'adopt': true", RIG_PEER_A(RIG_QUIET)));
	rig_disk_full(true);
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_expect("event {'error':'its ledger cannot be written: nothing is added to it',"
		   "'event':'interface-state','interface':'wg0','state':'ready'}\n"
		   "zebra: ack 1 1 192.168.1.0/24 wireguard-error\n");
	rig_pass(4000);
	rig_expect("");
	rig_apply(RIG_WG0(", 'adopt': true", BOTH));
	rig_pass(1000);
	rig_expect("zebra: wg0 is 7 up adopted 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 3 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "@10\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'b',"
		   "'reason':'peer-gone','to':'down'}\n"
		   "zebra: b is 3 on 7 down peer-gone 10.9.0.3 10.9.0.3/32\n");
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'adopt': true, 'address': ['10.9.0.7/24']", BOTH)));
	devices_prune();
	rig_pass(1000);
	rig_expect("zebra: wg0 is 7 up adopted 10.9.0.7/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 3 on 7 down peer-gone 10.9.0.3 10.9.0.3/32\n"
		   "link wg0 delete 10.9.0.1/24\n");
	rig_disk_full(false);
	rig_pass(31000);
	rig_expect("@1010\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "@2010\n"
		   "link wg0 add 10.9.0.7/24\n"
		   "@3010\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "zebra: refused 1 192.168.1.0/24 none\n"
		   "@4010\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: b is 3 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_changes),	RIG_CHECK(test_not_ready),
		RIG_CHECK(test_thread),		RIG_CHECK(test_thread_busy),
		RIG_CHECK(test_thread_refused), RIG_CHECK(test_new_zebra),
		RIG_CHECK(test_replay),		RIG_CHECK(test_thread_gone),
		RIG_CHECK(test_thread_at_end),	RIG_CHECK(test_free_behind_refused),
		RIG_CHECK(test_thread_idle),	RIG_CHECK(test_sweep),
		RIG_CHECK(test_held),		RIG_CHECK(test_busy),
		RIG_CHECK(test_foreign_lost),	RIG_CHECK(test_foreign_beyond_permit),
		RIG_CHECK(test_foreign),	RIG_CHECK(test_disk_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
