/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of drills: the steps of one as they come, its result, and the list of those before. */
#include <string.h>
#include <time.h>

#include "render.h"
#include "table.h"
#include "util.h"

#define MS_MAX 32

static const char *ms_text(const json_t *record, const char *key, char out[MS_MAX])
{
	const json_t *value = json_object_get(record, key);

	if (json_is_number(value))
		snprintf(out, MS_MAX, "%.1f ms", json_number_value(value));
	else
		str_copy(out, "-", MS_MAX);
	return out;
}
#define MS(record, key) ms_text((record), (key), (char[MS_MAX]){0})

static void put_result(FILE *out, const json_t *r)
{
	fprintf(out, "Tunnel %s on %s, cut for %s s, used by %s prefixes: %s\n", TEXT(r, "peer"),
		TEXT(r, "interface"), TEXT(r, "seconds"), TEXT(r, "prefixes"), TEXT(r, "result"));
	fprintf(out, "  after the cut:      noticed %s, down %s, withdrawn %s\n",
		MS(r, "detection-ms"), MS(r, "down-ms"), MS(r, "withdrawal-ms"));
	fprintf(out, "                      routes moved %s to %s (%s writes)\n",
		MS(r, "first-move-ms"), MS(r, "last-move-ms"), TEXT(r, "writes"));
	if (is_set(r, "to") && is_set(r, "echo-sent"))
		fprintf(out, "                      %s was dark for %s, %s of %s packets lost\n",
			TEXT(r, "to"), MS(r, "echo-blackout-ms"), TEXT(r, "echo-lost"),
			TEXT(r, "echo-sent"));
	fprintf(out, "  after its end:      up %s, routes back %s to %s (%s writes)\n",
		MS(r, "up-ms"), MS(r, "first-return-ms"), MS(r, "last-return-ms"),
		TEXT(r, "return-writes"));
	if (is_set(r, "to") && is_set(r, "return-echo-sent"))
		fprintf(out, "                      %s of %s packets lost on the way back\n",
			TEXT(r, "return-echo-lost"), TEXT(r, "return-echo-sent"));
}

static void drill_row(struct view *v, const json_t *row)
{
	const json_t *result = json_object_get(row, "result");

	if (result)
		put_result(v->out, result);
	else
		fprintf(v->out, "%-10s %s\n", TEXT(row, "step"), TEXT(row, "text"));
	fflush(v->out);
}

#define TIME_MAX 64

static void drills_row(struct view *v, const json_t *row)
{
	time_t at = int_of(row, "time");
	char text[TIME_MAX];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&at, &tm));
	fprintf(v->out, "%s%s\n", v->rows > 1 ? "\n" : "", text);
	put_result(v->out, row);
}

const struct render renders_drill[] = {
	{"drill", .row = drill_row},
	{"drills", .row = drills_row, .empty = "No drills yet"},
	{0},
};
