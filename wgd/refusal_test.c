/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every writer of wgd against every refusal: what the kernel or WireGuard refuses is tried again,
 * at most RETRY_MINUTE times in a minute, and once it is taken it is there. The interface, its
 * WireGuard and the clock are the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_apply.h"
#include "devices.h"
#include "link.h"
#include "log.h"
#include "loop_fake.h"
#include "roster.h"
#include "util.h"
#include "wg_mock.h"

enum { STEP_MS = 100, MINUTE_MS = 60000 };
enum writer { ADDRESS, MTU, DEVICE, PEER, STRANGER, ENTRY, WRITERS };

static const char *const names[WRITERS] = {"address", "MTU",	     "device",
					   "peer",    "strange peer", "AllowedIPs entry"};
static const int errors[] = {-EEXIST,  -EINVAL, -ENETDOWN, -EACCES, -EPERM, -ENOSPC,
			     -ENOBUFS, -ENOMEM, -EIO,	   -EOPNOTSUPP};

static enum writer subject;
static int refusal; /* 0: all is taken */
static unsigned refused, taken;
static uint32_t mtu;
static uint16_t port;
static struct mock *mock;
static const uint8_t key[WG_KEY_BYTES] = {1}, strange[WG_KEY_BYTES] = {2};

static int judge(enum writer w)
{
	if (w != subject)
		return 0;
	refused += refusal != 0;
	taken += refusal == 0;
	return refusal;
}

/* --- the interface: in the place of link.c --- */

void link_open(void)
{
}

void link_close(void)
{
}

int link_get(const char *ifname, struct link_info *out)
{
	*out = (struct link_info){
		.ifindex = 7, .kind = "wireguard", .alias = LINK_ALIAS, .mtu = mtu};
	return 0;
}

int link_each_ours(void (*fn)(void *arg, const char *ifname, int ifindex), void *arg)
{
	return 0;
}

int link_create(const char *ifname)
{
	return -EOPNOTSUPP;
}

int link_delete(int ifindex)
{
	return 0;
}

int link_set_alias(int ifindex, const char *alias)
{
	return 0;
}

int link_set_mtu(int ifindex, uint32_t to)
{
	int err = judge(MTU);

	mtu = err == 0 ? to : mtu;
	return err;
}

int link_set_up(int ifindex, bool up)
{
	return 0;
}

int link_addrs(int ifindex, struct tunnel_addr **out, size_t *n)
{
	*out = NULL;
	*n = 0;
	if (!taken)
		return 0;
	*out = xcalloc(1, sizeof(**out));
	(*out)->len = 24;
	*n = 1;
	return addr_parse("10.9.0.1", &(*out)->addr);
}

int link_add_addr(int ifindex, const struct tunnel_addr *a)
{
	return judge(ADDRESS);
}

int link_delete_addr(int ifindex, const struct tunnel_addr *a)
{
	return 0;
}

void link_watch(link_event_fn fn, void *arg)
{
}

/* --- WireGuard: the mock behind a door --- */

static const struct wg_backend *inner;

static int on_get(struct wg *wg, struct wg_dump *dump)
{
	int err = inner->get(wg, dump);

	dump->listen_port = port;
	return err;
}

static int on_set_device(struct wg *wg, const struct wg_device_set *set)
{
	int err = judge(DEVICE);

	port = err == 0 && set->set_port ? set->listen_port : port;
	return err;
}

static int on_set_peer(struct wg *wg, const struct wg_peer_set *set)
{
	int err = judge(PEER);

	return err ? err : inner->set_peer(wg, set);
}

static int on_remove_peer(struct wg *wg, const uint8_t *which)
{
	int err = judge(STRANGER);

	return err ? err : inner->remove_peer(wg, which);
}

static int on_change(struct wg *wg, const struct wg_change *changes, size_t n, struct wr *request)
{
	int err = judge(ENTRY);

	return err ? err : inner->change(wg, changes, n, request);
}

static void on_close(struct wg *wg)
{
	inner->close(wg);
	mock = NULL;
}

static const struct wg_backend door = {.name = "door",
				       .get = on_get,
				       .set_device = on_set_device,
				       .set_peer = on_set_peer,
				       .remove_peer = on_remove_peer,
				       .change = on_change,
				       .close = on_close};

int wg_kernel_open(const char *ifname, struct wg **out)
{
	mock = mock_new(ifname, true);
	inner = mock->wg.backend;
	mock->wg.backend = &door;
	*out = &mock->wg;
	return 0;
}

bool wg_kernel_present(void)
{
	return true;
}

/* --- the configuration --- */

static struct wgconf *config(void)
{
	struct wgconf *c = xcalloc(1, sizeof(*c));
	struct if_conf *f = c->ifs = xcalloc(1, sizeof(*f));
	struct peer_conf *p = f->peers = xcalloc(1, sizeof(*p));

	c->program = xstrdup("none");
	c->n_ifs = 1;
	str_copy(f->name, "wg0", sizeof(f->name));
	f->backend = BACKEND_KERNEL;
	f->admin = INTERFACE_ADMIN_EXTERNAL;
	f->poll_interval = 200;
	f->mtu = 1400;
	f->listen_port = 51820;
	f->addrs = xcalloc(1, sizeof(*f->addrs));
	f->n_addrs = 1;
	f->addrs[0].len = 24;
	assert_int_equal(addr_parse("10.9.0.1", &f->addrs[0].addr), 0);
	f->n_peers = 1;
	str_copy(p->name, "b", sizeof(p->name));
	memcpy(p->key, key, sizeof(p->key));
	p->persistent_keepalive = 25;
	p->tunnel_addrs = xcalloc(1, sizeof(*p->tunnel_addrs));
	p->n_tunnel_addrs = 1;
	assert_int_equal(addr_parse("10.9.0.2", &p->tunnel_addrs[0]), 0);
	return c;
}

static void pass(unsigned ms)
{
	for (unsigned t = 0; t < ms; t += STEP_MS) {
		loop_fake_turn();
		loop_fake_pass(STEP_MS * 1000);
	}
}

/* The refusal begins when all is in place, and somebody takes away what is written then; so it is
 * as well with what is missing from the start. */
static void meddle(void)
{
	struct prefix p;

	assert_int_equal(prefix_parse("10.9.0.2/32", &p), 0);
	mtu = subject == MTU ? 1300 : mtu;
	port = subject == DEVICE ? 7 : port;
	if (subject == PEER && mock)
		inner->remove_peer(&mock->wg, key);
	if (subject == STRANGER && mock)
		inner->set_peer(&mock->wg, &(struct wg_peer_set){.key = strange, .create = true});
	if (subject == ENTRY && mock)
		mock_take(mock, &p);
}

static void begin(enum writer w, int err, bool later)
{
	subject = w;
	mtu = 1400;
	refusal = later ? 0 : err;
	devices_apply(config());
	pass(1000);
	refusal = 0;
	if (later)
		meddle();
	refusal = err;
	refused = taken = 0;
}

static int end(void **state)
{
	devices_close();
	loop_free();
	refusal = 0;
	refused = taken = 0;
	return 0;
}

static void test_every_refusal(void **state)
{
	for (unsigned w = 0; w < WRITERS; w++) {
		for (unsigned e = 0; e < ARRAY_SIZE(errors); e++) {
			begin(w, errors[e], w != ADDRESS);
			pass(MINUTE_MS);
			if (!refused || refused > RETRY_MINUTE)
				printf("%s error %d: %u refused writes in a minute\n", names[w],
				       errors[e], refused);
			assert_in_range(refused, 1, RETRY_MINUTE);
			refusal = 0;
			pass(RETRY_MAX_MS + 2000);
			assert_true(taken > 0);
			taken = 1;
			pass(MINUTE_MS);
			assert_int_equal(taken, 1); /* and it stays */
			end(NULL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_every_refusal, end)};

	log_init("refusal_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
