/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check_say: how the parts of conf_check say what they found: at the place of the statement,
 * with its path; and values that may be there once only.
 */
#ifndef WGBGP_CONF_CHECK_SAY_H
#define WGBGP_CONF_CHECK_SAY_H

#include "conf_tree.h"

/* Values of leafs, sorted, to find the same one twice. */
struct conf_uses {
	struct conf_use {
		const char *value;	     /* canonical, of the tree */
		const struct lyd_node *node; /* the leaf */
	} * v;
	size_t n, cap;
};
void conf_uses_add(struct conf_uses *uses, const struct lyd_node *leaf);
/* Says each value's second and later use as an error "PATH: 'VALUE' is WHAT of OTHER too"; frees
 * USES. */
void conf_uses_report(struct conf_uses *uses, const char *what, struct conf_errors *errs);

/* "PATH: there is no WHAT 'VALUE'; expected one of ..." at LEAF's place: ALSO, and the keys of the
 * list that begins with LIST (NULL: it is empty). */
void conf_check_unknown(struct conf_errors *errs, const struct lyd_node *leaf, const char *what,
			const char *also, struct lyd_node *list);

/* "PATH: text" at NODE's place; PATH as in conf_schema_path(). */
void conf_check_error(struct conf_errors *errs, const struct lyd_node *node, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void conf_check_warning(struct conf_errors *errs, const struct lyd_node *node, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
