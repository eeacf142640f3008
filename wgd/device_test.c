/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of an interface: made, lost, changed, given up; in a played world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "rig.h"

#define SET ", 'private-key-file': '/k', 'listen-port': 51820, 'mtu': 1400"
#define STATIC ", 'allowed-ips': ['172.16.0.0/16'], 'persistent-keepalive': 25"
#define BOTH RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET STATIC)

static void begin(void)
{
	rig_zebra();
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(3000);
	rig_forget();
}

static void test_made(void **state)
{
	rig_secret("/k", 'K');
	rig_zebra();
	rig_apply(RIG_WG0(SET, BOTH));
	rig_pass(3000);
	rig_tell_file("wg0.new");
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 set key K port 51820\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 25\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 172.16.0.0/16\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "link wg0 mtu 1400\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32 "
		   "172.16.0.0/16\n"
		   "zebra: sync\n"
		   "@3000\n"
		   "wg0.new is not there\n");
	/* Nothing changes: nothing is done, all is told again. */
	rig_apply(RIG_WG0(SET, BOTH));
	devices_prune();
	rig_pass(3000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32 "
		   "172.16.0.0/16\n");
	/* All is otherwise. */
	rig_secret("/k", 'X');
	rig_apply(RIG_CONF(RIG_IF("wg0",
				  ", 'address': ['10.9.1.1/24'], 'private-key-file': '/k', "
				  "'listen-port': 7, 'fwmark': 9, 'admin': 'down'",
				  RIG_PEER_B(RIG_QUIET ", 'cost': 3"))));
	rig_expect("wg0 set key X port 7 mark 9\n"
		   "wg0 update b keepalive 0\n"
		   "link wg0 down\n"
		   "link wg0 mtu 1420\n"
		   "link wg0 add 10.9.1.1/24\n"
		   "zebra: wg0 is 7 down 10.9.1.1/24 mark 9\n"
		   "zebra: wg0 is 7 down 10.9.1.1/24 mark 9\n"
		   "zebra: b is 2 on 7 never handshake-never cost 3 10.9.0.3 10.9.0.3/32\n");
	devices_prune();
	rig_pass(3000);
	rig_expect("zebra: no peer 1\n"
		   "wg0 - b 172.16.0.0/16\n"
		   "link wg0 delete 10.9.0.1/24\n"
		   "wg0 remove a\n"
		   "@10\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'b',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: b is 2 on 7 down interface-down cost 3 10.9.0.3 10.9.0.3/32\n");
	rig_apply("{'wireguard': {}}");
	rig_pass(1000);
	rig_expect("");
	devices_prune();
	rig_pass(3000);
	rig_tell("wg0");
	rig_expect("zebra: no peer 2\n"
		   "zebra: no interface 7\n"
		   "delete link wg0\n"
		   "stop wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n"
		   "@3000\n"
		   "wg0 is not there\n");
}

/* Learned entries are let go first, for two seconds at most. */
static void test_leaves(void **state)
{
	begin();
	rig_allowed(1, "+1 192.168.0.0/16");
	rig_apply("{'wireguard': {}}");
	devices_prune();
	rig_pass(1990);
	rig_expect("wg0 + a 192.168.0.0/16\n"
		   "zebra: ack 1\n"
		   "zebra: no peer 1\n"
		   "zebra: no interface 7\n");
	rig_pass(10);
	rig_expect("@10\n"
		   "delete link wg0\n"
		   "stop wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n"
		   "wg0 close\n");
}

static void test_comes_back(void **state)
{
	begin();
	rig_allowed(1, "+1 192.168.0.0/16");
	rig_apply("{'wireguard': {}}");
	devices_prune();
	rig_pass(500);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	devices_prune();
	rig_pass(5000);
	rig_expect("wg0 + a 192.168.0.0/16\n"
		   "zebra: ack 1\n"
		   "zebra: no peer 1\n"
		   "zebra: no interface 7\n"
		   "@500\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

static void test_peer_leaves(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0("", BOTH));
	rig_allowed(1, "+1 192.168.0.0/16");
	rig_pass(1000);
	rig_forget();
	rig_apply(RIG_WG0("", RIG_PEER_B(RIG_QUIET STATIC)));
	rig_pass(100);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32 "
		   "172.16.0.0/16\n");
	devices_prune();
	rig_pass(1800);
	rig_expect("zebra: no peer 1\n");
	rig_pass(1300);
	rig_expect("@1110\n"
		   "wg0 remove a\n");
	/* One that holds nothing goes with PRUNE. */
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_forget();
	devices_prune();
	rig_expect("zebra: no peer 2\n"
		   "wg0 remove b\n");
}

/* With the sweep that takes its last entry, not at the next poll. */
static void test_peer_swept(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0("", BOTH));
	rig_allowed(1, "+1 192.168.0.0/16");
	rig_pass(1000);
	rig_apply(RIG_WG0("", RIG_PEER_B(RIG_QUIET STATIC)));
	devices_prune();
	rig_pass(100);
	rig_zebra();
	rig_forget();
	rig_allowed_sync(2);
	rig_turn();
	rig_expect("wg0 - a 192.168.0.0/16\n"
		   "wg0 remove a\n"
		   "zebra: ack 2\n");
}

static void test_refused(void **state)
{
	rig_zebra();
	rig_refuse("create link", -EPERM, 9);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(30000);
	rig_expect("create link wg0 refused\n"
		   "event {'error':'Operation not permitted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: sync\n"
		   "@100\n"
		   "create link wg0 refused\n"
		   "@300\n"
		   "create link wg0 refused\n"
		   "@700\n"
		   "create link wg0 refused\n"
		   "@1500\n"
		   "create link wg0 refused\n"
		   "@3100\n"
		   "create link wg0 refused\n"
		   "@6300\n"
		   "create link wg0 refused\n"
		   "@11300\n"
		   "create link wg0 refused\n"
		   "@16300\n"
		   "create link wg0 refused\n"
		   "@21300\n"
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
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

/* It is said three times, then now and then. */
static void test_refused_log(void **state)
{
	rig_log(LOG_LEVEL_ERROR);
	rig_refuse("create link", -EPERM, 1000);
	rig_mute("create link");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(700000);
	rig_expect("event {'error':'Operation not permitted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "@100\n"
		   "log error: interface-not-created interface=wg0 why=\"Operation not "
		   "permitted\"\n"
		   "@300\n"
		   "log error: interface-not-created interface=wg0 why=\"Operation not "
		   "permitted\"\n"
		   "@700\n"
		   "log error: interface-not-created interface=wg0 why=\"Operation not "
		   "permitted\"\n"
		   "@296300\n"
		   "log error: interface-not-created interface=wg0 why=\"Operation not "
		   "permitted\"\n"
		   "@616300\n"
		   "log error: interface-not-created interface=wg0 why=\"Operation not "
		   "permitted\"\n");
}

static void test_not_opened(void **state)
{
	char marker[96];
	struct stat st;

	rig_zebra();
	rig_refuse("wg0 open", -EOPNOTSUPP, 2);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_tell_file("wg0.new");
	rig_expect("create link wg0\n"
		   "wg0 open kernel refused\n"
		   "event {'error':'Operation not supported','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: sync\n"
		   "wg0.new:\n");
	snprintf(marker, sizeof(marker), "%s/wg0.new", rig.dir);
	assert_int_equal(stat(marker, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* The next wgd finds an interface without the alias; it is ours. */
	devices_close();
	devices_open(rig.dir);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(1000);
	rig_tell_file("wg0.new");
	rig_expect("wg0 open kernel refused\n"
		   "event {'error':'Operation not supported','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "@100\n"
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
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 2 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "@1000\n"
		   "wg0.new is not there\n");
}

static void test_unread(void **state)
{
	rig_zebra();
	rig_refuse("get link", -EIO, 2);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(150);
	rig_expect("event {'error':'Input/output error','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: sync\n");
	rig_refuse("get wireguard", -EIO, 1);
	rig_pass(150);
	rig_expect("@150\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 close\n");
	rig_pass(1000);
	rig_expect("@400\n"
		   "wg0 open kernel\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

static void test_no_marker(void **state)
{
	char moved[80];

	snprintf(moved, sizeof(moved), "%s.moved", rig.dir);
	assert_int_equal(rename(rig.dir, moved), 0);
	rig_zebra();
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_expect("event {'error':'No such file or directory','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: sync\n");
	rig.no_kernel = true;
	rig_pass(150);
	rig_expect("");
	assert_int_equal(rename(moved, rig.dir), 0);
}

static void test_program(void **state)
{
	rig_zebra();
	rig.no_kernel = true;
	rig_refuse("start", -ENOENT, 1);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_tell_file("wg0.new");
	rig_expect("start wireguard-go for wg0 refused\n"
		   "event {'error':'No such file or directory','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: sync\n"
		   "wg0.new is not there\n");
	/* It is there, and slow; then it makes nothing. */
	rig.program_slow = true;
	rig_pass(100);
	rig_expect("@100\n"
		   "start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n");
	rig_pass(4980);
	rig_expect("");
	rig_pass(120);
	rig_expect("@20\n"
		   "event {'error':'it made no interface in time: see the log file in the run "
		   "directory','event':'interface-state','interface':'wg0','state':'waiting'}\n");
	rig.program_slow = false;
	rig_pass(300);
	rig_expect("@100\n"
		   "start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n"
		   "@120\n"
		   "wg0 open userspace\n"
		   "link wg0 alias wgbgp\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

/* One that is no more makes no interface: it is not waited for. */
static void test_program_ends(void **state)
{
	rig_zebra();
	rig.no_kernel = rig.program_slow = rig.program_ends = true;
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(30);
	rig_expect("start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n"
		   "@20\n"
		   "event {'error':'it ended: see the log file in the run directory','event':"
		   "'interface-state','interface':'wg0','state':'waiting'}\n"
		   "zebra: sync\n");
	rig.program_slow = rig.program_ends = false;
	rig_pass(200);
	assert_int_equal(device_find("wg0")->life.state, DEVICE_READY);
}

/* The interface is gone, its program is not yet: another one would lose its socket to the end of
 * that. */
static void test_program_stays(void **state)
{
	rig.no_kernel = true;
	begin();
	rig.program_stays = true;
	rig_link_gone("wg0");
	rig_pass(1500);
	rig_expect("@20\n"
		   "wg0 close\n"
		   "event {'error':'the link was deleted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: a is 1 on 7 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: no interface 7\n"
		   "@30\n"
		   "event {'error':'the program that had it has not ended yet',"
		   "'event':'interface-state','interface':'wg0','state':'waiting'}\n");
	rig.program_stays = false;
	rig.program_slow = true;
	rig_pass(20);
	rig_expect("@10\n"
		   "start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n");
	rig.program_slow = false;
	rig_link_add("wg0", "tun", "");
	rig_pass(100);
	assert_int_equal(device_find("wg0")->life.state, DEVICE_READY);
	/* It brings the interface back, from another namespace say. */
	rig.program_stays = true;
	rig_link_gone("wg0");
	rig_pass(1100);
	rig_link_add("wg0", "tun", "wgbgp");
	rig_pass(100);
	assert_int_equal(device_find("wg0")->life.state, DEVICE_READY);
	/* It does not end: not for ever. */
	rig_link_gone("wg0");
	rig_pass(1000);
	rig_forget();
	rig_pass(4900);
	rig_expect("");
	rig_pass(200);
	assert_int_equal(device_find("wg0")->life.state, DEVICE_READY);
}

/* The interface is there before the socket is. */
static void test_socket(void **state)
{
	rig_zebra();
	rig.no_kernel = true;
	rig_refuse("wg0 open", -ENODEV, 3);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(1000);
	rig_expect("start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n"
		   "@20\n"
		   "wg0 open userspace refused\n"
		   "@40\n"
		   "wg0 open userspace refused\n"
		   "@60\n"
		   "wg0 open userspace refused\n"
		   "@80\n"
		   "wg0 open userspace\n"
		   "link wg0 alias wgbgp\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: sync\n");
	rig_refuse("wg0 open", -ENODEV, 1000000);
	rig_mute("wg0 open");
	device_lost(device_find("wg0"), "test");
	rig_pass(5100);
	rig_expect("wg0 close\n"
		   "event {'error':'test','event':'interface-state','interface':'wg0',"
		   "'state':'waiting'}\n"
		   "zebra: a is 1 on 7 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: no interface 7\n"
		   "@10\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n"
		   "@5010\n"
		   "event {'error':'No such device','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n");
	rig_refuse("wg0 open", 0, 0);
	rig_pass(1000);
	rig_expect("@10\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

/* A first answer that takes long is waited for, and not asked for again. */
static void test_slow_first_answer(void **state)
{
	rig_zebra();
	rig.no_kernel = true;
	rig_refuse("get wireguard wg0", -ETIMEDOUT, 3);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_pass(2000);
	rig_expect("start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n"
		   "@20\n"
		   "wg0 open userspace\n"
		   "link wg0 alias wgbgp\n"
		   "event {'error':'Connection timed out','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: sync\n"
		   "@720\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

static void test_backends(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0(", 'backend': 'userspace'", RIG_PEER_A(RIG_QUIET)));
	rig_expect("start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n");
	rig_apply("{'wireguard': {'userspace-program': 'boringtun'}}");
	devices_prune();
	rig_expect("zebra: sync\n"
		   "stop boringtun for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'removed'}\n");
	rig.no_kernel = true;
	rig_apply(RIG_WG0(", 'backend': 'kernel'", RIG_PEER_A(RIG_QUIET)));
	rig_expect("wg0 open userspace\n"
		   "wg0 close\n"
		   "event {'error':'it exists and is not ours; 'adopt true' uses it as it is',"
		   "'event':'interface-state','interface':'wg0','state':'refused'}\n");
}

static void test_lost(void **state)
{
	begin();
	rig_bfdd();
	rig_allowed(1, "+1 192.168.0.0/16");
	rig_forget();
	rig_link_gone("wg0");
	rig_pass(1500);
	rig_expect("@1000\n"
		   "wg0 close\n"
		   "event {'error':'the link was deleted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: a is 1 on 7 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: no interface 7\n"
		   "@1010\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.0.0/16\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 8 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 8 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	/* The link is another one. */
	rig_link_gone("wg0");
	rig_link_add("wg0", "wireguard", "wgbgp");
	devices_link_event("wg0", 1);
	rig_turn();
	rig_expect("wg0 close\n"
		   "event {'error':'the link was deleted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: a is 1 on 8 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: no interface 8\n");
	rig_refuse("get wireguard", -ENODEV, 1);
	rig_pass(1000);
	rig_expect("@10\n"
		   "wg0 open kernel\n"
		   "wg0 close\n"
		   "event {'error':'No such device','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "@110\n"
		   "wg0 open kernel\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.0.0/16\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 9 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 9 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	/* By a reload, too. */
	rig_refuse("get wireguard", -ENODEV, 1);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_turn();
	rig_expect("wg0 close\n"
		   "event {'error':'its WireGuard does not answer','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: a is 1 on 9 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: no interface 9\n"
		   "wg0 open kernel\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 9 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 9 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

/* What changed of the configuration while the interface was not there. */
static void test_changed_while_gone(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0("", BOTH));
	rig_pass(1000);
	rig_refuse("create link", -EPERM, 3);
	rig_link_gone("wg0");
	rig_pass(1100);
	rig_forget();
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET) ", {'name': 'b', 'public-key': '" RIG_B
						    "', 'tunnel-address': ['10.9.0.33']" RIG_QUIET
						    "}"));
	devices_prune();
	rig_pass(3000);
	rig_tell("wg0");
	rig_expect("create link wg0 refused\n"
		   "@200\n"
		   "create link wg0 refused\n"
		   "@600\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 10.9.0.33/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 8 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 8 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 8 never handshake-never 10.9.0.33 10.9.0.33/32\n"
		   "@3000\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.33/32\n");
	/* The same where the reload itself finds that it is gone. */
	rig_refuse("get wireguard", -ENODEV, 1);
	rig_refuse("create link", -EPERM, 0);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET) ", {'name': 'b', 'public-key': '" RIG_B
						    "', 'tunnel-address': ['10.9.0.34']" RIG_QUIET
						    "}"));
	devices_prune();
	rig_show("{'command': 'tunnels'}");
	rig_pass(1000);
	rig_forget();
	rig_tell("wg0");
	rig_expect("wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.34/32\n");
}

static void test_up_and_down(void **state)
{
	begin();
	rig_link("wg0")->info.admin_up = false;
	devices_link_event("other", 99);
	rig_pass(500);
	rig_expect("");
	devices_link_event("wg0", 99);
	rig_turn();
	rig_expect("zebra: wg0 is 7 down 10.9.0.1/24\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n");
	rig_link("wg0")->info.admin_up = true;
	devices_link_event(NULL, rig_link("wg0")->info.ifindex);
	rig_turn();
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	/* Who sets it down means it, until the next reload. */
	rig_link("wg0")->info.admin_up = false;
	rig_pass(1000);
	rig_forget();
	rig_apply(RIG_WG0(", 'admin': 'external'", RIG_PEER_A(RIG_QUIET)));
	rig_expect("zebra: wg0 is 7 down 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_expect("link wg0 up\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n");
	rig_refuse("link wg0 down", -EPERM, 1);
	rig_apply(RIG_WG0(", 'admin': 'down'", RIG_PEER_A(RIG_QUIET)));
	rig_expect("link wg0 down refused\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n");
}

/* Its addresses and its state are gone, though it is there whenever somebody looks. */
static void test_away_and_back(void **state)
{
	begin();
	devices_prune();
	rig_link("wg0")->info.admin_up = false;
	rig_link("wg0")->n_addrs = 0;
	devices_link_deleted(99);
	devices_link_event("wg0", 99);
	rig_turn();
	assert_false(rig_link("wg0")->info.admin_up); /* another one's; this one was set down */
	devices_link_deleted(rig_link("wg0")->info.ifindex);
	devices_link_event("wg0", rig_link("wg0")->info.ifindex);
	rig_pass(1000);
	assert_true(rig_link("wg0")->info.admin_up);
	assert_int_equal(rig_link("wg0")->n_addrs, 1);
}

static void test_addresses(void **state)
{
	begin();
	devices_prune();
	/* Not looked at before somebody says that they changed. */
	rig_link("wg0")->n_addrs = 0;
	devices_link_event("wg0", 99);
	rig_pass(2000);
	rig_expect("");
	devices_link_event(NULL, rig_link("wg0")->info.ifindex);
	rig_turn();
	rig_expect("link wg0 add 10.9.0.1/24\n");
	/* A strange one on an interface of ours goes; one that cannot be read is left alone. */
	assert_int_equal(addr_parse("10.7.7.7", &rig_link("wg0")->addrs[1].addr), 0);
	rig_link("wg0")->addrs[1].len = 24;
	rig_link("wg0")->n_addrs = 2;
	rig_refuse("get addresses", -EIO, 1);
	devices_link_event(NULL, 0);
	rig_pass(1000);
	rig_expect("");
	devices_link_event(NULL, 0);
	rig_turn();
	rig_expect("link wg0 delete 10.7.7.7/24\n");
	/* Of the same address another length is another one. */
	rig_link("wg0")->addrs[0].len = 25;
	devices_link_event(NULL, 0);
	rig_turn();
	rig_expect("link wg0 add 10.9.0.1/24\n"
		   "link wg0 delete 10.9.0.1/25\n");
	rig_link("wg0")->info.mtu = 1280;
	rig_pass(1000);
	rig_expect("@1000\n"
		   "link wg0 mtu 1420\n");
}

/* Who has a session over an old address says goodbye over it: it goes when the others are done. */
static void test_old_addresses(void **state)
{
	begin();
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'address': ['10.9.7.1/24']",
				  "{'name': 'a', 'public-key': '" RIG_A
				  "', 'tunnel-address': ['10.9.7.2']" RIG_QUIET "}")));
	rig_pass(5000);
	devices_link_event(NULL, 0);
	rig_pass(1000);
	rig_expect("wg0 + a 10.9.7.2/32\n"
		   "link wg0 add 10.9.7.1/24\n"
		   "zebra: wg0 is 7 up 10.9.7.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.7.2 10.9.7.2/32\n");
	devices_prune();
	rig_pass(5000);
	rig_expect("wg0 - a 10.9.0.2/32\n"
		   "link wg0 delete 10.9.0.1/24\n");
	/* What is taken back before stays. */
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'address': ['10.9.7.1/24']",
				  "{'name': 'a', 'public-key': '" RIG_A
				  "', 'tunnel-address': ['10.9.7.2']" RIG_QUIET "}")));
	rig_forget();
	devices_prune();
	rig_expect("wg0 - a 10.9.0.2/32\n"
		   "link wg0 delete 10.9.0.1/24\n");
}

/* What was refused is tried until it is done, and no longer. */
static void test_refused_address(void **state)
{
	begin();
	devices_prune();
	rig_link("wg0")->n_addrs = 0;
	rig_refuse("link wg0 add", -EPERM, 2);
	devices_link_event(NULL, 0);
	rig_pass(60000);
	rig_expect("@10\n"
		   "link wg0 add 10.9.0.1/24 refused\n"
		   "@1010\n"
		   "link wg0 add 10.9.0.1/24 refused\n"
		   "@3010\n"
		   "link wg0 add 10.9.0.1/24\n");
	rig_link("wg0")->n_addrs = 0;
	rig_pass(60000);
	rig_expect("");
}

/* One of two that is refused is tried again, whatever comes of the other. */
static void test_one_refused_address(void **state)
{
	rig_refuse("link wg0 add 10.9", -EPERM, 2);
	rig_zebra();
	rig_apply(RIG_CONF(RIG_IF("wg0", ", 'address': ['10.9.0.1/24', 'fd00::1/64']",
				  RIG_PEER_A(RIG_QUIET))));
	rig_pass(20000);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24 refused\n"
		   "link wg0 add fd00::1/64\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24 fd00::1/64\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@1000\n"
		   "link wg0 add 10.9.0.1/24 refused\n"
		   "@3000\n"
		   "link wg0 add 10.9.0.1/24\n");
}

/* A link that goes down and comes up says nothing of the MTU that it refused. */
static void test_refused_mtu(void **state)
{
	begin();
	devices_prune();
	rig_refuse("link wg0 mtu", -EINVAL, 5); /* for 1, 2, 4, 8, 16 s */
	rig_link("wg0")->info.mtu = 1280;
	for (unsigned s = 0; s < 40; s++) {
		rig_link("wg0")->info.admin_up = s % 2;
		rig_pass(1000);
		if (s < 25)
			assert_int_equal(rig_link("wg0")->info.mtu, 1280);
	}
	assert_int_equal(rig_link("wg0")->info.mtu, 1420);
	rig_forget();
}

/* What the interface before it refused, when it had just gone, the next one need not wait for. */
static void test_refused_by_the_one_before(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0(", 'mtu': 1400", RIG_PEER_A(RIG_QUIET)));
	devices_prune();
	rig_pass(3000);
	rig_refuse("link wg0 mtu", -ENODEV, 3);
	rig_link("wg0")->info.mtu = 1280;
	rig_pass(5000);
	rig_link_gone("wg0");
	rig_pass(1100);
	assert_int_equal(rig_link("wg0")->info.mtu, 1400);
	rig_forget();
}

/* What an operator reads of what the device refuses. */
static void test_log(void **state)
{
	begin();
	devices_prune();
	rig_log(LOG_LEVEL_WARN);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_refuse("wg0 set", -EPERM, 1);
	rig_apply(RIG_WG0(", 'listen-port': 7", RIG_PEER_A(RIG_QUIET)));
	rig_pass(1000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "wg0 set port 7 refused\n"
		   "log error: device-not-set interface=wg0 error=\"Operation not permitted\"\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "@10\n"
		   "wg0 set port 7\n");
	rig_refuse("get wireguard", -ETIMEDOUT, 1);
	rig_apply(RIG_WG0(", 'listen-port': 8", RIG_PEER_A(RIG_QUIET)));
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
}

/* What the device refuses stops no peer, and nothing goes by the configuration before. */
static void test_refused_setting(void **state)
{
	begin();
	devices_prune();
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_refuse("wg0 set", -EPERM, 1);
	rig_apply(RIG_WG0(", 'listen-port': 7", BOTH));
	rig_pass(1000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "wg0 set port 7 refused\n"
		   "wg0 create b keepalive 25\n"
		   "wg0 + b 172.16.0.0/16\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32 "
		   "172.16.0.0/16\n"
		   "@10\n"
		   "wg0 set port 7\n");
}

static void test_drops(void **state)
{
	begin();
	rig_link("wg0")->info.frame_errors = 5;
	rig_pass(1000);
	rig_link("wg0")->info.frame_errors = 45;
	rig_pass(9000);
	rig_expect("@1000\n"
		   "event {'event':'source-check-drops','interface':'wg0','packets':5}\n");
	rig_pass(10000);
	rig_show("{'command': 'wireguard', 'interface': 'wg0'}");
	rig_expect("@10000\n"
		   "cli: {}\n"
		   "cli: {'addresses':['10.9.0.1/24'],'adopted':false,'backend':'kernel',"
		   "'beyond-ceiling':0,'beyond-ceiling-seconds':null,'description':'',"
		   "'error':null,'fwmark':0,'ifindex':7,'listen-port':0,'mtu':1420,"
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
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0}],'plane':'main',"
		   "'public-key':null,'rx-bytes':0,'source-check-drops':45,"
		   "'source-check-drops-per-second':0.0,'source-check-drops-seconds':18,"
		   "'state':'ready','tx-bytes':0,'up':true}\n");
}

/* What is told of the tunnels of an interface that was lost, and is refused again and again. When
 * it is there they are what its handshakes say: nothing happened to them. */
static void test_lost_and_refused(void **state)
{
	begin();
	rig_handshake("wg0", 'a');
	rig_pass(1000);
	rig.route_error = -ENETUNREACH;
	assert_int_equal(endpoint_parse("192.0.2.1:5", &rig_peer("wg0", 'a')->info.endpoint), 0);
	rig_pass(1000);
	rig_forget();
	rig_refuse("wg0 open", -EPERM, 6);
	device_lost(device_find("wg0"), "test");
	rig.route_error = 0;
	rig_show("{'command': 'tunnels'}");
	rig_pass(3000);
	rig_show("{'command': 'tunnels'}");
	rig_expect(
		"wg0 close\n"
		"event {'error':'test','event':'interface-state','interface':'wg0',"
		"'state':'waiting'}\n"
		"zebra: a is 1 on 7 down interface-gone at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		"zebra: no interface 7\n"
		"wg0 open kernel refused\n"
		"event {'error':'Operation not permitted','event':'interface-state',"
		"'interface':'wg0','state':'waiting'}\n"
		"cli: {}\n"
		"cli: {'bfd':'none','changes':3,'configured-cost':0,'cost':0,"
		"'counters-seconds':0.0,'downs':{'interface-gone':1},"
		"'draining':false,'echo-lost':0,'echo-received':0,"
		"'echo-sent':0,'endpoint':'192.0.2.1:5','fwmark':0,"
		"'handshake-seconds':null,'handshakes':1,'hold-seconds':2,'interface':'wg0',"
		"'jitter-ms':null,'latency-ms':null,'loss-percent':null,'peer':'a',"
		"'quality-cost':0,"
		"'reading-interval-ms':1000,'reason':'interface-gone','reason-text':'the interface "
		"does not exist','rx-bytes':1000,'since-seconds':0,'state':'down',"
		"'tunnel-addresses':['10.9.0.2'],'tx-bytes':0,'underlay-error':null,"
		"'underlay-error-seconds':null,'underlay-errors':0,'weak':false}\n"
		"@100\n"
		"wg0 open kernel refused\n"
		"@300\n"
		"wg0 open kernel refused\n"
		"@700\n"
		"wg0 open kernel refused\n"
		"@1500\n"
		"wg0 open kernel refused\n"
		"@3000\n"
		"cli: {}\n"
		"cli: {'bfd':'none','changes':3,'configured-cost':0,'cost':0,"
		"'counters-seconds':3.0,'downs':{'interface-gone':1},"
		"'draining':false,'echo-lost':0,'echo-received':0,"
		"'echo-sent':0,'endpoint':'192.0.2.1:5','fwmark':0,"
		"'handshake-seconds':null,'handshakes':1,'hold-seconds':2,'interface':'wg0',"
		"'jitter-ms':null,'latency-ms':null,'loss-percent':null,'peer':'a',"
		"'quality-cost':0,"
		"'reading-interval-ms':1000,'reason':'interface-refused','reason-text':'the "
		"interface cannot be used: Operation not permitted','rx-bytes':1000,"
		"'since-seconds':3,'state':'down','tunnel-addresses':['10.9.0.2'],"
		"'tx-bytes':0,'underlay-error':null,'underlay-error-seconds':null,"
		"'underlay-errors':0,'weak':false}\n");
	rig_pass(5000);
	rig_expect("@100\n"
		   "wg0 open kernel refused\n"
		   "@3300\n"
		   "wg0 open kernel\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_made),
		RIG_CHECK(test_leaves),
		RIG_CHECK(test_comes_back),
		RIG_CHECK(test_peer_leaves),
		RIG_CHECK(test_peer_swept),
		RIG_CHECK(test_refused),
		RIG_CHECK(test_not_opened),
		RIG_CHECK(test_unread),
		RIG_CHECK(test_no_marker),
		RIG_CHECK(test_program),
		RIG_CHECK(test_program_ends),
		RIG_CHECK(test_program_stays),
		RIG_CHECK(test_socket),
		RIG_CHECK(test_backends),
		RIG_CHECK(test_lost),
		RIG_CHECK(test_slow_first_answer),
		RIG_CHECK(test_up_and_down),
		RIG_CHECK(test_changed_while_gone),
		RIG_CHECK(test_away_and_back),
		RIG_CHECK(test_addresses),
		RIG_CHECK(test_drops),
		RIG_CHECK(test_old_addresses),
		RIG_CHECK(test_refused_address),
		RIG_CHECK(test_refused_setting),
		RIG_CHECK(test_log),
		RIG_CHECK(test_one_refused_address),
		RIG_CHECK(test_refused_mtu),
		RIG_CHECK(test_refused_by_the_one_before),
		RIG_CHECK(test_refused_log),
		RIG_CHECK(test_lost_and_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
