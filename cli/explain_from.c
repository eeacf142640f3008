/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_from.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "explain_judge.h"
#include "firewall.h"
#include "machine.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

/* ---- the source */

/* Our address in whose network A is, into OUT, with SELF only A itself; the name of its interface,
 * of ROWS, or NULL. */
static const char *address_near(const json_t *rows, const struct addr *a, bool self,
				struct addr *out)
{
	struct prefix host = prefix_of_addr(a), net;
	json_t *row, *text;
	uint8_t len;
	size_t i, k;

	json_array_foreach (rows, i, row)
		json_array_foreach (json_object_get(row, "addresses"), k, text) {
			if (addr_parse_with_len(json_string_value(text), out, &len) < 0 ||
			    out->family != a->family)
				continue;
			net = prefix_make(out->family, out->b, len);
			if (self ? addr_eq(out, a) : prefix_covers(&net, &host))
				return str_of(row, "name");
		}
	return NULL;
}

static json_t *forwards(uint8_t family, const char *interface)
{
	char path[PATH_MAX];
	long value;

	if (family == AF_INET)
		snprintf(path, sizeof(path), "net/ipv4/conf/%s/forwarding", interface);
	else
		str_copy(path, "net/ipv6/conf/all/forwarding", sizeof(path));
	value = machine_sysctl(path);
	return value < 0 ? json_null() : json_boolean(value);
}

/* Behind which interface: that in whose network it is, whatever the routes say. */
void explain_ask_source(struct gathering *g)
{
	struct kernel_route k = {.interface = ""};
	int err = kernel_route_get(&g->src, &k);
	json_t *rows = machine_interfaces(), *source = explain_way_json(err, &k);
	struct addr near;
	const char *by = address_near(rows, &g->src, k.local, &near);

	if (by)
		json_object_set_new(source, "interface", json_string(by));
	if (by && !k.local && addr_eq(&near, &g->src)) /* IPv6 does not use it then */
		json_object_set_new(source, "error", json_string("its interface is down"));
	json_object_set_new(source, "address", json_string(ADDR_STR(&g->src)));
	json_object_set_new(source, "forwards",
			    k.local ? json_null()
				    : forwards(g->src.family, str_of(source, "interface")));
	json_object_set_new(source, "probe-from", by ? json_string(ADDR_STR(&near)) : json_null());
	json_object_set_new(g->facts, "source", source);
	json_decref(rows);
}

/* ---- the way out */

static const json_t *source_of(const struct gathering *g)
{
	return json_object_get(g->facts, "source");
}

static bool filters(const char *interface)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", interface);
	return machine_sysctl(path) > 0 || machine_sysctl("net/ipv4/conf/all/rp_filter") > 0;
}

/* Whether it was that, ERR, of a packet TO somebody that came in by INTERFACE. A new kernel has the
 * error of a blackhole for it, which packets of this machine would get as well. */
static void put_rp_filter(json_t *way, int err, const char *interface, const struct addr *to)
{
	struct kernel_route k;
	bool drops = to->family == AF_INET &&
		     (err == -EXDEV ||
		      (err == -EINVAL && filters(interface) && kernel_route_get(to, &k) == 0));

	json_object_set_new(way, "rp-filter", json_boolean(drops));
}

/* The plane's own rules lead packets with that source there, so their sockets need not be bound. */
static bool plane_takes(const json_t *conf, const struct gathering *g)
{
	struct prefix host = prefix_of_addr(&g->src), p;
	json_t *plane, *text;
	size_t i, k;

	json_array_foreach (conf_list(conf, "plane"), i, plane) {
		if (!str_eq(str_of(plane, "name"), g->plane))
			continue;
		json_array_foreach (conf_list(conf_get(plane, "rule"), "source"), k, text)
			if (json_is_string(text) &&
			    prefix_parse(json_string_value(text), &p) == 0 &&
			    prefix_covers(&p, &host))
				return true;
	}
	return false;
}

bool explain_is_bound(struct gathering *g)
{
	json_t *request = json_pack("{s:s, s:s}", "command", "configuration", "format", "json");
	char error[MSG_ERROR_MAX];
	json_t *conf = client_ask(g->s->client, request, error, sizeof(error));
	bool bound = !is_true(source_of(g), "local") || !plane_takes(conf, g);

	json_object_set_new(json_object_get(g->facts, "source"), "bound", json_boolean(bound));
	json_decref(conf);
	json_decref(request);
	return bound;
}

void explain_ask_way(struct gathering *g, const char *interface)
{
	const json_t *source = source_of(g);
	struct addr dst = addr_of_prefix(&g->dst);
	struct kernel_route k = {.interface = ""};
	json_t *kernel;
	int err;

	if (is_true(source, "local"))
		err = kernel_route_get_from(&dst, interface, &g->src, &k);
	else
		err = kernel_route_get_forwarded(&dst, str_of(source, "interface"), &g->src, &k);
	kernel = explain_way_json(err, &k);
	if (!is_true(source, "local"))
		put_rp_filter(kernel, err, str_of(source, "interface"), &dst);
	json_object_set_new(g->facts, "kernel", kernel);
	if (!str_eq(g->plane, "main"))
		return; /* a plane's rules look at more than the destination */
	err = kernel_route_get(&dst, &k);
	json_object_set_new(g->facts, "kernel-any", explain_way_json(err, &k));
}

/* ---- the rules of a firewall */

#define NOT_FOUND 127 /* exit status of sh */

/* NULL with *WHY. A user's PATH may lack nft. */
static json_t *read_ruleset(const char **why)
{
	static const char *const words[] = {
		"sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; exec nft -j list ruleset 2>/dev/null",
		NULL};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int status = out ? machine_run(words, out) : -errno;
	json_t *rules = NULL;

	if (out)
		fclose(out);
	if (status == 0)
		rules = json_loadb(text, len, 0, NULL);
	free(text);
	*why = status < 0	     ? strerror(-status)
	       : status == NOT_FOUND ? "there is no program nft"
	       : status		     ? "nft fails (it is for root alone)"
				     : "what nft wrote is no JSON";
	return rules;
}

/* WAY: out, back, or probe. */
static void ask_hook(json_t *found, const json_t *rules, const char *way, const char *hook,
		     const struct firewall_packet *p)
{
	char where[256] = "";
	enum firewall_verdict v = firewall_judge(rules, hook, p, where, sizeof(where));

	if (v != FIREWALL_PASSES)
		json_array_append_new(found,
				      json_pack("{s:s, s:s, s:s, s:b}", "way", way, "hook", hook,
						"chain", where, "drops", v == FIREWALL_DROPS));
}

static void ask_hooks(json_t *found, const json_t *rules, const char *way,
		      const struct firewall_packet *p)
{
	if (*p->in) {
		ask_hook(found, rules, way, "ingress", p);
		ask_hook(found, rules, way, "prerouting", p);
	}
	ask_hook(found, rules, way, !*p->in ? "output" : !*p->out ? "input" : "forward", p);
	if (*p->out) {
		ask_hook(found, rules, way, "postrouting", p);
		ask_hook(found, rules, way, "egress", p);
	}
}

/* The packet that is answered. */
static struct firewall_packet answer_to(const struct firewall_packet *p)
{
	return (struct firewall_packet){
		.in = p->out, .out = p->in, .from = p->to, .to = p->from, .answer = true};
}

static json_t *ask_rules(const struct gathering *g, const json_t *rules, const char *out)
{
	const json_t *source = source_of(g);
	struct firewall_packet p = {.in = "", .out = out, .from = g->src}, back;
	json_t *found = json_array();

	p.to = addr_of_prefix(&g->dst);
	if (!is_true(source, "local"))
		p.in = str_of(source, "interface");
	back = answer_to(&p);
	ask_hooks(found, rules, "out", &p);
	ask_hooks(found, rules, "back", &back);
	if (!*p.in || !*out || explain_is_tunnel_if(g->facts, out) ||
	    addr_parse(str_of(source, "probe-from"), &p.from) < 0)
		return found;
	p.in = ""; /* our own echo requests, in place of the source's; no rule is before answers */
	ask_hooks(found, rules, "probe", &p);
	return found;
}

static void ask_firewall(struct gathering *g)
{
	const json_t *kernel = json_object_get(g->facts, "kernel");
	bool here = is_true(kernel, "local");
	const char *why;
	json_t *rules;

	if (is_set(kernel, "error") || (here && is_true(source_of(g), "local")))
		return;
	rules = read_ruleset(&why);
	json_object_set_new(g->facts, "firewall",
			    rules ? ask_rules(g, rules, here ? "" : str_of(kernel, "interface"))
				  : json_pack("{s:s}", "unknown", why));
	json_decref(rules);
}

/* ---- the way back */

void explain_ask_back(struct gathering *g, const char *interface)
{
	struct addr dst = addr_of_prefix(&g->dst);
	struct kernel_route k = {.interface = ""};
	json_t *back;
	int err;

	err = kernel_route_get_forwarded(&g->src, interface, &dst, &k);
	back = explain_way_json(err, &k);
	put_rp_filter(back, err, interface, &g->src);
	json_object_set_new(back, "in", json_string(interface));
	json_object_set_new(back, "forwards", forwards(g->src.family, interface));
	json_object_set_new(g->facts, "back", back);
}

/* What the far end is told that covers the source. */
static bool ask_announced(struct gathering *g)
{
	const json_t *neighbor = explain_neighbor(g->facts);
	struct prefix host = prefix_of_addr(&g->src);

	if (!str_eq(str_of(neighbor, "state"), "established"))
		return true;
	return explain_ask(
		g, "announced",
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "command", "bgp-routes", "neighbor",
			  str_of(neighbor, "address"), "direction", "advertised", "family",
			  g->src.family == AF_INET ? "ipv4" : "ipv6", "address", ADDR_STR(&g->src)),
		&host);
}

/* The answer comes in where the packet left, as far as this router can know by itself. */
bool explain_ask_return(struct gathering *g)
{
	const json_t *kernel = json_object_get(g->facts, "kernel");

	ask_firewall(g);
	if (!is_true(kernel, "local") && is_set(kernel, "interface"))
		explain_ask_back(g, str_of(kernel, "interface"));
	return ask_announced(g);
}
