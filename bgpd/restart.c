/* SPDX-License-Identifier: BSD-2-Clause */
#include "restart.h"

#include "bgp.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "peer_conf.h"
#include "rib_peer.h"
#include "rib_work.h"

#define CONNECT_MS 10000 /* for neighbours that are not up yet */

static bool begun, deferring;
static bool waited;    /* CONNECT_MS have passed */
static bool own_known; /* zebra-lite has told all routes that paths of our own rest on */
static bool none_kept; /* zebra-lite has no route of an earlier bgpd */
static bool keeping;   /* what zebra-lite kept is not to be swept yet */
static struct timer connect_timer, limit_timer;

static bool may_still_come(const struct peer *p)
{
	return p->state != PEER_ESTABLISHED && !p->conf.disabled && !p->dynamic && !waited &&
	       !none_kept;
}

/* Who connected to a listen range before our restart will do so again. */
static bool strangers_may_come(void)
{
	return !waited && !none_kept && peer_groups_listen();
}

static bool owes_end_of_rib(const struct peer *p)
{
	const struct peer_rib *pr = p->rib;

	if (p->state != PEER_ESTABLISHED || !p->gr_aware)
		return false;
	for (int f = 0; f < BGP_FAMILIES; f++)
		if (p->family[f] && !pr->eor[f])
			return true;
	return false;
}

/* Before anything is decided. Who only helps others to restart may take its time for End-of-RIB:
 * that matters where something is kept. */
static bool must_hear(const struct peer *p)
{
	return owes_end_of_rib(p) && !p->gr_restarting && (p->gr || !none_kept);
}

static void release_kept(void)
{
	keeping = false;
	rib_work();
}

/* Two that restart must not wait for each other before they speak; but what leads to the other was
 * learned from it, and comes again. */
static void check_kept(void)
{
	struct peer *p;

	if (!keeping || deferring)
		return;
	TAILQ_FOREACH (p, &peers, link) {
		if (owes_end_of_rib(p) && !none_kept)
			return;
	}
	release_kept();
}

static void end(const char *why)
{
	if (!deferring)
		return;
	deferring = false;
	log_info("restart", "deferral=ended why=\"%s\"", why);
	check_kept();
	rib_work();
}

void restart_check(void)
{
	struct peer *p;

	check_kept();
	/* An End-of-RIB before our own paths would have the neighbours sweep them. */
	if (!deferring || !own_known || strangers_may_come())
		return;
	TAILQ_FOREACH (p, &peers, link) {
		if (may_still_come(p) || must_hear(p))
			return;
	}
	if (nexthop_unknown())
		return;
	end("every neighbour has sent its routes");
}

void restart_routes_kept(uint32_t n)
{
	none_kept = n == 0;
	restart_check();
}

void restart_own_known(void)
{
	own_known = true;
	restart_check();
}

static void on_connect(void *arg)
{
	waited = true;
	restart_check();
}

static void on_limit(void *arg)
{
	end("restart time is over");
	release_kept();
}

void restart_begin(void)
{
	if (begun)
		return;
	begun = deferring = keeping = true;
	waited = false;
	timer_init(&connect_timer, on_connect, NULL);
	timer_init(&limit_timer, on_limit, NULL);
	timer_start(&connect_timer, CONNECT_MS);
	timer_start(&limit_timer, bgp.graceful_restart.restart_time * 1000ull);
	if (!bgp.graceful_restart.enabled)
		end("graceful restart is off");
	restart_check();
}

bool restart_keeping(void)
{
	return keeping || !begun;
}

bool restart_deferring(void)
{
	return deferring || !begun;
}

void restart_free(void)
{
	timer_stop(&connect_timer);
	timer_stop(&limit_timer);
	begun = deferring = keeping = own_known = none_kept = false;
}
