/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wplan_ask: the request plan-wireguard: what a configuration would do to interfaces and peers.
 */
#ifndef WGBGP_WPLAN_ASK_H
#define WGBGP_WPLAN_ASK_H

#include "show.h"

void wplan_request(struct show *s);

#endif
