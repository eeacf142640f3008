/* SPDX-License-Identifier: BSD-2-Clause */
/* grammar: the real command tables: abbreviations, errors with their place, completion, requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "util.h"

static void test_requests(void **state)
{
	static const struct {
		const char *line, *request;
		bool json;
	} rows[] = {
		{"show bgp summary", "{\"command\":\"bgp-summary\"}", false},
		{"sh bgp ipv4 uni sum", "{\"command\":\"bgp-summary\",\"family\":\"ipv4\"}", false},
		{"sh bgp su", "{\"command\":\"bgp-summary\"}", false},
		{"sh bg sum j", "{\"command\":\"bgp-summary\"}", true},
		{"show bgp", "{\"command\":\"bgp-routes\"}", false},
		{"show bgp ipv6 json", "{\"command\":\"bgp-routes\",\"family\":\"ipv6\"}", true},
		{"show bgp ipv4 unicast 10.0.0.0/8",
		 "{\"command\":\"bgp-routes\",\"family\":\"ipv4\",\"prefix\":\"10.0.0.0/8\"}",
		 false},
		{"show bgp 10.0.0.0/8 lo j",
		 "{\"command\":\"bgp-routes\",\"longer\":true,\"prefix\":\"10.0.0.0/8\"}", true},
		{"show bgp 10.1.2.3", "{\"address\":\"10.1.2.3\",\"command\":\"bgp-routes\"}",
		 false},
		{"show bgp neighbors fd99::2 adv",
		 "{\"command\":\"bgp-routes\",\"direction\":\"advertised\",\"neighbor\":\"fd99::"
		 "2\"}",
		 false},
		{"show bgp nei", "{\"command\":\"bgp-neighbors\"}", false},
		{"show ip route 10.1.2.3 json",
		 "{\"address\":\"10.1.2.3\",\"command\":\"route\",\"family\":\"ipv4\"}", true},
		{"show route fd00::/8", "{\"command\":\"route\",\"prefix\":\"fd00::/8\"}", false},
		{"sho wireg wg0", "{\"command\":\"wireguard\",\"interface\":\"wg0\"}", false},
		{"show wireguard json", "{\"command\":\"wireguard\"}", true},
		{"show conf", "{\"command\":\"configuration\",\"format\":\"text\"}", false},
		{"show conf run json",
		 "{\"command\":\"configuration\",\"format\":\"json\",\"source\":\"running\"}",
		 true},
		{"clear bgp all", "{\"command\":\"clear\",\"neighbor\":\"all\"}", false},
		{"clear bgp fe80::1%wg0", "{\"command\":\"clear\",\"neighbor\":\"fe80::1%wg0\"}",
		 false},
		{"clear bgp 10.99.0.2 soft",
		 "{\"command\":\"clear\",\"neighbor\":\"10.99.0.2\",\"soft\":\"both\"}", false},
		{"clear bgp 10.99.0.2 soft in",
		 "{\"command\":\"clear\",\"neighbor\":\"10.99.0.2\",\"soft\":\"in\"}", false},
		{"  log \t level   debug # more", "{\"command\":\"log-level\",\"level\":\"debug\"}",
		 false},
		{"explain \"10.1.2.3\" json", "{\"destination\":\"10.1.2.3\"}", true},
		{"reload", "{\"command\":\"reload\"}", false},
		{"reload confirmed 2", "{\"command\":\"reload\",\"confirmed\":\"2\"}", false},
		{"reload com why conf 30s",
		 "{\"command\":\"reload\",\"comment\":\"why\",\"confirmed\":\"30s\"}", false},
		{"rel ov exp pi 10.0.0.1,fd00::1 conf 2 com x",
		 "{\"command\":\"reload\",\"comment\":\"x\",\"confirmed\":\"2\",\"expect-ping\":"
		 "\"10.0."
		 "0.1,fd00::1\",\"override-guard\":true}",
		 false},
		{"rollback 1 expect ping 10.0.0.1 confirmed 5",
		 "{\"back\":\"1\",\"command\":\"rollback\",\"confirmed\":\"5\",\"expect-ping\":"
		 "\"10."
		 "0.0.1\"}",
		 false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli_error error;
		struct cli_line line;
		char *text;

		if (cli_parse(&cli_commands, rows[i].line, &line, &error) != 0)
			fail_msg("%s: %s", rows[i].line, error.text);
		text = json_dumps(line.request, JSON_COMPACT | JSON_SORT_KEYS);
		assert_string_equal(text, rows[i].request);
		assert_int_equal(line.json, rows[i].json);
		free(text);
		cli_line_free(&line);
		assert_null(line.row);
		assert_null(line.request);
	}
}

#define LETTERS_63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghi"
#define LETTERS_64 LETTERS_63 "x"

static void test_errors(void **state)
{
	static const struct {
		const char *line;
		size_t offset;
		const char *says;
	} rows[] = {
		{"shwo bgp", 0, "expected one of: show, clear, explain"},
		{"show bgp sumary", 9, "expected one of: summary, ipv4, ipv6, neighbors"},
		{"show version now", 13, "expected json"},
		{"show bgp summary json now", 22, "nothing more is expected"},
		{"show r", 5, "ambiguous: route, rules, rib"},
		{"show b", 5, "\"b\" is ambiguous: bgp, bfd"},
		{"show", 5, "incomplete, expected one of: bgp, ip, route"},
		{"show bgp neighbors 10.99.0 adv", 19, "expected one of: NEIGHBOR"},
		{"explain", 8, "incomplete, expected one of: DESTINATION, plane"},
		{"explain nowhere", 8, "expected one of: DESTINATION, plane"},
		{"clear bgp all soft inn", 19, "expected one of: in, out"},
		{"reload json", 7,
		 "expected one of: comment, confirmed, expect, override-guard, unattended, check, "
		 "empty"},
		{"reload confirmed 2 confirmed 3", 19,
		 "expected one of: comment, expect, override"},
		{"reload expect", 14, "incomplete, expected ping"},
		{"reload expect confirmed", 14, "expected ping"},
		{"reload comment a check", 17,
		 "expected one of: confirmed, expect, override-guard, unattended"},
		{"reload comment a expect ping x", 29, "expected ADDRESSES"},
		{"teardown json", 9, "nothing more is expected"},
		{"show bgp \"10.0.0.0/8", 9, "quote"},
		{"\"\"", 0, "expected one of"},
		{"a b c d e f g h i j k l m n o p q r s t u v w x y", 48, "too many words"},
		{"a b c d e f g h i j k l m n o p", 0, "expected one of: show"},
		{"show wireguard fifteen-letters", 15, NULL},
		{"show wireguard sixteen-letters-", 15, "expected one of: INTERFACE, json"},
		{"show wireguard a/b", 15, "expected one of: INTERFACE, json"},
		{"show wireguard \"\"", 15, "expected one of: INTERFACE, json"},
		{"drain peer " LETTERS_64, 11, NULL},
		{"drain peer " LETTERS_64 "x", 11, "expected PEER: a tunnel peer's name"},
		{"drain peer a/b", 11, "expected PEER"},
		{"drain peer \"\"", 11, "expected PEER"},
		{"drain peer a within 999999999", 20, NULL},
		{"drain peer a within 1234567890", 20, "expected one of: SECONDS, json"},
		{"drain peer a within 12x", 20, "expected one of: SECONDS, json"},
		{"drain peer a within x12", 20, "expected one of: SECONDS, json"},
		{"drain peer a within \"\"", 20, "expected one of: SECONDS, json"},
		{"clear bgp fe80::1%", 10, "expected one of: NEIGHBOR, all"},
		{"clear bgp fe80::1%x", 10, NULL},
		{"clear bgp %wg0", 10, "expected one of: NEIGHBOR, all"},
		{"clear bgp " LETTERS_63, 10, "expected one of: NEIGHBOR, all"},
		{"show bgp plane lab", 15, NULL},
		{"show bgp plane a/b", 15, "expected PLANE"},
		{"show bgp plane a:b", 15, "expected PLANE"},
		{"show bgp plane a%b", 15, "expected PLANE"},
		{"show bgp plane \"\"", 15, "expected PLANE"},
		{"show bgp 10.0.0.0/33", 9, "expected one of: summary"},
		{"show bgp 10.0.0.0/8 x", 20, "expected one of: longer-prefixes, json"},
		{"show bgp 10.0.0.1 longer-prefixes", 18, "expected json"},
		{"explain 10.0.0.0/8", 8, NULL},
		{"  explain  " LETTERS_63 LETTERS_63 "x", 11, "expected one of: DESTINATION"},
		{"  explain  " LETTERS_63 LETTERS_63 "xy", 11, "too long a word"},
		{"explain \"10.0.0.1\"", 8, NULL},
		{"sh\"o\"w \"bgp\" sum", 12, NULL},
		{"\"show bgp\"", 0, "expected one of: show"},
		{"log level in json", 13, "nothing more is expected"},
		{"show rib summary json json", 22, "nothing more is expected"},
		{"show route json 10.0.0.1", 16, "nothing more is expected"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli_error error;
		struct cli_line line;

		if (!rows[i].says) { /* as near to an error as it can be */
			if (cli_parse(&cli_commands, rows[i].line, &line, &error) != 0)
				fail_msg("%s: %s", rows[i].line, error.text);
			cli_line_free(&line);
			continue;
		}
		assert_int_equal(cli_parse(&cli_commands, rows[i].line, &line, &error), -1);
		if (!strstr(error.text, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].line, error.text,
				 rows[i].says);
		assert_int_equal(error.offset, rows[i].offset);
		assert_null(line.row);
		assert_null(line.request);
	}
}

static void test_nothing(void **state)
{
	static const char *const lines[] = {"", "   ", "# a comment", "\t\n"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct cli_error error;
		struct cli_line line;

		assert_int_equal(cli_parse(&cli_commands, lines[i], &line, &error), 1);
	}
}

static void test_choices(void **state)
{
	static const struct {
		const char *typed, *choices; /* "<cr>" at the end when it may end here */
	} rows[] = {
		{"s", "show"},
		{"show bgp su", "summary ADDRESS PREFIX <cr>"},
		{"show r", "rib route rules"},
		{"show bgp ", "ipv4 ipv6 neighbors plane summary ADDRESS PREFIX json <cr>"},
		{"show bgp summary ", "established failed json <cr>"},
		{"sh bgp nei 10.99.0.2 ", "advertised-routes received-routes routes json <cr>"},
		{"clear bgp ", "all NEIGHBOR"},
		{"clear bgp all soft ", "in out <cr>"},
		{"show tunnels json ", "<cr>"},
		{"log level ", "debug error info warning"},
		{"",
		 "clear conf configure confirm debug doctor drain drill exit explain export genkey "
		 "genpsk help "
		 "import log "
		 "monitor no "
		 "ping plan pubkey quit reload "
		 "rollback show "
		 "teardown traceroute undrain wait watch"},
		{"show bgp 10.0.0.0/8", "ADDRESS PREFIX <cr>"},
		{"show bgp 10.0.0.0/8 ", "longer-prefixes json <cr>"},
		{"drain peer a ", "interface within json <cr>"},
		{"show bgp plane lab ", "ipv4 ipv6 ADDRESS PREFIX json <cr>"},
		{"wait tunnel a ", "degraded down idle interface never up"},
		{"wait tunnel a up ", "timeout json <cr>"},
		{"reload ", "check comment confirmed empty expect override-guard unattended <cr>"},
		{"reload override-guard ", "comment confirmed expect unattended <cr>"},
		{"reload confirmed ", "WAIT"},
		{"reload confirmed 2 c", "comment <cr>"},
		{"exit ", "<cr>"},
		{"zzz", ""},
	};
	static const struct {
		const char *typed;
		size_t offset;
		const char *says;
	} broken[] = {
		{"show \"bg", 5, "quote"},
		{"shwo bgp", 0, "expected one of"},
		{"show bgp summary json now x", 22, "nothing more"},
		{"a b c d e f g h i j k l m n o p q r s t u v w x y", 48, "too many words"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct cli_choices c;
		struct cli_error error;

		assert_false(cli_choices(&cli_commands, broken[i].typed, &c, &error));
		assert_int_equal(error.offset, broken[i].offset);
		assert_non_null(strstr(error.text, broken[i].says));
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli_choices c;
		struct cli_error error;
		char want[256], have[512] = "", *word;
		size_t n = 0;

		assert_true(cli_choices(&cli_commands, rows[i].typed, &c, &error));
		str_copy(want, rows[i].choices, sizeof(want));
		for (word = strtok(want, " "); word; word = strtok(NULL, " ")) {
			bool end = str_eq(word, "<cr>");

			if (end ? !c.end : n >= c.n || !str_eq(c.word[n]->word, word))
				fail_msg("%s: no %s here", rows[i].typed, word);
			n += !end;
		}
		for (size_t k = 0; k < c.n; k++) {
			strcat(have, c.word[k]->word);
			strcat(have, " ");
		}
		if (n != c.n)
			fail_msg("%s: %s", rows[i].typed, have);
	}
}

/* What does not fit any more is left out, of choices and of their list. */
static void test_many_choices(void **state)
{
	struct cli_word words[CLI_CHOICES_MAX + 6];
	struct cli_row rows[ARRAY_SIZE(words)];
	struct cli_grammar g = {rows, ARRAY_SIZE(rows), words, ARRAY_SIZE(words)};
	struct cli_choices c = {0};
	struct cli_error error;
	struct cli_line line;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char *word = xasprintf("a-word-that-is-long-%03zu", i);

		words[i] = (struct cli_word){.word = word, .help = "x"};
		rows[i] = (struct cli_row){.words = word, .help = "x"};
	}
	assert_true(cli_choices(&g, "", &c, &error));
	assert_int_equal(c.n, CLI_CHOICES_MAX);
	assert_string_equal(c.word[CLI_CHOICES_MAX - 1]->word, "a-word-that-is-long-063");
	assert_int_equal(cli_parse(&g, "nothing", &line, &error), -1);
	assert_non_null(strstr(error.text, "expected one of: a-word-that-is-long-000, a-word"));
	assert_null(strstr(error.text, "063"));
	assert_int_equal(cli_parse(&g, "a-word", &line, &error), -1);
	assert_non_null(strstr(error.text, "is ambiguous: a-word-that-is-long-000, a-word"));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		free((char *)words[i].word);
}

/* Each word of each row is in the dictionary (else the program would end), and each has its help.
 */
static void test_tables(void **state)
{
	struct cli_choices c;
	struct cli_error error;

	for (size_t i = 0; i < cli_commands.n_rows; i++) {
		char text[256] = "";
		const char *at = cli_commands.rows[i].words;

		assert_non_null(cli_commands.rows[i].help);
		while (*at) { /* the first alternative of each word */
			size_t len = strcspn(at, " []{},|");

			if (len) {
				const struct cli_word *w = cli_find_word(&cli_commands, at, len);

				assert_non_null(w);
				strcat(text,
				       str_eq(w->word, "BYTES") ? "7"
				       : str_eq(w->word, "SECONDS") || str_eq(w->word, "DURATION")
					       ? "7"
				       : str_eq(w->word, "COUNT") || str_eq(w->word, "MINUTES")
					       ? "7"
				       : str_eq(w->word, "BACK") || str_eq(w->word, "WAIT")   ? "7"
				       : str_eq(w->word, "LINES") || str_eq(w->word, "PINGS") ? "7"
				       : str_eq(w->word, "PROTOCOL")  ? "bgp"
				       : str_eq(w->word, "EVENT")     ? "start"
				       : str_eq(w->word, "PREFIX")    ? "10.0.0.0/8"
				       : str_eq(w->word, "INTERFACE") ? "wg0"
				       : cli_is_placeholder(w)	      ? "10.0.0.1"
								      : w->word);
				strcat(text, " ");
			}
			at += len;
			at += *at == '|' ? strcspn(at, " ],}") : strspn(at, " []{},");
		}
		if (!cli_choices(&cli_commands, text, &c, &error))
			fail_msg("%s: %s", text, error.text);
		assert_true(c.end);
	}
	for (size_t i = 0; i < cli_commands.n_words; i++)
		assert_true(cli_commands.words[i].help[0] != '\0');
}

/* Each word of the dictionary is found as a whole, and nothing else is. */
static void test_words(void **state)
{
	for (size_t i = 0; i < cli_commands.n_words; i++) {
		const struct cli_word *w = &cli_commands.words[i];

		assert_ptr_equal(cli_find_word(&cli_commands, w->word, strlen(w->word)), w);
	}
	assert_null(cli_find_word(&cli_commands, "nonsense", 8));
	assert_null(cli_find_word(&cli_commands, "sho", 3));
	assert_null(cli_find_word(&cli_commands, "", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_nothing),	 cmocka_unit_test(test_choices),
		cmocka_unit_test(test_tables),	 cmocka_unit_test(test_many_choices),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
