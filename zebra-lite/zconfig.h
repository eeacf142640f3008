/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zconfig: the `rib` part of the configuration as zebra-lite uses it.
 */
#ifndef WGBGP_ZEBRA_ZCONFIG_H
#define WGBGP_ZEBRA_ZCONFIG_H

#include <jansson.h>

#include "conf_leaves.h"
#include "nftset.h"
#include "out.h"
#include "prefix.h"
#include "uplink.h"

/* An entry that others made and that is handed over to us. */
struct zimported {
	struct prefix prefix;
	char interface[16];
};

/* A static route, of whatever plane. */
struct zstatic {
	struct prefix prefix;
	struct addr next_hop; /* family 0: none */
	char interface[16];   /* "" none */
	bool blackhole;
	bool isolate; /* what ends a plane's table: not the user's */
	uint8_t distance;
	uint32_t metric;
};

/* One of the list `static`, whose routes have DISTANCE unless they say another one. 0, or -EINVAL
 * with a text. */
int zstatic_read(const json_t *item, uint8_t plane, uint8_t distance, struct zstatic *s,
		 char *error, size_t size);

struct zconfig {
	bool kernel;	     /* off: compute, do not install */
	bool bgp;	     /* is configured; else bgpd has nothing to say */
	bool pin;	     /* host routes for endpoints; off: covering prefixes are refused */
	bool last_path_keep; /* a next hop that is down by a guess is a last resort */
	enum conf_rib_nftables_sets nftables;
	bool resilient;			     /* flows of nexthop groups stay where they are */
	bool via_default;		     /* next hops may resolve through a default route */
	uint32_t table, metric;		     /* of our kernel routes; the main plane's table */
	uint32_t plane_table[PLANES_MAX];    /* 0: no such plane; one that is gone keeps its own */
	uint32_t plane_priority[PLANES_MAX]; /* of its rules */
	bool plane_shared[PLANES_MAX]; /* its tunnels lead to own addresses of other planes, too */
	uint8_t protocol;	       /* rtm_protocol of our kernel routes */
	uint32_t sweep_s;
	uint8_t d_connected, d_kernel, d_static, d_ebgp, d_ibgp;
	size_t n_statics;
	struct zstatic *statics; /* owned */
	size_t n_rules;
	struct krule *rules; /* owned; one a family */
	size_t n_uplinks;
	struct uplink_conf *uplinks; /* owned */
	size_t n_imported;
	struct zimported *imported; /* owned; in the order of prefixes */
};
extern struct zconfig zconfig; /* in force; the schema's defaults before the first one */

/* zconfig_read.c: 0, or -EINVAL and a text. OUT is owned by the caller (zconfig_free()). */
int zconfig_read(const json_t *root, struct zconfig *out, char *error, size_t size);
void zconfig_free(struct zconfig *c);
/* zplane.c: reads `plane` into *C: tables, rules, and what isolates. */
int zplane_read(const json_t *root, struct zconfig *c, char *error, size_t size);
/* One more; of R one for each family, where it names none. */
struct zstatic *zconfig_add_static(struct zconfig *c);
void zconfig_add_rule(struct zconfig *c, struct krule r);
/* P is handed over at a peer of the interface. */
bool zconfig_is_handed_over(const struct prefix *p, const char *interface);
/* The plane whose routes stand in this table, or -1. */
int zplane_by_table(uint32_t table);

#endif
