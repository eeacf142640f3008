/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * new_file: a new file takes an old one's place, whole or not at all. What is durable is on the
 * disk before the name leads to it, and so is the name when the call returns.
 *
 * 0 or -errno each: the old file stays, unless only the name could not be brought to the disk.
 */
#ifndef WGBGP_NEW_FILE_H
#define WGBGP_NEW_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

struct new_file {
	const char *path; /* the caller's, until new_file_end() */
	char *tmp;
};

/* The stream that is to be filled, of mode 0600, until then as PATH.new; NULL: errno says why. */
FILE *new_file_begin(struct new_file *n, const char *path);
/* Closes it and puts it there. DURABLE may take its time. */
int new_file_end(struct new_file *n, FILE *file, bool durable);

/* A text that is there already, durable: NAME in the directory DIR (AT_FDCWD: NAME is a path), by
 * way of NAME.new. */
int new_file_put_at(int dir, const char *name, const void *text, size_t len, mode_t mode);

/* In two halves, for files that take their places together. The first one: only NAME, written
 * anew. Mode and owner are those of LIKE, as far as we may. */
int new_file_write_at(int dir, const char *name, const void *text, size_t len,
		      const struct stat *like);
/* Behind a rename() to NAME, the second one: the name is on the disk. */
int new_file_sync_name(int dir, const char *name);

#endif
