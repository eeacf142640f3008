/* SPDX-License-Identifier: BSD-2-Clause */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "util.h"

static int write_all(int fd, const char *at, size_t len)
{
	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* In place of what an earlier one has left there, and never by way of a link. -1 with errno. */
static int new_file_create(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return -1;
	return openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int new_file_write_at(int dir, const char *name, const void *text, size_t len,
		      const struct stat *like)
{
	int fd = new_file_create(dir, name), err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, text, len);
	/* Where the owner cannot be kept it is ours, with the same mode. */
	if (!err && fchown(fd, like->st_uid, like->st_gid) < 0 && errno != EPERM)
		err = -errno;
	if (!err && (fchmod(fd, like->st_mode & 0777) < 0 || fsync(fd) < 0))
		err = -errno;
	close(fd);
	if (err)
		unlinkat(dir, name, 0);
	return err;
}

int new_file_sync_name(int dir, const char *name)
{
	char *path = xstrdup(name);
	int fd = openat(dir, dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

static int take_place(int dir, const char *tmp, const char *name, bool durable)
{
	if (renameat(dir, tmp, dir, name) == 0)
		return durable ? new_file_sync_name(dir, name) : 0;
	return -errno;
}

int new_file_put_at(int dir, const char *name, const void *text, size_t len, mode_t mode)
{
	struct stat like = {.st_mode = mode, .st_uid = geteuid(), .st_gid = getegid()};
	char *tmp = xasprintf("%s.new", name);
	int err = new_file_write_at(dir, tmp, text, len, &like);

	if (!err)
		err = take_place(dir, tmp, name, true);
	free(tmp);
	return err;
}

FILE *new_file_begin(struct new_file *n, const char *path)
{
	FILE *file;
	int fd;

	*n = (struct new_file){path, xasprintf("%s.new", path)};
	fd = new_file_create(AT_FDCWD, n->tmp);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		free(n->tmp);
	return file;
}

int new_file_end(struct new_file *n, FILE *file, bool durable)
{
	/* A write that failed earlier may be forgotten by the next one: ferror() is not. */
	int err = fflush(file) != 0 ? -errno : ferror(file) ? -EIO : 0;

	if (!err && durable && fsync(fileno(file)) < 0)
		err = -errno;
	fclose(file);
	if (!err)
		err = take_place(AT_FDCWD, n->tmp, n->path, durable);
	if (err)
		unlink(n->tmp);
	free(n->tmp);
	return err;
}
