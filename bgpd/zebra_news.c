/* SPDX-License-Identifier: BSD-2-Clause */
#include "zebra_news.h"

#include "ipc.h"
#include "link_zebra.h"
#include "log.h"
#include "nexthop.h"
#include "nexthop_news.h"
#include "originate.h"
#include "restart.h"
#include "rib_verdict.h"
#include "rib_work.h"
#include "util.h"

static void on_nexthop(const struct ipc_frame *f)
{
	struct msg_nexthop m;

	if (msg_get_nexthop(f->body, f->len, &m) < 0)
		fatal("malformed NEXTHOP from zebra-lite");
	nexthop_heard(&m);
}

static void on_verdicts(const struct ipc_frame *f)
{
	struct msg_verdicts m;

	if (msg_get_verdicts(f->body, f->len, &m) < 0)
		fatal("malformed VERDICTS from zebra-lite");
	rib_verdicts_heard(&m);
	msg_free_verdicts(&m);
}

static void on_redist(const struct ipc_frame *f)
{
	struct msg_redist m;

	if (msg_get_redist(f->body, f->len, &m) < 0)
		fatal("malformed REDIST from zebra-lite");
	originate_heard(&m);
}

static void on_redist_sync(const struct ipc_frame *f)
{
	uint32_t kept;

	if (msg_get_u32(f->body, f->len, &kept) < 0)
		fatal("malformed REDIST_SYNC from zebra-lite");
	originate_synced();
	restart_told(kept);
}

static void on_routes_kept(const struct ipc_frame *f)
{
	struct msg_routes m;

	if (!restart_keeping())
		return;
	if (msg_get_routes(f->body, f->len, &m) < 0)
		fatal("malformed ROUTES_KEPT from zebra-lite");
	restart_kept(&m);
	msg_free_routes(&m);
}

static void on_frame(void *arg, const struct ipc_frame *f)
{
	static const struct {
		enum msg_type type;
		void (*handler)(const struct ipc_frame *f);
	} rows[] = {
		{MSG_NEXTHOP, on_nexthop},
		{MSG_VERDICTS, on_verdicts},
		{MSG_REDIST, on_redist},
		{MSG_REDIST_SYNC, on_redist_sync},
		{MSG_ROUTES_KEPT, on_routes_kept},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].type == (enum msg_type)f->type) {
			rows[i].handler(f);
			return;
		}
	log_error("bad-message", "daemon=zebra-lite type=%s", msg_name(f->type));
}

void zebra_channel(int fd)
{
	link_zebra_channel(fd, on_frame);
	restart_channel();
	rib_verdicts_restart(); /* it says them again where they still hold */
	originate_restart();
	nexthop_replay();
	rib_work();
}
