/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token: what whoever asks has to know, where a file has one: as `Authorization: Bearer TOKEN`, or
 * as the password of any user by Basic, which browsers ask a person for. Only a hash of it is kept,
 * and compared in a time that says nothing of it.
 */
#ifndef WGBGP_WEB_TOKEN_H
#define WGBGP_WEB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#define TOKEN_MIN 16
#define TOKEN_MAX 256

/* The first line of the file at PATH, of 16 to 256 printable characters, which others than its
 * owner and its group cannot read. 0, or -errno with a sentence. */
int token_read(const char *path, char *error, size_t size);
/* Whether there is one. */
bool token_wanted(void);
/* By the value of the head Authorization, or NULL; true where none is wanted. */
bool token_fits(const char *authorization);

#endif
