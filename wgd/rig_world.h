/* SPDX-License-Identifier: BSD-2-Clause */
/* Between rig.c and rig_world.c. */
#ifndef WGBGP_RIG_WORLD_H
#define WGBGP_RIG_WORLD_H

#include <stdint.h>

#include "util.h"

/* wgd acts upon the world: a line of the transcript. 0, or -errno where the test refuses it. */
int rig_act(const char *fmt, ...) PRINTF_LIKE(1, 2);
int64_t rig_wall_ms(void);

#endif
