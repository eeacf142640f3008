/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_check.h"

#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"
#include "prefix.h"

#define NAMES_MAX 255 /* bytes of all that there are, then "..." */

/* A default or an inherited value has no place of its own, nor has a key: the statement around has.
 */
static const struct conf_pos *place_of(const struct lyd_node *node)
{
	while (lyd_parent(node) && !conf_pos(node))
		node = lyd_parent(node);
	return conf_pos(node);
}

static void say(struct conf_errors *errs, const struct lyd_node *node, bool warning,
		const char *fmt, va_list ap)
{
	char *path = conf_schema_path(node), *text = xvasprintf(fmt, ap);

	if (warning)
		conf_warning(errs, place_of(node), "%s: %s", path, text);
	else
		conf_error(errs, place_of(node), "%s: %s", path, text);
	free(text);
	free(path);
}

void conf_check_error(struct conf_errors *errs, const struct lyd_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(errs, node, false, fmt, ap);
	va_end(ap);
}

void conf_check_warning(struct conf_errors *errs, const struct lyd_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(errs, node, true, fmt, ap);
	va_end(ap);
}

bool conf_is(const struct lyd_node *node, const char *leaf, const char *value)
{
	const char *v = conf_value(node, leaf);

	return v && str_eq(v, value);
}

void conf_uses_add(struct conf_uses *uses, const struct lyd_node *leaf)
{
	if (!leaf)
		return;
	uses->v = xgrow(uses->v, uses->n, &uses->cap, sizeof(*uses->v));
	uses->v[uses->n++] = (struct conf_use){lyd_get_value(leaf), leaf};
}

static int use_cmp(const void *a, const void *b)
{
	const struct conf_use *x = a, *y = b;
	int c = strcmp(x->value, y->value);

	return c ? c : (int)conf_line(x->node) - (int)conf_line(y->node);
}

void conf_uses_report(struct conf_uses *uses, const char *what, struct conf_errors *errs)
{
	if (uses->n)
		qsort(uses->v, uses->n, sizeof(*uses->v), use_cmp);
	for (size_t i = 1; i < uses->n; i++) {
		const struct lyd_node *first = uses->v[i - 1].node;
		char *path;

		if (!str_eq(uses->v[i].value, uses->v[i - 1].value))
			continue;
		path = conf_schema_path(lyd_parent(first));
		conf_check_error(errs, uses->v[i].node, "'%s' is %s of %s too (line %u)",
				 uses->v[i].value, what, path, conf_line(first));
		free(path);
	}
	free(uses->v);
	memset(uses, 0, sizeof(*uses));
}

void conf_check_unknown(struct conf_errors *errs, const struct lyd_node *leaf, const char *what,
			const char *also, struct lyd_node *list)
{
	const char *comma = also ? ", " : "";
	char *names;
	size_t len;
	FILE *text = open_memstream(&names, &len);

	if (!text)
		fatal("out of memory");
	fputs(also ? also : "", text);
	for (struct lyd_node *n = list; n; n = conf_next(n)) {
		fprintf(text, "%s%s", comma, lyd_get_value(lyd_child(n)));
		comma = ", ";
	}
	fclose(text);
	if (len > NAMES_MAX)
		strcpy(names + NAMES_MAX - strlen("..."), "...");
	conf_check_error(errs, leaf, "there is no %s '%s'%s%s", what, lyd_get_value(leaf),
			 *names ? "; expected one of " : ", nor any other", names);
	free(names);
}

/* A leaf whose value must be the key of an entry of the list LIST in OUTER (NULL: at the top). */
static void check_reference(const struct conf *conf, const struct lyd_node *leaf,
			    const struct lyd_node *outer, const char *list, const char *also,
			    struct conf_errors *errs)
{
	struct lyd_node *first = outer ? conf_child(outer, list) : conf_top(conf, list);

	for (struct lyd_node *n = first; leaf && n; n = conf_next(n))
		if (str_eq(lyd_get_value(lyd_child(n)), lyd_get_value(leaf)))
			return;
	if (leaf)
		conf_check_unknown(errs, leaf, list, also, first);
}

static void check_policies(const struct conf *conf, const struct lyd_node *node, const char *name,
			   struct conf_errors *errs)
{
	for (struct lyd_node *n = conf_child(node, name); n; n = conf_next(n))
		if (!str_eq(lyd_get_value(n), "all") && !str_eq(lyd_get_value(n), "none"))
			check_reference(conf, n, NULL, "policy", "all, none", errs);
}

static void check_references(const struct conf *conf, struct conf_errors *errs)
{
	static const char *const lists[] = {"neighbor", "neighbor-group", "redistribute", "leak"};
	struct lyd_node *wireguard = conf_top(conf, "wireguard");
	struct lyd_node *bgp = conf_top(conf, "bgp");

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			check_reference(conf, conf_child(p, "template"), wireguard, "peer-template",
					NULL, errs);
	for (struct lyd_node *p = conf_child(bgp, "plane"); p; p = conf_next(p))
		for (struct lyd_node *r = conf_child(p, "redistribute"); r; r = conf_next(r))
			check_policies(conf, r, "policy", errs);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (struct lyd_node *n = conf_child(bgp, lists[l]); n; n = conf_next(n)) {
			check_policies(conf, n, "import", errs);
			check_policies(conf, n, "export", errs);
			check_policies(conf, n, "policy", errs);
			check_reference(conf, conf_child(n, "group"), bgp, "neighbor-group", NULL,
					errs);
		}
	}
}

static void check_statics(const struct lyd_node *node, struct conf_errors *errs)
{
	for (struct lyd_node *s = conf_child(node, "static"); s; s = conf_next(s)) {
		bool via = conf_child(s, "next-hop") || conf_child(s, "interface");
		bool hole = conf_is(s, "blackhole", "true");

		if (via == hole)
			conf_check_error(errs, s,
					 "expected either next-hop or interface, or blackhole");
	}
}

static void check_rib(const struct conf *effective, struct conf_errors *errs)
{
	struct lyd_node *rib = conf_top(effective, "rib");

	check_statics(rib, errs);
	for (struct lyd_node *p = conf_top(effective, "plane"); p; p = conf_next(p))
		check_statics(p, errs);
	for (struct lyd_node *r = conf_child(rib, "rule"); r; r = conf_next(r)) {
		const char *source = conf_value(r, "source"), *to = conf_value(r, "destination");

		if (source && to && !strchr(source, ':') != !strchr(to, ':'))
			conf_check_error(errs, conf_child(r, "destination"),
					 "'%s' and the source '%s' are of two families", to,
					 source);
	}
}

static void check_groups(const struct lyd_node *system, unsigned flags, struct conf_errors *errs)
{
	static const char *const leaves[] = {"cli-read-group", "cli-write-group"};

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		const struct lyd_node *leaf = conf_child(system, leaves[i]);

		if (leaf && flags & CONF_CHECK_FILES && !getgrnam(lyd_get_value(leaf)))
			conf_check_error(errs, leaf, "this machine has no group '%s'",
					 lyd_get_value(leaf));
	}
}

void conf_check(const struct conf *conf, const struct conf *effective, unsigned flags,
		struct conf_errors *errs)
{
	check_references(conf, errs);
	check_groups(conf_top(effective, "system"), flags, errs);
	conf_check_wireguard(effective, flags, errs);
	conf_check_bgp(effective, flags, errs);
	conf_check_policy(conf, errs);
	conf_check_plane(effective, errs);
	check_rib(effective, errs);
	conf_check_odd(effective, flags, errs);
}
