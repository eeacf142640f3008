/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_endpoint: where a peer is reached.
 *
 * A configured endpoint is given to the device when the peer is made, when the configuration
 * changes, and again when the tunnel has been down for long; in between the peer may roam and its
 * current endpoint is left alone.
 */
#ifndef WGBGP_PEER_ENDPOINT_H
#define WGBGP_PEER_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "prefix.h"

struct peer;
struct wg_peer;

struct peer_endpoint {
	struct endpoint given; /* as last given to the device */
	char *text;	       /* the configuration's words for it */
	uint64_t resolved_at;  /* ms: the name was last resolved */
};

/* The endpoint to give to the device now; false: none. FOUND: the peer as it is there. */
bool peer_endpoint_choose(struct peer *p, bool create, const struct wg_peer *found,
			  struct endpoint *out);
void peer_endpoint_given(struct peer *p, const struct endpoint *e); /* NULL: none */
/* A reading of the device. True: the endpoint is another one than before. */
bool peer_endpoint_note(struct peer *p, const struct wg_peer *found);
void peer_endpoint_tick(struct peer *p, uint64_t now); /* after each reading */
void peer_endpoint_resolved(uint32_t id, const char *text, const struct endpoint *found);
void peer_endpoint_free(struct peer *p);

#endif
