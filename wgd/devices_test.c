/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces that are somebody else's, were an earlier wgd's, or cannot be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link_zebra.h"
#include "not_applied.h"
#include "rig.h"

/* What another program made is used as it is, and left so. */
static void begin_adopted(void)
{
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	rig_peer_add("wg0", 'f');
	rig_entry("wg0", 'f', "10.8.0.0/16");
	rig_link("wg0")->port = 7;
	rig_link("wg0")->mark = 8;
	assert_int_equal(addr_parse("10.7.7.7", &rig_link("wg0")->addrs[0].addr), 0);
	rig_link("wg0")->addrs[0].len = 24;
	rig_link("wg0")->n_addrs = 1;
	rig_zebra();
	rig_apply(RIG_WG0(", 'adopt': true, 'mtu': 1300", RIG_PEER_A(RIG_QUIET)));
	rig_pass(1000);
}

static void test_adopted(void **state)
{
	unsigned reads;

	begin_adopted();
	rig_allowed(1, "+1 192.168.0.0/16");
	rig_tell_file("ledger-wg0");
	rig_expect("wg0 open kernel\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up adopted 10.9.0.1/24 mark 8\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@1000\n"
		   "wg0 + a 192.168.0.0/16\n"
		   "zebra: ack 1\n"
		   "ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| = 10.8.0.0/16 ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + address 10.9.0.1/24\n"
		   "| + entry 192.168.0.0/16\n");
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'adopt': true, 'address': ['10.9.0.9/24']",
				  RIG_PEER_A(RIG_QUIET))));
	reads = rig.reads;
	devices_prune();
	assert_int_equal(rig.reads, reads); /* for a mark that is not ours to take away */
	rig_expect("link wg0 add 10.9.0.9/24\n"
		   "zebra: wg0 is 7 up adopted 10.9.0.9/24 mark 8\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "link wg0 delete 10.9.0.1/24\n");
	devices_teardown();
	rig_tell("wg0");
	rig_tell_file("ledger-wg0");
	rig_expect("zebra: no peer 1\n"
		   "zebra: no interface 7\n"
		   "wg0 - a 10.9.0.2/32\n"
		   "wg0 - a 192.168.0.0/16\n"
		   "wg0 remove a\n"
		   "link wg0 delete 10.9.0.9/24\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "wg0 has key - port 7 mark 8\n"
		   "wg0 has f keepalive 0 at -: 10.8.0.0/16\n"
		   "ledger-wg0 is not there\n");
}

/* What somebody adds while we are there is his, too. */
static void test_adopted_strangers(void **state)
{
	begin_adopted();
	rig_forget();
	rig_log(LOG_LEVEL_WARN);
	rig_peer_add("wg0", 'g');
	rig_entry("wg0", 'g', "10.6.0.0/16");
	rig_entry("wg0", 'g', "10.5.0.0/16");
	rig_pass(1000);
	rig_expect("@1000\n"
		   "log warning: foreign-allowed-ips interface=wg0 new=2\n");
	rig_show("{'command': 'wireguard', 'interface': 'wg0'}");
	rig_expect("cli: {}\n"
		   "cli: {'addresses':['10.9.0.1/24'],'adopted':true,'backend':'kernel',"
		   "'beyond-ceiling':0,'beyond-ceiling-seconds':null,'description':'',"
		   "'error':null,'fwmark':8,'ifindex':7,'listen-port':7,'mtu':1420,"
		   "'name':'wg0','peers':[{'allowed-ips':[],'allowed-ips-count':1,"
		   "'configured-endpoint':null,'configured-endpoints':[],'description':'',"
		   "'echo-lost':0,'echo-received':0,'echo-sent':0,'endpoint':null,"
		   "'endpoint-changes':0,'endpoint-set-back':0,'foreign':false,'handshake-seconds':null,"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'name':'a',"
		   "'permit':['192.168.0.0/16','2001:db8::/32'],'persistent-keepalive':0,"
		   "'public-key':'YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'reason':'handshake-never','rx-bytes':0,"
		   "'settings':{'bfd':{'enabled':false,'interval':50,'multiplier':3,"
		   "'passive':false,'receive-interval':50},'echo':{'enabled':false,"
		   "'interval':200,'multiplier':4,'size':0},'endpoint-inside-permit':false,'endpoint-return':0,"
		   "'endpoint-timeout':10000,'liveness':{'degraded-after':160,"
		   "'degraded-loss':3,'icmp-errors':true,'poll-interval':1000,'probe':false,"
		   "'probe-interval':5000,'probe-timeout':15000,'stale-after':180,"
		   "'up-hold':2000,'up-hold-max':60000},'quality':{'hold':10000,"
		   "'jitter-weight':0,'latency-weight':0,'loss-weight':0,"
		   "'minimum-improvement':20,'step':5}},'state':'never',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0},{'allowed-ips':[],"
		   "'allowed-ips-count':1,'configured-endpoint':null,"
		   "'configured-endpoints':[],'description':'','echo-lost':0,"
		   "'echo-received':0,'echo-sent':0,'endpoint':null,'endpoint-changes':0,'endpoint-set-back':0,"
		   "'foreign':true,'handshake-seconds':null,'jitter-ms':null,"
		   "'latency-ms':null,'loss-percent':null,"
		   "'name':'ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=','permit':[],"
		   "'persistent-keepalive':0,'public-key':'ZgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		   "AAAAAAAA=','reason':null,'rx-bytes':0,'settings':null,'state':null,"
		   "'tunnel-addresses':[],'tx-bytes':0},{'allowed-ips':[],"
		   "'allowed-ips-count':2,'configured-endpoint':null,"
		   "'configured-endpoints':[],'description':'','echo-lost':0,"
		   "'echo-received':0,'echo-sent':0,'endpoint':null,'endpoint-changes':0,'endpoint-set-back':0,"
		   "'foreign':true,'handshake-seconds':null,'jitter-ms':null,"
		   "'latency-ms':null,'loss-percent':null,"
		   "'name':'ZwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=','permit':[],"
		   "'persistent-keepalive':0,'public-key':'ZwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		   "AAAAAAAA=','reason':null,'rx-bytes':0,'settings':null,'state':null,"
		   "'tunnel-addresses':[],'tx-bytes':0}],'plane':'main','public-key':null,"
		   "'rx-bytes':0,'source-check-drops':0,'source-check-drops-per-second':0.0,"
		   "'source-check-drops-seconds':null,'state':'ready','tx-bytes':0,'up':true}\n");
	/* On a reload as well. */
	rig_peer_add("wg0", 'h');
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'adopt': true, 'mtu': 1300", RIG_PEER_A(RIG_QUIET))));
	devices_prune();
	rig_forget();
	devices_teardown();
	rig_forget();
	rig_tell("wg0");
	rig_expect("wg0 has key - port 7 mark 8\n"
		   "wg0 has f keepalive 0 at -: 10.8.0.0/16\n"
		   "wg0 has h keepalive 0 at -:\n"
		   "wg0 has g keepalive 0 at -: 10.5.0.0/16 10.6.0.0/16\n");
}

/* An adopted one that was deleted is made anew, and ours from then on. */
static void test_adopted_gone(void **state)
{
	begin_adopted();
	rig_link_gone("wg0");
	rig_pass(2000);
	rig_forget();
	devices_teardown();
	rig_tell("wg0");
	rig_expect("zebra: no peer 1\n"
		   "zebra: no interface 8\n"
		   "delete link wg0\n"
		   "stop wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "wg0 is not there\n");
}

static void test_adopted_leaves(void **state)
{
	begin_adopted();
	rig_allowed(1, "+1 192.168.0.0/16");
	rig_forget();
	rig_apply("{'wireguard': {}}");
	devices_prune();
	rig_pass(500);
	rig_expect("zebra: no peer 1\n"
		   "zebra: no interface 7\n");
	rig_pass(2000);
	rig_tell("wg0");
	rig_expect("@1500\n"
		   "wg0 - a 10.9.0.2/32\n"
		   "wg0 - a 192.168.0.0/16\n"
		   "wg0 remove a\n"
		   "link wg0 delete 10.9.0.1/24\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "@2000\n"
		   "wg0 has key - port 7 mark 8\n"
		   "wg0 has f keepalive 0 at -: 10.8.0.0/16\n");
}

/* A wgd that is new reads from its ledger what is its own. */
static void test_adopted_again(void **state)
{
	begin_adopted();
	rig_allowed(1, "+1 192.168.0.0/16");
	link_zebra_close();
	devices_close();
	devices_open(rig.dir);
	rig_forget();
	rig_zebra();
	rig_apply(RIG_WG0(", 'adopt': true", RIG_PEER_A(RIG_QUIET)));
	rig_pass(1000);
	rig_expect("wg0 open kernel\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up adopted 10.9.0.1/24 mark 8\n"
		   "zebra: a is 3 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: held 3 192.168.0.0/16\n"
		   "zebra: sync\n");
	devices_teardown();
	rig_tell("wg0");
	rig_expect("zebra: no peer 3\n"
		   "zebra: no interface 7\n"
		   "wg0 - a 10.9.0.2/32\n"
		   "wg0 - a 192.168.0.0/16\n"
		   "wg0 remove a\n"
		   "link wg0 delete 10.9.0.1/24\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "wg0 has key - port 7 mark 8\n"
		   "wg0 has f keepalive 0 at -: 10.8.0.0/16\n");
}

static void test_not_ours(void **state)
{
	rig_zebra();
	rig_link_add("wg0", "wireguard", "");
	assert_string_equal(rig_check(RIG_WG0("", RIG_PEER_A(RIG_QUIET))), "");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(250);
	rig_expect("wg0 open kernel\n"
		   "wg0 close\n"
		   "event {'error':'it exists and is not ours; 'adopt true' uses it as it is',"
		   "'event':'interface-state','interface':'wg0','state':'refused'}\n"
		   "zebra: sync\n"
		   "@100\n"
		   "wg0 open kernel\n"
		   "wg0 close\n");
	/* An event brings the next attempt forward. */
	rig_link_gone("wg0");
	rig_pass(60000);
	rig_expect("@50\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 8 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 8 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	rig_link_gone("wg0");
	rig_link_add("wg0", "wireguard", "");
	rig_pass(20000);
	rig_forget();
	str_copy(rig_link("wg0")->info.alias, "wgbgp", 6);
	devices_link_event("wg0", 1);
	rig_pass(100);
	rig_expect("@100\n"
		   "wg0 open kernel\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 9 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 9 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	devices_teardown();
	rig_expect("zebra: no peer 1\n"
		   "zebra: no interface 9\n"
		   "delete link wg0\n"
		   "stop wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n");
}

static void test_no_ledger(void **state)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/ledger-wg0.new", rig.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	rig_zebra();
	rig_link_add("wg0", "wireguard", "");
	rig_apply(RIG_WG0(", 'adopt': true", RIG_PEER_A(RIG_QUIET)));
	snprintf(path, sizeof(path), "its ledger in %s cannot be written: Is a directory", rig.dir);
	assert_string_equal(device_find("wg0")->life.error, path);
	assert_int_equal(device_find("wg0")->life.state, DEVICE_REFUSED);
	snprintf(path, sizeof(path), "%s/ledger-wg0.new", rig.dir);
	rmdir(path);
	rig_forget();
	rig_pass(500);
	rig_expect("@100\n"
		   "wg0 open kernel\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 7 up adopted 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

/* What the configuration must not say. CURRENT: one was applied before. */
static void test_check(void **state)
{
	static const uint8_t own[KEY_BYTES] = {'K'};
	char text[WG_KEY_STRLEN], config[512];
	uint8_t public_key[KEY_BYTES];

	assert_string_equal(rig_check("{'wireguard': {}}"), "");
	rig_link_add("wg7", "wireguard", "wgbgp");
	assert_string_equal(
		rig_check("{'wireguard': {}}"),
		"the configuration has no WireGuard interface, and wg7 runs: all tunnels would go; "
		"if that is meant delete it first");
	assert_string_equal(rig_check(RIG_WG0("", RIG_PEER_A(RIG_QUIET))), "");
	rig_link_gone("wg7");
	rig_secret("/k", 'K');
	crypto_scalarmult_base(public_key, own);
	snprintf(config, sizeof(config),
		 RIG_WG0(", 'private-key-file': '/k'", "{'name': 'me', 'public-key': '%s'}"),
		 wg_key_str(public_key, text));
	assert_string_equal(rig_check(config),
			    "interface wg0: peer me has the interface's own public key");
	rig.no_kernel = true;
	assert_string_equal(rig_check(RIG_WG0(", 'backend': 'kernel'", "")),
			    "interface wg0: backend kernel: this kernel has no WireGuard");
	assert_string_equal(rig_check(RIG_WG0("", "")), "");
	rig.program_missing = true;
	assert_string_equal(rig_check(RIG_WG0("", "")),
			    "interface wg0: userspace-program wireguard-go is not installed, and "
			    "this kernel has no WireGuard");
	rig.no_kernel = false;
	assert_string_equal(rig_check(RIG_WG0("", "")), "");
	assert_string_equal(rig_check(RIG_WG0(", 'backend': 'kernel'", "")), "");
	assert_string_equal(rig_check(RIG_WG0(", 'backend': 'userspace'", "")),
			    "interface wg0: userspace-program wireguard-go is not installed");
	/* While it runs. */
	rig_link_add("wg1", "wireguard", "");
	assert_string_equal(rig_check(RIG_CONF(RIG_IF("wg1", "", ""))), "");
	rig_apply(RIG_WG0("", ""));
	assert_string_equal(rig_check(RIG_WG0("", "")), "");
	assert_string_equal(rig_check(RIG_CONF(RIG_IF("wg1", "", ""))),
			    "interface wg1 exists and is not ours; 'adopt true' uses it as it is");
	assert_string_equal(rig_check(RIG_CONF(RIG_IF("wg1", ", 'adopt': true", ""))), "");
	str_copy(rig_link("wg1")->info.alias, "wgbgp", 6);
	assert_string_equal(rig_check(RIG_CONF(RIG_IF("wg1", "", ""))), "");
	assert_string_equal(rig_check("{'wireguard': {}}"), "");
	rig_forget();
}

/* A mark goes with PRUNE only: what replaces an uplink's routes must be there before. */
static void test_mark(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0(", 'fwmark': 5", RIG_PEER_A(RIG_QUIET)));
	devices_prune();
	rig_pass(1500);
	rig_forget();
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(3000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24 mark 5\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	rig_refuse("get wireguard", -EIO, 1);
	devices_prune();
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24 mark 5\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	rig_pass(1000);
	rig_expect("@10\n"
		   "wg0 set mark 0\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n");
}

static void test_mark_pruned(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0(", 'fwmark': 5", RIG_PEER_A(RIG_QUIET)));
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_forget();
	devices_prune();
	rig_expect("wg0 set mark 0\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

/* Interfaces of an earlier life go at the first PRUNE. */
static void test_orphans(void **state)
{
	rig_zebra();
	rig_link_add("wg7", "wireguard", "wgbgp");
	rig_link_add("wg8", "tun", "");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_forget();
	devices_prune();
	rig_expect("delete link wg7\n"
		   "stop wireguard-go for wg7\n");
	rig_link_add("wg7", "wireguard", "wgbgp");
	devices_teardown();
	rig_expect("zebra: no peer 1\n"
		   "zebra: no interface 9\n"
		   "delete link wg0\n"
		   "stop wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "delete link wg7\n"
		   "stop wireguard-go for wg7\n");
}

/* --- ports that go from one interface to another in one change --- */

#define PORTS(zero, one)                                                                     \
	RIG_CONF(RIG_IF("wg0", ", 'listen-port': " zero, RIG_PEER_A(RIG_QUIET)) ", " RIG_IF( \
		"wg1", ", 'listen-port': " one, RIG_PEER_B(RIG_QUIET)))

static void check_ports(const char *config, uint16_t zero, uint16_t one)
{
	not_applied_reset();
	rig_apply(config);
	assert_string_equal(not_applied_said(), "");
	devices_prune();
	assert_string_equal(not_applied_said(), "");
	if (rig_link("wg0"))
		assert_int_equal(rig_link("wg0")->port, zero);
	assert_int_equal(rig_link("wg1")->port, one);
}

static void test_ports(void **state)
{
	rig_zebra();
	rig_apply(PORTS("7", "8"));
	check_ports(PORTS("8", "9"), 8, 9);
	check_ports(PORTS("9", "8"), 9, 8);
	check_ports(RIG_CONF(RIG_IF("wg1", ", 'listen-port': 9", RIG_PEER_B(RIG_QUIET))), 0, 9);
	assert_null(rig_link("wg0"));
}

/* Somebody else has it. */
static void test_port_of_others(void **state)
{
	rig_link_add("wg2", "wireguard", "")->port = 9;
	rig_zebra();
	rig_apply(PORTS("7", "8"));
	not_applied_reset();
	rig_apply(PORTS("9", "8"));
	assert_string_equal(not_applied_said(), "interface wg0: its WireGuard refuses the "
						"configuration: Address already in use");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_adopted),
		RIG_CHECK(test_adopted_leaves),
		RIG_CHECK(test_adopted_again),
		RIG_CHECK(test_not_ours),
		RIG_CHECK(test_no_ledger),
		RIG_CHECK(test_check),
		RIG_CHECK(test_adopted_strangers),
		RIG_CHECK(test_adopted_gone),
		RIG_CHECK(test_mark),
		RIG_CHECK(test_mark_pruned),
		RIG_CHECK(test_orphans),
		RIG_CHECK(test_ports),
		RIG_CHECK(test_port_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
