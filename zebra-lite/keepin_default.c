/* SPDX-License-Identifier: BSD-2-Clause */
#include "keepin_default.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "conf_leaves.h"
#include "keepin.h"
#include "rule.h"
#include "side.h"
#include "util.h"
#include "zconfig.h"

static struct settings {
	uint32_t table, priority;
	uint32_t *mark; /* owned; of our interfaces */
	size_t n_marks, cap;
} conf;

static struct family {
	bool permitted;
	bool on;    /* permitted, and endpoints may be pinned */
	bool armed; /* its rules are wanted */
	bool leads;
	struct kroute route; /* the tunnel's, while it leads */
} families[2];

static const uint8_t numbers[2] = {AF_INET, AF_INET6};

static struct family *family_of(uint8_t family)
{
	return &families[family == AF_INET6];
}

/* --- rules and routes --- */

static struct krule last_rule(const struct settings *c, unsigned i)
{
	return (struct krule){.family = numbers[i],
			      .action = FR_ACT_TO_TBL,
			      .priority = c->priority + 2,
			      .table = c->table};
}

static struct krule main_rule(const struct settings *c, unsigned i)
{
	return (struct krule){.family = numbers[i],
			      .action = FR_ACT_TO_TBL,
			      .priority = c->priority,
			      .table = RT_TABLE_MAIN,
			      .no_default = true};
}

static struct krule mark_rule(const struct settings *c, unsigned i, size_t n)
{
	return (struct krule){.family = numbers[i],
			      .action = FR_ACT_TO_TBL,
			      .priority = c->priority + 1,
			      .table = RT_TABLE_MAIN,
			      .fwmark = c->mark[n],
			      .fwmask = UINT32_MAX};
}

/* Alone the one into the table would refuse all that is not for this host. */
static void want_rules(const struct settings *c, unsigned i)
{
	struct krule k = main_rule(c, i);

	rule_want(&k);
	for (size_t n = 0; n < c->n_marks; n++) {
		k = mark_rule(c, i, n);
		rule_want(&k);
	}
	k = last_rule(c, i);
	rule_want_behind(&k, c->priority);
}

static void unwant_rules(const struct settings *c, unsigned i)
{
	struct krule k = last_rule(c, i);

	rule_unwant(&k);
	for (size_t n = 0; n < c->n_marks; n++) {
		k = mark_rule(c, i, n);
		rule_unwant(&k);
	}
	k = main_rule(c, i);
	rule_unwant(&k);
}

static struct kroute unreachable(const struct settings *c, unsigned i)
{
	return (struct kroute){.prefix = {.family = numbers[i]},
			       .table = c->table,
			       .metric = KEEPIN_METRIC,
			       .protocol = zconfig.protocol,
			       .type = RTN_UNREACHABLE};
}

/* The key of the tunnel's, in TABLE by METRIC. */
static struct kroute route_in(const struct family *f, uint32_t table, uint32_t metric)
{
	struct kroute k = f->route;

	k.table = table;
	k.metric = metric;
	k.protocol = zconfig.protocol;
	return k;
}

static void want_routes(struct family *f, unsigned i)
{
	struct kroute k = unreachable(&conf, i);

	side_want(&k);
	if (!f->leads)
		return;
	f->route = route_in(f, conf.table, zconfig.metric);
	side_want(&f->route);
}

/* --- the configuration --- */

static void add_mark(struct settings *c, uint32_t mark)
{
	for (size_t n = 0; n < c->n_marks; n++)
		if (c->mark[n] == mark)
			return;
	if (!mark)
		return;
	c->mark = xgrow(c->mark, c->n_marks, &c->cap, sizeof(*c->mark));
	c->mark[c->n_marks++] = mark;
}

static void read_settings(const json_t *config, struct settings *c)
{
	const json_t *interface;
	struct conf_rib rib;
	size_t i;

	conf_leaves_read(conf_rib_leaves, conf_get(config, "rib"), &rib);
	*c = (struct settings){.table = rib.keep_in_table, .priority = rib.keep_in_priority};
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface)
		add_mark(c, conf_u32(interface, "fwmark", 0));
}

/* What is wanted from now on is there before what was wanted by OLD goes. */
static void change_family(unsigned i, bool on, const struct settings *old)
{
	struct family *f = &families[i], was = *f;
	struct kroute k;

	f->on = on;
	f->armed = on && was.armed;
	f->leads = on && was.leads;
	if (f->on)
		want_routes(f, i);
	if (f->armed)
		want_rules(&conf, i);
	if (was.armed)
		unwant_rules(old, i);
	if (!was.on)
		return;
	if (was.leads &&
	    !(f->leads && f->route.table == was.route.table && f->route.metric == was.route.metric))
		side_unwant(&was.route);
	k = unreachable(old, i);
	if (!f->on || old->table != conf.table)
		side_unwant(&k);
}

bool keepin_default_configure(const json_t *config)
{
	struct settings old = conf;
	bool changed = false, any = false;

	read_settings(config, &conf);
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
		bool on;

		any = any || families[i].permitted;
		families[i].permitted = keepin_permits_default(numbers[i]);
		any = any || families[i].permitted;
		on = families[i].permitted && zconfig.pin;
		changed = changed || on != families[i].on;
		change_family(i, on, &old);
	}
	free(old.mark);
	if (any)
		keepin_changed();
	return changed;
}

/* --- what becomes of it --- */

bool keepin_default_permitted(uint8_t family)
{
	return family_of(family)->permitted;
}

bool keepin_default_on(uint8_t family)
{
	return family_of(family)->on;
}

bool keepin_default_leads(uint8_t family)
{
	return family_of(family)->leads;
}

bool keepin_default_installed(uint8_t family)
{
	unsigned i = family == AF_INET6;
	struct kroute k = unreachable(&conf, i);
	struct krule first = main_rule(&conf, i), last = last_rule(&conf, i);

	return families[i].armed && zconfig.kernel && side_in_place(&k) && rule_in_place(&first) &&
	       rule_in_place(&last);
}

bool keepin_default_refuses(uint8_t family)
{
	const struct family *f = family_of(family);

	return keepin_default_installed(family) && !(f->leads && side_in_place(&f->route));
}

uint32_t keepin_default_table(void)
{
	return conf.table;
}

uint32_t keepin_default_priority(void)
{
	return conf.priority;
}

void keepin_default_route(uint8_t family, const struct kroute *k)
{
	struct family *f = family_of(family);
	struct kroute old = f->route;
	bool led = f->leads;

	if (!f->on)
		return;
	f->leads = k != NULL;
	if (k)
		f->route = *k;
	want_routes(f, family == AF_INET6);
	if (led && !f->leads)
		side_unwant(&old);
	if (led != f->leads)
		keepin_changed();
}

bool keepin_default_waits(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].on && !families[i].armed)
			return true;
	return false;
}

static void arm(unsigned i)
{
	families[i].armed = true;
	want_rules(&conf, i);
	keepin_changed();
}

void keepin_default_arm(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].on && !families[i].armed)
			arm(i);
}

/* An earlier life led packets into the table. */
static bool is_found(unsigned i)
{
	for (const struct rule *r = rule_first(); r; r = rule_next(r))
		if (r->kept.installed && r->k.family == numbers[i] && r->k.table == conf.table)
			return true;
	return false;
}

void keepin_default_read_end(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].on && !families[i].armed && is_found(i))
			arm(i);
}

void keepin_default_reset(void)
{
	free(conf.mark);
	conf = (struct settings){0};
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		families[i] = (struct family){0};
}
