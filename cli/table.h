/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: text from JSON rows: fixed columns, so that rows are written as they come.
 *
 * A column that does not fit pushes the rest of its line to the right. On a terminal, table_fit()
 * makes columns as wide as they need to be, leaves those of the highest rank out until the rest
 * fits, and no line is wider than the screen. Text from elsewhere (a neighbour's shutdown message,
 * say) never reaches the terminal with control characters in it.
 */
#ifndef WGBGP_CLI_TABLE_H
#define WGBGP_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "members.h"

enum column_kind { COL_TEXT, COL_NUMBER, COL_AGE, COL_BYTES, COL_NOTE, COL_STATE };

struct column {
	const char *title;
	const char *key;
	int width; /* without the blank behind it; 0: the rest of the line */
	enum column_kind kind;
	int rank; /* 0: always there; on a narrow screen the highest go first */
};

#define TABLE_COLUMNS_MAX 16

struct table {
	const struct column *columns;
	size_t n;
	unsigned screen; /* columns of the terminal; 0: it is none, lines may have any length */
	bool colour;	 /* states are coloured */
	bool hidden[TABLE_COLUMNS_MAX];
	int width[TABLE_COLUMNS_MAX]; /* of a terminal */
};

#define TABLE(c)                                   \
	{                                          \
		.columns = (c), .n = ARRAY_SIZE(c) \
	}

/* For a terminal: what is shown, and how wide, by the first rows (an array). */
void table_fit(struct table *t, const json_t *rows);
void table_titles(FILE *out, const struct table *t);
void table_row(FILE *out, const struct table *t, const json_t *row);

/* TEXT and the end of a line; on a terminal of SCREEN columns no more than fits (0: all). */
void text_line(FILE *out, const char *text, unsigned screen);

#endif
