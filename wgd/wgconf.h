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

#include "echo.h"
#include "liveness.h"
#include "messages.h"
#include "quality.h"
#include "wg.h"

enum wgconf_backend { BACKEND_AUTO, BACKEND_KERNEL, BACKEND_USERSPACE };
enum wgconf_admin { ADMIN_UP, ADMIN_DOWN, ADMIN_EXTERNAL };

struct bfd_conf {
	bool enabled, passive;
	uint32_t interval, receive; /* ms */
	uint8_t multiplier;
};

struct peer_conf {
	char name[MSG_NAME_MAX + 1];
	uint8_t key[WG_KEY_BYTES];
	char *description; /* for show only */
	char *psk_file;	  /* NULL: none */
	char **endpoints; /* as configured, best first */
	unsigned n_endpoints;
	uint32_t endpoint_timeout; /* ms that each has to bring the tunnel up */
	uint32_t endpoint_return;  /* s on another one after which the first is tried; 0 never */
	uint16_t keepalive;	   /* seconds, 0 off */
	struct addr *tunnel_addrs;
	size_t n_tunnel_addrs;
	struct prefix *statics; /* `allowed-ips`; 0.0.0.0/0 and ::/0 for `any` */
	size_t n_statics;
	bool any;
	struct prefix *permit; /* for show only */
	size_t n_permit;
	uint32_t cost;
	struct liveness_config liveness;
	bool icmp_errors; /* those of the underlay are heard */
	struct bfd_conf bfd;
	struct echo_config echo;
	struct quality_config quality;
};

struct if_conf {
	char name[16];
	char plane[MSG_NAME_MAX + 1]; /* for show only */
	char *description;	      /* for show only */
	char *key_file;	      /* NULL: none */
	uint16_t listen_port; /* 0: any */
	uint32_t fwmark;
	struct tunnel_addr *addrs;
	size_t n_addrs;
	uint32_t mtu;
	enum wgconf_admin admin;
	bool adopt;
	enum wgconf_backend backend;
	uint32_t poll_interval;	 /* ms */
	struct peer_conf *peers; /* disabled ones are left out */
	size_t n_peers;
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

#endif
