/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefix: IP addresses and prefixes of both families, as values.
 *
 * Bytes are in network order. A struct prefix always has its host bits zero (prefix_make() clears
 * them), so two equal prefixes are equal byte by byte; unused bytes of an IPv4 address are zero for
 * the same reason. family is AF_INET, AF_INET6, or 0 for "none".
 *
 * An address and a prefix stand in a plane (doc/planes.md): a number, 0 for the
 * main one. What is in different planes is different: equality, order, covering and messages
 * between our processes include it; text and everything on the wire leave it out.
 *
 * fe80::1 is another host on each link. Where such an address names a host (next hops, tunnel
 * addresses) it carries the number of its interface in octets 4 to 7, which are zero on the wire
 * (RFC 4291 section 2.5.6), so again what is different is different everywhere. The number follows
 * from the interface's name: it is the same in all daemons, and when the interface is made anew.
 * Text has the name behind it; the kernel and the wire get addr_off_link(). So may an IPv4 address
 * of a host that several tunnels lead to, where a session says by which one it means.
 */
#ifndef WGBGP_PREFIX_H
#define WGBGP_PREFIX_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define PLANES_MAX 32 /* the main one included; five bits in messages and paths */

struct addr {
	uint8_t family; /* AF_INET, AF_INET6, 0 none */
	uint8_t plane;	/* 0 main */
	uint8_t b[16];	/* network order; 4 or 16 bytes used, the rest zero but for the link */
};

struct prefix {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t len;	/* bits: 0..32 or 0..128 */
	uint8_t plane;	/* 0 main */
	uint8_t b[16];	/* network order, host bits zero */
};

struct endpoint {
	struct addr addr;  /* family 0: not known */
	uint16_t port;	   /* host order */
	uint32_t scope_id; /* interface index for IPv6 link-local, else 0 */
};

#define ADDR_STRLEN 48 /* with %INTERFACE */
#define PREFIX_STRLEN 52
#define ENDPOINT_STRLEN 64

static inline unsigned family_bytes(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

static inline unsigned family_bits(uint8_t family)
{
	return family_bytes(family) * 8;
}

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The same address and port; a scope is not looked at. */
static inline bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_eq(&a->addr, &b->addr);
}

static inline bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Eight bytes as a number whose order is that of the bits. */
static inline uint64_t word_at(const uint8_t *b)
{
	uint64_t word;

	memcpy(&word, b, sizeof(word));
	return be64toh(word);
}

/* How many leading bits the 16 bytes at A and at B share: 0..128. */
static inline unsigned bits_shared(const uint8_t *a, const uint8_t *b)
{
	uint64_t diff = word_at(a) ^ word_at(b);

	if (diff)
		return (unsigned)__builtin_clzll(diff);
	diff = word_at(a + 8) ^ word_at(b + 8);
	return diff ? 64 + (unsigned)__builtin_clzll(diff) : 128;
}

/* The same in another plane. */
static inline struct addr addr_in_plane(const struct addr *a, uint8_t plane)
{
	struct addr other = *a;

	other.plane = plane;
	return other;
}

static inline struct prefix prefix_in_plane(const struct prefix *p, uint8_t plane)
{
	struct prefix other = *p;

	other.plane = plane;
	return other;
}

/* BYTES in network order, 4 or 16 by FAMILY; in the main plane. */
struct addr addr_make(uint8_t family, const void *bytes);
struct prefix prefix_make(uint8_t family, const void *bytes, uint8_t len);
/* The host prefix: /32 or /128; /64 of an IPv4 address with its link, which tries tell apart. */
struct prefix prefix_of_addr(const struct addr *a);
struct addr addr_of_prefix(const struct prefix *p);

/* Order: plane, family, address, length. */
int addr_cmp(const struct addr *a, const struct addr *b);
static inline int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	uint64_t x = word_at(a->b), y = word_at(b->b);

	if (a->plane != b->plane)
		return a->plane < b->plane ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (x == y) {
		x = word_at(a->b + 8);
		y = word_at(b->b + 8);
	}
	return x != y ? (x < y ? -1 : 1) : (int)a->len - (int)b->len;
}

/* True when INNER is OUTER or inside it; never across planes. */
static inline bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->family == inner->family && outer->plane == inner->plane &&
	       outer->len <= inner->len && bits_shared(outer->b, inner->b) >= outer->len;
}

static inline bool prefix_has_addr(const struct prefix *p, const struct addr *a)
{
	return p->family == a->family && p->plane == a->plane && bits_shared(p->b, a->b) >= p->len;
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
bool addr_is_link_local(const struct addr *a); /* fe80::/10, 169.254/16 */
bool addr_is_private(const struct addr *a);    /* RFC 1918, 6598, 4193 */
bool addr_is_zero(const struct addr *a);
bool addr_is_host(const struct addr *a); /* unicast, not of loopback: others may send to it */

/* A link-local IPv6 address as that of the link of interface IFNAME ("": of none that is known), in
 * place of the one that it may have; all others as they are. */
struct addr addr_on_link(const struct addr *a, const char *ifname);
/* The same of an IPv4 address, too. */
struct addr addr_by_link(const struct addr *a, const char *ifname);
struct addr addr_off_link(const struct addr *a);
bool addr_has_link(const struct addr *a);
/* The interface, "" where there is none or none by that name was spoken of here. */
const char *addr_link(const struct addr *a);

/* Text. The parsers return 0 or -EINVAL; host bits are cleared by prefix_parse(), and an address
 * without
 * "/len" is a host prefix. addr_parse_with_len() keeps the host bits ("10.99.0.1/24"). */
int addr_parse(const char *text, struct addr *out);
int prefix_parse(const char *text, struct prefix *out);
int addr_parse_with_len(const char *text, struct addr *out, uint8_t *len);
int endpoint_parse(const char *text,
		   struct endpoint *out); /* 192.0.2.1:51820, [2001:db8::1]:51820 */
const char *addr_str(const struct addr *a, char out[ADDR_STRLEN]);
const char *prefix_str(const struct prefix *p, char out[PREFIX_STRLEN]);
const char *endpoint_str(const struct endpoint *e, char out[ENDPOINT_STRLEN]);

/* Text in a buffer of the statement that uses it: log_info("x", "a=%s", ADDR_STR(&a)). */
#define ADDR_STR(a) addr_str((a), (char[ADDR_STRLEN]){0})
#define PREFIX_STR(p) prefix_str((p), (char[PREFIX_STRLEN]){0})
#define ENDPOINT_STR(e) endpoint_str((e), (char[ENDPOINT_STRLEN]){0})

/* Socket addresses; the port is in host order. endpoint_from_sockaddr maps v4-in-v6 back to IPv4.
 */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out);
void endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *out);

#endif
