/* SPDX-License-Identifier: BSD-2-Clause */
/* What an earlier wgd left of interfaces that nobody configures any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define OTHER RIG_CONF(RIG_IF("wg9", "", ""))

/* wg5 was somebody's, and used by us; then wgd ended. */
static void begin(const char *kind)
{
	struct rig_link *l = rig_link_add("wg5", kind, "");

	l->info.admin_up = true;
	rig_peer_add("wg5", 'f');
	rig_peer_add("wg5", 'g');
	rig_entry("wg5", 'f', "10.8.0.0/16");
	rig_zebra();
	rig_apply(
		RIG_CONF(RIG_IF("wg5", ", 'adopt': true, 'address': ['10.9.0.1/24', 'fd00::1/64']",
				RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET))));
	rig_allowed(1, "+1 192.168.1.0/24 +1 192.168.2.0/24 +2 192.168.3.0/24");
	devices_close();
	assert_int_equal(addr_parse("10.7.7.7", &l->addrs[l->n_addrs].addr), 0);
	l->addrs[l->n_addrs++].len = 24;
	rig_entry("wg5", 'g', "192.168.2.0/24"); /* somebody moved it */
	rig_entry("wg5", 0, "192.168.3.0/24");
	devices_open(rig.dir);
	rig_mute("zebra");
	rig_apply(OTHER);
	rig_forget();
}

static void is_taken_back(const char *kind)
{
	const struct rig_link *l;

	begin(kind);
	devices_prune();
	l = rig_link("wg5");
	assert_int_equal(l->n_addrs, 1);
	assert_int_equal(l->n_peers, 2);
	assert_int_equal(l->n_entries, 1);
	rig_forget();
	rig_tell("wg5");
	rig_tell_file("ledger-wg5");
	devices_prune();
}

static void test_kernel(void **state)
{
	is_taken_back("wireguard");
	rig_expect("wg5 has key - port 0 mark 0\n"
		   "wg5 has f keepalive 0 at -: 10.8.0.0/16\n"
		   "wg5 has g keepalive 0 at -:\n"
		   "ledger-wg5 is not there\n");
}

static void test_userspace(void **state)
{
	is_taken_back("tun");
	rig_expect("wg5 has key - port 0 mark 0\n"
		   "wg5 has f keepalive 0 at -: 10.8.0.0/16\n"
		   "wg5 has g keepalive 0 at -:\n"
		   "ledger-wg5 is not there\n");
}

/* It cannot be opened, or read: its ledger stays, and the next one looks again. */
static void test_unopened(void **state)
{
	begin("wireguard");
	rig_refuse("wg5 open", -EPERM, 1);
	devices_prune();
	rig_tell("wg5");
	devices_prune();
	rig_expect("wg5 open kernel refused\n"
		   "wg5 has key - port 0 mark 0\n"
		   "wg5 has f keepalive 0 at -: 10.8.0.0/16\n"
		   "wg5 has g keepalive 0 at -: 192.168.2.0/24\n"
		   "wg5 has a keepalive 0 at -: 10.9.0.2/32 192.168.1.0/24\n"
		   "wg5 has b keepalive 0 at -: 10.9.0.3/32\n"
		   "wg5 open kernel\n"
		   "wg5 - g 192.168.2.0/24\n"
		   "wg5 - a 10.9.0.2/32\n"
		   "wg5 - a 192.168.1.0/24\n"
		   "wg5 - b 10.9.0.3/32\n"
		   "wg5 remove a\n"
		   "wg5 remove b\n"
		   "link wg5 delete fd00::1/64\n"
		   "link wg5 delete 10.9.0.1/24\n"
		   "wg5 close\n");
}

static void test_unread(void **state)
{
	begin("wireguard");
	rig_refuse("get wireguard wg5", -EIO, 1);
	devices_prune();
	rig_expect("wg5 open kernel\n"
		   "wg5 close\n");
	rig_refuse("get link wg5", -EIO, 1);
	devices_prune();
	rig_expect("");
	devices_prune();
	rig_mute("wg5");
	rig_mute("link wg5");
	rig_tell_file("ledger-wg5");
	rig_expect("wg5 open kernel\n"
		   "wg5 - g 192.168.2.0/24\n"
		   "wg5 - a 10.9.0.2/32\n"
		   "wg5 - a 192.168.1.0/24\n"
		   "wg5 - b 10.9.0.3/32\n"
		   "wg5 remove a\n"
		   "wg5 remove b\n"
		   "link wg5 delete fd00::1/64\n"
		   "link wg5 delete 10.9.0.1/24\n"
		   "wg5 close\n"
		   "ledger-wg5 is not there\n");
}

/* What an operator reads of it. */
static void test_log(void **state)
{
	begin("wireguard");
	rig_log(LOG_LEVEL_INFO);
	rig_mute("wg5");
	rig_mute("link wg5");
	rig_refuse("get wireguard", -EIO, 1);
	devices_prune();
	devices_prune();
	rig_expect("log warning: interface-not-released interface=wg5 error=\"Input/output "
		   "error\"\n"
		   "log info: interface-released interface=wg5 why=\"no longer configured\"\n");
}

/* The interface is gone, or another one has its name. */
static void test_gone(void **state)
{
	begin("wireguard");
	rig_link_gone("wg5");
	devices_prune();
	rig_tell_file("ledger-wg5");
	rig_expect("ledger-wg5 is not there\n");
}

static void test_another(void **state)
{
	begin("wireguard");
	rig_link_gone("wg5");
	rig_link_add("wg5", "wireguard", "");
	rig_peer_add("wg5", 'a');
	rig_entry("wg5", 'a', "192.168.1.0/24");
	devices_prune();
	rig_tell("wg5");
	rig_tell_file("ledger-wg5");
	rig_expect("wg5 has key - port 0 mark 0\n"
		   "wg5 has a keepalive 0 at -: 192.168.1.0/24\n"
		   "ledger-wg5 is not there\n");
}

static void put_file(const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", rig.dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("wgbgp-ledger 1 7\n", f);
	fclose(f);
}

/* Only a ledger is one. */
static void test_other_files(void **state)
{
	rig_link_add("wg5", "wireguard", "");
	rig_link_add("wg6", "wireguard", "");
	put_file("ledger-wg5.new");
	put_file("ledge-wg5");
	put_file("ledger-a-name-that-is-too-long");
	put_file("xledger-wg6");
	assert_string_equal(rig_check("{'wireguard': {}}"), "");
	rig_apply(OTHER);
	rig_forget();
	devices_prune();
	rig_tell_file("ledger-wg5.new");
	rig_expect("ledger-wg5.new:\n"
		   "| wgbgp-ledger 1 7\n");
}

static void test_empty_file(void **state)
{
	rig_link_add("wg5", "wireguard", "");
	put_file("ledger-wg5");
	put_file("ledger-wg7");
	assert_string_equal(
		rig_check("{'wireguard': {}}"),
		"the configuration has no WireGuard interface, and wg5 runs: all tunnels would go; "
		"if that is meant delete it first");
	/* Its owner is configured: it stays. */
	rig_mute("event");
	rig_apply(RIG_CONF(RIG_IF("wg5", ", 'adopt': true", "")));
	devices_prune();
	rig_tell_file("ledger-wg5");
	rig_tell_file("ledger-wg7");
	rig_expect("wg5 open kernel\n"
		   "link wg5 up\n"
		   "ledger-wg5:\n"
		   "| wgbgp-ledger 1 7\n"
		   "ledger-wg7 is not there\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_kernel),	     RIG_CHECK(test_userspace),	 RIG_CHECK(test_unopened),
		RIG_CHECK(test_unread),	     RIG_CHECK(test_log), RIG_CHECK(test_gone),	 RIG_CHECK(test_another),
		RIG_CHECK(test_other_files), RIG_CHECK(test_empty_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
