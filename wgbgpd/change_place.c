/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define LINKS_MAX 40 /* as the kernel */

/* On the way to a file. */
struct walk {
	int dir;    /* where we are */
	char *rest; /* of the path, from there */
	unsigned links;
};

static bool place_is_ours(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

/* What is ours there was put there by us. */
static bool is_trusted(const struct stat *dir)
{
	return place_is_ours(dir->st_uid) &&
	       (!(dir->st_mode & (S_IWGRP | S_IWOTH)) || dir->st_mode & S_ISVTX);
}

static bool is_link(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* The first word of what is left, to be freed; "": there is none. LAST: nothing is behind it. */
static char *take_word(struct walk *w, bool *last)
{
	size_t from = strspn(w->rest, "/"), len = strcspn(w->rest + from, "/");
	char *word = xasprintf("%.*s", (int)len, w->rest + from);

	memmove(w->rest, w->rest + from + len, strlen(w->rest + from + len) + 1);
	*last = !w->rest[strspn(w->rest, "/")];
	return word;
}

static int place_enter(struct walk *w, const char *name)
{
	int fd = openat(w->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(w->dir);
	w->dir = fd;
	return 0;
}

static int place_follow(struct walk *w, const char *name)
{
	char target[PATH_MAX], *rest;
	struct stat dir, link;
	ssize_t n;

	if (fstat(w->dir, &dir) < 0 || fstatat(w->dir, name, &link, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (++w->links > LINKS_MAX || !is_trusted(&dir) || !place_is_ours(link.st_uid))
		return -ELOOP;
	n = readlinkat(w->dir, name, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	rest = xasprintf("%s/%s", target, w->rest);
	free(w->rest);
	w->rest = rest;
	return target[0] == '/' ? place_enter(w, "/") : 0;
}

/* One word further; NAME becomes that of the file when it is the last one. */
static int place_step(struct walk *w, char **name)
{
	bool last;
	char *word = take_word(w, &last);
	int err = 0;

	if (!*word)
		err = -EISDIR;
	else if (is_link(w->dir, word))
		err = place_follow(w, word);
	else if (!last)
		err = place_enter(w, word);
	else
		*name = xstrdup(word);
	free(word);
	return err;
}

static char *place_path(int dir, const char *name)
{
	char link[32], real[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = readlink(link, real, sizeof(real) - 1);
	real[n > 0 ? n : 0] = '\0';
	return xasprintf("%s%s%s", real, n > 1 ? "/" : "", name);
}

static int place_describe(struct change_place *p)
{
	struct stat st;

	if (fstat(p->dir, &st) < 0)
		return -errno;
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->path = place_path(p->dir, p->name);
	return 0;
}

int change_place_find(const char *path, struct change_place *out)
{
	int at = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct walk w = {.dir = at, .rest = xstrdup(path)};
	int err = at < 0 ? -errno : 0;

	*out = (struct change_place){.dir = -1};
	while (!err && !out->name)
		err = place_step(&w, &out->name);
	free(w.rest);
	out->dir = w.dir;
	if (!err)
		err = place_describe(out);
	if (err)
		change_place_free(out);
	return err;
}

const char *change_place_error(int err)
{
	if (err == -ELOOP)
		return "a symbolic link that others than root can have made is not followed";
	return strerror(-err);
}

bool change_place_same_dir(const struct change_place *a, const struct change_place *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

void change_place_free(struct change_place *p)
{
	if (p->dir >= 0)
		close(p->dir);
	free(p->name);
	free(p->path);
	*p = (struct change_place){.dir = -1};
}
