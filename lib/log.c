/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log_events.h"
#include "log_journal.h"
#include "log_line.h"

#define LOG_HEAD_BYTES 512 /* of what stands in front of the event */

static const char *program = "wgbgp";
static bool journal;	/* systemd's reads what is said */
static int copies = -1; /* where each line goes, too */
static char host[256];
static enum log_format format = LOG_FORMAT_LOGFMT;
static enum log_level threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const int journal_priority[] = {3, 4, 6, 7};

void log_init(const char *name)
{
	program = name;
	journal = log_journal_reads();
}

void log_to_journal(void)
{
	if (journal)
		log_journal_open(LOG_JOURNAL_SOCKET);
}

void log_copy_to(int fd)
{
	copies = fd;
}

void log_set_host(const char *name)
{
	snprintf(host, sizeof(host), "%s", name ? name : "");
}

void log_set_format(enum log_format wanted)
{
	format = wanted;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_enabled(enum log_level level)
{
	return level <= threshold;
}

bool log_event_known(const char *name)
{
#define X(event, text) event,
	static const char *const events[] = {LOG_EVENTS(X)};
#undef X

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (str_eq(events[i], name))
			return true;
	return false;
}

bool log_event_told(const char *name)
{
#define X(event, ms) event,
	static const char *const events[] = {LOG_EVENTS_TOLD(X)};
#undef X

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (str_eq(events[i], name))
			return true;
	return false;
}

const char *log_time(char out[LOG_TIME_LEN])
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(out, LOG_TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, LOG_TIME_LEN - n, ".%03ldZ", now.tv_nsec / 1000000);
	return out;
}

/* Under systemd the journal stamps the time and reads "<N>" as the priority. */
static size_t line_head(char *out, size_t size, enum log_level level, const char *stamp)
{
	const char *blank = host[0] ? " " : "";

	if (journal && format == LOG_FORMAT_JSON)
		return (size_t)snprintf(out, size, "<%d>", journal_priority[level]);
	if (journal)
		return (size_t)snprintf(out, size, "<%d>%s%s%s: ", journal_priority[level], host,
					blank, program);
	if (format == LOG_FORMAT_JSON)
		return 0;
	return (size_t)snprintf(out, size, "%s %s%s%s %s: ", stamp, host, blank, program,
				level_names[level]);
}

static void send_copy(int level, const char *stamp, const struct log_line *line)
{
	char head[LOG_TIME_LEN + 8];
	struct iovec parts[] = {
		{head, (size_t)snprintf(head, sizeof(head), "%d %s ", level, stamp)},
		{(char *)line->text, line->len},
	};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};

	if (copies >= 0)
		sendmsg(copies, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void log_line(enum log_level level, const char *event, const char *fmt, va_list *ap)
{
	char out[LOG_HEAD_BYTES + LOG_JSON_BYTES + 1], stamp[LOG_TIME_LEN];
	struct log_line line;
	int err = errno;
	size_t n = line_head(out, sizeof(out), level, log_time(stamp)), len;

	errno = err; /* %m */
	log_line_build(&line, n, event, fmt, ap);
	send_copy(level, stamp, &line);
	if (format == LOG_FORMAT_JSON)
		len = log_line_json(&line, stamp, level_names[level], host, program, out + n);
	else
		memcpy(out + n, line.text, (len = line.len) + 1);
	if (journal && log_journal_send(journal_priority[level], program, host, &line, out + n))
		return;
	n += len;
	out[n++] = '\n';
	if (write(STDERR_FILENO, out, n) < 0)
		return; /* nobody left to tell */
}

/* It is not written; its copy may tell of it all the same. */
static void log_unwritten(enum log_level level, const char *event, const char *fmt, va_list *ap)
{
	char stamp[LOG_TIME_LEN];
	struct log_line line;
	int err = errno;

	if (copies < 0 || !log_event_told(event))
		return;
	log_time(stamp);
	errno = err; /* %m */
	log_line_build(&line, 0, event, fmt, ap);
	send_copy((int)level + LOG_NOT_WRITTEN, stamp, &line);
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (log_enabled(level))
		log_line(level, event, fmt, &ap);
	else
		log_unwritten(level, event, fmt, &ap);
	va_end(ap);
}

void log_always(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(level, event, fmt, &ap);
	va_end(ap);
}

_Noreturn void fatal_at(const char *func, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_journal_close(); /* which looks up whose process it is: this one will be gone */
	log_error("fatal", "in=%s why=\"%s\"", func, text);
	abort();
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
