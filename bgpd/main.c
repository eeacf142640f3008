/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgpd: the daemon: what the parent says goes to the listeners, the neighbours and the tables.
 */
#include <sodium.h>

#include "bgp.h"
#include "bgp_plan.h"
#include "conn.h"
#include "daemon.h"
#include "listen.h"
#include "loop.h"
#include "neighbors.h"
#include "password.h"
#include "peer_show.h"
#include "planes.h"
#include "rib.h"
#include "util.h"
#include "zebra_news.h"

#define COMMANDS_MAX 32

static void apply_all(const json_t *config)
{
	planes_read(config);
	neighbors_apply(config);
	rib_apply(config);
	listen_apply(config);
	password_sweep();
}

static void start(const char *rundir)
{
	if (sodium_init() < 0)
		fatal("libsodium does not start");
	bgp.started_ms = now_ms();
	rib_start();
	bgp_plan_open(apply_all);
}

static void main_apply(const json_t *config, uint32_t generation)
{
	apply_all(config);
}

static void channel(enum daemon_id peer, int fd)
{
	ensure(peer == DAEMON_ZEBRA);
	zebra_channel(fd);
}

/* Nothing is said to anybody: the neighbours keep our routes until we are back (RFC 4724). */
static void stop(void)
{
	listen_stop();
	rib_stop();
	neighbors_stop();
	conn_finish_all();
	password_sweep();
}

static unsigned add_commands(struct show_command *all, unsigned n, const struct show_command *more)
{
	for (; more->name; more++) {
		ensure(n < COMMANDS_MAX - 1);
		all[n++] = *more;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct show_command commands[COMMANDS_MAX];
	static const struct daemon_ops ops = {
		.id = DAEMON_BGPD,
		.sandbox = SANDBOX_BGPD,
		.commands = commands,
		.start = start,
		.check = peer_conf_check,
		.apply = main_apply,
		.password = password_put,
		.channel = channel,
		.listening = listen_add,
		.stop = stop,
	};
	unsigned n = add_commands(commands, 0, peer_commands);

	n = add_commands(commands, n, rib_commands);
	add_commands(commands, n, bgp_plan_commands);
	return daemon_run(&ops, argc, argv);
}
