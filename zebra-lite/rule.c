/* SPDX-License-Identifier: BSD-2-Clause */
#include "rule.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "util.h"
#include "zconfig.h"

#define RETRY_MS 10000 /* what the kernel refused is tried again after this */

static LIST_HEAD(, rule) rules = LIST_HEAD_INITIALIZER(rules);
static struct timer retry;
static uint32_t epoch; /* of the present or last reading */
static bool reading;   /* between begin and end */
static bool ready;     /* the first reading is over */
static bool torn_down;
static uint64_t drift;

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && (!a->len || prefix_eq(a, b));
}

static bool same(const struct krule *a, const struct krule *b)
{
	return a->family == b->family && a->action == b->action && a->tos == b->tos &&
	       a->priority == b->priority && a->table == b->table && a->fwmark == b->fwmark &&
	       a->fwmask == b->fwmask && same_prefix(&a->source, &b->source) &&
	       same_prefix(&a->dst, &b->dst) && str_eq(a->iif, b->iif) && str_eq(a->oif, b->oif);
}

static struct rule *find(const struct krule *k)
{
	struct rule *r;

	LIST_FOREACH (r, &rules, link)
		if (same(&r->k, k))
			return r;
	return NULL;
}

static bool before(const struct krule *a, const struct krule *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->family < b->family;
}

static struct rule *add(const struct krule *k)
{
	struct rule *r = xcalloc(1, sizeof(*r)), *at, *last = NULL;

	r->k = *k;
	r->k.protocol = zconfig.protocol;
	LIST_FOREACH (at, &rules, link) {
		if (before(k, &at->k))
			break;
		last = at;
	}
	if (last)
		LIST_INSERT_AFTER(last, r, link);
	else
		LIST_INSERT_HEAD(&rules, r, link);
	return r;
}

static void forget(struct rule *r)
{
	LIST_REMOVE(r, link);
	free(r);
}

static const char *describe(const struct krule *k, char *text, size_t size)
{
	snprintf(text, size,
		 "family=%s priority=%u table=%u fwmark=0x%x/0x%x source=%s "
		 "destination=%s interface=%s bound-to=%s tos=0x%x",
		 k->family == AF_INET ? "ipv4" : "ipv6", k->priority, k->table, k->fwmark,
		 k->fwmask, k->source.len ? PREFIX_STR(&k->source) : "any",
		 k->dst.len ? PREFIX_STR(&k->dst) : "any", k->iif[0] ? k->iif : "any",
		 k->oif[0] ? k->oif : "any", k->tos);
	return text;
}
#define DESCRIBE(k) describe((k), (char[256]){0}, 256)

static void retry_due(void *arg);

static void failed(struct rule *r, const char *what, int err)
{
	if (r->error != err)
		log_error("rule-refused", "what=%s %s error=\"%s\"", what, DESCRIBE(&r->k),
			  strerror(-err));
	r->error = err;
	if (!retry.ready)
		timer_init(&retry, retry_due, NULL);
	if (!timer_running(&retry))
		timer_start(&retry, RETRY_MS);
}

/* Takes it out of the kernel. True when it is not there any more. */
static bool take_out(struct rule *r)
{
	int err = r->installed && out.rule ? out.rule(false, &r->k) : 0;

	if (err < 0 && err != -ENOENT) {
		failed(r, "delete", err);
		return false;
	}
	r->installed = false;
	r->error = 0;
	return true;
}

/* Brings the kernel to what is wanted of R, which may be freed. */
static void sync_rule(struct rule *r)
{
	bool want = r->wanted && zconfig.kernel && !torn_down;
	int err;

	if (!ready)
		return;
	if (!want) {
		if (take_out(r) && !r->wanted)
			forget(r);
		return;
	}
	if (r->installed || !out.rule)
		return;
	err = out.rule(true, &r->k);
	if (err < 0) {
		failed(r, "add", err); /* EEXIST: somebody has the same; his may go some day */
		return;
	}
	r->installed = true;
	r->error = 0;
	r->epoch = epoch;
}

static void sync_all(void)
{
	struct rule *r, *next;

	for (r = LIST_FIRST(&rules); r; r = next) {
		next = LIST_NEXT(r, link);
		sync_rule(r);
	}
}

static void retry_due(void *arg)
{
	sync_all();
}

void rule_want(const struct krule *k)
{
	struct rule *r = find(k);

	if (!r)
		r = add(k);
	r->wanted++;
	sync_rule(r);
}

void rule_unwant(const struct krule *k)
{
	struct rule *r = find(k);

	if (!r || !r->wanted)
		return;
	r->wanted--;
	if (!r->wanted && !ready && !r->installed)
		forget(r);
	else
		sync_rule(r);
}

bool rule_in_place(const struct krule *k)
{
	const struct rule *r = find(k);

	return r && (r->installed || r->error == -EEXIST);
}

void rule_read_begin(void)
{
	epoch++;
	reading = true;
}

static void lost(struct rule *r)
{
	r->installed = false;
	if (r->wanted) {
		drift++;
		log_warn("drift-repaired", "what=rule %s", DESCRIBE(&r->k));
	}
	sync_rule(r);
}

void rule_told(const struct krule *k, bool present)
{
	struct rule *r = find(k);

	if (k->protocol != zconfig.protocol) {
		if (r && !present && r->error == -EEXIST)
			sync_rule(r); /* the one that was in our place is gone */
		return;
	}
	if (!present) {
		if (!r || !r->installed)
			return;
		if (reading)
			r->epoch = epoch - 1; /* seen or not, it is gone */
		else
			lost(r);
		return;
	}
	if (!r && !reading)
		return; /* looked at in the next reading */
	if (!r)
		r = add(k);
	r->installed = true;
	r->error = 0;
	r->epoch = epoch;
}

void rule_read_end(void)
{
	struct rule *r, *next;

	reading = false;
	ready = true;
	for (r = LIST_FIRST(&rules); r; r = next) {
		next = LIST_NEXT(r, link);
		if (r->installed && r->epoch != epoch) {
			lost(r);
			continue;
		}
		if (!r->wanted && r->installed)
			log_info("rule-swept", "%s", DESCRIBE(&r->k));
		sync_rule(r);
	}
}

void rule_config_changed(void)
{
	sync_all();
}

void rule_renumber(uint8_t protocol)
{
	struct rule *r, *next;

	for (r = LIST_FIRST(&rules); r; r = next) {
		next = LIST_NEXT(r, link);
		r->k.protocol = protocol;
		take_out(r);
		r->k.protocol = zconfig.protocol;
		sync_rule(r);
	}
}

void rule_teardown(void)
{
	torn_down = true;
	sync_all();
}

struct rule *rule_first(void)
{
	return LIST_FIRST(&rules);
}

struct rule *rule_next(const struct rule *r)
{
	return LIST_NEXT(r, link);
}

uint64_t rule_drift(void)
{
	return drift;
}

void rule_reset(void)
{
	struct rule *r;

	while ((r = LIST_FIRST(&rules)))
		forget(r);
	timer_stop(&retry);
	retry.ready = reading = ready = torn_down = false;
	epoch = 0;
	drift = 0;
}
