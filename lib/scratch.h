/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scratch: the directory of a test, and the small files in it. For the tests alone.
 */
#ifndef WGBGP_SCRATCH_H
#define WGBGP_SCRATCH_H

#include <stdbool.h>

/* In memory where that is possible: thousands of files are brought to the disk each. False: none
 * can be had. */
bool scratch_open(void);
int scratch_empty(void); /* 0, or what rm says */
int scratch_close(void);

const char *scratch_dir(void);
/* The path of NAME, valid for the next three calls. */
const char *scratch_at(const char *name);
void scratch_put(const char *name, const char *text); /* of mode 0600 */
/* What NAME says, its first 65,535 bytes, valid for the next call; "(none)": there is none. */
const char *scratch_text(const char *name);

#endif
