/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgp_fuzz: the decoders of BGP messages.
 *
 * The input is a stream of messages with their headers. A first byte other than 0xff comes before
 * it and says how the session was negotiated; without it everything is on. What an UPDATE's
 * attributes were taken for must, sent again, be taken for the same set.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "attr_wire.h"
#include "json_text.h"
#include "message.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct nlri_iter it)
{
	struct prefix p;

	while (nlri_next(&it, &p))
		ensure(p.len <= family_bits(p.family));
}

static void put_update(struct wr *w, const struct attr *a, bool four_octet)
{
	size_t mark;

	wr_reset(w);
	wr_u16(w, 0);
	mark = w->len;
	wr_u16(w, 0);
	attr_put(w, a, true, four_octet);
	w->data[mark] = (w->len - mark - 2) >> 8;
	w->data[mark + 1] = w->len - mark - 2;
	wr_bytes(w, "\x08\x0a", 2);
}

/* Our own encoding is never malformed; with 4-octet AS numbers it is the very same set. */
static void again(const struct attr *a, const struct update_context *ctx)
{
	struct update_context c = *ctx;
	struct wr w = {0};
	struct bgp_error e;
	struct update u;

	if (a->nexthop.family != AF_INET)
		return;
	c.family[BGP_IPV4] = true;
	for (int wide = 0; wide < 2; wide++) {
		c.four_octet = wide;
		put_update(&w, a, wide);
		ensure(update_decode(w.data, w.len, &c, &u, &e) == 0);
		ensure(!u.treat_as_withdraw);
		ensure(!wide || u.attr == a || a->has_nexthop_ll);
		update_release(&u);
	}
	wr_free(&w);
}

static void one_update(const uint8_t *body, size_t len, const struct update_context *ctx)
{
	struct bgp_error e;
	struct update u;

	if (update_decode(body, len, ctx, &u, &e) < 0) {
		ensure(e.code == 3 && e.text[0]);
		return;
	}
	for (int i = 0; i < 2; i++) {
		walk(u.withdrawn[i]);
		walk(u.announced[i]);
	}
	if (u.attr)
		again(u.attr, ctx);
	if (u.mp_attr) {
		struct json_text text = {0};
		json_t *o;

		json_text_object(&text, NULL);
		attr_put_json(&text, u.mp_attr);
		json_text_end_object(&text);
		o = json_loadb((char *)text.out.data, text.out.len, JSON_REJECT_DUPLICATES, NULL);
		ensure(o);
		json_decref(o);
		json_text_free(&text);
		again(u.mp_attr, ctx);
	}
	update_release(&u);
}

/* What is taken must be taken again when we send it. */
static void one_open(const uint8_t *body, size_t len)
{
	struct open o, twice;
	struct bgp_error e;
	struct wr w = {0};

	if (open_decode(body, len, &o, &e) < 0) {
		ensure(e.code == 2 && e.text[0]);
		return;
	}
	open_put(&w, &o);
	ensure(open_decode(w.data + BGP_HEADER_BYTES, w.len - BGP_HEADER_BYTES, &twice, &e) == 0);
	ensure(twice.hold_time == o.hold_time && twice.router_id == o.router_id);
	wr_free(&w);
}

static void one_notification(const uint8_t *body, size_t len)
{
	struct bgp_error e;
	char name[64];
	struct wr w = {0};

	notification_decode(body, len, &e);
	bgp_error_name(&e, name, sizeof(name));
	notification_put(&w, &e);
	wr_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bits = size && data[0] != 0xff ? data[0] : 0x0f;
	struct update_context ctx = {
		.ebgp = bits & 16,
		.four_octet = bits & 1,
		.family = {bits & 2, bits & 4},
		.extended_hop = bits & 32,
		.as = 65001,
	};

	if (size && data[0] != 0xff) {
		data++;
		size--;
	}
	while (size >= BGP_HEADER_BYTES) {
		size_t len = get_u16(data + 16);

		if (len < BGP_HEADER_BYTES || len > size)
			len = size;
		if (data[18] == BGP_UPDATE)
			one_update(data + BGP_HEADER_BYTES, len - BGP_HEADER_BYTES, &ctx);
		else if (data[18] == BGP_OPEN)
			one_open(data + BGP_HEADER_BYTES, len - BGP_HEADER_BYTES);
		else if (data[18] == BGP_NOTIFICATION)
			one_notification(data + BGP_HEADER_BYTES, len - BGP_HEADER_BYTES);
		else if (data[18] == BGP_ROUTE_REFRESH)
			refresh_decode(data + BGP_HEADER_BYTES, len - BGP_HEADER_BYTES);
		data += len;
		size -= len;
	}
	ensure(attr_count() == 0);
	return 0;
}
