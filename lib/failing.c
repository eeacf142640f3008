/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failing: for tests: a daemon that fails where its configuration says so, linked with
 * -Wl,--wrap=daemon_run. The description of the first WireGuard interface is "fail NAME STEP" or
 * "die NAME STEP", of a daemon and of check, apply or prune: it does what it always does there, and
 * then says no, or aborts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "daemon.h"
#include "not_applied.h"

static const struct daemon_ops *ops;
static char told[64]; /* of the configuration that is applied */

static const char *told_by(const json_t *config)
{
	const json_t *interfaces = conf_list(conf_get(config, "wireguard"), "interface");

	return conf_str(json_array_get(interfaces, 0), "description", "");
}

/* "fail" is true; "die" does not come back. */
static bool fails(const char *text, const char *step)
{
	char want[64];

	snprintf(want, sizeof(want), "die %s %s", daemon_name(ops->id), step);
	if (str_eq(text, want))
		abort();
	snprintf(want, sizeof(want), "fail %s %s", daemon_name(ops->id), step);
	return str_eq(text, want);
}

static int failing_check(const json_t *config, char *error, size_t size)
{
	int err = ops->check ? ops->check(config, error, size) : 0;

	if (err || !fails(told_by(config), "check"))
		return err;
	snprintf(error, size, "told to fail");
	return -EINVAL;
}

static void failing_apply(const json_t *config, uint32_t generation)
{
	ops->apply(config, generation);
	str_copy(told, told_by(config), sizeof(told));
	if (fails(told, "apply"))
		not_applied("told to fail");
}

static void failing_prune(uint32_t generation)
{
	if (ops->prune)
		ops->prune(generation);
	if (fails(told, "prune"))
		not_applied("told to fail");
}

int __real_daemon_run(const struct daemon_ops *daemon_ops, int argc, char **argv);
int __wrap_daemon_run(const struct daemon_ops *daemon_ops, int argc, char **argv);

int __wrap_daemon_run(const struct daemon_ops *daemon_ops, int argc, char **argv)
{
	struct daemon_ops failing = *daemon_ops;

	ops = daemon_ops;
	failing.check = failing_check;
	failing.apply = failing_apply;
	failing.prune = failing_prune;
	return __real_daemon_run(&failing, argc, argv);
}
