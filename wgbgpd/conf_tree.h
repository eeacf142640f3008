/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_tree: one configuration: a libyang data tree, and where each node of it was written.
 *
 * The stored tree holds what was written, nothing else: no defaults, no statements inherited from
 * templates (conf_effective.h makes those). lyd_node.priv of a node points to its struct conf_pos,
 * or is NULL when the tree came from JSON. Places and file names live as long as the struct conf.
 */
#ifndef WGBGP_CONF_TREE_H
#define WGBGP_CONF_TREE_H

#include <libyang/libyang.h>

#include "conf_error.h"
#include "conf_texts.h"

struct conf_place; /* of a node */
struct conf_name;  /* of a file */

struct conf {
	struct ly_ctx *ctx;    /* not owned */
	struct lyd_node *tree; /* first of the top-level siblings; NULL: an empty configuration */
	struct conf_place *places; /* all of them, newest first */
	struct conf_name *names;
	struct conf_texts texts; /* the files that were read; not copied by conf_dup() */
};

struct conf *conf_new(struct ly_ctx *ctx);
void conf_free(struct conf *conf); /* NULL is fine */

/* A copy without places' owners shared: places are copied too. */
struct conf *conf_dup(const struct conf *conf);

const char *conf_file_name(struct conf *conf, const char *name); /* a copy that lives with CONF */
void conf_set_pos(struct conf *conf, struct lyd_node *node, const char *file, uint32_t line,
		  uint32_t col);
static inline const struct conf_pos *conf_pos(const struct lyd_node *node)
{
	return node ? node->priv : NULL;
}

/* Its line in the file; 0: not known. */
static inline uint32_t conf_line(const struct lyd_node *node)
{
	const struct conf_pos *pos = conf_pos(node);

	return pos ? pos->line : 0;
}

/* Inserts an unlinked NODE among PARENT's children, or at the top when PARENT is NULL. */
void conf_insert(struct conf *conf, struct lyd_node *parent, struct lyd_node *node);

/* First child of NODE (NULL: of the top) with this name; NULL when there is none. */
struct lyd_node *conf_child(const struct lyd_node *node, const char *name);
struct lyd_node *conf_top(const struct conf *conf, const char *name);
/* The entry of a list whose key is KEY, of those from FIRST on; NULL: there is none. */
struct lyd_node *conf_entry(struct lyd_node *first, const char *key);
/* The next sibling of the same name: for (n = conf_child(p, "peer"); n; n = conf_next(n)) */
struct lyd_node *conf_next(const struct lyd_node *node);
const char *conf_value(const struct lyd_node *node,
		       const char *name); /* of a child leaf, or NULL */
bool conf_is(const struct lyd_node *node, const char *leaf, const char *value);

/* Removes containers that hold nothing. */
void conf_prune(struct conf *conf);

#endif
