/* SPDX-License-Identifier: BSD-2-Clause */
#include "lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "privs.h"
#include "process.h"
#include "supervise.h"

#define PATIENCE_MS 5000 /* a daemon needs no longer to end by itself */
#define GIVE_UP_MS 15000 /* one that was killed, neither */
#define LOOK_MS 1000	 /* between two searches */
#define TRY_US 20000	 /* between two attempts */

static char lock_path[4096];
static char programs[DAEMON_COUNT][PATH_MAX]; /* of the daemons, without symbolic links */

/* The process that wrote its number into the lock file; 0 when there is none. */
static pid_t owner_read(int fd)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

static void owner_write(void)
{
	int fd = open(lock_path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		log_warn("lock", "file=%s why=\"%s\"", lock_path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* The process of the file lives, and runs our program: it did not merely get the number of a parent
 * that died. */
static bool owner_lives(int fd)
{
	char own[PATH_MAX], program[PATH_MAX];
	pid_t owner = owner_read(fd);

	if (!owner || (kill(owner, 0) < 0 && errno != EPERM) || process_state(owner) == 'Z')
		return false;
	return !process_program(owner, program, sizeof(program)) ||
	       !process_program(getpid(), own, sizeof(own)) || strcmp(own, program) == 0;
}

/* With our own eyes: the unprivileged user may not get to where they are. */
static void find_programs(void)
{
	char path[PATH_MAX];

	for (int id = 0; id < DAEMON_COUNT; id++) {
		supervise_program(id, path, sizeof(path));
		if (!realpath(path, programs[id]))
			str_copy(programs[id], path, sizeof(programs[id]));
	}
}

/* Which of our daemons runs there; -1: none. */
static int daemon_of(pid_t pid)
{
	char program[PATH_MAX];

	if (!process_program(pid, program, sizeof(program)))
		return -1;
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (strcmp(programs[id], program) == 0)
			return id;
	return -1;
}

/* The descriptor comes first: what is found out then is true of whom it kills. */
static void end_leftover(int lock, pid_t pid)
{
	int fd = process_open(pid), id = daemon_of(pid), err;

	if (fd >= 0 && id >= 0 && process_holds_lock(pid, lock) && !owner_lives(lock)) {
		bool stuck = process_state(pid) == PROCESS_UNINTERRUPTIBLE;

		err = stuck ? 0 : process_kill_by(fd);
		log_warn("leftover", "daemon=%s pid=%d why=\"%s\"%s%s", daemon_name(id), (int)pid,
			 stuck ? "hangs in the kernel"
			       : "its wgbgpd is gone and it does not end: killed",
			 err ? " error=" : "", err ? strerror(-err) : "");
	}
	if (fd >= 0)
		close(fd);
}

static void search(int lock)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			end_leftover(lock, pid);
	}
	if (proc)
		closedir(proc);
}

/* Without CAP_SYS_PTRACE only processes of the own user can be looked into. So the search is made
 * once as ourselves and once as the unprivileged user. */
static void search_as_each(int lock)
{
	find_programs();
	search(lock);
	privs_look_as_user(true);
	search(lock);
	privs_look_as_user(false);
}

static int wait_for(int lock)
{
	uint64_t start = now_ms(), look = start + PATIENCE_MS;

	while (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		uint64_t now = now_ms();

		if (owner_lives(lock) || now > start + GIVE_UP_MS)
			return -EBUSY;
		if (now > look) {
			search_as_each(lock);
			look = now + LOOK_MS;
		}
		usleep(TRY_US);
	}
	return 0;
}

int lock_take(const char *rundir)
{
	int fd;

	snprintf(lock_path, sizeof(lock_path), "%s/wgbgpd.pid", rundir);
	fd = open(lock_path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		int err = -errno;

		fprintf(stderr, "wgbgpd: %s: %s\n", lock_path, strerror(-err));
		return err;
	}
	if (wait_for(fd) < 0) {
		fprintf(stderr,
			owner_lives(fd) ? "wgbgpd: another wgbgpd (pid %d) runs in %s\n"
					: "wgbgpd: a daemon of an earlier wgbgpd (pid %d) still "
					  "holds the lock of %s and cannot be ended\n",
			(int)owner_read(fd), rundir);
		close(fd);
		return -EBUSY;
	}
	owner_write();
	return fd;
}
