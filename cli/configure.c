/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_schema.h"
#include "configure_commit.h"
#include "configure_verbs.h"
#include "messages.h"
#include "util.h"

static void configure_free(struct configure *f)
{
	if (!f)
		return;
	configure_path_free(&f->at);
	candidate_free(f->c);
	ly_ctx_destroy(f->ctx);
	free(f);
}

static void leave_mode(struct cli_session *s)
{
	struct configure *f = s->mode_arg;

	if (f->exclusive)
		configure_hold(s, false);
	configure_free(f);
	s->mode = NULL;
	s->mode_arg = NULL;
}

/* ---- the mode */

static int on_line(struct cli_session *s, const char *text)
{
	struct configure *f = s->mode_arg;
	int err = configure_verbs_run(s, f, text);

	if (f->left)
		leave_mode(s);
	return err;
}

static void on_prompt(const struct cli_session *s, const char *host, char *out, size_t size)
{
	const struct configure *f = s->mode_arg;
	char *at = configure_path_text(&f->at);

	snprintf(out, size, "%s(config%s%s%s)# ", host, candidate_changed(f->c) ? "*" : "",
		 *at ? " " : "", at);
	free(at);
}

static bool on_choices(struct cli_session *s, const char *text, struct session_offers *out,
		       struct cli_error *error)
{
	return configure_verbs_choices(s->mode_arg, text, out, error);
}

static int on_end(struct cli_session *s)
{
	struct configure *f = s->mode_arg;
	int err = configure_verbs_leave(s, f) || !candidate_changed(f->c) ? 0 : -1;

	leave_mode(s);
	return err;
}

static const struct session_mode mode = {on_line, on_prompt, on_choices, on_end};

/* ---- its beginning */

/* What nobody has applied yet goes along with the first commit. */
static void say_edited(struct cli_session *s, const struct candidate *c, const json_t *committed)
{
	json_t *file;
	size_t i;

	json_array_foreach (committed, i, file) {
		const struct conf_text *t = conf_texts_find(&c->texts, conf_str(file, "path", ""));
		char hex[CONF_HASH_HEX];

		if (!t)
			continue;
		conf_texts_hash(t->text, t->len, hex);
		if (!str_eq(hex, conf_str(file, "sha256", "")))
			fprintf(s->out,
				"warning: %s was edited and does not run like that yet; a commit "
				"applies that, too\n",
				t->path);
	}
}

static void say_begin(struct cli_session *s, const struct candidate *c, const json_t *answer)
{
	char *text = configure_commit_forbidden(c);

	if (text)
		fprintf(s->out, "warning: %s\n", text);
	free(text);
	say_edited(s, c, conf_list(answer, "files"));
}

static struct configure *configure_new(struct cli_session *s, const json_t *answer)
{
	struct configure *f = xcalloc(1, sizeof(*f));
	struct conf_errors errs = {0};

	f->ctx = conf_schema_load(conf_schema_dir(), &errs);
	if (f->ctx)
		f->c = candidate_new(f->ctx, conf_str(answer, "main", ""), &errs);
	configure_say(s, &errs, false);
	if (f->c)
		return f;
	configure_free(f);
	return NULL;
}

/* NULL: nothing is held, either. */
static struct configure *configure_begin(struct cli_session *s, const json_t *answer,
					 bool exclusive)
{
	struct configure *f;

	if (exclusive && configure_hold(s, true) < 0)
		return NULL;
	f = configure_new(s, answer);
	if (!f && exclusive)
		configure_hold(s, false);
	return f;
}

int configure_run(struct cli_session *s, const struct cli_line *line)
{
	json_t *request = json_pack("{s:s}", "command", "files"), *answer;
	bool exclusive = json_object_get(line->request, "exclusive") != NULL;
	char error[MSG_ERROR_MAX];
	struct configure *f = NULL;

	answer = client_ask(s->client, request, error, sizeof(error));
	json_decref(request);
	if (!answer)
		session_fail(s, error);
	else
		f = configure_begin(s, answer, exclusive);
	if (f) {
		f->exclusive = exclusive;
		say_begin(s, f->c, answer);
		s->mode = &mode;
		s->mode_arg = f;
	}
	json_decref(answer);
	return f ? 0 : -1;
}
