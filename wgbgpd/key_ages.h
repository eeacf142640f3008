/* SPDX-License-Identifier: BSD-2-Clause */
/* key_ages: how old the files of keys are, and whose; they are not read for that. Request
 * `key-ages`. */
#ifndef WGBGP_KEY_AGES_H
#define WGBGP_KEY_AGES_H

#include <jansson.h>
#include <stdint.h>

struct request;

/* Seconds; a file is as old as its key. -1: it cannot be asked. */
int64_t key_age(const char *file);
void key_ages_request(struct request *r, const json_t *args);

#endif
