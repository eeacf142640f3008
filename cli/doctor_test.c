/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor and metrics over canned answers: nothing is found where all is well, and each thing that
 * is wrong is found, with where it is.
 */
#include "canned.h"

#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "reason.h"
#include "util.h"

#define PEER(name, permit)                                                                   \
	"{\"name\":\"" name "\",\"public-key\":\"P\",\"foreign\":false,\"endpoint\":"        \
	"\"198.51.100.2:51820\",\"permit\":" permit ",\"tunnel-addresses\":[\"10.99.0.2\"]," \
	"\"state\":\"up\"}"
#define INTERFACE(members, peers)                                                               \
	"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\",\"fwmark\":0," \
	"\"mtu\":1420,\"source-check-drops\":0," members "\"peers\":[" peers "]}]"
#define TUNNEL_AT(peer, address, state)                                                         \
	"{\"interface\":\"wg0\",\"peer\":\"" peer "\",\"state\":\"" state "\",\"reason\":"      \
	"\"handshake-fresh\",\"reason-text\":\"a recent handshake\",\"cost\":10,"               \
	"\"since-seconds\":100,\"handshake-seconds\":65,\"endpoint\":\"198.51.100.2:51820\","   \
	"\"rx-bytes\":1536,\"tx-bytes\":3000000,\"changes\":1,\"tunnel-addresses\":[\"" address \
	"\"]}"
#define NEIGHBOR(members)                                                                       \
	"[{\"address\":\"10.99.0.2\",\"remote-as\":65001,\"up-seconds\":3671,"                  \
	"\"messages-received\":12,\"messages-sent\":14,\"tunnel\":{\"interface\":\"wg0\","      \
	"\"peer\":\"site-a\",\"reach\":\"up\"},\"counters\":{\"established\":1,\"dropped\":0}," \
	"\"families\":{\"ipv4-unicast\":{\"received-prefixes\":3,\"accepted-prefixes\":2,"      \
	"\"sent-prefixes\":7}}," members "}]"
#define PATH(best, eligible, reason, hop)                                   \
	"{\"best\":" best ",\"eligible\":" eligible ",\"reason\":\"" reason \
	"\",\"reason-text\":\"its sentence\",\"from\":\"10.99.0.2\",\"next-hop\":\"" hop "\"}"

static const struct canned table[] = {
	{"version", "{\"version\":\"1\"}", NULL, NULL, NULL},
	{"daemons", "{}", "daemons", "[{\"name\":\"bgpd\",\"state\":\"running\",\"restarts\":0}]",
	 NULL},
	{"configuration",
	 "{\"wgbgp-wireguard:wireguard\":{\"interface\":[{\"name\":\"wg0\","
	 "\"private-key-file\":\"/k/wg0\",\"peer\":[{\"name\":\"site-a\","
	 "\"preshared-key-file\":\"/k/psk\"}]}]}}",
	 NULL, NULL, NULL},
	{"wireguard", "{}", "interfaces", INTERFACE("", PEER("site-a", "[\"192.168.2.0/24\"]")),
	 NULL},
	{"tunnels", "{}", "tunnels", "[" TUNNEL_AT("site-a", "10.99.0.2", "up") "]", NULL},
	{"bgp-summary", "{\"attribute-sets\":5,\"connections-refused\":0}", "neighbors", "[]",
	 NULL},
	{"bgp-neighbors", "{}", "neighbors", NEIGHBOR("\"state\":\"established\""), NULL},
	{"nexthops", "{}", "nexthops", "[]", NULL},
	{"drills", "{}", "drills",
	 "[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"time\":5,\"result\":\"complete\"},"
	 "{\"interface\":\"wg0\",\"peer\":\"site-a\",\"time\":6,\"result\":\"running\"}]",
	 NULL},
	{"pins", "{}", "pins", "[]", NULL},
	{"planes", "{}", "planes", "[]", NULL},
	{"uplinks", "{}", "uplinks", "[]", NULL},
	{"rib-summary", "{\"prefixes\":7,\"queued\":0,\"drift-repaired\":0,\"swept\":true}", NULL,
	 NULL, NULL},
	{"keep-in-summary", "{\"version\":3,\"kept\":2,\"installed\":1}", NULL, NULL, NULL},
	{"bgp-routes", "{}", "routes",
	 "[{\"prefix\":\"192.168.2.0/24\",\"paths\":[" PATH("true", "true", "none",
							    "10.99.0.2") "]}]",
	 NULL},
	{"route", "{}", "routes",
	 "[{\"prefix\":\"192.168.2.0/"
	 "24\",\"protocol\":\"bgp\",\"selected\":true,\"installed\":true,"
	 "\"stale\":false,\"next-hops\":[{\"interface\":\"wg0\",\"active\":true}]}]",
	 NULL},
	{"allowed-ips", "{}", "entries",
	 "[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"prefix\":\"192.168.2.0/24\","
	 "\"origin\":\"learned\",\"installed\":true}]",
	 NULL},
	{"privileges", "{}", "missing", "[]", NULL},
	{"commits", "{}", "commits",
	 "[{\"commit\":2,\"state\":\"committed\"},{\"commit\":1,\"state\":\"returned\"}]", NULL},
	{"host-links", "{}", "links", "[]", NULL},
	{"files-state", "{\"differs\":false}", NULL, NULL, NULL},
	{"events-state", "{\"monitors\":0,\"lost\":0}", NULL, NULL, NULL},
	{"key-ages", "{}", "keys", "[]", NULL},
	{0},
};

static int setup(void **state)
{
	return canned_setup_with(table);
}

static void test_healthy(void **state)
{
	json_t *doc;

	if (run("doctor") != 0)
		fail_msg("%s", out_text);
	says("=> healthy: 0 errors, 0 warnings, 0 notes");
	assert_int_equal(run("doctor json"), 0);
	doc = document();
	assert_true(json_is_true(json_object_get(doc, "healthy")));
	assert_int_equal(json_array_size(json_object_get(doc, "findings")), 0);
	json_decref(doc);
}

/* The finding of a check has all of these texts; SEVERITY error and warning make it fail. */
static void finds(const char *severity, const char *check, const char *text)
{
	bool note = str_eq(severity, "note"), found = false;
	json_t *doc, *row;
	size_t i;

	assert_int_equal(run("doctor json"), note ? 0 : -1);
	doc = document();
	json_array_foreach (json_object_get(doc, "findings"), i, row)
		found = found ||
			(str_eq(json_string_value(json_object_get(row, "severity")), severity) &&
			 str_eq(json_string_value(json_object_get(row, "check")), check) &&
			 strstr(json_string_value(json_object_get(row, "text")), text) &&
			 (strstr(text, "more like") ||
			  *json_string_value(json_object_get(row, "advice"))));
	if (!found)
		fail_msg("no %s of %s with \"%s\" in:\n%s", severity, check, text, out_text);
	json_decref(doc);
}

/* Puts ROWS in place of an answer's for one look. */
static void finds_in(const char *command, const char *rows, const char *severity, const char *check,
		     const char *text)
{
	struct canned *a = answer_of(command), before = *a;

	if (a->list)
		a->rows = rows;
	else
		a->head = rows;
	finds(severity, check, text);
	*a = before;
}

/* Trouble of long ago is none. */
static void test_old_trouble(void **state)
{
	answer_of("rib-summary")->head =
		"{\"drift-repaired\":3,\"drift-repaired-seconds\":90000,\"route-errors\":3,"
		"\"route-errors-seconds\":90000,\"routes-refused\":0,\"swept\":true}";
	answer_of("daemons")->rows = "[{\"name\":\"wgd\",\"state\":\"running\",\"restarts\":2,"
				     "\"last-exit\":\"x\",\"uptime-seconds\":90000}]";
	run("doctor");
	says("=> healthy: 0 errors, 0 warnings, 0 notes");
}

static void test_daemons(void **state)
{
	finds_in("daemons", "[{\"name\":\"wgd\",\"state\":\"waiting\",\"last-exit\":\"signal 9\"}]",
		 "error", "daemon", "wgd is waiting, it ended: signal 9");
	finds_in("daemons",
		 "[{\"name\":\"wgd\",\"state\":\"running\",\"restarts\":2,\"last-exit\":\"x\"}]",
		 "note", "daemon", "restarted 2 times");
	answer_of("tunnels")->error = "wgd is not running";
	finds("error", "answers", "wgd is not running");
}

static void test_privileges(void **state)
{
	finds_in("privileges", "[{\"capability\":\"net_raw\",\"lost\":\"no probes\"}]", "note",
		 "privilege", "no capability net_raw: no probes");
	finds_in("privileges", "[{\"capability\":\"net_admin\",\"lost\":\"all\"}]", "error",
		 "privilege", "no capability net_admin: all");
}

#define WAY(prefix, hop)                                                                        \
	"{\"prefix\":\"" prefix "\",\"plane\":\"main\",\"protocol\":\"bgp\",\"selected\":true," \
	"\"installed\":true,\"next-hops\":[{\"interface\":\"wg0\"," hop "\"active\":true}]}"
#define BY_PEER(prefix) WAY(prefix, "\"peer\":\"site-a\",")

static struct machine_flow flows[6];

/* None is answered. */
static void flows_to(const char *const *to, size_t n)
{
	assert_true(n <= sizeof(flows) / sizeof(*flows));
	memset(flows, 0, sizeof(flows));
	for (size_t i = 0; i < n; i++) {
		addr_parse("192.168.1.4", &flows[i].from);
		addr_parse(to[i], &flows[i].to);
	}
	flow_answers = flows;
	n_flow_answers = n;
}

/* Only a learned prefix with several flows of which none is answered. */
static void test_one_way(void **state)
{
	static const char *const to[] = {"192.168.1.255", "192.168.2.9", "192.168.3.0",
					 "192.168.2.7", "192.168.2.200"};

	flows_to(to, 5);
	assert_int_equal(run("doctor"), 0); /* no tunnel peer is known to lead there */
	finds_in("route", "[" BY_PEER("192.168.2.0/24") "]", "warning", "one-way",
		 "packets of 3 flows go there (192.168.1.4 to 192.168.2.7, say), and nothing");
	answer_of("route")->rows = "[" BY_PEER("192.168.2.0/24") "]";
	flows[4].answered = true;
	assert_int_equal(run("doctor"), 0);
	flows[4].answered = false;
	n_flow_answers = 4;
	assert_int_equal(run("doctor"), 0);
	n_flow_answers = 0;
	assert_int_equal(run("doctor"), 0);
}

/* A flow is the longest route's alone, whatever that leads by, and in whatever order they come. */
static void test_one_way_nested(void **state)
{
	static const char *const to[] = {"192.168.2.1", "192.168.2.2", "192.168.2.3",
					 "192.168.7.1", "192.168.7.2", "192.168.7.3"};
	static const char *const inside_elsewhere[] = {
		"[" BY_PEER("192.168.0.0/16") "," WAY("192.168.2.0/24", "") "]",
		"[" WAY("192.168.2.0/24", "") "," BY_PEER("192.168.0.0/16") "]",
	};
	struct canned *route = answer_of("route");

	for (size_t i = 0; i < 2; i++) {
		route->rows = inside_elsewhere[i];
		flows_to(to, 3); /* nothing goes to the rest of it */
		assert_int_equal(run("doctor"), 0);
		flows_to(to, 6);
		flows[0].answered = true; /* that is no answer of the rest */
		finds("warning", "one-way",
		      "packets of 3 flows go there (192.168.1.4 to "
		      "192.168.7.1, say), and nothing");
	}
	route->rows = "[" BY_PEER("192.168.0.0/16") "," BY_PEER("192.168.2.0/24") "]";
	flows[3].answered = true;
	flows[0].answered = false;
	finds("warning", "one-way", "packets of 3 flows go there (192.168.1.4 to 192.168.2.1, say");
	flows[0].answered = true;
	assert_int_equal(run("doctor"), 0);
}

#define KEY(peer, members)                       \
	"[{\"interface\":\"wg0\",\"peer\":" peer \
	",\"kind\":\"private\",\"file\":\"/k/it\"," members "}]"

static void test_key_files(void **state)
{
	finds_in("key-ages", KEY("\"site-a\"", "\"missing\":false,\"mode\":\"0644\""), "error",
		 "key-file", "/k/it is open to others (mode 0644)");
	says("\"peer\": \"site-a\"");
	finds_in("key-ages", KEY("null", "\"missing\":true,\"mode\":null"), "error", "key-file",
		 "/k/it is missing");
	answer_of("key-ages")->rows = KEY("null", "\"missing\":false,\"mode\":\"0600\"");
	assert_int_equal(run("doctor"), 0);
	answer_of("key-ages")->rows = KEY("null", "\"missing\":false,\"mode\":null");
	assert_int_equal(run("doctor"), 0); /* it cannot be read: nothing is claimed */
	finds_in("configuration", "{\"wgbgp-rib:rib\":{\"kernel\":\"off\"}}", "note", "kernel-off",
		 "not installed");
}

static void test_interfaces(void **state)
{
	finds_in("wireguard", "[{\"name\":\"wg0\",\"state\":\"refused\",\"public-key\":\"K\"}]",
		 "error", "interface", "is refused");
	finds_in("wireguard",
		 "[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":false,\"public-key\":\"K\"}]",
		 "error", "interface", "link is down");
	finds_in("wireguard", "[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true}]", "error",
		 "interface", "no private key");
	finds_in("wireguard",
		 "[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\","
		 "\"source-check-drops\":5,\"source-check-drops-per-second\":0.5,"
		 "\"source-check-drops-seconds\":7}]",
		 "warning", "source-check",
		 "dropped 5 packets whose source is not the sending "
		 "peer's, 0.5 a second, the last one 7 seconds ago");
	finds_in("wireguard",
		 "[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\","
		 "\"source-check-drops\":5,\"source-check-drops-per-second\":0.0,"
		 "\"source-check-drops-seconds\":700}]",
		 "note", "source-check", "dropped 5 packets");
	finds_in("wireguard", INTERFACE("", PEER("site-a", "[]")), "warning", "permit",
		 "although BGP runs over it");
	finds_in("wireguard", INTERFACE("", PEER("other", "[]")), "note", "permit",
		 "has no permit list");
}

#define RULES_OF(chain, hook, protocol, rule)                                                \
	"{\"chain\": {\"family\": \"inet\", \"table\": \"f\", \"name\": \"" chain "\", "     \
	"\"type\": \"filter\", \"hook\": \"" hook                                            \
	"\", \"policy\": \"accept\"}}, {\"rule\": {\"family\": \"inet\", \"table\": \"f\", " \
	"\"chain\": \"" chain                                                                \
	"\", \"expr\": [{\"match\": {\"op\": \"==\", \"left\": {\"payload\": "               \
	"{\"protocol\": \"" protocol "\", \"field\": \"dport\"}}, \"right\": " rule          \
	"}}, {\"drop\": null}]}}"
#define CHAIN_OF(hook, protocol, rule) "{\"nftables\": [" RULES_OF("c", hook, protocol, rule) "]}"
#define CHAIN(hook, rule) CHAIN_OF(hook, "udp", rule)

/* It is our own firewall: the finding of the dead tunnel says so. */
static void test_own_rules(void **state)
{
	static const char *const states[] = {"[" TUNNEL_AT("site-a", "10.99.0.2", "never") "]",
					     "[" TUNNEL_AT("site-a", "10.99.0.2", "down") "]"};

	answer_of("wireguard")->rows =
		INTERFACE("\"listen-port\":51821,", PEER("site-a", "[\"192.168.2.0/24\"]"));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		answer_of("tunnels")->rows = states[i];
		ruleset_answer = CHAIN("input", "51821");
		finds("error", "tunnel",
		      ": chain inet f c of this machine drops what comes to UDP port 51821");
		says("let that pass in chain inet f c");
		ruleset_answer = CHAIN("output", "51820");
		finds("error", "tunnel",
		      ": chain inet f c of this machine drops what goes to UDP "
		      "port 51820 of the endpoint");
		ruleset_answer = CHAIN("input", "22");
		run("doctor");
		assert_null(strstr(out_text, "of this machine drops"));
		ruleset_answer = "no JSON";
		run("doctor");
		assert_null(strstr(out_text, "of this machine drops"));
	}
}

static void test_tunnels(void **state)
{
	finds_in("tunnels", "[" TUNNEL_AT("site-a", "10.99.0.2", "never") "]", "error", "tunnel",
		 "never was a handshake");
	finds_in("tunnels", "[" TUNNEL_AT("site-a", "10.99.0.2", "down") "]", "error", "tunnel",
		 "last handshake 1 minute, 5 seconds ago");
	finds_in("tunnels", "[" TUNNEL_AT("site-a", "10.99.0.2", "degraded") "]", "warning",
		 "tunnel", "degraded");
	mtu_answer = 1400;
	finds("warning", "mtu", "do not fit the underlay's 1400 by eth0");
	mtu_answer = 1480;
	assert_int_equal(run("doctor"), 0);
	finds_in("pins", "[{\"endpoint\":\"198.51.100.2\",\"state\":\"no-underlay\"}]", "warning",
		 "pin", "198.51.100.2");
	finds_in("pins", "[{\"endpoint\":\"198.51.100.2\",\"state\":\"off\"}]", "warning", "pin",
		 "not pinned");
	finds_in("pins",
		 "[{\"endpoint\":\"192.168.2.10\",\"state\":\"refused\",\"reason\":"
		 "\"endpoint-inside\"}]",
		 "error", "pin", "192.168.2.10 was found inside what is private");
}

#define BOTH(protocol, in, out)                                                              \
	"{\"nftables\": [" RULES_OF("i", "input", protocol, in) ", " RULES_OF("o", "output", \
									      protocol, out) "]}"

/* The same of a session: by the ports of both ends, of which one that can begin is enough. */
static void test_own_rules_of_sessions(void **state)
{
	static const char in[] = ": chain inet f i of this machine drops what comes to TCP port ";
	static const char in_1[] = ": chain inet f c of this machine drops what comes to TCP port ";
	static const char perhaps_in[] =
		"; besides, chain inet f c of this machine drops what comes to TCP port ";
	static const char perhaps_out[] =
		"; besides, chain inet f c of this machine drops what goes to TCP port ";
	static const struct {
		const char *neighbor, *conf, *rules, *text, *port;
	} rows[] = {
		{"", "{}", BOTH("tcp", "179", "179"), in, "179"},
		{"", "{}", CHAIN_OF("input", "tcp", "179"), perhaps_in, "179"},
		{"", "{}", CHAIN_OF("output", "tcp", "179"), perhaps_out, "179 of the neighbor"},
		{",\"passive\":true", "{}", CHAIN_OF("input", "tcp", "179"), in_1, "179"},
		{",\"passive\":true", "{}", CHAIN_OF("output", "tcp", "179"), NULL, ""},
		{",\"last-error\":\"sent OPEN Message Error/Bad Peer AS: AS 3\"", "{}",
		 BOTH("tcp", "179", "179"), NULL, ""},
		{",\"last-error\":\"sent Cease/Administrative Reset\"", "{}",
		 BOTH("tcp", "179", "179"), in, "179"},
		{"", "{\"wgbgp-bgp:bgp\":{\"listen-port\":1179}}", BOTH("tcp", "1179", "179"), in,
		 "1179"},
		{"", "{\"wgbgp-bgp:bgp\":{\"listen-port\":1179}}", CHAIN_OF("input", "tcp", "179"),
		 NULL, ""},
		{",\"settings\":{\"port\":2179}", "{}", CHAIN_OF("output", "tcp", "2179"),
		 perhaps_out, "2179"},
		{"", "{}", CHAIN("input", "179"), NULL, ""},
		{"", "{}", CHAIN_OF("forward", "tcp", "179"), NULL, ""},
	};

	for (size_t n = 0; n < 2 * ARRAY_SIZE(rows); n++) {
		size_t i = n / 2;
		bool down = n % 2; /* the tunnel first, then */
		const char *text = down ? NULL : rows[i].text;
		char *neighbors = xasprintf("[{\"address\":\"10.99.0.2\",\"state\":\"active\"%s,"
					    "\"tunnel\":{\"interface\":\"wg0\",\"peer\":"
					    "\"site-a\",\"reach\":\"%s\"}}]",
					    rows[i].neighbor, down ? "down" : "up");
		char *said = xasprintf("%s%s", text ? text : "", text ? rows[i].port : "");

		answer_of("bgp-neighbors")->rows = neighbors;
		answer_of("configuration")->head = rows[i].conf;
		ruleset_answer = rows[i].rules;
		finds("error", "session", "the session is active");
		if (!strstr(out_text, said) || (!text && strstr(out_text, "of this machine drops")))
			fail_msg("row %zu, down %d: \"%s\" in \"%s\"", i, down, said, out_text);
		free(said);
		free(neighbors);
	}
}

static void test_neighbors(void **state)
{
	finds_in("bgp-neighbors",
		 NEIGHBOR("\"state\":\"active\",\"last-error\":\"hold timer expired\""), "error",
		 "session", "active: hold timer expired");
	finds_in("bgp-neighbors",
		 NEIGHBOR("\"state\":\"established\",\"warning\":\"external neighbor without "
			  "import policy\""),
		 "error", "policy", "without import policy");
	finds_in("bgp-neighbors",
		 NEIGHBOR("\"state\":\"established\",\"type\":\"external\",\"max-prefix\":null"),
		 "note", "prefix-limit", "nothing limits");
	finds_in("bgp-neighbors",
		 NEIGHBOR("\"state\":\"established\",\"sent-prefixes\":3,\"not-sent\":[{\"reason\":"
			  "\"too-long\",\"reason-text\":\"x\",\"prefixes\":7}]"),
		 "warning", "not-sent", "7 prefixes are not sent to it");
	finds_in("bgp-neighbors",
		 NEIGHBOR("\"state\":\"established\",\"sent-prefixes\":0,\"dynamic\":true,"
			  "\"not-sent\":[{\"reason\":\"not-a-client\",\"reason-text\":\"x\","
			  "\"prefixes\":7}]"),
		 "warning", "not-sent", "7 prefixes are not sent to it");
	finds_in("bgp-neighbors",
		 NEIGHBOR("\"state\":\"established\",\"graceful-restart\":{\"stale-paths\":true}"),
		 "note", "restarting", "stale paths");
}

static void test_paths(void **state)
{
	static const char two_tunnels[] = "[" TUNNEL_AT("site-a", "10.99.0.2", "up") "," TUNNEL_AT(
		"hub2", "10.99.0.3", "up") "]";

	finds_in("bgp-routes",
		 "[{\"prefix\":\"192.168.9.0/24\",\"paths\":[" PATH(
			 "false", "false", "outside-permit",
			 "10.99.0.2") "]},{\"prefix\":\"192.168.8.0/"
				      "24\",\"paths\":[" PATH("false", "false", "outside-permit",
							      "10.99.0.2") "]}]",
		 "warning", "refused-paths", "2 paths are not used");
	finds_in("bgp-routes",
		 "[{\"prefix\":\"192.168.9.0/24\",\"paths\":[" PATH(
			 "false", "false", "lost-to-protocol", "10.99.0.9") "]}]",
		 "note", "refused-paths", "1 path is not used: lost-to-protocol");
	answer_of("tunnels")->rows = two_tunnels;
	finds_in("bgp-routes",
		 "[{\"prefix\":\"192.168.2.0/24\",\"paths\":[" PATH(
			 "true", "true", "none", "10.99.0.2") "," PATH("false", "true",
								       "longer-as-path",
								       "10.99.0.3") "]}]",
		 "warning", "shared-interface", "is announced through hub2, too");
	answer_of("tunnels")->rows = table[4].rows;
	kernel_answer = (struct kernel_route){.interface = "eth0"};
	answer_of("route")->rows = "[]";
	finds_in("bgp-routes",
		 "[{\"prefix\":\"192.168.2.0/24\",\"paths\":[" PATH("false", "false", "tunnel-down",
								    "10.99.0.2") "]}]",
		 "error", "swallowed", "leave by eth0 in the clear");
	finds("warning", "permit", "packets leave by eth0 in the clear");
	says("`rib { keep-in permit; }` keeps such packets in");
	finds_in("bgp-routes",
		 "[{\"prefix\":\"192.168.2.0/24\",\"paths\":[" PATH("false", "false", "no-permit",
								    "10.99.0.2") "]}]",
		 "error", "swallowed", "(no-permit), so its packets leave by eth0 in the clear");
	says("\"advice\": \"`permit` it at the tunnel peer: `rib { keep-in permit; }` keeps in");
	kernel_error = -ENETUNREACH; /* nothing gets out: nothing leaks */
	assert_int_equal(run("doctor"), 0);
}

/* In a plane it is what comes in by its interfaces that may leak, or be kept in. */
static void test_planes(void **state)
{
	static const char dead[] =
		"[{\"prefix\":\"192.168.2.0/24\",\"plane\":\"lab\",\"paths\":[" PATH(
			"false", "false", "tunnel-down", "10.99.0.2") "]}]";

	answer_of("wireguard")->rows =
		INTERFACE("\"plane\":\"lab\",", PEER("site-a", "[\"192.168.2.0/24\"]"));
	answer_of("route")->rows = "[]";
	answer_of("bgp-routes")->rows = dead;
	kernel_answer = (struct kernel_route){.interface = "eth0"}; /* of the main plane */
	forwarded_error = -EHOSTUNREACH;
	if (run("doctor") != 0)
		fail_msg("%s", out_text);
	forwarded_error = 0;
	forwarded_answer = (struct kernel_route){.interface = "eth3"};
	finds("error", "swallowed", "leave by eth3 in the clear");
	finds("warning", "permit", "packets leave by eth3 in the clear");
	says("`rib { keep-in permit; }` keeps such packets in");
}

#define DEFAULT_BY(interface)                                                                 \
	"[{\"prefix\":\"0.0.0.0/0\",\"protocol\":\"kernel\",\"selected\":true,\"installed\":" \
	"true,\"next-hops\":[{\"interface\":\"" interface "\",\"active\":true}]}]"

/* What is kept in now, and that something is not. */
static void test_last_change(void **state)
{
	finds_in("commits", "[{\"commit\":2,\"state\":\"pending\",\"left-seconds\":40}]", "warning",
		 "commit", "commit 2, is on trial: it is taken back in 40 s");
	finds_in("commits",
		 "[{\"commit\":2,\"state\":\"failed\"},{\"commit\":1,\"state\":\"pending\"}]",
		 "warning", "commit", "commit 2, failed while it was applied");
	finds_in("commits", "[{\"commit\":null,\"state\":\"refused\",\"why\":\"c:3:1: no\"}]",
		 "error", "commit",
		 "the files were refused at the start, what was committed before runs: c:3:1: no");
	finds_in("commits", "[{\"commit\":2,\"state\":\"returned\"}]", "note", "commit",
		 "commit 2, was not confirmed and was taken back");
}

static void test_keep_in(void **state)
{
	static const char kept[] =
		"[{\"prefix\":\"10.0.0.0/8\",\"protocol\":\"keep-in\",\"selected\":true,"
		"\"installed\":true,\"next-hops\":[]}]";

	finds_in("route", kept, "note", "keep-in", "it is kept in: no tunnel");
	finds_in("route",
		 "[{\"prefix\":\"10.0.0.0/8\",\"protocol\":\"keep-in\",\"plane\":\"lab\"}]", "note",
		 "keep-in", "it is kept in in plane lab: no tunnel");
	finds_in("route",
		 "[{\"prefix\":\"192.0.2.1/32\",\"protocol\":\"pin\",\"error\":\"No buffer\"}]",
		 "warning", "keep-in", "outside the tunnels: No buffer");
	answer_of("route")->rows = DEFAULT_BY("eth0");
	run("doctor");
	says("=> healthy: 0 errors, 0 warnings, 0 notes");
	answer_of("configuration")->head = "{\"wgbgp-rib:rib\":{\"keep-in\":\"off\"}}";
	finds("warning", "keep-in", "packets for what lies behind it leave by eth0 in the clear");
	says("rib { keep-in permit; }");
	answer_of("route")->rows = DEFAULT_BY("wg0"); /* by a tunnel, too */
	run("doctor");
	says("=> healthy: 0 errors, 0 warnings, 0 notes");
	answer_of("route")->rows = DEFAULT_BY("eth0");
	answer_of("configuration")->head =
		"{\"wgbgp-wireguard:wireguard\":{\"interface\":[{\"name\":\"wg0\",\"peer\":["
		"{\"name\":\"x\"},{\"name\":\"site-a\",\"keep-in\":\"off\"}]}]}}";
	finds("warning", "keep-in", "leave by eth0 in the clear");
	says("\"peer\": \"site-a\"");
	says("\"advice\": \"keep-in permit;\"");
}

#define BEATEN(state) BEATEN_BY(state, "10.99.0.2")
#define BEATEN_BY(state, hop)                                                                    \
	"[{\"prefix\":\"192.168.2.0/24\",\"paths\":[{\"best\":false,\"eligible\":false,"         \
	"\"reason\":\"lost-to-protocol\",\"reason-text\":\"lower distance\",\"next-hop-state\":" \
	"\"" state "\",\"from\":\"10.99.0.2\",\"next-hop\":\"" hop "\"}]}]"

/* A route to nowhere in front of a path that works is an error, in front of a dead one it is not.
 */
static void test_blackhole(void **state)
{
	kernel_error = -EINVAL;
	finds("error", "route", "a blackhole or an unreachable route is in front");
	answer_of("route")->rows = "[]";
	finds_in("bgp-routes", BEATEN("up"), "error", "blackhole", "beats a path that works");
	finds_in("bgp-routes", BEATEN_BY("up", "10.99.0.2%wg0"), "error", "blackhole",
		 "beats a path that works");
	answer_of("bgp-routes")->rows = BEATEN("down");
	assert_int_equal(run("doctor"), 0);
	kernel_error = 0;
	kernel_answer = (struct kernel_route){.interface = "lan0"};
	answer_of("wireguard")->rows = INTERFACE("", PEER("site-a", "[\"10.0.0.0/8\"]"));
	answer_of("bgp-routes")->rows = BEATEN("up");
	run("doctor");
	if (strstr(out_text, "beats a path"))
		fail_msg("%s", out_text);
}

/* Of next hops that share the traffic any is right. */
static void test_shared_traffic(void **state)
{
	answer_of("route")->rows =
		"[{\"prefix\":\"192.168.2.0/24\",\"protocol\":\"bgp\",\"selected\":true,"
		"\"installed\":true,\"next-hops\":[{\"interface\":\"wg0\",\"active\":true},"
		"{\"interface\":\"wg1\",\"active\":true}]}]";
	if (run("doctor") != 0)
		fail_msg("%s", out_text);
}

#define LEARNED(prefix)                                                                         \
	"{\"prefix\":\"" prefix "\",\"plane\":\"main\",\"protocol\":\"bgp\",\"selected\":true," \
	"\"installed\":true,\"next-hops\":[{\"interface\":\"wg0\",\"active\":true}]}"
#define CONNECTED(prefix)                                                                        \
	"{\"prefix\":\"" prefix "\",\"plane\":\"main\",\"protocol\":\"connected\",\"selected\":" \
	"true,\"installed\":true,\"next-hops\":[{\"interface\":\"lan0\",\"active\":true}]}"

/* Things that are fine by themselves and do not fit together. */
static void test_misfits(void **state)
{
	finds_in("route", "[" CONNECTED("192.168.1.0/24") "," LEARNED("192.168.1.128/25") "]",
		 "warning", "own-network",
		 "lies inside of our own network 192.168.1.0/24 on lan0: its hosts are looked for "
		 "by "
		 "wg0");
	answer_of("route")->rows =
		"[" LEARNED("192.168.0.0/16") "," CONNECTED("192.168.1.0/24") "]";
	if (run("doctor") != 0)
		fail_msg("%s", out_text);
	answer_of("route")->rows = "[" LEARNED("192.168.2.0/24") "]";
	finds_in("bgp-neighbors",
		 "[{\"address\":\"10.99.0.7\",\"state\":\"active\",\"tunnel\":null}]", "error",
		 "session", "the session is active");
	answer_of("wireguard")->rows = INTERFACE("\"addresses\":[\"10.99.0.1/24\"],",
						 PEER("site-a", "[\"192.168.2.0/24\"]"));
	finds_in("bgp-neighbors",
		 "[{\"address\":\"10.99.0.7\",\"state\":\"active\",\"tunnel\":null}]", "error",
		 "orphan", "no peer there has its address");
	answer_of("wireguard")->rows = "[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,"
				       "\"public-key\":\"K\",\"peers\":[{\"name\":\"site-a\","
				       "\"permit\":[\"192.168.2.0/24\"],\"tunnel-addresses\":"
				       "[\"10.99.0.2\"],\"allowed-ips\":[\"172.16.0.0/12\"]}]}]";
	if (run("doctor") != 0) /* the kernel sends it by wg0 */
		fail_msg("%s", out_text);
	answer_of("route")->rows = "[]";
	answer_of("bgp-routes")->rows = "[]";
	kernel_answer = (struct kernel_route){.interface = "eth0"};
	finds("warning", "static-entry", "packets leave by eth0 in the clear");
	says("`static 172.16.0.0/12 { next-hop 10.99.0.2; }` in `rib`");
	kernel_error = -ENETUNREACH;
	finds("note", "static-entry", "the kernel has no way there");
	answer_of("wireguard")->rows =
		"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,"
		"\"public-key\":\"K\",\"peers\":[{\"name\":\"site-a\","
		"\"permit\":[\"192.168.2.0/24\"],\"tunnel-addresses\":"
		"[\"10.99.0.2\"],\"allowed-ips\":[\"any\",\"0.0.0.0/0\"]}]}]";
	run("doctor"); /* of everything nothing is asked */
	if (strstr(out_text, "static-entry"))
		fail_msg("%s", out_text);
}

/* Neighbors that are not there, and are no orphans. */
static void test_no_orphans(void **state)
{
	static const struct {
		const char *interface, *neighbor;
	} rows[] = {
		/* it is the far end of a tunnel; in no network of ours; somebody has it in
		   AllowedIPs */
		{"\"addresses\":[\"10.99.0.1/24\"],", "10.99.0.2"},
		{"\"addresses\":[\"10.99.0.1/24\"],", "10.98.0.7"},
		{"\"addresses\":[\"10.97.0.1/16\"],", "10.97.0.7"},
		{"\"addresses\":[\"10.97.0.1/16\"],", "not an address"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *interfaces = xasprintf(
			"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\",%s"
			"\"peers\":[{\"name\":\"x\",\"permit\":[\"192.168.2.0/"
			"24\"],\"allowed-ips\":"
			"[\"10.97.0.0/24\"]}]}]",
			rows[i].interface);
		char *neighbors =
			xasprintf("[{\"address\":\"%s\",\"state\":\"active\"}]", rows[i].neighbor);

		answer_of("wireguard")->rows = interfaces;
		answer_of("bgp-neighbors")->rows = neighbors;
		assert_int_equal(run("doctor"), -1); /* the session */
		if (strstr(out_text, "orphan"))
			fail_msg("%s:\n%s", rows[i].neighbor, out_text);
		free(interfaces);
		free(neighbors);
	}
}

static void test_names(void **state)
{
	static const char unresolved[] =
		"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\",\"peers\":"
		"["
		"{\"name\":\"site-a\",\"permit\":[\"192.168.2.0/24\"],\"configured-endpoints\":[{"
		"\"endpoint\":\"far.example:51820\",\"addresses\":[],\"error\":\"no such name\"}]"
		"}]}]";

	answer_of("wireguard")->rows = unresolved;
	finds("warning", "name", "far.example:51820 is not resolved: no such name");
	finds_in("tunnels",
		 "[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"state\":\"never\",\"endpoint\":"
		 "null}]",
		 "error", "tunnel",
		 "never was a handshake: the name of its endpoint has no address");
}

/* What it leads to is not believed, whatever it led to before. */
static void test_name_inside(void **state)
{
	char *rows = xasprintf(
		"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\",\"peers\":"
		"[{\"name\":\"site-a\",\"permit\":[\"192.168.2.0/24\"],\"configured-endpoints\":[{"
		"\"endpoint\":\"far.example:51820\",\"addresses\":[\"198.51.100.2\"],\"error\":"
		"\"%s\"}]}]}]",
		reason_text(REASON_ENDPOINT_INSIDE));

	answer_of("wireguard")->rows = rows;
	finds("warning", "name", "far.example:51820 is not resolved: found inside what is private");
	free(rows);
}

#define DEAD(state, members)                                             \
	"[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"state\":\"" state \
	"\",\"reason-text\":\"silence\",\"endpoint\":\"198.51.100.2:51820\"" members "}]"
#define BESIDE                                                              \
	",\"x\":1},{\"interface\":\"wg1\",\"peer\":\"c\",\"state\":\"up\"," \
	"\"endpoint\":\"198.51.100.2:51821\""
#define ICMP(name, age) ",\"underlay-error\":\"" name "\",\"underlay-error-seconds\":" age

/* A wrong key, a firewall that drops, one that rejects: as far as they differ from here. */
static void test_causes_of_tunnels(void **state)
{
	static const struct {
		const char *rows, *text;
	} rows[] = {
		{DEAD("never", ""), "a handshake: nothing comes back, no ICMP error either"},
		{DEAD("down", ",\"reason\":\"handshake-never\""),
		 "a handshake: nothing comes back"},
		{DEAD("never", ICMP("port-unreachable", "3")), "nothing listens on that port"},
		{DEAD("down", ICMP("prohibited", "3")), "a firewall on the way rejects"},
		{DEAD("never", ICMP("prohibited", "300")), "nothing comes back"},
		{DEAD("never", BESIDE), "although that address answers in another tunnel"},
		{DEAD("never", ",\"x\":1},{\"interface\":\"wg1\",\"peer\":\"c\",\"state\":\"up\","
			       "\"endpoint\":null"),
		 "a handshake: nothing comes back, no ICMP error either"},
		{DEAD("down", BESIDE), "that address answers in another tunnel"},
		{DEAD("never", ",\"rx-bytes\":148"), "what the far end sends does arrive"},
		{DEAD("down", ICMP("no-route", "0")), "no route to the endpoint"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		finds_in("tunnels", rows[i].rows, "error", "tunnel", rows[i].text);
	/* what was before the last handshake is over */
	answer_of("tunnels")->rows =
		DEAD("down", ICMP("prohibited", "20") ",\"handshake-seconds\":20");
	finds("error", "tunnel", "last handshake 20 seconds ago");
	assert_null(strstr(out_text, "a firewall on the way rejects"));
	answer_of("tunnels")->rows =
		DEAD("down", ICMP("prohibited", "20") ",\"handshake-seconds\":21");
	finds("error", "tunnel", "a firewall on the way rejects");
}

/* The advice fits the last error, or else the last NOTIFICATION. */
static void test_causes_of_sessions(void **state)
{
	static const struct {
		const char *error, *notification, *advice;
	} rows[] = {
		{"sent OPEN Message Error/Bad Peer AS: AS 7 is not the configured one", "",
		 "another AS than `remote-as` says"},
		{"received OPEN Message Error/Bad Peer AS", "", "expects another AS of us"},
		{"cannot connect: Connection refused", "", "nothing listens on the far end's"},
		{"cannot connect: Connection refused", "received Cease/Administrative Shutdown",
		 "nothing listens"},
		{"something else", "received Cease/Administrative Shutdown",
		 "shut down on purpose"},
		{"Connection timed out", "", "not answered: a firewall"},
		{"sent Hold Timer Expired", "", "keepalives got lost"},
		{"sent Send Hold Timer Expired: x", "", "took nothing"},
		{"cannot connect: no answer (has it the same password?)", "", "wrong password"},
		{"cannot connect: no answer", "", "is not answered"},
		{"not connecting: its password-file cannot be read", "", "mode 0600"},
		{"received Send Hold Timer Expired", "", "could send us nothing"},
		{"whatever", "", "is BGP running there"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text =
			xasprintf("[{\"address\":\"10.99.0.2\",\"state\":\"active\",\"last-error\":"
				  "\"%s\",\"last-notification\":\"%s\"}]",
				  rows[i].error, rows[i].notification);

		answer_of("bgp-neighbors")->rows = text;
		assert_int_equal(run("doctor"), -1);
		says(rows[i].error);
		says(rows[i].advice);
		if (*rows[i].notification)
			says("; last NOTIFICATION: received Cease/Administrative Shutdown");
		free(text);
	}
}

/* Of segments without the right password nobody tells but the kernel's counters. */
static void test_passwords(void **state)
{
	static const struct {
		const char *count, *authentication, *state, *text; /* TEXT NULL: no word of it */
	} rows[] = {
		{"TCPMD5Failure", "\"tcp-md5\"", "active", "7 TCP segments with a wrong MD5"},
		{"TCPMD5NotFound", "\"tcp-md5\"", "idle", "signature and 7 without one"},
		{"TCPMD5Unexpected", "null", "active", "7 TCP segments with an MD5 signature that"},
		{"TCPMD5Unexpected", "\"tcp-md5\"", "active", NULL},
		{"TCPMD5Failure", "null", "active", NULL},
		{"TCPMD5Failure", "\"tcp-md5\"", "established", NULL},
		{"TCPMD5Unexpected", "null", "disabled", NULL},
		{NULL, "\"tcp-md5\"", "active", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = xasprintf("[{\"address\":\"10.99.0.2\",\"state\":\"%s\","
				       "\"settings\":{\"authentication\":%s}}]",
				       rows[i].state, rows[i].authentication);

		answer_of("bgp-neighbors")->rows = text;
		tcp_count_name = rows[i].count;
		run("doctor");
		if (rows[i].text)
			says(rows[i].text);
		else if (strstr(out_text, "MD5"))
			fail_msg("row %zu: %s", i, out_text);
		free(text);
	}
	tcp_count_name = NULL;
}

/* A neighbor's words may be long; they are cut, never in the middle of a character. */
static void test_long_words(void **state)
{
	for (size_t n = 480; n < 1100; n++) {
		char *words = xcalloc(1, n + 5), *rows;
		json_t *doc;

		memset(words, 'x', n);
		strcat(words, "\xe2\x82\xac");
		rows = xasprintf("[{\"address\":\"10.99.0.2\",\"state\":\"active\",\"last-error\":"
				 "\"%s\"}]",
				 words);
		answer_of("bgp-neighbors")->rows = rows;
		assert_int_equal(run("doctor json"), -1);
		says("the session is active: xxx");
		doc = document();
		json_decref(doc);
		free(rows);
		free(words);
	}
}

/* The kernel is not asked for each route of a large table. */
static void test_many_routes(void **state)
{
	json_t *rows = json_array();
	char *text;

	for (int i = 0; i < 600; i++)
		json_array_append_new(
			rows, json_pack("{s:o, s:s, s:b, s:b, s:[{s:s, s:b}]}", "prefix",
					json_sprintf("10.%d.%d.0/24", i / 256, i % 256), "protocol",
					"bgp", "selected", true, "installed", true, "next-hops",
					"interface", "wg0", "active", true));
	text = json_dumps(rows, 0);
	json_decref(rows);
	answer_of("route")->rows = text;
	kernel_answer = (struct kernel_route){.interface = "eth0"};
	assert_int_equal(run("doctor"), -1);
	says("=> not healthy: 0 errors, 511 warnings, 0 notes of"); /* and the permit list */
	free(text);
}

static void test_hash_policy(void **state)
{
	static const char shared[] =
		"[{\"prefix\":\"192.168.2.0/24\",\"protocol\":\"bgp\",\"selected\":true,"
		"\"installed\":true,\"next-hops\":[{\"interface\":\"wg0\",\"active\":true},"
		"{\"interface\":\"wg1\",\"active\":true}]}]";

	machine_answer = 0;
	finds_in("route", shared, "note", "hash-policy", "share IPv4 traffic by addresses alone");
	run("doctor");
	if (strstr(out_text, "hash-policy"))
		fail_msg("%s", out_text);
}

static void test_routes(void **state)
{
	kernel_answer = (struct kernel_route){.interface = "eth0"};
	finds("warning", "route", "leaves by eth0");
	kernel_answer = (struct kernel_route){.interface = "wg0"};
	finds_in("rib-summary", "{\"own-addresses-error\":\"no fib\",\"swept\":true}", "error",
		 "nftables", "reaches own addresses of other planes");
	finds_in("rib-summary",
		 "{\"drift-repaired\":3,\"drift-repaired-seconds\":7,\"swept\":true}", "note",
		 "routes", "3 routes were changed");
	finds_in("rib-summary",
		 "{\"beyond-ceiling\":3,\"beyond-ceiling-seconds\":7,\"swept\":true}", "error",
		 "beyond-ceiling", "bgpd asked 3 times");
	finds_in("rib-summary",
		 "{\"beyond-ceiling\":3,\"beyond-ceiling-seconds\":90000,\"swept\":true}", "note",
		 "beyond-ceiling", "it was refused");
	finds_in("rib-summary", "{\"route-errors\":3,\"route-errors-seconds\":7,\"swept\":true}",
		 "warning", "routes", "kernel refused 3");
	finds_in("rib-summary", "{\"route-errors\":3,\"route-errors-seconds\":400,\"swept\":true}",
		 "note", "routes", "kernel refused 3");
	finds_in("rib-summary",
		 "{\"route-errors\":3,\"route-errors-seconds\":90000,\"routes-refused\":2,"
		 "\"swept\":true}",
		 "warning", "routes", "refuses 2 routes");
	finds_in("rib-summary", "{\"swept\":false}", "note", "routes", "swept");
	finds_in("allowed-ips",
		 "[{\"interface\":\"wg0\",\"peer\":\"x\",\"prefix\":\"10.0.0.0/8\",\"origin\":"
		 "\"drift\",\"installed\":false}]",
		 "warning", "allowed-ips", "somebody gave the entry");
	finds_in("allowed-ips",
		 "[{\"interface\":\"wg0\",\"peer\":\"x\",\"prefix\":\"10.0.0.0/8\",\"origin\":"
		 "\"foreign\",\"installed\":true}]",
		 "note", "allowed-ips", "did not make");
}

static void test_nexthop_compat(void **state)
{
	struct canned *rib = answer_of("rib-summary");

	rib->head = "{\"prefixes\":10000,\"nexthop-objects\":2,\"swept\":true}";
	machine_answer = 1;
	finds("note", "nexthop-compat", "each of the 10000 prefixes");
	machine_answer = 2; /* off, as far as it goes */
	assert_int_equal(run("doctor"), 0);
	says("0 notes");
	machine_answer = 1;
	rib->head = "{\"prefixes\":10000,\"nexthop-objects\":0,\"swept\":true}";
	assert_int_equal(run("doctor"), 0);
	says("0 notes");
	rib->head = "{\"prefixes\":500,\"nexthop-objects\":2,\"swept\":true}";
	assert_int_equal(run("doctor"), 0);
	says("0 notes");
}

static void test_machine(void **state)
{
	struct canned *conf = answer_of("configuration");
	const char *had = conf->head;

	machine_answer = 0;
	finds("note", "forwarding", "does not forward IPv6");
	machine_answer = 1;
	answer_of("wireguard")->rows =
		"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\"},"
		"{\"name\":\"wg1\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\"}]";
	finds("warning", "rp-filter", "strict");
	machine_answer = 0;
	answer_of("wireguard")->rows =
		"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\","
		"\"plane\":\"red\"}]";
	finds("warning", "plane-errors", "too big");
	conf->head = "{\"wgbgp-rib:rib\":{\"kernel\":\"off\"}}";
	run("doctor");
	says("0 warnings"); /* such a machine leads nothing by a plane */
	conf->head = had;
	machine_answer = 2;
	clock_answer = 1000;
	finds("error", "clock", "clock is wrong");
}

/* An interface of a plane that forwards IPv4 wants an address of it. */
static void test_plane_address(void **state)
{
	static const char format[] =
		"[{\"name\":\"wg0\",\"state\":\"ready\",\"up\":true,\"public-key\":\"K\","
		"\"plane\":\"%s\",\"addresses\":[%s],"
		"\"peers\":[{\"name\":\"site-a\",\"permit\":[\"%s\"]}]}]";
	static const struct {
		const char *plane, *address, *permit;
		bool found;
	} rows[] = {
		{"red", "\"fd99::1/64\"", "192.168.2.0/24", true},
		{"red", "", "192.168.2.0/24", true},
		{"red", "\"fd99::1/64\",\"10.99.0.1/24\"", "192.168.2.0/24", false},
		{"red", "\"fd99::1/64\"", "fd00:2::/48", false},
		{"main", "\"fd99::1/64\"", "192.168.2.0/24", false},
	};

	machine_answer = 1;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = xasprintf(format, rows[i].plane, rows[i].address, rows[i].permit);

		answer_of("wireguard")->rows = text;
		run("doctor json");
		assert_int_equal(strstr(out_text, "has no IPv4 address") != NULL, rows[i].found);
		answer_of("wireguard")->rows = "[]";
		free(text);
	}
}

/* The same thing many times: some of them, and a count. */
static void test_many(void **state)
{
	json_t *rows = json_array();
	char *text;

	for (int i = 0; i < 100; i++)
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:i, s:s}", "name", "wgd", "state",
						"running", "restarts", i + 1, "last-exit", "x"));
	text = json_dumps(rows, 0);
	answer_of("daemons")->rows = text;
	finds("note", "daemon", "and 95 more like these");
	says("\"notes\": 100");
	json_decref(rows);
	free(text);
}

static void test_nobody_there(void **state)
{
	answer_of("version")->error = "not yet";
	assert_int_equal(run("doctor json"), -1);
	json_decref(document());
	assert_non_null(strstr(err_text, "not yet"));
}

static void test_metrics(void **state)
{
	json_t *doc;

	assert_int_equal(run("show metrics"), 0);
	says("# HELP wgbgp_tunnel_state 1 for the state that the tunnel is in.\n"
	     "# TYPE wgbgp_tunnel_state gauge\n"
	     "wgbgp_tunnel_state{interface=\"wg0\",peer=\"site-a\",plane=\"\",state=\"up\"} 1\n"
	     "wgbgp_tunnel_state{interface=\"wg0\",peer=\"site-a\",plane=\"\",state="
	     "\"degraded\"} 0\n");
	says("wgbgp_tunnel_handshake_time_seconds{interface=\"wg0\",peer=\"site-a\",plane=\"\"}"
	     " 1799999935\n");
	says("wgbgp_bgp_session_up{neighbor=\"10.99.0.2\",plane=\"\",remote_as=\"65001\"} 1\n");
	says("wgbgp_bgp_prefixes_accepted{neighbor=\"10.99.0.2\",plane=\"\",family=\"ipv4-"
	     "unicast\"} 2\n");
	says("wgbgp_rib_prefixes 7\n");
	says("wgbgp_drill_time_seconds{interface=\"wg0\",peer=\"site-a\"} 6\n");
	assert_int_equal(run("show metrics json"), 0);
	doc = document();
	assert_true(json_array_size(json_object_get(doc, "metrics")) > 20);
	json_decref(doc);
	answer_of("rib-summary")->error = "not running";
	assert_int_equal(run("show metrics"), -1);
	says("wgbgp_daemon_up{daemon=\"bgpd\"} 1\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, canned_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_healthy),
		TEST(test_old_trouble),
		TEST(test_daemons),
		TEST(test_privileges),
		TEST(test_key_files),
		TEST(test_one_way),
		TEST(test_one_way_nested),
		TEST(test_interfaces),
		TEST(test_own_rules),
		TEST(test_own_rules_of_sessions),
		TEST(test_tunnels),
		TEST(test_neighbors),
		TEST(test_paths),
		TEST(test_routes),
		TEST(test_machine),
		TEST(test_plane_address),
		TEST(test_many),
		TEST(test_nobody_there),
		TEST(test_metrics),
		TEST(test_misfits),
		TEST(test_no_orphans),
		TEST(test_names),
		TEST(test_name_inside),
		TEST(test_causes_of_tunnels),
		TEST(test_causes_of_sessions),
		TEST(test_passwords),
		TEST(test_hash_policy),
		TEST(test_long_words),
		TEST(test_many_routes),
		TEST(test_nexthop_compat),
		TEST(test_planes),
		TEST(test_blackhole),
		TEST(test_last_change),
		TEST(test_keep_in),
		TEST(test_shared_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
