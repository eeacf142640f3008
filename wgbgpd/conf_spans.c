/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_spans.h"

#include <stdlib.h>
#include <string.h>

#include "conf_lex.h"
#include "util.h"

#define DEPTH_MAX 8 /* of includes, as in conf_parse.h */

struct reader {
	const struct conf_texts *texts;
	size_t file;
	unsigned depth;
	struct conf_lex lex;
};

static struct statement *statement_new(size_t file, const char *name)
{
	struct statement *s = xcalloc(1, sizeof(*s));

	s->file = file;
	s->name = name ? xstrdup(name) : NULL;
	s->last = &s->children;
	return s;
}

void conf_spans_free(struct statement *s)
{
	while (s) {
		struct statement *next = s->next;

		conf_spans_free(s->children);
		for (size_t i = 0; i < s->n; i++)
			free(s->values[i]);
		free(s->values);
		free(s->spans);
		free(s->name);
		free(s);
		s = next;
	}
}

static size_t token_begin(const struct reader *r)
{
	return (size_t)(r->lex.bol - r->texts->v[r->file].text) + r->lex.token_col - 1;
}

static size_t token_end(const struct reader *r)
{
	return (size_t)(r->lex.p - r->texts->v[r->file].text);
}

static void take_value(struct reader *r, struct statement *s)
{
	size_t cap = s->cap;

	s->values = xgrow(s->values, s->n, &cap, sizeof(*s->values));
	s->spans = xgrow(s->spans, s->n, &s->cap, sizeof(*s->spans));
	s->spans[s->n] = (struct span){token_begin(r), token_end(r)};
	s->values[s->n++] = xstrdup(r->lex.word);
	s->head.end = token_end(r);
	conf_lex_next(&r->lex);
}

static bool take_list(struct reader *r, struct statement *s)
{
	s->list.begin = token_begin(r);
	conf_lex_next(&r->lex);
	while (r->lex.token == CONF_TOKEN_WORD)
		take_value(r, s);
	s->list.end = s->head.end = token_end(r);
	if (r->lex.token != CONF_TOKEN_END)
		return false;
	conf_lex_next(&r->lex);
	return true;
}

static bool read_block(struct reader *r, struct statement *parent, enum conf_token until);

/* The file that is included, as part of PARENT. */
static bool read_included(struct reader *r, struct statement *parent, const char *word)
{
	char *path = conf_texts_path(r->texts->v[r->file].path, word);
	const struct conf_text *file = conf_texts_find(r->texts, path);
	struct reader *inner = xcalloc(1, sizeof(*inner));
	bool good = file && r->depth < DEPTH_MAX;

	free(path);
	if (good) {
		inner->texts = r->texts;
		inner->file = (size_t)(file - r->texts->v);
		inner->depth = r->depth + 1;
		conf_lex_init(&inner->lex, file->text, file->len);
		good = read_block(inner, parent, CONF_TOKEN_EOF);
	}
	free(inner);
	return good;
}

/* The current token is a word that begins a statement; behind it, its last one. */
static bool read_statement(struct reader *r, struct statement *parent)
{
	struct statement *s = statement_new(r->file, r->lex.word);

	*parent->last = s;
	parent->last = &s->next;
	s->whole.begin = s->head.begin = token_begin(r);
	s->head.end = token_end(r);
	conf_lex_next(&r->lex);
	if (r->lex.token == CONF_TOKEN_WORD)
		take_value(r, s);
	else if (r->lex.token == CONF_TOKEN_LIST && !take_list(r, s))
		return false;
	if (r->lex.token == CONF_TOKEN_OPEN) {
		s->body.begin = token_end(r);
		if (!read_block(r, s, CONF_TOKEN_CLOSE))
			return false;
		s->body.end = token_begin(r);
	} else if (r->lex.token != CONF_TOKEN_SEMI) {
		return false;
	}
	s->whole.end = token_end(r);
	return !str_eq(s->name, "include") || s->n != 1 || read_included(r, parent, s->values[0]);
}

static bool read_block(struct reader *r, struct statement *parent, enum conf_token until)
{
	while (conf_lex_next(&r->lex) != until) {
		if (r->lex.token == CONF_TOKEN_SEMI)
			continue;
		if (r->lex.token != CONF_TOKEN_WORD || !read_statement(r, parent))
			return false;
	}
	return true;
}

struct statement *conf_spans(const struct conf_texts *texts)
{
	struct statement *top = statement_new(0, NULL);
	struct reader *r = xcalloc(1, sizeof(*r));
	bool good;

	r->texts = texts;
	conf_lex_init(&r->lex, texts->v[0].text, texts->v[0].len);
	top->body.end = top->whole.end = texts->v[0].len;
	good = read_block(r, top, CONF_TOKEN_EOF);
	free(r);
	if (good)
		return top;
	conf_spans_free(top);
	return NULL;
}
