/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export_allowed: the networks that a plain WireGuard client reaches through us: its AllowedIPs.
 *
 *     the interface's own networks, the other clients in them
 *   + `permit` and `allowed-ips` of the other peers in the same plane
 *   + `network` of bgp, where the plane is the main one
 *   - what the client itself has, default routes, families in which it has no address
 */
#ifndef WGBGP_CLI_EXPORT_ALLOWED_H
#define WGBGP_CLI_EXPORT_ALLOWED_H

#include <jansson.h>

#include "prefix.h"

/* INTERFACES as `show wireguard` has them, INTERFACE and PEER among them, the whole CONFIGURATION.
 * Sorted, nothing of it inside another one; the caller frees it. */
struct prefix *export_allowed(const json_t *interfaces, const json_t *interface, const json_t *peer,
			      const json_t *configuration, size_t *n);

#endif
