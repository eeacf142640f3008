/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "log_line.h"
#include "loop.h"
#include "plain.h"
#include "util.h"

#define QUANTUM 64 /* lines that are taken at once */

struct log_entry {
	TAILQ_ENTRY(log_entry) link;
	uint64_t number; /* in the order of their coming, of all sources */
	int level;	 /* enum log_level; more by LOG_NOT_WRITTEN: not kept */
	size_t bytes;
	char text[]; /* the time, the event, its fields */
};

struct log_source {
	TAILQ_HEAD(, log_entry) entries;
	unsigned n;
	size_t bytes;
	struct watch watch;
	int fd; /* -1: nobody writes */
	bool ready;
};

static struct log_source sources[LOG_RING_SOURCES];
static uint64_t last_number;
static log_ring_line_fn line_fn;

static void log_source_drop_first(struct log_source *s)
{
	struct log_entry *e = TAILQ_FIRST(&s->entries);

	TAILQ_REMOVE(&s->entries, e, link);
	s->n--;
	s->bytes -= e->bytes;
	free(e);
}

/* Behind the time. */
static const char *line_of(const struct log_entry *e)
{
	const char *at = strchr(e->text, ' ');

	return at ? at + 1 : "";
}

static void log_source_keep(struct log_source *s, struct log_entry *e)
{
	TAILQ_INSERT_TAIL(&s->entries, e, link);
	s->n++;
	s->bytes += e->bytes;
	while (s->n > LOG_RING_LINES || s->bytes > LOG_RING_BYTES)
		log_source_drop_first(s);
}

/* TEXT is the digit of a level, a blank, and the line. */
static void log_source_add(struct log_source *s, const char *text, size_t len)
{
	struct log_entry *e;

	if (len < 3 || text[0] < '0' || text[0] > '0' + LOG_NOT_WRITTEN + LOG_LEVEL_DEBUG ||
	    text[1] != ' ')
		return;
	e = xmalloc(sizeof(*e) + len - 1);
	e->number = ++last_number;
	e->level = text[0] - '0';
	e->bytes = sizeof(*e) + len - 1;
	memcpy(e->text, text + 2, len - 2);
	e->text[len - 2] = '\0';
	plain_text(e->text);
	plain_utf8(e->text);
	if (line_fn)
		line_fn((unsigned)(s - sources), line_of(e));
	if (e->level < LOG_NOT_WRITTEN)
		log_source_keep(s, e);
	else
		free(e);
}

static void log_source_close(struct log_source *s)
{
	if (s->fd < 0)
		return;
	watch_off(&s->watch);
	close(s->fd);
	s->fd = -1;
}

/* At most N lines; closes it where the writer is gone. */
static void log_source_read(struct log_source *s, unsigned n)
{
	char text[LOG_LINE_BYTES + 64];
	ssize_t len;

	while (n-- && s->fd >= 0) {
		len = recv(s->fd, text, sizeof(text), MSG_DONTWAIT);
		if (len > 0)
			log_source_add(s, text, (size_t)len);
		else if (len == 0 /* or an empty packet */ || (errno != EAGAIN && errno != EINTR))
			log_source_close(s);
		else
			return;
	}
}

static void on_lines(int fd, short what, void *arg)
{
	log_source_read(arg, QUANTUM);
}

void log_ring_watch(log_ring_line_fn fn)
{
	line_fn = fn;
}

int log_ring_open(unsigned source)
{
	struct log_source *s = &sources[source];
	int fds[2];

	if (!s->ready) {
		TAILQ_INIT(&s->entries);
		s->fd = -1;
		s->ready = true;
	}
	log_source_read(s, LOG_RING_LINES);
	log_source_close(s);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	s->fd = fds[0];
	watch_init(&s->watch, s->fd, EV_READ, on_lines, s);
	watch_on(&s->watch);
	return fds[1];
}

void log_ring_free(void)
{
	for (unsigned i = 0; i < LOG_RING_SOURCES; i++) {
		if (!sources[i].ready)
			continue;
		log_source_close(&sources[i]);
		while (!TAILQ_EMPTY(&sources[i].entries))
			log_source_drop_first(&sources[i]);
		sources[i].ready = false;
	}
}

/* ---- reading */

static bool speaks_of(const char *line, const char *who)
{
	static const char *const keys[] = {"peer", "neighbor", "interface"};
	struct log_field f;
	size_t at = 0;

	while (log_field_next(line, &at, &f))
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (f.key_len == strlen(keys[i]) &&
			    memcmp(f.key, keys[i], f.key_len) == 0 && str_eq(f.value, who))
				return true;
	return false;
}

static bool log_entry_fits(const struct log_entry *e, const struct log_filter *f)
{
	const char *line = line_of(e);

	if (e->level > f->level)
		return false;
	if (f->event && (strlen(f->event) != log_line_event(line) ||
			 memcmp(f->event, line, strlen(f->event)) != 0))
		return false;
	return !f->peer || speaks_of(line, f->peer);
}

static json_t *row_of(const struct log_entry *e, unsigned source)
{
	static const char *const levels[] = {"error", "warning", "info", "debug"};
	const char *line = line_of(e);
	size_t n = log_line_event(line);

	return json_pack("{s:s%, s:s, s:s, s:s%, s:s}", "time", e->text, strcspn(e->text, " "),
			 "level", levels[e->level], "daemon",
			 source == LOG_RING_PARENT ? "wgbgpd" : daemon_name((enum daemon_id)source),
			 "event", line, n, "text", line[n] ? line + n + 1 : "");
}

/* The one behind those that were taken from all sources; NULL: there is none. AT is what is left of
 * each. */
static const struct log_entry *log_ring_next(struct log_entry *at[], unsigned *source)
{
	const struct log_entry *first = NULL;

	for (unsigned i = 0; i < LOG_RING_SOURCES; i++)
		if (at[i] && (!first || at[i]->number < first->number)) {
			first = at[i];
			*source = i;
		}
	if (first)
		at[*source] = TAILQ_NEXT(at[*source], link);
	return first;
}

static void ring_begin(struct log_entry *at[])
{
	for (unsigned i = 0; i < LOG_RING_SOURCES; i++)
		at[i] = sources[i].ready ? TAILQ_FIRST(&sources[i].entries) : NULL;
}

void log_ring_each(const struct log_filter *filter, log_ring_fn fn, void *arg)
{
	struct log_entry *at[LOG_RING_SOURCES];
	const struct log_entry *e;
	unsigned source, fit = 0;

	for (unsigned i = 0; i < LOG_RING_SOURCES; i++)
		if (sources[i].ready)
			log_source_read(&sources[i], LOG_RING_LINES);
	ring_begin(at);
	while ((e = log_ring_next(at, &source)))
		fit += log_entry_fits(e, filter);
	ring_begin(at);
	while ((e = log_ring_next(at, &source)))
		if (log_entry_fits(e, filter) && fit-- <= filter->count)
			fn(arg, row_of(e, source));
}
