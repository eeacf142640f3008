/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_differ.h"

#include <stdlib.h>
#include <string.h>

#include "conf_lex.h"
#include "conf_schema.h"
#include "util.h"

struct differ {
	const struct ly_ctx *ctx;
	FILE *out;
	unsigned n;
};

static const char *said_by(const struct lyd_node *node)
{
	return lyd_get_value(node->schema->nodetype == LYS_LIST ? lyd_child(node) : node);
}

const struct lyd_node *configure_counterpart(const struct lyd_node *first,
					     const struct lyd_node *node)
{
	while (first && !str_eq(said_by(first), said_by(node)))
		first = conf_next(first);
	return first;
}

bool configure_same_order(const struct lyd_node *a, const struct lyd_node *b)
{
	const struct lyd_node *in_a = a, *in_b = b;

	for (;;) {
		while (in_a && !configure_counterpart(b, in_a))
			in_a = conf_next(in_a);
		while (in_b && !configure_counterpart(a, in_b))
			in_b = conf_next(in_b);
		if (!in_a || !in_b)
			return true;
		if (!str_eq(said_by(in_a), said_by(in_b)))
			return false;
		in_a = conf_next(in_a);
		in_b = conf_next(in_b);
	}
}

static void differ_say(struct differ *d, char sign, const char *path, const char *name,
		       const char *value)
{
	char *word = value ? conf_lex_word(value) : NULL;

	d->n++;
	if (d->out)
		fprintf(d->out, "%c %s%s%s%s%s\n", sign, path, *path && *name ? " " : "", name,
			word ? " " : "", word ? word : "");
	free(word);
}

static char *path_below(const char *path, const struct lyd_node *node)
{
	bool list = node->schema->nodetype == LYS_LIST;
	char *key = list ? conf_lex_word(said_by(node)) : NULL;
	char *text = xasprintf("%s%s%s%s%s", path, *path ? " " : "", node->schema->name,
			       key ? " " : "", key ? key : "");

	free(key);
	return text;
}

static void differ_inside(struct differ *d, const char *path, const struct lysc_node *outer,
			  const struct lyd_node *a, const struct lyd_node *b);

/* A container or an entry; A or B is NULL where only one of them has it. */
static void differ_below(struct differ *d, const char *path, const struct lyd_node *a,
			 const struct lyd_node *b)
{
	const struct lyd_node *one = a ? a : b;
	char *below = path_below(path, one);

	if (one->schema->nodetype == LYS_LIST && !(a && b))
		differ_say(d, a ? '-' : '+', below, "", NULL);
	differ_inside(d, below, one->schema, a ? lyd_child_no_keys(a) : NULL,
		      b ? lyd_child_no_keys(b) : NULL);
	free(below);
}

static void differ_leaf(struct differ *d, const char *path, const struct lyd_node *a,
			const struct lyd_node *b)
{
	if (a && b && str_eq(lyd_get_value(a), lyd_get_value(b)))
		return;
	if (a)
		differ_say(d, '-', path, a->schema->name, lyd_get_value(a));
	if (b)
		differ_say(d, '+', path, b->schema->name, lyd_get_value(b));
}

static void differ_list(struct differ *d, const char *path, const struct lyd_node *a,
			const struct lyd_node *b)
{
	bool leaves = (a ? a : b)->schema->nodetype == LYS_LEAFLIST;
	const struct lyd_node *n, *other;

	for (n = a; n; n = conf_next(n)) {
		other = configure_counterpart(b, n);
		if (leaves && !other)
			differ_say(d, '-', path, n->schema->name, lyd_get_value(n));
		else if (!leaves)
			differ_below(d, path, n, other);
	}
	for (n = b; n; n = conf_next(n)) {
		if (configure_counterpart(a, n))
			continue;
		if (leaves)
			differ_say(d, '+', path, n->schema->name, lyd_get_value(n));
		else
			differ_below(d, path, NULL, n);
	}
	if (a && b && lysc_is_userordered(a->schema) && !configure_same_order(a, b))
		differ_say(d, '~', path, a->schema->name, "(in another order)");
}

static const struct lyd_node *first_of(const struct lyd_node *node, const struct lysc_node *schema)
{
	while (node && node->schema != schema)
		node = node->next;
	return node;
}

static void differ_inside(struct differ *d, const char *path, const struct lysc_node *outer,
			  const struct lyd_node *a, const struct lyd_node *b)
{
	const struct lysc_node *schema = NULL;

	while ((schema = conf_schema_next(d->ctx, outer, schema))) {
		const struct lyd_node *in_a = first_of(a, schema), *in_b = first_of(b, schema);

		if (!in_a && !in_b)
			continue;
		if (schema->nodetype == LYS_LEAF)
			differ_leaf(d, path, in_a, in_b);
		else if (schema->nodetype == LYS_CONTAINER)
			differ_below(d, path, in_a, in_b);
		else
			differ_list(d, path, in_a, in_b);
	}
}

unsigned configure_differ(const struct conf *before, const struct conf *after, FILE *out)
{
	struct differ d = {.ctx = before->ctx, .out = out};

	differ_inside(&d, "", NULL, before->tree, after->tree);
	return d.n;
}
