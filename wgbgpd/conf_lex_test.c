/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_lex: texts and their words, each with its place. A text is in memory that ends with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_lex.h"
#include "util.h"

#define TOKENS_MAX 40 /* in any text here: who finds more does not get on */

/* "LINE:COLUMN WORD" of all; words in quotes as "word", marks as they are, what is wrong as !why.
 */
static const char *tokens_of(const char *text)
{
	static const char *const marks[] = {[CONF_TOKEN_OPEN] = "{",
					    [CONF_TOKEN_CLOSE] = "}",
					    [CONF_TOKEN_LIST] = "[",
					    [CONF_TOKEN_END] = "]",
					    [CONF_TOKEN_SEMI] = ";"};
	static char out[4096];
	struct conf_lex *lex = xmalloc(sizeof(*lex));
	size_t len = strlen(text), at = 0;
	char *copy = xmalloc(len ? len : 1);

	memcpy(copy, text, len);
	conf_lex_init(lex, copy, len);
	out[0] = '\0';
	for (unsigned n = 0; conf_lex_next(lex) != CONF_TOKEN_EOF; n++) {
		const char *quote = lex->quoted ? "\"" : "";

		assert_true(n < TOKENS_MAX);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u:%u ", at ? " " : "",
				       lex->token_line, lex->token_col);
		if (lex->token == CONF_TOKEN_WORD)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%.100s%s", quote,
					       lex->word, quote);
		else if (lex->token == CONF_TOKEN_BAD)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "!%s", lex->why);
		else
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s", marks[lex->token]);
		if (lex->token == CONF_TOKEN_BAD)
			break;
	}
	free(copy);
	free(lex);
	return out;
}

#define CONTROL "!a control character"
#define NO_END "!a quoted word that does not end"

static void test_texts(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{" \t\r\n\n ", ""},
		{"a", "1:1 a"},
		{"a b;", "1:1 a 1:3 b 1:4 ;"},
		{"a{b;}", "1:1 a 1:2 { 1:3 b 1:4 ; 1:5 }"},
		{"[ a b ];", "1:1 [ 1:3 a 1:5 b 1:7 ] 1:8 ;"},
		{"a\n b\r\n\tc", "1:1 a 2:2 b 3:2 c"},
		{"# a\nb # c\n#", "2:1 b"},
		{"a#b\nc", "1:1 a 2:1 c"},
		{"#", ""},
		{"a\xc3\xa4~!b", "1:1 a\xc3\xa4~!b"},
		{"a\x7f", "1:1 a 1:2 " CONTROL},
		{"\x01", "1:1 " CONTROL},
		/* ranges of lengths belong to their word, blocks do not */
		{"10.0.0.0/8{16,24}", "1:1 10.0.0.0/8{16,24}"},
		{"a{16,24};", "1:1 a{16,24} 1:9 ;"},
		{"a{1,2}b", "1:1 a{1,2} 1:7 b"},
		{"a{1,2", "1:1 a 1:2 { 1:3 1,2"},
		{"a{1,", "1:1 a 1:2 { 1:3 1,"},
		{"a{1,x}", "1:1 a 1:2 { 1:3 1,x 1:6 }"},
		{"a{1", "1:1 a 1:2 { 1:3 1"},
		{"a{1}", "1:1 a 1:2 { 1:3 1 1:4 }"},
		{"a{,2}", "1:1 a 1:2 { 1:3 ,2 1:5 }"},
		{"a{x,2}", "1:1 a 1:2 { 1:3 x,2 1:6 }"},
		{"a{", "1:1 a 1:2 {"},
		{"{1,2}", "1:1 { 1:2 1,2 1:5 }"},
		{"a{09,90}", "1:1 a{09,90}"},
		{"a{/,:}", "1:1 a 1:2 { 1:3 /,: 1:6 }"},
		/* an IPv6 address and a port are one word, a list is not */
		{"[2001:db8::1]:51820", "1:1 [2001:db8::1]:51820"},
		{"[::1]:1;", "1:1 [::1]:1 1:8 ;"},
		{"[::1]:", "1:1 [ 1:2 ::1 1:5 ] 1:6 :"},
		{"[::1]:x", "1:1 [ 1:2 ::1 1:5 ] 1:6 :x"},
		{"[::1]1", "1:1 [ 1:2 ::1 1:5 ] 1:6 1"},
		{"[::1];12", "1:1 [ 1:2 ::1 1:5 ] 1:6 ; 1:7 12"},
		{"[::1}:12", "1:1 [ 1:2 ::1 1:5 } 1:6 :12"},
		{"[]:12", "1:1 [ 1:2 ] 1:3 :12"},
		{"[::1", "1:1 [ 1:2 ::1"},
		{"[", "1:1 ["},
		/* quotes */
		{"\"a b\";", "1:1 \"a b\" 1:6 ;"},
		{"\"\"", "1:1 \"\""},
		{"\"a\\\"b\\\\c\"", "1:1 \"a\"b\\c\""},
		{"\"\\n\\t\"", "1:1 \"\n\t\""},
		{"\"a\tb\"", "1:1 \"a\tb\""},
		{"\"#{;\"", "1:1 \"#{;\""},
		{"\"\\x\"", "1:1 !an unknown escape (known are \\\" \\\\ \\n \\t)"},
		{"\"a\nb\"", "1:1 !a quoted word that does not end in its line"},
		{"\"a\x01\"", "1:1 !a control character in quotes"},
		{"\"a\x1f\"", "1:1 !a control character in quotes"},
		{"\"a\x7f\"", "1:1 \"a\x7f\""},
		{"\"a", "1:1 " NO_END},
		{"\"a\\", "1:1 " NO_END},
		{"\"a\\\"", "1:1 " NO_END},
		{"\"", "1:1 " NO_END},
		{"a\"b\"c", "1:1 a 1:2 \"b\" 1:5 c"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(tokens_of(rows[i][0]), rows[i][1]);
}

/* As many bytes as a word may have, and one more. */
static void test_long_words(void **state)
{
	struct conf_lex *lex = xmalloc(sizeof(*lex));
	char *text = xmalloc(CONF_WORD_MAX + 20);

	for (int quoted = 0; quoted < 2; quoted++)
		for (size_t len = CONF_WORD_MAX - 1; len <= CONF_WORD_MAX + 1; len++) {
			memset(text, '"', len + 2);
			memset(text + quoted, 'x', len);
			conf_lex_init(lex, text, len + 2 * (size_t)quoted);
			if (len > CONF_WORD_MAX) {
				assert_int_equal(conf_lex_next(lex), CONF_TOKEN_BAD);
				assert_string_equal(lex->why, "a word that is too long");
			} else {
				assert_int_equal(conf_lex_next(lex), CONF_TOKEN_WORD);
				assert_int_equal(lex->word_len, len);
				assert_int_equal(strlen(lex->word), len);
			}
			assert_int_equal(conf_lex_next(lex), CONF_TOKEN_EOF);
		}
	memset(text, 'x', CONF_WORD_MAX);
	memcpy(text + CONF_WORD_MAX - 4, "{1,2}", 5); /* one too many by its range */
	conf_lex_init(lex, text, CONF_WORD_MAX + 1);
	assert_int_equal(conf_lex_next(lex), CONF_TOKEN_BAD);
	memset(text, 'y', CONF_WORD_MAX);
	memcpy(text, "[::1]:1", 7); /* by its port */
	conf_lex_init(lex, text, CONF_WORD_MAX);
	assert_int_equal(conf_lex_next(lex), CONF_TOKEN_WORD);
	text[CONF_WORD_MAX] = 'y';
	conf_lex_init(lex, text, CONF_WORD_MAX + 1);
	assert_int_equal(conf_lex_next(lex), CONF_TOKEN_BAD);
	free(text);
	free(lex);
}

static void test_plain_words(void **state)
{
	static const char *const plain[] = {"a", "10.0.0.0/8{16,24}", "[::1]:1", "1,2", "\xc3\xa4"};
	static const char *const other[] = {"",	   "a b", "a;",	   "a{",    "\"a\"", "#a",  "a#",
					    "a\n", " a",  "[::1]", "{1,2}", "\x7f",  "a\"", "]"};
	char *long_one = xmalloc(CONF_WORD_MAX + 2);

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		assert_true(conf_lex_is_plain(plain[i]));
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		assert_false(conf_lex_is_plain(other[i]));
	memset(long_one, 'x', CONF_WORD_MAX + 1);
	long_one[CONF_WORD_MAX + 1] = '\0';
	assert_false(conf_lex_is_plain(long_one));
	long_one[CONF_WORD_MAX] = '\0';
	assert_true(conf_lex_is_plain(long_one));
	free(long_one);
}

static void test_descriptions(void **state)
{
	static const char *const rows[][2] = {
		{"", "the end of the file"},
		{"{", "'{'"},
		{"}", "'}'"},
		{"[", "'['"},
		{"]", "']'"},
		{";", "';'"},
		{"word", "'word'"},
		{"\x01", "a control character"},
	};
	struct conf_lex *lex = xmalloc(sizeof(*lex));
	char buf[100], text[100];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		conf_lex_init(lex, rows[i][0], strlen(rows[i][0]));
		conf_lex_next(lex);
		assert_string_equal(conf_lex_describe(lex, buf, sizeof(buf)), rows[i][1]);
	}
	memset(text, 'x', sizeof(text));
	conf_lex_init(lex, text, sizeof(text));
	conf_lex_next(lex);
	assert_int_equal(strlen(conf_lex_describe(lex, buf, sizeof(buf))), 66); /* 64 of them */
	free(lex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_plain_words),
		cmocka_unit_test(test_descriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
