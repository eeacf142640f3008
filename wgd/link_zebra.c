/* SPDX-License-Identifier: BSD-2-Clause */
#include "link_zebra.h"

#include "batches.h"
#include "daemon.h"
#include "ipc.h"
#include "replay.h"
#include "report.h"
#include "roster.h"
#include "util.h"

static struct ipc *channel; /* NULL: none */

static bool on_allowed_sync(const struct ipc_frame *frame)
{
	struct device *dev;
	uint32_t batch;

	if (msg_get_u32(frame->body, frame->len, &batch) < 0)
		return false;
	TAILQ_FOREACH (dev, &devices, link)
		if (dev->allowed.n_stale)
			job_start(&dev->sweep);
	report_swept_for(batch);
	return true;
}

static void link_zebra_frame(void *arg, const struct ipc_frame *frame)
{
	bool fine;

	if (frame->type == MSG_ALLOWED)
		fine = batches_allowed(frame);
	else if (frame->type == MSG_ALLOWED_SYNC)
		fine = on_allowed_sync(frame);
	else
		fatal("unexpected message %s from zebra-lite", msg_name(frame->type));
	if (!fine)
		fatal("malformed message from zebra-lite");
}

/* zebra-lite died: everything stays; the parent will hand us a new channel. */
static void link_zebra_closed(void *arg, const char *why)
{
	log_warn("channel-lost", "daemon=zebra-lite why=\"%s\"", why);
	link_zebra_close();
}

static void link_zebra_drained(void *arg)
{
	replay_go_on();
}

void link_zebra_close(void)
{
	ipc_free(channel);
	channel = NULL;
	report_to(NULL);
	replay_cancel();
	batches_forget();
}

void link_zebra_channel(int fd)
{
	static const struct ipc_handlers handlers = {link_zebra_frame, link_zebra_closed,
						     link_zebra_drained};
	struct device *dev;

	link_zebra_close();
	channel = ipc_new(fd, &handlers, NULL);
	report_to(channel);
	TAILQ_FOREACH (dev, &devices, link) {
		job_stop(&dev->sweep);
		allowedips_mark_stale(&dev->allowed);
	}
	replay_start();
}
