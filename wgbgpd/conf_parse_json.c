/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration as JSON (RFC 7951). Three read it: jansson says whether it is JSON at all, and
 * where not; libyang whether it is JSON of our modules, strictly, but it names neither place nor
 * choices; so the text is walked once more, and the nodes are made as those of statements are, with
 * their places. What only libyang finds fault with is said in its words.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conf_parse_json.h"
#include "conf_schema.h"
#include "util.h"

/* A place in text that is sound JSON, and terminated: whatever opens there closes. */
struct walk {
	struct source *src;
	const char *p, *bol;
	uint32_t line;
};

static void object(struct walk *w, struct lyd_node *node, const struct lysc_node *schema);

static char skip_blanks(struct walk *w)
{
	for (; *w->p && strchr(" \t\r\n", *w->p); w->p++)
		if (*w->p == '\n') {
			w->line++;
			w->bol = w->p + 1;
		}
	return *w->p;
}

static struct conf_pos here(struct walk *w)
{
	skip_blanks(w);
	return (struct conf_pos){w->src->name, w->line, (uint32_t)(w->p - w->bol) + 1};
}

/* Passes C where it is next. */
static bool pass(struct walk *w, char c)
{
	if (skip_blanks(w) != c)
		return false;
	w->p++;
	return true;
}

/* The token that is next: a string with its quotes, or a bare word. */
static size_t token_len(struct walk *w)
{
	const char *at;

	if (skip_blanks(w) != '"')
		return strcspn(w->p, " \t\r\n,:[]{}");
	for (at = w->p + 1; *at != '"'; at++)
		at += *at == '\\';
	return (size_t)(at - w->p) + 1;
}

/* A scalar as YANG writes it; to be freed. */
static char *scalar(struct walk *w)
{
	size_t n = token_len(w);
	json_t *value = json_loadb(w->p, n, JSON_DECODE_ANY, NULL);
	char *text = json_is_string(value) ? xstrdup(json_string_value(value))
					   : xasprintf("%.*s", (int)n, w->p);

	w->p += n;
	json_decref(value);
	return text;
}

static void skip_value(struct walk *w)
{
	unsigned depth = 0;

	do {
		char c = skip_blanks(w);

		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		w->p += strchr("{}[],:", c) ? 1 : token_len(w);
	} while (depth);
}

/* A member's name without its module's; to be freed. */
static char *member(struct walk *w)
{
	char *name = scalar(w), *colon = strchr(name, ':'), *bare;

	if (!colon)
		return name;
	bare = xstrdup(colon + 1);
	free(name);
	return bare;
}

/* What a value must begin with. False: said, and the value is passed. */
static bool begins_with(struct walk *w, char c, struct lyd_node *parent, const char *name)
{
	static const struct {
		char c;
		const char *what;
	} kinds[] = {{'{', "an object"}, {'[', "an array"}};
	struct conf_pos pos = here(w);
	const char *wanted = "a value", *found = "a value";

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		wanted = kinds[i].c == c ? kinds[i].what : wanted;
		found = kinds[i].c == *w->p ? kinds[i].what : found;
	}
	if (str_eq(wanted, found))
		return true;
	conf_complain(w->src, &pos, parent, name, "found %s; expected %s", found, wanted);
	skip_value(w);
	return false;
}

static void leaf(struct walk *w, struct lyd_node *parent, const struct lysc_node *schema)
{
	struct conf_pos pos = here(w);
	char *value;

	if (!begins_with(w, 'v', parent, schema->name))
		return;
	value = scalar(w);
	conf_make_value(w->src, parent, schema, &pos, value);
	free(value);
}

/* The value of the entry's key, wherever it stands among the members; NULL: there is none. The walk
 * stays where it is. */
static char *json_key_of(const struct walk *entry, const char *name, struct conf_pos *pos)
{
	struct walk w = *entry;
	char *found = NULL;

	pass(&w, '{');
	while (!found && skip_blanks(&w) == '"') {
		char *key = member(&w);

		pass(&w, ':');
		*pos = here(&w);
		if (str_eq(key, name) && *w.p != '{' && *w.p != '[')
			found = scalar(&w);
		else
			skip_value(&w);
		free(key);
		pass(&w, ',');
	}
	return found;
}

static void entry(struct walk *w, struct lyd_node *parent, const struct lysc_node *schema)
{
	const struct lysc_node_leaf *key = conf_schema_key(schema);
	struct conf_pos pos = here(w), key_pos;
	struct lyd_node *node = NULL;
	char *value;

	if (!begins_with(w, '{', parent, schema->name))
		return;
	value = json_key_of(w, key->name, &key_pos);
	if (value)
		node = conf_make_entry(w->src, parent, schema, &pos, value, &key_pos);
	else
		conf_complain(w->src, &pos, parent, schema->name,
			      "the entry has no '%s', which tells it from others", key->name);
	free(value);
	if (node)
		object(w, node, schema);
	else
		skip_value(w);
}

static void array(struct walk *w, struct lyd_node *parent, const struct lysc_node *schema)
{
	if (!begins_with(w, '[', parent, schema->name))
		return;
	pass(w, '[');
	while (skip_blanks(w) != ']') {
		if (schema->nodetype == LYS_LIST)
			entry(w, parent, schema);
		else
			leaf(w, parent, schema);
		pass(w, ',');
	}
	pass(w, ']');
}

static void container(struct walk *w, struct lyd_node *parent, const struct lysc_node *schema,
		      const struct conf_pos *pos)
{
	if (begins_with(w, '{', parent, schema->name))
		object(w, conf_make_container(w->src, parent, schema, pos), schema);
}

static void value_of(struct walk *w, const char *name, const struct conf_pos *pos,
		     struct lyd_node *node, const struct lysc_node *outer)
{
	const struct lysc_node *schema = conf_schema_find(w->src->p->ctx, outer, name);

	if (!schema) {
		conf_complain_unknown(w->src, pos, node, outer, name);
		skip_value(w);
	} else if (lysc_is_key(schema)) {
		skip_value(w); /* the entry has it */
	} else if (schema->nodetype == LYS_CONTAINER) {
		container(w, node, schema, pos);
	} else if (schema->nodetype == LYS_LEAF) {
		leaf(w, node, schema);
	} else {
		array(w, node, schema);
	}
}

/* The members of an object; NODE NULL: those of the top. */
static void object(struct walk *w, struct lyd_node *node, const struct lysc_node *schema)
{
	pass(w, '{');
	while (skip_blanks(w) == '"') {
		struct conf_pos pos = here(w);
		char *name = member(w);

		pass(w, ':');
		if (name[0] == '@') /* metadata */
			skip_value(w);
		else
			value_of(w, name, &pos, node, schema);
		free(name);
		pass(w, ',');
	}
	pass(w, '}');
}

/* libyang takes some broken JSON for good, and knows no columns: jansson reads it first. */
static bool is_sound(struct parser *p, const char *name, const char *text, size_t len)
{
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	const struct conf_pos pos = {name, json ? 0 : (uint32_t)error.line, (uint32_t)error.column};

	if (!json)
		conf_error(p->errs, &pos, "%s; expected JSON", error.text);
	json_decref(json);
	return json != NULL;
}

/* What libyang has against it, to be freed; NULL: nothing. */
static char *judged(struct parser *p, const char *text, uint32_t *line)
{
	const struct ly_err_item *item;
	struct lyd_node *tree = NULL;
	const char *at;
	char *why = NULL;

	*line = 0;
	if (lyd_parse_data_mem(p->ctx, text, LYD_JSON,
			       LYD_PARSE_STRICT | LYD_PARSE_ONLY | LYD_PARSE_NO_STATE, 0,
			       &tree) != LY_SUCCESS) {
		item = ly_err_first(p->ctx);
		at = item && item->path ? strstr(item->path, "ine number ") : NULL;
		if (at)
			*line = (uint32_t)strtoul(at + strlen("ine number "), NULL, 10);
		why = xasprintf("%s; expected JSON as in RFC 7951 (%s)",
				conf_schema_complaint(item),
				item && item->path ? item->path : "no place known");
		ly_err_clean(p->ctx, NULL);
	}
	lyd_free_all(tree);
	return why;
}

void conf_parse_json(struct parser *p, const char *name, const char *text, size_t len)
{
	struct source *src;
	unsigned before = p->errs->errors;
	struct conf_pos pos = {name, 0, 1};
	struct walk w;
	char *why;

	if (!is_sound(p, name, text, len))
		return;
	why = judged(p, text, &pos.line);
	src = xcalloc(1, sizeof(*src));
	src->p = p;
	src->name = conf_file_name(p->conf, name);
	w = (struct walk){.src = src, .p = text, .bol = text, .line = 1};
	object(&w, NULL, NULL);
	if (why && p->errs->errors == before)
		conf_error(p->errs, &pos, "%s", why);
	free(why);
	free(src);
}
