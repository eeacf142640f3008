/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole command lines over played answers: what a person reads, to the letter. Blocks of the
 * files (golden.h):
 *
 *	@answer COMMAND [LIST]	the answer: a JSON object, and the array of the rows
 *	@then COMMAND [LIST]	the answer of the request after it
 *	@set COMMAND PATH JSON	changes a member of the last answer: "0.state" of the first row,
 *				".as" of the head
 *	@del COMMAND PATH	takes one away
 *	@fails COMMAND TEXT	the answer ends with that error
 *	@way QUESTION = IF [via ADDRESS] [mtu N] [local] [error N]
 *	@interfaces		the array of the machine's
 *	@ruleset STATUS		what nft writes, and its status
 *	@sysctl PATH N, @clock SECONDS, @interrupt MS
 *	@run LINE		the command, and all that it writes, errors ("% ") among it;
 *				"= " is in front of its status where that is not 0
 *	@ask LINE		the same with the requests that it makes: "> "
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "golden.h"
#include "played.h"
#include "session.h"
#include "util.h"

/* ---- what a block does */

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_DECODE_ANY, &error);

	if (!value)
		fail_msg("%s in %s", error.text, text);
	return value;
}

static void do_answer(char **words, size_t n, const char *body, bool more)
{
	json_error_t error = {.position = 0};
	json_t *head = json_loads(body, JSON_DISABLE_EOF_CHECK, &error), *rows = NULL;

	if (!head)
		fail_msg("%s in %s", error.text, body);
	body += error.position;
	if (body[strspn(body, " \t\n")])
		rows = parse(body);
	played_answer(words[1], n > 2 ? words[2] : NULL, head, rows, more);
}

/* Where PATH leads, but for its last part, which is left in *KEY. */
static json_t *walk(const char *command, char *path, char **key)
{
	json_t *at = *path == '.' ? played_head(command) : played_rows(command);
	char *part = path;

	path += *path == '.';
	while (at && strchr(path, '.')) {
		part = strsep(&path, ".");
		at = json_is_array(at) ? json_array_get(at, atoi(part)) : json_object_get(at, part);
	}
	*key = path;
	if (!at)
		fail_msg("nothing at %s of %s", part, command);
	return at;
}

static void do_set(char **words, const char *value)
{
	char *key;
	json_t *at = walk(words[1], words[2], &key);

	if (json_is_array(at) && (size_t)atoi(key) == json_array_size(at))
		json_array_append_new(at, parse(value));
	else if (json_is_array(at))
		json_array_set_new(at, atoi(key), parse(value));
	else
		json_object_set_new(at, key, parse(value));
}

static void do_del(char **words)
{
	char *key;
	json_t *at = walk(words[1], words[2], &key);

	if (json_is_array(at))
		json_array_remove(at, atoi(key));
	else
		json_object_del(at, key);
}

static void do_way(char *text)
{
	char *question = strsep(&text, "="), *interface, *word;
	const char *gateway = "";
	unsigned mtu = 0;
	bool local = false;
	int err = 0;

	question[strlen(question) - 1] = '\0';
	text += 1;
	interface = strsep(&text, " ");
	while ((word = strsep(&text, " ")))
		if (str_eq(word, "via"))
			gateway = strsep(&text, " ");
		else if (str_eq(word, "mtu"))
			mtu = atoi(strsep(&text, " "));
		else if (str_eq(word, "error"))
			err = -atoi(strsep(&text, " "));
		else
			local = true;
	played_way(question, str_eq(interface, "-") ? "" : interface, gateway, mtu, local, err);
}

static void copy_output(FILE *out, FILE *from)
{
	int c;

	rewind(from);
	while ((c = getc(from)) != EOF)
		putc(c, out);
}

/* Output and errors go to one file, as to a terminal: what is not flushed in time is not there, or
 * behind what came after it. */
static void do_run(FILE *out, const char *line, bool ask)
{
	FILE *to = tmpfile();
	struct cli_session s = {.client = played_client, .grammar = &cli_commands, .out = to};
	int status;

	assert_non_null(to);
	s.err = fdopen(dup(fileno(to)), "w");
	setvbuf(s.err, NULL, _IONBF, 0);
	played_reader(to);
	played_log(ask ? to : NULL);
	status = session_run(&s, line);
	assert_int_equal(__fpending(to), 0);
	copy_output(out, to);
	if (status)
		fprintf(out, "= %d\n", status);
	fclose(s.err);
	fclose(to);
}

static void do_setting(char **words, char *rest)
{
	if (str_eq(words[0], "set"))
		do_set(words, rest);
	else if (str_eq(words[0], "del"))
		do_del(words);
	else if (str_eq(words[0], "sysctl"))
		played_sysctl(words[1], atol(words[2]));
	else if (str_eq(words[0], "clock"))
		played_clock(atol(words[1]));
	else if (str_eq(words[0], "interrupt"))
		played_interrupt(atol(words[1]));
	else
		fail_msg("@%s?", words[0]);
}

static bool do_block(FILE *out, const char *head, const char *body)
{
	char *copy = xstrdup(head), *rest = copy, *words[3] = {0};
	const char *args = strchr(head, ' ');
	bool runs = strncmp(head, "run ", 4) == 0, asks = strncmp(head, "ask ", 4) == 0;
	size_t n = 0;

	while (n < ARRAY_SIZE(words) && rest)
		words[n++] = strsep(&rest, " ");
	if (runs || asks)
		do_run(out, head + 4, asks);
	else if (str_eq(words[0], "answer") || str_eq(words[0], "then"))
		do_answer(words, n, body, str_eq(words[0], "then"));
	else if (str_eq(words[0], "interfaces"))
		played_interfaces(parse(body));
	else if (str_eq(words[0], "ruleset"))
		played_ruleset(body, atoi(words[1]));
	else if (str_eq(words[0], "fails"))
		played_error(words[1], strchr(args + 1, ' ') + 1);
	else if (str_eq(words[0], "way"))
		do_way(strcpy(copy, args + 1));
	else
		do_setting(words, rest);
	free(copy);
	return runs || asks;
}

static void test_file(void **state)
{
	static const struct golden_play play = {played_reset, do_block};
	char *path = xasprintf("cli/testdata/%s.golden", (const char *)*state);

	setenv("TZ", "UTC", 1);
	golden_run(path, &play);
	free(path);
	played_reset();
}

#define FILE_OF(name)                                       \
	{                                                   \
		name, test_file, NULL, NULL, (void *)(name) \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_OF("bgp"),		 FILE_OF("route"),   FILE_OF("wireguard"),
		FILE_OF("misc"),	 FILE_OF("explain"), FILE_OF("explain-planes"),
		FILE_OF("doctor"),	 FILE_OF("metrics"), FILE_OF("drain"),
		FILE_OF("explain-from"), FILE_OF("history"), FILE_OF("pipes"),
		FILE_OF("habits"),	 FILE_OF("wait"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
