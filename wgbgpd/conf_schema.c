/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_schema.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <libyang/plugins_types.h>

#include "nearest.h"

#define DATA_NODES 0 /* of lys_getnext(): no choices, no cases */

static const char *const modules[] = {"wgbgp-system", "wgbgp-wireguard", "wgbgp-bgp",
				      "wgbgp-policy", "wgbgp-rib",	 "wgbgp-plane"};

const char *conf_schema_dir(void)
{
	const char *dir = getenv("WGBGP_YANGDIR");

	return dir && *dir ? dir : PKGDATADIR "/yang";
}

struct ly_ctx *conf_schema_load(const char *dir, struct conf_errors *errs)
{
	struct ly_ctx *ctx = NULL;

	ly_log_options(LY_LOSTORE);
	if (ly_ctx_new(dir, LY_CTX_NO_YANGLIBRARY | LY_CTX_DISABLE_SEARCHDIR_CWD, &ctx)) {
		conf_error(errs, NULL,
			   "%s: the YANG modules cannot be read (make install puts them there; "
			   "WGBGP_YANGDIR names another place)",
			   dir);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		if (ly_ctx_load_module(ctx, modules[i], NULL, NULL))
			continue;
		conf_error(errs, NULL, "%s/%s.yang: %s", dir, modules[i],
			   conf_schema_complaint(ly_err_first(ctx)));
		ly_ctx_destroy(ctx);
		return NULL;
	}
	ly_err_clean(ctx, NULL);
	return ctx;
}

const char *conf_schema_complaint(const struct ly_err_item *item)
{
	return item && item->msg ? item->msg : "not valid";
}

const struct lysc_node *conf_schema_next(const struct ly_ctx *ctx, const struct lysc_node *parent,
					 const struct lysc_node *last)
{
	size_t i = 0;

	if (parent)
		return lys_getnext(last, parent, NULL, DATA_NODES);
	if (last) {
		const struct lys_module *mod = last->module;

		last = lys_getnext(last, NULL, mod->compiled, DATA_NODES);
		if (last)
			return last;
		while (i < ARRAY_SIZE(modules) && !str_eq(modules[i], mod->name))
			i++;
		i++;
	}
	for (; i < ARRAY_SIZE(modules); i++) {
		const struct lys_module *mod = ly_ctx_get_module_implemented(ctx, modules[i]);

		last = mod ? lys_getnext(NULL, NULL, mod->compiled, DATA_NODES) : NULL;
		if (last)
			return last;
	}
	return NULL;
}

const struct lysc_node *conf_schema_find(const struct ly_ctx *ctx, const struct lysc_node *parent,
					 const char *name)
{
	const struct lysc_node *node = NULL;

	while ((node = conf_schema_next(ctx, parent, node)))
		if (str_eq(node->name, name))
			return node;
	return NULL;
}

const struct lysc_node_leaf *conf_schema_key(const struct lysc_node *list)
{
	const struct lysc_node *key = lysc_node_child(list);

	ensure(list->nodetype == LYS_LIST && key && lysc_is_key(key));
	return (const struct lysc_node_leaf *)key;
}

const struct lysc_type *conf_schema_type(const struct lysc_node *leaf)
{
	return leaf->nodetype == LYS_LEAF ? ((const struct lysc_node_leaf *)leaf)->type
					  : ((const struct lysc_node_leaflist *)leaf)->type;
}

/* Appends to a malloc'd text; SEP goes in between when there was something. */
static void text_add(char **text, const char *sep, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void text_add(char **text, const char *sep, const char *fmt, ...)
{
	char *more, *joined;
	va_list ap;

	va_start(ap, fmt);
	more = xvasprintf(fmt, ap);
	va_end(ap);
	joined = xasprintf("%s%s%s", *text ? *text : "", *text ? sep : "", more);
	free(more);
	free(*text);
	*text = joined;
}

static char *describe_enum(const struct lysc_type_enum *type)
{
	LY_ARRAY_COUNT_TYPE n = LY_ARRAY_COUNT(type->enums);
	LY_ARRAY_COUNT_TYPE i;
	char *text = NULL;

	LY_ARRAY_FOR(type->enums, i)
	text_add(&text, i + 1 == n ? " or " : ", ", "%s", type->enums[i].name);
	return text;
}

static char *describe_number(const struct lysc_type_num *type)
{
	static const struct {
		LY_DATA_TYPE base;
		uint64_t max;
	} limits[] = {{LY_TYPE_UINT8, UINT8_MAX},
		      {LY_TYPE_UINT16, UINT16_MAX},
		      {LY_TYPE_UINT32, UINT32_MAX},
		      {LY_TYPE_UINT64, UINT64_MAX}};
	LY_ARRAY_COUNT_TYPE i;
	char *text = NULL;

	if (type->range) {
		LY_ARRAY_FOR(type->range->parts, i)
		{
			uint64_t min = type->range->parts[i].min_u64;
			uint64_t max = type->range->parts[i].max_u64;

			if (min == max)
				text_add(&text, " or ", "%" PRIu64, min);
			else
				text_add(&text, " or ", "a number from %" PRIu64 " to %" PRIu64,
					 min, max);
		}
		return text;
	}
	for (size_t n = 0; n < ARRAY_SIZE(limits); n++)
		if (limits[n].base == type->basetype)
			return xasprintf("a number from 0 to %" PRIu64, limits[n].max);
	return xstrdup("a number");
}

static char *describe_string(const struct lysc_type_str *type)
{
	static const struct {
		const char *id; /* part of the name of libyang's plugin for the type */
		const char *text;
	} known[] = {{"ipv4-address", "an IPv4 address"},
		     {"ipv6-address", "an IPv6 address"},
		     {"ipv4-prefix", "an IPv4 prefix (10.0.0.0/8)"},
		     {"ipv6-prefix", "an IPv6 prefix (2001:db8::/32)"}};
	LY_ARRAY_COUNT_TYPE i;

	for (size_t n = 0; n < ARRAY_SIZE(known); n++)
		if (type->plugin && type->plugin->id && strstr(type->plugin->id, known[n].id))
			return xstrdup(known[n].text);
	LY_ARRAY_FOR(type->patterns, i)
	if (type->patterns[i]->emsg)
		return xstrdup(type->patterns[i]->emsg);
	if (type->length)
		return xasprintf("a text of %" PRIu64 " to %" PRIu64 " characters",
				 type->length->parts[0].min_u64, type->length->parts[0].max_u64);
	return xstrdup("a text");
}

static char *describe_union(const struct lysc_type_union *type)
{
	LY_ARRAY_COUNT_TYPE i;
	char *text = NULL;

	LY_ARRAY_FOR(type->types, i)
	{
		char *one = conf_schema_describe_type(type->types[i]);

		if (!text || !strstr(text, one))
			text_add(&text, " or ", "%s", one);
		free(one);
	}
	return text;
}

char *conf_schema_describe_type(const struct lysc_type *type)
{
	switch (type->basetype) {
	case LY_TYPE_BOOL:
		return xstrdup("true or false");
	case LY_TYPE_ENUM:
		return describe_enum((const struct lysc_type_enum *)type);
	case LY_TYPE_UINT8:
	case LY_TYPE_UINT16:
	case LY_TYPE_UINT32:
	case LY_TYPE_UINT64:
		return describe_number((const struct lysc_type_num *)type);
	case LY_TYPE_STRING:
		return describe_string((const struct lysc_type_str *)type);
	case LY_TYPE_UNION:
		return describe_union((const struct lysc_type_union *)type);
	default:
		return xstrdup("a value");
	}
}

char *conf_schema_describe_children(const struct ly_ctx *ctx, const struct lysc_node *parent)
{
	const struct lysc_node *node = NULL;
	char *text = NULL;

	while ((node = conf_schema_next(ctx, parent, node)))
		if (!lysc_is_key(node))
			text_add(&text, ", ", "%s", node->name);
	if (!parent)
		text_add(&text, ", ", "include");
	return text ? text : xstrdup("nothing");
}

const char *conf_schema_suggest(const struct ly_ctx *ctx, const struct lysc_node *parent,
				const char *name)
{
	struct nearest n = {.typed = name};
	const struct lysc_node *node = NULL;

	while ((node = conf_schema_next(ctx, parent, node)))
		if (!lysc_is_key(node))
			nearest_offer(&n, node->name);
	return n.word;
}

const char *conf_schema_plain_number(const struct lysc_node *leaf, const char *value, char *buf,
				     size_t size)
{
	unsigned long long number;
	char *end;

	if (conf_schema_type(leaf)->basetype != LY_TYPE_UINT32 || value[0] != '0' ||
	    (value[1] != 'x' && value[1] != 'X') || !isxdigit((unsigned char)value[2]))
		return value;
	errno = 0;
	number = strtoull(value, &end, 16);
	if (errno || *end)
		return value;
	snprintf(buf, size, "%llu", number);
	return buf;
}

char *conf_schema_canonical(const struct lysc_node *leaf, const char *value)
{
	const struct ly_ctx *ctx = leaf->module->ctx;
	const char *canonical = NULL;
	char buf[24], *copy = NULL;

	value = conf_schema_plain_number(leaf, value, buf, sizeof(buf));
	if (lyd_value_validate(ctx, leaf, value, strlen(value), NULL, NULL, &canonical) ==
		    LY_SUCCESS &&
	    canonical)
		copy = xstrdup(canonical);
	lydict_remove(ctx, canonical);
	ly_err_clean((struct ly_ctx *)ctx, NULL);
	return copy;
}

char *conf_schema_help(const char *description)
{
	char *text = xstrdup(description ? description : ""), *to = text;

	for (const char *p = text; *p; p++) {
		bool blank = isspace((unsigned char)*p);

		if (*p == '.' && (!p[1] || isspace((unsigned char)p[1])))
			break;
		if (!blank || (to > text && to[-1] != ' '))
			*to++ = blank ? ' ' : *p;
	}
	*to = '\0';
	return text;
}

char *conf_schema_path(const struct lyd_node *node)
{
	char *path = NULL;

	for (; node; node = lyd_parent(node)) {
		const struct lyd_node *key =
			node->schema->nodetype == LYS_LIST ? lyd_child(node) : NULL;
		char *longer =
			xasprintf("%s%s%s%s%s", node->schema->name, key ? " " : "",
				  key ? lyd_get_value(key) : "", path ? " " : "", path ? path : "");

		free(path);
		path = longer;
	}
	return path ? path : xstrdup("");
}
