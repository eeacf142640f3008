/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_parse.h"
#include "conf_print.h"
#include "configure_commit.h"
#include "messages.h"
#include "new_file.h"
#include "util.h"

static struct conf *said(struct cli_session *s, struct conf *conf, struct conf_errors *errs)
{
	configure_say(s, errs, false);
	return conf;
}

struct conf *configure_load_file(struct cli_session *s, struct ly_ctx *ctx, const char *path)
{
	struct conf_errors errs = {0};

	return said(s, conf_parse_file(ctx, path, &errs), &errs);
}

static struct conf *parse_text(struct cli_session *s, struct ly_ctx *ctx, const char *name,
			       const char *text)
{
	struct conf_errors errs = {0};

	return said(s, conf_parse_text(ctx, name, text, strlen(text), &errs), &errs);
}

struct conf *configure_load_typed(struct cli_session *s, struct ly_ctx *ctx)
{
	char *text = NULL, *line = NULL;
	size_t len, size = 0;
	FILE *all = open_memstream(&text, &len);
	struct conf *conf;

	if (!all)
		fatal("out of memory");
	if (s->interactive)
		fputs("Statements; a line with a single dot, or Ctrl-D, ends them\n", s->out);
	fflush(s->out);
	while (getline(&line, &size, stdin) >= 0 && strcmp(line, ".\n") != 0)
		fputs(line, all);
	if (s->interactive)
		clearerr(stdin);
	free(line);
	fclose(all);
	conf = parse_text(s, ctx, "terminal", text);
	free(text);
	return conf;
}

struct conf *configure_load_kept(struct cli_session *s, struct ly_ctx *ctx, const char *source,
				 const char *back)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:s*}", "command", "configuration", "format",
				    "text", "source", source, "back", back);
	char error[MSG_ERROR_MAX];
	json_t *answer = client_ask(s->client, request, error, sizeof(error));
	const char *text = json_string_value(json_object_get(answer, "text"));
	struct conf *conf = text ? parse_text(s, ctx, source, text) : NULL;

	if (!answer)
		session_fail(s, error);
	json_decref(answer);
	json_decref(request);
	return conf;
}

int configure_load_save(struct cli_session *s, const struct conf *conf, const char *path)
{
	struct new_file n;
	FILE *file = new_file_begin(&n, path);
	char *text = conf_print_text(conf);
	int err = file ? 0 : -errno;

	if (file) {
		fputs(text, file);
		err = new_file_end(&n, file, false);
	}
	free(text);
	text = xasprintf("%s: %s", path, strerror(-err));
	if (err)
		session_fail(s, text);
	free(text);
	return err ? -1 : 0;
}
