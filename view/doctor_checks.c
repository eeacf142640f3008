/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_checks.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_bgp.h"
#include "doctor_facts.h"
#include "doctor_flows.h"
#include "doctor_keep.h"
#include "doctor_machine.h"
#include "doctor_misfits.h"
#include "doctor_tunnels.h"
#include "members.h"

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

/* ---- what a ceiling refused */

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
