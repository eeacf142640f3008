/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_load.h"

#include <string.h>

#include "conf_check.h"
#include "conf_effective.h"
#include "conf_parse.h"

/* Takes over WRITTEN, which may be NULL. */
static bool load(struct conf *written, unsigned flags, struct conf_loaded *out,
		 struct conf_errors *errs)
{
	unsigned before = errs->errors;

	memset(out, 0, sizeof(*out));
	if (!written)
		return false;
	out->written = written;
	out->effective = conf_effective(written, errs);
	if (out->effective)
		conf_check(written, out->effective, flags, errs);
	if (out->effective && errs->errors == before)
		return true;
	conf_loaded_free(out);
	return false;
}

bool conf_load_file(struct ly_ctx *ctx, const char *path, unsigned flags, struct conf_loaded *out,
		    struct conf_errors *errs)
{
	return load(conf_parse_file(ctx, path, errs), flags, out, errs);
}

bool conf_load_texts(struct ly_ctx *ctx, const struct conf_texts *texts, unsigned flags,
		     struct conf_loaded *out, struct conf_errors *errs)
{
	return load(conf_parse_texts(ctx, texts, errs), flags, out, errs);
}

bool conf_load_by(struct ly_ctx *ctx, const char *path, struct conf_reader *reader, unsigned flags,
		  struct conf_loaded *out, struct conf_errors *errs)
{
	return load(conf_parse_by(ctx, path, reader, errs), flags, out, errs);
}

bool conf_load_text(struct ly_ctx *ctx, const char *name, const char *text, size_t len,
		    unsigned flags, struct conf_loaded *out, struct conf_errors *errs)
{
	return load(conf_parse_text(ctx, name, text, len, errs), flags, out, errs);
}

void conf_loaded_free(struct conf_loaded *loaded)
{
	conf_free(loaded->written);
	conf_free(loaded->effective);
	memset(loaded, 0, sizeof(*loaded));
}
