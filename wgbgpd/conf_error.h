/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_error: what is wrong or doubtful in a configuration, and where.
 *
 * Reading and checking go on after an error as far as they can, so there is a list. A place names a
 * file, line and column; file is NULL when there is none (a configuration that came over the
 * socket).
 */
#ifndef WGBGP_CONF_ERROR_H
#define WGBGP_CONF_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util.h"

struct conf_pos {
	const char *file; /* belongs to the struct conf that the place is in */
	uint32_t line;	  /* from 1; 0: not known */
	uint32_t col;	  /* from 1, in bytes */
};

struct conf_error {
	char *text; /* "FILE:LINE:COL: statement: what is wrong; expected ..." */
	bool warning;
};

struct conf_errors {
	struct conf_error *v;
	size_t n;
	size_t cap;
	unsigned errors;   /* how many of them refuse the configuration */
	unsigned warnings; /* how many are only said */
};
#define CONF_ERRORS_MAX 100 /* more errors, and more warnings, are counted, not kept */

/* POS may be NULL. The text is "what is wrong" from the statement's name on. */
void conf_error(struct conf_errors *errs, const struct conf_pos *pos, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void conf_warning(struct conf_errors *errs, const struct conf_pos *pos, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void conf_errors_print(const struct conf_errors *errs, FILE *out);
bool conf_errors_has(const struct conf_errors *errs,
		     const char *part);		 /* a text that contains PART */
void conf_errors_free(struct conf_errors *errs); /* and empties the list */

#endif
