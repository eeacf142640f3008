/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_path: what the words of a line mean, by the schema alone: a place, and values for
 * statements on the way to it: "bgp neighbor 10.9.0.2 remote-as 65001 import [ a b ]". A
 * statement's name may be abbreviated. Keys and values are kept in libyang's form
 * (conf_schema_canonical()).
 */
#ifndef WGBGP_CLI_CONFIGURE_PATH_H
#define WGBGP_CLI_CONFIGURE_PATH_H

#include "conf_tree.h"
#include "configure_words.h"
#include "session.h"

#define CONFIGURE_DEPTH 16

struct configure_step {
	const struct lysc_node *schema;
	char *key; /* of a list's entry; NULL: a container */
};

struct configure_path {
	struct configure_step v[CONFIGURE_DEPTH];
	size_t n;
};

void configure_path_copy(struct configure_path *out, const struct configure_path *from, size_t n);
void configure_path_free(struct configure_path *at);
/* "bgp neighbor 10.9.0.2"; to be freed. */
char *configure_path_text(const struct configure_path *at);
/* The schema's node of the place; NULL: the top. */
const struct lysc_node *configure_path_schema(const struct configure_path *at);
/* Of the containers at the top, the only one that has a statement of this name; NULL: none, or
 * several. */
const struct lysc_node *configure_holder(const struct ly_ctx *ctx, const char *name);
/* Where a line that begins with this statement (not WHOLE: with what abbreviates one), and no
 * command, belongs: AT, the nearest place around it that has one, or the holder. False: nowhere.
 * OUT is to be freed. */
bool configure_path_home(const struct ly_ctx *ctx, const struct configure_path *at,
			 const char *name, bool whole, struct configure_path *out);
/* The statement that NAME was probably meant to be, here, further out, or in a container at the
 * top; NULL: none is near. */
const char *configure_path_near(const struct ly_ctx *ctx, const struct configure_path *at,
				const char *name);
/* The node of the first N steps, NULL: there is none, or N is 0. */
struct lyd_node *configure_path_find(const struct conf *conf, const struct configure_path *at,
				     size_t n);
/* The first child of PARENT (NULL: at the top) of SCHEMA; an entry with this KEY, a leaf with this
 * value, where KEY is not NULL. */
struct lyd_node *configure_child(const struct conf *conf, const struct lyd_node *parent,
				 const struct lysc_node *schema, const char *key);

struct configure_value {
	size_t depth; /* of the place: steps of AT */
	const struct lysc_node *leaf;
	char *value;
};

/* A line, or the beginning of one. */
struct configure_line {
	struct configure_path at;
	size_t begun; /* steps that were there before the first word */
	struct configure_value *values;
	size_t n, cap;
	enum {
		CONFIGURE_STATEMENT, /* wanted next, in AT */
		CONFIGURE_KEY,	     /* of NODE, a list */
		CONFIGURE_VALUE,     /* of NODE, a leaf or a leaf-list */
	} wants;
	const struct lysc_node *node;
	bool bracket; /* which is not closed yet */
};

/* Reads WORDS[FROM] and what follows, up to WORDS[TO], in the place AT. False with an error; to be
 * freed in both cases. */
bool configure_line_read(const struct ly_ctx *ctx, const struct configure_path *at,
			 const struct configure_words *words, size_t from, size_t to,
			 struct configure_line *out, struct cli_error *error);
void configure_line_free(struct configure_line *line);
/* What is wanted next, as in "expected ..."; to be freed. */
char *configure_line_wants(const struct ly_ctx *ctx, const struct configure_line *line);

/* What may follow LINE and begins with OUT->partial: statements with their descriptions, keys and
 * values that are in CONF. */
void configure_line_offer(const struct conf *conf, const struct configure_line *line,
			  struct session_offers *out);

#endif
