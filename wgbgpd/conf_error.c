/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_error.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void conf_error_add(struct conf_errors *errs, const struct conf_pos *pos, bool warning,
			   const char *fmt, va_list ap)
{
	char place[64] = "";
	char *what;

	if ((warning ? errs->warnings++ : errs->errors++) >= CONF_ERRORS_MAX)
		return;
	what = xvasprintf(fmt, ap);
	errs->v = xgrow(errs->v, errs->n, &errs->cap, sizeof(*errs->v));
	if (pos && pos->line)
		snprintf(place, sizeof(place), ":%u:%u", pos->line, pos->col);
	errs->v[errs->n].warning = warning;
	errs->v[errs->n++].text =
		xasprintf("%s%s%s%s%s", pos && pos->file ? pos->file : "", place,
			  pos && pos->file ? ": " : "", warning ? "warning: " : "", what);
	free(what);
}

void conf_error(struct conf_errors *errs, const struct conf_pos *pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_error_add(errs, pos, false, fmt, ap);
	va_end(ap);
}

void conf_warning(struct conf_errors *errs, const struct conf_pos *pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_error_add(errs, pos, true, fmt, ap);
	va_end(ap);
}

void conf_errors_print(const struct conf_errors *errs, FILE *out)
{
	for (size_t i = 0; i < errs->n; i++)
		fprintf(out, "%s\n", errs->v[i].text);
	if (errs->errors + errs->warnings > errs->n)
		fprintf(out, "... and %zu more\n", errs->errors + errs->warnings - errs->n);
}

bool conf_errors_has(const struct conf_errors *errs, const char *part)
{
	for (size_t i = 0; i < errs->n; i++)
		if (strstr(errs->v[i].text, part))
			return true;
	return false;
}

void conf_errors_free(struct conf_errors *errs)
{
	for (size_t i = 0; i < errs->n; i++)
		free(errs->v[i].text);
	free(errs->v);
	memset(errs, 0, sizeof(*errs));
}
