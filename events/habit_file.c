/* SPDX-License-Identifier: BSD-2-Clause */
#include "habit_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "habit.h"
#include "log.h"
#include "new_file.h"
#include "util.h"

#define VERSION 1
#define LINE_MAX_LEN 16384 /* a day of rates, 20 digits each, and two names */
#define TUNNELS_MAX 100000

/* What was read so far. */
struct reading {
	struct habit **habits;
	size_t n, room;
	bool begun, ended;
};

static json_int_t number_of(const json_t *o, const char *name)
{
	const json_t *value = json_object_get(o, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const char *take_tunnel(struct reading *r, const json_t *o)
{
	struct habit *h = r->n < TUNNELS_MAX ? habit_of_json(o) : NULL;

	if (!h)
		return "not a tunnel";
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 64;
		r->habits = xrealloc(r->habits, r->room * sizeof(struct habit *));
	}
	r->habits[r->n++] = h;
	return NULL;
}

/* NULL, or what is wrong. */
static const char *take_line(struct reading *r, const json_t *o)
{
	if (!json_is_object(o))
		return "not JSON";
	if (r->ended)
		return "more after its end";
	if (!r->begun) {
		r->begun = number_of(o, "version") == VERSION;
		return r->begun ? NULL : "not of this version";
	}
	if (!json_object_get(o, "tunnels"))
		return take_tunnel(r, o);
	r->ended = true;
	return number_of(o, "tunnels") == (json_int_t)r->n ? NULL : "tunnels are missing";
}

static const char *take_file(struct reading *r, FILE *in, unsigned *at)
{
	char line[LINE_MAX_LEN];
	const char *wrong = NULL;
	json_t *o;

	while (!wrong && fgets(line, sizeof(line), in)) {
		++*at;
		o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		wrong = take_line(r, o);
		json_decref(o);
	}
	if (!wrong && ferror(in))
		wrong = "not readable";
	return !wrong && !r->ended ? "no end" : wrong;
}

struct habit **habit_file_read(const char *path, size_t *n)
{
	struct reading r = {0};
	FILE *in = fopen(path, "re");
	const char *wrong;
	unsigned at = 0;

	*n = 0;
	if (!in) {
		if (errno != ENOENT)
			log_warn("states-not-kept", "file=%s error=\"%s\"", path, strerror(errno));
		return NULL;
	}
	wrong = take_file(&r, in, &at);
	fclose(in);
	if (!wrong) {
		*n = r.n;
		return r.habits;
	}
	log_warn("states-not-kept", "file=%s error=\"line %u: %s\"", path, at, wrong);
	for (size_t i = 0; i < r.n; i++)
		habit_free(r.habits[i]);
	free(r.habits);
	return NULL;
}

static void write_line(FILE *out, json_t *o)
{
	ensure(o);
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}

int habit_file_write(const char *path, struct habit *const *habits, size_t n)
{
	struct new_file file;
	FILE *out = new_file_begin(&file, path);

	if (!out)
		return -errno;
	write_line(out, json_pack("{s:i}", "version", VERSION));
	for (size_t i = 0; i < n; i++)
		write_line(out, habit_json(habits[i]));
	write_line(out, json_pack("{s:I}", "tunnels", (json_int_t)n));
	return new_file_end(&file, out, false);
}
