/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_parse: reads a configuration: text shaped by the YANG schema, or JSON (RFC 7951).
 *
 *     container:  name { ... }            list:       name KEY { ... }   or   name KEY;
 *     leaf:       name value;             leaf-list:  name [ a b ];      or   name a;
 *     include FILE;                       anywhere a statement may stand; relative to the including
 * file
 *
 * The parser knows no statement but include: it looks names up in the schema and gives values to
 * libyang. After an error it goes on behind the statement's ';' or '}', so one pass finds many. A
 * container may be written several times; a list entry, a leaf and a value of a leaf-list only
 * once. A text whose first character is '{' is JSON.
 */
#ifndef WGBGP_CONF_PARSE_H
#define WGBGP_CONF_PARSE_H

#include "conf_tree.h"

#define CONF_INCLUDE_DEPTH 8
#define CONF_INCLUDE_FILES 4096

/* NULL after errors, which are on ERRS. Syntax and values are checked, nothing else (conf_check.h).
 */
struct conf *conf_parse_file(struct ly_ctx *ctx, const char *path, struct conf_errors *errs);

/* The same of files that somebody has read: the first one of TEXTS and what it includes. The others
 * of TEXTS do not become texts of the configuration. */
struct conf *conf_parse_texts(struct ly_ctx *ctx, const struct conf_texts *texts,
			      struct conf_errors *errs);

/* Who gives the texts of files. */
struct conf_reader {
	/* That of the file PATH, terminated behind *LEN bytes, to be freed; or NULL with errno. It
	 * is asked once for each file that is really included. */
	char *(*read)(struct conf_reader *r, const char *path, size_t *len);
	const void *arg;
	char why[512]; /* a sentence that says more than errno; or empty */
};

/* The same of the file PATH and of what it includes, as READER gives them. */
struct conf *conf_parse_by(struct ly_ctx *ctx, const char *path, struct conf_reader *reader,
			   struct conf_errors *errs);

/* The same from memory. NAME stands for the file in messages; include is refused. */
struct conf *conf_parse_text(struct ly_ctx *ctx, const char *name, const char *text, size_t len,
			     struct conf_errors *errs);

#endif
