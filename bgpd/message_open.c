/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message_open: OPEN and its capabilities, and the short messages: NOTIFICATION, KEEPALIVE,
 * ROUTE-REFRESH.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attr_wire.h"
#include "message.h"
#include "util.h"

#define VERSION 4
#define PARAM_CAPABILITIES 2
#define PARAM_EXTENDED 255 /* RFC 9072 */
#define SAFI_UNICAST 1

enum capability_code {
	CAP_MP = 1,
	CAP_REFRESH = 2,
	CAP_EXTENDED_HOP = 5,
	CAP_GRACEFUL_RESTART = 64,
	CAP_FOUR_OCTET = 65,
};

static uint16_t family_afi(enum bgp_family f)
{
	return f == BGP_IPV4 ? 1 : 2;
}

static enum bgp_family family_of(uint16_t afi, uint8_t safi)
{
	if (safi != SAFI_UNICAST)
		return BGP_FAMILIES;
	return afi == 1 ? BGP_IPV4 : afi == 2 ? BGP_IPV6 : BGP_FAMILIES;
}

static int open_refuse(struct bgp_error *e, uint8_t subcode, const char *text)
{
	*e = (struct bgp_error){.code = 2, .subcode = subcode};
	str_copy(e->text, text, sizeof(e->text));
	return -EBADMSG;
}

/* One handler a capability; false: its length is wrong, and it is passed over. */

static bool cap_mp(struct open *o, const uint8_t *v, size_t len)
{
	enum bgp_family f;

	if (len != 4)
		return false;
	o->mp = true;
	f = family_of(get_u16(v), v[3]);
	if (f < BGP_FAMILIES)
		o->family[f] = true;
	return true;
}

static bool cap_refresh(struct open *o, const uint8_t *v, size_t len)
{
	o->refresh = len == 0;
	return o->refresh;
}

/* RFC 8950 section 4: AFI, SAFI in two octets, AFI of the next hop. */
static bool cap_extended_hop(struct open *o, const uint8_t *v, size_t len)
{
	if (!len || len % 6)
		return false;
	for (const uint8_t *at = v; at < v + len; at += 6)
		if (get_u16(at) == 1 && get_u16(at + 2) == SAFI_UNICAST && get_u16(at + 4) == 2)
			o->extended_hop = true;
	return true;
}

static bool cap_four_octet(struct open *o, const uint8_t *v, size_t len)
{
	if (len != 4)
		return false;
	o->four_octet = true;
	o->as = get_u32(v);
	return true;
}

/* RFC 4724 section 3. */
static bool cap_graceful_restart(struct open *o, const uint8_t *v, size_t len)
{
	if (len < 2 || (len - 2) % 4)
		return false;
	o->gr = true;
	o->gr_restarting = v[0] & 0x80;
	o->gr_time = get_u16(v) & 0xfff;
	for (const uint8_t *at = v + 2; at < v + len; at += 4) {
		enum bgp_family f = family_of(get_u16(at), at[2]);

		if (f == BGP_FAMILIES)
			continue;
		o->gr_family[f] = true;
		o->gr_forwarding[f] = at[3] & 0x80;
	}
	return true;
}

static void capability(struct open *o, uint8_t code, const uint8_t *v, size_t len)
{
	static const struct {
		uint8_t code;
		bool (*decode)(struct open *o, const uint8_t *v, size_t len);
	} rows[] = {
		{CAP_MP, cap_mp},
		{CAP_REFRESH, cap_refresh},
		{CAP_EXTENDED_HOP, cap_extended_hop},
		{CAP_GRACEFUL_RESTART, cap_graceful_restart},
		{CAP_FOUR_OCTET, cap_four_octet},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code && rows[i].decode(o, v, len))
			return;
	o->unknown++;
}

static int open_capabilities(struct open *o, struct rd *r, struct bgp_error *error)
{
	while (rd_left(r)) {
		uint8_t code = rd_u8(r);
		size_t len = rd_u8(r);
		const uint8_t *v = rd_take(r, len);

		if (!v)
			return open_refuse(error, 0, "a capability is longer than its parameter");
		capability(o, code, v, len);
	}
	return 0;
}

static int parameters(struct open *o, struct rd *r, bool extended, struct bgp_error *error)
{
	while (rd_left(r)) {
		uint8_t type = rd_u8(r);
		size_t len = extended ? rd_u16(r) : rd_u8(r);
		const uint8_t *v = rd_take(r, len);
		struct rd inner;

		if (!v)
			return open_refuse(error, 0,
					   "an optional parameter is longer than the message");
		if (type != PARAM_CAPABILITIES)
			return open_refuse(error, 4, "unknown optional parameter");
		rd_init(&inner, v, len);
		if (open_capabilities(o, &inner, error) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* RFC 4271 section 6.2, as far as it needs nothing of the configuration. */
int open_decode(const uint8_t *body, size_t len, struct open *o, struct bgp_error *error)
{
	bool extended = false;
	struct rd r;
	size_t params;

	memset(o, 0, sizeof(*o));
	rd_init(&r, body, len);
	if (rd_u8(&r) != VERSION) {
		open_refuse(error, 1, "BGP version other than 4");
		error->data[1] = VERSION;
		error->len = 2;
		return -EBADMSG;
	}
	o->as = rd_u16(&r);
	o->hold_time = rd_u16(&r);
	o->router_id = rd_u32(&r);
	params = rd_u8(&r);
	if (params == 255 && rd_left(&r) >= 3 && r.at[0] == PARAM_EXTENDED) {
		rd_u8(&r);
		params = rd_u16(&r);
		extended = true;
	}
	if (r.bad || params != rd_left(&r))
		return open_refuse(error, 0, "length of the optional parameters");
	if (parameters(o, &r, extended, error) < 0)
		return -EBADMSG;
	if (!o->mp)
		o->family[BGP_IPV4] = true;
	if (o->as == 0)
		return open_refuse(error, 2, "AS 0");
	if (o->hold_time == 1 || o->hold_time == 2)
		return open_refuse(error, 6, "hold time of less than 3 seconds");
	if (o->router_id == 0)
		return open_refuse(error, 3, "BGP identifier 0.0.0.0");
	return 0;
}

static void open_put_mp(struct wr *w, enum bgp_family f)
{
	wr_u8(w, CAP_MP);
	wr_u8(w, 4);
	wr_u16(w, family_afi(f));
	wr_u8(w, 0);
	wr_u8(w, SAFI_UNICAST);
}

static void put_graceful_restart(struct wr *w, const struct open *o)
{
	unsigned n = 0;

	for (int f = 0; f < BGP_FAMILIES; f++)
		n += o->gr_family[f];
	wr_u8(w, CAP_GRACEFUL_RESTART);
	wr_u8(w, 2 + n * 4);
	wr_u16(w, (o->gr_restarting ? 0x8000 : 0) | (o->gr_time & 0xfff));
	for (int f = 0; f < BGP_FAMILIES; f++) {
		if (!o->gr_family[f])
			continue;
		wr_u16(w, family_afi(f));
		wr_u8(w, SAFI_UNICAST);
		wr_u8(w, o->gr_forwarding[f] ? 0x80 : 0);
	}
}

void open_put(struct wr *w, const struct open *o)
{
	size_t mark = message_begin(w, BGP_OPEN), at;

	wr_u8(w, VERSION);
	wr_u16(w, o->as > UINT16_MAX ? AS_TRANS : o->as);
	wr_u16(w, o->hold_time);
	wr_u32(w, o->router_id);
	at = w->len;
	wr_u8(w, 0);
	wr_u8(w, PARAM_CAPABILITIES);
	wr_u8(w, 0);
	for (int f = 0; f < BGP_FAMILIES; f++)
		if (o->family[f])
			open_put_mp(w, f);
	if (o->refresh)
		wr_u16(w, CAP_REFRESH << 8);
	if (o->extended_hop) {
		wr_u16(w, CAP_EXTENDED_HOP << 8 | 6);
		wr_u16(w, 1);
		wr_u16(w, SAFI_UNICAST);
		wr_u16(w, 2);
	}
	if (o->four_octet) {
		wr_u16(w, CAP_FOUR_OCTET << 8 | 4);
		wr_u32(w, o->as);
	}
	if (o->gr)
		put_graceful_restart(w, o);
	w->data[at] = w->len - at - 1;
	w->data[at + 2] = w->len - at - 3;
	message_end(w, mark);
}

/* RFC 9003: the reason that an administrator gives rides in the data of two Cease subcodes. */
static void shutdown_text(struct bgp_error *e)
{
	size_t len = e->len ? e->data[0] : 0;

	e->text[0] = '\0';
	if (e->code != 6 || (e->subcode != 2 && e->subcode != 4) || !len || len > e->len - 1u)
		return;
	if (len > sizeof(e->text) - 1)
		len = sizeof(e->text) - 1;
	memcpy(e->text, e->data + 1, len);
	e->text[len] = '\0';
	for (char *c = e->text; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
}

void notification_decode(const uint8_t *body, size_t len, struct bgp_error *e)
{
	struct rd r;

	*e = (struct bgp_error){0};
	rd_init(&r, body, len);
	e->code = rd_u8(&r);
	e->subcode = rd_u8(&r);
	e->len = rd_left(&r) < sizeof(e->data) ? rd_left(&r) : sizeof(e->data);
	rd_bytes(&r, e->data, e->len);
	shutdown_text(e);
}

void notification_put(struct wr *w, const struct bgp_error *e)
{
	size_t mark = message_begin(w, BGP_NOTIFICATION);

	wr_u8(w, e->code);
	wr_u8(w, e->subcode);
	wr_bytes(w, e->data, e->len);
	message_end(w, mark);
}

void keepalive_put(struct wr *w)
{
	message_end(w, message_begin(w, BGP_KEEPALIVE));
}

enum bgp_family refresh_decode(const uint8_t *body, size_t len)
{
	if (len != 4 || body[2] != 0)
		return BGP_FAMILIES;
	return family_of(get_u16(body), body[3]);
}

void refresh_put(struct wr *w, enum bgp_family family)
{
	size_t mark = message_begin(w, BGP_ROUTE_REFRESH);

	wr_u16(w, family_afi(family));
	wr_u8(w, 0);
	wr_u8(w, SAFI_UNICAST);
	message_end(w, mark);
}

const char *bgp_error_name(const struct bgp_error *e, char *out, size_t size)
{
	static const char *const codes[] = {"no error",
					    "Message Header Error",
					    "OPEN Message Error",
					    "UPDATE Message Error",
					    "Hold Timer Expired",
					    "Finite State Machine Error",
					    "Cease",
					    "ROUTE-REFRESH Message Error",
					    "Send Hold Timer Expired"};
	static const char *const subcodes[][12] = {
		[1] = {[1] = "Connection Not Synchronized",
		       "Bad Message Length",
		       "Bad Message Type"},
		[2] = {[1] = "Unsupported Version Number",
		       "Bad Peer AS",
		       "Bad BGP Identifier",
		       "Unsupported Optional Parameter",
		       NULL,
		       "Unacceptable Hold Time",
		       "Unsupported Capability",
		       NULL,
		       NULL,
		       NULL,
		       "Role Mismatch"},
		[3] = {[1] = "Malformed Attribute List",
		       "Unrecognized Well-known Attribute",
		       "Missing Well-known Attribute",
		       "Attribute Flags Error",
		       "Attribute Length Error",
		       "Invalid ORIGIN Attribute",
		       NULL,
		       "Invalid NEXT_HOP Attribute",
		       "Optional Attribute Error",
		       "Invalid Network Field",
		       "Malformed AS_PATH"},
		[5] = {[1] = "Unexpected Message in OpenSent",
		       "Unexpected Message in OpenConfirm",
		       "Unexpected Message in Established"},
		[6] = {[1] = "Maximum Number of Prefixes Reached",
		       "Administrative Shutdown",
		       "Peer De-configured",
		       "Administrative Reset",
		       "Connection Rejected",
		       "Other Configuration Change",
		       "Connection Collision Resolution",
		       "Out of Resources",
		       "Hard Reset",
		       "BFD Down"},
	};
	const char *sub = NULL;

	if (e->code >= ARRAY_SIZE(codes)) {
		snprintf(out, size, "code %u/%u", e->code, e->subcode);
		return out;
	}
	if (e->code < ARRAY_SIZE(subcodes) && e->subcode < ARRAY_SIZE(subcodes[0]))
		sub = subcodes[e->code][e->subcode];
	if (sub)
		snprintf(out, size, "%s/%s", codes[e->code], sub);
	else if (e->subcode)
		snprintf(out, size, "%s/%u", codes[e->code], e->subcode);
	else
		snprintf(out, size, "%s", codes[e->code]);
	return out;
}
