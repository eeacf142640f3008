/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a userspace program is started, found again and ended. The program is this one by another
 * name: it says in its log what it was given, and waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/close_range.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"
#include "testing.h"
#include "userspace.h"
#include "util.h"

#define NAME "played-wg"
#define SIGNALS                                                                           \
	0x7fffffff /* behind them are two of the C library's, which posix_spawn() ignores \
		    */

static char dir[] = "/tmp/wgbgp-launch-XXXXXX", program[128], self[256];

/* --- the program --- */

static _Noreturn void played(char **argv)
{
	char line[256], ignored[64] = "?";
	FILE *f = fopen("/proc/self/status", "re");
	int open_fds = 0;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "SigIgn: %63s", ignored) == 1)
			break;
	fclose(f);
	for (int fd = 0; fd < 100; fd++)
		open_fds += fcntl(fd, F_GETFD) >= 0;
	printf("%s %s fds %d ignored %d leader %d level %s foreground %s nice %d\n", argv[1],
	       argv[2], open_fds, (strtoull(ignored, NULL, 16) & SIGNALS) != 0,
	       getsid(0) == getpid(), getenv("LOG_LEVEL"), getenv("WG_PROCESS_FOREGROUND"),
	       getpriority(PRIO_PROCESS, 0));
	fflush(stdout);
	fprintf(stderr, "and on standard error\n");
	for (;;)
		pause();
}

/* --- the checks --- */

static unsigned terms; /* who was sent SIGTERM, so far */

int kill(pid_t pid, int sig)
{
	terms += sig == SIGTERM;
	return (int)syscall(SYS_kill, pid, sig);
}

static const char *content(const char *suffix)
{
	static char text[4096];
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/wg7.%s", dir, suffix);
	f = fopen(path, "r");
	if (!f)
		return "none";
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

#define AWAIT(cond)                                                                          \
	do {                                                                                 \
		for (uint64_t until_ = now_ms() + test_patience_ms(); !(cond); usleep(1000)) \
			if (now_ms() > until_)                                               \
				fail_msg("never: %s", #cond);                                \
	} while (0)

static bool is_alive(int pid)
{
	char path[64], state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state != 'Z';
}

static int begin(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/%s", dir, NAME);
	self[readlink("/proc/self/exe", self, sizeof(self) - 1)] = '\0';
	return symlink(self, program);
}

static int end(void **state)
{
	char line[64];

	snprintf(line, sizeof(line), "rm -rf %s", dir);
	return system(line);
}

static unsigned mode_of(const char *name)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void put_pid(int pid)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/wg7.pid", dir);
	f = fopen(path, "w");
	fprintf(f, "%d\n", pid);
	fclose(f);
}

static void test_started(void **state)
{
	static const char *const others[] = {"wg8", "g7", "wg", "wg77"};
	char from[160], to[160];
	int pid;

	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* make's own, say */
	signal(SIGHUP, SIG_IGN);
	signal(SIGSYS, SIG_IGN);
	unsetenv("LOG_LEVEL");
	assert_int_equal(userspace_start(program, dir, "wg7"), 0);
	AWAIT(strstr(content("log"), "and on standard error\n"));
	assert_non_null(strstr(content("log"), "-f wg7 fds 3 ignored 0 leader 1 level error "
					       "foreground 1 nice "));
	pid = atoi(content("pid"));
	assert_true(pid > 1 && is_alive(pid));
	assert_int_equal(mode_of("wg7.pid"), 0600);
	assert_int_equal(mode_of("wg7.log"), 0600);
	/* Neither another program of the pid, nor one of another interface. */
	userspace_stop("/usr/bin/other-wg", dir, "wg7");
	assert_string_equal(content("pid"), "none");
	assert_string_equal(content("log"), "none");
	put_pid(pid);
	snprintf(from, sizeof(from), "%s/wg7.pid", dir);
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
		put_pid(pid);
		snprintf(to, sizeof(to), "%s/%s.pid", dir, others[i]);
		assert_int_equal(rename(from, to), 0);
		userspace_stop(program, dir, others[i]);
		assert_int_equal(access(to, F_OK), -1);
		if (terms)
			fail_msg("taken for the program of %s", others[i]);
	}
	put_pid(pid);
	assert_true(is_alive(pid));
	assert_true(userspace_runs(program, dir, "wg7") && !userspace_ended(dir, "wg7"));
	assert_false(userspace_runs("/usr/bin/other-wg", dir, "wg7"));
	assert_false(userspace_runs(program, dir, "wg8") || userspace_ended(dir, "wg8"));
	userspace_stop(NAME, dir, "wg7"); /* found in PATH: its name alone */
	AWAIT(!is_alive(pid));
	assert_string_equal(content("pid"), "none");
	assert_false(userspace_ended(dir, "wg7"));
	put_pid(pid); /* gone, or a zombie yet */
	assert_true(userspace_ended(dir, "wg7") && !userspace_runs(program, dir, "wg7"));
	userspace_stop(NAME, dir, "wg7"); /* nothing there: fine */
}

static void test_level(void **state)
{
	int pid;

	setenv("LOG_LEVEL", "verbose", 1);
	assert_int_equal(userspace_start(program, dir, "wg7"), 0);
	AWAIT(strstr(content("log"), "level verbose"));
	pid = atoi(content("pid"));
	userspace_stop(program, dir, "wg7");
	AWAIT(!is_alive(pid));
}

static void test_not_started(void **state)
{
	char file[160];

	assert_int_equal(userspace_start("/nonexistent/wg", dir, "wg7"), -ENOENT);
	snprintf(file, sizeof(file), "%s/plain", dir);
	fclose(fopen(file, "w"));
	assert_int_equal(userspace_start(file, dir, "wg7"), -EACCES);
	assert_false(userspace_present(file));
	/* Not a process id. */
	put_pid(1);
	userspace_stop(program, dir, "wg7");
	put_pid(999999999);
	userspace_stop(program, dir, "wg7");
	assert_string_equal(content("pid"), "none");
}

static void test_present(void **state)
{
	char path[256];

	assert_true(userspace_present(program));
	assert_false(userspace_present("/nonexistent/wg"));
	assert_false(userspace_present(NAME));
	snprintf(path, sizeof(path), "/nonexistent:%s", dir);
	setenv("PATH", path, 1);
	assert_true(userspace_present(NAME));
	assert_false(userspace_present("no-such-wg"));
	unsetenv("PATH");
	assert_true(userspace_present("sh"));
	assert_false(userspace_present(NAME));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_started, begin, end),
		cmocka_unit_test_setup_teardown(test_level, begin, end),
		cmocka_unit_test_setup_teardown(test_not_started, begin, end),
		cmocka_unit_test_setup_teardown(test_present, begin, end),
	};

	if (argc == 3 && strstr(argv[0], NAME))
		played(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
