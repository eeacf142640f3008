/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr: sets of path attributes, interned, immutable and reference-counted.
 *
 * Two paths with the same attributes share one struct attr, so comparing sets is comparing pointers
 * and an Adj-RIB-Out packs neighbours in its queue by pointer. A set keeps what the decision
 * process reads as plain fields, and everything (in canonical form: ascending type, 4-octet AS
 * numbers, next hop apart) as wire bytes for sending again; unknown transitive attributes ride
 * along in the wire form, marked partial. Sets are found by a keyed hash over their canonical form.
 * Ours to change one: attr_edit.
 */
#ifndef WGBGP_BGPD_ATTR_H
#define WGBGP_BGPD_ATTR_H

#include <stdbool.h>
#include <stdint.h>

#include "hash.h"
#include "prefix.h"

enum attr_origin { ORIGIN_IGP, ORIGIN_EGP, ORIGIN_INCOMPLETE };

struct attr {
	struct hash_node node;
	uint32_t refs;
	struct addr nexthop;  /* NEXT_HOP or the global address of MP_REACH_NLRI, in a plane */
	uint32_t med;	      /* valid with has_med */
	uint32_t local_pref;  /* valid with has_local_pref */
	uint32_t neighbor_as; /* first AS of the path, 0 when empty: whose MEDs compare */
	uint32_t weight;      /* local, set by policy only; never sent */
	uint16_t as_path_len; /* as the decision process counts: a set is 1 */
	uint16_t wire_len;
	uint8_t cluster_len; /* identifiers in the cluster list */
	uint8_t origin;	     /* enum attr_origin */
	bool has_med : 1, has_local_pref : 1, atomic_aggregate : 1;
	bool has_nexthop_ll : 1; /* see attr_nexthop_ll() */
	bool has_aigp : 1;	 /* see attr_aigp() */
	bool has_originator : 1; /* see attr_originator_id() */
	bool llgr_stale : 1;	 /* community LLGR_STALE */
	uint8_t wire[]; /* canonical path attributes without NEXT_HOP, MP_REACH, MP_UNREACH,
			   MULTI_EXIT_DISC and LOCAL_PREF (these four are fields); the
			   link-local next hop behind them */
};

/* The second address of an IPv6 next hop, link-local, 16 bytes; NULL: none. Few have one. */
static inline const uint8_t *attr_nexthop_ll(const struct attr *a)
{
	return a->has_nexthop_ll ? a->wire + a->wire_len : NULL;
}

/* What few ask for, or few have, is looked up in the wire form. */
uint64_t attr_aigp(const struct attr *a);	   /* accumulated metric; with has_aigp */
uint32_t attr_originator_id(const struct attr *a); /* host order, 0 none */
uint32_t attr_origin_as(const struct attr *a);	   /* last AS, 0 when empty or a set */

struct attr *attr_ref(struct attr *a);
void attr_unref(struct attr *a); /* NULL is fine */
size_t attr_count(void);	 /* live sets */
size_t attr_bytes(void);

/* A changed copy: begin, change, finish; finish interns and returns a new reference. */
struct attr_edit;
struct attr_edit *attr_edit_begin(const struct attr *from); /* NULL: origin IGP, empty path */
void attr_edit_origin(struct attr_edit *e, enum attr_origin origin);
void attr_edit_nexthop(struct attr_edit *e, const struct addr *nexthop); /* the plane stays */
/* ... and behind that the link-local one; family 0: none. */
void attr_edit_nexthop_ll(struct attr_edit *e, const struct addr *ll);
void attr_edit_local_pref(struct attr_edit *e, bool present, uint32_t v);
void attr_edit_med(struct attr_edit *e, bool present, uint32_t v);
void attr_edit_weight(struct attr_edit *e, uint32_t v);
void attr_edit_prepend(struct attr_edit *e, uint32_t as, unsigned times);
void attr_edit_community(struct attr_edit *e, bool add, uint32_t community);
void attr_edit_aigp(struct attr_edit *e, bool present, uint64_t v); /* RFC 7311 */
/* In bytes per second, as given by AS; takes the place of another one. */
void attr_edit_link_bandwidth(struct attr_edit *e, uint32_t as, float v);
void attr_edit_large_community(struct attr_edit *e, bool add, const uint32_t value[3]);
/* What may not leave the AS (RFC 4360 section 6); BANDWIDTH: but link-bandwidth, which we set. */
void attr_edit_drop_nontransitive(struct attr_edit *e, bool bandwidth);
void attr_edit_clear_communities(struct attr_edit *e); /* standard ones */
void attr_edit_clear_large_communities(struct attr_edit *e);
void attr_edit_originator(struct attr_edit *e, uint32_t id);	  /* RFC 4456 */
void attr_edit_cluster_prepend(struct attr_edit *e, uint32_t id); /* RFC 4456 */
void attr_edit_drop_internal(
	struct attr_edit *e); /* LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST; for eBGP */
struct attr *attr_edit_finish(struct attr_edit *e);

/* Questions. */
bool attr_as_path_has(const struct attr *a, uint32_t as, unsigned at_least);
bool attr_cluster_has(const struct attr *a, uint32_t id);
bool attr_community_has(const struct attr *a, uint32_t community);
bool attr_large_community_has(const struct attr *a, const uint32_t value[3]);
/* The extended community link-bandwidth, in bytes per second; false: there is none. */
bool attr_link_bandwidth(const struct attr *a, float *out);
/* Adds as-path, origin, communities, med ... to the open object as doc/requests.md names them;
 * or only what a line of a table says, where there is any. */
struct json_text;
void attr_put_json(struct json_text *out, const struct attr *a);
void attr_put_json_brief(struct json_text *out, const struct attr *a);

/* Wire form for sending. FOUR_OCTET: the receiver's AS numbers; else AS_TRANS and AS4_PATH (RFC
 * 6793). IPv4 unicast puts NEXT_HOP in; IPv6 does not, its next hop stands in MP_REACH_NLRI.
 * Appends to W. */
struct wr;
void attr_put(struct wr *w, const struct attr *a, bool ipv4_nexthop, bool four_octet);

#endif
