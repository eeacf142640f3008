/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: command lines against canned answers: text, JSON that is always one valid document,
 * errors, a long table, and explain over healthy and broken tables.
 */
#include "canned.h"

#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

static void test_text(void **state)
{
	assert_int_equal(run("show bgp summary"), 0);
	says("BGP router identifier 10.99.0.1, local AS number 65000");
	says("10.99.0.2                     65001 established 01:01:11");
	says("10.99.0.3                     65002 active      00:01:05");
	says("Total number of neighbors 2, established 1");
	says("last error: hold timer?[31m expired"); /* no escape reaches the terminal */
	assert_int_equal(run("show bgp"), 0);
	says("*>  192.168.2.0/24");
	says("(outside-permit: not inside the tunnel peer's permit list)");
	assert_int_equal(run("show bgp 192.168.2.0/24"), 0);
	says("Paths: 2 available, best is number 1");
	says("not eligible: outside-permit");
	assert_int_equal(run("show route"), 0);
	says("B>*  192.168.2.0/24 [20] via 10.99.0.2, wg0 peer site-a, 00:01:01");
	answer_of("route")->rows = "[]";
	answer_of("bgp-routes")->rows =
		"[{\"prefix\":\"192.168.2.0/24\",\"paths\":[{\"best\":false,\"eligible\":false,"
		"\"reason\":\"tunnel-down\",\"reason-text\":\"the tunnel is down\","
		"\"from\":\"10.99.0.2\",\"next-hop\":\"10.99.0.2\"}]}]";
	assert_int_equal(run("show route 192.168.2.0/24"), -1);
	says("No such route");
	says("is not eligible: tunnel-down: the tunnel is down");
	assert_int_equal(run("show wireguard"), 0);
	says("    - vpn.example.net:51820: no address known, timed out\n"
	     "    * 198.51.100.2:51820: 198.51.100.2, failed 3 times\n"
	     "    endpoint changed by itself: 2\n");
	says("latest handshake: 1 minute, 5 seconds ago");
	says("transfer: 1.50 KiB received, 20 B sent");
	says("permit: none");
	says("warning: 7 packets dropped");
	assert_int_equal(run("show tunnels"), 0);
	says("a recent handshake");
	assert_int_equal(run("show allowed-ips wg0"), 0);
	says("learned");
	assert_int_equal(run("show configuration"), 0);
	assert_string_equal(out_text, "system {\n}\n");
	assert_int_equal(run("show nexthops"), 0);
	says("No next hops");
	assert_int_equal(run("show rules"), 0);
	says("100: ipv4 from any to 10.0.0.0/8 in by eth1 fwmark 0x1/0xff tos 0x10 lookup 7 "
	     "(installed)");
	assert_int_equal(run("show uplinks"), 0);
	says("wg1 by eth1: fwmark 0x101, table 77, strict rp_filter drops what comes in\n"
	     "  ipv4 up, from 192.0.2.2, via 192.0.2.1\n"
	     "  ipv6 no-address\n");
}

static void test_json(void **state)
{
	static const char *const lines[] = {
		"show bgp summary json", "show bgp json",	    "show route json",
		"show nexthops json",	 "show configuration json", "show pins json",
		"show wireguard json",	 "show rules json",	    "show uplinks json"};
	json_t *doc;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(run(lines[i]), 0);
		json_decref(document());
	}
	assert_int_equal(run("show bgp summary json"), 0);
	doc = document();
	assert_int_equal(json_integer_value(json_object_get(doc, "as")), 65000);
	assert_int_equal(json_array_size(json_object_get(doc, "neighbors")), 2);
	json_decref(doc);
	assert_int_equal(run("show nexthops json"), 0);
	doc = document();
	assert_true(json_is_array(json_object_get(doc, "nexthops")));
	json_decref(doc);
}

/* An answer that breaks off is still one document, and says so. */
static void test_errors(void **state)
{
	static const char *const no_json[] = {"show nonsense", "show bgp jsox", "show bgp xson",
					      "show bgp xson", "show bgpjson"};
	json_t *doc;

	assert_int_equal(run("reload"), -1);
	assert_non_null(strstr(err_text, "wgbgp.conf:3:5: no such statement"));
	assert_int_equal(run("show daemons json"), -1);
	doc = document();
	assert_int_equal(json_array_size(json_object_get(doc, "daemons")), 2);
	assert_string_equal(json_string_value(json_object_get(doc, "error")), "lost one");
	json_decref(doc);
	assert_int_equal(run("show version json"), -1); /* the server does not know it */
	doc = document();
	assert_non_null(json_object_get(doc, "error"));
	json_decref(doc);
	assert_int_equal(run("show bgp sumary json"), -1);
	doc = document();
	assert_non_null(strstr(json_string_value(json_object_get(doc, "error")),
			       "expected one of: summary"));
	assert_int_equal(json_integer_value(json_object_get(doc, "column")), 10);
	assert_string_equal(json_string_value(json_object_get(doc, "command")),
			    "show bgp sumary json");
	json_decref(doc);
	for (size_t i = 0; i < ARRAY_SIZE(no_json); i++) {
		assert_int_equal(run(no_json[i]), -1);
		assert_string_equal(out_text, "");
		assert_non_null(strstr(err_text, "expected one of"));
	}
	assert_int_equal(run(""), 0);
}

/* What was asked for by name and is not there is a failure, in both forms; an empty table is not.
 */
static void test_absent(void **state)
{
	static const struct {
		const char *line, *command;
	} rows[] = {{"show route 10.0.0.0/8", "route"},
		    {"show route 10.0.0.1", "route"},
		    {"show bgp 10.0.0.0/8", "bgp-routes"},
		    {"show bgp ipv4 10.0.0.0/8 longer-prefixes", "bgp-routes"}};
	json_t *doc;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char json[128];

		snprintf(json, sizeof(json), "%s json", rows[i].line);
		assert_int_equal(run(rows[i].line), 0);
		assert_int_equal(run(json), 0);
		answer_of(rows[i].command)->rows = "[]";
		assert_int_equal(run(rows[i].line), -1);
		assert_int_equal(run(json), -1);
		doc = document();
		assert_null(json_object_get(doc, "error"));
		json_decref(doc);
		answer_of("route")->rows = canned_healthy[2].rows;
		answer_of("bgp-routes")->rows = canned_healthy[1].rows;
	}
	answer_of("route")->rows = "[]";
	assert_int_equal(run("show route"), 0);
}

/* Who types a command that takes down much is asked first, and answers with a line. */
static void test_sure(void **state)
{
	static const struct {
		const char *typed;
		bool done;
		const char *left; /* for the next one */
	} rows[] = {{"y\nnext", true, "next"},
		    {"Y\nnext", true, "next"},
		    {"yes, do\nnext", true, "next"},
		    {"n\nnext", false, "next"},
		    {"\nnext", false, "next"},
		    {"\n\nnext", false, "\nnext"},
		    {"no y\nnext", false, "next"},
		    {"", false, ""},
		    {"y", true, ""},
		    {"no", false, ""}};
	FILE *own = stdin;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char left[32] = "", typed[32];
		int err;

		str_copy(typed, rows[i].typed, sizeof(typed));
		stdin = typed[0] ? fmemopen(typed, strlen(typed), "r") : fopen("/dev/null", "re");
		assert_non_null(stdin);
		canned_session()->interactive = true;
		err = run("teardown");
		canned_session()->interactive = false;
		left[fread(left, 1, sizeof(left) - 1, stdin)] = '\0';
		fclose(stdin);
		stdin = own;
		/* The canned daemon refuses what is asked of it. */
		if ((err_text[0] != '\0') != rows[i].done || !str_eq(left, rows[i].left))
			fail_msg("row %zu: %d \"%s\" \"%s\"", i, err, err_text, left);
		says("This will ");
		says(". Sure? [y/N] ");
	}
	run("teardown"); /* a script is not asked */
	assert_null(strstr(out_text, "Sure?"));
	assert_string_not_equal(err_text, "");
}

static void test_stream(void **state)
{
	json_t *doc, *last;

	assert_int_equal(run("show rib summary json"), 0);
	doc = document();
	assert_int_equal(json_array_size(json_object_get(doc, "endpoints")), STREAM_ROWS);
	last = json_array_get(json_object_get(doc, "endpoints"), STREAM_ROWS - 1);
	assert_int_equal(json_integer_value(json_object_get(last, "endpoint")), STREAM_ROWS - 1);
	json_decref(doc);
}

/* Ctrl-C ends a long answer; the daemon stops, what was on its way is not taken for the next one.
 */
static void test_interrupt(void **state)
{
	json_t *doc;

	interrupt_at = 1000;
	assert_int_equal(run("show rib summary json"), -1);
	doc = document();
	assert_string_equal(json_string_value(json_object_get(doc, "error")), "interrupted");
	json_decref(doc);
	assert_int_equal(run("show bgp summary"), 0);
	says("established 1");
	assert_true(streamed < STREAM_ROWS);
}

/* Nobody reads the rest: it is not asked for, and the next answer is whole. */
static void test_left(void **state)
{
	struct cli_session *s = canned_session();
	FILE *out = s->out;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	s->out = fdopen(fds[1], "w");
	assert_int_equal(session_run(s, "show rib summary json"), 0);
	assert_true(ferror(s->out));
	assert_true(streamed < STREAM_ROWS);
	fclose(s->out);
	s->out = out;
	assert_int_equal(run("show bgp summary"), 0);
	says("established 1");
}

static void test_pipes(void **state)
{
	json_t *doc;

	assert_int_equal(run("show bgp summary | include established | count"), 0);
	assert_string_equal(out_text, "2\n");
	assert_int_equal(run("show bgp summary failed | json"), 0);
	doc = document();
	assert_int_equal(json_array_size(json_object_get(doc, "neighbors")), 1);
	json_decref(doc);
	assert_int_equal(run("show version | json"), -1); /* the server does not know it */
	doc = document();
	assert_non_null(json_object_get(doc, "error"));
	json_decref(doc);
	assert_int_equal(run("show rib summary json | count"), 0);
	assert_string_equal(out_text, "200002\n");
	assert_int_equal(run("show rib summary json | include 199999"), 0);
	assert_string_equal(out_text, "{\"endpoint\":199999}\n");
	assert_int_equal(run("show bgp summary | inculde x"), -1);
	assert_string_equal(err_text, "% show bgp summary | inculde x\n%                    ^\n"
				      "% did you mean include? expected one of: begin, count, "
				      "exclude, include, json, no-more, section\n");
}

/* wgbgpd was restarted between two commands: nobody needs to know. */
static void test_reconnect(void **state)
{
	assert_int_equal(run("show nexthops"), 0);
	server_closed(NULL, "");
	assert_int_equal(run("show nexthops"), 0);
	says("No next hops");
}

static void test_nobody_there(void **state)
{
	watch_off(&accept_watch);
	close(listener);
	assert_int_equal(run("show version"), -1);
	assert_non_null(strstr(err_text, "wgbgpd is not running"));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
}

static void test_explain_healthy(void **state)
{
	json_t *doc;

	assert_int_equal(run("explain 192.168.2.7"), 0);
	says("is best from 10.99.0.2");
	says("=> 192.168.2.7 is reachable through tunnel peer site-a on wg0");
	says("endpoint 198.51.100.2:51820 is reached by eth0");
	assert_null(strstr(out_text, "FAIL"));
	assert_int_equal(run("explain 192.168.2.7 json"), 0);
	doc = document();
	assert_true(json_is_true(json_object_get(doc, "reachable")));
	assert_true(json_array_size(json_object_get(doc, "steps")) >= 7);
	json_decref(doc);
}

static void explain_fails(const char *dst, const char *verdict);

/* Others are behind a machine with networks of its own in BGP, or with several tunnels. */
static void test_explain_forwarding(void **state)
{
	static const struct {
		const char *conf;
		bool needed;
	} rows[] = {
		{"{}", false},
		{"{\"wgbgp-bgp:bgp\":{\"network\":[\"192.168.1.1/32\"]}}", false},
		{"{\"wgbgp-bgp:bgp\":{\"network\":[\"fd00::/48\"]}}", false},
		{"{\"wgbgp-bgp:bgp\":{\"network\":[\"192.168.1.0/24\"]}}", true},
		{"{\"wgbgp-bgp:bgp\":{\"redistribute\":[{\"protocol\":\"connected\"}]}}", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		answer_of("configuration")->head = rows[i].conf;
		machine_answer = 0;
		if (rows[i].needed)
			explain_fails("192.168.2.7", "this machine does not forward IPv4");
		else
			assert_int_equal(run("explain 192.168.2.7"), 0);
		machine_answer = 1;
		assert_int_equal(run("explain 192.168.2.7"), 0);
	}
	answer_of("configuration")->head = "{}";
	answer_of("tunnels")->rows =
		"[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"state\":\"up\",\"endpoint\":"
		"\"198.51.100.2:51820\"},{\"interface\":\"wg0\",\"peer\":\"site-b\",\"state\":"
		"\"up\"}]";
	machine_answer = 0;
	explain_fails("192.168.2.7", "this machine does not forward IPv4");
}

static void explain_fails(const char *dst, const char *verdict)
{
	char line[64];

	snprintf(line, sizeof(line), "explain %s", dst);
	assert_int_equal(run(line), -1);
	says("FAIL");
	says(verdict);
}

#define TUNNEL(state, endpoint)                                                        \
	"[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"state\":\"" state               \
	"\",\"reason\":\"handshake-stale\",\"reason-text\":\"the handshake expired\"," \
	"\"handshake-seconds\":300,\"endpoint\":" endpoint "}]"

/* An address of a tunnel's far end, and one of ours. */
static void test_explain_tunnel_address(void **state)
{
	answer_of("route")->rows =
		"[{\"prefix\":\"10.99.0.2/32\",\"protocol\":\"tunnel\",\"distance\":0,"
		"\"selected\":true,\"installed\":true,\"next-hops\":[{\"address\":null,"
		"\"interface\":\"wg0\",\"peer\":null,\"state\":\"up\",\"active\":true}]}]";
	assert_int_equal(run("explain 10.99.0.2"), 0);
	says("no path of BGP is needed");
	says("=> 10.99.0.2 is reachable through tunnel peer site-a on wg0");
	answer_of("allowed-ips")->rows = "[]";
	explain_fails("10.99.0.2", "no AllowedIPs entry on wg0 covers 10.99.0.2");
	kernel_answer = (struct kernel_route){.interface = "lo", .local = true};
	assert_int_equal(run("explain 10.99.0.1"), 0);
	says("=> 10.99.0.1 is this machine");
}

/* Somebody's more specific route takes packets away from a prefix of BGP that is fine. */
static void test_explain_more_specific(void **state)
{
	answer_of("route")->rows =
		"[{\"prefix\":\"192.168.2.0/25\",\"protocol\":\"kernel\",\"distance\":0,"
		"\"selected\":true,\"installed\":true,\"next-hops\":[{\"address\":null,"
		"\"interface\":\"lan0\",\"peer\":null,\"state\":\"up\",\"active\":true}]}]";
	kernel_answer = (struct kernel_route){.interface = "lan0"};
	explain_fails("192.168.2.7",
		      "192.168.2.0/25 of protocol kernel is in front of 192.168.2.0/24");
	says("192.168.2.0/24 from 10.99.0.2 is best, but the more specific 192.168.2.0/25 of "
	     "protocol kernel is used");
	says("leaves by lan0, no tunnel");
}

/* Each broken table is named in the verdict, with its reason. */
static void test_explain_broken(void **state)
{
	json_t *doc;

	explain_fails("203.0.113.1", "=> 203.0.113.1 is not reachable: no prefix in the BGP table");
	explain_fails("192.168.9.1", "192.168.0.0/16 has no eligible path");
	answer_of("route")->rows =
		"[{\"prefix\":\"0.0.0.0/0\",\"protocol\":\"kernel\",\"distance\":0,"
		"\"selected\":true,\"installed\":true,\"next-hops\":[{\"address\":\"10.0.0.1\","
		"\"interface\":\"eth0\",\"peer\":null,\"state\":\"up\",\"active\":true}]}]";
	kernel_answer = (struct kernel_route){.interface = "eth0"};
	explain_fails("192.168.9.1", "what is left is 0.0.0.0/0 of protocol kernel");
	answer_of("bgp-routes")->rows =
		"[{\"prefix\":\"0.0.0.0/0\",\"paths\":[{\"best\":false,\"eligible\":false,"
		"\"reason\":\"covers-endpoint\",\"reason-text\":\"would capture\","
		"\"from\":\"10.99.0.2\",\"next-hop\":\"10.99.0.2\"}]}]";
	assert_int_equal(run("explain 203.0.113.9"), 0); /* by the other route of that prefix */
	says("would capture");
	answer_of("bgp-routes")->rows = canned_healthy[1].rows;
	assert_int_equal(run("explain 203.0.113.9"), 0);
	says("reachable by eth0");
	answer_of("route")->rows = canned_healthy[2].rows;
	kernel_answer = (struct kernel_route){.interface = "eth9"};
	explain_fails("192.168.2.7", "would send it by eth9 instead of wg0");
	kernel_answer = (struct kernel_route){.interface = "wg0"};
	kernel_error = -ENETUNREACH;
	explain_fails("192.168.2.7", "the kernel has no way to 192.168.2.7");
	kernel_error = 0;
	answer_of("tunnels")->rows = TUNNEL("down", "\"198.51.100.2:51820\"");
	explain_fails("192.168.2.7", "site-a on wg0 is down (the handshake expired)");
	answer_of("tunnels")->rows = TUNNEL("never", "null");
	explain_fails("192.168.2.7", "site-a on wg0 was never up: there was no handshake yet");
	answer_of("tunnels")->rows = TUNNEL("idle", "null");
	explain_fails("192.168.2.7", "endpoint of site-a is not known");
	answer_of("allowed-ips")->rows =
		"[{\"interface\":\"wg0\",\"peer\":\"site-b\",\"prefix\":\"192.168.2.0/24\","
		"\"origin\":\"foreign\",\"installed\":true}]";
	explain_fails("192.168.2.7", "belongs to peer site-b (foreign), not to site-a");
	answer_of("allowed-ips")->rows = "[]";
	explain_fails("192.168.2.7", "no AllowedIPs entry on wg0 covers 192.168.2.7");
	answer_of("route")->rows =
		"[{\"prefix\":\"192.168.2.0/24\",\"protocol\":\"bgp\",\"distance\":20,"
		"\"selected\":true,\"installed\":false,\"reason\":\"foreign-route\","
		"\"reason-text\":\"somebody else's kernel route is there\",\"next-hops\":[]}]";
	explain_fails("192.168.2.7", "somebody else's kernel route is there");
	answer_of("route")->rows = "[]";
	explain_fails("192.168.2.7", "no route covers 192.168.2.7");
	answer_of("bgp-routes")->error = "syncing";
	assert_int_equal(run("explain 192.168.2.7"), -1);
	assert_non_null(strstr(err_text, "syncing"));
	assert_int_equal(run("explain 192.168.2.7 json"), -1);
	doc = document();
	assert_string_equal(json_string_value(json_object_get(doc, "error")), "syncing");
	json_decref(doc);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, canned_setup, canned_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),
		TEST(test_json),
		TEST(test_errors),
		TEST(test_sure),
		TEST(test_stream),
		TEST(test_absent),
		TEST(test_nobody_there),
		TEST(test_interrupt),
		TEST(test_left),
		TEST(test_pipes),
		TEST(test_reconnect),
		TEST(test_explain_healthy),
		TEST(test_explain_forwarding),
		TEST(test_explain_more_specific),
		TEST(test_explain_broken),
		TEST(test_explain_tunnel_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
