/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_rules.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "firewall.h"
#include "kernel_route.h"
#include "members.h"
#include "messages.h"
#include "ruleset.h"
#include "session.h"
#include "util.h"

#define BGP_PORT 179

/* What is looked at, read when the first of such findings is met. */
struct facts {
	bool read;
	json_t *rules, *tunnels, *interfaces, *neighbors; /* NULL: none */
	uint16_t listen_port;				  /* of BGP */
};

/* An error of CHECK that is about OF, a member. */
static bool is_error_of(const json_t *finding, const char *check, const char *of)
{
	return str_eq(str_of(finding, "check"), check) &&
	       str_eq(str_of(finding, "severity"), "error") && is_set(finding, of);
}

static json_t *rules_ask(struct cli_session *s, json_t *request)
{
	char error[MSG_ERROR_MAX];
	json_t *answer = client_ask(s->client, request, error, sizeof(error));

	json_decref(request);
	return answer;
}

static json_t *rows_of(struct cli_session *s, const char *command, const char *list)
{
	json_t *answer = rules_ask(s, json_pack("{s:s}", "command", command));
	json_t *rows = json_incref(json_object_get(answer, list));

	json_decref(answer);
	return rows;
}

static void facts_read(struct facts *f, struct cli_session *s)
{
	const char *why;
	json_t *conf;

	if (f->read)
		return;
	f->read = true;
	f->rules = ruleset_read(&why);
	f->tunnels = rows_of(s, "tunnels", "tunnels");
	f->interfaces = rows_of(s, "wireguard", "interfaces");
	f->neighbors = rows_of(s, "bgp-neighbors", "neighbors");
	conf = rules_ask(s, json_pack("{s:s, s:s}", "command", "configuration", "format", "json"));
	f->listen_port = (uint16_t)conf_u32(conf_get(conf, "bgp"), "listen-port", BGP_PORT);
	json_decref(conf);
}

/* A chain that drops packets for certain. */
struct culprit {
	char chain[256];
	const char *packets; /* of which */
	uint16_t port;
	const char *whose; /* the port */
};

/* Into C->chain. */
static bool is_dropped(const struct facts *f, const struct firewall_packet *p, struct culprit *c)
{
	bool in = p->in == NULL || *p->in;
	const char *const hooks[] = {in ? "prerouting" : "output", in ? "input" : "postrouting"};

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (firewall_judge(f->rules, hooks[i], p, c->chain, sizeof(c->chain)) ==
		    FIREWALL_DROPS)
			return true;
	return false;
}

static void finding_set(json_t *finding, const char *member, char *text)
{
	json_object_set_new(finding, member, json_string(text));
	free(text);
}

/* It is the cause. */
static void blame(json_t *finding, const struct culprit *c)
{
	finding_set(finding, "text",
		    xasprintf("%s: chain %s of this machine drops what %s port %u%s",
			      str_of(finding, "text"), c->chain, c->packets, c->port, c->whose));
	finding_set(finding, "advice", xasprintf("let that pass in chain %s", c->chain));
}

/* It may be: where the other end begins, say. */
static void suspect(json_t *finding, const struct culprit *c)
{
	const char *advice = str_of(finding, "advice");

	finding_set(finding, "advice",
		    xasprintf("%s%schain %s of this machine drops what %s port %u%s", advice,
			      *advice ? "; besides, " : "", c->chain, c->packets, c->port,
			      c->whose));
}

/* Packets that come to us, and ours. Where we send, too, what comes may be taken for an answer. */
static void look_at_tunnel(const struct facts *f, json_t *finding)
{
	const char *interface = str_of(finding, "interface");
	const json_t *tunnel = row_of_tunnel(f->tunnels, interface, str_of(finding, "peer"));
	const json_t *own = row_named(f->interfaces, interface);
	struct kernel_route k = {.interface = ""};
	struct firewall_packet in = {.out = "", .protocol = IPPROTO_UDP}, out;
	struct culprit c;
	struct endpoint e = {0};
	bool known = endpoint_parse(str_of(tunnel, "endpoint"), &e) == 0;

	if (known && kernel_route_get_marked(&e.addr, (uint32_t)int_of(tunnel, "fwmark"), &k) == 0)
		in.in = k.interface;
	in.from.family = in.to.family = known ? e.addr.family : AF_INET;
	in.port = (uint16_t)int_of(own, "listen-port");
	in.perhaps_known = known;
	out = in;
	out.in = "";
	out.out = in.in;
	out.to = e.addr;
	out.port = known ? e.port : 0;
	c = (struct culprit){.packets = "comes to UDP", .port = in.port, .whose = ""};
	if (in.port && is_dropped(f, &in, &c)) {
		blame(finding, &c);
		return;
	}
	c = (struct culprit){
		.packets = "goes to UDP", .port = out.port, .whose = " of the endpoint"};
	if (known && is_dropped(f, &out, &c))
		blame(finding, &c);
}

/* TCP does pass, or cannot, whatever the rules are. */
static bool rules_do_not_matter(const json_t *neighbor)
{
	return str_eq(str_of(json_object_get(neighbor, "tunnel"), "reach"), "down") ||
	       strstr(str_of(neighbor, "last-error"), "OPEN Message Error");
}

/* Either end may begin: the first packets of connections to our port, and to the neighbor's. It is
 * enough that one of them can, so rules are to blame where they drop both. */
static void look_at_session(const struct facts *f, json_t *finding)
{
	const char *neighbor = str_of(finding, "neighbor");
	const json_t *row = row_with(f->neighbors, "address", neighbor);
	struct firewall_packet in = {.out = "", .protocol = IPPROTO_TCP, .port = f->listen_port};
	struct culprit c_in = {.packets = "comes to TCP", .port = f->listen_port, .whose = ""};
	struct culprit c_out = {.packets = "goes to TCP", .whose = " of the neighbor"};
	bool calls = !is_true(row, "passive"), in_dropped, out_dropped;
	struct firewall_packet out;
	struct kernel_route k;

	if (rules_do_not_matter(row) || addr_parse(neighbor, &in.from) < 0)
		return;
	in.to.family = in.from.family;
	if (is_set(finding, "interface"))
		in.in = str_of(finding, "interface");
	else if (kernel_route_get(&in.from, &k) == 0)
		in.in = k.interface;
	out = in;
	out.in = "";
	out.out = in.in;
	out.from = in.to;
	out.to = in.from;
	out.port = (uint16_t)conf_u32(json_object_get(row, "settings"), "port", BGP_PORT);
	c_out.port = out.port;
	in_dropped = is_dropped(f, &in, &c_in);
	out_dropped = calls && is_dropped(f, &out, &c_out);
	if (in_dropped && (out_dropped || !calls))
		blame(finding, &c_in);
	else if (in_dropped || out_dropped)
		suspect(finding, in_dropped ? &c_in : &c_out);
}

void doctor_ask_rules(struct cli_session *s, json_t *doc)
{
	struct facts f = {0};
	json_t *finding;
	size_t i;

	json_array_foreach (json_object_get(doc, "findings"), i, finding) {
		bool session = is_error_of(finding, "session", "neighbor");

		if (!session && !is_error_of(finding, "tunnel", "peer"))
			continue;
		facts_read(&f, s);
		if (f.rules)
			(session ? look_at_session : look_at_tunnel)(&f, finding);
	}
	json_decref(f.rules);
	json_decref(f.neighbors);
	json_decref(f.tunnels);
	json_decref(f.interfaces);
}
