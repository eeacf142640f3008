/* SPDX-License-Identifier: BSD-2-Clause */
#include "mrt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipe.h"
#include "util.h"

enum { TABLE_DUMP = 12, TABLE_DUMP_V2 = 13 };
enum { PEER_INDEX_TABLE = 1, RIB_IPV4_UNICAST = 2, RIB_IPV6_UNICAST = 4 };
enum { RECORD_MAX = 1 << 24 };

struct reading {
	struct mrt *m;
	struct wr scratch;
	size_t *index; /* TABLE_DUMP_V2: number in the dump to number in m->peers */
	size_t nindex;
};

static size_t find_peer(struct mrt *m, const struct addr *address, uint32_t as)
{
	struct mrt_peer *peer;

	for (size_t i = 0; i < m->npeers; i++) {
		if (addr_eq(&m->peers[i].address, address) && m->peers[i].as == as)
			return i;
	}
	m->peers = xrealloc(m->peers, (m->npeers + 1) * sizeof(*m->peers));
	peer = &m->peers[m->npeers];
	peer->address = *address;
	peer->as = as;
	peer->routes = xcalloc(1, sizeof(*peer->routes));
	peer->routes->pool = m->pool;
	peer->routes->recorded = true;
	return m->npeers++;
}

static struct addr read_addr(struct rd *r, uint8_t family)
{
	const uint8_t *at = rd_take(r, family_bytes(family));

	return at ? addr_make(family, at) : (struct addr){0};
}

static void add_entry(struct reading *rd, size_t peer, const struct prefix *p, struct rd *r,
		      enum attrs_source source)
{
	size_t len = rd_u16(r);
	const uint8_t *at = rd_take(r, len);
	struct mp_nlri mp;
	struct attrs a;

	if (!at || attrs_decode(at, len, source, &rd->scratch, &a, &mp) < 0 || !a.next_hop.family) {
		rd->m->skipped++;
		return;
	}
	routes_add(rd->m->peers[peer].routes, p, attrs_intern(rd->m->pool, &a));
	rd->m->entries++;
}

static void read_table_dump(struct reading *rd, struct rd *r, uint16_t subtype)
{
	uint8_t family = subtype == 1 ? AF_INET : AF_INET6, len;
	struct addr address, peer;
	struct prefix p;
	uint32_t as;

	rd_u32(r); /* view, sequence */
	address = read_addr(r, family);
	len = rd_u8(r);
	rd_u8(r);  /* status */
	rd_u32(r); /* originated */
	peer = read_addr(r, family);
	as = rd_u16(r);
	if (r->bad || len > family_bits(family)) {
		rd->m->skipped++;
		return;
	}
	p = prefix_make(family, address.b, len);
	add_entry(rd, find_peer(rd->m, &peer, as), &p, r, ATTRS_AS2);
}

static void read_peer_index(struct reading *rd, struct rd *r)
{
	size_t n;

	rd_u32(r); /* collector */
	rd_take(r, rd_u16(r));
	n = rd_u16(r);
	free(rd->index);
	rd->index = xcalloc(n ? n : 1, sizeof(*rd->index));
	for (rd->nindex = 0; rd->nindex < n; rd->nindex++) {
		uint8_t type = rd_u8(r);
		struct addr address;
		uint32_t as;

		rd_u32(r); /* identifier */
		address = read_addr(r, type & 1 ? AF_INET6 : AF_INET);
		as = type & 2 ? rd_u32(r) : rd_u16(r);
		if (r->bad)
			break;
		rd->index[rd->nindex] = find_peer(rd->m, &address, as);
	}
}

static void read_rib(struct reading *rd, struct rd *r, uint8_t family)
{
	uint8_t bytes[16] = {0}, len;
	struct prefix p;
	unsigned count;

	rd_u32(r); /* sequence */
	len = rd_u8(r);
	if (len > family_bits(family)) {
		rd->m->skipped++;
		return;
	}
	rd_bytes(r, bytes, (len + 7) / 8);
	p = prefix_make(family, bytes, len);
	for (count = rd_u16(r); count > 0 && !r->bad; count--) {
		size_t peer = rd_u16(r);

		rd_u32(r); /* originated */
		if (peer >= rd->nindex) {
			rd->m->skipped++;
			break;
		}
		add_entry(rd, rd->index[peer], &p, r, ATTRS_RIB_ENTRY);
	}
}

static void read_record(struct reading *rd, uint16_t type, uint16_t subtype, struct rd *r)
{
	if (type == TABLE_DUMP && (subtype == 1 || subtype == 2))
		read_table_dump(rd, r, subtype);
	else if (type == TABLE_DUMP_V2 && subtype == PEER_INDEX_TABLE)
		read_peer_index(rd, r);
	else if (type == TABLE_DUMP_V2 && subtype == RIB_IPV4_UNICAST)
		read_rib(rd, r, AF_INET);
	else if (type == TABLE_DUMP_V2 && subtype == RIB_IPV6_UNICAST)
		read_rib(rd, r, AF_INET6);
	else
		rd->m->skipped++;
}

int mrt_read(struct mrt *m, const char *path, struct attrs_pool *pool)
{
	struct reading rd = {.m = m};
	FILE *f = pipe_unpack(path);
	struct wr body = {0};
	uint8_t head[12];
	struct rd r;

	if (!f)
		return -errno;
	memset(m, 0, sizeof(*m));
	m->pool = pool;
	while (fread(head, sizeof(head), 1, f) == 1) {
		uint16_t type, subtype;
		uint32_t len;

		rd_init(&r, head + 4, 8);
		type = rd_u16(&r);
		subtype = rd_u16(&r);
		len = rd_u32(&r);
		wr_reset(&body);
		if (len > RECORD_MAX || fread(wr_room(&body, len), len, 1, f) != 1)
			break;
		rd_init(&r, body.data, len);
		read_record(&rd, type, subtype, &r);
	}
	pipe_close(f);
	for (size_t i = 0; i < m->npeers; i++)
		routes_group(m->peers[i].routes);
	wr_free(&body);
	wr_free(&rd.scratch);
	free(rd.index);
	return 0;
}

void mrt_free(struct mrt *m)
{
	for (size_t i = 0; i < m->npeers; i++) {
		if (m->peers[i].routes)
			routes_free(m->peers[i].routes);
	}
	free(m->peers);
}
