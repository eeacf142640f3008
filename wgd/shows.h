/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shows: wgd's answers to requests: wireguard, tunnels, allowed-ips (doc/requests.md).
 */
#ifndef WGBGP_SHOWS_H
#define WGBGP_SHOWS_H

#include "show.h"

extern const struct show_command shows[]; /* ends with a row without name */

#endif
