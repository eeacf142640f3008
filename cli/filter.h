/* SPDX-License-Identifier: BSD-2-Clause */
/* filter: a stream that hands on some of its lines. */
#ifndef WGBGP_CLI_FILTER_H
#define WGBGP_CLI_FILTER_H

#include <stdio.h>

#include "line.h"

/* Lines written to it go on to OUT as F (borrowed, like OUT) has it; what is flushed is flushed
 * there, too. fclose() hands on a last line without an end, and of `count` the number. */
FILE *filter_open(FILE *out, const struct line_filter *f);

#endif
