/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_take.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_print.h"
#include "conf_schema.h"
#include "configure_differ.h"
#include "util.h"

struct take {
	const struct conf *want;
	struct conf_edit *e;
	bool replace;
	struct configure_path at; /* where it is */
};

static void take_push(struct take *t, const struct lyd_node *node)
{
	bool list = node->schema->nodetype == LYS_LIST;

	ensure(t->at.n < CONFIGURE_DEPTH);
	t->at.v[t->at.n++] = (struct configure_step){
		node->schema, list ? xstrdup(lyd_get_value(lyd_child(node))) : NULL};
}

static void take_pop(struct take *t)
{
	free(t->at.v[--t->at.n].key);
}

static void take_inside(struct take *t, const struct lysc_node *outer, const struct lyd_node *have,
			const struct lyd_node *want);

/* Statements as they would be printed, at the end of the place. */
static void put_node(struct take *t, const struct lyd_node *node)
{
	char *text = conf_print_node(t->want, node);
	struct candidate_place place;

	candidate_place(t->e, &t->at, t->at.n, &place);
	conf_edit_put(t->e, place.at, text);
	candidate_place_free(&place);
	free(text);
}

static void drop_leaf(struct take *t, const struct lyd_node *node)
{
	struct candidate_place place;

	candidate_place(t->e, &t->at, t->at.n, &place);
	conf_edit_delete(t->e, place.at, node->schema->name);
	candidate_place_free(&place);
}

static void drop_place(struct take *t, const struct lyd_node *node)
{
	struct candidate_place place;

	take_push(t, node);
	candidate_place(t->e, &t->at, t->at.n, &place);
	conf_edit_delete_place(t->e, place.at);
	candidate_place_free(&place);
	take_pop(t);
}

static void take_leaf(struct take *t, const struct lyd_node *have, const struct lyd_node *want)
{
	struct candidate_place place;

	if (have && want && str_eq(lyd_get_value(have), lyd_get_value(want)))
		return;
	if (!want) {
		drop_leaf(t, have);
		return;
	}
	candidate_place(t->e, &t->at, t->at.n, &place);
	conf_edit_set(t->e, place.at, want->schema->name, lyd_get_value(want));
	candidate_place_free(&place);
}

/* Whether what is there would have to go first, or to change its place. */
static bool is_beginning(const struct lyd_node *have, const struct lyd_node *want, bool replace)
{
	for (const struct lyd_node *n = have; n && replace; n = conf_next(n))
		if (!configure_counterpart(want, n))
			return false;
	return !lysc_is_userordered(want->schema) || configure_same_order(have, want);
}

static void take_leaf_list(struct take *t, const struct lyd_node *have, const struct lyd_node *want)
{
	struct candidate_place place;

	if (have && want && is_beginning(have, want, t->replace)) {
		for (; want; want = conf_next(want)) {
			if (configure_counterpart(have, want))
				continue;
			candidate_place(t->e, &t->at, t->at.n, &place);
			conf_edit_add(t->e, place.at, want->schema->name, lyd_get_value(want));
			candidate_place_free(&place);
		}
		return;
	}
	if (have && (t->replace || want))
		drop_leaf(t, have);
	if (want)
		put_node(t, want);
}

static void take_container(struct take *t, const struct lyd_node *have, const struct lyd_node *want)
{
	if (!want) {
		drop_place(t, have);
		return;
	}
	take_push(t, want);
	take_inside(t, want->schema, have ? lyd_child_no_keys(have) : NULL,
		    lyd_child_no_keys(want));
	take_pop(t);
}

/* Entries whose order counts and differs are written anew. */
static void take_entries(struct take *t, const struct lyd_node *have, const struct lyd_node *want)
{
	const struct lyd_node *n, *there;
	bool anew = have && want && lysc_is_userordered(want->schema) && t->replace &&
		    !configure_same_order(have, want);

	for (n = have; n && (t->replace || anew); n = conf_next(n))
		if (anew || !configure_counterpart(want, n))
			drop_place(t, n);
	for (n = want; n; n = conf_next(n)) {
		there = anew ? NULL : configure_counterpart(have, n);
		if (there)
			take_container(t, there, n);
		else
			put_node(t, n);
	}
}

static const struct lyd_node *first_instance(const struct lyd_node *node,
					     const struct lysc_node *schema)
{
	while (node && node->schema != schema)
		node = node->next;
	return node;
}

static void take_inside(struct take *t, const struct lysc_node *outer, const struct lyd_node *have,
			const struct lyd_node *want)
{
	const struct lysc_node *schema = NULL;

	while ((schema = conf_schema_next(t->want->ctx, outer, schema))) {
		const struct lyd_node *h = first_instance(have, schema);
		const struct lyd_node *w = first_instance(want, schema);

		if (!w && (!h || !t->replace))
			continue;
		if (schema->nodetype == LYS_LEAF)
			take_leaf(t, h, w);
		else if (schema->nodetype == LYS_LEAFLIST)
			take_leaf_list(t, h, w);
		else if (schema->nodetype == LYS_CONTAINER)
			take_container(t, h, w);
		else
			take_entries(t, h, w);
	}
}

static int edit_take(struct candidate *c, struct conf_edit *e, void *arg)
{
	struct take *t = arg;

	t->e = e;
	take_inside(t, NULL, c->now->tree, t->want->tree);
	return 0;
}

/* Nothing of it is missing, and with REPLACE nothing else is there. */
static bool holds_take(const struct conf *conf, void *arg)
{
	const struct take *t = arg;

	return !t->replace || configure_differ(t->want, conf, NULL) == 0;
}

int configure_take(struct candidate *c, const struct conf *want, bool replace,
		   struct conf_errors *errs)
{
	struct take t = {.want = want, .replace = replace};
	struct candidate_edit edit = {edit_take, holds_take, &t};

	return candidate_edit(c, &edit, errs);
}

/* ---- copy */

struct copy {
	const struct configure_path *at;
	const char *key;
};

/* The same statement with another key. */
static char *with_key(const struct conf *conf, const struct lyd_node *entry, const char *key)
{
	char *inside = conf_print_inside(conf, entry), *word = conf_lex_word(key), *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		fatal("out of memory");
	fprintf(out, "%s %s%s\n", entry->schema->name, word, *inside ? " {" : ";");
	for (const char *line = inside; *line; line += strcspn(line, "\n") + 1)
		fprintf(out, "    %.*s\n", (int)strcspn(line, "\n"), line);
	if (*inside)
		fputs("}\n", out);
	fclose(out);
	free(word);
	free(inside);
	return text;
}

static int edit_copy(struct candidate *c, struct conf_edit *e, void *arg)
{
	const struct copy *copy = arg;
	const struct configure_path *at = copy->at;
	const struct lyd_node *entry = configure_path_find(c->now, at, at->n);
	struct candidate_place place;
	char *text;

	if (!entry)
		return -ENOENT;
	if (configure_child(c->now, lyd_parent(entry), entry->schema, copy->key))
		return -EEXIST;
	text = with_key(c->now, entry, copy->key);
	candidate_place(e, at, at->n - 1, &place);
	conf_edit_put(e, place.at, text);
	candidate_place_free(&place);
	free(text);
	return 0;
}

int configure_take_copy(struct candidate *c, const struct configure_path *at, const char *key,
			struct conf_errors *errs)
{
	struct copy copy = {at, key};
	struct candidate_edit edit = {edit_copy, NULL, &copy};

	return candidate_edit(c, &edit, errs);
}
