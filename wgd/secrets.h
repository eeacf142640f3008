/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secrets: the private and pre-shared keys that the parent read, by the path of their file. Kept in
 * locked memory that is not dumped, wiped when released, shown to nobody.
 */
#ifndef WGBGP_SECRETS_H
#define WGBGP_SECRETS_H

#include <stdint.h>

#include "messages.h"

void secrets_put(const char *path, const uint8_t key[KEY_BYTES]);
/* Valid until the next secrets_put() of the same path; NULL where there is none. */
const uint8_t *secrets_get(const char *path);
void secrets_close(void);

#endif
