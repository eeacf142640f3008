/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgp_plan: what a configuration would do to sessions and to best paths. A copy of bgpd
 * (rehearse.h) applies it and decides what it touches; what was there before is compared with what
 * comes of it.
 *
 * Exact is what follows from what bgpd knows. A neighbour that is new, or whose session begins
 * anew, says what nobody can know: its row is `open`, and so are the prefixes that were best by it.
 */
#ifndef WGBGP_BGPD_BGP_PLAN_H
#define WGBGP_BGPD_BGP_PLAN_H

#include <jansson.h>

#include "show.h"

/* APPLY brings a configuration into force. */
void bgp_plan_open(void (*apply)(const json_t *config));
/* plan-bgp: the configuration, tunnel peers that go or cost more or less, addresses of those that
 * come, addresses whose prefixes are told in any case. plan-epoch: `table-epoch`, as a plan has it,
 * of now. Ends with a nameless row. */
extern const struct show_command bgp_plan_commands[];

#endif
