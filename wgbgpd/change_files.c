/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "change_place.h"
#include "new_file.h"
#include "util.h"

#define NEW_MODE 0640 /* of a file that was removed */
#define FRESH ".wgbgp-new"
#define REJECTED ".rejected"

struct change_file {
	struct change_place at;
	bool shares;		 /* the directory's descriptor, with another one */
	char was[CONF_HASH_HEX]; /* the hash of what a client started from; "": nobody did */
};

/* Closes FD, which may be -1 with errno. */
static int files_fill(int fd, struct wr *text, struct stat *st)
{
	int err = 0;

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
	return files_fill(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out, st);
}

static bool is_text(const struct wr *w, const struct conf_text *t)
{
	return w->len == t->len && (!t->len || memcmp(w->data, t->text, t->len) == 0);
}

static bool file_says(const struct conf_text *t)
{
	struct wr text = {0};
	struct stat st;
	bool same = change_files_read(t->path, &text, &st) == 0 && is_text(&text, t);

	wr_free(&text);
	return same;
}

size_t change_files_differ(const struct conf_texts *texts, char *out, size_t size)
{
	size_t n = 0, len = 0;

	for (size_t i = 0; i < texts->n; i++) {
		if (file_says(&texts->v[i]))
			continue;
		if (len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", n ? ", " : "",
						texts->v[i].path);
		n++;
	}
	return n;
}

/* To be freed. */
static char *name_beside(const struct change_place *at, const char *suffix)
{
	return xasprintf("%s%s", at->name, suffix);
}

/* What the file says, or the one beside it with SUFFIX. */
static int read_beside(const struct change_place *at, const char *suffix, struct wr *text,
		       struct stat *st)
{
	char *name = name_beside(at, suffix);
	int fd = openat(at->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	int err = files_fill(fd, text, st);

	free(name);
	return err;
}

static int write_beside(const struct change_place *at, const char *suffix, const void *text,
			size_t len, const struct stat *like)
{
	char *name = name_beside(at, suffix);
	int err = new_file_write_at(at->dir, name, text ? text : "", len, like);

	free(name);
	return err;
}

/* FROM and TO are suffixes. */
static int rename_beside(const struct change_place *at, const char *from, const char *to)
{
	char *old = name_beside(at, from), *new = name_beside(at, to);
	int err = renameat(at->dir, old, at->dir, new) < 0 ? -errno : 0;

	free(old);
	free(new);
	return err;
}

static void remove_beside(const struct change_place *at, const char *suffix)
{
	char *name = name_beside(at, suffix);

	unlinkat(at->dir, name, 0);
	free(name);
}

static bool is_put(const struct change_files *files, const struct change_place *at)
{
	for (size_t i = 0; i < files->n; i++)
		if (str_eq(files->v[i].at.name, at->name) &&
		    change_place_same_dir(&files->v[i].at, at))
			return true;
	return false;
}

/* Takes AT over. Thousands of files may be in one directory. */
static struct change_file *files_add(struct change_files *files, const struct change_place *at)
{
	struct change_file f = {.at = *at};

	for (size_t i = 0; i < files->n && !f.shares; i++) {
		if (!change_place_same_dir(&files->v[i].at, at))
			continue;
		close(f.at.dir);
		f.at.dir = files->v[i].at.dir;
		f.shares = true;
	}
	files->v = xgrow(files->v, files->n, &files->cap, sizeof(*files->v));
	files->v[files->n] = f;
	return &files->v[files->n++];
}

static int prepare_one(const struct conf_text *t, struct change_files *out)
{
	struct stat like = {.st_mode = NEW_MODE, .st_uid = geteuid(), .st_gid = getegid()};
	struct change_place at;
	struct wr text = {0};
	int err = change_place_find(t->path, &at);
	bool same;

	if (err)
		return err;
	err = read_beside(&at, "", &text, &like);
	same = (!err && is_text(&text, t)) ||
	       is_put(out, &at); /* it is included by two spellings */
	wr_free(&text);
	if (same || (err && err != -ENOENT)) {
		change_place_free(&at);
		return same ? 0 : err;
	}
	return write_beside(&files_add(out, &at)->at, FRESH, t->text, t->len, &like);
}

static int files_say(int err, const char *path, char *why, size_t size)
{
	snprintf(why, size, "%s: %s", path, change_place_error(err));
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

/* What it says now, which may be more than what it said when this was prepared. */
static int keep_rejected(const struct change_place *at)
{
	struct wr text = {0};
	struct stat st;
	int err = read_beside(at, "", &text, &st);

	if (!err)
		err = write_beside(at, REJECTED ".new", text.data, text.len, &st);
	if (!err)
		err = rename_beside(at, REJECTED ".new", REJECTED);
	wr_free(&text);
	return err == -ENOENT ? 0 : err;
}

/* Somebody has edited it behind the client's back. */
static bool is_edited(const struct change_file *f)
{
	struct wr text = {0};
	struct stat st;
	char hex[CONF_HASH_HEX] = "";

	if (read_beside(&f->at, "", &text, &st) == 0)
		conf_texts_hash(text.data, text.len, hex);
	wr_free(&text);
	return hex[0] && f->was[0] && !str_eq(hex, f->was);
}

static int commit_one(const struct change_file *f, bool edited)
{
	int err = f->was[0] && !edited ? 0 : keep_rejected(&f->at);

	if (!err)
		err = rename_beside(&f->at, FRESH, "");
	return err ? err : new_file_sync_name(f->at.dir, f->at.name);
}

/* In a sticky directory everybody may write beside a file, and nobody but its owner replaces it. */
static bool may_replace(const struct change_place *at, const struct stat *file, int64_t uid)
{
	struct stat dir;

	if (fstat(at->dir, &dir) < 0)
		return false;
	return uid == 0 || !(dir.st_mode & S_ISVTX) || file->st_uid == uid || dir.st_uid == uid;
}

/* The text that the client has written is appended to OUT. What another one has written there is
 * left to that one's commit. */
static int take_edit(const struct change_place *at, int64_t uid, struct stat *like, struct wr *out)
{
	struct stat st;
	int err = read_beside(at, CHANGE_FILES_EDIT, out, &st);

	if (!err && uid && st.st_uid != uid)
		return -EPERM;
	remove_beside(at, CHANGE_FILES_EDIT);
	if (!err && fstatat(at->dir, at->name, like, AT_SYMLINK_NOFOLLOW) < 0)
		err = -errno;
	if (!err && !S_ISREG(like->st_mode))
		err = -ELOOP;
	if (!err && !may_replace(at, like, uid))
		err = -EPERM;
	return err;
}

int change_files_offer(struct change_files *f, const char *path, const char *was, int64_t uid,
		       struct wr *out)
{
	struct change_place at;
	struct change_file *one;
	struct stat like;
	int err = change_place_find(path, &at);

	if (err)
		return err;
	f->offered = true;
	one = files_add(f, &at);
	str_copy(one->was, was, sizeof(one->was));
	err = take_edit(&one->at, uid, &like, out);
	return err ? err : write_beside(&one->at, FRESH, out->data, out->len, &like);
}

int change_files_commit(struct change_files *f, char *why, size_t size)
{
	int first = 0;

	why[0] = '\0';
	for (size_t i = 0; i < f->n; i++) {
		const char *path = f->v[i].at.path;
		bool edited = is_edited(&f->v[i]);
		int err = commit_one(&f->v[i], edited);

		if (err && !first)
			first = files_say(err, path, why, size);
		else if (edited && !first)
			snprintf(why, size, "%s was edited meanwhile: the edit is in %s" REJECTED,
				 path, path);
	}
	change_files_abort(f);
	return first;
}

void change_files_abort(struct change_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		remove_beside(&f->v[i].at, FRESH);
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].shares)
			f->v[i].at.dir = -1;
		change_place_free(&f->v[i].at);
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

void change_files_sweep(const struct conf_texts *texts)
{
	struct change_place at;

	for (size_t i = 0; i < texts->n; i++) {
		if (change_place_find(texts->v[i].path, &at) < 0)
			continue;
		remove_beside(&at, FRESH);
		remove_beside(&at, REJECTED ".new");
		remove_beside(&at, CHANGE_FILES_EDIT);
		change_place_free(&at);
	}
}
