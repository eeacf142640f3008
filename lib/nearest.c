/* SPDX-License-Identifier: BSD-2-Clause */
#include "nearest.h"

#include <string.h>

#include "util.h"

#define LETTERS_MAX 40 /* longer words are no typing errors */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Rows of the matrix of distances: [i][j] is that of the first I and J letters. */
static size_t distance(const char *typed, const char *word)
{
	size_t d[LETTERS_MAX + 1][LETTERS_MAX + 1], n = strlen(typed), m = strlen(word), best;

	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + (typed[i - 1] != word[j - 1]));
			if (i > 1 && j > 1 && typed[i - 1] == word[j - 2] &&
			    typed[i - 2] == word[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	best = d[n][m];
	for (size_t j = n; j < m; j++) /* abbreviated, as long as what was typed or longer */
		best = least(best, d[n][j] + 1);
	return best;
}

void nearest_offer(struct nearest *n, const char *word)
{
	size_t len = strlen(n->typed), cost;

	if (len < 2 || len > LETTERS_MAX || strlen(word) > LETTERS_MAX)
		return;
	cost = distance(n->typed, word);
	if (cost > (len + 2) / 3 || (n->word && cost >= n->cost))
		return;
	n->word = word;
	n->cost = cost;
}
