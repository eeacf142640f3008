/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_flows.h"

#include <stdlib.h>

#include "machine.h"
#include "table.h"

#define FLOWS_MAX 200000
#define FLOWS_ENOUGH 3 /* one host that is off is no finding */

static int by_destination(const void *a, const void *b)
{
	return addr_cmp(&((const struct machine_flow *)a)->to,
			&((const struct machine_flow *)b)->to);
}

/* Once for all rows; in order of where they go to. */
static void read_flows(struct doctor *d)
{
	if (d->flows_read)
		return;
	d->flows_read = true;
	d->flows = machine_flows(FLOWS_MAX, &d->n_flows);
	if (d->n_flows)
		qsort(d->flows, d->n_flows, sizeof(*d->flows), by_destination);
}

/* The first flow that does not go to an address before FIRST. */
static size_t flow_at(const struct doctor *d, const struct addr *first)
{
	size_t low = 0, high = d->n_flows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_cmp(&d->flows[middle].to, first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many flows go into P, and none is answered; 0: one is. */
static size_t unanswered(const struct doctor *d, const struct prefix *p, size_t first)
{
	size_t i = first;

	for (; i < d->n_flows; i++) {
		struct prefix host = prefix_of_addr(&d->flows[i].to);

		if (!prefix_covers(p, &host))
			break;
		if (d->flows[i].answered)
			return 0;
	}
	return i - first;
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

void check_one_way(struct doctor *d, const json_t *row)
{
	const char *plane = str_of(row, "plane"), *text = str_of(row, "prefix");
	const json_t *hop = is_true(row, "installed") ? tunnel_hop(row) : NULL;
	struct prefix p;
	struct addr from;
	size_t first, n;

	/* Flows do not say in which plane they are; a default route's go everywhere. */
	if (!hop || (*plane && !str_eq(plane, "main")) || prefix_parse(text, &p) < 0 || p.len == 0)
		return;
	read_flows(d);
	from = addr_of_prefix(&p);
	first = flow_at(d, &from);
	n = unanswered(d, &p, first);
	if (n >= FLOWS_ENOUGH)
		FIND(SEVERITY_WARNING,
		     AT(.interface = str_of(hop, "interface"), .peer = str_of(hop, "peer"),
			.prefix = text),
		     "`explain from SOURCE DESTINATION probe` says where they are lost; does the "
		     "far end permit our networks?",
		     "packets of %zu flows go there (%s to %s, say), and nothing comes back", n,
		     ADDR_STR(&d->flows[first].from), ADDR_STR(&d->flows[first].to));
}

void doctor_flows_free(struct doctor *d)
{
	free(d->flows);
	d->flows = NULL;
}
