/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * golden: tests whose expectation is a file that is read like a conversation.
 *
 * A file is a list of blocks: a line that begins with @, and the lines behind it. A block either
 * sets something, and the lines are what it needs, or does something, and the lines are all that
 * came of it. `@case TEXT` begins anew, with the blocks in front of the first case. With
 * WGBGP_UPDATE=1 the file is written as the program answers now: read the difference.
 */
#ifndef WGBGP_GOLDEN_H
#define WGBGP_GOLDEN_H

#include <stdbool.h>
#include <stdio.h>

struct golden_play {
	void (*begin)(void);
	/* HEAD is the line without the @, BODY what is behind it. True: what was written to OUT
	 * takes the place of BODY. */
	bool (*block)(FILE *out, const char *head, const char *body);
};

/* PATH below the source directory. Fails the test at the first line that differs. */
void golden_run(const char *path, const struct golden_play *play);

#endif
