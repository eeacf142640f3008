/* SPDX-License-Identifier: BSD-2-Clause */
#include "neighbors.h"

#include <stdlib.h>
#include <string.h>

#include "adjout.h"
#include "policy.h"
#include "rib_session.h"
#include "session.h"
#include "session_open.h"
#include "util.h"

static struct log_bucket accepted; /* for lines about neighbours that a range lets in */

/* Takes over what CONF owns. */
static struct peer *peer_new(const struct peer_conf *conf, bool dynamic)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->conf = *conf;
	p->dynamic = dynamic;
	p->ebgp = peer_is_external(conf);
	peer_insert(p);
	session_new(p);
	rib_session_new(p);
	return p;
}

void neighbor_delete(struct peer *p)
{
	session_free(p);
	adjout_leave(p);
	rib_session_free(p);
	peer_remove(p);
	peer_conf_free(&p->conf);
	free(p);
}

/* Dynamic neighbours. */

static unsigned count_in_group(const char *name)
{
	struct peer *p;
	unsigned n = 0;

	TAILQ_FOREACH (p, &peers, link)
		n += p->dynamic && str_eq(p->conf.group, name);
	return n;
}

struct peer *neighbor_from_range(const struct addr *address, const char *zone)
{
	const struct peer_group *g = peer_group_for(address);
	struct peer_conf conf;
	struct peer *p;

	if (!g || count_in_group(g->conf.group) >= g->max_peers)
		return NULL;
	peer_conf_copy(&conf, &g->conf);
	conf.address = *address;
	str_copy(conf.zone, zone, sizeof(conf.zone));
	peer_conf_find_plane(&conf);
	p = peer_new(&conf, true);
	log_limited(&accepted, LOG_LEVEL_INFO, "neighbor-accepted", "neighbor=%s group=%s",
		    peer_name(p), conf.group);
	session_start(p);
	return p;
}

/* Reconciling. */

/* What a changed configuration does to one neighbour; the strongest wins. */
static void reconcile(struct peer *p, struct peer_conf *next)
{
	unsigned changes = peer_conf_compare(&p->conf, next);
	bool raised;

	if (changes & PEER_CHANGE_DISABLE)
		session_disable(p, 2, "disabled by configuration");
	else if (changes & PEER_CHANGE_RESET)
		session_disable(p, 6, "configuration changed");
	raised = p->conf.max_prefix && (!next->max_prefix || next->max_prefix > p->conf.max_prefix);
	if (p->conf.route_reflector_client != next->route_reflector_client)
		bgp.reflection++;
	peer_conf_free(&p->conf);
	p->conf = *next;
	if (raised || changes & PEER_CHANGE_DISABLE)
		session_limit_raised(p);
	if (p->state != PEER_ESTABLISHED)
		p->ebgp = peer_is_external(next);
	if (changes & PEER_CHANGE_IN)
		rib_rejudge(p);
	if (changes & PEER_CHANGE_TIMES)
		session_times_changed(p);
	if (changes & (PEER_CHANGE_DISABLE | PEER_CHANGE_RESET | PEER_CHANGE_ENABLE))
		session_start(p);
	else if (changes & PEER_CHANGE_CALL && p->state != PEER_ESTABLISHED)
		session_call_again(p);
}

/* A configured one must still be; an accepted one must still be accepted by the same group. In
 * another plane it would be another neighbour. */
static bool is_wanted(const struct peer *p, const struct peer_confs *wanted)
{
	const struct peer_group *g = peer_group_for(&p->conf.address);

	const struct peer_conf *c = peer_confs_find(wanted, &p->conf);
	struct peer_conf now = p->conf;

	if (!p->dynamic)
		return c && c->plane == p->conf.plane;
	if (!g || !str_eq(g->conf.group, p->conf.group) || c)
		return false;
	now.plane = g->conf.plane;
	now.plane_given = g->conf.plane_given;
	peer_conf_find_plane(&now);
	return now.plane == p->conf.plane;
}

static void delete_unwanted(const struct peer_confs *wanted)
{
	struct peer *p, *next;

	for (p = TAILQ_FIRST(&peers); p; p = next) {
		next = TAILQ_NEXT(p, link);
		if (is_wanted(p, wanted))
			continue;
		log_info("neighbor-deleted", "neighbor=%s", peer_name(p));
		session_disable(p, 3, "removed from the configuration");
		neighbor_delete(p);
	}
}

static void reconcile_dynamic(struct peer *p)
{
	const struct peer_group *g = peer_group_named(p->conf.group);
	struct peer_conf conf;

	peer_conf_copy(&conf, &g->conf);
	conf.address = p->conf.address;
	memcpy(conf.zone, p->conf.zone, sizeof(conf.zone));
	peer_conf_find_plane(&conf);
	reconcile(p, &conf);
}

/* What we say in every OPEN changed: every session starts anew. */
static void reset_all(void)
{
	struct peer *p;

	TAILQ_FOREACH (p, &peers, link) {
		session_disable(p, 6, "our AS, identifier or graceful restart changed");
		session_start(p);
	}
}

static bool open_differs(const struct bgp *a, const struct bgp *b)
{
	return a->as != b->as || a->router_id != b->router_id ||
	       a->graceful_restart.enabled != b->graceful_restart.enabled ||
	       a->graceful_restart.restart_time != b->graceful_restart.restart_time;
}

/* What decides the update group of a neighbour may have changed, its own statements or those of
 * `bgp`. */
static void regroup_all(void)
{
	struct peer *p;

	TAILQ_FOREACH (p, &peers, link)
		if (p->state == PEER_ESTABLISHED)
			adjout_regroup(p);
}

void neighbors_apply(const json_t *config)
{
	struct bgp old = bgp;
	struct peer_confs wanted;
	struct peer *p;

	bgp_conf_read(config, &bgp);
	peer_confs_read(config, &wanted);
	peer_groups_read(config);
	delete_unwanted(&wanted);
	if (open_differs(&old, &bgp))
		reset_all();
	TAILQ_FOREACH (p, &peers, link)
		if (p->dynamic)
			reconcile_dynamic(p);
	for (size_t i = 0; i < wanted.n; i++) {
		p = peer_find_zone(&wanted.conf[i].address, wanted.conf[i].zone);
		if (p)
			reconcile(p, &wanted.conf[i]);
		else
			session_start(peer_new(&wanted.conf[i], false));
	}
	free(wanted.conf); /* what they own is the neighbours' now */
	regroup_all();
}

void neighbors_stop(void)
{
	while (!TAILQ_EMPTY(&peers))
		neighbor_delete(TAILQ_FIRST(&peers));
	peer_confs_free();
}
