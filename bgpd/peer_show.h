/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_show: the requests about neighbours: bgp-summary, bgp-neighbors, clear.
 */
#ifndef WGBGP_BGPD_PEER_SHOW_H
#define WGBGP_BGPD_PEER_SHOW_H

#include "show.h"

extern const struct show_command peer_commands[]; /* ends with a nameless row */

#endif
