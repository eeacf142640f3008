/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_misfits.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "doctor_causes.h"
#include "doctor_facts.h"
#include "members.h"

static bool is_selected(const json_t *row, const char *protocol)
{
	return str_eq(str_of(row, "protocol"), protocol) && is_true(row, "selected");
}

static void keep_network(struct doctor *d, const struct prefix *p, const json_t *row)
{
	struct network *n = xmalloc(sizeof(*n));

	*n = (struct network){d->networks, *p, json_incref((json_t *)row)};
	d->networks = n;
}

/* The network of an interface that P lies in, of those that were passed before: a covering prefix
 * stands before what it covers. */
static const json_t *network_around(const struct doctor *d, const struct prefix *p,
				    const char *plane)
{
	for (const struct network *n = d->networks; n; n = n->next)
		if (n->prefix.len < p->len && prefix_covers(&n->prefix, p) &&
		    str_eq(str_of(n->row, "plane"), plane))
			return n->row;
	return NULL;
}

static const char *interface_of(const json_t *route)
{
	return str_of(json_array_get(json_object_get(route, "next-hops"), 0), "interface");
}

/* A learned route for a part of a network that this machine is connected to. */
void check_own_network(struct doctor *d, const json_t *row)
{
	const json_t *around;
	struct prefix p;

	bool connected = is_selected(row, "connected");

	if ((!connected && !is_selected(row, "bgp")) || prefix_parse(str_of(row, "prefix"), &p) < 0)
		return;
	if (connected) {
		keep_network(d, &p, row);
		return;
	}
	around = network_around(d, &p, str_of(row, "plane"));
	if (around)
		FIND(SEVERITY_WARNING,
		     AT(.interface = interface_of(row), .prefix = str_of(row, "prefix")),
		     "leave it out of `permit`, or refuse it by the import policy, if nobody there "
		     "has hosts of ours",
		     "it is learned, and lies inside of our own network %s on %s: its hosts are "
		     "looked for by %s",
		     TEXT(around, "prefix"), interface_of(around), interface_of(row));
}

/* A peer may have a prefix, and nothing leads there. */
static void static_entry(struct doctor *d, const json_t *interface, const json_t *peer,
			 const char *text)
{
	const char *name = str_of(interface, "name");
	const char *plane = str_of(interface, "plane");
	char by[IF_NAMESIZE] = "", advice[DOCTOR_TEXT_MAX];
	struct prefix p;
	int way;

	if (!text || prefix_parse(text, &p) < 0 || p.len == 0)
		return; /* `any` */
	way = doctor_way(d, &p, plane, by);
	if (way == 0 || (way > 0 && str_eq(by, name)))
		return;
	snprintf(advice, sizeof(advice),
		 "a route, `static %s { next-hop %s; }` in `%s`, or none "
		 "of both",
		 text, TEXT(peer, "tunnel-addresses"),
		 !*plane || str_eq(plane, "main") ? "rib" : "plane");
	if (way != DOCTOR_LEAVES)
		FIND(SEVERITY_NOTE,
		     AT(.interface = name, .peer = str_of(peer, "name"), .prefix = text), advice,
		     "no route leads to this static AllowedIPs entry: the kernel has no way there");
	else
		FIND(doctor_is_tunnel_if(d, by) ? SEVERITY_NOTE : SEVERITY_WARNING,
		     AT(.interface = name, .peer = str_of(peer, "name"), .prefix = text), advice,
		     "no route leads to this static AllowedIPs entry: packets leave by %s%s", by,
		     doctor_is_tunnel_if(d, by) ? "" : " in the clear");
}

void check_static_entries(struct doctor *d, const json_t *row)
{
	json_t *peer, *prefix;
	size_t i, k;

	json_array_foreach (json_object_get(row, "peers"), i, peer)
		json_array_foreach (json_object_get(peer, "allowed-ips"), k, prefix)
			static_entry(d, row, peer, json_string_value(prefix));
}

/* A name without an address costs an endpoint; where it is the only one, the tunnel, which has a
 * finding of its own then. */
void check_names(struct doctor *d, const json_t *row)
{
	json_t *peer;
	size_t i;

	json_array_foreach (json_object_get(row, "peers"), i, peer) {
		const json_t *name = cause_unresolved(peer);

		if (name)
			FIND(SEVERITY_WARNING,
			     AT(.interface = str_of(row, "name"), .peer = str_of(peer, "name")),
			     cause_name_advice(name),
			     "the name of the endpoint %s is not resolved: %s",
			     TEXT(name, "endpoint"), TEXT(name, "error"));
	}
}

static bool has_ipv4(const json_t *texts)
{
	json_t *text;
	size_t i;

	json_array_foreach (texts, i, text)
		if (json_is_string(text) && !strchr(json_string_value(text), ':'))
			return true;
	return false;
}

/* The source of an ICMP error says by which plane it goes back (zebra-lite's errorway.h). */
void check_plane_address(struct doctor *d, const json_t *row)
{
	const json_t *addresses = json_object_get(row, "addresses");
	bool ipv4 = false;
	json_t *peer;
	size_t i;

	if (!is_set(row, "plane") || str_eq(str_of(row, "plane"), "main") || !addresses ||
	    has_ipv4(addresses))
		return;
	json_array_foreach (json_object_get(row, "peers"), i, peer)
		ipv4 = ipv4 || has_ipv4(json_object_get(peer, "permit")) ||
		       has_ipv4(json_object_get(peer, "allowed-ips"));
	if (ipv4)
		FIND(SEVERITY_WARNING, AT(.interface = str_of(row, "name")),
		     "give it one: `address`",
		     "it forwards IPv4 and has no IPv4 address: what this machine says of its "
		     "packets that are too big comes from another interface's, perhaps of another "
		     "plane than %s",
		     TEXT(row, "plane"));
}

static const json_t *interface_around(const struct doctor *d, const struct addr *a)
{
	json_t *row, *text;
	size_t i, k;

	json_array_foreach (d->kept[SOURCE_INTERFACES], i, row)
		json_array_foreach (json_object_get(row, "addresses"), k, text) {
			struct prefix p;

			if (json_is_string(text) &&
			    prefix_parse(json_string_value(text), &p) == 0 &&
			    prefix_has_addr(&p, a))
				return row;
		}
	return NULL;
}

/* Some peer there has the address without its being a tunnel address. */
static bool has_entry(const json_t *interface, const struct addr *a)
{
	json_t *peer, *text;
	size_t i, k;

	json_array_foreach (json_object_get(interface, "peers"), i, peer)
		json_array_foreach (json_object_get(peer, "allowed-ips"), k, text) {
			const char *entry = json_string_value(text);
			struct prefix p;

			if (entry && (str_eq(entry, "any") ||
				      (prefix_parse(entry, &p) == 0 && prefix_has_addr(&p, a))))
				return true;
		}
	return false;
}

/* The tunnel peer was removed, or disabled, and the neighbor behind it was forgotten. */
void check_orphan(struct doctor *d, const json_t *row)
{
	const char *address = str_of(row, "address");
	const json_t *interface;
	struct addr a;

	if (addr_parse(address, &a) < 0 || json_object_get(d->tunnel_of, address) ||
	    str_eq(str_of(row, "state"), "established") || str_eq(str_of(row, "state"), "disabled"))
		return;
	interface = interface_around(d, &a);
	if (interface && !has_entry(interface, &a))
		FIND(SEVERITY_ERROR,
		     AT(.interface = str_of(interface, "name"), .neighbor = address),
		     "remove the neighbor, or give a peer this `tunnel-address`",
		     "the neighbor is in the network of the interface, and no peer there has its "
		     "address");
}

/* Several tunnels share the traffic of a prefix. */
void check_shares(struct doctor *d, const json_t *row)
{
	json_t *hop;
	unsigned n = 0;
	size_t i;

	json_array_foreach (json_object_get(row, "next-hops"), i, hop)
		n += is_true(hop, "active");
	if (n > 1 && is_selected(row, "bgp"))
		d->shares[strchr(str_of(row, "prefix"), ':') != NULL] = true;
}

void check_hash_policy(struct doctor *d, const json_t *row)
{
	static const char *const knobs[] = {"net/ipv4/fib_multipath_hash_policy",
					    "net/ipv6/fib_multipath_hash_policy"};

	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		if (d->shares[i] && doctor_knob(d, knobs[i]) == 0)
			FIND(SEVERITY_NOTE, AT(0),
			     i ? "sysctl -w net.ipv6.fib_multipath_hash_policy=1"
			       : "sysctl -w net.ipv4.fib_multipath_hash_policy=1",
			     "tunnels share %s traffic by addresses alone (%s is 0): all that two "
			     "hosts send each other takes one of them",
			     i ? "IPv6" : "IPv4", knobs[i]);
}
