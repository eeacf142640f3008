/* SPDX-License-Identifier: BSD-2-Clause */
/* process: what is read of other processes, and who is killed. */
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "util.h"

/* A child that waits, in whose name there is a trap for who reads its state. */
static pid_t start_child(void)
{
	pid_t pid;
	int fds[2];
	char c;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_NAME, "a) Z (b) D c");
		close(fds[0]);
		close(fds[1]);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
	return pid;
}

static void await_state(pid_t pid, char want)
{
	for (int i = 0; i < 5000 && process_state(pid) != want; i++)
		usleep(1000);
	assert_int_equal(process_state(pid), want);
}

static void test_states(void **state)
{
	pid_t pid = start_child();

	assert_int_equal(process_state(getpid()), 'R');
	assert_int_equal(process_state(-1), 0);
	await_state(pid, 'S');
	kill(pid, SIGSTOP);
	await_state(pid, 'T');
	assert_int_equal(process_kill_group(pid), 0);
	await_state(pid, 'Z');
	waitpid(pid, NULL, 0);
	assert_int_equal(process_state(pid), 0);
	assert_int_equal(process_kill_group(pid), -ESRCH);
	assert_int_equal(process_open(pid), -ESRCH);
}

/* Those of the group that are left when its leader has ended. */
static void test_kill_group(void **state)
{
	pid_t pid = start_child(), other = start_child();

	assert_int_equal(setpgid(other, pid), 0);
	kill(pid, SIGTERM);
	await_state(pid, 'Z');
	await_state(other, 'S');
	assert_int_equal(process_kill_group(pid), 0);
	await_state(other, 'Z');
	waitpid(pid, NULL, 0);
	waitpid(other, NULL, 0);
}

static void test_kill_by_descriptor(void **state)
{
	pid_t pid = start_child();
	int fd = process_open(pid), status;

	assert_true(fd >= 0);
	assert_int_equal(process_kill_by(fd), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(process_kill_by(fd), -ESRCH); /* whoever has its number now */
	close(fd);
	assert_int_equal(process_kill_by(-1), -EBADF);
}

static void test_programs(void **state)
{
	char copy[] = "/tmp/process_test.XXXXXX", path[256], own[256] = "";
	int fd = mkstemp(copy), status;
	char *command = xasprintf("cp /bin/sleep %s", copy);
	pid_t pid;

	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	assert_true(process_program(getpid(), path, sizeof(path)));
	assert_string_equal(path, own);
	assert_true(process_program(getpid(), path, 5)); /* as much as there is room for */
	assert_int_equal(strlen(path), 4);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(system(command), 0);
	chmod(copy, 0700);
	pid = fork();
	if (pid == 0) {
		execl(copy, copy, "60", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 5000; i++) {
		if (process_program(pid, path, sizeof(path)) && str_eq(path, copy))
			break;
		usleep(1000);
	}
	assert_string_equal(path, copy);
	unlink(copy); /* replaced by another version, say */
	assert_true(process_program(pid, path, sizeof(path)));
	assert_string_equal(path, copy);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_false(process_program(pid, path, sizeof(path)));
	free(command);
}

/* Who has the lock by this open file, not who opened the same file or locked another one. */
static void test_locks(void **state)
{
	char name[] = "/tmp/process_test.XXXXXX", other[] = "/tmp/process_test.XXXXXX";
	int fd = mkstemp(name), far = mkstemp(other);
	pid_t pid;

	assert_true(fd >= 0 && far >= 0);
	assert_false(process_holds_lock(getpid(), fd));
	assert_int_equal(flock(far, LOCK_EX), 0);
	assert_false(process_holds_lock(getpid(), fd));
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(process_holds_lock(getpid(), fd));
	pid = start_child(); /* it has the same open files */
	assert_true(process_holds_lock(pid, fd));
	close(fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(process_holds_lock(pid, fd));
	assert_false(process_holds_lock(getpid(), fd)); /* opened alone */
	process_kill_group(pid);
	waitpid(pid, NULL, 0);
	assert_false(process_holds_lock(pid, fd));
	assert_false(process_holds_lock(getpid(), -1));
	close(fd);
	close(far);
	unlink(name);
	unlink(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_kill_group),
		cmocka_unit_test(test_kill_by_descriptor),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
