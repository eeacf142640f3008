/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "await.h"
#include "configure.h"
#include "doctor.h"
#include "drain.h"
#include "explain.h"
#include "export.h"
#include "habits.h"
#include "import.h"
#include "interfaces.h"
#include "keys.h"
#include "log.h"
#include "messages.h"
#include "show_metrics.h"
#include "plan.h"
#include "prefix.h"
#include "reach.h"
#include "routes.h"
#include "session.h"
#include "story.h"
#include "util.h"

static bool is_prefix(const char *text)
{
	struct prefix p;

	return strchr(text, '/') && prefix_parse(text, &p) == 0;
}

static bool is_address(const char *text)
{
	struct addr a;

	return addr_parse(text, &a) == 0;
}

/* An address, with an interface behind it where it is a link-local one. */
static bool is_neighbor(const char *text)
{
	size_t len = strcspn(text, "%");
	char *address = xasprintf("%.*s", (int)len, text);
	bool ok = is_address(address) && !str_eq(text + len, "%");

	free(address);
	return ok;
}

static bool is_destination(const char *text)
{
	return is_address(text) || is_prefix(text);
}

static bool is_number(const char *text)
{
	return *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);
}

static bool is_event(const char *text)
{
	return log_event_known(text);
}

/* A beginning of a word counts as typing errors do not: at least it must look like a name. */
static bool is_interface(const char *text)
{
	return *text && strlen(text) < IF_NAMESIZE && !strchr(text, '/');
}

static bool is_peer(const char *text)
{
	return *text && strlen(text) < MSG_NAME_MAX && !strchr(text, '/');
}

/* Minutes, or seconds as in 30s. */
static bool is_wait(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits < 6 && (!text[digits] || str_eq(text + digits, "s"));
}

/* A name or an address; what begins with a dash would be an option of the program. */
static bool is_host(const char *text)
{
	return *text && *text != '-';
}

static bool is_route_protocol(const char *text)
{
	static const char *const names[] = {"bgp",    "connected", "kernel", "keep-in",
					    "static", "tunnel",	   "pin"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(text, names[i]))
			return true;
	return false;
}

static bool is_addresses(const char *text)
{
	char *copy = xstrdup(text), *save, *one;
	bool ok = *text;

	for (one = strtok_r(copy, ",", &save); one && ok; one = strtok_r(NULL, ",", &save))
		ok = is_address(one);
	free(copy);
	return ok;
}

static bool is_prefixes(const char *text)
{
	char *copy = xstrdup(text), *save, *one;
	struct prefix p;
	bool ok = *text;

	for (one = strtok_r(copy, ",", &save); one && ok; one = strtok_r(NULL, ",", &save))
		ok = prefix_parse(one, &p) == 0;
	free(copy);
	return ok;
}

#define IN_NAMES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:"

static bool is_servers(const char *text)
{
	return *text && strspn(text, IN_NAMES ",") == strlen(text);
}

static bool is_outer_address(const char *text)
{
	return is_host(text) && strspn(text, IN_NAMES "[]") == strlen(text);
}

static bool is_text(const char *text)
{
	return *text;
}

static bool is_name(const char *text)
{
	return *text && !strpbrk(text, "/:%");
}

/* Words that add nothing to the request, that add a member, and places for a text that is checked.
 */
#define PLAIN(word, help)                                \
	{                                                \
		word, help, NULL, NULL, NULL, NULL, NULL \
	}
#define SAYS(word, help, key, value)                     \
	{                                                \
		word, help, key, value, NULL, NULL, NULL \
	}
#define VALUE(word, help, key, check)                    \
	{                                                \
		word, help, key, NULL, check, NULL, NULL \
	}

static const struct cli_word words[] = {
	SAYS("advertised-routes", "what we send to this neighbor", "direction", "advertised"),
	SAYS("all", "every neighbor", "neighbor", "all"),
	PLAIN("allowed-ips", "entries in WireGuard's own forwarding table, and whose they are"),
	PLAIN("bfd", "BFD sessions over the tunnels"),
	PLAIN("below", "what is quiet: bytes a second, each way"),
	PLAIN("bgp", "sessions and paths"),
	PLAIN("check", "only say what would change, and whether it would be refused"),
	PLAIN("clear", "reset sessions, ask for routes again, or forget what is kept in"),
	PLAIN("comment", "a word on why, in quotes"),
	PLAIN("commits", "changes of the configuration"),
	PLAIN("configuration", "the configuration"),
	PLAIN("conf", "the same as configure"),
	PLAIN("configure", "edit a candidate of the configuration, and commit it"),
	PLAIN("confirm", "what is on trial stays"),
	PLAIN("confirmed", "it takes itself back unless it is confirmed"),
	PLAIN("daemons", "the processes of wgbgp"),
	PLAIN("doctor", "look for what is wrong, and say what to do about it"),
	PLAIN("drain", "move traffic away from a tunnel without loss, and say when it is quiet"),
	PLAIN("drill", "take a tunnel down for some seconds and measure what comes of it"),
	PLAIN("drills", "what drills measured"),
	SAYS("exclusive", "nobody else commits or reloads meanwhile", "exclusive", "true"),
	PLAIN("exit", "leave"),
	PLAIN("for", "how long"),
	PLAIN("expect", "what must not be lost while it is on trial"),
	PLAIN("explain", "follow a destination through every table and say where it ends"),
	PLAIN("from", "packets with one source"),
	PLAIN("endpoint", "how this machine is reached from outside"),
	PLAIN("dns", "name servers of the client"),
	PLAIN("export", "what a far end needs, as its own file"),
	PLAIN("genkey", "a new private key"),
	PLAIN("genpsk", "a new key that two ends share besides their own"),
	PLAIN("help", "list all commands"),
	PLAIN("history", "the last events, of all daemons in one order"),
	PLAIN("import", "what others set up, as statements of our configuration"),
	SAYS("in", "ask the neighbor for its routes again, apply import", "soft", "in"),
	PLAIN("interface", "one interface"),
	SAYS("ip", "IPv4, as other routers call it", "family", "ipv4"),
	SAYS("ipv4", "IPv4 only", "family", "ipv4"),
	SAYS("ipv6", "IPv6 only", "family", "ipv6"),
	PLAIN("json", "as JSON"),
	PLAIN("keep-in", "prefixes that are refused where no tunnel has a route for them"),
	PLAIN("lock", "the configuration that somebody has for itself (configure exclusive)"),
	PLAIN("event", "with this event; wgbgp-log(7) has all of them"),
	PLAIN("last", "only so many"),
	PLAIN("log", "logging"),
	PLAIN("logging", "the last lines of the log"),
	PLAIN("level", "least important level that is written"),
	SAYS("longer-prefixes", "this prefix and everything inside it", "longer", "true"),
	PLAIN("metrics", "counters for a monitoring system"),
	PLAIN("monitor", "events as they happen, until Ctrl-C"),
	PLAIN("neighbor", "one BGP neighbor"),
	PLAIN("neighbors", "sessions in detail"),
	PLAIN("nexthops", "next hops and whether they can be reached"),
	SAYS("out", "send our routes again, apply export", "soft", "out"),
	PLAIN("no", "switch off"),
	PLAIN("nftables", "sets kept for the rules of a firewall"),
	PLAIN("output", "into a file"),
	SAYS("overwrite", "also where such a file is there", "overwrite", "true"),
	SAYS("override-guard", "also where a tunnel that guards what is changed is not up",
	     "override-guard", "true"),
	PLAIN("peer", "one tunnel peer"),
	PLAIN("plan", "say what a reload would do"),
	PLAIN("plane", "one plane only"),
	PLAIN("planes", "networks that share this machine and nothing else"),
	PLAIN("pins", "host routes that keep tunnel endpoints on the underlay"),
	PLAIN("prefix", "one prefix"),
	SAYS("probe", "echo requests show what cannot be known from here", "probe", "true"),
	PLAIN("pubkey", "the public key of a private one"),
	PLAIN("private-key", "the client's own, which is not known here"),
	SAYS("qr", "as a QR code on the terminal", "qr", "true"),
	PLAIN("quit", "leave"),
	SAYS("received-routes", "what this neighbor sent, before import", "direction", "received"),
	PLAIN("reload", "read the configuration file again, apply it as one change"),
	PLAIN("rib", "routes of all protocols"),
	PLAIN("rollback", "go back to what was committed before"),
	PLAIN("route", "routes, whether they are installed, and why not"),
	PLAIN("rules", "rules of policy routing: which packets look into which table"),
	SAYS("running", "the one in effect", "source", "running"),
	PLAIN("show", "show state"),
	SAYS("soft", "without ending the session", "soft", "both"),
	PLAIN("stop", "end it now"),
	PLAIN("summary", "one line each"),
	PLAIN("teardown", "remove everything that wgbgp installed"),
	PLAIN("to", "an address behind the tunnel, which gets a stream of echo requests"),
	PLAIN("tunnel", "one tunnel peer"),
	PLAIN("tunnels", "tunnel peers and whether they are alive"),
	PLAIN("timeout", "how long to wait for it"),
	PLAIN("undrain", "let traffic come back to a drained tunnel"),
	PLAIN("unicast", "unicast routes"),
	PLAIN("uplinks", "underlay interfaces that encrypted packets leave by"),
	PLAIN("version", "the program's version"),
	PLAIN("within", "how long to wait for quiet"),
	PLAIN("svg", "as a QR code, into a picture"),
	PLAIN("wg-quick", "a file of wg-quick"),
	PLAIN("wireguard", "interfaces and peers"),
	SAYS("unattended", "refused where nobody would hear that it waits for `confirm`",
	     "unattended", "true"),
	SAYS("empty", "also a file without any interface", "empty", "true"),
	SAYS("error", "only failures", "level", "error"),
	SAYS("warning", "and what should not be", "level", "warning"),
	SAYS("info", "and events of normal operation", "level", "info"),
	SAYS("debug", "and everything else: each event", "level", "debug"),
	VALUE("BACK", "commits ago; 0: the last one, without what is on trial", "back", is_number),
	VALUE("TEXT", "a text, in quotes where it has blanks", "comment", is_text),
	VALUE("WAIT", "minutes, or seconds as in 30s", "confirmed", is_wait),
	VALUE("ADDRESS", "an IP address: what covers it", "address", is_address),
	VALUE("ENDPOINT", "how this machine is reached from outside: ADDRESS[:PORT], or a name",
	      "endpoint", is_outer_address),
	VALUE("KEYFILE", "a file with the client's private key", "private-key", is_text),
	VALUE("PREFIXES", "what the client reaches through us, with commas", "allowed-ips",
	      is_prefixes),
	VALUE("SERVERS", "name servers and search domains, with commas", "dns", is_servers),
	VALUE("PICTURE", "a new file", "svg", is_text),
	VALUE("FILE", "a file", "file", is_text),
	VALUE("OUTPUT", "a new file", "output", is_text),
	VALUE("BYTES", "bytes a second", "below", is_number),
	VALUE("EVENT", "an event's name", "event", is_event),
	VALUE("COUNT", "only so many, the last ones", "count", is_number),
	VALUE("ADDRESSES", "IP addresses, separated by commas", "expect-ping", is_addresses),
	VALUE("DURATION", "seconds, at most 600", "seconds", is_number),
	VALUE("TARGET", "an IP address that answers echo requests", "to", is_address),
	VALUE("DESTINATION", "an IP address or prefix", "destination", is_destination),
	VALUE("FROM", "an address of this machine, or of a host behind it", "from", is_address),
	{"INTERFACE", "a WireGuard interface's name", "interface", NULL, is_interface, "wireguard",
	 "name"},
	VALUE("MINUTES", "minutes, at most 1440", "minutes", is_number),
	{"NEIGHBOR", "a BGP neighbor's address", "neighbor", NULL, is_neighbor, "bgp-summary",
	 "address"},
	{"PEER", "a tunnel peer's name", "peer", NULL, is_peer, "tunnels", "peer"},
	VALUE("SECONDS", "seconds", "within", is_number),
	{"PLANE", "a plane's name; main is the one of everything that names none", "plane", NULL,
	 is_name, "planes", "name"},
	VALUE("PREFIX", "an IP prefix, address/length", "prefix", is_prefix),
	SAYS("*", "every neighbor", "neighbor", "all"),
	PLAIN("?", "list all commands"),
	PLAIN("brief", "a line each"),
	PLAIN("copy", "as on other routers: there is nothing to copy"),
	PLAIN("count", "how many echo requests"),
	PLAIN("debugging", "whose events are log lines now"),
	SAYS("degraded", "tunnels that may carry, but are not well", CLI_ONLY, "degraded"),
	SAYS("down", "tunnels that are down", CLI_ONLY, "down"),
	PLAIN("disable", "as on other routers: nothing needs it here"),
	PLAIN("enable", "as on other routers: nothing needs it here"),
	PLAIN("end", "as on other routers: this is the outermost level"),
	SAYS("established", "sessions that are up", CLI_ONLY, "established"),
	SAYS("failed", "sessions that are not", CLI_ONLY, "failed"),
	SAYS("idle", "tunnels that nothing is sent to", CLI_ONLY, "idle"),
	PLAIN("file", "to the file"),
	PLAIN("interfaces", "interfaces of this machine"),
	PLAIN("length", "lines of the terminal"),
	PLAIN("list", "list all commands"),
	PLAIN("logout", "leave"),
	PLAIN("memory", "to the file"),
	SAYS("never", "tunnels that never had a handshake", CLI_ONLY, "never"),
	PLAIN("nexthop", "next hops"),
	PLAIN("nht", "next hops"),
	PLAIN("peers", "far ends"),
	PLAIN("ping", "echo requests, by the way that packets take"),
	PLAIN("prefix-list", "which prefixes a policy takes"),
	PLAIN("protocols", "sessions"),
	PLAIN("repeat", "how many echo requests"),
	PLAIN("route-map", "policies"),
	SAYS("routes", "what of it is in our table", "direction", "accepted"),
	PLAIN("running-config", "the configuration in effect"),
	PLAIN("save", "as on other routers: there is nothing to save"),
	PLAIN("source", "from which address"),
	PLAIN("startup-config", "the configuration in its file"),
	PLAIN("status", "of the processes"),
	PLAIN("terminal", "of this terminal"),
	PLAIN("traceroute", "which routers are on the way"),
	PLAIN("undebug", "end what debug began"),
	SAYS("up", "tunnels that are up", CLI_ONLY, "up"),
	PLAIN("vrf", "a plane"),
	PLAIN("--output", "into a file"),
	PLAIN("wait", "until a tunnel is in a state"),
	PLAIN("watch", "run a command that shows something again and again"),
	PLAIN("wg", "interfaces and peers, as wg(8) shows them"),
	PLAIN("write", "as on other routers: there is nothing to write"),
	VALUE("COMMAND", "what shows something", "command", is_text),
	VALUE("ENTRY", "which of them", "entry", is_text),
	VALUE("HOST", "an address, a name, or a tunnel peer", "host", is_host),
	VALUE("LINES", "0: no pager", "lines", is_number),
	VALUE("PINGS", "how many", "count", is_number),
	VALUE("PROTOCOL", "bgp, connected, static, kernel, tunnel, pin or keep-in", CLI_ONLY,
	      is_route_protocol),
	VALUE("SECTION", "what kind of statement", "section", is_text),
	VALUE("SOURCE", "an address of this machine, or an interface", "source", is_host),
	{"TUNNEL", "a tunnel peer's name", CLI_ONLY, NULL, is_peer, "tunnels", "peer"},
};

static int run_kept(struct cli_session *s, const struct cli_line *line)
{
	json_object_set_new(line->request, "source", json_string("rollback"));
	return session_request(s, line);
}

static int run_exit(struct cli_session *s, const struct cli_line *line)
{
	s->quit = true;
	return 0;
}

static int run_help(struct cli_session *s, const struct cli_line *line)
{
	for (size_t i = 0; i < cli_commands.n_rows; i++) {
		const struct cli_row *row = &cli_commands.rows[i];

		if (!(row->flags & CLI_SYNONYM))
			fprintf(s->out, "%s%s\n    %s\n", row->words,
				row->flags & CLI_SHOW ? " [json]" : "", row->help);
	}
	return 0;
}

static const struct cli_row rows[] = {
	{"show bgp summary [established|failed]", "bgp-summary", CLI_SHOW, NULL,
	 "sessions, a line each"},
	{"show bgp ipv4|ipv6 unicast summary [established|failed]", "bgp-summary", CLI_SHOW, NULL,
	 "sessions, a line each"},
	{"show bgp ipv4|ipv6 summary [established|failed]", "bgp-summary", CLI_SHOW, NULL,
	 "sessions, a line each"},
	{"show ip bgp summary [established|failed]", "bgp-summary", CLI_SHOW, NULL,
	 "sessions, a line each"},
	{"show bgp neighbors [NEIGHBOR]", "bgp-neighbors", CLI_SHOW, NULL, "sessions in detail"},
	{"show ip bgp neighbors [NEIGHBOR]", "bgp-neighbors", CLI_SHOW, NULL, "sessions in detail"},
	{"show bgp neighbors NEIGHBOR received-routes|advertised-routes|routes", "bgp-routes",
	 CLI_SHOW | CLI_BRIEF, NULL,
	 "what a neighbor sent before import, gets from us, or sent behind import"},
	{"show bgp [PREFIX [longer-prefixes]]", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the BGP table, or all about one prefix"},
	{"show bgp ADDRESS", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "every prefix of the BGP table that covers an address"},
	{"show bgp ipv4|ipv6 [PREFIX [longer-prefixes]]", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the same of one family"},
	{"show bgp ipv4|ipv6 ADDRESS", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the same of one family"},
	{"show bgp ipv4|ipv6 unicast [PREFIX [longer-prefixes]]", "bgp-routes",
	 CLI_SHOW | CLI_BRIEF, NULL, "the same, in other routers' words"},
	{"show bgp ipv4|ipv6 unicast ADDRESS", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the same, in other routers' words"},
	{"show ip bgp ADDRESS", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the same, in other routers' words"},
	{"show ip bgp [PREFIX [longer-prefixes]]", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the same, in other routers' words"},
	{"show bgp plane PLANE [ipv4|ipv6]", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the BGP table of one plane"},
	{"show bgp plane PLANE PREFIX [longer-prefixes]", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the same, one prefix"},
	{"show bgp plane PLANE ADDRESS", "bgp-routes", CLI_SHOW | CLI_BRIEF, NULL,
	 "the same, every prefix that covers an address"},
	{"show route plane PLANE [PREFIX [longer-prefixes]]", "route", CLI_SHOW, routes_run,
	 "routes of one plane"},
	{"show route plane PLANE ADDRESS", "route", CLI_SHOW, routes_run,
	 "the route that an address takes in one plane"},
	{"show planes", "planes", CLI_SHOW, NULL, "planes: their tables, interfaces and counts"},
	{"show route [PREFIX [longer-prefixes]]", "route", CLI_SHOW, routes_run,
	 "routes of all protocols, what is installed and why not"},
	{"show route ADDRESS", "route", CLI_SHOW, routes_run, "the route that an address takes"},
	{"show ip|ipv4|ipv6 route [PREFIX [longer-prefixes]]", "route", CLI_SHOW, routes_run,
	 "routes of one family"},
	{"show ip|ipv4|ipv6 route ADDRESS", "route", CLI_SHOW, routes_run,
	 "the route that an address takes"},
	{"show nexthops", "nexthops", CLI_SHOW, NULL,
	 "next hops: which interface and tunnel peer, reachable or why not"},
	{"show pins", "pins", CLI_SHOW, NULL, "tunnel endpoints pinned to the underlay"},
	{"show keep-in [PREFIX]", "keep-in", CLI_SHOW, NULL,
	 "prefixes that are refused where no tunnel has a route for them"},
	{"show rules", "rules", CLI_SHOW, NULL,
	 "our rules of policy routing, and whether the kernel has them"},
	{"show uplinks", "uplinks", CLI_SHOW, NULL,
	 "the underlay interface of each tunnel interface that is bound to one"},
	{"show nftables", "nftables-sets", CLI_SHOW, NULL,
	 "the sets kept for a firewall's rules, by plane"},
	{"show rib summary", "rib-summary", CLI_SHOW, NULL, "counts of routes, queues and repairs"},
	{"show wireguard [INTERFACE]", "wireguard", CLI_SHOW, NULL, "interfaces and peers"},
	{"show tunnels [up|degraded|down|idle|never]", "tunnels", CLI_SHOW, NULL,
	 "tunnel peers, alive or not, and why"},
	{"show tunnels TUNNEL", "tunnels", CLI_SHOW, NULL, "the same of one"},
	{"show bfd", "bfd", CLI_SHOW, NULL,
	 "BFD sessions: state, timers in force, what ended them last"},
	{"show allowed-ips [INTERFACE]", "allowed-ips", CLI_SHOW, NULL,
	 "AllowedIPs entries: whose, where from, installed or not"},
	{"show configuration [running]", "configuration", CLI_SHOW | CLI_FORMAT, NULL,
	 "the configuration in effect"},
	{"show configuration rollback BACK", "configuration", CLI_SHOW | CLI_FORMAT, run_kept,
	 "one that was committed before"},
	{"show commits", "commits", CLI_SHOW, NULL,
	 "changes of the configuration: who, when, what, and what for"},
	{"show daemons", "daemons", CLI_SHOW, NULL, "the processes of wgbgp"},
	{"show drills", "drills", CLI_SHOW, NULL, "the last drills, and what they measured"},
	{"show history [COUNT]", "history", CLI_SHOW, story_run,
	 "what happened last: messages, decisions, batches, entries, routes, tunnels"},
	{"show history prefix PREFIX [COUNT]", "history", CLI_SHOW, story_run,
	 "the same of one prefix, and of the tunnels and neighbors that it had to do with"},
	{"show history peer PEER [COUNT]", "history", CLI_SHOW, story_run,
	 "the same of a tunnel peer, or of a BGP neighbor by its address"},
	{"show logging {event EVENT, peer PEER, level error|warning|info|debug, last COUNT}",
	 "logging", CLI_SHOW, NULL,
	 "the last lines of the log; of an event, of a tunnel peer, neighbor or interface"},
	{"show debug", "debugs", CLI_SHOW, story_debugs, "whose events are log lines now"},
	{"show metrics", NULL, CLI_SHOW, metrics_run,
	 "all counters in the text format of Prometheus"},
	{"show version", "version", CLI_SHOW, NULL, "the version that is running"},
	{"clear bgp NEIGHBOR|all [soft [in|out]]", "clear", 0, NULL,
	 "reset sessions; soft: only apply policies again"},
	{"clear keep-in [PREFIX]", "clear-keep-in", 0, NULL,
	 "let packets for prefixes that no tunnel has a route for take another one"},
	{"clear lock", "clear-lock", CLI_SIGNED, NULL,
	 "let others change the configuration that somebody has for itself; only root may"},
	{"explain DESTINATION", NULL, CLI_SHOW, explain_run,
	 "follow a destination through every table; fails when it cannot be reached"},
	{"explain plane PLANE DESTINATION", NULL, CLI_SHOW, explain_run,
	 "the same in another plane than the main one"},
	{"explain from FROM DESTINATION [probe]", NULL, CLI_SHOW, explain_run,
	 "the same of packets with that source, and of their answers; its status says the stage"},
	{"explain plane PLANE from FROM DESTINATION [probe]", NULL, CLI_SHOW, explain_run,
	 "the same in another plane than the main one"},
	{"doctor", NULL, CLI_SHOW, doctor_run,
	 "look for what is wrong, and say what to do; fails when something is"},
	{"drain peer PEER [within SECONDS [below BYTES]]", "drain", CLI_SHOW | CLI_LIVE, drain_run,
	 "move traffic away from a tunnel peer, and say when it is quiet"},
	{"drain peer PEER interface INTERFACE [within SECONDS [below BYTES]]", "drain",
	 CLI_SHOW | CLI_LIVE, drain_run,
	 "the same where several interfaces have a peer of that name"},
	{"drain interface INTERFACE [within SECONDS [below BYTES]]", "drain", CLI_SHOW | CLI_LIVE,
	 drain_run, "the same for all peers of an interface"},
	{"drill tunnel PEER [for DURATION [to TARGET]]", "drill", CLI_SHOW | CLI_LIVE, NULL,
	 "take a tunnel down and measure what comes of it; refused where it would hurt"},
	{"drill tunnel PEER interface INTERFACE [for DURATION [to TARGET]]", "drill",
	 CLI_SHOW | CLI_LIVE, NULL, "the same where several interfaces have a peer of that name"},
	{"drill stop", "drill-stop", 0, NULL, "let a tunnel that was cut come back now"},
	{"undrain peer PEER [interface INTERFACE]", "undrain", 0, NULL, "let traffic come back"},
	{"undrain interface INTERFACE", "undrain", 0, NULL,
	 "the same for all peers of an interface"},
	{"wait tunnel PEER up|degraded|down|idle|never [timeout SECONDS]", NULL,
	 CLI_SHOW | CLI_LIVE, await_run,
	 "until a tunnel is in a state, 60 seconds at most; fails when it is not by then"},
	{"wait tunnel PEER interface INTERFACE up|degraded|down|idle|never [timeout SECONDS]", NULL,
	 CLI_SHOW | CLI_LIVE, await_run,
	 "the same where several interfaces have a peer of that name"},
	{"monitor", "monitor", CLI_ENDLESS | CLI_LIVE, NULL, "events as they happen"},
	{"debug neighbor NEIGHBOR [for MINUTES]", "debug", 0, story_debug,
	 "a neighbor's events are log lines for 10 minutes, or so many"},
	{"debug tunnel PEER [for MINUTES]", "debug", 0, story_debug, "the same of a tunnel peer"},
	{"debug prefix PREFIX [for MINUTES]", "debug", 0, story_debug, "the same of a prefix"},
	{"no debug", "debug-off", 0, story_debug, "no events are log lines any more"},
	{"log level error|warning|info|debug", "log-level", 0, NULL,
	 "how much is logged, until the next reload"},
	{"reload {comment TEXT, confirmed WAIT, expect ping ADDRESSES, override-guard, unattended}",
	 "reload", CLI_SIGNED, NULL,
	 "apply the configuration file as one change; confirmed: on trial, it is taken back, files "
	 "too, unless it is confirmed in time, at once when an expected address is lost"},
	{"reload check", "check", 0, NULL,
	 "read and check the file, by all daemons, and change nothing"},
	{"plan", "plan", CLI_SHOW, plan_run,
	 "what a reload would do to interfaces, sessions and prefixes; changes nothing"},
	{"confirm", "confirm", 0, NULL, "what is on trial stays"},
	{"configure|conf [exclusive]", NULL, 0, configure_run,
	 "edit a candidate of the configuration, and commit it"},
	{"configure|conf terminal", NULL, 0, configure_run, "the same, in other routers' words"},
	{"import wg-quick FILE [output OUTPUT [overwrite]]", NULL, 0, import_command,
	 "a file of wg-quick as statements of our configuration; changes nothing that runs"},
	{"import running [output OUTPUT [overwrite]]", NULL, 0, import_command,
	 "the same of the WireGuard interfaces that run"},
	{"export wg-quick INTERFACE PEER {endpoint ENDPOINT, private-key KEYFILE, allowed-ips "
	 "PREFIXES, dns SERVERS, output OUTPUT, qr, svg PICTURE, overwrite}",
	 NULL, 0, export_run,
	 "the file of a plain WireGuard client that is this peer, or a QR code of it"},
	{"genkey [FILE [overwrite]]", NULL, 0, keys_genkey,
	 "a new private key into a file that only its owner reads; says the public one"},
	{"genpsk [FILE [overwrite]]", NULL, 0, keys_genpsk, "the same of a preshared key"},
	{"pubkey [FILE]", NULL, 0, keys_pubkey, "the public key of a private one"},
	{"rollback BACK {comment TEXT, confirmed WAIT, expect ping ADDRESSES}", "rollback",
	 CLI_SIGNED, NULL,
	 "apply what was committed so many commits ago, and put it into the files; confirmed: on "
	 "trial like a reload"},
	{"reload empty", "reload", CLI_CONFIRM | CLI_SIGNED, NULL,
	 "apply the file also when it has no interface any more: all tunnels go"},
	{"teardown", "teardown", CLI_CONFIRM, NULL,
	 "remove all routes, AllowedIPs and interfaces of wgbgp, and stop it"},
	{"help", NULL, CLI_LONG, run_help, "this list"},
	{"exit|quit", NULL, 0, run_exit, "leave"},
	{"show interface [INTERFACE]", NULL, CLI_SHOW, interfaces_run,
	 "interfaces of this machine: state, addresses, tunnel peers"},
	{"show route PROTOCOL", "route", CLI_SHOW, NULL, "routes of one protocol"},
	{"ping HOST [count PINGS]", NULL, CLI_LIVE, reach_ping,
	 "echo requests to an address, a name or a tunnel peer"},
	{"ping HOST source SOURCE [count PINGS]", NULL, CLI_LIVE, reach_ping,
	 "the same from an address of this machine"},
	{"ping plane PLANE HOST [count PINGS]", NULL, CLI_LIVE, reach_ping,
	 "the same by the routes of a plane"},
	{"traceroute HOST [source SOURCE]", NULL, CLI_LIVE, reach_trace,
	 "which routers are on the way"},
	{"traceroute plane PLANE HOST", NULL, CLI_LIVE, reach_trace,
	 "the same by the routes of a plane"},
	{"watch SECONDS COMMAND", NULL, 0, run_help,
	 "run a command that shows something again and again: `watch 2 show tunnels`"},
	/* Words of others: FRR, BIRD, wg. */
	{"import wg-quick FILE --output OUTPUT", NULL, CLI_SYNONYM, import_command,
	 "import wg-quick FILE output OUTPUT"},
	{"import running --output OUTPUT", NULL, CLI_SYNONYM, import_command,
	 "import running output OUTPUT"},
	{"show ip bgp neighbors NEIGHBOR received-routes|advertised-routes|routes", "bgp-routes",
	 CLI_SHOW | CLI_BRIEF | CLI_SYNONYM, NULL, "show bgp neighbors"},
	{"show bgp ipv4|ipv6 neighbors [NEIGHBOR]", "bgp-neighbors", CLI_SHOW | CLI_SYNONYM,
	 habits_request, "show bgp neighbors"},
	{"show bgp ipv4|ipv6 neighbors NEIGHBOR received-routes|advertised-routes|routes",
	 "bgp-routes", CLI_SHOW | CLI_BRIEF | CLI_SYNONYM, NULL, "show bgp neighbors"},
	{"show bgp ipv4|ipv6 unicast neighbors [NEIGHBOR]", "bgp-neighbors", CLI_SHOW | CLI_SYNONYM,
	 habits_request, "show bgp neighbors"},
	{"show bgp ipv4|ipv6 unicast neighbors NEIGHBOR received-routes|advertised-routes|routes",
	 "bgp-routes", CLI_SHOW | CLI_BRIEF | CLI_SYNONYM, NULL, "show bgp neighbors"},
	{"show bfd peers [brief]", "bfd", CLI_SHOW | CLI_SYNONYM, NULL, "show bfd"},
	{"show debugging", "debugs", CLI_SHOW | CLI_SYNONYM, story_debugs, "show debug"},
	{"show interface brief", NULL, CLI_SHOW | CLI_SYNONYM, interfaces_run, "show interface"},
	{"show interfaces [INTERFACE]", NULL, CLI_SHOW | CLI_SYNONYM, interfaces_run,
	 "show interface"},
	{"show ip|ipv6 interface [brief]", NULL, CLI_SHOW | CLI_SYNONYM, interfaces_run,
	 "show interface"},
	{"show ip|ipv4|ipv6 route PROTOCOL", "route", CLI_SHOW | CLI_SYNONYM, NULL,
	 "show route PROTOCOL"},
	{"show ip|ipv4|ipv6 route summary", "rib-summary", CLI_SHOW | CLI_SYNONYM, habits_request,
	 "show rib summary"},
	{"show route summary", "rib-summary", CLI_SHOW | CLI_SYNONYM, NULL, "show rib summary"},
	{"show route all", "route", CLI_SHOW | CLI_SYNONYM, habits_request, "show route"},
	{"show route for ADDRESS", "route", CLI_SHOW | CLI_SYNONYM, routes_run,
	 "show route ADDRESS"},
	{"show protocols", "bgp-summary", CLI_SHOW | CLI_SYNONYM, NULL, "show bgp summary"},
	{"show protocols all [NEIGHBOR]", "bgp-neighbors", CLI_SHOW | CLI_SYNONYM, habits_request,
	 "show bgp neighbors"},
	{"show running-config", "configuration", CLI_SHOW | CLI_FORMAT | CLI_SYNONYM, NULL,
	 "show configuration"},
	{"show running-config SECTION [ENTRY]", NULL, CLI_SYNONYM, habits_section,
	 "show configuration | section"},
	{"show startup-config", "configuration", CLI_SHOW | CLI_FORMAT | CLI_SYNONYM, NULL,
	 "show configuration"},
	{"show status", "daemons", CLI_SHOW | CLI_SYNONYM, NULL, "show daemons"},
	{"show wg [INTERFACE]", "wireguard", CLI_SHOW | CLI_SYNONYM, NULL, "show wireguard"},
	{"wg", "wireguard", CLI_SHOW | CLI_SYNONYM, NULL, "show wireguard"},
	{"wg show [INTERFACE]", "wireguard", CLI_SHOW | CLI_SYNONYM, NULL, "show wireguard"},
	{"wg show all", "wireguard", CLI_SHOW | CLI_SYNONYM, habits_request, "show wireguard"},
	{"wg show INTERFACE allowed-ips", "allowed-ips", CLI_SHOW | CLI_SYNONYM, NULL,
	 "show allowed-ips"},
	{"show bgp all", "bgp-routes", CLI_SHOW | CLI_BRIEF | CLI_SYNONYM, habits_request,
	 "show bgp"},
	{"show bgp all summary", "bgp-summary", CLI_SHOW | CLI_SYNONYM, habits_request,
	 "show bgp summary"},
	{"show bgp nexthop", "nexthops", CLI_SHOW | CLI_SYNONYM, NULL, "show nexthops"},
	{"show ip|ipv6 nht", "nexthops", CLI_SHOW | CLI_SYNONYM, habits_request, "show nexthops"},
	{"show bgp vrf PLANE [ipv4|ipv6]", "bgp-routes", CLI_SHOW | CLI_BRIEF | CLI_SYNONYM, NULL,
	 "show bgp plane"},
	{"show ip|ipv6 route vrf PLANE [PREFIX]", "route", CLI_SHOW | CLI_SYNONYM, routes_run,
	 "show route plane"},
	{"show vrf", "planes", CLI_SHOW | CLI_SYNONYM, NULL, "show planes"},
	{"show interfaces summary", NULL, CLI_SHOW | CLI_SYNONYM, interfaces_run, "show interface"},
	{"show peers", "tunnels", CLI_SHOW | CLI_SYNONYM, NULL, "show tunnels"},
	{"show neighbors", "bgp-summary", CLI_SHOW | CLI_SYNONYM, NULL, "show bgp summary"},
	{"show doctor", NULL, CLI_SHOW | CLI_SYNONYM, doctor_run, "doctor"},
	{"show route-map", NULL, CLI_SYNONYM, habits_policy, "where policies are"},
	{"show ip|ipv6 prefix-list", NULL, CLI_SYNONYM, habits_policy, "where policies are"},
	{"terminal monitor", "monitor", CLI_ENDLESS | CLI_LIVE | CLI_SYNONYM, NULL, "monitor"},
	{"save", NULL, CLI_SYNONYM, habits_write, "nothing needs it here"},
	{"list", NULL, CLI_LONG | CLI_SYNONYM, run_help, "help"},
	{"clear bgp *", "clear", CLI_SYNONYM, NULL, "clear bgp all"},
	{"clear bgp * soft [in|out]", "clear", CLI_SYNONYM, NULL, "clear bgp all soft"},
	{"clear bgp NEIGHBOR|all|* in|out", "clear", CLI_SYNONYM, NULL, "clear bgp soft"},
	{"clear ip bgp NEIGHBOR|all|* [soft [in|out]]", "clear", CLI_SYNONYM, habits_request,
	 "clear bgp"},
	{"clear ip bgp NEIGHBOR|all|* in|out", "clear", CLI_SYNONYM, habits_request,
	 "clear bgp soft"},
	{"clear bgp ipv4|ipv6 NEIGHBOR|all|* [soft [in|out]]", "clear", CLI_SYNONYM, habits_request,
	 "clear bgp"},
	{"clear bgp ipv4|ipv6 unicast NEIGHBOR|all|* [soft [in|out]]", "clear", CLI_SYNONYM,
	 habits_request, "clear bgp"},
	{"undebug all", "debug-off", CLI_SYNONYM, story_debug_off, "no debug"},
	{"no debug all", "debug-off", CLI_SYNONYM, story_debug_off, "no debug"},
	{"ping HOST repeat PINGS", NULL, CLI_LIVE | CLI_SYNONYM, reach_ping, "ping HOST count"},
	{"ping ip|ipv6 HOST [count PINGS]", NULL, CLI_LIVE | CLI_SYNONYM, reach_ping, "ping"},
	{"traceroute ip|ipv6 HOST", NULL, CLI_LIVE | CLI_SYNONYM, reach_trace, "traceroute"},
	{"write [memory|file]", NULL, CLI_SYNONYM, habits_write, "nothing needs it here"},
	{"write terminal", "configuration", CLI_SHOW | CLI_FORMAT | CLI_SYNONYM, NULL,
	 "show configuration"},
	{"copy running-config startup-config", NULL, CLI_SYNONYM, habits_write,
	 "nothing needs it here"},
	{"enable|disable", NULL, CLI_SYNONYM, habits_nothing, "nothing needs it here"},
	{"end", NULL, CLI_SYNONYM, habits_nothing, "nothing needs it here"},
	{"terminal length LINES", NULL, CLI_SYNONYM, habits_terminal, "0: no pager"},
	{"logout", NULL, CLI_SYNONYM, run_exit, "leave"},
	{"?", NULL, CLI_LONG | CLI_SYNONYM, run_help, "help"},
};

const struct cli_grammar cli_commands = {rows, ARRAY_SIZE(rows), words, ARRAY_SIZE(words)};
