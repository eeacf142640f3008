/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include <string.h>

/* What begins with `echo` in LIVENESS as an object of its own. */
static json_t *take_echo(json_t *liveness)
{
	json_t *echo = json_object(), *value;
	const char *key;
	void *next;

	json_object_foreach_safe(liveness, next, key, value)
	{
		if (strncmp(key, "echo", 4) != 0)
			continue;
		json_object_set(echo, key[4] ? key + 5 : "enabled", value);
		json_object_del(liveness, key);
	}
	return echo;
}

json_t *settings_json(const struct peer_conf *c)
{
	static const char *const elsewhere[] = {"persistent-keepalive", "cost", "disabled",
						"keep-in", NULL};
	json_t *all, *liveness;

	if (!c)
		return json_null();
	all = conf_leaves_json(conf_peer_leaves, c, elsewhere);
	liveness = json_object_get(all, "liveness");
	json_object_set_new(all, "echo", take_echo(liveness));
	json_object_set(all, "bfd", json_object_get(liveness, "bfd"));
	json_object_del(liveness, "bfd");
	return all;
}
