/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wg_mock: a WireGuard device in memory, for unit tests.
 *
 * It behaves as the real ones do: an entry given to another peer moves there, a removed peer takes
 * its entries along, an update of a peer that does not exist is passed over. Without single removal
 * it speaks the text of the userspace socket to itself, so that the way by the graveyard is tested
 * as written.
 */
#ifndef WGBGP_WG_MOCK_H
#define WGBGP_WG_MOCK_H

#include "slab.h"
#include "trie.h"
#include "wg.h"

struct mock_peer {
	uint8_t key[WG_KEY_BYTES];
	struct wg_peer info;
};

struct mock_entry {
	struct trie_node node; /* first */
	uint8_t key[WG_KEY_BYTES];
};

struct mock {
	struct wg wg; /* give &mock->wg to the code under test */
	struct mock_peer peers[64];
	size_t n_peers;
	struct trie entries;
	struct slab slab;
	size_t fail_after; /* changes until one fails with -ENOMEM; 0: never */
	size_t calls;	   /* of wg_change() */
};

struct mock *mock_new(const char *ifname, bool single_removal);
/* What somebody else does with wg(8). */
void mock_put(struct mock *m, const struct prefix *p, const uint8_t *key);
void mock_take(struct mock *m, const struct prefix *p);
const uint8_t *mock_owner(const struct mock *m, const struct prefix *p); /* NULL: no entry */
bool mock_has_peer(const struct mock *m, const uint8_t *key);

#endif
