/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgpd begins, does a bit of everything and ends, again and again: each time as many pieces of
 * memory are left as the time before. (The sanitizers find what nobody points to any more; this
 * finds what was forgotten in a table, too.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "rib.h"
#include "rig.h"
#include "rig_clock.h"
#include "util.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
static long pieces;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

static void *took(void *p)
{
	pieces += p != NULL;
	return p;
}

static void gave(void *p)
{
	pieces -= p != NULL;
}

void *malloc(size_t n)
{
	return took(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
	return took(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
	gave(p);
	return took(__libc_realloc(p, n));
}

void *aligned_alloc(size_t align, size_t n)
{
	return took(__libc_memalign(align, n));
}

int posix_memalign(void **out, size_t align, size_t n)
{
	*out = took(__libc_memalign(align, n));
	return *out ? 0 : ENOMEM;
}

void free(void *p)
{
	gave(p);
	__libc_free(p);
}
#else
static long pieces; /* nobody counts here */
#endif

#define WIREGUARD                                                                                \
	"'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': ["     \
	"{'name': 'a', 'tunnel-address': ['10.99.0.2'], 'permit': ['10.0.0.0/9'], 'allowed-ips'" \
	": ['172.16.9.0/24']}]}, {'name': 'wgb', 'peer': [{'name': 'x', 'tunnel-address': "      \
	"['10.97.0.2', '10.97.0.3']}]}]}, "
#define POLICIES                                                                                  \
	"'plane': [{'name': 'blue', 'number': 3, 'table': 100, 'interface': ['wgb']}], "          \
	"'policy': [{'name': 'all-kinds', 'default': 'accept', 'term': [{'name': '1', 'match': "  \
	"{'prefix': ['10.3.0.0/16+'], 'prefix-exact': ['10.3.0.0/16'], 'community': ['1:1'], "    \
	"'large-community': ['1:1:1'], 'as-path-contains': [1], 'origin-as': [1], 'neighbor': "   \
	"['10.9.0.1'], 'next-hop': ['10.9.0.0/24']}, 'set': {'community-add': ['1:2'], "          \
	"'community-delete': ['1:3'], 'large-community-add': ['1:2:3'], "                         \
	"'large-community-delete': ['1:2:4']}}, {'name': '2', 'set': {'community-set': ['1:9'], " \
	"'large-community-set': ['1:2:9']}}]}, {'name': 'more', 'default': 'accept', 'term': "    \
	"[{'name': '%u'}]}], "
#define BGP                                                                                       \
	"'as': 65000, 'router-id': '10.0.0.5', 'network': ['172.16.1.0/24', 'fd01::/48'], "       \
	"'redistribute': [{'protocol': 'static', 'policy': 'more'}, {'protocol': 'kernel'}], "    \
	"'leak': [{'name': '1', 'from': 'blue', 'to': 'main', 'policy': ['all']}, {'name': '2', " \
	"'from': 'main', 'to': 'blue', 'policy': ['more']}], 'neighbor-group': [{'name': 'g1', "  \
	"'listen-range': ['10.9.0.128/25'], 'remote-as': 65000, 'import': ['all-kinds']}, "       \
	"{'name': 'g2', 'listen-range': ['10.10.0.0/16'], 'export': ['all-kinds']}], "
#define NEIGHBORS                                                                                 \
	"'neighbor': [{'address': '10.9.0.21', 'remote-as': 65021, 'passive': true, 'import': "   \
	"['all-kinds'], 'export': ['all-kinds', 'more']}, {'address': '10.9.0.22', 'remote-as': " \
	"65000, 'passive': true, 'next-hop-self': true}, {'address': '10.9.0.23', 'remote-as': "  \
	"65000, 'passive': true, 'plane': 'blue'}, {'address': '10.9.0.24', 'remote-as': 65000, " \
	"'route-reflector-client': true, 'passive': true, 'export': ['more']}, {'address': "      \
	"'10.9.0.24', 'remote-as': 1}, {'address': 'x'}]"

static void announce(struct far *f, const char *prefixes, const char *hop, uint32_t as)
{
	static const uint8_t extra[] = {0xc0, 16, 8, 0, 2, 0xfd, 0xe8, 0, 0, 0, 1};

	far_announce(f, &(struct news){.prefix = prefixes,
				       .nexthop = hop,
				       .path = {as, 7, 4200000000},
				       .local_pref = as == 65021 ? 0 : 100,
				       .communities = {1, 2},
				       .extra = extra,
				       .extra_len = sizeof(extra)});
}

/* With other policies each time, as equal ones are shared. */
static void configure(const char *more)
{
	static unsigned number;
	char *text = xasprintf("{" WIREGUARD POLICIES "'bgp': {" BGP "%s" NEIGHBORS "}}",
			       100000 + ++number, more);

	rig_config(text);
	free(text);
}

static void cycle(void)
{
	struct far *f[6];

	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5'}}");
	configure("");
	rig_redist("172.16.1.0/24", REDIST_CONNECTED, true);
	rig_redist("10.77.0.0/16", REDIST_STATIC, true);
	rig_redist("fd77::/48", REDIST_KERNEL, true);
	rig_pass(20000);
	for (unsigned i = 0; i < 4; i++)
		f[i] = far_up(21 + i, &(struct far_open){.as = i ? 65000 : 65021, .gr = i % 2});
	f[4] = far_up(140, &(struct far_open){.as = 65000, .only4 = true});
	announce(f[0], "10.1.0.0/16 10.2.0.0/16 10.200.0.0/16", "10.99.0.2", 65021);
	announce(f[1], "10.1.0.0/16 10.3.0.0/16", "10.9.0.98", 7);
	announce(f[1], "fd02::/48 fd03::/48", "fd09::98", 7);
	announce(f[2], "10.1.0.0/16", "10.9.0.97", 7);
	announce(f[4], "10.1.0.0/16", "10.9.0.96", 7);
	rig_tunnel("10.99.0.2", "wg0", "a", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.98", "wg0", "a", REACH_UP, REASON_NONE);
	rig_nexthop("fd09::98", REACH_UP, REASON_NONE);
	rig_verdict("10.1.0.0/16", "10.99.0.2", REASON_FOREIGN_ROUTE);
	rig_verdict("10.2.0.0/16", NULL, REASON_KERNEL_ERROR);
	rig_ask("{'command': 'bgp-routes'}");
	rig_ask("{'command': 'bgp-neighbors'}");
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.24', 'soft': 'both'}");
	configure("'last-path': 'keep', 'multipath': {'ibgp': 3, 'ebgp': 2}, ");
	rig_zebra_again();
	rig_redist_sync(3);
	far_withdraw(f[1], "10.3.0.0/16");
	rig_pass(2000);
	f[5] = far_connect(24); /* in the middle of something */
	close(f[3]->fd);
	f[3]->fd = -1;
	f[3]->ended = true;
	rig_settle();
	far_close(f[3]);
	rig_ask("{'command': 'bgp-summary'}");
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.22'}");
	rig_ask("{'command': 'nothing'}"); /* what was answered last is kept, and as long as ever */
	rig_stop();
	rig_clock_reset();
}

static void test_cycles(void **state)
{
	long before, left;

	log_set_level(LOG_LEVEL_ERROR);
	cycle();
	cycle();
	before = pieces;
	cycle();
	left = pieces;
	if (left != before)
		fail_msg("%ld pieces of memory more than before", left - before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cycles),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
