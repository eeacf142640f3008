/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_keep.h"

#include <string.h>

#include "conf.h"
#include "members.h"

/* Of an endpoint, or of a host that is spared. */
static void check_host_route(struct doctor *d, const json_t *row)
{
	if (str_eq(str_of(row, "protocol"), "pin") && is_set(row, "error"))
		FIND(SEVERITY_WARNING, AT(.prefix = str_of(row, "prefix")),
		     "`show keep-in` says whether the default route waits for it",
		     "the kernel refuses the host route that leads there outside the tunnels: %s",
		     TEXT(row, "error"));
}

/* It is among the routes where no other one is selected for the prefix. */
void check_kept(struct doctor *d, const json_t *row)
{
	const char *plane = str_of(row, "plane");
	bool other = *plane && !str_eq(plane, "main");

	check_host_route(d, row);
	if (!str_eq(str_of(row, "protocol"), "keep-in"))
		return;
	FIND(SEVERITY_NOTE, AT(.prefix = str_of(row, "prefix")),
	     "nothing: it ends when a tunnel has a route for all of it, which a `permit` that is "
	     "wider than what is announced never gets; `show keep-in` says why it is there",
	     "it is kept in%s%s: no tunnel has a route for all of it, and its packets are refused",
	     other ? " in plane " : "", other ? plane : "");
}

static bool is_off(const json_t *obj)
{
	return str_eq(conf_str(obj, "keep-in", ""), "off");
}

/* The first peer with `keep-in off`, where that is not so for all; NULL: none. */
static const json_t *peer_off(const json_t *conf, const char **interface)
{
	json_t *row, *peer;
	size_t i, k;

	json_array_foreach (conf_list(conf_get(conf, "wireguard"), "interface"), i, row)
		json_array_foreach (conf_list(row, "peer"), k, peer)
			if (is_off(peer)) {
				*interface = str_of(row, "name");
				return peer;
			}
	return NULL;
}

/* The default route's interface, where that is no tunnel; or "". */
static const char *leads_out_by(const struct doctor *d, const json_t *row)
{
	json_t *hop;
	size_t i;

	json_array_foreach (json_object_get(row, "next-hops"), i, hop)
		if (is_true(hop, "active") && !doctor_is_tunnel_if(d, str_of(hop, "interface")))
			return str_of(hop, "interface");
	return "";
}

void check_keep_off(struct doctor *d, const json_t *row)
{
	const json_t *conf = json_array_get(d->kept[SOURCE_CONFIGURATION], 0), *peer;
	const char *prefix = str_of(row, "prefix"), *by, *interface = NULL;
	bool all = is_off(conf_get(conf, "rib"));

	if (!is_true(row, "selected") || (!str_eq(prefix, "0.0.0.0/0") && !str_eq(prefix, "::/0")))
		return;
	by = leads_out_by(d, row);
	peer = all ? NULL : peer_off(conf, &interface);
	if (*by && (all || peer))
		FIND(SEVERITY_WARNING,
		     AT(.interface = interface, .peer = peer ? str_of(peer, "name") : NULL,
			.prefix = prefix),
		     all ? "rib { keep-in permit; }" : "keep-in permit;",
		     "`keep-in off`: while a tunnel is away, packets for what lies behind it leave "
		     "by %s in the clear",
		     by);
}
