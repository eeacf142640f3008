/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * said: for tests that play what is around a file: stand-ins say what was asked of them, and a
 * check compares all of that at once.
 */
#ifndef SAID_H
#define SAID_H

#include "util.h"

#define SAID_MAX 65536

extern char said[SAID_MAX]; /* text, appended to; may be emptied */

void say(const char *fmt, ...) PRINTF_LIKE(1, 2); /* fails the check where there is no room */
/* Fails the check, which stands at LINE, unless this was said and nothing else; empties it. */
void expect_at(const char *text, int line);
#define expect(text) expect_at(text, __LINE__)

#endif
