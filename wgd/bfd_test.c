/* SPDX-License-Identifier: BSD-2-Clause */
/* What bfdd is asked for, and what its news do to a tunnel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define BFD(more)                                                                              \
	", 'liveness': {'probe': false, 'up-hold': 500, 'bfd': {'enabled': true, 'interval': " \
	"100, "                                                                                \
	"'multiplier': 4" more "}}"
#define WG0(peers) RIG_WG0(", 'liveness': {'poll-interval': 1000}", peers)

static void begin(void)
{
	rig_zebra();
	rig_bfdd();
	rig_apply(WG0(RIG_PEER_A(BFD("")) ", " RIG_PEER_B(BFD(", 'receive-interval': 70"))));
	rig_handshake("wg0", 'a');
	rig_handshake("wg0", 'b');
	rig_pass(1000);
}

static void test_sessions(void **state)
{
	begin();
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "bfdd: session 1 a on wg0 7 from 10.9.0.1 to 10.9.0.2 every 100 receives "
		   "100 times 4\n"
		   "bfdd: session 2 b on wg0 7 from 10.9.0.1 to 10.9.0.3 every 100 receives "
		   "70 times 4\n"
		   "zebra: sync\n"
		   "bfdd: sync\n"
		   "@1000\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'b',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: b is 2 on 7 up handshake-fresh 10.9.0.3 10.9.0.3/32\n");
	/* Other values: the same session. Another address: another one. */
	rig_apply(WG0(RIG_PEER_A(BFD(", 'passive': true")) ", {'name': 'b', 'public-key': '" RIG_B
							   "', 'tunnel-address': ['10.9.0.33']" BFD(
								   "") "}"));
	rig_expect("wg0 + b 10.9.0.33/32\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 up handshake-fresh 10.9.0.33 10.9.0.33/32\n"
		   "bfdd: session 1 a on wg0 7 from 10.9.0.1 to 10.9.0.2 every 100 receives "
		   "100 times 4 passive\n"
		   "bfdd: no session 2\n"
		   "bfdd: session 2 b on wg0 7 from 10.9.0.1 to 10.9.0.33 every 100 receives "
		   "100 times 4\n");
	rig_apply(RIG_CONF(
		RIG_IF("wg0", ", 'address': ['fd00::1/64', '10.9.0.1/24', '10.9.1.1/24']",
		       RIG_PEER_A(BFD("")) ", {'name': 'b', 'public-key': '" RIG_B
					   "', 'tunnel-address': ['fd00::2']" BFD("") "}")));
	rig_expect("wg0 + b fd00::2/128\n"
		   "link wg0 add fd00::1/64\n"
		   "link wg0 add 10.9.1.1/24\n"
		   "zebra: wg0 is 7 up fd00::1/64 10.9.0.1/24 10.9.1.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 up handshake-fresh fd00::2 fd00::2/128\n"
		   "bfdd: session 1 a on wg0 7 from 10.9.0.1 to 10.9.0.2 every 100 receives "
		   "100 times 4\n"
		   "bfdd: no session 2\n"
		   "bfdd: session 2 b on wg0 7 from fd00::1 to fd00::2 every 100 receives 100 "
		   "times 4\n");
	/* No own address of that family, no tunnel address, off. */
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'address': ['fd00::1/64']",
				  RIG_PEER_A(BFD("")) ", {'name': 'b', 'public-key': '" RIG_B
						      "'" BFD("") "}")));
	rig_expect("zebra: wg0 is 7 up fd00::1/64\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 up handshake-fresh\n"
		   "bfdd: no session 1\n"
		   "bfdd: no session 2\n");
	rig_apply(WG0(RIG_PEER_A(RIG_QUIET)));
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n");
	rig_apply(WG0(RIG_PEER_A(BFD(""))));
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "bfdd: session 1 a on wg0 7 from 10.9.0.1 to 10.9.0.2 every 100 receives "
		   "100 times 4\n");
	/* A new bfdd is told again. */
	rig_bfdd_dies();
	rig_pass(100);
	rig_bfdd();
	rig_expect("@100\n"
		   "bfdd: session 1 a on wg0 7 from 10.9.0.1 to 10.9.0.2 every 100 receives "
		   "100 times 4\n"
		   "bfdd: sync\n");
	/* Without the interface there is none. */
	rig_link_gone("wg0");
	rig_refuse("create link", -EPERM, 1);
	rig_pass(1000);
	rig_expect("@910\n"
		   "wg0 close\n"
		   "event {'error':'the link was deleted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: a is 1 on 7 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: no interface 7\n"
		   "bfdd: no session 1\n"
		   "@920\n"
		   "create link wg0 refused\n"
		   "event {'error':'Operation not permitted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n");
	rig_pass(1000);
	rig_forget();
	rig_apply(WG0(""));
	devices_prune();
	rig_expect("zebra: wg0 is 8 up 10.9.0.1/24\n"
		   "bfdd: no session 1\n"
		   "zebra: no peer 1\n"
		   "zebra: no peer 2\n"
		   "wg0 - b 10.9.0.3/32\n"
		   "wg0 - b 10.9.0.33/32\n"
		   "wg0 - b fd00::2/128\n"
		   "wg0 remove a\n");
}

/* The end mark comes when every interface was tried. */
static void test_sync(void **state)
{
	rig.no_kernel = rig.program_slow = true;
	rig_bfdd();
	rig_apply(WG0(RIG_PEER_A(BFD(""))));
	rig_pass(1000);
	rig_expect("start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n");
	rig_bfdd();
	rig_expect("");
	rig_pass(4000);
	rig_expect("@4000\n"
		   "event {'error':'it made no interface in time: see the log file in the run "
		   "directory','event':'interface-state','interface':'wg0','state':'waiting'}\n"
		   "bfdd: sync\n");
	rig_bfdd();
	rig_expect("bfdd: sync\n");
}

static void test_up(void **state)
{
	begin();
	rig_bfd(1, BFD_NEWS_STARTING);
	rig_bfd(1, BFD_NEWS_UP);
	rig_forget();
	rig_bfd(1, BFD_NEWS_SIGNALLED);
	rig_expect("event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'bfd-signalled','to':'down'}\n"
		   "zebra: a is 1 on 7 down bfd-signalled 10.9.0.2 10.9.0.2/32\n");
	rig_bfd(1, BFD_NEWS_UP);
	rig_expect("event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'up-hold','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded up-hold cost 1000 10.9.0.2 10.9.0.2/32\n");
	rig_pass(490);
	rig_expect("");
	rig_pass(1000);
	rig_expect("@510\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n");
	rig_bfd(1, BFD_NEWS_ADMIN_DOWN);
	rig_show("{'command': 'tunnels'}");
	rig_expect("cli: {}\n"
		   "cli: {'bfd':'admin-down','changes':4,'configured-cost':0,'cost':0,"
		   "'counters-seconds':0.48999999999999999,'downs':{'bfd-signalled':1},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':0,'echo-sent':0,'endpoint':null,'fwmark':0,"
		   "'handshake-seconds':2,"
		   "'handshakes':1,'hold-seconds':0,'interface':'wg0','jitter-ms':null,"
		   "'latency-ms':null,'loss-percent':null,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-fresh','reason-text':'a recent handshake',"
		   "'rx-bytes':1000,'since-seconds':0,'state':'up',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n"
		   "cli: {'bfd':'none','changes':1,'configured-cost':0,'cost':0,"
		   "'counters-seconds':0.48999999999999999,'downs':{},"
		   "'draining':false,'echo-lost':0,"
		   "'echo-received':0,'echo-sent':0,'endpoint':null,'fwmark':0,"
		   "'handshake-seconds':2,"
		   "'handshakes':1,'hold-seconds':0,'interface':'wg0','jitter-ms':null,"
		   "'latency-ms':null,'loss-percent':null,'peer':'b','quality-cost':0,"
		   "'reading-interval-ms':1000,"
		   "'reason':'handshake-fresh','reason-text':'a recent handshake',"
		   "'rx-bytes':1000,'since-seconds':1,'state':'up',"
		   "'tunnel-addresses':['10.9.0.3'],'tx-bytes':0,'underlay-error':null,"
		   "'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n");
	rig_bfd(1, BFD_NEWS_SIGNALLED);
	rig_forget();
	/* Nobody that it knows. */
	rig_bfd(9, BFD_NEWS_UP);
	rig_expect("");
	/* Off: what it said is void. */
	rig_apply(WG0(RIG_PEER_A(RIG_QUIET)));
	rig_pass(1000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 down bfd-signalled 10.9.0.2 10.9.0.2/32\n"
		   "bfdd: no session 1\n"
		   "bfdd: no session 2\n");
}

/* Silence, and WireGuard receives nothing either: down. */
static void test_expired(void **state)
{
	begin();
	rig_bfd(1, BFD_NEWS_STARTING);
	rig_bfd(1, BFD_NEWS_UP);
	rig_bfd(2, BFD_NEWS_STARTING);
	rig_bfd(2, BFD_NEWS_UP);
	rig_pass(1300);
	rig_forget();
	rig_bfd(1, BFD_NEWS_SUSPECT);
	rig_bfd(2, BFD_NEWS_SUSPECT);
	rig_note("%u readings", rig.reads);
	rig_pass(10);
	rig_note("%u readings", rig.reads);
	rig_pass(90);
	rig_alive("wg0", 'b');
	rig_bfd(1, BFD_NEWS_EXPIRED);
	rig_bfd(2, BFD_NEWS_EXPIRED);
	rig_pass(300);
	rig_expect("4 readings\n"
		   "@10\n"
		   "5 readings\n"
		   "@110\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'bfd-expired','to':'down'}\n"
		   "zebra: a is 1 on 7 down bfd-expired 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'b',"
		   "'reason':'bfd-expired','to':'degraded'}\n"
		   "zebra: b is 2 on 7 degraded bfd-expired cost 1000 10.9.0.3 10.9.0.3/32\n");
	rig_pass(2000);
	rig_expect("");
	rig_bfd(1, BFD_NEWS_UP);
	rig_bfd(2, BFD_NEWS_UP);
	rig_pass(3000);
	rig_expect("event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'up-hold','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded up-hold cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 degraded up-hold cost 1000 10.9.0.3 10.9.0.3/32\n"
		   "@1300\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'b','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: b is 2 on 7 up handshake-fresh 10.9.0.3 10.9.0.3/32\n");
}

/* SUSPECT and EXPIRED came together: two readings all the same. */
static void test_expired_at_once(void **state)
{
	begin();
	rig_bfd(1, BFD_NEWS_STARTING);
	rig_bfd(1, BFD_NEWS_UP);
	rig_pass(1300);
	rig_forget();
	rig_bfd(1, BFD_NEWS_EXPIRED);
	rig_pass(1000);
	rig_expect("@10\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'bfd-expired','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded bfd-expired cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "@120\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'bfd-expired','to':'down'}\n"
		   "zebra: a is 1 on 7 down bfd-expired 10.9.0.2 10.9.0.2/32\n");
}

/* Found expired by a new bfdd: for how long, nobody knows. */
static void test_found_expired(void **state)
{
	begin();
	rig_bfd(1, BFD_NEWS_EXPIRED);
	rig_forget();
	rig_pass(3000);
	rig_expect("@1010\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'bfd-expired','to':'down'}\n"
		   "zebra: a is 1 on 7 down bfd-expired 10.9.0.2 10.9.0.2/32\n");
}

/* A suspicion that is over; the device is slow to read, or does not answer. */
static void test_suspect_over(void **state)
{
	begin();
	rig_bfd(1, BFD_NEWS_STARTING);
	rig_bfd(1, BFD_NEWS_UP);
	rig_pass(1300);
	rig_forget();
	rig_bfd(1, BFD_NEWS_SUSPECT);
	rig_pass(50);
	rig_bfd(1, BFD_NEWS_UP);
	rig_pass(400);
	rig_expect("");
	rig_refuse("get wireguard", -ETIMEDOUT, 2);
	rig_bfd(1, BFD_NEWS_SUSPECT);
	rig_pass(100);
	rig_bfd(1, BFD_NEWS_EXPIRED);
	rig_pass(3000);
	rig_expect("@110\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'bfd-expired','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded bfd-expired cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "@1250\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'bfd-expired','to':'down'}\n"
		   "zebra: a is 1 on 7 down bfd-expired 10.9.0.2 10.9.0.2/32\n");
}

static void test_slow_device(void **state)
{
	begin();
	rig.read_us = 9000;
	rig_bfd(1, BFD_NEWS_STARTING);
	rig_bfd(1, BFD_NEWS_UP);
	rig_pass(3000);
	rig_forget();
	rig_bfd(1, BFD_NEWS_SUSPECT);
	rig_pass(100);
	rig_bfd(1, BFD_NEWS_EXPIRED);
	rig_pass(3000);
	rig_expect("@110\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'bfd-expired','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded bfd-expired cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "@160\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'bfd-expired','to':'down'}\n"
		   "zebra: a is 1 on 7 down bfd-expired 10.9.0.2 10.9.0.2/32\n");
	rig_bfd(1, BFD_NEWS_UP);
	rig.read_us = 5000;
	rig_pass(3000);
	rig_forget();
	/* A fifth of the time may go into readings on a suspicion. */
	for (int i = 0; i < 20; i++) {
		rig_bfd(1, BFD_NEWS_SUSPECT);
		rig_note("%u readings", rig.reads);
		rig_pass(10);
	}
	rig_expect("12 readings\n"
		   "@15\n"
		   "13 readings\n"
		   "@30\n"
		   "14 readings\n"
		   "@45\n"
		   "15 readings\n"
		   "@55\n"
		   "15 readings\n"
		   "@65\n"
		   "15 readings\n"
		   "@80\n"
		   "16 readings\n"
		   "@90\n"
		   "16 readings\n"
		   "@100\n"
		   "16 readings\n"
		   "@115\n"
		   "17 readings\n"
		   "@125\n"
		   "17 readings\n"
		   "@135\n"
		   "17 readings\n"
		   "@150\n"
		   "18 readings\n"
		   "@160\n"
		   "18 readings\n"
		   "@170\n"
		   "18 readings\n"
		   "@185\n"
		   "19 readings\n"
		   "@195\n"
		   "19 readings\n"
		   "@205\n"
		   "19 readings\n"
		   "@220\n"
		   "20 readings\n"
		   "@230\n"
		   "20 readings\n");
}

/* What is waited for ends with the session: another one is asked for, or none. */
static void test_found_expired_and_changed(void **state)
{
	begin();
	rig_bfd(1, BFD_NEWS_EXPIRED);
	rig_bfd(2, BFD_NEWS_EXPIRED);
	rig_pass(500);
	rig_forget();
	rig_apply(WG0("{'name': 'a', 'public-key': '" RIG_A
		      "', 'tunnel-address': ['10.9.0.22']" BFD("") "}"));
	devices_prune();
	rig_pass(3000);
	rig_expect("wg0 + a 10.9.0.22/32\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.22 10.9.0.22/32\n"
		   "bfdd: no session 1\n"
		   "bfdd: session 1 a on wg0 7 from 10.9.0.1 to 10.9.0.22 every 100 receives "
		   "100 times 4\n"
		   "bfdd: no session 2\n"
		   "zebra: no peer 2\n"
		   "wg0 - a 10.9.0.2/32\n"
		   "wg0 remove b\n");
}

/* The second reading comes as soon as it may, and none comes without a cause. */
static void test_readings(void **state)
{
	begin();
	rig_apply(RIG_CONF(
		RIG_IF("wg0", ", 'address': ['10.9.0.1/24'], 'liveness': {'poll-interval': 1000}",
		       RIG_PEER_A(BFD("")) ", " RIG_PEER_B(BFD(""))) ", " RIG_IF("wg1", "", "")));
	rig_pass(1000);
	rig_bfd(1, BFD_NEWS_STARTING);
	rig_bfd(1, BFD_NEWS_UP);
	rig_bfd(2, BFD_NEWS_STARTING);
	rig_bfd(2, BFD_NEWS_UP);
	rig_pass(100);
	rig_forget();
	rig_bfd(1, BFD_NEWS_SUSPECT);
	rig.reads = 0;
	rig_pass(10);
	rig_pass(800);
	assert_int_equal(rig.reads, 1);
	rig_expect("");
	rig_bfd(1, BFD_NEWS_UP);
	rig_pass(200);
	rig_forget();
	rig.reads = 0;
	rig_bfd(1, BFD_NEWS_EXPIRED);
	rig_pass(10);
	assert_int_equal(rig.reads, 1);
	rig_pass(100);
	assert_int_equal(rig.reads, 1);
	rig_pass(1);
	assert_int_equal(rig.reads, 2);
	rig_pass(600);
	assert_int_equal(rig.reads, 2);
	rig_expect("@10\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'bfd-expired','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded bfd-expired cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "@111\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'bfd-expired','to':'down'}\n"
		   "zebra: a is 1 on 7 down bfd-expired 10.9.0.2 10.9.0.2/32\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_sessions),
		RIG_CHECK(test_sync),
		RIG_CHECK(test_up),
		RIG_CHECK(test_expired),
		RIG_CHECK(test_expired_at_once),
		RIG_CHECK(test_found_expired),
		RIG_CHECK(test_found_expired_and_changed),
		RIG_CHECK(test_readings),
		RIG_CHECK(test_suspect_over),
		RIG_CHECK(test_slow_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
