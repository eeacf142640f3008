/* SPDX-License-Identifier: BSD-2-Clause */
#include "routes.h"

#include <stdlib.h>

#include "util.h"

enum { MESSAGE_MAX = 4096, HEADER_LEN = 19, UPDATE = 2 };
enum { AFI_IPV6 = 2, SAFI_UNICAST = 1 };

void routes_add(struct routes *r, const struct prefix *p, uint32_t attrs)
{
	if (r->count == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 1024;
		r->list = xrealloc(r->list, r->cap * sizeof(*r->list));
	}
	r->list[r->count++] = (struct route){.prefix = *p, .attrs = attrs};
}

static int by_attrs(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->attrs != y->attrs)
		return x->attrs < y->attrs ? -1 : 1;
	return prefix_cmp(&x->prefix, &y->prefix);
}

void routes_group(struct routes *r)
{
	qsort(r->list, r->count, sizeof(*r->list), by_attrs);
}

void routes_free(struct routes *r)
{
	free(r->list);
	free(r);
}

/* ---- messages */

static void patch_u16(struct wr *w, size_t at, uint16_t value)
{
	w->data[at] = value >> 8;
	w->data[at + 1] = value & 0xff;
}

/* Returns where the message starts. */
static size_t message_begin(struct wr *w)
{
	size_t start = w->len;

	memset(wr_room(w, 16), 0xff, 16);
	wr_u16(w, 0);
	wr_u8(w, UPDATE);
	return start;
}

static void message_end(struct encoded *out, size_t start)
{
	size_t len = out->bytes.len - start;

	ensure(len <= MESSAGE_MAX);
	patch_u16(&out->bytes, start + 16, len);
	out->messages++;
}

static unsigned nlri_bytes(const struct prefix *p)
{
	return (p->len + 7) / 8;
}

static void put_nlri(struct wr *w, const struct prefix *p)
{
	wr_u8(w, p->len);
	wr_bytes(w, p->b, nlri_bytes(p));
}

/* One message for routes [from, end): as many as fit; returns the first that did not. */
static size_t encode_ipv4(const struct routes *r, size_t from, size_t end,
			  const struct attrs_target *to, struct encoded *out)
{
	struct wr *w = &out->bytes;
	size_t start = message_begin(w), lens = w->len, i;

	wr_u16(w, 0);
	wr_u16(w, 0);
	attrs_encode(w, attrs_get(r->pool, r->list[from].attrs), to, NULL, 0);
	patch_u16(w, lens + 2, w->len - lens - 4);
	for (i = from; i < end; i++) {
		if (w->len - start + 1 + nlri_bytes(&r->list[i].prefix) > MESSAGE_MAX)
			break;
		put_nlri(w, &r->list[i].prefix);
	}
	message_end(out, start);
	out->prefixes += i - from;
	return i;
}

static size_t encode_ipv6(const struct routes *r, size_t from, size_t end,
			  const struct attrs_target *to, struct encoded *out)
{
	const struct attrs *a = attrs_get(r->pool, r->list[from].attrs);
	size_t room = MESSAGE_MAX - HEADER_LEN - 4 - 64 - a->path_len - a->rest_len, start, lens, i;
	struct wr *w = &out->bytes, nlri = {0};

	for (i = from; i < end && nlri.len + 17 <= room; i++)
		put_nlri(&nlri, &r->list[i].prefix);
	start = message_begin(w);
	lens = w->len;
	wr_u16(w, 0);
	wr_u16(w, 0);
	attrs_encode(w, a, to, nlri.data, nlri.len);
	patch_u16(w, lens + 2, w->len - lens - 4);
	message_end(out, start);
	wr_free(&nlri);
	out->prefixes += i - from;
	return i;
}

static size_t run_end(const struct routes *r, size_t from)
{
	const struct route *first = &r->list[from];
	size_t i = from + 1;

	while (i < r->count && r->list[i].attrs == first->attrs &&
	       r->list[i].prefix.family == first->prefix.family)
		i++;
	return i;
}

void routes_encode(const struct routes *r, const struct attrs_target *to, struct encoded *out)
{
	size_t i = 0, end;

	while (i < r->count) {
		end = run_end(r, i);
		while (i < end)
			i = r->list[i].prefix.family == AF_INET ? encode_ipv4(r, i, end, to, out)
								: encode_ipv6(r, i, end, to, out);
	}
}

static size_t withdraw_some(const struct prefix *list, size_t count, uint8_t family,
			    struct encoded *out)
{
	struct wr *w = &out->bytes, nlri = {0};
	size_t start, i;

	for (i = 0; i < count && nlri.len < MESSAGE_MAX - 80; i++) {
		if (list[i].family == family)
			put_nlri(&nlri, &list[i]);
	}
	if (nlri.len > 0 && family == AF_INET) {
		start = message_begin(w);
		wr_u16(w, nlri.len);
		wr_bytes(w, nlri.data, nlri.len);
		wr_u16(w, 0);
		message_end(out, start);
	} else if (nlri.len > 0) {
		start = message_begin(w);
		wr_u16(w, 0);
		wr_u16(w, nlri.len + 7);
		wr_u16(w, 0x900f); /* optional, extended length; MP_UNREACH_NLRI */
		wr_u16(w, nlri.len + 3);
		wr_u16(w, AFI_IPV6);
		wr_u8(w, SAFI_UNICAST);
		wr_bytes(w, nlri.data, nlri.len);
		message_end(out, start);
	}
	wr_free(&nlri);
	return i;
}

void routes_encode_withdraw(const struct prefix *list, size_t count, struct encoded *out)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};

	for (unsigned f = 0; f < ARRAY_SIZE(families); f++) {
		for (size_t i = 0; i < count;)
			i += withdraw_some(list + i, count - i, families[f], out);
	}
	out->prefixes += count;
}

void routes_encode_end(uint8_t family, struct encoded *out)
{
	struct wr *w = &out->bytes;
	size_t start = message_begin(w);

	wr_u16(w, 0);
	if (family == AF_INET6) {
		wr_u16(w, 6);
		wr_u16(w, 0x800f);
		wr_u8(w, 3);
		wr_u16(w, AFI_IPV6);
		wr_u8(w, SAFI_UNICAST);
	} else {
		wr_u16(w, 0);
	}
	message_end(out, start);
}
