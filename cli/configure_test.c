/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure: lines as an operator types them, over real files and a wgbgpd that is played: what
 * they make of the texts, what is said of wrong ones, and what a commit asks for. Then candidates
 * at random, written back into commented files: every comment, and every line that has nothing to
 * do with it, stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "conf_parse.h"
#include "conf_print.h"
#include "configure_differ.h"
#include "configure_lines.h"
#include "configure_verbs.h"
#include "plan.h"
#include "played.h"
#include "session.h"
#include "util.h"

#define CANDIDATES 50 /* at random (WGBGP_RUNS: more), each with so many lines: */
#define LINES_EACH 4

static char dir[] = "/tmp/wgbgp-configure-XXXXXX";
static struct cli_session s;
static char *out_text, *asked_text;
static size_t out_len, asked_len;
static FILE *asked;

static char *at(const char *name)
{
	static char paths[4][64];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct configure *mode_of(void)
{
	assert_non_null(s.mode);
	return s.mode_arg;
}

static const char *now(size_t file)
{
	return mode_of()->c->texts.v[file].text;
}

/* out_text is all that it wrote, errors among it. */
static int run(const char *line)
{
	int err;

	free(out_text);
	s.out = s.err = open_memstream(&out_text, &out_len);
	assert_non_null(s.out);
	err = session_run(&s, line);
	fclose(s.out);
	return err;
}

static void good(const char *line)
{
	if (run(line) != 0)
		fail_msg("%s: %s", line, out_text);
}

static void refused(const char *line, const char *why)
{
	assert_int_equal(run(line), -1);
	if (!strstr(out_text, why))
		fail_msg("%s: no \"%s\" in %s", line, why, out_text);
}

static void says(const char *text)
{
	if (!strstr(out_text, text))
		fail_msg("no \"%s\" in %s", text, out_text);
}

static void begin_by(const char *text, const char *command)
{
	put("conf", text);
	played_answer("files", "files", json_pack("{s:s}", "main", at("conf")), json_array(),
		      false);
	good(command);
	assert_string_equal(out_text, "");
}

static void begin(const char *text)
{
	begin_by(text, "configure");
}

static const char plain[] = "# of anna\n"
			    "bgp {\n"
			    "\tas 65000; # ours\n"
			    "\tneighbor FD00::2 {\n"
			    "\t\tremote-as 65001; # theirs\n"
			    "\t\timport [ a # first\n"
			    "\t\t\tb ];\n"
			    "\t}\n"
			    "}\n";

/* ---- single lines */

static const struct {
	const char *line, *old, *new; /* OLD in `plain` becomes NEW; OLD NULL: NEW is an error */
} rows[] = {
	{"set bgp as 65009", "as 65000;", "as 65009;"},
	{"se bg as 65009;", "as 65000;", "as 65009;"},
	{"bgp as 65009", "as 65000;", "as 65009;"},
	{"as 65009", "as 65000;", "as 65009;"},
	{"neighbor fd00::2 hold-time 9", "\t\t\tb ];\n", "\t\t\tb ];\n\t\thold-time 9;\n"},
	{"set bgp as 65000", "", ""},
	{"set bgp neighbor fd00::2 hold-time 9", "\t\t\tb ];\n", "\t\t\tb ];\n\t\thold-time 9;\n"},
	{"set bgp neighbor fd00::2 hold-time 9 keepalive 3", "\t\t\tb ];\n",
	 "\t\t\tb ];\n\t\thold-time 9;\n\t\tkeepalive 3;\n"},
	{"set bgp neighbor fd00::2 import c", "\t\t\tb ];", "\t\t\tb c ];"},
	{"set bgp neighbor fd00::2 import [ b c d ]", "\t\t\tb ];", "\t\t\tb c d ];"},
	{"set bgp neighbor fd00::2 export [ x y ] passive true", "\t\t\tb ];\n",
	 "\t\t\tb ];\n\t\texport [ x y ];\n\t\tpassive true;\n"},
	{"set bgp neighbor fd00::2 export x y passive true", "\t\t\tb ];\n",
	 "\t\t\tb ];\n\t\texport [ x y ];\n\t\tpassive true;\n"},
	{"set bgp neighbor fd00::2 description \"two words\"", "\t\t\tb ];\n",
	 "\t\t\tb ];\n\t\tdescription \"two words\";\n"},
	{"set bgp neighbor 10.0.0.1 remote-as 1", "\t}\n}\n",
	 "\t}\n\tneighbor 10.0.0.1 {\n\t\tremote-as 1;\n\t}\n}\n"},
	{"set policy p", "\t}\n}\n", "\t}\n}\npolicy p {\n}\n"},
	{"delete bgp neighbor fd00::2 import a", "[ a # first", "[ # first"},
	{"delete bgp neighbor fd00::2 import [ a b ]", "\t\timport [ a # first\n\t\t\tb ];\n", ""},
	{"no bgp neighbor fd00::2 import", "\t\timport [ a # first\n\t\t\tb ];\n", ""},
	{"delete bgp as", "\tas 65000; # ours\n", "\t# ours\n"},
	{"delete bgp as 65000", "\tas 65000; # ours\n", "\t# ours\n"},
	{"delete bgp", plain + sizeof("# of anna\n") - 1, ""},
	{"rename bgp neighbor fd00::2 to fd00::3", "FD00::2", "fd00::3"},
	{"copy bgp neighbor fd00::2 to fd00::3", "\t}\n}\n",
	 "\t}\n\tneighbor fd00::3 {\n\t    remote-as 65001;\n\t    import [ a b ];\n\t}\n}\n"},
	{"set bgp as 0", NULL, "'0' is not valid; expected a number from 1 to 4294967295"},
	{"set bgp bs 1", NULL, "'bs' is no statement here, 'as' is near"},
	{"set bgp n 1", NULL, "\"n\" is ambiguous"},
	{"set as 1", NULL, "'as' is no statement here, but one of bgp; expected"},
	{"set bgp neighbor fd00::2 description two words", NULL,
	 "'words' is no statement here, and a text with blanks is put in quotes"},
	{"set bgp", NULL, "incomplete, expected"},
	{"set bgp as", NULL, "incomplete, expected a number"},
	{"set bgp neighbor", NULL, "incomplete, expected"},
	{"set bgp neighbor fd00::2 import [ c", NULL, "incomplete"},
	{"set bgp neighbor fd00::2 import ]", NULL, "no list of values"},
	{"set bgp as [ 1 ]", NULL, "no list of values"},
	{"set bgp neighbor fd00::2 description \"a", NULL, "quote"},
	{"delete bgp neighbor fd00::2 import c", NULL, "there is no such statement"},
	{"delete bgp as 1", NULL, "there is no such statement"},
	{"delete bgp neighbor 10.0.0.1", NULL, "there is no such statement"},
	{"delete", NULL, "incomplete"},
	{"rename bgp neighbor fd00::2 to fd00::2", NULL, "there is one of that name already"},
	{"rename bgp neighbor fd00::4 to fd00::5", NULL, "there is no such statement"},
	{"rename bgp to x", NULL, "the entry of a list is expected"},
	{"rename bgp neighbor fd00::2", NULL, "`to`"},
	{"copy bgp neighbor fd00::2 to fd00::2", NULL, "there is one of that name already"},
	{"copy bgp neighbor fd00::2 to nothing", NULL, "no valid name"},
	{"edit bgp neighbor", NULL, "incomplete"},
	{"edit bgp as 65000", NULL, "a place is expected"},
	{"bogus", NULL, "expected one of: "},
	{"do bogus", NULL, "expected one of: "},
	{"do", NULL, "expected a command"},
};

/* OLD of the text becomes NEW. */
static char *replaced(const char *text, const char *old, const char *new)
{
	const char *found = strstr(text, old);

	assert_non_null(found);
	return xasprintf("%.*s%s%s", (int)(found - text), text, new, found + strlen(old));
}

static void test_lines(void **state)
{
	begin(plain);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *want;

		if (!rows[i].old) {
			refused(rows[i].line, rows[i].new);
			assert_string_equal(now(0), plain);
		} else {
			want = replaced(plain, rows[i].old, rows[i].new);
			good(rows[i].line);
			if (!str_eq(now(0), want))
				fail_msg("%s:\n%s", rows[i].line, now(0));
			free(want);
		}
		run("discard");
	}
	good("end");
}

/* ---- places, and what is shown */

static void test_places(void **state)
{
	char prompt[128];

	begin(plain);
	good("edit bgp neighbor fd00::2");
	good("set hold-time 9");
	s.mode->prompt(&s, "a", prompt, sizeof(prompt));
	assert_string_equal(prompt, "a(config* bgp neighbor fd00::2)# ");
	good("show");
	assert_string_equal(out_text, "remote-as 65001;\nimport [ a b ];\nhold-time 9;\n");
	good("show hold-time");
	assert_string_equal(out_text, "hold-time 9;\n");
	good("up");
	good("show neighbor fd00::2 import");
	assert_string_equal(out_text, "import [ a b ];\n");
	good("show neighbor");
	says("neighbor fd00::2 {\n    remote-as 65001;\n");
	good("neighbor fd00::2");
	good("exit");
	good("show");
	says("bgp {\n    as 65000;\n");
	good("compare");
	assert_string_equal(out_text, "+ bgp neighbor fd00::2 hold-time 9\n");
	good("discard");
	good("compare");
	assert_string_equal(out_text, "Nothing differs\n");
	assert_string_equal(now(0), plain);
	refused("show rib", "there is no such statement");
	good("exit");
	assert_null(s.mode);
}

static void expect_prompt(const char *want)
{
	char prompt[128];

	s.mode->prompt(&s, "a", prompt, sizeof(prompt));
	assert_string_equal(prompt, want);
}

/* As other routers have it: a line belongs to the nearest place around that has such a statement,
 * or to the one at the top that does. */
static void test_homes(void **state)
{
	begin(plain);
	good("neighbor fd00::2");
	expect_prompt("a(config bgp neighbor fd00::2)# ");
	good("hold-time 9");
	assert_string_equal(out_text, "");
	good("as 65009");
	assert_string_equal(out_text, "in bgp\n");
	good("bgp router-id 10.0.0.1");
	assert_string_equal(out_text, "at the top\n");
	good("hostname r7");
	assert_string_equal(out_text, "in system\n");
	expect_prompt("a(config* bgp neighbor fd00::2)# ");
	good("hold 12");
	assert_string_equal(out_text, "");
	good("int wg7");
	expect_prompt("a(config* wireguard interface wg7)# ");
	good("compare");
	assert_string_equal(
		out_text,
		"+ system hostname r7\n- bgp as 65000\n+ bgp as 65009\n+ bgp router-id 10.0.0.1\n"
		"+ bgp neighbor fd00::2 hold-time 12\n");
	refused("set hostname r8", "but one of system");
	refused("bogus 1", "% expected one of: set");
	refused("nieghbor fd00::2", "did you mean neighbor? expected one of: set");
	refused("hodl-time 9", "did you mean hold-time? expected");
	refused("dlete as", "did you mean delete? expected");
	refused("e", "is ambiguous");
	good("discard");
	good("router bgp 65000");
	expect_prompt("a(config bgp)# ");
	good("address-family ipv4 unicast");
	good("network 10.0.0.0/8");
	good("exit-address-family");
	good("router bgp");
	refused("router bgp 65009", "our AS is 65000");
	refused("router ospf", "expected bgp");
	good("show network");
	assert_string_equal(out_text, "network 10.0.0.0/8;\n");
	good("discard");
	good("end");
	begin("system {\n}\n");
	good("router bgp 65009");
	expect_prompt("a(config* bgp)# ");
	good("compare");
	assert_string_equal(out_text, "+ bgp as 65009\n");
	good("discard");
	good("end");
}

/* What is no statement is a command of the normal prompt. */
static void test_commands(void **state)
{
	played_answer("version", NULL, json_pack("{s:s}", "version", "9.9"), NULL, false);
	begin(plain);
	good("do show version");
	says("9.9");
	good("show version");
	says("9.9");
	good("help");
	says("commit {comment TEXT, confirmed WAIT, empty, expect ping ADDRESSES");
	good("end");
}

/* ---- what may follow */

static bool offers(const char *text, const char *word, const char *help)
{
	struct session_offers o;
	struct cli_error error;
	bool found = false;

	if (!s.mode->choices(&s, text, &o, &error))
		return false;
	for (size_t i = 0; i < o.n; i++)
		found |= str_eq(o.v[i].word, word) && strstr(o.v[i].help, help) != NULL;
	session_offers_free(&o);
	return found;
}

static void test_choices(void **state)
{
	begin(plain);
	assert_true(offers("", "set", "make a statement"));
	assert_true(offers("co", "commit", ""));
	assert_false(offers("co", "set", ""));
	assert_true(offers("commit ", "confirmed", "unless it is confirmed"));
	assert_true(offers("set ", "bgp", ""));
	assert_true(offers("set bgp ne", "neighbor", ""));
	assert_false(offers("set bgp ne", "as", ""));
	assert_true(offers("set bgp neighbor ", "fd00::2", ""));
	assert_true(offers("set bgp neighbor ", "VALUE", "address"));
	assert_true(offers("set bgp neighbor fd00::2 ", "hold-time", "Hold time that is offered"));
	assert_true(offers("set bgp neighbor fd00::2 passive ", "true", ""));
	assert_true(offers("set bgp neighbor fd00::2 hold-time 9 ", "keepalive", ""));
	assert_true(offers("delete bgp neighbor fd00::2 import ", "a", ""));
	assert_true(offers("set bgp neighbor fd00::2 remote-as ", "internal", "Our own AS"));
	assert_false(offers("set bgp bogus ", "as", ""));
	assert_true(offers("", "bgp", ""));
	assert_false(offers("ne", "neighbor", ""));
	assert_true(offers("bgp ne", "neighbor", ""));
	assert_true(offers("neighbor ", "fd00::2", ""));
	assert_true(offers("neighbor fd00::2 hol", "hold-time", "Hold time that is offered"));
	assert_false(offers("bogus ", "as", ""));
	assert_false(offers("do ", "show", ""));
	good("edit bgp");
	assert_true(offers("set a", "as", ""));
	assert_true(offers("a", "as", ""));
	assert_true(offers("interface wg0 li", "listen-port", ""));
	good("end");
}

/* ---- load and save */

static void test_load(void **state)
{
	char *line, *want;

	put("other", "bgp { neighbor fd00::2 { remote-as 65001; import [ b a ]; hold-time 9; }\n"
		     "neighbor 10.0.0.1 { remote-as 7; } }\n");
	begin(plain);
	line = xasprintf("load merge %s", at("other"));
	good(line);
	says("+ bgp neighbor fd00::2 hold-time 9\n");
	says("+ bgp neighbor 10.0.0.1 remote-as 7\n");
	want = replaced(plain, "\t\timport [ a # first\n\t\t\tb ];\n\t}\n}\n",
			"\t\timport [ b a ];\n\t\thold-time 9;\n\t}\n\tneighbor 10.0.0.1 {\n"
			"\t    remote-as 7;\n\t}\n}\n");
	assert_string_equal(now(0), want);
	free(want);
	free(line);
	good("discard");
	line = xasprintf("load replace %s", at("other"));
	good(line);
	says("- bgp as 65000\n");
	assert_null(strstr(now(0), "as 65000;"));
	assert_non_null(strstr(now(0), "remote-as 65001; # theirs"));
	assert_non_null(strstr(now(0), "# ours"));
	free(line);
	line = xasprintf("save %s", at("saved"));
	good(line);
	free(line);
	line = xasprintf("load replace %s", at("saved"));
	good(line);
	free(line);
	put("other", "bgp { as nothing; }");
	line = xasprintf("load merge %s", at("other"));
	refused(line, "'nothing' is not valid");
	free(line);
	refused("load merge /nowhere", "No such file");
	refused("save /nowhere/x", "/nowhere/x: No such file");
	good("discard");
	good("end");
}

static void test_other_versions(void **state)
{
	begin(plain);
	played_answer("configuration", NULL, json_pack("{s:s}", "text", "bgp { as 1; }"), NULL,
		      false);
	good("compare rollback 3");
	says("- bgp as 1\n+ bgp as 65000\n");
	good("compare running");
	says("- bgp as 1\n");
	good("rollback 3");
	assert_non_null(strstr(now(0), "as 1; # ours"));
	assert_null(strstr(now(0), "neighbor"));
	played_error("configuration", "there is no commit 9 back");
	refused("rollback 9", "there is no commit 9 back");
	good("discard");
	good("end");
}

/* ---- commit */

static json_t *last_request(void)
{
	char *line;

	fflush(asked);
	line = asked_text;
	for (char *p = asked_text; (p = strchr(p, '\n')) && p[1]; p++)
		line = p + 1;
	return json_loads(strchr(line, '{'), 0, NULL);
}

static void test_commit(void **state)
{
	json_t *request;
	const char *path, *hash;
	struct stat st;

	asked = open_memstream(&asked_text, &asked_len);
	played_log(asked);
	s.interactive = true;
	put("more", "policy p { default accept; } # p\n");
	begin("system { hostname a; } # a\ninclude more;\n");
	played_answer("commit", NULL,
		      json_pack("{s:i, s:i, s:s, s:n}", "commit", 4, "changed", 1, "statements",
				"~policy p default", "confirm-seconds"),
		      NULL, false);
	good("commit");
	says("Nothing was changed here");
	good("set policy p default reject");
	good("commit comment \"for anna\"");
	says("Commit 4: ~policy p default");
	assert_int_equal(stat(at("more.wgbgp-edit"), &st), -1);
	request = last_request();
	assert_string_equal(json_string_value(json_object_get(request, "comment")), "for anna");
	assert_int_equal(json_array_size(json_object_get(request, "base")), 2);
	assert_int_equal(json_array_size(json_object_get(request, "files")), 1);
	json_unpack(json_array_get(json_object_get(request, "files"), 0), "{s:s, s:s}", "path",
		    &path, "sha256", &hash);
	assert_string_equal(path, at("more"));
	assert_int_equal(strlen(hash), 64);
	json_decref(request);
	/* What was committed is where the next one starts from. */
	good("compare");
	says("Nothing differs");
	good("set policy p default accept");
	good("commit confirmed 30s comment why");
	request = last_request();
	assert_string_equal(json_string_value(json_object_get(request, "confirmed")), "30s");
	json_decref(request);
	good("set policy p default reject");
	good("commit override-guard comment why");
	request = last_request();
	assert_true(json_is_true(json_object_get(request, "override-guard")));
	json_decref(request);
	good("set policy p default accept");
	good("commit empty");
	request = last_request();
	assert_true(json_is_true(json_object_get(request, "empty")));
	json_decref(request);
	good("set policy p default reject");
	played_error("commit", "conf was edited 3 s ago");
	refused("commit", "conf was edited 3 s ago");
	good("compare");
	says("- policy p default accept\n+ policy p default reject\n");
	/* It is checked here first. */
	good("set bgp neighbor 10.0.0.1 import nowhere");
	refused("commit", "nowhere");
	played_log(NULL);
	fclose(asked);
	free(asked_text);
	good("discard");
	good("end");
}

/* What a plan says of a candidate, and of it a commit before anything is applied. */
static void test_plan(void **state)
{
	json_t *list = json_pack("[{s:s, s:s, s:s, s:b, s:b}]", "kind", "session", "neighbor",
				 "10.0.0.1", "change", "reset", "disruptive", true, "open", true);
	json_t *head = json_pack(
		"{s:s, s:i, s:i, s:s, s:i, s:{s:i, s:i, s:i}, s:{s:s, s:b, s:[s]}}", "verdict",
		"disruptive", "changed", 1, "generation", 3, "statements", "~policy p default",
		"table-epoch", 77, "prefixes", "sessions-end", 1, "lost", 7, "listed", 7,
		"own-session", "from", "203.0.113.9", "affected", true, "why", "peer b: replaced");
	json_t *request, *file, *planned;

	asked = open_memstream(&asked_text, &asked_len);
	played_log(asked);
	setenv("SSH_CONNECTION", "203.0.113.9 40000 10.0.0.1 22", 1);
	begin("policy p { default accept; }\n");
	good("set policy p default reject");
	played_answer("plan", "changes", head, list, false);
	good("plan");
	says("Would change: ~policy p default");
	says("Disruptive");
	assert_int_equal(s.status, PLAN_DISRUPTIVE);
	request = last_request();
	file = json_array_get(json_object_get(request, "files"), 0);
	assert_string_equal(json_string_value(json_object_get(file, "path")), at("conf"));
	assert_non_null(strstr(json_string_value(json_object_get(file, "text")), "reject"));
	json_decref(request);
	good("plan json");
	says("\"verdict\":\"disruptive\"");
	played_answer("commit", NULL, json_object(), NULL, false);
	good("commit check");
	assert_null(strstr(out_text, "Plan:"));
	good("commit expect ping 10.0.0.1,fd00::1 comment why confirmed 2");
	says("Plan: 1 session end, prefixes: 7 lost");
	says("session 10.0.0.1: reset");
	says("YOUR OWN SESSION from 203.0.113.9");
	assert_int_equal(s.status, 0);
	request = last_request();
	assert_string_equal(json_string_value(json_object_get(request, "expect-ping")),
			    "10.0.0.1,fd00::1");
	assert_string_equal(json_string_value(json_object_get(request, "confirmed")), "2");
	assert_string_equal(json_string_value(json_object_get(request, "comment")), "why");
	assert_string_equal(json_string_value(json_object_get(request, "at")), "10.0.0.1");
	assert_string_equal(json_string_value(json_object_get(request, "from")), "203.0.113.9");
	planned = json_object_get(request, "planned");
	assert_int_equal(json_integer_value(json_object_get(planned, "generation")), 3);
	assert_int_equal(json_integer_value(json_object_get(planned, "table-epoch")), 77);
	json_decref(request);
	/* Where there is none it is said, and the commit goes on. */
	good("set policy p default accept");
	played_error("plan", "bgpd has just started");
	good("commit");
	says("warning: there is no plan: bgpd has just started");
	good("set policy p default reject");
	refused("commit comment", "expected TEXT");
	unsetenv("SSH_CONNECTION");
	played_log(NULL);
	fclose(asked);
	free(asked_text);
	good("discard");
	good("end");
}

/* ---- somebody else was first */

static void test_update(void **state)
{
	char *theirs = replaced(plain, "as 65000;", "as 65000; router-id 1.1.1.1;");

	begin(plain);
	good("set bgp neighbor fd00::2 remote-as 7 hold-time 9");
	good("delete bgp neighbor fd00::2 import a");
	good("set bgp neighbor 10.0.0.1 remote-as 8");
	put("conf", theirs);
	played_answer("commit", NULL, json_object(), NULL, false);
	played_error("commit", "conf was edited 1 s ago");
	s.interactive = true;
	refused("commit", "`update` does your changes");
	good("update");
	assert_string_equal(out_text, "- bgp neighbor fd00::2 remote-as 65001\n"
				      "+ bgp neighbor fd00::2 remote-as 7\n"
				      "- bgp neighbor fd00::2 import a\n"
				      "+ bgp neighbor fd00::2 hold-time 9\n"
				      "+ bgp neighbor 10.0.0.1\n"
				      "+ bgp neighbor 10.0.0.1 remote-as 8\n");
	assert_non_null(strstr(now(0), "router-id 1.1.1.1; # ours"));
	assert_non_null(strstr(now(0), "remote-as 7; # theirs"));
	free(theirs);
	/* They have changed the same. */
	theirs = replaced(plain, "remote-as 65001", "remote-as 9");
	put("conf", theirs);
	refused("update", "+ bgp neighbor fd00::2 remote-as 7");
	assert_non_null(strstr(now(0), "router-id"));
	free(theirs);
	put("conf", "bgp { as 65000; }");
	refused("update", "+ bgp neighbor fd00::2 hold-time 9");
	put("conf", "bgp {");
	refused("update", "has no '}'");
	put("conf", plain);
	good("discard");
	good("delete bgp neighbor fd00::2");
	good("update");
	assert_null(strstr(now(0), "neighbor"));
	theirs = replaced(plain, "remote-as 65001", "remote-as 9");
	put("conf", theirs);
	refused("update", "- bgp neighbor fd00::2");
	free(theirs);
	good("discard");
	good("end");
}

/* ---- scripts: what is not meant whole is not committed */

static void test_scripts(void **state)
{
	begin(plain);
	refused("set bgp bogus 1", "no statement");
	good("set bgp as 5");
	refused("commit", "a line before this one failed");
	good("discard");
	good("commit");
	good("set bgp as 5");
	refused("exit", "not committed and will be lost");
	assert_null(s.mode);
	begin(plain);
	good("set bgp as 5");
	s.out = s.err = stderr;
	assert_int_equal(session_end(&s), -1);
	assert_null(s.mode);
}

static void test_begin(void **state)
{
	json_t *rows_of = json_pack("[{s:s, s:s}]", "path", at("conf"), "sha256", "other");

	put("conf", plain);
	played_answer("files", "files", json_pack("{s:s}", "main", at("conf")), rows_of, false);
	good("configure terminal");
	says("was edited and does not run like that yet");
	good("end");
	put("conf", "{}");
	refused("configure", "is JSON");
	put("conf", "bgp { bs 1; }");
	refused("configure", "'bs' is no statement here");
	put("conf", plain);
	played_answer("exclusive", NULL, json_object(), NULL, false);
	played_error("exclusive", "anna has the configuration for itself");
	refused("configure exclusive", "anna has");
	assert_null(s.mode);
}

/* A beginning that fails leaves nothing held. */
static void test_exclusive_is_released(void **state)
{
	char *requests = NULL;
	size_t len;
	FILE *log = open_memstream(&requests, &len);

	put("conf", "{}");
	played_answer("files", "files", json_pack("{s:s}", "main", at("conf")), json_array(),
		      false);
	played_answer("exclusive", NULL, json_object(), NULL, false);
	played_log(log);
	refused("configure exclusive", "is JSON");
	played_log(NULL);
	fclose(log);
	assert_null(s.mode);
	assert_non_null(strstr(requests, "\"on\":true"));
	assert_non_null(strstr(requests, "\"on\":false"));
	free(requests);
}

/* Whoever lost it hears so at the next commit. */
static void test_exclusive_is_lost(void **state)
{
	played_answer("exclusive", NULL, json_pack("{s:b}", "anew", true), NULL, false);
	begin_by("policy p { default accept; }\n", "configure exclusive");
	good("set policy p default reject");
	played_answer("commit", NULL, json_object(), NULL, false);
	played_answer("exclusive", NULL, json_pack("{s:b}", "anew", false), NULL, false);
	good("commit");
	assert_null(strstr(out_text, "others could"));
	good("set policy p default accept");
	played_answer("exclusive", NULL, json_pack("{s:b}", "anew", true), NULL, false);
	good("commit");
	says("warning: others could change the configuration");
	good("set policy p default reject");
	played_error("exclusive", "root has the configuration for itself");
	refused("commit", "root has");
	good("discard");
	good("end");
}

/* ---- at random */

static unsigned random_below(unsigned n)
{
	return (unsigned)random() % n;
}

/* The file, most lines with a comment that no other one has. */
static char *commented(const char *name)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	char *path = xasprintf("%s/wgbgpd/testdata/%s", srcdir, name), line[1024], *text;
	FILE *f = fopen(path, "re"), *out;
	static unsigned number;
	size_t len;

	assert_non_null(f);
	out = open_memstream(&text, &len);
	while (fgets(line, sizeof(line), f)) {
		if (random_below(4) == 0)
			fprintf(out, "\t# own %u\n", number++);
		fprintf(out, "%.*s", (int)strcspn(line, "\n"), line);
		if (!strchr(line, '#') && random_below(3))
			fprintf(out, "  # behind %u;", number++);
		fputc('\n', out);
	}
	fclose(f);
	fclose(out);
	free(path);
	return text;
}

/* A node of the tree, each with the same chance; keys are none. */
static const struct lyd_node *some_node(const struct conf *conf, unsigned types)
{
	const struct lyd_node *found = NULL, *node, *root;
	unsigned seen = 0;

	for (root = conf->tree; root; root = root->next) {
		LYD_TREE_DFS_BEGIN(root, node)
		{
			if (node->schema->nodetype & types && !lysc_is_key(node->schema) &&
			    random_below(++seen) == 0)
				found = node;
			LYD_TREE_DFS_END(root, node);
		}
	}
	return found;
}

/* The way to NODE as it is typed. */
static char *way_to(const struct lyd_node *node)
{
	char *way = xstrdup("");

	for (; node; node = lyd_parent(node)) {
		bool list = node->schema->nodetype == LYS_LIST;
		char *key = list ? conf_lex_word(lyd_get_value(lyd_child(node))) : xstrdup("");
		char *longer =
			xasprintf("%s%s%s %s", node->schema->name, list ? " " : "", key, way);

		free(key);
		free(way);
		way = longer;
	}
	return way;
}

static const char *other_value(const struct lyd_node *leaf)
{
	static const char *const texts[] = {"word",	  "\"two words\"", "\"a;b\"",
					    "\"# none\"", "\"{\"",	   "\"x\\\\y\""};
	static char number[16];
	const char *name = leaf->schema->name;

	snprintf(number, sizeof(number), "%u", 10 + random_below(50));
	if (str_eq(name, "description"))
		return texts[random_below(ARRAY_SIZE(texts))];
	if (str_eq(name, "cost") || str_eq(name, "hold-time") || str_eq(name, "max-prefix") ||
	    str_eq(name, "listen-port") || str_eq(name, "metric"))
		return number;
	if (str_eq(name, "permit") || str_eq(name, "network") || str_eq(name, "listen-range")) {
		snprintf(number, sizeof(number), "10.%u.0.0/16", random_below(200));
		return number;
	}
	return NULL;
}

/* A line; NULL: nothing came to mind. *WHOLE: more than one line of the text may go. */
static char *some_line(const struct conf *conf, bool *whole)
{
	unsigned kind = random_below(5);
	const struct lyd_node *node =
		some_node(conf, kind == 3 || kind == 4 ? LYS_LIST : LYS_LEAF | LYS_LEAFLIST);
	char *way = node ? way_to(node) : NULL, *line = NULL;
	static unsigned number;

	*whole = false;
	if (!node)
		return NULL;
	if (kind <= 1 && other_value(node)) {
		line = xasprintf("set %s%s", way, other_value(node));
	} else if (kind == 2) {
		char *value = conf_lex_word(lyd_get_value(node));

		line = xasprintf("delete %s%s", way, random_below(2) ? value : "");
		free(value);
		*whole = node->schema->nodetype == LYS_LEAFLIST;
	} else if (kind == 3 && str_eq(node->schema->name, "peer")) {
		line = xasprintf("%s %sto new-%u", random_below(2) ? "copy" : "rename", way,
				 number++);
	} else if (kind == 4 && random_below(3) == 0) {
		line = xasprintf("delete %s", way);
		*whole = true;
	} else if (kind == 4 && str_eq(node->schema->name, "interface")) {
		line = xasprintf("set %speer new-%u cost 7", way, number++);
	}
	free(way);
	return line;
}

/* How often LINE is one of the lines of TEXT up to END; NULL: to its end. */
static unsigned count_lines(const char *text, const char *end, const char *line, size_t len)
{
	unsigned n = 0;

	while (*text && (!end || text < end)) {
		size_t this = strcspn(text, "\n");

		n += this == len && memcmp(text, line, len) == 0;
		text += this + (text[this] == '\n');
	}
	return n;
}

/* Lines of BEFORE that are not in AFTER. WHOLE: comments may be among them. */
static unsigned lost_lines(const char *before, const char *after, bool whole)
{
	unsigned lost = 0;

	for (const char *line = before; *line;) {
		size_t len = strcspn(line, "\n");

		if (count_lines(after, NULL, line, len) <= count_lines(before, line, line, len)) {
			lost++;
			if (!whole && strncmp(line, "\t# own ", 7) == 0)
				fail_msg("a comment is gone: %.*s", (int)len, line);
		}
		line += len + (line[len] == '\n');
	}
	return lost;
}

/* Every comment of BEFORE is in AFTER. */
static void comments_stay(const char *before, const char *after)
{
	for (const char *p = before; (p = strstr(p, "  # behind ")); p++) {
		char *comment = xasprintf("%.*s", (int)strcspn(p + 2, "\n"), p + 2);

		if (!strstr(after, comment))
			fail_msg("gone: %s\n%s", comment, after);
		free(comment);
	}
}

/* The printed candidate reads back as the same tree. */
static void prints_back(const struct configure *f)
{
	struct conf_errors errs = {0};
	char *text = conf_print_text(f->c->now);
	struct conf *again = conf_parse_text(f->ctx, "printed", text, strlen(text), &errs);

	assert_non_null(again);
	assert_int_equal(configure_differ(f->c->now, again, NULL), 0);
	conf_free(again);
	conf_errors_free(&errs);
	free(text);
}

static void one_line(const char *line, bool whole)
{
	struct configure *f = mode_of();
	struct conf_texts before = {0};

	conf_texts_copy(&before, &f->c->texts);
	good(line);
	for (size_t i = 0; i < before.n; i++) {
		unsigned lost = lost_lines(before.v[i].text, now(i), whole);

		if (!whole && lost > 1)
			fail_msg("%s: %u lines are gone from\n%s\n%s", line, lost, before.v[i].text,
				 now(i));
		if (!whole)
			comments_stay(before.v[i].text, now(i));
	}
	prints_back(f);
	conf_texts_free(&before);
}

static void random_candidate(void)
{
	char *main = commented("hub.conf"), *more = commented("hub-peers.inc"), *line;
	struct configure *f = mode_of();
	struct conf_errors errs = {0};
	bool whole;

	put("conf", main);
	put("hub-peers.inc", more);
	candidate_free(f->c);
	f->c = candidate_new(f->ctx, at("conf"), &errs);
	assert_non_null(f->c);
	for (int done = 0; done < LINES_EACH;) {
		line = some_line(f->c->now, &whole);
		if (!line)
			continue;
		one_line(line, whole);
		free(line);
		done++;
	}
	prints_back(f);
	conf_errors_free(&errs);
	free(main);
	free(more);
}

static void test_random_candidates(void **state)
{
	const char *seed = getenv("WGBGP_SEED"), *runs = getenv("WGBGP_RUNS");
	unsigned number = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)time(NULL);

	print_message("seed %u\n", number);
	srandom(number);
	begin(plain);
	for (int i = runs ? atoi(runs) : CANDIDATES; i > 0; i--)
		random_candidate();
	run("discard");
	good("end");
}

static int setup(void **state)
{
	played_reset();
	s = (struct cli_session){.client = played_client, .grammar = &cli_commands};
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char *command = xasprintf("rm -r %s", dir);
	int err = system(command);

	free(command);
	free(out_text);
	out_text = NULL;
	played_reset();
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_homes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_choices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_load, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_update, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_begin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exclusive_is_released, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exclusive_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_candidates, setup, teardown),
	};
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	char *yang = xasprintf("%s/yang", srcdir);

	setenv("WGBGP_YANGDIR", yang, 1);
	free(yang);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
