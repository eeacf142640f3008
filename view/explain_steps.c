/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_steps.h"

#include <stdio.h>

#include "explain_facts.h"
#include "explain_way.h"
#include "members.h"

/* ---- the tables */

/* The sentence of an object's reason, or its name, or "no reason is given". */
static const char *why(const json_t *obj)
{
	if (is_set(obj, "reason-text"))
		return str_of(obj, "reason-text");
	if (is_set(obj, "reason") && !str_eq(str_of(obj, "reason"), "none"))
		return str_of(obj, "reason");
	return "no reason is given";
}

/* The one whose far end is the next hop HOP; or NULL. */
static const json_t *tunnel_to(const struct judge *f, const char *hop)
{
	json_t *row, *text;
	size_t i, k;

	json_array_foreach (json_object_get(f->facts, "tunnels"), i, row)
		json_array_foreach (json_object_get(row, "tunnel-addresses"), k, text)
			if (*hop && str_eq(json_string_value(text), hop))
				return row;
	return NULL;
}

/* Why the tunnel of a path that is not used since it is down is so; "" where that is not known. */
static const char *why_down(const struct judge *f, const json_t *path, char *out, size_t size)
{
	const json_t *tunnel = tunnel_to(f, str_of(path, "next-hop"));

	out[0] = '\0';
	if (str_eq(str_of(path, "reason"), "tunnel-down") && is_set(tunnel, "reason-text"))
		snprintf(out, size, " (%s on %s: %s, last handshake %s)", TEXT(tunnel, "peer"),
			 TEXT(tunnel, "interface"), why(tunnel), AGO(tunnel, "handshake-seconds"));
	return out;
}

static void refused_paths(struct judge *f, const json_t *row, bool matters)
{
	json_t *paths = json_object_get(row, "paths"), *path;
	char more[256];
	size_t i;

	json_array_foreach (paths, i, path)
		if (!is_true(path, "eligible"))
			explain_step(
				f, "bgp", !matters, "%s from %s by next hop %s is not used: %s%s",
				TEXT(row, "prefix"), TEXT(path, "from"), TEXT(path, "next-hop"),
				why(path), why_down(f, path, more, sizeof(more)));
}

static bool is_bgp(const json_t *route)
{
	return str_eq(str_of(route, "protocol"), "bgp");
}

/* Paths as good as the best one that may not be used beside it. */
static void say_ties(struct judge *f)
{
	json_t *paths = json_object_get(f->bgp, "paths"), *path;
	size_t i;

	json_array_foreach (paths, i, path)
		if (str_eq(str_of(path, "reason"), "same-interface"))
			explain_step(f, "bgp", true, "%s from %s shares no traffic: %s",
				     TEXT(f->bgp, "prefix"), TEXT(path, "from"), why(path));
}

static void say_best(struct judge *f, const json_t *best)
{
	size_t n = json_array_size(json_object_get(f->bgp, "paths"));

	if (!is_set(best, "from"))
		explain_step(f, "bgp", true, "%s is originated here", TEXT(f->bgp, "prefix"));
	else
		explain_step(f, "bgp", true,
			     "%s is best from %s: next hop %s, AS path %s, %zu path%s",
			     TEXT(f->bgp, "prefix"), TEXT(best, "from"), TEXT(best, "next-hop"),
			     is_set(best, "as-path") ? TEXT(best, "as-path") : "empty", n,
			     n == 1 ? "" : "s");
}

/* The longest prefix of BGP has no eligible path. A route of another protocol for the same prefix
 * may take its place; a shorter route was not meant for this destination. */
static void say_no_path(struct judge *f)
{
	bool others = f->route && !is_bgp(f->route) && !explain_is_kept(f->route);
	bool replaced =
		others && explain_cover_len(f, f->route) == explain_cover_len(f, f->bgp_longest);

	refused_paths(f, f->bgp_longest, !replaced && !is_bgp(f->route));
	if (replaced)
		explain_step(f, "bgp", true, "the route of protocol %s is used instead",
			     TEXT(f->route, "protocol"));
	else if (others)
		explain_step(f, "bgp", false,
			     "%s has no eligible path; what is left is %s of protocol %s",
			     TEXT(f->bgp_longest, "prefix"), TEXT(f->route, "prefix"),
			     TEXT(f->route, "protocol"));
	else if (!f->bgp)
		explain_step(f, "bgp", false, "%s has no eligible path",
			     TEXT(f->bgp_longest, "prefix"));
}

/* Nothing is learned for a permit list: is there a session at all? */
static void say_nothing_learned(struct judge *f, const char *so, const json_t *session)
{
	const char *state = str_of(session, "state");

	if (session && !str_eq(state, "established"))
		explain_step(f, "bgp", false, "%s, but the session with %s is %s%s%s: %s",
			     CLAIM_TEXT(&f->claim), TEXT(session, "address"), state,
			     is_set(session, "last-error") ? ", " : "",
			     str_of(session, "last-error"), so);
	else
		explain_step(f, "bgp", false, "%s, but no route is learned for it%s: %s",
			     CLAIM_TEXT(&f->claim),
			     session ? "" : ", and no session of BGP runs through that tunnel", so);
}

/* The tunnel that the destination is meant for does not work; true: said. */
static bool say_claim_is_down(struct judge *f, const json_t *tunnel, const char *so)
{
	const json_t *interface = f->claim.interface;
	const char *state = str_of(interface, "state");
	bool ready = !*state || str_eq(state, "ready"), says;

	if (!ready || json_is_false(json_object_get(interface, "up"))) {
		explain_step(f, "tunnel", false, "%s, but %s is %s: %s", CLAIM_TEXT(&f->claim),
			     TEXT(interface, "name"), ready ? "down" : state, so);
		return true;
	}
	state = str_of(tunnel, "state");
	if (!str_eq(state, "down") && !str_eq(state, "never"))
		return false;
	says = str_eq(state, "down") && is_set(tunnel, "reason-text");
	explain_step(f, "tunnel", false, "%s, but that tunnel %s%s%s%s: %s", CLAIM_TEXT(&f->claim),
		     str_eq(state, "down") ? "is down" : "was never up", says ? " (" : "",
		     says ? why(tunnel) : "", says ? ")" : "", so);
	return true;
}

/* SO: what becomes of it then. */
static void explain_say_claim(struct judge *f, const char *so)
{
	const struct claim *c = &f->claim;
	const json_t *tunnel = c->peer ? explain_tunnel_named(f, str_of(c->interface, "name"),
							      str_of(c->peer, "name"))
				       : NULL;

	if (say_claim_is_down(f, tunnel, so))
		return;
	if (c->kind == CLAIM_PERMIT)
		say_nothing_learned(f, so, explain_session_over(f, tunnel));
	else
		explain_step(f, "rib", false, "%s, but no route leads there: %s", CLAIM_TEXT(c),
			     so);
}

static void step_bgp(struct judge *f)
{
	const json_t *best = explain_best_path(f->bgp);
	const char *protocol = TEXT(f->route, "protocol");

	if (explain_is_kept(f->route) &&
	    explain_cover_len(f, f->route) > explain_cover_len(f, f->bgp_longest))
		return;
	if (f->route && !is_bgp(f->route) &&
	    explain_cover_len(f, f->route) > explain_cover_len(f, f->bgp_longest)) {
		if (best && (str_eq(protocol, "kernel") || str_eq(protocol, "static")))
			explain_step(f, "bgp", true,
				     "%s from %s is best, but the more specific %s of protocol %s "
				     "is used",
				     TEXT(f->bgp, "prefix"), TEXT(best, "from"),
				     TEXT(f->route, "prefix"), TEXT(f->route, "protocol"));
		else
			explain_step(f, "bgp", true,
				     "no path of BGP is needed: the route is of protocol %s",
				     TEXT(f->route, "protocol"));
		return;
	}
	if (f->bgp_longest != f->bgp)
		say_no_path(f);
	if (best) {
		say_best(f, best);
		say_ties(f);
	} else if (!f->bgp_longest && is_true(f->route, "stale"))
		explain_step(f, "bgp", true,
			     "BGP has no path yet: the route is kept over a restart");
	else if (!f->bgp_longest && !f->route && f->claimed)
		explain_say_claim(f, "no route covers it");
	else if (!f->bgp_longest)
		explain_step(f, "bgp", false,
			     "no prefix in the BGP table covers %s: no neighbor announces one",
			     ADDR_STR(&f->dst));
}

static void step_rib(struct judge *f)
{
	const json_t *best = explain_best_path(f->bgp);
	int bgp_len = is_set(best, "from") ? explain_cover_len(f, f->bgp) : COVERS_NOT;
	int len = explain_cover_len(f, f->route);

	if (f->rejected && explain_cover_len(f, f->rejected) >= len)
		explain_step(f, "rib", f->route && len >= bgp_len,
			     "%s of protocol %s is not selected: %s", TEXT(f->rejected, "prefix"),
			     TEXT(f->rejected, "protocol"), why(f->rejected));
	if (!f->route)
		explain_step(f, "rib", false, "no route covers %s", ADDR_STR(&f->dst));
	else if (explain_is_kept(f->route))
		explain_step(f, "rib", true, "%s is kept in, for %s: no tunnel has a route for it",
			     TEXT(f->route, "prefix"), AGE(f->route, "age-seconds"));
	else if (len < bgp_len)
		explain_step(f, "rib", false, "BGP's %s is not among the routes; the longest is %s",
			     TEXT(f->bgp, "prefix"), TEXT(f->route, "prefix"));
	else
		explain_step(f, "rib", true, "route %s of protocol %s, distance %s, is selected%s",
			     TEXT(f->route, "prefix"), TEXT(f->route, "protocol"),
			     TEXT(f->route, "distance"),
			     is_true(f->route, "stale") ? " (stale)" : "");
}

static void step_nexthop(struct judge *f)
{
	json_t *hops = json_object_get(f->route, "next-hops"), *hop;
	size_t i;

	json_array_foreach (hops, i, hop)
		if (hop != f->hop && !str_eq(str_of(hop, "state"), "up"))
			explain_step(f, "next-hop", f->hop != NULL,
				     "next hop %s by %s peer %s is %s", TEXT(hop, "address"),
				     TEXT(hop, "interface"), TEXT(hop, "peer"), TEXT(hop, "state"));
	json_array_foreach (hops, i, hop)
		if (hop != f->hop && is_true(hop, "active"))
			explain_step(f, "next-hop", true, "%s by %s peer %s shares the traffic",
				     TEXT(hop, "address"), TEXT(hop, "interface"),
				     TEXT(hop, "peer"));
	if (explain_is_kept(f->route))
		return; /* step_claim() says which tunnel it waits for */
	if (!f->hop && is_true(f->route, "installed") && !json_array_size(hops))
		explain_step(f, "next-hop", false,
			     "%s of protocol %s leads nowhere: a blackhole or an unreachable route",
			     TEXT(f->route, "prefix"), TEXT(f->route, "protocol"));
	else if (!f->hop)
		explain_step(f, "next-hop", false, "no next hop is in use: %s", why(f->route));
	else if (is_set(f->hop, "peer"))
		explain_step(f, "next-hop", true, "%s is tunnel peer %s on %s, %s",
			     TEXT(f->hop, "address"), TEXT(f->hop, "peer"),
			     TEXT(f->hop, "interface"), TEXT(f->hop, "state"));
	else
		explain_step(f, "next-hop", true, "%s%sinterface %s%s",
			     is_set(f->hop, "address") ? TEXT(f->hop, "address") : "",
			     is_set(f->hop, "address") ? " on " : "directly on ",
			     TEXT(f->hop, "interface"), f->on_tunnel ? "" : ", no tunnel");
}

static void step_installed(struct judge *f)
{
	if (f->route && !is_true(f->route, "installed"))
		explain_step(f, "kernel", false, "%s is not installed: %s",
			     TEXT(f->route, "prefix"), why(f->route));
	else if (f->route)
		explain_step(f, "kernel", true, "%s is installed", TEXT(f->route, "prefix"));
}

static void step_kernel(struct judge *f)
{
	const json_t *k = f->kernel;

	step_installed(f);
	if (!k)
		return;
	if (is_set(k, "error"))
		explain_step(f, "kernel", false, "the kernel has no way to %s: %s",
			     ADDR_STR(&f->dst), TEXT(k, "error"));
	else if (f->hop && !explain_same(k, "interface", f->hop, "interface"))
		explain_step(f, "kernel", false,
			     "the kernel itself would send it by %s instead of %s: a rule or a "
			     "route of somebody else is in front",
			     TEXT(k, "interface"), TEXT(f->hop, "interface"));
	else
		explain_step(f, "kernel", true, "the kernel sends it by %s%s%s",
			     TEXT(k, "interface"), is_set(k, "gateway") ? " to " : "",
			     str_of(k, "gateway"));
}

static void step_allowed(struct judge *f)
{
	if (!f->owner)
		explain_step(f, "allowed-ips", false,
			     "no AllowedIPs entry on %s covers %s: WireGuard would "
			     "drop it",
			     TEXT(f->hop, "interface"), ADDR_STR(&f->dst));
	else if (!str_eq(str_of(f->owner, "peer"), f->peer))
		explain_step(f, "allowed-ips", false,
			     "on %s %s belongs to peer %s (%s), not to %s: "
			     "WireGuard would send it there",
			     TEXT(f->hop, "interface"), TEXT(f->owner, "prefix"),
			     TEXT(f->owner, "peer"), TEXT(f->owner, "origin"), f->peer);
	else
		explain_step(f, "allowed-ips", true, "on %s %s belongs to peer %s (%s)",
			     TEXT(f->hop, "interface"), TEXT(f->owner, "prefix"),
			     TEXT(f->owner, "peer"), TEXT(f->owner, "origin"));
}

static void say_tunnel(struct judge *f, const json_t *tunnel)
{
	const char *state = str_of(tunnel, "state");

	if (str_eq(state, "never"))
		explain_step(f, "tunnel", false,
			     "%s on %s was never up: there was no handshake yet",
			     TEXT(tunnel, "peer"), TEXT(tunnel, "interface"));
	else
		explain_step(f, "tunnel", !str_eq(state, "down"),
			     "%s on %s is %s (%s), last handshake %s", TEXT(tunnel, "peer"),
			     TEXT(tunnel, "interface"), state, why(tunnel),
			     AGO(tunnel, "handshake-seconds"));
}

static void step_tunnel(struct judge *f)
{
	if (f->tunnel)
		say_tunnel(f, f->tunnel);
	else
		explain_step(f, "tunnel", false, "wgd knows no peer %s on %s", f->peer,
			     TEXT(f->hop, "interface"));
}

static void say_endpoint(struct judge *f, const json_t *way, const char *pin)
{
	const char *endpoint = TEXT(f->tunnel, "endpoint");

	if (str_eq(pin, "refused"))
		explain_step(f, "endpoint", false,
			     "the endpoint %s was found inside what is private: it is not believed",
			     endpoint);
	else if (is_set(way, "error"))
		explain_step(f, "endpoint", false, "the kernel has no way to the endpoint %s: %s",
			     endpoint, TEXT(way, "error"));
	else if (explain_same(way, "interface", f->hop, "interface"))
		explain_step(f, "endpoint", false,
			     "the kernel would send the tunnel's own packets to %s into the tunnel",
			     endpoint);
	else
		explain_step(f, "endpoint", true, "endpoint %s is reached by %s%s", endpoint,
			     TEXT(way, "interface"),
			     str_eq(pin, "installed")
				     ? ": pinned to the underlay, a learned route covers it"
			     : str_eq(pin, "not-needed") ? ": no learned route covers it"
							 : "");
}

static void step_endpoint(struct judge *f)
{
	const json_t *way = json_object_get(f->facts, "endpoint");
	struct addr endpoint;

	if (!f->tunnel)
		return;
	if (explain_addr(str_of(f->tunnel, "endpoint"), &endpoint) < 0)
		explain_step(f, "endpoint", false,
			     "the endpoint of %s is not known: it has to speak first",
			     TEXT(f->tunnel, "peer"));
	else if (way)
		say_endpoint(f, way, explain_pin_state(f, &endpoint));
}

/* ---- what is meant for a tunnel and leaves by none */

static bool is_protocol(const struct judge *f, const char *name)
{
	return str_eq(str_of(f->route, "protocol"), name);
}

/* The length of the longest prefix in BGP that covers the destination, if a neighbour sent it. */
static int known_len(const struct judge *f)
{
	json_t *path;
	size_t i;

	json_array_foreach (json_object_get(f->bgp_longest, "paths"), i, path)
		if (is_set(path, "from"))
			return explain_cover_len(f, f->bgp_longest);
	return COVERS_NOT;
}

/* An own network, or a route that the configuration or a network statement vouches for, as specific
 * as what claims the destination: it is meant to go there. A default route is beaten by any other.
 */
static bool is_own(const struct judge *f, int claim_len)
{
	const json_t *best = explain_best_path(f->bgp);
	int len = explain_cover_len(f, f->route);

	if (claim_len == 0 && len > 0)
		return true;
	if (best && !is_set(best, "from") && explain_cover_len(f, f->bgp) >= claim_len)
		return true;
	return len >= claim_len && (is_protocol(f, "connected") || is_protocol(f, "static"));
}

/* BGP has a prefix for it, and something else is in front. */
static void say_in_front(struct judge *f, const char *by)
{
	explain_step(f, "kernel", false,
		     "%s of protocol %s is in front of %s: it leaves by %s, no tunnel",
		     TEXT(f->route, "prefix"), TEXT(f->route, "protocol"),
		     TEXT(f->bgp_longest, "prefix"), by);
}

static void say_claim_leaves(struct judge *f, const char *by)
{
	char so[64];

	snprintf(so, sizeof(so), "it leaves by %s, no tunnel", by);
	explain_say_claim(f, so);
}

static void step_claim(struct judge *f)
{
	const char *by = TEXT(f->hop, "interface");
	int claim_len = f->claimed ? f->claim.prefix.len : COVERS_NOT, known = known_len(f);

	if (explain_is_kept(f->route) && f->claimed)
		explain_say_claim(f, "it is kept in");
	if (f->on_tunnel || !f->hop || is_protocol(f, "pin") || explain_is_endpoint(f))
		return;
	if (is_bgp(f->route))
		known = COVERS_NOT; /* it decided so */
	else if (known == 0 && !f->claimed)
		known = COVERS_NOT; /* a default route that nobody permits */
	if (is_own(f, known > claim_len ? known : claim_len))
		return;
	if (known != COVERS_NOT && explain_cover_len(f, f->route) >= known &&
	    explain_best_path(f->bgp_longest))
		say_in_front(f, by);
	else if (f->claimed)
		say_claim_leaves(f, by);
	else if (known != COVERS_NOT)
		say_in_front(f, by);
}

/* There are hosts behind this machine, but the kernel does not forward. */
static void step_forwarding(struct judge *f)
{
	const json_t *forwarding = json_object_get(f->facts, "forwarding");

	if (is_true(forwarding, "needed") && json_is_false(json_object_get(forwarding, "on")))
		explain_step(
			f, "forwarding", false,
			"this machine does not forward %s packets: what others send through it "
			"is dropped",
			f->dst.family == AF_INET ? "IPv4" : "IPv6");
}

static void step_plane(struct judge *f)
{
	int len = explain_cover_len(f, f->elsewhere);

	if (f->elsewhere && len > explain_cover_len(f, f->bgp_longest) &&
	    len > explain_cover_len(f, f->route))
		explain_step(f, "plane", true,
			     "plane %s has %s, but this is plane %s: without a `leak` neither uses "
			     "what is the other's",
			     TEXT(f->elsewhere, "plane"), TEXT(f->elsewhere, "prefix"), f->plane);
}

/* Up to the far end of the tunnel, or whoever is next. */
static void walk_there(struct judge *f)
{
	step_plane(f);
	step_bgp(f);
	step_rib(f);
	if (f->route)
		step_nexthop(f);
	step_claim(f);
	if (f->source && explain_say_entry(f))
		return;
	step_kernel(f);
	if (!f->on_tunnel)
		return;
	step_allowed(f);
	if (f->owner || *f->peer) {
		step_tunnel(f);
		step_endpoint(f);
	}
	if (!f->source)
		step_forwarding(f);
}

void explain_walk(struct judge *f)
{
	if (f->source)
		explain_say_source(f);
	if (is_true(f->kernel, "local"))
		explain_step(f, "kernel", true, "%s is an address of this machine",
			     ADDR_STR(&f->dst));
	else
		walk_there(f);
	if (!f->source)
		return;
	explain_say_return(f);
	explain_say_probe(f);
}
