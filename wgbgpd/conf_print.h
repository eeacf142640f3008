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

/* Both give malloc'd text. The text is empty, the JSON "{}", for an empty configuration. */
char *conf_print_text(const struct conf *conf);
char *conf_print_json(const struct conf *conf, bool defaults);

#endif
