/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_check_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"

#define NAMES_MAX 255 /* bytes of all that there are, then "..." */

/* A default or an inherited value has no place of its own, nor has a key: the statement around has.
 */
static const struct conf_pos *place_of(const struct lyd_node *node)
{
	while (lyd_parent(node) && !conf_pos(node))
		node = lyd_parent(node);
	return conf_pos(node);
}

static void check_say(struct conf_errors *errs, const struct lyd_node *node, bool warning,
		      const char *fmt, va_list ap)
{
	char *path = conf_schema_path(node), *text = xvasprintf(fmt, ap);

	if (warning)
		conf_warning(errs, place_of(node), "%s: %s", path, text);
	else
		conf_error(errs, place_of(node), "%s: %s", path, text);
	free(text);
	free(path);
}

void conf_check_error(struct conf_errors *errs, const struct lyd_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	check_say(errs, node, false, fmt, ap);
	va_end(ap);
}

void conf_check_warning(struct conf_errors *errs, const struct lyd_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	check_say(errs, node, true, fmt, ap);
	va_end(ap);
}

void conf_uses_add(struct conf_uses *uses, const struct lyd_node *leaf)
{
	if (!leaf)
		return;
	uses->v = xgrow(uses->v, uses->n, &uses->cap, sizeof(*uses->v));
	uses->v[uses->n++] = (struct conf_use){lyd_get_value(leaf), leaf};
}

static int use_cmp(const void *a, const void *b)
{
	const struct conf_use *x = a, *y = b;
	int c = strcmp(x->value, y->value);

	return c ? c : (int)conf_line(x->node) - (int)conf_line(y->node);
}

void conf_uses_report(struct conf_uses *uses, const char *what, struct conf_errors *errs)
{
	if (uses->n)
		qsort(uses->v, uses->n, sizeof(*uses->v), use_cmp);
	for (size_t i = 1; i < uses->n; i++) {
		const struct lyd_node *first = uses->v[i - 1].node;
		char *path;

		if (!str_eq(uses->v[i].value, uses->v[i - 1].value))
			continue;
		path = conf_schema_path(lyd_parent(first));
		conf_check_error(errs, uses->v[i].node, "'%s' is %s of %s too (line %u)",
				 uses->v[i].value, what, path, conf_line(first));
		free(path);
	}
	free(uses->v);
	memset(uses, 0, sizeof(*uses));
}

void conf_check_unknown(struct conf_errors *errs, const struct lyd_node *leaf, const char *what,
			const char *also, struct lyd_node *list)
{
	const char *comma = also ? ", " : "";
	char *names;
	size_t len;
	FILE *text = open_memstream(&names, &len);

	if (!text)
		fatal("out of memory");
	fputs(also ? also : "", text);
	for (struct lyd_node *n = list; n; n = conf_next(n)) {
		fprintf(text, "%s%s", comma, lyd_get_value(lyd_child(n)));
		comma = ", ";
	}
	fclose(text);
	if (len > NAMES_MAX)
		strcpy(names + NAMES_MAX - strlen("..."), "...");
	conf_check_error(errs, leaf, "there is no %s '%s'%s%s", what, lyd_get_value(leaf),
			 *names ? "; expected one of " : ", nor any other", names);
	free(names);
}
