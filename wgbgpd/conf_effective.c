/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_effective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"
#include "planes.h"
#include "util.h"

#define UPLINK_NUMBER_FIRST 0x77670001u /* marks and tables that we choose */
#define UPLINK_NUMBERS 0xffffu

static void copy_pos(struct conf *conf, struct lyd_node *to, const struct lyd_node *from)
{
	const struct conf_pos *pos = conf_pos(from);

	if (pos)
		conf_set_pos(conf, to, pos->file, pos->line, pos->col);
}

static void inherit_all(struct conf *conf, struct lyd_node *to, const struct lyd_node *from);

/* Gives TO the statement NAME of FROM (all values of a leaf-list) where TO has none and can have
 * it. */
static void inherit(struct conf *conf, struct lyd_node *to, const struct lyd_node *from,
		    const char *name)
{
	const struct lysc_node *schema = conf_schema_find(conf->ctx, to->schema, name);
	struct lyd_node *own = conf_child(to, name);
	const struct lyd_node *node = conf_child(from, name);

	if (!schema || !node || schema->nodetype != node->schema->nodetype)
		return;
	if (schema->nodetype == LYS_CONTAINER) {
		if (!own && lyd_new_inner(to, NULL, name, false, &own))
			return;
		inherit_all(conf, own, node);
	} else if (!own && (schema->nodetype & (LYS_LEAF | LYS_LEAFLIST))) {
		for (; node; node = conf_next(node)) {
			if (lyd_new_term(to, NULL, name, lyd_get_value(node), false, &own))
				continue;
			copy_pos(conf, own, node);
		}
	}
}

static void inherit_all(struct conf *conf, struct lyd_node *to, const struct lyd_node *from)
{
	const char *last = NULL;

	for (const struct lyd_node *n = lyd_child_no_keys(from); n; n = n->next) {
		if (last && str_eq(last, n->schema->name))
			continue;
		last = n->schema->name;
		inherit(conf, to, from, last);
	}
}

static void inherit_reference(struct conf *conf, struct lyd_node *node, const char *leaf,
			      const struct lyd_node *outer, const char *list)
{
	const char *key = conf_value(node, leaf);
	const struct lyd_node *from = key ? conf_entry(conf_child(outer, list), key) : NULL;

	if (from)
		inherit_all(conf, node, from);
}

/* A name's place in the range of numbers that we choose from. */
static uint32_t number_of_name(const char *name)
{
	uint32_t hash = 2166136261;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return (hash ^ hash >> 16) % UPLINK_NUMBERS;
}

static bool is_number_used(const struct lyd_node *wireguard, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i)) {
		const char *mark = conf_value(i, "fwmark");
		const char *table = conf_value(conf_child(i, "uplink"), "table");

		if ((mark && str_eq(mark, text)) || (table && str_eq(table, text)))
			return true;
	}
	return false;
}

/* Mark and table of an uplink that has none by configuration. They follow from the interface's
 * name, so that they stay what they are when others come and go. */
static void resolve_uplink(const struct lyd_node *wireguard, struct lyd_node *interface)
{
	struct lyd_node *uplink = conf_child(interface, "uplink");
	bool mark = !conf_child(interface, "fwmark"), table = !conf_child(uplink, "table");
	uint32_t at = number_of_name(lyd_get_value(lyd_child(interface)));
	char text[16];

	if (!conf_child(uplink, "interface") || (!mark && !table))
		return;
	for (uint32_t n = 0; n < UPLINK_NUMBERS; n++) {
		if (!is_number_used(wireguard, UPLINK_NUMBER_FIRST + at))
			break;
		at = (at + 1) % UPLINK_NUMBERS;
	}
	snprintf(text, sizeof(text), "%u", UPLINK_NUMBER_FIRST + at);
	if (mark)
		lyd_new_term(interface, NULL, "fwmark", text, false, NULL);
	if (table)
		lyd_new_term(uplink, NULL, "table", text, false, NULL);
}

static void resolve_wireguard(struct conf *conf, const struct lyd_node *wireguard)
{
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i)) {
		inherit(conf, i, wireguard, "backend");
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p)) {
			inherit_reference(conf, p, "template", wireguard, "peer-template");
			inherit(conf, p, i, "liveness");
			inherit(conf, p, i, "quality");
		}
	}
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		resolve_uplink(wireguard, i);
}

/* The leaves that both have: the timers. */
static void inherit_timers(struct conf *conf, struct lyd_node *to, const struct lyd_node *bgp)
{
	const struct lysc_node *leaf = NULL;

	while ((leaf = conf_schema_next(conf->ctx, bgp->schema, leaf)))
		if (leaf->nodetype == LYS_LEAF)
			inherit(conf, to, bgp, leaf->name);
}

static void resolve_bgp(struct conf *conf, const struct lyd_node *bgp)
{
	for (struct lyd_node *n = conf_child(bgp, "neighbor"); n; n = conf_next(n)) {
		inherit_reference(conf, n, "group", bgp, "neighbor-group");
		inherit_timers(conf, n, bgp);
	}
	for (struct lyd_node *g = conf_child(bgp, "neighbor-group"); g; g = conf_next(g))
		inherit_timers(conf, g, bgp);
}

/* Numbers of planes by name: what has one keeps it as long as this process lives, so that a commit
 * which adds or removes a plane moves nothing of the others. */
static char numbers[PLANES_MAX][PLANE_NAME_MAX] = {"main"};

static bool number_is_written(const struct lyd_node *planes, unsigned number)
{
	for (const struct lyd_node *p = planes; p; p = conf_next(p)) {
		const char *own = conf_value(p, "number");

		if (own && strtoul(own, NULL, 10) == number)
			return true;
	}
	return false;
}

static bool number_is_taken(const struct lyd_node *planes, unsigned number)
{
	for (const struct lyd_node *p = planes; p; p = conf_next(p))
		if (str_eq(numbers[number], lyd_get_value(lyd_child(p))))
			return true;
	return number_is_written(planes, number);
}

/* The number of the plane NAME: the one that it had before; else one that no plane has had; else
 * one of a plane that is not in this configuration. */
static unsigned choose_number(const struct lyd_node *planes, const char *name)
{
	for (unsigned i = 1; i < PLANES_MAX; i++)
		if (str_eq(numbers[i], name) && !number_is_written(planes, i))
			return i;
	for (int used = 0; used < 2; used++)
		for (unsigned i = 1; i < PLANES_MAX; i++)
			if ((used || !numbers[i][0]) && !number_is_taken(planes, i))
				return i;
	return 0; /* conf_check() says that there are too many */
}

static void number_planes(struct conf *conf)
{
	struct lyd_node *planes = conf_top(conf, "plane");

	for (struct lyd_node *p = planes; p; p = conf_next(p)) {
		const char *name = lyd_get_value(lyd_child(p)), *own = conf_value(p, "number");
		unsigned number = own ? strtoul(own, NULL, 10) : choose_number(planes, name);
		char text[16];

		for (unsigned i = 1; i < PLANES_MAX && number; i++)
			if (str_eq(numbers[i], name))
				numbers[i][0] = '\0';
		if (number && number < PLANES_MAX)
			str_copy(numbers[number], name, sizeof(numbers[number]));
		snprintf(text, sizeof(text), "%u", number);
		if (!own && number)
			lyd_new_term(p, NULL, "number", text, false, NULL);
	}
}

struct conf *conf_effective(const struct conf *conf, struct conf_errors *errs)
{
	struct conf *out = conf_dup(conf);
	const struct ly_err_item *item;

	resolve_wireguard(out, conf_top(out, "wireguard"));
	resolve_bgp(out, conf_top(out, "bgp"));
	number_planes(out);
	if (lyd_validate_all(&out->tree, out->ctx, LYD_VALIDATE_NO_STATE, NULL) == LY_SUCCESS)
		return out;
	item = ly_err_last(out->ctx);
	conf_error(errs, NULL, "%s (%s)", conf_schema_complaint(item),
		   item && item->path ? item->path : "no place known");
	ly_err_clean(out->ctx, NULL);
	conf_free(out);
	return NULL;
}
