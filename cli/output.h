/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output: where a command writes: through its line's filters and, on a terminal, a pager.
 *
 * The pager is started when there is more than fits, so that what fits stays on the screen: that of
 * WGBGP_PAGER or PAGER, else less; none where that is empty or there is no less. An interrupt ends
 * what the pager waits for, not the program; a pager that was left makes writing fail.
 */
#ifndef WGBGP_CLI_OUTPUT_H
#define WGBGP_CLI_OUTPUT_H

#include "line.h"

struct output_size {
	unsigned rows, columns; /* 0: not known */
};

/* Of the terminal behind OUT. */
struct output_size output_size(FILE *out);
/* Whether colours are wanted there: not with NO_COLOR, nor on a dumb terminal. */
bool output_colour(void);

/* Streams over one another, the last one is written to. */
struct output_stack {
	FILE *at[LINE_FILTERS_MAX + 1];
	size_t n;
};

/* Where PARTS are written that go to OUT in the end; PAGED: by a pager where it is long. */
FILE *output_open(struct output_stack *stack, FILE *out, const struct line_parts *parts,
		  bool paged);
/* Flushes it all, and waits until the pager is left. */
void output_close(struct output_stack *stack);

/* What PAGER is; NULL: there is none. Owned by the caller. */
char *pager_command(void);

#endif
