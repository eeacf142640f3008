/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: command lines against a server of canned answers in the same event loop: text, JSON that
 * is always one valid document, errors, a million rows, and explain over healthy and broken tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel_route.h"
#include "loop.h"
#include "session.h"
#include "show.h"
#include "util.h"

/* ---- the server */

/* A command's answer: head, list and rows. Tests change rows of this table. */
struct canned {
	const char *command, *head, *list, *rows; /* rows: a JSON array; list NULL: an object */
	const char *error;			  /* the end's */
};

static const struct canned healthy[] = {
	{"bgp-summary", "{\"router-id\":\"10.99.0.1\",\"as\":65000}", "neighbors",
	 "[{\"address\":\"10.99.0.2\",\"description\":\"site a\",\"remote-as\":65001,"
	 "\"state\":\"established\",\"up-seconds\":3671,\"received-prefixes\":3,"
	 "\"accepted-prefixes\":2,\"sent-prefixes\":7,\"messages-received\":12,"
	 "\"messages-sent\":14,\"group\":null,\"last-error\":null},"
	 "{\"address\":\"10.99.0.3\",\"description\":null,\"remote-as\":65002,\"state\":\"active\","
	 "\"up-seconds\":null,\"received-prefixes\":0,\"accepted-prefixes\":0,\"sent-prefixes\":0,"
	 "\"messages-received\":0,\"messages-sent\":0,\"group\":null,"
	 "\"last-error\":\"hold timer\\u001b[31m expired\"}]",
	 NULL},
	{"bgp-routes", "{\"router-id\":\"10.99.0.1\",\"as\":65000,\"family\":\"ipv4\"}", "routes",
	 "[{\"prefix\":\"192.168.0.0/16\",\"paths\":[]},"
	 "{\"prefix\":\"192.168.2.0/24\",\"paths\":[{\"best\":true,\"eligible\":true,"
	 "\"reason\":\"none\",\"reason-text\":\"\",\"next-hop\":\"10.99.0.2\","
	 "\"next-hop-state\":\"up\",\"next-hop-cost\":10,\"from\":\"10.99.0.2\",\"peer-as\":65001,"
	 "\"origin\":\"igp\",\"as-path\":\"65001\",\"local-preference\":100,\"med\":null,"
	 "\"communities\":[\"65001:1\"],\"stale\":false,\"source\":\"ebgp\",\"age-seconds\":60},"
	 "{\"best\":false,\"eligible\":false,\"reason\":\"outside-permit\","
	 "\"reason-text\":\"not inside the tunnel peer's permit list\",\"next-hop\":\"10.99.0.3\","
	 "\"next-hop-state\":\"up\",\"next-hop-cost\":10,\"from\":\"10.99.0.3\",\"origin\":\"igp\","
	 "\"as-path\":\"65002\",\"stale\":false,\"source\":\"ebgp\",\"age-seconds\":60}]}]",
	 NULL},
	{"route", "{}", "routes",
	 "[{\"prefix\":\"192.168.2.0/24\",\"protocol\":\"bgp\",\"distance\":20,\"selected\":true,"
	 "\"installed\":true,\"stale\":false,\"reason\":null,\"reason-text\":null,"
	 "\"age-seconds\":61,\"next-hops\":[{\"address\":\"10.99.0.2\",\"interface\":\"wg0\","
	 "\"peer\":\"site-a\",\"state\":\"up\",\"cost\":10,\"active\":true}],\"verdict\":null}]",
	 NULL},
	{"allowed-ips", "{}", "entries",
	 "[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"prefix\":\"10.99.0.2/32\","
	 "\"origin\":\"tunnel-address\",\"installed\":true},"
	 "{\"interface\":\"wg0\",\"peer\":\"site-a\",\"prefix\":\"192.168.2.0/24\","
	 "\"origin\":\"learned\",\"installed\":true}]",
	 NULL},
	{"tunnels", "{}", "tunnels",
	 "[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"state\":\"up\","
	 "\"reason\":\"handshake-fresh\",\"reason-text\":\"a recent handshake\",\"cost\":10,"
	 "\"since-seconds\":100,\"handshake-seconds\":65,\"endpoint\":\"198.51.100.2:51820\","
	 "\"rx-bytes\":1536,\"tx-bytes\":3000000,\"changes\":1,"
	 "\"tunnel-addresses\":[\"10.99.0.2\"]}]",
	 NULL},
	{"pins", "{}", "pins", "[]", NULL},
	{"rules", "{}", "rules",
	 "[{\"priority\":100,\"family\":\"ipv4\",\"source\":null,"
	 "\"destination\":\"10.0.0.0/8\",\"interface\":\"eth1\",\"fwmark\":1,\"fwmask\":255,"
	 "\"tos\":16,\"table\":7,\"state\":\"installed\"}]",
	 NULL},
	{"wireguard", "{}", "interfaces",
	 "[{\"name\":\"wg0\",\"ifindex\":5,\"backend\":\"userspace\",\"up\":true,\"adopted\":false,"
	 "\"public-key\":\"K\",\"listen-port\":51820,\"fwmark\":0,\"mtu\":1420,"
	 "\"addresses\":[\"10.99.0.1/"
	 "24\"],\"rx-bytes\":10,\"tx-bytes\":20,\"source-check-drops\":7,\"peers\":[{"
	 "\"name\":\"site-a\",\"public-key\":\"P\",\"endpoint\":\"198.51.100.2:51820\","
	 "\"configured-endpoint\":null,\"tunnel-addresses\":[\"10.99.0.2\"],\"permit\":[],"
	 "\"allowed-ips-count\":2,\"persistent-keepalive\":25,\"handshake-seconds\":65,"
	 "\"rx-bytes\":1536,\"tx-bytes\":20,\"state\":\"up\",\"reason\":\"handshake-fresh\"}]}]",
	 NULL},
	{"configuration", "{\"text\":\"system {\\n}\\n\"}", NULL, NULL, NULL},
	{"nexthops", "{}", "nexthops", "[]", NULL},
	{"reload", "{}", NULL, NULL, "wgbgp.conf:3:5: no such statement"},
	{"daemons", "{}", "daemons", "[{\"name\":\"wgd\"},{\"name\":\"bgpd\"}]", "lost one"},
	{0},
};

#define CANNED_MAX 16
static struct canned answers[CANNED_MAX];
static struct show_command commands[CANNED_MAX];
static int listener;
static char rundir[] = "/tmp/wgbgp-cli-test-XXXXXX";
static struct watch accept_watch;
static struct ipc *server_ipc;
static struct show_server *server;
static unsigned streamed, interrupt_at;
static struct kernel_route kernel_answer;
static int kernel_error;

int kernel_route_get(const struct addr *to, struct kernel_route *out)
{
	static const struct addr endpoint = {.family = AF_INET, .b = {198, 51, 100, 2}};

	*out = kernel_answer;
	if (addr_eq(to, &endpoint))
		*out = (struct kernel_route){.interface = "eth0"};
	return kernel_error;
}

static struct canned *answer_of(const char *command)
{
	for (size_t i = 0; answers[i].command; i++)
		if (str_eq(answers[i].command, command))
			return &answers[i];
	return NULL;
}

static void start_canned(struct show *s)
{
	const struct canned *a = answer_of(s->command->name);
	json_t *rows = a->rows ? json_loads(a->rows, 0, NULL) : NULL, *row;
	size_t i;

	if (a->head)
		show_head(s, json_loads(a->head, 0, NULL), a->list);
	json_array_foreach (rows, i, row)
		show_row(s, json_incref(row));
	show_end(s, a->error);
	json_decref(rows);
}

#define STREAM_ROWS 200000

static void start_stream(struct show *s)
{
	streamed = 0;
	show_head(s, json_object(), "endpoints");
}

static void step_stream(struct show *s)
{
	if (interrupt_at && streamed >= interrupt_at) {
		interrupt_at = 0;
		raise(SIGINT);
	}
	for (; streamed < STREAM_ROWS && !show_full(s); streamed++)
		show_row(s, json_pack("{s:i}", "endpoint", streamed));
	if (streamed == STREAM_ROWS)
		show_end(s, NULL);
}

static void server_frame(void *arg, const struct ipc_frame *frame)
{
	show_server_frame(server, frame);
}

static void server_drained(void *arg)
{
	show_server_drained(server);
}

static void server_closed(void *arg, const char *why)
{
	show_server_free(server);
	ipc_free(server_ipc);
	server = NULL;
	server_ipc = NULL;
}

static void on_accept(int fd, short what, void *arg)
{
	static const struct ipc_handlers handlers = {server_frame, server_closed, server_drained};

	server_ipc = ipc_new(accept(fd, NULL, NULL), &handlers, NULL);
	server = show_server_new(server_ipc, commands);
}

/* ---- the client's side */

static struct cli_session session;
static char *out_text, *err_text;
static size_t out_len, err_len;

static int setup(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t n = 0;

	for (; healthy[n].command; n++) {
		answers[n] = healthy[n];
		commands[n] = (struct show_command){healthy[n].command, start_canned, NULL, NULL};
	}
	commands[n] = (struct show_command){"rib-summary", start_stream, step_stream, NULL};
	kernel_answer = (struct kernel_route){.interface = "wg0"};
	kernel_error = 0;
	strcpy(rundir + strlen(rundir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(rundir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/cli.sock", rundir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 5), 0);
	watch_init(&accept_watch, listener, EV_READ, on_accept, NULL);
	watch_on(&accept_watch);
	session = (struct cli_session){.client = client_new(rundir),
				       .out = open_memstream(&out_text, &out_len),
				       .err = open_memstream(&err_text, &err_len)};
	return 0;
}

static int teardown(void **state)
{
	char path[128];

	fclose(session.out);
	fclose(session.err);
	free(out_text);
	free(err_text);
	watch_off(&accept_watch);
	server_closed(NULL, "");
	close(listener);
	client_free(session.client); /* ends the loop */
	snprintf(path, sizeof(path), "%s/cli.sock", rundir);
	unlink(path);
	rmdir(rundir);
	return 0;
}

/* Runs a line; out_text and err_text are what it wrote. */
static int run(const char *line)
{
	int err;

	rewind(session.out);
	rewind(session.err);
	err = session_run(&session, line);
	putc('\0', session.out);
	putc('\0', session.err);
	fflush(session.out);
	fflush(session.err);
	return err;
}

static void says(const char *text)
{
	if (!strstr(out_text, text))
		fail_msg("no \"%s\" in:\n%s", text, out_text);
}

static json_t *document(void)
{
	json_error_t error;
	json_t *doc = json_loads(out_text, 0, &error);

	if (!doc)
		fail_msg("%s in:\n%s", error.text, out_text);
	return doc;
}

static void test_text(void **state)
{
	assert_int_equal(run("show bgp summary"), 0);
	says("BGP router identifier 10.99.0.1, local AS number 65000");
	says("10.99.0.2                     65001 established 01:01:11");
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
	assert_int_equal(run("show route 192.168.2.0/24"), 0);
	says("No such route");
	says("is not eligible: tunnel-down: the tunnel is down");
	assert_int_equal(run("show wireguard"), 0);
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
}

static void test_json(void **state)
{
	static const char *const lines[] = {"show bgp summary json",   "show bgp json",
					    "show route json",	       "show nexthops json",
					    "show configuration json", "show pins json",
					    "show wireguard json",     "show rules json"};
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
	assert_int_equal(run("show nonsense"), -1);
	assert_non_null(strstr(err_text, "expected one of"));
	assert_int_equal(run(""), 0);
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

/* wgbgpd was restarted between two commands: nobody needs to know. */
static void test_reconnect(void **state)
{
	assert_int_equal(run("show nexthops"), 0);
	server_closed(NULL, "");
	assert_int_equal(run("show nexthops"), 0);
	says("No next hops");
	assert_int_equal(run("show rules"), 0);
	says("100: ipv4 from any to 10.0.0.0/8 in by eth1 fwmark 0x1/0xff tos 0x10 lookup 7 "
	     "(installed)");
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
	assert_null(strstr(out_text, "FAIL"));
	assert_int_equal(run("explain 192.168.2.7 json"), 0);
	doc = document();
	assert_true(json_is_true(json_object_get(doc, "reachable")));
	assert_true(json_array_size(json_object_get(doc, "steps")) >= 7);
	json_decref(doc);
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
	assert_int_equal(run("explain 192.168.2.7"), 0);
	says("192.168.2.0/24 from 10.99.0.2 is best, but the more specific 192.168.2.0/25 of "
	     "protocol kernel is used");
	says("reachable by lan0");
}

/* Each broken table is named in the verdict, with its reason. */
static void test_explain_broken(void **state)
{
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
	answer_of("bgp-routes")->rows = healthy[1].rows;
	assert_int_equal(run("explain 203.0.113.9"), 0);
	says("reachable by eth0");
	answer_of("route")->rows = healthy[2].rows;
	kernel_answer = (struct kernel_route){.interface = "eth9"};
	explain_fails("192.168.2.7", "would send it by eth9 instead of wg0");
	kernel_answer = (struct kernel_route){.interface = "wg0"};
	kernel_error = -ENETUNREACH;
	explain_fails("192.168.2.7", "the kernel has no way to 192.168.2.7");
	kernel_error = 0;
	answer_of("tunnels")->rows = TUNNEL("down", "\"198.51.100.2:51820\"");
	explain_fails("192.168.2.7", "site-a on wg0 is down (the handshake expired)");
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
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),
		TEST(test_json),
		TEST(test_errors),
		TEST(test_stream),
		TEST(test_nobody_there),
		TEST(test_interrupt),
		TEST(test_reconnect),
		TEST(test_explain_healthy),
		TEST(test_explain_more_specific),
		TEST(test_explain_broken),
		TEST(test_explain_tunnel_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
