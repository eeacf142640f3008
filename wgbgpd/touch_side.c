/* SPDX-License-Identifier: BSD-2-Clause */
#include "touch_side.h"

#include <stdlib.h>

#include "conf.h"
#include "util.h"

json_t *touch_keyed(const json_t *list, const char *key)
{
	json_t *index = json_object(), *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		json_object_set(index, conf_str(entry, key, ""), entry);
	return index;
}

/* Entries of several planes under one key are told apart. */
static void add_statics(json_t *index, const json_t *holder, const char *plane)
{
	json_t *entry;
	size_t i;

	json_array_foreach (conf_list(holder, "static"), i, entry) {
		char *key = xasprintf("%s%s%s", conf_str(entry, "prefix", ""), *plane ? " " : "",
				      plane);

		json_object_set(index, key, entry);
		free(key);
	}
}

void touch_side_open(struct touch_side *s, const json_t *conf)
{
	const char *name;
	json_t *plane;

	s->top = conf;
	s->bgp = conf_get(conf, "bgp");
	s->rib = conf_get(conf, "rib");
	s->interfaces = touch_keyed(conf_list(conf_get(conf, "wireguard"), "interface"), "name");
	s->neighbors = touch_keyed(conf_list(s->bgp, "neighbor"), "address");
	s->groups = touch_keyed(conf_list(s->bgp, "neighbor-group"), "name");
	s->policies = touch_keyed(conf_list(conf, "policy"), "name");
	s->planes = touch_keyed(conf_list(conf, "plane"), "name");
	s->statics = json_object();
	add_statics(s->statics, s->rib, "");
	json_object_foreach (s->planes, name, plane)
		add_statics(s->statics, plane, name);
}

void touch_side_close(struct touch_side *s)
{
	json_decref(s->interfaces);
	json_decref(s->neighbors);
	json_decref(s->groups);
	json_decref(s->policies);
	json_decref(s->planes);
	json_decref(s->statics);
}

json_t *touch_without(const json_t *obj, const char *const *skip)
{
	json_t *copy = obj ? json_copy((json_t *)obj) : json_object();

	for (; *skip; skip++)
		json_object_del(copy, *skip);
	return copy;
}

bool touch_is_same(const json_t *a, const json_t *b, const char *const *skip)
{
	json_t *x = touch_without(a, skip), *y = touch_without(b, skip);
	bool same = json_equal(x, y);

	json_decref(x);
	json_decref(y);
	return same;
}

json_t *touch_keys(json_t *a, json_t *b)
{
	json_t *keys = json_object();

	json_object_update(keys, a);
	json_object_update(keys, b);
	return keys;
}
