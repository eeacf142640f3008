/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_index.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "util.h"

#define FORMAT 1

void change_clock_read(struct change_clock *out)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct timespec ts;
	ssize_t n = 0;

	memset(out, 0, sizeof(*out));
	out->wall = time(NULL);
	clock_gettime(CLOCK_BOOTTIME, &ts);
	out->boot_s = (uint64_t)ts.tv_sec;
	if (fd >= 0) {
		n = read(fd, out->boot_id, sizeof(out->boot_id) - 1);
		close(fd);
	}
	out->boot_id[n > 0 ? strcspn(out->boot_id, "\n") : 0] = '\0';
}

void change_index_init(struct change_index *index)
{
	*index = (struct change_index){.commits = json_array()};
}

void change_index_free(struct change_index *index)
{
	json_decref(index->commits);
	*index = (struct change_index){0};
}

/* ---- as a document */

json_t *change_index_json(const struct change_index *index, const char *main)
{
	json_t *json =
		json_pack("{s:i, s:s, s:i, s:i, s:i, s:i, s:s, s:O}", "format", FORMAT, "main",
			  main, "last", (int)index->last, "committed", (int)index->committed,
			  "writing", (int)index->writing, "starts", (int)index->starts,
			  CHANGE_VERSION, index->version, "commits", index->commits);

	if (json && index->pending.number)
		json_object_set_new(json, "pending",
				    json_pack("{s:i, s:i, s:I, s:I, s:s, s:b}", "commit",
					      (int)index->pending.number, "seconds",
					      (int)index->pending.seconds, "since",
					      (json_int_t)index->pending.since.wall, "since-boot",
					      (json_int_t)index->pending.since.boot_s, "boot-id",
					      index->pending.since.boot_id, "over",
					      index->pending.over));
	return json;
}

static int64_t integer(const json_t *obj, const char *name)
{
	return json_integer_value(json_object_get(obj, name));
}

bool change_index_read(struct change_index *index, const json_t *json, const char *main)
{
	const json_t *pending = conf_get(json, "pending");

	change_index_init(index);
	if (conf_u32(json, "format", 0) != FORMAT || !str_eq(conf_str(json, "main", ""), main) ||
	    !conf_list(json, "commits"))
		return false;
	json_array_extend(index->commits, conf_list(json, "commits"));
	index->last = conf_u32(json, "last", 0);
	index->committed = conf_u32(json, "committed", 0);
	index->writing = conf_u32(json, "writing", 0);
	index->starts = conf_u32(json, "starts", 0);
	str_copy(index->version, conf_str(json, CHANGE_VERSION, ""), CHANGE_VERSION_MAX);
	index->pending.number = conf_u32(pending, "commit", 0);
	index->pending.seconds = conf_u32(pending, "seconds", 0);
	index->pending.since.wall = integer(pending, "since");
	index->pending.since.boot_s = (uint64_t)integer(pending, "since-boot");
	index->pending.over = conf_bool(pending, "over", false);
	str_copy(index->pending.since.boot_id, conf_str(pending, "boot-id", ""), CHANGE_BOOT_ID);
	return true;
}

/* ---- records */

static uint32_t record_number(const json_t *record)
{
	return conf_u32(record, "commit", 0);
}

static bool is_in(const json_t *record, const char *state)
{
	return str_eq(conf_str(record, "state", ""), state);
}

uint32_t change_index_add(struct change_index *index, json_t *record, const char *state)
{
	json_object_set_new(record, "commit", json_integer(++index->last));
	json_object_set_new(record, "state", json_string(state));
	json_array_append_new(index->commits, record);
	return index->last;
}

json_t *change_index_find(const struct change_index *index, uint32_t number)
{
	json_t *record;
	size_t i;

	json_array_foreach (index->commits, i, record)
		if (record_number(record) == number)
			return record;
	return NULL;
}

void change_index_set(struct change_index *index, uint32_t number, const char *state)
{
	json_t *record = change_index_find(index, number);

	if (record)
		json_object_set_new(record, "state", json_string(state));
}

void change_index_end_trial(struct change_index *index, const char *state)
{
	change_index_set(index, index->pending.number, state);
	memset(&index->pending, 0, sizeof(index->pending));
}

void change_index_drop(struct change_index *index, uint32_t number)
{
	for (size_t i = json_array_size(index->commits); i-- > 0;)
		if (record_number(json_array_get(index->commits, i)) == number)
			json_array_remove(index->commits, i);
}

uint32_t change_index_back(const struct change_index *index, unsigned back)
{
	for (size_t i = json_array_size(index->commits); i-- > 0;) {
		const json_t *record = json_array_get(index->commits, i);

		if (is_in(record, "committed") && back-- == 0)
			return record_number(record);
	}
	return 0;
}

uint32_t change_index_in(const struct change_index *index, const char *state)
{
	for (size_t i = json_array_size(index->commits); i-- > 0;)
		if (is_in(json_array_get(index->commits, i), state))
			return record_number(json_array_get(index->commits, i));
	return 0;
}

uint32_t change_index_unbegun(const struct change_index *index)
{
	const json_t *last = json_array_get(index->commits, json_array_size(index->commits) - 1);

	return is_in(last, "applying") && str_eq(conf_str(last, "guard", ""), CHANGE_GUARD_ASKED)
		       ? record_number(last)
		       : 0;
}

void change_index_end_unbegun(struct change_index *index, uint32_t number)
{
	if (index->pending.number == number)
		memset(&index->pending, 0, sizeof(index->pending));
	if (index->writing == number)
		index->writing = 0;
	change_index_set(index, number, "failed");
}

static bool is_kept_back(const json_t *record, const char *version)
{
	return is_in(record, "failed") &&
	       (str_eq(conf_str(record, "guard", ""), CHANGE_GUARD_ASKED) ||
		str_eq(conf_str(record, CHANGE_VERSION, ""), version));
}

uint32_t change_index_failed(const struct change_index *index, const char *sha256,
			     const char *version)
{
	for (size_t i = json_array_size(index->commits); i-- > 0;) {
		const json_t *record = json_array_get(index->commits, i);

		if (str_eq(conf_str(record, CHANGE_SHA256, "none"), sha256))
			return is_kept_back(record, version) ? record_number(record) : 0;
	}
	return 0;
}

uint32_t change_index_start(struct change_index *index, const char *version)
{
	if (!str_eq(index->version, version))
		index->starts = 0;
	str_copy(index->version, version, CHANGE_VERSION_MAX);
	return ++index->starts;
}

/* ---- what time and a crash make of it */

/* After another start of the machine there is only the wall clock; where that is before the trial's
 * beginning it is wrong, and to go back is the safe side. */
uint32_t change_left_s(const struct change_index *index, const struct change_clock *now)
{
	const struct change_clock *since = &index->pending.since;
	bool same = since->boot_id[0] && str_eq(since->boot_id, now->boot_id);
	int64_t gone = same ? (int64_t)(now->boot_s - since->boot_s) : now->wall - since->wall;

	if (!index->pending.number || index->pending.over || gone < 0 ||
	    gone >= index->pending.seconds)
		return 0;
	return index->pending.seconds - (uint32_t)gone;
}

json_t *change_index_rows(const struct change_index *index, const struct change_clock *now)
{
	json_t *rows = json_array();
	unsigned back = 0;

	for (size_t i = json_array_size(index->commits); i-- > 0;) {
		json_t *row = json_copy(json_array_get(index->commits, i)), *left = json_null();

		if (record_number(row) == index->pending.number)
			left = json_integer(change_left_s(index, now));
		json_object_set_new(row, "back",
				    is_in(row, "committed") ? json_integer(back++) : json_null());
		json_object_set_new(row, "left-seconds", left);
		json_object_del(row, CHANGE_SHA256);
		json_object_del(row, CHANGE_VERSION);
		json_array_append_new(rows, row);
	}
	return rows;
}

struct change_begin change_begin(const struct change_index *index, uint32_t files,
				 const struct change_clock *now)
{
	uint32_t applying = change_index_in(index, "applying");
	struct change_begin b = {0};

	if (index->pending.number && !change_left_s(index, now)) {
		b.run = index->committed;
		b.write = b.returned = true;
	} else if (index->pending.number) {
		b.run = index->pending.number;
		b.write = index->writing == b.run;
	} else if (index->writing) {
		b.run = index->writing;
		b.write = true;
		b.resume = b.run;
	} else if (files && files == applying) {
		b.resume = files;
	} else {
		b.record = !files || files != index->committed;
		b.failed = is_in(change_index_find(index, files), "failed") ? files : 0;
	}
	return b;
}
