/* SPDX-License-Identifier: BSD-2-Clause */
#include "candidate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_parse.h"
#include "conf_schema.h"
#include "conf_spans.h"
#include "util.h"

struct candidate *candidate_new(struct ly_ctx *ctx, const char *main, struct conf_errors *errs)
{
	struct conf *base = conf_parse_file(ctx, main, errs);
	struct conf_edit *e = base ? conf_edit_new(&base->texts) : NULL;
	struct candidate *c;

	if (!e) {
		if (base)
			conf_error(errs, NULL, "%s is JSON, which is not edited here", main);
		conf_free(base);
		return NULL;
	}
	conf_edit_free(e);
	c = xcalloc(1, sizeof(*c));
	c->ctx = ctx;
	c->base = base;
	candidate_discard(c);
	return c;
}

void candidate_free(struct candidate *c)
{
	if (!c)
		return;
	conf_free(c->base);
	conf_free(c->now);
	conf_texts_free(&c->texts);
	free(c);
}

bool candidate_changed(const struct candidate *c)
{
	return !conf_texts_equal(&c->texts, &c->base->texts);
}

void candidate_discard(struct candidate *c)
{
	conf_free(c->now);
	c->now = conf_dup(c->base);
	conf_texts_free(&c->texts);
	conf_texts_copy(&c->texts, &c->base->texts);
}

void candidate_committed(struct candidate *c)
{
	conf_free(c->base);
	c->base = conf_dup(c->now);
	conf_texts_copy(&c->base->texts, &c->texts);
}

/* ---- an edit */

static int take_texts(struct candidate *c, const struct conf_texts *texts,
		      const struct candidate_edit *edit, struct conf_errors *errs)
{
	struct conf *now = conf_parse_texts(c->ctx, texts, errs);

	if (!now)
		return -EINVAL;
	if (edit->holds && !edit->holds(now, edit->arg)) {
		conf_free(now);
		return -ENOTSUP;
	}
	conf_free(c->now);
	c->now = now;
	conf_texts_free(&c->texts);
	conf_texts_copy(&c->texts, texts);
	return 0;
}

int candidate_edit(struct candidate *c, const struct candidate_edit *edit, struct conf_errors *errs)
{
	struct conf_edit *e = conf_edit_new(&c->texts);
	int err;

	ensure(e);
	err = edit->edit(c, e, edit->arg);
	if (!err)
		err = take_texts(c, conf_edit_texts(e), edit, errs);
	conf_edit_free(e);
	return err;
}

/* ---- places in the words of the texts */

static bool is_same(const struct lysc_node *leaf, const char *written, const char *canonical)
{
	char *value = str_eq(written, canonical) ? NULL : conf_schema_canonical(leaf, written);
	bool same = str_eq(value ? value : written, canonical);

	free(value);
	return same;
}

static bool is_statement_of(const struct statement *s, const struct configure_step *step)
{
	if (!str_eq(s->name, step->schema->name))
		return false;
	if (!step->key)
		return s->n == 0;
	return s->n == 1 && is_same((const struct lysc_node *)conf_schema_key(step->schema),
				    s->values[0], step->key);
}

/* The first statement in S of the place of N more steps. */
static const struct statement *statement_at(const struct statement *s,
					    const struct configure_step *steps, size_t n)
{
	const struct statement *found = NULL;

	if (!n)
		return s;
	for (const struct statement *in = s->children; in && !found; in = in->next)
		if (is_statement_of(in, steps))
			found = statement_at(in, steps + 1, n - 1);
	return found;
}

void candidate_place(const struct conf_edit *e, const struct configure_path *at, size_t n,
		     struct candidate_place *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct statement *s =
			at->v[i].key ? statement_at(conf_edit_top(e), at->v, i + 1) : NULL;

		out->steps[i].name = at->v[i].schema->name;
		out->steps[i].key = s		   ? xstrdup(s->values[0])
				    : at->v[i].key ? xstrdup(at->v[i].key)
						   : NULL;
	}
	out->at = (struct conf_path){out->steps, n};
}

void candidate_place_free(struct candidate_place *place)
{
	for (size_t i = 0; i < place->at.n; i++)
		free((char *)place->steps[i].key);
	place->at.n = 0;
}

/* How VALUE is written in one of the statements LEAF of the place S; NULL: it is not. */
static const char *written_value(const struct statement *s, const struct configure_step *steps,
				 size_t n, const struct lysc_node *leaf, const char *value)
{
	const char *found = NULL;

	for (const struct statement *in = s->children; in && !found; in = in->next) {
		if (n && is_statement_of(in, steps))
			found = written_value(in, steps + 1, n - 1, leaf, value);
		for (size_t i = 0; !n && !found && str_eq(in->name, leaf->name) && i < in->n; i++)
			if (is_same(leaf, in->values[i], value))
				found = in->values[i];
	}
	return found;
}

/* ---- set */

static bool has_value(const struct conf *conf, const struct configure_line *line,
		      const struct configure_value *v)
{
	const struct lyd_node *parent = configure_path_find(conf, &line->at, v->depth);

	return (parent || !v->depth) && configure_child(conf, parent, v->leaf, v->value);
}

static void set_value(struct candidate *c, struct conf_edit *e, const struct configure_line *line,
		      const struct configure_value *v)
{
	struct candidate_place place;

	if (has_value(c->now, line, v))
		return;
	candidate_place(e, &line->at, v->depth, &place);
	if (v->leaf->nodetype == LYS_LEAFLIST)
		conf_edit_add(e, place.at, v->leaf->name, v->value);
	else
		conf_edit_set(e, place.at, v->leaf->name, v->value);
	candidate_place_free(&place);
}

/* The place itself, where an entry of a list need not say anything. */
static int make_place(struct conf_edit *e, const struct configure_path *at)
{
	struct candidate_place place;
	int err;

	candidate_place(e, at, at->n, &place);
	err = conf_edit_make(e, place.at);
	candidate_place_free(&place);
	return err == -EEXIST ? 0 : err;
}

static int edit_set(struct candidate *c, struct conf_edit *e, void *arg)
{
	const struct configure_line *line = arg;

	for (size_t i = 0; i < line->n; i++)
		set_value(c, e, line, &line->values[i]);
	if (line->at.n && line->at.v[line->at.n - 1].key)
		return make_place(e, &line->at);
	return 0;
}

static bool holds_set(const struct conf *conf, void *arg)
{
	const struct configure_line *line = arg;

	for (size_t i = 0; i < line->n; i++)
		if (!has_value(conf, line, &line->values[i]))
			return false;
	return true;
}

int candidate_set(struct candidate *c, const struct configure_line *line, struct conf_errors *errs)
{
	struct candidate_edit edit = {edit_set, holds_set, (void *)line};

	return candidate_edit(c, &edit, errs);
}

/* ---- delete */

static bool names_value(const struct configure_line *line, const struct configure_value *of,
			const char *value)
{
	for (size_t i = 0; i < line->n; i++)
		if (line->values[i].leaf == of->leaf && line->values[i].depth == of->depth &&
		    str_eq(line->values[i].value, value))
			return true;
	return false;
}

/* LINE names all values of the leaf. */
static bool names_all(const struct candidate *c, const struct configure_line *line,
		      const struct configure_value *v)
{
	const struct lyd_node *parent = configure_path_find(c->now, &line->at, v->depth), *node;

	for (node = configure_child(c->now, parent, v->leaf, NULL); node; node = conf_next(node))
		if (!names_value(line, v, lyd_get_value(node)))
			return false;
	return true;
}

static int delete_value(struct candidate *c, struct conf_edit *e, const struct configure_line *line,
			const struct configure_value *v)
{
	struct candidate_place place;
	const char *word;
	int err = 0;

	if (!has_value(c->now, line, v))
		return -ENOENT;
	candidate_place(e, &line->at, v->depth, &place);
	if (names_all(c, line, v)) {
		conf_edit_delete(e, place.at, v->leaf->name); /* with the first of them */
	} else {
		word = written_value(conf_edit_top(e), line->at.v, v->depth, v->leaf, v->value);
		err = word ? conf_edit_remove(e, place.at, v->leaf->name, word) : -ENOTSUP;
	}
	candidate_place_free(&place);
	return err;
}

static int delete_place(struct conf_edit *e, const struct configure_path *at)
{
	struct candidate_place place;
	int err;

	candidate_place(e, at, at->n, &place);
	err = conf_edit_delete_place(e, place.at);
	candidate_place_free(&place);
	return err;
}

static int delete_leaf(struct conf_edit *e, const struct configure_line *line)
{
	struct candidate_place place;
	int err;

	candidate_place(e, &line->at, line->at.n, &place);
	err = conf_edit_delete(e, place.at, line->node->name);
	candidate_place_free(&place);
	return err;
}

static int delete_entries(struct candidate *c, struct conf_edit *e,
			  const struct configure_line *line)
{
	const struct lyd_node *parent = configure_path_find(c->now, &line->at, line->at.n), *entry;
	struct configure_path at;
	int err = -ENOENT;

	if (line->at.n && !parent)
		return err;
	configure_path_copy(&at, &line->at, line->at.n);
	for (entry = configure_child(c->now, parent, line->node, NULL); entry;
	     entry = conf_next(entry)) {
		at.v[at.n++] = (struct configure_step){line->node,
						       xstrdup(lyd_get_value(lyd_child(entry)))};
		err = delete_place(e, &at);
		free(at.v[--at.n].key);
	}
	configure_path_free(&at);
	return err;
}

static int edit_delete(struct candidate *c, struct conf_edit *e, void *arg)
{
	const struct configure_line *line = arg;
	int err = 0;

	if (line->wants == CONFIGURE_KEY)
		return delete_entries(c, e, line);
	if (line->wants == CONFIGURE_VALUE)
		return delete_leaf(e, line);
	if (!line->n)
		return delete_place(e, &line->at);
	for (size_t i = 0; i < line->n && !err; i++)
		err = delete_value(c, e, line, &line->values[i]);
	return err;
}

static bool holds_delete(const struct conf *conf, void *arg)
{
	const struct configure_line *line = arg;
	const struct lyd_node *place = configure_path_find(conf, &line->at, line->at.n);

	if (line->wants != CONFIGURE_STATEMENT)
		return (line->at.n && !place) || !configure_child(conf, place, line->node, NULL);
	for (size_t i = 0; i < line->n; i++)
		if (has_value(conf, line, &line->values[i]))
			return false;
	return line->n || !place;
}

int candidate_delete(struct candidate *c, const struct configure_line *line,
		     struct conf_errors *errs)
{
	struct candidate_edit edit = {edit_delete, holds_delete, (void *)line};

	return candidate_edit(c, &edit, errs);
}

/* ---- rename */

struct rename {
	const struct configure_path *at;
	const char *key;
};

static int edit_rename(struct candidate *c, struct conf_edit *e, void *arg)
{
	const struct rename *r = arg;
	const struct lyd_node *entry = configure_path_find(c->now, r->at, r->at->n);
	struct candidate_place place;
	int err;

	if (!entry)
		return -ENOENT;
	if (configure_child(c->now, lyd_parent(entry), entry->schema, r->key))
		return -EEXIST;
	candidate_place(e, r->at, r->at->n, &place);
	err = conf_edit_rename(e, place.at, r->key);
	candidate_place_free(&place);
	return err;
}

static bool holds_rename(const struct conf *conf, void *arg)
{
	const struct rename *r = arg;

	return !configure_path_find(conf, r->at, r->at->n);
}

int candidate_rename(struct candidate *c, const struct configure_path *at, const char *key,
		     struct conf_errors *errs)
{
	struct rename r = {at, key};
	struct candidate_edit edit = {edit_rename, holds_rename, &r};

	return candidate_edit(c, &edit, errs);
}
