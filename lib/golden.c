/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "util.h"

#define BLOCKS_MAX 2000

struct block {
	char *head, *body; /* without the @; without empty lines at the end */
};

struct golden {
	const struct golden_play *play;
	struct block blocks[BLOCKS_MAX];
	size_t n, common; /* blocks before the first case */
	FILE *out;	  /* the file as it should be */
};

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;
	long len;

	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	text = xcalloc(1, len + 1);
	assert_int_equal(fread(text, 1, len, f), len);
	fclose(f);
	return text;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void strip(char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
}

/* Cuts TEXT in place; what is in front of the first block goes to the output as it is. */
static void cut(struct golden *g, char *text)
{
	char *at = text[0] == '@' ? text : strstr(text, "\n@") + 1;

	fwrite(text, 1, at - text, g->out);
	while (at) {
		struct block *b = &g->blocks[g->n++];
		char *end = strchr(at, '\n'), *next = strstr(at, "\n@");

		ensure(g->n < BLOCKS_MAX && end);
		*end = '\0';
		b->head = at + 1;
		b->body = next == end ? end : end + 1;
		if (next)
			*next = '\0';
		strip(b->body);
		at = next ? next + 1 : NULL;
	}
}

static bool is_case(const struct block *b)
{
	return strncmp(b->head, "case ", 5) == 0;
}

/* All in front of the first case once more; what it writes is known. */
static void begin_case(struct golden *g)
{
	FILE *nowhere = fopen("/dev/null", "we");

	assert_non_null(nowhere);
	g->play->begin();
	for (size_t i = 0; i < g->common; i++)
		g->play->block(nowhere, g->blocks[i].head, g->blocks[i].body);
	fclose(nowhere);
}

/* A case has an empty line in front, no other block has. */
static void run_block(struct golden *g, const struct block *b)
{
	char *written;
	size_t len;
	FILE *out;

	fprintf(g->out, "%s@%s\n", is_case(b) && b != g->blocks ? "\n" : "", b->head);
	if (is_case(b)) {
		begin_case(g);
		fprintf(g->out, "%s%s", b->body, *b->body ? "\n" : "");
		return;
	}
	out = open_memstream(&written, &len);
	if (g->play->block(out, b->head, b->body)) {
		fflush(out);
		fwrite(written, 1, len, g->out);
	} else {
		fprintf(g->out, "%s%s", b->body, *b->body ? "\n" : "");
	}
	fclose(out);
	free(written);
}

static void compare(const char *path, const char *want, const char *have)
{
	size_t line = 1, i = 0, begin = 0;

	for (; want[i] && want[i] == have[i]; i++)
		if (want[i] == '\n') {
			line++;
			begin = i + 1;
		}
	if (want[i] != have[i])
		fail_msg("%s:%zu:\n- %.*s\n+ %.*s", path, line, (int)strcspn(want + begin, "\n"),
			 want + begin, (int)strcspn(have + begin, "\n"), have + begin);
}

void golden_run(const char *name, const struct golden_play *play)
{
	const char *srcdir = getenv("srcdir");
	char *path = xasprintf("%s/%s", srcdir ? srcdir : ".", name);
	char *text = read_file(path), *want = xstrdup(text), *have;
	struct golden *g = xcalloc(1, sizeof(*g));
	size_t len;

	g->play = play;
	g->out = open_memstream(&have, &len);
	cut(g, text);
	while (g->common < g->n && !is_case(&g->blocks[g->common]))
		g->common++;
	play->begin();
	for (size_t i = 0; i < g->n; i++)
		run_block(g, &g->blocks[i]);
	fclose(g->out);
	if (getenv("WGBGP_UPDATE"))
		write_file(path, have);
	else
		compare(path, want, have);
	free(text);
	free(want);
	free(have);
	free(g);
	free(path);
}
