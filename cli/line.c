/* SPDX-License-Identifier: BSD-2-Clause */
#include "line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "util.h"

#define BLANKS " \t\r\n"

enum pipe_word { PIPE_FILTER, PIPE_JSON, PIPE_NO_MORE };

static const struct pipe_kind {
	struct cli_word word;
	enum pipe_word what;
	enum filter_kind filter;
	bool synonym; /* of the one in front of it */
} kinds[] = {
	{{.word = "begin", .help = "from the first line that has a pattern"},
	 PIPE_FILTER,
	 FILTER_BEGIN,
	 false},
	{{.word = "find", .help = "the same"}, PIPE_FILTER, FILTER_BEGIN, true},
	{{.word = "count", .help = "how many lines"}, PIPE_FILTER, FILTER_COUNT, false},
	{{.word = "exclude", .help = "lines without a pattern"},
	 PIPE_FILTER,
	 FILTER_EXCLUDE,
	 false},
	{{.word = "except", .help = "the same"}, PIPE_FILTER, FILTER_EXCLUDE, true},
	{{.word = "include", .help = "lines with a pattern"}, PIPE_FILTER, FILTER_INCLUDE, false},
	{{.word = "grep", .help = "the same"}, PIPE_FILTER, FILTER_INCLUDE, true},
	{{.word = "match", .help = "the same"}, PIPE_FILTER, FILTER_INCLUDE, true},
	{{.word = "json", .help = "as JSON"}, PIPE_JSON, FILTER_COUNT, false},
	{{.word = "no-more", .help = "all at once, without a pager"},
	 PIPE_NO_MORE,
	 FILTER_COUNT,
	 false},
	{{.word = "section", .help = "lines with a pattern, and what is inside of each"},
	 PIPE_FILTER,
	 FILTER_SECTION,
	 false},
};

static const struct cli_word seconds_word = {.word = "SECONDS", .help = "from one run to the next"};

/* Where a part of a line begins, and where it ends. */
struct piece {
	size_t start, end;
};

static int line_fail(struct cli_error *error, size_t offset, const char *text)
{
	error->offset = offset;
	str_copy(error->text, text, sizeof(error->text));
	return -1;
}

static bool is_blank(char c)
{
	return c && strchr(BLANKS, c);
}

/* The next pipe at or behind FROM, or the end. A comment hides those of a command. */
static size_t find_pipe(const char *text, size_t from, bool in_command)
{
	bool quoted = false;
	size_t i;

	for (i = from; text[i]; i++) {
		bool begins = i == 0 || is_blank(text[i - 1]);

		if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && in_command && begins && text[i] == '#')
			return strlen(text);
		else if (!quoted && text[i] == '|' && (in_command || begins))
			return i;
	}
	return i;
}

static struct piece trim(const char *text, struct piece p)
{
	while (p.start < p.end && is_blank(text[p.start]))
		p.start++;
	while (p.end > p.start && is_blank(text[p.end - 1]))
		p.end--;
	return p;
}

/* The first word of P. */
static struct piece word_of(const char *text, struct piece p)
{
	p = trim(text, p);
	for (size_t i = p.start; i < p.end; i++)
		if (is_blank(text[i]))
			p.end = i;
	return p;
}

static size_t piece_len(struct piece p)
{
	return p.end - p.start;
}

/* `watch` in front of a command, and its seconds: where the command begins, how often it runs. */
static size_t watch_end(const char *text, size_t end, unsigned *seconds)
{
	struct piece first = word_of(text, (struct piece){0, end}), second;
	size_t len = piece_len(first), digits;

	*seconds = 0;
	if (len < 2 || len > 5 || strncmp(text + first.start, "watch", len) != 0 ||
	    !is_blank(text[first.end]))
		return 0;
	*seconds = LINE_WATCH_SECONDS;
	second = word_of(text, (struct piece){first.end, end});
	digits = strspn(text + second.start, "0123456789");
	if (!digits || digits > 5 || digits < piece_len(second))
		return first.end;
	*seconds = (unsigned)atoi(text + second.start);
	return second.end;
}

/* The kind that WORD is an abbreviation of; NULL with an error. */
static const struct pipe_kind *kind_of(const char *text, struct piece word, struct cli_error *error)
{
	char typed[CLI_WORD_MAX], list[CLI_WORD_MAX] = "";
	const struct pipe_kind *found = NULL;
	struct nearest n = {.typed = typed};

	snprintf(typed, sizeof(typed), "%.*s", (int)piece_len(word), text + word.start);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *name = kinds[i].word.word;

		nearest_offer(&n, name);
		if (!kinds[i].synonym)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
				 *list ? ", " : "", name);
		if (*typed && strncmp(name, typed, strlen(typed)) == 0 &&
		    (!found || !kinds[i].synonym))
			found = &kinds[i];
	}
	if (found)
		return found;
	error->offset = word.start;
	snprintf(error->text, sizeof(error->text), "%s%s%sexpected one of: %s",
		 n.word ? "did you mean " : "", n.word ? n.word : "", n.word ? "? " : "", list);
	return NULL;
}

static int add_filter(const char *text, enum filter_kind kind, struct piece rest,
		      struct line_parts *out, struct cli_error *error)
{
	struct line_filter *f = &out->filter[out->n_filters];
	char *pattern;
	int err;

	if (out->n_filters == LINE_FILTERS_MAX)
		return line_fail(error, rest.start, "too many pipes");
	f->kind = kind;
	if (kind == FILTER_COUNT) {
		out->n_filters++;
		return piece_len(rest) ? line_fail(error, rest.start, "expected a pipe, or nothing")
				       : 0;
	}
	if (!piece_len(rest))
		return line_fail(error, rest.start, "expected a pattern");
	if (piece_len(rest) > 1 && text[rest.start] == '"' && text[rest.end - 1] == '"') {
		rest.start++;
		rest.end--;
	}
	pattern = xasprintf("%.*s", (int)piece_len(rest), text + rest.start);
	err = regcomp(&f->pattern, pattern, REG_EXTENDED | REG_NOSUB);
	free(pattern);
	if (err) {
		error->offset = rest.start;
		regerror(err, &f->pattern, error->text, sizeof(error->text));
		return -1;
	}
	out->n_filters++;
	return 0;
}

/* One pipe, with what follows the bar. */
static int add_pipe(const char *text, struct piece p, struct line_parts *out, bool *json,
		    struct cli_error *error)
{
	struct piece word = word_of(text, p), rest = trim(text, (struct piece){word.end, p.end});
	const struct pipe_kind *kind = kind_of(text, word, error);

	if (!kind)
		return -1;
	if (kind->what == PIPE_FILTER)
		return add_filter(text, kind->filter, rest, out, error);
	if (piece_len(rest))
		return line_fail(error, rest.start, "expected a pipe, or nothing");
	*json = *json || kind->what == PIPE_JSON;
	out->no_more = out->no_more || kind->what == PIPE_NO_MORE;
	return 0;
}

int line_split(const char *text, struct line_parts *out, struct cli_error *error)
{
	size_t end = find_pipe(text, 0, true), at = end, start, next;
	bool json = false;

	*out = (struct line_parts){0};
	start = watch_end(text, end, &out->watch);
	for (; text[at] == '|'; at = next) {
		next = find_pipe(text, at + 1, false);
		if (add_pipe(text, (struct piece){at + 1, next}, out, &json, error) < 0) {
			line_free(out);
			return -1;
		}
	}
	if ((out->watch || text[end] == '|') &&
	    !piece_len(trim(text, (struct piece){start, end}))) {
		line_free(out);
		return line_fail(error, end, "expected a command");
	}
	out->command = xasprintf("%*s%.*s%s", (int)start, "", (int)(end - start), text + start,
				 json ? " json" : "");
	return 0;
}

void line_free(struct line_parts *parts)
{
	for (size_t i = 0; i < parts->n_filters; i++)
		if (parts->filter[i].kind != FILTER_COUNT)
			regfree(&parts->filter[i].pattern);
	free(parts->command);
	*parts = (struct line_parts){0};
}

/* Behind the bar at AT: its word, or nothing that could be completed. */
static void pipe_choices(const char *text, size_t at, struct cli_choices *out)
{
	struct piece rest = {at + 1, strlen(text)}, word = word_of(text, rest);

	*out = (struct cli_choices){.word_start = rest.end};
	if (word.end < rest.end && piece_len(word)) {
		out->end = true;
		return;
	}
	out->word_start = word.start;
	str_copy(out->partial, text + word.start, sizeof(out->partial));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!kinds[i].synonym &&
		    strncmp(kinds[i].word.word, out->partial, strlen(out->partial)) == 0)
			out->word[out->n++] = &kinds[i].word;
	out->own = out->n;
}

bool line_choices(const struct cli_grammar *g, const char *text, struct cli_choices *out,
		  struct cli_error *error)
{
	size_t pipe = find_pipe(text, 0, true), at = pipe, next = pipe, start;
	unsigned seconds;
	char *command;
	bool ok;

	while (text[next] == '|') {
		at = next;
		next = find_pipe(text, at + 1, false);
	}
	if (text[pipe] == '|') {
		pipe_choices(text, at, out);
		return true;
	}
	start = watch_end(text, pipe, &seconds);
	command = xasprintf("%*s%s", (int)start, "", text + start);
	ok = cli_choices(g, command, out, error);
	free(command);
	if (ok && seconds && out->n < CLI_CHOICES_MAX && !out->partial[0] &&
	    str_eq(text + start + strspn(text + start, BLANKS), "") && !strpbrk(text, "0123456789"))
		out->word[out->n++] = &seconds_word;
	return ok;
}
