/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "conf.h"
#include "line.h"
#include "machine.h"
#include "messages.h"
#include "output.h"
#include "table.h"
#include "util.h"

void json_doc_head(struct json_doc *d, const char *list, const json_t *head)
{
	char *text = json_dumps(head, JSON_COMPACT);
	size_t len;

	ensure(text && !d->begun);
	len = strlen(text);
	d->begun = true;
	fwrite(text, 1, len - 1, d->out); /* the closing brace comes at the end */
	d->rows = len > 2;		  /* a member is in front */
	if (*list) {
		fprintf(d->out, "%s\"%s\":[", d->rows ? "," : "", list);
		d->list = true;
		d->rows = false;
	}
	free(text);
}

void json_doc_row(struct json_doc *d, const char *text, size_t len)
{
	if (!d->list)
		return;
	fputs(d->rows ? ",\n" : "\n", d->out);
	fwrite(text, 1, len, d->out);
	d->rows = true;
}

void json_doc_end(struct json_doc *d, const char *error)
{
	if (!d->begun)
		putc('{', d->out);
	if (d->list)
		fputs(d->rows ? "\n]" : "]", d->out);
	if (error) {
		json_t *value = json_string(error);
		char *text = json_dumps(value ? value : json_null(), JSON_ENCODE_ANY);

		fprintf(d->out, "%s\"error\":%s", d->list || d->rows ? "," : "", text);
		free(text);
		json_decref(value);
	}
	fputs("}\n", d->out);
}

#define HELD_MAX 256 /* rows that a table on a terminal is fitted by */

/* Where an answer goes. */
struct output {
	struct cli_session *s;
	const struct render *render;
	struct view view;
	struct table table;
	json_t *held; /* the first rows of a table that is to be fitted; NULL: it is, or needs not
		       */
	struct json_doc doc;
	const char *only; /* in this state, or of this protocol; "": all rows */
	bool json;
};

static void write_row(struct output *o, const json_t *row)
{
	const struct render *r = o->render;
	json_t *cells = r->cells ? json_copy((json_t *)row) : json_incref((json_t *)row);

	if (r->cells)
		r->cells(cells);
	if (r->columns)
		table_row(o->view.out, &o->table, cells);
	if (r->row)
		r->row(&o->view, row);
	json_decref(cells);
}

/* The columns are chosen by what their cells say. */
static void write_held(struct output *o)
{
	json_t *held = o->held, *cells = json_array(), *row;
	size_t i;

	o->held = NULL;
	json_array_foreach (held, i, row) {
		json_array_append_new(cells, json_copy(row));
		if (o->render->cells)
			o->render->cells(json_array_get(cells, i));
	}
	table_fit(&o->table, cells);
	table_titles(o->view.out, &o->table);
	o->view.rows = 0;
	json_array_foreach (held, i, row) {
		o->view.rows++;
		write_row(o, row);
	}
	json_decref(cells);
	json_decref(held);
}

static void write_head(struct output *o, const json_t *head)
{
	const struct render *r = o->render;

	if (r->head)
		r->head(&o->view, head);
	if (r->columns && o->table.screen)
		o->held = json_array();
	else if (r->columns)
		table_titles(o->view.out, &o->table);
}

static void session_on_head(void *arg, const char *list, const json_t *head)
{
	struct output *o = arg;

	if (o->json)
		json_doc_head(&o->doc, list, head);
	else
		write_head(o, head);
}

static bool row_says(const json_t *row, const char *key, const char *word)
{
	return strcasecmp(str_of(row, key), word) == 0;
}

/* `failed`: a session that is not established; `bgp`: of either kind. */
static bool is_wanted(const json_t *row, const char *only)
{
	if (str_eq(only, "failed"))
		return !row_says(row, "state", "established");
	if (str_eq(only, "bgp") &&
	    (row_says(row, "protocol", "ebgp") || row_says(row, "protocol", "ibgp")))
		return true;
	return !*only || row_says(row, "state", only) || row_says(row, "protocol", only) ||
	       str_eq(str_of(row, "peer"), only);
}

static void on_text_row(struct output *o, json_t *row)
{
	if (o->held) {
		json_array_append(o->held, row);
		if (json_array_size(o->held) == HELD_MAX)
			write_held(o);
		return;
	}
	write_row(o, row);
}

static void on_row(void *arg, const char *text, size_t len)
{
	struct output *o = arg;
	json_t *row = *o->only || !o->json ? conf_read(text, len) : NULL;

	if (row && !is_wanted(row, o->only)) {
		o->view.hidden++;
	} else {
		o->view.rows++;
		if (o->json)
			json_doc_row(&o->doc, text, len);
		else if (row)
			on_text_row(o, row);
	}
	json_decref(row);
	if (ferror(o->view.out)) /* nobody reads any more */
		client_stop(o->s->client);
}

/* A prefix or an address by name: where there is none the command fails. */
static bool asks_for_one(const json_t *request)
{
	return json_object_get(request, "prefix") || json_object_get(request, "address");
}

/* For the history: who typed it, behind sudo too, and where that is. */
void session_sign(json_t *request)
{
	const char *login = getenv("SUDO_USER");
	char *connection = machine_ssh_connection();
	int address = connection ? (int)strcspn(connection, " ") : 0;
	char at[64];

	if (!login)
		login = getenv("LOGNAME");
	if (login)
		json_object_set_new(request, "login", json_string(login));
	if (address)
		json_object_set_new(request, "from", json_sprintf("%.*s", address, connection));
	if (address && sscanf(connection, "%*s %*s %63s", at) == 1)
		json_object_set_new(request, "at", json_string(at));
	free(connection);
}

/* What is behind the rows of an answer that is whole. */
static void write_end(struct output *o)
{
	const struct render *r = o->render;

	if (o->view.hidden && !o->view.rows)
		fprintf(o->view.out, "None of %zu\n", o->view.hidden);
	else if (r->empty && !o->view.rows)
		fprintf(o->view.out, "%s\n", r->empty);
	else if (r->end)
		r->end(&o->view);
}

int session_request(struct cli_session *s, const struct cli_line *line)
{
	static const struct client_sink sink = {session_on_head, on_row};
	const struct render *render = render_for(line->row->command);
	struct output o = {.s = s,
			   .render = render,
			   .view = {.out = s->out, .request = line->request, .screen = s->columns},
			   .table = {.columns = render->columns,
				     .n = render->n_columns,
				     .screen = s->columns,
				     .colour = s->colour},
			   .doc = {.out = s->out},
			   .only = line->only,
			   .json = line->json};
	char error[MSG_ERROR_MAX];
	int err;

	if (line->row->flags & CLI_BRIEF && !o.json)
		json_object_set_new(line->request, "brief", json_true());
	if (line->row->flags & CLI_SIGNED)
		session_sign(line->request);
	client_endless(s->client, line->row->flags & CLI_ENDLESS);
	err = client_request(s->client, line->request, &sink, &o, error, sizeof(error));
	if (o.held)
		write_held(&o);
	if (o.json)
		json_doc_end(&o.doc, err < 0 ? error : NULL);
	else if (err == 0)
		write_end(&o);
	if (err < 0)
		session_fail(s, error);
	s->absent = err == 0 && line->row->flags & CLI_SHOW && asks_for_one(line->request) &&
		    !o.view.rows;
	return err < 0 || s->absent ? -1 : 0;
}

void session_fail(struct cli_session *s, const char *error)
{
	fflush(s->out);
	fprintf(s->err, "%% %s\n", error);
}

void session_error(struct cli_session *s, const char *line, const struct cli_error *error)
{
	fflush(s->out);
	if (s->interactive) /* the caret points up to the line as it was typed */
		fprintf(s->err, "%*s^\n", (int)(s->prompt_len + error->offset), "");
	else
		fprintf(s->err, "%% %s\n%% %*s^\n", line, (int)error->offset, "");
	fprintf(s->err, "%% %s\n", error->text);
}

/* For a command with `json` the error is a JSON document: what is wrong, in what, at which column.
 */
static void json_error(FILE *out, const char *line, const struct cli_error *error)
{
	json_t *doc = json_pack("{s:s, s:s, s:i}", "error", error->text, "command", line, "column",
				(int)error->offset + 1);

	if (doc)
		json_dumpf(doc, out, JSON_COMPACT);
	else
		fputs("{\"error\":\"text that is not UTF-8\"}", out);
	putc('\n', out);
	json_decref(doc);
}

static bool wants_json(const char *line)
{
	static const char blanks[] = " \t\r\n";
	size_t len = strlen(line);

	while (len && strchr(blanks, line[len - 1]))
		len--;
	return len > 5 && strncmp(line + len - 4, "json", 4) == 0 && strchr(blanks, line[len - 5]);
}

/* Takes the whole line: the rest of it is no command. */
static bool says_yes(FILE *in)
{
	int first = getc(in), c = first;

	while (c != '\n' && c != EOF)
		c = getc(in);
	return first == 'y' || first == 'Y';
}

bool session_sure(struct cli_session *s, const char *what)
{
	if (!s->interactive)
		return true;
	fprintf(s->out, "%s. Sure? [y/N] ", what);
	fflush(s->out);
	return says_yes(stdin);
}

static bool confirmed(struct cli_session *s, const struct cli_line *line)
{
	char *what;
	bool sure;

	if (!(line->row->flags & CLI_CONFIRM))
		return true;
	what = xasprintf("This will %s", line->row->help);
	sure = session_sure(s, what);
	free(what);
	return sure;
}

static int refuse_line(struct cli_session *s, const char *text, const char *command,
		       const struct cli_error *error)
{
	if (command && wants_json(command))
		json_error(s->out, text, error);
	session_error(s, text, error);
	return -1;
}

/* It may have another size each time. */
static void look_at_terminal(struct cli_session *s, const struct line_parts *parts)
{
	s->columns = s->terminal ? output_size(s->out).columns : 0;
	s->colour = s->terminal && !parts->n_filters && output_colour();
}

static bool is_paged(const struct cli_session *s, const struct cli_row *row)
{
	return s->terminal && !s->no_pager && row->flags & (CLI_SHOW | CLI_LONG) &&
	       !(row->flags & CLI_LIVE);
}

/* The error, too, is read in the pager. */
static int run_row(struct cli_session *s, const struct cli_line *line,
		   const struct line_parts *parts)
{
	FILE *out = s->out, *err_out = s->err;
	struct output_stack stack;
	int err;

	fflush(out);
	s->out = output_open(&stack, out, parts, is_paged(s, line->row) && !parts->watch);
	if (stack.n > parts->n_filters)
		s->err = stack.at[0];
	err = line->row->run ? line->row->run(s, line) : session_request(s, line);
	output_close(&stack);
	s->out = out;
	s->err = err_out;
	return err;
}

static int run_parts(struct cli_session *s, const char *text, const struct line_parts *parts)
{
	struct cli_error error;
	struct cli_line line;
	int err = cli_parse(s->grammar, parts->command, &line, &error);

	if (err > 0)
		return 0;
	if (err < 0)
		return refuse_line(s, text, parts->command, &error);
	if (confirmed(s, &line))
		err = run_row(s, &line, parts);
	cli_line_free(&line);
	return err;
}

/* ---- watch */

#define MS_PER_S 1000
#define WHEN_MAX 32

/* What has no end, or changes something, is not done again and again. */
static bool may_watch(struct cli_session *s, const char *text, const struct line_parts *parts)
{
	struct cli_error error;
	struct cli_line line;
	int err = cli_parse(s->grammar, parts->command, &line, &error);
	bool ok = err == 0 && line.row->flags & CLI_SHOW && !(line.row->flags & CLI_LIVE);

	if (err == 0)
		cli_line_free(&line);
	if (err >= 0) {
		error.offset = strspn(parts->command, " \t");
		str_copy(error.text, "`watch` takes a command that only looks", sizeof(error.text));
	}
	if (!ok)
		refuse_line(s, text, parts->command, &error);
	return ok;
}

/* Over what was there before, line by line; what is too long for the screen is left out. */
static void repaint(FILE *out, const char *text, unsigned rows)
{
	fputs("\033[?7l\033[H", out); /* no line goes on in the next one */
	for (unsigned row = 1; *text && (!rows || row < rows); row++) {
		size_t len = strcspn(text, "\n");

		fprintf(out, "%.*s\033[K\n", (int)len, text);
		text += len + (text[len] != '\0');
	}
	fputs("\033[J\033[?7h", out);
	fflush(out);
}

/* On a terminal the answer takes the place of the one before at once. */
static int watch_once(struct cli_session *s, const char *text, const struct line_parts *parts)
{
	FILE *out = s->out, *err_out = s->err;
	unsigned rows = output_size(out).rows;
	char *answer = NULL, when[WHEN_MAX];
	size_t len;
	time_t now = time(NULL);
	struct tm tm;
	int err;

	look_at_terminal(s, parts);
	s->out = s->err = open_memstream(&answer, &len);
	ensure(s->out);
	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&now, &tm));
	fprintf(s->out, "%s  every %u s, Ctrl-C ends it: %s\n\n", when, parts->watch,
		parts->command + strspn(parts->command, " \t"));
	err = run_parts(s, text, parts);
	fclose(s->out);
	s->out = out;
	s->err = err_out;
	repaint(out, answer, rows);
	free(answer);
	return err;
}

/* Until it is interrupted; what fails may come back. */
static int session_watch(struct cli_session *s, const char *text, const struct line_parts *parts)
{
	int err;

	if (!may_watch(s, text, parts))
		return -1;
	if (s->terminal)
		fputs("\033[2J", s->out);
	client_interrupted(s->client);
	client_hear_interrupt(s->client); /* also while it paints */
	do {
		err = s->terminal ? watch_once(s, text, parts) : run_parts(s, text, parts);
		fflush(s->out);
	} while (!client_interrupted(s->client) && !ferror(s->out) &&
		 client_wait(s->client, parts->watch * MS_PER_S));
	client_hear_no_interrupt(s->client);
	client_interrupted(s->client);
	return err;
}

/* Its own words, through filters as any other line. */
static int run_mode(struct cli_session *s, const char *text, const struct line_parts *parts)
{
	struct cli_error error = {.text = "`watch` is for commands of the normal prompt: do watch"};
	FILE *out = s->out;
	bool no_pager = s->no_pager;
	struct output_stack stack;
	int err;

	if (parts->watch)
		return refuse_line(s, text, NULL, &error);
	s->no_pager = no_pager || parts->n_filters;
	s->out = output_open(&stack, out, parts, false);
	err = s->mode->run(s, parts->command);
	output_close(&stack);
	s->out = out;
	s->no_pager = no_pager;
	return err;
}

static int run_split(struct cli_session *s, const char *text, bool in_mode)
{
	struct line_parts parts;
	struct cli_error error;
	int err;

	if (line_split(text, &parts, &error) < 0)
		return refuse_line(s, text, NULL, &error);
	look_at_terminal(s, &parts);
	err = in_mode	    ? run_mode(s, text, &parts)
	      : parts.watch ? session_watch(s, text, &parts)
			    : run_parts(s, text, &parts);
	line_free(&parts);
	return err;
}

int session_line(struct cli_session *s, const char *text)
{
	return run_split(s, text, false);
}

/* The output is flushed, so that a program which reads it sees the whole answer. */
int session_run(struct cli_session *s, const char *text)
{
	int err;

	s->status = 0;
	err = run_split(s, text, s->mode != NULL);
	fflush(s->out);
	return err;
}

int session_end(struct cli_session *s)
{
	return s->mode ? s->mode->end(s) : 0;
}

/* ---- what may follow */

void session_offer(struct session_offers *o, const char *word, const char *help, bool fixed)
{
	if (fixed && strncmp(word, o->partial, strlen(o->partial)) != 0)
		return;
	for (size_t i = 0; i < o->n; i++)
		if (str_eq(o->v[i].word, word))
			return;
	o->v = xgrow(o->v, o->n, &o->cap, sizeof(*o->v));
	o->v[o->n++] = (struct session_word){xstrdup(word), xstrdup(help), fixed};
}

void session_offers_free(struct session_offers *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].word);
		free(o->v[i].help);
	}
	free(o->v);
	*o = (struct session_offers){0};
}
