/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attrs: path attributes as the benchmark's speaker sees them: decoded once, interned, written
 * again for whoever they are sent to.
 *
 * The speaker takes attributes as they come (from a table dump, from the wire, from the generator):
 * AS numbers are widened to four bytes, everything that it does not look at is kept as it was
 * encoded. Deliberately apart from bgpd's own decoder, so that neither proves the other right.
 */
#ifndef WGBGP_BENCH_ATTRS_H
#define WGBGP_BENCH_ATTRS_H

#include "buf.h"
#include "hash.h"

struct attrs {
	uint8_t origin;
	bool has_med, has_local_pref;
	uint32_t med, local_pref;
	struct addr next_hop;	     /* family 0: none given */
	const uint8_t *path;	     /* segments, four-byte AS numbers */
	const uint8_t *rest;	     /* other attributes, encoded whole */
	uint16_t path_len, rest_len; /* bytes */
};

/* What an attribute section holds besides: NLRI of the multiprotocol attributes (RFC 4760). */
struct mp_nlri {
	uint8_t family;			/* AF_INET, AF_INET6; 0: nothing of a unicast family */
	const uint8_t *reach, *unreach; /* NULL: attribute absent */
	size_t reach_len, unreach_len;
	bool has_reach, has_unreach;
};

enum attrs_source {
	ATTRS_AS4,	/* the wire, with four-byte AS numbers */
	ATTRS_AS2,	/* TABLE_DUMP: two-byte AS numbers */
	ATTRS_RIB_ENTRY /* TABLE_DUMP_V2: as ATTRS_AS4, but MP_REACH_NLRI is the next hop alone */
};

/* Decodes LEN bytes at DATA. OUT points into DATA and into SCRATCH, which is reset: valid until
 * either changes. Returns 0 or -EBADMSG. */
int attrs_decode(const uint8_t *data, size_t len, enum attrs_source source, struct wr *scratch,
		 struct attrs *out, struct mp_nlri *mp);

/* Whom attributes are written for. */
struct attrs_target {
	uint32_t prepend_as;  /* first AS of the path; 0: the path as it is */
	bool internal;	      /* iBGP: LOCAL_PREF is sent, else it is left out */
	uint32_t local_pref;  /* instead of the recorded one; 0: as recorded */
	struct addr next_hop; /* instead of the recorded one; family 0: as recorded */
};

/* Writes the attributes for IPv4 NLRI, or for IPv6 NLRI of LEN bytes at NLRI (MP_REACH_NLRI). */
void attrs_encode(struct wr *w, const struct attrs *a, const struct attrs_target *to,
		  const uint8_t *nlri, size_t len);

/* Interned sets, by number. */
struct attrs_pool {
	struct attrs_entry **entries;
	size_t count, cap;
	struct hash_table table;
	struct wr key; /* scratch */
};

uint32_t attrs_intern(struct attrs_pool *pool, const struct attrs *a);
const struct attrs *attrs_get(const struct attrs_pool *pool, uint32_t number);
uint64_t attrs_digest(const struct attrs_pool *pool, uint32_t number); /* same set, same value */
void attrs_pool_free(struct attrs_pool *pool);

/* The AS path as text: "1853 1239 {80 81}". */
void attrs_path_text(const struct attrs *a, char *out, size_t size);

#endif
