/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_tree.h"

#include <stdlib.h>
#include <string.h>

struct conf_place {
	struct conf_place *next;
	struct conf_pos pos;
};

struct conf_name {
	struct conf_name *next;
	char *text;
};

struct conf *conf_new(struct ly_ctx *ctx)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	conf->ctx = ctx;
	return conf;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	lyd_free_all(conf->tree);
	while (conf->places) {
		struct conf_place *next = conf->places->next;

		free(conf->places);
		conf->places = next;
	}
	while (conf->names) {
		struct conf_name *next = conf->names->next;

		free(conf->names->text);
		free(conf->names);
		conf->names = next;
	}
	conf_texts_free(&conf->texts);
	free(conf);
}

const char *conf_file_name(struct conf *conf, const char *name)
{
	struct conf_name *n;

	for (n = conf->names; n; n = n->next)
		if (str_eq(n->text, name))
			return n->text;
	n = xmalloc(sizeof(*n));
	n->text = xstrdup(name);
	n->next = conf->names;
	conf->names = n;
	return n->text;
}

void conf_set_pos(struct conf *conf, struct lyd_node *node, const char *file, uint32_t line,
		  uint32_t col)
{
	struct conf_place *place = xmalloc(sizeof(*place));

	place->next = conf->places;
	conf->places = place;
	place->pos = (struct conf_pos){file, line, col};
	node->priv = &place->pos;
}

/* TO is a copy of FROM, so both are walked side by side. */
static void copy_places(struct conf *conf, struct lyd_node *to, const struct lyd_node *from)
{
	for (; to; to = to->next, from = from->next) {
		const struct conf_pos *pos = conf_pos(from);

		if (pos)
			conf_set_pos(conf, to, pos->file ? conf_file_name(conf, pos->file) : NULL,
				     pos->line, pos->col);
		copy_places(conf, lyd_child_no_keys(to), lyd_child_no_keys(from));
	}
}

struct conf *conf_dup(const struct conf *conf)
{
	struct conf *copy = conf_new(conf->ctx);

	if (conf->tree &&
	    lyd_dup_siblings(conf->tree, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS, &copy->tree))
		fatal("a configuration cannot be copied");
	copy_places(copy, copy->tree, conf->tree);
	return copy;
}

void conf_insert(struct conf *conf, struct lyd_node *parent, struct lyd_node *node)
{
	LY_ERR err;

	if (parent)
		err = lyd_insert_child(parent, node);
	else
		err = lyd_insert_sibling(conf->tree, node, &conf->tree);
	ensure(err == LY_SUCCESS);
}

/* By the parent's hash table: a list of thousands may stand among the children. */
struct lyd_node *conf_child(const struct lyd_node *node, const char *name)
{
	const struct lysc_node *schema = NULL;
	struct lyd_node *child = NULL;

	while (node && (schema = lys_getnext(schema, node->schema, NULL, 0)))
		if (str_eq(schema->name, name)) {
			lyd_find_sibling_val(lyd_child(node), schema, NULL, 0, &child);
			return child;
		}
	return NULL;
}

struct lyd_node *conf_top(const struct conf *conf, const char *name)
{
	struct lyd_node *node = conf->tree;

	while (node && !str_eq(node->schema->name, name))
		node = node->next;
	return node;
}

struct lyd_node *conf_next(const struct lyd_node *node)
{
	/* libyang keeps the instances of one schema node together. */
	return node->next && node->next->schema == node->schema ? node->next : NULL;
}

struct lyd_node *conf_entry(struct lyd_node *first, const char *key)
{
	struct lyd_node *n = first;

	while (n && !str_eq(lyd_get_value(lyd_child(n)), key))
		n = conf_next(n);
	return n;
}

const char *conf_value(const struct lyd_node *node, const char *name)
{
	const struct lyd_node *leaf = conf_child(node, name);

	return leaf ? lyd_get_value(leaf) : NULL;
}

bool conf_is(const struct lyd_node *node, const char *leaf, const char *value)
{
	const char *v = conf_value(node, leaf);

	return v && str_eq(v, value);
}

static void prune(struct conf *conf, struct lyd_node *node)
{
	struct lyd_node *next;

	for (; node; node = next) {
		next = node->next;
		if (!(node->schema->nodetype & (LYS_CONTAINER | LYS_LIST)))
			continue;
		prune(conf, lyd_child(node));
		if (node->schema->nodetype != LYS_CONTAINER || lyd_child(node))
			continue;
		if (conf->tree == node)
			conf->tree = next;
		lyd_free_tree(node);
	}
}

void conf_prune(struct conf *conf)
{
	prune(conf, conf->tree);
}
