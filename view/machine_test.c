/* SPDX-License-Identifier: BSD-2-Clause */
/* machine: knobs, files and the clock of the machine that the test runs on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"
#include "util.h"

static void test_sysctl(void **state)
{
	FILE *f = fopen("/proc/sys/kernel/pid_max", "re");
	long pid_max = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pid_max), 1);
	fclose(f);
	assert_true(pid_max > 1);
	assert_int_equal(machine_sysctl("kernel/pid_max"), pid_max);
	assert_int_equal(machine_sysctl("kernel/no_such_knob"), -1);
	assert_int_equal(machine_sysctl("kernel/ostype"), -1); /* a word */
}

/* Each counter that there is, by another reader: they only rise. */
static void test_tcp_count(void **state)
{
	static const char command[] =
		"awk '/^TcpExt:/ { if (!n) { n = split($0, k); next } split($0, v); for (i = 2; i "
		"<= n; i++) print k[i], v[i]; exit }' /proc/net/netstat";
	FILE *f = popen(command, "re");
	char name[64], value[64];
	unsigned long long least;
	unsigned n = 0;

	assert_non_null(f);
	while (fscanf(f, "%63s %63s", name, value) == 2) {
		least = strtoull(value, NULL, 10);
		assert_true(machine_tcp_count(name) >= least);
		n++;
	}
	pclose(f);
	assert_true(n > 0);
	assert_int_equal(machine_tcp_count("NoSuchCounter"), 0);
	assert_int_equal(machine_tcp_count(""), 0);
}

/* The kernel's own word of each interface, as far as it has one. */
static void test_mtu(void **state)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *at = all; at && at->if_index; at++) {
		char *path = xasprintf("/sys/class/net/%s/mtu", at->if_name);
		FILE *f = fopen(path, "re");
		unsigned mtu;

		if (f && fscanf(f, "%u", &mtu) == 1)
			assert_int_equal(machine_mtu(at->if_name), mtu);
		if (f)
			fclose(f);
		free(path);
	}
	if (if_nametoindex("lo"))
		assert_true(machine_mtu("lo") >= 1280);
	if_freenameindex(all);
	assert_int_equal(machine_mtu("no-such-if"), 0);
	assert_int_equal(machine_mtu("lo-and-a-name-that-is-too-long"), 0);
}

static void test_clock(void **state)
{
	time_t before = time(NULL), now = machine_clock();

	assert_true(now >= before && now <= time(NULL));
}

/* Our own, whoever began us. */
static void test_ssh_connection(void **state)
{
	char *found;

	setenv("SSH_CONNECTION", "203.0.113.9 40000 10.0.0.1 22", 1);
	found = machine_ssh_connection();
	assert_string_equal(found, "203.0.113.9 40000 10.0.0.1 22");
	free(found);
}

/* No descriptor stays open. */
static void test_descriptors(void **state)
{
	int before = dup(0), after;

	close(before);
	machine_sysctl("kernel/pid_max");
	machine_sysctl("kernel/ostype");
	machine_tcp_count("TW");
	machine_mtu("lo");
	machine_mtu("no-such-if");
	machine_mtu("lo-and-a-name-that-is-too-long");
	setenv("SUDO_USER", "anna", 1);
	free(machine_ssh_connection()); /* of a parent, where one has it */
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

/* Each with its MTU; the loopback's address. */
static void test_interfaces(void **state)
{
	json_t *rows = machine_interfaces(), *row;
	bool loopback = false;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		char *text = json_dumps(row, 0);

		assert_int_equal(if_nametoindex(name) > 0, true);
		assert_int_equal(json_integer_value(json_object_get(row, "mtu")),
				 machine_mtu(name));
		if (str_eq(name, "lo") && strstr(text, "\"up\""))
			loopback = strstr(text, "\"127.0.0.1/8\"") != NULL;
		else if (str_eq(name, "lo"))
			loopback = strstr(text, "\"down\"") != NULL;
		free(text);
	}
	assert_true(loopback);
	json_decref(rows);
}

static int shell(const char *script, char **text)
{
	const char *const words[] = {"sh", "-c", script, NULL};
	size_t len;
	FILE *out = open_memstream(text, &len);
	int status = machine_run(words, out);

	fclose(out);
	return status;
}

static void test_run(void **state)
{
	static const struct {
		const char *script;
		int status;
		const char *text;
	} rows[] = {
		{"echo a; echo b", 0, "a\nb\n"},
		{"printf x; exit 3", 3, "x"},
		{"kill -INT $$; echo c", 128 + SIGINT, ""},
		{"kill -KILL $$", 128 + SIGKILL, ""},
		{"kill -INT $PPID; echo d", 0, "d\n"}, /* an interrupt is not the end of ours */
		{"yes | head -c 100000 | tail -c 2", 0, "y\n"},
	};
	const char *const missing[] = {"no-such-program-here", NULL};
	const char *const folder[] = {"/tmp", NULL};
	struct sigaction now;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = NULL;

		assert_int_equal(shell(rows[i].script, &text), rows[i].status);
		assert_string_equal(text, rows[i].text);
		free(text);
	}
	assert_int_equal(machine_run(missing, stdout), -ENOENT);
	assert_int_equal(machine_run(folder, stdout), -EACCES);
	sigaction(SIGINT, NULL, &now);
	assert_ptr_equal(now.sa_handler, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sysctl),	    cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_clock),	    cmocka_unit_test(test_ssh_connection),
		cmocka_unit_test(test_descriptors), cmocka_unit_test(test_tcp_count),
		cmocka_unit_test(test_interfaces),  cmocka_unit_test(test_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
