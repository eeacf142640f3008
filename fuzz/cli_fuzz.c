/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli_fuzz: command lines through the parser, help and completion; where the input is JSON, it goes
 * through every renderer as a head and as a row, and through the JSON document writer.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "line.h"
#include "render.h"
#include "session.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_line(const char *text)
{
	struct cli_choices choices;
	struct cli_error error = {0};
	struct line_parts parts;
	struct cli_line line;
	int got = cli_parse(&cli_commands, text, &line, &error);

	if (got == 0) {
		ensure(line.row && json_is_object(line.request));
		cli_line_free(&line);
	} else if (got < 0) {
		ensure(error.text[0] && error.offset <= strlen(text) + 1);
	}
	if (line_choices(&cli_commands, text, &choices, &error))
		ensure(choices.word_start <= strlen(text));
	if (line_split(text, &parts, &error) == 0) {
		ensure(parts.command);
		line_free(&parts);
	} else {
		ensure(error.text[0] && error.offset <= strlen(text));
	}
}

static void run_renderers(FILE *out, json_t *value)
{
	json_t *copy = json_copy(value);

	for (size_t i = 0; i < cli_commands.n_rows; i++) {
		const char *command = cli_commands.rows[i].command;
		const struct render *r = command ? render_for(command) : NULL;
		struct view v = {.out = out, .request = value, .rows = 1};

		if (r && r->head)
			r->head(&v, value);
		if (r && r->row)
			r->row(&v, value);
		if (r && r->cells)
			r->cells(copy);
		if (r && r->end)
			r->end(&v);
	}
	json_decref(copy);
}

static void run_document(FILE *out, json_t *head, const char *text, size_t len)
{
	struct json_doc doc = {.out = out};

	json_doc_head(&doc, len % 2 ? "rows" : "", head);
	json_doc_row(&doc, text, len);
	json_doc_row(&doc, text, len);
	json_doc_end(&doc, len % 3 ? NULL : "error");
}

static void run_json(json_t *value, const char *text, size_t len)
{
	static FILE *null;
	char *written = NULL;
	size_t size = 0;
	json_t *back;
	FILE *out;

	if (!null)
		null = fopen("/dev/null", "w");
	run_renderers(null, value);
	out = open_memstream(&written, &size);
	run_document(out, value, text, len);
	fclose(out);
	back = json_loadb(written, size, JSON_ALLOW_NUL, NULL);
	ensure(back);
	json_decref(back);
	free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	json_t *value;

	memcpy(text, data, size);
	text[size] = '\0';
	run_line(text);
	value = json_loadb(text, size, 0, NULL);
	if (json_is_object(value))
		run_json(value, text, size);
	json_decref(value);
	free(text);
	return 0;
}
