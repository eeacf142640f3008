/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edit: a person at a terminal: keys go in at one end of a pseudo terminal, the prompt runs at the
 * other over played answers, and what is on the screen is looked at: what the program writes there,
 * not how libedit moves the cursor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "commands.h"
#include "edit.h"
#include "played.h"
#include "util.h"

#define PATIENCE_MS 5000
#define TAB "\t"
#define ENTER "\r"
#define UP "\020" /* ^P */
#define CTRL_C "\003"
#define CTRL_D "\004"
#define CTRL_R "\022"

static char home[] = "/tmp/wgbgp-edit-XXXXXX";
static int keys = -1;	  /* the person's end */
static int terminal = -1; /* the other one, open so that nothing is lost when the program ends */
static pid_t child;
static char screen[65536];
static size_t screen_len, mark; /* what was looked at already */

/* ---- the program's side */

static json_t *names(const char *key, const char *first, const char *second)
{
	return json_pack("[{s:s}, {s:s}]", key, first, key, second);
}

static void answers(void)
{
	json_t *many = json_array();

	played_reset();
	played_answer("version", NULL,
		      json_pack("{s:s, s:s}", "version", "1.2", "hostname", "hub.example.net"),
		      NULL, false);
	played_answer("wireguard", "interfaces", json_object(), names("name", "wg-ab", "wg-ac"),
		      false);
	for (int i = 0; i < 300; i++) /* more than there is room for */
		json_array_append_new(many, json_pack("{s:o}", "peer", json_sprintf("p%d", i)));
	played_answer("tunnels", "tunnels", json_object(), many, false);
	played_answer("teardown", NULL, json_pack("{s:[s]}", "warnings", "gone"), NULL, false);
}

/* What the prompt opened it closes. */
static unsigned closed;

void __wrap_el_end(EditLine *el);
void __real_el_end(EditLine *el);
void __wrap_history_end(History *history);
void __real_history_end(History *history);

void __wrap_el_end(EditLine *el)
{
	closed++;
	__real_el_end(el);
}

void __wrap_history_end(History *history)
{
	closed++;
	__real_history_end(history);
}

static void be_program(const char *path, const char *with_home, bool answering)
{
	struct cli_session s = {.client = played_client,
				.grammar = &cli_commands,
				.out = stdout,
				.err = stderr,
				.interactive = true,
				.terminal = true};

	if (!freopen(path, "r", stdin) || !freopen(path, "w", stdout) ||
	    !freopen(path, "w", stderr))
		_exit(1);
	setenv("TERM", "dumb", 1);
	setenv("WGBGP_PAGER", "sed 's/^/> /'", 1);
	if (with_home)
		setenv("HOME", with_home, 1);
	else
		unsetenv("HOME");
	signal(SIGINT, SIG_DFL);
	answers();
	if (!answering)
		played_error("version", "hangs");
	edit_run(&s);
	puts(s.quit ? "left" : "ended");
	fflush(stdout);
	played_reset();
	exit(closed == 2 ? 0 : 1);
}

/* ---- the person's side */

static void start_with(const char *with_home, bool answering)
{
	struct winsize size = {.ws_row = 50, .ws_col = 200};

	keys = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(keys >= 0);
	assert_int_equal(grantpt(keys), 0);
	assert_int_equal(unlockpt(keys), 0);
	terminal = open(ptsname(keys), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	ioctl(terminal, TIOCSWINSZ, &size);
	screen_len = mark = 0;
	screen[0] = '\0';
	fflush(NULL);
	child = fork();
	if (child == 0)
		be_program(ptsname(keys), with_home, answering);
}

static void start(void)
{
	start_with(home, true);
}

/* Carriage returns and the alarm bell are for the terminal. */
static bool read_screen(int ms)
{
	struct pollfd p = {.fd = keys, .events = POLLIN};
	char part[4096];
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return false;
	n = read(keys, part, sizeof(part));
	for (ssize_t i = 0; i < n; i++)
		if (part[i] != '\r' && screen_len + 1 < sizeof(screen))
			screen[screen_len++] = part[i];
	screen[screen_len] = '\0';
	return n > 0;
}

static void awaits(const char *text)
{
	const char *found;

	while (!(found = strstr(screen + mark, text)))
		if (!read_screen(PATIENCE_MS) || screen_len + 1 == sizeof(screen))
			fail_msg("no \"%s\" in:\n%s", text, screen + mark);
	mark = found - screen + strlen(text);
}

/* Keys for the prompt wait until it reads keys, others until lines are read. */
static void await_mode(bool lines)
{
	struct termios t;

	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		assert_int_equal(tcgetattr(terminal, &t), 0);
		if (!(t.c_lflag & ICANON) == !lines)
			return;
		read_screen(1);
	}
	fail_msg("the terminal is never ready");
}

static void press(const char *what)
{
	assert_int_equal(write(keys, what, strlen(what)), strlen(what));
}

/* TEXT is on the screen behind all that was seen before. */
static void types(const char *what, const char *text)
{
	await_mode(false);
	press(what);
	awaits(text);
}

/* The same for an answer to a question. */
static void answers_with(const char *what, const char *text)
{
	await_mode(true);
	press(what);
	awaits(text);
}

static void lacks(const char *text)
{
	if (strstr(screen, text))
		fail_msg("\"%s\" in:\n%s", text, screen);
}

static void ends(const char *what, const char *how)
{
	int status;

	types(what, how);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	child = 0;
	close(keys);
	close(terminal);
	keys = terminal = -1;
}

static char *history_file(void)
{
	return xasprintf("%s/.wgbgp_history", home);
}

static int setup(void **state)
{
	strcpy(home + strlen(home) - 6, "XXXXXX");
	assert_non_null(mkdtemp(home));
	return 0;
}

static int teardown(void **state)
{
	char *path = history_file();

	if (child > 0)
		kill(child, SIGKILL);
	if (keys >= 0)
		close(keys);
	if (terminal >= 0)
		close(terminal);
	unlink(path);
	rmdir(home);
	free(path);
	return 0;
}

/* ---- */

static void test_lines(void **state)
{
	start();
	awaits("hub# ");
	types("show version" ENTER, "wgbgp 1.2 on hub.example.net\nhub# ");
	types("show xyz" ENTER, "\n          ^\n% expected one of: bgp, ip, route");
	types(" " ENTER, "hub# ");
	ends("exit" ENTER, "left");
	lacks("ended");
}

static void test_end_of_file(void **state)
{
	start();
	awaits("hub# ");
	ends(CTRL_D, "\nended\n");
}

/* Its own name where nobody answers. */
static void test_own_name(void **state)
{
	char host[64] = "", prompt[80];

	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	snprintf(prompt, sizeof(prompt), "%s# ", host);
	start_with(NULL, false);
	awaits(prompt);
	ends("quit" ENTER, "left");
}

static void test_help(void **state)
{
	start();
	awaits("hub# ");
	types("show b?", "\n  bfd                  BFD sessions over the tunnels\n"
			 "  bgp                  sessions and paths\n");
	awaits("hub# show b");
	types("gp summary est ?", "\n  json                 as JSON\n"
				  "  <cr>                 run it as it stands\n");
	awaits("hub# show bgp summary est ");
	types("j?", "\n  json                 as JSON\n");
	types("so?", "\n  json                 as JSON\n");
	if (strstr(strstr(screen, "<cr>") + 1, "<cr>"))
		fail_msg("in the middle of a word it cannot end:\n%s", screen);
	types("x ?", "\n                          ^ expected json\n");
	awaits("hub# show bgp summary est jsox ");
	/* up to the cursor, which is at the beginning */
	types("\001?", "\n  clear                reset sessions, ask for routes again, or forget "
		       "what is kept in\n");
	types(CTRL_C, "^C\n");
	ends("exit" ENTER, "left");
}

static void test_completion(void **state)
{
	start();
	awaits("hub# ");
	types("sh" TAB "ver" TAB ENTER, "wgbgp 1.2 on hub.example.net\n"); /* one: a blank, too */
	types("show r" TAB, "\nrib  route  rules\n"); /* all that they share is there */
	types("i" TAB ENTER, "incomplete, expected summary");
	types("show b" TAB, "\nbfd  bgp\n");
	types(CTRL_C "show bgp n" TAB ENTER, "% nobody answers bgp-neighbors\n");
	types("shwo " TAB, "\n     ^ did you mean show? expected one of: show, clear");
	types(CTRL_C "q" TAB "x" CTRL_C, "^C\n");
	/* nothing to offer: nothing happens */
	types("show zzz" TAB "version" TAB "\001\013show version" ENTER, "wgbgp 1.2 on");
	ends("exit" ENTER, "left");
}

/* The values that daemons know stand among the words. */
static void test_values(void **state)
{
	start();
	awaits("hub# ");
	types("show wireguard " TAB, "\nwg-ab  wg-ac  json\n");
	types("w" TAB "b" TAB "json" ENTER, "{\"interfaces\":[\n{\"name\":\"wg-ab\"}");
	awaits("hub# ");
	types("undrain peer p29" TAB, "\np29  p290  p291");
	/* what they share goes in as far as it is known */
	types(CTRL_C "show wireguard w" TAB TAB, "\nwg-ab  wg-ac\n");
	types(ENTER, "interface: wg-ab\n");
	types("explain p" TAB "2" ENTER,
	      "% incomplete, expected one of: DESTINATION, from\n"); /* plane */
	ends("exit" ENTER, "left");
}

/* A room of 256 words is full at some time. */
static void test_many_values(void **state)
{
	start();
	awaits("hub# ");
	types("undrain peer " TAB TAB, "\np0  p1  p2");
	awaits("  p254  p255\n");
	types("25" TAB, "\np25  p250  p251  p252  p253  p254  p255  p256  p257  p258  p259\n");
	ends(CTRL_C "exit" ENTER, "left");
}

/* What is longer than the screen goes through the pager, and only that. */
static void test_pager(void **state)
{
	start();
	awaits("hub# ");
	types("show tunnels" ENTER, "> -         p299");
	awaits("hub# ");
	types("show tunnels | include p29" ENTER, "p299");
	awaits("hub# ");
	types("show tunnels | inc" TAB "p2 | c" TAB ENTER, "\n111\nhub# ");
	types("show tunnels | ?",
	      "\n  begin                from the first line that has a pattern\n");
	types(CTRL_C "show tunnels | include p | no-more" ENTER, "p298");
	ends(CTRL_C "exit" ENTER, "left");
}

static void test_cancel(void **state)
{
	start();
	awaits("hub# ");
	types("teardown" CTRL_C, "^C\n");
	awaits("hub# ");
	types("show version" ENTER, "wgbgp 1.2");
	/* a signal that comes from elsewhere between two lines is not the end */
	kill(child, SIGINT);
	types(CTRL_C "show version" ENTER, "wgbgp 1.2");
	ends("exit" ENTER, "left");
	lacks("Sure?");
}

static void test_confirm(void **state)
{
	start();
	awaits("hub# ");
	types("teardown" ENTER,
	      "This will remove all routes, AllowedIPs and interfaces of wgbgp, and stop it. Sure? "
	      "[y/N] ");
	answers_with("n\n", "hub# ");
	types("teardown" ENTER, "[y/N] ");
	answers_with("\n", "hub# ");
	lacks("warning: gone");
	types("teardown" ENTER, "[y/N] ");
	answers_with("y\n", "warning: gone\nhub# ");
	types("teardown" ENTER, "[y/N] ");
	answers_with("Yes\n", "warning: gone\nhub# ");
	types("teardown" ENTER, "[y/N] ");
	answers_with("no, and as a command I would do harm\n", "harm\nhub# ");
	types("reload" ENTER, "nobody answers reload\n"); /* not asked for */
	types("show version" ENTER, "wgbgp 1.2");
	ends("exit" ENTER, "left");
}

static void history_is(const char *want)
{
	char *path = history_file(), text[1024] = "";
	FILE *f = fopen(path, "re");
	struct stat st;

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	assert_string_equal(text, want);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600); /* commands are nobody else's business */
	fclose(f);
	free(path);
}

static void test_history(void **state)
{
	umask(022);
	start();
	awaits("hub# ");
	types("show version" ENTER, "wgbgp 1.2");
	types("show version" ENTER, "wgbgp 1.2");
	types(" \t" CTRL_C, "^C\n");
	types("  " ENTER, "hub# ");
	types("reload" ENTER, "nobody answers");
	types(UP UP ENTER, "wgbgp 1.2");
	ends("exit" ENTER, "left");
	history_is("_HiStOrY_V2_\nshow\\040version\nreload\nshow\\040version\nexit\n");
	start();
	awaits("hub# ");
	types(UP UP ENTER, "wgbgp 1.2"); /* of the last time */
	types(CTRL_R "relo", "relo");
	types(ENTER, "nobody answers");
	ends("exit" ENTER, "left");
}

/* A person's own keys. */
static void test_editrc(void **state)
{
	char *path = xasprintf("%s/.editrc", home);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs("bind -s ^T version\n", f);
	fclose(f);
	start();
	awaits("hub# ");
	types("show \024" ENTER, "wgbgp 1.2 on");
	ends("exit" ENTER, "left");
	unlink(path);
	free(path);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines),	TEST(test_end_of_file), TEST(test_own_name),
		TEST(test_help),	TEST(test_completion),	TEST(test_values),
		TEST(test_many_values), TEST(test_pager),	TEST(test_cancel),
		TEST(test_confirm),	TEST(test_history),	TEST(test_editrc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
