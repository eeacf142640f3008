/* SPDX-License-Identifier: BSD-2-Clause */
/* plain: text that others wrote, before it reaches somebody's terminal. */
#ifndef WGBGP_PLAIN_H
#define WGBGP_PLAIN_H

#include <stddef.h>

/* Bytes of the control character that TEXT begins with: C0 and DEL have one, C1 has two in UTF-8.
 * 0: it begins with something else, or is empty. */
size_t plain_control(const char *text);

/* Each byte of a control character in TEXT becomes '?'. */
void plain_text(char *text);

/* Bytes of the character that the LEN bytes of TEXT begin with; 0: they are no UTF-8. */
size_t plain_utf8_length(const char *text, size_t len);
/* Each byte that is part of none becomes '?'. */
void plain_utf8(char *text);

#endif
