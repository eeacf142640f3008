/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

json_t *conf_read(const void *text, size_t len)
{
	return json_loadb(text, len, 0, NULL);
}

json_t *conf_get(const json_t *obj, const char *name)
{
	const char *key;
	json_t *value = json_object_get(obj, name);

	if (value || !obj)
		return value;
	json_object_foreach ((json_t *)obj, key, value) {
		const char *colon = strchr(key, ':');

		if (colon && str_eq(colon + 1, name))
			return value;
	}
	return NULL;
}

json_t *conf_at(const json_t *obj, const char *path)
{
	char name[128];
	const char *slash;
	json_t *at = (json_t *)obj;

	for (; at && path; path = slash ? slash + 1 : NULL) {
		size_t n;

		slash = strchr(path, '/');
		n = slash ? (size_t)(slash - path) : strlen(path);
		ensure(n < sizeof(name));
		memcpy(name, path, n);
		name[n] = '\0';
		at = conf_get(at, name);
	}
	return at;
}

json_t *conf_list(const json_t *obj, const char *name)
{
	json_t *value = conf_get(obj, name);

	return json_is_array(value) ? value : NULL;
}

bool conf_has(const json_t *obj, const char *name)
{
	return conf_get(obj, name) != NULL;
}

const char *conf_str(const json_t *obj, const char *name, const char *fallback)
{
	const char *text = json_string_value(conf_get(obj, name));

	return text ? text : fallback;
}

uint32_t conf_u32(const json_t *obj, const char *name, uint32_t fallback)
{
	const json_t *value = conf_get(obj, name);

	if (json_is_integer(value))
		return json_integer_value(value);
	if (json_is_string(value) && json_string_value(value)[0] >= '0' &&
	    json_string_value(value)[0] <= '9')
		return strtoul(json_string_value(value), NULL, 10);
	return fallback;
}

bool conf_bool(const json_t *obj, const char *name, bool fallback)
{
	const json_t *value = conf_get(obj, name);

	if (json_is_boolean(value))
		return json_is_true(value);
	if (json_is_string(value))
		return str_eq(json_string_value(value), "on") ||
		       str_eq(json_string_value(value), "true");
	return fallback;
}

int conf_addr(const json_t *obj, const char *name, struct addr *out)
{
	const char *text = conf_str(obj, name, NULL);

	return text ? addr_parse(text, out) : -ENOENT;
}

struct prefix *conf_prefixes(const json_t *obj, const char *name, size_t *n)
{
	json_t *list = conf_list(obj, name), *item;
	struct prefix *out = xcalloc(json_array_size(list), sizeof(*out));
	size_t i;

	*n = 0;
	json_array_foreach (list, i, item) {
		if (json_is_string(item) && prefix_parse(json_string_value(item), &out[*n]) == 0)
			(*n)++;
	}
	return out;
}

struct addr *conf_addrs(const json_t *obj, const char *name, size_t *n)
{
	json_t *list = conf_list(obj, name), *item;
	struct addr *out = xcalloc(json_array_size(list), sizeof(*out));
	size_t i;

	*n = 0;
	json_array_foreach (list, i, item) {
		if (json_is_string(item) && addr_parse(json_string_value(item), &out[*n]) == 0)
			(*n)++;
	}
	return out;
}
