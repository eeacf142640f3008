/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output: on a pseudo terminal of 10 lines and 20 columns what fits is just there, what does not
 * goes through the pager; which pager; colours; an interrupt; a pager that is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "output.h"
#include "util.h"

#define MARK '\032'
#define PATIENCE_MS 20000

static int person = -1;
static FILE *terminal;
static const struct line_parts plain, no_more = {.no_more = true};

static int setup(void **state)
{
	struct winsize size = {.ws_row = 10, .ws_col = 20};
	struct termios t;
	int fd;

	person = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(person >= 0);
	assert_int_equal(grantpt(person), 0);
	assert_int_equal(unlockpt(person), 0);
	fd = open(ptsname(person), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(tcgetattr(fd, &t), 0);
	cfmakeraw(&t); /* newlines as they are */
	assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
	assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
	terminal = fdopen(fd, "w");
	/* Marks its lines, in the tests' own output: to the terminal by name. */
	{
		char *command = xasprintf("sed 's/^/> /' > %s", ptsname(person));

		setenv("WGBGP_PAGER", command, 1);
		free(command);
	}
	return 0;
}

static int teardown(void **state)
{
	fclose(terminal);
	close(person);
	unsetenv("WGBGP_PAGER");
	unsetenv("PAGER");
	return 0;
}

/* All that was written so far: a mark behind it says when it has come through. */
static const char *seen(void)
{
	static char screen[4096];
	struct pollfd p = {.fd = person, .events = POLLIN};
	size_t len = 0;

	fputc(MARK, terminal);
	fflush(terminal);
	while ((!len || screen[len - 1] != MARK) && len < sizeof(screen) &&
	       poll(&p, 1, PATIENCE_MS) > 0) {
		ssize_t n = read(person, screen + len, sizeof(screen) - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_true(len && screen[len - 1] == MARK);
	screen[len - 1] = '\0';
	return screen;
}

/* Writes TEXT, N times. */
static void page(const char *text, unsigned n, const struct line_parts *parts, bool paged)
{
	struct output_stack stack;
	FILE *out = output_open(&stack, terminal, parts, paged);

	for (unsigned i = 0; i < n; i++) {
		fputs(text, out);
		fflush(out);
	}
	output_close(&stack);
	fflush(terminal);
}

static void test_fits(void **state)
{
	static const struct {
		const char *text;
		unsigned most; /* so often it fits */
	} rows[] = {
		{"a\n", 8},
		{"12345678901234567890\n", 8},
		{"123456789012345678901\n", 4},
		{"\033[31m1234567890\033[0m1234567890\n", 8},
		{"\303\2441234567890123456789\n", 8},
		{"\n\n", 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		page(rows[i].text, rows[i].most, &plain, true);
		assert_int_equal(strncmp(seen(), rows[i].text, strlen(rows[i].text)), 0);
		page(rows[i].text, rows[i].most + 1, &plain, true);
		assert_int_equal(strncmp(seen(), "> ", 2), 0);
		page(rows[i].text, 50, &no_more, true);
		assert_int_equal(strncmp(seen(), rows[i].text, strlen(rows[i].text)), 0);
		page(rows[i].text, 50, &plain, false);
		assert_int_equal(strncmp(seen(), rows[i].text, strlen(rows[i].text)), 0);
	}
}

/* Lines that filters leave out take no room. */
static void test_filters(void **state)
{
	struct line_parts parts;
	struct cli_error error;

	assert_int_equal(line_split("x | exclude b | include c", &parts, &error), 0);
	page("a\nb\nc\nbc\n", 8, &parts, true);
	assert_string_equal(seen(), "c\nc\nc\nc\nc\nc\nc\nc\n");
	page("a\nb\nc\nbc\n", 9, &parts, true);
	assert_string_equal(seen(), "> c\n> c\n> c\n> c\n> c\n> c\n> c\n> c\n> c\n");
	line_free(&parts);
}

static void pager_is(const char *own, const char *common, const char *path, const char *want)
{
	char *command;

	own ? setenv("WGBGP_PAGER", own, 1) : unsetenv("WGBGP_PAGER");
	common ? setenv("PAGER", common, 1) : unsetenv("PAGER");
	if (path)
		setenv("PATH", path, 1);
	command = pager_command();
	if (!want)
		assert_null(command);
	else
		assert_string_equal(command, want);
	free(command);
}

static void test_which(void **state)
{
	char *path = xstrdup(getenv("PATH")), dir[] = "/tmp/wgbgp-pager-XXXXXX", *less;

	assert_non_null(mkdtemp(dir));
	less = xasprintf("%s/less", dir);
	pager_is("more -s", "most", NULL, "more -s");
	pager_is(NULL, "most", NULL, "most");
	pager_is("", "most", NULL, NULL);
	pager_is(NULL, "", NULL, NULL);
	pager_is("cat", NULL, NULL, NULL);
	pager_is(NULL, NULL, dir, NULL);
	assert_int_equal(symlink("/bin/true", less), 0);
	pager_is(NULL, NULL, dir, "less");
	setenv("PATH", path, 1);
	unlink(less);
	rmdir(dir);
	free(less);
	free(path);
}

static void test_colour(void **state)
{
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(output_colour());
	setenv("NO_COLOR", "", 1);
	assert_true(output_colour());
	setenv("NO_COLOR", "1", 1);
	assert_false(output_colour());
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(output_colour());
	unsetenv("TERM");
	assert_false(output_colour());
}

/* An interrupt is the pager's; afterwards it is as it was. */
static void test_interrupt(void **state)
{
	struct output_stack stack;
	struct sigaction now;
	FILE *out = output_open(&stack, terminal, &plain, true);

	raise(SIGINT);
	fputs("a\n", out);
	output_close(&stack);
	assert_string_equal(seen(), "a\n");
	sigaction(SIGINT, NULL, &now);
	assert_ptr_equal(now.sa_handler, SIG_DFL);
	sigaction(SIGPIPE, NULL, &now);
	assert_ptr_equal(now.sa_handler, SIG_DFL);
}

/* Who leaves the pager does not want the rest. */
static void test_left(void **state)
{
	struct output_stack stack;
	FILE *out;
	unsigned lines = 0;

	setenv("WGBGP_PAGER", "true", 1);
	out = output_open(&stack, terminal, &plain, true);
	while (!ferror(out) && lines < 1000000) {
		fputs("a line of many\n", out);
		fflush(out);
		lines++;
	}
	assert_true(ferror(out));
	output_close(&stack);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fits),   TEST(test_filters),	 TEST(test_which),
		TEST(test_colour), TEST(test_interrupt), TEST(test_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
