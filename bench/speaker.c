/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speaker: a neutral BGP speaker for benchmarks and tests, driven by lines on standard input.
 *
 * Each command is answered by one line of JSON: {"ok": true, ...} or {"ok": false, "error": "..."}.
 * Times are seconds of the monotonic clock. The next command is read when the last one is answered;
 * sessions go on meanwhile.
 *
 *   session NAME local=A remote=A as=N remote-as=N [id=A] [port=N] [hold=N] [retry=MS] [passive]
 *           [table] [ipv6] [no-ipv4] [gr]       gr: graceful restart
 *   generate TABLE count=N [seed=N] [file=PATH [fill]]
 *           fill: the file's IPv4 prefixes, and generated ones where they are too few
 *   mrt FILE [prefix=NAME]              one table per peer of the dump: NAME0, NAME1, ...
 *   load SESSION TABLE [next-hop=A|recorded] [local-pref=N]
 *   send [SESSION...]                   what was loaded, then End-of-RIB; without names: all
 *   announce SESSION PREFIX... [next-hop=A] [path=N,N] [med=N] [local-pref=N]
 *   withdraw SESSION PREFIX...
 *   expect N [at-most] [SESSION...]     wait prefixes: every session has so many (or fewer)
 *   wait established|prefixes|sent|down [SESSION...] [timeout=S]
 *   wait quiet [SESSION...] [for=S] [timeout=S]      nothing came for so long
 *   churn SESSION TABLE to=SESSION [rate=N] [for=S]  steady updates of what was sent, and the
 *                                       delay of each to the other session (churn.h)
 *   flap SESSION TABLE [for=S]          announces and withdraws it again and again (flap.h)
 *   show [SESSION...]  |  digest [SESSION...]  |  write SESSION FILE
 *   drop|close|stall|resume [SESSION...]  |  quit
 *
 * A next hop that is not given is the session's own address. eBGP sessions put their AS in front of
 * a generated path; recorded paths stay as they are.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "loop.h"
#include "util.h"

enum { WAIT_TICK_MS = 2, READ_SIZE = 65536 };

static struct command command;
static struct timer tick; /* runs while a command waits */
static struct job next_line;
static char *input; /* what was read and not run yet */
static size_t input_len;
static bool input_ended;

static void answer(void)
{
	bool ok = command.error[0] == '\0';

	json_object_set_new(command.reply, "ok", json_boolean(ok));
	if (!ok)
		json_object_set_new(command.reply, "error", json_string(command.error));
	json_dumpf(command.reply, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	fflush(stdout);
	json_decref(command.reply);
	command.reply = NULL;
	job_start(&next_line);
}

static void tick_due(void *arg)
{
	if (command_poll(&command))
		answer();
	else
		timer_start(&tick, WAIT_TICK_MS);
}

/* Runs the first line of the input, if it is complete. */
static bool run_line(void *arg)
{
	char *end = memchr(input, '\n', input_len), *line;
	size_t len;

	if (command.reply || !end) {
		if (!command.reply && input_ended)
			loop_stop();
		return false;
	}
	len = end - input + 1;
	line = strndup(input, len - 1);
	memmove(input, end + 1, input_len -= len);
	if (strncmp(line, "quit", 4) == 0)
		loop_stop();
	else if (command_run(&command, line))
		answer();
	else
		timer_start(&tick, WAIT_TICK_MS);
	free(line); /* an answer that is still to come needs the words no more */
	return false;
}

static void read_input(int fd, short what, void *arg)
{
	struct watch *w = arg;
	ssize_t n;

	input = xrealloc(input, input_len + READ_SIZE);
	n = read(fd, input + input_len, READ_SIZE);
	if (n <= 0) {
		input_ended = true;
		watch_off(w);
	} else {
		input_len += n;
	}
	job_start(&next_line);
}

int main(int argc, char **argv)
{
	struct watch in;

	log_init("speaker");
	signal(SIGPIPE, SIG_IGN);
	timer_init(&tick, tick_due, NULL);
	job_init(&next_line, run_line, NULL);
	watch_init(&in, 0, EV_READ, read_input, &in);
	watch_on(&in);
	input = xmalloc(READ_SIZE);
	loop_run();
	watch_off(&in);
	commands_free();
	free(input);
	loop_free();
	return 0;
}
