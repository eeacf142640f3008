/* SPDX-License-Identifier: BSD-2-Clause */
/* cli_sockets: which sockets are there, whose they are, who comes in, and what may go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli_sockets.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "util.h"

static char dir[] = "/tmp/cli_sockets_test.XXXXXX";
static const char *refused; /* this call fails */
static unsigned errors;	    /* that were logged */
static bool keeps_group;    /* files get our own, whatever is asked */
static gid_t asked_gid;

static int refuse(const char *call)
{
	errno = EPERM;
	return refused && str_eq(refused, call) ? -1 : 0;
}

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_bind(int fd, const struct sockaddr *sa, socklen_t len);
int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_setfsgid(gid_t gid);
int __wrap_setfsgid(gid_t gid);
struct group *__wrap_getgrnam(const char *name);
void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

int __wrap_socket(int family, int type, int protocol)
{
	assert_int_equal(protocol, 0);
	return refuse("socket") ? -1 : __real_socket(family, type, protocol);
}

int __wrap_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return refuse("bind") ? -1 : __real_bind(fd, sa, len);
}

int __wrap_listen(int fd, int backlog)
{
	assert_int_equal(backlog, 64);
	return refuse("listen") ? -1 : __real_listen(fd, backlog);
}

int __wrap_rename(const char *from, const char *to)
{
	return refuse("rename") ? -1 : __real_rename(from, to);
}

int __wrap_setfsgid(gid_t gid)
{
	if (gid != getegid())
		asked_gid = gid;
	return keeps_group ? 0 : __real_setfsgid(gid);
}

struct group *__wrap_getgrnam(const char *name)
{
	static struct group readers = {.gr_gid = 4711}, writers = {.gr_gid = 4712};

	return str_eq(name, "readers") ? &readers : str_eq(name, "writers") ? &writers : NULL;
}

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	errors += level == LOG_LEVEL_ERROR;
}

/* ---- who came in */

static char came[64];

static void on_client(int fd, enum cli_access access)
{
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	strcat(came, access == CLI_CHANGES ? "changes " : "reads ");
	close(fd);
}

static const char *after_a_turn(void)
{
	static char text[sizeof(came)];

	for (int i = 0; i < 10; i++)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	strcpy(text, came);
	came[0] = '\0';
	return text;
}

static bool knock(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = __real_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool in;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s", dir, name);
	in = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	close(fd);
	return in;
}

/* "MODE GID" of a file; "none". */
static const char *file(const char *name)
{
	static char text[64];
	char *path = xasprintf("%s/%s", dir, name);
	struct stat st;

	if (lstat(path, &st) == 0)
		snprintf(text, sizeof(text), "%04o %u", (unsigned)st.st_mode & 07777,
			 (unsigned)(st.st_gid == getegid() ? 0 : st.st_gid));
	else
		strcpy(text, "none");
	free(path);
	return text;
}

static unsigned groups(const char *read_group, const char *write_group)
{
	json_t *config = json_pack("{s:{s:s*, s:s*}}", "wgbgp-system:system", "cli-read-group",
				   read_group, "cli-write-group", write_group);
	unsigned changed;

	assert_non_null(config);
	changed = cli_sockets_groups(config);
	json_decref(config);
	return changed;
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#define READS (1u << CLI_READS)
#define CHANGES (1u << CLI_CHANGES)

/* ---- tests */

static void test_life(void **state)
{
	mode_t mask = umask(022);

	umask(mask);
	assert_string_equal(file("cli.sock"), "0660 0");
	assert_string_equal(file("cli-read.sock"), "none"); /* that of an earlier life is gone */
	assert_string_equal(file("cli.new"), "none");
	assert_int_equal(umask(mask), mask);
	assert_true(knock("cli.sock") && knock("cli.sock"));
	assert_string_equal(after_a_turn(), "changes changes ");
	cli_sockets_take(CLI_READS, true); /* there is none */
	cli_sockets_take(CLI_CHANGES, false);
	assert_true(knock("cli.sock")); /* it waits */
	assert_string_equal(after_a_turn(), "");
	cli_sockets_take(CLI_CHANGES, true);
	assert_string_equal(after_a_turn(), "changes ");
	cli_sockets_shut();
	assert_string_equal(file("cli.sock"), "none");
	assert_false(knock("cli.sock"));
	cli_sockets_shut();
	assert_int_equal(errors, 0);
}

static void test_groups(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(groups(NULL, NULL), 0);
	assert_int_equal(groups("readers", NULL), READS);
	assert_string_equal(file("cli-read.sock"), "0660 4711");
	assert_string_equal(file("cli.sock"), "0660 0");
	assert_true(knock("cli-read.sock"));
	assert_string_equal(after_a_turn(), "reads ");
	assert_int_equal(groups("readers", NULL), 0);
	assert_int_equal(groups("readers", "writers"), CHANGES);
	assert_string_equal(file("cli.sock"), "0660 4712");
	assert_true(knock("cli.sock"));
	assert_string_equal(after_a_turn(), "changes ");
	assert_int_equal(groups("writers", "readers"), READS | CHANGES);
	assert_string_equal(file("cli-read.sock"), "0660 4712");
	assert_string_equal(file("cli.sock"), "0660 4711");
	assert_int_equal(errors, 0);
	assert_int_equal(groups("nobody-knows", "readers"), READS);
	assert_int_equal(errors, 1);
	assert_string_equal(file("cli-read.sock"), "none");
	assert_int_equal(groups(NULL, NULL), CHANGES);
	assert_string_equal(file("cli.sock"), "0660 0");
	assert_true(knock("cli.sock"));
	assert_string_equal(after_a_turn(), "changes ");
}

/* A socket that another took the place of, or that nobody may use any more, is closed. */
static void test_closed(void **state)
{
	static const char *const rows[][2] = {{"readers", NULL},
					      {"writers", "readers"},
					      {"readers", "readers"},
					      {NULL, "writers"}};
	unsigned with_one = open_descriptors();

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		groups(rows[i][0], rows[i][1]);
		assert_int_equal(open_descriptors(), with_one + (rows[i][0] ? 1 : 0));
	}
	cli_sockets_shut();
	assert_int_equal(open_descriptors(), with_one - 1);
}

/* Who cannot give the file to a group keeps it for itself, and says so. */
static void test_group_that_cannot_be_had(void **state)
{
	keeps_group = true;
	assert_int_equal(groups("readers", NULL), READS);
	assert_int_equal(asked_gid, 4711);
	assert_string_equal(file("cli-read.sock"), "0600 0");
	assert_int_equal(errors, 1);
}

/* What cannot be opened is said; nobody comes in any more by a group that lost the right. */
static void test_refusals(void **state)
{
	static const char *const calls[] = {"socket", "bind", "listen", "rename"};

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		assert_int_equal(groups("readers", NULL), READS);
		errors = 0;
		refused = calls[i];
		assert_int_equal(groups("writers", NULL), READS);
		refused = NULL;
		assert_int_equal(errors, 1);
		assert_string_equal(file("cli-read.sock"), "none");
		assert_false(knock("cli-read.sock"));
		assert_string_equal(file("cli.sock"), "0660 0");
		cli_sockets_shut();
		refused = calls[i];
		assert_int_equal(cli_sockets_start(dir, on_client), -EPERM);
		refused = NULL;
		assert_int_equal(cli_sockets_start(dir, on_client), 0);
		assert_true(knock("cli.sock"));
		assert_string_equal(after_a_turn(), "changes ");
	}
}

/* A path of a socket has 107 bytes at most. */
static void test_long_paths(void **state)
{
	char path[200];

	cli_sockets_shut();
	memset(path, 'x', sizeof(path));
	for (size_t len = 90; len < 150; len++) {
		int err;

		path[len] = '\0';
		memcpy(path, "/tmp/none/", 10);
		err = cli_sockets_start(path, on_client);
		assert_int_equal(err, len + strlen("/cli.sock") > 107 ? -ENAMETOOLONG : -ENOENT);
		path[len] = 'x';
	}
}

static int setup(void **state)
{
	char *path;

	if (!mkdtemp(dir))
		return -1;
	path = xasprintf("%s/cli-read.sock", dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	free(path);
	return cli_sockets_start(dir, on_client);
}

static int teardown(void **state)
{
	char *path = xasprintf("%s/cli.new", dir);

	cli_sockets_shut();
	loop_free();
	unlink(path);
	free(path);
	return rmdir(dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_life),     TEST(test_groups),
		TEST(test_closed),   TEST(test_group_that_cannot_be_had),
		TEST(test_refusals), TEST(test_long_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
