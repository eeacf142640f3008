/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgconf: the part of the configuration that concerns wgd, decoded from its JSON.
 *
 * The tree is the effective one: templates are expanded and defaults filled in. A struct wgconf is
 * immutable once read and owns everything in it.
 */
#ifndef WGBGP_WGCONF_H
#define WGBGP_WGCONF_H

#include <jansson.h>

#include "conf_leaves.h"
#include "hash.h"
#include "messages.h"
#include "wg.h"

struct peer_conf {
	struct conf_peer; /* of the schema; first */
	char name[MSG_NAME_MAX];
	uint8_t key[WG_KEY_BYTES];
	struct hash_node by_key;
	char *description; /* for show only */
	char *psk_file;	   /* NULL: none */
	char **endpoints;  /* as configured, best first */
	unsigned n_endpoints;
	struct addr *tunnel_addrs;
	size_t n_tunnel_addrs;
	struct prefix *statics; /* `allowed-ips`; 0.0.0.0/0 and ::/0 for `any` */
	size_t n_statics;
	bool any;
	struct prefix *imported; /* entries that others made and that are handed over to us */
	size_t n_imported;
	struct prefix *permit; /* for show only */
	size_t n_permit;
};

struct if_conf {
	struct conf_interface; /* of the schema; first */
	char name[16];
	char plane[MSG_NAME_MAX]; /* for show only */
	bool has_uplink;	  /* its encrypted packets look into a table of their own */
	char *description;	  /* for show only */
	char *key_file;		  /* NULL: none */
	struct tunnel_addr *addrs;
	size_t n_addrs;
	uint32_t poll_interval;	 /* ms, of the peer that wants the shortest */
	struct peer_conf *peers; /* disabled ones are left out */
	size_t n_peers;
	struct hash_table by_key; /* of them */
};

struct wgconf {
	char *program; /* userspace WireGuard */
	struct if_conf *ifs;
	size_t n_ifs;
};

/* The whole configuration; NULL with a text where it cannot be used. */
struct wgconf *wgconf_read(const json_t *config, char *error, size_t size);
void wgconf_free(struct wgconf *conf); /* NULL is fine */
const struct if_conf *wgconf_find(const struct wgconf *conf, const char *ifname);
const struct peer_conf *wgconf_find_peer(const struct if_conf *conf, const uint8_t *key);
bool peer_conf_fixed(const struct peer_conf *conf, const struct prefix *p); /* a fixed entry */
bool peer_conf_imports(const struct peer_conf *conf, const struct prefix *p);

#endif
