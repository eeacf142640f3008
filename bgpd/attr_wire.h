/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr_wire: the canonical bytes inside a struct attr; for attr*.c and message_update.c only.
 *
 * Each attribute is flags, type, length (one octet, or two with the extended flag when it needs
 * them), value; ascending by type, at most one of a type. AS_PATH has 4-octet AS numbers,
 * AGGREGATOR is 8 bytes long. NEXT_HOP, MULTI_EXIT_DISC, LOCAL_PREF, the MP attributes and AS4_* do
 * not occur.
 */
#ifndef WGBGP_BGPD_ATTR_WIRE_H
#define WGBGP_BGPD_ATTR_WIRE_H

#include "attr.h"
#include "buf.h"

enum attr_type {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_ATOMIC_AGGREGATE = 6,
	ATTR_AGGREGATOR = 7,
	ATTR_COMMUNITIES = 8,
	ATTR_ORIGINATOR_ID = 9,
	ATTR_CLUSTER_LIST = 10,
	ATTR_MP_REACH = 14,
	ATTR_MP_UNREACH = 15,
	ATTR_EXT_COMMUNITIES = 16,
	ATTR_AS4_PATH = 17,
	ATTR_AS4_AGGREGATOR = 18,
	ATTR_AIGP = 26,
	ATTR_LARGE_COMMUNITIES = 32,
};

#define ATTR_OPTIONAL 0x80
#define ATTR_TRANSITIVE 0x40
#define ATTR_PARTIAL 0x20
#define ATTR_EXTENDED 0x10

#define AS_SET 1
#define AS_SEQUENCE 2
#define AS_CONFED_SET 4 /* the highest (RFC 5065); AS_CONFED_SEQUENCE is 3 */
#define AS_TRANS 23456

#define LINK_BANDWIDTH 0x4004  /* first two bytes of the extended community; bit 0x4000 may be 0 */
#define EXT_NONTRANSITIVE 0x40 /* first byte of an extended community: of one AS */
#define AIGP_BYTES 11	       /* of its TLV of type 1 */

#define ATTR_WIRE_MAX 32768 /* bytes; what goes beyond is not added */

/* The header of an attribute whose value has LEN bytes; ATTR_EXTENDED of FLAGS is set as needed. */
size_t attr_head_bytes(size_t len);
void attr_head_write(uint8_t *at, uint8_t flags, uint8_t type, size_t len);

/* A set under construction. The whole of `head` but its bookkeeping is zeroed first, so that equal
 * sets are equal byte by byte. */
struct attr_draft {
	union {
		struct attr head;
		uint8_t bytes[sizeof(struct attr) + ATTR_WIRE_MAX]; /* room for head.wire[] */
	};
};
void attr_draft_clear(struct attr_draft *d);
/* Appends one attribute; types must ascend. False when there is no room. */
bool attr_draft_add(struct attr_draft *d, uint8_t flags, uint8_t type, const void *value,
		    size_t len);
/* The last step: LL has 16 bytes, or is NULL. */
void attr_draft_nexthop_ll(struct attr_draft *d, const uint8_t *ll);
/* Fills the fields that repeat what the wire form says (path length, originator ...). */
void attr_draft_derive(struct attr_draft *d);
/* The one set equal to the draft, a new reference; the draft stays as it is. */
struct attr *attr_intern(const struct attr_draft *d);

/* One attribute in canonical bytes. */
struct attr_tlv {
	uint8_t flags, type;
	uint16_t len;
	const uint8_t *value, *start, *end; /* of the whole attribute */
};
/* Reads the attribute at *AT and moves behind it; false at END. The bytes are ours: no checks. */
bool attr_tlv_next(const uint8_t **at, const uint8_t *end, struct attr_tlv *t);
bool attr_is_link_bandwidth(const uint8_t *v); /* 8 bytes */
bool attr_tlv_find(const uint8_t *wire, size_t len, uint8_t type, struct attr_tlv *t);

/* AS paths with 4-octet numbers, well-formed. */
unsigned as_path_count(const uint8_t *path, size_t len); /* as the decision counts: a set is 1 */

static inline uint32_t get_u32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static inline uint16_t get_u16(const uint8_t *b)
{
	return b[0] << 8 | b[1];
}

static inline void put_u32(uint8_t *b, uint32_t v)
{
	b[0] = v >> 24;
	b[1] = v >> 16;
	b[2] = v >> 8;
	b[3] = v;
}

#endif
