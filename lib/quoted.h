/* SPDX-License-Identifier: BSD-2-Clause */
/* quoted: for tests: JSON as a C string, with ' for ". */
#ifndef WGBGP_QUOTED_H
#define WGBGP_QUOTED_H

#include <jansson.h>

/* The caller's; what is no JSON fails the test. */
json_t *quoted(const char *text);
char *quoted_text(const char *text); /* TEXT with " for '; owned */

#endif
