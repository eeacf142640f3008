/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <string.h>

#include "conf.h"
#include "explain_ask.h"
#include "explain_facts.h"
#include "explain_from.h"
#include "explain_judge.h"
#include "explain_probe.h"
#include "kernel_route.h"
#include "machine.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

/* ---- what the daemons say */

static bool ask_all(struct gathering *g, const char *name, const char *command)
{
	return explain_ask(g, name, json_pack("{s:s}", "command", command), &g->dst);
}

static bool ask_table(struct gathering *g, const char *name, const char *command)
{
	struct addr dst = addr_of_prefix(&g->dst);

	return explain_ask(g, name,
			   json_pack("{s:s, s:s, s:s}", "command", command, "family",
				     dst.family == AF_INET ? "ipv4" : "ipv6", "address",
				     ADDR_STR(&dst)),
			   &g->dst);
}

/* BGP announces networks of this family behind this machine, so it forwards for others. */
static bool announces(const json_t *bgp, uint8_t family)
{
	json_t *network;
	size_t i;

	json_array_foreach (conf_list(bgp, "network"), i, network) {
		const char *text = json_string_value(
			json_is_object(network) ? json_object_get(network, "prefix") : network);
		struct prefix p;

		if (text && prefix_parse(text, &p) == 0 && p.family == family &&
		    p.len < family_bits(family))
			return true;
	}
	return json_array_size(conf_list(bgp, "redistribute")) > 0;
}

/* Not known without the configuration: nothing is said then. */
static void ask_forwarding(struct gathering *g)
{
	json_t *request = json_pack("{s:s, s:s}", "command", "configuration", "format", "json");
	bool ipv4 = g->dst.family == AF_INET;
	long on = machine_sysctl(ipv4 ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding");
	char error[MSG_ERROR_MAX];
	json_t *conf = client_ask(g->s->client, request, error, sizeof(error));
	bool needed = announces(conf_get(conf, "bgp"), g->dst.family) ||
		      json_array_size(json_object_get(g->facts, "tunnels")) > 1;

	json_object_set_new(g->facts, "forwarding",
			    json_pack("{s:b, s:b}", "needed", needed, "on", on != 0));
	json_decref(conf);
	json_decref(request);
}

/* ---- what the kernel says */

/* In a plane: as its rules have it, which ask for the interface. */
static void ask_kernel(struct gathering *g, const char *interface)
{
	struct addr dst = addr_of_prefix(&g->dst);
	struct kernel_route k = {.interface = ""};
	int err;

	if (g->src.family) {
		explain_ask_way(g, *interface && explain_is_bound(g) ? interface : "");
		return;
	}
	err = *interface ? kernel_route_get_bound(&dst, interface, &k) : kernel_route_get(&dst, &k);
	json_object_set_new(g->facts, "kernel", explain_way_json(err, &k));
}

static void ask_endpoint(struct gathering *g, const json_t *tunnel)
{
	struct kernel_route k = {.interface = ""};
	struct addr endpoint;
	int err;

	if (explain_addr(str_of(tunnel, "endpoint"), &endpoint) < 0)
		return;
	err = kernel_route_get_marked(&endpoint, int_of(tunnel, "fwmark"), &k);
	json_object_set_new(g->facts, "endpoint", explain_way_json(err, &k));
}

/* False with g->error when somebody does not answer. */
static bool explain_gather(struct gathering *g)
{
	bool main_plane = str_eq(g->plane, "main");
	struct addr dst = addr_of_prefix(&g->dst);
	const char *interface;

	if (!ask_table(g, "bgp-routes", "bgp-routes") || !ask_table(g, "routes", "route") ||
	    !ask_all(g, "interfaces", "wireguard") || !ask_all(g, "tunnels", "tunnels") ||
	    !ask_all(g, "neighbors", "bgp-neighbors") || !ask_all(g, "pins", "pins"))
		return false;
	if (g->src.family)
		explain_ask_source(g);
	if (main_plane)
		ask_kernel(g, "");
	interface = str_of(explain_hop(g->facts), "interface");
	if (!main_plane)
		ask_kernel(g, interface);
	if (explain_is_tunnel_if(g->facts, interface) &&
	    !explain_ask(g, "entries",
			 json_pack("{s:s, s:s, s:s}", "command", "allowed-ips", "interface",
				   interface, "address", ADDR_STR(&dst)),
			 &g->dst))
		return false;
	ask_endpoint(g, explain_tunnel(g->facts));
	ask_forwarding(g);
	return !g->src.family || explain_ask_return(g);
}

static void explain_write(FILE *out, const json_t *doc)
{
	json_t *steps = json_object_get(doc, "steps"), *row;
	size_t i;

	json_array_foreach (steps, i, row)
		fprintf(out, "%s  %-11s %s\n", is_true(row, "ok") ? "  ok" : "FAIL",
			str_of(row, "stage"), TEXT(row, "text"));
	fprintf(out, "=> %s\n", TEXT(doc, "verdict"));
}

static void write_doc(struct cli_session *s, const json_t *doc, bool json)
{
	if (!json) {
		explain_write(s->out, doc);
		return;
	}
	json_dumpf(doc, s->out, JSON_INDENT(1));
	putc('\n', s->out);
}

/* What is asked for makes sense. */
static bool explain_begin(struct gathering *g, const json_t *request)
{
	const char *destination = str_of(request, "destination"), *source = str_of(request, "from");

	prefix_parse(destination, &g->dst);
	if (*source && strchr(destination, '/')) {
		str_copy(g->error, "with a source the destination is an address", sizeof(g->error));
		return false;
	}
	if (*source && (addr_parse(source, &g->src) < 0 || g->src.family != g->dst.family)) {
		str_copy(g->error, "source and destination are of different families",
			 sizeof(g->error));
		return false;
	}
	g->facts = json_pack("{s:s, s:s}", "destination", destination, "plane", g->plane);
	return true;
}

/* An answer came in elsewhere than the packet left by: the way back begins there. */
static void explain_elsewhere(struct gathering *g)
{
	const json_t *answer = json_object_get(json_object_get(g->facts, "probe"), "answer");
	const char *in = str_of(answer, "in");

	if (*in && !str_eq(in, str_of(json_object_get(g->facts, "kernel"), "interface")))
		explain_ask_back(g, in);
}

/* Judged again with what echo requests showed, where it is not sure without them. */
static bool explain_again(struct gathering *g, json_t **doc)
{
	if (is_true(json_object_get(g->facts, "kernel"), "local") ||
	    explain_is_sure(str_of(*doc, "stage")))
		return true;
	if (!explain_probe(g))
		return false;
	explain_elsewhere(g);
	json_decref(*doc);
	*doc = explain_judge(g->facts);
	return true;
}

static json_t *explain_doc(struct gathering *g, const json_t *request)
{
	json_t *doc;

	if (!explain_begin(g, request) || !explain_gather(g))
		return NULL;
	doc = explain_judge(g->facts);
	if (is_set(request, "probe") && !explain_again(g, &doc)) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

int explain_run(struct cli_session *s, const struct cli_line *line)
{
	const char *plane = str_of(line->request, "plane");
	struct gathering g = {.s = s, .plane = *plane ? plane : "main"};
	json_t *doc = explain_doc(&g, line->request);
	int err = -1;

	if (doc) {
		write_doc(s, doc, line->json);
		err = is_true(doc, "reachable") ? 0 : -1;
	} else {
		if (line->json)
			json_doc_end(&(struct json_doc){.out = s->out}, g.error);
		session_fail(s, g.error);
	}
	if (doc && g.src.family) {
		s->status = explain_status(str_of(doc, "stage"));
		err = 0; /* the status says it */
	}
	json_decref(doc);
	json_decref(g.facts);
	return err;
}
