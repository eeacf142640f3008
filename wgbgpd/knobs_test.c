/* SPDX-License-Identifier: BSD-2-Clause */
/* knobs: what was found first is there again in the end, whoever was started in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "knobs.h"
#include "machine.h"
#include "scratch.h"
#include "util.h"

static void set(bool on)
{
	FILE *f = fopen("/proc/sys/" ERRORS_KNOB, "we");

	assert_non_null(f);
	assert_true(fputs(on ? "1\n" : "0\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool is_remembered(void)
{
	char *path = xasprintf("%s/errors-knob", scratch_dir());
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static void restart(void)
{
	knobs_close();
	knobs_open(scratch_dir());
}

static int setup(void **state)
{
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	*state = "a network of its own";
	set(false);
	knobs_open(scratch_dir());
	return 0;
}

static int teardown(void **state)
{
	char *path = xasprintf("%s/errors-knob", scratch_dir());

	knobs_close();
	assert_true(unlink(path) == 0 || errno == ENOENT);
	free(path);
	return 0;
}

static void test_was_off(void **state)
{
	if (!*state)
		skip();
	knobs_errors(true);
	assert_int_equal(machine_sysctl(ERRORS_KNOB), 1);
	assert_true(is_remembered());
	restart();
	knobs_errors(true); /* the configuration that ran is applied again */
	restart();
	knobs_errors(false);
	assert_int_equal(machine_sysctl(ERRORS_KNOB), 0);
	assert_false(is_remembered());
	/* That is over: what somebody sets then is theirs. */
	set(true);
	restart();
	knobs_errors(true);
	knobs_errors(false);
	assert_int_equal(machine_sysctl(ERRORS_KNOB), 1);
}

static void test_was_on(void **state)
{
	if (!*state)
		skip();
	set(true);
	knobs_errors(true);
	assert_false(is_remembered());
	restart();
	knobs_errors(true);
	restart();
	knobs_errors(false);
	assert_int_equal(machine_sysctl(ERRORS_KNOB), 1);
}

/* Somebody put it back while no parent ran: it is on again, and goes as it was first. */
static void test_undone(void **state)
{
	if (!*state)
		skip();
	knobs_errors(true);
	set(false);
	restart();
	knobs_errors(true);
	assert_int_equal(machine_sysctl(ERRORS_KNOB), 1);
	knobs_errors(false);
	assert_int_equal(machine_sysctl(ERRORS_KNOB), 0);
}

/* It cannot be set: what somebody sets then is theirs. */
static void test_fails(void **state)
{
	if (!*state || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		skip();
	knobs_errors(true);
	assert_int_equal(machine_sysctl(ERRORS_KNOB), 0);
	assert_false(is_remembered());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_was_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_was_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
