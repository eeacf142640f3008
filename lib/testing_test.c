/* SPDX-License-Identifier: BSD-2-Clause */
/* A check that fails, crashes, hangs or leaves a mess is one failure, and soon; the rest go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

static int *list; /* what a failing check leaves half done */
static int prepared, pipe_of_child[2];

static void fails_in_the_middle(void **state)
{
	assert_null(list);
	list = malloc(sizeof(*list));
	assert_non_null(list);
	free(list); /* and still there: whoever walks it now walks freed memory */
	fail_msg("as it should");
}

static void needs_a_clean_start(void **state)
{
	assert_null(list);
	assert_int_equal(prepared, 1);
}

static void crashes(void **state)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void never_ends(void **state)
{
	for (;;)
		pause();
}

static void never_ends_deaf(void **state)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	never_ends(state);
}

/* A process of its own holds the pipe open. */
static void leaves_a_process(void **state)
{
	if (fork() == 0)
		never_ends(state);
	close(pipe_of_child[1]);
	never_ends(state);
}

static int prepare(void **state)
{
	prepared++;
	return 0;
}

static void each_is_alone(void **state)
{
	const struct CMUnitTest inner[] = {cmocka_unit_test(needs_a_clean_start),
					   cmocka_unit_test(fails_in_the_middle),
					   cmocka_unit_test(needs_a_clean_start),
					   cmocka_unit_test(fails_in_the_middle),
					   cmocka_unit_test(crashes),
					   cmocka_unit_test(needs_a_clean_start)};

	assert_int_equal(cmocka_run_group_tests(inner, prepare, NULL), 3);
	assert_int_equal(prepared, 0);
}

static void each_ends(void **state)
{
	const struct CMUnitTest inner[] = {cmocka_unit_test(never_ends),
					   cmocka_unit_test(never_ends_deaf),
					   cmocka_unit_test(needs_a_clean_start)};

	setenv("WGBGP_TEST_SECONDS", "1", 1);
	assert_int_equal(cmocka_run_group_tests(inner, prepare, NULL), 2);
}

static void its_processes_end(void **state)
{
	const struct CMUnitTest inner[] = {cmocka_unit_test(leaves_a_process)};
	char c;

	assert_int_equal(pipe(pipe_of_child), 0);
	setenv("WGBGP_TEST_SECONDS", "1", 1);
	assert_int_equal(cmocka_run_group_tests(inner, NULL, NULL), 1);
	close(pipe_of_child[1]);
	assert_int_equal(read(pipe_of_child[0], &c, 1), 0); /* nobody has the other end */
}

static void is_nobodys(void **state)
{
	assert_null(getenv("LOGNAME"));
	assert_null(getenv("SUDO_USER"));
	assert_null(getenv("SSH_CONNECTION"));
}

static void it_does_not_matter_who_runs_it(void **state)
{
	const struct CMUnitTest inner[] = {cmocka_unit_test(is_nobodys)};

	setenv("LOGNAME", "somebody", 1);
	setenv("SUDO_USER", "somebody", 1);
	setenv("SSH_CONNECTION", "192.0.2.7 40000 192.0.2.1 22", 1);
	assert_int_equal(cmocka_run_group_tests(inner, NULL, NULL), 0);
}

static void who_waits_in_vain_says_so(void **state)
{
	unsetenv("WGBGP_TEST_SECONDS");
	assert_int_equal(test_patience_ms(), 240000);
	setenv("WGBGP_TEST_SECONDS", "10", 1);
	assert_int_equal(test_patience_ms(), 8000);
}

static void the_seed_is_fixed(void **state)
{
	unsetenv("WGBGP_SEED");
	assert_int_equal(test_seed(), 1);
	setenv("WGBGP_SEED", "4711", 1);
	assert_int_equal(test_seed(), 4711);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_alone),
					   cmocka_unit_test(each_ends),
					   cmocka_unit_test(its_processes_end),
					   cmocka_unit_test(it_does_not_matter_who_runs_it),
					   cmocka_unit_test(who_waits_in_vain_says_so),
					   cmocka_unit_test(the_seed_is_fixed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
