/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_session.h"

#include <stdlib.h>
#include <string.h>

#include "bgp.h"
#include "log_crowd.h"
#include "nexthop.h"
#include "restart.h"
#include "rib_fresh.h"
#include "rib_judge.h"
#include "rib_lap.h"
#include "rib_pressure.h"
#include "util.h"

static void peer_rib_free(struct peer_rib *pr)
{
	ensure(!pr->received[BGP_IPV4] && !pr->received[BGP_IPV6]);
	timer_stop(&pr->stale_timer);
	rib_fresh_end(pr);
	rib_judge_forget(pr);
	peer_ribs[pr->id] = NULL;
	free(pr);
}

static void on_stale_timer(void *arg)
{
	struct peer_rib *pr = arg;

	log_info("stale", "neighbor=%s reason=%s", ADDR_STR(&pr->address),
		 reason_name(REASON_STALE_EXPIRED));
	pr->kept[BGP_IPV4] = pr->kept[BGP_IPV6] = false;
	pr->down_reason = REASON_STALE_EXPIRED;
	rib_lap_for(pr);
}

void rib_session_walked(struct peer_rib *pr)
{
	if (rib_lap_pending(pr->walk_until))
		return;
	pr->rejudge = pr->mark = false;
	if (!pr->peer)
		peer_rib_free(pr);
}

static void drop_peer_rib(struct peer_rib *pr)
{
	if (pr->peer)
		pr->peer->rib = NULL;
	memset(pr->received, 0, sizeof(pr->received));
	peer_rib_free(pr);
}

void rib_sessions_free(void)
{
	rib_each_neighbor(drop_peer_rib);
}

void rib_session_new(struct peer *p)
{
	struct peer_rib *pr = xcalloc(1, sizeof(*pr));

	pr->peer = p;
	pr->address = p->conf.address;
	pr->plane = p->conf.plane;
	peer_rib_number(pr);
	p->rib = pr;
	timer_init(&pr->stale_timer, on_stale_timer, pr);
	rib_fresh_init(pr);
	pr->nexthop = peer_hop(p);
	nexthop_watch_neighbor(&pr->nexthop);
}

void rib_session_free(struct peer *p)
{
	struct peer_rib *pr = p->rib;

	if (!pr)
		return;
	nexthop_unwatch_neighbor(&pr->nexthop);
	timer_stop(&pr->stale_timer);
	rib_fresh_end(pr);
	rib_pressure_forget(pr);
	p->rib = NULL;
	pr->peer = NULL; /* now all of its paths are void, kept ones too */
	pr->down_reason = REASON_CONFIG;
	rib_lap_for(pr);
}

struct rib_session_counts rib_session_counts(const struct peer *p)
{
	struct rib_session_counts c;

	memcpy(c.received, p->rib->received, sizeof(c.received));
	memcpy(c.accepted, p->rib->accepted, sizeof(c.accepted));
	return c;
}

void rib_session_up(struct peer *p)
{
	struct peer_rib *pr = p->rib;

	pr->router_id = p->router_id;
	pr->as = p->as;
	pr->ebgp = p->ebgp;
	pr->up = true;
	pr->heard = false;
	rib_judge_forget(pr);
	for (int f = 0; f < BGP_FAMILIES; f++) {
		pr->eor[f] = false;
		/* RFC 4724 section 4.2: what was not kept there must not be kept here. */
		if (pr->kept[f] && !(p->family[f] && p->gr && p->gr_forwarding[f])) {
			pr->kept[f] = false;
			pr->down_reason = REASON_STALE_EXPIRED;
			rib_lap_for(pr);
		}
	}
	timer_stop(&pr->stale_timer);
	if (pr->kept[BGP_IPV4] || pr->kept[BGP_IPV6])
		timer_start(&pr->stale_timer, bgp.graceful_restart.stale_time * 1000ull);
	rib_fresh_begin(pr);
}

static void say_paths(const struct peer_rib *pr, bool retain, enum reason why)
{
	static struct log_crowd stales = {.what = "stale"}, withdraws = {.what = "withdraw"};

	if (log_crowd_take(retain ? &stales : &withdraws, ADDR_STR(&pr->address)))
		log_info(retain ? "stale" : "withdraw", "neighbor=%s paths=%u reason=%s",
			 ADDR_STR(&pr->address), pr->received[BGP_IPV4] + pr->received[BGP_IPV6],
			 reason_name(why));
}

void rib_session_down(struct peer *p, bool retain, enum reason why)
{
	struct peer_rib *pr = p->rib;

	rib_judge_forget(pr);
	rib_fresh_end(pr);
	pr->up = false;
	if (retain && !pr->heard && rib_session_keeps_stale(p)) {
		/* What is kept stays kept until its timer ends; so it does where a connection lost
		 * a collision right after it was ESTABLISHED. */
		restart_check();
		return;
	}
	pr->kept_epoch = pr->epoch++;
	pr->ended_at = now_ms();
	for (int f = 0; f < BGP_FAMILIES; f++)
		pr->kept[f] = retain && pr->received[f] > 0;
	pr->down_reason = why;
	timer_stop(&pr->stale_timer);
	if (retain) {
		uint32_t s = p->gr_time ? p->gr_time : 120;

		timer_start(&pr->stale_timer, s * 1000ull);
	}
	if (pr->received[BGP_IPV4] + pr->received[BGP_IPV6] == 0) {
		restart_check();
		return;
	}
	say_paths(pr, retain, why);
	rib_lap_for(pr); /* also for those that are stale for the second time */
	restart_check();
}

void rib_rejudge(struct peer *p)
{
	struct peer_rib *pr = p->rib;

	rib_judge_forget(pr);
	pr->rejudge = true;
	rib_lap_for(pr);
}

static void rejudge_those_of(struct peer_rib *pr)
{
	if (pr->peer)
		rib_rejudge(pr->peer);
}

void rib_rejudge_all(void)
{
	rib_each_neighbor(rejudge_those_of);
}

void rib_end_of_rib(struct peer *p, enum bgp_family family)
{
	struct peer_rib *pr = p->rib;

	pr->eor[family] = pr->heard = true;
	if (pr->kept[family]) {
		pr->kept[family] = false;
		pr->down_reason = REASON_STALE_EXPIRED;
		if (!pr->kept[BGP_IPV4] && !pr->kept[BGP_IPV6])
			timer_stop(&pr->stale_timer);
		rib_lap_for(pr);
	}
	restart_check();
}

bool rib_session_keeps_stale(const struct peer *p)
{
	return p->rib->kept[BGP_IPV4] || p->rib->kept[BGP_IPV6];
}
