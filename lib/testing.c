/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How test programs run their checks: each in a process of its own, with a time limit.
 *
 * A check that fails leaves its function by longjmp(), out of whatever it was in: an event loop, a
 * walk, half of an update. The check after it would begin with that state, and fail, crash or
 * never end because of the first. So every check starts from what main() has prepared, in a child
 * with the setup and teardown of its group, and nothing that it leaves behind is seen by another.
 * Nor does it see who runs it: LOGNAME and the like are not there.
 * What does not end within WGBGP_TEST_SECONDS (300) is killed with all processes it started, and
 * has failed. WGBGP_TEST_INSIDE=1 runs them all in this process, for a debugger.
 *
 * The linker puts this in the place of cmocka's function (--wrap in configure.ac): programs
 * call cmocka_run_group_tests() as always.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testing.h"

#define LIMIT_S 300 /* by the clock: a machine with much to do is slow */

int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction setup, CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction setup, CMFixtureFunction teardown);

static unsigned long number_given(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned long limit_s(void)
{
	return number_given("WGBGP_TEST_SECONDS", LIMIT_S);
}

unsigned test_patience_ms(void)
{
	return (unsigned)(limit_s() * 1000 / 5 * 4);
}

unsigned test_seed(void)
{
	unsigned seed = (unsigned)number_given("WGBGP_SEED", 1);

	print_message("WGBGP_SEED=%u\n", seed);
	return seed;
}

int test_lowest_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* Signals that the wait is for: blocked, so that none is missed between two waits. */
static sigset_t awaited(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

/* Returns the exit status of the child, which is dead then; -1 if a signal or the limit ended it.
 */
static int child_wait(pid_t child, const sigset_t *set)
{
	time_t limit = (time_t)limit_s();
	struct timespec now, end, left;
	int status, sig;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += limit;
	while (waitpid(child, &status, WNOHANG) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = (struct timespec){end.tv_sec - now.tv_sec, 0};
		sig = left.tv_sec > 0 ? sigtimedwait(set, NULL, &left) : -1;
		if (sig == SIGCHLD || (sig < 0 && left.tv_sec > 0))
			continue;
		kill(-child, SIGKILL);
		waitpid(child, &status, 0);
		if (sig > 0) /* who waits for this program gave up */
			exit(128 + sig);
		print_error("[  ERROR   ] --- not ended within %ld s: killed\n", (long)limit);
		return -1;
	}
	kill(-child, SIGKILL); /* what a failed check has left running */
	if (WIFSIGNALED(status))
		print_error("[  ERROR   ] --- ended by signal %d (%s)\n", WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Returns whether the check passed (or was skipped). */
static bool check_run(const char *group, const struct CMUnitTest *test, CMFixtureFunction setup,
		      CMFixtureFunction teardown)
{
	sigset_t set = awaited(), old;
	pid_t child, parent = getpid();
	int status;

	fflush(NULL);
	sigprocmask(SIG_BLOCK, &set, &old);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		sigprocmask(SIG_SETMASK, &old, NULL);
		exit(__real__cmocka_run_group_tests(group, test, 1, setup, teardown) != 0);
	}
	if (child < 0) {
		print_error("fork: %s\n", strerror(errno));
		exit(99); /* "make check" knows it as: the test itself could not run */
	}
	setpgid(child, child);
	status = child_wait(child, &set);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return status == 0;
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction setup, CMFixtureFunction teardown)
{
	static const char *const persons[] = {"LOGNAME", "SUDO_USER", "SSH_CONNECTION"};
	int failed = 0;

	for (size_t i = 0; i < sizeof(persons) / sizeof(*persons); i++)
		unsetenv(persons[i]);
	if (number_given("WGBGP_TEST_INSIDE", 0))
		return __real__cmocka_run_group_tests(name, tests, n, setup, teardown);
	for (size_t i = 0; i < n; i++) {
		if (check_run(name, &tests[i], setup, teardown))
			continue;
		failed++;
		print_error("[  FAILED  ] %s: %s\n", name, tests[i].name);
	}
	print_message("[==========] %s: %zu checks, %d failed.\n", name, n, failed);
	return failed;
}
