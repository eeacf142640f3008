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
#include <stdint.h>
#include <stdio.h>

#include "prefix.h"

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

/* Takes the beginning of a character (UTF-8) away that lost its end when TEXT was cut. */
void text_trim(char *text);
/* TEXT and the end of a line; on a terminal of SCREEN columns no more than fits (0: all). */
void text_line(FILE *out, const char *text, unsigned screen);
/* A member as text in OUT: "-" when absent or null, yes/no, arrays joined by blanks. */
const char *text_of(const json_t *obj, const char *key, char *out, size_t size);
#define TEXT(obj, key) text_of((obj), (key), (char[512]){0}, 512)
bool is_set(const json_t *obj, const char *key); /* present, not null, not "", not [] */
bool is_true(const json_t *obj, const char *key);
const char *str_of(const json_t *obj, const char *key); /* "" when absent */
/* The row whose `name` is NAME; borrowed, NULL: there is none, or no ROWS. */
const json_t *row_named(const json_t *rows, const char *name);
int64_t int_of(const json_t *obj, const char *key);	/* 0 when absent */

/* TEXT, a tunnel address of the tunnel ROW, as the other daemons say it: fe80::1%wg1. */
const char *text_tunnel_address(const json_t *row, const json_t *text, char out[ADDR_STRLEN]);
#define TUNNEL_ADDRESS(row, text) text_tunnel_address((row), (text), (char[ADDR_STRLEN]){0})

const char *text_age(const json_t *value, char *out, size_t size);   /* 00:10:11, 3d04h, never */
const char *text_ago(const json_t *value, char *out, size_t size);   /* "1 minute, 5 seconds ago" */
const char *text_bytes(const json_t *value, char *out, size_t size); /* 1.50 KiB */
#define AGE(obj, key) text_age(json_object_get((obj), (key)), (char[48]){0}, 48)
#define AGO(obj, key) text_ago(json_object_get((obj), (key)), (char[96]){0}, 96)
#define BYTES(obj, key) text_bytes(json_object_get((obj), (key)), (char[48]){0}, 48)

#endif
