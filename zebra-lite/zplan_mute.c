/* SPDX-License-Identifier: BSD-2-Clause */
#include "zplan_mute.h"

#include "out.h"

static void no_route(enum route_op op, const struct kroute *r, void *cookie)
{
}

static uint32_t no_flush(void)
{
	return 1;
}

static bool flushed(uint32_t flush, bool wait)
{
	return true;
}

static int no_route_now(enum route_op op, const struct kroute *r)
{
	return 0;
}

static int no_object(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create)
{
	return 0;
}

static int no_group(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
		    uint8_t protocol, bool create)
{
	return 0;
}

static void no_deletion(uint32_t id)
{
}

static int no_rule(bool add, const struct krule *r)
{
	return 0;
}

static void no_entries(const struct msg_allowed *m)
{
}

static void no_sync(uint32_t batch)
{
}

static bool not_full(void)
{
	return false;
}

static void no_verdict(const struct msg_verdicts *m)
{
}

static void no_nexthop(const struct msg_nexthop *m)
{
}

static void no_redist(const struct msg_redist *m)
{
}

static void no_resync(const char *why)
{
}

void zplan_mute(void)
{
	struct out was = out;

	out = (struct out){
		.route = no_route,
		.route_flush = no_flush,
		.route_done = flushed,
		.route_now = no_route_now,
		.nexthop_set = was.nexthop_set ? no_object : NULL,
		.nexthop_group = was.nexthop_group ? no_group : NULL,
		.nexthop_del = no_deletion,
		.rule = was.rule ? no_rule : NULL,
		.allowed = no_entries,
		.allowed_sync = no_sync,
		.wgd_full = not_full,
		.verdict = no_verdict,
		.nexthop = no_nexthop,
		.redist = no_redist,
		.resync = no_resync,
		.link_up = was.link_up,
		.link_name = was.link_name,
		.link_fell = was.link_fell,
	};
}
