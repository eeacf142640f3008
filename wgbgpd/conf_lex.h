/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_lex: the words and punctuation of the text configuration.
 *
 * A word is anything without white space and ; { } [ ] " #. Three kinds of words may contain some
 * of these: a quoted word ("a b", with \" \\ \n \t), a prefix with lengths (10.0.0.0/8{16,24}), and
 * an IPv6 endpoint ([2001:db8::1]:51820). '#' begins a comment to the end of the line.
 */
#ifndef WGBGP_CONF_LEX_H
#define WGBGP_CONF_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_token {
	CONF_TOKEN_EOF,
	CONF_TOKEN_WORD,
	CONF_TOKEN_OPEN,  /* { */
	CONF_TOKEN_CLOSE, /* } */
	CONF_TOKEN_LIST,  /* [ */
	CONF_TOKEN_END,	  /* ] */
	CONF_TOKEN_SEMI,  /* ; */
	CONF_TOKEN_BAD,	  /* why says what */
};

#define CONF_WORD_MAX 4096

struct conf_lex {
	const char *p; /* next byte */
	const char *end;
	const char *bol; /* begin of the current line */
	uint32_t line;	 /* of p */
	enum conf_token token;
	uint32_t token_line;
	uint32_t token_col; /* from 1, in bytes */
	bool quoted;	    /* WORD: in quotes */
	const char *why;    /* BAD: what is wrong */
	size_t word_len;
	char word[CONF_WORD_MAX + 1]; /* WORD: terminated */
};

void conf_lex_init(struct conf_lex *lex, const char *text, size_t len);
enum conf_token conf_lex_next(struct conf_lex *lex);
const char *conf_lex_describe(const struct conf_lex *lex, char *buf,
			      size_t size); /* for messages */

/* True when WORD reads back as itself without quotes. */
bool conf_lex_is_plain(const char *word);
/* VALUE as a word, quoted when it would not read back as one. The caller frees it. */
char *conf_lex_word(const char *value);

#endif
