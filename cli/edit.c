/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit.h"

#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "line.h"
#include "messages.h"
#include "util.h"

#define HISTORY_LINES 1000
#define HOST_MAX 64
#define CANDIDATES_MAX 256
#define PROMPT_MAX 256

struct editor {
	struct cli_session *s;
	char host[HOST_MAX];
	char prompt[PROMPT_MAX];
	EditLine *el;
	History *history;
	char *history_file; /* NULL without a home */
	bool cancelled;	    /* the line that was just read */
};

/* libedit keeps its copies of EL_ADDFN's texts for good; LeakSanitizer need not tell. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:wcsdup\n";
}

static char *prompt(EditLine *el)
{
	struct editor *ed;

	el_get(el, EL_CLIENTDATA, &ed);
	return ed->prompt;
}

/* What is typed up to the cursor, and where it begins on the screen. */
static char *typed(EditLine *el)
{
	const LineInfo *info = el_line(el);

	return xasprintf("%.*s", (int)(info->cursor - info->buffer), info->buffer);
}

static void show_error(struct editor *ed, const struct cli_error *error)
{
	fprintf(ed->s->out, "\n%*s^ %s\n", (int)(strlen(ed->prompt) + error->offset), "",
		error->text);
}

/* A mode's words, in its own order. */
static void help_of_mode(struct editor *ed, const char *text)
{
	struct session_offers offers;
	struct cli_error error;

	if (!ed->s->mode->choices(ed->s, text, &offers, &error)) {
		show_error(ed, &error);
		return;
	}
	putc('\n', ed->s->out);
	for (size_t i = 0; i < offers.n; i++)
		fprintf(ed->s->out, "  %-20s %s\n", offers.v[i].word, offers.v[i].help);
	if (offers.end && !offers.partial[0])
		fprintf(ed->s->out, "  %-20s %s\n", "<cr>", "run it as it stands");
	session_offers_free(&offers);
}

static unsigned char on_help(EditLine *el, int ch)
{
	struct cli_choices c;
	struct cli_error error;
	struct editor *ed;
	char *text = typed(el);

	el_get(el, EL_CLIENTDATA, &ed);
	if (ed->s->mode) {
		help_of_mode(ed, text);
	} else if (!line_choices(ed->s->grammar, text, &c, &error)) {
		show_error(ed, &error);
	} else {
		putc('\n', ed->s->out);
		for (size_t i = 0; i < c.n; i++)
			fprintf(ed->s->out, "  %-20s %s\n", c.word[i]->word, c.word[i]->help);
		if (c.end && !c.partial[0])
			fprintf(ed->s->out, "  %-20s %s\n", "<cr>", "run it as it stands");
	}
	free(text);
	return CC_REDISPLAY;
}

/* Words for TAB: the keywords, and the values that the daemons know for placeholders. */
struct candidates {
	char *text[CANDIDATES_MAX];
	size_t n;
};

static void candidate_add(struct candidates *cs, const char *text, const char *partial)
{
	if (cs->n < ARRAY_SIZE(cs->text) && strncmp(text, partial, strlen(partial)) == 0)
		cs->text[cs->n++] = xstrdup(text);
}

static void candidates_ask(struct editor *ed, struct candidates *cs, const struct cli_word *word,
			   const char *partial)
{
	json_t *request = json_pack("{s:s}", "command", word->ask), *answer, *member, *row;
	char error[MSG_ERROR_MAX];
	const char *key;
	size_t i;

	answer = client_ask(ed->s->client, request, error, sizeof(error));
	json_decref(request);
	json_object_foreach (answer, key, member)
		json_array_foreach (member, i, row) {
			const char *text = json_string_value(json_object_get(row, word->ask_key));

			if (text)
				candidate_add(cs, text, partial);
		}
	json_decref(answer);
}

static void candidates_of(struct editor *ed, struct candidates *cs, const struct cli_choices *c)
{
	cs->n = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (!cli_is_placeholder(c->word[i]))
			candidate_add(cs, c->word[i]->word, c->partial);
		else if (c->word[i]->ask)
			candidates_ask(ed, cs, c->word[i], c->partial);
	}
}

/* The same of a mode, as far as they can be put in. */
static bool candidates_of_mode(struct editor *ed, struct candidates *cs, const char *text,
			       struct cli_choices *c, struct cli_error *error)
{
	struct session_offers offers;

	cs->n = 0;
	if (!ed->s->mode->choices(ed->s, text, &offers, error))
		return false;
	str_copy(c->partial, offers.partial, sizeof(c->partial));
	for (size_t i = 0; i < offers.n; i++)
		if (offers.v[i].fixed)
			candidate_add(cs, offers.v[i].word, c->partial);
	session_offers_free(&offers);
	return true;
}

static size_t common_length(const struct candidates *cs)
{
	size_t len = strlen(cs->text[0]);

	for (size_t i = 1; i < cs->n; i++) {
		size_t k = 0;

		while (k < len && cs->text[i][k] == cs->text[0][k])
			k++;
		len = k;
	}
	return len;
}

/* Puts in what all candidates share; lists them when that is nothing new. */
static unsigned char insert_or_list(EditLine *el, struct editor *ed, const struct candidates *cs,
				    const struct cli_choices *c)
{
	size_t have = strlen(c->partial), common;
	char *rest;

	if (!cs->n)
		return CC_REFRESH_BEEP;
	common = common_length(cs);
	if (common > have || cs->n == 1) {
		rest = xasprintf("%.*s%s", (int)(common - have), cs->text[0] + have,
				 cs->n == 1 ? " " : "");
		el_insertstr(el, rest);
		free(rest);
		return CC_REFRESH;
	}
	putc('\n', ed->s->out);
	for (size_t i = 0; i < cs->n; i++)
		fprintf(ed->s->out, "%s%s", cs->text[i], i + 1 < cs->n ? "  " : "\n");
	return CC_REDISPLAY;
}

static unsigned char on_tab(EditLine *el, int ch)
{
	struct candidates cs;
	struct cli_choices c;
	struct cli_error error;
	struct editor *ed;
	char *text = typed(el);
	unsigned char result = CC_REDISPLAY;
	bool good;

	el_get(el, EL_CLIENTDATA, &ed);
	good = ed->s->mode ? candidates_of_mode(ed, &cs, text, &c, &error)
			   : line_choices(ed->s->grammar, text, &c, &error);
	if (good) {
		if (!ed->s->mode)
			candidates_of(ed, &cs, &c);
		result = insert_or_list(el, ed, &cs, &c);
		for (size_t i = 0; i < cs.n; i++)
			free(cs.text[i]);
	} else {
		show_error(ed, &error);
	}
	free(text);
	return result;
}

/* Ctrl-C is a key while a line is edited (a signal could come between two reads and be lost). */
static unsigned char on_cancel(EditLine *el, int ch)
{
	struct editor *ed;

	el_get(el, EL_CLIENTDATA, &ed);
	ed->cancelled = true;
	fputs("^C\n", ed->s->out);
	return CC_NEWLINE;
}

static void edit_on_interrupt(int sig)
{
}

/* That of wgbgpd, which knows the configuration's; the machine's where it does not answer. With
 * what there is to say at once. */
static void host_name(struct cli_session *s, char *out, size_t size)
{
	json_t *request = json_pack("{s:s}", "command", "version");
	char error[MSG_ERROR_MAX];
	json_t *answer = client_ask(s->client, request, error, sizeof(error));
	const char *name = json_string_value(json_object_get(answer, "hostname"));
	struct view view = {.out = s->out};
	struct utsname machine;

	uname(&machine);
	str_copy(out, name && *name ? name : machine.nodename, size);
	render_warnings(&view, answer);
	json_decref(answer);
	json_decref(request);
}

static void editor_open(struct editor *ed, struct cli_session *s)
{
	const struct sigaction interrupt = {.sa_handler = edit_on_interrupt};
	const char *home = getenv("HOME");
	HistEvent ev;

	host_name(s, ed->host, sizeof(ed->host));
	ed->host[strcspn(ed->host, ".")] = '\0';
	ed->s = s;
	ed->history_file = home ? xasprintf("%s/.wgbgp_history", home) : NULL;
	ed->history = history_init();
	history(ed->history, &ev, H_SETSIZE, HISTORY_LINES);
	history(ed->history, &ev, H_SETUNIQUE, true);
	if (ed->history_file)
		history(ed->history, &ev, H_LOAD, ed->history_file);
	ed->el = el_init("wgbgp-cli", stdin, stdout, stderr);
	el_set(ed->el, EL_CLIENTDATA, ed);
	el_set(ed->el, EL_PROMPT, prompt);
	el_set(ed->el, EL_EDITOR, "emacs");
	el_set(ed->el, EL_HIST, history, ed->history);
	el_set(ed->el, EL_ADDFN, "wgbgp-help", "what may stand here", on_help);
	el_set(ed->el, EL_ADDFN, "wgbgp-complete", "complete the word", on_tab);
	el_set(ed->el, EL_ADDFN, "wgbgp-cancel", "throw the line away", on_cancel);
	el_set(ed->el, EL_SETTY, "-d", "-isig", NULL);
	el_set(ed->el, EL_BIND, "?", "wgbgp-help", NULL);
	el_set(ed->el, EL_BIND, "^C", "wgbgp-cancel", NULL);
	el_set(ed->el, EL_BIND, "^I", "wgbgp-complete", NULL);
	el_set(ed->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_source(ed->el, NULL);
	sigaction(SIGINT, &interrupt, NULL); /* between two lines: not the end of the program */
}

static void editor_close(struct editor *ed)
{
	HistEvent ev;

	if (ed->history_file) {
		mode_t old = umask(S_IRWXG | S_IRWXO);

		history(ed->history, &ev, H_SAVE, ed->history_file);
		umask(old);
	}
	history_end(ed->history);
	el_end(ed->el);
	free(ed->history_file);
}

static void set_prompt(struct editor *ed)
{
	if (ed->s->mode)
		ed->s->mode->prompt(ed->s, ed->host, ed->prompt, sizeof(ed->prompt));
	else
		snprintf(ed->prompt, sizeof(ed->prompt), "%s# ", ed->host);
	ed->s->prompt_len = strlen(ed->prompt);
}

/* The first one leaves a mode. True: it is the end of all. */
static bool at_end(struct editor *ed, bool again)
{
	putc('\n', ed->s->out);
	if (!ed->s->mode || again)
		return true;
	session_run(ed->s, "end");
	return false;
}

void edit_run(struct cli_session *s)
{
	struct editor ed;
	bool ended = false;

	editor_open(&ed, s);
	while (!s->quit) {
		const char *typed_line;
		char *text;
		HistEvent ev;
		int n;

		errno = 0;
		ed.cancelled = false;
		set_prompt(&ed);
		typed_line = el_gets(ed.el, &n);
		if (ed.cancelled || (!typed_line && errno == EINTR)) {
			el_reset(ed.el);
			continue;
		}
		if (!typed_line) {
			if (at_end(&ed, ended))
				break;
			ended = true;
			continue;
		}
		ended = false;
		text = xstrdup(typed_line);
		text[strcspn(text, "\r\n")] = '\0';
		if (text[strspn(text, " \t")])
			history(ed.history, &ev, H_ENTER, text);
		session_run(s, text);
		free(text);
	}
	editor_close(&ed);
}
