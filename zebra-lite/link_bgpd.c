/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "daemon.h"
#include "fib.h"
#include "links.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "rib.h"
#include "zconfig.h"

#define VERDICTS_MAX 4096 /* prefixes a message */
#define KEPT_BYTES 16384  /* a message is closed when it is longer */

static struct ipc *ipc;
static bool kernel_ready, busy;
static bool redist_due; /* bgpd is to be told of all routes of others when that can be */
static struct msg_verdicts pending; /* one kind; its prefixes are the array below */
static struct prefix pending_prefixes[VERDICTS_MAX];
static struct job pending_job;
static struct { /* a message that is being filled */
	struct wr message;
	size_t mark;
	uint32_t prefixes; /* 0: there is none */
	struct route_hops hops;
} kept;

/* What bgpd says makes more to tell it: nothing is read as long as it does not hear. */
static void read_or_wait(void)
{
	if (!ipc)
		return;
	if (busy || ipc_full(ipc))
		ipc_pause(ipc);
	else
		ipc_resume(ipc);
}

static void send_up(enum msg_type type, struct wr *w)
{
	if (ipc) {
		ipc_send(ipc, type, daemon_generation(), w->data, w->len);
		if (ipc_full(ipc))
			read_or_wait();
	}
	wr_free(w);
}

/* --- from bgpd --- */

static void on_routes(const struct ipc_frame *f)
{
	struct msg_routes m;

	if (msg_get_routes(f->body, f->len, &m) < 0) {
		log_error("bad-message", "daemon=bgpd type=routes");
		return;
	}
	rib_bgp_routes(&m, f->generation);
	msg_free_routes(&m);
}

static void on_routes_sync(const struct ipc_frame *f)
{
	rib_bgp_synced();
}

static void on_watch(const struct ipc_frame *f)
{
	struct addr a;

	if (msg_get_addr(f->body, f->len, &a) < 0 || !a.family)
		return;
	if (f->type == MSG_NEXTHOP_WATCH)
		nexthop_watch(&a);
	else
		nexthop_unwatch(&a);
}

static void on_bgpd_frame(void *arg, const struct ipc_frame *f)
{
	static const struct {
		enum msg_type type;
		void (*handler)(const struct ipc_frame *f);
	} rows[] = {
		{MSG_ROUTES, on_routes},
		{MSG_ROUTES_SYNC, on_routes_sync},
		{MSG_NEXTHOP_WATCH, on_watch},
		{MSG_NEXTHOP_UNWATCH, on_watch},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].type == (enum msg_type)f->type) {
			rows[i].handler(f);
			return;
		}
	log_error("bad-message", "daemon=bgpd type=%s", msg_name(f->type));
}

/* What waited for the channel. */
static void bgpd_go_on(void)
{
	nexthop_tell();
	rib_redist_go_on();
}

static void on_bgpd_closed(void *arg, const char *why)
{
	log_info("channel-lost", "daemon=bgpd why=\"%s\"", why);
	link_bgpd_close();
	nexthop_forget_watches();
	rib_bgp_begin(); /* its routes are stale from now */
	bgpd_go_on();
}

static void on_bgpd_drained(void *arg)
{
	read_or_wait();
	bgpd_go_on();
}

/* --- to bgpd --- */

static bool send_pending(void *arg)
{
	struct wr w = {0};

	if (!pending.n_prefixes)
		return false;
	pending.prefixes = pending_prefixes;
	msg_put_verdicts(&w, &pending);
	send_up(MSG_VERDICTS, &w);
	pending.n_prefixes = 0;
	return false;
}

void link_bgpd_verdict(const struct msg_verdicts *m)
{
	if (!ipc)
		return;
	if (pending.verdict != m->verdict || pending.reason != m->reason ||
	    !addr_eq(&pending.nexthop, &m->nexthop))
		send_pending(NULL);
	pending.verdict = m->verdict;
	pending.reason = m->reason;
	pending.nexthop = m->nexthop;
	for (uint32_t i = 0; i < m->n_prefixes; i++) {
		if (pending.n_prefixes == VERDICTS_MAX)
			send_pending(NULL);
		pending_prefixes[pending.n_prefixes++] = m->prefixes[i];
	}
	if (!pending_job.ready)
		job_init(&pending_job, send_pending, NULL);
	job_start(&pending_job);
}

void link_bgpd_nexthop(const struct msg_nexthop *m)
{
	struct wr w = {0};

	msg_put_nexthop(&w, m);
	send_up(MSG_NEXTHOP, &w);
}

void link_bgpd_redist(const struct msg_redist *m)
{
	struct wr w = {0};

	if (!kernel_ready)
		return;
	msg_put_redist(&w, m);
	send_up(MSG_REDIST, &w);
}

static void send_kept(void)
{
	if (!kept.prefixes)
		return;
	msg_end_routes(&kept.message, kept.mark, kept.prefixes);
	kept.prefixes = 0;
	send_up(MSG_ROUTES_KEPT, &kept.message);
	kept.message = (struct wr){0};
}

static bool same_hops(const struct route_hops *a, const struct route_hops *b)
{
	for (unsigned i = 0; i < a->n && a->n == b->n; i++)
		if (!addr_eq(&a->hop[i].addr, &b->hop[i].addr) ||
		    a->hop[i].weight != b->hop[i].weight)
			return false;
	return a->n == b->n;
}

void link_bgpd_kept(const struct route_hops *hops, const struct prefix *p)
{
	if (!ipc)
		return;
	if (kept.message.len > KEPT_BYTES || !same_hops(hops, &kept.hops))
		send_kept();
	if (!kept.prefixes) {
		kept.hops = *hops;
		kept.mark = msg_begin_routes(&kept.message, hops);
	}
	wr_prefix(&kept.message, p);
	kept.prefixes++;
}

static void on_redist_told(uint32_t n_kept)
{
	struct wr w = {0};

	send_kept();
	/* Who installs nothing forwards nothing itself: no restart loses that. */
	wr_u32(&w, zconfig.kernel ? n_kept : UINT32_MAX);
	send_up(MSG_REDIST_SYNC, &w);
}

static void forget_kept(void)
{
	wr_free(&kept.message);
	kept.message = (struct wr){0};
	kept.prefixes = 0;
}

static void redist_all(void)
{
	redist_due = ipc != NULL;
	if (!redist_due || !fib_begun())
		return; /* which peer a route leads to is known with the tunnels */
	redist_due = false;
	rib_redist_all(on_redist_told);
}

void link_bgpd_kernel_ready(void)
{
	kernel_ready = true;
	redist_all();
}

void link_bgpd_tunnels_ready(void)
{
	if (redist_due)
		redist_all();
}

void link_bgpd_busy(bool is_busy)
{
	busy = is_busy;
	read_or_wait();
}

bool link_bgpd_full(void)
{
	return ipc && ipc_full(ipc);
}

void link_bgpd_open(int fd)
{
	static const struct ipc_handlers handlers = {on_bgpd_frame, on_bgpd_closed,
						     on_bgpd_drained};

	link_bgpd_close();
	nexthop_forget_watches();
	rib_bgp_begin();
	ipc = ipc_new(fd, &handlers, NULL);
	read_or_wait(); /* much may be queued of the one before it */
	redist_all();
	bgpd_go_on();
}

void link_bgpd_close(void)
{
	ipc_free(ipc);
	ipc = NULL;
	pending.n_prefixes = 0;
	forget_kept();
	if (pending_job.ready)
		job_stop(&pending_job);
}
