/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "messages.h"
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

/* Where an answer goes. */
struct output {
	const struct render *render;
	struct view view;
	struct json_doc doc;
	bool json;
};

static void render_head(const struct render *r, struct view *v, const json_t *head)
{
	if (r->head)
		r->head(v, head);
	if (r->columns)
		table_titles(v->out, r->columns, r->n_columns);
}

static void render_row(const struct render *r, struct view *v, const json_t *row)
{
	if (r->columns)
		table_row(v->out, r->columns, r->n_columns, row);
	if (r->row)
		r->row(v, row);
}

static void session_on_head(void *arg, const char *list, const json_t *head)
{
	struct output *o = arg;

	if (o->json)
		json_doc_head(&o->doc, list, head);
	else
		render_head(o->render, &o->view, head);
}

static void on_row(void *arg, const char *text, size_t len)
{
	struct output *o = arg;
	json_t *row;

	o->view.rows++;
	if (o->json) {
		json_doc_row(&o->doc, text, len);
		return;
	}
	row = conf_read(text, len);
	if (row)
		render_row(o->render, &o->view, row);
	json_decref(row);
}

/* A prefix or an address by name: where there is none the command fails. */
static bool asks_for_one(const json_t *request)
{
	return json_object_get(request, "prefix") || json_object_get(request, "address");
}

/* For the history: who typed it, behind sudo too, and where that is. */
void session_sign(json_t *request)
{
	const char *login = getenv("SUDO_USER"), *connection = getenv("SSH_CONNECTION");
	int address = connection ? (int)strcspn(connection, " ") : 0;

	if (!login)
		login = getenv("LOGNAME");
	if (login)
		json_object_set_new(request, "login", json_string(login));
	if (address)
		json_object_set_new(request, "from", json_sprintf("%.*s", address, connection));
}

int session_request(struct cli_session *s, const struct cli_line *line)
{
	static const struct client_sink sink = {session_on_head, on_row};
	struct output o = {.render = render_for(line->row->command),
			   .view = {.out = s->out, .request = line->request},
			   .doc = {.out = s->out},
			   .json = line->json};
	char error[MSG_ERROR_MAX];
	int err;

	if (line->row->flags & CLI_BRIEF && !o.json)
		json_object_set_new(line->request, "brief", json_true());
	if (line->row->flags & CLI_SIGNED)
		session_sign(line->request);
	client_endless(s->client, line->row->flags & CLI_ENDLESS);
	err = client_request(s->client, line->request, &sink, &o, error, sizeof(error));
	if (o.json)
		json_doc_end(&o.doc, err < 0 ? error : NULL);
	else if (err == 0 && o.render->empty && !o.view.rows)
		fprintf(s->out, "%s\n", o.render->empty);
	else if (err == 0 && o.render->end)
		o.render->end(&o.view);
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

static bool confirmed(struct cli_session *s, const struct cli_line *line)
{
	if (!s->interactive || !(line->row->flags & CLI_CONFIRM))
		return true;
	fprintf(s->out, "This will %s. Sure? [y/N] ", line->row->help);
	fflush(s->out);
	return says_yes(stdin);
}

static int run_line(struct cli_session *s, const char *text)
{
	struct cli_error error;
	struct cli_line line;
	int err = cli_parse(s->grammar, text, &line, &error);

	if (err > 0)
		return 0;
	if (err < 0) {
		if (wants_json(text))
			json_error(s->out, text, &error);
		session_error(s, text, &error);
		return -1;
	}
	if (confirmed(s, &line))
		err = line.row->run ? line.row->run(s, &line) : session_request(s, &line);
	cli_line_free(&line);
	return err;
}

/* The output is flushed, so that a program which reads it sees the whole answer. */
int session_run(struct cli_session *s, const char *text)
{
	int err;

	s->status = 0;
	err = run_line(s, text);
	fflush(s->out);
	return err;
}
