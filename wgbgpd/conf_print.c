/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_print.h"

#include <stdlib.h>
#include <string.h>

#include "conf_lex.h"
#include "conf_schema.h"

#define LINE_WIDTH 100

static void print_nodes(FILE *out, const struct ly_ctx *ctx, const struct lysc_node *outer,
			const struct lyd_node *first, int indent);

static void print_indent(FILE *out, int indent)
{
	for (int i = 0; i < indent; i++)
		fputs("    ", out);
}

static void print_leaf(FILE *out, const struct lyd_node *node, int indent)
{
	char *value = conf_lex_word(lyd_get_value(node));

	print_indent(out, indent);
	fprintf(out, "%s %s;\n", node->schema->name, value);
	free(value);
}

static void print_leaf_list(FILE *out, const struct lyd_node *node, int indent)
{
	const char *name = node->schema->name;
	int column = indent * 4 + (int)strlen(name) + 2;

	if (!conf_next(node)) {
		print_leaf(out, node, indent);
		return;
	}
	print_indent(out, indent);
	fprintf(out, "%s [", name);
	for (; node; node = conf_next(node)) {
		char *value = conf_lex_word(lyd_get_value(node));
		int len = (int)strlen(value) + 1;

		if (column + len > LINE_WIDTH - 3) {
			fputc('\n', out);
			print_indent(out, indent + 1);
			column = indent * 4 + 3;
		}
		fprintf(out, " %s", value);
		column += len;
		free(value);
	}
	fputs(" ];\n", out);
}

static void print_inner(FILE *out, const struct ly_ctx *ctx, const struct lyd_node *node,
			int indent)
{
	bool list = node->schema->nodetype == LYS_LIST;
	char *key = list ? conf_lex_word(lyd_get_value(lyd_child(node))) : NULL;
	bool empty = !lyd_child_no_keys(node);

	print_indent(out, indent);
	fprintf(out, "%s%s%s%s\n", node->schema->name, key ? " " : "", key ? key : "",
		empty ? ";" : " {");
	free(key);
	if (empty)
		return;
	print_nodes(out, ctx, node->schema, lyd_child_no_keys(node), indent + 1);
	print_indent(out, indent);
	fputs("}\n", out);
}

static void print_node(FILE *out, const struct ly_ctx *ctx, const struct lyd_node *node, int indent)
{
	if (node->schema->nodetype == LYS_LEAF)
		print_leaf(out, node, indent);
	else if (node->schema->nodetype != LYS_LEAFLIST)
		print_inner(out, ctx, node, indent);
	else
		print_leaf_list(out, node, indent);
}

static void print_nodes(FILE *out, const struct ly_ctx *ctx, const struct lysc_node *outer,
			const struct lyd_node *first, int indent)
{
	const struct lysc_node *schema = NULL;
	bool blank = false;

	while ((schema = conf_schema_next(ctx, outer, schema))) {
		const struct lyd_node *node = first;

		while (node && node->schema != schema)
			node = node->next;
		for (; node; node = conf_next(node)) {
			if (!outer && blank)
				fputc('\n', out);
			blank = true;
			print_node(out, ctx, node, indent);
			if (schema->nodetype & (LYS_LEAF | LYS_LEAFLIST))
				break;
		}
	}
}

static FILE *text_begin(char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	if (!out)
		fatal("out of memory");
	return out;
}

static void text_end(FILE *out)
{
	if (fclose(out))
		fatal("out of memory");
}

static char *print_below(const struct conf *conf, const struct lysc_node *outer,
			 const struct lyd_node *first)
{
	char *text = NULL;
	size_t len;
	FILE *out = text_begin(&text, &len);

	print_nodes(out, conf->ctx, outer, first, 0);
	text_end(out);
	return text;
}

char *conf_print_text(const struct conf *conf)
{
	return print_below(conf, NULL, conf->tree);
}

char *conf_print_inside(const struct conf *conf, const struct lyd_node *node)
{
	return print_below(conf, node->schema, lyd_child_no_keys(node));
}

char *conf_print_node(const struct conf *conf, const struct lyd_node *node)
{
	char *text = NULL;
	size_t len;
	FILE *out = text_begin(&text, &len);

	print_node(out, conf->ctx, node, 0);
	text_end(out);
	return text;
}

char *conf_print_json(const struct conf *conf, bool defaults)
{
	char *text = NULL;

	if (conf->tree && lyd_print_mem(&text, conf->tree, LYD_JSON,
					LYD_PRINT_WITHSIBLINGS | LYD_PRINT_SHRINK |
						(defaults ? LYD_PRINT_WD_ALL : 0)))
		fatal("a configuration cannot be printed");
	return text ? text : xstrdup("{}\n");
}
