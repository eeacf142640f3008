/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_path.h"

#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"
#include "util.h"

/* ---- places */

static void path_push(struct configure_path *at, const struct lysc_node *schema, const char *key)
{
	ensure(at->n < CONFIGURE_DEPTH);
	at->v[at->n++] = (struct configure_step){schema, key ? xstrdup(key) : NULL};
}

void configure_path_copy(struct configure_path *out, const struct configure_path *from, size_t n)
{
	out->n = 0;
	for (size_t i = 0; i < n; i++)
		path_push(out, from->v[i].schema, from->v[i].key);
}

void configure_path_free(struct configure_path *at)
{
	for (size_t i = 0; i < at->n; i++)
		free(at->v[i].key);
	at->n = 0;
}

char *configure_path_text(const struct configure_path *at)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < at->n; i++) {
		char *key = at->v[i].key ? conf_lex_word(at->v[i].key) : NULL;
		char *longer = xasprintf("%s%s%s%s%s", text, i ? " " : "", at->v[i].schema->name,
					 key ? " " : "", key ? key : "");

		free(key);
		free(text);
		text = longer;
	}
	return text;
}

const struct lysc_node *configure_path_schema(const struct configure_path *at)
{
	return at->n ? at->v[at->n - 1].schema : NULL;
}

/* A statement of that name, or (not WHOLE) exactly one that begins like that. */
static bool has_statement(const struct ly_ctx *ctx, const struct lysc_node *outer, const char *name,
			  bool whole)
{
	const struct lysc_node *node = NULL;
	unsigned n = 0;

	if (whole)
		return conf_schema_find(ctx, outer, name) != NULL;
	while ((node = conf_schema_next(ctx, outer, node)))
		n += !lysc_is_key(node) && strncmp(node->name, name, strlen(name)) == 0;
	return n == 1;
}

static const struct lysc_node *holder_of(const struct ly_ctx *ctx, const char *name, bool whole)
{
	const struct lysc_node *node = NULL, *found = NULL;
	unsigned n = 0;

	while ((node = conf_schema_next(ctx, NULL, node)))
		if (node->nodetype == LYS_CONTAINER && has_statement(ctx, node, name, whole)) {
			found = node;
			n++;
		}
	return n == 1 ? found : NULL;
}

const struct lysc_node *configure_holder(const struct ly_ctx *ctx, const char *name)
{
	return holder_of(ctx, name, true);
}

bool configure_path_home(const struct ly_ctx *ctx, const struct configure_path *at,
			 const char *name, bool whole, struct configure_path *out)
{
	const struct lysc_node *holder = holder_of(ctx, name, whole);

	for (size_t n = at->n + 1; n-- > 0;) {
		configure_path_copy(out, at, n);
		if (has_statement(ctx, configure_path_schema(out), name, whole))
			return true;
		configure_path_free(out);
	}
	if (holder)
		path_push(out, holder, NULL);
	return holder != NULL;
}

const char *configure_path_near(const struct ly_ctx *ctx, const struct configure_path *at,
				const char *name)
{
	const struct lysc_node *node = NULL;
	const char *near = NULL;

	for (size_t n = at->n; n > 0 && !near; n--)
		near = conf_schema_suggest(ctx, at->v[n - 1].schema, name);
	if (!near)
		near = conf_schema_suggest(ctx, NULL, name);
	while (!near && (node = conf_schema_next(ctx, NULL, node)))
		if (node->nodetype == LYS_CONTAINER)
			near = conf_schema_suggest(ctx, node, name);
	return near;
}

static const char *key_or_value(const struct lyd_node *node)
{
	return lyd_get_value(node->schema->nodetype == LYS_LIST ? lyd_child(node) : node);
}

struct lyd_node *configure_child(const struct conf *conf, const struct lyd_node *parent,
				 const struct lysc_node *schema, const char *key)
{
	struct lyd_node *node = parent ? lyd_child(parent) : conf->tree;

	while (node && (node->schema != schema || (key && !str_eq(key_or_value(node), key))))
		node = node->next;
	return node;
}

struct lyd_node *configure_path_find(const struct conf *conf, const struct configure_path *at,
				     size_t n)
{
	struct lyd_node *node = NULL;

	for (size_t i = 0; i < n && (node || !i); i++)
		node = configure_child(conf, node, at->v[i].schema, at->v[i].key);
	return node;
}

/* ---- words */

struct walk {
	const struct ly_ctx *ctx;
	struct configure_line *line;
	const struct configure_word *word; /* that is read now */
	struct cli_error *error;
};

static bool walk_expected(struct walk *w, const char *what)
{
	configure_error(w->error, w->word->offset, "'%.64s' is not valid; expected %s",
			w->word->text, what);
	return false;
}

/* A text is in front of it, which it may have been meant to be a part of. */
static bool follows_text(const struct configure_line *line)
{
	return line->n && line->values[line->n - 1].depth == line->at.n &&
	       line->node->nodetype == LYS_LEAF &&
	       conf_schema_type(line->node)->basetype == LY_TYPE_STRING;
}

/* What was probably meant; to be freed. */
static char *hint_of(const struct walk *w, const struct lysc_node *outer)
{
	const struct lysc_node *holder = configure_holder(w->ctx, w->word->text);
	const char *near = conf_schema_suggest(w->ctx, outer, w->word->text);

	if (holder)
		return xasprintf(", but one of %s", holder->name);
	if (near)
		return xasprintf(", '%s' is near", near);
	return xstrdup(follows_text(w->line) ? ", and a text with blanks is put in quotes" : "");
}

static void say_unknown(struct walk *w, const struct lysc_node *outer)
{
	char *known = conf_schema_describe_children(w->ctx, outer), *hint = hint_of(w, outer);

	configure_error(w->error, w->word->offset,
			"'%.64s' is no statement here%s; expected one of %s", w->word->text, hint,
			known);
	free(hint);
	free(known);
}

/* The statement that the word names or abbreviates; NULL with an error. */
static const struct lysc_node *named(struct walk *w, const struct lysc_node *outer)
{
	const struct lysc_node *node = NULL, *found = NULL;
	const char *text = w->word->text;
	unsigned hits = 0;

	while ((node = conf_schema_next(w->ctx, outer, node))) {
		if (lysc_is_key(node) || strncmp(node->name, text, strlen(text)) != 0)
			continue;
		if (str_eq(node->name, text))
			return node;
		if (hits++)
			configure_error(w->error, w->word->offset, "\"%.64s\" is ambiguous: %s, %s",
					text, found->name, node->name);
		else
			found = node;
	}
	if (!hits)
		say_unknown(w, outer);
	return hits == 1 ? found : NULL;
}

static void add_value(struct configure_line *line, char *value)
{
	line->values = xgrow(line->values, line->n, &line->cap, sizeof(*line->values));
	line->values[line->n++] = (struct configure_value){line->at.n, line->node, value};
}

/* A leaf-list's values may stand without brackets, as long as they are no statements. */
static bool goes_on(struct walk *w)
{
	struct configure_line *line = w->line;
	char *value;

	if (!line->node || line->node->nodetype != LYS_LEAFLIST || !line->n ||
	    line->values[line->n - 1].depth != line->at.n)
		return false;
	value = conf_schema_canonical(line->node, w->word->text);
	if (value)
		add_value(line, value);
	return value != NULL;
}

static bool walk_statement(struct walk *w)
{
	struct configure_line *line = w->line;
	const struct lysc_node *node = named(w, configure_path_schema(&line->at));

	if (!node)
		return goes_on(w);
	line->node = node;
	if (node->nodetype == LYS_CONTAINER)
		path_push(&line->at, node, NULL);
	else
		line->wants = node->nodetype == LYS_LIST ? CONFIGURE_KEY : CONFIGURE_VALUE;
	return true;
}

static bool walk_key(struct walk *w)
{
	const struct lysc_node_leaf *schema = conf_schema_key(w->line->node);
	char *key = conf_schema_canonical((const struct lysc_node *)schema, w->word->text);
	char *expected = conf_schema_describe_type(schema->type);

	if (key) {
		path_push(&w->line->at, w->line->node, key);
		w->line->wants = CONFIGURE_STATEMENT;
	} else {
		walk_expected(w, expected);
	}
	free(expected);
	free(key);
	return w->line->wants == CONFIGURE_STATEMENT;
}

static bool walk_value(struct walk *w)
{
	struct configure_line *line = w->line;
	char *value = conf_schema_canonical(line->node, w->word->text), *expected;

	if (value) {
		add_value(line, value);
		line->wants = line->bracket ? CONFIGURE_VALUE : CONFIGURE_STATEMENT;
		return true;
	}
	expected = conf_schema_describe_type(conf_schema_type(line->node));
	walk_expected(w, expected);
	free(expected);
	return false;
}

static bool walk_bracket(struct walk *w)
{
	struct configure_line *line = w->line;
	bool opens = w->word->token == CONF_TOKEN_LIST;

	if (line->wants != CONFIGURE_VALUE || line->node->nodetype != LYS_LEAFLIST ||
	    line->bracket == opens) {
		configure_error(w->error, w->word->offset, "no list of values is expected here");
		return false;
	}
	line->bracket = opens;
	line->wants = opens ? CONFIGURE_VALUE : CONFIGURE_STATEMENT;
	return true;
}

static bool walk_word(struct walk *w)
{
	switch (w->word->token) {
	case CONF_TOKEN_LIST:
	case CONF_TOKEN_END:
		return walk_bracket(w);
	case CONF_TOKEN_WORD:
		return w->line->wants == CONFIGURE_KEY	   ? walk_key(w)
		       : w->line->wants == CONFIGURE_VALUE ? walk_value(w)
							   : walk_statement(w);
	default:
		configure_error(w->error, w->word->offset, "a word is expected here");
		return false;
	}
}

bool configure_line_read(const struct ly_ctx *ctx, const struct configure_path *at,
			 const struct configure_words *words, size_t from, size_t to,
			 struct configure_line *out, struct cli_error *error)
{
	struct walk w = {.ctx = ctx, .line = out, .error = error};

	*out = (struct configure_line){.begun = at->n};
	configure_path_copy(&out->at, at, at->n);
	for (; from < to; from++) {
		w.word = &words->v[from];
		if (!walk_word(&w))
			return false;
	}
	return true;
}

void configure_line_free(struct configure_line *line)
{
	for (size_t i = 0; i < line->n; i++)
		free(line->values[i].value);
	free(line->values);
	configure_path_free(&line->at);
	*line = (struct configure_line){0};
}

char *configure_line_wants(const struct ly_ctx *ctx, const struct configure_line *line)
{
	if (line->wants == CONFIGURE_STATEMENT)
		return conf_schema_describe_children(ctx, configure_path_schema(&line->at));
	return conf_schema_describe_type(line->wants == CONFIGURE_KEY
						 ? conf_schema_key(line->node)->type
						 : conf_schema_type(line->node));
}

/* ---- what may follow */

static void offer_described(struct session_offers *out, const char *word, const char *description)
{
	char *help = conf_schema_help(description);

	session_offer(out, word, help, true);
	free(help);
}

static void offer_statements(const struct conf *conf, const struct configure_line *line,
			     struct session_offers *out)
{
	const struct lysc_node *outer = configure_path_schema(&line->at), *node = NULL;

	while ((node = conf_schema_next(conf->ctx, outer, node)))
		if (!lysc_is_key(node))
			offer_described(out, node->name, node->dsc);
}

/* Entries, or values of a leaf-list, that are there. */
static void offer_present(const struct conf *conf, const struct configure_line *line,
			  struct session_offers *out)
{
	const struct lyd_node *parent = configure_path_find(conf, &line->at, line->at.n), *node;

	if (line->at.n && !parent)
		return;
	for (node = configure_child(conf, parent, line->node, NULL); node; node = conf_next(node)) {
		char *word = conf_lex_word(key_or_value(node));

		session_offer(out, word, "", true);
		free(word);
	}
}

static void offer_values(const struct lysc_type *type, struct session_offers *out)
{
	LY_ARRAY_COUNT_TYPE i;

	if (type->basetype == LY_TYPE_BOOL) {
		session_offer(out, "true", "", true);
		session_offer(out, "false", "", true);
	} else if (type->basetype == LY_TYPE_ENUM) {
		const struct lysc_type_enum *words = (const struct lysc_type_enum *)type;

		LY_ARRAY_FOR(words->enums, i)
		offer_described(out, words->enums[i].name, words->enums[i].dsc);
	} else if (type->basetype == LY_TYPE_UNION) {
		const struct lysc_type_union *some = (const struct lysc_type_union *)type;

		LY_ARRAY_FOR(some->types, i)
		offer_values(some->types[i], out);
	}
}

void configure_line_offer(const struct conf *conf, const struct configure_line *line,
			  struct session_offers *out)
{
	char *wants;

	out->end = line->wants == CONFIGURE_STATEMENT && line->at.n + line->n > line->begun;
	if (line->wants == CONFIGURE_STATEMENT) {
		offer_statements(conf, line, out);
		return;
	}
	offer_present(conf, line, out);
	if (line->wants == CONFIGURE_VALUE)
		offer_values(conf_schema_type(line->node), out);
	wants = configure_line_wants(conf->ctx, line);
	session_offer(out, "VALUE", wants, false);
	free(wants);
}
