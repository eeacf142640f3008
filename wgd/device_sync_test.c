/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that answers, or does not: what somebody else changed, what is refused, what is not
 * known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define BOTH RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET)

static void begin(const char *config)
{
	rig_zebra();
	rig_apply(config);
	rig_pass(3000);
	rig_forget();
}

static void test_entries_drift(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +2 192.168.3.0/24");
	rig_pass(1000);
	rig_forget();
	rig_entry("wg0", 0, "192.168.1.0/24");
	rig_entry("wg0", 'b', "192.168.2.0/24");
	rig_entry("wg0", 'a', "10.0.0.0/8");
	rig_pass(3000);
	rig_expect("@1000\n"
		   "wg0 - a 10.0.0.0/8\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "wg0 + a 192.168.2.0/24\n");
	rig_tell("wg0");
	rig_expect("wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.1.0/24 192.168.2.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32 192.168.3.0/24\n");
	/* One is away that was not looked for yet, and is wanted elsewhere. */
	rig_entry("wg0", 0, "192.168.1.0/24");
	rig_allowed(2, "+2 192.168.1.0/24");
	rig_pass(1000);
	rig_tell("wg0");
	rig_expect("wg0 + b 192.168.1.0/24\n"
		   "zebra: ack 2\n"
		   "@1000\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.2.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32 192.168.1.0/24 192.168.3.0/24\n");
}

/* An entry that somebody moves while the device is read is in the answer twice. */
static void test_moved_while_read(void **state)
{
	struct rig_link *l;

	begin(RIG_WG0("", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_forget();
	l = rig_link("wg0");
	l->entries[l->n_entries] = l->entries[l->n_entries - 1];
	l->entries[l->n_entries++].peer = 1;
	rig_pass(1000);
	rig_expect("@1000\n"
		   "wg0 + a 192.168.1.0/24\n");
}

static void test_peers_drift(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_forget();
	rig_peer_gone("wg0", 'a');
	rig_pass(1000);
	rig_expect("@1000\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'peer-gone','to':'down'}\n"
		   "zebra: a is 1 on 7 down peer-gone 10.9.0.2 10.9.0.2/32\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.1.0/24\n");
	/* Not yet: it is refused. */
	rig_peer_gone("wg0", 'b');
	rig_refuse("wg0 create", -EIO, 2);
	rig_pass(5000);
	rig_expect("@1000\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'b',"
		   "'reason':'peer-gone','to':'down'}\n"
		   "zebra: b is 2 on 7 down peer-gone 10.9.0.3 10.9.0.3/32\n"
		   "wg0 create b keepalive 0 refused\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "@2000\n"
		   "wg0 create b keepalive 0 refused\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "@4000\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "@5000\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n");
	/* A stranger goes; so does the peer of a removal that was not finished. */
	rig_peer_add("wg0", 's');
	rig_entry("wg0", 's', "192.168.1.0/24");
	rig_refuse("wg0 remove", -EIO, 1);
	rig_pass(5000);
	rig_tell("wg0");
	rig_expect("@1000\n"
		   "wg0 remove s refused\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "@5000\n"
		   "wg0 remove s\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.1.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
	memcpy(rig_peer_add("wg0", 'g')->info.key, device_find("wg0")->wg->graveyard, WG_KEY_BYTES);
	rig_pass(40000);
	rig_expect("@1000\n"
		   "wg0 remove graveyard\n");
	/* Found at the first contact. */
	memcpy(rig_peer_add("wg0", 'g')->info.key, device_find("wg0")->wg->graveyard, WG_KEY_BYTES);
	device_lost(device_find("wg0"), "test");
	rig_pass(100);
	rig_expect("wg0 close\n"
		   "event {'error':'test','event':'interface-state','interface':'wg0',"
		   "'state':'waiting'}\n"
		   "zebra: a is 1 on 7 down interface-gone 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 down interface-gone 10.9.0.3 10.9.0.3/32\n"
		   "zebra: no interface 7\n"
		   "@10\n"
		   "wg0 open kernel\n"
		   "wg0 remove graveyard\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n");
}

static void test_values_drift(void **state)
{
	rig_secret("/k", 'K');
	rig_secret("/p", 'P');
	begin(RIG_WG0(
		", 'private-key-file': '/k', 'listen-port': 9, 'fwmark': 3",
		RIG_PEER_A(RIG_QUIET ", 'preshared-key-file': '/p', 'persistent-keepalive': 7")));
	rig_handshake("wg0", 'a');
	rig_pass(1000);
	rig_expect("@1000\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n");
	rig_link("wg0")->port = 10;
	rig_pass(1000);
	rig_expect("@1000\n"
		   "wg0 set port 9\n");
	rig_link("wg0")->mark = 4;
	rig_pass(1000);
	rig_expect("@1000\n"
		   "wg0 set mark 3\n");
	memset(rig_link("wg0")->private_key, 'Z', WG_KEY_BYTES);
	rig_pass(1000);
	rig_expect("@1000\n"
		   "wg0 set key K\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'down'}\n"
		   "zebra: a is 1 on 7 down handshake-never 10.9.0.2 10.9.0.2/32\n");
	rig_handshake("wg0", 'a');
	rig_link("wg0")->port = 10;
	rig_refuse("wg0 set", -EIO, 2);
	rig_pass(2000);
	rig_show("{'command': 'wireguard'}");
	rig_expect("@1000\n"
		   "wg0 set port 9 refused\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n"
		   "@2000\n"
		   "wg0 set port 9 refused\n"
		   "cli: {}\n"
		   "cli: {'addresses':['10.9.0.1/24'],'adopted':false,'backend':'kernel',"
		   "'beyond-ceiling':0,'beyond-ceiling-seconds':null,'description':'',"
		   "'error':null,'fwmark':3,'ifindex':7,'listen-port':10,'mtu':1420,"
		   "'name':'wg0','peers':[{'allowed-ips':[],'allowed-ips-count':1,"
		   "'configured-endpoint':null,'configured-endpoints':[],'description':'',"
		   "'echo-lost':0,'echo-received':0,'echo-sent':0,'endpoint':null,"
		   "'endpoint-changes':0,'endpoint-set-back':0,'foreign':false,'handshake-seconds':2,"
		   "'jitter-ms':null,'latency-ms':null,'loss-percent':null,'name':'a',"
		   "'permit':['192.168.0.0/16','2001:db8::/32'],'persistent-keepalive':7,"
		   "'public-key':'YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'reason':'handshake-fresh','rx-bytes':2000,"
		   "'settings':{'bfd':{'enabled':false,'interval':50,'multiplier':3,"
		   "'passive':false,'receive-interval':50},'echo':{'enabled':false,"
		   "'interval':200,'multiplier':4,'size':0},'endpoint-inside-permit':false,'"
		   "endpoint-return':0,"
		   "'endpoint-timeout':10000,'liveness':{'degraded-after':160,"
		   "'degraded-loss':3,'icmp-errors':true,'poll-interval':1000,'probe':false,"
		   "'probe-interval':5000,'probe-timeout':15000,'stale-after':180,"
		   "'up-hold':2000,'up-hold-max':60000},'quality':{'hold':10000,"
		   "'jitter-weight':0,'latency-weight':0,'loss-weight':0,"
		   "'minimum-improvement':20,'step':5}},'state':'up',"
		   "'tunnel-addresses':['10.9.0.2'],'tx-bytes':0}],'plane':'main',"
		   "'public-key':'j8tdaspF49wc3H+/QxifkjIJPe3Je7Hvvnt2afbTEFc=',"
		   "'rx-bytes':2000,'source-check-drops':0,"
		   "'source-check-drops-per-second':0.0,'source-check-drops-seconds':null,"
		   "'state':'ready','tx-bytes':0,'up':true}\n");
	rig_pass(3000);
	rig_expect("@2000\n"
		   "wg0 set port 9\n");
	/* A reload gives a peer what it has otherwise: the preshared key always, since nobody sees
	 * which one it has. */
	rig_peer("wg0", 'a')->info.keepalive = 1;
	rig_apply(RIG_WG0(", 'private-key-file': '/k'",
			  RIG_PEER_A(RIG_QUIET ", 'preshared-key-file': '/p'")));
	rig_expect("wg0 update a psk P keepalive 0\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24 mark 3\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_expect("wg0 update a psk none\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24 mark 3\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET)));
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24 mark 3\n"
		   "zebra: a is 1 on 7 up handshake-fresh 10.9.0.2 10.9.0.2/32\n");
}

/* What a key file that is not there would give is given when it is. */
static void test_no_secret(void **state)
{
	rig_zebra();
	rig_apply(RIG_WG0(", 'private-key-file': '/k'",
			  RIG_PEER_A(RIG_QUIET ", 'preshared-key-file': '/p'")));
	rig_pass(100);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: sync\n");
	rig_secret("/k", 'K');
	rig_pass(1000);
	rig_expect("@900\n"
		   "wg0 set key K\n");
}

/* A program that does not answer lives. */
static void test_silent(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_refuse("get wireguard", -ETIMEDOUT, 100000);
	rig_pass(5000);
	rig_expect("");
	rig_pass(1500);
	rig_expect("@1000\n"
		   "event {'error':'its WireGuard program does not answer',"
		   "'event':'interface-state','interface':'wg0','state':'ready'}\n");
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET ", 'allowed-ips': ['172.16.0.0/12']")));
	rig_pass(1000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32 "
		   "172.16.0.0/12\n");
	rig_refuse("get wireguard", 0, 0);
	rig_pass(1000);
	rig_expect("@10\n"
		   "wg0 + a 172.16.0.0/12\n"
		   "wg0 + a 172.16.0.0/12\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n");
}

/* Its silence ends with it: a new one has its time. */
static void test_silent_gone(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_refuse("get wireguard", -ETIMEDOUT, 100000);
	rig_pass(4000);
	rig_link_gone("wg0");
	rig_refuse("get wireguard", 0, 0);
	rig_pass(3000);
	rig_forget();
	rig_refuse("get wireguard", -ETIMEDOUT, 100000);
	rig_pass(4900);
	rig_expect("");
	rig_pass(1500);
	rig_expect("@110\n"
		   "event {'error':'its WireGuard program does not answer',"
		   "'event':'interface-state','interface':'wg0','state':'ready'}\n");
}

static void test_unread(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_refuse("get wireguard", -EIO, 3);
	rig_entry("wg0", 0, "10.9.0.2/32");
	rig_pass(2990);
	rig_expect("");
	rig_pass(1010);
	rig_expect("@1010\n"
		   "wg0 + a 10.9.0.2/32\n");
	/* A reload that cannot read it: what it lacks it gets with the next reading. */
	rig_refuse("get wireguard", -EIO, 1);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET ", 'persistent-keepalive': 9, 'allowed-ips': "
						   "['172.16.0.0/12']")));
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32 "
		   "172.16.0.0/12\n");
	rig_pass(1000);
	rig_expect("@10\n"
		   "wg0 + a 172.16.0.0/12\n"
		   "wg0 + a 172.16.0.0/12\n"
		   "wg0 update a keepalive 9\n");
}

/* Whoever refuses an entry is asked again. */
static void test_entry_refused(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_refuse("wg0 + a 192.168.1", -EIO, 3);
	rig_allowed(1, "+1 192.168.1.0/24 +2 192.168.2.0/24");
	rig_expect("wg0 + a 192.168.1.0/24 refused\n"
		   "zebra: ack 1 1 192.168.1.0/24 wireguard-error 2 192.168.2.0/24 "
		   "wireguard-error\n");
	rig_pass(2000);
	rig_expect("@1000\n"
		   "zebra: refused 1 192.168.1.0/24 none\n"
		   "zebra: refused 2 192.168.2.0/24 none\n");
	rig_allowed(2, "+1 192.168.1.0/24");
	rig_pass(10000);
	rig_expect("wg0 + a 192.168.1.0/24 refused\n"
		   "zebra: ack 2 1 192.168.1.0/24 wireguard-error\n"
		   "@2000\n"
		   "zebra: refused 1 192.168.1.0/24 none\n");
	/* One of the configuration. */
	rig_refuse("wg0 + a 172", -EIO, 2);
	rig_apply(RIG_WG0("", RIG_PEER_A(RIG_QUIET ", 'allowed-ips': ['172.16.0.0/12']")));
	rig_pass(20000);
	rig_expect("wg0 + a 172.16.0.0/12 refused\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32 "
		   "172.16.0.0/12\n"
		   "@4010\n"
		   "wg0 + a 172.16.0.0/12 refused\n"
		   "@12010\n"
		   "wg0 + a 172.16.0.0/12\n");
}

/* What became of a change is not known: the next reading says. */
static void test_entry_unknown(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_refuse("wg0 + a", -ETIMEDOUT, 1);
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_allowed(2, "+2 192.168.2.0/24");
	rig_expect("wg0 + a 192.168.1.0/24 refused\n"
		   "wg0 + b 192.168.2.0/24\n");
	rig_entry("wg0", 'a', "192.168.1.0/24");
	rig_pass(1000);
	rig_expect("@1000\n"
		   "zebra: ack 1\n"
		   "zebra: ack 2\n");
	rig_refuse("wg0 + a", -ETIMEDOUT, 1);
	rig_allowed(3, "+1 192.168.3.0/24");
	rig_pass(1000);
	rig_expect("wg0 + a 192.168.3.0/24 refused\n"
		   "@1000\n"
		   "wg0 + a 192.168.3.0/24\n"
		   "zebra: ack 3\n");
	rig_refuse("wg0 + a", -ETIMEDOUT, 1);
	rig_allowed(4, "+1 192.168.4.0/24");
	rig_refuse("wg0 + a", -EIO, 1);
	rig_pass(1000);
	rig_expect("wg0 + a 192.168.4.0/24 refused\n"
		   "@1000\n"
		   "wg0 + a 192.168.4.0/24 refused\n"
		   "zebra: ack 4 1 192.168.4.0/24 wireguard-error\n");
	rig_refuse("wg0 + a", -ETIMEDOUT, 1);
	rig_allowed(5, "+1 192.168.5.0/24");
	rig_link_gone("wg0");
	rig_pass(3000);
	rig_expect("wg0 + a 192.168.5.0/24 refused\n"
		   "@1000\n"
		   "wg0 close\n"
		   "event {'error':'the link was deleted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: ack 5 1 192.168.5.0/24 interface-gone\n"
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
		   "wg0 + a 192.168.1.0/24\n"
		   "wg0 + b 192.168.2.0/24\n"
		   "wg0 + a 192.168.3.0/24\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: refused 1 192.168.4.0/24 none\n"
		   "zebra: refused 1 192.168.5.0/24 none\n"
		   "zebra: wg0 is 8 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 8 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 8 never handshake-never 10.9.0.3 10.9.0.3/32\n");
}

/* The program goes on while the link is down: its peers are taken out, or packets would go in. */
static void test_withheld(void **state)
{
	rig.no_kernel = true;
	begin(RIG_WG0("", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_forget();
	rig_link("wg0")->info.admin_up = false;
	rig_refuse("wg0 remove b", -EIO, 1);
	devices_link_event("wg0", 1);
	rig_turn();
	rig_expect("zebra: wg0 is 7 down 10.9.0.1/24\n"
		   "wg0 remove a\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n"
		   "wg0 remove b refused\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'b',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: b is 2 on 7 down interface-down 10.9.0.3 10.9.0.3/32\n"
		   "wg0 remove b\n");
	rig_pass(1000);
	rig_expect("");
	rig_allowed(2, "+2 192.168.1.0/24 +1 192.168.2.0/24");
	rig_pass(2000);
	rig_tell("wg0");
	rig_expect("zebra: ack 2\n"
		   "@2000\n"
		   "wg0 has key - port 0 mark 0\n");
	rig_link("wg0")->info.admin_up = true;
	devices_link_event("wg0", 1);
	rig_turn();
	rig_tell("wg0");
	rig_expect("wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "wg0 + b 192.168.1.0/24\n"
		   "wg0 + a 192.168.2.0/24\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.2.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32 192.168.1.0/24\n");
}

/* Of an interface that was adopted only what is ours, and it is in the ledger no more. */
static void test_withheld_adopted(void **state)
{
	rig_link_add("wg0", "tun", "")->info.admin_up = true;
	rig_peer_add("wg0", 'f');
	rig.read_us = 100000; /* its entries are not compared all the time */
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_pass(6000);
	rig_forget();
	rig_mute("event");
	rig_link("wg0")->info.admin_up = false;
	rig_link_event("wg0", 1);
	rig_turn();
	rig_tell_file("ledger-wg0");
	rig_expect("zebra: wg0 is 7 down adopted 10.9.0.1/24\n"
		   "wg0 remove a\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n"
		   "wg0 remove b\n"
		   "zebra: b is 2 on 7 down interface-down 10.9.0.3 10.9.0.3/32\n"
		   "ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| + peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 10.9.0.3/32\n"
		   "| + address 10.9.0.1/24\n"
		   "| + entry 192.168.1.0/24\n"
		   "| - peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| - peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| - entry 10.9.0.2/32\n"
		   "| - entry 10.9.0.3/32\n"
		   "| - entry 192.168.1.0/24\n");
	rig_link("wg0")->info.admin_up = true;
	rig_link_event("wg0", 1);
	rig_turn();
	rig_tell("wg0");
	rig_tell_file("ledger-wg0");
	rig_expect("wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "zebra: wg0 is 7 up adopted 10.9.0.1/24\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has f keepalive 0 at -:\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32 192.168.1.0/24\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n"
		   "ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| + peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 10.9.0.3/32\n"
		   "| + address 10.9.0.1/24\n"
		   "| + entry 192.168.1.0/24\n"
		   "| - peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| - peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| - entry 10.9.0.2/32\n"
		   "| - entry 10.9.0.3/32\n"
		   "| - entry 192.168.1.0/24\n"
		   "| + peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 10.9.0.3/32\n"
		   "| + entry 192.168.1.0/24\n");
}

/* Down by configuration from the start. */
static void test_withheld_at_once(void **state)
{
	rig.no_kernel = true;
	rig_zebra();
	rig_apply(RIG_WG0(", 'admin': 'down'", BOTH));
	rig_pass(1000);
	rig_tell("wg0");
	rig_expect("start wireguard-go for wg0\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'starting'}\n"
		   "@20\n"
		   "wg0 open userspace\n"
		   "link wg0 alias wgbgp\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'interface-down','to':'down'}\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'b',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: wg0 is 7 down 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 down interface-down 10.9.0.3 10.9.0.3/32\n"
		   "zebra: sync\n"
		   "@1000\n"
		   "wg0 has key - port 0 mark 0\n");
	rig_apply(RIG_WG0("", BOTH));
	rig_pass(100);
	rig_tell("wg0");
	rig_expect("link wg0 up\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 down interface-down 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 down interface-down 10.9.0.3 10.9.0.3/32\n"
		   "@10\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "@100\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
}

/* Reading costs: a slow device is read less often. */
static void count_reads(uint64_t ms)
{
	unsigned before = rig.reads;

	rig_pass(ms);
	rig_note("%u readings", rig.reads - before);
}

static void test_cost(void **state)
{
	rig.read_us = 100000;
	begin(RIG_WG0("", BOTH));
	count_reads(60000);
	rig_expect("@60000\n"
		   "26 readings\n");
	/* Its entries are compared even less often. */
	rig_entry("wg0", 0, "10.9.0.2/32");
	rig_pass(10000);
	rig_expect("@4850\n"
		   "wg0 + a 10.9.0.2/32\n");
	/* Faster by now: that counts at once. Slow once: not all of it counts. */
	rig.read_us = 10;
	rig_pass(3000);
	count_reads(10000);
	rig.read_us = 800000;
	count_reads(1000);
	rig.read_us = 10;
	count_reads(20000);
	rig_expect("@13000\n"
		   "10 readings\n"
		   "@14800\n"
		   "1 readings\n"
		   "@34800\n"
		   "19 readings\n");
}

/* Where a reading takes long because the machine is busy it costs no more than ever. */
static void test_cost_busy(void **state)
{
	rig.read_us = 10000;
	rig.wait_us = 190000;
	begin(RIG_WG0("", BOTH));
	count_reads(60000);
	rig_expect("@60000\n"
		   "50 readings\n");
}

/* While entries change they are compared every ten seconds at most. */
static void test_busy(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig.busy = rig.threaded = true;
	rig_entry("wg0", 0, "10.9.0.2/32");
	rig_refuse("wg0 + a", -ETIMEDOUT, 1);
	rig_allowed(1, "+1 192.168.1.0/24");
	rig_pass(12000);
	rig_expect("wg0 + a 192.168.1.0/24 refused\n"
		   "@1000\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "zebra: ack 1\n");
}

/* Another key under the name of one that worked: down until it shows that it is the right one. */
static void test_rekeyed(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_handshake("wg0", 'a');
	rig_pass(1000);
	rig_forget();
	rig_apply(RIG_WG0(
		"", "{'name': 'a', 'public-key': '" RIG_KEY(
			    "Yw") "'" RIG_QUIET "}, "
				  "{'name': 'b', 'public-key': '" RIG_KEY("ZA") "'" RIG_QUIET "}"));
	devices_prune();
	rig_pass(2000);
	rig_expect("wg0 create c keepalive 0\n"
		   "wg0 create d keepalive 0\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 3 on 7 down handshake-never\n"
		   "zebra: b is 4 on 7 never handshake-never\n"
		   "zebra: no peer 1\n"
		   "zebra: no peer 2\n"
		   "wg0 remove a\n"
		   "wg0 remove b\n");
	rig_apply(RIG_WG0("", "{'name': 'a', 'public-key': '" RIG_KEY("ZQ") "'" RIG_QUIET "}"));
	devices_prune();
	rig_pass(2000);
	rig_expect("wg0 create e keepalive 0\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 5 on 7 down handshake-never\n"
		   "zebra: no peer 3\n"
		   "zebra: no peer 4\n"
		   "wg0 remove c\n"
		   "wg0 remove d\n");
	rig_handshake("wg0", 'e');
	rig_pass(1000);
	rig_expect("@10\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 5 on 7 up handshake-fresh\n");
}

/* Silence is a verdict when its time is up, not at the next poll. */
static void test_deadline(void **state)
{
	begin(RIG_WG0(
		", 'liveness': {'poll-interval': 1000}",
		RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'probe-timeout': 4000, "
			   "'probe-interval': 3000, 'up-hold': 0}")));
	rig_handshake("wg0", 'a');
	rig_pass(1000);
	rig_forget();
	rig_pass(10000);
	rig_expect("@3000\n"
		   "probe wg0 10.9.0.2\n"
		   "@3210\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'probe-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@6210\n"
		   "probe wg0 10.9.0.2\n"
		   "@9210\n"
		   "probe wg0 10.9.0.2\n");
	rig_peer("wg0", 'a')->info.rx_bytes += 500;
	rig_pass(4000);
	rig_expect("@210\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "probe wg0 10.9.0.2\n"
		   "@3210\n"
		   "probe wg0 10.9.0.2\n"
		   "@3420\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'probe-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

static enum tunnel_state state_of_first(void)
{
	return TAILQ_FIRST(&TAILQ_FIRST(&devices)->peers)->live.state;
}

/* The next wgd asks by itself before it takes the silence that it finds for a verdict. */
static void test_deadline_of_a_successor(void **state)
{
	static const char config[] = RIG_WG0(
		"", RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'poll-interval': 1000, "
			       "'probe-timeout': 4000, 'probe-interval': 3000}"));

	begin(config);
	rig_handshake("wg0", 'a');
	rig_pass(4000); /* a probe was sent */
	devices_close();
	rig_pass(10000);
	devices_open(rig.dir);
	rig_apply(config);
	rig_pass(250);
	assert_int_equal(state_of_first(), TUNNEL_UP);
	rig_pass(200);
	assert_int_equal(state_of_first(), TUNNEL_DOWN);
	rig_forget();
}

/* A device that takes long to read is read sooner for a verdict, if not at once. */
static void test_deadline_slow(void **state)
{
	rig.read_us = 250000;
	begin(RIG_WG0(
		", 'liveness': {'poll-interval': 1000}",
		RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'probe-timeout': 2000, "
			   "'probe-interval': 1000, 'up-hold': 0}")));
	rig_handshake("wg0", 'a');
	rig_pass(10000);
	rig_forget();
	rig_alive("wg0", 'a');
	rig_mute("echo");
	rig_mute("probe");
	rig_pass(15000);
	rig_expect("@5170\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "@7470\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'probe-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* Where the graveyard would take an entry of somebody else with it the device is read before. */
static void test_removals_confirmed(void **state)
{
	char set[64], move[64], unset[64];

	for (unsigned i = 0; i < 4; i++) {
		unsigned a = 1 + 2 * i; /* numbers are not given again */
		bool adopted = i & 1;

		rig.has_graveyard = i & 2;
		if (adopted)
			rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
		begin(adopted ? RIG_WG0(", 'adopt': true", BOTH) : RIG_WG0("", BOTH));
		snprintf(set, sizeof(set), "+%u 192.168.1.0/24 +%u 192.168.2.0/24", a, a);
		snprintf(move, sizeof(move), "+%u 192.168.1.0/24", a + 1);
		snprintf(unset, sizeof(unset), "-%u 192.168.2.0/24", a);
		rig_allowed(1, set);
		rig.reads = 0;
		rig_allowed(2, move);
		assert_int_equal(rig.reads, 0);
		rig_allowed(3, unset);
		rig_expect("wg0 + a 192.168.1.0/24\n"
			   "wg0 + a 192.168.2.0/24\n"
			   "zebra: ack 1\n"
			   "wg0 + b 192.168.1.0/24\n"
			   "zebra: ack 2\n"
			   "wg0 - a 192.168.2.0/24\n"
			   "zebra: ack 3\n");
		assert_int_equal(rig.reads, i == 3);
		rig_close(state);
		rig_open(state);
	}
}

/* Where a reading takes long the loop does not wait for it: a removal goes with the next poll,
 * which reads beside the loop. */
static void test_removals_wait(void **state)
{
	const struct device *dev;
	unsigned reads;

	rig.has_graveyard = true;
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig.read_us = 400 * 1000;
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +1 192.168.3.0/24 +1 192.168.4.0/24");
	rig_pass(20000);
	rig_forget();
	dev = TAILQ_FIRST(&devices);
	while (dev->read.looking)
		rig_pass(10);
	reads = rig.reads;
	rig_allowed(2, "-1 192.168.1.0/24 -1 192.168.2.0/24 -1 192.168.3.0/24 -1 192.168.4.0/24");
	rig_allowed(3, "+2 192.168.3.0/24");
	rig_entry("wg0", 'b', "192.168.2.0/24"); /* somebody moves it to his peer, so it is his */
	rig_entry("wg0", 0, "192.168.4.0/24");
	rig_expect("zebra: ack 2\n"
		   "wg0 + b 192.168.3.0/24\n"
		   "zebra: ack 3\n");
	assert_int_equal(rig.reads, reads);
	while (dev->allowed.going.count)
		rig_pass(10);
	rig_expect("@6310\n"
		   "wg0 - a 192.168.1.0/24\n");
	rig_pass(2000);
	rig_tell("wg0");
	rig_tell_file("ledger-wg0");
	rig_expect("@2000\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32 192.168.2.0/24 192.168.3.0/24\n"
		   "ledger-wg0:\n"
		   "| wgbgp-ledger 1 7\n"
		   "| + peer YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + peer YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		   "| + entry 10.9.0.2/32\n"
		   "| + entry 10.9.0.3/32\n"
		   "| + address 10.9.0.1/24\n"
		   "| + entry 192.168.1.0/24\n"
		   "| + entry 192.168.2.0/24\n"
		   "| + entry 192.168.3.0/24\n"
		   "| + entry 192.168.4.0/24\n"
		   "| - entry 192.168.2.0/24\n"
		   "| - entry 192.168.4.0/24\n"
		   "| - entry 192.168.1.0/24\n");
}

/* Very many of them go in parts, one with each reading; what is given meanwhile goes before. */
static void test_removals_in_parts(void **state)
{
	struct device *dev;

	rig.has_graveyard = true;
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig.read_us = 400 * 1000;
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +1 192.168.3.0/24");
	rig_pass(20000);
	rig_forget();
	dev = TAILQ_FIRST(&devices);
	dev->allowed.going_most = 2;
	rig_allowed(2, "-1 192.168.1.0/24 -1 192.168.2.0/24 -1 192.168.3.0/24");
	rig_expect("zebra: ack 2\n");
	while (dev->allowed.going.count == 3)
		rig_pass(10);
	assert_int_equal(dev->allowed.going.count, 1);
	rig_expect("@6310\n"
		   "wg0 - a 192.168.1.0/24\n"
		   "wg0 - a 192.168.2.0/24\n");
	rig_allowed(3, "+2 192.168.0.0/16");
	rig_expect("wg0 + b 192.168.3.0/24\n"
		   "wg0 + b 192.168.0.0/16\n"
		   "zebra: ack 3\n");
	while (dev->allowed.going.count)
		rig_pass(10);
	rig_expect("@8480\n"
		   "wg0 - b 192.168.3.0/24\n");
}

/* What waits for its removal draws no packets of what covers it by then to another peer. */
static void test_covered_while_waiting(void **state)
{
	rig.has_graveyard = true;
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig.read_us = 400 * 1000;
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +1 192.168.3.0/24");
	rig_pass(20000);
	rig_forget();
	rig_allowed(2, "-1 192.168.1.0/24");
	rig_allowed(3, "+2 192.168.0.0/23 +2 192.168.0.0/16");
	rig_allowed(4, "-1 192.168.2.0/24 +1 192.168.2.0/23");
	rig_allowed(5, "+2 192.168.2.0/23 -1 192.168.3.0/24");
	rig_expect("zebra: ack 2\n"
		   "wg0 + b 192.168.1.0/24\n"
		   "wg0 + b 192.168.0.0/23\n"
		   "wg0 + b 192.168.0.0/16\n"
		   "zebra: ack 3\n"
		   "wg0 + a 192.168.2.0/23\n"
		   "zebra: ack 4\n"
		   "wg0 + b 192.168.2.0/24\n"
		   "wg0 + b 192.168.2.0/23\n"
		   "wg0 + b 192.168.3.0/24\n"
		   "zebra: ack 5\n");
	rig_pass(20000);
	rig_tell("wg0");
	rig_expect("@6310\n"
		   "wg0 - b 192.168.1.0/24\n"
		   "wg0 - b 192.168.2.0/24\n"
		   "wg0 - b 192.168.3.0/24\n"
		   "@20000\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32 192.168.0.0/16 192.168.0.0/23 "
		   "192.168.2.0/23\n");
}

/* What a batch gives and takes back is not there in the end. */
static void test_given_and_taken(void **state)
{
	rig.has_graveyard = true;
	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	begin(RIG_WG0(", 'adopt': true", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24 -1 192.168.1.0/24 +1 192.168.2.0/24 +2 192.168.2.0/24 "
		       "-2 192.168.2.0/24");
	rig_tell("wg0");
	rig_expect("wg0 + a 192.168.1.0/24\n"
		   "wg0 - a 192.168.1.0/24\n"
		   "wg0 + a 192.168.2.0/24\n"
		   "wg0 + b 192.168.2.0/24\n"
		   "wg0 - b 192.168.2.0/24\n"
		   "zebra: ack 1\n"
		   "wg0 has key - port 0 mark 0\n"
		   "wg0 has a keepalive 0 at -: 10.9.0.2/32\n"
		   "wg0 has b keepalive 0 at -: 10.9.0.3/32\n");
}

/* A verdict that is due while the device cannot be read is not forgotten: it comes with the first
 * reading. */
static void test_deadline_unread(void **state)
{
	begin(RIG_WG0(
		", 'liveness': {'poll-interval': 1000}",
		RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], 'liveness': {'probe-timeout': 4000, "
			   "'probe-interval': 3000, 'up-hold': 0}")));
	rig_handshake("wg0", 'a');
	rig_pass(1000);
	rig_forget();
	rig_pass(3100);
	rig_refuse("get wireguard", -EIO, 100000);
	rig.reads = 0;
	for (int i = 0; i < 200; i++)
		rig_pass(1);
	assert_int_equal(rig.reads, 10); /* from the deadline on */
	rig_refuse("get wireguard", 0, 0);
	rig_pass(10);
	rig_expect("@3000\n"
		   "probe wg0 10.9.0.2\n"
		   "@3310\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'probe-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* At most a fiftieth of the time goes into comparing entries. */
static void test_cost_of_entries(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig.read_us = 1000000;
	rig_forget();
	rig_pass(1000); /* the last poll of this cost */
	rig.read_us = 0;
	rig_entry("wg0", 0, "10.9.0.2/32");
	rig_pass(70000);
	rig_expect("@51020\n"
		   "wg0 + a 10.9.0.2/32\n");
}

/* What an operator reads of what was otherwise on the device, and only of that. */
static void test_drift_log(void **state)
{
	begin(RIG_WG0("", BOTH));
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +2 192.168.3.0/24");
	rig_pass(1000);
	rig_log(LOG_LEVEL_WARN);
	rig_forget();
	rig_entry("wg0", 0, "192.168.1.0/24");
	rig_entry("wg0", 'b', "192.168.2.0/24");
	rig_entry("wg0", 'a', "10.0.0.0/8");
	rig_pass(2000);
	rig_expect("@1000\n"
		   "log warning: drift-repaired interface=wg0 what=allowed-ips missing=1 "
		   "moved=1 extra=1 first=10.0.0.0/8\n"
		   "wg0 - a 10.0.0.0/8\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "wg0 + a 192.168.2.0/24\n");
	rig_peer_gone("wg0", 'a');
	rig_peer_add("wg0", 's');
	rig_pass(3000);
	rig_expect("@1000\n"
		   "log warning: drift-repaired interface=wg0 what=unknown-peer "
		   "public-key=\"cwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n"
		   "wg0 remove s\n"
		   "log warning: tunnel-state peer=a interface=wg0 from=never to=down "
		   "reason=peer-gone\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'peer-gone','to':'down'}\n"
		   "zebra: a is 1 on 7 down peer-gone 10.9.0.2 10.9.0.2/32\n"
		   "wg0 create a keepalive 0\n"
		   "log warning: drift-repaired peer=a interface=wg0 what=peer\n"
		   "log warning: drift-repaired interface=wg0 what=allowed-ips missing=3 "
		   "moved=0 extra=0 first=10.9.0.2/32\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "wg0 + a 192.168.2.0/24\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + a 192.168.1.0/24\n"
		   "wg0 + a 192.168.2.0/24\n"
		   "@2000\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n");
	/* What became of a change was not known: no drift. */
	rig_pass(20000);
	rig_refuse("wg0 + a", -ETIMEDOUT, 1);
	rig_allowed(2, "+1 192.168.9.0/24");
	rig_pass(1000);
	rig_expect("@20000\n"
		   "wg0 + a 192.168.9.0/24 refused\n"
		   "@21000\n"
		   "wg0 + a 192.168.9.0/24\n"
		   "zebra: ack 2\n");
	/* Nor is what was not looked at. */
	rig.read_us = 100000;
	rig_pass(10000);
	rig_expect("");
}

/* What is said of peers that are withheld, and how many. */
static void test_withheld_log(void **state)
{
	rig.no_kernel = true;
	begin(RIG_WG0("", BOTH));
	rig_mute("event");
	rig_mute("zebra");
	rig_log(LOG_LEVEL_INFO);
	rig_link("wg0")->info.admin_up = false;
	rig_refuse("wg0 remove b", -EIO, 2);
	devices_link_event("wg0", 1);
	rig_turn();
	rig_expect("log warning: link-state interface=wg0 state=down\n"
		   "wg0 remove a\n"
		   "log warning: tunnel-state peer=a interface=wg0 from=never to=down "
		   "reason=interface-down\n"
		   "wg0 remove b refused\n"
		   "log info: peers-withheld interface=wg0 peers=1\n"
		   "log warning: tunnel-state peer=b interface=wg0 from=never to=down "
		   "reason=interface-down\n"
		   "wg0 remove b refused\n");
	rig_pass(3000);
	rig_expect("@1000\n"
		   "wg0 remove b\n"
		   "@2000\n"
		   "log info: peers-withheld interface=wg0 peers=1\n");
	rig_link("wg0")->info.admin_up = true;
	rig_refuse("wg0 create b", -EIO, 1);
	devices_link_event("wg0", 1);
	rig_pass(3000);
	rig_expect("@10\n"
		   "log info: link-state interface=wg0 state=up\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 create b keepalive 0 refused\n"
		   "log error: peer-refused peer=b interface=wg0 error=\"Input/output error\"\n"
		   "log info: peers-back interface=wg0 peers=1\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "log info: tunnel-state peer=a interface=wg0 from=down to=never "
		   "reason=handshake-never\n"
		   "wg0 create b keepalive 0\n"
		   "log warning: drift-repaired peer=b interface=wg0 what=peer\n"
		   "log warning: drift-repaired interface=wg0 what=allowed-ips missing=1 "
		   "moved=0 extra=0 first=10.9.0.3/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "@1010\n"
		   "log info: tunnel-state peer=b interface=wg0 from=down to=never "
		   "reason=handshake-never\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_entries_drift),
		RIG_CHECK(test_peers_drift),
		RIG_CHECK(test_moved_while_read),
		RIG_CHECK(test_values_drift),
		RIG_CHECK(test_no_secret),
		RIG_CHECK(test_silent),
		RIG_CHECK(test_silent_gone),
		RIG_CHECK(test_unread),
		RIG_CHECK(test_entry_refused),
		RIG_CHECK(test_entry_unknown),
		RIG_CHECK(test_withheld),
		RIG_CHECK(test_withheld_adopted),
		RIG_CHECK(test_withheld_at_once),
		RIG_CHECK(test_cost),
		RIG_CHECK(test_cost_busy),
		RIG_CHECK(test_deadline_slow),
		RIG_CHECK(test_busy),
		RIG_CHECK(test_rekeyed),
		RIG_CHECK(test_deadline),
		RIG_CHECK(test_deadline_of_a_successor),
		RIG_CHECK(test_removals_confirmed),
		RIG_CHECK(test_removals_wait),
		RIG_CHECK(test_removals_in_parts),
		RIG_CHECK(test_covered_while_waiting),
		RIG_CHECK(test_given_and_taken),
		RIG_CHECK(test_deadline_unread),
		RIG_CHECK(test_cost_of_entries),
		RIG_CHECK(test_drift_log),
		RIG_CHECK(test_withheld_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
