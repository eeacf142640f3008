/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * habit_file: the pasts of tunnels on the disk, so that a restart does not begin them anew.
 *
 * A line of JSON each: first {"version": 1}, then a tunnel each (habit_json()), last {"tunnels":
 * N}. Written as a new file that takes the old one's place. A file that is not so in every line is
 * said and ignored, all of it: tunnels begin anew, as without a file.
 */
#ifndef WGBGP_EVENTS_HABIT_FILE_H
#define WGBGP_EVENTS_HABIT_FILE_H

#include <stddef.h>

struct habit;

/* The habits, of which there are *N, and their array become the caller's; NULL: none. */
struct habit **habit_file_read(const char *path, size_t *n);
/* 0 or -errno. */
int habit_file_write(const char *path, struct habit *const *habits, size_t n);

#endif
