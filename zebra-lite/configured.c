/* SPDX-License-Identifier: BSD-2-Clause */
#include "configured.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "messages.h"
#include "out.h"
#include "planes.h"
#include "tunnel.h"
#include "util.h"

struct names {
	char (*v)[16];
	size_t n;
};

static struct names interfaces;
struct addrs {
	struct addr *v; /* sorted */
	size_t n;
};

struct peer_key { /* zeros behind the names */
	char interface[MSG_NAME_MAX], name[MSG_NAME_MAX];
	bool vouched;
};

static struct addrs enabled, disabled; /* of peers */
static struct addrs endpoints;	       /* of all peers */
static struct peer_key *peers;	       /* enabled ones, sorted */
static size_t n_peers, peers_cap;

static int cmp(const void *a, const void *b)
{
	return addr_cmp(a, b);
}

static int cmp_peers(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct peer_key, vouched));
}

static struct peer_key peer_key(const char *interface, const char *name)
{
	struct peer_key key = {0};

	str_copy(key.interface, interface, sizeof(key.interface));
	str_copy(key.name, name, sizeof(key.name));
	return key;
}

static void add_peer(const json_t *peer, const char *interface)
{
	if (conf_bool(peer, "disabled", false))
		return;
	peers = xgrow(peers, n_peers, &peers_cap, sizeof(*peers));
	peers[n_peers] = peer_key(interface, conf_str(peer, "name", ""));
	peers[n_peers++].vouched = conf_bool(peer, "endpoint-inside-permit", false);
}

static void add_addrs(const json_t *peer, const char *interface)
{
	struct addrs *to = conf_bool(peer, "disabled", false) ? &disabled : &enabled;
	size_t n;
	struct addr *more = conf_addrs(peer, "tunnel-address", &n);

	to->v = xrealloc(to->v, (to->n + n + 1) * sizeof(*to->v));
	for (size_t i = 0; i < n; i++) {
		struct addr on = addr_on_link(&more[i], interface);

		to->v[to->n++] = addr_in_plane(&on, plane_of_interface(interface));
	}
	free(more);
}

static void add_endpoints(const json_t *peer)
{
	struct endpoint at;
	json_t *text;
	size_t i;

	json_array_foreach (conf_list(peer, "endpoint"), i, text) {
		if (endpoint_parse(json_string_value(text), &at) < 0)
			continue; /* a name */
		endpoints.v = xrealloc(endpoints.v, (endpoints.n + 1) * sizeof(*endpoints.v));
		endpoints.v[endpoints.n++] = at.addr;
	}
}

static void sort(struct addrs *a)
{
	if (a->n)
		qsort(a->v, a->n, sizeof(*a->v), cmp);
}

static bool has(const struct addrs *in, const struct addr *a)
{
	return in->n && bsearch(a, in->v, in->n, sizeof(*in->v), cmp);
}

static void configured_add(const json_t *interface)
{
	const char *name = conf_str(interface, "name", "");
	char *slot;
	json_t *peer;
	size_t i;

	interfaces.v = xrealloc(interfaces.v, (interfaces.n + 1) * sizeof(*interfaces.v));
	slot = interfaces.v[interfaces.n];
	memset(slot, 0, sizeof(interfaces.v[0]));
	if (str_copy(slot, name, sizeof(interfaces.v[0])))
		interfaces.n++;
	json_array_foreach (conf_list(interface, "peer"), i, peer) {
		add_peer(peer, name);
		add_addrs(peer, name);
		add_endpoints(peer);
	}
}

static bool same_bytes(const void *a, size_t n_a, const void *b, size_t n_b, size_t size)
{
	return n_a == n_b && (!n_a || memcmp(a, b, n_a * size) == 0);
}

bool configured_read(const json_t *config)
{
	struct names old = interfaces;
	struct addrs old_enabled = enabled, old_disabled = disabled;
	json_t *interface;
	bool changed;
	size_t i;

	endpoints.n = n_peers = 0;
	interfaces = (struct names){0};
	enabled = disabled = (struct addrs){0};
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface)
		configured_add(interface);
	sort(&enabled);
	sort(&disabled);
	sort(&endpoints);
	if (n_peers)
		qsort(peers, n_peers, sizeof(*peers), cmp_peers);
	changed = !same_bytes(interfaces.v, interfaces.n, old.v, old.n, sizeof(*old.v)) ||
		  !same_bytes(enabled.v, enabled.n, old_enabled.v, old_enabled.n,
			      sizeof(*enabled.v)) ||
		  !same_bytes(disabled.v, disabled.n, old_disabled.v, old_disabled.n,
			      sizeof(*disabled.v));
	free(old.v);
	free(old_enabled.v);
	free(old_disabled.v);
	return changed;
}

bool configured_interface(const char *name)
{
	for (size_t i = 0; i < interfaces.n; i++)
		if (str_eq(interfaces.v[i], name))
			return true;
	return false;
}

bool configured_refused_if(uint32_t oif)
{
	return !tunnel_if_by_index(oif) && out.link_name &&
	       configured_interface(out.link_name(oif));
}

enum reason configured_address(const struct addr *a)
{
	return has(&enabled, a)	   ? REASON_INTERFACE_REFUSED
	       : has(&disabled, a) ? REASON_ADMIN_DOWN
				   : REASON_NONE;
}

static const struct peer_key *configured_find(const char *interface, const char *name)
{
	struct peer_key key = peer_key(interface, name);

	return n_peers ? bsearch(&key, peers, n_peers, sizeof(key), cmp_peers) : NULL;
}

bool configured_peer(const char *interface, const char *name)
{
	return configured_find(interface, name);
}

bool configured_vouched(const char *interface, const char *name)
{
	const struct peer_key *peer = configured_find(interface, name);

	return peer && peer->vouched;
}

bool configured_endpoint(const struct addr *a)
{
	return has(&endpoints, a);
}

bool configured_endpoint_in(const struct prefix *p)
{
	for (size_t i = 0; i < endpoints.n; i++)
		if (prefix_covers(p, (struct prefix[]){prefix_of_addr(&endpoints.v[i])}))
			return true;
	return false;
}

void configured_reset(void)
{
	configured_read(NULL);
	free(endpoints.v);
	endpoints = (struct addrs){0};
	free(peers);
	peers = NULL;
	peers_cap = 0;
}
