/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill_history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "log.h"
#include "new_file.h"
#include "state.h"
#include "util.h"

#define RECORDS_MAX 50
#define LINE_BYTES 4096

static json_t *records; /* array */
static char *path;

static void read_line(const char *line)
{
	json_t *record = conf_read(line, strlen(line));
	const char *result = json_string_value(json_object_get(record, "result"));

	if (result && str_eq(result, "running"))
		json_object_set_new(record, "result", json_string("interrupted: wgbgpd ended"));
	if (json_is_object(record))
		json_array_append(records, record);
	json_decref(record);
}

void drill_history_open(void)
{
	char line[LINE_BYTES];
	FILE *file;

	path = state_path("drills");
	records = json_array();
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		read_line(line);
	fclose(file);
}

void drill_history_close(void)
{
	json_decref(records);
	records = NULL;
	free(path);
	path = NULL;
}

const json_t *drill_history(void)
{
	return records;
}

static int write_file(void)
{
	struct new_file n;
	FILE *file = new_file_begin(&n, path);
	json_t *record;
	size_t i;

	if (!file)
		return -errno;
	json_array_foreach (records, i, record) {
		json_dumpf(record, file, CONF_JSON_LINE);
		putc('\n', file);
	}
	return new_file_end(&n, file, false);
}

void drill_history_put(json_t *record)
{
	size_t n = json_array_size(records);
	int err;

	if (n == 0 || json_array_get(records, n - 1) != record)
		json_array_append(records, record);
	while (json_array_size(records) > RECORDS_MAX)
		json_array_remove(records, 0);
	err = write_file();
	if (err < 0)
		log_warn("drill-not-kept", "file=%s error=\"%s\"", path, strerror(-err));
}
