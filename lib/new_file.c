/* SPDX-License-Identifier: BSD-2-Clause */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "util.h"

FILE *new_file_begin(struct new_file *n, const char *path)
{
	FILE *file;
	int fd;

	*n = (struct new_file){path, xasprintf("%s.new", path)};
	fd = open(n->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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
	if (!err && rename(n->tmp, n->path) < 0)
		err = -errno;
	if (err)
		unlink(n->tmp);
	free(n->tmp);
	return err;
}
