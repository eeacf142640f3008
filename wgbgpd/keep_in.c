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

static struct timer timer;
static char *path;
static bool known;	 /* `version` is what the file has */
static uint32_t version; /* zebra-lite's number of the last change */
static bool failed;	 /* to write; said */

static void again(void)
{
	if (path)
		timer_start(&timer, ASK_MS);
}

/* It would be in the kernel if no tunnel had a route. */
static bool holds_at_boot(const json_t *row)
{
	const char *state = conf_str(row, "state", "");

	return str_eq(state, "installed") || str_eq(state, "covered") || str_eq(state, "pending");
}

static void take_row(struct kept *kept, const json_t *row)
{
	struct kept_route r = {.table = conf_u32(row, "table", 0),
			       .metric = conf_u32(row, "metric", 0),
			       .protocol = conf_u32(row, "protocol", 0)};

	if (holds_at_boot(row) && prefix_parse(conf_str(row, "prefix", ""), &r.prefix) == 0)
		kept_add(kept, &r);
}

static int keep_in_write(const json_t *rows)
{
	struct kept kept = {0};
	json_t *row;
	size_t i;
	int err;

	json_array_foreach (rows, i, row)
		take_row(&kept, row);
	err = kept.n				     ? kept_file_write(path, &kept)
	      : unlink(path) == 0 || errno == ENOENT ? 0
						     : -errno;
	kept_free(&kept);
	return err;
}

static void on_rows(void *arg, const json_t *answer, const char *error)
{
	int err = error || !path ? -EAGAIN : keep_in_write(conf_list(answer, "prefixes"));

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

static void keep_in_ask(void *arg)
{
	ask_daemon(DAEMON_ZEBRA, json_pack("{s:s}", "command", "keep-in-summary"), on_summary,
		   NULL);
}

void keep_in_open(void)
{
	path = state_path("keep-in");
	timer_init(&timer, keep_in_ask, NULL);
	again();
}

void keep_in_daemon_gone(enum daemon_id id)
{
	if (id == DAEMON_ZEBRA)
		known = false;
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
	known = failed = false;
}
