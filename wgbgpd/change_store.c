/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "log.h"
#include "new_file.h"
#include "state.h"
#include "util.h"

#define HELD_MAX 3 /* records that stay however old they are */

static int dir_fd = -1; /* locked */
static int error = -ENOENT;
static char *main_path;

int change_store_error(void)
{
	return error;
}

/* ---- files of the directory */

static int store_read(const char *name, struct wr *out)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err;

	if (fd < 0)
		return -errno;
	err = wr_fill(out, fd, SIZE_MAX);
	close(fd);
	return err;
}

static const char *name_of(uint32_t number, char out[16])
{
	snprintf(out, 16, "%u", number);
	return out;
}

int change_store_put(uint32_t number, const struct conf_texts *texts)
{
	struct wr w = {0};
	char name[16];
	int err = error ? error : conf_texts_put(texts, &w);

	if (!err)
		err = new_file_put_at(dir_fd, name_of(number, name), w.data, w.len, 0600);
	wr_free(&w);
	return err;
}

int change_store_get(uint32_t number, struct conf_texts *out)
{
	struct wr w = {0};
	char name[16];
	int err = error ? error : store_read(name_of(number, name), &w);

	*out = (struct conf_texts){0};
	if (!err)
		err = conf_texts_get(w.data, w.len, out);
	wr_free(&w);
	return err;
}

/* ---- the index */

static bool is_held(const struct change_index *index, uint32_t number)
{
	return number == index->committed || number == index->writing ||
	       number == index->pending.number;
}

static uint64_t bytes_of(uint32_t number)
{
	char name[16];
	struct stat st;

	return fstatat(dir_fd, name_of(number, name), &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

/* From the newest one on, as many as there is room for. */
static void forget_old_records(struct change_index *index)
{
	size_t n = json_array_size(index->commits), kept = 0;
	uint64_t bytes = 0;

	for (size_t i = n; i-- > 0;) {
		uint32_t number = conf_u32(json_array_get(index->commits, i), "commit", 0);

		bytes += bytes_of(number);
		if (is_held(index, number) ||
		    (kept < CHANGE_RECORDS_MAX - HELD_MAX && bytes <= CHANGE_BYTES_MAX))
			kept++;
		else
			json_array_remove(index->commits, i);
	}
}

/* What a crash left half written, and versions that nothing names. */
static void remove_strangers(const struct change_index *index)
{
	DIR *d = fdopendir(dup(dir_fd));
	struct dirent *e;

	if (!d)
		return;
	rewinddir(d);
	while ((e = readdir(d))) {
		char *end;
		unsigned long number = strtoul(e->d_name, &end, 10);

		if (e->d_name[0] == '.' || str_eq(e->d_name, "index") ||
		    str_eq(e->d_name, "index.bad"))
			continue;
		if (*end || !change_index_find(index, (uint32_t)number))
			unlinkat(dir_fd, e->d_name, 0);
	}
	closedir(d);
}

int change_store_save(struct change_index *index)
{
	json_t *json;
	char *text;
	int err;

	if (error)
		return error;
	forget_old_records(index);
	json = change_index_json(index, main_path);
	text = json ? json_dumps(json, CONF_JSON_LINE) : NULL;
	err = text ? new_file_put_at(dir_fd, "index", text, strlen(text), 0600) : -EILSEQ;
	free(text);
	json_decref(json);
	if (!err)
		remove_strangers(index);
	return err;
}

/* One that cannot be read is put aside: the start must not fail for it. */
static void read_index(struct change_index *out)
{
	struct wr w = {0};
	int err = store_read("index", &w);
	json_t *json = err ? NULL : conf_read(w.data, w.len);

	if (!change_index_read(out, json, main_path) && err != -ENOENT) {
		log_warn("commits", "file=index why=\"%s; history begins anew\"",
			 json ? "it is of another configuration file" : "it cannot be read");
		renameat(dir_fd, "index", dir_fd, "index.bad");
	}
	json_decref(json);
	wr_free(&w);
}

/* -errno, or 0 with dir_fd. */
static int open_directory(void)
{
	char *path = state_path("commits");
	int err = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;

	if (!err)
		dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (!err &&
	    (dir_fd < 0 || flock(dir_fd, LOCK_EX | LOCK_NB) < 0 || fchmod(dir_fd, 0700) < 0))
		err = -errno;
	if (err && dir_fd >= 0)
		close(dir_fd);
	if (err)
		dir_fd = -1;
	free(path);
	return err;
}

int change_store_open(const char *main, struct change_index *out)
{
	main_path = xstrdup(main);
	error = open_directory();
	if (error)
		change_index_init(out);
	else
		read_index(out);
	return error;
}

void change_store_close(void)
{
	if (dir_fd >= 0)
		close(dir_fd);
	dir_fd = -1;
	error = -ENOENT;
	free(main_path);
	main_path = NULL;
}
