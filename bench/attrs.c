/* SPDX-License-Identifier: BSD-2-Clause */
#include "attrs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "util.h"

enum { ORIGIN = 1, AS_PATH, NEXT_HOP, MED, LOCAL_PREF, ATOMIC, AGGREGATOR };
enum { MP_REACH = 14, MP_UNREACH = 15 };
enum { OPTIONAL = 0x80, TRANSITIVE = 0x40, EXTENDED = 0x10 };
enum { AFI_IPV4 = 1, AFI_IPV6 = 2, SAFI_UNICAST = 1, AS_SET = 1 };

struct attrs_entry {
	struct hash_node node;
	struct attrs attrs; /* path and rest point into the bytes below */
	uint64_t digest;
	uint32_t number; /* in the pool */
	size_t len;
	uint8_t bytes[]; /* the canonical form that is compared */
};

/* ---- decoding */

static void put_head(struct wr *w, uint8_t flags, uint8_t type, size_t len)
{
	flags &= ~EXTENDED;
	wr_u8(w, len > 255 ? flags | EXTENDED : flags);
	wr_u8(w, type);
	if (len > 255)
		wr_u16(w, len);
	else
		wr_u8(w, len);
}

/* Copies the segments of an AS path, widening the numbers where they have two bytes. */
static void copy_path(struct rd *r, struct wr *out, bool wide)
{
	while (rd_left(r) > 0) {
		uint8_t type = rd_u8(r), count = rd_u8(r);

		wr_u8(out, type);
		wr_u8(out, count);
		for (unsigned i = 0; i < count; i++)
			wr_u32(out, wide ? rd_u32(r) : rd_u16(r));
	}
}

static uint8_t afi_family(uint16_t afi, uint8_t safi)
{
	if (safi != SAFI_UNICAST)
		return 0;
	return afi == AFI_IPV4 ? AF_INET : afi == AFI_IPV6 ? AF_INET6 : 0;
}

static void read_next_hop(struct rd *r, size_t len, struct addr *out)
{
	const uint8_t *at = rd_take(r, len);

	if (at && len == 4)
		*out = addr_make(AF_INET, at);
	else if (at && (len == 16 || len == 32)) /* global, link-local */
		*out = addr_make(AF_INET6, at);
}

static void read_mp_reach(struct rd *r, enum attrs_source source, struct attrs *out,
			  struct mp_nlri *mp)
{
	uint16_t afi;

	/* Some collectors write the whole attribute into RIB entries; no next hop has length 0. */
	if (source == ATTRS_RIB_ENTRY && rd_left(r) > 0 && r->at[0] != 0) {
		read_next_hop(r, rd_u8(r), &out->next_hop);
		return;
	}
	afi = rd_u16(r);
	mp->family = afi_family(afi, rd_u8(r));
	read_next_hop(r, rd_u8(r), &out->next_hop);
	rd_u8(r); /* reserved */
	mp->has_reach = true;
	mp->reach_len = rd_left(r);
	mp->reach = rd_take(r, mp->reach_len);
}

static void read_mp_unreach(struct rd *r, struct mp_nlri *mp)
{
	uint16_t afi = rd_u16(r);

	mp->family = afi_family(afi, rd_u8(r));
	mp->has_unreach = true;
	mp->unreach_len = rd_left(r);
	mp->unreach = rd_take(r, mp->unreach_len);
}

static void keep_other(struct rd *r, uint8_t flags, uint8_t type, bool wide, struct wr *rest)
{
	size_t len = rd_left(r);

	if (type == AGGREGATOR && !wide) {
		put_head(rest, flags, type, 8);
		wr_u32(rest, rd_u16(r));
		wr_u32(rest, rd_u32(r));
		return;
	}
	put_head(rest, flags, type, len);
	wr_bytes(rest, r->at, len);
	rd_take(r, len);
}

struct decoding {
	enum attrs_source source;
	struct attrs *out;
	struct mp_nlri *mp;
	struct wr *scratch;
	struct wr path;
};

static void decode_one(struct decoding *d, struct rd *value, uint8_t flags, uint8_t type)
{
	bool wide = d->source != ATTRS_AS2;

	switch (type) {
	case ORIGIN:
		d->out->origin = rd_u8(value);
		break;
	case AS_PATH:
		copy_path(value, &d->path, wide);
		break;
	case NEXT_HOP:
		read_next_hop(value, rd_left(value), &d->out->next_hop);
		break;
	case MED:
		d->out->has_med = true;
		d->out->med = rd_u32(value);
		break;
	case LOCAL_PREF:
		d->out->has_local_pref = true;
		d->out->local_pref = rd_u32(value);
		break;
	case MP_REACH:
		read_mp_reach(value, d->source, d->out, d->mp);
		break;
	case MP_UNREACH:
		read_mp_unreach(value, d->mp);
		break;
	default:
		keep_other(value, flags, type, wide, d->scratch);
	}
}

int attrs_decode(const uint8_t *data, size_t len, enum attrs_source source, struct wr *scratch,
		 struct attrs *out, struct mp_nlri *mp)
{
	struct decoding d = {.source = source, .out = out, .mp = mp, .scratch = scratch};
	struct rd r, value;
	bool bad = false;

	memset(out, 0, sizeof(*out));
	memset(mp, 0, sizeof(*mp));
	wr_reset(scratch);
	rd_init(&r, data, len);
	while (rd_left(&r) > 0 && !bad) {
		uint8_t flags = rd_u8(&r), type = rd_u8(&r);
		size_t n = flags & EXTENDED ? rd_u16(&r) : rd_u8(&r);
		const uint8_t *at = rd_take(&r, n);

		if (!at && n > 0)
			break;
		rd_init(&value, at, n);
		decode_one(&d, &value, flags, type);
		bad = value.bad;
	}
	out->rest_len = scratch->len;
	out->path_len = d.path.len;
	wr_bytes(scratch, d.path.data, d.path.len);
	wr_free(&d.path);
	out->rest = scratch->data;
	out->path = out->path_len ? scratch->data + out->rest_len : NULL;
	return bad || r.bad ? -EBADMSG : 0;
}

/* ---- encoding */

static void encode_path(struct wr *w, const struct attrs *a, uint32_t prepend)
{
	bool widen = prepend && a->path_len > 0 && a->path[0] != AS_SET && a->path[1] < 255;
	size_t len = a->path_len + (prepend ? (widen ? 4 : 6) : 0);

	put_head(w, TRANSITIVE, AS_PATH, len);
	if (prepend) {
		wr_u8(w, 2); /* AS_SEQUENCE */
		wr_u8(w, widen ? a->path[1] + 1 : 1);
		wr_u32(w, prepend);
	}
	wr_bytes(w, a->path + (widen ? 2 : 0), a->path_len - (widen ? 2 : 0));
}

static void encode_u32(struct wr *w, uint8_t flags, uint8_t type, uint32_t value)
{
	put_head(w, flags, type, 4);
	wr_u32(w, value);
}

void attrs_encode(struct wr *w, const struct attrs *a, const struct attrs_target *to,
		  const uint8_t *nlri, size_t len)
{
	const struct addr *next_hop = to->next_hop.family ? &to->next_hop : &a->next_hop;

	if (nlri) {
		put_head(w, OPTIONAL, MP_REACH, 21 + len);
		wr_u16(w, AFI_IPV6);
		wr_u8(w, SAFI_UNICAST);
		wr_u8(w, 16);
		wr_bytes(w, next_hop->b, 16);
		wr_u8(w, 0);
		wr_bytes(w, nlri, len);
	}
	put_head(w, TRANSITIVE, ORIGIN, 1);
	wr_u8(w, a->origin);
	encode_path(w, a, to->prepend_as);
	if (!nlri) {
		put_head(w, TRANSITIVE, NEXT_HOP, 4);
		wr_bytes(w, next_hop->b, 4);
	}
	if (a->has_med)
		encode_u32(w, OPTIONAL, MED, a->med);
	if (to->internal && to->local_pref)
		encode_u32(w, TRANSITIVE, LOCAL_PREF, to->local_pref);
	else if (to->internal)
		encode_u32(w, TRANSITIVE, LOCAL_PREF, a->has_local_pref ? a->local_pref : 100);
	wr_bytes(w, a->rest, a->rest_len);
}

/* ---- pool */

static void make_key(struct wr *key, const struct attrs *a)
{
	wr_reset(key);
	wr_u8(key, a->origin);
	wr_u8(key, a->has_med);
	wr_u8(key, a->has_local_pref);
	wr_u32(key, a->has_med ? a->med : 0);
	wr_u32(key, a->has_local_pref ? a->local_pref : 0);
	wr_addr(key, &a->next_hop);
	wr_u16(key, a->path_len);
	wr_bytes(key, a->path, a->path_len);
	wr_bytes(key, a->rest, a->rest_len);
}

/* FNV-1a: a value that stays the same from run to run, unlike the keyed hash. */
static uint64_t digest(const uint8_t *data, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * 0x100000001b3;
	return h;
}

static struct attrs_entry *entry_new(const struct attrs *a, const struct wr *key)
{
	struct attrs_entry *e = xcalloc(1, sizeof(*e) + key->len);

	memcpy(e->bytes, key->data, key->len);
	e->len = key->len;
	e->digest = digest(key->data, key->len);
	e->attrs = *a;
	e->attrs.path = e->bytes + key->len - a->rest_len - a->path_len;
	e->attrs.rest = e->bytes + key->len - a->rest_len;
	return e;
}

uint32_t attrs_intern(struct attrs_pool *pool, const struct attrs *a)
{
	struct attrs_entry *e;
	struct hash_node *node;
	uint32_t hash;

	make_key(&pool->key, a);
	hash = hash_bytes(pool->key.data, pool->key.len);
	for (node = hash_find(&pool->table, hash); node; node = hash_find_next(node)) {
		e = container_of(node, struct attrs_entry, node);
		if (e->len == pool->key.len && memcmp(e->bytes, pool->key.data, e->len) == 0)
			return e->number;
	}
	if (pool->count == pool->cap) {
		pool->cap = pool->cap ? pool->cap * 2 : 1024;
		pool->entries = xrealloc(pool->entries, pool->cap * sizeof(*pool->entries));
	}
	e = entry_new(a, &pool->key);
	e->number = pool->count;
	pool->entries[pool->count++] = e;
	hash_insert(&pool->table, &e->node, hash);
	return e->number;
}

const struct attrs *attrs_get(const struct attrs_pool *pool, uint32_t number)
{
	return &pool->entries[number]->attrs;
}

uint64_t attrs_digest(const struct attrs_pool *pool, uint32_t number)
{
	return pool->entries[number]->digest;
}

void attrs_pool_free(struct attrs_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		free(pool->entries[i]);
	free(pool->entries);
	hash_clear(&pool->table);
	wr_free(&pool->key);
	memset(pool, 0, sizeof(*pool));
}

/* ---- text */

void attrs_path_text(const struct attrs *a, char *out, size_t size)
{
	struct rd r;
	size_t at = 0;

	rd_init(&r, a->path, a->path_len);
	out[0] = '\0';
	while (rd_left(&r) > 0 && at < size) {
		uint8_t type = rd_u8(&r), count = rd_u8(&r);
		const char *open = type == AS_SET ? "{" : "", *close = type == AS_SET ? "}" : "";

		for (unsigned i = 0; i < count && at < size; i++)
			at += snprintf(out + at, size - at, "%s%s%u%s", at ? " " : "",
				       i == 0 ? open : "", rd_u32(&r), i + 1 == count ? close : "");
	}
}
