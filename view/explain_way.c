/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_way.h"

#include <stdio.h>

#include "explain_facts.h"
#include "members.h"

static const char *family_of(const struct judge *f)
{
	return f->dst.family == AF_INET ? "IPv4" : "IPv6";
}

static bool is_false(const json_t *obj, const char *key)
{
	return json_is_false(json_object_get(obj, key));
}

static const json_t *probed(const struct judge *f, const char *name)
{
	return json_object_get(json_object_get(f->facts, "probe"), name);
}

static bool is_answered(const struct judge *f, const char *name)
{
	return int_of(probed(f, name), "answered") > 0;
}

static bool is_local(const struct judge *f)
{
	return is_true(f->source, "local");
}

/* Echo requests have that very source. */
static bool is_very(const struct judge *f)
{
	const json_t *probe = json_object_get(f->facts, "probe");

	return is_local(f) || explain_same(probe, "from", f->source, "address");
}

/* An address of ours in a tunnel of that destination. */
static bool is_own_end(const struct judge *f, const struct addr *whose)
{
	json_t *row, *text;
	struct addr a;
	uint8_t len;
	size_t i, k;

	json_array_foreach (json_object_get(f->facts, "interfaces"), i, row)
		json_array_foreach (json_object_get(row, "addresses"), k, text)
			if (explain_same(row, "name", f->hop, "interface") &&
			    addr_parse_with_len(json_string_value(text), &a, &len) == 0 &&
			    addr_eq(&a, whose))
				return true;
	return false;
}

/* Somebody else says what became of them. */
static bool is_told(const struct judge *f)
{
	const json_t *answer = probed(f, "answer");
	struct addr by;

	return is_set(answer, "said") && addr_parse(str_of(answer, "by"), &by) == 0 &&
	       !is_own_end(f, &by);
}

/* ... and are let in and heard of, so what is only likely of the far end is not so. */
static bool is_proved(const struct judge *f)
{
	return (is_answered(f, "answer") || is_told(f)) && is_very(f);
}

/* ---- here, on the way out */

void explain_say_source(struct judge *f)
{
	const char *src = str_of(f->source, "address");

	if (is_set(f->source, "error"))
		explain_step(f, "source", false,
			     "the kernel has no way to %s, so nothing comes back to it: %s", src,
			     TEXT(f->source, "error"));
	else if (is_true(f->source, "local"))
		explain_step(f, "source", true, "%s is an address of this machine, on %s", src,
			     TEXT(f->source, "interface"));
	else
		explain_step(f, "source", true, "%s is behind %s: its packets come in there", src,
			     TEXT(f->source, "interface"));
}

static bool say_forwarding(struct judge *f, const json_t *entry, const char *interface)
{
	if (is_false(entry, "forwards"))
		explain_step(f, "forwarding", false,
			     "this machine does not forward %s packets that come in by %s",
			     family_of(f), interface);
	return is_false(entry, "forwards");
}

/* The kernel knows a way for anybody's packets, and another one for these. */
static bool is_by_source(const struct judge *f)
{
	const json_t *any = json_object_get(f->facts, "kernel-any");

	return f->hop && explain_same(any, "interface", f->hop, "interface") &&
	       !is_set(any, "error") &&
	       (is_set(f->kernel, "error") ||
		!explain_same(f->kernel, "interface", f->hop, "interface"));
}

bool explain_say_entry(struct judge *f)
{
	const char *src = str_of(f->source, "address");
	const char *by = str_of(f->source, "interface");

	if (is_set(f->source, "error"))
		return true;
	if (!is_true(f->source, "local") && !is_true(f->kernel, "local") &&
	    say_forwarding(f, f->source, by))
		return true;
	if (is_true(f->kernel, "rp-filter")) {
		explain_step(f, "rp-filter", false,
			     "rp_filter of %s drops packets of %s: the way to it leads elsewhere",
			     by, src);
		return true;
	}
	if (!is_by_source(f))
		return false;
	if (is_set(f->kernel, "error"))
		explain_step(f, "rule", false,
			     "packets of %s have no way, others have one: a rule looks at their "
			     "source or interface (`ip rule`)",
			     src);
	else
		explain_step(f, "rule", false,
			     "packets of %s leave by %s, others by %s: a rule looks at their "
			     "source or interface (`ip rule`)",
			     src, TEXT(f->kernel, "interface"), TEXT(f->hop, "interface"));
	return true;
}

/* ---- the way back */

static void say_firewall(struct judge *f)
{
	const json_t *firewall = json_object_get(f->facts, "firewall");
	json_t *row;
	size_t i;

	if (is_set(firewall, "unknown"))
		explain_doubt(f, "firewall",
			      "what the rules of nftables here drop is not known: %s",
			      TEXT(firewall, "unknown"));
	json_array_foreach (firewall, i, row) {
		const char *what = str_eq(str_of(row, "way"), "out") ? "echo requests" : "answers";

		if (str_eq(str_of(row, "way"), "probe"))
			continue;
		if (is_true(row, "drops") && !(is_answered(f, "answer") && is_local(f)))
			explain_step(f, "firewall", false, "chain %s (%s) drops %s",
				     TEXT(row, "chain"), TEXT(row, "hook"), what);
		else
			explain_doubt(f, "firewall", "chain %s (%s) may drop %s",
				      TEXT(row, "chain"), TEXT(row, "hook"), what);
	}
}

static void say_announced(struct judge *f)
{
	const json_t *rows = json_object_get(f->facts, "announced");
	const char *src = str_of(f->source, "address");

	if (!f->tunnel || !json_is_array(rows) || is_own_end(f, &f->src))
		return;
	if (json_array_size(rows))
		explain_step(f, "announced", true, "%s of us is announced to %s",
			     TEXT(json_array_get(rows, 0), "prefix"), f->peer);
	else
		explain_step(f, "announced", is_proved(f),
			     "nothing that covers %s is announced to %s: by BGP it knows no way "
			     "back, and WireGuard there drops such packets",
			     src, f->peer);
}

static void say_back(struct judge *f)
{
	const json_t *back = json_object_get(f->facts, "back");
	const char *src = str_of(f->source, "address"), *in = str_of(back, "in");

	if (!back)
		return;
	if (is_true(back, "rp-filter"))
		explain_step(f, "rp-filter", false,
			     "rp_filter of %s drops the answers: the way to %s leads elsewhere", in,
			     ADDR_STR(&f->dst));
	else if (!is_true(f->source, "local") && say_forwarding(f, back, in))
		return;
	else if (is_set(back, "error"))
		explain_step(f, "back", false, "answers that come in by %s have no way to %s: %s",
			     in, src, TEXT(back, "error"));
	else if (is_true(back, "local") != is_true(f->source, "local"))
		explain_step(f, "back", false, "answers that come in by %s do not come to %s", in,
			     src);
	else
		explain_step(f, "back", true, "answers that come in by %s are %s %s", in,
			     is_true(back, "local") ? "for" : "sent on by",
			     is_true(back, "local") ? src : TEXT(back, "interface"));
}

/* Large packets, traceroute: nothing is lost but the word that says why something is. */
static void say_errors(struct judge *f)
{
	const json_t *errors = json_object_get(f->facts, "errors");
	const char *by = str_of(f->source, "interface"), *way = str_of(errors, "interface");

	if (is_false(errors, "inbound-address"))
		explain_doubt(
			f, "errors",
			"net.ipv4.icmp_errors_use_inbound_ifaddr of this machine is 0: what it "
			"says of packets too big or without a way goes by the main table");
	else if (errors && (is_set(errors, "error") || !str_eq(way, by)))
		explain_doubt(f, "errors",
			      "what this machine says to %s of packets too big or without a way "
			      "%s%s%s%s: such are lost without a word",
			      str_of(f->source, "address"), *way ? "leaves by " : "has no way", way,
			      *way ? " instead of " : "", *way ? by : "");
}

void explain_say_return(struct judge *f)
{
	say_firewall(f);
	say_announced(f);
	say_back(f);
	say_errors(f);
}

/* ---- what echo requests showed */

/* Somebody says why. */
static void say_error(struct judge *f, const json_t *p)
{
	static const struct {
		const char *said, *stage, *text;
	} rows[] = {
		{"no-host", "host", "%s says that %s is unreachable: nobody there has the address"},
		{"no-route", "far-route", "%s says that it has no route to %s"},
		{"prohibited", "far-firewall", "%s says that packets to %s are refused there"},
		{"hops", "far-route", "%s says that packets to %s go round in a circle"},
	};
	const char *by = TEXT(p, "by");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].said, str_of(p, "said"))) {
			explain_step(f, rows[i].stage, false, rows[i].text, by, ADDR_STR(&f->dst));
			return;
		}
	explain_step(f, "answer", false, "%s says that packets to %s are lost", by,
		     ADDR_STR(&f->dst));
}

static bool is_peer_address(const struct judge *f)
{
	json_t *text;
	struct addr a;
	uint8_t len;
	size_t i;

	json_array_foreach (json_object_get(f->tunnel, "tunnel-addresses"), i, text)
		if (json_is_string(text) &&
		    addr_parse_with_len(json_string_value(text), &a, &len) == 0 &&
		    addr_eq(&a, &f->dst))
			return true;
	return false;
}

/* Lost without a word, in the tunnel or behind it. */
static void say_lost_in_tunnel(struct judge *f, const char *from)
{
	const json_t *hop = probed(f, "hop");

	if (is_set(hop, "said"))
		explain_step(f, "answer", false,
			     "%s takes packets of %s and passes them on (%s says so), and no "
			     "answer comes: lost behind it, or on the way back to it",
			     f->peer, from, TEXT(hop, "by"));
	else if (is_answered(f, "peer") && !str_eq(f->plane, "main"))
		/* Where it has a plane, too, what its kernel says by itself may look into its main
		 * table: a wgbgp of old, or no wgbgp. */
		explain_step(f, "answer", false,
			     "%s answers %s, and no answer comes of %s: a router in a plane may "
			     "be unable to say why",
			     f->peer, from, ADDR_STR(&f->dst));
	else if (is_answered(f, "peer"))
		explain_step(f, "far-forwarding", false,
			     "%s answers %s, but packets to %s are not passed on there: its "
			     "forwarding, rp_filter or firewall",
			     f->peer, from, ADDR_STR(&f->dst));
	else if (is_answered(f, "tunnel"))
		explain_step(f, "far-end", false,
			     "%s answers our address of the tunnel, and nothing with the source "
			     "%s: its AllowedIPs for us, or its way back, lack that address",
			     f->peer, from);
	else if (is_peer_address(f))
		explain_step(f, "answer", false, "%s does not answer: a firewall there?",
			     ADDR_STR(&f->dst));
	else
		explain_step(f, "far-end", false,
			     "%s answers no echo requests at all: what becomes of others is not "
			     "seen from here",
			     f->peer);
}

static int64_t sent_of(const struct judge *f, const char *name)
{
	const json_t *p = probed(f, name);

	return is_set(p, "refused") ? 0 : int_of(p, "sent");
}

/* The kernel counts all that it drops, not only answers to us: so no fewer than what the
 * destination was asked, and no answers to that source come in from the far end. */
static bool filter_may_drop(const struct judge *f)
{
	int64_t drops = int_of(json_object_get(f->facts, "probe"), "rp-filter-drops");

	return f->tunnel && f->dst.family == AF_INET && drops > 0 && !is_answered(f, "peer") &&
	       drops >= sent_of(f, "answer") + sent_of(f, "whole");
}

static void say_lost(struct judge *f, const json_t *p, const char *from)
{
	if (is_set(p, "said"))
		say_error(f, p);
	else if (is_set(p, "refused"))
		explain_step(f, "firewall", false, "this machine refuses to send from %s: %s", from,
			     TEXT(p, "refused"));
	else if (filter_may_drop(f))
		explain_step(f, "rp-filter", false,
			     "rp_filter of this machine dropped %s packets meanwhile: perhaps the "
			     "answers, which come in by another interface then than the way there "
			     "leads by",
			     TEXT(json_object_get(f->facts, "probe"), "rp-filter-drops"));
	else if (f->tunnel)
		say_lost_in_tunnel(f, from);
	else
		explain_step(f, "answer", false, "%s does not answer", ADDR_STR(&f->dst));
}

static void say_large_lost(struct judge *f, const json_t *whole, const json_t *fits)
{
	char less[64] = "";

	if (is_answered(f, "fits"))
		snprintf(less, sizeof(less), "; those of %s pass", TEXT(fits, "size"));
	if (is_set(whole, "said"))
		explain_step(f, "mtu", false, "packets of %s bytes are lost: %s says \"%s\"%s",
			     TEXT(whole, "size"), TEXT(whole, "by"), TEXT(whole, "said"), less);
	else if (is_set(whole, "refused")) /* what is sent on may be another matter */
		explain_step(f, "mtu", !is_very(f),
			     "this machine refuses to send packets of %s bytes: %s%s",
			     TEXT(whole, "size"), TEXT(whole, "refused"), less);
	else
		explain_step(f, "mtu", false, "packets of %s bytes are lost, and nobody says so%s",
			     TEXT(whole, "size"), less);
}

/* Large ones: they come through, or somebody says what would. */
static void say_mtu(struct judge *f)
{
	const json_t *whole = probed(f, "whole"), *fits = probed(f, "fits");

	if (!whole)
		return;
	if (is_answered(f, "whole"))
		explain_step(f, "mtu", true, "packets of %s bytes pass in one piece",
			     TEXT(whole, "size"));
	else if (int_of(whole, "mtu") == int_of(fits, "size") && is_answered(f, "fits"))
		explain_step(f, "mtu", true, "the way takes packets of %s bytes, as %s says",
			     TEXT(fits, "size"), TEXT(whole, "by"));
	else
		say_large_lost(f, whole, fits);
}

/* The chain that drops our own echo requests, where they are not the source's. */
static const char *chain_in_the_way(const struct judge *f)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(f->facts, "firewall"), i, row)
		if (str_eq(str_of(row, "way"), "probe") && is_true(row, "drops"))
			return str_of(row, "chain");
	return is_set(probed(f, "answer"), "refused") ? "of a firewall" : NULL;
}

void explain_say_probe(struct judge *f)
{
	const json_t *probe = json_object_get(f->facts, "probe"), *p = probed(f, "answer");
	const char *from = TEXT(probe, "from");
	const char *chain = is_very(f) || is_answered(f, "answer") ? NULL : chain_in_the_way(f);

	if (!probe)
		return;
	if (p && !chain)
		f->answered = is_answered(f, "answer") ? PROBE_ANSWERED : PROBE_LOST;
	if (!p)
		explain_step(f, "answer", true,
			     "nothing is sent: no address of this machine is in the network of %s",
			     str_of(f->source, "address"));
	else if (chain)
		explain_step(f, "answer", true,
			     "echo requests from %s show nothing: chain %s of this machine drops "
			     "them, and is for packets of its own",
			     from, chain);
	else if (!is_answered(f, "answer"))
		say_lost(f, p, from);
	else {
		explain_step(f, "answer", true, "echo requests from %s are answered%s", from,
			     is_very(f) ? "" : ": an address of this machine beside that source");
		say_mtu(f);
	}
}
