/* SPDX-License-Identifier: BSD-2-Clause */
/* export_text: a file of wg-quick(8) for the client that a peer of ours is. */
#ifndef WGBGP_CLI_EXPORT_TEXT_H
#define WGBGP_CLI_EXPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "prefix.h"
#include "wg.h"

struct export_client {
	char private_key[WG_KEY_STRLEN]; /* "": wg-quick takes it from a file of the client's */
	char psk[WG_KEY_STRLEN];	 /* "": none */
	char public_key[WG_KEY_STRLEN];	 /* ours */
	const char *endpoint, *dns;	 /* "": none */
	struct prefix *addrs, *allowed;
	size_t n_addrs, n_allowed;
	uint32_t mtu, keepalive; /* 0: none */
};

/* For export_text_free(), which wipes it. */
char *export_text(const struct export_client *c);
void export_text_free(char *text);
/* Wipes the keys, frees the lists. */
void export_client_free(struct export_client *c);

#endif
