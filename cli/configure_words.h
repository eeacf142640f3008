/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_words: a line that was typed in `configure`, cut into the words of the configuration's
 * own language (conf_lex.h): quotes, and [ ] around several values.
 */
#ifndef WGBGP_CLI_CONFIGURE_WORDS_H
#define WGBGP_CLI_CONFIGURE_WORDS_H

#include "conf_lex.h"
#include "grammar.h"
#include "util.h"

struct configure_word {
	size_t offset, end; /* in the line */
	enum conf_token token;
	char *text; /* of a WORD; else what is in the line */
};

struct configure_words {
	struct configure_word *v;
	size_t n, cap;
};

/* False with an error, and nothing to free. A ';' at the end says nothing. */
bool configure_words_read(const char *line, struct configure_words *out, struct cli_error *error);
void configure_words_free(struct configure_words *words);

/* "what is wrong" at OFFSET of the line. */
void configure_error(struct cli_error *error, size_t offset, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
