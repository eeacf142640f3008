/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leak: paths of one plane that are let into another one.
 *
 * A leaked path is a second path of the same neighbour, in the other plane's table: the same
 * received attributes, judged by the import policy and then by the leak's. Its next hop stays in
 * the plane of the neighbour, so it is resolved there, and zebra-lite installs the prefix in the
 * table of the plane that it was let into. Sessions, staleness and cleaning up work on it as on any
 * other path; the neighbour's counts leave it out.
 */
#ifndef WGBGP_BGPD_LEAK_H
#define WGBGP_BGPD_LEAK_H

#include <jansson.h>

#include "policy.h"

struct leak {
	uint8_t from, to;
	struct policy_chain *policy; /* owned; NULL: nothing is let through */
};

bool leak_apply(const json_t *config); /* true when something changed */
void leak_free(void);
/* The one behind LAST (NULL: the first) that lets paths of plane FROM into another; NULL: no more.
 */
const struct leak *leak_next(uint8_t from, const struct leak *last);
const struct leak *leak_find(uint8_t from, uint8_t to);

#endif
