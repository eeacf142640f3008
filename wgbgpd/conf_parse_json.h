/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_parse_json: the reader of a whole configuration as JSON; conf_parse.c calls it.
 */
#ifndef WGBGP_CONF_PARSE_JSON_H
#define WGBGP_CONF_PARSE_JSON_H

#include "conf_make.h"

void conf_parse_json(struct parser *p, const char *name, const char *text, size_t len);

#endif
