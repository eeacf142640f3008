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

/* Parses a text of LEN bytes that holds one object or array; NULL when it does not. Of members with
 * the same name the last one counts. The caller owns the result. */
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
/* A number that is negative or has more than 32 bits is none. */
uint32_t conf_u32(const json_t *obj, const char *name, uint32_t fallback);
bool conf_bool(const json_t *obj, const char *name, bool fallback); /* true/false, "on"/"off" */
/*
 * Leaves of a container or list as members of a struct: yang/conf-leaves writes both from the
 * schema (conf_leaves.h in the folder that is built in), with its defaults.
 */
enum conf_kind { CONF_NUMBER, CONF_BOOL, CONF_WORD, CONF_INSIDE };

struct conf_leaf {
	const char *name; /* NULL behind the last one */
	enum conf_kind kind;
	uint16_t at;			/* offset of the member: uint32_t, bool, enum, struct */
	uint16_t has;			/* of a bool that says whether it is there, 0 none */
	uint32_t preset;		/* its value when absent */
	const char *const *words;	/* of CONF_WORD, by their number */
	const struct conf_leaf *inside; /* of CONF_INSIDE */
};

/* The number of WORD in WORDS (up to NULL), -1 where it is none of them; it may be NULL. */
int conf_word(const char *const *words, const char *word);
/* Fills what LEAVES name in the struct OUT, which they were written for; OBJ may be NULL. */
void conf_leaves_read(const struct conf_leaf *leaves, const json_t *obj, void *out);
/* For `show`, without those that it tells ELSEWHERE (up to NULL; NULL: all): an object of the
 * caller's. What is on or off is true or false there. */
json_t *conf_leaves_json(const struct conf_leaf *leaves, const void *from,
			 const char *const *elsewhere);

/* The process logs as `system` of CONFIG says. */
void conf_set_log(const json_t *config);

/* 0, -ENOENT when absent, -EINVAL. */
int conf_addr(const json_t *obj, const char *name, struct addr *out);
/* The values of a leaf-list, SIZE bytes each; owned by the caller. PARSE says whether there is
 * one. */
typedef bool (*conf_parse_fn)(const json_t *item, void *out);
void *conf_values(const json_t *obj, const char *name, size_t size, conf_parse_fn parse, size_t *n);
/* Those that do not parse are left out. */
struct prefix *conf_prefixes(const json_t *obj, const char *name, size_t *n);
struct addr *conf_addrs(const json_t *obj, const char *name, size_t *n);

#endif
