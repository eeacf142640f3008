/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check: what the schema cannot say: whether the statements of a configuration fit together.
 *
 * Errors refuse the configuration; warnings say what is allowed but probably not meant. Each names
 * the place of the statement.
 */
#ifndef WGBGP_CONF_CHECK_H
#define WGBGP_CONF_CHECK_H

#include "conf_tree.h"

enum conf_check_flags {
	CONF_CHECK_FILES = 1, /* look at the machine, too: key files, networks of its interfaces */
};

/* CONF is what was written, EFFECTIVE what conf_effective() made of it. */
void conf_check(const struct conf *conf, const struct conf *effective, unsigned flags,
		struct conf_errors *errs);

/* The parts, by top-level statement. */
void conf_check_wireguard(const struct conf *effective, unsigned flags, struct conf_errors *errs);
void conf_check_bgp(const struct conf *effective, unsigned flags, struct conf_errors *errs);
void conf_check_plane(const struct conf *effective, struct conf_errors *errs);
void conf_check_odd(const struct conf *effective, unsigned flags, struct conf_errors *errs);
void conf_check_policy(const struct conf *conf, struct conf_errors *errs);

/* What the parts share: values of leafs, sorted, to find the same one twice. */
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
bool conf_is(const struct lyd_node *node, const char *leaf, const char *value);

#endif
