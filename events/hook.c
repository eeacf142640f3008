/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>

#include "conf.h"
#include "conf_leaves.h"
#include "event_word.h"
#include "hook_run.h"
#include "log.h"
#include "loop.h"
#include "util.h"

#define MINUTE_MS 60000

struct waiting {
	STAILQ_ENTRY(waiting) link;
	const char *word;
	json_t *event;
};

struct hook {
	struct conf_on_event; /* of the schema; first: events a minute, seconds that one may take */
	json_t *conf;
	const char *name; /* these in conf */
	const char *program, *url;
	uint64_t tokens; /* in events * MINUTE_MS, at most rate * MINUTE_MS */
	uint64_t filled_ms;
	STAILQ_HEAD(, waiting) line;
	unsigned length;
	unsigned left_out; /* since the last one that was carried out */
	pid_t running;	   /* 0: none */
	const char *word;  /* of that */
	bool late;	   /* it was ended for its time */
	struct timer limit;
};

/* Full at the start: as many at once as in a minute. */
static bool take_token(struct hook *h)
{
	uint64_t now = now_ms(), most = (uint64_t)h->rate * MINUTE_MS;
	uint64_t more = (now - h->filled_ms) * h->rate;

	h->filled_ms = now;
	h->tokens = h->tokens + more < most ? h->tokens + more : most;
	if (h->tokens < MINUTE_MS)
		return false;
	h->tokens -= MINUTE_MS;
	return true;
}

static bool hook_wants(const struct hook *h, const char *word)
{
	const json_t *events = conf_list(h->conf, "event");
	json_t *one;
	size_t i;

	if (json_array_size(events) == 0)
		return event_word_usual(word);
	json_array_foreach (events, i, one)
		if (str_eq(json_string_value(one), word))
			return true;
	return false;
}

static void waiting_free(struct waiting *w)
{
	json_decref(w->event);
	free(w);
}

static char *text_of(struct hook *h, const struct waiting *w)
{
	char *text;

	json_object_set_new(w->event, "name", json_string(w->word));
	json_object_set_new(w->event, "left-out", json_integer(h->left_out));
	text = json_dumps(w->event, CONF_JSON_LINE);
	ensure(text);
	return text;
}

static void hook_start(struct hook *h, const struct waiting *w)
{
	char *text = text_of(h, w);
	const struct hook_call call = {h->program, h->url, w->word, text, h->time_limit};
	pid_t pid = hook_run(&call);

	free(text);
	if (pid < 0) {
		log_error("hook-failed", "hook=%s name=%s why=\"%s\"", h->name, w->word,
			  strerror(-pid));
		return;
	}
	h->left_out = 0;
	h->running = pid;
	h->word = w->word;
	h->late = false;
	timer_start(&h->limit, h->time_limit * 1000ull);
}

/* A process that cannot be started loses its event, which the log says: the line goes on. */
static void hook_next(struct hook *h)
{
	struct waiting *w;

	while (!h->running && (w = STAILQ_FIRST(&h->line))) {
		STAILQ_REMOVE_HEAD(&h->line, link);
		h->length--;
		hook_start(h, w);
		waiting_free(w);
	}
}

static void hook_on_limit(void *arg)
{
	struct hook *h = arg;

	h->late = true;
	hook_run_kill(h->running);
}

bool hook_ended(struct hook *h, pid_t pid, int status)
{
	char why[32];

	if (!h->running || h->running != pid)
		return false;
	timer_stop(&h->limit);
	hook_run_kill(pid); /* what it left behind in its group */
	h->running = 0;
	hook_run_failure(status, why, sizeof(why));
	if (h->late)
		log_warn("hook-failed", "hook=%s name=%s why=\"not done after %u s\"", h->name,
			 h->word, h->time_limit);
	else if (why[0])
		log_warn("hook-failed", "hook=%s name=%s why=\"%s\"", h->name, h->word, why);
	else
		log_debug("hook-done", "hook=%s name=%s", h->name, h->word);
	hook_next(h);
	return true;
}

void hook_tell(struct hook *h, const char *word, const json_t *event)
{
	struct waiting *w;

	if (!hook_wants(h, word))
		return;
	if (h->length >= HOOK_LINE_MAX || !take_token(h)) {
		if (h->left_out++ == 0)
			log_warn("hook-left-out", "hook=%s name=%s why=\"%s\"", h->name, word,
				 h->length >= HOOK_LINE_MAX ? "too many wait"
							    : "more than its rate");
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->word = word;
	w->event = json_copy((json_t *)event);
	ensure(w->event);
	STAILQ_INSERT_TAIL(&h->line, w, link);
	h->length++;
	hook_next(h);
}

struct hook *hook_new(json_t *conf)
{
	struct hook *h = xcalloc(1, sizeof(*h));

	h->conf = json_incref(conf);
	h->name = conf_str(conf, "name", "");
	h->program = conf_str(conf, "program", NULL);
	h->url = h->program ? NULL : conf_str(conf, "url", NULL);
	conf_leaves_read(conf_on_event_leaves, conf, h);
	h->tokens = (uint64_t)h->rate * MINUTE_MS;
	h->filled_ms = now_ms();
	STAILQ_INIT(&h->line);
	timer_init(&h->limit, hook_on_limit, h);
	return h;
}

static void drop_line(struct hook *h)
{
	struct waiting *w;

	while ((w = STAILQ_FIRST(&h->line))) {
		STAILQ_REMOVE_HEAD(&h->line, link);
		waiting_free(w);
	}
	h->length = 0;
}

bool hook_retire(struct hook *h)
{
	if (h->length)
		log_warn("hook-left-out", "hook=%s count=%u why=\"it was changed or taken away\"",
			 h->name, h->length);
	drop_line(h);
	return h->running != 0;
}

void hook_free(struct hook *h)
{
	if (h->running) {
		hook_run_kill(h->running);
		waitpid(h->running, NULL, 0);
	}
	timer_stop(&h->limit);
	drop_line(h);
	json_decref(h->conf);
	free(h);
}

bool hook_is(const struct hook *h, const json_t *conf)
{
	return json_equal(h->conf, conf);
}
