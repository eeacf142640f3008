/* SPDX-License-Identifier: BSD-2-Clause */
#include "scrape.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "clock.h"
#include "conf.h"
#include "conns.h"
#include "metrics.h"
#include "shared.h"

#define TYPE "text/plain; version=0.0.4; charset=utf-8"

static struct {
	struct metrics *metrics;
	size_t n;	     /* of the request that is asked */
	json_t *head, *rows; /* of its answer; the rows are in the head */
	bool complete;
	uint64_t began_ms;
} now;

static void ask_next(void);

static void scrape_on_head(void *arg, const char *list, const char *text, size_t len)
{
	json_decref(now.head);
	now.head = conf_read(text, len);
	now.rows = NULL;
	if (!*list || !now.head)
		return;
	now.rows = json_array();
	json_object_set_new(now.head, list, now.rows);
}

static void scrape_on_row(void *arg, const char *text, size_t len)
{
	json_t *row = now.rows ? conf_read(text, len) : NULL;

	if (row)
		json_array_append_new(now.rows, row);
}

static void scrape_on_end(void *arg, enum ask_end how, const char *error)
{
	if (how == ASK_ANSWERED && now.head)
		metrics_take(now.metrics, now.n, now.head);
	else
		now.complete = false;
	json_decref(now.head);
	now.head = now.rows = NULL;
	now.n++;
	ask_next();
}

static void scrape_make(struct shared *s);
static struct shared shared = {.make = scrape_make, .type = TYPE};

/* Of this process itself. */
static void put_own(FILE *out)
{
	fprintf(out,
		"# HELP wgbgp_scrape_complete Whether all daemons answered this scrape.\n"
		"# TYPE wgbgp_scrape_complete gauge\nwgbgp_scrape_complete %d\n"
		"# HELP wgbgp_scrape_duration_seconds How long the daemons took for it.\n"
		"# TYPE wgbgp_scrape_duration_seconds gauge\nwgbgp_scrape_duration_seconds %.3f\n"
		"# HELP wgbgp_web_connections Connections of HTTP clients.\n"
		"# TYPE wgbgp_web_connections gauge\nwgbgp_web_connections %u\n",
		now.complete, (double)(now_ms() - now.began_ms) / 1000, conns_count());
}

static void finish(void)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ensure(out);
	metrics_write(now.metrics, out);
	put_own(out);
	fclose(out);
	metrics_free(now.metrics);
	now.metrics = NULL;
	shared_made(&shared, HTTP_OK, text_new(text, len));
}

static void ask_next(void)
{
	static const struct ask_sink sink = {scrape_on_head, scrape_on_row, scrape_on_end};
	const char *command = metrics_command(now.n);

	if (command)
		ask_start(CLASS_OWN, json_pack("{s:s}", "command", command), &sink, NULL);
	else
		finish();
}

static void scrape_make(struct shared *s)
{
	now.metrics = metrics_new(time(NULL));
	now.n = 0;
	now.complete = true;
	now.began_ms = now_ms();
	ask_next();
}

void scrape(struct evhttp_request *req)
{
	shared_reply(&shared, req);
}

void scrape_free(void)
{
	if (now.metrics)
		metrics_free(now.metrics);
	json_decref(now.head);
	memset(&now, 0, sizeof(now));
	shared_free(&shared);
}
