/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "plain.h"

static const char *program = "wgbgp";
static bool journal; /* systemd's reads what is said */
static char host[256]; /* with a blank behind it */
static enum log_level threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const int journal_priority[] = {3, 4, 6, 7};

void log_init(const char *name)
{
	program = name;
	journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_set_host(const char *name)
{
	snprintf(host, sizeof(host), "%s%s", name ? name : "", name && *name ? " " : "");
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_enabled(enum log_level level)
{
	return level <= threshold;
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
static int line_head(char *out, size_t size, enum log_level level)
{
	char stamp[LOG_TIME_LEN];

	if (journal)
		return snprintf(out, size, "<%d>%s%s: ", journal_priority[level], host, program);
	return snprintf(out, size, "%s %s%s %s: ", log_time(stamp), host, program,
			level_names[level]);
}

/* ---- a line that reads back as the fields that were put in */

#define LINE_BYTES 2048

struct line {
	char text[LINE_BYTES + sizeof("\"\n")];
	size_t len;
	bool quoted; /* a quote is open */
	bool cut;    /* nothing more comes in but what closes it */
};

/* Whole or not at all. */
static void put(struct line *l, const char *text, size_t len)
{
	l->cut = l->cut || l->len + len > LINE_BYTES - strlen("\"\n");
	if (l->cut)
		return;
	memcpy(l->text + l->len, text, len);
	l->len += len;
	l->quoted = l->quoted != (len == 1 && *text == '"');
}

static void put_all(struct line *l, const char *text)
{
	for (; *text; text++)
		put(l, text, 1);
}

/* Text of our own: what no line may contain becomes '?'. */
static void put_plain(struct line *l, const char *text)
{
	for (size_t n; *text; text += n ? n : 1) {
		n = plain_control(text);
		put(l, n ? "??" : text, n ? n : 1);
	}
}

/* Inside of quotes: \" \\ \n \xHH. An escape is written whole or not at all. */
static void log_put_escaped(struct line *l, const char *text)
{
	size_t control = 0; /* bytes of one, from here on */

	for (; *text; text++, control -= control > 0) {
		unsigned char c = (unsigned char)*text;
		char buf[8] = "";

		control = control ? control : plain_control(text);
		if (c == '"' || c == '\\')
			snprintf(buf, sizeof(buf), "\\%c", c);
		else if (c == '\n')
			strcpy(buf, "\\n");
		else if (control)
			snprintf(buf, sizeof(buf), "\\x%02x", c);
		else
			buf[0] = *text;
		put(l, buf, strlen(buf));
	}
}

static bool needs_quotes(const char *text)
{
	for (; *text; text++)
		if (plain_control(text) || strchr(" \"=\\", *text))
			return true;
	return false;
}

/* The value of a key, bare where that can be read back. */
static void log_put_value(struct line *l, const char *text)
{
	if (!needs_quotes(text)) {
		put_all(l, text);
		return;
	}
	put(l, "\"", 1);
	log_put_escaped(l, text);
	put(l, "\"", 1);
}

/* How a string stands in its line: text of the program, inside of quotes, the value of a key. */
enum stands { STANDS_FREE, STANDS_QUOTED, STANDS_VALUE };

static void put_string(struct line *l, enum stands stands, const char *text)
{
	if (stands == STANDS_QUOTED)
		log_put_escaped(l, text);
	else if (stands == STANDS_VALUE)
		log_put_value(l, text);
	else
		put_plain(l, text);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* One conversion, SPEC of N bytes from '%' on. */
static void put_conversion(struct line *l, const char *spec, size_t n, enum stands stands,
			   va_list *ap)
{
	char one[16], buf[512];
	char kind = spec[n - 1];

	ensure(n < sizeof(one) && !memchr(spec, '*', n));
	memcpy(one, spec, n);
	one[n] = '\0';
	if (kind == 's') {
		const char *text = va_arg(*ap, const char *);

		text = text ? text : "(null)";
		snprintf(buf, sizeof(buf), one, text);
		put_string(l, stands, n == 2 ? text : buf);
		return;
	}
	if (kind == '%' || kind == 'm')
		snprintf(buf, sizeof(buf), one, 0);
	else if (strchr("feg", kind))
		snprintf(buf, sizeof(buf), one, va_arg(*ap, double));
	else if (kind == 'p')
		snprintf(buf, sizeof(buf), one, va_arg(*ap, void *));
	else if (memchr(spec, 'l', n) || memchr(spec, 'z', n) || memchr(spec, 'j', n))
		snprintf(buf, sizeof(buf), one, va_arg(*ap, unsigned long long)); /* 64 bits, all */
	else
		snprintf(buf, sizeof(buf), one, va_arg(*ap, unsigned));
	put_string(l, STANDS_FREE, buf);
}
#pragma GCC diagnostic pop

/* As vsnprintf does, but that strings cannot break out of the field that they stand in: inside of
 * quotes they are escaped, behind a '=' they get quotes where they need them. */
static void put_fields(struct line *l, const char *fmt, va_list *ap)
{
	bool quoted = false;

	for (const char *at = fmt; *at;) {
		enum stands stands = quoted ? STANDS_QUOTED : STANDS_FREE;
		size_t n = 1;

		if (*at != '%') {
			quoted = quoted != (*at == '"');
			put(l, at++, 1);
			continue;
		}
		while (at[n] && !strchr("diouxXcspfegm%", at[n]))
			n++;
		ensure(at[n]);
		n++;
		if (!quoted && at > fmt && at[-1] == '=' && (!at[n] || strchr(" %", at[n])))
			stands = STANDS_VALUE;
		put_conversion(l, at, n, stands, ap);
		at += n;
	}
}

static void log_line(enum log_level level, const char *event, const char *fmt, va_list *ap)
{
	struct line line;
	int err = errno;

	line.quoted = line.cut = false;
	line.len = (size_t)line_head(line.text, sizeof(line.text), level);
	put(&line, event, strlen(event));
	put(&line, " ", 1);
	errno = err; /* %m */
	put_fields(&line, fmt, ap);
	if (line.quoted)
		line.text[line.len++] = '"';
	line.text[line.len++] = '\n';
	if (write(STDERR_FILENO, line.text, line.len) < 0)
		return; /* nobody left to tell */
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	log_line(level, event, fmt, &ap);
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
