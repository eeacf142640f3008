/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * new_file: a new file takes an old one's place, whole or not at all.
 */
#ifndef WGBGP_NEW_FILE_H
#define WGBGP_NEW_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct new_file {
	const char *path; /* the caller's, until new_file_end() */
	char *tmp;
};

/* The stream that is to be filled, of mode 0600, until then as PATH.new; NULL: errno says why. */
FILE *new_file_begin(struct new_file *n, const char *path);
/* Closes it and puts it there. DURABLE: it is on the disk before, which may take its time. 0, or
 * -errno of whatever could not be written: then the old one stays. */
int new_file_end(struct new_file *n, FILE *file, bool durable);

#endif
