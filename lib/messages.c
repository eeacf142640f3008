/* SPDX-License-Identifier: BSD-2-Clause */
#include "messages.h"

#include <errno.h>
#include <stdlib.h>

#include "util.h"

static int done(const struct rd *r)
{
	return rd_done(r) ? 0 : -EBADMSG;
}

/* A number that must be below LIMIT. */
static uint8_t rd_enum(struct rd *r, unsigned limit)
{
	uint8_t v = rd_u8(r);

	if (v >= limit)
		r->bad = true;
	return v;
}

/* A count of items of at least MIN bytes each that the rest of the body can hold. */
static uint32_t rd_count(struct rd *r, size_t min)
{
	uint32_t n = rd_u32(r);

	if (n > rd_left(r) / min) {
		r->bad = true;
		return 0;
	}
	return n;
}

void msg_put_channel(struct wr *w, enum daemon_id peer)
{
	wr_u8(w, peer);
}

int msg_get_channel(const uint8_t *body, size_t len, enum daemon_id *peer)
{
	struct rd r;

	rd_init(&r, body, len);
	*peer = rd_enum(&r, DAEMON_COUNT);
	return done(&r);
}

int msg_get_endpoint(const uint8_t *body, size_t len, struct endpoint *out)
{
	struct rd r;

	rd_init(&r, body, len);
	rd_endpoint(&r, out);
	return done(&r);
}

int msg_get_addr(const uint8_t *body, size_t len, struct addr *out)
{
	struct rd r;

	rd_init(&r, body, len);
	rd_hop(&r, out);
	return done(&r);
}

int msg_get_u32(const uint8_t *body, size_t len, uint32_t *out)
{
	struct rd r;

	rd_init(&r, body, len);
	*out = rd_u32(&r);
	return done(&r);
}

void msg_put_secret(struct wr *w, const struct msg_secret *m)
{
	wr_str(w, m->path);
	wr_bytes(w, m->key, KEY_BYTES);
}

int msg_get_secret(const uint8_t *body, size_t len, struct msg_secret *m)
{
	struct rd r;

	rd_init(&r, body, len);
	rd_str(&r, m->path, sizeof(m->path));
	rd_bytes(&r, m->key, KEY_BYTES);
	return done(&r);
}

void msg_put_password(struct wr *w, const struct msg_password *m)
{
	wr_str(w, m->path);
	wr_str(w, m->text);
}

int msg_get_password(const uint8_t *body, size_t len, struct msg_password *m)
{
	struct rd r;

	rd_init(&r, body, len);
	rd_str(&r, m->path, sizeof(m->path));
	rd_str(&r, m->text, sizeof(m->text));
	return done(&r);
}

void msg_put_done(struct wr *w, const char *error)
{
	char text[MSG_ERROR_MAX];

	str_copy(text, error, sizeof(text));
	wr_str(w, text);
}

int msg_get_done(const uint8_t *body, size_t len, char error[MSG_ERROR_MAX])
{
	struct rd r;

	rd_init(&r, body, len);
	rd_str(&r, error, MSG_ERROR_MAX);
	return done(&r);
}

void msg_put_request(struct wr *w, uint32_t id, const char *json, size_t len)
{
	wr_u32(w, id);
	wr_bytes(w, json, len);
}

void msg_put_reply_head(struct wr *w, uint32_t id, const char *list, const char *json, size_t len)
{
	wr_u32(w, id);
	wr_str(w, list);
	wr_bytes(w, json, len);
}

void msg_put_reply_end(struct wr *w, uint32_t id, const char *error)
{
	wr_u32(w, id);
	msg_put_done(w, error);
}

int msg_get_reply(enum msg_type type, const uint8_t *body, size_t len, struct msg_reply *m)
{
	struct rd r;

	*m = (struct msg_reply){0};
	rd_init(&r, body, len);
	m->id = rd_u32(&r);
	if (type == MSG_REPLY_HEAD)
		rd_str(&r, m->list, sizeof(m->list));
	if (type == MSG_REPLY_END)
		rd_str(&r, m->error, sizeof(m->error));
	if (type == MSG_REQUEST || type == MSG_REPLY_HEAD || type == MSG_REPLY_ROW) {
		m->json_len = rd_left(&r);
		m->json = (const char *)rd_take(&r, m->json_len);
	}
	return done(&r);
}

static void rd_prefixes(struct rd *r, uint32_t *n, struct prefix **out)
{
	*n = rd_count(r, 2);
	*out = *n ? xcalloc(*n, sizeof(**out)) : NULL;
	for (uint32_t i = 0; i < *n; i++)
		rd_prefix(r, &(*out)[i]);
}

size_t msg_begin_routes(struct wr *w, const struct route_hops *hops)
{
	wr_u8(w, hops->n);
	for (unsigned i = 0; i < hops->n; i++) {
		wr_hop(w, &hops->hop[i].addr);
		wr_u8(w, hops->hop[i].source);
		wr_u8(w, hops->hop[i].demotion);
		wr_u8(w, hops->hop[i].weight);
	}
	wr_u32(w, 0);
	return w->len - 4;
}

void msg_end_routes(struct wr *w, size_t mark, uint32_t n_prefixes)
{
	size_t len = w->len;

	w->len = mark;
	wr_u32(w, n_prefixes);
	w->len = len;
}

int msg_get_routes(const uint8_t *body, size_t len, struct msg_routes *m)
{
	struct rd r;

	*m = (struct msg_routes){0};
	rd_init(&r, body, len);
	m->hops.n = rd_enum(&r, ROUTE_HOPS_MAX + 1);
	if (r.bad)
		return -EBADMSG;
	for (unsigned i = 0; i < m->hops.n; i++) {
		rd_hop(&r, &m->hops.hop[i].addr);
		m->hops.hop[i].source = rd_enum(&r, ROUTE_IBGP + 1);
		m->hops.hop[i].demotion = rd_enum(&r, DEMOTED_LAST + 1);
		m->hops.hop[i].weight = rd_u8(&r);
	}
	rd_prefixes(&r, &m->n_prefixes, &m->prefixes);
	if (done(&r) < 0)
		msg_free_routes(m);
	return done(&r);
}

void msg_free_routes(struct msg_routes *m)
{
	free(m->prefixes);
	m->prefixes = NULL;
}

void msg_put_nexthop(struct wr *w, const struct msg_nexthop *m)
{
	wr_hop(w, &m->addr);
	wr_u8(w, m->reach);
	wr_u8(w, m->reason);
	wr_u8(w, m->weak);
	wr_u8(w, m->connected);
	wr_u8(w, m->tunnel);
	wr_u32(w, m->cost);
	wr_str(w, m->ifname);
	wr_str(w, m->peer);
}

int msg_get_nexthop(const uint8_t *body, size_t len, struct msg_nexthop *m)
{
	struct rd r;

	*m = (struct msg_nexthop){0};
	rd_init(&r, body, len);
	rd_hop(&r, &m->addr);
	m->reach = rd_enum(&r, REACH_UP + 1);
	m->reason = rd_enum(&r, REASON_COUNT);
	m->weak = rd_enum(&r, 2);
	m->connected = rd_enum(&r, 2);
	m->tunnel = rd_enum(&r, 2);
	m->cost = rd_u32(&r);
	rd_str(&r, m->ifname, sizeof(m->ifname));
	rd_str(&r, m->peer, sizeof(m->peer));
	return done(&r);
}

void msg_put_verdicts(struct wr *w, const struct msg_verdicts *m)
{
	wr_u8(w, m->verdict);
	wr_u8(w, m->reason);
	wr_hop(w, &m->nexthop);
	wr_u32(w, m->n_prefixes);
	for (uint32_t i = 0; i < m->n_prefixes; i++)
		wr_prefix(w, &m->prefixes[i]);
}

int msg_get_verdicts(const uint8_t *body, size_t len, struct msg_verdicts *m)
{
	struct rd r;

	rd_init(&r, body, len);
	m->verdict = rd_enum(&r, VERDICT_CLEARED + 1);
	m->reason = rd_enum(&r, REASON_COUNT);
	rd_hop(&r, &m->nexthop);
	rd_prefixes(&r, &m->n_prefixes, &m->prefixes);
	if (done(&r) < 0)
		msg_free_verdicts(m);
	return done(&r);
}

void msg_free_verdicts(struct msg_verdicts *m)
{
	free(m->prefixes);
	m->prefixes = NULL;
}

void msg_put_redist(struct wr *w, const struct msg_redist *m)
{
	wr_prefix(w, &m->prefix);
	wr_u8(w, m->source);
	wr_u8(w, m->present);
	wr_u32(w, m->metric);
}

int msg_get_redist(const uint8_t *body, size_t len, struct msg_redist *m)
{
	struct rd r;

	rd_init(&r, body, len);
	rd_prefix(&r, &m->prefix);
	m->source = rd_enum(&r, REDIST_COUNT);
	m->present = rd_enum(&r, 2);
	m->metric = rd_u32(&r);
	return done(&r);
}

void msg_put_allowed(struct wr *w, const struct msg_allowed *m)
{
	wr_u32(w, m->batch);
	wr_u32(w, m->n);
	for (uint32_t i = 0; i < m->n; i++) {
		wr_u8(w, m->changes[i].op);
		wr_u32(w, m->changes[i].peer_id);
		wr_prefix(w, &m->changes[i].prefix);
	}
}

int msg_get_allowed(const uint8_t *body, size_t len, struct msg_allowed *m)
{
	struct rd r;

	rd_init(&r, body, len);
	m->batch = rd_u32(&r);
	m->n = rd_count(&r, 7);
	m->changes = m->n ? xcalloc(m->n, sizeof(*m->changes)) : NULL;
	for (uint32_t i = 0; i < m->n; i++) {
		m->changes[i].op = rd_enum(&r, ALLOWED_UNSET + 1);
		m->changes[i].peer_id = rd_u32(&r);
		rd_prefix(&r, &m->changes[i].prefix);
	}
	if (done(&r) < 0)
		msg_free_allowed(m);
	return done(&r);
}

void msg_free_allowed(struct msg_allowed *m)
{
	free(m->changes);
	m->changes = NULL;
}

void msg_put_allowed_refused(struct wr *w, const struct msg_allowed_refused *m)
{
	wr_u32(w, m->peer_id);
	wr_prefix(w, &m->prefix);
	wr_u8(w, m->reason);
}

static void rd_refused(struct rd *r, struct msg_allowed_refused *m)
{
	m->peer_id = rd_u32(r);
	rd_prefix(r, &m->prefix);
	m->reason = rd_enum(r, REASON_COUNT);
}

int msg_get_allowed_refused(const uint8_t *body, size_t len, struct msg_allowed_refused *m)
{
	struct rd r;

	rd_init(&r, body, len);
	rd_refused(&r, m);
	return done(&r);
}

void msg_put_allowed_ack(struct wr *w, const struct msg_allowed_ack *m)
{
	wr_u32(w, m->batch);
	wr_u32(w, m->n);
	for (uint32_t i = 0; i < m->n; i++)
		msg_put_allowed_refused(w, &m->refused[i]);
}

int msg_get_allowed_ack(const uint8_t *body, size_t len, struct msg_allowed_ack *m)
{
	struct rd r;

	rd_init(&r, body, len);
	m->batch = rd_u32(&r);
	m->n = rd_count(&r, 7);
	m->refused = m->n ? xcalloc(m->n, sizeof(*m->refused)) : NULL;
	for (uint32_t i = 0; i < m->n; i++)
		rd_refused(&r, &m->refused[i]);
	if (done(&r) < 0)
		msg_free_allowed_ack(m);
	return done(&r);
}

void msg_free_allowed_ack(struct msg_allowed_ack *m)
{
	free(m->refused);
	m->refused = NULL;
}

void msg_put_tunnel_if(struct wr *w, const struct msg_tunnel_if *m)
{
	wr_u32(w, m->ifindex);
	wr_str(w, m->name);
	wr_u8(w, m->up);
	wr_u8(w, m->adopted);
	wr_u8(w, m->any);
	wr_u32(w, m->fwmark);
	wr_u32(w, m->n_addrs);
	for (unsigned i = 0; i < m->n_addrs; i++) {
		wr_addr(w, &m->addrs[i].addr);
		wr_u8(w, m->addrs[i].len);
	}
}

int msg_get_tunnel_if(const uint8_t *body, size_t len, struct msg_tunnel_if *m)
{
	struct rd r;

	*m = (struct msg_tunnel_if){0};
	rd_init(&r, body, len);
	m->ifindex = rd_u32(&r);
	rd_str(&r, m->name, sizeof(m->name));
	m->up = rd_enum(&r, 2);
	m->adopted = rd_enum(&r, 2);
	m->any = rd_enum(&r, 2);
	m->fwmark = rd_u32(&r);
	m->n_addrs = rd_count(&r, 2);
	m->addrs = m->n_addrs ? xcalloc(m->n_addrs, sizeof(*m->addrs)) : NULL;
	for (unsigned i = 0; i < m->n_addrs; i++) {
		rd_addr(&r, &m->addrs[i].addr);
		m->addrs[i].len = rd_enum(&r, family_bits(m->addrs[i].addr.family) + 1);
	}
	if (done(&r) < 0)
		msg_free_tunnel_if(m);
	return done(&r);
}

void msg_free_tunnel_if(struct msg_tunnel_if *m)
{
	free(m->addrs);
	m->addrs = NULL;
}

void msg_put_tunnel_peer(struct wr *w, const struct msg_tunnel_peer *m)
{
	wr_u32(w, m->id);
	wr_u32(w, m->ifindex);
	wr_str(w, m->name);
	wr_u8(w, m->state);
	wr_u8(w, m->reason);
	wr_u8(w, m->weak);
	wr_u32(w, m->cost);
	wr_endpoint(w, &m->endpoint);
	wr_u32(w, m->n_addrs);
	for (unsigned i = 0; i < m->n_addrs; i++)
		wr_addr(w, &m->addrs[i]);
	wr_u32(w, m->n_fixed);
	for (unsigned i = 0; i < m->n_fixed; i++)
		wr_prefix(w, &m->fixed[i]);
}

int msg_get_tunnel_peer(const uint8_t *body, size_t len, struct msg_tunnel_peer *m)
{
	struct rd r;

	*m = (struct msg_tunnel_peer){0};
	rd_init(&r, body, len);
	m->id = rd_u32(&r);
	m->ifindex = rd_u32(&r);
	rd_str(&r, m->name, sizeof(m->name));
	m->state = rd_enum(&r, TUNNEL_UP + 1);
	m->reason = rd_enum(&r, REASON_COUNT);
	m->weak = rd_enum(&r, 2);
	m->cost = rd_u32(&r);
	rd_endpoint(&r, &m->endpoint);
	m->n_addrs = rd_count(&r, 1);
	m->addrs = m->n_addrs ? xcalloc(m->n_addrs, sizeof(*m->addrs)) : NULL;
	for (unsigned i = 0; i < m->n_addrs; i++)
		rd_addr(&r, &m->addrs[i]);
	rd_prefixes(&r, &m->n_fixed, &m->fixed);
	if (done(&r) < 0)
		msg_free_tunnel_peer(m);
	return done(&r);
}

void msg_free_tunnel_peer(struct msg_tunnel_peer *m)
{
	free(m->addrs);
	free(m->fixed);
	m->addrs = NULL;
	m->fixed = NULL;
}

void msg_put_bfd_session(struct wr *w, const struct msg_bfd_session *m)
{
	wr_u32(w, m->id);
	wr_u32(w, m->ifindex);
	wr_str(w, m->ifname);
	wr_str(w, m->peer);
	wr_addr(w, &m->local);
	wr_addr(w, &m->remote);
	wr_u32(w, m->interval_ms);
	wr_u32(w, m->receive_ms);
	wr_u8(w, m->multiplier);
	wr_u8(w, m->passive);
}

int msg_get_bfd_session(const uint8_t *body, size_t len, struct msg_bfd_session *m)
{
	struct rd r;

	*m = (struct msg_bfd_session){0};
	rd_init(&r, body, len);
	m->id = rd_u32(&r);
	m->ifindex = rd_u32(&r);
	rd_str(&r, m->ifname, sizeof(m->ifname));
	rd_str(&r, m->peer, sizeof(m->peer));
	rd_addr(&r, &m->local);
	rd_addr(&r, &m->remote);
	m->interval_ms = rd_u32(&r);
	m->receive_ms = rd_u32(&r);
	m->multiplier = rd_u8(&r);
	m->passive = rd_enum(&r, 2);
	if (!m->multiplier || !m->local.family || m->local.family != m->remote.family)
		return -EBADMSG;
	return done(&r);
}

void msg_put_bfd_news(struct wr *w, const struct msg_bfd_news *m)
{
	wr_u32(w, m->id);
	wr_u8(w, m->news);
	wr_u8(w, m->diag);
	wr_u8(w, m->remote_diag);
}

int msg_get_bfd_news(const uint8_t *body, size_t len, struct msg_bfd_news *m)
{
	struct rd r;

	rd_init(&r, body, len);
	m->id = rd_u32(&r);
	m->news = rd_enum(&r, BFD_NEWS_COUNT);
	m->diag = rd_u8(&r);
	m->remote_diag = rd_u8(&r);
	return done(&r);
}
