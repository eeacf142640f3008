/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_checks.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_bgp.h"
#include "doctor_causes.h"
#include "doctor_facts.h"
#include "doctor_flows.h"
#include "doctor_keep.h"
#include "doctor_misfits.h"
#include "machine.h"
#include "members.h"

#define DROPS_RECENT 300     /* seconds */
#define BEYOND_RECENT 86400  /* seconds */
#define ERRORS_RECENT 300    /* seconds; a warning for so long, a note ... */
#define TROUBLE_RECENT 86400 /* ... for so long */

/* ---- processes and configuration */

static void check_daemon(struct doctor *d, const json_t *row)
{
	if (!str_eq(str_of(row, "state"), "running"))
		FIND(SEVERITY_ERROR, AT(0), "look at the log; the parent tries again by itself",
		     "%s is %s%s%s", TEXT(row, "name"), TEXT(row, "state"),
		     is_set(row, "last-exit") ? ", it ended: " : "",
		     is_set(row, "last-exit") ? TEXT(row, "last-exit") : "");
	else if (int_of(row, "restarts") && int_of(row, "uptime-seconds") < TROUBLE_RECENT)
		FIND(SEVERITY_NOTE, AT(0), "look at the log, and report it",
		     "%s was restarted %s times, at last it ended: %s", TEXT(row, "name"),
		     TEXT(row, "restarts"), TEXT(row, "last-exit"));
}

static void check_privilege(struct doctor *d, const json_t *row)
{
	bool all = str_eq(str_of(row, "capability"), "net_admin");

	FIND(all ? SEVERITY_ERROR : SEVERITY_NOTE, AT(0),
	     "where that matters, the container or the unit's CapabilityBoundingSet gives it",
	     "wgbgpd has no capability %s: %s", TEXT(row, "capability"), TEXT(row, "lost"));
}

/* A container of the configuration at its top, whatever module it is from. */
static const json_t *section(const json_t *conf, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)conf, key, value) {
		const char *colon = strchr(key, ':');

		if (str_eq(colon ? colon + 1 : key, name))
			return value;
	}
	return NULL;
}

/* A mode that others may look at; it is octal. */
static bool is_open(const json_t *row)
{
	return is_set(row, "mode") && strtoul(str_of(row, "mode"), NULL, 8) & 077;
}

static void check_key_file(struct doctor *d, const json_t *row)
{
	struct where at = {.interface = str_of(row, "interface"), .peer = str_of(row, "peer")};

	if (is_true(row, "missing"))
		FIND(SEVERITY_ERROR, at, "put it back: without it nothing starts again",
		     "the key file %s is missing", TEXT(row, "file"));
	else if (is_open(row))
		FIND(SEVERITY_ERROR, at, "chmod 600", "the key file %s is open to others (mode %s)",
		     TEXT(row, "file"), TEXT(row, "mode"));
}

static void check_kernel_off(struct doctor *d, const json_t *row)
{
	if (str_eq(str_of(section(row, "rib"), "kernel"), "off"))
		FIND(SEVERITY_NOTE, AT(0), "rib { kernel on; }",
		     "routes are computed and not installed: `rib { kernel off; }`");
}

/* ---- interfaces and peers */

static void check_interface(struct doctor *d, const json_t *row)
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

static void check_source_drops(struct doctor *d, const json_t *row)
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

/* What exceeds the ceiling was asked for, and refused. WHO asked; ROW has the counters. */
static void find_beyond(struct doctor *d, const json_t *row, const char *who, const char *interface)
{
	bool recent = is_set(row, "beyond-ceiling-seconds") &&
		      int_of(row, "beyond-ceiling-seconds") < BEYOND_RECENT;

	if (!int_of(row, "beyond-ceiling"))
		return;
	FIND(recent ? SEVERITY_ERROR : SEVERITY_NOTE, AT(.interface = interface),
	     "it is an attack or a bug: `beyond-ceiling` in the log names peers and prefixes",
	     "%s asked %s times for what no permit list or address allows, the last time %s; it "
	     "was "
	     "refused",
	     who, TEXT(row, "beyond-ceiling"), AGO(row, "beyond-ceiling-seconds"));
}

static void check_beyond_rib(struct doctor *d, const json_t *row)
{
	find_beyond(d, row, "bgpd", NULL);
}

static void check_beyond_interface(struct doctor *d, const json_t *row)
{
	find_beyond(d, row, "zebra-lite", str_of(row, "name"));
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

static void check_permits(struct doctor *d, const json_t *row)
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

static void check_tunnel(struct doctor *d, const json_t *row)
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

static void check_endpoint(struct doctor *d, const json_t *row)
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

static void check_mtu(struct doctor *d, const json_t *row)
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

static void check_pin(struct doctor *d, const json_t *row)
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

/* ---- the two tables */

static void check_nftables(struct doctor *d, const json_t *row)
{
	if (is_set(row, "nftables-error"))
		FIND(SEVERITY_ERROR, AT(0),
		     "look what is in the way in the nftables table inet wgbgp",
		     "the sets for the firewall are not kept: %s", TEXT(row, "nftables-error"));
	if (is_set(row, "own-addresses-error"))
		FIND(SEVERITY_ERROR, AT(0),
		     "the kernel needs nftables with its fib expression; or plane NAME { "
		     "own-addresses "
		     "shared; }",
		     "what comes in by a plane's tunnel reaches own addresses of other planes: the "
		     "nftables table inet wgbgp-planes is refused: %s",
		     TEXT(row, "own-addresses-error"));
}

/* The counter rose less than so many seconds ago. */
static bool lately(const json_t *row, const char *counter, const char *age, int seconds)
{
	return int_of(row, counter) && is_set(row, age) && int_of(row, age) < seconds;
}

static void check_drift(struct doctor *d, const json_t *row)
{
	if (lately(row, "drift-repaired", "drift-repaired-seconds", TROUBLE_RECENT))
		FIND(SEVERITY_NOTE, AT(0), "find out who changes routes that are wgbgp's",
		     "%s routes were changed or removed by somebody else, and put back, the last "
		     "one "
		     "%s",
		     TEXT(row, "drift-repaired"), AGO(row, "drift-repaired-seconds"));
	if (int_of(row, "routes-refused"))
		FIND(SEVERITY_WARNING, AT(0),
		     "`show route PREFIX` and the log have the kernel's words",
		     "the kernel refuses %s routes, again and again", TEXT(row, "routes-refused"));
	else if (lately(row, "route-errors", "route-errors-seconds", TROUBLE_RECENT))
		FIND(lately(row, "route-errors", "route-errors-seconds", ERRORS_RECENT)
			     ? SEVERITY_WARNING
			     : SEVERITY_NOTE,
		     AT(0), "the log has the kernel's words",
		     "the kernel refused %s changes of routes, the last one %s",
		     TEXT(row, "route-errors"), AGO(row, "route-errors-seconds"));
	if (json_is_false(json_object_get(row, "swept")))
		FIND(SEVERITY_NOTE, AT(0), "it ends by itself (`rib { sweep-timeout ... }`)",
		     "what is left of an earlier run has not been swept yet");
}

#define NOTIFIED_MANY 5000 /* routes; the kernel needs about 3 us for each */

/* What moves by one write is told route by route, in one go of the kernel. */
static void check_nexthop_compat(struct doctor *d, const json_t *row)
{
	if (int_of(row, "nexthop-objects") && int_of(row, "prefixes") >= NOTIFIED_MANY &&
	    doctor_knob(d, "net/ipv4/nexthop_compat_mode") == 1)
		FIND(SEVERITY_NOTE, AT(0), "sysctl -w net.ipv4.nexthop_compat_mode=0",
		     "when a tunnel fails the kernel tells of each of the %s prefixes, "
		     "in one system call: what waits for that processor waits for as long",
		     TEXT(row, "prefixes"));
}

/* The interface of an active next hop; INTERFACE NULL: of the first one. */
static const char *active_by(const json_t *route, const char *interface)
{
	json_t *hop;
	size_t i;

	json_array_foreach (json_object_get(route, "next-hops"), i, hop)
		if (is_true(hop, "active") &&
		    (!interface || str_eq(str_of(hop, "interface"), interface)))
			return str_of(hop, "interface");
	return "";
}

/* BGP's route is there, and a packet goes elsewhere all the same: a rule, a more specific route. */
static void check_in_front(struct doctor *d, const json_t *row)
{
	const char *want = active_by(row, NULL), *plane = str_of(row, "plane");
	struct where at = {.interface = want, .prefix = str_of(row, "prefix")};
	char by[IF_NAMESIZE];
	struct prefix p;
	int leaves;

	if (!is_true(row, "installed") || !*want || prefix_parse(at.prefix, &p) < 0 || p.len == 0)
		return;
	/* In a plane: as its rules have it. */
	leaves = doctor_leaves_by(d, &p, *plane && !str_eq(plane, "main") ? want : "", by);
	if (leaves < 0)
		FIND(SEVERITY_ERROR, at, "`ip rule`, `ip route get`: what is in front of it?",
		     "the kernel sends nothing to its first address (%s): a blackhole or an "
		     "unreachable route is in front",
		     d->refusal);
	else if (leaves && !*active_by(row, by))
		FIND(SEVERITY_WARNING, at, "`ip rule`, `ip route get`: what is in front of it?",
		     "its first address leaves by %s: a rule or a more specific route of somebody "
		     "else is in front",
		     by);
}

static void check_route(struct doctor *d, const json_t *row)
{
	if (!str_eq(str_of(row, "protocol"), "bgp") || !is_true(row, "selected"))
		return;
	if (is_true(row, "stale"))
		FIND(SEVERITY_NOTE, AT(.prefix = str_of(row, "prefix")), "wait for the neighbor",
		     "the route is kept over a restart and not refreshed yet");
	check_in_front(d, row);
}

static void check_entry(struct doctor *d, const json_t *row)
{
	struct where at = {.interface = str_of(row, "interface"),
			   .peer = str_of(row, "peer"),
			   .prefix = str_of(row, "prefix")};

	if (str_eq(str_of(row, "origin"), "drift"))
		FIND(SEVERITY_WARNING, at, "find out who moves AllowedIPs of wgbgp",
		     "somebody gave the entry to another peer; it is being repaired");
	else if (str_eq(str_of(row, "origin"), "foreign"))
		FIND(SEVERITY_NOTE, at, "nothing, if that is meant: wgbgp leaves it alone",
		     "an AllowedIPs entry that wgbgp did not make");
}

/* ---- the machine */

/* Something here is there for others: packets pass through. */
static bool is_router(const struct doctor *d)
{
	return json_array_size(d->kept[SOURCE_TUNNELS]) > 1;
}

static void check_forwarding(struct doctor *d, const json_t *row)
{
	static const struct {
		const char *path, *family;
	} knobs[] = {{"net/ipv4/ip_forward", "IPv4"}, {"net/ipv6/conf/all/forwarding", "IPv6"}};

	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		if (doctor_knob(d, knobs[i].path) == 0)
			FIND(is_router(d) ? SEVERITY_WARNING : SEVERITY_NOTE, AT(0),
			     "system { forwarding on; }",
			     "this machine does not forward %s packets (%s is 0)", knobs[i].family,
			     knobs[i].path);
}

static void check_plane_errors(struct doctor *d, const json_t *row)
{
	const json_t *conf = json_array_get(d->kept[SOURCE_CONFIGURATION], 0);
	bool any = false;
	json_t *interface;
	size_t i;

	if (str_eq(str_of(section(conf, "rib"), "kernel"), "off"))
		return; /* nothing leads them anywhere */
	json_array_foreach (d->kept[SOURCE_INTERFACES], i, interface)
		any = any ||
		      (is_set(interface, "plane") && !str_eq(str_of(interface, "plane"), "main"));
	if (any && doctor_knob(d, ERRORS_KNOB) == 0)
		FIND(SEVERITY_WARNING, AT(0), "sysctl -w net.ipv4.icmp_errors_use_inbound_ifaddr=1",
		     "what this machine says of packets of a plane that are too big goes by the "
		     "main table (%s is 0): such transfers hang",
		     ERRORS_KNOB);
}

/* The kernel takes the larger one of the two; 2 is loose. */
static bool is_strict(long own, long all)
{
	return own < 2 && all < 2 && (own == 1 || all == 1);
}

/* -1: not known. */
static long rp_filter_of(struct doctor *d, const char *interface)
{
	const json_t *answer = doctor_ask(
		d, json_pack("{s:s, s:s}", "command", "host-interface", "interface", interface));

	return is_set(answer, "rp-filter") ? (long)int_of(answer, "rp-filter") : -1;
}

/* A strict filter drops what comes by a tunnel that is not the way back. */
static void check_rp_filter(struct doctor *d, const json_t *row)
{
	long all = doctor_knob(d, "net/ipv4/conf/all/rp_filter");
	json_t *interface;
	size_t i;

	if (json_array_size(d->kept[SOURCE_INTERFACES]) < 2)
		return;
	json_array_foreach (d->kept[SOURCE_INTERFACES], i, interface) {
		const char *name = str_of(interface, "name");

		if (is_strict(rp_filter_of(d, name), all))
			FIND(SEVERITY_WARNING, AT(.interface = name),
			     "sysctl -w net.ipv4.conf.IF.rp_filter=2, the same for `all`",
			     "rp_filter is strict: what comes by this tunnel while the way back is "
			     "another one is dropped");
	}
}

static void check_last_change(struct doctor *d, const json_t *row)
{
	const char *state = str_of(row, "state");
	unsigned number = (unsigned)int_of(row, "commit");

	if (row != json_array_get(d->kept[SOURCE_COMMITS], 0))
		return;
	if (str_eq(state, "pending"))
		FIND(SEVERITY_WARNING, AT(0),
		     "`confirm` where it does what it should, else `rollback 0`",
		     "the configuration, commit %u, is on trial: it is taken back in %u s", number,
		     (unsigned)int_of(row, "left-seconds"));
	else if (str_eq(state, "failed"))
		FIND(SEVERITY_WARNING, AT(0),
		     "`reload check`, the log, then mend the file or `rollback 0`",
		     "the last change, commit %u, failed while it was applied: what the files say "
		     "does "
		     "not run",
		     number);
	else if (str_eq(state, "refused"))
		FIND(SEVERITY_ERROR, AT(0),
		     "mend them, `reload check` until it says no more, `reload`; or `rollback 0` "
		     "puts back what runs",
		     "the files were refused at the start, what was committed before runs: %s",
		     TEXT(row, "why"));
	else if (str_eq(state, "returned"))
		FIND(SEVERITY_NOTE, AT(0), "what it said lies beside the files, as FILE.rejected",
		     "the last change, commit %u, was not confirmed and was taken back", number);
}

#define BORN 1767225600 /* 2026-01-01: before that no wgbgp was there */

static void check_clock(struct doctor *d, const json_t *row)
{
	if (machine_clock() < BORN)
		FIND(SEVERITY_ERROR, AT(0), "set it, and keep it by NTP",
		     "the clock is wrong: far ends refuse handshakes that are older than the last "
		     "one they saw");
}

const struct check doctor_checks[] = {
	{"daemon", SOURCE_DAEMONS, check_daemon},
	{"privilege", SOURCE_PRIVILEGES, check_privilege},
	{"commit", SOURCE_COMMITS, check_last_change},
	{"key-file", SOURCE_KEYS, check_key_file},
	{"kernel-off", SOURCE_CONFIGURATION, check_kernel_off},
	{"clock", SOURCE_MACHINE, check_clock},
	{"interface", SOURCE_INTERFACES, check_interface},
	{"tunnel", SOURCE_TUNNELS, check_tunnel},
	{"endpoint", SOURCE_TUNNELS, check_endpoint},
	{"pin", SOURCE_PINS, check_pin},
	{"mtu", SOURCE_TUNNELS, check_mtu},
	{"name", SOURCE_INTERFACES, check_names},
	{"orphan", SOURCE_NEIGHBORS, check_orphan},
	{"session", SOURCE_NEIGHBORS, check_session},
	{"password", SOURCE_NEIGHBORS, check_password},
	{"policy", SOURCE_NEIGHBORS, check_policy},
	{"prefix-limit", SOURCE_NEIGHBORS, check_limit},
	{"not-sent", SOURCE_NEIGHBORS, check_not_sent},
	{"restarting", SOURCE_NEIGHBORS, check_restarting},
	{"permit", SOURCE_INTERFACES, check_permits},
	{"static-entry", SOURCE_INTERFACES, check_static_entries},
	{"swallowed", SOURCE_BGP, check_swallowed},
	{"keep-in", SOURCE_ROUTES, check_kept},
	{"keep-in", SOURCE_ROUTES, check_keep_off},
	{"blackhole", SOURCE_BGP, check_blackhole},
	{"shared-interface", SOURCE_BGP, check_shared},
	{"refused-paths", SOURCE_BGP, count_refused},
	{"refused-paths", SOURCE_REFUSED, check_refused},
	{"own-network", SOURCE_ROUTES, check_own_network},
	{"hash-policy", SOURCE_ROUTES, check_shares},
	{"hash-policy", SOURCE_MACHINE, check_hash_policy},
	{"route", SOURCE_ROUTES, check_route},
	{"one-way", SOURCE_ROUTES, note_flows},
	{"one-way", SOURCE_MACHINE, check_one_way},
	{"routes", SOURCE_RIB, check_drift},
	{"nftables", SOURCE_RIB, check_nftables},
	{"nexthop-compat", SOURCE_RIB, check_nexthop_compat},
	{"allowed-ips", SOURCE_ENTRIES, check_entry},
	{"source-check", SOURCE_INTERFACES, check_source_drops},
	{"beyond-ceiling", SOURCE_RIB, check_beyond_rib},
	{"beyond-ceiling", SOURCE_INTERFACES, check_beyond_interface},
	{"forwarding", SOURCE_MACHINE, check_forwarding},
	{"rp-filter", SOURCE_MACHINE, check_rp_filter},
	{"plane-errors", SOURCE_MACHINE, check_plane_errors},
	{"plane-errors", SOURCE_INTERFACES, check_plane_address},
};
const size_t doctor_n_checks = ARRAY_SIZE(doctor_checks);
