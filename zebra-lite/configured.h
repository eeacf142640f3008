/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configured: the WireGuard interfaces, tunnel addresses and endpoints of the configuration,
 * whether or not wgd can use them.
 *
 * tunnel.c knows what wgd told. An interface that wgd refuses is not told, yet it may be there,
 * with addresses and connected routes: no next hop may be reached through it as through a cable.
 */
#ifndef WGBGP_ZEBRA_CONFIGURED_H
#define WGBGP_ZEBRA_CONFIGURED_H

#include <jansson.h>
#include <stdbool.h>

#include "prefix.h"
#include "reason.h"

/* After planes_read(). True when anything is otherwise than before. */
bool configured_read(const json_t *config);
bool configured_interface(const char *name);
/* An interface that is configured as WireGuard's, and wgd does not tell: it cannot use it. */
bool configured_refused_if(uint32_t oif);
/* Why nothing leads to A when wgd tells of no peer there: it is the tunnel address, in its plane,
 * of a peer that is disabled, or of one whose interface wgd cannot use. NONE: no tunnel address. */
enum reason configured_address(const struct addr *a);
/* A peer that is configured, and enabled. */
bool configured_peer(const char *interface, const char *name);
bool configured_endpoint_in(const struct prefix *p); /* that of some peer, unless it is a name */
bool configured_endpoint(const struct addr *a);	     /* A is one */
/* The peer's endpoint may be inside what is private, wherever it is known from. */
bool configured_vouched(const char *interface, const char *name);
void configured_reset(void);

#endif
