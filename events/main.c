/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgbgp-events: runs programs of the operator's, or posts to a URL, when something happens
 * (`system on-event`). A process of its own, and no child of wgbgpd: it becomes a user who owns
 * nothing, as which the programs run, and has no right but to look.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <curl/curl.h>

#include "become.h"
#include "config.h"
#include "hooks.h"
#include "listener.h"
#include "log.h"
#include "loop.h"

#define USER "wgbgp-events"

static const char usage[] =
	"usage: wgbgp-events [-r RUNDIR] [-s DIR] [-u USER] [-V]\n"
	"  -r RUNDIR  directory of wgbgpd's sockets [/run/wgbgp]\n"
	"  -s DIR     where states and habits are kept over a restart [systemd's, or none]\n"
	"  -u USER    what to become when started as root [" USER "]\n"
	"  -V         print the version\n";

static const struct option names[] = {
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	log_info("stop", "why=\"signal %d\"", (int)sig);
	loop_stop();
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		hooks_ended(pid, status);
}

static int run(const char *rundir, const char *dir, const char *user)
{
	static const struct {
		int sig;
		event_callback_fn fn;
	} signals[] = {{SIGTERM, on_signal}, {SIGINT, on_signal}, {SIGCHLD, on_child}};
	struct event *events[ARRAY_SIZE(signals)];

	if (become_user("wgbgp-events", user, rundir) < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		events[i] = evsignal_new(loop_base(), signals[i].sig, signals[i].fn, NULL);
		event_add(events[i], NULL);
	}
	log_info("start", "version=%s", WGBGP_VERSION);
	listener_open(rundir, dir);
	loop_run();
	listener_close();
	hooks_free();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		event_free(events[i]);
	loop_free();
	curl_global_cleanup();
	return 0;
}

int main(int argc, char **argv)
{
	const char *rundir = "/run/wgbgp", *user = USER, *dir = getenv("STATE_DIRECTORY");
	int opt;

	log_init("wgbgp-events");
	while ((opt = getopt_long(argc, argv, "hr:s:u:V", names, NULL)) != -1) {
		switch (opt) {
		case 'r':
			rundir = optarg;
			break;
		case 's':
			dir = optarg;
			break;
		case 'u':
			user = optarg;
			break;
		case 'V':
			puts("wgbgp " WGBGP_VERSION);
			return 0;
		default:
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	return run(rundir, dir, user);
}
