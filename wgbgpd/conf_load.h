/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_load: a file, read and checked, in the two forms that the rest needs.
 */
#ifndef WGBGP_CONF_LOAD_H
#define WGBGP_CONF_LOAD_H

#include "conf_tree.h"

struct conf_reader;

struct conf_loaded {
	struct conf *written;	/* as it stands in the file */
	struct conf *effective; /* as the daemons get it */
};

/* False after errors. What is said goes to ERRS, warnings too. FLAGS: enum conf_check_flags. */
bool conf_load_file(struct ly_ctx *ctx, const char *path, unsigned flags, struct conf_loaded *out,
		    struct conf_errors *errs);
bool conf_load_texts(struct ly_ctx *ctx, const struct conf_texts *texts, unsigned flags,
		     struct conf_loaded *out, struct conf_errors *errs);
bool conf_load_by(struct ly_ctx *ctx, const char *path, struct conf_reader *reader, unsigned flags,
		  struct conf_loaded *out, struct conf_errors *errs);
bool conf_load_text(struct ly_ctx *ctx, const char *name, const char *text, size_t len,
		    unsigned flags, struct conf_loaded *out, struct conf_errors *errs);
void conf_loaded_free(struct conf_loaded *loaded);

#endif
