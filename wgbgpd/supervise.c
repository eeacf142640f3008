/* SPDX-License-Identifier: BSD-2-Clause */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "log_ring.h"
#include "loop.h"
#include "privs.h"
#include "process.h"
#include "pulse.h"
#include "retry.h"

#define CONTROL_FD 3
#define LOCK_FD 4
#define LOG_FD 5	  /* lib/daemon.c keeps all from the daemon's own children */
#define QUICK_DEATHS 20	  /* of one daemon in MINUTE_MS: it is back in QUICK_MAX_MS at most */
#define QUICK_STEP_MS 100 /* longer after each of them */
#define QUICK_MAX_MS 300
#define SLOW_FIRST_MS 1000 /* after more than that many */
#define SLOW_MAX_MS 30000
#define MINUTE_MS 60000 /* a life that long ends the slow back-off */
#define GRACE_MS 5000	/* from the end of the control channel to SIGKILL */

struct child {
	enum daemon_id id;
	int program;	     /* O_PATH, as it was at the start; -1: there was none */
	pid_t pid;	     /* 0: no process */
	struct ipc *control; /* NULL: none, or it ended before the process */
	bool configured;     /* has its configuration */
	uint64_t born_ms;    /* monotonic */
	unsigned restarts;
	uint64_t died_ms[QUICK_DEATHS]; /* a ring: when it died, 0 never; for the back-off */
	unsigned dead_next;		/* place in it */
	unsigned slow;			/* restarts in the slow back-off; 0: the quick one */
	struct timer start;		/* the next start */
	struct timer grace;		/* a process without a channel is killed */
	struct pulse pulse;		/* of the control channel */
	bool hung;			/* killed for it */
	bool stuck;			/* it hangs in the kernel: that was said */
	char last_exit[48];
};

/* Two daemons that talk to each other. */
static struct link {
	enum daemon_id a, b;
	bool up; /* both have their ends */
} links[] = {{DAEMON_WGD, DAEMON_ZEBRA, false},
	     {DAEMON_ZEBRA, DAEMON_BGPD, false},
	     {DAEMON_WGD, DAEMON_BFDD, false}};

static struct child children[DAEMON_COUNT];
static const struct supervise_handlers *handlers;
static const char *run_directory;
static int lock_fd;
static struct event *sigchld;
static struct timer ticks; /* for all pulses */
static bool stopping;

static void spawn(void *arg);

/* $WGBGP_LIBEXECDIR/NAME, or NAME/NAME there as in the build tree; else where they are installed.
 */
void supervise_program(enum daemon_id id, char *path, size_t size)
{
	const char *dir = getenv("WGBGP_LIBEXECDIR");
	const char *name = daemon_name(id);
	struct stat st;

	if (!dir || !*dir)
		dir = PKGLIBEXECDIR;
	snprintf(path, size, "%s/%s", dir, name);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(path, size, "%s/%s/%s", dir, name, name);
}

/* Moves FD to a place where none of the three will overwrite it. */
static int move_away(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD + 1);

	if (moved < 0)
		fatal("dup: %s", strerror(errno));
	return moved;
}

static int open_program(enum daemon_id id)
{
	char path[4200];

	supervise_program(id, path, sizeof(path));
	return open(path, O_PATH | O_CLOEXEC);
}

/* An upgrade has put no other one there. */
static bool is_at(int program, const char *path)
{
	struct stat ours, there;

	return fstat(program, &ours) == 0 && stat(path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* In the new process. The program is opened before privileges go: its directory may be root's
 * alone. By its path it has its name, which fexecve() does not give it. */
static _Noreturn void run_program(const struct child *child, int control, int lines,
				  const char *path)
{
	char *argv[6] = {(char *)path, "-r", (char *)run_directory};
	int program = child->program < 0 ? open_program(child->id) : child->program;
	bool by_path = program >= 0 && is_at(program, path);
	int lock = move_away(lock_fd), n = 3;
	sigset_t none;

	if (lines >= 0)
		argv[n++] = "-l";
	if (privs_keep_user())
		argv[n++] = "-s";

	setsid(); /* setpgid() would have the kernel wake one that is stopped when we die */
	if (program < 0)
		fatal("%s: %s", path, strerror(errno));
	program = move_away(program);
	control = move_away(control);
	lines = lines < 0 ? lines : move_away(lines);
	if (dup2(control, CONTROL_FD) < 0 || dup2(lock, LOCK_FD) < 0 ||
	    (lines >= 0 && dup2(lines, LOG_FD) < 0))
		fatal("dup2: %s", strerror(errno));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	privs_drop(child->id);
	if (by_path)
		execv(path, argv);
	fexecve(program, argv, environ);
	fatal("%s: %s", path, strerror(errno));
}

static void on_frame(void *arg, const struct ipc_frame *frame)
{
	struct child *child = arg;

	if (frame->type == MSG_PONG) {
		pulse_heard(&child->pulse);
		child->stuck = false;
		return;
	}
	handlers->frame(child->id, frame);
}

static void unlink_neighbours(enum daemon_id id)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (links[i].a == id || links[i].b == id)
			links[i].up = false;
}

static void drop_control(struct child *child)
{
	if (!child->control)
		return;
	ipc_free(child->control);
	child->control = NULL;
	child->configured = false;
	unlink_neighbours(child->id);
	handlers->gone(child->id);
}

static void on_closed(void *arg, const char *why)
{
	struct child *child = arg;

	drop_control(child);
	if (child->pid)
		timer_start(&child->grace, GRACE_MS);
}

static void on_grace(void *arg)
{
	struct child *child = arg;

	if (child->pid) {
		log_warn("kill", "daemon=%s pid=%d why=\"did not end\"", daemon_name(child->id),
			 (int)child->pid);
		process_kill_group(child->pid);
	}
}

static void spawn(void *arg)
{
	static const struct ipc_handlers control_handlers = {on_frame, on_closed, NULL};
	struct child *child = arg;
	char path[4200];
	int fds[2], err = ipc_pair(fds), lines = log_ring_open(child->id);

	if (err < 0)
		fatal("socketpair: %s", strerror(-err));
	supervise_program(child->id, path, sizeof(path));
	fflush(NULL);
	child->pid = fork();
	if (child->pid < 0)
		fatal("fork: %s", strerror(errno));
	if (child->pid == 0)
		run_program(child, fds[1], lines, path);
	close(fds[1]);
	if (lines >= 0)
		close(lines);
	child->control = ipc_new(fds[0], &control_handlers, child);
	child->born_ms = now_ms();
	child->hung = child->stuck = false;
	pulse_start(&child->pulse, child->born_ms);
	log_info("start", "daemon=%s pid=%d", daemon_name(child->id), (int)child->pid);
	handlers->started(child->id);
}

static bool all_gone(void)
{
	for (int i = 0; i < DAEMON_COUNT; i++)
		if (children[i].pid)
			return false;
	return true;
}

static void describe_exit(struct child *child, int status)
{
	if (child->hung)
		snprintf(child->last_exit, sizeof(child->last_exit), "hung, was killed");
	else if (WIFSIGNALED(status))
		snprintf(child->last_exit, sizeof(child->last_exit), "signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(child->last_exit, sizeof(child->last_exit), "status %d",
			 WEXITSTATUS(status));
}

/* Deaths in the last minute, this one included; QUICK_DEATHS + 1 at most. */
static unsigned count_death(struct child *child, uint64_t now)
{
	unsigned n = 1;

	for (unsigned i = 0; i < QUICK_DEATHS; i++)
		n += child->died_ms[i] && now - child->died_ms[i] < MINUTE_MS;
	child->died_ms[child->dead_next] = now;
	child->dead_next = (child->dead_next + 1) % QUICK_DEATHS;
	return n;
}

/* Before it is started again, after so many deaths in the last minute. */
static uint64_t back_off_ms(struct child *child, unsigned deaths, uint64_t lived_ms)
{
	uint64_t ms = (deaths - 1) * QUICK_STEP_MS;

	if (lived_ms >= MINUTE_MS)
		child->slow = 0;
	if (!child->slow && deaths <= QUICK_DEATHS)
		return ms < QUICK_MAX_MS ? ms : QUICK_MAX_MS;
	return retry_delay_ms(SLOW_FIRST_MS, child->slow++, SLOW_MAX_MS);
}

static void restart_later(struct child *child)
{
	uint64_t now = now_ms();
	unsigned deaths = count_death(child, now);
	uint64_t ms = back_off_ms(child, deaths, now - child->born_ms);

	log_error("died", "daemon=%s why=\"%s\" deaths=%u restart-ms=%llu", daemon_name(child->id),
		  child->last_exit, deaths, (unsigned long long)ms);
	child->restarts++;
	timer_start(&child->start, ms);
}

/* What it started goes before its number does. */
static bool reap(struct child *child, int *status)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
		return false;
	process_kill_group(child->pid);
	return waitpid(child->pid, status, 0) == child->pid;
}

static void on_sigchld(evutil_socket_t sig, short what, void *arg)
{
	for (int i = 0; i < DAEMON_COUNT; i++) {
		struct child *child = &children[i];
		int status;

		if (!child->pid || !reap(child, &status))
			continue;
		describe_exit(child, status);
		timer_stop(&child->grace);
		child->pid = 0;
		drop_control(child);
		if (!stopping)
			restart_later(child);
		else if (all_gone())
			handlers->drained();
	}
}

/* ---- daemons that hang */

/* A daemon in an uninterruptible system call does not die of a signal before the call returns. That
 * is logged once. If the call does return, the daemon may go on. */
static void end_hung(struct child *child)
{
	bool stuck = process_state(child->pid) == PROCESS_UNINTERRUPTIBLE;

	if (stuck && !child->stuck)
		log_error("stuck", "daemon=%s pid=%d silent-ms=%llu why=\"hangs in the kernel\"",
			  daemon_name(child->id), (int)child->pid,
			  (unsigned long long)child->pulse.silent_ms);
	child->stuck |= stuck;
	if (stuck || child->hung)
		return;
	child->hung = true;
	log_error("hung", "daemon=%s pid=%d silent-ms=%llu", daemon_name(child->id),
		  (int)child->pid, (unsigned long long)child->pulse.silent_ms);
	process_kill_group(child->pid);
}

static void supervise_tick(void *arg)
{
	uint64_t now = now_ms();

	timer_start(&ticks, PULSE_TICK_MS);
	for (int i = 0; i < DAEMON_COUNT; i++) {
		struct child *child = &children[i];

		if (!child->control || !child->pid)
			continue;
		if (pulse_tick(&child->pulse, now))
			ipc_send(child->control, MSG_PING, 0, NULL, 0);
		if (supervise_silent(i))
			handlers->silent(i);
		if (child->pulse.silent_ms >= PULSE_HUNG_MS)
			end_hung(child);
	}
}

bool supervise_silent(enum daemon_id id)
{
	return children[id].control && children[id].pulse.silent_ms >= PULSE_SILENT_MS;
}

const char *supervise_silence(enum daemon_id id)
{
	static char text[128];
	const struct child *child = &children[id];
	const char *what = child->stuck	 ? "it hangs in the kernel and cannot be replaced"
			   : child->hung ? "it was killed and has not ended yet"
					 : "it will be replaced if that goes on";

	snprintf(text, sizeof(text), "%s has not answered for %llu s (%s)", daemon_name(id),
		 (unsigned long long)child->pulse.silent_ms / 1000, what);
	return text;
}

void supervise_start(const char *rundir, int lock, const struct supervise_handlers *h)
{
	run_directory = rundir;
	lock_fd = lock;
	handlers = h;
	sigchld = evsignal_new(loop_base(), SIGCHLD, on_sigchld, NULL);
	event_add(sigchld, NULL);
	for (int i = 0; i < DAEMON_COUNT; i++) {
		struct child *child = &children[i];

		child->id = i;
		child->program = open_program(i);
		timer_init(&child->start, spawn, child);
		timer_init(&child->grace, on_grace, child);
		spawn(child);
	}
	timer_init(&ticks, supervise_tick, NULL);
	timer_start(&ticks, PULSE_TICK_MS);
}

struct ipc *supervise_control(enum daemon_id id)
{
	return children[id].control;
}

static void send_channel(enum daemon_id to, enum daemon_id peer, int fd)
{
	struct wr w = {0};

	msg_put_channel(&w, peer);
	ipc_send_fd(children[to].control, MSG_CHANNEL, 0, w.data, w.len, fd);
	wr_free(&w);
	close(fd);
}

void supervise_configured(enum daemon_id id)
{
	children[id].configured = children[id].control != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct link *link = &links[i];
		int fds[2], err;

		if (link->up || !children[link->a].configured || !children[link->b].configured)
			continue;
		err = ipc_pair(fds);
		if (err < 0)
			fatal("socketpair: %s", strerror(-err));
		send_channel(link->a, link->b, fds[0]);
		send_channel(link->b, link->a, fds[1]);
		link->up = true;
	}
}

void supervise_kill(enum daemon_id id, const char *why)
{
	if (!children[id].pid)
		return;
	log_error("kill", "daemon=%s why=\"%s\"", daemon_name(id), why);
	process_kill_group(children[id].pid);
}

void supervise_stop(void)
{
	stopping = true;
	timer_stop(&ticks);
	for (int i = 0; i < DAEMON_COUNT; i++) {
		struct child *child = &children[i];

		timer_stop(&child->start);
		drop_control(child);
		if (child->pid)
			timer_start(&child->grace, GRACE_MS);
	}
	if (all_gone())
		handlers->drained();
}

void supervise_free(void)
{
	if (sigchld)
		event_free(sigchld);
	sigchld = NULL;
	timer_stop(&ticks);
	for (int i = 0; i < DAEMON_COUNT; i++) {
		timer_stop(&children[i].start);
		timer_stop(&children[i].grace);
		if (children[i].program >= 0)
			close(children[i].program);
	}
}

static const char *state_name(const struct child *child)
{
	if (!child->control)
		return "waiting";
	if (child->stuck)
		return "stuck";
	if (supervise_silent(child->id))
		return "silent";
	return child->configured ? "running" : "starting";
}

json_t *supervise_status(enum daemon_id id)
{
	const struct child *child = &children[id];
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(daemon_name(id)));
	json_object_set_new(o, "pid", child->pid ? json_integer(child->pid) : json_null());
	json_object_set_new(o, "state", json_string(state_name(child)));
	json_object_set_new(o, "uptime-seconds",
			    child->pid
				    ? json_integer((json_int_t)(now_ms() - child->born_ms) / 1000)
				    : json_null());
	json_object_set_new(o, "restarts", json_integer(child->restarts));
	json_object_set_new(o, "last-exit",
			    child->last_exit[0] ? json_string(child->last_exit) : json_null());
	return o;
}
