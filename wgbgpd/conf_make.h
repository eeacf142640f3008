/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_make: makes the nodes of a configuration that is being read, and complains where that cannot
 * be. Both notations, statements (conf_parse.c) and JSON (conf_parse_json.c), make the same nodes
 * with it and complain in the same words.
 */
#ifndef WGBGP_CONF_MAKE_H
#define WGBGP_CONF_MAKE_H

#include "conf_lex.h"
#include "conf_tree.h"

struct conf_reader;

struct parser {
	struct ly_ctx *ctx;
	struct conf *conf;
	struct conf_errors *errs;
	struct conf_reader *reader; /* NULL: include is refused */
	unsigned depth;		    /* of includes */
	unsigned included;	    /* files, altogether */
};

/* One file that is being read. */
struct source {
	struct parser *p;
	const char *name;    /* in conf->names */
	struct conf_lex lex; /* not of JSON */
};

/* "PATH NAME: text" at POS; PARENT and NAME may be NULL. */
void conf_complain(struct source *src, const struct conf_pos *pos, const struct lyd_node *parent,
		   const char *name, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* WORD is no statement in a node of SCHEMA (NULL: at the top): what is? */
void conf_complain_unknown(struct source *src, const struct conf_pos *pos,
			   const struct lyd_node *parent, const struct lysc_node *schema,
			   const char *word);

/* The first of the nodes in PARENT (NULL: at the top). */
struct lyd_node *conf_siblings(struct source *src, struct lyd_node *parent);

/* Make nodes in PARENT (NULL: at the top); errors are said. */
void conf_make_value(struct source *src, struct lyd_node *parent, const struct lysc_node *schema,
		     const struct conf_pos *pos, const char *value);
struct lyd_node *conf_make_container(struct source *src, struct lyd_node *parent,
				     const struct lysc_node *schema, const struct conf_pos *pos);
/* NULL after an error. KEY_POS is the key's place. */
struct lyd_node *conf_make_entry(struct source *src, struct lyd_node *parent,
				 const struct lysc_node *schema, const struct conf_pos *pos,
				 const char *key, const struct conf_pos *key_pos);

#endif
