/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_lost.h"

#include "log.h"
#include "loop.h"
#include "rib.h"
#include "util.h"

#define GATHER_MS 1000
#define QUIET_MS 60000

static struct timer timer;
static uint64_t said_ms;
static unsigned lost;
static struct prefix first;
static char peer_name[MSG_NAME_MAX], if_name[MSG_NAME_MAX]; /* of that */

static void rib_lost_say(void *arg)
{
	log_warn("last-path-lost", "peer=%s interface=%s prefixes=%u first=%s", peer_name, if_name,
		 lost, PREFIX_STR(&first));
	lost = 0;
	said_ms = now_ms();
}

/* A host route without an entry is that of a tunnel address, which goes with its peer. */
static bool is_learned(const struct rib_node *n, const struct tunnel_peer *owner)
{
	const struct prefix p = rib_prefix(n);

	return owner || p.len < family_bits(p.family);
}

void rib_lost(const struct rib_node *n, const struct fib *f)
{
	const struct tunnel_if *iface = f ? tunnel_if_by_index(fib_oif(f)) : NULL;
	const struct tunnel_peer *owner = iface ? fib_owner_on(f, fib_oif(f)) : NULL;
	uint64_t now = now_ms(), wait = GATHER_MS;

	if (!iface || !is_learned(n, owner) || rib_best_other(n))
		return;
	if (lost++)
		return;
	first = rib_prefix(n);
	str_copy(peer_name, owner ? owner->name : "", sizeof(peer_name));
	str_copy(if_name, iface->name, sizeof(if_name));
	if (said_ms && now < said_ms + QUIET_MS - GATHER_MS)
		wait = said_ms + QUIET_MS - now;
	timer_init(&timer, rib_lost_say, NULL);
	timer_start(&timer, wait);
}

void rib_lost_reset(void)
{
	timer_stop(&timer);
	lost = 0;
	said_ms = 0;
}
