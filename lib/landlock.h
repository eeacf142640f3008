/* SPDX-License-Identifier: BSD-2-Clause */
/* landlock: no file can be opened any more. By system calls: there is no library for it. */
#ifndef WGBGP_LANDLOCK_H
#define WGBGP_LANDLOCK_H

#include <stddef.h>

/* What remains beneath a directory, with all that the kernel knows of these kinds. */
struct landlock_rest {
	const char *path; /* one that is not there is passed over */
	enum { LANDLOCK_MARKERS, LANDLOCK_READ } what; /* make, write, remove files; read, execute */
};

/* 0; -errno when the kernel does not have it, or forbids it. no_new_privs must be set. */
int landlock_enter(const struct landlock_rest *rest, size_t n);

#endif
