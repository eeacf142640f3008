/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_schema: the YANG modules as the parser, the printer, completion and messages need them.
 *
 * Statements are found by name among the children of a schema node; at the top among those of all
 * our modules. What a value must look like is said from the compiled type: enumerations, ranges,
 * and the error-message of patterns.
 */
#ifndef WGBGP_CONF_SCHEMA_H
#define WGBGP_CONF_SCHEMA_H

#include <stddef.h>
#include <libyang/libyang.h>

#include "conf_error.h"

/* The directory of the modules: $WGBGP_YANGDIR, or where they are installed. */
const char *conf_schema_dir(void);

/* Loads the modules; NULL after an error was put on ERRS. The caller frees it with
 * ly_ctx_destroy(). */
struct ly_ctx *conf_schema_load(const char *dir, struct conf_errors *errs);

/* Children in schema order; PARENT NULL: the top level. LAST NULL: the first one. NULL at the end.
 */
/* What libyang has said. */
const char *conf_schema_complaint(const struct ly_err_item *item);

const struct lysc_node *conf_schema_next(const struct ly_ctx *ctx, const struct lysc_node *parent,
					 const struct lysc_node *last);
const struct lysc_node *conf_schema_find(const struct ly_ctx *ctx, const struct lysc_node *parent,
					 const char *name);

/* The key of a list (they all have one). */
const struct lysc_node_leaf *conf_schema_key(const struct lysc_node *list);
const struct lysc_type *conf_schema_type(const struct lysc_node *leaf); /* of a leaf or leaf-list */

/* "a number from 1 to 65535", "on or off": what follows "expected". The caller frees them. */
char *conf_schema_describe_type(const struct lysc_type *type);
char *conf_schema_describe_children(const struct ly_ctx *ctx, const struct lysc_node *parent);

/* The child whose name is nearest to NAME, NULL when none is near. */
const char *conf_schema_suggest(const struct ly_ctx *ctx, const struct lysc_node *parent,
				const char *name);

/* VALUE of a leaf as libyang writes it: an address in lower case, a prefix without bits behind its
 * length; to be freed. NULL: it is not valid. */
char *conf_schema_canonical(const struct lysc_node *leaf, const char *value);
/* A number that is written as 0x101, which YANG does not know in values, in decimal; else VALUE. */
const char *conf_schema_plain_number(const struct lysc_node *leaf, const char *value, char *buf,
				     size_t size);
/* The first sentence of the description, in one line; to be freed. */
char *conf_schema_help(const char *description);

/* "wireguard interface wg0 mtu"; the caller frees it. */
char *conf_schema_path(const struct lyd_node *node);

#endif
