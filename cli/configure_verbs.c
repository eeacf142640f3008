/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_verbs.h"

#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"
#include "configure_commit.h"
#include "configure_differ.h"
#include "configure_load.h"
#include "configure_merge.h"
#include "configure_take.h"
#include "util.h"

static struct configure *configure_of(struct cli_session *s)
{
	return s->mode_arg;
}

/* ---- the others */

static int run_up(struct cli_session *s, const struct cli_line *line)
{
	struct configure *f = configure_of(s);

	if (f->at.n)
		free(f->at.v[--f->at.n].key);
	return 0;
}

static int run_top(struct cli_session *s, const struct cli_line *line)
{
	configure_path_free(&configure_of(s)->at);
	return 0;
}

static const char *said_of(const struct cli_line *line, const char *name)
{
	return json_string_value(json_object_get(line->request, name));
}

static int compare(struct cli_session *s, const struct conf *with)
{
	if (with && !configure_differ(with, configure_of(s)->c->now, s->out))
		fputs("Nothing differs\n", s->out);
	return with ? 0 : -1;
}

static int run_compare(struct cli_session *s, const struct cli_line *line)
{
	struct configure *f = configure_of(s);
	const char *back = said_of(line, "back"), *source = said_of(line, "source");
	struct conf *with;
	int err;

	if (!back && !source)
		return compare(s, f->c->base);
	with = configure_load_kept(s, f->ctx, back ? "rollback" : source, back);
	err = compare(s, with);
	conf_free(with);
	return err;
}

/* Takes WANT over. */
static int take(struct cli_session *s, struct conf *want, bool replace)
{
	struct conf_errors errs = {0};
	int err;

	if (!want)
		return -1;
	err = configure_lines_said(s, configure_take(configure_of(s)->c, want, replace, &errs),
				   &errs);
	conf_free(want);
	if (!err)
		compare(s, configure_of(s)->c->base);
	return err;
}

static int run_load(struct cli_session *s, const struct cli_line *line)
{
	struct ly_ctx *ctx = configure_of(s)->ctx;
	const char *file = said_of(line, "file");

	return take(s, file ? configure_load_file(s, ctx, file) : configure_load_typed(s, ctx),
		    str_eq(said_of(line, "load"), "replace"));
}

static int run_rollback(struct cli_session *s, const struct cli_line *line)
{
	return take(s,
		    configure_load_kept(s, configure_of(s)->ctx, "rollback", said_of(line, "back")),
		    true);
}

static int run_save(struct cli_session *s, const struct cli_line *line)
{
	return configure_load_save(s, configure_of(s)->c->now, said_of(line, "file"));
}

static int run_discard(struct cli_session *s, const struct cli_line *line)
{
	candidate_discard(configure_of(s)->c);
	configure_of(s)->failed = false;
	return 0;
}

/* False: somebody else has it by now, which was said. */
static bool still_holds(struct cli_session *s)
{
	int held = configure_hold(s, true);

	if (held > 0)
		fputs("warning: others could change the configuration for a while: root took it "
		      "from you, or wgbgpd was started again\n",
		      s->out);
	return held >= 0;
}

static int run_commit(struct cli_session *s, const struct cli_line *line)
{
	struct configure *f = configure_of(s);

	if (f->failed) {
		session_fail(s, "a line before this one failed: nothing is committed");
		return -1;
	}
	if (f->exclusive && !still_holds(s))
		return -1;
	if (configure_commit(s, f->c, json_deep_copy(line->request)) == 0)
		return 0;
	if (configure_merge_needed(f->c))
		fputs("`update` does your changes to what the files say now\n", s->out);
	return -1;
}

static int run_plan(struct cli_session *s, const struct cli_line *line)
{
	return configure_plan(s, configure_of(s)->c, line->json);
}

static int run_update(struct cli_session *s, const struct cli_line *line)
{
	struct configure *f = configure_of(s);

	if (configure_merge(s, f->c) < 0)
		return -1;
	return compare(s, f->c->base);
}

static int run_confirm(struct cli_session *s, const struct cli_line *line)
{
	return session_line(s, "confirm");
}

static int run_end(struct cli_session *s, const struct cli_line *line)
{
	return configure_verbs_leave(s, configure_of(s)) ? 0 : -1;
}

/* Out of a place first, then out of `configure`. */
static int configure_exit(struct cli_session *s, const struct cli_line *line)
{
	return configure_of(s)->at.n ? run_top(s, line) : run_end(s, line);
}

static int configure_help(struct cli_session *s, const struct cli_line *line)
{
	for (size_t i = 0; i < configure_verbs.n_rows; i++)
		if (!(configure_verbs.rows[i].flags & CLI_SYNONYM))
			fprintf(s->out, "%s%s\n    %s\n", configure_verbs.rows[i].words,
				configure_verbs.rows[i].flags & CLI_SHOW ? " [json]" : "",
				configure_verbs.rows[i].help);
	return 0;
}

/* ---- words of others */

static const char *own_as(const struct configure *f)
{
	const struct lysc_node *bgp = conf_schema_find(f->ctx, NULL, "bgp");
	const struct lyd_node *node = configure_child(f->c->now, NULL, bgp, NULL);

	if (node)
		node = configure_child(f->c->now, node, conf_schema_find(f->ctx, bgp, "as"), NULL);
	return node ? lyd_get_value(node) : NULL;
}

/* Goes there; the number is ours, or becomes it where there is none. */
static int run_router(struct cli_session *s, const struct cli_line *line)
{
	struct configure *f = configure_of(s);
	const char *as = said_of(line, "as"), *ours = own_as(f);
	char *text;
	int err = 0;

	if (as && ours && !str_eq(as, ours)) {
		text = xasprintf("our AS is %s: `set bgp as` changes it", ours);
		session_fail(s, text);
		free(text);
		return -1;
	}
	run_top(s, line);
	if (as && !ours) {
		text = xasprintf("set bgp as %s", as);
		err = configure_verbs_run(s, f, text);
		free(text);
	}
	return err ? err : configure_verbs_run(s, f, "edit bgp");
}

static int run_nothing(struct cli_session *s, const struct cli_line *line)
{
	return 0;
}

static bool configure_is_number(const char *text)
{
	return *text && strlen(text) < 6 && strspn(text, "0123456789") == strlen(text);
}

/* 65001, and the like; the schema knows the bounds. */
static bool is_as(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

#define WORD(word, help)                                 \
	{                                                \
		word, help, NULL, NULL, NULL, NULL, NULL \
	}
#define SAYS(word, help, key, value)                     \
	{                                                \
		word, help, key, value, NULL, NULL, NULL \
	}

static const struct cli_word words[] = {
	WORD("set", "make a statement, or give it another value"),
	WORD("delete", "remove a value, a statement, or all that is in a place"),
	WORD("no", "the same as delete"),
	WORD("edit", "go to a place; what follows is about it"),
	WORD("up", "one place up"),
	WORD("top", "all the way up"),
	WORD("show", "what is configured here, with what is not committed yet"),
	WORD("compare", "what is not committed yet, or what differs from another configuration"),
	WORD("rename", "give an entry another name: PATH to NAME"),
	WORD("copy", "make another entry like it: PATH to NAME"),
	WORD("load", "take statements from a file, or as they are typed"),
	SAYS("merge", "what is there stays", "load", "merge"),
	SAYS("replace", "nothing else stays", "load", "replace"),
	WORD("terminal", "what is typed, up to a line with a single dot"),
	WORD("save", "write it to a file"),
	WORD("discard", "forget what is not committed"),
	WORD("rollback", "take over what was committed before; nothing is applied"),
	WORD("commit", "apply it, and put it into the files"),
	SAYS("check", "only say whether it would be refused", "check", "true"),
	WORD("comment", "a word on why, in quotes"),
	WORD("confirmed", "it takes itself back unless it is confirmed"),
	WORD("expect", "what must not be lost while it is on trial"),
	WORD("ping", "addresses that answer echo requests"),
	WORD("plan", "say what a commit would do"),
	WORD("json", "as JSON"),
	SAYS("override-guard", "also where a tunnel that guards what is changed is not up",
	     "override-guard", "true"),
	SAYS("empty", "also without any interface", "empty", "true"),
	WORD("confirm", "what is on trial stays"),
	WORD("update", "do your changes to what somebody else has made of the files"),
	WORD("write", "the same as commit"),
	WORD("memory", "as other routers say it"),
	WORD("do", "a command of the normal prompt"),
	WORD("run", "a command of the normal prompt"),
	SAYS("running", "the one in effect", "source", "running"),
	WORD("end", "leave configure"),
	WORD("exit", "leave this place, or configure"),
	WORD("quit", "leave this place, or configure"),
	WORD("help", "list these commands"),
	WORD("router", "as other routers say it: edit bgp"),
	WORD("bgp", "BGP"),
	WORD("address-family", "as other routers say it: nothing needs it here"),
	WORD("exit-address-family", "as other routers say it: nothing needs it here"),
	WORD("ipv4", "IPv4"),
	WORD("ipv6", "IPv6"),
	WORD("unicast", "unicast routes"),
	{"AS", "the number of our own autonomous system", "as", NULL, is_as, NULL, NULL},
	{"BACK", "commits ago", "back", NULL, configure_is_number, NULL, NULL},
	{"FILE", "a file", "file", NULL, NULL, NULL, NULL},
	{"TEXT", "a text, in quotes where it has blanks", "comment", NULL, NULL, NULL, NULL},
	{"WAIT", "minutes, or seconds as in 30s", "confirmed", NULL, NULL, NULL, NULL},
	{"ADDRESSES", "IP addresses, separated by commas", "expect-ping", NULL, NULL, NULL, NULL},
};

static const struct cli_row rows[] = {
	{"set", NULL, 0, NULL, "STATEMENT...: make statements, or give them other values"},
	{"delete", NULL, 0, NULL, "STATEMENT: remove a value, a statement, all that is in a place"},
	{"no", NULL, 0, NULL, "STATEMENT: the same as delete"},
	{"edit", NULL, 0, NULL, "PLACE: go there"},
	{"up", NULL, 0, run_up, "one place up"},
	{"top", NULL, 0, run_top, "all the way up"},
	{"show", NULL, 0, NULL, "[PLACE]: what is configured, with what is not committed yet"},
	{"compare [running]", NULL, 0, run_compare, "what is not committed yet; with what runs"},
	{"compare rollback BACK", NULL, 0, run_compare, "what differs from an earlier commit"},
	{"rename", NULL, 0, NULL, "ENTRY to NAME: give an entry of a list another name"},
	{"copy", NULL, 0, NULL, "ENTRY to NAME: make another entry like it"},
	{"load merge|replace terminal", NULL, 0, run_load, "take over statements that are typed"},
	{"load merge|replace FILE", NULL, 0, run_load, "take over statements of a file"},
	{"save FILE", NULL, 0, run_save, "write all of it to a file"},
	{"discard", NULL, 0, run_discard, "forget what is not committed"},
	{"rollback BACK", NULL, 0, run_rollback,
	 "take over what was committed so many commits ago; nothing is applied"},
	{"plan", NULL, CLI_SHOW, run_plan,
	 "what a commit would do to interfaces, sessions and prefixes; changes nothing"},
	{"commit {comment TEXT, confirmed WAIT, empty, expect ping ADDRESSES, override-guard}",
	 NULL, 0, run_commit,
	 "apply it, and put it into the files; confirmed: on trial, it is taken back unless it is "
	 "confirmed in time, at once when an expected address is lost"},
	{"commit check", NULL, 0, run_commit, "only say whether it would be refused"},
	{"confirm", NULL, 0, run_confirm, "what is on trial stays"},
	{"update", NULL, 0, run_update,
	 "do what you have changed to what somebody else has made of the files meanwhile"},
	{"write [memory]", NULL, 0, run_commit, "the same as commit"},
	{"do", NULL, 0, NULL, "COMMAND: a command of the normal prompt"},
	{"run", NULL, 0, NULL, "COMMAND: the same"},
	{"end", NULL, 0, run_end, "leave configure"},
	{"exit|quit", NULL, 0, configure_exit, "leave the place that edit went to, or configure"},
	{"help", NULL, 0, configure_help, "this list"},
	{"router bgp [AS]", NULL, CLI_SYNONYM, run_router, "edit bgp"},
	{"address-family ipv4|ipv6 [unicast]", NULL, CLI_SYNONYM, run_nothing, "nothing needs it"},
	{"exit-address-family", NULL, CLI_SYNONYM, run_nothing, "nothing needs it"},
};

const struct cli_grammar configure_verbs = {rows, ARRAY_SIZE(rows), words, ARRAY_SIZE(words)};

/* ---- a line */

/* The command that the first word is, of those with statements behind them; NULL: none. */
static const char *verb_of(const struct configure_words *w)
{
	const char *verb = NULL;
	struct cli_error error;
	struct cli_line line;

	if (cli_parse(&configure_verbs, w->v[0].text, &line, &error) != 0)
		return NULL;
	if (configure_lines_has(line.row->words))
		verb = line.row->words;
	cli_line_free(&line);
	return verb;
}

/* No command begins like that, but a statement does. */
static bool is_bare(const struct configure *f, const struct configure_words *w,
		    struct configure_path *home)
{
	const char *word = w->v[0].text;
	struct cli_choices c;
	struct cli_error error;

	if (!cli_choices(&configure_verbs, word, &c, &error) || c.n)
		return false;
	return configure_path_home(f->ctx, &f->at, word, true, home) ||
	       (!cli_find_word(&configure_verbs, word, strlen(word)) &&
		configure_path_home(f->ctx, &f->at, word, false, home));
}

static int run_grammar(struct cli_session *s, const char *text, struct cli_error *error)
{
	struct cli_line line;
	int err = cli_parse(&configure_verbs, text, &line, error);

	if (err)
		return err > 0 ? 0 : 1;
	err = line.row->run(s, &line);
	cli_line_free(&line);
	return err;
}

/* No command is like the first word; perhaps a statement is. */
static void guess_statement(const struct configure *f, const struct configure_word *first,
			    struct cli_error *error)
{
	const char *near = configure_path_near(f->ctx, &f->at, first->text);
	char *text;

	if (error->offset != first->offset || !near || strncmp(error->text, "expected", 8) != 0)
		return;
	text = xasprintf("did you mean %s? %s", near, error->text);
	str_copy(error->text, text, sizeof(error->text));
	free(text);
}

int configure_verbs_run(struct cli_session *s, struct configure *f, const char *text)
{
	struct configure_words w = {0};
	struct configure_path home = {.n = 0};
	struct cli_error error;
	const char *verb;
	int err = 1;

	if (configure_words_read(text, &w, &error)) {
		verb = w.n ? verb_of(&w) : NULL;
		if (verb)
			err = configure_lines_run(s, f, verb, text, &w, &error);
		else if (w.n && is_bare(f, &w, &home))
			err = configure_lines_bare(s, f, &home, text, &w, &error);
		else
			err = run_grammar(s, text, &error);
		if (err > 0 && w.n)
			guess_statement(f, &w.v[0], &error);
	}
	if (err > 0)
		session_error(s, text, &error);
	f->failed = f->failed || (err && !s->interactive);
	configure_path_free(&home);
	configure_words_free(&w);
	return err ? -1 : 0;
}

/* ---- what may follow */

static void offer_verbs(const char *text, struct session_offers *out)
{
	struct cli_choices c;
	struct cli_error error;

	if (!cli_choices(&configure_verbs, text, &c, &error))
		return;
	out->end = c.end && !c.partial[0];
	str_copy(out->partial, c.partial, sizeof(out->partial));
	for (size_t i = 0; i < c.n; i++)
		session_offer(out, c.word[i]->word, c.word[i]->help,
			      !cli_is_placeholder(c.word[i]));
}

/* At the first word: commands, and statements of this place. */
static void offer_beginnings(struct configure *f, const char *text, struct session_offers *out)
{
	static const struct configure_words none;
	struct cli_error error;

	offer_verbs(text, out);
	configure_lines_choices(f, &f->at, &none, 0, 0, out, &error);
}

bool configure_verbs_choices(struct configure *f, const char *text, struct session_offers *out,
			     struct cli_error *error)
{
	struct configure_path home = {.n = 0};
	struct configure_words w;
	const char *verb;
	bool good = true, typing, bare;
	size_t to;

	*out = (struct session_offers){0};
	if (!configure_words_read(text, &w, error))
		return false;
	typing = w.n && w.v[w.n - 1].end == strlen(text);
	to = w.n - typing;
	verb = to ? verb_of(&w) : NULL;
	bare = to && !verb && is_bare(f, &w, &home);
	if ((verb || bare) && typing && w.v[to].token == CONF_TOKEN_WORD)
		str_copy(out->partial, w.v[to].text, sizeof(out->partial));
	if (verb && (str_eq(verb, "do") || str_eq(verb, "run"))) {
		configure_error(error, w.v[0].end, "any command of the normal prompt");
		good = false;
	} else if (verb || bare) {
		good = configure_lines_choices(f, bare ? &home : &f->at, &w, bare ? 0 : 1, to, out,
					       error);
	} else if (to) {
		offer_verbs(text, out);
	} else {
		offer_beginnings(f, text, out);
	}
	configure_path_free(&home);
	configure_words_free(&w);
	return good;
}

bool configure_verbs_leave(struct cli_session *s, struct configure *f)
{
	static const char lost[] = "What was changed here is not committed and will be lost";

	f->left = !candidate_changed(f->c) || session_sure(s, lost);
	if (!candidate_changed(f->c) || s->interactive)
		return f->left;
	session_fail(s, lost);
	return false;
}
