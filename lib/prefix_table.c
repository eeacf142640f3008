/* SPDX-License-Identifier: BSD-2-Clause */
#include "prefix_table.h"

#include <stdlib.h>

#include "util.h"

void prefix_table_add(struct prefix_table *t, const struct prefix *p, const void *owner, bool flag)
{
	ensure(t->n < UINT32_MAX);
	t->rows = xgrow(t->rows, t->n, &t->cap, sizeof(*t->rows));
	t->rows[t->n] =
		(struct prefix_row){.p = *p, .flag = flag, .cover = (uint32_t)t->n, .owner = owner};
	t->n++;
}

/* Until the table is sealed, `cover` is the row's place among those that were added. */
static int compare(const void *a, const void *b)
{
	const struct prefix_row *x = a, *y = b;
	int diff = prefix_cmp(&x->p, &y->p);

	return diff ? diff : x->cover < y->cover ? -1 : 1;
}

static void merge_equal(struct prefix_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (n && prefix_eq(&t->rows[n - 1].p, &t->rows[i].p))
			t->rows[n - 1].flag |= t->rows[i].flag;
		else
			t->rows[n++] = t->rows[i];
	t->n = n;
}

/* AT or the first one above it that covers P. */
static const struct prefix_row *climb(const struct prefix_table *t, const struct prefix_row *at,
				      const struct prefix *p)
{
	while (at && !prefix_covers(&at->p, p))
		at = prefix_table_cover(t, at);
	return at;
}

void prefix_table_seal(struct prefix_table *t)
{
	if (!t->n)
		return;
	qsort(t->rows, t->n, sizeof(*t->rows), compare);
	merge_equal(t);
	t->rows = xrealloc(t->rows, t->n * sizeof(*t->rows));
	t->cap = t->n;
	t->rows[0].cover = 0;
	for (size_t i = 1; i < t->n; i++) {
		const struct prefix_row *above = climb(t, &t->rows[i - 1], &t->rows[i].p);

		t->rows[i].cover = above ? (uint32_t)(above - t->rows) + 1 : 0;
	}
}

void prefix_table_free(struct prefix_table *t)
{
	free(t->rows);
	*t = (struct prefix_table){0};
}

const struct prefix_row *prefix_table_search(const struct prefix_table *t, const struct prefix *p)
{
	size_t from = 0,
	       to = t->n; /* rows in front of FROM are not behind P, those from TO on are */

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_cmp(&t->rows[middle].p, p) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	return climb(t, from ? &t->rows[from - 1] : NULL, p);
}

const struct prefix_row *prefix_table_cover(const struct prefix_table *t,
					    const struct prefix_row *row)
{
	return row->cover ? &t->rows[row->cover - 1] : NULL;
}
