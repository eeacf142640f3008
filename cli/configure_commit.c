/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_commit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_load.h"
#include "messages.h"
#include "new_file.h"
#include "plan.h"
#include "util.h"

#define NEW_TEXT ".wgbgp-edit" /* behind the file's name, as wgbgpd expects it */

void configure_say(struct cli_session *s, struct conf_errors *errs, bool warnings)
{
	for (size_t i = 0; i < errs->n; i++)
		if (!errs->v[i].warning)
			session_fail(s, errs->v[i].text);
		else if (warnings)
			fprintf(s->out, "%s\n", errs->v[i].text);
	conf_errors_free(errs);
}

/* ---- the files */

/* Beside the file that the name leads to. */
static char *new_text_of(const char *path)
{
	char *real = realpath(path, NULL);
	char *name = xasprintf("%s" NEW_TEXT, real ? real : path);

	free(real);
	return name;
}

static bool is_edited(const struct candidate *c, size_t i)
{
	const struct conf_text *was = &c->base->texts.v[i], *is = &c->texts.v[i];

	return was->len != is->len || memcmp(was->text, is->text, is->len) != 0;
}

static void list_text(json_t *list, const struct conf_text *t)
{
	char hex[CONF_HASH_HEX];

	conf_texts_hash(t->text, t->len, hex);
	json_array_append_new(list, json_pack("{s:s, s:s}", "path", t->path, "sha256", hex));
}

static int write_text(const struct conf_text *t)
{
	char *name = new_text_of(t->path);
	struct stat like;
	int err = stat(t->path, &like) < 0 ? -errno : 0;

	if (!err)
		err = new_file_write_at(AT_FDCWD, name, t->text, t->len, &like);
	free(name);
	return err;
}

static void remove_texts(const struct candidate *c)
{
	for (size_t i = 0; i < c->texts.n; i++) {
		char *name = new_text_of(c->texts.v[i].path);

		if (is_edited(c, i))
			unlink(name);
		free(name);
	}
}

/* The new texts on the disk, and in LIST. False: the error was written. */
static bool write_texts(struct cli_session *s, const struct candidate *c, json_t *list)
{
	for (size_t i = 0; i < c->texts.n; i++) {
		const struct conf_text *t = &c->texts.v[i];
		int err = is_edited(c, i) ? write_text(t) : 0;
		char *text;

		if (is_edited(c, i))
			list_text(list, t);
		if (!err)
			continue;
		text = xasprintf("%s cannot be written: %s; nothing is committed", t->path,
				 strerror(-err));
		session_fail(s, text);
		free(text);
		return false;
	}
	return true;
}

char *configure_commit_forbidden(const struct candidate *c)
{
	char *text = NULL;

	for (size_t i = 0; i < c->texts.n && !text; i++) {
		char *real = new_text_of(c->texts.v[i].path), *dir = dirname(real);

		if (access(dir, W_OK) < 0)
			text = xasprintf("%s cannot be written: %s: %s; what changes it will not "
					 "be committed",
					 c->texts.v[i].path, dir, strerror(errno));
		free(real);
	}
	return text;
}

/* ---- the request */

int configure_hold(struct cli_session *s, bool on)
{
	json_t *request = json_pack("{s:s, s:b}", "command", "exclusive", "on", on), *answer;
	char error[MSG_ERROR_MAX];
	int held;

	session_sign(request);
	answer = client_ask(s->client, request, error, sizeof(error));
	if (!answer)
		session_fail(s, error);
	held = answer ? json_is_true(json_object_get(answer, "anew")) : -1;
	json_decref(answer);
	json_decref(request);
	return held;
}

/* As wgbgpd will, but for what only root may read. */
static bool is_whole(struct cli_session *s, const struct candidate *c)
{
	struct conf_errors errs = {0};
	struct conf_loaded loaded;
	bool good = conf_load_texts(c->ctx, &c->texts, 0, &loaded, &errs);

	if (good)
		conf_loaded_free(&loaded);
	configure_say(s, &errs, false);
	return good;
}

static int ask_for_it(struct cli_session *s, const struct candidate *c, json_t *request)
{
	static const struct cli_row commit = {.command = "commit", .flags = CLI_SIGNED},
				    check = {.command = "check", .flags = CLI_SIGNED};
	struct cli_line line = {.row = json_object_get(request, "check") ? &check : &commit,
				.request = request};
	json_t *base = json_array();

	for (size_t i = 0; i < c->base->texts.n; i++)
		list_text(base, &c->base->texts.v[i]);
	json_object_set_new(request, "command", json_string("commit"));
	json_object_set_new(request, "base", base);
	return session_request(s, &line);
}

static const char no_plan[] = "there is no plan of texts that are not UTF-8";

/* NULL: no_plan. */
static json_t *plan_request(const struct candidate *c)
{
	json_t *files = json_array();

	for (size_t i = 0; i < c->texts.n; i++) {
		const struct conf_text *t = &c->texts.v[i];
		json_t *file = json_pack("{s:s, s:s%}", "path", t->path, "text", t->text, t->len);

		if (file) {
			json_array_append_new(files, file);
			continue;
		}
		json_decref(files);
		return NULL;
	}
	return json_pack("{s:s, s:o}", "command", "plan", "files", files);
}

int configure_plan(struct cli_session *s, const struct candidate *c, bool json)
{
	json_t *request = plan_request(c);
	int err = request ? plan_ask(s, request, json) : -1;

	if (!request)
		session_fail(s, no_plan);
	json_decref(request);
	return err;
}

/* A commit goes on without a plan: what refuses that may be what the commit mends. ASK says for
 * what the plan holds. False: it was interrupted. */
static bool say_plan(struct cli_session *s, const struct candidate *c, json_t *ask)
{
	json_t *request = plan_request(c), *plan = NULL;
	char error[MSG_ERROR_MAX];

	str_copy(error, no_plan, sizeof(error));
	client_interrupted(s->client);
	if (request) {
		if (json_object_get(ask, "empty"))
			json_object_set_new(request, "empty", json_true());
		session_sign(request);
		plan = client_ask(s->client, request, error, sizeof(error));
	}
	if (plan) {
		plan_put_summary(s->out, plan);
		json_object_set_new(ask, "planned",
				    json_pack("{s:O*, s:O*}", "generation",
					      json_object_get(plan, "generation"), "table-epoch",
					      json_object_get(plan, "table-epoch")));
	} else {
		fprintf(s->out, "warning: %s%s\n", request ? "there is no plan: " : "", error);
	}
	fflush(s->out);
	json_decref(plan);
	json_decref(request);
	return !client_interrupted(s->client);
}

int configure_commit(struct cli_session *s, struct candidate *c, json_t *ask)
{
	bool check = json_object_get(ask, "check") != NULL;
	json_t *files = json_array();
	int err = -1;

	json_object_set_new(ask, "files", files);
	if (!candidate_changed(c)) {
		fputs("Nothing was changed here\n", s->out);
		err = 0;
	} else if (is_whole(s, c) && (check || say_plan(s, c, ask))) {
		if (write_texts(s, c, files))
			err = ask_for_it(s, c, ask);
		remove_texts(c);
		if (!err && !check)
			candidate_committed(c);
	}
	json_decref(ask);
	return err;
}
