/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr_parse: the path attributes of an UPDATE, checked as RFC 7606 asks, then made canonical.
 */
#ifndef WGBGP_BGPD_ATTR_PARSE_H
#define WGBGP_BGPD_ATTR_PARSE_H

#include "attr_wire.h"
#include "message.h"

/* What an error leads to, the mildest first (RFC 7606 section 2). */
enum attr_action { ATTR_OK, ATTR_DISCARD, ATTR_WITHDRAW, ATTR_RESET };

/* MP_REACH_NLRI or MP_UNREACH_NLRI (RFC 4760). */
struct attr_mp {
	bool present;
	uint8_t family; /* AF_INET, AF_INET6, 0: one that we do not speak */
	struct addr nexthop, nexthop_ll;
	const uint8_t *nlri;
	size_t len;
};

struct attr_item {
	uint8_t type, flags;
	uint16_t len;
	const uint8_t *start, *value; /* in the message, with its header and without */
};

struct attr_parse {
	const struct update_context *ctx;
	enum attr_action worst;
	struct bgp_error *error;     /* of the worst one */
	bool seen[256];		     /* by type */
	struct attr_item items[256]; /* by ascending type, without those that were discarded */
	unsigned n_items, n_attributes;
	struct addr nexthop; /* NEXT_HOP, family 0 none */
	struct attr_mp reach, unreach;
};

/* Reads the attributes of LEN bytes. The worst action is in P and ERROR says why. */
void attr_parse(struct attr_parse *p, const uint8_t *data, size_t len,
		const struct update_context *ctx, struct bgp_error *error);
bool attr_parse_seen(const struct attr_parse *p, uint8_t type);
/* Notes an error: keeps the worst. Returns ACTION. */
enum attr_action attr_parse_fail(struct attr_parse *p, enum attr_action action, uint8_t subcode,
				 const char *text);
/* Interns what was read with this next hop; a new reference. Only when the worst is below
 * ATTR_WITHDRAW. */
struct attr *attr_parse_intern(const struct attr_parse *p, const struct addr *nexthop,
			       const struct addr *nexthop_ll);
/* Every prefix length is legal and the last prefix ends with the field. */
bool nlri_valid(const uint8_t *at, size_t len, uint8_t family);

#endif
