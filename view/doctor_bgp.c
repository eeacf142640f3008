/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_bgp.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>

#include "doctor_causes.h"
#include "doctor_facts.h"
#include "members.h"

void check_policy(struct doctor *d, const json_t *row)
{
	if (is_set(row, "warning"))
		FIND(SEVERITY_ERROR, AT(.neighbor = str_of(row, "address")),
		     "`import` and `export` with a policy's name; `all` is one", "%s",
		     TEXT(row, "warning"));
}

/* Without a limit a neighbor may fill the memory with what no permit list lets through. */
void check_limit(struct doctor *d, const json_t *row)
{
	if (json_is_null(json_object_get(row, "max-prefix")) &&
	    str_eq(str_of(row, "type"), "external") && str_eq(str_of(row, "state"), "established"))
		FIND(SEVERITY_NOTE, AT(.neighbor = str_of(row, "address")),
		     "`max-prefix` with a good deal more than it should ever send",
		     "nothing limits how many prefixes it may send, and wgbgp keeps");
}

/* Routers of a full mesh pass nothing on among each other; a hub that sends nothing at all to those
 * that a range lets in lacks a statement. */
void check_not_sent(struct doctor *d, const json_t *row)
{
	static const struct {
		const char *reason, *hint;
	} hints[] = {
		{"too-long", "fewer communities, or a shorter path"},
		{"no-own-address", "an address of that family on the interface of the session"},
		{"next-hop-family", "`set { next-hop self; }` in the export policy"},
		{"not-a-client", "`route-reflector-client true;`"},
	};
	bool nothing = json_integer_value(json_object_get(row, "sent-prefixes")) == 0;
	const json_t *item;
	size_t n;

	json_array_foreach (json_object_get(row, "not-sent"), n, item) {
		const char *reason = str_of(item, "reason"), *hint = "";
		bool mesh = str_eq(reason, "not-a-client");

		for (unsigned i = 0; i < ARRAY_SIZE(hints); i++)
			if (str_eq(reason, hints[i].reason))
				hint = hints[i].hint;
		if (!mesh || nothing)
			FIND(mesh && !is_true(row, "dynamic") ? SEVERITY_NOTE : SEVERITY_WARNING,
			     AT(.neighbor = str_of(row, "address")), hint,
			     "%s prefixes are not sent to it: %s", TEXT(item, "prefixes"),
			     TEXT(item, "reason-text"));
	}
}

void check_session(struct doctor *d, const json_t *row)
{
	const json_t *tunnel = json_object_get(row, "tunnel");
	const char *state = str_of(row, "state"), *last = str_of(row, "last-notification");
	struct cause cause = cause_of_session(row);
	bool beside = *last && !str_eq(last, cause.text);

	if (str_eq(state, "established") || str_eq(state, "disabled"))
		return;
	FIND(SEVERITY_ERROR,
	     AT(.interface = str_of(tunnel, "interface"), .peer = str_of(tunnel, "peer"),
		.neighbor = str_of(row, "address")),
	     cause.advice, "the session is %s%s%s%s%s", TEXT(row, "state"), *cause.text ? ": " : "",
	     cause.text, beside ? "; last NOTIFICATION: " : "", beside ? last : "");
}

/* The kernel drops what lacks the right signature, and tells nobody but by its counters. */
void check_password(struct doctor *d, const json_t *row)
{
	bool ours = is_set(json_object_get(row, "settings"), "authentication");
	const char *state = str_of(row, "state");
	uint64_t wrong, missing, unexpected;

	if (str_eq(state, "established") || str_eq(state, "disabled"))
		return;
	wrong = doctor_tcp_count(d, "TCPMD5Failure");
	missing = doctor_tcp_count(d, "TCPMD5NotFound");
	unexpected = doctor_tcp_count(d, "TCPMD5Unexpected");
	if (ours && wrong + missing)
		FIND(SEVERITY_NOTE, AT(.neighbor = str_of(row, "address")),
		     "compare the password of both ends; `nstat -a` tells whether it still happens",
		     "so far the kernel has dropped %" PRIu64
		     " TCP segments with a wrong MD5 signature and %" PRIu64
		     " without one, whoever sent them",
		     wrong, missing);
	else if (!ours && unexpected)
		FIND(SEVERITY_NOTE, AT(.neighbor = str_of(row, "address")),
		     "if this neighbor has a password, give it to this end as well "
		     "(`password-file`); `nstat -a` tells whether it still happens",
		     "so far the kernel has dropped %" PRIu64
		     " TCP segments with an MD5 signature that nobody expects here, whoever sent "
		     "them",
		     unexpected);
}

void check_restarting(struct doctor *d, const json_t *row)
{
	if (is_true(json_object_get(row, "graceful-restart"), "stale-paths"))
		FIND(SEVERITY_NOTE, AT(.neighbor = str_of(row, "address")),
		     "wait for it, or `clear bgp` it to give its paths up",
		     "the neighbor is restarting: its stale paths are still used");
}

/* The tunnel that a path's next hop is the far end of. */
static const json_t *tunnel_of(const struct doctor *d, const json_t *path)
{
	return json_object_get(d->tunnel_of, str_of(path, "next-hop"));
}

/* On an interface a prefix belongs to one peer: packets from it by the other are dropped. */
void check_shared(struct doctor *d, const json_t *row)
{
	json_t *paths = json_object_get(row, "paths"), *path, *before;
	size_t i, k;

	json_array_foreach (paths, i, path) {
		const json_t *one = tunnel_of(d, path);

		if (!one || !is_true(path, "eligible"))
			continue;
		json_array_foreach (paths, k, before) {
			const json_t *two = tunnel_of(d, before);

			if (before == path)
				break;
			if (!two || two == one || !is_true(before, "eligible") ||
			    !str_eq(str_of(one, "interface"), str_of(two, "interface")))
				continue;
			FIND(SEVERITY_WARNING,
			     AT(.interface = str_of(one, "interface"), .peer = str_of(two, "peer"),
				.prefix = str_of(row, "prefix")),
			     "give one of the tunnels an interface of its own with `allowed-ips "
			     "any`",
			     "is announced through %s, too, on the same interface: packets from it "
			     "that come by %s are dropped",
			     TEXT(one, "peer"), TEXT(one, "peer"));
			return;
		}
	}
}

static bool bgp_has_best(const json_t *row)
{
	json_t *path;
	size_t i;

	json_array_foreach (json_object_get(row, "paths"), i, path)
		if (is_true(path, "best"))
			return true;
	return false;
}

static const char *swallowed_advice(const json_t *path)
{
	const char *reason = str_of(path, "reason");

	return str_eq(reason, "no-permit") || str_eq(reason, "outside-permit")
		       ? "`permit` it at the tunnel peer: `rib { keep-in permit; }` keeps in what "
			 "is "
			 "in a `permit` alone"
		       : "`rib { keep-in permit; }` keeps such packets in while the tunnel is away";
}

/* Known, but with no way into a tunnel now; the machine's default route takes it. */
void check_swallowed(struct doctor *d, const json_t *row)
{
	const json_t *path = json_array_get(json_object_get(row, "paths"), 0);
	const char *plane = str_of(row, "plane");
	char by[IF_NAMESIZE];
	struct prefix p;

	if (!path || bgp_has_best(row) || !tunnel_of(d, path) ||
	    prefix_parse(str_of(row, "prefix"), &p) < 0 || p.len == 0 ||
	    !doctor_leaks(d, &p, plane, by))
		return;
	FIND(SEVERITY_ERROR, AT(.prefix = str_of(row, "prefix")), swallowed_advice(path),
	     "no path is usable (%s), so its packets leave by %s in the clear",
	     TEXT(path, "reason"), by);
}

/* A path that only gave way to another protocol: it would work. */
static const json_t *beaten_path(const struct doctor *d, const json_t *row)
{
	json_t *path;
	size_t i;

	json_array_foreach (json_object_get(row, "paths"), i, path)
		if (str_eq(str_of(path, "reason"), "lost-to-protocol") &&
		    str_eq(str_of(path, "next-hop-state"), "up") && tunnel_of(d, path))
			return path;
	return NULL;
}

/* Meant to keep packets in while no path works, it keeps them from one that does. */
void check_blackhole(struct doctor *d, const json_t *row)
{
	const char *plane = str_of(row, "plane");
	const json_t *path = bgp_has_best(row) ? NULL : beaten_path(d, row);
	char by[IF_NAMESIZE], advice[DOCTOR_TEXT_MAX];
	struct prefix p;

	if (!path || prefix_parse(str_of(row, "prefix"), &p) < 0 ||
	    doctor_way(d, &p, plane, by) >= 0)
		return;
	snprintf(advice, sizeof(advice),
		 "let it give way: %s, and no route of somebody else (any of theirs wins, whatever "
		 "its metric)",
		 DOCTOR_BLACKHOLE(&p, plane));
	FIND(SEVERITY_ERROR,
	     AT(.interface = str_of(tunnel_of(d, path), "interface"),
		.peer = str_of(tunnel_of(d, path), "peer"), .prefix = str_of(row, "prefix")),
	     advice,
	     "a blackhole or an unreachable route beats a path that works: its packets are "
	     "dropped");
}

#define KEY_MAX 128

/* Counts paths that are not eligible by who sent them and why. */
void count_refused(struct doctor *d, const json_t *row)
{
	json_t *path, *group;
	size_t i;

	json_array_foreach (json_object_get(row, "paths"), i, path) {
		char key[KEY_MAX];

		if (is_true(path, "eligible"))
			continue;
		snprintf(key, sizeof(key), "%s %s", str_of(path, "from"), str_of(path, "reason"));
		group = json_object_get(d->refused, key);
		if (!group) {
			group = json_pack("{s:s, s:s, s:s, s:s}", "neighbor", str_of(path, "from"),
					  "reason", str_of(path, "reason"), "reason-text",
					  str_of(path, "reason-text"), "prefix",
					  str_of(row, "prefix"));
			json_object_set_new(d->refused, key, group);
		}
		json_object_set_new(group, "count", json_integer(int_of(group, "count") + 1));
	}
}

/* Which reasons are worth a finding: the others belong to a tunnel that has its own, or are how BGP
 * works. */
static const struct {
	const char *reason;
	enum severity severity;
	const char *advice;
} refusals[] = {
	{"outside-permit", SEVERITY_WARNING, "`permit` it at the tunnel peer, or stop it there"},
	{"not-a-tunnel", SEVERITY_WARNING,
	 "it would leave in the clear: some tunnel's `permit` or configured AllowedIPs have it"},
	{"no-permit", SEVERITY_WARNING, "list what may lie behind the tunnel peer: `permit`"},
	{"covers-endpoint", SEVERITY_WARNING,
	 "`rib { pin-endpoints on; }`, and a route to the endpoint that is not of BGP"},
	{"own-address", SEVERITY_WARNING,
	 "somebody announces addresses of this machine or of a "
	 "tunnel"},
	{"static-entry", SEVERITY_WARNING, "configured AllowedIPs are in the way: remove them"},
	{"foreign-allowed-ip", SEVERITY_WARNING,
	 "an entry that wgbgp did not make is in the way: `show allowed-ips`"},
	{"foreign-route", SEVERITY_WARNING,
	 "a kernel route that wgbgp did not make is in the way: `ip route`"},
	{"kernel-error", SEVERITY_ERROR, "the log has the kernel's words"},
	{"wireguard-error", SEVERITY_ERROR, "the log has WireGuard's words"},
	{"max-prefix", SEVERITY_ERROR, "raise `max-prefix`, or ask the neighbor why"},
	{"malformed", SEVERITY_ERROR, "the neighbor sends what is no correct UPDATE"},
	{"lost-to-protocol", SEVERITY_NOTE, "another protocol has the prefix: `show route`"},
};

void check_refused(struct doctor *d, const json_t *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (str_eq(refusals[i].reason, str_of(row, "reason")))
			FIND(refusals[i].severity,
			     AT(.neighbor = str_of(row, "neighbor"),
				.prefix = str_of(row, "prefix")),
			     refusals[i].advice,
			     int_of(row, "count") == 1
				     ? "%s path is not used: %s (%s)"
				     : "%s paths are not used, this is the first: %s (%s)",
			     TEXT(row, "count"), TEXT(row, "reason"), TEXT(row, "reason-text"));
}
