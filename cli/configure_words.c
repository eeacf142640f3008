/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void configure_error(struct cli_error *error, size_t offset, const char *fmt, ...)
{
	va_list ap;

	error->offset = offset;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
}

static void words_add(struct configure_words *out, const struct conf_lex *lex, const char *line)
{
	size_t begin = lex->token_col - 1, end = (size_t)(lex->p - line);
	struct configure_word word = {.offset = begin, .end = end, .token = lex->token};

	word.text = lex->token == CONF_TOKEN_WORD
			    ? xstrdup(lex->word)
			    : xasprintf("%.*s", (int)(end - begin), line + begin);
	out->v = xgrow(out->v, out->n, &out->cap, sizeof(*out->v));
	out->v[out->n++] = word;
}

bool configure_words_read(const char *line, struct configure_words *out, struct cli_error *error)
{
	struct conf_lex *lex = xmalloc(sizeof(*lex));
	bool good = true;

	*out = (struct configure_words){0};
	conf_lex_init(lex, line, strlen(line));
	while (good && conf_lex_next(lex) != CONF_TOKEN_EOF) {
		good = lex->token != CONF_TOKEN_BAD;
		if (good)
			words_add(out, lex, line);
		else
			configure_error(error, lex->token_col - 1, "%s", lex->why);
	}
	free(lex);
	if (!good)
		configure_words_free(out);
	else if (out->n && out->v[out->n - 1].token == CONF_TOKEN_SEMI)
		free(out->v[--out->n].text);
	return good;
}

void configure_words_free(struct configure_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->v[i].text);
	free(words->v);
	*words = (struct configure_words){0};
}
