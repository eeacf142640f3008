/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_update.h"

#include "leak.h"
#include "rib_judge.h"
#include "rib_pressure.h"
#include "rib_queue.h"
#include "rib_work.h"
#include "session.h"
#include "util.h"

static uint32_t now_s(void)
{
	return (uint32_t)(now_ms() / 1000);
}

/* It said otherwise before, in this session. */
static void count_change(struct peer_rib *pr, const struct rib_table *t, uint32_t id)
{
	if (t->plane == pr->plane && path_at(id)->epoch == pr->epoch)
		pr->turnover.news++;
}

static void announce_in(struct peer_rib *pr, const struct prefix *p, uint32_t hash, struct attr *a)
{
	struct rib_table *t = rib_table_for(p);
	uint32_t net = net_get_hashed(t, p, hash);
	uint32_t id = path_of_peer(net_at(t, net), pr->id);
	struct path *path;

	if (!id) {
		id = path_new(t, net);
		if (t->plane == pr->plane)
			pr->received[t->family]++;
		path_at(id)->peer = pr->id;
	} else if (path_at(id)->epoch == pr->epoch && path_received(id) == a) {
		return; /* nothing new */
	} else {
		count_change(pr, t, id);
		if (id == net_at(t, net)->paths)
			net_at(t, net)->flags |= NET_CHANGED;
	}
	path = path_at(id);
	path->epoch = pr->epoch;
	pr->heard = true;
	path->since = now_s();
	rib_judge(id, attr_ref(a));
	net_mark(t, net, pr->id);
}

void rib_announce_in(struct peer_rib *pr, const struct prefix *p, struct attr *a)
{
	announce_in(pr, p, net_hash(p), a);
}

static void announce(struct peer_rib *pr, const struct prefix *p, uint32_t hash, struct attr *a)
{
	announce_in(pr, p, hash, a);
	for (const struct leak *l = NULL; (l = leak_next(pr->plane, l));) {
		struct prefix leaked = prefix_in_plane(p, l->to);

		announce_in(pr, &leaked, hash, a);
	}
}

static void withdraw_in(struct peer_rib *pr, const struct prefix *p, uint32_t hash, enum reason why)
{
	struct rib_table *t = rib_table_for(p);
	uint32_t net = net_find_hashed(t, p, hash);
	uint32_t id = net ? path_of_peer(net_at(t, net), pr->id) : 0;

	if (!id)
		return;
	count_change(pr, t, id);
	rib_remove_path(id, why);
}

static void withdraw(struct peer_rib *pr, const struct prefix *p, uint32_t hash, enum reason why)
{
	withdraw_in(pr, p, hash, why);
	for (const struct leak *l = NULL; (l = leak_next(pr->plane, l));) {
		struct prefix leaked = prefix_in_plane(p, l->to);

		withdraw_in(pr, &leaked, hash, why);
	}
}

/* Up to NETS_FETCH of them, in PLANE, and their hashes; 0 at the end. */
static size_t next_prefixes(struct nlri_iter *it, uint8_t plane, struct prefix *to, uint32_t *hash)
{
	size_t n = 0;

	while (n < NETS_FETCH && nlri_next(it, &to[n]))
		to[n++].plane = plane;
	if (n)
		nets_fetch(rib_table_for(to), to, hash, n);
	return n;
}

void rib_check_limit(struct peer *p)
{
	struct peer_rib *pr = p->rib;
	bool over = false;

	for (int f = 0; p->conf.max_prefix && f < BGP_FAMILIES; f++)
		over |= pr->received[f] > p->conf.max_prefix;
	if (!over || !pr->up)
		return;
	log_warn("max-prefix", "neighbor=%s limit=%u", ADDR_STR(&pr->address), p->conf.max_prefix);
	session_stop(p, 1, "maximum number of prefixes reached");
}

void rib_update(struct peer *p, const struct update *u)
{
	struct peer_rib *pr = p->rib;
	struct prefix some[NETS_FETCH];
	uint32_t hash[NETS_FETCH];
	size_t n;

	for (int i = 0; i < 2; i++) {
		struct nlri_iter it = u->withdrawn[i];

		while ((n = next_prefixes(&it, pr->plane, some, hash)))
			for (size_t k = 0; k < n; k++)
				withdraw(pr, &some[k], hash[k], REASON_WITHDRAWN);
	}
	for (int i = 0; i < 2; i++) {
		struct nlri_iter it = u->announced[i];
		struct attr *a = i ? u->mp_attr : u->attr;

		while ((n = next_prefixes(&it, pr->plane, some, hash)))
			for (size_t k = 0; k < n; k++)
				if (u->treat_as_withdraw || !a)
					withdraw(pr, &some[k], hash[k], REASON_MALFORMED);
				else
					announce(pr, &some[k], hash[k], a);
	}
	rib_work();
	rib_pressure_heard(pr);
	rib_check_limit(p);
}

void rib_set_local(const struct prefix *p, struct attr *attr, enum reason refused)
{
	struct rib_table *t = rib_table_for(p);
	uint32_t net = attr ? net_get(t, p) : net_find(t, p);
	uint32_t id = net ? path_of_peer(net_at(t, net), PEER_LOCAL) : 0;

	if (!attr) {
		if (id)
			rib_remove_path(id, REASON_CONFIG);
		rib_work();
		return;
	}
	if (!id) {
		id = path_new(t, net);
		path_at(id)->since = now_s();
	} else if (path_at(id)->attr == attr && path_at(id)->refused == refused) {
		attr_unref(attr);
		return;
	} else if (id == net_at(t, net)->paths) {
		net_at(t, net)->flags |= NET_CHANGED;
	}
	path_at(id)->refused = refused;
	path_set_attr(id, attr_ref(attr), attr);
	net_mark(t, net, PEER_LOCAL);
	rib_work();
}
