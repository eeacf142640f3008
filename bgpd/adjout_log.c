/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout_log: the shared stream of a group, and sets of bits.
 */
#include <stdlib.h>
#include <string.h>

#include "adjout_group.h"
#include "util.h"

#define CHUNK_SMALL (8 * 1024)
#define CHUNK_LARGE (64 * 1024)

void bits_set(struct bits *b, uint32_t i)
{
	if (i / 64 >= b->n) {
		uint32_t n = i / 64 + 1;

		n += n / 4 + 8;
		b->words = xrealloc(b->words, n * sizeof(*b->words));
		memset(b->words + b->n, 0, (n - b->n) * sizeof(*b->words));
		b->n = n;
	}
	b->words[i / 64] |= 1ull << (i % 64);
}

uint32_t bits_next(const struct bits *b, uint32_t from)
{
	uint32_t w = from / 64;
	uint64_t word;

	if (w >= b->n)
		return 0;
	word = b->words[w] & (~0ull << (from % 64));
	while (!word) {
		if (++w >= b->n)
			return 0;
		word = b->words[w];
	}
	return w * 64 + (uint32_t)__builtin_ctzll(word);
}

void bits_copy(struct bits *to, const struct bits *from)
{
	bits_free(to);
	if (!from->n)
		return;
	to->words = xmalloc(from->n * sizeof(*to->words));
	memcpy(to->words, from->words, from->n * sizeof(*to->words));
	to->n = from->n;
}

void bits_free(struct bits *b)
{
	free(b->words);
	*b = (struct bits){0};
}

void adjout_log_init(struct log *l)
{
	TAILQ_INIT(&l->chunks);
	l->end = 0;
}

static struct chunk *last_chunk(struct log *l)
{
	return TAILQ_LAST(&l->chunks, chunks_head);
}

static struct chunk *add_chunk(struct log *l)
{
	/* A group that keeps up has one small chunk; one with a backlog fewer large ones. */
	size_t size = TAILQ_EMPTY(&l->chunks) ? CHUNK_SMALL : CHUNK_LARGE;
	struct chunk *c;

	c = xmalloc(sizeof(*c) + size);
	*c = (struct chunk){.base = l->end, .size = (uint32_t)size};
	TAILQ_INSERT_TAIL(&l->chunks, c, link);
	return c;
}

static void free_chunk(struct log *l, struct chunk *c)
{
	TAILQ_REMOVE(&l->chunks, c, link);
	free(c->marks);
	free(c);
}

/* What every reader has left behind goes. */
static void trim(struct log *l)
{
	struct chunk *c;

	while ((c = TAILQ_FIRST(&l->chunks)) && !c->readers && TAILQ_NEXT(c, link))
		free_chunk(l, c);
}

static void add_mark(struct chunk *c, uint32_t start, uint32_t end, uint16_t except, uint16_t only)
{
	struct mark *last = c->n_marks ? &c->marks[c->n_marks - 1] : NULL;

	if (last && last->end == start && last->except == except && last->only == only) {
		last->end = end;
		return;
	}
	if ((c->n_marks & (c->n_marks - 1)) == 0)
		c->marks =
			xrealloc(c->marks, (c->n_marks ? c->n_marks * 2 : 1) * sizeof(*c->marks));
	c->marks[c->n_marks++] = (struct mark){start, end, except, only};
}

uint8_t *adjout_log_room(struct log *l, size_t n, uint16_t except, uint16_t only)
{
	struct chunk *c = last_chunk(l);
	uint8_t *room;

	ensure(n <= CHUNK_SMALL); /* one message */
	if (!c || c->size - c->used < n) {
		c = add_chunk(l);
		trim(l);
	}
	room = c->data + c->used;
	if (except || only)
		add_mark(c, c->used, c->used + (uint32_t)n, except, only);
	c->used += (uint32_t)n;
	l->end += n;
	return room;
}

void adjout_log_enter(struct log *l, struct log_position *at)
{
	struct chunk *c = last_chunk(l);

	if (!c)
		c = add_chunk(l);
	c->readers++;
	*at = (struct log_position){.chunk = c, .off = c->used};
	at->mark = c->n_marks ? c->n_marks - 1 : 0; /* the last one may still grow */
}

void adjout_log_leave(struct log *l, struct log_position *at)
{
	if (!at->chunk)
		return;
	at->chunk->readers--;
	at->chunk = NULL;
	trim(l);
}

static bool for_whom(const struct mark *m, uint16_t who)
{
	return m->only ? m->only == who : m->except != who;
}

/* The stretch of the chunk at the position: its end, and whether it is for WHO. */
static uint32_t stretch(struct log_position *at, uint16_t who, bool *mine)
{
	const struct chunk *c = at->chunk;

	while (at->mark + 1 < c->n_marks && c->marks[at->mark].end <= at->off)
		at->mark++;
	*mine = true;
	if (at->mark >= c->n_marks || c->marks[at->mark].end <= at->off)
		return c->used;
	if (at->off < c->marks[at->mark].start)
		return c->marks[at->mark].start;
	*mine = for_whom(&c->marks[at->mark], who);
	return c->marks[at->mark].end;
}

int adjout_log_peek(const struct log_position *at, uint16_t who, struct iovec *iov, int max)
{
	struct log_position here = *at;
	int n = 0;

	while (n < max) {
		bool mine;
		uint32_t end;

		if (here.off >= here.chunk->used) {
			here = (struct log_position){.chunk = TAILQ_NEXT(here.chunk, link)};
			if (!here.chunk)
				break;
		}
		end = stretch(&here, who, &mine);
		if (mine)
			iov[n++] = (struct iovec){here.chunk->data + here.off, end - here.off};
		here.off = end;
	}
	return n;
}

void adjout_log_advance(struct log *l, struct log_position *at, uint16_t who, size_t n)
{
	for (;;) {
		struct chunk *next;
		bool mine;
		uint32_t end;

		if (at->off < at->chunk->used) {
			end = stretch(at, who, &mine);
			if (mine && n < end - at->off) {
				at->off += (uint32_t)n;
				n = 0;
				break;
			}
			n -= mine ? end - at->off : 0;
			at->off = end;
			continue;
		}
		next = TAILQ_NEXT(at->chunk, link);
		if (!next)
			break;
		at->chunk->readers--;
		next->readers++;
		*at = (struct log_position){.chunk = next};
	}
	ensure(n == 0);
	trim(l);
}

uint64_t adjout_log_lag(const struct log *l, const struct log_position *at)
{
	return l->end - (at->chunk->base + at->off);
}

void adjout_log_free(struct log *l)
{
	struct chunk *c;

	while ((c = TAILQ_FIRST(&l->chunks)))
		free_chunk(l, c);
}
