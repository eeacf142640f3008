/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf: reading the configuration that the parent sends as JSON (RFC 7951, defaults included).
 *
 * The tree was validated against the schema, so a getter's fallback is only for leaves without a
 * default. Module names in front of a member ("wgbgp-bgp:bgp") are looked through.
 */
#ifndef WGBGP_CONF_H
#define WGBGP_CONF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "prefix.h"

/* How JSON is written that a program reads: in one line, times in ms with their parts. */
#define CONF_JSON_LINE (JSON_COMPACT | JSON_REAL_PRECISION(12))

/* An object or array in a text of LEN bytes, of which the last of equal members counts; NULL when it
 * is none. The caller's. */
json_t *conf_read(const void *text, size_t len);
/* The member NAME of OBJ, or NULL; borrowed. OBJ may be NULL. */
json_t *conf_get(const json_t *obj, const char *name);
/* Follows a path such as "wireguard/interface" from OBJ; borrowed or NULL. */
json_t *conf_at(const json_t *obj, const char *path);
/* The array NAME of OBJ (list or leaf-list); NULL when absent, which json_array_foreach takes as
 * empty. */
json_t *conf_list(const json_t *obj, const char *name);

bool conf_has(const json_t *obj, const char *name);
const char *conf_str(const json_t *obj, const char *name, const char *fallback);
uint32_t conf_u32(const json_t *obj, const char *name, uint32_t fallback);
bool conf_bool(const json_t *obj, const char *name, bool fallback); /* true/false, "on"/"off" */
/* 0, -ENOENT when absent, -EINVAL. */
int conf_addr(const json_t *obj, const char *name, struct addr *out);
/* The prefixes of a leaf-list; owned by the caller; those that do not parse are left out. */
struct prefix *conf_prefixes(const json_t *obj, const char *name, size_t *n);
struct addr *conf_addrs(const json_t *obj, const char *name, size_t *n);

#endif
