/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message_update: an UPDATE's layout (RFC 4271 section 4.3), and which errors end the session (RFC
 * 7606): only those after which nobody can say where the prefixes are.
 */
#include <errno.h>
#include <string.h>

#include "attr_parse.h"
#include "message.h"
#include "util.h"

#define SUBCODE_MALFORMED_LIST 1
#define SUBCODE_MISSING 3
#define SUBCODE_NEXT_HOP 8
#define SUBCODE_NETWORK 10

bool nlri_next(struct nlri_iter *it, struct prefix *out)
{
	uint8_t bytes[16] = {0};
	unsigned len, n;

	if (it->at >= it->end)
		return false;
	len = *it->at++;
	n = (len + 7) / 8;
	memcpy(bytes, it->at, n);
	it->at += n;
	*out = prefix_make(it->family, bytes, len);
	return true;
}

static int reset(struct bgp_error *error, uint8_t subcode, const char *text)
{
	error->code = 3;
	error->subcode = subcode;
	error->len = 0;
	str_copy(error->text, text, sizeof(error->text));
	return -EBADMSG;
}

static void missing(struct attr_parse *p, uint8_t type, const char *text)
{
	if (attr_parse_seen(p, type) || p->worst >= ATTR_WITHDRAW)
		return;
	attr_parse_fail(p, ATTR_WITHDRAW, SUBCODE_MISSING, text);
	p->error->data[0] = type;
	p->error->len = 1;
}

/* What is missing or wrong for the prefixes that are there (RFC 7606 section 3 (d)); inside the AS
 * LOCAL_PREF is required, too (RFC 4271 section 5). */
static void check_mandatory(struct attr_parse *p, bool ipv4, bool mp)
{
	if (!ipv4 && !mp)
		return;
	missing(p, ATTR_ORIGIN, "ORIGIN is missing");
	missing(p, ATTR_AS_PATH, "AS_PATH is missing");
	if (!p->ctx->ebgp)
		missing(p, ATTR_LOCAL_PREF, "LOCAL_PREF is missing");
	if (ipv4)
		missing(p, ATTR_NEXT_HOP, "NEXT_HOP is missing");
	if (ipv4 && !addr_is_host(&p->nexthop))
		attr_parse_fail(p, ATTR_WITHDRAW, SUBCODE_NEXT_HOP, "NEXT_HOP: no host address");
}

static struct nlri_iter iter(const uint8_t *at, size_t len, uint8_t family)
{
	return (struct nlri_iter){at, at + len, family};
}

static void set_mp(struct update *u, const struct attr_parse *p)
{
	if (p->unreach.family)
		u->withdrawn[1] = iter(p->unreach.nlri, p->unreach.len, p->unreach.family);
	if (p->reach.family)
		u->announced[1] = iter(p->reach.nlri, p->reach.len, p->reach.family);
}

static bool any(const struct nlri_iter *it)
{
	return it->at < it->end;
}

static void intern(struct update *u, const struct attr_parse *p, const struct update_context *ctx)
{
	static const struct addr none;
	const struct addr *global = &p->reach.nexthop, *ll = &p->reach.nexthop_ll;
	/* Over a link without a common subnet that is the one that can be reached. */
	bool by_link = ctx->link_local && ll->family;
	struct addr hop = addr_in_plane(&p->nexthop, ctx->plane),
		    mp = addr_on_link(by_link ? ll : global, ctx->link ? ctx->link : "");

	mp = addr_in_plane(&mp, ctx->plane);

	if (any(&u->announced[0]))
		u->attr = attr_parse_intern(p, &hop, &none);
	if (any(&u->announced[1]))
		u->mp_attr = attr_parse_intern(p, &mp, by_link ? &none : ll);
}

/* RFC 4724 section 2. */
static void find_eor(struct update *u, const struct attr_parse *p, size_t len)
{
	if (len == 4)
		u->eor[BGP_IPV4] = true;
	else if (p->n_attributes == 1 && p->unreach.family &&
		 !p->unreach.len && !any(&u->announced[0]) && !any(&u->withdrawn[0]))
		u->eor[p->unreach.family == AF_INET ? BGP_IPV4 : BGP_IPV6] = true;
}

int update_decode(const uint8_t *body, size_t len, const struct update_context *ctx,
		  struct update *u, struct bgp_error *error)
{
	static struct attr_parse p;
	size_t withdrawn, attrs, nlri;
	bool ipv4, mp;

	memset(u, 0, sizeof(*u));
	error->code = error->subcode = error->len = 0;
	error->text[0] = '\0';
	if (len < 4 || (withdrawn = get_u16(body)) > len - 4)
		return reset(error, SUBCODE_MALFORMED_LIST, "withdrawn routes length");
	if ((attrs = get_u16(body + 2 + withdrawn)) > len - 4 - withdrawn)
		return reset(error, SUBCODE_MALFORMED_LIST, "total attribute length");
	nlri = len - 4 - withdrawn - attrs;
	if (!nlri_valid(body + 2, withdrawn, AF_INET))
		return reset(error, SUBCODE_NETWORK, "malformed withdrawn prefix");
	if (!nlri_valid(body + len - nlri, nlri, AF_INET))
		return reset(error, SUBCODE_NETWORK, "malformed prefix");
	attr_parse(&p, body + 4 + withdrawn, attrs, ctx, error);
	if (p.worst == ATTR_RESET)
		return -EBADMSG;
	if (ctx->family[BGP_IPV4]) {
		u->withdrawn[0] = iter(body + 2, withdrawn, AF_INET);
		u->announced[0] = iter(body + len - nlri, nlri, AF_INET);
	}
	set_mp(u, &p);
	ipv4 = nlri > 0;
	mp = p.reach.present && p.reach.len > 0;
	check_mandatory(&p, ipv4, mp);
	/* Section 5.2: where no prefix was found, one may have been lost with the broken part. */
	if (p.worst == ATTR_WITHDRAW && !ipv4 && !p.reach.present)
		return -EBADMSG;
	u->treat_as_withdraw = p.worst == ATTR_WITHDRAW;
	if (!u->treat_as_withdraw)
		intern(u, &p, ctx);
	find_eor(u, &p, len);
	return 0;
}

void update_release(struct update *u)
{
	attr_unref(u->attr);
	attr_unref(u->mp_attr);
	u->attr = u->mp_attr = NULL;
}
