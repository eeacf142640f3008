/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line: what a line has around its command: `watch 2 show tunnels | include wg0 | count`.
 *
 * Only quotes keep a bar of the command from being a pipe; of those behind the first one only a bar
 * with a blank in front is one, so that a pattern may have alternatives: `| include wg0|wg1`. A
 * pattern is an extended regular expression (regex(7)): all up to the next pipe, without the blanks
 * around it and quotes around the whole.
 */
#ifndef WGBGP_CLI_LINE_H
#define WGBGP_CLI_LINE_H

#include <regex.h>

#include "grammar.h"

#define LINE_FILTERS_MAX 8
#define LINE_WATCH_SECONDS 2 /* where `watch` has no number */

enum filter_kind { FILTER_INCLUDE, FILTER_EXCLUDE, FILTER_BEGIN, FILTER_COUNT, FILTER_SECTION };

struct line_filter {
	enum filter_kind kind;
	regex_t pattern; /* but of FILTER_COUNT */
};

/* Release with line_free(). */
struct line_parts {
	char *command;	/* the line with blanks in place of `watch`, without pipes, `json` behind it
			 * where a pipe says so: columns are those of the line */
	unsigned watch; /* seconds from one run to the next; 0: it runs once */
	bool no_more;	/* no pager */
	struct line_filter filter[LINE_FILTERS_MAX];
	size_t n_filters;
};

/* 0, or -1 with an error. */
int line_split(const char *text, struct line_parts *out, struct cli_error *error);
void line_free(struct line_parts *parts);

/* cli_choices() for the whole line: also behind `watch` and behind a pipe. */
bool line_choices(const struct cli_grammar *g, const char *text, struct cli_choices *out,
		  struct cli_error *error);

#endif
