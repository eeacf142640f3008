/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_causes: why a tunnel or a session does not work, as far as it can be told apart from here,
 * and what to do about that cause. Pure: looks at rows that were read.
 */
#ifndef WGBGP_VIEW_DOCTOR_CAUSES_H
#define WGBGP_VIEW_DOCTOR_CAUSES_H

#include <jansson.h>
#include <stdbool.h>

struct cause {
	const char *text;   /* what is known; "" nothing more than the state */
	const char *advice; /* what to do */
};

bool cause_never_up(const json_t *tunnel); /* there was no handshake yet */
/* TUNNEL: a row of `tunnels` that is down or never was up; TUNNELS: all of them. PEER: its member
 * of `wireguard`, or NULL. */
struct cause cause_of_tunnel(const json_t *tunnel, const json_t *peer, const json_t *tunnels);
/* A row of `bgp-neighbors` that is not established. */
struct cause cause_of_session(const json_t *neighbor);
/* A configured endpoint of PEER whose name has no address, or only such that are not believed;
 * NULL: none. */
const json_t *cause_unresolved(const json_t *peer);
/* What to do about that one. */
const char *cause_name_advice(const json_t *endpoint);

#endif
