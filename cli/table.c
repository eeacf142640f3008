/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <string.h>
#include <strings.h>

#include "util.h"

#define CELL_MAX 1024

static const char *cell(const struct column *c, const json_t *row, char *out, size_t size)
{
	const json_t *value = json_object_get(row, c->key);

	switch (c->kind) {
	case COL_AGE:
		return text_age(value, out, size);
	case COL_BYTES:
		return text_bytes(value, out, size);
	case COL_NOTE: /* nothing where there is none */
		text_value(value, out, size);
		return str_eq(out, "none") || str_eq(out, "-") ? "" : out;
	default:
		return text_value(value, out, size);
	}
}

/* ---- tables */

#define CUT "~"	      /* at the end of what is cut off */
#define NOTE_WIDTH 16 /* what the rest of the line needs to be worth a column */

static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += !text_continues(*text);
	return n;
}

/* At most WIDTH columns of TEXT; what is longer ends with CUT. */
static void put_cut(FILE *out, const char *text, int width)
{
	int have = (int)width_of(text);

	if (have <= width)
		fputs(text, out);
	for (int i = 0; have > width && i < width - 1; i++)
		do
			putc(*text++, out);
		while (text_continues(*text));
	if (have > width && width > 0)
		fputs(CUT, out);
}

void text_line(FILE *out, const char *text, unsigned screen)
{
	if (screen)
		put_cut(out, text, (int)screen);
	else
		fputs(text, out);
	putc('\n', out);
}

static bool is_right(const struct column *c)
{
	return c->kind == COL_NUMBER || c->kind == COL_BYTES;
}

static bool is_one_of(const char *const *words, const char *text)
{
	for (; *words; words++)
		if (strcasecmp(*words, text) == 0)
			return true;
	return false;
}

/* Green, red, yellow; "" for what is no state that matters. */
static const char *state_colour(const char *state)
{
	static const char *const good[] = {"up",     "established", "installed", "running", "ready",
					   "pinned", "committed",   "ok",	 NULL};
	static const char *const bad[] = {"down",  "refused", "failed",	 "error", "unreachable",
					  "drift", "dead",    "missing", NULL};

	return is_one_of(good, state)  ? "\033[32m"
	       : is_one_of(bad, state) ? "\033[31m"
	       : str_eq(state, "-")    ? ""
				       : "\033[33m";
}

/* TEXT in WIDTH columns. */
static void put_fitted(FILE *out, const struct table *t, const struct column *c, const char *text,
		       int width, bool last)
{
	int have = (int)width_of(text), pad = have < width ? width - have : 0;
	const char *colour = t->colour && c->kind == COL_STATE ? state_colour(text) : "";

	fprintf(out, "%*s%s", is_right(c) ? pad : 0, "", colour);
	put_cut(out, text, width);
	fprintf(out, "%s%*s", *colour ? "\033[0m" : "", is_right(c) || last ? 0 : pad, "");
}

static void put_cell(FILE *out, const struct column *c, const char *text, bool last)
{
	if (last && !is_right(c))
		fprintf(out, "%s\n", text);
	else
		fprintf(out, is_right(c) ? "%*s%s" : "%-*s%s", c->width, text, last ? "\n" : " ");
}

static size_t last_shown(const struct table *t)
{
	size_t last = t->n;

	while (last && t->hidden[last - 1])
		last--;
	return last;
}

/* One line of a terminal; ROW NULL: the titles. */
static void put_line(FILE *out, const struct table *t, const json_t *row)
{
	size_t last = last_shown(t);
	int left = (int)t->screen;
	char text[CELL_MAX];

	for (size_t i = 0; i < last && left > 0; i++) {
		const struct column *c = &t->columns[i];
		int width = i + 1 == last && !is_right(c) ? left : t->width[i];

		if (t->hidden[i])
			continue;
		if (width > left)
			width = left;
		put_fitted(out, t, c, row ? cell(c, row, text, sizeof(text)) : c->title, width,
			   i + 1 == last);
		left -= width + 1;
		if (i + 1 < last && left > 0)
			putc(' ', out);
	}
	putc('\n', out);
}

/* What a column needs at least. */
static int needed(const struct table *t, size_t i, const json_t *rows)
{
	const struct column *c = &t->columns[i];
	size_t most = width_of(c->title), k;
	char text[CELL_MAX];
	json_t *row;

	json_array_foreach ((json_t *)rows, k, row) {
		size_t have = width_of(cell(c, row, text, sizeof(text)));

		most = have > most ? have : most;
	}
	return c->width == 0 && most > NOTE_WIDTH ? NOTE_WIDTH : (int)most;
}

/* The least important column that is there; of equal ones the last. N: there is none. */
static size_t least_important(const struct table *t)
{
	size_t worst = t->n;

	for (size_t i = 0; i < t->n; i++)
		if (!t->hidden[i] && t->columns[i].rank &&
		    (worst == t->n || t->columns[i].rank >= t->columns[worst].rank))
			worst = i;
	return worst;
}

void table_fit(struct table *t, const json_t *rows)
{
	int total = -1; /* no blank behind the last one */

	ensure(t->n <= TABLE_COLUMNS_MAX);
	for (size_t i = 0; i < t->n; i++) {
		t->hidden[i] = false;
		t->width[i] = needed(t, i, rows);
		total += t->width[i] + 1;
	}
	while (total > (int)t->screen) {
		size_t worst = least_important(t);

		if (worst == t->n)
			return;
		t->hidden[worst] = true;
		total -= t->width[worst] + 1;
	}
}

void table_titles(FILE *out, const struct table *t)
{
	if (t->screen) {
		put_line(out, t, NULL);
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		put_cell(out, &t->columns[i], t->columns[i].title, i + 1 == t->n);
}

void table_row(FILE *out, const struct table *t, const json_t *row)
{
	char text[CELL_MAX];

	if (t->screen) {
		put_line(out, t, row);
		return;
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];

		put_cell(out, c, cell(c, row, text, sizeof(text)), i + 1 == t->n);
	}
}
