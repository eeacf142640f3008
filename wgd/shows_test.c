/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator is shown and may ask for: interfaces, tunnels, entries; drain and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"

#define BOTH RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET)
#define TWO                                                                            \
	RIG_CONF(RIG_IF("wg0", ", 'address': ['10.9.0.1/24'], 'listen-port': 51820",   \
			BOTH) ", " RIG_IF("wg1", ", 'listen-port': 51821",             \
					  "{'name': 'a', 'public-key': '" RIG_KEY(     \
						  "Yw") "', 'permit': "                \
							"['10.0.0.0/8'], 'endpoint': " \
							"['192.0.2.1:5']" RIG_QUIET "}"))

static void begin(const char *config)
{
	rig_zebra();
	rig_apply(config);
	devices_prune();
	rig_pass(3000);
	rig_forget();
}

/* Every leaf, otherwise than by default. */
static void test_everything(void **state)
{
	begin("{'wireguard': {'backend': 'kernel', 'interface': [{'name': 'wg0', 'plane': 'blue', "
	      "'description': 'to the hubs', 'private-key-file': '/k', 'listen-port': 51820, "
	      "'fwmark': 77, 'address': ['10.9.0.1/24', 'fd00::1/64'], 'mtu': 1300, 'admin': 'up', "
	      "'liveness': {'poll-interval': 300}, 'peer': [{'name': 'a', 'public-key': '" RIG_A
	      "', 'description': 'hub a', 'preshared-key-file': '/p', 'endpoint': "
	      "['192.0.2.1:5', '[2001:db8::1]:6'], 'endpoint-timeout': 8000, 'endpoint-return': "
	      "70, "
	      "'persistent-keepalive': 24, 'tunnel-address': ['10.9.0.2', 'fd00::2'], "
	      "'allowed-ips': ['172.16.0.0/12'], 'permit': ['192.168.0.0/16'], 'cost': 11, "
	      "'liveness': {'probe': false, 'poll-interval': 200, 'probe-interval': 1, "
	      "'probe-timeout': 2, 'degraded-after': 3, 'stale-after': 4, 'up-hold': 5, "
	      "'up-hold-max': 6, 'icmp-errors': false, 'echo': true, 'echo-interval': 2000, "
	      "'echo-multiplier': 9, 'echo-size': 1100, 'degraded-loss': 7, 'bfd': {'enabled': "
	      "true, 'interval': 12, 'receive-interval': 13, 'multiplier': 14, 'passive': true}}, "
	      "'quality': {'latency-weight': 15, 'jitter-weight': 16, 'loss-weight': 17, 'step': "
	      "18, "
	      "'minimum-improvement': 19, 'hold': 20}}, {'name': 'off', 'disabled': true, "
	      "'public-key': 'no key'}]}]}}");
	assert_int_equal(devices_conf()->ifs[0].poll_interval, 200);
	rig_peer("wg0", 'a')->info.tx_bytes = 4711;
	rig_handshake("wg0", 'a');
	rig_pass(2200);
	rig_forget();
	rig_show("{'command': 'wireguard'}");
	rig_expect("cli: {}\n"
		   "cli: {'addresses':['10.9.0.1/24','fd00::1/64'],'adopted':false,"
		   "'backend':'kernel','beyond-ceiling':0,'beyond-ceiling-seconds':null,"
		   "'description':'to the hubs','error':null,'fwmark':77,'ifindex':7,"
		   "'listen-port':51820,'mtu':1300,'name':'wg0',"
		   "'peers':[{'allowed-ips':['172.16.0.0/12'],'allowed-ips-count':3,"
		   "'configured-endpoint':'192.0.2.1:5','configured-endpoints':[{'addresses':["
		   "'192.0.2.1'],'current':true,'endpoint':'192.0.2.1:5','error':null,"
		   "'failures':0,'ttl-seconds':null},{'addresses':['2001:db8::1'],"
		   "'current':false,'endpoint':'[2001:db8::1]:6','error':null,'failures':0,"
		   "'ttl-seconds':null}],'description':'hub a','echo-lost':0,"
		   "'echo-received':0,'echo-sent':3,'endpoint':'192.0.2.1:5',"
		   "'endpoint-changes':0,'endpoint-set-back':0,'foreign':false,'handshake-seconds':2,"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'name':'a',"
		   "'permit':['192.168.0.0/16'],'persistent-keepalive':24,"
		   "'public-key':'YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'reason':'handshake-fresh','rx-bytes':1000,"
		   "'settings':{'bfd':{'enabled':true,'interval':12,'multiplier':14,"
		   "'passive':true,'receive-interval':13},'echo':{'enabled':true,"
		   "'interval':2000,'multiplier':9,'size':1100},'endpoint-inside-permit':false,'endpoint-return':70,"
		   "'endpoint-timeout':8000,'liveness':{'degraded-after':3,'degraded-loss':7,"
		   "'icmp-errors':false,'poll-interval':200,'probe':false,'probe-interval':1,"
		   "'probe-timeout':2,'stale-after':4,'up-hold':5,'up-hold-max':6},"
		   "'quality':{'hold':20,'jitter-weight':16,'latency-weight':15,"
		   "'loss-weight':17,'minimum-improvement':19,'step':18}},'state':'up',"
		   "'tunnel-addresses':['10.9.0.2','fd00::2'],'tx-bytes':4711}],"
		   "'plane':'blue','public-key':null,'rx-bytes':1000,'source-check-drops':0,"
		   "'source-check-drops-per-second':0.0,'source-check-drops-seconds':null,"
		   "'state':'ready','tx-bytes':4711,'up':true}\n");
	rig_apply("{'wireguard': {'interface': [{'name': 'wg0', 'plane': 'blue', 'liveness': {"
		  "'poll-interval': 300}, 'peer': [{'name': 'a', 'public-key': '" RIG_A
		  "', 'allowed-ips': ['any'], 'liveness': {'poll-interval': 400}}]}]}}");
	devices_prune();
	assert_int_equal(devices_conf()->ifs[0].poll_interval, 300);
	rig_pass(1000);
	rig_forget();
	rig_show("{'command': 'wireguard', 'interface': 'wg0'}");
	rig_zebra();
	rig_expect("cli: {}\n"
		   "cli: {'addresses':[],'adopted':false,'backend':'kernel',"
		   "'beyond-ceiling':0,'beyond-ceiling-seconds':null,'description':'',"
		   "'error':null,'fwmark':0,'ifindex':7,'listen-port':51820,'mtu':1420,"
		   "'name':'wg0','peers':[{'allowed-ips':['any'],'allowed-ips-count':2,"
		   "'configured-endpoint':null,'configured-endpoints':[],'description':'',"
		   "'echo-lost':0,'echo-received':0,'echo-sent':0,'endpoint':'192.0.2.1:5',"
		   "'endpoint-changes':0,'endpoint-set-back':0,'foreign':false,'handshake-seconds':3,"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'name':'a',"
		   "'permit':[],'persistent-keepalive':0,'public-key':'YQAAAAAAAAAAAAAAAAAAAAA"
		   "AAAAAAAAAAAAAAAAAAAA=','reason':'handshake-fresh','rx-bytes':1000,"
		   "'settings':{'bfd':{'enabled':false,'interval':50,'multiplier':3,"
		   "'passive':false,'receive-interval':50},'echo':{'enabled':false,"
		   "'interval':200,'multiplier':4,'size':0},'endpoint-inside-permit':false,'endpoint-return':0,"
		   "'endpoint-timeout':10000,'liveness':{'degraded-after':160,"
		   "'degraded-loss':3,'icmp-errors':true,'poll-interval':400,'probe':true,"
		   "'probe-interval':5000,'probe-timeout':15000,'stale-after':180,"
		   "'up-hold':2000,'up-hold-max':60000},'quality':{'hold':10000,"
		   "'jitter-weight':0,'latency-weight':0,'loss-weight':0,"
		   "'minimum-improvement':20,'step':5}},'state':'up','tunnel-addresses':[],"
		   "'tx-bytes':4711}],'plane':'blue','public-key':null,'rx-bytes':1000,"
		   "'source-check-drops':0,'source-check-drops-per-second':0.0,"
		   "'source-check-drops-seconds':null,'state':'ready','tx-bytes':4711,"
		   "'up':true}\n"
		   "zebra: wg0 is 7 up any\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 0.0.0.0/0 ::/0\n"
		   "zebra: sync\n");
	rig_show("{'command': 'wireguard', 'interface': 'wg1'}");
	rig_show("{'command': 'allowed-ips', 'interface': 'wg1'}");
	rig_show("{'command': 'nothing'}");
	rig_expect("cli: no such interface\n"
		   "cli: no such interface\n"
		   "cli: unknown command\n");
}

/* What it is when it cannot be used. */
static void test_refused(void **state)
{
	rig_link_add("wg0", "wireguard", "");
	begin(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_show("{'command': 'tunnels'}");
	rig_show("{'command': 'wireguard'}");
	rig_expect("cli: {}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':0,'cost':0,"
		   "'counters-seconds':1003.0,'downs':{'interface-refused':1},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':0,'echo-sent':0,'endpoint':null,'fwmark':0,"
		   "'handshake-seconds':null,'handshakes':0,'hold-seconds':2,'interface':'wg0',"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'peer':'a',"
		   "'quality-cost':0,"
		   "'reading-interval-ms':0,'reason':'interface-refused','reason-text':'the "
		   "interface cannot be used: it exists and is not ours; 'adopt true' uses it "
		   "as it is','rx-bytes':0,'since-seconds':3,'state':'down',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n"
		   "cli: {}\n"
		   "cli: {'addresses':['10.9.0.1/24'],'adopted':false,'backend':null,"
		   "'beyond-ceiling':0,'beyond-ceiling-seconds':null,'description':'',"
		   "'error':'it exists and is not ours; 'adopt true' uses it as it is',"
		   "'fwmark':0,'ifindex':0,'listen-port':0,'mtu':0,'name':'wg0',"
		   "'peers':[{'allowed-ips':[],'allowed-ips-count':0,"
		   "'configured-endpoint':null,'configured-endpoints':[],'description':'',"
		   "'echo-lost':0,'echo-received':0,'echo-sent':0,'endpoint':null,"
		   "'endpoint-changes':0,'endpoint-set-back':0,'foreign':false,'handshake-seconds':null,"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'name':'a',"
		   "'permit':['192.168.0.0/16','2001:db8::/32'],'persistent-keepalive':0,"
		   "'public-key':'YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'reason':'interface-refused','rx-bytes':0,"
		   "'settings':{'bfd':{'enabled':false,'interval':50,'multiplier':3,"
		   "'passive':false,'receive-interval':50},'echo':{'enabled':false,"
		   "'interval':200,'multiplier':4,'size':0},'endpoint-inside-permit':false,'endpoint-return':0,"
		   "'endpoint-timeout':10000,'liveness':{'degraded-after':160,"
		   "'degraded-loss':3,'icmp-errors':true,'poll-interval':1000,'probe':false,"
		   "'probe-interval':5000,'probe-timeout':15000,'stale-after':180,"
		   "'up-hold':2000,'up-hold-max':60000},'quality':{'hold':10000,"
		   "'jitter-weight':0,'latency-weight':0,'loss-weight':0,"
		   "'minimum-improvement':20,'step':5}},'state':'down',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0}],'plane':'main',"
		   "'public-key':null,'rx-bytes':0,'source-check-drops':0,"
		   "'source-check-drops-per-second':0.0,'source-check-drops-seconds':null,"
		   "'state':'refused','tx-bytes':0,'up':false}\n");
}

static void test_entries(void **state)
{
	begin(TWO);
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +2 192.168.3.0/24 +3 10.1.0.0/16 "
		       "+1 2001:db8::/40");
	rig_forget();
	rig_show("{'command': 'allowed-ips'}");
	rig_expect("cli: {}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'a','prefix':'10.9.0.2/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'b','prefix':'10.9.0.3/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.1.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.2.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'b',"
		   "'prefix':'192.168.3.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'2001:db8::/40','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg1','origin':'learned','peer':'a',"
		   "'prefix':'10.1.0.0/16','stale':false}\n");
	rig_show("{'command': 'allowed-ips', 'interface': 'wg1'}");
	rig_expect("cli: {}\n"
		   "cli: {'installed':true,'interface':'wg1','origin':'learned','peer':'a',"
		   "'prefix':'10.1.0.0/16','stale':false}\n");
	rig_allowed(2, "+1 192.168.0.0/16");
	rig_forget();
	rig_show("{'command': 'allowed-ips', 'address': '192.168.2.7'}");
	rig_expect("cli: {}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.2.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.0.0/16','stale':false}\n");
	rig_show("{'command': 'allowed-ips', 'interface': 'wg1', 'address': '192.168.2.7'}");
	rig_expect("cli: {}\n");
	rig_show("{'command': 'allowed-ips', 'address': '192.168.2.0/24'}");
	rig_expect("cli: address: not an address\n");
	rig_allowed(3, "-1 192.168.0.0/16");
	rig_forget();
	/* However few rows there is room for: the same. */
	rig.show_room = 1;
	rig_show("{'command': 'allowed-ips', 'interface': 'wg0'}");
	rig_expect("cli: {}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'a','prefix':'10.9.0.2/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'b','prefix':'10.9.0.3/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.1.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.2.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'b',"
		   "'prefix':'192.168.3.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'2001:db8::/40','stale':false}\n");
	/* Somebody else has it; a new zebra-lite has not said it again. */
	rig_zebra();
	rig_forget();
	rig_entry("wg0", 'b', "192.168.1.0/24");
	rig_refuse("wg0 + a", -ETIMEDOUT, 1);
	rig_allowed(2, "+1 192.168.9.0/24");
	rig_entry("wg0", 0, "192.168.2.0/24");
	rig_refuse("wg0 + a", -EIO, 1);
	rig_pass(1000);
	rig_forget();
	rig_show("{'command': 'allowed-ips', 'interface': 'wg0'}");
	rig_expect("cli: {}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'a','prefix':'10.9.0.2/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'b','prefix':'10.9.0.3/32','stale':false}\n"
		   "cli: {'installed':false,'interface':'wg0','origin':'drift','peer':'a',"
		   "'prefix':'192.168.1.0/24','stale':true}\n"
		   "cli: {'installed':false,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.2.0/24','stale':true}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'b',"
		   "'prefix':'192.168.3.0/24','stale':true}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'2001:db8::/40','stale':true}\n");
}

static void remove_some(void)
{
	rig_allowed(2, "-1 192.168.1.0/24 -1 192.168.2.0/24");
}

static void remove_all(void)
{
	devices_teardown();
	rig_forget();
}

/* What goes while it is being shown. */
static void test_entries_change(void **state)
{
	begin(TWO);
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +1 192.168.3.0/24 +3 10.1.0.0/16");
	rig_forget();
	rig.show_room = 3;
	rig.show_pause = remove_some;
	rig_mute("zebra: ack");
	rig_show("{'command': 'allowed-ips'}");
	rig_expect("wg0 - a 192.168.1.0/24\n"
		   "wg0 - a 192.168.2.0/24\n"
		   "cli: {}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'a','prefix':'10.9.0.2/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
		   "'peer':'b','prefix':'10.9.0.3/32','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg0','origin':'learned','peer':'a',"
		   "'prefix':'192.168.3.0/24','stale':false}\n"
		   "cli: {'installed':true,'interface':'wg1','origin':'learned','peer':'a',"
		   "'prefix':'10.1.0.0/16','stale':false}\n");
	rig.show_pause = remove_all;
	rig_show("{'command': 'allowed-ips'}");
	rig_expect("cli: {}\n");
}

/* When the first entries were shown. */
static void remove_all_then(void)
{
	static unsigned pauses;

	if (++pauses == 2)
		remove_all();
}

/* A long table is shown in pieces of 500 rows, and others have their turn in between. */
static void test_entries_in_pieces(void **state)
{
	static char changes[600 * 24], want[600 * 128];
	char *c = changes, *w = want;

	begin(TWO);
	for (unsigned i = 0; i < 600; i++)
		c += sprintf(c, "+1 192.168.%u.%u/32 ", i / 256, i % 256);
	rig_allowed(1, changes);
	rig.show_pause = remove_all_then;
	rig_show("{'command': 'allowed-ips'}");
	w += sprintf(w, "cli: {}\n"
			"cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
			"'peer':'a','prefix':'10.9.0.2/32','stale':false}\n"
			"cli: {'installed':true,'interface':'wg0','origin':'tunnel-address',"
			"'peer':'b','prefix':'10.9.0.3/32','stale':false}\n");
	for (unsigned i = 0; i < 498; i++)
		w += sprintf(w,
			     "cli: {'installed':true,'interface':'wg0','origin':'learned',"
			     "'peer':'a','prefix':'192.168.%u.%u/32','stale':false}\n",
			     i / 256, i % 256);
	rig_expect(want);
}

static void test_drain(void **state)
{
	begin(TWO);
	rig_handshake("wg0", 'a');
	rig_pass(1000);
	rig_forget();
	rig_show("{'command': 'drain'}");
	rig_show("{'command': 'drain', 'peer': 'a'}");
	rig_show("{'command': 'drain', 'peer': 'x'}");
	rig_show("{'command': 'drain', 'interface': 'wg7'}");
	rig_expect("cli: expected a peer or an interface\n"
		   "cli: several interfaces have a peer of this name: name one\n"
		   "cli: no such tunnel peer\n"
		   "cli: no such tunnel peer\n");
	rig_show("{'command': 'drain', 'interface': 'wg0', 'peer': 'a'}");
	rig_tell_file("drained");
	rig_expect("event {'event':'drain','interface':'wg0','peer':'a'}\n"
		   "zebra: a is 1 on 7 degraded draining cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "cli: {}\n"
		   "cli: {'interface':'wg0','peer':'a'}\n"
		   "drained:\n"
		   "| wg0 a\n");
	rig_show("{'command': 'tunnels'}");
	rig_expect("cli: {}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':0,'cost':1000,"
		   "'counters-seconds':0.0,'downs':{},"
		   "'draining':true,'echo-lost':0,'echo-received':0,"
		   "'echo-sent':0,'endpoint':null,'fwmark':0,'handshake-seconds':1,'handshakes':1,"
		   "'hold-seconds':2,'interface':'wg0','jitter-ms':null,'latency-ms':null,"
		   "'loss-percent':null,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':1000,'reason':'draining',"
		   "'reason-text':'its tunnel is being emptied: paths by others win',"
		   "'rx-bytes':1000,'since-seconds':0,'state':'degraded',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n"
		   "cli: {'bfd':'none','changes':0,'configured-cost':0,'cost':0,"
		   "'counters-seconds':0.0,'downs':{},"
		   "'draining':false,'echo-lost':0,'echo-received':0,"
		   "'echo-sent':0,'endpoint':null,'fwmark':0,'handshake-seconds':null,"
		   "'handshakes':0,"
		   "'hold-seconds':2,'interface':'wg0','jitter-ms':null,'latency-ms':null,"
		   "'loss-percent':null,'peer':'b','quality-cost':0,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-never','reason-text':'there never was a handshake',"
		   "'rx-bytes':0,'since-seconds':4,'state':'never',"
		   "'tunnel-addresses':['10.9.0.3'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n"
		   "cli: {'bfd':'none','changes':0,'configured-cost':0,'cost':0,"
		   "'counters-seconds':0.0,'downs':{},"
		   "'draining':false,'echo-lost':0,'echo-received':0,"
		   "'echo-sent':0,'endpoint':'192.0.2.1:5','fwmark':0,"
		   "'handshake-seconds':null,'handshakes':0,'hold-seconds':2,'interface':'wg1',"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'peer':'a',"
		   "'quality-cost':0,"
		   "'reading-interval-ms':1000,'reason':'handshake-never','reason-text':'there never "
		   "was a handshake','rx-bytes':0,'since-seconds':4,'state':'never',"
		   "'tunnel-addresses':[],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n");
	/* Down is down, drained or not. */
	rig_link("wg0")->info.admin_up = false;
	rig_pass(1000);
	rig_link("wg0")->info.admin_up = true;
	rig_pass(1000);
	rig_expect("@1000\n"
		   "zebra: wg0 is 7 down 10.9.0.1/24\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'b',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: b is 2 on 7 down interface-down 10.9.0.3 10.9.0.3/32\n"
		   "@2000\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 degraded draining cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n");
	rig_show("{'command': 'drain', 'peer': 'b'}");
	rig_show("{'command': 'drain', 'peer': 'b'}");
	rig_tell_file("drained");
	rig_expect("event {'event':'drain','interface':'wg0','peer':'b'}\n"
		   "zebra: b is 2 on 7 degraded draining cost 1000 10.9.0.3 10.9.0.3/32\n"
		   "cli: {}\n"
		   "cli: {'interface':'wg0','peer':'b'}\n"
		   "cli: {}\n"
		   "cli: {'interface':'wg0','peer':'b'}\n"
		   "drained:\n"
		   "| wg0 b\n"
		   "| wg0 a\n");
	rig_show("{'command': 'undrain', 'interface': 'wg0', 'peer': 'b'}");
	rig_show("{'command': 'drain', 'interface': 'wg1'}");
	rig_tell_file("drained");
	rig_expect("event {'event':'undrain','interface':'wg0','peer':'b'}\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "cli: {}\n"
		   "cli: {'interface':'wg0','peer':'b'}\n"
		   "event {'event':'drain','interface':'wg1','peer':'a'}\n"
		   "zebra: a is 3 on 8 degraded draining cost 1000 at 192.0.2.1:5\n"
		   "cli: {}\n"
		   "cli: {'interface':'wg1','peer':'a'}\n"
		   "drained:\n"
		   "| wg1 a\n"
		   "| wg0 a\n");
	/* It outlives wgd. */
	devices_close();
	devices_open(rig.dir);
	rig_apply(TWO);
	rig_pass(1000);
	rig_expect("wg0 close\n"
		   "wg1 close\n"
		   "wg0 open kernel\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 4 on 7 degraded draining cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 5 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "wg1 open kernel\n"
		   "event {'error':null,'event':'interface-state','interface':'wg1',"
		   "'state':'ready'}\n"
		   "zebra: wg1 is 8 up\n"
		   "zebra: a is 6 on 8 degraded draining cost 1000 at 192.0.2.1:5\n");
	rig_show("{'command': 'undrain', 'all': true}");
	rig_tell_file("drained");
	rig_expect("event {'event':'undrain','interface':'wg0','peer':'a'}\n"
		   "zebra: a is 4 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'undrain','interface':'wg1','peer':'a'}\n"
		   "zebra: a is 6 on 8 never handshake-never at 192.0.2.1:5\n"
		   "cli: {}\n"
		   "cli: {'interface':'wg0','peer':'a'}\n"
		   "cli: {'interface':'wg0','peer':'b'}\n"
		   "cli: {'interface':'wg1','peer':'a'}\n"
		   "drained:\n");
	rig_disk_full(true);
	rig_show("{'command': 'drain', 'all': true}");
	rig_disk_full(false);
	rig_forget();
	rig_show("{'command': 'drain', 'all': true}");
	rig_tell_file("drained");
	rig_expect("cli: {}\n"
		   "cli: {'interface':'wg0','peer':'a'}\n"
		   "cli: {'interface':'wg0','peer':'b'}\n"
		   "cli: {'interface':'wg1','peer':'a'}\n"
		   "drained:\n"
		   "| wg1 a\n"
		   "| wg0 b\n"
		   "| wg0 a\n");
}

static void test_drain_refused(void **state)
{
	char path[128], error[256];

	begin(TWO);
	rig_mute("event");
	rig_mute("zebra");
	rig_mute("cli: {");
	rig_disk_full(true);
	snprintf(error, sizeof(error),
		 "cli: it is done, but will not outlive wgd: %s/drained: File too large\n",
		 rig.dir);
	rig_show("{'command': 'drain', 'peer': 'b'}");
	rig_disk_full(false);
	rig_expect_at(error, __FILE__, __LINE__);
	snprintf(path, sizeof(path), "%s/drained.new", rig.dir);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(error, sizeof(error),
		 "cli: it is done, but will not outlive wgd: %s/drained: Is a directory\n",
		 rig.dir);
	rig_show("{'command': 'undrain', 'peer': 'b'}");
	rig_expect_at(error, __FILE__, __LINE__);
}

static void at(const char *ifname, char key, const char *endpoint)
{
	assert_int_equal(endpoint_parse(endpoint, &rig_peer(ifname, key)->info.endpoint), 0);
}

static void test_cut(void **state)
{
	begin(TWO);
	rig_show("{'command': 'cut'}");
	rig_show("{'command': 'cut', 'interface': 'wg0', 'seconds': 5}");
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'x', 'seconds': 5}");
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 0}");
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 601}");
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 5}");
	rig_expect("cli: no such tunnel peer\n"
		   "cli: no such tunnel peer\n"
		   "cli: no such tunnel peer\n"
		   "cli: the time has to be 1 to 600 seconds\n"
		   "cli: the time has to be 1 to 600 seconds\n"
		   "cli: the far end's address is not known\n");
	at("wg0", 'a', "192.0.2.7:5");
	at("wg0", 'b', "[2001:db8::7]:5");
	rig_pass(1000);
	rig_forget();
	rig_refuse("nft", -1, 1);
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 5}");
	rig_expect("nft table and add element inet wgbgp_drill far4 { 192.0.2.7 . 5 . 51820 "
		   "timeout 5000ms } refused\n"
		   "cli: Error: played\n");
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 5}");
	rig_expect("nft table and add element inet wgbgp_drill far4 { 192.0.2.7 . 5 . 51820 "
		   "timeout 5000ms }\n"
		   "cli: {'monotonic-ms':1004000.0}\n");
	rig_show("{'command': 'cut', 'interface': 'wg1', 'peer': 'a', 'seconds': 5}");
	rig_tell_file("cut");
	rig_expect("cli: a tunnel is cut already\n"
		   "cut:\n");
	/* It follows the far end. */
	at("wg0", 'a', "192.0.2.8:5");
	rig_pass(2000);
	rig_expect("@1000\n"
		   "event {'configured':false,'event':'endpoint-changed','from':'192.0.2.7:5',"
		   "'interface':'wg0','peer':'a','to':'192.0.2.8:5'}\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.8:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "nft add element inet wgbgp_drill far4 { 192.0.2.8 . 5 . 51820 timeout "
		   "4000ms }\n");
	rig_refuse("nft", -1, 1);
	at("wg0", 'a', "192.0.2.9:5");
	rig_pass(3000);
	rig_tell_file("cut");
	rig_expect("@1000\n"
		   "event {'configured':false,'event':'endpoint-changed','from':'192.0.2.8:5',"
		   "'interface':'wg0','peer':'a','to':'192.0.2.9:5'}\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.9:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "nft add element inet wgbgp_drill far4 { 192.0.2.9 . 5 . 51820 timeout "
		   "2000ms } refused\n"
		   "@1200\n"
		   "nft add element inet wgbgp_drill far4 { 192.0.2.9 . 5 . 51820 timeout "
		   "1800ms }\n"
		   "@3000\n"
		   "nft delete\n"
		   "event {'event':'cut-end','interface':'wg0','peer':'a','why':'time'}\n"
		   "cut is not there\n");
	rig_show("{'command': 'cut', 'interface': 'wg1', 'peer': 'a', 'seconds': 600}");
	rig_expect("nft table and add element inet wgbgp_drill ports { 51821 timeout 600000ms "
		   "}\n"
		   "cli: {'monotonic-ms':1009000.0}\n");
	rig_pass(1000);
	rig_show("{'command': 'cut-end'}");
	rig_show("{'command': 'cut-end'}");
	rig_expect("@1000\n"
		   "wg1 update c at 192.0.2.1:5\n"
		   "nft delete\n"
		   "event {'event':'cut-end','interface':'wg1','peer':'a','why':'asked to'}\n"
		   "cli: {}\n"
		   "cli: {}\n");
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'b', 'seconds': 1}");
	rig_expect("nft table and add element inet wgbgp_drill far6 { 2001:db8::7 . 5 . 51820 "
		   "timeout 1000ms }\n"
		   "cli: {'monotonic-ms':1010000.0}\n");
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'listen-port': 51820", RIG_PEER_A(RIG_QUIET))));
	devices_prune();
	rig_pass(100);
	rig_expect("zebra: wg0 is 7 up\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.9:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: no peer 2\n"
		   "link wg0 delete 10.9.0.1/24\n"
		   "wg0 remove b\n"
		   "nft delete\n"
		   "event {'event':'cut-end','interface':'wg0','peer':'b','why':'the peer was "
		   "removed'}\n"
		   "zebra: no peer 3\n"
		   "zebra: no interface 8\n"
		   "delete link wg1\n"
		   "stop wireguard-go for wg1\n"
		   "event {'error':null,'event':'interface-state','interface':'wg1',"
		   "'state':'removed'}\n"
		   "wg1 close\n");
}

static void test_cut_left(void **state)
{
	begin(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 9}");
	rig_expect("cli: the interface is not ready\n");
	rig_apply(RIG_WG0(", 'listen-port': 9", RIG_PEER_A(RIG_QUIET)));
	rig_forget();
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 9}");
	rig_expect("nft table and add element inet wgbgp_drill ports { 9 timeout 9000ms }\n"
		   "cli: {'monotonic-ms':1003000.0}\n");
	rig_refuse("nft delete", -1, 1);
	devices_close();
	rig_expect("nft delete refused\n"
		   "event {'event':'cut-end','interface':'wg0','peer':'a','why':'stop'}\n"
		   "wg0 close\n");
	devices_open(rig.dir);
	rig_expect("nft delete\n");
	devices_close();
	devices_open(rig.dir);
	rig_expect("");
	rig_link_gone("wg0");
	rig_refuse("create link", -EPERM, 1);
	rig_apply(RIG_WG0(", 'listen-port': 9", RIG_PEER_A(RIG_QUIET)));
	rig_forget();
	rig_show("{'command': 'cut', 'interface': 'wg0', 'peer': 'a', 'seconds': 9}");
	rig_expect("cli: the interface is not ready\n");
}

/* What cannot be read as a configuration. */
static void test_conf_errors(void **state)
{
	assert_string_equal(rig_check(RIG_WG0("", "{'name': 'x'}")),
			    "interface wg0: peer x: has no public-key");
	assert_string_equal(rig_check(RIG_WG0("", "{'name': 'x', 'public-key': 'short'}")),
			    "interface wg0: peer x: its public-key is no key");
	assert_string_equal(rig_check(RIG_CONF(RIG_IF("wg0", ", 'address': ['10.9.0.1/33']", ""))),
			    "interface wg0: malformed address");
	assert_string_equal(rig_check(RIG_CONF(RIG_IF("wg0", ", 'address': [7]", "{'name': 'x'}"))),
			    "interface wg0: malformed address");
	assert_string_equal(
		rig_check(RIG_WG0("", RIG_PEER_A(", 'allowed-ips': ['any']") ", " RIG_PEER_B(""))),
		"interface wg0: peer a: allowed-ips any needs an interface with one peer");
	assert_string_equal(
		rig_check(RIG_WG0("", RIG_PEER_A("") ", " RIG_PEER_B(", 'allowed-ips': ['any']"))),
		"interface wg0: peer b: allowed-ips any needs an interface with one peer");
	assert_string_equal(rig_check(RIG_WG0("", RIG_PEER_A(", 'allowed-ips': ['any']"))), "");
	rig_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_everything),  RIG_CHECK(test_refused),
		RIG_CHECK(test_entries),     RIG_CHECK(test_entries_in_pieces),
		RIG_CHECK(test_entries_change),
		RIG_CHECK(test_drain),	     RIG_CHECK(test_drain_refused),
		RIG_CHECK(test_cut),	     RIG_CHECK(test_cut_left),
		RIG_CHECK(test_conf_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
