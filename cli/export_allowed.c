/* SPDX-License-Identifier: BSD-2-Clause */
#include "export_allowed.h"

#include <stdlib.h>

#include "conf.h"
#include "table.h"
#include "util.h"

struct export_list {
	struct prefix *v;
	size_t n, cap;
};

static void list_add(struct export_list *l, const json_t *text)
{
	struct prefix p;

	/* "any" is none, nor is a default route */
	if (!json_is_string(text) || prefix_parse(json_string_value(text), &p) < 0 || !p.len)
		return;
	l->v = xgrow(l->v, l->n, &l->cap, sizeof(*l->v));
	l->v[l->n++] = p;
}

static void list_add_all(struct export_list *l, const json_t *obj, const char *name)
{
	json_t *text;
	size_t i;

	json_array_foreach (json_object_get(obj, name), i, text)
		list_add(l, text);
}

static bool is_inside(const struct export_list *l, const struct prefix *p)
{
	for (size_t i = 0; i < l->n; i++)
		if (prefix_covers(&l->v[i], p))
			return true;
	return false;
}

static bool has_family(const struct export_list *own, uint8_t family)
{
	for (size_t i = 0; i < own->n; i++)
		if (own->v[i].family == family)
			return true;
	return false;
}

static int prefix_order(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

/* Sorted, a prefix comes behind whatever covers it. */
static void keep_outer(struct export_list *l)
{
	size_t n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), prefix_order);
	for (size_t i = 0; i < l->n; i++)
		if (!n || !prefix_covers(&l->v[n - 1], &l->v[i]))
			l->v[n++] = l->v[i];
	l->n = n;
}

static void leave_out(struct export_list *l, const struct export_list *own,
		      const struct export_list *addrs)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (!is_inside(own, &l->v[i]) && has_family(addrs, l->v[i].family))
			l->v[n++] = l->v[i];
	l->n = n;
}

struct prefix *export_allowed(const json_t *interfaces, const json_t *interface, const json_t *peer,
			      const json_t *configuration, size_t *n)
{
	struct export_list all = {0}, own = {0}, addrs = {0};
	const char *plane = str_of(interface, "plane");
	json_t *f, *p, *text;
	size_t i, k;

	list_add_all(&all, interface, "addresses");
	json_array_foreach (interfaces, i, f) {
		json_array_foreach (json_object_get(f, "peers"), k, p) {
			if (p == peer || !str_eq(str_of(f, "plane"), plane))
				continue;
			list_add_all(&all, p, "permit");
			list_add_all(&all, p, "allowed-ips");
		}
	}
	if (str_eq(plane, "main"))
		json_array_foreach (conf_list(conf_get(configuration, "bgp"), "network"), i, text)
			list_add(&all, text);
	list_add_all(&addrs, peer, "tunnel-addresses");
	list_add_all(&own, peer, "tunnel-addresses");
	list_add_all(&own, peer, "permit");
	list_add_all(&own, peer, "allowed-ips");
	leave_out(&all, &own, &addrs);
	keep_outer(&all);
	free(own.v);
	free(addrs.v);
	*n = all.n;
	return all.v;
}
