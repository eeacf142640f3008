/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock: who holds the lock of a run directory, and what becomes of it. All processes are played:
 * OWNER is the parent whose number is in the file, process 1 holds the lock; the clock runs while
 * nobody does anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lock.h"
#include "log.h"
#include "loop.h"
#include "privs.h"
#include "process.h"
#include "supervise.h"
#include "util.h"

#define OWNER 4000001
#define NEVER UINT64_MAX

static char dir[] = "/tmp/lock_test.XXXXXX";
static char real[128]; /* where bgpd leads to */

struct row {
	const char *name;
	bool written;	 /* the file has OWNER's number */
	int owner_error; /* of a signal to it */
	char owner_state;
	const char *owner_program, *program; /* "bgpd": what REAL says; "": may not be known */
	bool holds;			     /* the file whose lock is asked for */
	char state;
	uint64_t ends_ms;  /* by itself */
	int kill_error;	   /* when it is killed; 0: it ends */
	int result;	   /* 0: a descriptor */
	uint64_t after_ms; /* at least */
	const char *done, *said;
};

static const struct row *row;
static uint64_t clock_ms;
static bool killed;
static char done[4096];
static int lock = -1; /* that is asked for */

static void say(const char *what)
{
	snprintf(done + strlen(done), sizeof(done) - strlen(done), "%s ", what);
}

static bool is_there(void)
{
	return clock_ms < row->ends_ms && !(killed && !row->kill_error);
}

#define WRAP(type, name, ...)            \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(uint64_t, now_ms, void)
{
	return clock_ms;
}

WRAP(int, usleep, useconds_t us)
{
	assert_in_range(us, 1000, 100000);
	clock_ms += us / 1000;
	return 0;
}

WRAP(int, flock, int fd, int operation)
{
	assert_int_equal(operation, LOCK_EX | LOCK_NB);
	lock = fd;
	errno = EWOULDBLOCK;
	return is_there() ? -1 : 0;
}

int __real_kill(pid_t pid, int sig);

WRAP(int, kill, pid_t pid, int sig)
{
	if (pid != OWNER)
		return __real_kill(pid, sig); /* testing.c's */
	assert_int_equal(sig, 0);
	errno = row->owner_error;
	return row->owner_error ? -1 : 0;
}

/* ---- in the place of process.c, supervise.c and privs.c */

char process_state(pid_t pid)
{
	return pid == OWNER ? row->owner_state : pid == 1 ? row->state : 0;
}

int process_kill_group(pid_t leader)
{
	fail_msg("by its number");
	return 0;
}

bool process_program(pid_t pid, char *path, size_t size)
{
	const char *program = pid == OWNER ? row->owner_program
			      : pid == 1   ? row->program
					   : "/nowhere/wgbgpd";

	str_copy(path, str_eq(program, "bgpd") ? real : program, size);
	return *program;
}

bool process_holds_lock(pid_t pid, int fd)
{
	return pid == 1 && fd == lock && row->holds;
}

int process_open(pid_t pid)
{
	return pid == 1 && is_there() ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -ESRCH;
}

int process_kill_by(int fd)
{
	assert_true(fcntl(fd, F_GETFD) >= 0);
	say("kill");
	killed = true;
	return -row->kill_error;
}

void supervise_program(enum daemon_id id, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", dir, daemon_name(id));
}

void privs_look_as_user(bool on)
{
	say(on ? "user" : "self");
}

/* ---- rows */

#define OTHER "wgbgpd: another wgbgpd (pid 4000001) runs in "
#define EARLIER "wgbgpd: a daemon of an earlier wgbgpd (pid 4000001) still holds the lock of "
#define KILLED "why=\"its wgbgpd is gone and it does not end: killed\"\n"
#define LOOKS "user self "
#define LOOKS_10 \
	LOOKS LOOKS LOOKS LOOKS LOOKS LOOKS LOOKS LOOKS LOOKS LOOKS /* from the fifth second on */

static const struct row rows[] = {
	{"free", true, 0, 'S', "/nowhere/wgbgpd", "", true, 'S', 0, 0, 0, 0, "", ""},
	{"the owner lives", true, 0, 'S', "/nowhere/wgbgpd", "bgpd", true, 'S', NEVER, 0, -EBUSY, 0,
	 "", OTHER},
	{"another user's owner", true, EPERM, 'S', "/nowhere/wgbgpd", "bgpd", true, 'S', NEVER, 0,
	 -EBUSY, 0, "", OTHER},
	{"an owner that may not be seen", true, 0, 'S', "", "bgpd", true, 'S', NEVER, 0, -EBUSY, 0,
	 "", OTHER},
	{"a daemon that ends", true, ESRCH, 0, "", "bgpd", true, 'S', 2000, 0, 0, 2000, "", ""},
	{"a daemon that stays", true, ESRCH, 0, "", "bgpd", true, 'S', NEVER, 0, 0, 5000,
	 "kill " LOOKS, "leftover daemon=bgpd pid=1 " KILLED},
	{"one whose program is no link", true, ESRCH, 0, "", "DIR/bfdd", true, 'S', NEVER, 0, 0,
	 5000, "kill " LOOKS, "leftover daemon=bfdd pid=1 " KILLED},
	{"the first one", true, ESRCH, 0, "", "DIR/wgd", true, 'S', NEVER, 0, 0, 5000,
	 "kill " LOOKS, "leftover daemon=wgd pid=1 " KILLED},
	{"of a zombie", true, 0, 'Z', "/nowhere/wgbgpd", "bgpd", true, 'S', NEVER, 0, 0, 5000,
	 "kill " LOOKS, "leftover daemon=bgpd pid=1 " KILLED},
	{"of who has the number now", true, 0, 'S', "/bin/sh", "bgpd", true, 'S', NEVER, 0, 0, 5000,
	 "kill " LOOKS, "leftover daemon=bgpd pid=1 " KILLED},
	{"of nobody", false, 0, 'S', "/nowhere/wgbgpd", "bgpd", true, 'S', NEVER, 0, 0, 5000,
	 "kill " LOOKS, "leftover daemon=bgpd pid=1 " KILLED},
	{"somebody else's program", true, ESRCH, 0, "", "/bin/sh", true, 'S', NEVER, 0, -EBUSY,
	 15000, LOOKS_10, EARLIER},
	{"a program that may not be seen", true, ESRCH, 0, "", "", true, 'S', NEVER, 0, -EBUSY,
	 15000, LOOKS_10, EARLIER},
	{"another lock", true, ESRCH, 0, "", "bgpd", false, 'S', NEVER, 0, -EBUSY, 15000, LOOKS_10,
	 EARLIER},
	{"one that hangs in the kernel", true, ESRCH, 0, "", "bgpd", true, 'D', NEVER, 0, -EBUSY,
	 15000, LOOKS_10, "leftover daemon=bgpd pid=1 why=\"hangs in the kernel\"\n"},
	{"one that may not be killed", true, ESRCH, 0, "", "bgpd", true, 'S', 7000, EPERM, 0, 7000,
	 "kill user kill self kill user kill self ", "killed\" error=Operation not permitted\n"},
};

static char *path_of(const char *name)
{
	static char path[2][128];
	static int at;

	at = !at;
	snprintf(path[at], sizeof(path[at]), "%s/%s", dir, name);
	return path[at];
}

static void write_owner(const char *text)
{
	FILE *f = fopen(path_of("wgbgpd.pid"), "w");

	fputs(text, f);
	fclose(f);
}

static const char *read_file(const char *path)
{
	static char text[16384];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

/* What it wrote to standard error is in a file. */
static int take(void)
{
	int own = dup(STDERR_FILENO), err;
	int to = open(path_of("said"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	dup2(to, STDERR_FILENO);
	close(to);
	err = lock_take(dir);
	fflush(stderr);
	dup2(own, STDERR_FILENO);
	close(own);
	return err;
}

static void check_row(const struct row *given)
{
	struct row here = *given;
	char program[128], pid[32];
	int err;

	if (strncmp(here.program, "DIR/", 4) == 0) {
		str_copy(program, path_of(here.program + 4), sizeof(program));
		here.program = program;
	}
	row = &here;
	clock_ms = here.ends_ms == NEVER ? 777000 : 0;
	killed = false;
	done[0] = '\0';
	write_owner(here.written ? "4000001\n" : "");
	err = take();
	if (here.result ? err != here.result : err < 0)
		fail_msg("%s: %d", here.name, err);
	clock_ms -= here.ends_ms == NEVER ? 777000 : 0;
	if (clock_ms < here.after_ms || clock_ms > here.after_ms + 200 || !str_eq(done, here.done))
		fail_msg("%s: %llu ms, %s", here.name, (unsigned long long)clock_ms, done);
	if (!strstr(read_file(path_of("said")), here.said) ||
	    (!*here.said && *read_file(path_of("said"))))
		fail_msg("%s: \"%s\"", here.name, read_file(path_of("said")));
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	assert_string_equal(read_file(path_of("wgbgpd.pid")), !here.result   ? pid
							      : here.written ? "4000001\n"
									     : "");
	if (err >= 0) {
		assert_int_equal(fcntl(err, F_GETFL) & O_ACCMODE, O_RDONLY);
		assert_true(fcntl(err, F_GETFD) & FD_CLOEXEC);
		close(err);
	} else {
		assert_int_equal(fcntl(lock, F_GETFD), -1);
	}
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

static void test_no_directory(void **state)
{
	char *gone = xasprintf("%s/gone", dir);

	assert_int_equal(lock_take(gone), -ENOENT);
	free(gone);
}

static int setup(void **state)
{
	char *target;

	if (!mkdtemp(dir))
		return -1;
	close(open(path_of("program"), O_WRONLY | O_CREAT | O_CLOEXEC, 0700));
	if (symlink(path_of("program"), path_of("bgpd")) < 0)
		return -1;
	target = realpath(path_of("program"), NULL);
	str_copy(real, target, sizeof(real));
	free(target);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"program", "bgpd", "said", "wgbgpd.pid"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(names[i]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
