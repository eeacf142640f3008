/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_parse_internal: what the readers of the two notations, statements (conf_parse.c) and JSON
 * (conf_parse_json.c), have in common: they make the same nodes and complain in the same words.
 */
#ifndef WGBGP_CONF_PARSE_INTERNAL_H
#define WGBGP_CONF_PARSE_INTERNAL_H

#include "conf_lex.h"
#include "conf_tree.h"

struct parser {
	struct ly_ctx *ctx;
	struct conf *conf;
	struct conf_errors *errs;
	bool files;	   /* include is allowed */
	unsigned depth;	   /* of includes */
	unsigned included; /* files, altogether */
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

/* Make nodes in PARENT (NULL: at the top); errors are said. */
void conf_make_value(struct source *src, struct lyd_node *parent, const struct lysc_node *schema,
		     const struct conf_pos *pos, const char *value);
struct lyd_node *conf_make_container(struct source *src, struct lyd_node *parent,
				     const struct lysc_node *schema, const struct conf_pos *pos);
/* NULL after an error. KEY_POS is the key's place. */
struct lyd_node *conf_make_entry(struct source *src, struct lyd_node *parent,
				 const struct lysc_node *schema, const struct conf_pos *pos,
				 const char *key, const struct conf_pos *key_pos);

/* conf_parse_json.c */
void conf_parse_json(struct parser *p, const char *name, const char *text, size_t len);

#endif
