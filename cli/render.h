/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render: text forms of answers. A renderer gets the head, then each row, then the end, and writes
 * at once; it keeps nothing but the few counters of its view.
 */
#ifndef WGBGP_CLI_RENDER_H
#define WGBGP_CLI_RENDER_H

#include <jansson.h>
#include <stdio.h>

#include "table.h"

struct view {
	FILE *out;
	const json_t
		*request; /* what was asked: some renderers show more when one thing is asked */
	size_t rows;	  /* seen so far, the present one included */
	size_t hidden;	  /* those in between that the line leaves out */
	size_t count[3];  /* the renderer's own */
	unsigned screen;  /* columns of the terminal; 0: it is none */
};

struct render {
	const char *command;
	void (*head)(struct view *v, const json_t *head); /* any may be NULL */
	void (*row)(struct view *v, const json_t *row);
	void (*end)(struct view *v); /* after a complete answer */
	const char *empty;	     /* said when there were no rows */
	/* A table: titles behind what head() writes, each row in front of what row() does. */
	const struct column *columns;
	size_t n_columns;
	void (*cells)(json_t *row); /* adds members for columns; may be NULL */
};

#define RENDER_TABLE(c) .columns = (c), .n_columns = ARRAY_SIZE(c)

/* One for the answer to COMMAND; where none is, one that says warnings. */
const struct render *render_for(const char *command);

extern const struct render renders_bgp[], renders_route[], renders_wg[], renders_drill[],
	renders_acts[], renders_misc[]; /* up to one without a command */

/* The paths of a row of bgp-routes that are not eligible, a line each with the reason. */
void render_refused_paths(FILE *out, const json_t *row);

void render_warnings(struct view *v, const json_t *head);
/* Members of OBJ but those of the list SKIP (NULL-terminated, may be NULL), nested ones indented.
 */
void render_members(FILE *out, int indent, const json_t *obj, const char *const *skip);

#endif
