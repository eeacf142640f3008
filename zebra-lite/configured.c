/* SPDX-License-Identifier: BSD-2-Clause */
#include "configured.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "planes.h"
#include "util.h"

struct names {
	char (*v)[16];
	size_t n;
};

static struct names interfaces;
static struct addr *addrs; /* sorted */
static size_t n_addrs;

static int cmp(const void *a, const void *b)
{
	return addr_cmp(a, b);
}

static void add_addrs(const json_t *peer, uint8_t plane)
{
	size_t n;
	struct addr *more = conf_addrs(peer, "tunnel-address", &n);

	addrs = xrealloc(addrs, (n_addrs + n + 1) * sizeof(*addrs));
	for (size_t i = 0; i < n; i++)
		addrs[n_addrs++] = addr_in_plane(&more[i], plane);
	free(more);
}

static void add_interface(const json_t *interface)
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
	json_array_foreach (conf_list(interface, "peer"), i, peer)
		add_addrs(peer, plane_of_interface(name));
}

static bool same(const void *a, size_t n_a, const void *b, size_t n_b, size_t size)
{
	return n_a == n_b && (!n_a || memcmp(a, b, n_a * size) == 0);
}

bool configured_read(const json_t *config)
{
	struct names old = interfaces;
	struct addr *old_addrs = addrs;
	size_t n_old = n_addrs, i;
	json_t *interface;
	bool changed;

	interfaces = (struct names){0};
	addrs = NULL;
	n_addrs = 0;
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface)
		add_interface(interface);
	if (n_addrs)
		qsort(addrs, n_addrs, sizeof(*addrs), cmp);
	changed = !same(interfaces.v, interfaces.n, old.v, old.n, sizeof(*old.v)) ||
		  !same(addrs, n_addrs, old_addrs, n_old, sizeof(*addrs));
	free(old.v);
	free(old_addrs);
	return changed;
}

bool configured_interface(const char *name)
{
	for (size_t i = 0; i < interfaces.n; i++)
		if (str_eq(interfaces.v[i], name))
			return true;
	return false;
}

bool configured_address(const struct addr *a)
{
	return n_addrs && bsearch(a, addrs, n_addrs, sizeof(*addrs), cmp);
}

void configured_reset(void)
{
	configured_read(NULL);
}
