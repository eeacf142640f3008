/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfdd: BFD (RFC 5880, 5881) over the tunnels, for wgd.
 *
 * A process of its own for two reasons. Its packets go out in time whatever wgd is busy with (a
 * reading of a device with many AllowedIPs takes tens of milliseconds), under a real-time policy
 * that nothing larger should have. And it outlives wgd: a wgd that dies is no reason for the far
 * end to take its paths away. It has no privileges, no configuration of its own (wgd says which
 * sessions there are) and decides nothing: wgd judges tunnels.
 */
#include <errno.h>
#include <sched.h>
#include <sodium.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bfd_engine.h"
#include "daemon.h"
#include "shows.h"
#include "wgd_link.h"

/* The parent has set what it could, before it gave up the right to. */
static void say_scheduling(void)
{
	int policy = sched_getscheduler(0);

	if (policy == SCHED_RR || policy == SCHED_FIFO)
		log_info("scheduling", "policy=real-time");
	else
		log_warn("scheduling",
			 "policy=normal nice=%d why=\"no real-time policy here: under load, short "
			 "intervals may see a tunnel as dead that is alive\"",
			 getpriority(PRIO_PROCESS, 0));
}

static void start(const char *rundir)
{
	if (sodium_init() < 0)
		fatal("libsodium does not start");
	say_scheduling();
	bfd_engine_open(wgd_link_news);
}

static int check(const json_t *config, char *error, size_t size)
{
	return 0; /* what concerns BFD is checked by the schema, and by wgd */
}

static void apply(const json_t *config, uint32_t generation)
{
}

static void channel(enum daemon_id peer, int fd)
{
	if (peer == DAEMON_WGD)
		wgd_link_open(fd);
	else
		close(fd);
}

static void stop(void)
{
	wgd_link_close();
	bfd_engine_close();
}

int main(int argc, char **argv)
{
	static const struct daemon_ops ops = {
		.id = DAEMON_BFDD,
		.sandbox = SANDBOX_BFDD,
		.commands = shows,
		.start = start,
		.check = check,
		.apply = apply,
		.channel = channel,
		.stop = stop,
	};

	return daemon_run(&ops, argc, argv);
}
