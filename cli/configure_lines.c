/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_print.h"
#include "conf_schema.h"
#include "configure_commit.h"
#include "configure_take.h"
#include "util.h"

int configure_lines_said(struct cli_session *s, int err, struct conf_errors *errs)
{
	configure_say(s, errs, false);
	if (err == -ENOENT)
		session_fail(s, "there is no such statement");
	else if (err == -EEXIST)
		session_fail(s, "there is one of that name already");
	else if (err == -ENOTSUP)
		session_fail(s, "it is written in a way that is not changed here: edit the file");
	return err ? -1 : 0;
}

struct verb_line {
	struct cli_session *s;
	struct configure *f;
	const struct configure_path *at; /* where its words are read */
	const char *text;
	const struct configure_words *words;
	size_t from; /* behind the verb */
	struct cli_error *error;
};

static bool read_line(const struct verb_line *v, size_t to, struct configure_line *line)
{
	return configure_line_read(v->f->ctx, v->at, v->words, v->from, to, line, v->error);
}

static bool configure_incomplete(const struct verb_line *v, const struct configure_line *line)
{
	char *wants = configure_line_wants(v->f->ctx, line);

	configure_error(v->error, strlen(v->text) + 1, "incomplete, expected %s", wants);
	free(wants);
	return false;
}

/* A value, or an entry of a list, is what the line ends with. */
static bool is_statement(const struct configure_line *line)
{
	const struct configure_path *at = &line->at;
	bool entry = at->n > line->begun && at->v[at->n - 1].key;

	return line->wants == CONFIGURE_STATEMENT && (line->n || entry) &&
	       (entry || line->values[line->n - 1].depth == at->n);
}

static int run_set(const struct verb_line *v)
{
	struct conf_errors errs = {0};
	struct configure_line line;
	int err = 1;

	if (read_line(v, v->words->n, &line) &&
	    (is_statement(&line) || configure_incomplete(v, &line)))
		err = configure_lines_said(v->s, candidate_set(v->f->c, &line, &errs), &errs);
	configure_line_free(&line);
	return err;
}

static int run_delete(const struct verb_line *v)
{
	struct conf_errors errs = {0};
	struct configure_line line;
	int err = 1;

	if (read_line(v, v->words->n, &line)) {
		if (v->words->n == v->from || line.bracket)
			configure_incomplete(v, &line);
		else
			err = configure_lines_said(v->s, candidate_delete(v->f->c, &line, &errs),
						   &errs);
	}
	configure_line_free(&line);
	return err;
}

static int run_edit(const struct verb_line *v)
{
	struct configure_line line;
	int err = 1;

	if (read_line(v, v->words->n, &line)) {
		if (v->words->n == v->from || line.wants != CONFIGURE_STATEMENT) {
			configure_incomplete(v, &line);
		} else if (line.n) {
			configure_error(v->error, v->words->v[v->from].offset,
					"a place is expected, without values");
		} else {
			configure_path_free(&v->f->at);
			configure_path_copy(&v->f->at, &line.at, line.at.n);
			err = 0;
		}
	}
	configure_line_free(&line);
	return err;
}

static void show_nodes(struct cli_session *s, const struct conf *conf, const struct lyd_node *node)
{
	for (; node; node = conf_next(node)) {
		char *text = conf_print_node(conf, node);

		fputs(text, s->out);
		free(text);
		if (node->schema->nodetype != LYS_LIST)
			return;
	}
}

static int show_line(const struct verb_line *v, const struct configure_line *line)
{
	const struct conf *conf = v->f->c->now;
	const struct lyd_node *place = configure_path_find(conf, &line->at, line->at.n);
	char *text;

	if (line->at.n && !place)
		return configure_lines_said(v->s, -ENOENT, &(struct conf_errors){0});
	if (line->wants != CONFIGURE_STATEMENT) {
		show_nodes(v->s, conf, configure_child(conf, place, line->node, NULL));
		return 0;
	}
	text = place ? conf_print_inside(conf, place) : conf_print_text(conf);
	fputs(text, v->s->out);
	free(text);
	return 0;
}

/* What is no statement here may be a command: `show tunnels`. */
static int run_show(const struct verb_line *v)
{
	struct configure_line line;
	struct cli_line command;
	struct cli_error error;
	int err = 1;

	if (read_line(v, v->words->n, &line)) {
		err = show_line(v, &line);
	} else if (cli_parse(v->s->grammar, v->text, &command, &error) == 0) {
		cli_line_free(&command);
		err = session_line(v->s, v->text);
	}
	configure_line_free(&line);
	return err;
}

/* "PATH to KEY": both commands that give an entry another key. */
static int run_other_key(const struct verb_line *v,
			 int (*change)(struct candidate *c, const struct configure_path *at,
				       const char *key, struct conf_errors *errs))
{
	size_t n = v->words->n;
	struct conf_errors errs = {0};
	struct configure_line line = {0};
	const struct lysc_node *list;
	char *key;
	int err = 1;

	if (n < 4 || !str_eq(v->words->v[n - 2].text, "to")) {
		configure_error(v->error, strlen(v->text),
				"expected the entry of a list, `to`, and its other name");
		return err;
	}
	if (read_line(v, n - 2, &line)) {
		list = configure_path_schema(&line.at);
		if (line.n || line.wants != CONFIGURE_STATEMENT || line.at.n == line.begun ||
		    list->nodetype != LYS_LIST) {
			configure_error(v->error, v->words->v[v->from].offset,
					"the entry of a list is expected");
		} else if (!(key = conf_schema_canonical(
				     (const struct lysc_node *)conf_schema_key(list),
				     v->words->v[n - 1].text))) {
			configure_error(v->error, v->words->v[n - 1].offset, "it is no valid name");
		} else {
			err = configure_lines_said(v->s, change(v->f->c, &line.at, key, &errs),
						   &errs);
			free(key);
		}
	}
	configure_line_free(&line);
	return err;
}

static int run_rename(const struct verb_line *v)
{
	return run_other_key(v, candidate_rename);
}

static int run_copy(const struct verb_line *v)
{
	return run_other_key(v, configure_take_copy);
}

static int run_do(const struct verb_line *v)
{
	size_t offset;
	int err;

	if (v->words->n == v->from) {
		configure_error(v->error, strlen(v->text), "expected a command");
		return 1;
	}
	offset = v->words->v[v->from].offset;
	v->s->prompt_len += offset;
	err = session_line(v->s, v->text + offset);
	v->s->prompt_len -= offset;
	return err;
}

static const struct {
	const char *word;
	int (*run)(const struct verb_line *v);
} with_words[] = {
	{"set", run_set},   {"delete", run_delete}, {"no", run_delete},
	{"edit", run_edit}, {"show", run_show},	    {"rename", run_rename},
	{"copy", run_copy}, {"do", run_do},	    {"run", run_do},
};

/* ---- which it is */

bool configure_lines_has(const char *verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(with_words); i++)
		if (str_eq(with_words[i].word, verb))
			return true;
	return false;
}

int configure_lines_run(struct cli_session *s, struct configure *f, const char *verb,
			const char *text, const struct configure_words *words,
			struct cli_error *error)
{
	struct verb_line v = {s, f, &f->at, text, words, 1, error};

	for (size_t i = 0; i < ARRAY_SIZE(with_words); i++)
		if (str_eq(with_words[i].word, verb))
			return with_words[i].run(&v);
	return 1;
}

static bool is_same_place(const struct configure_path *a, const struct configure_path *b)
{
	char *x = configure_path_text(a), *y = configure_path_text(b);
	bool same = str_eq(x, y);

	free(x);
	free(y);
	return same;
}

static void say_place(struct cli_session *s, const struct configure_path *at)
{
	char *text = configure_path_text(at);

	if (*text)
		fprintf(s->out, "in %s\n", text);
	else
		fputs("at the top\n", s->out);
	free(text);
}

int configure_lines_bare(struct cli_session *s, struct configure *f,
			 const struct configure_path *home, const char *text,
			 const struct configure_words *words, struct cli_error *error)
{
	struct verb_line v = {s, f, home, text, words, 0, error};
	struct configure_line line;
	bool place = read_line(&v, words->n, &line) && line.wants == CONFIGURE_STATEMENT && !line.n;
	int err;

	configure_line_free(&line);
	if (place)
		return run_edit(&v);
	err = run_set(&v);
	if (!err && !is_same_place(home, &f->at))
		say_place(s, home);
	return err;
}

/* ---- what may follow */

bool configure_lines_choices(struct configure *f, const struct configure_path *at,
			     const struct configure_words *words, size_t from, size_t to,
			     struct session_offers *out, struct cli_error *error)
{
	struct configure_line line;
	bool good = configure_line_read(f->ctx, at, words, from, to, &line, error);

	if (good)
		configure_line_offer(f->c->now, &line, out);
	configure_line_free(&line);
	return good;
}
