/* SPDX-License-Identifier: BSD-2-Clause */
#include "community.h"

#include <stdio.h>
#include <stdlib.h>

#include "util.h"

static const struct {
	const char *name;
	uint32_t value;
} known[] = {
	{"graceful-shutdown", COMMUNITY_GRACEFUL_SHUTDOWN},
	{"llgr-stale", COMMUNITY_LLGR_STALE},
	{"no-llgr", COMMUNITY_NO_LLGR},
	{"blackhole", COMMUNITY_BLACKHOLE},
	{"no-export", COMMUNITY_NO_EXPORT},
	{"no-advertise", COMMUNITY_NO_ADVERTISE},
	{"no-export-subconfed", COMMUNITY_NO_EXPORT_SUBCONFED},
	{"no-peer", COMMUNITY_NO_PEER},
};

bool community_parse(const char *text, uint32_t *out)
{
	unsigned long high, low;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(known[i].name, text)) {
			*out = known[i].value;
			return true;
		}
	high = strtoul(text, &end, 10);
	if (end == text || *end != ':' || high > UINT16_MAX)
		return false;
	text = end + 1;
	low = strtoul(text, &end, 10);
	if (end == text || *end || low > UINT16_MAX)
		return false;
	*out = (uint32_t)(high << 16 | low);
	return true;
}

const char *community_str(uint32_t value, char out[COMMUNITY_STRLEN])
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].value == value)
			return known[i].name;
	snprintf(out, COMMUNITY_STRLEN, "%u:%u", value >> 16, value & 0xffff);
	return out;
}
