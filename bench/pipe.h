/* SPDX-License-Identifier: BSD-2-Clause */
/* pipe: reading a file through the program that unpacks it. */
#ifndef WGBGP_BENCH_PIPE_H
#define WGBGP_BENCH_PIPE_H

#include <stdio.h>

/* Opens PATH, through zcat for .gz and bzcat for .bz2. NULL with errno set on failure. */
FILE *pipe_unpack(const char *path);
void pipe_close(FILE *f);

#endif
