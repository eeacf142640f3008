/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_differ: what differs between two configurations, a statement a line, as `set` takes it:
 * "- bgp neighbor 10.9.0.2 hold-time 90", "+ bgp neighbor 10.9.0.2 hold-time 30". An entry that
 * comes or goes has a line of its own in front of what is in it; "~ policy x term (in another
 * order)".
 */
#ifndef WGBGP_CLI_CONFIGURE_DIFFER_H
#define WGBGP_CLI_CONFIGURE_DIFFER_H

#include <stdio.h>

#include "conf_tree.h"

/* The number of lines; OUT may be NULL. */
unsigned configure_differ(const struct conf *before, const struct conf *after, FILE *out);

/* The instances of SCHEMA from A on and from B on, values of a leaf-list or entries, are the same
 * in the same order, as far as both have them. */
bool configure_same_order(const struct lyd_node *a, const struct lyd_node *b);
/* The sibling of FIRST's kind, from FIRST on, with the key or the value of NODE; NULL: none. */
const struct lyd_node *configure_counterpart(const struct lyd_node *first,
					     const struct lyd_node *node);

#endif
