/* SPDX-License-Identifier: BSD-2-Clause */
#include "rule.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "zconfig.h"

static int write_rule(struct kept *e, bool add);
static bool rests_on(const struct kept *e, const struct kept *other);
static void rule_describe(const struct kept *e, char *text, size_t size);

struct keep rules = {
	.what = "rule",
	.refused = "rule-refused",
	.swept = "rule-swept",
	.write = write_rule,
	.rests_on = rests_on,
	.describe = rule_describe,
	.list = TAILQ_HEAD_INITIALIZER(rules.list),
};

static struct rule *rule_of(struct kept *e)
{
	return e ? container_of(e, struct rule, kept) : NULL;
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && (!a->len || prefix_eq(a, b));
}

static uint8_t ip_protocol(const struct krule *k)
{
	if (!k->icmp_first)
		return k->ip_protocol;
	return k->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

/* A deletion of A may take B: to the kernel, what A does not say is anything. */
static bool takes(const struct krule *a, const struct krule *b)
{
	return a->family == b->family && a->action == b->action && a->protocol == b->protocol &&
	       a->priority == b->priority && (!a->table || a->table == b->table) &&
	       (!a->tos || a->tos == b->tos) && (!a->no_default || b->no_default) &&
	       (!a->fwmark || a->fwmark == b->fwmark) && (!a->fwmask || a->fwmask == b->fwmask) &&
	       (!ip_protocol(a) || ip_protocol(a) == ip_protocol(b)) &&
	       (!a->icmp_first ||
		(a->icmp_first == b->icmp_first && a->icmp_last == b->icmp_last)) &&
	       (!a->source.len || same_prefix(&a->source, &b->source)) &&
	       (!a->dst.len || same_prefix(&a->dst, &b->dst)) &&
	       (!a->iif[0] || str_eq(a->iif, b->iif)) && (!a->oif[0] || str_eq(a->oif, b->oif));
}

static bool goes_with(const struct rule *r, const struct krule *k)
{
	return &r->k != k && r->kept.installed && takes(k, &r->k);
}

static void put_back(struct rule *r)
{
	int err = out.rule(true, &r->k);

	if (err == 0 || err == -EEXIST) {
		keep_seen(&rules, &r->kept);
		return;
	}
	r->kept.installed = false;
	if (r->kept.wanted)
		keep_sync(&rules, &r->kept);
}

/* Which one a deletion takes is not known: there are as many as there are rules to take, and what
 * went with K comes back. */
static int delete_rule(const struct krule *k)
{
	int err = out.rule(false, k);
	bool any = err == 0;

	for (struct rule *r = rule_first(); r && err == 0; r = rule_next(r))
		if (goes_with(r, k))
			err = out.rule(false, k);
	for (struct rule *r = rule_first(); r && any; r = rule_next(r))
		if (goes_with(r, k))
			put_back(r);
	return err;
}

static int write_rule(struct kept *e, bool add)
{
	const struct krule *k = &rule_of(e)->k;

	if (!out.rule)
		return 0;
	return add ? out.rule(true, k) : delete_rule(k);
}

/* On what a stale one may rest nobody knows: on any stale one before it. */
static bool rests_on(const struct kept *e, const struct kept *other)
{
	const struct rule *r = container_of(e, const struct rule, kept);
	const struct krule *k = &container_of(other, const struct rule, kept)->k;
	bool stale = !e->wanted && !other->wanted;

	if (r->behind_own && !stale)
		return k->family == r->k.family && k->priority + 1 == r->k.priority &&
		       k->ip_protocol == r->k.ip_protocol && !k->icmp_first &&
		       same_prefix(&k->source, &r->k.source);
	return (r->from || stale) && k->family == r->k.family && k->priority >= r->from &&
	       k->priority < r->k.priority;
}

bool rule_same(const struct krule *a, const struct krule *b)
{
	return a->family == b->family && a->action == b->action && a->tos == b->tos &&
	       a->priority == b->priority && a->table == b->table && a->fwmark == b->fwmark &&
	       a->fwmask == b->fwmask && a->no_default == b->no_default &&
	       a->ip_protocol == b->ip_protocol && a->icmp_first == b->icmp_first &&
	       a->icmp_last == b->icmp_last && same_prefix(&a->source, &b->source) &&
	       same_prefix(&a->dst, &b->dst) && str_eq(a->iif, b->iif) && str_eq(a->oif, b->oif);
}

static struct rule *rule_find(const struct krule *k)
{
	for (struct rule *r = rule_first(); r; r = rule_next(r))
		if (rule_same(&r->k, k))
			return r;
	return NULL;
}

static bool before(const struct krule *a, const struct krule *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->family < b->family;
}

static struct rule *rule_add(const struct krule *k)
{
	struct rule *r = xcalloc(1, sizeof(*r)), *at;

	r->k = *k;
	r->k.protocol = zconfig.protocol;
	for (at = rule_first(); at && !before(k, &at->k); at = rule_next(at))
		;
	if (at)
		TAILQ_INSERT_BEFORE(&at->kept, &r->kept, link);
	else
		TAILQ_INSERT_TAIL(&rules.list, &r->kept, link);
	return r;
}

static void rule_describe(const struct kept *e, char *text, size_t size)
{
	const struct krule *k = &container_of(e, const struct rule, kept)->k;

	snprintf(text, size,
		 "family=%s priority=%u table=%u fwmark=0x%x/0x%x source=%s "
		 "destination=%s interface=%s bound-to=%s tos=0x%x protocol=%u icmp=0x%x-0x%x",
		 k->family == AF_INET ? "ipv4" : "ipv6", k->priority, k->table, k->fwmark,
		 k->fwmask, k->source.len ? PREFIX_STR(&k->source) : "any",
		 k->dst.len ? PREFIX_STR(&k->dst) : "any", k->iif[0] ? k->iif : "any",
		 k->oif[0] ? k->oif : "any", k->tos, k->ip_protocol, k->icmp_first, k->icmp_last);
}

static void want(const struct krule *k, uint32_t from, bool behind_own)
{
	struct rule *r = rule_find(k);

	if (!r)
		r = rule_add(k);
	r->from = from ? from : r->from;
	r->behind_own = behind_own || r->behind_own;
	r->kept.wanted++;
	keep_sync(&rules, &r->kept);
}

void rule_want(const struct krule *k)
{
	want(k, 0, false);
}

void rule_want_behind(const struct krule *k, uint32_t from)
{
	want(k, from, false);
}

void rule_want_behind_own(const struct krule *k)
{
	want(k, 0, true);
}

void rule_unwant(const struct krule *k)
{
	struct rule *r = rule_find(k);

	if (r)
		keep_unwant(&rules, &r->kept);
}

bool rule_in_place(const struct krule *k)
{
	const struct rule *r = rule_find(k);

	return r && keep_in_place(&r->kept);
}

void rule_told(const struct krule *k, bool present)
{
	struct rule *r = rule_find(k);

	if (k->protocol != zconfig.protocol) {
		if (r && !present && r->kept.retry.error == -EEXIST) {
			retry_done(&r->kept.retry);
			keep_sync(&rules, &r->kept); /* the one that was in our place is gone */
		}
		return;
	}
	if (!present) {
		if (r && r->kept.installed && keep_gone(&rules, &r->kept))
			keep_repair(&rules, &r->kept);
		return;
	}
	if (!r && !rules.reading)
		return; /* looked at in the next reading */
	if (!r)
		r = rule_add(k);
	retry_done(&r->kept.retry);
	keep_seen(&rules, &r->kept);
}

/* It rests on others, or others on it. */
static bool is_bound(const struct kept *e)
{
	const struct kept *other;

	TAILQ_FOREACH (other, &rules.list, link)
		if (rests_on(e, other) || rests_on(other, e))
			return true;
	return false;
}

static void take_old(struct kept *e, uint8_t protocol)
{
	rule_of(e)->k.protocol = protocol;
	keep_take_out(&rules, e);
	rule_of(e)->k.protocol = zconfig.protocol;
}

void rule_renumber(uint8_t protocol)
{
	struct kept *e, *next;

	for (e = TAILQ_LAST(&rules.list, kept_list); e; e = TAILQ_PREV(e, kept_list, link))
		if (is_bound(e))
			take_old(e, protocol); /* what rests on others goes before them */
	for (e = TAILQ_FIRST(&rules.list); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (!is_bound(e))
			take_old(e, protocol);
		keep_sync(&rules, e);
	}
}

struct rule *rule_first(void)
{
	return rule_of(TAILQ_FIRST(&rules.list));
}

struct rule *rule_next(const struct rule *r)
{
	return rule_of(TAILQ_NEXT(&r->kept, link));
}
