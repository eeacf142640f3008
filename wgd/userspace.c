/* SPDX-License-Identifier: BSD-2-Clause */
#include "userspace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

#define NICE -10 /* what carries the packets comes before what computes routes */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Signals and descriptors as a program expects them; only async-signal-safe calls. */
static void detach(int log_fd, int status_fd)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(log_fd < 0 ? null : log_fd, STDOUT_FILENO);
	dup2(log_fd < 0 ? null : log_fd, STDERR_FILENO);
	dup2(status_fd, 3);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	close_range(4, ~0U, 0);
}

static void write_pid(int pid_fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (pid_fd >= 0 && write(pid_fd, text, n) < 0)
		return; /* only for the end by hand */
}

/* In the grandchild: becomes the program, or tells errno through STATUS_FD. */
static _Noreturn void become(const char *program, const char *ifname, int log_fd, int pid_fd,
			     int status_fd)
{
	int err;

	write_pid(pid_fd);
	detach(log_fd, status_fd);
	if (!getenv("PATH"))
		setenv("PATH", DEFAULT_PATH, 1);
	setpriority(PRIO_PROCESS, 0, NICE); /* where it is allowed */
	setenv("LOG_LEVEL", "error", 0);
	setenv("WG_PROCESS_FOREGROUND", "1", 1);
	execlp(program, program, "-f", ifname, (char *)NULL);
	err = errno;
	if (write(3, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

static int open_file(const char *rundir, const char *ifname, const char *suffix, int flags)
{
	char *path = xasprintf("%s/%s.%s", rundir, ifname, suffix);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	free(path);
	return fd;
}

/* Forks twice. The first child is reaped here; -errno, or 0 once the program runs. */
static int launch(const char *program, const char *ifname, int log_fd, int pid_fd)
{
	int status[2], err = 0;
	pid_t pid;

	if (pipe2(status, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			become(program, ifname, log_fd, pid_fd, status[1]);
		_exit(pid < 0);
	}
	err = pid < 0 ? errno : 0;
	close(status[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	/* Ends when the program was executed; an errno when it was not. */
	if (pid > 0 && read(status[0], &err, sizeof(err)) < 0)
		err = errno;
	close(status[0]);
	return -err;
}

int userspace_start(const char *program, const char *rundir, const char *ifname)
{
	int log_fd = open_file(rundir, ifname, "log", O_APPEND);
	int pid_fd = open_file(rundir, ifname, "pid", O_TRUNC);
	int err = launch(program, ifname, log_fd, pid_fd);

	if (log_fd >= 0)
		close(log_fd);
	if (pid_fd >= 0)
		close(pid_fd);
	return err;
}

bool userspace_present(const char *program)
{
	const char *path = getenv("PATH");
	char *dirs, *save = NULL;
	bool found = false;

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	dirs = xstrdup(path ? path : DEFAULT_PATH);
	for (char *dir = strtok_r(dirs, ":", &save); dir && !found;
	     dir = strtok_r(NULL, ":", &save)) {
		char *full = xasprintf("%s/%s", dir, program);

		found = access(full, X_OK) == 0;
		free(full);
	}
	free(dirs);
	return found;
}

/* One of the arguments behind the first one of the command line LINE is NAME. */
static bool has_argument(const char *line, size_t n, const char *name)
{
	for (const char *at = line + strlen(line) + 1; at < line + n; at += strlen(at) + 1)
		if (str_eq(at, name))
			return true;
	return false;
}

/* The command line of PID names PROGRAM and IFNAME. */
static bool is_program(int pid, const char *program, const char *ifname)
{
	char path[64], line[512];
	const char *base = strrchr(program, '/'), *arg0, *arg0_base;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[n] = '\0';
	arg0 = line;
	arg0_base = strrchr(arg0, '/') ? strrchr(arg0, '/') + 1 : arg0;
	return str_eq(arg0_base, base ? base + 1 : program) &&
	       has_argument(line, n, ifname);
}

/* 0: none was started. */
static int read_pid(const char *rundir, const char *ifname)
{
	char *path = xasprintf("%s/%s.pid", rundir, ifname);
	FILE *file = fopen(path, "re");
	int pid = 0;

	if (file && fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	free(path);
	return pid > 1 ? pid : 0;
}

/* Of the program, as long as it is that one; 0: it does not run. */
static int running_pid(const char *program, const char *rundir, const char *ifname)
{
	int pid = read_pid(rundir, ifname);

	return pid && is_program(pid, program, ifname) ? pid : 0;
}

bool userspace_runs(const char *program, const char *rundir, const char *ifname)
{
	return running_pid(program, rundir, ifname) != 0;
}

bool userspace_ended(const char *rundir, const char *ifname)
{
	char path[64], line[512], *state;
	int pid = read_pid(rundir, ifname);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = pid ? fopen(path, "re") : NULL;
	if (!file)
		return pid && errno == ENOENT;
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	state = strrchr(line, ')'); /* behind the name: a state, numbers */
	return !state || state[1] == '\0' || state[2] == 'Z' || state[2] == 'X';
}

void userspace_stop(const char *program, const char *rundir, const char *ifname)
{
	char *pid_path = xasprintf("%s/%s.pid", rundir, ifname);
	char *log_path = xasprintf("%s/%s.log", rundir, ifname);
	int pid = running_pid(program, rundir, ifname);

	if (pid)
		kill(pid, SIGTERM);
	unlink(pid_path);
	unlink(log_path);
	free(pid_path);
	free(log_path);
}
