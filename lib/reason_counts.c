/* SPDX-License-Identifier: BSD-2-Clause */
#include "reason_counts.h"

void reason_count(uint64_t *counts, const enum reason *table, size_t n, enum reason reason)
{
	for (size_t i = 0; i < n; i++)
		counts[i] += table[i] == reason;
}

json_t *reason_counts_json(const uint64_t *counts, const enum reason *table, size_t n)
{
	json_t *o = json_object();

	for (size_t i = 0; i < n; i++)
		if (counts[i])
			json_object_set_new(o, reason_name(table[i]),
					    json_integer((json_int_t)counts[i]));
	return o;
}
