/* SPDX-License-Identifier: BSD-2-Clause */
#include "planes.h"

#include <stdlib.h>

#include "conf.h"
#include "util.h"

struct member {
	char interface[16];
	uint8_t plane;
	bool tunnel;
};

static char names[PLANES_MAX][PLANE_NAME_MAX] = {"main"};
static bool present[PLANES_MAX], several;
/* Interfaces of planes other than the main one: by their plane, then as the configuration has them,
 * tunnels behind the others. */
static struct member *members;
static size_t n_members;
static size_t firsts[PLANES_MAX + 1], tunnels[PLANES_MAX]; /* where a plane's begin */
static const struct member **by_name;			   /* the same members, sorted */

const char *plane_name(uint8_t plane)
{
	return plane < PLANES_MAX ? names[plane] : "";
}

int plane_by_name(const char *name)
{
	for (int i = 0; i < PLANES_MAX; i++)
		if (names[i][0] && str_eq(names[i], name))
			return i;
	return -1;
}

bool plane_present(uint8_t plane)
{
	return plane == PLANE_MAIN || (plane < PLANES_MAX && present[plane]);
}

bool planes_several(void)
{
	return several;
}

struct reading {
	struct member *v; /* as the configuration has them: tunnels come last */
	size_t n, cap;
};

static void add_member(struct reading *r, const char *interface, int plane, bool tunnel)
{
	struct member m = {.tunnel = tunnel};

	if (!interface || plane <= 0 || !str_copy(m.interface, interface, sizeof(m.interface)))
		return;
	m.plane = (uint8_t)plane;
	r->v = xgrow(r->v, r->n, &r->cap, sizeof(*r->v));
	r->v[r->n++] = m;
}

static void read_plane(struct reading *r, const json_t *plane)
{
	uint32_t number = conf_u32(plane, "number", 0);
	json_t *item;
	size_t i;

	if (!number || number >= PLANES_MAX)
		return;
	for (int k = 1; k < PLANES_MAX; k++) /* a name has one number */
		if (str_eq(names[k], conf_str(plane, "name", "")))
			names[k][0] = '\0';
	str_copy(names[number], conf_str(plane, "name", ""), sizeof(names[number]));
	present[number] = several = true;
	json_array_foreach (conf_list(plane, "interface"), i, item)
		add_member(r, json_string_value(item), (int)number, false);
}

static int compare_names(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;

	return strcmp((*x)->interface, (*y)->interface);
}

static int compare_to_name(const void *name, const void *b)
{
	const struct member *const *y = b;

	return strcmp(name, (*y)->interface);
}

static void sort_members(const struct reading *r)
{
	size_t n = 0;

	members = r->n ? xcalloc(r->n, sizeof(*members)) : NULL;
	by_name = r->n ? xcalloc(r->n, sizeof(*by_name)) : NULL;
	n_members = r->n;
	for (int p = 0; p < PLANES_MAX; p++) {
		firsts[p] = n;
		for (int tunnel = 0; tunnel < 2; tunnel++) {
			tunnels[p] = n;
			for (size_t k = 0; k < r->n; k++)
				if (r->v[k].plane == p && r->v[k].tunnel == tunnel)
					members[n++] = r->v[k];
		}
	}
	firsts[PLANES_MAX] = n;
	for (size_t k = 0; k < n; k++)
		by_name[k] = &members[k];
	if (n)
		qsort(by_name, n, sizeof(*by_name), compare_names);
}

bool planes_read(const json_t *config)
{
	struct member *old = members;
	size_t n_old = n_members;
	struct reading r = {0};
	bool changed;
	json_t *item;
	size_t i;

	memset(present, 0, sizeof(present));
	several = false;
	json_array_foreach (conf_list(config, "plane"), i, item)
		read_plane(&r, item);
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, item)
		if (conf_has(item, "plane"))
			add_member(&r, conf_str(item, "name", ""),
				   plane_by_name(conf_str(item, "plane", "main")), true);
	free(by_name);
	sort_members(&r);
	changed = n_old != n_members ||
		  (n_old && memcmp(old, members, n_old * sizeof(*members)) != 0);
	free(old);
	free(r.v);
	return changed;
}

static const struct member *find_member(const char *interface)
{
	const struct member **m = n_members ? bsearch(interface, by_name, n_members,
						      sizeof(*by_name), compare_to_name)
					    : NULL;

	return m ? *m : NULL;
}

uint8_t plane_of_interface(const char *name)
{
	const struct member *m = find_member(name);

	return m ? m->plane : PLANE_MAIN;
}

bool plane_is_tunnel(const char *name)
{
	const struct member *m = find_member(name);

	return m && m->tunnel;
}

/* The I-th member of PLANE from START on. */
static const char *member(uint8_t plane, const size_t *start, size_t i)
{
	if (plane >= PLANES_MAX || i >= firsts[plane + 1] - start[plane])
		return NULL;
	return members[start[plane] + i].interface;
}

const char *plane_interface(uint8_t plane, size_t i)
{
	return member(plane, firsts, i);
}

const char *plane_tunnel(uint8_t plane, size_t i)
{
	return member(plane, tunnels, i);
}

const json_t *plane_conf(const json_t *config, uint8_t plane)
{
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(config, "plane"), i, item)
		if (conf_u32(item, "number", 0) == plane)
			return item;
	return NULL;
}
