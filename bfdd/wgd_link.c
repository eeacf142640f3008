/* SPDX-License-Identifier: BSD-2-Clause */
#include "wgd_link.h"

#include "history.h"
#include "ipc.h"

static struct ipc *wgd; /* NULL while there is none */

void wgd_link_news(const struct bfd_entry *e, enum bfd_news news)
{
	struct msg_bfd_news m = {
		.id = e->want.id, .news = news, .diag = e->s.diag, .remote_diag = e->s.remote_diag};
	struct wr w = {0};

	history_note((struct history_fact){.kind = HISTORY_BFD,
					   .what = news,
					   .name = history_name(e->want.ifname, e->want.peer),
					   .addr = &e->want.remote});
	if (!wgd)
		return;
	msg_put_bfd_news(&w, &m);
	ipc_send(wgd, MSG_BFD_NEWS, 0, w.data, w.len);
	wr_free(&w);
}

static void on_frame(void *arg, const struct ipc_frame *frame)
{
	struct msg_bfd_session want;
	uint32_t id;
	int err = 0;

	switch (frame->type) {
	case MSG_BFD_SESSION:
		err = msg_get_bfd_session(frame->body, frame->len, &want);
		if (err == 0)
			bfd_engine_want(&want);
		break;
	case MSG_BFD_SESSION_GONE:
		err = msg_get_u32(frame->body, frame->len, &id);
		if (err == 0)
			bfd_engine_gone(id);
		break;
	case MSG_BFD_SYNC:
		bfd_engine_sync();
		break;
	default:
		fatal("unexpected message %s from wgd", msg_name(frame->type));
	}
	if (err < 0)
		fatal("malformed message from wgd");
}

static void on_closed(void *arg, const char *why)
{
	wgd_link_close();
}

void wgd_link_open(int fd)
{
	static const struct ipc_handlers handlers = {on_frame, on_closed, NULL};

	wgd_link_close();
	bfd_engine_restart();
	wgd = ipc_new(fd, &handlers, NULL);
}

void wgd_link_close(void)
{
	ipc_free(wgd);
	wgd = NULL;
}
