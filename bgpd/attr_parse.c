/* SPDX-License-Identifier: BSD-2-Clause */
#include "attr_parse.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

/* RFC 4271 section 6.3, subcodes of UPDATE Message Error. */
enum update_subcode {
	MALFORMED_ATTRIBUTE_LIST = 1,
	UNRECOGNIZED_WELL_KNOWN = 2,
	MISSING_WELL_KNOWN = 3,
	FLAGS_ERROR = 4,
	LENGTH_ERROR = 5,
	INVALID_ORIGIN = 6,
	INVALID_NEXT_HOP = 8,
	OPTIONAL_ERROR = 9,
	INVALID_NETWORK = 10,
	MALFORMED_AS_PATH = 11,
};

/* One kind of attribute: its rules, and what breaking them leads to. */
struct attr_row {
	uint8_t type;
	const char *name;
	uint8_t flags;		  /* how Optional and Transitive must be, and what is sent on */
	uint16_t min, max;	  /* bytes of value */
	uint8_t unit;		  /* the length is a multiple of this */
	bool internal;		  /* from an external neighbour: discarded unread */
	enum attr_action on_size; /* a wrong length */
	enum attr_action (*decode)(struct attr_parse *p, const struct attr_item *i); /* or NULL */
	bool field; /* decode() keeps it in a field: it is no item of the wire form */
};

static enum attr_action decode_origin(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_as_path(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_next_hop(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_aggregator(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_mp_reach(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_mp_unreach(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_as4_path(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_as4_aggregator(struct attr_parse *p, const struct attr_item *i);
static enum attr_action decode_aigp(struct attr_parse *p, const struct attr_item *i);

#define WELL_KNOWN ATTR_TRANSITIVE
#define OPTIONAL ATTR_OPTIONAL
#define OPT_TRANS (ATTR_OPTIONAL | ATTR_TRANSITIVE)
#define ANY 65535

/* RFC 7606 section 7, 8092 section 6, 6793 section 6. */
static const struct attr_row rows[] = {
	{ATTR_ORIGIN, "ORIGIN", WELL_KNOWN, 1, 1, 1, false, ATTR_WITHDRAW, decode_origin, false},
	{ATTR_AS_PATH, "AS_PATH", WELL_KNOWN, 0, ANY, 2, false, ATTR_WITHDRAW, decode_as_path,
	 false},
	{ATTR_NEXT_HOP, "NEXT_HOP", WELL_KNOWN, 4, 4, 4, false, ATTR_WITHDRAW, decode_next_hop,
	 true},
	{ATTR_MED, "MULTI_EXIT_DISC", OPTIONAL, 4, 4, 4, false, ATTR_WITHDRAW, NULL, false},
	{ATTR_LOCAL_PREF, "LOCAL_PREF", WELL_KNOWN, 4, 4, 4, true, ATTR_WITHDRAW, NULL, false},
	{ATTR_ATOMIC_AGGREGATE, "ATOMIC_AGGREGATE", WELL_KNOWN, 0, 0, 1, false, ATTR_DISCARD, NULL,
	 false},
	{ATTR_AGGREGATOR, "AGGREGATOR", OPT_TRANS, 6, 8, 2, false, ATTR_DISCARD, decode_aggregator,
	 false},
	{ATTR_COMMUNITIES, "COMMUNITIES", OPT_TRANS, 4, ANY, 4, false, ATTR_WITHDRAW, NULL, false},
	{ATTR_ORIGINATOR_ID, "ORIGINATOR_ID", OPTIONAL, 4, 4, 4, true, ATTR_WITHDRAW, NULL, false},
	{ATTR_CLUSTER_LIST, "CLUSTER_LIST", OPTIONAL, 4, ANY, 4, true, ATTR_WITHDRAW, NULL, false},
	{ATTR_MP_REACH, "MP_REACH_NLRI", OPTIONAL, 5, ANY, 1, false, ATTR_RESET, decode_mp_reach,
	 true},
	{ATTR_MP_UNREACH, "MP_UNREACH_NLRI", OPTIONAL, 3, ANY, 1, false, ATTR_RESET,
	 decode_mp_unreach, true},
	{ATTR_EXT_COMMUNITIES, "EXTENDED COMMUNITIES", OPT_TRANS, 8, ANY, 8, false, ATTR_WITHDRAW,
	 NULL, false},
	{ATTR_AS4_PATH, "AS4_PATH", OPT_TRANS, 6, ANY, 2, false, ATTR_DISCARD, decode_as4_path,
	 false},
	{ATTR_AS4_AGGREGATOR, "AS4_AGGREGATOR", OPT_TRANS, 8, 8, 8, false, ATTR_DISCARD,
	 decode_as4_aggregator, false},
	{ATTR_AIGP, "AIGP", OPTIONAL, 3, ANY, 1, false, ATTR_DISCARD, decode_aigp, false},
	{ATTR_LARGE_COMMUNITIES, "LARGE_COMMUNITY", OPT_TRANS, 12, ANY, 12, false, ATTR_WITHDRAW,
	 NULL, false},
};

static const struct attr_row *row_of(uint8_t type)
{
	static const struct attr_row *by_type[256];
	static bool built;

	if (!built) {
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
			by_type[rows[i].type] = &rows[i];
		built = true;
	}
	return by_type[type];
}

bool attr_parse_seen(const struct attr_parse *p, uint8_t type)
{
	return p->seen[type];
}

enum attr_action attr_parse_fail(struct attr_parse *p, enum attr_action action, uint8_t subcode,
				 const char *text)
{
	if (action <= p->worst)
		return action;
	p->worst = action;
	p->error->code = 3;
	p->error->subcode = subcode;
	p->error->len = 0;
	str_copy(p->error->text, text, sizeof(p->error->text));
	return action;
}

/* The NOTIFICATION's data is the attribute as it came, header and all (RFC 4271 section 6.3). */
static enum attr_action fail_item(struct attr_parse *p, enum attr_action action, uint8_t subcode,
				  const char *what, const struct attr_item *i)
{
	const struct attr_row *row = row_of(i->type);
	bool worse = action > p->worst;
	char text[128];
	struct bgp_error *e = p->error;

	if (!worse)
		return action;
	if (row)
		snprintf(text, sizeof(text), "%s: %s", row->name, what);
	else
		snprintf(text, sizeof(text), "attribute %u: %s", i->type, what);
	attr_parse_fail(p, action, subcode, text);
	e->len = i->value + i->len - i->start;
	ensure(e->len <= sizeof(e->data));
	memcpy(e->data, i->start, e->len);
	return action;
}

static enum attr_action decode_origin(struct attr_parse *p, const struct attr_item *i)
{
	if (i->value[0] <= ORIGIN_INCOMPLETE)
		return ATTR_OK;
	return fail_item(p, ATTR_WITHDRAW, INVALID_ORIGIN, "invalid value", i);
}

static uint32_t get_as(const uint8_t *at, unsigned size)
{
	return size == 4 ? get_u32(at) : get_u16(at);
}

/* What is wrong with a path of SIZE octets an AS number, or NULL. AS 0: RFC 7607. TYPES: segment
 * types up to it are legal. */
static const char *path_fault(const uint8_t *at, size_t len, unsigned size, uint8_t types)
{
	const uint8_t *end = at + len;

	while (at < end) {
		if (end - at < 2 || at[1] == 0 || (size_t)(end - at - 2) < (size_t)at[1] * size)
			return "segment length";
		if (at[0] == 0 || at[0] > types)
			return "segment type";
		for (unsigned i = 0; i < at[1]; i++)
			if (get_as(at + 2 + i * size, size) == 0)
				return "AS 0";
		at += 2 + at[1] * size;
	}
	return NULL;
}

static enum attr_action decode_as_path(struct attr_parse *p, const struct attr_item *i)
{
	unsigned size = p->ctx->four_octet ? 4 : 2;
	const char *fault = path_fault(i->value, i->len, size, AS_SEQUENCE);

	if (fault)
		return fail_item(p, ATTR_WITHDRAW, MALFORMED_AS_PATH, fault, i);
	if (!p->ctx->ebgp || p->ctx->any_first_as)
		return ATTR_OK;
	if (!i->len || i->value[0] != AS_SEQUENCE)
		return fail_item(p, ATTR_WITHDRAW, MALFORMED_AS_PATH,
				 "an external path must start with the neighbour's AS", i);
	/* Over two octets a neighbour with a large number says AS_TRANS. */
	if (get_as(i->value + 2, size) != p->ctx->as &&
	    !(size == 2 && p->ctx->as > UINT16_MAX && get_as(i->value + 2, 2) == AS_TRANS))
		return fail_item(p, ATTR_WITHDRAW, MALFORMED_AS_PATH,
				 "the first AS is not the neighbour's", i);
	return ATTR_OK;
}

static enum attr_action decode_as4_path(struct attr_parse *p, const struct attr_item *i)
{
	if (p->ctx->four_octet)
		return ATTR_DISCARD; /* RFC 6793 section 4.1: silently */
	/* Segments of a confederation are left out by build_path() (section 6). */
	if (path_fault(i->value, i->len, 4, AS_CONFED_SET))
		return fail_item(p, ATTR_DISCARD, OPTIONAL_ERROR, "malformed path", i);
	return ATTR_OK;
}

static enum attr_action decode_as4_aggregator(struct attr_parse *p, const struct attr_item *i)
{
	return p->ctx->four_octet || get_u32(i->value) == 0 ? ATTR_DISCARD : ATTR_OK;
}

static enum attr_action decode_next_hop(struct attr_parse *p, const struct attr_item *i)
{
	p->nexthop = addr_make(AF_INET, i->value);
	return ATTR_OK; /* judged where prefixes need it */
}

static enum attr_action decode_aggregator(struct attr_parse *p, const struct attr_item *i)
{
	if (i->len != (p->ctx->four_octet ? 8 : 6))
		return fail_item(p, ATTR_DISCARD, LENGTH_ERROR, "length", i);
	if (get_as(i->value, p->ctx->four_octet ? 4 : 2) == 0)
		return fail_item(p, ATTR_DISCARD, OPTIONAL_ERROR, "AS 0", i);
	return ATTR_OK;
}

bool nlri_valid(const uint8_t *at, size_t len, uint8_t family)
{
	const uint8_t *end = at + len;
	unsigned bits = family_bits(family);

	while (at < end) {
		if (*at > bits || (size_t)(end - at - 1) < (*at + 7u) / 8)
			return false;
		at += 1 + (*at + 7u) / 8;
	}
	return true;
}

/* AFI and SAFI of unicast; 0 for what we do not speak. */
static uint8_t mp_family(const uint8_t *value)
{
	unsigned afi = get_u16(value);

	return value[2] != 1 ? 0 : afi == 1 ? AF_INET : afi == 2 ? AF_INET6 : 0;
}

static bool mp_negotiated(const struct attr_parse *p, uint8_t family)
{
	return family && p->ctx->family[family == AF_INET ? BGP_IPV4 : BGP_IPV6];
}

/* Of an IPv6 next hop a second, link-local one may follow (RFC 2545); RFC 8950 for IPv4. */
static bool hop_fits(const struct attr_parse *p, uint8_t family, size_t len)
{
	bool six = family == AF_INET6 || p->ctx->extended_hop;

	return len == family_bytes(family) || (six && (len == 16 || len == 32));
}

/* RFC 4760 section 3, 2545 section 3; a next hop or prefixes that cannot be told apart: reset. */
static enum attr_action decode_mp_reach(struct attr_parse *p, const struct attr_item *i)
{
	struct attr_mp *mp = &p->reach;
	size_t hop_len = i->value[3];

	if (i->len < 5 + hop_len)
		return fail_item(p, ATTR_RESET, OPTIONAL_ERROR, "next hop length", i);
	mp->present = true;
	mp->family = mp_family(i->value);
	if (!mp_negotiated(p, mp->family)) {
		mp->family = 0;
		return ATTR_OK;
	}
	if (!hop_fits(p, mp->family, hop_len))
		return fail_item(p, ATTR_RESET, OPTIONAL_ERROR, "next hop length", i);
	mp->nexthop = addr_make(hop_len == 4 ? AF_INET : AF_INET6, i->value + 4);
	if (hop_len == 32)
		mp->nexthop_ll = addr_make(AF_INET6, i->value + 20);
	if (hop_len == 32 && !addr_is_link_local(&mp->nexthop_ll))
		mp->nexthop_ll = (struct addr){0};
	/* A speaker without a global address there (BIRD) says :: and its link-local one. */
	if (mp->nexthop_ll.family && addr_is_zero(&mp->nexthop)) {
		mp->nexthop = mp->nexthop_ll;
		mp->nexthop_ll = (struct addr){0};
	}
	mp->nlri = i->value + 5 + hop_len;
	mp->len = i->len - 5 - hop_len;
	if (!nlri_valid(mp->nlri, mp->len, mp->family))
		return fail_item(p, ATTR_RESET, OPTIONAL_ERROR, "malformed prefix", i);
	if (mp->len && !addr_is_host(&mp->nexthop))
		return fail_item(p, ATTR_WITHDRAW, INVALID_NEXT_HOP, "no host address", i);
	return ATTR_OK;
}

static enum attr_action decode_mp_unreach(struct attr_parse *p, const struct attr_item *i)
{
	struct attr_mp *mp = &p->unreach;

	mp->present = true;
	mp->family = mp_family(i->value);
	if (!mp_negotiated(p, mp->family)) {
		mp->family = 0;
		return ATTR_OK;
	}
	mp->nlri = i->value + 3;
	mp->len = i->len - 3;
	if (!nlri_valid(mp->nlri, mp->len, mp->family))
		return fail_item(p, ATTR_RESET, OPTIONAL_ERROR, "malformed prefix", i);
	return ATTR_OK;
}

/* RFC 7311 section 3: a sequence of TLVs, of which the first of type 1 counts. */
static enum attr_action decode_aigp(struct attr_parse *p, const struct attr_item *i)
{
	const uint8_t *at = i->value, *end = at + i->len;

	while (end - at >= 3) {
		size_t len = get_u16(at + 1);

		if (len < 3 || len > (size_t)(end - at) || (at[0] == 1 && len != AIGP_BYTES))
			break;
		at += len;
	}
	if (at != end)
		return fail_item(p, ATTR_DISCARD, OPTIONAL_ERROR, "malformed", i);
	return ATTR_OK;
}

static void keep(struct attr_parse *p, const struct attr_item *i)
{
	unsigned at = p->n_items++;

	while (at > 0 && p->items[at - 1].type > i->type) {
		p->items[at] = p->items[at - 1];
		at--;
	}
	p->items[at] = *i;
}

/* An attribute that no row knows (RFC 4271 section 5). */
static void one_unknown(struct attr_parse *p, struct attr_item *i)
{
	if (!(i->flags & ATTR_OPTIONAL)) {
		fail_item(p, ATTR_RESET, UNRECOGNIZED_WELL_KNOWN, "unrecognized well-known", i);
	} else if (i->flags & ATTR_TRANSITIVE) {
		i->flags |= ATTR_PARTIAL;
		keep(p, i);
	}
}

/* Partial is somebody's word about an optional transitive attribute, which stays (RFC 4271 section
 * 5); on any other one it says nothing, and neighbours behind us reset their sessions over it. */
static uint8_t canonical_flags(const struct attr_row *row, uint8_t flags)
{
	return row->flags | (row->flags == OPT_TRANS ? flags & ATTR_PARTIAL : 0);
}

static void one(struct attr_parse *p, struct attr_item *i)
{
	const struct attr_row *row = row_of(i->type);
	enum attr_action done = ATTR_OK;

	if (attr_parse_seen(p, i->type)) {
		if (i->type == ATTR_MP_REACH || i->type == ATTR_MP_UNREACH)
			fail_item(p, ATTR_RESET, MALFORMED_ATTRIBUTE_LIST, "twice", i);
		return; /* RFC 7606 section 3 (g): all but the first are discarded */
	}
	p->seen[i->type] = true;
	p->n_attributes++;
	i->flags &= ATTR_OPTIONAL | ATTR_TRANSITIVE | ATTR_PARTIAL;
	if (!row) {
		one_unknown(p, i);
		return;
	}
	if (row->internal && p->ctx->ebgp)
		return;
	/* RFC 7311 section 3: for those alone that are to have it. */
	if (i->type == ATTR_AIGP && (!p->ctx->aigp || (i->flags & ATTR_TRANSITIVE)))
		return;
	if ((i->flags & OPT_TRANS) != row->flags)
		fail_item(p, ATTR_WITHDRAW, FLAGS_ERROR, "flags", i);
	if (i->len < row->min || i->len > row->max || i->len % row->unit) {
		fail_item(p, row->on_size, LENGTH_ERROR, "length", i);
		return;
	}
	if (row->decode)
		done = row->decode(p, i);
	i->flags = canonical_flags(row, i->flags);
	if (done == ATTR_OK && !row->field)
		keep(p, i);
}

void attr_parse(struct attr_parse *p, const uint8_t *data, size_t len,
		const struct update_context *ctx, struct bgp_error *error)
{
	const uint8_t *at = data, *end = data + len;

	memset(p, 0, offsetof(struct attr_parse, items));
	p->n_items = p->n_attributes = 0;
	p->reach = p->unreach = (struct attr_mp){0};
	p->ctx = ctx;
	p->error = error;
	while (at < end && p->worst < ATTR_RESET) {
		struct attr_item i = {.flags = at[0], .start = at};
		size_t head = at[0] & ATTR_EXTENDED ? 4 : 3;

		if ((size_t)(end - at) < head) {
			attr_parse_fail(p, ATTR_WITHDRAW, MALFORMED_ATTRIBUTE_LIST,
					"attributes end within a header");
			return;
		}
		i.type = at[1];
		i.len = head == 4 ? get_u16(at + 2) : at[2];
		i.value = at + head;
		if (i.len > end - i.value) { /* RFC 7606 section 4 */
			attr_parse_fail(p, ATTR_WITHDRAW, MALFORMED_ATTRIBUTE_LIST,
					"an attribute is longer than the list");
			return;
		}
		at = i.value + i.len;
		one(p, &i);
	}
}

/* Making the set. */

/* Appends COUNT numbers of a segment, joining sequences that follow each other. */
static void path_append(struct wr *w, size_t *last, uint8_t type, const uint8_t *as, unsigned count,
			unsigned size)
{
	bool join = type == AS_SEQUENCE && *last != SIZE_MAX && w->data[*last] == AS_SEQUENCE &&
		    w->data[*last + 1] + count <= 255;

	if (!count)
		return;
	if (join) {
		w->data[*last + 1] += count;
	} else {
		*last = w->len;
		wr_u8(w, type);
		wr_u8(w, count);
	}
	for (unsigned i = 0; i < count; i++)
		wr_u32(w, get_as(as + i * size, size));
}

static bool of_confederation(uint8_t type)
{
	return type > AS_SEQUENCE;
}

static unsigned path_count(const struct attr_item *i, unsigned size)
{
	const uint8_t *at = i->value, *end = at + i->len;
	unsigned count = 0;

	for (; at < end; at += 2 + at[1] * size)
		if (!of_confederation(at[0]))
			count += at[0] == AS_SET ? 1 : at[1];
	return count;
}

/* The path with 4-octet numbers: RFC 6793 section 4.2.3. */
static void build_path(struct wr *w, const struct attr_item *path, const struct attr_item *as4,
		       unsigned size)
{
	unsigned have = path_count(path, size), tail = as4 ? path_count(as4, 4) : 0, take;
	size_t last = SIZE_MAX;

	wr_reset(w);
	if (tail > have)
		tail = 0;
	take = have - tail;
	for (const uint8_t *at = path->value; at < path->value + path->len && take > 0;
	     at += 2 + at[1] * size) {
		unsigned n = at[0] == AS_SET ? at[1] : at[1] < take ? at[1] : take;

		path_append(w, &last, at[0], at + 2, n, size);
		take -= at[0] == AS_SET ? 1 : n;
	}
	if (!tail)
		return;
	for (const uint8_t *at = as4->value; at < as4->value + as4->len; at += 2 + at[1] * 4)
		if (!of_confederation(at[0]))
			path_append(w, &last, at[0], at + 2, at[1], 4);
}

static bool is_set(uint8_t type)
{
	return type == ATTR_COMMUNITIES || type == ATTR_EXT_COMMUNITIES ||
	       type == ATTR_LARGE_COMMUNITIES;
}

/* Appends a list of elements of N bytes, each once (RFC 8092 section 3; 1997 and 4360: a set). */
static void add_set(struct attr_draft *d, const struct attr_item *i, size_t n)
{
	static struct wr w;

	wr_reset(&w);
	for (size_t at = 0; at < i->len; at += n) {
		size_t seen;

		for (seen = 0; seen < w.len; seen += n)
			if (memcmp(w.data + seen, i->value + at, n) == 0)
				break;
		if (seen == w.len)
			wr_bytes(&w, i->value + at, n);
	}
	attr_draft_add(d, i->flags, i->type, w.data, w.len);
}

static const struct attr_item *item(const struct attr_parse *p, uint8_t type)
{
	for (unsigned i = 0; i < p->n_items; i++)
		if (p->items[i].type == type)
			return &p->items[i];
	return NULL;
}

/* Where both are there and AGGREGATOR is not AS_TRANS, somebody put it in who did not know of the
 * other, nor of AS4_PATH: neither is to be believed (RFC 6793 section 4.2.3). */
static bool as4_outdated(const struct attr_parse *p)
{
	const struct attr_item *agg = item(p, ATTR_AGGREGATOR);

	return agg && item(p, ATTR_AS4_AGGREGATOR) && get_u16(agg->value) != AS_TRANS;
}

static void add_path(struct attr_draft *d, const struct attr_parse *p, const struct attr_item *i)
{
	static struct wr w;

	if (p->ctx->four_octet) {
		attr_draft_add(d, ATTR_TRANSITIVE, i->type, i->value, i->len);
		return;
	}
	build_path(&w, i, as4_outdated(p) ? NULL : item(p, ATTR_AS4_PATH), 2);
	attr_draft_add(d, ATTR_TRANSITIVE, ATTR_AS_PATH, w.data, w.len);
}

static void add_aggregator(struct attr_draft *d, const struct attr_parse *p,
			   const struct attr_item *i)
{
	const struct attr_item *as4 = item(p, ATTR_AS4_AGGREGATOR);
	uint8_t value[8], flags = i->flags;

	if (p->ctx->four_octet) {
		attr_draft_add(d, i->flags, i->type, i->value, i->len);
		return;
	}
	if (get_u16(i->value) == AS_TRANS && as4) {
		memcpy(value, as4->value, 8);
		flags |= as4->flags;
	} else {
		put_u32(value, get_u16(i->value));
		memcpy(value + 4, i->value + 2, 4);
	}
	attr_draft_add(d, flags, i->type, value, sizeof(value));
}

struct attr *attr_parse_intern(const struct attr_parse *p, const struct addr *nexthop,
			       const struct addr *nexthop_ll)
{
	static struct attr_draft d;

	attr_draft_clear(&d);
	d.head.nexthop = *nexthop;
	for (unsigned n = 0; n < p->n_items; n++) {
		const struct attr_item *i = &p->items[n];

		if (i->type == ATTR_AS_PATH) {
			add_path(&d, p, i);
		} else if (i->type == ATTR_AGGREGATOR) {
			add_aggregator(&d, p, i);
		} else if (i->type == ATTR_MED) {
			d.head.has_med = true;
			d.head.med = get_u32(i->value);
		} else if (i->type == ATTR_LOCAL_PREF) {
			d.head.has_local_pref = true;
			d.head.local_pref = get_u32(i->value);
		} else if (is_set(i->type)) {
			add_set(&d, i, row_of(i->type)->unit);
		} else if (i->type != ATTR_AS4_PATH && i->type != ATTR_AS4_AGGREGATOR) {
			attr_draft_add(&d, i->flags, i->type, i->value, i->len);
		}
	}
	attr_draft_derive(&d);
	attr_draft_nexthop_ll(&d, nexthop_ll->family ? nexthop_ll->b : NULL);
	return attr_intern(&d);
}
