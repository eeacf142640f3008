/* SPDX-License-Identifier: BSD-2-Clause */
#include "quoted.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "util.h"

json_t *quoted(const char *text)
{
	char *copy = xstrdup(text);
	json_error_t error;
	json_t *doc;

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	doc = json_loads(copy, JSON_DECODE_ANY, &error);
	if (!doc)
		fail_msg("%s in %s", error.text, copy);
	free(copy);
	return doc;
}
