/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <errno.h>
#include <string.h>

#include "conf.h"
#include "explain_facts.h"
#include "explain_judge.h"
#include "kernel_route.h"
#include "machine.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

struct gathering {
	struct cli_session *s;
	struct prefix dst; /* as a host prefix */
	const char *plane; /* borrowed */
	json_t *facts;	   /* see explain_judge.h */
	json_t *rows;	   /* of the request under way; borrowed */
	char error[MSG_ERROR_MAX];
};

/* ---- what the daemons say */

static void scan_head(void *arg, const char *list, const json_t *head)
{
}

/* Of tables of prefixes only what covers the destination is kept. */
static void scan_row(void *arg, const char *text, size_t len)
{
	struct gathering *g = arg;
	json_t *row = conf_read(text, len);
	const char *prefix = str_of(row, "prefix");
	struct prefix p;

	if (!json_is_object(row) ||
	    (*prefix && (prefix_parse(prefix, &p) < 0 || !prefix_covers(&p, &g->dst))))
		json_decref(row);
	else
		json_array_append_new(g->rows, row);
}

/* Runs a request, which is taken over; its rows are the fact NAME. */
static bool explain_ask(struct gathering *g, const char *name, json_t *request)
{
	static const struct client_sink sink = {scan_head, scan_row};
	int err;

	g->rows = json_array();
	json_object_set_new(g->facts, name, g->rows);
	err = client_request(g->s->client, request, &sink, g, g->error, sizeof(g->error));
	json_decref(request);
	return err == 0;
}

static bool ask_all(struct gathering *g, const char *name, const char *command)
{
	return explain_ask(g, name, json_pack("{s:s}", "command", command));
}

static bool ask_table(struct gathering *g, const char *name, const char *command)
{
	struct addr dst = addr_of_prefix(&g->dst);

	return explain_ask(g, name,
			   json_pack("{s:s, s:s, s:s}", "command", command, "family",
				     dst.family == AF_INET ? "ipv4" : "ipv6", "address",
				     ADDR_STR(&dst)));
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

static json_t *way_json(int err, const struct kernel_route *k)
{
	return json_pack("{s:s?, s:b, s:s, s:s?}", "error", err < 0 ? strerror(-err) : NULL,
			 "local", k->local, "interface", k->interface, "gateway",
			 k->gateway.family ? ADDR_STR(&k->gateway) : NULL);
}

/* In a plane: as its rules have it, which ask for the interface. */
static void ask_kernel(struct gathering *g, const char *interface)
{
	struct addr dst = addr_of_prefix(&g->dst);
	struct kernel_route k = {.interface = ""};
	int err = *interface ? kernel_route_get_bound(&dst, interface, &k)
			     : kernel_route_get(&dst, &k);

	json_object_set_new(g->facts, "kernel", way_json(err, &k));
}

static void ask_endpoint(struct gathering *g, const json_t *tunnel)
{
	struct kernel_route k = {.interface = ""};
	struct addr endpoint;
	int err;

	if (explain_addr(str_of(tunnel, "endpoint"), &endpoint) < 0)
		return;
	err = kernel_route_get_marked(&endpoint, int_of(tunnel, "fwmark"), &k);
	json_object_set_new(g->facts, "endpoint", way_json(err, &k));
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
	if (main_plane)
		ask_kernel(g, "");
	interface = str_of(explain_hop(g->facts), "interface");
	if (!main_plane)
		ask_kernel(g, interface);
	if (explain_is_tunnel_if(g->facts, interface) &&
	    !explain_ask(g, "entries",
			 json_pack("{s:s, s:s, s:s}", "command", "allowed-ips", "interface",
				   interface, "address", ADDR_STR(&dst))))
		return false;
	ask_endpoint(g, explain_tunnel(g->facts));
	ask_forwarding(g);
	return true;
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

int explain_run(struct cli_session *s, const struct cli_line *line)
{
	const char *plane = str_of(line->request, "plane");
	struct gathering g = {.s = s, .plane = *plane ? plane : "main"};
	json_t *doc = NULL;
	int err = -1;

	prefix_parse(str_of(line->request, "destination"), &g.dst);
	g.facts = json_pack("{s:s, s:s}", "destination", str_of(line->request, "destination"),
			    "plane", g.plane);
	if (explain_gather(&g)) {
		doc = explain_judge(g.facts);
		write_doc(s, doc, line->json);
		err = is_true(doc, "reachable") ? 0 : -1;
	} else {
		if (line->json)
			json_doc_end(&(struct json_doc){.out = s->out}, g.error);
		session_fail(s, g.error);
	}
	json_decref(doc);
	json_decref(g.facts);
	return err;
}
