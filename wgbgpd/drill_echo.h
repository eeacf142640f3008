/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drill_echo: a stream of ICMP echo requests to one address, a hundred a second, along whatever
 * route the kernel takes: what a drill costs those who use the tunnel.
 */
#ifndef WGBGP_DRILL_ECHO_H
#define WGBGP_DRILL_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include "prefix.h"

struct drill_echo_result {
	uint32_t sent, lost; /* requests; lost: without an answer for a second */
	double blackout_ms;  /* longest run of lost ones, from the answered one before it to the
				answered one behind it; 0: none was lost */
};

/* 0 or -errno. One at a time. */
int drill_echo_start(const struct addr *to);
uint32_t drill_echo_received(void);
/* What was sent between FROM and TO (us, monotonic), as far as it is known now. */
struct drill_echo_result drill_echo_result(uint64_t from, uint64_t to);
void drill_echo_stop(void); /* forgets everything; fine when there is none */

#endif
