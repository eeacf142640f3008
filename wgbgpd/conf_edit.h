/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_edit: changes single statements in the texts of a configuration. All other bytes stay:
 * comments, order, indentation, which file a statement is in. A new statement comes behind the
 * others of its block, indented as they are.
 *
 * Nothing is known of the schema here: a name is a word, a value too, and whether the result is a
 * configuration is for the parser to say. A place is a path of steps from the top; a container that
 * is written several times, in several files, is one place.
 */
#ifndef WGBGP_CONF_EDIT_H
#define WGBGP_CONF_EDIT_H

#include "conf_texts.h"

/* Into a container, or into the entry KEY of a list. */
struct conf_step {
	const char *name, *key; /* KEY NULL: a container */
};

struct conf_path {
	const struct conf_step *steps;
	size_t n;
};

struct conf_edit;
struct statement;

/* Copies TEXTS. NULL: they are not statements to their end. */
struct conf_edit *conf_edit_new(const struct conf_texts *texts);
void conf_edit_free(struct conf_edit *e);
/* As they are now; valid until the next change. */
const struct conf_texts *conf_edit_texts(const struct conf_edit *e);

/* The statements of the texts (conf_spans.h); valid until the next change. */
const struct statement *conf_edit_top(const struct conf_edit *e);

/* 0, -ENOENT: there is no such statement, -EEXIST. What is missing of the way to a place is made by
 * the first three; values are quoted as they need it. */
int conf_edit_make(struct conf_edit *e, struct conf_path at);
int conf_edit_set(struct conf_edit *e, struct conf_path at, const char *leaf, const char *value);
/* STATEMENTS, one or more lines as the printer has them, at the end of the place. */
void conf_edit_put(struct conf_edit *e, struct conf_path at, const char *statements);
/* One more value of a leaf-list. */
int conf_edit_add(struct conf_edit *e, struct conf_path at, const char *list, const char *value);
int conf_edit_remove(struct conf_edit *e, struct conf_path at, const char *list, const char *value);
/* A leaf or a whole leaf-list. A comment behind it stays. */
int conf_edit_delete(struct conf_edit *e, struct conf_path at, const char *name);
/* A container or an entry, and all that is in it. */
int conf_edit_delete_place(struct conf_edit *e, struct conf_path at);
/* Another key for the entry that the last step leads to. */
int conf_edit_rename(struct conf_edit *e, struct conf_path at, const char *key);

#endif
