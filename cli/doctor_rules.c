/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_rules.h"

#include <netinet/in.h>
#include <stdlib.h>

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
	json_t *rules, *tunnels, *interfaces, *neighbors;
	uint16_t listen_port; /* of BGP */
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

	if (f->tunnels)
		return;
	f->rules = ruleset_read(&why);
	f->tunnels = rows_of(s, "tunnels", "tunnels");
	f->interfaces = rows_of(s, "wireguard", "interfaces");
	f->neighbors = rows_of(s, "bgp-neighbors", "neighbors");
	conf = rules_ask(s, json_pack("{s:s, s:s}", "command", "configuration", "format", "json"));
	f->listen_port = (uint16_t)conf_u32(conf_get(conf, "bgp"), "listen-port", BGP_PORT);
	json_decref(conf);
}

/* The chain that drops such a packet for certain, or NULL. */
static const char *chain_of(const struct facts *f, const struct firewall_packet *p, char *where,
			    size_t size)
{
	bool in = p->in == NULL || *p->in;
	const char *const hooks[] = {in ? "prerouting" : "output", in ? "input" : "postrouting"};

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (firewall_judge(f->rules, hooks[i], p, where, size) == FIREWALL_DROPS)
			return where;
	return NULL;
}

static void say(json_t *finding, const char *chain, const char *what,
		const struct firewall_packet *p, const char *where)
{
	const char *protocol = p->protocol == IPPROTO_UDP ? "UDP" : "TCP";
	char *text = xasprintf("%s: chain %s of this machine drops what %s %s port %u%s",
			       str_of(finding, "text"), chain, what, protocol, p->port, where);
	char *advice =
		xasprintf("let %s to port %u%s pass in that chain", protocol, p->port, where);

	json_object_set_new(finding, "text", json_string(text));
	json_object_set_new(finding, "advice", json_string(advice));
	free(advice);
	free(text);
}

/* Packets that come to us, and ours. Where we send, too, what comes may be taken for an answer. */
static void look_at_tunnel(const struct facts *f, json_t *finding)
{
	const char *interface = str_of(finding, "interface");
	const json_t *tunnel = row_of_tunnel(f->tunnels, interface, str_of(finding, "peer"));
	const json_t *own = row_named(f->interfaces, interface);
	struct kernel_route k = {.interface = ""};
	struct firewall_packet in = {.out = "", .protocol = IPPROTO_UDP}, out;
	char where[256];
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
	if (in.port && chain_of(f, &in, where, sizeof(where)))
		say(finding, where, "comes to", &in, "");
	else if (known && chain_of(f, &out, where, sizeof(where)))
		say(finding, where, "goes to", &out, " of the endpoint");
}

/* Either end may begin: the first packets of connections to our port, and to the neighbor's. */
static void look_at_session(const struct facts *f, json_t *finding)
{
	const char *neighbor = str_of(finding, "neighbor");
	const json_t *row = row_with(f->neighbors, "address", neighbor);
	struct firewall_packet in = {.out = "", .protocol = IPPROTO_TCP, .port = f->listen_port};
	struct firewall_packet out;
	struct kernel_route k;
	char where[256];

	if (addr_parse(neighbor, &in.from) < 0)
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
	if (chain_of(f, &in, where, sizeof(where)))
		say(finding, where, "comes to", &in, "");
	else if (!is_true(row, "passive") && chain_of(f, &out, where, sizeof(where)))
		say(finding, where, "goes to", &out, " of the neighbor");
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
