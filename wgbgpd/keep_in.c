/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "conf.h"
#include "kept_file.h"
#include "log.h"
#include "loop.h"
#include "state.h"
#include "util.h"

#define ASK_MS 3000
#define SOON_MS 100   /* behind the last question where it says that something changed, or ... */
#define SOON_COSTS 5  /* ... so many times what that one took */
#define TELL_MAX 1024 /* prefixes a request */

static struct timer timer;
static char *path;
static struct kept kept;  /* what zebra-lite said last; before, what the file has */
static bool configured;	  /* the zebra-lite that runs */
static size_t told;	  /* of `kept`, to that one */
static bool known;	  /* `version` is what the file has */
static uint32_t version;  /* zebra-lite's number of the last change */
static bool failed;	  /* to write; said */
static bool changed;	  /* it said so, and was not asked since */
static uint64_t asked_ms; /* when it was, monotonic */
static uint64_t soon_ms;  /* the next question may be then */

/* The question is over, whatever came of it. */
static void again(void)
{
	uint64_t now = now_ms(), pause = (now - asked_ms) * SOON_COSTS;

	pause = pause < SOON_MS ? SOON_MS : pause > ASK_MS ? ASK_MS : pause;
	soon_ms = now + pause;
	if (path)
		timer_start(&timer, changed ? pause : ASK_MS);
}

/* ---- what it says */

/* It would be in the kernel if no tunnel had a route. */
static bool holds_at_boot(const json_t *row)
{
	const char *state = conf_str(row, "state", "");

	return str_eq(state, "installed") || str_eq(state, "covered") || str_eq(state, "pending");
}

static void take_row(struct kept *to, const json_t *row)
{
	struct kept_route r = {.table = conf_u32(row, "table", 0),
			       .metric = conf_u32(row, "metric", 0),
			       .protocol = conf_u32(row, "protocol", 0),
			       .priority = conf_u32(row, "rule-priority", 0)};

	if (prefix_parse(conf_str(row, "prefix", ""), &r.prefix) == 0)
		kept_add(to, &r);
}

static int keep_in_write(const struct kept *at_boot)
{
	return at_boot->n			      ? kept_file_write(path, at_boot)
	       : unlink(path) == 0 || errno == ENOENT ? 0
						      : -errno;
}

static int take_rows(const json_t *rows)
{
	struct kept at_boot = {0};
	json_t *row;
	size_t i;
	int err;

	kept_free(&kept);
	json_array_foreach (rows, i, row) {
		take_row(&kept, row);
		if (holds_at_boot(row))
			take_row(&at_boot, row);
	}
	told = kept.n;
	err = keep_in_write(&at_boot);
	kept_free(&at_boot);
	return err;
}

static void on_rows(void *arg, const json_t *answer, const char *error)
{
	int err = error || !path ? -EAGAIN : take_rows(conf_list(answer, "prefixes"));

	if (err < 0 && err != -EAGAIN && !failed)
		log_warn("keep-in-not-kept", "file=%s error=\"%s\"", path, strerror(-err));
	failed = err < 0 && err != -EAGAIN;
	known = err == 0;
	again();
}

static void on_summary(void *arg, const json_t *answer, const char *error)
{
	uint32_t now = conf_u32(answer, "version", 0);

	if (error || !conf_has(answer, "version") || (known && now == version)) {
		again();
		return;
	}
	version = now;
	ask_daemon(DAEMON_ZEBRA, json_pack("{s:s}", "command", "keep-in"), on_rows, NULL);
}

static void ask_summary(void)
{
	ask_daemon(DAEMON_ZEBRA, json_pack("{s:s}", "command", "keep-in-summary"), on_summary,
		   NULL);
}

/* ---- what it is told */

static void on_told(void *arg, const json_t *answer, const char *error);

/* The next ones of one table. */
static void tell_some(void)
{
	uint32_t table = kept.routes[told].table;
	json_t *list = json_array();

	for (size_t i = 0; i < TELL_MAX && told < kept.n; i++, told++) {
		if (kept.routes[told].table != table)
			break;
		json_array_append_new(list, json_string(PREFIX_STR(&kept.routes[told].prefix)));
	}
	ask_daemon(DAEMON_ZEBRA,
		   json_pack("{s:s, s:I, s:o}", "command", "remember-keep-in", "table",
			     (json_int_t)table, "prefixes", list),
		   on_told, NULL);
}

static void on_told(void *arg, const json_t *answer, const char *error)
{
	if (error)
		told = 0;
	if (!error && path && told < kept.n)
		tell_some();
	else
		again();
}

/* ---- its life */

static void keep_in_ask(void *arg)
{
	asked_ms = now_ms();
	changed = false;
	if (!configured)
		again();
	else if (told < kept.n)
		tell_some();
	else
		ask_summary();
}

static void read_file(void)
{
	char why[256];
	int err = kept_file_read(path, &kept, why, sizeof(why));

	if (err < 0 && err != -ENOENT)
		log_warn("keep-in-not-read", "file=%s why=\"%s\"", path, why);
}

void keep_in_open(void)
{
	path = state_path("keep-in");
	read_file();
	timer_init(&timer, keep_in_ask, NULL);
	asked_ms = now_ms();
	again();
}

void keep_in_daemon_configured(enum daemon_id id)
{
	if (id != DAEMON_ZEBRA || configured)
		return;
	configured = true;
	if (told < kept.n && timer_running(&timer))
		timer_start(&timer, 0);
}

void keep_in_event(enum daemon_id id, const json_t *event)
{
	uint64_t now = now_ms();

	if (id != DAEMON_ZEBRA || !str_eq(conf_str(event, "event", ""), "keep-in"))
		return;
	changed = true;
	if (timer_running(&timer)) /* else it is being asked */
		timer_start(&timer, soon_ms > now ? soon_ms - now : 0);
}

void keep_in_daemon_gone(enum daemon_id id)
{
	if (id != DAEMON_ZEBRA)
		return;
	known = configured = false;
	told = 0;
}

void keep_in_forget(void)
{
	if (path)
		unlink(path);
	keep_in_close();
}

void keep_in_close(void)
{
	timer_stop(&timer);
	free(path);
	path = NULL;
	kept_free(&kept);
	told = 0;
	known = failed = configured = changed = false;
}
