/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AllowedIPs on real WireGuard, in a network namespace of its own: random batches of SETs and
 * UNSETs through allowedips and the back-end, and after each of them the device must hold what a
 * plain array says. With the userspace program, and with the kernel's where there is one. Needs
 * root; skipped otherwise. The seed is printed; WGBGP_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "allowedips.h"
#include "link.h"
#include "loop.h"
#include "testing.h"
#include "userspace.h"
#include "util.h"

#define IFNAME "wgbgptest0"
#define OWNERS 5
#define PREFIXES 400
#define BATCHES 250
#define BATCH 80
#define EXIT_SKIP 77

static struct owner owners[OWNERS];
static struct prefix prefixes[PREFIXES];
static int truth[PREFIXES]; /* owner, -1: nobody */
static unsigned seed;
static char dir[] = "/tmp/wgbgp-live-XXXXXX";

static unsigned rnd(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static int index_of(const struct prefix *p)
{
	for (int i = 0; i < PREFIXES; i++)
		if (prefix_eq(&prefixes[i], p))
			return i;
	return -1;
}

static void setup_run(struct allowedips *a, struct wg *wg)
{
	allowedips_init(a, false, NULL, NULL);
	memset(owners, 0, sizeof(owners));
	for (int i = 0; i < OWNERS; i++) {
		owners[i].id = i + 1;
		randombytes_buf(owners[i].key, WG_KEY_BYTES);
		assert_int_equal(wg_set_peer(wg, &(struct wg_peer_set){.key = owners[i].key,
								       .create = true}),
				 0);
	}
	memset(prefixes, 0, sizeof(prefixes));
	for (int n = 0; n < PREFIXES;) {
		uint8_t b[16] = {rnd(2) ? 10 : 100, rnd(4) << 6, rnd(16) << 4, rnd(4) << 6};
		bool six = rnd(3) == 0;
		struct prefix p = prefix_make(six ? AF_INET6 : AF_INET, b, rnd(33));

		if (index_of(&p) < 0) {
			truth[n] = -1;
			prefixes[n++] = p;
		}
	}
}

static void random_batch(struct allowedips *a)
{
	for (int n = rnd(BATCH); n >= 0; n--) {
		int owner = rnd(OWNERS), i = rnd(PREFIXES);

		if (rnd(5) < 3) {
			assert_int_equal(allowedips_set(a, &owners[owner], &prefixes[i]),
					 REASON_NONE);
			truth[i] = owner;
			continue;
		}
		if (rnd(4) && truth[i] >= 0)
			owner = truth[i];
		allowedips_unset(a, &owners[owner], &prefixes[i]);
		if (truth[i] == owner)
			truth[i] = -1;
	}
}

static void check_device(struct wg *wg)
{
	struct wg_dump dump;
	size_t want = 0;

	for (int i = 0; i < PREFIXES; i++)
		want += truth[i] >= 0;
	assert_int_equal(wg_get(wg, true, &dump), 0);
	assert_int_equal(dump.n_peers, OWNERS);
	assert_int_equal(dump.n_entries, want);
	for (size_t i = 0; i < dump.n_entries; i++) {
		int at = index_of(&dump.entries[i].prefix);

		assert_true(at >= 0 && truth[at] >= 0);
		assert_memory_equal(dump.peers[dump.entries[i].peer].key, owners[truth[at]].key,
				    WG_KEY_BYTES);
	}
	wg_dump_free(&dump);
}

/* A batch of many messages: entries of one peer, all moved to another, all removed. */
static void large_batch(struct allowedips *a, struct wg *wg)
{
	struct wg_dump dump;

	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 9000; i++) {
			uint8_t b[4] = {172, 16 + i / 4096, i / 16 % 256, i % 16 << 4};
			struct prefix p = prefix_make(AF_INET, b, 28);

			if (round < 2)
				allowedips_set(a, &owners[round], &p);
			else
				allowedips_unset(a, &owners[1], &p);
		}
		assert_int_equal(wg_change(wg, a->queue, a->n_queue), 0);
		allowedips_applied(a);
		assert_int_equal(wg_get(wg, true, &dump), 0);
		assert_int_equal(dump.n_entries, round < 2 ? 9000 : 0);
		for (size_t i = 0; i < dump.n_entries; i++)
			assert_memory_equal(dump.peers[dump.entries[i].peer].key, owners[round].key,
					    WG_KEY_BYTES);
		wg_dump_free(&dump);
	}
}

static void device_values(struct wg *wg)
{
	uint8_t key[WG_KEY_BYTES], public_key[WG_KEY_BYTES], psk[WG_KEY_BYTES] = {7};
	struct wg_device_set set = {.private_key = key,
				    .set_port = true,
				    .listen_port = 40123,
				    .set_fwmark = true,
				    .fwmark = 99};
	struct wg_peer_set peer = {
		.key = owners[0].key, .psk = psk, .set_keepalive = true, .keepalive = 21};
	struct wg_peer_set ghost = {.key = psk, .set_keepalive = true, .keepalive = 1};
	struct wg_dump dump;
	bool found = false;

	randombytes_buf(key, sizeof(key));
	crypto_scalarmult_base(public_key, key);
	assert_int_equal(endpoint_parse("[2001:db8::7]:777", &peer.endpoint), 0);
	assert_int_equal(wg_set_device(wg, &set), 0);
	assert_int_equal(wg_set_peer(wg, &peer), 0);
	assert_int_equal(wg_set_peer(wg, &ghost), 0); /* not there: not made */
	assert_int_equal(wg_get(wg, false, &dump), 0);
	assert_memory_equal(dump.public_key, public_key, WG_KEY_BYTES);
	assert_int_equal(dump.listen_port, 40123);
	assert_int_equal(dump.fwmark, 99);
	assert_int_equal(dump.n_peers, OWNERS);
	for (size_t i = 0; i < dump.n_peers; i++) {
		if (memcmp(dump.peers[i].key, owners[0].key, WG_KEY_BYTES) != 0)
			continue;
		found = true;
		assert_true(dump.peers[i].has_psk);
		assert_int_equal(dump.peers[i].keepalive, 21);
		assert_memory_equal(&dump.peers[i].endpoint, &peer.endpoint, sizeof(peer.endpoint));
	}
	assert_true(found);
	wg_dump_free(&dump);
	assert_int_equal(wg_remove_peer(wg, owners[1].key), 0);
	assert_int_equal(wg_remove_peer(wg, owners[1].key), 0); /* it is gone: fine */
	assert_int_equal(wg_get(wg, false, &dump), 0);
	assert_int_equal(dump.n_peers, OWNERS - 1);
	wg_dump_free(&dump);
	peer = (struct wg_peer_set){.key = owners[1].key, .create = true};
	assert_int_equal(wg_set_peer(wg, &peer), 0);
}

static void run(struct wg *wg)
{
	struct allowedips a;

	setup_run(&a, wg);
	device_values(wg);
	large_batch(&a, wg);
	for (int i = 0; i < BATCHES; i++) {
		random_batch(&a);
		assert_int_equal(wg_change(wg, a.queue, a.n_queue), 0);
		allowedips_applied(&a);
		check_device(wg);
	}
	allowedips_free(&a);
	wg_close(wg);
}

static void delete_interface(void)
{
	struct link_info info;

	assert_int_equal(link_get(IFNAME, &info), 0);
	assert_int_equal(link_delete(info.ifindex), 0);
}

static void kernel(void **state)
{
	struct wg *wg;

	if (!wg_kernel_present())
		skip();
	assert_int_equal(link_create(IFNAME), 0);
	assert_int_equal(wg_kernel_open(IFNAME, &wg), 0);
	run(wg);
	delete_interface();
}

static void userspace(void **state)
{
	uint64_t until = now_ms() + test_patience_ms();
	struct wg *wg;
	int err;

	if (!userspace_present("wireguard-go") || access("/dev/net/tun", R_OK | W_OK) < 0)
		skip();
	assert_int_equal(userspace_start("wireguard-go", dir, IFNAME), 0);
	while ((err = wg_userspace_open(IFNAME, &wg)) == -ENODEV && now_ms() < until)
		usleep(10000); /* the condition is asked for again: no event tells of the socket */
	assert_int_equal(err, 0);
	run(wg);
	delete_interface();
	userspace_stop("wireguard-go", dir, IFNAME);
}

static void no_program(void **state)
{
	assert_int_equal(userspace_start("/nonexistent/wireguard", dir, "wgbgptest1"), -ENOENT);
	userspace_stop("/nonexistent/wireguard", dir, "wgbgptest1");
	assert_false(userspace_present("/nonexistent/wireguard"));
	assert_false(userspace_present("no-such-program-at-all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_program),
		cmocka_unit_test(userspace),
		cmocka_unit_test(kernel),
	};
	int failed;

	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return EXIT_SKIP;
	mkdir("/run/wireguard", 0755);
	if (mount("none", "/run/wireguard", "tmpfs", 0, NULL) < 0 || !mkdtemp(dir) ||
	    sodium_init() < 0)
		return EXIT_SKIP;
	seed = test_seed();
	link_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	link_close();
	rmdir(dir);
	return failed;
}
