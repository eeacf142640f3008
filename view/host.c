/* SPDX-License-Identifier: BSD-2-Clause */
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel_route.h"
#include "machine.h"
#include "members.h"
#include "util.h"

static json_t *way_json(int err, const struct kernel_route *k)
{
	return json_pack("{s:s?, s:b, s:s, s:s?, s:i}", "error", err < 0 ? strerror(-err) : NULL,
			 "local", k->local, "interface", k->interface, "gateway",
			 k->gateway.family ? ADDR_STR(&k->gateway) : NULL, "mtu", (int)k->mtu);
}

static bool forwards_at_all(uint8_t family)
{
	return machine_sysctl(family == AF_INET ? "net/ipv4/ip_forward"
						: "net/ipv6/conf/all/forwarding") != 0;
}

/* A name becomes a part of a path. */
static bool is_name(const char *interface)
{
	return *interface && strlen(interface) < IF_NAMESIZE && !strchr(interface, '/') &&
	       !str_eq(interface, ".") && !str_eq(interface, "..");
}

/* Null: not known. */
static json_t *forwards(uint8_t family, const char *interface)
{
	char path[PATH_MAX];
	long value;

	if (family == AF_INET)
		snprintf(path, sizeof(path), "net/ipv4/conf/%s/forwarding", interface);
	else
		str_copy(path, "net/ipv6/conf/all/forwarding", sizeof(path));
	value = is_name(interface) ? machine_sysctl(path) : -1;
	return value < 0 ? json_null() : json_boolean(value);
}

/* ---- the way of a packet */

static bool filters(const char *interface)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", interface);
	return machine_sysctl(path) > 0 || machine_sysctl("net/ipv4/conf/all/rp_filter") > 0;
}

/* Whether it was that, ERR, of a packet TO somebody that came in by INTERFACE. A new kernel has the
 * error of a blackhole for it, which packets of this machine would get as well. */
static bool is_filtered(int err, const char *interface, const struct addr *to)
{
	struct kernel_route k;

	return to->family == AF_INET && (err == -EXDEV || (err == -EINVAL && filters(interface) &&
							   kernel_route_get(to, &k) == 0));
}

/* What is asked about. */
struct way {
	struct addr to, source; /* family 0: none is named */
	const char *in, *bound; /* borrowed; "": none */
	uint32_t mark;
	bool error;
};

/* What is wrong with REQUEST, or NULL. */
static const char *way_read(struct way *w, const json_t *request)
{
	*w = (struct way){.in = str_of(request, "in"), .bound = str_of(request, "bound")};
	w->mark = (uint32_t)int_of(request, "mark");
	w->error = is_true(request, "icmp-error");
	if (addr_parse(str_of(request, "destination"), &w->to) < 0)
		return "destination: expected an address";
	if (is_set(request, "source") && addr_parse(str_of(request, "source"), &w->source) < 0)
		return "source: expected an address";
	if (w->source.family && w->source.family != w->to.family)
		return "source and destination are of different families";
	if (*w->in && !is_name(w->in))
		return "in: expected the name of an interface";
	if (*w->bound && !is_name(w->bound))
		return "bound: expected the name of an interface";
	if (w->error && !w->source.family)
		return "icmp-error: only of packets with a source";
	return *w->in && !w->source.family ? "in: only of packets with a source" : NULL;
}

/* Errors have the address of the interface that a packet came in by: of IPv4 when told to. */
static bool names_inbound(uint8_t family)
{
	return family != AF_INET || machine_sysctl(ERRORS_KNOB) != 0;
}

static int way_get(const struct way *w, struct kernel_route *k)
{
	if (w->error)
		return names_inbound(w->to.family) ? kernel_route_get_error(&w->to, &w->source, k)
						   : kernel_route_get(&w->to, k);
	if (*w->in)
		return kernel_route_get_forwarded(&w->to, w->in, &w->source, k);
	if (w->source.family)
		return kernel_route_get_from(&w->to, w->bound, &w->source, k);
	if (w->mark)
		return kernel_route_get_marked(&w->to, w->mark, k);
	return *w->bound ? kernel_route_get_bound(&w->to, w->bound, k)
			 : kernel_route_get(&w->to, k);
}

static json_t *host_way(const json_t *request, const char **error)
{
	struct kernel_route k = {.interface = ""};
	struct way w;
	json_t *way;
	int err;

	*error = way_read(&w, request);
	if (*error)
		return NULL;
	err = way_get(&w, &k);
	way = way_json(err, &k);
	json_object_set_new(way, "forwarding", json_boolean(forwards_at_all(w.to.family)));
	json_object_set_new(way, "forwards", *w.in ? forwards(w.to.family, w.in) : json_null());
	if (w.error)
		json_object_set_new(way, "inbound-address",
				    json_boolean(names_inbound(w.to.family)));
	json_object_set_new(way, "rp-filter", json_boolean(*w.in && is_filtered(err, w.in, &w.to)));
	return way;
}

/* ---- where a packet comes from */

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

static json_t *source_json(const struct addr *a)
{
	struct kernel_route k = {.interface = ""};
	int err = kernel_route_get(a, &k);
	json_t *rows = machine_interfaces(), *source = way_json(err, &k);
	struct addr near;
	const char *by = address_near(rows, a, k.local, &near);

	if (by)
		json_object_set_new(source, "interface", json_string(by));
	if (by && !k.local && addr_eq(&near, a)) /* IPv6 does not use it then */
		json_object_set_new(source, "error", json_string("its interface is down"));
	json_object_set_new(source, "address", json_string(ADDR_STR(a)));
	json_object_set_new(source, "forwards",
			    k.local ? json_null()
				    : forwards(a->family, str_of(source, "interface")));
	json_object_set_new(source, "probe-from", by ? json_string(ADDR_STR(&near)) : json_null());
	json_decref(rows);
	return source;
}

static json_t *host_source(const json_t *request, const char **error)
{
	struct addr a;

	if (addr_parse(str_of(request, "address"), &a) == 0)
		return source_json(&a);
	*error = "address: expected an address";
	return NULL;
}

/* ---- the machine */

static json_t *number_row(const char *name, long long value)
{
	return json_pack("{s:s, s:o}", "name", name, "value",
			 value < 0 ? json_null() : json_integer(value));
}

static json_t *host_state(const json_t *request, const char **error)
{
	static const char *const knobs[] = {
		"net/ipv4/ip_forward",
		"net/ipv4/conf/all/rp_filter",
		"net/ipv4/fib_multipath_hash_policy",
		"net/ipv4/nexthop_compat_mode",
		"net/ipv6/conf/all/forwarding",
		"net/ipv6/fib_multipath_hash_policy",
		ERRORS_KNOB,
	};
	static const char *const counters[] = {"TCPMD5Failure", "TCPMD5NotFound",
					       "TCPMD5Unexpected"};
	json_t *values = json_array(), *counts = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		json_array_append_new(values, number_row(knobs[i], machine_sysctl(knobs[i])));
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		json_array_append_new(
			counts, number_row(counters[i], (long long)machine_tcp_count(counters[i])));
	return json_pack("{s:o, s:o}", "knobs", values, "tcp-counters", counts);
}

static json_t *host_interface(const json_t *request, const char **error)
{
	const char *name = str_of(request, "interface");
	char path[PATH_MAX];
	long value;

	if (!is_name(name)) {
		*error = "interface: expected the name of an interface";
		return NULL;
	}
	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", name);
	value = machine_sysctl(path);
	return json_pack("{s:s, s:o}", "interface", name, "rp-filter",
			 value < 0 ? json_null() : json_integer(value));
}

json_t *host_answer(const json_t *request, const char **error)
{
	static const struct {
		const char *name;
		json_t *(*answer)(const json_t *request, const char **error);
	} rows[] = {{"host-way", host_way},
		    {"host-source", host_source},
		    {"host-state", host_state},
		    {"host-interface", host_interface}};

	*error = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].name, str_of(request, "command")))
			return rows[i].answer(request, error);
	return NULL;
}
