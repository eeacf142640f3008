/* SPDX-License-Identifier: BSD-2-Clause */
#include "generate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipe.h"
#include "util.h"

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
	return (next_random(state) >> 32) * n >> 32;
}

/* ---- attribute sets */

enum { AS_SEQUENCE = 2, COMMUNITIES = 8 };

static uint32_t random_attrs(struct routes *r, uint64_t *state)
{
	unsigned hops = 2 + below(state, 4), communities = below(state, 5);
	uint8_t path[64], rest[64];
	struct wr p = {0}, c = {0};
	struct attrs a = {.origin = below(state, 10) == 0 ? 2 : 0};
	uint32_t number;

	wr_u8(&p, AS_SEQUENCE);
	wr_u8(&p, hops);
	for (unsigned i = 0; i < hops; i++)
		wr_u32(&p, below(state, 4) ? 1000 + below(state, 60000)
					   : 196608 + below(state, 200000));
	if (communities) {
		wr_u16(&c, 0xc000 | COMMUNITIES); /* optional, transitive */
		wr_u8(&c, communities * 4);
		for (unsigned i = 0; i < communities; i++)
			wr_u32(&c, (1000 + below(state, 60000)) << 16 | below(state, 5000));
	}
	memcpy(path, p.data, a.path_len = p.len);
	if (c.len)
		memcpy(rest, c.data, a.rest_len = c.len);
	a.path = path;
	a.rest = rest;
	number = attrs_intern(r->pool, &a);
	wr_free(&p);
	wr_free(&c);
	return number;
}

/* Prefixes of one set: 1 to 11, on average six. */
static unsigned random_share(uint64_t *state)
{
	return 1 + below(state, 11);
}

/* ---- prefixes */

/* Shares in the table of 2024, in 1/1000. */
static const struct {
	uint8_t len;
	uint16_t share;
} lengths[] = {{24, 610}, {23, 98}, {22, 112}, {21, 53}, {20, 46}, {19, 28}, {18, 15},
	       {17, 9},	  {16, 14}, {15, 5},   {14, 4},	 {13, 3},  {12, 2},  {11, 1}};

static uint8_t random_length(uint64_t *state)
{
	uint32_t at = below(state, 1000);

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		if (at < lengths[i].share)
			return lengths[i].len;
		at -= lengths[i].share;
	}
	return 24;
}

static bool special(uint32_t address)
{
	static const struct {
		uint32_t base, mask;
	} blocks[] = {{0, 0xff000000},		{0x0a000000, 0xff000000}, {0x7f000000, 0xff000000},
		      {0x64400000, 0xffc00000}, {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000},
		      {0xc0a80000, 0xffff0000}, {0xc6120000, 0xfffe0000}};

	for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++) {
		if ((address & blocks[i].mask) == blocks[i].base)
			return true;
	}
	return address >= 0xe0000000;
}

/* The keys that were given out: an open-addressing set. */
struct key_set {
	uint64_t *slots; /* 0: free */
	size_t mask;
};

static bool key_add(struct key_set *set, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15 >> 20) & set->mask;

	while (set->slots[i]) {
		if (set->slots[i] == key)
			return false;
		i = (i + 1) & set->mask;
	}
	set->slots[i] = key;
	return true;
}

static void key_set_init(struct key_set *set, size_t count)
{
	size_t size = 1024;

	while (size < count * 2)
		size *= 2;
	set->slots = xcalloc(size, sizeof(*set->slots));
	set->mask = size - 1;
}

/* A new prefix, in two of three cases within the /12 around NEAR. */
static struct prefix random_prefix(struct key_set *used, uint32_t near, uint64_t *state)
{
	uint8_t len, bytes[4];
	uint32_t address;

	do {
		len = random_length(state);
		address = next_random(state) >> 32;
		if (len > 12 && below(state, 3))
			address = (near & 0xfff00000) | (address & 0x000fffff);
		address &= ~(uint32_t)0 << (32 - len);
	} while (special(address) || !key_add(used, (uint64_t)len << 32 | address));
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = address >> (24 - 8 * i);
	return prefix_make(AF_INET, bytes, len);
}

/* The generator's state: which attributes the next prefix gets, and which prefixes are taken. */
struct maker {
	struct routes *routes;
	struct key_set used;
	uint64_t state; /* of the random numbers */
	uint32_t attrs, near;
	unsigned left; /* prefixes that still get these attributes */
};

static void maker_init(struct maker *m, struct routes *r, size_t count, uint64_t seed)
{
	*m = (struct maker){.routes = r, .state = seed};
	key_set_init(&m->used, count);
}

static void maker_next(struct maker *m)
{
	if (m->left > 0) {
		m->left--;
		return;
	}
	m->attrs = random_attrs(m->routes, &m->state);
	m->near = next_random(&m->state) >> 32;
	m->left = random_share(&m->state) - 1;
}

static void make_up(struct maker *m, size_t count)
{
	for (; count > 0; count--) {
		struct prefix p;

		maker_next(m);
		p = random_prefix(&m->used, m->near, &m->state);
		routes_add(m->routes, &p, m->attrs);
	}
}

void generate_ipv4(struct routes *r, size_t count, uint64_t seed)
{
	struct maker m;

	maker_init(&m, r, count, seed);
	make_up(&m, count);
	free(m.used.slots);
}

/* A line's prefix; false: a comment, or something else. */
static bool line_prefix(char *line, struct prefix *p)
{
	line[strcspn(line, " \t\r\n")] = '\0';
	return line[0] != ';' && line[0] != '#' && prefix_parse(line, p) == 0;
}

static bool key_add_prefix(struct key_set *used, const struct prefix *p)
{
	uint32_t address = (uint32_t)p->b[0] << 24 | p->b[1] << 16 | p->b[2] << 8 | p->b[3];

	return p->len > 0 && !special(address) && key_add(used, (uint64_t)p->len << 32 | address);
}

long generate_real_ipv4(struct routes *r, const char *path, size_t count, uint64_t seed)
{
	FILE *f = pipe_unpack(path);
	struct maker m;
	size_t done = 0;
	char line[256];

	if (!f)
		return -errno;
	maker_init(&m, r, count, seed);
	while (done < count && fgets(line, sizeof(line), f)) {
		struct prefix p;

		if (!line_prefix(line, &p) || p.family != AF_INET || !key_add_prefix(&m.used, &p))
			continue;
		maker_next(&m);
		routes_add(r, &p, m.attrs);
		done++;
	}
	pipe_close(f);
	make_up(&m, count - done);
	free(m.used.slots);
	return done;
}

long generate_from_file(struct routes *r, const char *path, size_t count, uint64_t seed)
{
	FILE *f = pipe_unpack(path);
	uint64_t state = seed;
	uint32_t attrs = 0;
	unsigned left = 0;
	size_t done = 0;
	char line[256];

	if (!f)
		return -errno;
	while (done < count && fgets(line, sizeof(line), f)) {
		struct prefix p;

		if (!line_prefix(line, &p))
			continue;
		if (left == 0) {
			attrs = random_attrs(r, &state);
			left = random_share(&state);
		}
		routes_add(r, &p, attrs);
		left--;
		done++;
	}
	pipe_close(f);
	return done;
}
