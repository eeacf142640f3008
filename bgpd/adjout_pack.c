/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout_pack: UPDATE messages (RFC 4271 section 4.3, RFC 4760) from attributes and prefixes.
 */
#include <string.h>

#include "adjout_group.h"
#include "attr_wire.h"
#include "util.h"

#define FLAGS_OPTIONAL_LONG 0x90 /* optional, extended length */

bool pack_empty(const struct pack *k)
{
	return k->nlri.len == 0;
}

/* Bytes of the next hop: a link-local address may stand behind the other one (RFC 2545). */
static uint8_t hop_bytes(const struct attr *a)
{
	return a->has_nexthop_ll ? 32 : 16;
}

bool pack_by_mp(uint8_t af, const struct attr *a)
{
	return af == AF_INET6 || (a && a->nexthop.family == AF_INET6);
}

/* Bytes of the MP attribute in front of its prefixes. */
static size_t mp_overhead(uint8_t af, const struct attr *announced)
{
	if (!pack_by_mp(af, announced))
		return 0;
	return announced ? 4 + 4 + hop_bytes(announced) + 1 : 4 + 3;
}

size_t pack_bytes(const struct pack *k)
{
	return BGP_HEADER_BYTES + 4 + mp_overhead(k->af, k->attr) + k->attrs.len + k->nlri.len;
}

size_t pack_overhead(uint8_t af, const struct attr *a)
{
	return BGP_HEADER_BYTES + 4 + mp_overhead(af, a);
}

bool pack_fits(const struct pack *k, const struct attr *attr, uint8_t af, uint8_t len,
	       uint16_t except, uint16_t only)
{
	return !pack_empty(k) && k->attr == attr && k->af == af && k->except == except &&
	       k->only == only && pack_bytes(k) + 1 + (len + 7) / 8 <= BGP_MESSAGE_MAX;
}

void pack_begin(struct pack *k, struct attr *attr, uint8_t af, uint16_t except, uint16_t only,
		bool four_octet)
{
	k->af = af;
	k->except = except;
	k->only = only;
	if (k->attr == attr && attr)
		return; /* the same set: the encoded form is still there */
	attr_unref(k->attr);
	k->attr = attr ? attr_ref(attr) : NULL;
	wr_reset(&k->attrs);
	if (attr)
		attr_put(&k->attrs, attr, !pack_by_mp(af, attr), four_octet);
}

void pack_put(struct pack *k, const struct prefix *p)
{
	unsigned bytes = (p->len + 7) / 8;
	uint8_t *at = wr_room(&k->nlri, 1 + bytes);

	at[0] = p->len;
	memcpy(at + 1, p->b, bytes);
}

static uint8_t *put16(uint8_t *out, size_t v)
{
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return out + 2;
}

static uint8_t *put_bytes(uint8_t *out, const void *data, size_t n)
{
	if (n)
		memcpy(out, data, n);
	return out + n;
}

static uint8_t *pack_put_mp(const struct pack *k, uint8_t *out)
{
	*out++ = FLAGS_OPTIONAL_LONG;
	*out++ = k->attr ? ATTR_MP_REACH : ATTR_MP_UNREACH;
	out = put16(out, mp_overhead(k->af, k->attr) - 4 + k->nlri.len);
	out = put16(out, k->af == AF_INET6 ? 2 : 1); /* AFI */
	*out++ = 1;	     /* SAFI */
	if (k->attr) {
		*out++ = hop_bytes(k->attr);
		out = put_bytes(out, k->attr->nexthop.b, 16);
		out = put_bytes(out, attr_nexthop_ll(k->attr), hop_bytes(k->attr) - 16);
		*out++ = 0;
	}
	return put_bytes(out, k->nlri.data, k->nlri.len);
}

void pack_write(struct pack *k, uint8_t *out)
{
	size_t total = pack_bytes(k);

	memset(out, 0xff, 16);
	out = put16(out + 16, total);
	*out++ = BGP_UPDATE;
	if (pack_by_mp(k->af, k->attr)) {
		out = put16(out, 0);
		out = put16(out, mp_overhead(k->af, k->attr) + k->nlri.len + k->attrs.len);
		out = pack_put_mp(k, out);
		put_bytes(out, k->attrs.data, k->attrs.len);
	} else if (k->attr) {
		out = put16(out, 0);
		out = put16(out, k->attrs.len);
		out = put_bytes(out, k->attrs.data, k->attrs.len);
		put_bytes(out, k->nlri.data, k->nlri.len);
	} else {
		out = put16(out, k->nlri.len);
		out = put_bytes(out, k->nlri.data, k->nlri.len);
		put16(out, 0);
	}
	wr_reset(&k->nlri);
}

void pack_free(struct pack *k)
{
	attr_unref(k->attr);
	wr_free(&k->attrs);
	wr_free(&k->nlri);
	*k = (struct pack){0};
}

/* RFC 4724 section 2. */
void pack_end_of_rib(struct wr *w, enum bgp_family family)
{
	static const uint8_t ipv6[] = {0, 7, FLAGS_OPTIONAL_LONG, ATTR_MP_UNREACH, 0, 3, 0, 2, 1};
	size_t mark = message_begin(w, BGP_UPDATE);

	wr_u16(w, 0);
	if (family == BGP_IPV4)
		wr_u16(w, 0);
	else
		wr_bytes(w, ipv6, sizeof(ipv6));
	message_end(w, mark);
}

static void read_nlri(const uint8_t *at, size_t n, uint8_t af,
		      void (*fn)(void *arg, const struct prefix *p), void *arg)
{
	struct nlri_iter it = {.at = at, .end = at + n, .family = af};
	struct prefix p;

	while (nlri_next(&it, &p))
		fn(arg, &p);
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The messages are ours: their form is known, at most one MP attribute, in front. */
void pack_read(const uint8_t *message, size_t len, void (*fn)(void *arg, const struct prefix *p),
	       void *arg)
{
	const uint8_t *at = message + BGP_HEADER_BYTES, *end = message + len, *attrs;
	size_t withdrawn = get16(at), n;

	read_nlri(at + 2, withdrawn, AF_INET, fn, arg);
	at += 2 + withdrawn;
	n = get16(at);
	attrs = at + 2;
	at = attrs + n;
	read_nlri(at, (size_t)(end - at), AF_INET, fn, arg);
	if (n < 7 || attrs[0] != FLAGS_OPTIONAL_LONG)
		return;
	n = get16(attrs + 2);
	if (attrs[1] == ATTR_MP_UNREACH)
		read_nlri(attrs + 7, n - 3, AF_INET6, fn, arg);
	else if (attrs[1] == ATTR_MP_REACH)
		read_nlri(attrs + 9 + attrs[7], n - 5 - attrs[7],
			  get16(attrs + 4) == 1 ? AF_INET : AF_INET6, fn, arg);
}
