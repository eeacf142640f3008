/* SPDX-License-Identifier: BSD-2-Clause */
#include "filter.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

struct filter {
	FILE *out;
	const struct line_filter *what;
	char *line; /* its beginning, not terminated */
	size_t len, size, lines;
	bool begun;    /* FILTER_BEGIN: the pattern was seen; FILTER_SECTION: and its end was not */
	size_t indent; /* FILTER_SECTION: of the line that had it */
};

/* Inside is what stands further to the right, and the brace that ends it. */
static bool in_section(struct filter *f, bool has)
{
	size_t indent = strspn(f->line, " \t");
	bool ends = indent == f->indent && f->line[indent] == '}';

	if (f->begun && (indent > f->indent || ends)) {
		f->begun = !ends;
		return true;
	}
	f->begun = has;
	f->indent = indent;
	return has;
}

static bool passes(struct filter *f)
{
	bool has = f->what->kind != FILTER_COUNT &&
		   regexec(&f->what->pattern, f->line, 0, NULL, 0) == 0;

	switch (f->what->kind) {
	case FILTER_INCLUDE:
		return has;
	case FILTER_EXCLUDE:
		return !has;
	case FILTER_BEGIN:
		f->begun = f->begun || has;
		return f->begun;
	case FILTER_SECTION:
		return in_section(f, has);
	default:
		f->lines++;
		return false;
	}
}

static void line_end(struct filter *f)
{
	f->line[f->len] = '\0';
	if (passes(f))
		fprintf(f->out, "%s\n", f->line);
	f->len = 0;
}

static void line_add(struct filter *f, const char *text, size_t len)
{
	if (f->len + len + 1 > f->size) {
		f->size = 2 * (f->len + len + 1);
		f->line = xrealloc(f->line, f->size);
	}
	memcpy(f->line + f->len, text, len);
	f->len += len;
}

static ssize_t filter_write(void *cookie, const char *text, size_t size)
{
	struct filter *f = cookie;
	size_t at = 0;

	while (at < size) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t len = (end ? (size_t)(end - text) : size) - at;

		line_add(f, text + at, len);
		at += len;
		if (!end)
			break;
		line_end(f);
		at++;
	}
	return fflush(f->out) == 0 && !ferror(f->out) ? (ssize_t)size : 0;
}

static int filter_close(void *cookie)
{
	struct filter *f = cookie;

	if (f->len)
		line_end(f);
	if (f->what->kind == FILTER_COUNT)
		fprintf(f->out, "%zu\n", f->lines);
	free(f->line);
	free(f);
	return 0;
}

FILE *filter_open(FILE *out, const struct line_filter *what)
{
	static const cookie_io_functions_t functions = {.write = filter_write,
							.close = filter_close};
	struct filter *f = xcalloc(1, sizeof(*f));
	FILE *stream;

	f->out = out;
	f->what = what;
	stream = fopencookie(f, "w", functions);
	ensure(stream);
	return stream;
}
