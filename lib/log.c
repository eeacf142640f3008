/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

static const char *program = "wgbgp";
static enum log_level threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const int journal_priority[] = {3, 4, 6, 7};

void log_init(const char *name)
{
	program = name;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_enabled(enum log_level level)
{
	return level <= threshold;
}

/* Under systemd the journal stamps the time and reads "<N>" as the priority. */
static int line_head(char *out, size_t size, enum log_level level)
{
	static int journal = -1;
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (journal < 0)
		journal = getenv("JOURNAL_STREAM") != NULL;
	if (journal)
		return snprintf(out, size, "<%d>%s: ", journal_priority[level], program);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(out, size, "%s.%03ldZ %s %s: ", stamp, now.tv_nsec / 1000000, program,
			level_names[level]);
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	char line[2048];
	int len;
	va_list ap;

	if (!log_enabled(level))
		return;
	len = line_head(line, sizeof(line), level);
	len += snprintf(line + len, sizeof(line) - len, "%s ", event);
	if ((size_t)len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	va_start(ap, fmt);
	len += vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
	va_end(ap);
	if ((size_t)len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (int i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nobody left to tell */
}

bool log_bucket_take(struct log_bucket *bucket)
{
	uint64_t now = now_ms();
	uint64_t refill = (now - bucket->refilled_ms) / 1000;

	if (refill > 0) {
		bucket->spent = refill >= bucket->spent ? 0 : bucket->spent - refill;
		bucket->refilled_ms = now;
	}
	if (bucket->spent >= LOG_BUCKET_BURST) {
		bucket->suppressed++;
		return false;
	}
	bucket->spent++;
	if (bucket->suppressed) {
		log_event(LOG_LEVEL_WARN, "log-suppressed", "lines=%u", bucket->suppressed);
		bucket->suppressed = 0;
	}
	return true;
}
