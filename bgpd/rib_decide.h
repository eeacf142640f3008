/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_decide: decides one network and hands the result on.
 */
#ifndef WGBGP_BGPD_RIB_DECIDE_H
#define WGBGP_BGPD_RIB_DECIDE_H

#include "decide.h"
#include "rib_table.h"

void rib_decide(struct rib_table *t, uint32_t id);
struct candidate rib_candidate(uint32_t path); /* as the decision process sees it */
/* How far behind it stands by its attributes alone, whatever its next hop's state. */
enum demotion path_attr_demotion(const struct path *p, enum reason *why);
/* The worse of that and its next hop's. */
enum demotion path_demotion(const struct path *p, enum reason *why);

#endif
