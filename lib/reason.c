/* SPDX-License-Identifier: BSD-2-Clause */
#include "reason.h"

static const struct {
	const char *name, *text;
} reasons[] = {
#define X(id, name, text) {name, text},
	REASONS(X)
#undef X
};

const char *reason_name(enum reason r)
{
	return (unsigned)r < REASON_COUNT ? reasons[r].name : "unknown";
}

const char *reason_text(enum reason r)
{
	return (unsigned)r < REASON_COUNT ? reasons[r].text : "";
}
