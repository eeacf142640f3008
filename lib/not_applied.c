/* SPDX-License-Identifier: BSD-2-Clause */
#include "not_applied.h"

#include <stdarg.h>
#include <stdio.h>

#include "messages.h"

static char said[MSG_ERROR_MAX];

void not_applied(const char *fmt, ...)
{
	va_list ap;

	if (said[0])
		return;
	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

void not_applied_reset(void)
{
	said[0] = '\0';
}

const char *not_applied_said(void)
{
	return said;
}
