/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock: after landlock_enter() this process can open no file any more, but those that it is
 * given as an exception. Uses the system calls: there is no library for them.
 */
#ifndef WGBGP_LANDLOCK_H
#define WGBGP_LANDLOCK_H

#include <stddef.h>

/* An exception: what may still be done below a directory. */
struct landlock_rest {
	const char *path; /* skipped when it does not exist */
	/* MARKERS: make, write and remove files. READ: read and execute files. */
	enum { LANDLOCK_MARKERS, LANDLOCK_READ } what;
};

/* 0; -errno when the kernel does not have it, or forbids it. no_new_privs must be set. */
int landlock_enter(const struct landlock_rest *rest, size_t n);

#endif
