/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reason_counts: how often each of some reasons was given. Which ones are counted is a table; of
 * each there is a counter, at the same place of an array that the owner has.
 */
#ifndef WGBGP_REASON_COUNTS_H
#define WGBGP_REASON_COUNTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/* One more for REASON; not counted where the table of N has it not. */
void reason_count(uint64_t *counts, const enum reason *table, size_t n, enum reason reason);
/* An object of those that are not 0, by their names: new reference. */
json_t *reason_counts_json(const uint64_t *counts, const enum reason *table, size_t n);

#endif
