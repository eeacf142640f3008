/* SPDX-License-Identifier: BSD-2-Clause */
#include "leak.h"

#include <stdlib.h>

#include "conf.h"
#include "planes.h"
#include "util.h"

static struct leak *leaks;
static size_t n_leaks;

static void leak_release(struct leak *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		policy_chain_free(list[i].policy);
	free(list);
}

static bool same(const struct leak *a, size_t n_a, const struct leak *b, size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		if (a[i].from != b[i].from || a[i].to != b[i].to ||
		    !policy_chain_eq(a[i].policy, b[i].policy))
			return false;
	return true;
}

bool leak_apply(const json_t *config)
{
	json_t *list = conf_list(conf_get(config, "bgp"), "leak"), *item;
	struct leak *old = leaks;
	size_t n_old = n_leaks, i;
	bool changed;

	leaks = xcalloc(json_array_size(list), sizeof(*leaks));
	n_leaks = 0;
	json_array_foreach (list, i, item) {
		int from = plane_by_name(conf_str(item, "from", ""));
		int to = plane_by_name(conf_str(item, "to", ""));

		if (from < 0 || to < 0 || from == to || leak_find((uint8_t)from, (uint8_t)to))
			continue;
		leaks[n_leaks++] =
			(struct leak){(uint8_t)from, (uint8_t)to,
				      policy_chain_new(config, conf_list(item, "policy"))};
	}
	changed = !same(leaks, n_leaks, old, n_old);
	leak_release(old, n_old);
	return changed;
}

void leak_free(void)
{
	leak_release(leaks, n_leaks);
	leaks = NULL;
	n_leaks = 0;
}

const struct leak *leak_next(uint8_t from, const struct leak *last)
{
	for (size_t i = last ? (size_t)(last - leaks) + 1 : 0; i < n_leaks; i++)
		if (leaks[i].from == from)
			return &leaks[i];
	return NULL;
}

const struct leak *leak_find(uint8_t from, uint8_t to)
{
	for (size_t i = 0; i < n_leaks; i++)
		if (leaks[i].from == from && leaks[i].to == to)
			return &leaks[i];
	return NULL;
}
