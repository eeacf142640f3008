/* SPDX-License-Identifier: BSD-2-Clause */
/* Echo requests to a peer: how often, what follows from answers and from their absence, what it
 * costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define ECHO(more, quality)                                                                        \
	RIG_WG0(", 'liveness': {'poll-interval': 1000}",                                           \
		RIG_PEER_A(                                                                        \
			", 'endpoint': ['192.0.2.1:5'], 'cost': 10, 'liveness': {'probe': false, " \
			"'echo': true, 'up-hold': 500" more "}" quality))

static void begin(const char *config)
{
	rig_zebra();
	rig_apply(config);
	rig_pass(500);
	rig_handshake("wg0", 'a');
	rig_pass(500);
	rig_mute("echo wg0 10.9.0.2 peer 1");
}

/* N requests, answered after MS each; WireGuard receives something. */
static void answered(unsigned n, unsigned ms)
{
	while (n--) {
		uint16_t before = rig.echo_seq;

		for (int i = 0; i < 200 && rig.echo_seq == before; i++)
			rig_pass(10);
		assert_int_not_equal(rig.echo_seq, before);
		rig_pass(ms);
		rig_alive("wg0", 'a');
		rig_echo("wg0", "10.9.0.2", 1, rig.echo_seq);
	}
}

static void test_requests(void **state)
{
	rig_zebra();
	rig_apply(ECHO(", 'echo-size': 1400", ""));
	rig_pass(1000);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@70\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@270\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@470\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@670\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@870\n"
		   "echo wg0 10.9.0.2 peer 1\n");
	rig_refuse("echo wg0 10.9.0.2 peer 1 size", -EMSGSIZE, 2);
	rig_pass(10000);
	rig_expect("@70\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@1070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@2070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@3070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@4070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@5070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@6070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@7070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@8070\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@9000\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@9070\n"
		   "echo wg0 10.9.0.2 peer 1\n");
	/* While the tunnel is down one a second has to do. */
	rig_handshake("wg0", 'a');
	rig_pass(400);
	rig_forget();
	rig_link("wg0")->info.admin_up = false;
	devices_link_event("wg0", 1);
	rig_pass(2000);
	rig_expect("@10\n"
		   "zebra: wg0 is 7 down 10.9.0.1/24\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: a is 1 on 7 down interface-down cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_apply(ECHO(", 'echo-interval': 3000", ""));
	rig_pass(7000);
	rig_expect("link wg0 up\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 down interface-down cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@10\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@670\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@3670\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@6670\n"
		   "echo wg0 10.9.0.2 peer 1\n");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(3000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n");
}

/* No answer: nothing comes in at all, or WireGuard goes on receiving. */
static void test_silence(void **state)
{
	begin(ECHO("", ""));
	answered(20, 20);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@70\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@270\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@470\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@670\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@870\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@1000\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_show("{'command': 'tunnels'}");
	rig_expect("cli: {}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':10,'cost':10,"
		   "'counters-seconds':0.89000000000000001,'downs':{},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':20,'echo-sent':25,'endpoint':'192.0.2.1:5','fwmark':0,"
		   "'handshake-seconds':4,"
		   "'handshakes':1,'hold-seconds':0,'interface':'wg0','jitter-ms':0.0,"
		   "'latency-ms':20.0,'loss-percent':0.0,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-fresh','reason-text':'a recent handshake',"
		   "'rx-bytes':8500,'since-seconds':3,'state':'up',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n");
	rig_pass(4000);
	rig_expect("@870\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'echo-unanswered','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded echo-unanswered cost 1010 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n"
		   "@1780\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'echo-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down echo-unanswered weak cost 10 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n");
	answered(10, 20);
	rig_expect("@1000\n"
		   "zebra: a is 1 on 7 down up-hold weak cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@1980\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	for (int i = 0; i < 40; i++) {
		rig_pass(100);
		rig_alive("wg0", 'a');
	}
	rig_expect("@870\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'echo-unanswered','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded echo-unanswered cost 1010 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n");
	answered(10, 20);
	rig_expect("@200\n"
		   "zebra: a is 1 on 7 degraded up-hold cost 1010 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@1200\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* Answers of somebody else, of another peer, late, or twice. */
static void test_wrong_answers(void **state)
{
	begin(ECHO("", ""));
	answered(5, 20);
	rig_forget();
	rig_pass(200);
	rig_echo("wg0", "10.9.0.3", 1, rig.echo_seq);
	rig_echo("wg0", "10.9.0.2", 2, rig.echo_seq);
	rig_echo("wg0", "10.9.0.2", 1, (uint16_t)(rig.echo_seq + 1));
	rig_show("{'command': 'tunnels'}");
	rig_expect("@200\n"
		   "cli: {}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':10,'cost':10,"
		   "'counters-seconds':0.089999999999999997,'downs':{},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':5,'echo-sent':11,'endpoint':'192.0.2.1:5','fwmark':0,"
		   "'handshake-seconds':1,"
		   "'handshakes':1,'hold-seconds':0,'interface':'wg0','jitter-ms':0.0,"
		   "'latency-ms':20.0,'loss-percent':0.0,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-fresh','reason-text':'a recent handshake',"
		   "'rx-bytes':3500,'since-seconds':1,'state':'up',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n");
	rig_echo("wg0", "10.9.0.2", 1, rig.echo_seq);
	rig_echo("wg0", "10.9.0.2", 1, rig.echo_seq);
	rig_show("{'command': 'tunnels'}");
	rig_expect("cli: {}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':10,'cost':10,"
		   "'counters-seconds':0.089999999999999997,'downs':{},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':6,'echo-sent':11,'endpoint':'192.0.2.1:5','fwmark':0,"
		   "'handshake-seconds':1,"
		   "'handshakes':1,'hold-seconds':0,'interface':'wg0','jitter-ms':0.0,"
		   "'latency-ms':20.0,'loss-percent':0.0,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-fresh','reason-text':'a recent handshake',"
		   "'rx-bytes':3500,'since-seconds':1,'state':'up',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n");
}

static void test_cost(void **state)
{
	begin(ECHO("", ", 'quality': {'latency-weight': 2, 'jitter-weight': 1, 'loss-weight': 3, "
		       "'step': 5, 'minimum-improvement': 20, 'hold': 1000}"));
	answered(20, 20);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@70\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@270\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@470\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@670\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@870\n"
		   "echo wg0 10.9.0.2 peer 1\n"
		   "@1000\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@2090\n"
		   "event {'event':'tunnel-quality','from':0,'interface':'wg0','peer':'a',"
		   "'to':40}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 50 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	answered(60, 100);
	rig_expect("@2080\n"
		   "event {'event':'tunnel-quality','from':40,'interface':'wg0','peer':'a',"
		   "'to':200}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 210 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	answered(100, 30);
	rig_show("{'command': 'tunnels'}");
	rig_expect("@1930\n"
		   "event {'event':'tunnel-quality','from':200,'interface':'wg0','peer':'a',"
		   "'to':60}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 70 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@19930\n"
		   "cli: {}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':10,'cost':70,"
		   "'counters-seconds':0.90000000000000002,'downs':{},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':180,'echo-sent':185,'endpoint':'192.0.2.1:5','fwmark':0,"
		   "'handshake-seconds':36,"
		   "'handshakes':1,'hold-seconds':0,'interface':'wg0','jitter-ms':0.0,"
		   "'latency-ms':30.0,'loss-percent':0.0,'peer':'a','quality-cost':60,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-fresh','reason-text':'a recent handshake',"
		   "'rx-bytes':88500,'since-seconds':35,'state':'up',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n");
}

static void test_loss(void **state)
{
	begin(ECHO(", 'degraded-loss': 5", ""));
	answered(100, 10);
	rig_forget();
	for (int i = 0; i < 40; i++) {
		rig_pass(200);
		rig_alive("wg0", 'a');
		answered(3, 10);
	}
	rig_expect("@2000\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'lossy','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded lossy cost 1010 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	answered(400, 10);
	rig_expect("@45800\n"
		   "zebra: a is 1 on 7 degraded up-hold cost 1010 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@46390\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh cost 10 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* Large ones are lost, small ones are not. */
static void test_black_hole(void **state)
{
	begin(ECHO(", 'echo-size': 1400", ""));
	rig_forget();
	/* More than the interface takes: none of them is waited for. */
	rig_refuse("echo wg0 10.9.0.2 peer 1 size", -EMSGSIZE, 7);
	for (int i = 0; i < 200; i++) {
		uint16_t before = rig.echo_seq;

		while (rig.echo_seq == before)
			rig_pass(10);
		rig_alive("wg0", 'a');
		rig_echo("wg0", "10.9.0.2", 1, (uint16_t)(before + 1));
	}
	rig_expect("@5670\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'mtu-black-hole','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded mtu-black-hole cost 1010 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n");
}

/* It is reached at another endpoint since: what came from the old one says nothing any more. */
static void test_error_of_old_endpoint(void **state)
{
	begin(RIG_WG0(", 'listen-port': 51820, 'liveness': {'poll-interval': 1000}",
		      RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'probe': false, "
				 "'up-hold': 500}")));
	rig_pass(2000);
	rig_forget();
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	assert_int_equal(endpoint_parse("192.0.2.7:5", &rig_peer("wg0", 'a')->info.endpoint), 0);
	rig_pass(1000);
	rig_show("{'command': 'tunnels'}");
	rig_pass(5000);
	rig_expect("wg0 update a at 192.0.2.1:5\n"
		   "@1000\n"
		   "event {'configured':false,'event':'endpoint-changed','from':'192.0.2.1:5',"
		   "'interface':'wg0','peer':'a','to':'192.0.2.7:5'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.7:5 10.9.0.2 10.9.0.2/32\n"
		   "cli: {}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':0,'cost':0,"
		   "'counters-seconds':0.0,'downs':{},"
		   "'draining':false,'echo-lost':0,'echo-received':0,"
		   "'echo-sent':0,'endpoint':'192.0.2.7:5','fwmark':0,'handshake-seconds':3,"
		   "'handshakes':1,"
		   "'hold-seconds':0,'interface':'wg0','jitter-ms':null,'latency-ms':null,"
		   "'loss-percent':null,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-fresh','reason-text':'a recent handshake',"
		   "'rx-bytes':1000,'since-seconds':3,'state':'up',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,"
		   "'underlay-error':'host-unreachable','underlay-error-seconds':1,"
		   "'underlay-errors':1,'weak':false}\n");
	/* The new one's first error is a first one. */
	rig_unreachable("10.0.0.1:51820", "192.0.2.7:5");
	rig_expect("wg0 update a at 192.0.2.7:5\n");
}

/* The underlay says that its packets do not arrive: it is asked at once. */
static void test_error_asks(void **state)
{
	begin(RIG_WG0(", 'listen-port': 51820, 'liveness': {'poll-interval': 1000}",
		      RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'probe': false, "
				 "'echo': true, 'up-hold': 500}")));
	answered(5, 20);
	rig_mute(NULL);
	rig_forget();
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	rig_pass(10);
	rig_expect("wg0 update a at 192.0.2.1:5\n"
		   "@10\n"
		   "echo wg0 10.9.0.2 peer 1\n");
}

/* ICMP errors about packets to the endpoint. */
static void test_errors(void **state)
{
	begin(RIG_WG0(", 'listen-port': 51820, 'liveness': {'poll-interval': 1000}",
		      RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'up-hold': 500}")));
	rig_mute("wg0 update");
	rig_forget();
	rig_pass(1000);
	rig_unreachable("10.0.0.1:9", "192.0.2.1:5");
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:6");
	rig_unreachable("10.0.0.1:51820", "192.0.2.2:5");
	rig_expect("");
	rig_mute(NULL);
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	rig_expect("wg0 update a at 192.0.2.1:5\n"
		   "probe wg0 10.9.0.2\n");
	rig_pass(190);
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	rig_expect("");
	rig_pass(150);
	rig_expect("@110\n"
		   "probe wg0 10.9.0.2\n");
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	rig_show("{'command': 'tunnels'}");
	rig_expect("event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'underlay-error','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded underlay-error cost 1000 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n"
		   "cli: {}\n"
		   "cli: {'bfd':'none','changes':2,'configured-cost':0,'cost':1000,"
		   "'counters-seconds':0.0,'downs':{},"
		   "'draining':false,'echo-lost':0,'echo-received':0,"
		   "'echo-sent':0,'endpoint':'192.0.2.1:5','fwmark':0,'handshake-seconds':1,"
		   "'handshakes':1,"
		   "'hold-seconds':0,'interface':'wg0','jitter-ms':null,'latency-ms':null,"
		   "'loss-percent':null,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':1000,'reason':'underlay-error',"
		   "'reason-text':'the underlay says that packets do not arrive',"
		   "'rx-bytes':1000,'since-seconds':0,'state':'degraded',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,"
		   "'underlay-error':'host-unreachable','underlay-error-seconds':0,"
		   "'underlay-errors':3,'weak':false}\n");
	/* Something came in after it: it is well. */
	rig_alive("wg0", 'a');
	rig_pass(1500);
	rig_expect("@660\n"
		   "zebra: a is 1 on 7 degraded up-hold cost 1000 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "probe wg0 10.9.0.2\n");
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	rig_pass(300);
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	rig_expect("event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "probe wg0 10.9.0.2\n"
		   "@300\n"
		   "probe wg0 10.9.0.2\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'underlay-error','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded underlay-error cost 1000 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n");
	rig_pass(31000);
	rig_expect("@5860\n"
		   "probe wg0 10.9.0.2\n"
		   "@10860\n"
		   "probe wg0 10.9.0.2\n"
		   "@12870\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'probe-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@15870\n"
		   "probe wg0 10.9.0.2\n"
		   "@20870\n"
		   "probe wg0 10.9.0.2\n"
		   "@22870\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@25870\n"
		   "probe wg0 10.9.0.2\n"
		   "@30870\n"
		   "probe wg0 10.9.0.2\n");
	rig_apply(RIG_WG0(", 'listen-port': 51820",
			  RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'probe': false, "
				     "'icmp-errors': false}")));
	rig_pass(100);
	rig_forget();
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	rig_pass(1000);
	rig_show("{'command': 'tunnels'}");
	rig_expect("@1000\n"
		   "cli: {}\n"
		   "cli: {'bfd':'none','changes':5,'configured-cost':0,'cost':0,"
		   "'counters-seconds':0.089999999999999997,'downs':{'probe-unanswered':1},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':0,'echo-sent':0,'endpoint':'192.0.2.1:5','fwmark':0,"
		   "'handshake-seconds':35,'handshakes':1,'hold-seconds':4,'interface':'wg0',"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'peer':'a',"
		   "'quality-cost':0,"
		   "'reading-interval-ms':1000,'reason':'probe-unanswered','reason-text':'sent, and "
		   "nothing received','rx-bytes':1500,'since-seconds':19,'state':'down',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,"
		   "'underlay-error':'host-unreachable','underlay-error-seconds':32,"
		   "'underlay-errors':5,'weak':true}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_requests), RIG_CHECK(test_silence), RIG_CHECK(test_wrong_answers),
		RIG_CHECK(test_cost),	  RIG_CHECK(test_loss),	   RIG_CHECK(test_black_hole),
		RIG_CHECK(test_errors), RIG_CHECK(test_error_asks),
		RIG_CHECK(test_error_of_old_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
