/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "configure_commit.h"
#include "configure_differ.h"
#include "util.h"

struct merge {
	struct cli_session *s;
	const struct candidate *ours; /* BASE: what both began with */
	struct candidate *theirs;     /* BASE: what the files say; the result comes into NOW */
	unsigned conflicts;
};

static struct candidate *read_again(const struct candidate *c, struct conf_errors *errs)
{
	return candidate_new(c->ctx, c->base->texts.v[0].path, errs);
}

bool configure_merge_needed(const struct candidate *c)
{
	struct conf_errors errs = {0};
	struct candidate *theirs = read_again(c, &errs);
	bool needed = !theirs || !conf_texts_equal(&theirs->base->texts, &c->base->texts);

	candidate_free(theirs);
	conf_errors_free(&errs);
	return needed;
}

static const struct lyd_node *leaf_of(const struct conf *conf, const struct configure_line *line)
{
	const struct lyd_node *place = configure_path_find(conf, &line->at, line->at.n);

	return line->at.n && !place ? NULL
				    : configure_child(conf, place, line->values[0].leaf, NULL);
}

static bool same_leaf(const struct lyd_node *a, const struct lyd_node *b)
{
	return (!a && !b) || (a && b && str_eq(lyd_get_value(a), lyd_get_value(b)));
}

/* LINE, a leaf's value, an entry or a value of a leaf-list, was changed by them to something else
 * than what we make of it. */
static bool is_conflict(const struct merge *m, char sign, const struct configure_line *line)
{
	const struct conf *old = m->ours->base, *theirs = m->theirs->base;
	const struct lyd_node *was = configure_path_find(old, &line->at, line->at.n);
	const struct lyd_node *is = configure_path_find(theirs, &line->at, line->at.n);

	if (!line->n)
		return sign == '-' && is && was &&
		       lyd_compare_single(was, is, LYD_COMPARE_FULL_RECURSION) != LY_SUCCESS;
	if (was && !is)
		return sign == '+';
	if (line->values[0].leaf->nodetype == LYS_LEAFLIST ||
	    same_leaf(leaf_of(old, line), leaf_of(theirs, line)))
		return false;
	return !same_leaf(leaf_of(theirs, line), leaf_of(m->ours->now, line));
}

/* The value goes because another one comes. */
static bool is_replaced(const struct merge *m, char sign, const struct configure_line *line)
{
	return sign == '-' && line->n && line->values[0].leaf->nodetype == LYS_LEAF &&
	       leaf_of(m->ours->now, line);
}

static int do_line(struct merge *m, char sign, const struct configure_line *line,
		   struct conf_errors *errs)
{
	int err;

	if (is_conflict(m, sign, line))
		return -EEXIST;
	if (is_replaced(m, sign, line))
		return 0;
	err = sign == '+' ? candidate_set(m->theirs, line, errs)
			  : candidate_delete(m->theirs, line, errs);
	return err == -ENOENT ? 0 : err;
}

/* A line of configure_differ(). */
static void merge_line(struct merge *m, const char *text)
{
	static const struct configure_path top;
	struct conf_errors errs = {0};
	struct configure_words words = {0};
	struct configure_line line = {0};
	struct cli_error error;
	char *said;

	if (text[0] == '~' || !configure_words_read(text + 2, &words, &error) ||
	    !configure_line_read(m->ours->ctx, &top, &words, 0, words.n, &line, &error) ||
	    do_line(m, text[0], &line, &errs) != 0) {
		said = xasprintf("somebody else has changed what this is about: %s", text);
		session_fail(m->s, said);
		free(said);
		m->conflicts++;
	}
	configure_say(m->s, &errs, false);
	configure_line_free(&line);
	configure_words_free(&words);
}

static void merge_all(struct merge *m)
{
	char *text = NULL, *line, *rest;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		fatal("out of memory");
	configure_differ(m->ours->base, m->ours->now, out);
	fclose(out);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		merge_line(m, line);
	free(text);
}

int configure_merge(struct cli_session *s, struct candidate *c)
{
	struct conf_errors errs = {0};
	struct merge m = {.s = s, .ours = c, .theirs = read_again(c, &errs)};
	struct candidate before = *c;

	configure_say(s, &errs, false);
	if (m.theirs)
		merge_all(&m);
	if (m.theirs && !m.conflicts) {
		*c = *m.theirs;
		*m.theirs = before;
	}
	candidate_free(m.theirs);
	return m.theirs && !m.conflicts ? 0 : -1;
}
