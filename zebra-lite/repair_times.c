/* SPDX-License-Identifier: BSD-2-Clause */
#include "repair_times.h"

#include <stdio.h>

#include "clock.h"
#include "util.h"

#define FALLEN_MAX 64 /* at a time; of more, those that fell first are timed */

static const unsigned within_ms[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000};

static uint64_t fallen_us[FALLEN_MAX];
static unsigned n_fallen;
static bool moving; /* prefixes of theirs were queued */
static uint64_t counts[ARRAY_SIZE(within_ms)], count, sum_us;

void repair_fell(void)
{
	if (n_fallen < FALLEN_MAX)
		fallen_us[n_fallen++] = now_us();
}

static void add(uint64_t us)
{
	for (unsigned i = 0; i < ARRAY_SIZE(within_ms); i++)
		counts[i] += us <= within_ms[i] * 1000;
	count++;
	sum_us += us;
}

void repair_look(bool repairing)
{
	uint64_t now;

	if (!n_fallen)
		return;
	if (repairing) {
		moving = true;
		return;
	}
	now = now_us();
	for (unsigned i = 0; moving && i < n_fallen; i++)
		add(now - fallen_us[i]);
	repair_forget();
}

void repair_forget(void)
{
	n_fallen = 0;
	moving = false;
}

json_t *repair_times_json(void)
{
	json_t *times = json_pack("{s:I, s:I}", "count", (json_int_t)count, "sum-microseconds",
				  (json_int_t)sum_us);
	char name[32];

	for (unsigned i = 0; i < ARRAY_SIZE(within_ms); i++) {
		snprintf(name, sizeof(name), "within-%u-ms", within_ms[i]);
		json_object_set_new(times, name, json_integer((json_int_t)counts[i]));
	}
	return times;
}

void repair_times_reset(void)
{
	repair_forget();
	count = sum_us = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++)
		counts[i] = 0;
}
