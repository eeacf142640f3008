/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "said.h"

char said[SAID_MAX];

void say(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	n += (size_t)vsnprintf(said + n, SAID_MAX - n, fmt, ap);
	va_end(ap);
	assert_true(n < SAID_MAX);
}

void expect_at(const char *text, int line)
{
	if (strcmp(said, text) != 0) {
		printf("line %d: this was said:\n%s", line, said);
		fail_msg("line %d", line);
	}
	said[0] = '\0';
}
