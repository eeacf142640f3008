/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * password: the passwords of sessions that the parent read, by the path of their file. Kept in
 * locked memory, told to the kernel and to nobody else. A neighbour's configuration holds the one
 * that was there when it was read; what is in a file now is another one, if it differs.
 */
#ifndef WGBGP_BGPD_PASSWORD_H
#define WGBGP_BGPD_PASSWORD_H

#include <stdbool.h>

#include "prefix.h"

struct password;

void password_put(const char *path, const char *text);
/* A reference; NULL: nobody told it. */
struct password *password_get(const char *path);
struct password *password_ref(struct password *p); /* NULL is fine, here and below */
void password_unref(struct password *p);
bool password_eq(const struct password *a, const struct password *b);
/* Segments on FD from and to ADDRESS carry P's signature, and others are dropped. 0 or -errno. */
int password_set(const struct password *p, int fd, const struct addr *address);
void password_sweep(void); /* forgets those that nobody holds */

#endif
