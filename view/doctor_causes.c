/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_causes.h"

#include <string.h>

#include "prefix.h"
#include "reason.h"
#include "members.h"
#include "util.h"

#define RECENT 60 /* seconds: an ICMP error is about now */

/* The answer of the DNS was not believed. */
static bool cause_is_inside(const json_t *endpoint)
{
	return str_eq(str_of(endpoint, "error"), reason_text(REASON_ENDPOINT_INSIDE));
}

const char *cause_name_advice(const json_t *endpoint)
{
	return cause_is_inside(endpoint)
		       ? "find out who says so; if it is right, write the number into "
			 "`endpoint`, or set `endpoint-inside-permit true;`"
		       : "look at the resolver (/etc/resolv.conf), and at the name";
}

const json_t *cause_unresolved(const json_t *peer)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(peer, "configured-endpoints"), i, row)
		if (cause_is_inside(row) || (is_set(row, "error") && !is_set(row, "addresses")))
			return row;
	return NULL;
}

/* Another tunnel to the same host works: the host is there, and so is the way. */
static bool host_answers(const json_t *tunnel, const json_t *tunnels)
{
	struct endpoint ours, theirs;
	json_t *row;
	size_t i;

	if (endpoint_parse(str_of(tunnel, "endpoint"), &ours) < 0)
		return false;
	json_array_foreach (tunnels, i, row)
		if (row != tunnel && str_eq(str_of(row, "state"), "up") &&
		    endpoint_parse(str_of(row, "endpoint"), &theirs) == 0 &&
		    addr_eq(&ours.addr, &theirs.addr))
			return true;
	return false;
}

bool cause_never_up(const json_t *tunnel)
{
	return str_eq(str_of(tunnel, "state"), "never") ||
	       str_eq(str_of(tunnel, "reason"), "handshake-never");
}

static struct cause rejected(const char *error)
{
	static const struct {
		const char *error;
		struct cause cause;
	} rows[] = {
		{"port-unreachable",
		 {": the host answers that nothing listens on that port",
		  "is WireGuard up there, is the port the right one? A firewall may reject so, "
		  "too"}},
		{"prohibited",
		 {": a firewall on the way rejects its packets",
		  "let UDP to the endpoint's port pass there"}},
		{"no-route",
		 {": a router on the way has no route to the endpoint", "the underlay first"}},
		{"host-unreachable",
		 {": the endpoint's network says that the host is not there",
		  "is the far end on?"}},
		{"other", {": the underlay rejects its packets", "the log has the ICMP error"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].error, error))
			return rows[i].cause;
	return rows[ARRAY_SIZE(rows) - 1].cause;
}

/* There never was a handshake, and nobody says why. WireGuard answers nothing to a key that it does
 * not know, and a firewall that drops answers nothing either. */
static struct cause silent(const json_t *tunnel, const json_t *tunnels)
{
	if (int_of(tunnel, "rx-bytes"))
		return (struct cause){
			": what the far end sends does arrive, with the right keys",
			"our answers do not: a firewall on the way there; or the preshared keys of "
			"both ends differ"};
	if (host_answers(tunnel, tunnels))
		return (struct cause){
			": nothing comes back, although that address answers in another tunnel",
			"compare the public keys of both ends, then the port: WireGuard is silent "
			"towards a key that it does not know"};
	return (struct cause){": nothing comes back, no ICMP error either",
			      "compare the public keys of both ends (WireGuard is silent towards "
			      "one that it does "
			      "not know), the port, and what firewalls drop"};
}

/* The underlay rejects its packets now: and not before the last handshake, which it let pass. */
static bool is_rejected(const json_t *tunnel)
{
	int64_t ago = int_of(tunnel, "underlay-error-seconds");

	return is_set(tunnel, "underlay-error") && is_set(tunnel, "underlay-error-seconds") &&
	       ago < RECENT &&
	       (!is_set(tunnel, "handshake-seconds") || ago < int_of(tunnel, "handshake-seconds"));
}

struct cause cause_of_tunnel(const json_t *tunnel, const json_t *peer, const json_t *tunnels)
{
	bool never = cause_never_up(tunnel);

	if (!is_set(tunnel, "endpoint") && cause_unresolved(peer))
		return (struct cause){": the name of its endpoint has no address",
				      cause_name_advice(cause_unresolved(peer))};
	if (!is_set(tunnel, "endpoint"))
		return (struct cause){"", "no endpoint is known: the far end has to speak first"};
	if (is_rejected(tunnel))
		return rejected(str_of(tunnel, "underlay-error"));
	if (never)
		return silent(tunnel, tunnels);
	if (host_answers(tunnel, tunnels))
		return (struct cause){
			": that address answers in another tunnel",
			"so the underlay is there. Is the far end (others may be behind the same "
			"NAT), is its interface up, has it another key or port by now, does a "
			"firewall drop that port?"};
	return (struct cause){"",
			      "is the far end there, is the underlay? A clock that was set back "
			      "makes the far end refuse handshakes, too"};
}

/* What a part of the last error, or else of the last NOTIFICATION, means. */
static const struct {
	const char *part, *advice;
} hints[] = {
	{"sent OPEN Message Error/Bad Peer AS",
	 "the neighbor has another AS than `remote-as` says (`claimed-as`): correct one of them"},
	{"received OPEN Message Error/Bad Peer AS",
	 "the neighbor expects another AS of us: compare `bgp { as }` with its `remote-as`"},
	{"Bad BGP Identifier", "both ends have the same router-id: give one of them another"},
	{"Unsupported Capability", "the ends have no address family in common"},
	{"Unacceptable Hold Time", "raise the hold-time of the end that has the lower one"},
	{"Maximum Number of Prefixes",
	 "raise `max-prefix` where it ended, or ask why there are so many"},
	{"Administrative Shutdown", "it was shut down on purpose: enable it where that was done"},
	{"Peer De-configured", "the far end has no such neighbor any more"},
	{"Connection Rejected",
	 "the far end does not accept this neighbor: does it know our address?"},
	{"Out of Resources", "the far end has no room: look there"},
	{"sent Send Hold Timer Expired",
	 "the neighbor took nothing that was sent to it: it hangs, or large packets do not pass "
	 "(MTU)"},
	{"received Send Hold Timer Expired",
	 "the neighbor could send us nothing: large packets do not pass (MTU), or this machine "
	 "hangs"},
	{"Hold Timer Expired",
	 "keepalives got lost while the tunnel was up: MTU, load, or the far end hangs"},
	{"Connection refused",
	 "nothing listens on the far end's TCP port 179: is BGP running there?"},
	{"Connection reset",
	 "the far end closes the connection: does it know this neighbor's address?"},
	{"No route to host", "no route leads to the neighbor: `explain` it"},
	{"Network is unreachable", "no route leads to the neighbor: `explain` it"},
	{"Required key not available",
	 "no peer of the interface has the neighbor's address as `tunnel-address`"},
	{"has it the same password",
	 "with a wrong password (TCP MD5) nobody answers: compare both ends' files; else a "
	 "firewall, the far end has not this address, or its AllowedIPs do not have ours"},
	{"password-file", "its file has to belong to root, with mode 0600; then reload"},
	{"no answer",
	 "TCP to port 179 is not answered: a firewall, the far end has not this address, or its "
	 "AllowedIPs do not have ours"},
	{"timed out",
	 "TCP to port 179 is not answered: a firewall, the far end has not this address, or its "
	 "AllowedIPs do not have ours"},
	{"UPDATE Message Error",
	 "one end sends what the other cannot read: update it, and report it"},
};

static const char *hint_in(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strstr(text, hints[i].part))
			return hints[i].advice;
	return NULL;
}

struct cause cause_of_session(const json_t *neighbor)
{
	const json_t *tunnel = json_object_get(neighbor, "tunnel");
	const char *error = str_of(neighbor, "last-error");
	const char *notification = str_of(neighbor, "last-notification"), *advice;

	if (str_eq(str_of(tunnel, "reach"), "down"))
		return (struct cause){error, "the tunnel first"};
	advice = hint_in(error);
	advice = advice ? advice : hint_in(notification);
	if (!advice)
		advice = "is BGP running there, with the AS numbers of this end?";
	return (struct cause){error, advice};
}
