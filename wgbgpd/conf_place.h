/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_place: what a test of configurations stands on: the schema, and a directory with files that
 * the configuration names (keys, passwords). For tests alone.
 */
#ifndef WGBGP_CONF_PLACE_H
#define WGBGP_CONF_PLACE_H

#include <libyang/libyang.h>
#include <stddef.h>

struct conf_place_file {
	const char *name, *text;
};

/* DIR: a template of mkdtemp(), which is filled in. Returns the schema, or NULL with the cause on
 * standard error. */
struct ly_ctx *conf_place_make(char *dir, const struct conf_place_file *files, size_t n);
void conf_place_remove(struct ly_ctx *ctx, const char *dir, const struct conf_place_file *files,
		       size_t n);

#endif
