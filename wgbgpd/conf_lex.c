/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_lex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void conf_lex_init(struct conf_lex *lex, const char *text, size_t len)
{
	lex->p = lex->bol = text;
	lex->end = text + len;
	lex->line = 1;
	lex->token = CONF_TOKEN_EOF;
	lex->why = NULL;
	lex->word_len = 0;
	lex->word[0] = '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word_char(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && !strchr(";{}[]\"#", c);
}

/* Length of "{16,24}" at P, 0 when it is something else. */
static size_t length_range(const char *p, const char *end)
{
	const char *q = p;

	if (q == end || *q++ != '{')
		return 0;
	if (q == end || !is_digit(*q))
		return 0;
	while (q < end && is_digit(*q))
		q++;
	if (q == end || *q++ != ',' || q == end || !is_digit(*q))
		return 0;
	while (q < end && is_digit(*q))
		q++;
	return q < end && *q == '}' ? (size_t)(q + 1 - p) : 0;
}

/* Length of "[2001:db8::1]" before ":PORT" at P, 0 when it is something else. */
static size_t bracket_host(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && is_word_char(*q))
		q++;
	if (end - q < 3 || q == p + 1 || q[0] != ']' || q[1] != ':' || !is_digit(q[2]))
		return 0;
	return (size_t)(q + 1 - p);
}

static enum conf_token lex_bad(struct conf_lex *lex, const char *why)
{
	lex->why = why;
	return lex->token = CONF_TOKEN_BAD;
}

static bool lex_put(struct conf_lex *lex, char c)
{
	if (lex->word_len >= CONF_WORD_MAX)
		return false;
	lex->word[lex->word_len++] = c;
	lex->word[lex->word_len] = '\0';
	return true;
}

static void lex_newline(struct conf_lex *lex)
{
	lex->line++;
	lex->bol = lex->p;
}

static void lex_skip_space(struct conf_lex *lex)
{
	while (lex->p < lex->end) {
		if (*lex->p == '#') {
			while (lex->p < lex->end && *lex->p != '\n')
				lex->p++;
		} else if (is_space(*lex->p)) {
			if (*lex->p++ == '\n')
				lex_newline(lex);
		} else {
			return;
		}
	}
}

static enum conf_token lex_quoted(struct conf_lex *lex)
{
	bool fits = true;

	lex->quoted = true;
	for (lex->p++; lex->p < lex->end && *lex->p != '"'; lex->p++) {
		char c = *lex->p;

		if (c == '\n')
			return lex_bad(lex, "a quoted word that does not end in its line");
		if ((unsigned char)c < ' ' && c != '\t')
			return lex_bad(lex, "a control character in quotes");
		if (c == '\\') {
			if (++lex->p == lex->end)
				break;
			c = *lex->p;
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (c != '"' && c != '\\')
				return lex_bad(lex,
					       "an unknown escape (known are \\\" \\\\ \\n \\t)");
		}
		fits = lex_put(lex, c) && fits;
	}
	if (lex->p == lex->end)
		return lex_bad(lex, "a quoted word that does not end");
	lex->p++;
	return fits ? (lex->token = CONF_TOKEN_WORD) : lex_bad(lex, "a word that is too long");
}

static enum conf_token lex_plain(struct conf_lex *lex)
{
	size_t n = *lex->p == '[' ? bracket_host(lex->p, lex->end) : 0;
	bool fits = true;

	while (n--)
		fits = lex_put(lex, *lex->p++) && fits;
	while (lex->p < lex->end && is_word_char(*lex->p))
		fits = lex_put(lex, *lex->p++) && fits;
	n = lex->p < lex->end ? length_range(lex->p, lex->end) : 0;
	while (n--)
		fits = lex_put(lex, *lex->p++) && fits;
	return fits ? (lex->token = CONF_TOKEN_WORD) : lex_bad(lex, "a word that is too long");
}

enum conf_token conf_lex_next(struct conf_lex *lex)
{
	static const char punctuation[] = "{}[];";
	static const enum conf_token tokens[] = {CONF_TOKEN_OPEN, CONF_TOKEN_CLOSE, CONF_TOKEN_LIST,
						 CONF_TOKEN_END, CONF_TOKEN_SEMI};
	const char *mark;

	lex_skip_space(lex);
	lex->token_line = lex->line;
	lex->token_col = (uint32_t)(lex->p - lex->bol) + 1;
	lex->word_len = 0;
	lex->word[0] = '\0';
	lex->quoted = false;
	if (lex->p == lex->end)
		return lex->token = CONF_TOKEN_EOF;
	if (*lex->p == '"')
		return lex_quoted(lex);
	if (is_word_char(*lex->p) || (*lex->p == '[' && bracket_host(lex->p, lex->end)))
		return lex_plain(lex);
	mark = *lex->p ? strchr(punctuation, *lex->p) : NULL;
	lex->p++;
	if (!mark)
		return lex_bad(lex, "a control character");
	return lex->token = tokens[mark - punctuation];
}

const char *conf_lex_describe(const struct conf_lex *lex, char *buf, size_t size)
{
	switch (lex->token) {
	case CONF_TOKEN_EOF:
		return "the end of the file";
	case CONF_TOKEN_OPEN:
		return "'{'";
	case CONF_TOKEN_CLOSE:
		return "'}'";
	case CONF_TOKEN_LIST:
		return "'['";
	case CONF_TOKEN_END:
		return "']'";
	case CONF_TOKEN_SEMI:
		return "';'";
	case CONF_TOKEN_BAD:
		return lex->why;
	case CONF_TOKEN_WORD:
		break;
	}
	snprintf(buf, size, "'%.64s'", lex->word);
	return buf;
}

bool conf_lex_is_plain(const char *word)
{
	size_t len = strlen(word);
	struct conf_lex *lex;
	bool plain;

	if (!len || len > CONF_WORD_MAX)
		return false;
	lex = xmalloc(sizeof(*lex));
	conf_lex_init(lex, word, len);
	plain = conf_lex_next(lex) == CONF_TOKEN_WORD && !lex->quoted && lex->p == lex->end &&
		lex->word_len == len;
	free(lex);
	return plain;
}

char *conf_lex_word(const char *value)
{
	char *text, *p;

	if (conf_lex_is_plain(value))
		return xstrdup(value);
	p = text = xmalloc(strlen(value) * 2 + 3);
	*p++ = '"';
	for (; *value; value++) {
		if (strchr("\"\\", *value)) {
			*p++ = '\\';
			*p++ = *value;
		} else if (*value == '\n') {
			*p++ = '\\';
			*p++ = 'n';
		} else {
			*p++ = *value;
		}
	}
	*p++ = '"';
	*p = '\0';
	return text;
}
