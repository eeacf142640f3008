/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_internal.h"

#include <stdlib.h>

#include "rib.h"

/* A refusal that bgpd was told of. */
struct mverdict {
	struct prefix prefix;
	struct addr hop;
	uint8_t reason;
};

static struct mverdict *told;
static size_t n_told, cap_told;
static bool behind; /* it does not read */
static uint64_t rng;

static struct mverdict *find_told(const struct mverdict *v)
{
	for (size_t i = 0; i < n_told; i++)
		if (told[i].reason == v->reason && addr_eq(&told[i].hop, &v->hop) &&
		    prefix_eq(&told[i].prefix, &v->prefix))
			return &told[i];
	return NULL;
}

static void hear_verdict(const struct mverdict *v, enum verdict verdict)
{
	struct mverdict *known = find_told(v);
	struct addr a = addr_of_prefix(&v->prefix);

	if (behind)
		model_fail("a verdict for a bgpd that does not read", &a);
	if (verdict == VERDICT_REFUSED && !known) {
		told = xgrow(told, n_told, &cap_told, sizeof(*told));
		told[n_told++] = *v;
	} else if (verdict == VERDICT_CLEARED) {
		if (!known)
			model_fail("the end of a refusal that bgpd was not told of", &a);
		*known = told[--n_told];
	}
}

static void on_verdict(const struct msg_verdicts *m)
{
	for (uint32_t i = 0; i < m->n_prefixes; i++)
		hear_verdict(&(struct mverdict){m->prefixes[i], m->nexthop, m->reason}, m->verdict);
}

static void on_nexthop(const struct msg_nexthop *m)
{
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		if (addr_eq(&model.peer[i].addr, &m->addr))
			model.peer[i].told = m->reach;
}

static bool bgpd_full(void)
{
	return behind;
}

void model_bgpd_begin(void)
{
	out.verdict = on_verdict;
	out.nexthop = on_nexthop;
	out.bgpd_full = bgpd_full;
	model_bgpd_restart();
}

void model_bgpd_restart(void)
{
	n_told = 0;
	behind = false;
}

void model_bgpd_reads(void)
{
	if (!behind)
		return;
	behind = false;
	nexthop_tell();
	rib_redist_go_on();
}

/* By numbers of its own: what else happens does not depend on it. */
void model_bgpd_turn(void)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	if (behind && rng >> 62 == 0)
		model_bgpd_reads();
	else if (rng >> 60 == 15)
		behind = true;
}

void model_bgpd_stop(void)
{
	free(told);
	told = NULL;
	n_told = cap_told = 0;
}

static void check_refusals(const struct rib_node *n, size_t *count)
{
	struct mverdict v = {.prefix = rib_prefix(n)};

	for (const struct refusal *r = rib_refusals(n); r; r = r->next, ++*count) {
		v.hop = r->hop;
		v.reason = r->reason;
		if (!find_told(&v))
			model_fail("bgpd was not told of a refusal", &v.hop);
	}
}

void model_bgpd_check(void)
{
	const struct rib_node *n;
	uint32_t at = 0;
	size_t count = 0;

	for (unsigned i = 0; i < MODEL_PEERS; i++) {
		const struct mpeer *p = &model.peer[i];

		if (nexthop_find(&p->addr)->reach != p->told)
			model_fail("bgpd was told something else", &p->addr);
	}
	while ((n = rib_walk(&at)))
		check_refusals(n, &count);
	if (count != n_told)
		model_fail("bgpd was not told of the end of a refusal", NULL);
}
