/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: decoding and encoding of BGP messages (RFC 4271 section 4, 4760, 5492, 2918, 7313).
 *
 * Decoders are tables of rows; the reaction that RFC 7606 asks for stands at each check. An
 * UPDATE's prefixes are not copied: an nlri_iter walks the bytes of the message.
 */
#ifndef WGBGP_BGPD_MESSAGE_H
#define WGBGP_BGPD_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "attr.h"
#include "buf.h"
#include "prefix.h"

#define BGP_HEADER_BYTES 19
#define BGP_MESSAGE_MAX 4096 /* bytes; extended messages (RFC 8654) are not negotiated */

enum bgp_family { BGP_IPV4, BGP_IPV6, BGP_FAMILIES }; /* unicast of both */

struct nlri_iter {
	const uint8_t *at, *end;
	uint8_t family; /* AF_INET, AF_INET6 */
};
bool nlri_next(struct nlri_iter *it,
	       struct prefix *out); /* false at the end; the bytes were checked */

/* What an UPDATE says, after checks. At most one IPv4 and one MP part of each kind. */
struct update {
	struct attr *attr;	/* borrowed; NULL when nothing is announced */
	bool treat_as_withdraw; /* RFC 7606: the announced prefixes are to be withdrawn instead */
	struct nlri_iter withdrawn[2]; /* IPv4 field, MP_UNREACH_NLRI */
	struct nlri_iter announced[2]; /* IPv4 field (its attr), MP_REACH_NLRI (mp_attr) */
	struct attr *mp_attr;	       /* borrowed: the same set with MP_REACH_NLRI's next hop */
	bool eor[BGP_FAMILIES];	       /* the message is End-of-RIB of that family (RFC 4724) */
};

enum bgp_message { BGP_OPEN = 1, BGP_UPDATE, BGP_NOTIFICATION, BGP_KEEPALIVE, BGP_ROUTE_REFRESH };

/* What a NOTIFICATION says (RFC 4271 section 4.5), to be sent or received. */
struct bgp_error {
	uint8_t code, subcode;
	char text[128]; /* for people: what was wrong */
	uint16_t len;	/* of data */
	uint8_t data[BGP_MESSAGE_MAX - BGP_HEADER_BYTES - 2]; /* an attribute of any length fits */
};

/* "Cease/Administrative Reset"; static text, unknown numbers are said as such. */
const char *bgp_error_name(const struct bgp_error *e, char *out, size_t size);

/* What an OPEN says (RFC 4271 section 4.2) with its capabilities (RFC 5492). */
struct open {
	uint32_t as; /* from the capability, or the two octets */
	uint32_t router_id;
	uint16_t hold_time; /* seconds */
	bool mp;	    /* said which families it speaks; else it is IPv4 */
	bool family[BGP_FAMILIES];
	bool four_octet, refresh;
	bool extended_hop;  /* RFC 8950: it takes IPv6 next hops of IPv4 unicast */
	bool gr;	    /* RFC 4724; without families it only tells End-of-RIB */
	bool gr_restarting; /* R: it has just restarted */
	uint16_t gr_time;   /* seconds */
	bool gr_family[BGP_FAMILIES];
	bool gr_forwarding[BGP_FAMILIES]; /* F: it kept forwarding */
	uint32_t unknown;		  /* capabilities that we do not speak */
};
/* 0, or -EBADMSG with the NOTIFICATION to answer in ERROR. */
int open_decode(const uint8_t *body, size_t len, struct open *o, struct bgp_error *error);
void open_put(struct wr *w, const struct open *o);
void notification_decode(const uint8_t *body, size_t len, struct bgp_error *e);
void notification_put(struct wr *w, const struct bgp_error *e);
void keepalive_put(struct wr *w);
/* BGP_FAMILIES for one that we do not speak, or a subtype that is no plain request (RFC 7313). */
enum bgp_family refresh_decode(const uint8_t *body, size_t len);
void refresh_put(struct wr *w, enum bgp_family family);

/* How a session reads UPDATEs. */
struct update_context {
	bool ebgp, four_octet;
	bool family[BGP_FAMILIES]; /* negotiated */
	uint32_t as;		   /* the neighbour's: an eBGP path starts with it, */
	bool any_first_as;	   /* unless it may start with any (a route server's) */
	uint8_t plane;		   /* that next hops are in */
	bool aigp;		   /* the neighbour's metric is taken */
	bool extended_hop;	   /* negotiated: next hops of IPv4 may be IPv6 (RFC 8950) */
	bool link_local;	   /* the session runs over those of a tunnel */
	const char *link;	   /* that link-local next hops are on; NULL: not known */
};
/* Decodes an UPDATE's body (behind the header). 0, or -EBADMSG: the session must end with ERROR.
 * What U borrows is valid until update_release(). */
int update_decode(const uint8_t *body, size_t len, const struct update_context *ctx,
		  struct update *u, struct bgp_error *error);
void update_release(struct update *u);

/* Encoding: begin writes the header, end fills in the length; what lies between is the caller's.
 * The message must not become longer than BGP_MESSAGE_MAX. */
size_t message_begin(struct wr *w, enum bgp_message type);
void message_end(struct wr *w, size_t mark);
void nlri_put(struct wr *w, const struct prefix *p); /* length octet and the bytes needed */
unsigned nlri_bytes(const struct prefix *p);

#endif
