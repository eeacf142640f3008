/* SPDX-License-Identifier: BSD-2-Clause */
/* nearest: which word was probably meant. */
#ifndef WGBGP_NEAREST_H
#define WGBGP_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* The best of the words offered so far. */
struct nearest {
	const char *typed;
	const char *word; /* NULL: none is near */
	size_t cost;
};

/* Compares TYPED with WORD: letters that are missing, too many, wrong, or two in the wrong order
 * count one each, at most one for three letters typed; an abbreviation of WORD will do. Of equal
 * ones the first stays. */
void nearest_offer(struct nearest *n, const char *word);

#endif
