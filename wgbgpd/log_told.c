/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_told.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "log_events.h"
#include "log_line.h"
#include "log_ring.h"
#include "loop.h"
#include "request.h"
#include "util.h"

struct log_told {
	const char *event;
	unsigned quiet_ms;
	uint64_t until_ms; /* none is told before */
	json_t *last;	   /* that waits; NULL: none */
	unsigned n;	   /* that wait */
};

#define X(event, ms) {event, ms, 0, NULL, 0},
static struct log_told rows[] = {LOG_EVENTS_TOLD(X)};
#undef X
static struct timer timer;

static const char *const numbers[] = {"changed",  "commit",	"days",	  "extra",
				      "free-mib", "generation", "lost",	  "missing",
				      "moved",	  "prefixes",	"seconds"};

static bool is_number(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (str_eq(numbers[i], key))
			return true;
	return false;
}

static void set_field(json_t *event, const struct log_field *f)
{
	char key[64];

	if (f->key_len == 0 || f->key_len >= sizeof(key))
		return;
	memcpy(key, f->key, f->key_len);
	key[f->key_len] = '\0';
	json_object_set_new(event, key,
			    is_number(key) ? json_integer(strtoll(f->value, NULL, 10))
					   : json_string(f->value));
}

static json_t *event_of(const struct log_told *t, unsigned source, const char *line)
{
	json_t *event = json_pack("{s:s}", "event", t->event);
	struct log_field f;
	size_t at = 0;

	ensure(event);
	while (log_field_next(line, &at, &f))
		set_field(event, &f);
	json_object_set_new(event, "daemon",
			    json_string(source == LOG_RING_PARENT
						? "wgbgpd"
						: daemon_name((enum daemon_id)source)));
	json_object_set_new(event, "monotonic-ms", json_real(now_us() / 1000.0));
	return event;
}

static void log_told_tell(struct log_told *t)
{
	json_object_set_new(t->last, "more", json_integer(t->n - 1));
	request_tell(t->last);
	t->last = NULL;
	t->n = 0;
	t->until_ms = now_ms() + t->quiet_ms;
}

static void log_told_settle(void *arg)
{
	uint64_t now = now_ms(), next = UINT64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].last)
			continue;
		if (now >= rows[i].until_ms)
			log_told_tell(&rows[i]);
		else if (rows[i].until_ms < next)
			next = rows[i].until_ms;
	}
	if (next != UINT64_MAX)
		timer_start(&timer, next - now);
}

static void on_line(unsigned source, const char *line)
{
	size_t len = log_line_event(line);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct log_told *t = &rows[i];

		if (strlen(t->event) != len || memcmp(t->event, line, len) != 0)
			continue;
		json_decref(t->last);
		t->last = event_of(t, source, line);
		t->n++;
		log_told_settle(NULL);
	}
}

void log_told_open(void)
{
	timer_init(&timer, log_told_settle, NULL);
	log_ring_watch(on_line);
}

void log_told_close(void)
{
	log_ring_watch(NULL);
	timer_stop(&timer);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_decref(rows[i].last);
		rows[i] = (struct log_told){rows[i].event, rows[i].quiet_ms, 0, NULL, 0};
	}
}
