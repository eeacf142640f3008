/* SPDX-License-Identifier: BSD-2-Clause */
/* drill_history: records of drills in STATEDIR/drills, an object a line, the last fifty. */
#ifndef WGBGP_DRILL_HISTORY_H
#define WGBGP_DRILL_HISTORY_H

#include <jansson.h>

void drill_history_open(void); /* reads the file; what says "running" was interrupted */
void drill_history_close(void);
const json_t *drill_history(void); /* array, oldest first */
/* Keeps RECORD (borrowed) as the last one, written at once; it may be changed and kept again. */
void drill_history_put(json_t *record);

#endif
