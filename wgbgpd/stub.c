/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub: stands in for each of the four daemons (by the name it is started under) in tests of the
 * parent. What it was told goes to RUNDIR/log/all, a line each, in the order in which it happened.
 * The configuration steers it: a description of the interface "wg0" of "refuse NAME" is refused by
 * NAME, and "kill NAME" kills whoever of this name checks it; with "kill NAME once" only the first.
 * Likewise "loop NAME once" never comes back from the first apply, and "stuck NAME" is in an
 * uninterruptible call in apply until RUNDIR/log/free is there; "deaf NAME" closes its control
 * channel there and stays; "die NAME" is killed in apply, with "once" only the first; "twin NAME"
 * leaves a copy of itself that never ends. A plan has a row where the description is another one
 * than that which was applied, disruptive where it is "cut". With "state X" wgd says that the
 * interface is in state X.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf.h"
#include "daemon.h"
#include "log.h"

#define CONTROL_FD 3 /* of lib/daemon.c */

static FILE *out;
static char marker[4200]; /* there once a check was killed */
static char freed[4200];  /* ends an uninterruptible call */
static int channels[DAEMON_COUNT];
static struct daemon_ops stub;
static char applied[64]; /* description of wg0 */

static void note(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(out, "%s ", daemon_name(stub.id));
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
	fflush(out);
}

static void start(const char *rundir)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/log/all", rundir);
	out = fopen(path, "ae");
	if (!out)
		fatal("%s: %m", path);
	setvbuf(out, NULL, _IOFBF, 4096); /* a line is one write */
	snprintf(marker, sizeof(marker), "%s/log/killed", rundir);
	snprintf(freed, sizeof(freed), "%s/log/free", rundir);
	note("start uid=%d", (int)getuid());
}

static const char *wanted(const json_t *config)
{
	const json_t *interface =
		json_array_get(conf_list(conf_get(config, "wireguard"), "interface"), 0);

	return conf_str(interface, "description", "");
}

static bool first_kill(void)
{
	int fd = open(marker, O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int check(const json_t *config, char *error, size_t size)
{
	char text[64];

	note("check");
	snprintf(text, sizeof(text), "kill %s", daemon_name(stub.id));
	if (str_eq(wanted(config), text))
		raise(SIGKILL);
	snprintf(text, sizeof(text), "kill %s once", daemon_name(stub.id));
	if (str_eq(wanted(config), text) && first_kill())
		raise(SIGKILL);
	snprintf(text, sizeof(text), "refuse %s", daemon_name(stub.id));
	if (!str_eq(wanted(config), text))
		return 0;
	snprintf(error, size, "told to refuse");
	return -EINVAL;
}

/* As wgd does: "state X" in an interface's description is its state. */
static void tell_interfaces(const json_t *config)
{
	json_t *interface;
	size_t i;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		const char *text = conf_str(interface, "description", "");
		const char *state = strncmp(text, "state ", 6) == 0 ? text + 6 : "ready";
		const char *error = str_eq(state, "refused") ? "told so" : NULL;

		daemon_event(json_pack("{s:s, s:s, s:s, s:s?}", "event", "interface-state",
				       "interface", conf_str(interface, "name", ""), "state", state,
				       "error", error));
	}
}

static bool told(const json_t *config, const char *what, const char *tail)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %s%s", what, daemon_name(stub.id), tail);
	return str_eq(wanted(config), text);
}

/* The kernel holds the parent of a vfork() until its child is gone. */
static void be_stuck(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		while (access(freed, F_OK) < 0)
			usleep(10000);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void be_deaf(void)
{
	close(CONTROL_FD);
	for (;;)
		pause();
}

static void make_twin(void)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	note("twin %d", (int)pid);
}

static void apply(const json_t *config, uint32_t generation)
{
	str_copy(applied, wanted(config), sizeof(applied));
	note("apply %s", wanted(config));
	while (told(config, "loop", " once") && first_kill())
		for (;;)
			;
	if (told(config, "die", "") || (told(config, "die", " once") && first_kill()))
		raise(SIGKILL);
	if (told(config, "stuck", ""))
		be_stuck();
	if (told(config, "deaf", ""))
		be_deaf();
	if (told(config, "twin", ""))
		make_twin();
	if (stub.id == DAEMON_WGD)
		tell_interfaces(config);
}

static void prune(uint32_t generation)
{
	note("prune");
}

static void channel(enum daemon_id peer, int fd)
{
	if (channels[peer])
		close(channels[peer]);
	channels[peer] = fd;
	note("channel %s", daemon_name(peer));
}

static void listening(const struct endpoint *at, int fd)
{
	note("listen %s", ENDPOINT_STR(at));
	close(fd);
}

static void secret(const char *path, const uint8_t key[KEY_BYTES])
{
	note("secret %s %02x%02x", strrchr(path, '/') + 1, key[0], key[1]);
}

static void password(const char *path, const char *text)
{
	note("password %s %s", strrchr(path, '/') + 1, text);
}

static void teardown(void)
{
	note("teardown");
}

static void stop(void)
{
	note("stop");
	for (int i = 0; i < DAEMON_COUNT; i++)
		if (channels[i])
			close(channels[i]);
	fclose(out);
}

/* ROWS rows of 1 kB. */
static void rows_start(struct show *s)
{
	s->state = xcalloc(1, sizeof(size_t));
	show_head(s, json_pack("{s:s}", "by", daemon_name(stub.id)), "rows");
}

static void rows_step(struct show *s)
{
	size_t *n = s->state;
	size_t total = conf_u32(s->args, "rows", 10);
	char filler[1001];

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	while (*n < total && !show_full(s)) {
		show_row(s, json_pack("{s:i, s:s}", "n", (int)*n, "filler", filler));
		(*n)++;
	}
	if (*n == total)
		show_end(s, NULL);
}

static void rows_finish(struct show *s)
{
	free(s->state);
}

static void plan_start(struct show *s)
{
	const char *text = wanted(json_object_get(s->args, "candidate"));

	note("plan %s", text);
	show_head(s, json_pack("{s:i, s:[]}", "sessions-end", 0, "routes"), "changes");
	if (!str_eq(text, applied) && stub.id == DAEMON_WGD)
		show_row(s,
			 json_pack("{s:s, s:s, s:s, s:b}", "kind", "interface", "interface", "wg0",
				   "change", "changed", "disruptive", str_eq(text, "cut")));
	show_end(s, NULL);
}

static const struct show_command commands[] = {
	{"rows", rows_start, rows_step, rows_finish},
	{"plan-wireguard", plan_start, NULL, NULL},
	{"plan-routes", plan_start, NULL, NULL},
	{"plan-bgp", plan_start, NULL, NULL},
	{NULL, NULL, NULL, NULL},
};

static struct daemon_ops stub = {
	.commands = commands,
	.start = start,
	.check = check,
	.apply = apply,
	.prune = prune,
	.channel = channel,
	.listening = listening,
	.secret = secret,
	.password = password,
	.teardown = teardown,
	.stop = stop,
};

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	for (int id = 0; id < DAEMON_COUNT; id++)
		if (name && str_eq(name + 1, daemon_name(id)))
			stub.id = id;
	return daemon_run(&stub, argc, argv);
}
