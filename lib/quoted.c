/* SPDX-License-Identifier: BSD-2-Clause */
#include "quoted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

char *quoted_text(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

json_t *quoted(const char *text)
{
	char *copy = quoted_text(text);
	json_error_t error;
	json_t *doc = json_loads(copy, JSON_DECODE_ANY, &error);

	if (!doc)
		fail_msg("%s at %d in %s", error.text, error.position, copy);
	free(copy);
	return doc;
}
