/* SPDX-License-Identifier: BSD-2-Clause */
#include "buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define FILL_BYTES 16384
#define IPV4_BY_LINK 5 /* in place of a family */
#define IPV4_BY_LINK_BYTES 8

void wr_free(struct wr *w)
{
	free(w->data);
	*w = (struct wr){0};
}

void wr_reset(struct wr *w)
{
	w->len = 0;
}

uint8_t *wr_room(struct wr *w, size_t n)
{
	uint8_t *at;

	if (w->len + n > w->cap) {
		w->cap = (w->len + n) * 2 < 256 ? 256 : (w->len + n) * 2;
		w->data = xrealloc(w->data, w->cap);
	}
	at = w->data + w->len;
	w->len += n;
	return at;
}

int wr_fill(struct wr *w, int fd, size_t max)
{
	size_t before = w->len;
	ssize_t n;

	do {
		n = read(fd, wr_room(w, FILL_BYTES), FILL_BYTES);
		w->len -= FILL_BYTES - (size_t)(n > 0 ? n : 0);
	} while ((n > 0 && w->len - before <= max) || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : n > 0 ? -EFBIG : 0;
}

void wr_u8(struct wr *w, uint8_t v)
{
	*wr_room(w, 1) = v;
}

void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *at = wr_room(w, 2);

	at[0] = v >> 8;
	at[1] = v;
}

void wr_u32(struct wr *w, uint32_t v)
{
	wr_u16(w, v >> 16);
	wr_u16(w, v);
}

void wr_u64(struct wr *w, uint64_t v)
{
	wr_u32(w, v >> 32);
	wr_u32(w, v);
}

void wr_bytes(struct wr *w, const void *data, size_t n)
{
	if (n)
		memcpy(wr_room(w, n), data, n);
}

void wr_str(struct wr *w, const char *s)
{
	size_t n = strlen(s);

	if (n > UINT16_MAX)
		n = UINT16_MAX;
	wr_u16(w, n);
	wr_bytes(w, s, n);
}

/* The plane stands above the family's three bits. */
static uint8_t family_code(uint8_t family, uint8_t plane)
{
	return family == AF_INET ? 4 | plane << 3 : family == AF_INET6 ? 6 | plane << 3 : 0;
}

void wr_addr(struct wr *w, const struct addr *a)
{
	wr_u8(w, family_code(a->family, a->plane));
	wr_bytes(w, a->b, family_bytes(a->family));
}

void wr_hop(struct wr *w, const struct addr *a)
{
	if (a->family != AF_INET || !addr_has_link(a)) {
		wr_addr(w, a);
		return;
	}
	wr_u8(w, IPV4_BY_LINK | a->plane << 3);
	wr_bytes(w, a->b, IPV4_BY_LINK_BYTES);
}

void wr_prefix(struct wr *w, const struct prefix *p)
{
	wr_u8(w, family_code(p->family, p->plane));
	wr_u8(w, p->len);
	wr_bytes(w, p->b, (p->len + 7) / 8);
}

void wr_endpoint(struct wr *w, const struct endpoint *e)
{
	wr_addr(w, &e->addr);
	wr_u16(w, e->port);
	wr_u32(w, e->scope_id);
}

void rd_init(struct rd *r, const void *data, size_t n)
{
	r->at = data;
	r->end = n ? r->at + n : r->at; /* nothing may be NULL */
	r->bad = false;
}

size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->at);
}

bool rd_done(const struct rd *r)
{
	return !r->bad && r->at == r->end;
}

const uint8_t *rd_take(struct rd *r, size_t n)
{
	const uint8_t *at = r->at;

	if (r->bad || (size_t)(r->end - r->at) < n) {
		r->bad = true;
		return NULL;
	}
	r->at += n;
	return at;
}

uint8_t rd_u8(struct rd *r)
{
	const uint8_t *at = rd_take(r, 1);

	return at ? at[0] : 0;
}

uint16_t rd_u16(struct rd *r)
{
	const uint8_t *at = rd_take(r, 2);

	return at ? at[0] << 8 | at[1] : 0;
}

uint32_t rd_u32(struct rd *r)
{
	const uint8_t *at = rd_take(r, 4);

	return at ? (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3] : 0;
}

uint64_t rd_u64(struct rd *r)
{
	uint64_t high = rd_u32(r);

	return high << 32 | rd_u32(r);
}

void rd_bytes(struct rd *r, void *out, size_t n)
{
	const uint8_t *at = rd_take(r, n);

	if (!n)
		return;
	if (at)
		memcpy(out, at, n);
	else
		memset(out, 0, n);
}

void rd_str(struct rd *r, char *out, size_t size)
{
	size_t n = rd_u16(r);
	const uint8_t *at = rd_take(r, n);

	out[0] = '\0';
	if (!at)
		return;
	if (n >= size || memchr(at, '\0', n)) {
		r->bad = true;
		return;
	}
	memcpy(out, at, n);
	out[n] = '\0';
}

static uint8_t rd_family(struct rd *r, bool none_allowed, uint8_t *plane)
{
	uint8_t code = rd_u8(r);

	*plane = code >> 3;
	if ((code & 7) == 4)
		return AF_INET;
	if ((code & 7) == 6)
		return AF_INET6;
	*plane = 0;
	if (code != 0 || !none_allowed)
		r->bad = true;
	return 0;
}

void rd_addr(struct rd *r, struct addr *out)
{
	*out = (struct addr){0};
	out->family = rd_family(r, true, &out->plane);
	rd_bytes(r, out->b, family_bytes(out->family));
}

void rd_hop(struct rd *r, struct addr *out)
{
	if (!rd_left(r) || (*r->at & 7) != IPV4_BY_LINK) {
		rd_addr(r, out);
		return;
	}
	*out = (struct addr){.family = AF_INET, .plane = rd_u8(r) >> 3};
	rd_bytes(r, out->b, IPV4_BY_LINK_BYTES);
	r->bad = r->bad || !addr_has_link(out);
}

void rd_prefix(struct rd *r, struct prefix *out)
{
	uint8_t plane, family = rd_family(r, false, &plane), len = rd_u8(r), bytes[16] = {0};

	*out = (struct prefix){0};
	if (r->bad || len > family_bits(family)) {
		r->bad = true;
		return;
	}
	rd_bytes(r, bytes, (len + 7) / 8);
	*out = prefix_make(family, bytes, len);
	out->plane = plane;
}

void rd_endpoint(struct rd *r, struct endpoint *out)
{
	rd_addr(r, &out->addr);
	out->port = rd_u16(r);
	out->scope_id = rd_u32(r);
}
