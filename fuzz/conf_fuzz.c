/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration text and JSON. What is accepted must print as text that reads back as the same
 * tree.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_load.h"
#include "conf_parse.h"
#include "conf_print.h"
#include "conf_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct ly_ctx *ctx;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct conf_errors errs = {0};

	if (!getenv("WGBGP_YANGDIR"))
		setenv("WGBGP_YANGDIR", YANG_SOURCE_DIR, 1);
	ctx = conf_schema_load(conf_schema_dir(), &errs);
	conf_errors_print(&errs, stderr);
	return ctx ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errs = {0};
	struct conf_loaded loaded;
	struct conf *again;
	char *text;

	if (!conf_load_text(ctx, "fuzz", (const char *)data, size, 0, &loaded, &errs)) {
		conf_errors_free(&errs);
		return 0;
	}
	text = conf_print_text(loaded.written);
	again = conf_parse_text(ctx, "again", text, strlen(text), &errs);
	if (!again ||
	    lyd_compare_siblings(loaded.written->tree, again->tree, LYD_COMPARE_FULL_RECURSION))
		abort();
	conf_free(again);
	free(text);
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
	return 0;
}
