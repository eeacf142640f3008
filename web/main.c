/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgbgp-web: what wgbgpd and its daemons know, by HTTP, for programs and for people who would
 * rather look. A process of its own that has no right but to ask: it is no child of wgbgpd, runs as
 * a user who owns nothing, in a sandbox.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "become.h"
#include "config.h"
#include "conns.h"
#include "doors.h"
#include "history.h"
#include "listens.h"
#include "log.h"
#include "loop.h"
#include "pages.h"
#include "sandbox.h"
#include "server.h"
#include "token.h"
#include "tunnel_doors.h"
#include "util.h"

#define DESCRIPTORS_LEFT 512
#define USER "wgbgp-web"

#define STATEDIR LOCALSTATEDIR "/lib/wgbgp-web"
/* Where Debian has the libraries of the page. */
#define LIBRARIES "/usr/share/javascript"

static const char usage[] =
	"usage: wgbgp-web [-l ADDRESS]... [-r RUNDIR] [-s STATEDIR] [-t FILE] [-u USER] [-w "
	"WEBDIR]\n"
	"                 [-V]\n"
	"  -l ADDRESS  listen at ADDRESS:PORT, [ADDRESS]:PORT or a UNIX socket\n"
	"              [where the configuration says, or " DOOR_USUAL "]\n"
	"  -r RUNDIR   directory of wgbgpd's sockets [/run/wgbgp]\n"
	"  -s STATEDIR directory of the history [" STATEDIR "]\n"
	"  -t FILE     whoever asks has to know the token in it\n"
	"  -u USER     what to become when started as root [" USER "]\n"
	"  -w WEBDIR   files of the page [" PKGDATADIR "/web]\n"
	"  -V          print the version\n";

static const struct option names[] = {
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};

struct options {
	const char *rundir, *webdir, *user, *statedir, *token;
	const char *doors[DOORS_MAX];
	size_t n_doors;
	bool configured; /* none is named: they are the configuration's, the one there until then */
};

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	log_info("stop", "why=\"signal %d\"", (int)sig);
	loop_stop();
}

/* The history's directory, which is not there before the first start: its user's. */
static void make_state(const struct options *o)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam(o->user) : NULL;

	if (pw && mkdir(o->statedir, 0700) == 0 && chown(o->statedir, pw->pw_uid, pw->pw_gid) < 0)
		log_warn("history-failed", "what=\"give it away\" error=\"%s\"", strerror(errno));
}

static int open_doors(const struct options *o, int fds[DOORS_MAX])
{
	char error[512];

	if (o->token && token_read(o->token, error, sizeof(error)) < 0) {
		fprintf(stderr, "wgbgp-web: %s\n", error);
		return -1;
	}
	for (size_t i = 0; i < o->n_doors; i++) {
		fds[i] = -1;
		if (door_interface(o->doors[i]))
			continue;
		fds[i] = door_open(o->doors[i], o->token != NULL, error, sizeof(error));
		if (fds[i] < 0 && o->configured) {
			log_warn("listen", "local=%s error=\"%s\"", o->doors[i], error);
		} else if (fds[i] < 0) {
			fprintf(stderr, "wgbgp-web: %s\n", error);
			return -1;
		}
	}
	return 0;
}

/* What libraries read once, they read before. */
static void enter_sandbox(void)
{
	unsigned in_force;

	tzset();
	json_object_seed(0);
	in_force = sandbox_enter(SANDBOX_WEB, "", SANDBOX_ALL);
	log_event(in_force ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "sandbox", "seccomp=%s landlock=%s",
		  in_force & SANDBOX_SECCOMP ? "yes" : "no",
		  in_force & SANDBOX_LANDLOCK ? "yes" : "no");
}

static void read_pages(const char *dir)
{
	static const char *const libraries[][2] = {
		{LIBRARIES "/dygraphs/dygraph.min.js", "/lib/dygraphs/dygraph.min.js"},
		{LIBRARIES "/dygraphs/dygraph.min.css", "/lib/dygraphs/dygraph.min.css"},
	};
	int n = pages_read(dir);

	if (n < 0)
		log_warn("pages", "file=%s error=\"%s\"", dir, strerror(-n));
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		n = pages_read_file(libraries[i][0], libraries[i][1]);
		if (n < 0)
			log_warn("pages", "file=%s error=\"%s\"", libraries[i][0], strerror(-n));
	}
}

/* The right to open files ends with the sandbox. */
static void open_history(const char *dir)
{
	mode_t before = umask(0077);

	history_open(dir);
	umask(before);
}

/* As many connections as descriptors allow, of which some are for other things. */
static unsigned clients_max(void)
{
	struct rlimit limit = {0};
	const rlim_t wanted = CONNS_MAX + DESCRIPTORS_LEFT;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= wanted)
		return CONNS_MAX;
	return limit.rlim_cur > 2 * DESCRIPTORS_LEFT ? (unsigned)limit.rlim_cur - DESCRIPTORS_LEFT
						     : (unsigned)limit.rlim_cur / 2;
}

static int run(const struct options *o)
{
	struct event *term, *interrupt;
	unsigned clients = clients_max();
	int fds[DOORS_MAX];

	make_state(o);
	if (open_doors(o, fds) < 0 || become_user("wgbgp-web", o->user, o->rundir) < 0)
		return 1;
	read_pages(o->webdir);
	open_history(o->statedir);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	enter_sandbox();
	term = evsignal_new(loop_base(), SIGTERM, on_signal, NULL);
	interrupt = evsignal_new(loop_base(), SIGINT, on_signal, NULL);
	event_add(term, NULL);
	event_add(interrupt, NULL);
	server_open(o->rundir, clients);
	for (size_t i = 0; i < o->n_doors; i++)
		if (o->configured) {
			listens_begin(fds[i], o->token != NULL);
		} else if (fds[i] >= 0) {
			log_info("listen", "local=%s", o->doors[i]);
			server_listen(fds[i]);
		} else {
			tunnel_door_wait(o->doors[i]);
		}
	loop_run();
	listens_free();
	tunnel_doors_free();
	server_close();
	event_free(term);
	event_free(interrupt);
	loop_free();
	return 0;
}

int main(int argc, char **argv)
{
	const char *webdir = getenv("WGBGP_WEBDIR");
	struct options o = {"/run/wgbgp",
			    webdir ? webdir : PKGDATADIR "/web",
			    USER,
			    STATEDIR,
			    NULL,
			    {DOOR_USUAL},
			    0,
			    false};
	int opt;

	log_init("wgbgp-web");
	while ((opt = getopt_long(argc, argv, "hl:r:s:t:u:Vw:", names, NULL)) != -1) {
		switch (opt) {
		case 'l':
			if (o.n_doors == DOORS_MAX) {
				fputs("wgbgp-web: too many addresses\n", stderr);
				return 2;
			}
			o.doors[o.n_doors++] = optarg;
			break;
		case 'r':
			o.rundir = optarg;
			break;
		case 's':
			o.statedir = optarg;
			break;
		case 't':
			o.token = optarg;
			break;
		case 'u':
			o.user = optarg;
			break;
		case 'w':
			o.webdir = optarg;
			break;
		case 'V':
			puts("wgbgp " WGBGP_VERSION);
			return 0;
		default:
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	o.configured = !o.n_doors;
	o.n_doors = o.n_doors ? o.n_doors : 1;
	return run(&o);
}
