/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_route.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

/* What is gathered before the first step is written. References are owned. */
struct facts {
	struct cli_session *s;
	struct addr dst;
	struct prefix dst_prefix; /* the destination, or its host prefix */
	const char *plane;	  /* borrowed: that it is looked for in */
	json_t *elsewhere;	  /* longest covering row of other planes' tables */
	json_t *bgp;		  /* longest covering row of the BGP table with a best path */
	json_t *bgp_longest;	  /* longest covering row at all */
	json_t *route;		  /* longest covering selected row of the RIB */
	json_t *rejected;	  /* longest covering row of the RIB that is not selected */
	json_t *hop;		  /* borrowed: the route's next hop in use */
	json_t *owner;		  /* longest match in the AllowedIPs of the hop's interface */
	json_t *tunnel;		  /* of the peer */
	bool on_tunnel;		  /* the hop's interface is one of WireGuard */
	char peer[MSG_NAME_MAX];  /* the hop's, or else the owner of the destination there */
	struct kernel_route kernel;
	int kernel_err;
	json_t *pin; /* of the tunnel's endpoint */
	json_t *steps;
	const char *failed; /* borrowed: text of the first step that failed */
	char error[MSG_ERROR_MAX];
};

static void step(struct facts *f, const char *stage, bool ok, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
static void step(struct facts *f, const char *stage, bool ok, const char *fmt, ...)
{
	char text[1024];
	json_t *row;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	row = json_pack("{s:s, s:b, s:s}", "stage", stage, "ok", ok, "text", text);
	if (!row)
		fatal("text that is not UTF-8");
	json_array_append_new(f->steps, row);
	if (!ok && !f->failed)
		f->failed = json_string_value(json_object_get(row, "text"));
}

/* ---- facts */

struct scan {
	struct facts *f;
	void (*row)(struct facts *f, json_t *row);
};

static void scan_head(void *arg, const char *list, const json_t *head)
{
}

static void scan_row(void *arg, const char *text, size_t len)
{
	struct scan *scan = arg;
	json_t *row = json_loadb(text, len, 0, NULL);

	if (json_is_object(row))
		scan->row(scan->f, row);
	json_decref(row);
}

/* Runs a request and looks at each row as it passes; takes over REQUEST. */
static bool scan(struct facts *f, json_t *request, void (*row)(struct facts *f, json_t *row))
{
	static const struct client_sink sink = {scan_head, scan_row};
	struct scan state = {f, row};
	int err = client_request(f->s->client, request, &sink, &state, f->error, sizeof(f->error));

	json_decref(request);
	return err == 0;
}

static const char *string_of(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "";
}

static bool same(const json_t *a, const char *key_a, const json_t *b, const char *key_b)
{
	return str_eq(string_of(a, key_a), string_of(b, key_b));
}

/* The length of ROW's prefix when it covers the destination, else -1. */
static int cover_len(const struct facts *f, const json_t *row)
{
	struct prefix p;

	if (prefix_parse(string_of(row, "prefix"), &p) < 0 || !prefix_covers(&p, &f->dst_prefix))
		return -1;
	return p.len;
}

/* Keeps ROW in *SLOT when it covers the destination better than what is there. */
static void keep_longest(struct facts *f, json_t **slot, json_t *row)
{
	int len = cover_len(f, row);

	if (len < 0 || (*slot && cover_len(f, *slot) >= len))
		return;
	json_decref(*slot);
	*slot = json_incref(row);
}

static const json_t *best_path(const json_t *row)
{
	json_t *paths = json_object_get(row, "paths"), *path;
	size_t i;

	json_array_foreach (paths, i, path)
		if (is_true(path, "best"))
			return path;
	return NULL;
}

/* ROW is of another plane than the one that is asked about. */
static bool is_elsewhere(struct facts *f, json_t *row)
{
	if (!is_set(row, "plane") || str_eq(string_of(row, "plane"), f->plane))
		return false;
	keep_longest(f, &f->elsewhere, row);
	return true;
}

static void see_bgp(struct facts *f, json_t *row)
{
	if (is_elsewhere(f, row))
		return;
	keep_longest(f, &f->bgp_longest, row);
	if (best_path(row))
		keep_longest(f, &f->bgp, row);
}

static void see_route(struct facts *f, json_t *row)
{
	if (is_elsewhere(f, row))
		return;
	keep_longest(f, is_true(row, "selected") ? &f->route : &f->rejected, row);
}

static void see_entry(struct facts *f, json_t *row)
{
	if (same(row, "interface", f->hop, "interface") && is_true(row, "installed"))
		keep_longest(f, &f->owner, row);
}

static void see_interface(struct facts *f, json_t *row)
{
	f->on_tunnel = f->on_tunnel || same(row, "interface", f->hop, "interface");
}

static void see_tunnel(struct facts *f, json_t *row)
{
	if (same(row, "interface", f->hop, "interface") &&
	    str_eq(string_of(row, "peer"), f->peer) && !f->tunnel)
		f->tunnel = json_incref(row);
}

/* The address in "192.0.2.1:51820", "192.0.2.1/32" or "192.0.2.1". */
static int addr_in(const char *text, struct addr *out)
{
	struct endpoint e;
	uint8_t len;

	if (endpoint_parse(text, &e) == 0) {
		*out = e.addr;
		return 0;
	}
	return addr_parse_with_len(text, out, &len);
}

static void see_pin(struct facts *f, json_t *row)
{
	struct addr pinned, ours;

	if (!f->pin && addr_in(string_of(row, "endpoint"), &pinned) == 0 &&
	    addr_in(string_of(f->tunnel, "endpoint"), &ours) == 0 && addr_eq(&pinned, &ours))
		f->pin = json_incref(row);
}

/* Of several that share the traffic the one that the kernel takes for this destination. */
static json_t *active_hop(const json_t *route, const char *kernels)
{
	json_t *hops = json_object_get(route, "next-hops"), *hop, *first = NULL;
	size_t i;

	json_array_foreach (hops, i, hop) {
		if (!is_true(hop, "active"))
			continue;
		if (str_eq(string_of(hop, "interface"), kernels))
			return hop;
		first = first ? first : hop;
	}
	return first;
}

/* What stands behind the next hop's interface, when that is one of WireGuard. */
static bool gather_tunnel(struct facts *f)
{
	if (!scan(f, json_pack("{s:s}", "command", "tunnels"), see_interface))
		return false;
	if (!f->on_tunnel)
		return true;
	if (!scan(f,
		  json_pack("{s:s, s:s, s:s}", "command", "allowed-ips", "interface",
			    string_of(f->hop, "interface"), "address", ADDR_STR(&f->dst)),
		  see_entry))
		return false;
	str_copy(f->peer, string_of(is_set(f->hop, "peer") ? f->hop : f->owner, "peer"),
		 sizeof(f->peer));
	return scan(f, json_pack("{s:s}", "command", "tunnels"), see_tunnel) &&
	       scan(f, json_pack("{s:s}", "command", "pins"), see_pin);
}

/* Asks the daemons; false with f->error when one does not answer. */
static bool gather(struct facts *f)
{
	const char *family = f->dst.family == AF_INET ? "ipv4" : "ipv6";
	const char *dst = ADDR_STR(&f->dst);

	if (!scan(f,
		  json_pack("{s:s, s:s, s:s}", "command", "bgp-routes", "family", family, "address",
			    dst),
		  see_bgp) ||
	    !scan(f,
		  json_pack("{s:s, s:s, s:s}", "command", "route", "family", family, "address",
			    dst),
		  see_route))
		return false;
	if (str_eq(f->plane, "main"))
		f->kernel_err = kernel_route_get(&f->dst, &f->kernel);
	f->hop = active_hop(f->route, f->kernel_err < 0 ? "" : f->kernel.interface);
	if (!str_eq(f->plane, "main") && f->hop)
		f->kernel_err =
			kernel_route_get_bound(&f->dst, string_of(f->hop, "interface"), &f->kernel);
	else if (!str_eq(f->plane, "main"))
		f->kernel_err = kernel_route_get(&f->dst, &f->kernel);
	return !f->hop || gather_tunnel(f);
}

/* ---- steps */

/* The sentence of an object's reason, or its name, or "no reason is given". */
static const char *why(const json_t *obj)
{
	if (is_set(obj, "reason-text"))
		return string_of(obj, "reason-text");
	if (is_set(obj, "reason") && !str_eq(string_of(obj, "reason"), "none"))
		return string_of(obj, "reason");
	return "no reason is given";
}

static void refused_paths(struct facts *f, const json_t *row, bool matters)
{
	json_t *paths = json_object_get(row, "paths"), *path;
	size_t i;

	json_array_foreach (paths, i, path)
		if (!is_true(path, "eligible"))
			step(f, "bgp", !matters, "%s from %s by next hop %s is not used: %s",
			     TEXT(row, "prefix"), TEXT(path, "from"), TEXT(path, "next-hop"),
			     why(path));
}

static bool is_bgp(const json_t *route)
{
	return str_eq(string_of(route, "protocol"), "bgp");
}

/* Paths as good as the best one that may not be used beside it. */
static void say_ties(struct facts *f)
{
	json_t *paths = json_object_get(f->bgp, "paths"), *path;
	size_t i;

	json_array_foreach (paths, i, path)
		if (str_eq(string_of(path, "reason"), "same-interface"))
			step(f, "bgp", true, "%s from %s shares no traffic: %s",
			     TEXT(f->bgp, "prefix"), TEXT(path, "from"), why(path));
}

static void say_best(struct facts *f, const json_t *best)
{
	size_t n = json_array_size(json_object_get(f->bgp, "paths"));

	if (!is_set(best, "from"))
		step(f, "bgp", true, "%s is originated here", TEXT(f->bgp, "prefix"));
	else
		step(f, "bgp", true, "%s is best from %s: next hop %s, AS path %s, %zu path%s",
		     TEXT(f->bgp, "prefix"), TEXT(best, "from"), TEXT(best, "next-hop"),
		     is_set(best, "as-path") ? TEXT(best, "as-path") : "empty", n,
		     n == 1 ? "" : "s");
}

/* The longest prefix of BGP has no path to offer. Somebody else's route of the same prefix takes
 * its place, a shorter one is not what anybody meant for it. */
static void say_no_path(struct facts *f)
{
	bool others = f->route && !is_bgp(f->route);
	bool replaced = others && cover_len(f, f->route) == cover_len(f, f->bgp_longest);

	refused_paths(f, f->bgp_longest, !replaced && !is_bgp(f->route));
	if (replaced)
		step(f, "bgp", true, "the route of protocol %s is used instead",
		     TEXT(f->route, "protocol"));
	else if (others)
		step(f, "bgp", false, "%s has no eligible path; what is left is %s of protocol %s",
		     TEXT(f->bgp_longest, "prefix"), TEXT(f->route, "prefix"),
		     TEXT(f->route, "protocol"));
	else if (!f->bgp)
		step(f, "bgp", false, "%s has no eligible path", TEXT(f->bgp_longest, "prefix"));
}

static void step_bgp(struct facts *f)
{
	const json_t *best = best_path(f->bgp);
	const char *protocol = TEXT(f->route, "protocol");

	if (f->route && !is_bgp(f->route) &&
	    cover_len(f, f->route) > cover_len(f, f->bgp_longest)) {
		if (best && (str_eq(protocol, "kernel") || str_eq(protocol, "static")))
			step(f, "bgp", true,
			     "%s from %s is best, but the more specific %s of protocol %s is used",
			     TEXT(f->bgp, "prefix"), TEXT(best, "from"), TEXT(f->route, "prefix"),
			     TEXT(f->route, "protocol"));
		else
			step(f, "bgp", true,
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
		step(f, "bgp", true, "BGP has no path yet: the route is kept over a restart");
	else if (!f->bgp_longest)
		step(f, "bgp", false,
		     "no prefix in the BGP table covers %s: no neighbor announces one",
		     ADDR_STR(&f->dst));
}

static void step_rib(struct facts *f)
{
	const json_t *best = best_path(f->bgp);
	int bgp_len = is_set(best, "from") ? cover_len(f, f->bgp) : -1;
	int len = cover_len(f, f->route);

	if (f->rejected && cover_len(f, f->rejected) >= len)
		step(f, "rib", f->route && len >= bgp_len, "%s of protocol %s is not selected: %s",
		     TEXT(f->rejected, "prefix"), TEXT(f->rejected, "protocol"), why(f->rejected));
	if (!f->route)
		step(f, "rib", false, "no route covers %s", ADDR_STR(&f->dst));
	else if (len < bgp_len)
		step(f, "rib", false, "BGP's %s is not among the routes; the longest is %s",
		     TEXT(f->bgp, "prefix"), TEXT(f->route, "prefix"));
	else
		step(f, "rib", true, "route %s of protocol %s, distance %s, is selected%s",
		     TEXT(f->route, "prefix"), TEXT(f->route, "protocol"),
		     TEXT(f->route, "distance"), is_true(f->route, "stale") ? " (stale)" : "");
}

static void step_nexthop(struct facts *f)
{
	json_t *hops = json_object_get(f->route, "next-hops"), *hop;
	size_t i;

	json_array_foreach (hops, i, hop)
		if (hop != f->hop && !str_eq(string_of(hop, "state"), "up"))
			step(f, "next-hop", f->hop != NULL, "next hop %s by %s peer %s is %s",
			     TEXT(hop, "address"), TEXT(hop, "interface"), TEXT(hop, "peer"),
			     TEXT(hop, "state"));
	json_array_foreach (hops, i, hop)
		if (hop != f->hop && is_true(hop, "active"))
			step(f, "next-hop", true, "%s by %s peer %s shares the traffic",
			     TEXT(hop, "address"), TEXT(hop, "interface"), TEXT(hop, "peer"));
	if (!f->hop)
		step(f, "next-hop", false, "no next hop is in use: %s", why(f->route));
	else if (is_set(f->hop, "peer"))
		step(f, "next-hop", true, "%s is tunnel peer %s on %s, %s", TEXT(f->hop, "address"),
		     TEXT(f->hop, "peer"), TEXT(f->hop, "interface"), TEXT(f->hop, "state"));
	else
		step(f, "next-hop", true, "%s%sinterface %s%s",
		     is_set(f->hop, "address") ? TEXT(f->hop, "address") : "",
		     is_set(f->hop, "address") ? " on " : "directly on ", TEXT(f->hop, "interface"),
		     f->on_tunnel ? "" : ", no tunnel");
}

static void step_kernel(struct facts *f)
{
	const char *want = string_of(f->hop, "interface");
	const struct kernel_route *k = &f->kernel;

	if (f->route && !is_true(f->route, "installed"))
		step(f, "kernel", false, "%s is not installed: %s", TEXT(f->route, "prefix"),
		     why(f->route));
	else if (f->route)
		step(f, "kernel", true, "%s is installed", TEXT(f->route, "prefix"));
	if (f->kernel_err < 0)
		step(f, "kernel", false, "the kernel has no way to %s: %s", ADDR_STR(&f->dst),
		     strerror(-f->kernel_err));
	else if (f->hop && !str_eq(k->interface, want))
		step(f, "kernel", false,
		     "the kernel itself would send it by %s instead of %s: a "
		     "rule or a route of somebody else is in front",
		     k->interface, want);
	else
		step(f, "kernel", true, "the kernel sends it by %s%s%s", k->interface,
		     k->gateway.family ? " to " : "",
		     k->gateway.family ? ADDR_STR(&k->gateway) : "");
}

static void step_allowed(struct facts *f)
{
	if (!f->owner)
		step(f, "allowed-ips", false,
		     "no AllowedIPs entry on %s covers %s: WireGuard would "
		     "drop it",
		     TEXT(f->hop, "interface"), ADDR_STR(&f->dst));
	else if (!str_eq(string_of(f->owner, "peer"), f->peer))
		step(f, "allowed-ips", false,
		     "on %s %s belongs to peer %s (%s), not to %s: "
		     "WireGuard would send it there",
		     TEXT(f->hop, "interface"), TEXT(f->owner, "prefix"), TEXT(f->owner, "peer"),
		     TEXT(f->owner, "origin"), f->peer);
	else
		step(f, "allowed-ips", true, "on %s %s belongs to peer %s (%s)",
		     TEXT(f->hop, "interface"), TEXT(f->owner, "prefix"), TEXT(f->owner, "peer"),
		     TEXT(f->owner, "origin"));
}

static void step_tunnel(struct facts *f)
{
	const char *state = string_of(f->tunnel, "state");

	if (!f->tunnel) {
		step(f, "tunnel", false, "wgd knows no peer %s on %s", TEXT(f->hop, "peer"),
		     TEXT(f->hop, "interface"));
		return;
	}
	if (str_eq(state, "never")) {
		step(f, "tunnel", false, "%s on %s was never up: there was no handshake yet",
		     TEXT(f->tunnel, "peer"), TEXT(f->tunnel, "interface"));
		return;
	}
	step(f, "tunnel", !str_eq(state, "down"), "%s on %s is %s (%s), last handshake %s",
	     TEXT(f->tunnel, "peer"), TEXT(f->tunnel, "interface"), state, why(f->tunnel),
	     AGO(f->tunnel, "handshake-seconds"));
}

static void step_endpoint(struct facts *f)
{
	struct addr endpoint;
	struct kernel_route k;
	int err;

	if (!f->tunnel)
		return;
	if (addr_in(string_of(f->tunnel, "endpoint"), &endpoint) < 0) {
		step(f, "endpoint", false, "the endpoint of %s is not known: it has to speak first",
		     TEXT(f->tunnel, "peer"));
		return;
	}
	err = kernel_route_get_marked(&endpoint, int_of(f->tunnel, "fwmark"), &k);
	if (err < 0)
		step(f, "endpoint", false, "the kernel has no way to the endpoint %s: %s",
		     TEXT(f->tunnel, "endpoint"), strerror(-err));
	else if (str_eq(k.interface, string_of(f->hop, "interface")))
		step(f, "endpoint", false,
		     "the kernel would send the tunnel's own packets to %s "
		     "into the tunnel",
		     TEXT(f->tunnel, "endpoint"));
	else if (str_eq(string_of(f->pin, "state"), "installed"))
		step(f, "endpoint", true,
		     "endpoint %s is reached by %s: pinned to the underlay, a learned route covers "
		     "it",
		     TEXT(f->tunnel, "endpoint"), k.interface);
	else
		step(f, "endpoint", true, "endpoint %s is reached by %s%s",
		     TEXT(f->tunnel, "endpoint"), k.interface,
		     str_eq(string_of(f->pin, "state"), "not-needed")
			     ? ": no learned route covers it"
			     : "");
}

static json_t *conclude(struct facts *f)
{
	char dst[PREFIX_STRLEN];
	char *verdict;
	json_t *doc;

	addr_str(&f->dst, dst);
	if (f->failed)
		verdict = xasprintf("%s is not reachable: %s", dst, f->failed);
	else if (f->kernel.local)
		verdict = xasprintf("%s is this machine", dst);
	else if (f->on_tunnel)
		verdict = xasprintf("%s is reachable through tunnel peer %s on %s", dst, f->peer,
				    TEXT(f->hop, "interface"));
	else
		verdict = xasprintf("%s is reachable by %s", dst, TEXT(f->hop, "interface"));
	doc = json_pack("{s:s, s:b, s:s, s:O}", "destination", dst, "reachable", !f->failed,
			"verdict", verdict, "steps", f->steps);
	free(verdict);
	return doc;
}

static void write_text(FILE *out, const json_t *doc)
{
	json_t *steps = json_object_get(doc, "steps"), *row;
	size_t i;

	json_array_foreach (steps, i, row)
		fprintf(out, "%s  %-11s %s\n", is_true(row, "ok") ? "  ok" : "FAIL",
			string_of(row, "stage"), TEXT(row, "text"));
	fprintf(out, "=> %s\n", TEXT(doc, "verdict"));
}

static void facts_free(struct facts *f)
{
	json_decref(f->elsewhere);
	json_decref(f->bgp);
	json_decref(f->bgp_longest);
	json_decref(f->route);
	json_decref(f->rejected);
	json_decref(f->owner);
	json_decref(f->tunnel);
	json_decref(f->pin);
	json_decref(f->steps);
}

static void walk(struct facts *f)
{
	if (f->kernel_err == 0 && f->kernel.local) {
		step(f, "kernel", true, "%s is an address of this machine", ADDR_STR(&f->dst));
		return;
	}
	if (f->elsewhere && cover_len(f, f->elsewhere) > cover_len(f, f->bgp_longest) &&
	    cover_len(f, f->elsewhere) > cover_len(f, f->route))
		step(f, "plane", true,
		     "plane %s has %s, but this is plane %s: without a `leak` neither uses what is "
		     "the other's",
		     TEXT(f->elsewhere, "plane"), TEXT(f->elsewhere, "prefix"), f->plane);
	step_bgp(f);
	step_rib(f);
	if (f->route)
		step_nexthop(f);
	step_kernel(f);
	if (!f->on_tunnel)
		return;
	step_allowed(f);
	if (!f->owner && !f->peer[0])
		return;
	step_tunnel(f);
	step_endpoint(f);
}

int explain_run(struct cli_session *s, const struct cli_line *line)
{
	struct facts f = {.s = s, .steps = json_array()};
	int err = -1;

	prefix_parse(string_of(line->request, "destination"), &f.dst_prefix);
	f.dst = addr_of_prefix(&f.dst_prefix);
	f.plane = is_set(line->request, "plane") ? string_of(line->request, "plane") : "main";
	if (gather(&f)) {
		json_t *doc;

		walk(&f);
		doc = conclude(&f);
		if (line->json)
			json_dumpf(doc, s->out, JSON_INDENT(1));
		else
			write_text(s->out, doc);
		if (line->json)
			putc('\n', s->out);
		json_decref(doc);
		err = f.failed ? -1 : 0;
	} else if (line->json) {
		json_doc_end(&(struct json_doc){.out = s->out}, f.error);
	}
	if (f.error[0])
		fprintf(s->err, "%% %s\n", f.error);
	fflush(s->out);
	facts_free(&f);
	return err;
}
