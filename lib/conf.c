/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_leaves.h"
#include "log.h"
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
	const char *text = json_string_value(value);
	json_int_t number = -1;

	if (json_is_integer(value))
		number = json_integer_value(value);
	else if (text && *text >= '0' && *text <= '9')
		number = strtoll(text, NULL, 10);
	return number < 0 || number > UINT32_MAX ? fallback : (uint32_t)number;
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

int conf_word(const char *const *words, const char *word)
{
	for (int i = 0; word && words[i]; i++)
		if (str_eq(words[i], word))
			return i;
	return -1;
}

static uint32_t word_read(const struct conf_leaf *l, const json_t *obj)
{
	int i = conf_word(l->words, conf_str(obj, l->name, NULL));

	return i < 0 ? l->preset : (uint32_t)i;
}

void conf_leaves_read(const struct conf_leaf *l, const json_t *obj, void *out)
{
	for (; l->name; l++) {
		char *at = (char *)out + l->at;

		if (l->kind == CONF_INSIDE)
			conf_leaves_read(l->inside, conf_get(obj, l->name), at);
		else if (l->kind == CONF_BOOL)
			*(bool *)at = conf_bool(obj, l->name, l->preset);
		else if (l->kind == CONF_WORD)
			*(uint32_t *)at = word_read(l, obj);
		else
			*(uint32_t *)at = conf_u32(obj, l->name, l->preset);
		if (l->has)
			*(bool *)((char *)out + l->has) = conf_has(obj, l->name);
	}
}

static json_t *member_json(const struct conf_leaf *l, const char *from)
{
	const void *at = from + l->at;

	if (l->kind == CONF_INSIDE)
		return conf_leaves_json(l->inside, at, NULL);
	if (l->kind == CONF_BOOL)
		return json_boolean(*(const bool *)at);
	if (l->has && !*(const bool *)(from + l->has))
		return json_null();
	return l->kind == CONF_WORD ? json_string(l->words[*(const uint32_t *)at])
				    : json_integer(*(const uint32_t *)at);
}

json_t *conf_leaves_json(const struct conf_leaf *l, const void *from, const char *const *elsewhere)
{
	json_t *obj = json_object();

	for (; l->name; l++)
		json_object_set_new(obj, l->name, member_json(l, from));
	for (; elsewhere && *elsewhere; elsewhere++)
		json_object_del(obj, *elsewhere);
	return obj;
}

_Static_assert((int)SYSTEM_LOG_LEVEL_ERROR == LOG_LEVEL_ERROR &&
		       (int)SYSTEM_LOG_LEVEL_WARNING == LOG_LEVEL_WARN &&
		       (int)SYSTEM_LOG_LEVEL_INFO == LOG_LEVEL_INFO &&
		       (int)SYSTEM_LOG_LEVEL_DEBUG == LOG_LEVEL_DEBUG,
	       "the schema's levels are those of log.h");
_Static_assert((int)SYSTEM_LOG_FORMAT_LOGFMT == LOG_FORMAT_LOGFMT &&
		       (int)SYSTEM_LOG_FORMAT_JSON == LOG_FORMAT_JSON,
	       "so are its formats");

void conf_set_log(const json_t *config)
{
	const json_t *system = conf_get(config, "system");
	struct conf_system leaves;

	conf_leaves_read(conf_system_leaves, system, &leaves);
	log_set_host(conf_str(system, "hostname", NULL));
	log_set_level((enum log_level)leaves.log_level);
	log_set_format((enum log_format)leaves.log_format);
}

int conf_addr(const json_t *obj, const char *name, struct addr *out)
{
	const char *text = conf_str(obj, name, NULL);

	return text ? addr_parse(text, out) : -ENOENT;
}

void *conf_values(const json_t *obj, const char *name, size_t size, conf_parse_fn parse, size_t *n)
{
	json_t *list = conf_list(obj, name), *item;
	char *out = xcalloc(json_array_size(list), size);
	size_t i;

	*n = 0;
	json_array_foreach (list, i, item)
		if (parse(item, out + *n * size))
			(*n)++;
	return out;
}

static bool parse_prefix(const json_t *item, void *out)
{
	return json_is_string(item) && prefix_parse(json_string_value(item), out) == 0;
}

static bool parse_addr(const json_t *item, void *out)
{
	return json_is_string(item) && addr_parse(json_string_value(item), out) == 0;
}

struct prefix *conf_prefixes(const json_t *obj, const char *name, size_t *n)
{
	return conf_values(obj, name, sizeof(struct prefix), parse_prefix, n);
}

struct addr *conf_addrs(const json_t *obj, const char *name, size_t *n)
{
	return conf_values(obj, name, sizeof(struct addr), parse_addr, n);
}
