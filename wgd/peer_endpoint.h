/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_endpoint: where a peer is reached.
 *
 * A peer may have several configured endpoints, addresses and names (targets.h). The device gets
 * one when the peer is made, and when the configuration changes unless the device has one of them.
 * While the tunnel is down or never was up each one has `endpoint-timeout` to bring it up, then
 * the next one is tried; at once where echo or BFD found the one that worked dead. While it is up
 * nothing is given to the device: WireGuard follows its far end by itself, and what a name means by
 * now is only remembered, for when it is needed. A changed answer for the endpoint that is being
 * tried is given at once. With `endpoint-return` the first one is tried again after so long on
 * another one; when it does not answer in time the one that worked comes back.
 *
 * An endpoint that changes without our doing is an event (endpoint-changed). One that somebody else
 * chose, by the DNS or by sending a packet again from there, is not believed inside what is private
 * (ceiling.h), where zebra-lite makes no way around the tunnels: the answer does not count, and
 * WireGuard is sent back to where the peer was before: at once, and later and later where each of
 * the far end's packets undoes that; this is no trial of an endpoint. The operator may vouch for
 * the place, by a number in the configuration or by `endpoint-inside-permit`.
 */
#ifndef WGBGP_PEER_ENDPOINT_H
#define WGBGP_PEER_ENDPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "retry.h"
#include "targets.h"

struct peer;
struct wg_peer;

struct peer_endpoint {
	struct targets targets;
	bool known;	       /* a configuration was applied before */
	bool awaited;	       /* `given` was not seen in the device yet */
	struct endpoint given; /* as last given to the device */
	uint64_t given_at;     /* ms */
	uint64_t used_since;   /* ms: the tunnel works by the current one */
	bool returning;	       /* the first one is being tried, `back` worked */
	struct endpoint back;
	uint64_t rx_at_return;
	uint32_t changes;	     /* that we did not make */
	uint32_t set_back;	     /* times that it was given again for a place not believed */
	struct retry set_back_again; /* until then it stays where it is not believed */
};

/* The endpoint to give to the device now; false: none. FOUND: the peer as it is there. */
bool peer_endpoint_choose(struct peer *p, bool create, const struct wg_peer *found,
			  struct endpoint *out);
void peer_endpoint_given(struct peer *p, const struct endpoint *e); /* NULL: none */
/* A reading of the device. True: the endpoint is another one than before. */
bool peer_endpoint_note(struct peer *p, const struct wg_peer *found);
/* Another way leads there: gives the current one again, so that WireGuard forgets the source
 * address that it took before. */
void peer_endpoint_renew(struct peer *p);
void peer_endpoint_tick(struct peer *p, uint64_t now); /* after each reading */
void peer_endpoint_resolved(uint32_t id, unsigned slot, const char *host,
			    const struct resolved *answer);
json_t *peer_endpoint_json(const struct peer *p); /* the configured ones */
void peer_endpoint_free(struct peer *p);

#endif
