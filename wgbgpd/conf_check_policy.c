/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of policies: values whose shape the schema knows and whose numbers it does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "prefix.h"

static void check_pattern(const struct lyd_node *leaf, struct conf_errors *errs)
{
	const char *value = lyd_get_value(leaf);
	unsigned min, max;
	bool ranged;
	char text[PREFIX_STRLEN + 32];
	struct prefix p;
	char *tail;

	if (!str_copy(text, value, sizeof(text)))
		return;
	tail = strpbrk(text, "{+");
	ranged = tail && sscanf(tail, "{%u,%u}", &min, &max) == 2;
	if (tail)
		*tail = '\0';
	if (!strchr(text, '/') || prefix_parse(text, &p) < 0) {
		conf_check_error(errs, leaf, "'%s' is no prefix", value);
		return;
	}
	if (ranged && (min > max || min < p.len || max > family_bits(p.family)))
		conf_check_error(errs, leaf,
				 "'%s' is not valid; expected lengths from %u to %u, rising", value,
				 p.len, family_bits(p.family));
}

static void check_large(const struct lyd_node *leaf, struct conf_errors *errs)
{
	const char *p = lyd_get_value(leaf);

	for (char *end; *p; p = *end ? end + 1 : end)
		if (strtoull(p, &end, 10) > UINT32_MAX) {
			conf_check_error(
				errs, leaf,
				"'%s' is not valid; expected three numbers up to 4294967295",
				lyd_get_value(leaf));
			return;
		}
}

static void check_term(const struct lyd_node *term, struct conf_errors *errs)
{
	static const char *const large[] = {"large-community-add", "large-community-delete",
					    "large-community-set"};
	const struct lyd_node *match = conf_child(term, "match");
	const struct lyd_node *set = conf_child(term, "set");

	for (struct lyd_node *n = conf_child(match, "prefix"); n; n = conf_next(n))
		check_pattern(n, errs);
	for (struct lyd_node *n = conf_child(match, "large-community"); n; n = conf_next(n))
		check_large(n, errs);
	for (size_t i = 0; i < ARRAY_SIZE(large); i++)
		for (struct lyd_node *n = conf_child(set, large[i]); n; n = conf_next(n))
			check_large(n, errs);
	if (conf_child(set, "prepend-as") && !conf_child(set, "prepend"))
		conf_check_warning(errs, conf_child(set, "prepend-as"),
				   "does nothing without 'prepend'");
}

void conf_check_policy(const struct conf *conf, struct conf_errors *errs)
{
	for (struct lyd_node *p = conf_top(conf, "policy"); p; p = conf_next(p))
		for (struct lyd_node *t = conf_child(p, "term"); t; t = conf_next(t))
			check_term(t, errs);
}
