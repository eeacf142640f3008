/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon.h"
#include "fib.h"
#include "links.h"
#include "log.h"
#include "tunnel.h"

static struct ipc *ipc;

/* --- from wgd --- */

static int on_if(const struct ipc_frame *f)
{
	struct msg_tunnel_if m;
	int err = msg_get_tunnel_if(f->body, f->len, &m);

	if (err < 0)
		return err;
	tunnel_if_told(&m);
	msg_free_tunnel_if(&m);
	return 0;
}

static int on_if_gone(const struct ipc_frame *f)
{
	uint32_t ifindex;
	int err = msg_get_u32(f->body, f->len, &ifindex);

	if (err == 0)
		tunnel_if_gone(ifindex);
	return err;
}

static int on_peer(const struct ipc_frame *f)
{
	struct msg_tunnel_peer m;
	int err = msg_get_tunnel_peer(f->body, f->len, &m);

	if (err < 0)
		return err;
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
	return 0;
}

static int on_peer_gone(const struct ipc_frame *f)
{
	uint32_t id;
	int err = msg_get_u32(f->body, f->len, &id);

	if (err == 0)
		tunnel_peer_gone(id);
	return err;
}

static int on_held(const struct ipc_frame *f)
{
	struct msg_allowed m;
	int err = msg_get_allowed(f->body, f->len, &m);

	if (err < 0)
		return err;
	fib_held(&m);
	msg_free_allowed(&m);
	return 0;
}

static int on_sync(const struct ipc_frame *f)
{
	tunnel_synced();
	fib_wgd_synced();
	link_bgpd_tunnels_ready();
	return 0;
}

static int on_ack(const struct ipc_frame *f)
{
	struct msg_allowed_ack m;
	int err = msg_get_allowed_ack(f->body, f->len, &m);

	if (err < 0)
		return err;
	fib_acked(&m);
	msg_free_allowed_ack(&m);
	return 0;
}

static int on_refused(const struct ipc_frame *f)
{
	struct msg_allowed_refused m;
	int err = msg_get_allowed_refused(f->body, f->len, &m);

	if (err == 0)
		fib_allowed_refused(&m);
	return err;
}

static void on_frame(void *arg, const struct ipc_frame *f)
{
	static const struct {
		enum msg_type type;
		int (*handler)(const struct ipc_frame *f);
	} rows[] = {
		{MSG_TUNNEL_IF, on_if},	     {MSG_TUNNEL_IF_GONE, on_if_gone},
		{MSG_TUNNEL_PEER, on_peer},  {MSG_TUNNEL_PEER_GONE, on_peer_gone},
		{MSG_ALLOWED_HELD, on_held}, {MSG_TUNNEL_SYNC, on_sync},
		{MSG_ALLOWED_ACK, on_ack},   {MSG_ALLOWED_REFUSED, on_refused},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].type == (enum msg_type)f->type && rows[i].handler(f) == 0)
			return;
	log_error("bad-message", "daemon=wgd type=%s", msg_name(f->type));
}

static void on_closed(void *arg, const char *why)
{
	log_info("channel-lost", "daemon=wgd why=\"%s\"", why);
	link_wgd_close();
	fib_wgd_away();
}

static void on_drained(void *arg)
{
	fib_look();
}

/* --- to wgd --- */

void link_wgd_allowed(const struct msg_allowed *m)
{
	struct wr w = {0};

	msg_put_allowed(&w, m);
	if (ipc)
		ipc_send(ipc, MSG_ALLOWED, daemon_generation(), w.data, w.len);
	wr_free(&w);
}

void link_wgd_allowed_sync(uint32_t batch)
{
	struct wr w = {0};

	wr_u32(&w, batch);
	if (ipc)
		ipc_send(ipc, MSG_ALLOWED_SYNC, daemon_generation(), w.data, w.len);
	wr_free(&w);
}

bool link_wgd_full(void)
{
	return ipc && ipc_full(ipc);
}

void link_wgd_open(int fd)
{
	static const struct ipc_handlers handlers = {on_frame, on_closed, on_drained};

	link_wgd_close();
	fib_wgd_away();
	tunnel_begin();
	ipc = ipc_new(fd, &handlers, NULL);
}

void link_wgd_close(void)
{
	ipc_free(ipc);
	ipc = NULL;
}
