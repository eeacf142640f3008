/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_rules.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "firewall.h"
#include "kernel_route.h"
#include "members.h"
#include "messages.h"
#include "ruleset.h"
#include "session.h"
#include "util.h"

/* What is looked at, read when the first dead tunnel is met. */
struct facts {
	json_t *rules, *tunnels, *interfaces;
};

static bool is_dead_tunnel(const json_t *finding)
{
	return str_eq(str_of(finding, "check"), "tunnel") &&
	       str_eq(str_of(finding, "severity"), "error") && is_set(finding, "peer");
}

static json_t *rows_of(struct cli_session *s, const char *command, const char *list)
{
	json_t *request = json_pack("{s:s}", "command", command), *answer, *rows;
	char error[MSG_ERROR_MAX];

	answer = client_ask(s->client, request, error, sizeof(error));
	rows = json_incref(json_object_get(answer, list));
	json_decref(answer);
	json_decref(request);
	return rows;
}

static void facts_read(struct facts *f, struct cli_session *s)
{
	const char *why;

	if (f->tunnels)
		return;
	f->rules = ruleset_read(&why);
	f->tunnels = rows_of(s, "tunnels", "tunnels");
	f->interfaces = rows_of(s, "wireguard", "interfaces");
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

static void say(json_t *finding, const char *chain, const char *what, unsigned port,
		const char *where)
{
	char *text = xasprintf("%s: chain %s of this machine drops what %s UDP port %u%s",
			       str_of(finding, "text"), chain, what, port, where);
	char *advice = xasprintf("let UDP to port %u%s pass in that chain", port, where);

	json_object_set_new(finding, "text", json_string(text));
	json_object_set_new(finding, "advice", json_string(advice));
	free(advice);
	free(text);
}

/* Packets that come to us, and ours. Where we send, too, what comes may be taken for an answer. */
static void look(const struct facts *f, json_t *finding)
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
		say(finding, where, "comes to", in.port, "");
	else if (known && chain_of(f, &out, where, sizeof(where)))
		say(finding, where, "goes to", out.port, " of the endpoint");
}

void doctor_ask_rules(struct cli_session *s, json_t *doc)
{
	struct facts f = {0};
	json_t *finding;
	size_t i;

	json_array_foreach (json_object_get(doc, "findings"), i, finding) {
		if (!is_dead_tunnel(finding))
			continue;
		facts_read(&f, s);
		if (f.rules)
			look(&f, finding);
	}
	json_decref(f.rules);
	json_decref(f.tunnels);
	json_decref(f.interfaces);
}
