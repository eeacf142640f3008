/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: monotonic time, for what lasts; it does not jump when somebody sets the wall clock.
 */
#ifndef WGBGP_CLOCK_H
#define WGBGP_CLOCK_H

#include <stdint.h>

uint64_t now_ms(void);
uint64_t now_us(void);

#endif
