/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_journal: what arrives at a socket that stands where the journal's does, and what happens when
 * nobody is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log_journal.h"
#include "testing.h"
#include "util.h"

static char folder[] = "/tmp/log_journal_test.XXXXXX", path[64];
static int journal = -1;
static struct log_line line;
static char got[65536];
static ssize_t n_got;

static void journal_listen(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	strcpy(at.sun_path, path);
	unlink(path);
	journal = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(journal, (struct sockaddr *)&at, sizeof(at)), 0);
}

static int setup(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	journal_listen();
	return 0;
}

static int teardown(void **state)
{
	log_journal_close();
	close(journal);
	unlink(path);
	return rmdir(folder);
}

static bool say(const char *host, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);
static bool say(const char *host, const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line_build(&line, 0, event, fmt, &ap);
	va_end(ap);
	return log_journal_send(4, "wgd", host, &line, line.text);
}

static void hear(void)
{
	n_got = recv(journal, got, sizeof(got) - 1, MSG_DONTWAIT);
	assert_true(n_got > 0);
	got[n_got] = '\0';
}

static void test_fields(void **state)
{
	assert_true(log_journal_open(path));
	assert_true(say("hub", "tunnel-state", "peer=%s listen-port=%u why=\"%s\" word X=1 a1=2",
			"a b", 7u, "it=\"so\""));
	hear();
	assert_string_equal(got, "MESSAGE=tunnel-state peer=\"a b\" listen-port=7 "
				 "why=\"it=\\\"so\\\"\" word X=1 a1=2\n"
				 "PRIORITY=4\nSYSLOG_IDENTIFIER=wgd\nWGBGP_EVENT=tunnel-state\n"
				 "WGBGP_HOST=hub\nWGBGP_PEER=a b\nWGBGP_LISTEN_PORT=7\n"
				 "WGBGP_WHY=it=\"so\"\n");
}

/* No value can make a field of its own: the journal would take PRIORITY from a neighbour. */
static void test_newline(void **state)
{
	static const char want[] = "WGBGP_WHY\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n";

	assert_true(log_journal_open(path));
	assert_true(say("", "e", "why=\"%s\"", "a\nPRIORITY=0"));
	hear();
	assert_memory_equal(got + n_got - (sizeof(want) - 1), want, sizeof(want) - 1);
	assert_null(strstr(got, "WGBGP_HOST"));
}

/* Nobody there, then somebody, then another one in the same place; one who does not read. */
static void test_nobody(void **state)
{
	unsigned n = 0;

	assert_false(say("", "e", "n=1")); /* not opened */
	assert_true(log_journal_open(path));
	close(journal);
	assert_false(say("", "e", "n=2"));
	journal_listen();
	assert_true(say("", "e", "n=3"));
	hear();
	assert_memory_equal(got, "MESSAGE=e n=3\n", 14);
	while (n < 100000 && say("", "e", "n=%u", n))
		n++;
	assert_in_range(n, 1, 99999); /* it does not wait */
	close(journal);
	unlink(path);
	assert_false(log_journal_open(path));
	assert_false(say("", "e", "n=4"));
	journal_listen();
}

static void test_longest(void **state)
{
	char text[2000];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(log_journal_open(path));
	assert_true(say("hub", "e", "a=\"%s\"", text));
	hear();
	assert_non_null(strstr(got, "WGBGP_A\n"));
}

/* As systemd says it: the device and inode of what standard error is. */
static void test_reads(void **state)
{
	char text[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	assert_true(log_journal_reads());
	setenv("JOURNAL_STREAM", "1:2", 1); /* of another one: standard error went elsewhere */
	assert_false(log_journal_reads());
	setenv("JOURNAL_STREAM", "", 1);
	assert_false(log_journal_reads());
	unsetenv("JOURNAL_STREAM");
	assert_false(log_journal_reads());
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fields),  TEST(test_newline), TEST(test_nobody),
		TEST(test_longest), TEST(test_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
