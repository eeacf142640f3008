/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_flows.h"

#include <stdlib.h>

#include "machine.h"
#include "members.h"

#define FLOWS_MAX 200000
#define FLOWS_ENOUGH 3 /* one host that is off is no finding */

/* A route through a tunnel that was the longest one for some flow. */
struct flow_route {
	struct flow_route *next;
	struct prefix prefix;
	json_t *hop;   /* a reference */
	size_t n;      /* flows that go there */
	bool answered; /* one of them */
	const struct machine_flow *one;
};

/* Of all routes that passed by so far, the longest one for a flow. */
struct flow_way {
	uint8_t len;		  /* 0: none */
	struct flow_route *route; /* NULL: not through a tunnel */
};

struct doctor_flows {
	struct machine_flow *flows; /* in order of where they go to */
	struct flow_way *ways;	    /* one for each */
	size_t n;
	struct flow_route *routes, **last;
};

static int by_destination(const void *a, const void *b)
{
	return addr_cmp(&((const struct machine_flow *)a)->to,
			&((const struct machine_flow *)b)->to);
}

/* They are read once, for the first route. */
static struct doctor_flows *flows_of(struct doctor *d)
{
	struct doctor_flows *f = d->flows;

	if (f)
		return f;
	f = d->flows = xcalloc(1, sizeof(*f));
	f->last = &f->routes;
	f->flows = machine_flows(FLOWS_MAX, &f->n);
	if (f->n) {
		qsort(f->flows, f->n, sizeof(*f->flows), by_destination);
		f->ways = xcalloc(f->n, sizeof(*f->ways));
	}
	return f;
}

/* The first flow that does not go to an address before FIRST. */
static size_t flow_at(const struct doctor_flows *f, const struct addr *first)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_cmp(&f->flows[middle].to, first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool flow_is_in(const struct doctor_flows *f, size_t i, const struct prefix *p)
{
	struct prefix host;

	if (i == f->n)
		return false;
	host = prefix_of_addr(&f->flows[i].to);
	return prefix_covers(p, &host);
}

/* The active next hop by a tunnel peer. */
static const json_t *tunnel_hop(const json_t *route)
{
	json_t *hop;
	size_t i;

	json_array_foreach (json_object_get(route, "next-hops"), i, hop)
		if (is_true(hop, "active") && is_set(hop, "peer"))
			return hop;
	return NULL;
}

static struct flow_route *flow_route_new(struct doctor_flows *f, const struct prefix *p,
					 const json_t *hop)
{
	struct flow_route *r = xcalloc(1, sizeof(*r));

	r->prefix = *p;
	r->hop = json_incref((json_t *)hop);
	*f->last = r;
	f->last = &r->next;
	return r;
}

void note_flows(struct doctor *d, const json_t *row)
{
	const char *plane = str_of(row, "plane");
	const json_t *hop = tunnel_hop(row);
	struct doctor_flows *f;
	struct flow_route *route = NULL;
	struct prefix p;
	struct addr first;
	size_t from;

	/* Flows do not say in which plane they are; a default route's go everywhere. */
	if (!is_true(row, "selected") || !is_true(row, "installed") ||
	    (*plane && !str_eq(plane, "main")) || prefix_parse(str_of(row, "prefix"), &p) < 0 ||
	    p.len == 0)
		return;
	f = flows_of(d);
	first = addr_of_prefix(&p);
	from = flow_at(f, &first);
	if (!flow_is_in(f, from, &p))
		return;
	if (hop)
		route = flow_route_new(f, &p, hop);
	for (size_t i = from; flow_is_in(f, i, &p); i++)
		if (p.len >= f->ways[i].len)
			f->ways[i] = (struct flow_way){p.len, route};
}

/* Each flow is one of its longest route's alone. */
static void count_flows(struct doctor_flows *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct flow_route *r = f->ways[i].route;

		if (!r)
			continue;
		if (r->n++ == 0)
			r->one = &f->flows[i];
		r->answered |= f->flows[i].answered;
	}
}

void check_one_way(struct doctor *d, const json_t *row)
{
	struct doctor_flows *f = d->flows;

	if (!f)
		return;
	count_flows(f);
	for (const struct flow_route *r = f->routes; r; r = r->next) {
		if (r->answered || r->n < FLOWS_ENOUGH)
			continue;
		FIND(SEVERITY_WARNING,
		     AT(.interface = str_of(r->hop, "interface"), .peer = str_of(r->hop, "peer"),
			.prefix = PREFIX_STR(&r->prefix)),
		     "`explain from SOURCE DESTINATION probe` says where they are lost; does the "
		     "far end permit our networks?",
		     "packets of %zu flows go there (%s to %s, say), and nothing comes back", r->n,
		     ADDR_STR(&r->one->from), ADDR_STR(&r->one->to));
	}
}

void doctor_flows_free(struct doctor *d)
{
	struct doctor_flows *f = d->flows;

	if (!f)
		return;
	for (struct flow_route *r = f->routes, *next; r; r = next) {
		next = r->next;
		json_decref(r->hop);
		free(r);
	}
	free(f->ways);
	free(f->flows);
	free(f);
	d->flows = NULL;
}
