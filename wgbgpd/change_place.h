/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_place: where a file of the configuration really is: its directory, by a descriptor, and
 * its name there.
 *
 * Who may write a directory may put a symbolic link there in place of a file, or of a directory
 * above it, between two looks at a path. What root writes must not go where such a link leads. So
 * a link is followed only where root alone (or the user that we are) can have made it: it belongs
 * to root, in a directory that nobody else may write, or a sticky one. And all that is done to the
 * file later is done in the directory that was found, whatever its path leads to by then.
 */
#ifndef WGBGP_CHANGE_PLACE_H
#define WGBGP_CHANGE_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

struct change_place {
	int dir;   /* O_PATH; -1: none */
	dev_t dev; /* which one that is */
	ino_t ino;
	char *name; /* of the file there, which need not exist */
	char *path; /* of both, for words alone */
};

/* 0 with OUT for change_place_free(), or -errno; -ELOOP: by a link that is not followed. */
int change_place_find(const char *path, struct change_place *out);
/* What ERR, a negative errno, says of a file. */
const char *change_place_error(int err);
bool change_place_same_dir(const struct change_place *a, const struct change_place *b);
void change_place_free(struct change_place *p);

#endif
