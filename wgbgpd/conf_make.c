/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_make.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"
#include "prefix.h"

void conf_complain(struct source *src, const struct conf_pos *pos, const struct lyd_node *parent,
		   const char *name, const char *fmt, ...)
{
	char *path = conf_schema_path(parent), *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	conf_error(src->p->errs, pos, "%s%s%s%s%s", path, *path && name ? " " : "",
		   name ? name : "", *path || name ? ": " : "", text);
	free(text);
	free(path);
}

struct lyd_node *conf_siblings(struct source *src, struct lyd_node *parent)
{
	return parent ? lyd_child(parent) : src->p->conf->tree;
}

/* A prefix, and one of a policy with its lengths, has no bits behind its length: those that are
 * there are dropped, which need not be what was meant. The address of an interface keeps them. */
static void warn_host_bits(struct source *src, const struct conf_pos *pos,
			   const struct lyd_node *parent, const char *name, const char *value)
{
	char text[PREFIX_STRLEN];
	struct prefix p;
	struct addr a;
	uint8_t len;
	char *path;

	if (!strchr(value, '/') || str_eq(name, "address") || !str_copy(text, value, sizeof(text)))
		return;
	text[strcspn(text, "+{")] = '\0';
	if (addr_parse_with_len(text, &a, &len) < 0 || prefix_parse(text, &p) < 0 ||
	    memcmp(a.b, p.b, family_bytes(a.family)) == 0)
		return;
	path = conf_schema_path(parent);
	conf_warning(src->p->errs, pos, "%s %s: '%s' has bits behind its length; %s is taken", path,
		     name, value, PREFIX_STR(&p));
	free(path);
}

void conf_make_value(struct source *src, struct lyd_node *parent, const struct lysc_node *schema,
		     const struct conf_pos *pos, const char *value)
{
	struct lyd_node *node = NULL, *old = NULL;
	char buf[24];

	lyd_new_term(parent, schema->module, schema->name,
		     conf_schema_plain_number(schema, value, buf, sizeof(buf)), false, &node);
	if (!node) {
		char *expected = conf_schema_describe_type(conf_schema_type(schema));

		conf_complain(src, pos, parent, schema->name, "'%.64s' is not valid; expected %s",
			      value, expected);
		free(expected);
		ly_err_clean(src->p->ctx, NULL);
		return;
	}
	lyd_unlink_tree(node);
	lyd_find_sibling_first(conf_siblings(src, parent), node, &old);
	if (old) {
		conf_complain(src, pos, parent, schema->name,
			      "'%.64s' is there twice; first in line %u", value, conf_line(old));
		lyd_free_tree(node);
		return;
	}
	conf_set_pos(src->p->conf, node, pos->file, pos->line, pos->col);
	conf_insert(src->p->conf, parent, node);
	warn_host_bits(src, pos, parent, schema->name, value);
}

struct lyd_node *conf_make_container(struct source *src, struct lyd_node *parent,
				     const struct lysc_node *schema, const struct conf_pos *pos)
{
	struct lyd_node *node = NULL;

	lyd_find_sibling_val(conf_siblings(src, parent), schema, NULL, 0, &node);
	if (node)
		return node;
	if (lyd_new_inner(parent, schema->module, schema->name, false, &node))
		fatal("libyang makes no container %s", schema->name);
	if (!parent)
		conf_insert(src->p->conf, NULL, node);
	conf_set_pos(src->p->conf, node, pos->file, pos->line, pos->col);
	return node;
}

struct lyd_node *conf_make_entry(struct source *src, struct lyd_node *parent,
				 const struct lysc_node *schema, const struct conf_pos *pos,
				 const char *key, const struct conf_pos *key_pos)
{
	struct lyd_node *node = NULL, *old = NULL;

	lyd_new_list(parent, schema->module, schema->name, false, &node, key);
	if (!node) {
		char *expected = conf_schema_describe_type(conf_schema_key(schema)->type);

		conf_complain(src, key_pos, parent, schema->name,
			      "'%.64s' is not valid; expected %s", key, expected);
		free(expected);
		ly_err_clean(src->p->ctx, NULL);
		return NULL;
	}
	lyd_unlink_tree(node);
	lyd_find_sibling_first(conf_siblings(src, parent), node, &old);
	if (old) {
		conf_complain(src, pos, parent, schema->name,
			      "'%.64s' is there twice; first in line %u", key, conf_line(old));
		lyd_free_tree(node);
		return NULL;
	}
	conf_set_pos(src->p->conf, node, pos->file, pos->line, pos->col);
	conf_insert(src->p->conf, parent, node);
	warn_host_bits(src, key_pos, parent, schema->name, key);
	return node;
}

void conf_complain_unknown(struct source *src, const struct conf_pos *pos,
			   const struct lyd_node *parent, const struct lysc_node *schema,
			   const char *word)
{
	const char *near = conf_schema_suggest(src->p->ctx, schema, word);
	char *known = conf_schema_describe_children(src->p->ctx, schema);

	conf_complain(src, pos, parent, NULL,
		      "'%.64s' is no statement here%s%s%s; expected one of %s", word,
		      near ? ", '" : "", near ? near : "", near ? "' is near" : "", known);
	free(known);
}
