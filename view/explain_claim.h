/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_claim: which tunnel peer a destination is meant for, whatever the routes say.
 *
 * A destination inside a permit list, a static AllowedIPs entry, a tunnel address or the network of
 * a WireGuard interface is meant to go through a tunnel. If its packets leave by another link they
 * are not encrypted, so `explain` does not call it reachable. Pure: looks at rows of `wireguard`.
 */
#ifndef WGBGP_VIEW_EXPLAIN_CLAIM_H
#define WGBGP_VIEW_EXPLAIN_CLAIM_H

#include <jansson.h>
#include <stdbool.h>

#include "prefix.h"

enum claim_kind { CLAIM_NETWORK, CLAIM_PERMIT, CLAIM_STATIC, CLAIM_ADDRESS };

struct claim {
	enum claim_kind kind;
	struct prefix prefix;
	const json_t *interface; /* borrowed: row of `wireguard` */
	const json_t *peer;	 /* borrowed: member of its `peers`; NULL for CLAIM_NETWORK */
};

/* The longest one in PLANE that covers DST; of several as long, the last of the kinds above. A
 * permit list or an entry of everything (0.0.0.0/0) claims only where DEFAULT_TOO: it says what
 * may come, not what is meant. */
bool claim_find(const json_t *interfaces, const char *plane, const struct prefix *dst,
		bool default_too, struct claim *out);
/* "192.168.2.0/24 is in the permit list of peer b on wg0". */
const char *claim_text(const struct claim *c, char *out, size_t size);
#define CLAIM_TEXT(c) claim_text((c), (char[512]){0}, 512)

#endif
