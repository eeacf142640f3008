/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_put: a small file whose new text takes the place of the old one whole: it is on the disk
 * before the name leads to it, and so is the name when this returns. 0 or -errno each.
 */
#ifndef WGBGP_FILE_PUT_H
#define WGBGP_FILE_PUT_H

#include <stddef.h>
#include <sys/stat.h>

struct wr;

/* All that is left of FD, behind what OUT has. */
int file_read(int fd, struct wr *out);
/* In the directory DIR (AT_FDCWD: NAME has a path), by way of NAME.new. */
int file_put_at(int dir, const char *name, const void *text, size_t len, mode_t mode);
/* The first half: only NAME, written anew. Mode and owner are those of LIKE, as far as we may. */
int file_write_at(int dir, const char *name, const void *text, size_t len, const struct stat *like);
/* A name in DIR was changed. */
int file_sync_dir(int dir);

#endif
