/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgd: interfaces, keys, peers, AllowedIPs, endpoints and the liveness of tunnels.
 *
 * Configuration comes from the parent, learned AllowedIPs from zebra-lite; up go tunnels and their
 * states. Everything else is in device (the life of an interface), allowedips (what is wanted
 * against what is installed), liveness (is a tunnel up?) and behind wg.h (who does the protocol).
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "bfd.h"
#include "daemon.h"
#include "device_apply.h"
#include "devices.h"
#include "link_zebra.h"
#include "log.h"
#include "not_applied.h"
#include "secrets.h"
#include "shows.h"
#include "util.h"
#include "wceiling.h"
#include "wgconf.h"

static void start(const char *rundir)
{
	if (sodium_init() < 0)
		fatal("libsodium does not start");
	devices_open(rundir);
}

static int check(const json_t *config, char *error, size_t size)
{
	struct wgconf *conf = wgconf_read(config, error, size);
	int err;

	if (!conf)
		return -EINVAL;
	err = devices_check(conf, error, size);
	wgconf_free(conf);
	return err;
}

static void apply(const json_t *config, uint32_t generation)
{
	char error[256];
	struct wgconf *conf = wgconf_read(config, error, sizeof(error));

	if (conf) {
		wceiling_apply(config, generation);
		devices_apply(conf);
	} else {
		log_error("configuration-refused", "why=\"%s\"", error);
		not_applied("%s", error);
	}
}

static void prune(uint32_t generation)
{
	wceiling_prune();
	devices_prune();
}

static void channel(enum daemon_id peer, int fd)
{
	if (peer == DAEMON_ZEBRA)
		link_zebra_channel(fd);
	else if (peer == DAEMON_BFDD)
		bfd_channel(fd);
	else
		close(fd);
}

static void stop(void)
{
	link_zebra_close();
	bfd_close();
	devices_close();
	wceiling_reset();
	secrets_close();
}

int main(int argc, char **argv)
{
	static const struct daemon_ops ops = {
		.id = DAEMON_WGD,
		.commands = shows,
		.start = start,
		.check = check,
		.apply = apply,
		.prune = prune,
		.channel = channel,
		.secret = secrets_put,
		.teardown = devices_teardown,
		.stop = stop,
	};

	return daemon_run(&ops, argc, argv);
}
