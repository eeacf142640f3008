/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that is said about a configuration, and what is printed of one that is taken, to the letter:
 * testdata/said.txt. A block of it is "### TITLE", the configuration, ">>>", all messages, and for
 * one that is taken "===" and its text as it is printed. WGBGP_WRITE=1 prints the file with what is
 * said now, to be read before it takes the place of the old one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_lex.h"
#include "conf_load.h"
#include "conf_parse.h"
#include "conf_print.h"
#include "conf_schema.h"
#include "util.h"

static struct ly_ctx *ctx;
static char *said; /* the file */

/* ---- the file */

static char *read_whole(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = xcalloc(1, 1 << 20);

	if (!f)
		fail_msg("%s cannot be read", path);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

/* What is said of TEXT, and printed of it; to be freed. */
static char *say(const char *text)
{
	struct conf_errors errs = {0};
	struct conf_loaded loaded = {0};
	bool good = conf_load_text(ctx, "t", text, strlen(text), 0, &loaded, &errs);
	char *out = NULL, *printed;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	assert_non_null(f);
	assert_int_equal(good, !errs.errors);
	conf_errors_print(&errs, f);
	if (good) {
		printed = conf_print_text(loaded.written);
		fprintf(f, "===\n%s", printed);
		free(printed);
	}
	fclose(f);
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
	return out;
}

/* Ends AT in front of the line that begins with MARK; what is behind MARK, NULL: there is none. */
static char *cut(char *at, const char *mark)
{
	char *found = at;

	while (found && strncmp(found, mark, strlen(mark)) != 0) {
		found = strchr(found, '\n');
		found += found != NULL;
	}
	if (found)
		*found = '\0';
	return found ? found + strlen(mark) : NULL;
}

static void each_block(void (*fn)(const char *title, const char *text, const char *want))
{
	char *copy = xstrdup(said), *next = cut(copy, "### ");

	while (next) {
		char *title = next, *text, *want;

		next = cut(title, "### ");
		text = strchr(title, '\n');
		assert_non_null(text);
		*text++ = '\0';
		want = cut(text, ">>>\n");
		assert_non_null(want);
		fn(title, text, want);
	}
	free(copy);
}

static unsigned wrong;

static void compare(const char *title, const char *text, const char *want)
{
	char *got = say(text);

	if (strcmp(got, want) != 0) {
		print_error("### %s\n%s>>>\n%s--- but expected:\n%s\n", title, text, got, want);
		wrong++;
	}
	free(got);
}

static void print_block(const char *title, const char *text, const char *want)
{
	char *got = say(text);

	printf("### %s\n%s>>>\n%s", title, text, got);
	free(got);
}

static void test_said(void **state)
{
	each_block(compare);
	assert_int_equal(wrong, 0);
}

/* Configurations come for as long as the daemon runs: nothing stays of one that was refused, nor of
 * one that was taken. */
static void test_nothing_stays(void **state)
{
	size_t before = 0;

	for (int pass = 0; pass < 5; pass++) {
		each_block(compare);
		if (pass == 1) /* libyang keeps what it has seen */
			before = mallinfo2().uordblks;
	}
	/* A tree is a kB or more, and there are a hundred in a pass; what malloc() keeps at hand is
	 * less. */
	assert_true(mallinfo2().uordblks < before + 65536);
}

/* ---- words and punctuation */

static const char *tokens_of(const char *text, size_t len)
{
	static const char *const names[] = {"EOF", "WORD", "{", "}", "[", "]", ";", "BAD"};
	static char out[2048];
	struct conf_lex *lex = xmalloc(sizeof(*lex));
	size_t at = 0;

	conf_lex_init(lex, text, len);
	do {
		conf_lex_next(lex);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u:%u %s", at ? " " : "",
				       lex->token_line, lex->token_col, names[lex->token]);
		if (lex->token == CONF_TOKEN_WORD)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s(%s)",
					       lex->quoted ? "q" : "", lex->word);
		if (lex->token == CONF_TOKEN_BAD)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "(%s)", lex->why);
	} while (lex->token != CONF_TOKEN_EOF && lex->token != CONF_TOKEN_BAD);
	free(lex);
	return out;
}

static void test_tokens(void **state)
{
	static const struct {
		const char *text, *tokens;
	} rows[] = {
		{"", "1:1 EOF"},
		{" \t\r\n", "2:1 EOF"},
		{"a", "1:1 WORD(a) 1:2 EOF"},
		{"a{b;}[c]", "1:1 WORD(a) 1:2 { 1:3 WORD(b) 1:4 ; 1:5 } 1:6 [ 1:7 WORD(c) 1:8 ] "
			     "1:9 EOF"},
		{"a\n\n  b # c ; d\ne", "1:1 WORD(a) 3:3 WORD(b) 4:1 WORD(e) 4:2 EOF"},
		{"a#b", "1:1 WORD(a) 1:4 EOF"},
		{"# only", "1:7 EOF"},
		{"\"a b\"c", "1:1 WORDq(a b) 1:6 WORD(c) 1:7 EOF"},
		{"\"\"", "1:1 WORDq() 1:3 EOF"},
		{"\"\\\"\\\\\\n\\t\"", "1:1 WORDq(\"\\\n\t) 1:11 EOF"},
		{"\"a\tb\"", "1:1 WORDq(a\tb) 1:6 EOF"},
		{"\"a\nb\"", "1:1 BAD(a quoted word that does not end in its line)"},
		{"\"a\x01\"", "1:1 BAD(a control character in quotes)"},
		{"\"a\x1f\"", "1:1 BAD(a control character in quotes)"},
		{"\"a\\x\"", "1:1 BAD(an unknown escape (known are \\\" \\\\ \\n \\t))"},
		{"\"a", "1:1 BAD(a quoted word that does not end)"},
		{"\"a\\", "1:1 BAD(a quoted word that does not end)"},
		{"\x01", "1:1 BAD(a control character)"},
		{"a \x7f", "1:1 WORD(a) 1:3 BAD(a control character)"},
		{"\xc3\xa4", "1:1 WORD(\xc3\xa4) 1:3 EOF"},
		/* lengths of a prefix are a part of the word, a block behind it is not */
		{"10.0.0.0/8{16,24};", "1:1 WORD(10.0.0.0/8{16,24}) 1:18 ; 1:19 EOF"},
		{"10.0.0.0/8{16,24}", "1:1 WORD(10.0.0.0/8{16,24}) 1:18 EOF"},
		{"a{0,9}", "1:1 WORD(a{0,9}) 1:7 EOF"},
		{"a{", "1:1 WORD(a) 1:2 { 1:3 EOF"},
		{"a{1", "1:1 WORD(a) 1:2 { 1:3 WORD(1) 1:4 EOF"},
		{"a{1,", "1:1 WORD(a) 1:2 { 1:3 WORD(1,) 1:5 EOF"},
		{"a{1,2", "1:1 WORD(a) 1:2 { 1:3 WORD(1,2) 1:6 EOF"},
		{"a{1,2;", "1:1 WORD(a) 1:2 { 1:3 WORD(1,2) 1:6 ; 1:7 EOF"},
		{"a{,2}", "1:1 WORD(a) 1:2 { 1:3 WORD(,2) 1:5 } 1:6 EOF"},
		{"a{1,x}", "1:1 WORD(a) 1:2 { 1:3 WORD(1,x) 1:6 } 1:7 EOF"},
		{"a{x,1}", "1:1 WORD(a) 1:2 { 1:3 WORD(x,1) 1:6 } 1:7 EOF"},
		{"a{1;2}", "1:1 WORD(a) 1:2 { 1:3 WORD(1) 1:4 ; 1:5 WORD(2) 1:6 } 1:7 EOF"},
		{"a {1,2}", "1:1 WORD(a) 1:3 { 1:4 WORD(1,2) 1:7 } 1:8 EOF"},
		/* a host in brackets before its port, not a list */
		{"[::1]:51820", "1:1 WORD([::1]:51820) 1:12 EOF"},
		{"[a]:0;", "1:1 WORD([a]:0) 1:6 ; 1:7 EOF"},
		{"[::1]", "1:1 [ 1:2 WORD(::1) 1:5 ] 1:6 EOF"},
		{"[::1]:", "1:1 [ 1:2 WORD(::1) 1:5 ] 1:6 WORD(:) 1:7 EOF"},
		{"[::1]:x", "1:1 [ 1:2 WORD(::1) 1:5 ] 1:6 WORD(:x) 1:8 EOF"},
		{"[::1]5", "1:1 [ 1:2 WORD(::1) 1:5 ] 1:6 WORD(5) 1:7 EOF"},
		{"[]:5", "1:1 [ 1:2 ] 1:3 WORD(:5) 1:5 EOF"},
		{"[a b]:5", "1:1 [ 1:2 WORD(a) 1:4 WORD(b) 1:5 ] 1:6 WORD(:5) 1:8 EOF"},
		{"[", "1:1 [ 1:2 EOF"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].text);
		char *exact = xmalloc(len + 1); /* a sanitizer sees a read behind the end */

		memcpy(exact, rows[i].text, len);
		if (len)
			exact = xrealloc(exact, len);
		assert_string_equal(tokens_of(exact, len), rows[i].tokens);
		free(exact);
	}
	assert_string_equal(tokens_of("a\0b", 3), "1:1 WORD(a) 1:2 BAD(a control character)");
	/* The text ends in the middle of what would be more. */
	assert_string_equal(tokens_of("a{1,2}", 5), "1:1 WORD(a) 1:2 { 1:3 WORD(1,2) 1:6 EOF");
	assert_string_equal(tokens_of("[::1]:5", 6),
			    "1:1 [ 1:2 WORD(::1) 1:5 ] 1:6 WORD(:) 1:7 EOF");
}

/* The longest word there may be, in each of its shapes. */
static void test_long_words(void **state)
{
	static const struct {
		const char *before, *after;
		size_t extra; /* of them that are in the word */
	} shapes[] = {{"", "", 0}, {"\"", "\"", 0}, {"", "{1,2}", 5}, {"[", "]:5", 4}};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		for (size_t more = 0; more < 8; more++) {
			size_t n = CONF_WORD_MAX - 4 + more - shapes[i].extra;
			char *text = xcalloc(1, n + 16);
			struct conf_lex *lex = xmalloc(sizeof(*lex));
			bool fits = n + shapes[i].extra <= CONF_WORD_MAX;

			strcpy(text, shapes[i].before);
			memset(text + strlen(text), 'a', n);
			strcat(text, shapes[i].after);
			conf_lex_init(lex, text, strlen(text));
			assert_int_equal(conf_lex_next(lex),
					 fits ? CONF_TOKEN_WORD : CONF_TOKEN_BAD);
			if (fits)
				assert_int_equal(lex->word_len, n + shapes[i].extra);
			else
				assert_string_equal(lex->why, "a word that is too long");
			assert_int_equal(conf_lex_is_plain(text), fits && i != 1);
			free(lex);
			free(text);
		}
}

/* How a token is named in a message. */
static void test_described(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {{"", "the end of the file"},
		    {"{", "'{'"},
		    {"}", "'}'"},
		    {"[", "'['"},
		    {"]", "']'"},
		    {";", "';'"},
		    {"\x01", "a control character"},
		    {"word", "'word'"},
		    {"0123456789012345678901234567890123456789012345678901234567890123456789",
		     "'0123456789012345678901234567890123456789012345678901234567890123'"}};
	char buf[80];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct conf_lex *lex = xmalloc(sizeof(*lex));

		conf_lex_init(lex, rows[i].text, strlen(rows[i].text));
		conf_lex_next(lex);
		assert_string_equal(conf_lex_describe(lex, buf, sizeof(buf)), rows[i].name);
		free(lex);
	}
}

/* ---- files */

static char dir[] = "/tmp/conf_said.XXXXXX";

static void write_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

/* All that is said of the file NAME, "" when it is fine, with "D" for the directory. */
static const char *say_file(const char *name)
{
	static char out[4096];
	char *path = xasprintf("%s/%s", dir, name);
	struct conf_errors errs = {0};
	struct conf *conf = conf_parse_file(ctx, path, &errs);
	size_t len = 0;

	assert_int_equal(conf != NULL, errs.errors == 0);
	out[0] = '\0';
	for (size_t i = 0; i < errs.n; i++) {
		const char *text = errs.v[i].text;

		for (const char *at; (at = strstr(text, dir)); text = at + strlen(dir))
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%.*sD",
						(int)(at - text), text);
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s\n", text);
	}
	conf_free(conf);
	conf_errors_free(&errs);
	free(path);
	return out;
}

static void test_files(void **state)
{
	char *absolute, *sub;

	assert_non_null(mkdtemp(dir));
	write_file("a", "system { include b; }\n");
	write_file("b", "hostname x;\n");
	assert_string_equal(say_file("a"), "");
	absolute = xasprintf("system { include %s/b; include b; }\n", dir);
	write_file("a", absolute);
	assert_string_equal(say_file("a"),
			    "D/b:1:1: system hostname: is there twice; first in line 1\n");
	write_file("a", "include;\ninclude b c;\ninclude gone;\ninclude { }\n");
	assert_string_equal(say_file("a"),
			    "D/a:1:8: include: found ';'; expected a file\n"
			    "D/a:2:11: include: found 'c'; expected ';' after the file\n"
			    "D/a:3:1: include: D/gone: No such file or directory\n"
			    "D/a:4:9: include: found '{'; expected a file\n");
	/* JSON is read as a whole file alone. */
	write_file("a", " \n{\"wgbgp-system:system\":{\"hostname\":\"x\"}}");
	assert_string_equal(say_file("a"), "");
	write_file("b", "include a;");
	assert_string_equal(say_file("b"), "D/a:2:1: found '{'; expected a statement\n");
	sub = xasprintf("%s/sub", dir);
	mkdir(sub, 0755);
	assert_string_equal(say_file("sub"), "D/sub: Is a directory\n");
	assert_string_equal(say_file("gone"), "D/gone: No such file or directory\n");
	rmdir(sub);
	assert_int_equal(mkfifo(sub, 0600), 0); /* nobody writes into it */
	assert_string_equal(say_file("sub"), "D/sub: it is no regular file\n");
	write_file("b", "include sub;");
	assert_string_equal(say_file("b"), "D/sub: it is no regular file\n");
	unlink(sub);
	free(sub);
	free(absolute);
}

/* Eight files deep and not nine; a file that includes itself ends there. */
static void test_depth(void **state)
{
	char name[16], text[32];

	assert_non_null(mkdtemp(dir));
	for (int i = 1; i < 9; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		snprintf(text, sizeof(text), "include f%d;", i + 1);
		write_file(name, i < 8 ? text : "system { }");
	}
	assert_string_equal(say_file("f1"), "");
	write_file("f8", "include f9;");
	write_file("f9", "system { }");
	assert_string_equal(say_file("f1"), "D/f8:1:1: include: is nested more than 8 deep\n");
}

/* A file of any length up to the limit, past each size of the buffer; one that is longer. */
static void test_long_files(void **state)
{
	static const size_t sizes[] = {4095,  4096,  12287, 12288, 12289, 16383, 16384,
				       16385, 28672, 32767, 32768, 65535, 65536, 300000};

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *text = xmalloc(sizes[i] + 1);

		memset(text, ' ', sizes[i]);
		text[sizes[i]] = '\0';
		memcpy(text + sizes[i] - 4, "}end", 4);
		memcpy(text, "system {", 8);
		write_file("a", text);
		assert_non_null(strstr(say_file("a"), ": 'end' is no statement here"));
		free(text);
	}
}

/* A thousand includes are fine, more than there may be are not. */
static void test_many_files(void **state)
{
	char *text = xcalloc(CONF_INCLUDE_FILES + 1, 16), *at = text;

	assert_non_null(mkdtemp(dir));
	write_file("b", "\n");
	for (int i = 0; i < CONF_INCLUDE_FILES - 1; i++)
		at = stpcpy(at, "include b;\n");
	write_file("a", text);
	assert_string_equal(say_file("a"), "");
	strcpy(at, "include b;");
	write_file("a", text);
	assert_string_equal(say_file("a"), "D/a:4096:1: include: more than 4096 files\n");
	free(text);
}

/* Marks at the beginning, which no file of tests can have. */
static void test_other_encodings(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"\xef\xbb\xbfsystem { hostname a; }",
		 "t:1:1: the file begins with a byte order mark; expected UTF-8 without one\n"},
		{"\xff\xfes\x01", "t:1:1: the file is UTF-16; expected UTF-8\n"},
		{"\xfe\xff\x01s", "t:1:1: the file is UTF-16; expected UTF-8\n"},
		{"\xef\xbb x;", "t:1:1: '\xef\xbb' is no statement here; expected one of system, "
				"wireguard, bgp, policy, rib, plane, include\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *got = say(rows[i].text);

		assert_string_equal(got, rows[i].says);
		free(got);
	}
}

/* A hundred are kept and the others are counted. */
static void test_many_errors(void **state)
{
	char *text = xcalloc(1, 200 * 16), *at = text, *out;

	for (int i = 0; i < 104; i++)
		at = stpcpy(at, "wrong;\n");
	out = say(text);
	assert_null(strstr(out, "t:101:1: "));
	assert_non_null(strstr(out, "t:100:1: "));
	assert_non_null(strstr(out, "\n... and 4 more\n"));
	free(out);
	free(text);
}

static int remove_dir(void **state)
{
	char *command = xasprintf("rm -rf %s", dir);
	int status = system(command);

	free(command);
	return status;
}

/* JSON that nothing but libyang has anything against, in its words: the line is in the place. */
static void test_json_of_another_kind(void **state)
{
	static const struct {
		const char *text;
		unsigned lines; /* before it */
		const char *where;
	} rows[] = {
		{"\"wgbgp-bgp:bgp\":{\"as\":\"1\",\"router-id\":\"1.1.1.1\"}}", 0, "t:1:1: "},
		{"\"wgbgp-bgp:bgp\":{\"as\":\"1\",\"router-id\":\"1.1.1.1\"}}", 28, "t:29:1: "},
		{"\"system\":{\"hostname\":\"a\"}}", 9, "t:10:1: "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char lines[64] = "", *text, *got;

		memset(lines, '\n', rows[i].lines);
		text = xasprintf("{%s%s", lines, rows[i].text);
		got = say(text);
		assert_int_equal(strncmp(got, rows[i].where, strlen(rows[i].where)), 0);
		assert_non_null(strstr(got, "; expected JSON as in RFC 7951 ("));
		assert_ptr_equal(strchr(got, '\n'), strrchr(got, '\n')); /* one line */
		free(got);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_nothing_stays),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_described),
		cmocka_unit_test_teardown(test_files, remove_dir),
		cmocka_unit_test_teardown(test_depth, remove_dir),
		cmocka_unit_test_teardown(test_long_files, remove_dir),
		cmocka_unit_test_teardown(test_many_files, remove_dir),
		cmocka_unit_test(test_other_encodings),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_json_of_another_kind),
	};
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	char *yang = xasprintf("%s/yang", srcdir);
	char *path = xasprintf("%s/wgbgpd/testdata/said.txt", srcdir);
	struct conf_errors errs = {0};
	int failed = 0;

	ctx = conf_schema_load(yang, &errs);
	conf_errors_print(&errs, stderr);
	if (!ctx)
		return 1;
	said = read_whole(path);
	if (getenv("WGBGP_WRITE"))
		each_block(print_block);
	else
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	ly_ctx_destroy(ctx);
	free(said);
	free(path);
	free(yang);
	return failed;
}
