/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "new_file.h"
#include "util.h"

#define NEW_MODE 0640 /* of a file that was removed */

struct change_file {
	char *path;		 /* where symbolic links lead to */
	char *fresh;		 /* beside it, with the new text */
	char was[CONF_HASH_HEX]; /* the hash of what a client started from; "": nobody did */
};

static int open_and_read(const char *path, int flags, struct wr *text, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags), err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0)
		err = -errno;
	else if (!S_ISREG(st->st_mode))
		err = -EINVAL;
	else
		err = wr_fill(text, fd, CONF_FILE_MAX);
	close(fd);
	return err;
}

int change_files_read(const char *path, struct wr *out, struct stat *st)
{
	return open_and_read(path, 0, out, st);
}

/* Where the name leads to; the name itself where nothing is. To be freed. */
static char *target(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : xstrdup(path);
}

static bool is_put(const struct change_files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (str_eq(files->v[i].path, path))
			return true;
	return false;
}

static void files_add(struct change_files *files, struct change_file f)
{
	files->v = xgrow(files->v, files->n, &files->cap, sizeof(*files->v));
	files->v[files->n++] = f;
}

static int prepare_one(const struct conf_text *t, struct change_files *out)
{
	struct stat like = {.st_mode = NEW_MODE, .st_uid = geteuid(), .st_gid = getegid()};
	struct change_file f = {.path = target(t->path)};
	struct wr text = {0};
	int err = change_files_read(f.path, &text, &like);
	bool same = !err && text.len == t->len && memcmp(text.data, t->text, t->len) == 0;

	wr_free(&text);
	if (!err)
		same |= is_put(out, f.path); /* it is included by two spellings */
	if (same || (err && err != -ENOENT)) {
		free(f.path);
		return same ? 0 : err;
	}
	f.fresh = xasprintf("%s.wgbgp-new", f.path);
	err = new_file_write_at(AT_FDCWD, f.fresh, t->text, t->len, &like);
	files_add(out, f);
	return err;
}

static int files_say(int err, const char *path, char *why, size_t size)
{
	snprintf(why, size, "%s: %s", path, strerror(-err));
	return err;
}

int change_files_prepare(const struct conf_texts *texts, struct change_files *out, char *why,
			 size_t size)
{
	*out = (struct change_files){0};
	for (size_t i = 0; i < texts->n; i++) {
		int err = prepare_one(&texts->v[i], out);

		if (err) {
			change_files_abort(out);
			return files_say(err, texts->v[i].path, why, size);
		}
	}
	return 0;
}

static int write_text(const char *name, const struct wr *text, const struct stat *like)
{
	const void *data = text->data ? (const void *)text->data : "";

	return new_file_write_at(AT_FDCWD, name, data, text->len, like);
}

/* What it says now, which may be more than what it said when this was prepared. */
static int keep_rejected(const struct change_file *f)
{
	char *name = xasprintf("%s.rejected", f->path), *fresh = xasprintf("%s.new", name);
	struct wr text = {0};
	struct stat st;
	int err = change_files_read(f->path, &text, &st);

	if (!err)
		err = write_text(fresh, &text, &st);
	if (!err && rename(fresh, name) < 0)
		err = -errno;
	wr_free(&text);
	free(name);
	free(fresh);
	return err == -ENOENT ? 0 : err;
}

/* Somebody has edited it behind the client's back. */
static bool is_edited(const struct change_file *f)
{
	struct wr text = {0};
	struct stat st;
	char hex[CONF_HASH_HEX] = "";

	if (change_files_read(f->path, &text, &st) == 0)
		conf_texts_hash(text.data, text.len, hex);
	wr_free(&text);
	return hex[0] && f->was[0] && !str_eq(hex, f->was);
}

static int commit_one(const struct change_file *f, bool edited)
{
	int err = f->was[0] && !edited ? 0 : keep_rejected(f);

	if (!err && rename(f->fresh, f->path) < 0)
		err = -errno;
	return err ? err : new_file_sync_name(AT_FDCWD, f->path);
}

int change_files_offer(struct change_files *f, const char *path, const char *was, int64_t uid,
		       const struct stat *like, struct wr *out)
{
	struct change_file one = {.path = target(path)};
	char *edit = xasprintf("%s" CHANGE_FILES_EDIT, one.path);
	struct stat st;
	int err = open_and_read(edit, O_NOFOLLOW, out, &st);

	if (!err && uid && st.st_uid != uid)
		err = -EPERM;
	unlink(edit);
	free(edit);
	f->offered = true;
	str_copy(one.was, was, sizeof(one.was));
	one.fresh = xasprintf("%s.wgbgp-new", one.path);
	files_add(f, one);
	return err ? err : write_text(one.fresh, out, like);
}

int change_files_commit(struct change_files *f, char *why, size_t size)
{
	int first = 0;

	why[0] = '\0';
	for (size_t i = 0; i < f->n; i++) {
		const char *path = f->v[i].path;
		bool edited = is_edited(&f->v[i]);
		int err = commit_one(&f->v[i], edited);

		if (err && !first)
			first = files_say(err, path, why, size);
		else if (edited && !first)
			snprintf(why, size, "%s was edited meanwhile: the edit is in %s.rejected",
				 path, path);
	}
	change_files_abort(f);
	return first;
}

void change_files_abort(struct change_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		unlink(f->v[i].fresh);
		free(f->v[i].fresh);
		free(f->v[i].path);
	}
	free(f->v);
	*f = (struct change_files){0};
}

int change_files_put(const struct conf_texts *texts, char *why, size_t size)
{
	struct change_files f;
	int err = change_files_prepare(texts, &f, why, size);

	return err ? err : change_files_commit(&f, why, size);
}
