/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_print: a configuration as text in its canonical form, or as JSON.
 *
 * Statements come in the schema's order, entries of a list in the order of the file. Reading the
 * output gives the same tree.
 */
#ifndef WGBGP_CONF_PRINT_H
#define WGBGP_CONF_PRINT_H

#include "conf_tree.h"

/* They give malloc'd text. The text is empty, the JSON "{}", for an empty configuration. */
char *conf_print_text(const struct conf *conf);
/* NODE alone, with what is in it; a leaf-list with all its values. */
char *conf_print_node(const struct conf *conf, const struct lyd_node *node);
/* What is in NODE, a container or an entry. */
char *conf_print_inside(const struct conf *conf, const struct lyd_node *node);
char *conf_print_json(const struct conf *conf, bool defaults);

#endif
