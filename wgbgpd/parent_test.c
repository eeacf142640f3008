/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parent as a process, with stubs for the daemons: order of a commit, refusals, restarts, the
 * socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf.h"
#include "loop.h"
#include "messages.h"
#include "ports.h"
#include "process.h"
#include "testing.h"
#include "util.h"

#define KEY "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=\n"

static char dir[] = "/tmp/parent_test.XXXXXX";
static const char *program = "wgbgpd/wgbgpd";
static pid_t parent;
static unsigned port;

static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	char *path = in_dir(name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	free(path);
}

static char *config_text(const char *description, const char *more)
{
	return xasprintf("wireguard { interface wg0 { private-key-file %s/key; "
			 "description \"%s\"; address 10.9.0.1/24; } }\n"
			 "bgp { as 1; listen-port %u; listen-address 127.0.0.1; }\n%s",
			 dir, description, port, more);
}

static void write_config(const char *description, const char *more)
{
	char *text = config_text(description, more);

	write_file("conf", text, 0644);
	free(text);
}

/* ---- the log that the stubs write */

static char *read_log(void)
{
	char *path = in_dir("log/all");
	char *text = xcalloc(1, 1 << 16);
	FILE *f = fopen(path, "re");

	if (f) {
		text[fread(text, 1, (1 << 16) - 1, f)] = '\0';
		fclose(f);
	}
	free(path);
	return text;
}

static void clear_log(void)
{
	write_file("log/all", "", 0666);
}

/* Waits until the log has these lines in this order (others may stand between them). */
static void wait_log(const char *const *lines)
{
	uint64_t end = now_ms() + test_patience_ms();

	for (;;) {
		char *log = read_log(), *at = log;
		size_t i = 0;

		for (; lines[i] && (at = strstr(at, lines[i])); i++)
			at += strlen(lines[i]);
		if (now_ms() > end)
			print_error("missing '%s' in:\n%s", lines[i], log);
		free(log);
		if (!lines[i])
			return;
		if (now_ms() > end)
			fail();
		usleep(5000);
	}
}
#define WAIT_LOG(...) wait_log((const char *const[]){__VA_ARGS__, NULL})

static bool log_has(const char *line)
{
	char *log = read_log();
	bool has = strstr(log, line);

	free(log);
	return has;
}

/* ---- a client */

#define KEPT 10
struct reply {
	unsigned heads, rows;
	json_t *head, *last_row;
	json_t *first; /* rows, as many as KEPT */
	char error[MSG_ERROR_MAX];
};

static int client_open(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = test_patience_ms() / 1000};
	uint64_t end = now_ms() + test_patience_ms();
	int fd;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/cli.sock", dir);
	for (;;) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
			break;
		close(fd);
		if (now_ms() > end)
			fail_msg("no socket");
		usleep(5000);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void client_ask(int fd, const char *json)
{
	struct wr w = {0};
	size_t body;

	wr_u32(&w, 0);
	wr_u16(&w, MSG_REQUEST);
	wr_u16(&w, 0);
	wr_u32(&w, 0);
	msg_put_request(&w, 7, json, strlen(json));
	body = htonl(w.len - 12);
	memcpy(w.data, &body, 4);
	assert_int_equal(write(fd, w.data, w.len), w.len);
	wr_free(&w);
}

static bool read_all(int fd, void *buf, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = read(fd, (char *)buf + got, n - got);

		if (r <= 0)
			return false;
		got += (size_t)r;
	}
	return true;
}

static void client_answer(int fd, struct reply *reply)
{
	uint8_t header[12];

	memset(reply, 0, sizeof(*reply));
	reply->first = json_array();
	for (bool ended = false; !ended;) {
		struct msg_reply m;
		uint8_t *body;
		struct rd r;
		size_t len;
		unsigned type;

		if (!read_all(fd, header, sizeof(header)))
			fail_msg("the answer broke off");
		rd_init(&r, header, sizeof(header));
		len = rd_u32(&r);
		type = rd_u16(&r);
		body = xmalloc(len + 1);
		assert_true(read_all(fd, body, len));
		assert_int_equal(msg_get_reply(type, body, len, &m), 0);
		assert_int_equal(m.id, 7);
		if (type == MSG_REPLY_HEAD) {
			reply->heads++;
			reply->head = json_loadb(m.json, m.json_len, 0, NULL);
		} else if (type == MSG_REPLY_ROW) {
			reply->rows++;
			json_decref(reply->last_row);
			reply->last_row = json_loadb(m.json, m.json_len, 0, NULL);
			if (reply->rows <= KEPT)
				json_array_append(reply->first, reply->last_row);
		} else {
			str_copy(reply->error, m.error, sizeof(reply->error));
			ended = true;
		}
		free(body);
	}
}

static void reply_free(struct reply *reply)
{
	json_decref(reply->head);
	json_decref(reply->last_row);
	json_decref(reply->first);
}

/* One request; the error text of its end, "" when fine. */
static const char *ask(const char *json, struct reply *reply)
{
	static char error[MSG_ERROR_MAX];
	int fd = client_open();
	struct reply own;

	client_ask(fd, json);
	client_answer(fd, reply ? reply : &own);
	str_copy(error, reply ? reply->error : own.error, sizeof(error));
	if (!reply)
		reply_free(&own);
	close(fd);
	return error;
}

static const char *reload(void)
{
	return ask("{\"command\":\"reload\"}", NULL);
}

/* ---- the parent */

static pid_t start_parent_in(const char *rundir)
{
	char *conf = in_dir("conf");
	pid_t pid = fork();

	if (pid == 0) {
		execl(program, "wgbgpd", "-c", conf, "-r", rundir, (char *)NULL);
		_exit(127);
	}
	free(conf);
	return pid;
}

static pid_t start_parent(void)
{
	return start_parent_in(dir);
}

static int wait_exit(pid_t pid)
{
	uint64_t end = now_ms() + test_patience_ms();
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (now_ms() > end) {
			kill(pid, SIGKILL);
			fail_msg("still running");
		}
		usleep(5000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int setup(void **state)
{
	if (parent)
		return 0;
	clear_log();
	write_config("one", "");
	parent = start_parent();
	WAIT_LOG("bgpd apply one\n", "wgd prune\n");
	return 0;
}

static int teardown(void **state)
{
	if (!parent)
		return 0;
	kill(parent, SIGTERM);
	wait_exit(parent);
	parent = 0;
	return 0;
}

static int stop_parent(void **state)
{
	return teardown(state);
}

/* For what takes the parent its time. */
static int setup_hasty(void **state)
{
	program = "wgbgpd/hasty";
	return setup(state);
}

static int hasty_later(void **state)
{
	program = "wgbgpd/hasty";
	return teardown(state);
}

/* A daemon's row of `show daemons`; a new reference. */
static json_t *daemon_row(const char *name)
{
	struct reply reply;
	json_t *row, *found = NULL;
	size_t i;

	assert_string_equal(ask("{\"command\":\"daemons\"}", &reply), "");
	json_array_foreach (reply.first, i, row)
		if (str_eq(json_string_value(json_object_get(row, "name")), name))
			found = json_incref(row);
	reply_free(&reply);
	assert_non_null(found);
	return found;
}

static pid_t daemon_pid(const char *name)
{
	json_t *row = daemon_row(name);
	pid_t pid = (pid_t)json_integer_value(json_object_get(row, "pid"));

	json_decref(row);
	return pid;
}

static bool daemon_says(const char *name, const char *key, const char *value)
{
	json_t *row = daemon_row(name);
	const char *text = json_string_value(json_object_get(row, key));
	bool says = text && str_eq(text, value);

	json_decref(row);
	return says;
}

static void wait_daemon(const char *name, const char *key, const char *value)
{
	uint64_t end = now_ms() + test_patience_ms();

	while (!daemon_says(name, key, value)) {
		if (now_ms() > end)
			fail_msg("%s: %s is not %s", name, key, value);
		usleep(20000);
	}
}

/* ---- tests */

static void test_first_commit(void **state)
{
	WAIT_LOG("wgd secret key 1ad2\n", "wgd check\n", "wgd apply one\n",
		 "zebra-lite apply one\n", "bgpd listen 127.0.0.1:", "bgpd apply one\n",
		 "zebra-lite prune\n", "wgd prune\n");
	WAIT_LOG("wgd apply", "wgd channel zebra-lite\n");
	WAIT_LOG("bgpd apply", "bgpd channel zebra-lite\n");
	WAIT_LOG("zebra-lite apply", "zebra-lite channel wgd\n");
	WAIT_LOG("zebra-lite apply", "zebra-lite channel bgpd\n");
	WAIT_LOG("bfdd apply", "bfdd channel wgd\n");
	WAIT_LOG("wgd apply", "wgd channel bfdd\n");
	assert_false(log_has("bgpd secret"));
	assert_false(log_has("zebra-lite secret"));
}

/* ---- what each process may do */

#define CAP(name) (1ULL << CAP_##name)

/* A line of a file of /proc/PID, behind its name. */
static const char *line_of(pid_t pid, const char *file, const char *name)
{
	static char line[256];
	char path[64];
	FILE *f;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strncmp(line, name, strlen(name)) == 0;
	fclose(f);
	assert_true(found);
	return line + strlen(name);
}

static const char *status_of(pid_t pid, const char *name)
{
	const char *rest = line_of(pid, "status", name);

	assert_int_equal(*rest, ':');
	return rest + 1;
}

static uint64_t caps_of(pid_t pid, const char *name)
{
	return strtoull(status_of(pid, name), NULL, 16);
}

/* No more than it needs, now and by whatever it starts; those of another user none. */
static void test_privileges(void **state)
{
	static const struct {
		const char *name;
		uint64_t caps;
		bool user;
	} rows[] = {
		{"wgd", CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(SYS_NICE), false},
		{"zebra-lite", CAP(NET_ADMIN), false},
		{"bgpd", 0, true},
		{"bfdd", 0, true},
	};
	const uint64_t parents = CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(NET_BIND_SERVICE) |
				 CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP) | CAP(KILL) |
				 CAP(SYS_NICE) | CAP(IPC_LOCK) | CAP(DAC_READ_SEARCH);
	const uint64_t have = caps_of(getpid(), "CapEff");
	const struct passwd *pw = getpwnam("nobody");

	if (geteuid() != 0 || (have & parents) != parents || !pw)
		skip();
	assert_true(caps_of(parent, "CapEff") == parents);
	assert_true(caps_of(parent, "CapPrm") == parents);
	assert_int_equal(atoi(status_of(parent, "NoNewPrivs")), 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const char *const sets[] = {"CapEff", "CapPrm", "CapBnd"};
		pid_t pid = daemon_pid(rows[i].name);
		unsigned uid = rows[i].user ? pw->pw_uid : 0, gid = rows[i].user ? pw->pw_gid : 0;
		char want[64];

		for (size_t k = 0; k < ARRAY_SIZE(sets); k++)
			if (caps_of(pid, sets[k]) != rows[i].caps)
				fail_msg("%s %s %s", rows[i].name, sets[k],
					 status_of(pid, sets[k]));
		assert_true(caps_of(pid, "CapInh") == 0 && caps_of(pid, "CapAmb") == 0);
		assert_int_equal(atoi(status_of(pid, "NoNewPrivs")), 1);
		snprintf(want, sizeof(want), "\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);
		assert_string_equal(status_of(pid, "Uid"), want);
		snprintf(want, sizeof(want), "\t%u\t%u\t%u\t%u\n", gid, gid, gid, gid);
		assert_string_equal(status_of(pid, "Gid"), want);
		if (rows[i].user)
			assert_int_equal(strspn(status_of(pid, "Groups"), " \t\n"),
					 strlen(status_of(pid, "Groups")));
	}
}

#define NICE_MIN -20

/* bfdd comes first, and is ended where it never pauses; zebra-lite's writer comes last. */
static void test_priorities(void **state)
{
	pid_t bfdd = daemon_pid("bfdd");
	int ours = getpriority(PRIO_PROCESS, (id_t)parent);
	struct sched_param param;
	unsigned soft, hard;

	if (geteuid() != 0)
		skip();
	assert_int_equal(sched_getparam(bfdd, &param), 0);
	if ((sched_getscheduler(bfdd) & ~SCHED_RESET_ON_FORK) == SCHED_RR)
		assert_int_equal(param.sched_priority, 10);
	else if (getpriority(PRIO_PROCESS, (id_t)bfdd) != -10)
		skip(); /* neither is granted here */
	assert_int_equal(
		sscanf(line_of(bfdd, "limits", "Max realtime timeout"), "%u %u", &soft, &hard), 2);
	assert_int_equal(soft, 2000000);
	assert_int_equal(hard, 2000000);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)daemon_pid("zebra-lite")),
			 ours - 5 < NICE_MIN ? NICE_MIN : ours - 5);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)daemon_pid("bgpd")), ours);
	assert_int_equal(sched_getscheduler(daemon_pid("bgpd")), sched_getscheduler(parent));
}

/* Passwords of sessions: to bgpd alone, and again to one that starts. */
static void test_passwords(void **state)
{
	char *more = xasprintf("bgp { neighbor 127.0.0.2 { remote-as 1; password-file %s/pw; } "
			       "neighbor-group g { remote-as 1; listen-range 127.0.2.0/24; "
			       "password-file %s/pw3; } }\n",
			       dir, dir);

	write_file("pw", "two\n", 0600);
	write_file("pw3", "three\n", 0600);
	write_config("passwords", more);
	clear_log();
	assert_string_equal(reload(), "");
	WAIT_LOG("bgpd password pw two\n", "bgpd password pw3 three\n", "bgpd apply passwords\n",
		 "wgd prune");
	assert_false(log_has("wgd password") || log_has("zebra-lite password") ||
		     log_has("bfdd password"));
	clear_log();
	write_file("pw", "deux\n", 0600);
	assert_string_equal(reload(), "");
	WAIT_LOG("bgpd password pw deux\n", "bgpd apply passwords\n");
	clear_log();
	kill(daemon_pid("bgpd"), SIGKILL);
	WAIT_LOG("bgpd start", "bgpd password pw deux\n", "bgpd apply passwords\n",
		 "bgpd channel zebra-lite\n");
	WAIT_LOG("zebra-lite channel bgpd\n");
	free(more);
}

/* ---- who may ask what */

static const struct {
	const char *command;
	bool changes;
} verbs[] = {
	{"version", false},	{"daemons", false},	  {"configuration", false},
	{"drills", false},	{"bgp-summary", false},	  {"bgp-neighbors", false},
	{"bgp-routes", false},	{"route", false},	  {"nexthops", false},
	{"rib-summary", false}, {"pins", false},	  {"wireguard", false},
	{"tunnels", false},	{"allowed-ips", false},	  {"rules", false},
	{"bfd", false},		{"uplinks", false},	  {"planes", false},
	{"history", false},	{"debugs", false},	  {"debug", true},
	{"debug-off", true},	{"nftables-sets", false}, {"clear", true},
	{"drain", true},	{"undrain", true},	  {"drill", true},
	{"drill-stop", true},	{"log-level", true},	  {"no-such-thing", true},
	{"reload", true},	{"teardown", true},
};

static int open_socket(const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", dir, name);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A letter for each of the verbs: y is answered, n there is no permission, x nobody is let in. But
 * what ends the parent is asked by none who may. */
static void ask_all(const char *name, bool may_change, char *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		char *json =
			xasprintf("{\"command\":\"%s\",\"daemon\":\"bgpd\"}", verbs[i].command);
		struct reply reply;
		int fd = open_socket(name);

		out[i] = 'x';
		if (may_change && str_eq(verbs[i].command, "teardown")) {
			out[i] = 'y';
		} else if (fd >= 0) {
			client_ask(fd, json);
			client_answer(fd, &reply);
			out[i] = strstr(reply.error, "no permission") ? 'n' : 'y';
			reply_free(&reply);
		}
		free(json);
		if (fd >= 0)
			close(fd);
	}
	out[ARRAY_SIZE(verbs)] = '\0';
}

/* The same as somebody else. */
static void ask_all_as(uid_t uid, gid_t gid, const char *name, bool may_change, char *out)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (uid && (setgroups(1, &gid) < 0 || setresgid(65534, 65534, 65534) < 0 ||
			    setresuid(uid, uid, uid) < 0))
			_exit(1);
		ask_all(name, may_change, out);
		_exit(write(fds[1], out, ARRAY_SIZE(verbs) + 1) < 0);
	}
	assert_int_equal(read(fds[0], out, ARRAY_SIZE(verbs) + 1), ARRAY_SIZE(verbs) + 1);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(wait_exit(pid), 0);
}

enum who { NOBODY, READER, WRITER, ROOT };

/* READERS and WRITERS: whether the configuration names their group. */
static void expect_access(const struct group *reader, const struct group *writer, bool readers,
			  bool writers)
{
	const gid_t gids[] = {65534, reader->gr_gid, writer->gr_gid, 0};
	char got[ARRAY_SIZE(verbs) + 1];

	for (int who = NOBODY; who <= ROOT; who++)
		for (int read_only = 0; read_only < 2; read_only++) {
			bool in = read_only ? readers && (who == READER || who == ROOT)
					    : (writers && who == WRITER) || who == ROOT;

			ask_all_as(who == ROOT ? 0 : 65533, gids[who],
				   read_only ? "cli-read.sock" : "cli.sock", in && !read_only, got);
			for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
				if (got[i] != (!in			       ? 'x'
					       : read_only && verbs[i].changes ? 'n'
									       : 'y'))
					fail_msg("%d %s %s: %c", who,
						 read_only ? "reads" : "may all", verbs[i].command,
						 got[i]);
		}
}

static void test_groups(void **state)
{
	struct group *found, reader, writer;

	if (geteuid() != 0 || !(found = getgrnam("daemon")))
		skip();
	reader = *found;
	found = getgrnam("bin");
	if (!found)
		skip();
	writer = *found;
	expect_access(&reader, &writer, false, false);
	write_config("groups", "system { cli-read-group daemon; }");
	assert_string_equal(reload(), "");
	expect_access(&reader, &writer, true, false);
	write_config("groups", "system { cli-read-group daemon; cli-write-group bin; }");
	assert_string_equal(reload(), "");
	expect_access(&reader, &writer, true, true);
	write_config("groups", "system { cli-read-group no-such-group; }");
	assert_non_null(strstr(reload(), "this machine has no group 'no-such-group'"));
	expect_access(&reader, &writer, true, true);
	write_config("groups", "system { cli-write-group bin; }");
	assert_string_equal(reload(), "");
	expect_access(&reader, &writer, false, true);
	write_config("groups", "");
	assert_string_equal(reload(), "");
	expect_access(&reader, &writer, false, false);
}

/* Who was in when its group lost the right gets nothing more; root stays. */
static void test_group_is_gone(void **state)
{
	struct reply reply;
	gid_t gid;
	int fds[2], root;
	pid_t pid;

	if (geteuid() != 0 || !getgrnam("bin"))
		skip();
	gid = getgrnam("bin")->gr_gid;
	write_config("groups", "system { cli-write-group bin; }");
	assert_string_equal(reload(), "");
	root = open_socket("cli.sock");
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		int fd, other;
		char byte = 'x';

		if (setgroups(1, &gid) < 0 || setresuid(65533, 65533, 65533) < 0)
			_exit(1);
		fd = open_socket("cli.sock");
		other = open_socket("cli.sock");
		client_ask(fd, "{\"command\":\"version\"}");
		client_answer(fd, &reply);
		client_ask(other, "{\"command\":\"monitor\"}");
		if (reply.error[0] || write(fds[1], &byte, 1) != 1)
			_exit(2);
		client_answer(other, &reply); /* ends with the right */
		if (!strstr(reply.error, "no permission any more"))
			_exit(3);
		client_ask(fd, "{\"command\":\"version\"}");
		client_answer(fd, &reply);
		_exit(strstr(reply.error, "no permission any more") ? 0 : 4);
	}
	assert_int_equal(read(fds[0], &(char){0}, 1), 1);
	/* Its `monitor` has come when one that is asked later is answered. */
	assert_string_equal(ask("{\"command\":\"version\"}", NULL), "");
	write_config("groups", "");
	assert_string_equal(reload(), "");
	assert_int_equal(wait_exit(pid), 0);
	client_ask(root, "{\"command\":\"version\"}");
	client_answer(root, &reply);
	assert_string_equal(reply.error, "");
	reply_free(&reply);
	close(root);
	close(fds[0]);
	close(fds[1]);
}

/* It goes, and the first one's daemons stay as they are. */
static void test_second_instance(void **state)
{
	static const char *const names[] = {"wgd", "zebra-lite", "bgpd", "bfdd"};
	pid_t pids[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		pids[i] = daemon_pid(names[i]);
	assert_int_equal(wait_exit(start_parent()), 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(daemon_pid(names[i]), pids[i]);
}

static void test_reload(void **state)
{
	clear_log();
	write_config("two", "");
	assert_string_equal(reload(), "");
	WAIT_LOG("check\n", "check\n", "check\n", "check\n", "wgd apply two\n",
		 "zebra-lite apply two\n", "bgpd apply two\n", "zebra-lite prune\n", "wgd prune\n");
	assert_false(log_has("channel"));
	assert_false(log_has("listen"));
}

/* Who changes it is told what is odd. */
static void test_warnings_are_told(void **state)
{
	struct reply reply;

	write_config("odd", "policy p { term 1 { set { prepend-as 5; } } }");
	assert_string_equal(ask("{\"command\":\"reload\"}", &reply), "");
	assert_int_equal(json_array_size(json_object_get(reply.head, "warnings")), 1);
	assert_non_null(strstr(
		json_string_value(json_array_get(json_object_get(reply.head, "warnings"), 0)),
		"warning: policy p term 1 set prepend-as: does nothing without 'prepend'"));
	reply_free(&reply);
}

/* One that comes while a change is under way is not lost. */
static void test_sighup_in_a_change(void **state)
{
	pid_t pid = daemon_pid("bgpd");

	clear_log();
	kill(pid, SIGSTOP);
	write_config("first", "");
	kill(parent, SIGHUP);
	WAIT_LOG("wgd check");
	write_config("second", "");
	kill(parent, SIGHUP);
	kill(parent, SIGHUP);
	assert_string_equal(ask("{\"command\":\"version\"}", NULL), ""); /* it has seen them */
	kill(pid, SIGCONT);
	WAIT_LOG("bgpd apply first\n", "wgd prune\n", "bgpd apply second\n", "wgd prune\n");
}

/* Nor in a client's. */
static void test_sighup_in_a_clients_change(void **state)
{
	int fd = client_open();
	pid_t pid = daemon_pid("bgpd");
	struct reply reply;

	clear_log();
	kill(pid, SIGSTOP);
	write_config("hers", "");
	client_ask(fd, "{\"command\":\"reload\"}");
	WAIT_LOG("wgd check");
	write_config("his", "");
	kill(parent, SIGHUP);
	assert_string_equal(ask("{\"command\":\"version\"}", NULL), ""); /* it has seen it */
	kill(pid, SIGCONT);
	client_answer(fd, &reply);
	assert_string_equal(reply.error, "");
	reply_free(&reply);
	close(fd);
	WAIT_LOG("bgpd apply his\n", "wgd prune\n");
}

static void test_sighup(void **state)
{
	clear_log();
	write_config("three", "");
	kill(parent, SIGHUP);
	WAIT_LOG("bgpd apply three\n", "wgd prune\n");
}

static void test_refusal_changes_nothing(void **state)
{
	static const char *const names[] = {"wgd", "zebra-lite", "bgpd", "bfdd"};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct reply reply;

		clear_log();
		snprintf(text, sizeof(text), "refuse %s", names[i]);
		write_config(text, "");
		snprintf(text, sizeof(text), "%s: told to refuse", names[i]);
		assert_string_equal(reload(), text);
		assert_false(log_has("apply"));
		ask("{\"command\":\"configuration\",\"format\":\"text\"}", &reply);
		assert_null(
			strstr(json_string_value(json_object_get(reply.head, "text")), "refuse"));
		reply_free(&reply);
	}
}

/* A file that leaves no interface is refused while some run, by whatever way it comes; with `empty`
 * it is not, nor one that adds nothing to nothing. */
static void test_empty_file(void **state)
{
	static const char *const rows[] = {"",
					   "# nothing\n",
					   "\n\n",
					   "system { hostname x; }\n",
					   "wireguard { }\n",
					   "bgp { as 1; router-id 1.1.1.1; }\n"};

	write_config("full", "");
	assert_string_equal(reload(), "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		clear_log();
		write_file("conf", rows[i], 0644);
		assert_non_null(strstr(reload(), "it has no WireGuard interface, and 1 runs"));
		kill(parent, SIGHUP);
		assert_non_null(strstr(reload(), "reload empty"));
		assert_false(log_has("check"));
		assert_string_equal(ask("{\"command\":\"reload\",\"empty\":\"true\"}", NULL), "");
		WAIT_LOG("bgpd apply \n", "wgd prune\n");
		assert_string_equal(reload(), "");
		clear_log();
		write_config("full", "");
		assert_string_equal(reload(), "");
		WAIT_LOG("bgpd apply full\n", "wgd prune\n");
	}
}

/* A daemon that is killed while it checks has a successor that does; a configuration that kills
 * whoever reads it is refused, and the old one goes on. */
static void test_killed_while_checking(void **state)
{
	static const char *const names[] = {"wgd", "zebra-lite", "bgpd", "bfdd"};
	char *marker = in_dir("log/killed");
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		clear_log();
		snprintf(text, sizeof(text), "kill %s once", names[i]);
		write_config(text, "");
		assert_string_equal(reload(), "");
		assert_int_equal(unlink(marker), 0);
		WAIT_LOG("bgpd apply kill", "wgd prune\n");
	}
	clear_log();
	write_config("kill bgpd", "");
	assert_string_equal(reload(), "bgpd: died while it checked the configuration");
	assert_false(log_has("apply kill bgpd\n"));
	free(marker);
}

/* What the daemons say of the files, or of what comes with the request, and that it stays that. */
static json_t *plan_of(const char *description, bool by_request)
{
	char *path = in_dir("conf"), *text, *json;
	json_t *request = json_pack("{s:s}", "command", "plan"), *head;
	struct reply reply;

	write_config(by_request ? "full" : description, "");
	if (by_request) {
		text = config_text(description, "");
		json_object_set_new(request, "files",
				    json_pack("[{s:s, s:s}]", "path", path, "text", text));
		free(text);
	}
	json = json_dumps(request, JSON_COMPACT);
	assert_string_equal(ask(json, &reply), "");
	assert_int_equal(reply.rows, json_is_null(json_object_get(reply.head, "prefixes")) ||
						     str_eq(description, "full")
					     ? 0
					     : 1);
	head = json_incref(reply.head);
	reply_free(&reply);
	json_decref(request);
	free(json);
	free(path);
	return head;
}

static const char *verdict(json_t *head)
{
	static char text[32];

	str_copy(text, json_string_value(json_object_get(head, "verdict")), sizeof(text));
	json_decref(head);
	return text;
}

static void test_plan(void **state)
{
	json_t *head;

	write_config("full", "");
	assert_string_equal(reload(), "");
	WAIT_LOG("bgpd apply full\n", "wgd prune\n");
	clear_log();
	assert_string_equal(verdict(plan_of("full", false)), "nothing");
	assert_string_equal(verdict(plan_of("other", false)), "harmless");
	assert_string_equal(verdict(plan_of("cut", false)), "disruptive");
	assert_string_equal(verdict(plan_of("mild", true)), "harmless");
	WAIT_LOG("wgd plan mild\n", "bgpd plan mild\n", "zebra-lite plan mild\n");
	clear_log();
	head = plan_of("refuse bgpd", false);
	assert_string_equal(json_string_value(json_object_get(head, "refused")),
			    "bgpd: told to refuse");
	assert_string_equal(verdict(head), "refused");
	assert_false(log_has("plan"));
	assert_false(log_has("apply"));
	assert_string_equal(ask("{\"command\":\"plan\",\"files\":[]}", NULL),
			    "files: a path and a text each are expected");
	write_config("full", "");
}

/* One that is killed while it applies has a successor that does; a configuration that kills each of
 * them is taken back. */
static void test_killed_while_applying(void **state)
{
	static const char *const names[] = {"wgd", "zebra-lite", "bgpd", "bfdd"};
	char *marker = in_dir("log/killed");
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		clear_log();
		snprintf(text, sizeof(text), "die %s once", names[i]);
		write_config(text, "");
		assert_string_equal(reload(), "");
		assert_int_equal(unlink(marker), 0);
		snprintf(text, sizeof(text), "%s apply die %s once", names[i], names[i]);
		WAIT_LOG(text, text);
		write_config("good", "");
		assert_string_equal(reload(), "");
		clear_log();
		snprintf(text, sizeof(text), "die %s", names[i]);
		write_config(text, "");
		snprintf(text, sizeof(text),
			 "the old configuration is in force again: %s: died twice", names[i]);
		assert_non_null(strstr(reload(), text));
		snprintf(text, sizeof(text), "%s apply good\n", names[i]);
		WAIT_LOG(text);
	}
	free(marker);
}

static void test_errors_name_their_place(void **state)
{
	char *want = xasprintf("%s/conf:3:7: rib: 'kernal' is no statement here", dir);

	clear_log();
	write_config("four", "rib { kernal off; }");
	assert_non_null(strstr(reload(), want));
	assert_false(log_has("check"));
	free(want);
}

/* Each in a line, as many as there is room for; warnings are not among them. */
static void test_all_errors_are_told(void **state)
{
	char *first = xasprintf("%s/conf:3:7: rib: 'kernal'", dir);
	char *second = xasprintf("\n%s/conf:4:7: rib: 'x'", dir);
	char many[8000] = "";
	const char *said;

	write_config("errors", "rib { kernal off; }\nrib { x 1; }\n"
			       "policy p { term 1 { set { prepend-as 5; } } }");
	said = reload();
	assert_int_equal(strncmp(said, first, strlen(first)), 0);
	assert_ptr_equal(strchr(said, '\n'), strstr(said, second));
	assert_ptr_equal(strchr(said, '\n'), strrchr(said, '\n'));
	assert_null(strstr(said, "warning"));
	for (int i = 0; i < 200; i++)
		strcat(many, "rib { kernal off; }\n");
	write_config("errors", many);
	assert_int_equal(strlen(reload()), MSG_ERROR_MAX - 1);
	free(first);
	free(second);
}

/* Who watches is not told of daemons that end with us. */
static void test_end_is_no_death(void **state)
{
	int fd = client_open();
	uint8_t byte;
	size_t n = 0;
	char text[4096] = "";

	client_ask(fd, "{\"command\":\"monitor\"}");
	assert_true(read_all(fd, &byte, 1)); /* it is being told */
	kill(parent, SIGTERM);
	kill(parent, SIGINT);
	while (n + 1 < sizeof(text) && read_all(fd, &text[n], 1))
		n++;
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : '.';
	assert_null(strstr(text, "died"));
	close(fd);
	assert_int_equal(wait_exit(parent), 0);
	parent = 0;
}

static void test_address_in_use(void **state)
{
	unsigned old = port;
	int fd = port_take("127.0.0.1", 0);

	clear_log();
	port = port_of(fd);
	write_config("five", "");
	assert_non_null(strstr(reload(), "Address already in use"));
	assert_false(log_has("check"));
	close(fd);
	assert_string_equal(reload(), "");
	WAIT_LOG("bgpd listen 127.0.0.1:", "bgpd apply five\n");
	port = old;
}

static void test_killed_daemon(void **state)
{
	static const struct {
		const char *name;
		const char *lines[4]; /* what the new one and its neighbours are told */
	} rows[] = {
		{"wgd", {"wgd secret", "wgd apply", "wgd prune", "wgd channel zebra-lite"}},
		{"zebra-lite",
		 {"zebra-lite start", "zebra-lite apply", "zebra-lite prune", "channel"}},
		{"bgpd", {"bgpd listen", "bgpd apply", "bgpd prune", "bgpd channel zebra-lite"}},
		{"bfdd", {"bfdd start", "bfdd apply", "bfdd prune", "bfdd channel wgd"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pid_t pid = daemon_pid(rows[i].name);

		assert_true(pid > 0);
		clear_log();
		kill(pid, SIGKILL);
		WAIT_LOG(rows[i].lines[0], rows[i].lines[1], rows[i].lines[2], rows[i].lines[3]);
		if (str_eq(rows[i].name, "bfdd"))
			WAIT_LOG("wgd channel bfdd");
		else if (!str_eq(rows[i].name, "zebra-lite"))
			WAIT_LOG("zebra-lite channel");
		else
			WAIT_LOG("bgpd channel zebra-lite");
		assert_true(daemon_pid(rows[i].name) != pid);
	}
}

static void test_rows_are_relayed(void **state)
{
	struct reply reply;

	assert_string_equal(ask("{\"command\":\"rows\",\"daemon\":\"wgd\",\"rows\":5000}", &reply),
			    "");
	assert_int_equal(reply.heads, 1);
	assert_int_equal(reply.rows, 5000);
	assert_string_equal(json_string_value(json_object_get(reply.head, "by")), "wgd");
	assert_int_equal(json_integer_value(json_object_get(reply.last_row, "n")), 4999);
	reply_free(&reply);
	assert_string_equal(ask("{\"command\":\"nonsense\"}", NULL), "unknown command");
	assert_string_equal(ask("[]", NULL), "malformed request");
}

static long resident_kb(pid_t pid)
{
	char path[64];
	long size, resident = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (f) {
		if (fscanf(f, "%ld %ld", &size, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* 100 MB are asked for and not read. Nobody notices: not memory, other clients, nor a commit. */
static void test_client_that_does_not_read(void **state)
{
	long before = resident_kb(parent);
	int slow = client_open();
	char head[64];

	client_ask(slow, "{\"command\":\"rows\",\"daemon\":\"bgpd\",\"rows\":100000}");
	assert_true(read_all(slow, head, sizeof(head))); /* it has begun */
	for (int i = 0; i < 20; i++)
		assert_string_equal(
			ask("{\"command\":\"rows\",\"daemon\":\"bgpd\",\"rows\":100}", NULL), "");
	assert_string_equal(reload(), "");
	assert_true(resident_kb(parent) - before < 16 * 1024);
	assert_true(resident_kb(daemon_pid("bgpd")) < before + 64 * 1024);
	close(slow);
	assert_string_equal(ask("{\"command\":\"rows\",\"daemon\":\"bgpd\",\"rows\":100}", NULL),
			    "");
}

static void test_monitor_and_cancel(void **state)
{
	static const uint8_t cancel[] = {0, 0, 0, 4, 0, MSG_CANCEL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
	pid_t pid = daemon_pid("bgpd");
	struct reply reply;
	int fd = client_open();
	uint8_t head[12 + 255];

	client_ask(fd, "{\"command\":\"monitor\"}");
	assert_true(read_all(fd, head, 12)); /* from now on it is told */
	assert_int_equal(head[5], MSG_REPLY_HEAD);
	assert_true(read_all(fd, head + 12, head[3]));
	kill(pid, SIGKILL);
	while (daemon_pid("bgpd") == pid || !daemon_pid("bgpd"))
		usleep(5000);
	assert_int_equal(write(fd, cancel, sizeof(cancel)), sizeof(cancel));
	client_answer(fd, &reply);
	assert_string_equal(reply.error, "cancelled");
	assert_int_equal(reply.rows, 1);
	assert_string_equal(json_string_value(json_object_get(reply.last_row, "event")), "died");
	assert_string_equal(json_string_value(json_object_get(reply.last_row, "daemon")), "bgpd");
	reply_free(&reply);
	close(fd);
}

static void test_garbage_on_the_socket(void **state)
{
	char garbage[4096];

	memset(garbage, 0xa5, sizeof(garbage));
	for (int i = 0; i < 100; i++) {
		int fd = client_open();

		assert_true(write(fd, garbage, sizeof(garbage)) > 0);
		close(fd);
	}
	assert_string_equal(ask("{\"command\":\"version\"}", NULL), "");
}

static void test_stop_leaves_everything(void **state)
{
	char *sock = in_dir("cli.sock");

	clear_log();
	kill(parent, SIGTERM);
	assert_int_equal(wait_exit(parent), 0);
	parent = 0;
	WAIT_LOG("stop", "stop", "stop");
	assert_false(log_has("teardown"));
	assert_int_equal(access(sock, F_OK), -1);
	free(sock);
}

static void test_teardown(void **state)
{
	clear_log();
	assert_string_equal(ask("{\"command\":\"teardown\"}", NULL), "");
	assert_int_equal(wait_exit(parent), 0);
	parent = 0;
	WAIT_LOG("bgpd teardown\n", "zebra-lite teardown\n", "wgd teardown\n");
}

/* ---- daemons that hang */

static const char *const every[] = {"wgd", "zebra-lite", "bgpd", "bfdd"};

/* Whatever asks them is told, then each is replaced by one that has its configuration. */
static void test_hung_daemons_are_replaced(void **state)
{
	pid_t pids[ARRAY_SIZE(every)];
	char request[64];
	const char *said;

	clear_log();
	for (size_t i = 0; i < ARRAY_SIZE(every); i++) {
		pids[i] = daemon_pid(every[i]);
		kill(pids[i], SIGSTOP);
	}
	said = reload(); /* a busy machine may have seen by then that they are silent */
	assert_true(strstr(said, "nothing was changed") || strstr(said, "has not answered for"));
	for (size_t i = 0; i < ARRAY_SIZE(every); i++) {
		wait_daemon(every[i], "state", "silent"); /* each a moment after the other */
		snprintf(request, sizeof(request), "{\"command\":\"rows\",\"daemon\":\"%s\"}",
			 every[i]);
		assert_non_null(strstr(ask(request, NULL), "has not answered for"));
	}
	assert_non_null(strstr(reload(), "has not answered for"));
	for (size_t i = 0; i < ARRAY_SIZE(every); i++) {
		wait_daemon(every[i], "last-exit", "hung, was killed");
		wait_daemon(every[i], "state", "running");
		assert_true(daemon_pid(every[i]) != pids[i]);
		assert_string_equal(ask(request, NULL), "");
	}
	assert_string_equal(reload(), "");
}

/* An answer that comes after its change was given up belongs to no other one. */
static void test_late_answer_of_another_change(void **state)
{
	pid_t pid = daemon_pid("bgpd");

	write_config("refuse bgpd", "");
	kill(pid, SIGSTOP);
	assert_non_null(strstr(reload(), "nothing was changed"));
	kill(pid, SIGCONT);
	wait_daemon("bgpd", "state", "running");
	write_config("after it", "");
	assert_string_equal(reload(), "");
	WAIT_LOG("bgpd apply after it\n");
	assert_int_equal(daemon_pid("bgpd"), pid);
}

/* Where the change is in force already, its client does not wait, and it goes on. */
static void test_loop_in_a_change(void **state)
{
	char *marker = in_dir("log/killed");

	clear_log();
	write_config("loop zebra-lite once", "");
	assert_non_null(strstr(reload(), "the change is in force"));
	WAIT_LOG("zebra-lite apply loop", "zebra-lite start", "zebra-lite apply loop");
	/* The others do not wait for the new one, and are beside it. */
	WAIT_LOG("zebra-lite apply loop", "bgpd apply loop", "wgd prune");
	wait_daemon("zebra-lite", "last-exit", "hung, was killed");
	assert_int_equal(unlink(marker), 0);
	free(marker);
}

/* In the kernel's hands it is left alone, and that is said; it may come back. */
static void test_stuck_in_the_kernel(void **state)
{
	char *path = in_dir("log/free");
	pid_t pid = daemon_pid("bgpd");

	write_config("stuck bgpd", "");
	assert_non_null(strstr(reload(), "the change is in force"));
	wait_daemon("bgpd", "state", "stuck");
	assert_non_null(strstr(ask("{\"command\":\"rows\",\"daemon\":\"bgpd\"}", NULL),
			       "hangs in the kernel"));
	write_file("log/free", "", 0644);
	wait_daemon("bgpd", "state", "running");
	assert_int_equal(daemon_pid("bgpd"), pid);
	unlink(path);
	free(path);
}

/* What systemd is told: waits for a message with both words, whatever else comes. */
static void wait_notified(int fd, const char *a, const char *b)
{
	uint64_t end = now_ms() + test_patience_ms();
	char text[1024];
	ssize_t n;

	do {
		n = recv(fd, text, sizeof(text) - 1, 0);
		if (n <= 0 || now_ms() > end)
			fail_msg("not told: %s %s", a, b);
		text[n] = '\0';
	} while (!strstr(text, a) || !strstr(text, b));
}

static bool notified(int fd, const char *word)
{
	char text[1024];
	bool found = false;
	ssize_t n;

	while ((n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[n] = '\0';
		found |= strstr(text, word) != NULL;
	}
	return found;
}

/* The socket of a systemd that wants a sign of life three times in 600 ms. */
static int open_systemd(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = test_patience_ms() / 1000};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", dir);
	unlink(sa.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	setenv("WATCHDOG_USEC", "600000", 1);
	return fd;
}

static void close_systemd(int fd)
{
	char *path = in_dir("notify");

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unlink(path);
	free(path);
	close(fd);
}

/* READY waits until wgd has tried each interface, and names those that cannot be used. */
static void test_ready_names_what_is_refused(void **state)
{
	int fd = open_systemd();

	clear_log();
	write_config("state starting", "");
	parent = start_parent();
	WAIT_LOG("wgd prune\n");
	assert_string_equal(ask("{\"command\":\"daemons\"}", NULL), ""); /* all is said */
	assert_false(notified(fd, "STATUS="));				 /* which READY has, too */
	write_config("state refused", "");
	assert_string_equal(reload(), "");
	wait_notified(fd, "READY=1", "interface wg0 is refused: told so");
	for (int i = 0; i < 2; i++)
		wait_notified(fd, "WATCHDOG=1", "");
	write_config("state ready", "");
	assert_string_equal(reload(), "");
	wait_notified(fd, "STATUS=Running", "");
	kill(parent, SIGHUP);
	wait_notified(fd, "READY=1", "STATUS=Running");
	close_systemd(fd);
}

/* A reload that is refused before the interfaces are there ends their wait, and hides no state. */
static void test_states_are_told_after_a_refusal(void **state)
{
	int fd = open_systemd();

	clear_log();
	write_config("state starting", "");
	parent = start_parent();
	WAIT_LOG("wgd prune\n");
	assert_string_equal(ask("{\"command\":\"daemons\"}", NULL), ""); /* all is said */
	write_config("x", "nonsense;");
	kill(parent, SIGHUP);
	wait_notified(fd, "READY=1", "refused");
	kill(daemon_pid("wgd"), SIGKILL); /* the next one tells the states again */
	wait_notified(fd, "STATUS=Running", "");
	close_systemd(fd);
}

/* Who reaps it now may take its time: a zombie is gone. */
static bool is_gone(pid_t pid)
{
	return kill(pid, 0) < 0 || process_state(pid) == 'Z';
}

/* The parent is killed while daemons hang, one of root's and one of the other user's: its successor
 * ends them, and starts none before. */
static void test_hung_orphans_are_ended(void **state)
{
	pid_t pids[] = {daemon_pid("wgd"), daemon_pid("bgpd")}, next;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		kill(pids[i], SIGSTOP);
	clear_log();
	kill(parent, SIGKILL);
	wait_exit(parent);
	WAIT_LOG("zebra-lite stop");
	next = start_parent();
	WAIT_LOG("zebra-lite stop", "wgd start", "wgd apply", "bgpd apply");
	assert_false(log_has("wgd stop"));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		assert_true(is_gone(pids[i]));
	parent = next;
}

/* Somebody else who has the lock's file open, or its lock, is left alone. */
static void test_stranger_with_the_lock(void **state)
{
	char *path = in_dir("wgbgpd.pid");
	int ready[2], status;
	char byte;
	pid_t stranger;

	assert_int_equal(pipe(ready), 0);
	stranger = fork();
	if (stranger == 0) {
		int fd = open(path, O_RDONLY);

		flock(fd, LOCK_EX);
		close(ready[0]);
		close(ready[1]); /* it has the lock, or waits for it */
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	assert_int_equal(wait_exit(start_parent()), 1);
	assert_int_equal(waitpid(stranger, &status, WNOHANG), 0);
	kill(stranger, SIGKILL);
	waitpid(stranger, &status, 0);
	free(path);
}

/* The parent is killed while a daemon hangs: its successor starts no second one before that has
 * ended. */
static void test_orphan_is_waited_for(void **state)
{
	pid_t wgd = daemon_pid("wgd");
	pid_t next;

	kill(wgd, SIGSTOP);
	clear_log();
	kill(parent, SIGKILL);
	wait_exit(parent);
	next = start_parent();
	WAIT_LOG(
		"bgpd stop"); /* the other orphans have gone; the new parent has had time to look */
	assert_false(log_has("start"));
	kill(wgd, SIGCONT);
	WAIT_LOG("wgd stop", "wgd start", "wgd apply", "bgpd apply");
	parent = next;
}

/* Nothing runs yet that could go on: the daemons' parent must not give up. */
static void test_killed_at_the_start(void **state)
{
	char *marker = in_dir("log/killed");

	clear_log();
	write_config("kill wgd once", "");
	parent = start_parent();
	WAIT_LOG("wgd secret", "wgd check\n", "wgd secret", "wgd check\n", "wgd apply",
		 "bgpd apply kill wgd once\n", "wgd prune\n");
	assert_int_equal(unlink(marker), 0);
	free(marker);
}

/* Nothing was committed yet. */
static void forget_commits(void)
{
	char *index = in_dir("state/commits/index");

	unlink(index);
	free(index);
}

/* What the answer to `version` warns of first; "": nothing. */
static const char *warned(void)
{
	static char text[512];
	struct reply reply;
	const json_t *first;

	assert_string_equal(ask("{\"command\":\"version\"}", &reply), "");
	first = json_array_get(json_object_get(reply.head, "warnings"), 0);
	str_copy(text, first ? json_string_value(first) : "", sizeof(text));
	reply_free(&reply);
	return text;
}

/* A file that was edited while nothing ran, and is refused: what was committed runs, and it is
 * said, until the file was mended. */
static void test_broken_while_stopped(void **state)
{
	static const struct {
		const char *description, *more, *why;
	} rows[] = {{"x", "nonsense;", "conf:3:1: 'nonsense'"},
		    {"refuse bgpd", "", "bgpd: told to refuse"}};
	int fd = open_systemd();
	struct reply reply;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		clear_log();
		write_config("good", "");
		parent = start_parent();
		WAIT_LOG("wgd prune\n");
		stop_parent(state);
		clear_log();
		write_config(rows[i].description, rows[i].more);
		parent = start_parent();
		WAIT_LOG("bgpd apply good\n", "wgd prune\n");
		wait_notified(fd, "READY=1\nSTATUS=Running; the files are refused", rows[i].why);
		assert_non_null(strstr(warned(), rows[i].why));
		assert_string_equal(ask("{\"command\":\"commits\"}", &reply), "");
		assert_string_equal(conf_str(json_array_get(reply.first, 0), "state", ""),
				    "refused");
		assert_non_null(
			strstr(conf_str(json_array_get(reply.first, 0), "why", ""), rows[i].why));
		reply_free(&reply);
		assert_non_null(strstr(reload(), rows[i].why));
		write_config("better", "");
		assert_string_equal(reload(), "");
		assert_string_equal(warned(), "");
		wait_notified(fd, "STATUS=Running", "");
		stop_parent(state);
	}
	close_systemd(fd);
}

static void test_bad_first_configuration(void **state)
{
	char text[4096] = "", *want;
	int said = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), err;
	pid_t next;

	clear_log();
	forget_commits();
	write_config("refuse bgpd", "");
	assert_int_equal(wait_exit(start_parent()), 1);
	assert_false(log_has("apply"));
	write_config("x", "nonsense;");
	fflush(NULL);
	err = dup(STDERR_FILENO);
	dup2(said, STDERR_FILENO);
	next = start_parent();
	dup2(err, STDERR_FILENO);
	close(err);
	assert_int_equal(wait_exit(next), 1);
	assert_true(pread(said, text, sizeof(text) - 1, 0) > 0);
	want = xasprintf("%s/conf:3:1: 'nonsense'", dir);
	assert_non_null(strstr(text, want)); /* who starts it reads why */
	free(want);
	close(said);
}

/* Where it may not have its directory, or its lock, it starts nothing. */
static void test_no_place(void **state)
{
	char *deep = in_dir("none/there"), *taken = in_dir("taken"),
	     *lock = in_dir("taken/wgbgpd.pid");

	char *fresh = in_dir("fresh"), *rest = in_dir("fresh/wgbgpd.pid");
	mode_t mask = umask(0);
	struct stat st;

	forget_commits();
	write_config("place", "nonsense;");
	assert_int_equal(wait_exit(start_parent_in(fresh)), 1);
	umask(mask);
	assert_int_equal(stat(fresh, &st), 0); /* where nothing was it makes one */
	assert_int_equal(st.st_mode & 07777, 0755);
	unlink(rest);
	assert_int_equal(rmdir(fresh), 0);
	free(fresh);
	free(rest);
	clear_log();
	write_config("place", "");
	assert_int_equal(wait_exit(start_parent_in(deep)), 1);
	assert_int_equal(mkdir(taken, 0755), 0);
	assert_int_equal(mkdir(lock, 0755), 0);
	assert_int_equal(wait_exit(start_parent_in(taken)), 1);
	assert_false(log_has("start"));
	assert_int_equal(rmdir(lock), 0); /* and is left as it was */
	assert_int_equal(rmdir(taken), 0);
	free(deep);
	free(taken);
	free(lock);
}

/* The first one from NUMBER on, below those that the kernel gives to connections. */
static unsigned free_port(unsigned number)
{
	while (!port_is_free("127.0.0.1", number))
		number++;
	return number;
}

static void make_directory(void)
{
	static const char *const names[] = {"wgd", "zebra-lite", "bgpd", "bfdd"};
	char *stub = realpath("wgbgpd/stub", NULL);
	char *path;

	if (!stub || !mkdtemp(dir))
		exit(77);
	chmod(dir, 0755);
	path = in_dir("log");
	mkdir(path, 0777);
	chmod(path, 0777);
	free(path);
	path = in_dir("programs");
	mkdir(path, 0700); /* bgpd's user cannot look into it */
	free(path);
	path = in_dir("libexec");
	if (symlink("programs", path) < 0)
		exit(77);
	setenv("WGBGP_LIBEXECDIR", path, 1);
	free(path);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		path = xasprintf("cp %s %s/libexec/%s", stub, dir, names[i]); /* four programs */
		if (system(path) != 0)
			exit(77);
		free(path);
	}
	write_file("key", KEY, 0600);
	clear_log();
	free(stub);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
#define HASTY(name) cmocka_unit_test_setup(name, setup_hasty)
	const struct CMUnitTest tests[] = {
		TEST(test_first_commit),
		TEST(test_privileges),
		TEST(test_priorities),
		TEST(test_passwords),
		TEST(test_groups),
		TEST(test_group_is_gone),
		TEST(test_second_instance),
		TEST(test_reload),
		TEST(test_warnings_are_told),
		TEST(test_sighup),
		TEST(test_sighup_in_a_change),
		TEST(test_sighup_in_a_clients_change),
		TEST(test_refusal_changes_nothing),
		TEST(test_empty_file),
		TEST(test_errors_name_their_place),
		TEST(test_all_errors_are_told),
		TEST(test_end_is_no_death),
		TEST(test_address_in_use),
		TEST(test_killed_daemon),
		TEST(test_rows_are_relayed),
		TEST(test_client_that_does_not_read),
		TEST(test_monitor_and_cancel),
		TEST(test_garbage_on_the_socket),
		TEST(test_stop_leaves_everything),
		TEST(test_teardown),
		TEST(test_orphan_is_waited_for),
		HASTY(test_hung_orphans_are_ended),
		HASTY(test_hung_daemons_are_replaced),
		HASTY(test_late_answer_of_another_change),
		HASTY(test_loop_in_a_change),
		HASTY(test_stuck_in_the_kernel),
		cmocka_unit_test_setup(test_stranger_with_the_lock, hasty_later),
		cmocka_unit_test_setup_teardown(test_ready_names_what_is_refused, stop_parent,
						stop_parent),
		cmocka_unit_test_setup_teardown(test_states_are_told_after_a_refusal, stop_parent,
						stop_parent),
		HASTY(test_plan),
		HASTY(test_killed_while_checking),
		HASTY(test_killed_while_applying),
		cmocka_unit_test_setup(test_killed_at_the_start, stop_parent),
		cmocka_unit_test_setup_teardown(test_broken_while_stopped, stop_parent,
						stop_parent),
		cmocka_unit_test_setup(test_bad_first_configuration, stop_parent),
		cmocka_unit_test_setup(test_no_place, stop_parent),
	};
	const char *srcdir = getenv("srcdir");
	char *yang = xasprintf("%s/yang", srcdir ? srcdir : ".");
	char *command;
	int failed;

	setenv("WGBGP_YANGDIR", yang, 1);
	free(yang);
	port = free_port(20000 + (unsigned)getpid() % 10000);
	signal(SIGPIPE, SIG_IGN);
	make_directory();
	command = in_dir("state");
	setenv("WGBGP_STATEDIR", command, 1);
	free(command);
	failed = cmocka_run_group_tests(tests, NULL, teardown);
	command = xasprintf("rm -rf %s", dir);
	if (system(command) != 0)
		failed++;
	free(command);
	return failed;
}
