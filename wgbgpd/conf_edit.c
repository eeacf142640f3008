/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_lex.h"
#include "conf_spans.h"
#include "util.h"

struct conf_edit {
	struct conf_texts texts;
	struct statement *top; /* of the texts as they are */
};

struct conf_edit *conf_edit_new(const struct conf_texts *texts)
{
	struct conf_edit *e = xcalloc(1, sizeof(*e));

	conf_texts_copy(&e->texts, texts);
	e->top = conf_spans(&e->texts);
	if (e->top)
		return e;
	conf_edit_free(e);
	return NULL;
}

void conf_edit_free(struct conf_edit *e)
{
	if (!e)
		return;
	conf_spans_free(e->top);
	conf_texts_free(&e->texts);
	free(e);
}

const struct conf_texts *conf_edit_texts(const struct conf_edit *e)
{
	return &e->texts;
}

const struct statement *conf_edit_top(const struct conf_edit *e)
{
	return e->top;
}

/* ---- texts */

/* NEW in the place of what is between BEGIN and END; the statements are found again. */
static void splice(struct conf_edit *e, size_t file, size_t begin, size_t end, const char *new)
{
	struct conf_text *t = &e->texts.v[file];
	size_t len = strlen(new), rest = t->len - end;
	char *text = xmalloc(begin + len + rest + 1);

	memcpy(text, t->text, begin);
	memcpy(text + begin, new, len);
	memcpy(text + begin + len, t->text + end, rest + 1);
	free(t->text);
	t->text = text;
	t->len = begin + len + rest;
	conf_spans_free(e->top);
	e->top = conf_spans(&e->texts);
	ensure(e->top);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Where the line of AT begins, and whether only blanks are in front of AT. */
static size_t line_begin(const char *text, size_t at, bool *alone)
{
	size_t begin = at;

	while (begin && is_blank(text[begin - 1]))
		begin--;
	*alone = begin == 0 || text[begin - 1] == '\n';
	while (begin && text[begin - 1] != '\n')
		begin--;
	return begin;
}

/* Without its line, where nothing else is in it; what is behind it in its line stays. */
static void cut_out(struct conf_edit *e, const struct statement *s)
{
	const char *text = e->texts.v[s->file].text;
	size_t begin = s->whole.begin, end = s->whole.end, rest = end, line;
	bool alone;

	line = line_begin(text, begin, &alone);
	while (is_blank(text[rest]))
		rest++;
	if (alone && (text[rest] == '\n' || !text[rest])) {
		begin = line;
		end = rest + (text[rest] == '\n');
	} else if (!alone && text[rest] != '#') {
		while (begin > line && is_blank(text[begin - 1]))
			begin--;
	} else if (alone) {
		end = rest;
	}
	splice(e, s->file, begin, end, "");
}

/* ---- places */

/* S is one of the statements that a place is written by. */
static bool is_step(const struct statement *s, const struct conf_step *step)
{
	return str_eq(s->name, step->name) &&
	       (step->key ? s->n == 1 && str_eq(s->values[0], step->key) : s->n == 0);
}

/* A statement in S at N more steps, the last one with a block where there is one. */
static struct statement *find(struct statement *s, const struct conf_step *steps, size_t n)
{
	struct statement *found = NULL;

	if (!n)
		return s;
	for (struct statement *c = s->children; c; c = c->next) {
		struct statement *in = is_step(c, steps) ? find(c, steps + 1, n - 1) : NULL;

		if (in && (!found || in->body.end || !found->body.end))
			found = in;
	}
	return found;
}

/* The first statement NAME of a place that is written by several. */
static struct statement *find_named(struct statement *s, struct conf_path at, const char *name)
{
	for (struct statement *c = s->children; c; c = c->next) {
		struct statement *in = NULL;

		if (!at.n && str_eq(c->name, name))
			return c;
		if (at.n && is_step(c, at.steps))
			in = find_named(c, (struct conf_path){at.steps + 1, at.n - 1}, name);
		if (in)
			return in;
	}
	return NULL;
}

/* ---- new statements */

/* How a statement in the block of S is indented; to be freed. */
static char *indent_of(const struct conf_edit *e, const struct statement *s)
{
	const char *text = e->texts.v[s->file].text;
	size_t begin;
	bool alone;

	for (const struct statement *c = s->children; c; c = c->next) {
		if (c->file != s->file)
			continue;
		begin = line_begin(text, c->whole.begin, &alone);
		if (alone)
			return xasprintf("%.*s", (int)(c->whole.begin - begin), text + begin);
	}
	if (!s->name)
		return xstrdup("");
	begin = line_begin(text, s->whole.begin, &alone);
	return xasprintf("%.*s%s", (int)strspn(text + begin, " \t"), text + begin,
			 text[begin] == '\t' ? "\t" : "    ");
}

/* Behind the last statement of the block of S, in a line of its own unless the block has none. */
static void edit_append(struct conf_edit *e, const struct statement *s, const char *statement)
{
	const char *text = e->texts.v[s->file].text;
	char *indent = indent_of(e, s), *new;
	size_t at = s->body.end, line;
	bool alone;

	line = line_begin(text, at, &alone);
	if (alone && line >= s->body.begin) {
		new = xasprintf("%s%s\n", indent, statement);
		splice(e, s->file, line, line, new);
	} else if (!s->name) { /* the end of a file that has no end of line */
		new = xasprintf("\n%s\n", statement);
		splice(e, s->file, at, at, new);
	} else {
		new = xasprintf("%s%s ", is_blank(text[at - 1]) ? "" : " ", statement);
		splice(e, s->file, at, at, new);
	}
	free(new);
	free(indent);
}

/* "name value", the value quoted as it needs it; to be freed. */
static char *words(const char *name, const char *value)
{
	char *word = value ? conf_lex_word(value) : NULL;
	char *text = word ? xasprintf("%s %s", name, word) : xstrdup(name);

	free(word);
	return text;
}

/* The statement of a place, with a block; what is missing of the way to it is made. */
static struct statement *make(struct conf_edit *e, struct conf_path at)
{
	struct statement *s = find(e->top, at.steps, at.n), *outer;
	char *head, *block, *indent;

	if (!at.n || (s && s->body.end))
		return s;
	if (s) { /* "peer x;" */
		splice(e, s->file, s->head.end, s->whole.end, " { }");
		return find(e->top, at.steps, at.n);
	}
	outer = make(e, (struct conf_path){at.steps, at.n - 1});
	head = words(at.steps[at.n - 1].name, at.steps[at.n - 1].key);
	indent = indent_of(e, outer);
	block = xasprintf("%s {\n%s}", head, indent);
	edit_append(e, outer, block);
	free(block);
	free(indent);
	free(head);
	return find(e->top, at.steps, at.n);
}

int conf_edit_make(struct conf_edit *e, struct conf_path at)
{
	struct statement *s = find(e->top, at.steps, at.n);

	if (s)
		return -EEXIST;
	make(e, at);
	return 0;
}

int conf_edit_set(struct conf_edit *e, struct conf_path at, const char *leaf, const char *value)
{
	struct statement *s = find_named(e->top, at, leaf);
	char *text, *statement;

	if (s && s->n) {
		text = conf_lex_word(value);
		splice(e, s->file, s->spans[0].begin, s->spans[0].end, text);
		free(text);
		return 0;
	}
	text = words(leaf, value);
	statement = xasprintf("%s;", text);
	edit_append(e, make(e, at), statement);
	free(statement);
	free(text);
	return 0;
}

/* TEXT with INDENT in front of each line but the first, without the last end of line. */
static char *indented(const char *text, const char *indent)
{
	char *out = NULL;
	size_t len, line;
	FILE *f = open_memstream(&out, &len);

	if (!f)
		fatal("out of memory");
	for (; *text; text += line + 1) {
		line = strcspn(text, "\n");
		fprintf(f, "%.*s", (int)line, text);
		if (!text[line] || !text[line + 1])
			break;
		fprintf(f, "\n%s", indent);
	}
	fclose(f);
	return out;
}

void conf_edit_put(struct conf_edit *e, struct conf_path at, const char *statements)
{
	struct statement *s = make(e, at);
	char *indent = indent_of(e, s), *text = indented(statements, indent);

	edit_append(e, s, text);
	free(text);
	free(indent);
}

/* ---- leaf-lists */

/* The value of one of the statements LIST; *S is that statement. */
static bool find_value(struct conf_edit *e, struct conf_path at, const char *list,
		       const char *value, struct statement **s, size_t *i)
{
	for (*s = find_named(e->top, at, list); *s; *s = (*s)->next)
		for (*i = 0; str_eq((*s)->name, list) && *i < (*s)->n; ++*i)
			if (str_eq((*s)->values[*i], value))
				return true;
	return false;
}

int conf_edit_add(struct conf_edit *e, struct conf_path at, const char *list, const char *value)
{
	struct statement *s;
	char *word, *text;
	size_t i;

	if (find_value(e, at, list, value, &s, &i))
		return -EEXIST;
	s = find_named(e->top, at, list);
	if (!s)
		return conf_edit_set(e, at, list, value);
	word = conf_lex_word(value);
	if (s->list.end) { /* behind the last one: a comment may be in front of the ']' */
		i = s->n ? s->spans[s->n - 1].end : s->list.begin + 1;
		text = xasprintf(" %s%s", word,
				 s->n || is_blank(e->texts.v[s->file].text[i]) ? "" : " ");
		splice(e, s->file, i, i, text);
	} else {
		text = xasprintf("[ %.*s %s ]", (int)(s->spans[0].end - s->spans[0].begin),
				 e->texts.v[s->file].text + s->spans[0].begin, word);
		splice(e, s->file, s->spans[0].begin, s->spans[0].end, text);
	}
	free(text);
	free(word);
	return 0;
}

int conf_edit_remove(struct conf_edit *e, struct conf_path at, const char *list, const char *value)
{
	struct statement *s;
	size_t i, begin;

	if (!find_value(e, at, list, value, &s, &i))
		return -ENOENT;
	begin = s->spans[i].begin;
	if (s->n == 1 && !s->list.end) {
		cut_out(e, s);
		return 0;
	}
	while (is_blank(e->texts.v[s->file].text[begin - 1]))
		begin--;
	splice(e, s->file, begin, s->spans[i].end, "");
	return 0;
}

/* ---- what goes, and what gets another name */

int conf_edit_delete(struct conf_edit *e, struct conf_path at, const char *name)
{
	struct statement *s = find_named(e->top, at, name);

	if (!s)
		return -ENOENT;
	for (; s; s = find_named(e->top, at, name))
		cut_out(e, s);
	return 0;
}

int conf_edit_delete_place(struct conf_edit *e, struct conf_path at)
{
	struct statement *s = find(e->top, at.steps, at.n);

	if (!s || !at.n)
		return -ENOENT;
	for (; s; s = find(e->top, at.steps, at.n))
		cut_out(e, s);
	return 0;
}

int conf_edit_rename(struct conf_edit *e, struct conf_path at, const char *key)
{
	struct statement *s = at.n ? find(e->top, at.steps, at.n) : NULL, *outer;
	struct conf_step other;
	char *word;

	if (!s || !at.steps[at.n - 1].key)
		return -ENOENT;
	outer = find(e->top, at.steps, at.n - 1);
	other = (struct conf_step){at.steps[at.n - 1].name, key};
	if (find(outer, &other, 1))
		return -EEXIST;
	word = conf_lex_word(key);
	for (; s; s = find(e->top, at.steps, at.n))
		splice(e, s->file, s->spans[0].begin, s->spans[0].end, word);
	free(word);
	return 0;
}
