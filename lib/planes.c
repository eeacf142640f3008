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
static struct member *members; /* interfaces of planes other than the main one */
static size_t n_members;

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

static void add_member(const char *interface, int plane, bool tunnel)
{
	if (!interface || plane <= 0)
		return;
	members = xrealloc(members, (n_members + 1) * sizeof(*members));
	memset(&members[n_members], 0, sizeof(*members));
	if (!str_copy(members[n_members].interface, interface, sizeof(members[0].interface)))
		return;
	members[n_members].tunnel = tunnel;
	members[n_members++].plane = (uint8_t)plane;
}

static void read_plane(const json_t *plane)
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
		add_member(json_string_value(item), (int)number, false);
}

bool planes_read(const json_t *config)
{
	struct member *old = members;
	size_t n_old = n_members;
	bool changed;
	json_t *item;
	size_t i;

	members = NULL;
	n_members = 0;
	memset(present, 0, sizeof(present));
	several = false;
	json_array_foreach (conf_list(config, "plane"), i, item)
		read_plane(item);
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, item)
		if (conf_has(item, "plane"))
			add_member(conf_str(item, "name", ""),
				   plane_by_name(conf_str(item, "plane", "main")), true);
	changed = n_old != n_members ||
		  (n_old && memcmp(old, members, n_old * sizeof(*members)) != 0);
	free(old);
	return changed;
}

uint8_t plane_of_interface(const char *name)
{
	for (size_t i = 0; i < n_members; i++)
		if (str_eq(members[i].interface, name))
			return members[i].plane;
	return PLANE_MAIN;
}

static const char *member(uint8_t plane, bool others, size_t i)
{
	for (size_t k = 0; k < n_members; k++)
		if (members[k].plane == plane && (others || members[k].tunnel) && i-- == 0)
			return members[k].interface;
	return NULL;
}

const char *plane_interface(uint8_t plane, size_t i)
{
	return member(plane, true, i);
}

const char *plane_tunnel(uint8_t plane, size_t i)
{
	return member(plane, false, i);
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
