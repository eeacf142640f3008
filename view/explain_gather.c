/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_gather.h"

#include <string.h>

#include "conf.h"
#include "explain_facts.h"
#include "explain_judge.h"
#include "members.h"
#include "util.h"

static const json_t *fact(const struct explain *e, const char *name)
{
	return json_object_get(e->facts, name);
}

static bool is_main(const struct explain *e)
{
	return str_eq(e->plane, "main");
}

static json_t *ask(const char *command)
{
	return json_pack("{s:s}", "command", command);
}

static const char *family_word(uint8_t family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

/* ---- tables */

/* Rows that cover the destination. */
static json_t *ask_table(const struct explain *e, const char *command)
{
	struct addr dst = addr_of_prefix(&e->dst);

	return json_pack("{s:s, s:s, s:s}", "command", command, "family", family_word(dst.family),
			 "address", ADDR_STR(&dst));
}

static json_t *ask_bgp(struct explain *e)
{
	return ask_table(e, "bgp-routes");
}

static json_t *ask_routes(struct explain *e)
{
	return ask_table(e, "route");
}

static json_t *ask_interfaces(struct explain *e)
{
	return ask("wireguard");
}

static json_t *ask_tunnels(struct explain *e)
{
	return ask("tunnels");
}

static json_t *ask_neighbors(struct explain *e)
{
	return ask("bgp-neighbors");
}

static json_t *ask_pins(struct explain *e)
{
	return ask("pins");
}

static json_t *ask_entries(struct explain *e)
{
	const char *interface = str_of(explain_hop(e->facts), "interface");
	struct addr dst = addr_of_prefix(&e->dst);

	if (!explain_is_tunnel_if(e->facts, interface))
		return NULL;
	return json_pack("{s:s, s:s, s:s}", "command", "allowed-ips", "interface", interface,
			 "address", ADDR_STR(&dst));
}

/* What the far end is told that covers the source. */
static json_t *ask_announced(struct explain *e)
{
	const json_t *neighbor = e->src.family ? explain_neighbor(e->facts) : NULL;

	if (!str_eq(str_of(neighbor, "state"), "established"))
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "command", "bgp-routes", "neighbor",
			 str_of(neighbor, "address"), "direction", "advertised", "family",
			 family_word(e->src.family), "address", ADDR_STR(&e->src));
}

/* ---- the configuration, where something depends on it */

static bool is_own_source(const struct explain *e)
{
	return is_true(fact(e, "source"), "local");
}

/* The interface that sockets have to be bound to, to get into the plane; "" in the main one. */
static const char *plane_interface(const struct explain *e)
{
	return is_main(e) ? "" : str_of(explain_hop(e->facts), "interface");
}

static json_t *ask_configuration(void)
{
	return json_pack("{s:s, s:s}", "command", "configuration", "format", "json");
}

/* For the rules of a plane. */
static json_t *ask_rules(struct explain *e)
{
	return is_own_source(e) && *plane_interface(e) ? ask_configuration() : NULL;
}

/* For what is announced. It may be large: a router with several tunnels forwards in any case. */
static json_t *ask_networks(struct explain *e)
{
	bool several = json_array_size(fact(e, "tunnels")) > 1;

	return several || fact(e, "configuration") ? NULL : ask_configuration();
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
static void put_forwarding(struct explain *e)
{
	const json_t *bgp = conf_get(fact(e, "configuration"), "bgp");
	bool needed = announces(bgp, e->dst.family) || json_array_size(fact(e, "tunnels")) > 1;

	json_object_set_new(e->facts, "forwarding",
			    json_pack("{s:b, s:b}", "needed", needed, "on",
				      is_true(fact(e, "kernel"), "forwarding")));
}

/* The plane's own rules lead packets with that source there. */
static bool plane_takes(const struct explain *e)
{
	struct prefix host = prefix_of_addr(&e->src), p;
	json_t *plane, *text;
	size_t i, k;

	json_array_foreach (conf_list(fact(e, "configuration"), "plane"), i, plane) {
		if (!str_eq(str_of(plane, "name"), e->plane))
			continue;
		json_array_foreach (conf_list(conf_get(plane, "rule"), "source"), k, text)
			if (json_is_string(text) &&
			    prefix_parse(json_string_value(text), &p) == 0 &&
			    prefix_covers(&p, &host))
				return true;
	}
	return false;
}

/* Sockets have to be bound to get into the plane, as its rules do not ask for the source; true of
 * packets of others. */
static bool put_bound(struct explain *e)
{
	bool bound = !is_own_source(e) || !plane_takes(e);

	json_object_set_new(json_object_get(e->facts, "source"), "bound", json_boolean(bound));
	return bound;
}

/* ---- the kernel */

static json_t *ask_way(const struct addr *to)
{
	return json_pack("{s:s, s:s}", "command", "host-way", "destination", ADDR_STR(to));
}

static void add_text(json_t *request, const char *name, const char *text)
{
	if (*text)
		json_object_set_new(request, name, json_string(text));
}

static json_t *ask_source(struct explain *e)
{
	return e->src.family ? json_pack("{s:s, s:s}", "command", "host-source", "address",
					 ADDR_STR(&e->src))
			     : NULL;
}

/* In a plane: as its rules have it, which ask for the interface. */
static json_t *ask_kernel(struct explain *e)
{
	const char *interface = plane_interface(e);
	struct addr dst = addr_of_prefix(&e->dst);
	json_t *request = ask_way(&dst);

	if (!e->src.family) {
		add_text(request, "bound", interface);
		return request;
	}
	json_object_set_new(request, "source", json_string(ADDR_STR(&e->src)));
	if (*interface && !put_bound(e))
		interface = "";
	if (is_own_source(e))
		add_text(request, "bound", interface);
	else
		add_text(request, "in", str_of(fact(e, "source"), "interface"));
	return request;
}

/* A plane's rules look at more than the destination. */
static json_t *ask_kernel_any(struct explain *e)
{
	struct addr dst = addr_of_prefix(&e->dst);

	return e->src.family && is_main(e) ? ask_way(&dst) : NULL;
}

static json_t *ask_endpoint(struct explain *e)
{
	const json_t *tunnel = explain_tunnel(e->facts);
	struct addr endpoint;
	json_t *request;

	if (explain_addr(str_of(tunnel, "endpoint"), &endpoint) < 0)
		return NULL;
	request = ask_way(&endpoint);
	json_object_set_new(request, "mark", json_integer(int_of(tunnel, "fwmark")));
	return request;
}

json_t *explain_back_request(const struct explain *e, const char *interface)
{
	struct addr dst = addr_of_prefix(&e->dst);
	json_t *request = ask_way(&e->src);

	json_object_set_new(request, "source", json_string(ADDR_STR(&dst)));
	json_object_set_new(request, "in", json_string(interface));
	return request;
}

void explain_put_back(struct explain *e, const char *interface, json_t *way)
{
	json_object_set_new(way, "in", json_string(interface));
	json_object_set_new(e->facts, "back", way);
}

/* The answer comes in where the packet left, as far as this router can know by itself. */
static json_t *ask_back(struct explain *e)
{
	const char *interface = str_of(fact(e, "kernel"), "interface");

	if (!e->src.family || is_true(fact(e, "kernel"), "local") || !*interface)
		return NULL;
	return explain_back_request(e, interface);
}

/* What this machine says of the source's packets, which a plane's rules lead back. */
static json_t *ask_errors(struct explain *e)
{
	struct addr near;
	json_t *request;

	if (!e->src.family || is_main(e) || is_own_source(e) ||
	    explain_addr(str_of(fact(e, "source"), "probe-from"), &near) < 0)
		return NULL;
	request = ask_way(&e->src);
	json_object_set_new(request, "source", json_string(ADDR_STR(&near)));
	json_object_set_new(request, "icmp-error", json_true());
	return request;
}

bool explain_wants_rules(const struct explain *e)
{
	const json_t *kernel = fact(e, "kernel");

	return e->src.family && !is_set(kernel, "error") &&
	       !(is_true(kernel, "local") && is_own_source(e));
}

/* ---- one behind the other */

/* A function looks at the facts above it alone. */
static const struct {
	const char *fact;
	json_t *(*ask)(struct explain *e); /* NULL: nothing is to be asked */
	bool object;			   /* the answer is one, and has no rows */
} questions[] = {
	{"bgp-routes", ask_bgp, false},	       {"routes", ask_routes, false},
	{"interfaces", ask_interfaces, false}, {"tunnels", ask_tunnels, false},
	{"neighbors", ask_neighbors, false},   {"pins", ask_pins, false},
	{"source", ask_source, true},	       {"configuration", ask_rules, true},
	{"kernel", ask_kernel, true},	       {"kernel-any", ask_kernel_any, true},
	{"entries", ask_entries, false},       {"endpoint", ask_endpoint, true},
	{"configuration", ask_networks, true}, {"back", ask_back, true},
	{"errors", ask_errors, true},	       {"announced", ask_announced, false},
};

json_t *explain_next(struct explain *e)
{
	json_t *request = NULL;

	while (!request && e->next < ARRAY_SIZE(questions)) {
		request = questions[e->next].ask(e);
		e->fact = questions[e->next++].fact;
	}
	if (!request)
		put_forwarding(e);
	return request;
}

void explain_head(struct explain *e, const char *list, const json_t *head)
{
	json_decref(e->answer);
	e->answer = *list ? json_array() : json_deep_copy(head);
}

void explain_row(struct explain *e, const char *text, size_t len)
{
	struct prefix p, of = e->dst;
	json_t *row = conf_read(text, len);
	const char *prefix = str_of(row, "prefix");

	if (str_eq(e->fact, "announced"))
		of = prefix_of_addr(&e->src);
	if (!json_is_object(row) || !json_is_array(e->answer) ||
	    (*prefix && (prefix_parse(prefix, &p) < 0 || !prefix_covers(&p, &of))))
		json_decref(row);
	else
		json_array_append_new(e->answer, row);
}

void explain_answered(struct explain *e)
{
	json_t *answer = e->answer;

	e->answer = NULL;
	if (!answer)
		answer = questions[e->next - 1].object ? json_object() : json_array();
	if (str_eq(e->fact, "back"))
		explain_put_back(e, str_of(fact(e, "kernel"), "interface"), answer);
	else
		json_object_set_new(e->facts, e->fact, answer);
}

bool explain_lacks(struct explain *e)
{
	json_decref(e->answer);
	e->answer = NULL;
	return str_eq(e->fact, "configuration");
}

/* ---- begin and end */

const char *explain_begin(struct explain *e, const json_t *request)
{
	const char *destination = str_of(request, "destination"), *source = str_of(request, "from");

	*e = (struct explain){.facts = json_object()};
	if (prefix_parse(destination, &e->dst) < 0)
		return "destination: expected an address or a prefix";
	if (*source && strchr(destination, '/'))
		return "with a source the destination is an address";
	if (*source && addr_parse(source, &e->src) < 0)
		return "from: expected an address";
	if (*source && e->src.family != e->dst.family)
		return "source and destination are of different families";
	json_object_set_new(e->facts, "destination", json_string(destination));
	json_object_set_new(
		e->facts, "plane",
		json_string(is_set(request, "plane") ? str_of(request, "plane") : "main"));
	e->plane = str_of(e->facts, "plane");
	return NULL;
}

void explain_end(struct explain *e)
{
	json_decref(e->facts);
	json_decref(e->answer);
	*e = (struct explain){0};
}
