/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: what is in force for a peer, as `show wireguard` tells it: its own statements, those of
 * its template and interface, and the defaults.
 */
#ifndef WGBGP_WGD_SETTINGS_H
#define WGBGP_WGD_SETTINGS_H

#include <jansson.h>

#include "wgconf.h"

/* An object of the caller's; null for a peer that is not configured (C is NULL). */
json_t *settings_json(const struct peer_conf *c);

#endif
