/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "util.h"

#define READ_BYTES 16384

int file_read(int fd, struct wr *out)
{
	ssize_t n;

	do {
		n = read(fd, wr_room(out, READ_BYTES), READ_BYTES);
		out->len -= READ_BYTES - (size_t)(n > 0 ? n : 0);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

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

int file_write_at(int dir, const char *name, const void *text, size_t len, const struct stat *like)
{
	int fd, err;

	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
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

int file_sync_dir(int dir)
{
	return fsync(dir) < 0 && errno != EINVAL ? -errno : 0;
}

int file_put_at(int dir, const char *name, const void *text, size_t len, mode_t mode)
{
	struct stat like = {.st_mode = mode, .st_uid = geteuid(), .st_gid = getegid()};
	char *tmp = xasprintf("%s.new", name);
	int err = file_write_at(dir, tmp, text, len, &like);

	if (!err && renameat(dir, tmp, dir, name) < 0)
		err = -errno;
	if (!err)
		err = file_sync_dir(dir);
	free(tmp);
	return err;
}
