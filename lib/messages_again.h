/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages_again: for tests and fuzzing: each message decoded and encoded again, as a table of
 * rows.
 *
 * again() returns what the decoder returned; when that is 0 it appended the message's encoding to
 * OUT, so a caller can ask that decode and encode undo each other.
 */
#ifndef WGBGP_MESSAGES_AGAIN_H
#define WGBGP_MESSAGES_AGAIN_H

#include "messages.h"
#include "util.h"

typedef int (*again_fn)(const uint8_t *body, size_t len, struct wr *out);

/* Messages with arrays of their own: NAME of msg_get_NAME() and so on, struct msg_NAME. */
#define AGAIN_FREE(name)                                                         \
	static int again_##name(const uint8_t *body, size_t len, struct wr *out) \
	{                                                                        \
		struct msg_##name m;                                             \
		int err = msg_get_##name(body, len, &m);                         \
                                                                                 \
		if (err < 0)                                                     \
			return err;                                              \
		msg_put_##name(out, &m);                                         \
		msg_free_##name(&m);                                             \
		return 0;                                                        \
	}
#define AGAIN_PLAIN(name)                                                        \
	static int again_##name(const uint8_t *body, size_t len, struct wr *out) \
	{                                                                        \
		struct msg_##name m;                                             \
		int err = msg_get_##name(body, len, &m);                         \
                                                                                 \
		if (err == 0)                                                    \
			msg_put_##name(out, &m);                                 \
		return err;                                                      \
	}

AGAIN_PLAIN(secret)
AGAIN_PLAIN(password)
AGAIN_PLAIN(nexthop)
AGAIN_PLAIN(redist)
AGAIN_PLAIN(allowed_refused)
AGAIN_PLAIN(bfd_session)
AGAIN_PLAIN(bfd_news)
AGAIN_FREE(verdicts)
AGAIN_FREE(allowed)
AGAIN_FREE(allowed_ack)
AGAIN_FREE(tunnel_if)
AGAIN_FREE(tunnel_peer)

static int again_routes(const uint8_t *body, size_t len, struct wr *out)
{
	struct msg_routes m;
	int err = msg_get_routes(body, len, &m);
	size_t mark;

	if (err < 0)
		return err;
	mark = msg_begin_routes(out, &m.hops);
	for (uint32_t i = 0; i < m.n_prefixes; i++)
		wr_prefix(out, &m.prefixes[i]);
	msg_end_routes(out, mark, m.n_prefixes);
	msg_free_routes(&m);
	return 0;
}

static int again_channel(const uint8_t *body, size_t len, struct wr *out)
{
	enum daemon_id id;
	int err = msg_get_channel(body, len, &id);

	if (err == 0)
		msg_put_channel(out, id);
	return err;
}

static int again_endpoint(const uint8_t *body, size_t len, struct wr *out)
{
	struct endpoint e;
	int err = msg_get_endpoint(body, len, &e);

	if (err == 0)
		wr_endpoint(out, &e);
	return err;
}

static int again_addr(const uint8_t *body, size_t len, struct wr *out)
{
	struct addr a;
	int err = msg_get_addr(body, len, &a);

	if (err == 0)
		wr_hop(out, &a);
	return err;
}

static int again_u32(const uint8_t *body, size_t len, struct wr *out)
{
	uint32_t v;
	int err = msg_get_u32(body, len, &v);

	if (err == 0)
		wr_u32(out, v);
	return err;
}

static int again_done(const uint8_t *body, size_t len, struct wr *out)
{
	char error[MSG_ERROR_MAX];
	int err = msg_get_done(body, len, error);

	if (err == 0)
		msg_put_done(out, error);
	return err;
}

static int again_request(const uint8_t *body, size_t len, struct wr *out)
{
	struct msg_reply m;
	int err = msg_get_reply(MSG_REQUEST, body, len, &m);

	if (err == 0)
		msg_put_request(out, m.id, m.json, m.json_len);
	return err;
}

static int again_reply_head(const uint8_t *body, size_t len, struct wr *out)
{
	struct msg_reply m;
	int err = msg_get_reply(MSG_REPLY_HEAD, body, len, &m);

	if (err == 0)
		msg_put_reply_head(out, m.id, m.list, m.json, m.json_len);
	return err;
}

static int again_reply_end(const uint8_t *body, size_t len, struct wr *out)
{
	struct msg_reply m;
	int err = msg_get_reply(MSG_REPLY_END, body, len, &m);

	if (err == 0)
		msg_put_reply_end(out, m.id, m.error);
	return err;
}

static const struct again_row {
	const char *name;
	again_fn again;
	size_t free_tail; /* the body is free text behind this offset: cuts there are fine */
} again_rows[] = {
	{"channel", again_channel, 0},
	{"endpoint", again_endpoint, 0},
	{"addr", again_addr, 0},
	{"u32", again_u32, 0},
	{"secret", again_secret, 0},
	{"password", again_password, 0},
	{"done", again_done, 0},
	{"request", again_request, 4},
	{"reply-head", again_reply_head, 4 + 2 + 6},
	{"reply-end", again_reply_end, 0},
	{"routes", again_routes, 0},
	{"nexthop", again_nexthop, 0},
	{"verdicts", again_verdicts, 0},
	{"redist", again_redist, 0},
	{"allowed", again_allowed, 0},
	{"allowed-refused", again_allowed_refused, 0},
	{"allowed-ack", again_allowed_ack, 0},
	{"tunnel-if", again_tunnel_if, 0},
	{"tunnel-peer", again_tunnel_peer, 0},
	{"bfd-session", again_bfd_session, 0},
	{"bfd-news", again_bfd_news, 0},
};

#endif
