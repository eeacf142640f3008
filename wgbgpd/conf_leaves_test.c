/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_leaves: what yang/conf-leaves makes of the schema is what libyang makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "conf_leaves.h"
#include "conf_schema.h"
#include "util.h"

static struct ly_ctx *ctx;
static unsigned compared;

static int setup(void **state)
{
	const char *top = getenv("srcdir");
	char *dir = xasprintf("%s/yang", top ? top : ".");
	struct conf_errors errs = {0};

	ctx = conf_schema_load(dir, &errs);
	free(dir);
	return ctx ? 0 : -1;
}

static int teardown(void **state)
{
	ly_ctx_destroy(ctx);
	return 0;
}

/* The type that makes a member of it; NULL: none does. */
static const struct lysc_type *member_type(const struct lysc_type *type)
{
	const struct lysc_type_union *u = (const struct lysc_type_union *)type;
	LY_ARRAY_COUNT_TYPE i;

	if (type->basetype == LY_TYPE_UNION) {
		LY_ARRAY_FOR(u->types, i)
		{
			const struct lysc_type *one = member_type(u->types[i]);

			if (one && one->basetype != LY_TYPE_ENUM)
				return one;
		}
		return NULL;
	}
	return type->basetype == LY_TYPE_BOOL || type->basetype == LY_TYPE_ENUM ||
			       type->basetype == LY_TYPE_UINT8 ||
			       type->basetype == LY_TYPE_UINT16 || type->basetype == LY_TYPE_UINT32
		       ? type
		       : NULL;
}

static bool is_on_off(const struct lysc_type *type)
{
	const struct lysc_type_enum *e = (const struct lysc_type_enum *)type;

	return type->basetype == LY_TYPE_ENUM && LY_ARRAY_COUNT(e->enums) == 2 &&
	       str_eq(e->enums[0].name, "on");
}

static bool takes_zero(const struct lysc_type *type)
{
	const struct lysc_range *range = ((const struct lysc_type_num *)type)->range;

	return type->basetype == LY_TYPE_BOOL || type->basetype == LY_TYPE_ENUM || !range ||
	       range->parts[0].min_u64 == 0;
}

static void compare_leaf(const struct conf_leaf *l, const struct lysc_node *node)
{
	const struct lysc_type *type = member_type(((const struct lysc_node_leaf *)node)->type);
	const struct lysc_type_enum *words = (const struct lysc_type_enum *)type;
	const struct lyd_value *value = ((const struct lysc_node_leaf *)node)->dflt;
	const char *preset = value ? lyd_value_get_canonical(ctx, value) : NULL;
	LY_ARRAY_COUNT_TYPE i;

	assert_string_equal(l->name, node->name);
	assert_int_equal(l->has != 0, !preset && takes_zero(type));
	if (type->basetype == LY_TYPE_BOOL || is_on_off(type)) {
		assert_int_equal(l->kind, CONF_BOOL);
		assert_int_equal(l->preset,
				 preset && (str_eq(preset, "true") || str_eq(preset, "on")));
	} else if (type->basetype == LY_TYPE_ENUM) {
		assert_int_equal(l->kind, CONF_WORD);
		LY_ARRAY_FOR(words->enums, i)
		assert_string_equal(l->words[i], words->enums[i].name);
		assert_null(l->words[LY_ARRAY_COUNT(words->enums)]);
		assert_string_equal(l->words[l->preset], preset ? preset : l->words[0]);
	} else {
		assert_int_equal(l->kind, CONF_NUMBER);
		assert_int_equal(l->preset, preset ? strtoul(preset, NULL, 10) : 0);
	}
	compared++;
}

/* What makes no member is left out; lists are compared on their own. */
static bool is_member(const struct lysc_node *node)
{
	return node->nodetype == LYS_CONTAINER ||
	       (node->nodetype == LYS_LEAF &&
		member_type(((const struct lysc_node_leaf *)node)->type));
}

static void compare(const struct conf_leaf *l, const struct lysc_node *outer)
{
	const struct lysc_node *node = NULL;

	while ((node = conf_schema_next(ctx, outer, node))) {
		if (!is_member(node))
			continue;
		assert_non_null(l->name);
		if (l->kind == CONF_INSIDE) {
			assert_string_equal(l->name, node->name);
			compare(l->inside, node);
		} else {
			compare_leaf(l, node);
		}
		l++;
	}
	assert_null(l->name);
}

static void test_all(void **state)
{
	static const struct {
		const char *path;
		const struct conf_leaf *leaves;
	} rows[] = {
		{"system", conf_system_leaves},
		{"wireguard", conf_wireguard_leaves},
		{"wireguard/peer-template", conf_peer_template_leaves},
		{"wireguard/interface", conf_interface_leaves},
		{"wireguard/interface/peer", conf_peer_leaves},
		{"bgp", conf_bgp_leaves},
		{"bgp/redistribute", conf_redistribute_leaves},
		{"bgp/neighbor-group", conf_neighbor_group_leaves},
		{"bgp/neighbor", conf_neighbor_leaves},
		{"policy", conf_policy_leaves},
		{"policy/term", conf_term_leaves},
		{"rib", conf_rib_leaves},
		{"rib/static", conf_static_leaves},
		{"rib/rule", conf_rule_leaves},
		{"plane", conf_plane_leaves},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = xstrdup(rows[i].path), *save = NULL;
		const struct lysc_node *node = NULL;

		for (char *name = strtok_r(path, "/", &save); name;
		     name = strtok_r(NULL, "/", &save)) {
			node = conf_schema_find(ctx, node, name);
			assert_non_null(node);
		}
		compare(rows[i].leaves, node);
		free(path);
	}
	assert_true(compared > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
