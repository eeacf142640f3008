/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf: writing and reading of messages, field by field, in network order.
 *
 * A writer grows as needed. A reader never reads behind its end: a short read sets `bad`, returns
 * zero, and every later read does the same, so a decoder reads all its fields and asks rd_done()
 * once.
 */
#ifndef WGBGP_BUF_H
#define WGBGP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

struct wr {
	uint8_t *data; /* owned; free with wr_free() */
	size_t len, cap;
};

void wr_free(struct wr *w);
void wr_reset(struct wr *w);		  /* empty, memory kept */
uint8_t *wr_room(struct wr *w, size_t n); /* N more bytes, counted, for the caller to fill */
/* All that is left of FD: 0, or -errno; -EFBIG: it is more than MAX bytes. */
int wr_fill(struct wr *w, int fd, size_t max);
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, const void *data, size_t n);
void wr_str(struct wr *w, const char *s);	  /* u16 length, bytes; cut at 65,535 */
void wr_addr(struct wr *w, const struct addr *a); /* u8 family (0, 4, 6), bytes */
void wr_hop(struct wr *w, const struct addr *a);  /* the same; u8 5, 8 bytes: IPv4 with its link */
void wr_prefix(struct wr *w, const struct prefix *p); /* u8 family, u8 len, the bytes needed */
void wr_endpoint(struct wr *w, const struct endpoint *e);

struct rd {
	const uint8_t *at, *end;
	bool bad;
};

void rd_init(struct rd *r, const void *data, size_t n);
size_t rd_left(const struct rd *r);
bool rd_done(const struct rd *r);		/* nothing bad, nothing left over */
const uint8_t *rd_take(struct rd *r, size_t n); /* NULL when short */
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
void rd_bytes(struct rd *r, void *out, size_t n);
void rd_str(struct rd *r, char *out, size_t size); /* longer than SIZE - 1, or with a NUL: bad */
void rd_addr(struct rd *r, struct addr *out);
void rd_hop(struct rd *r, struct addr *out);
void rd_prefix(struct rd *r, struct prefix *out);
void rd_endpoint(struct rd *r, struct endpoint *out);

#endif
