/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_crowd.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "util.h"

void log_crowd_flush(struct log_crowd *crowd)
{
	if (!crowd->more)
		return;
	timer_stop(&crowd->timer);
	log_event(crowd->grave ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "log-gathered",
		  "what=\"%s\" lines=%u first=\"%s\"", crowd->what, crowd->more, crowd->names);
	crowd->more = 0;
	crowd->names[0] = '\0';
}

static void log_crowd_over(void *arg)
{
	log_crowd_flush(arg);
}

static void leave_out(struct log_crowd *crowd, const char *name, uint64_t left_ms)
{
	size_t at = strlen(crowd->names), len = strlen(name);

	if (at + 1 + len < sizeof(crowd->names)) {
		if (at)
			crowd->names[at++] = ' ';
		memcpy(crowd->names + at, name, len + 1);
	}
	if (crowd->more++)
		return;
	timer_init(&crowd->timer, log_crowd_over, crowd);
	timer_start(&crowd->timer, left_ms);
}

bool log_crowd_take(struct log_crowd *crowd, const char *name)
{
	uint64_t now = now_ms();

	if (log_enabled(LOG_LEVEL_DEBUG))
		return true;
	if (now - crowd->begun_ms >= LOG_CROWD_MS) {
		log_crowd_flush(crowd);
		crowd->begun_ms = now;
		crowd->lines = 0;
	}
	if (crowd->lines < LOG_CROWD_LINES) {
		crowd->lines++;
		return true;
	}
	leave_out(crowd, name, crowd->begun_ms + LOG_CROWD_MS - now);
	return false;
}
