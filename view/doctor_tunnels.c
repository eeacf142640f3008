/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_tunnels.h"

#include <net/if.h>
#include <stdio.h>

#include "doctor_causes.h"
#include "doctor_facts.h"
#include "members.h"
#include "util.h"

#define DROPS_RECENT 300 /* seconds */

void check_interface(struct doctor *d, const json_t *row)
{
	struct where at = {.interface = str_of(row, "name")};

	if (is_set(row, "error"))
		FIND(SEVERITY_ERROR, at, "it is tried again by itself as soon as that is mended",
		     "the interface is %s: %s", TEXT(row, "state"), TEXT(row, "error"));
	else if (!str_eq(str_of(row, "state"), "ready"))
		FIND(SEVERITY_ERROR, at, "the log says why it cannot be used",
		     "the interface is %s", TEXT(row, "state"));
	else if (!is_true(row, "up"))
		FIND(SEVERITY_ERROR, at, "ip link set it up, or let wgbgp do it (`admin up`)",
		     "the link is down");
	if (str_eq(str_of(row, "state"), "ready") && !is_set(row, "public-key"))
		FIND(SEVERITY_ERROR, at, "name one: `private-key-file`",
		     "the interface has no private key: no tunnel of it can work");
}

void check_source_drops(struct doctor *d, const json_t *row)
{
	bool recent = is_set(row, "source-check-drops-seconds") &&
		      int_of(row, "source-check-drops-seconds") < DROPS_RECENT;

	if (!int_of(row, "source-check-drops"))
		return;
	FIND(recent ? SEVERITY_WARNING : SEVERITY_NOTE, AT(.interface = str_of(row, "name")),
	     "a peer sends what belongs to another peer here: give transit tunnels an interface of "
	     "their own with `allowed-ips any`, or make both ends agree on the way",
	     "WireGuard dropped %s packets whose source is not the sending peer's, %s a second, "
	     "the last one %s",
	     TEXT(row, "source-check-drops"), TEXT(row, "source-check-drops-per-second"),
	     is_set(row, "source-check-drops-seconds") ? AGO(row, "source-check-drops-seconds")
						       : "before wgbgp looked");
}

/* A tunnel peer that a session of BGP runs through. */
static const json_t *neighbor_over(const struct doctor *d, const char *interface, const char *peer)
{
	json_t *row;
	size_t i;

	json_array_foreach (d->kept[SOURCE_NEIGHBORS], i, row) {
		const json_t *tunnel = json_object_get(row, "tunnel");

		if (str_eq(str_of(tunnel, "interface"), interface) &&
		    str_eq(str_of(tunnel, "peer"), peer))
			return row;
	}
	return NULL;
}

static void no_permit(struct doctor *d, const char *interface, const json_t *peer)
{
	const char *name = str_of(peer, "name");
	const json_t *neighbor = neighbor_over(d, interface, name);

	if (is_set(peer, "permit") || is_true(peer, "foreign"))
		return;
	FIND(neighbor ? SEVERITY_WARNING : SEVERITY_NOTE,
	     AT(.interface = interface, .peer = name, .neighbor = str_of(neighbor, "address")),
	     "list what may lie behind it: `permit [ ... ]`",
	     "the peer has no permit list: nothing is learned through it%s",
	     neighbor ? ", although BGP runs over it" : "");
}

/* Something that may lie behind a peer, but does not, and leaves in the clear instead. */
static void unrouted_permit(struct doctor *d, const json_t *interface, const json_t *peer,
			    const char *text)
{
	const char *plane = str_of(interface, "plane");
	char by[IF_NAMESIZE];
	struct prefix p;

	if (prefix_parse(text, &p) < 0 || p.len == 0 || !doctor_leaks(d, &p, plane, by) ||
	    doctor_learned_inside(d, &p))
		return;
	FIND(SEVERITY_WARNING,
	     AT(.interface = str_of(interface, "name"), .peer = str_of(peer, "name"),
		.prefix = text),
	     "the far end announces nothing of it, or its tunnel is down; "
	     "`rib { keep-in permit; }` keeps such packets in",
	     "nothing of this permit list is routed into the tunnel: packets leave by %s in the "
	     "clear",
	     by);
}

void check_permits(struct doctor *d, const json_t *row)
{
	const char *interface = str_of(row, "name");
	json_t *peer, *prefix;
	size_t i, k;

	json_array_foreach (json_object_get(row, "peers"), i, peer) {
		no_permit(d, interface, peer);
		json_array_foreach (json_object_get(peer, "permit"), k, prefix)
			unrouted_permit(d, row, peer, json_string_value(prefix));
	}
}

static const json_t *peer_of(const struct doctor *d, const json_t *tunnel)
{
	const json_t *interface =
		doctor_row(d, SOURCE_INTERFACES, "name", str_of(tunnel, "interface"));
	json_t *peer;
	size_t i;

	json_array_foreach (json_object_get(interface, "peers"), i, peer)
		if (str_eq(str_of(peer, "name"), str_of(tunnel, "peer")))
			return peer;
	return NULL;
}

static void dead_tunnel(struct doctor *d, const json_t *row)
{
	struct where at = {.interface = str_of(row, "interface"), .peer = str_of(row, "peer")};
	struct cause cause = cause_of_tunnel(row, peer_of(d, row), d->kept[SOURCE_TUNNELS]);

	if (cause_never_up(row))
		FIND(SEVERITY_ERROR, at, cause.advice, "there never was a handshake%s", cause.text);
	else
		FIND(SEVERITY_ERROR, at, cause.advice,
		     "the tunnel is down: %s; last handshake %s%s", TEXT(row, "reason-text"),
		     AGO(row, "handshake-seconds"), cause.text);
}

void check_tunnel(struct doctor *d, const json_t *row)
{
	struct where at = {.interface = str_of(row, "interface"), .peer = str_of(row, "peer")};
	const char *state = str_of(row, "state");

	if (str_eq(str_of(row, "reason"), "interface-refused"))
		FIND(SEVERITY_ERROR, at, "the interface first", "the tunnel is down: %s",
		     TEXT(row, "reason-text"));
	else if (str_eq(state, "never") || str_eq(state, "down"))
		dead_tunnel(d, row);
	else if (is_true(row, "draining"))
		FIND(SEVERITY_NOTE, at, "`undrain` it when the work is done",
		     "the tunnel is drained: traffic goes elsewhere where it can");
	else if (str_eq(state, "degraded"))
		FIND(SEVERITY_WARNING, at, "`show tunnels` has its figures",
		     "the tunnel is degraded: %s", TEXT(row, "reason-text"));
}

/* Which way the tunnel's own packets go; NULL: none, or not known. */
static const json_t *underlay_of(struct doctor *d, const json_t *tunnel, struct endpoint *e)
{
	return endpoint_parse(str_of(tunnel, "endpoint"), e) == 0
		       ? doctor_way_marked(d, &e->addr, (uint32_t)int_of(tunnel, "fwmark"))
		       : NULL;
}

void check_endpoint(struct doctor *d, const json_t *row)
{
	struct where at = {.interface = str_of(row, "interface"), .peer = str_of(row, "peer")};
	struct endpoint e;
	const json_t *way = underlay_of(d, row, &e);

	if (!way)
		return;
	if (str_eq(str_of(way, "interface"), at.interface))
		FIND(SEVERITY_ERROR, at,
		     "`rib { pin-endpoints on; }`, or a route for the endpoint by the underlay",
		     "the tunnel's own packets to %s would go into the tunnel itself",
		     TEXT(row, "endpoint"));
	else if (is_true(way, "local"))
		FIND(SEVERITY_ERROR, at, "correct the endpoint",
		     "the endpoint %s is an address of this machine", TEXT(row, "endpoint"));
}

#define OVERHEAD4 60 /* IPv4, UDP and WireGuard's header and tag */
#define OVERHEAD6 80

void check_mtu(struct doctor *d, const json_t *row)
{
	const char *interface = str_of(row, "interface");
	uint32_t inner = int_of(doctor_row(d, SOURCE_INTERFACES, "name", interface), "mtu");
	struct endpoint e;
	const json_t *way = inner ? underlay_of(d, row, &e) : NULL;
	uint32_t outer = (uint32_t)int_of(way, "mtu"), overhead;
	char advice[DOCTOR_TEXT_MAX];

	if (!way || is_true(way, "local") || !outer || str_eq(str_of(way, "interface"), interface))
		return;
	overhead = e.addr.family == AF_INET ? OVERHEAD4 : OVERHEAD6;
	if (inner + overhead <= outer || outer <= overhead)
		return;
	snprintf(advice, sizeof(advice), "mtu %u;", outer - overhead);
	FIND(SEVERITY_WARNING, AT(.interface = interface, .peer = str_of(row, "peer")), advice,
	     "MTU %u and %u of overhead do not fit the underlay's %u by %s: big packets are "
	     "fragmented or lost",
	     inner, overhead, outer, str_of(way, "interface"));
}

void check_pin(struct doctor *d, const json_t *row)
{
	const char *state = str_of(row, "state");

	if (str_eq(state, "off"))
		FIND(SEVERITY_WARNING, AT(0), "rib { pin-endpoints on; }",
		     "a learned route covers the endpoint %s, and endpoints are not pinned: such "
		     "routes are not used",
		     TEXT(row, "endpoint"));
	else if (str_eq(state, "refused"))
		FIND(SEVERITY_ERROR, AT(0),
		     "find out who says so; if it is right, write the number into `endpoint`, or "
		     "set "
		     "`endpoint-inside-permit true;`",
		     "the endpoint %s was found inside what is private, by a name or by roaming: "
		     "it "
		     "has no way around the tunnels",
		     TEXT(row, "endpoint"));
	else if (str_eq(state, "no-underlay"))
		FIND(SEVERITY_WARNING, AT(0), "it needs a route that does not come from BGP",
		     "nothing but the tunnels leads to the endpoint %s", TEXT(row, "endpoint"));
}
