/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_schema.h"
#include "util.h"

struct ly_ctx *conf_place_make(char *dir, const struct conf_place_file *files, size_t n)
{
	char *yang = xasprintf("%s/yang", getenv("srcdir") ? getenv("srcdir") : ".");
	struct conf_errors errs = {0};
	struct ly_ctx *ctx = conf_schema_load(yang, &errs);

	free(yang);
	conf_errors_print(&errs, stderr);
	conf_errors_free(&errs);
	if (!ctx || !mkdtemp(dir))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, files[i].name);
		FILE *f = fopen(path, "we");

		if (!f)
			return NULL;
		fputs(files[i].text, f);
		fclose(f);
		chmod(path, 0600);
		free(path);
	}
	return ctx;
}

void conf_place_remove(struct ly_ctx *ctx, const char *dir, const struct conf_place_file *files,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, files[i].name);

		unlink(path);
		free(path);
	}
	rmdir(dir);
	ly_ctx_destroy(ctx);
}
