/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: a daemon as a process of its own, whose functions report what they are told as events.
 * All that it sends is one text, in the order in which it came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf.h"
#include "daemon.h"
#include "history.h"
#include "log.h"
#include "loop.h"
#include "not_applied.h"
#include "testing.h"
#include "util.h"

#define PATIENCE_MS 8000
#define EVENTS 1000
#define ROWS 2000 /* a kB each: more than a channel holds */

/* ---- the daemon */

static void report(const char *what, json_t *detail)
{
	daemon_event(json_pack("{s:o}", what, detail));
}

static void on_start(const char *rundir)
{
	struct prefix prefix = {AF_INET, 8, 0, {10}};

	for (unsigned i = 1; i < EVENTS; i++)
		history_note((struct history_fact){.kind = HISTORY_BATCH, .count = i});
	history_note((struct history_fact){.kind = HISTORY_ROUTE, .prefix = &prefix});
	report("start", json_string(rundir));
	report("cloexec",
	       json_pack("[b,b]", fcntl(3, F_GETFD) & FD_CLOEXEC, fcntl(4, F_GETFD) & FD_CLOEXEC));
}

static int on_check(const json_t *config, char *error, size_t size)
{
	const char *why = conf_str(config, "refuse", NULL);

	report("check", json_deep_copy(config));
	if (!why)
		return 0;
	str_copy(error, why, size);
	return -EINVAL;
}

static bool fail_prune;

static void on_apply(const json_t *config, uint32_t generation)
{
	char filler[1001];

	report("apply", json_integer(generation));
	report("host", json_string(daemon_hostname()));
	report("generation", json_integer(daemon_generation()));
	log_error("level", "is=error");
	log_warn("level", "is=warning");
	log_info("level", "is=info");
	log_debug("level", "is=debug");
	memset(filler, 'x', 1000);
	filler[1000] = '\0';
	if (conf_str(config, "fail", NULL)) {
		not_applied("%s", conf_str(config, "fail", ""));
		not_applied("and this");
	}
	fail_prune = conf_bool(config, "fail-prune", false);
	for (uint32_t i = 0; i < conf_u32(config, "events", 0); i++)
		report("many", json_string(filler));
}

static void on_prune(uint32_t generation)
{
	report("prune", json_integer(generation));
	if (fail_prune)
		not_applied("cannot let go of %u", generation);
}

static void take(int fd, const char *text)
{
	assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void on_channel(enum daemon_id peer, int fd)
{
	take(fd, daemon_name(peer));
}

static void on_listening(const struct endpoint *at, int fd)
{
	take(fd, ENDPOINT_STR(at));
}

static void on_secret(const char *path, const uint8_t key[KEY_BYTES])
{
	report("secret", json_pack("[s,i,i]", path, key[0], key[KEY_BYTES - 1]));
}

static void on_password(const char *path, const char *text)
{
	report("password", json_pack("[s,s]", path, text));
}

static void on_teardown(void)
{
	report("teardown", json_null());
}

static void on_stop(void)
{
	assert(write(STDERR_FILENO, "stopped\n", 8) == 8);
}

static void start_hello(struct show *s)
{
	show_object(s, json_pack("{s:s}", "hello", conf_str(s->args, "name", "")));
}

static void start_rows(struct show *s)
{
	s->state = xcalloc(1, sizeof(unsigned));
	show_head(s, json_object(), "rows");
}

static void step_rows(struct show *s)
{
	unsigned *n = s->state;
	char filler[1001];

	memset(filler, 'x', 1000);
	filler[1000] = '\0';
	for (; *n < ROWS && !show_full(s); (*n)++)
		show_row(s, json_pack("{s:s}", "filler", filler));
	if (*n == ROWS)
		show_end(s, NULL);
}

static void finish_rows(struct show *s)
{
	free(s->state);
	report("finished", json_null());
}

/* Says nothing before it is cancelled. */
static void start_wait(struct show *s)
{
	s->state = xcalloc(1, 1);
	show_head(s, json_object(), "rows");
}

static void step_wait(struct show *s)
{
}

static const struct show_command commands[] = {
	{"hello", start_hello, NULL, NULL},
	{"rows", start_rows, step_rows, finish_rows},
	{"wait", start_wait, step_wait, finish_rows},
	{0},
};

static void ignore_apply(const json_t *config, uint32_t generation)
{
}

static const struct daemon_ops whole = {
	.id = DAEMON_ZEBRA,
	.commands = commands,
	.start = on_start,
	.check = on_check,
	.apply = on_apply,
	.prune = on_prune,
	.channel = on_channel,
	.listening = on_listening,
	.secret = on_secret,
	.password = on_password,
	.teardown = on_teardown,
	.stop = on_stop,
};
/* All that may be left out. */
static const struct daemon_ops bare = {
	.commands = commands, .start = on_start, .apply = ignore_apply, .channel = on_channel};

static unsigned sandbox_answer;
static bool seeded, zone_known; /* what libraries read from files, once */

void __wrap_json_object_seed(size_t seed);
void __real_json_object_seed(size_t seed);
void __wrap_tzset(void);
void __real_tzset(void);

void __wrap_json_object_seed(size_t seed)
{
	seeded = seed == 0; /* by /dev/urandom */
	__real_json_object_seed(seed);
}

void __wrap_tzset(void)
{
	zone_known = true;
	__real_tzset();
}

#define TRIM_MS 5000

bool __wrap_slab_trim(void);
void __wrap_timer_start(struct timer *t, uint64_t ms);
void __real_timer_start(struct timer *t, uint64_t ms);

bool __wrap_slab_trim(void)
{
	dprintf(STDERR_FILENO, "played: trims\n");
	return false;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	__real_timer_start(t, ms == TRIM_MS ? 1 : ms);
}

unsigned __wrap_sandbox_enter(enum sandbox_profile profile, const char *rundir, unsigned with);

unsigned __wrap_sandbox_enter(enum sandbox_profile profile, const char *rundir, unsigned with)
{
	dprintf(STDERR_FILENO, "played: %s in %s with %s%s\n",
		profile == SANDBOX_ZEBRA ? "zebra" : "another", rundir,
		with == SANDBOX_ALL ? "all" : "less", seeded && zone_known ? "" : ", too early");
	return sandbox_answer;
}

/* ---- who plays the parent */

static pid_t pid;
static struct ipc *control;
static char said[16384];
static unsigned many, rows, ends; /* not in the text */
static bool closed;
static FILE *errors; /* what it wrote to stderr */

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	size_t len = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + len, sizeof(said) - len, fmt, ap);
	va_end(ap);
}

static void hear_event(const struct ipc_frame *f)
{
	json_t *event = json_loadb((const char *)f->body, f->len, 0, NULL);
	double ms = json_real_value(json_object_get(event, "monotonic-ms"));
	char *text;

	assert_true(ms <= (double)now_us() / 1000 + 1 && ms > (double)now_ms() - PATIENCE_MS);
	json_object_del(event, "monotonic-ms");
	text = json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS);
	if (json_object_get(event, "many"))
		many++;
	else
		say("%u %s\n", f->generation, text);
	free(text);
	json_decref(event);
}

static void hear(void *arg, const struct ipc_frame *f)
{
	char error[MSG_ERROR_MAX];
	struct msg_reply m;

	assert_int_equal(f->fd, -1);
	if (f->type == MSG_EVENT) {
		hear_event(f);
	} else if (f->type == MSG_CONFIG_DONE) {
		assert_int_equal(msg_get_done(f->body, f->len, error), 0);
		say("%u done '%s'\n", f->generation, error);
	} else if (f->type == MSG_PONG) {
		say("%u pong\n", f->generation);
	} else {
		assert_int_equal(msg_get_reply(f->type, f->body, f->len, &m), 0);
		rows += f->type == MSG_REPLY_ROW;
		ends += f->type == MSG_REPLY_END;
		if (f->type == MSG_REPLY_HEAD)
			say("%u head '%s' %.*s\n", m.id, m.list, (int)m.json_len, m.json);
		if (f->type == MSG_REPLY_END)
			say("%u end '%s'\n", m.id, m.error);
	}
}

static void hear_end(void *arg, const char *why)
{
	closed = true;
}

static const struct ipc_handlers handlers = {hear, hear_end, NULL};

static void turn(void)
{
	struct timeval tv = {.tv_usec = 10000};

	event_base_loopexit(loop_base(), &tv);
	event_base_loop(loop_base(), EVLOOP_ONCE);
}

#define AWAIT(cond)                                                                            \
	do {                                                                                   \
		for (uint64_t until_ = now_ms() + test_patience_ms(); !(cond); turn())         \
			if (now_ms() > until_)                                                 \
				fail_msg("line %d: never: %s in:\n%s", __LINE__, #cond, said); \
	} while (0)

static void start(const struct daemon_ops *ops, int argc, char **argv)
{
	int fds[2];

	assert_int_equal(ipc_pair(fds), 0);
	errors = tmpfile();
	assert_non_null(errors);
	fcntl(fileno(errors), F_SETFL, O_APPEND);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		loop_free(); /* the test's */
		dup2(fileno(errors), STDERR_FILENO);
		dup2(fcntl(fds[1], F_DUPFD, 10), 3);
		dup2(open("/dev/null", O_RDONLY), 4);
		unsetenv("JOURNAL_STREAM");
		_exit(daemon_run(ops, argc, argv));
	}
	close(fds[1]);
	control = ipc_new(fds[0], &handlers, NULL);
	closed = false;
	said[0] = '\0';
}

static void start_whole(void)
{
	start(&whole, 3, (char *[]){"daemon", "-r", "/run/somewhere", NULL});
	AWAIT(strstr(said, "cloexec"));
	said[0] = '\0';
}

/* Exit status, or the negative signal. */
static int end(void)
{
	uint64_t until = now_ms() + test_patience_ms();
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		turn();
		assert_true(now_ms() < until);
	}
	ipc_free(control);
	control = NULL;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int hang_up(void)
{
	ipc_free(control);
	control = NULL;
	return end();
}

static char *read_errors(void)
{
	static char text[8192];

	ssize_t n = pread(fileno(errors), text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void send_text(enum msg_type type, uint32_t generation, const char *text)
{
	ipc_send(control, type, generation, text, strlen(text));
}

/* Sends, and compares all that comes back before the answer to a PING behind it. */
#define EXPECT(text)                                         \
	do {                                                 \
		ipc_send(control, MSG_PING, 99, NULL, 0);    \
		AWAIT(strstr(said, "99 pong\n"));            \
		assert_string_equal(said, text "99 pong\n"); \
		said[0] = '\0';                              \
	} while (0)

/* Hands over one end of a pair; what the daemon writes into it. */
static const char *hand_over(enum msg_type type, struct wr *w)
{
	const struct timeval patience = {.tv_sec = test_patience_ms() / 1000};
	static char text[64];
	int fds[2];
	ssize_t n;

	assert_int_equal(ipc_pair(fds), 0);
	fcntl(fds[0], F_SETFL, 0);
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ipc_send_fd(control, type, 1, w->data, w->len, fds[1]);
	wr_free(w);
	close(fds[1]);
	assert_int_equal(ipc_flush(control), 0);
	n = read(fds[0], text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	if (n)
		assert_int_equal(read(fds[0], text + n, 1), 0); /* it is closed */
	close(fds[0]);
	return text;
}

/* ---- tests */

static void test_configurations(void **state)
{
	start(&whole, 3, (char *[]){"daemon", "-r", "/run/somewhere", NULL});
	EXPECT("0 {\"start\":\"/run/somewhere\"}\n0 {\"cloexec\":[true,true]}\n");
	send_text(MSG_CONFIG_CHECK, 5, "{\"a\":1}");
	EXPECT("0 {\"check\":{\"a\":1}}\n5 done ''\n");
	send_text(MSG_CONFIG_CHECK, 6, "{\"refuse\":\"not so\"}");
	EXPECT("0 {\"check\":{\"refuse\":\"not so\"}}\n6 done 'not so'\n");
	send_text(MSG_CONFIG_CHECK, 6, "{\"refuse\":\"\"}");
	EXPECT("0 {\"check\":{\"refuse\":\"\"}}\n6 done 'refused without a reason'\n");
	send_text(MSG_CONFIG_CHECK, 7, "{");
	EXPECT("7 done 'configuration is not JSON'\n");
	send_text(MSG_CONFIG_APPLY, 7, "{");
	EXPECT("7 done 'configuration is not JSON'\n");
	send_text(MSG_CONFIG_APPLY, 8, "{\"system\":{\"hostname\":\"hub\"}}");
	EXPECT("8 {\"apply\":8}\n8 {\"host\":\"hub\"}\n8 {\"generation\":8}\n8 done ''\n");
	send_text(MSG_CONFIG_PRUNE, 8, "");
	EXPECT("8 {\"prune\":8}\n8 done ''\n");
	send_text(MSG_CONFIG_APPLY, 9, "{\"fail\":\"no device\",\"fail-prune\":true}");
	AWAIT(strstr(said, "9 done 'no device'"));
	said[0] = '\0';
	send_text(MSG_CONFIG_PRUNE, 9, "");
	EXPECT("9 {\"prune\":9}\n9 done 'cannot let go of 9'\n");
	send_text(MSG_CONFIG_APPLY, 8, "{}");
	AWAIT(strstr(said, "8 done ''"));
	said[0] = '\0';
	send_text(MSG_CONFIG_PRUNE, 8, "");
	EXPECT("8 {\"prune\":8}\n8 done ''\n");
	send_text(MSG_TEARDOWN, 9, "");
	EXPECT("8 {\"teardown\":null}\n9 done ''\n");
	assert_int_equal(hang_up(), 0);
	assert_non_null(strstr(read_errors(), "stopped\n"));
}

static void test_what_comes_with_a_descriptor(void **state)
{
	struct endpoint at = {.port = 179};
	struct wr w = {0};

	start_whole();
	msg_put_channel(&w, DAEMON_BGPD);
	assert_string_equal(hand_over(MSG_CHANNEL, &w), "bgpd");
	addr_parse("192.0.2.1", &at.addr);
	wr_endpoint(&w, &at);
	assert_string_equal(hand_over(MSG_LISTEN, &w), "192.0.2.1:179");
	EXPECT("");
	assert_int_equal(hang_up(), 0);
}

static void test_secret(void **state)
{
	struct msg_secret m = {.path = "/etc/key"};
	struct msg_password password = {.path = "/etc/password", .text = "two words"};
	struct wr w = {0};

	start_whole();
	m.key[0] = 17;
	m.key[KEY_BYTES - 1] = 23;
	msg_put_secret(&w, &m);
	ipc_send(control, MSG_SECRET, 1, w.data, w.len);
	EXPECT("0 {\"secret\":[\"/etc/key\",17,23]}\n");
	wr_reset(&w);
	msg_put_password(&w, &password);
	ipc_send(control, MSG_PASSWORD, 1, w.data, w.len);
	EXPECT("0 {\"password\":[\"/etc/password\",\"two words\"]}\n");
	wr_free(&w);
	assert_int_equal(hang_up(), 0);
}

static void test_what_is_left_out(void **state)
{
	struct endpoint at = {.port = 179};
	struct msg_secret m = {.path = "/etc/key"};
	struct msg_password password = {.path = "/etc/password", .text = "x"};
	struct wr w = {0};

	start(&bare, 1, (char *[]){"daemon", NULL});
	EXPECT("0 {\"start\":\"/run/wgbgp\"}\n0 {\"cloexec\":[true,true]}\n");
	send_text(MSG_CONFIG_CHECK, 1, "{}");
	send_text(MSG_CONFIG_APPLY, 2, "{}");
	send_text(MSG_CONFIG_PRUNE, 3, "");
	send_text(MSG_TEARDOWN, 4, "");
	msg_put_secret(&w, &m);
	ipc_send(control, MSG_SECRET, 1, w.data, w.len);
	wr_reset(&w);
	msg_put_password(&w, &password);
	ipc_send(control, MSG_PASSWORD, 1, w.data, w.len);
	EXPECT("1 done ''\n2 done ''\n3 done ''\n4 done ''\n");
	wr_reset(&w);
	addr_parse("::1", &at.addr);
	wr_endpoint(&w, &at);
	assert_string_equal(hand_over(MSG_LISTEN, &w), ""); /* closed */
	EXPECT("");
	assert_int_equal(hang_up(), 0);
}

/* What the parent cannot have said ends the daemon. */
static void test_broken_parent(void **state)
{
	static const struct {
		enum msg_type type;
		const char *body;
		size_t len;
		bool with_fd;
		const char *why;
	} table[] = {
		{MSG_CHANNEL, "\2", 1, false, "malformed message"},
		{MSG_CHANNEL, "\11", 1, true, "malformed message"},
		{MSG_LISTEN, "\0\0\0\0\0\0\0", 7, false, "malformed message"},
		{MSG_LISTEN, "", 0, true, "malformed message"},
		{MSG_SECRET, "", 0, false, "malformed message"},
		{MSG_PASSWORD, "", 0, false, "malformed message"},
		{MSG_CLIENT, "", 0, false, "malformed message"},
		{MSG_ROUTES, "", 0, false, "unexpected message routes"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		start_whole();
		if (table[i].with_fd)
			ipc_send_fd(control, table[i].type, 1, table[i].body, table[i].len, 0);
		else
			ipc_send(control, table[i].type, 1, table[i].body, table[i].len);
		AWAIT(closed);
		assert_int_equal(end(), -SIGABRT);
		if (!strstr(read_errors(), table[i].why))
			fail_msg("row %zu: %s", i, read_errors());
		fclose(errors);
	}
}

/* It enters the sandbox of its profile before it starts, and does not start without one where that
 * is compulsory. */
static void test_sandbox(void **state)
{
	static const struct {
		unsigned answer;
		bool compulsory;
		const char *says;
	} table[] = {
		{0, false, "zebra-lite warning: sandbox seccomp=no landlock=no\n"},
		{SANDBOX_SECCOMP, false, "zebra-lite info: sandbox seccomp=yes landlock=no\n"},
		{SANDBOX_LANDLOCK, true, "zebra-lite info: sandbox seccomp=no landlock=yes\n"},
		{SANDBOX_ALL, true, "zebra-lite info: sandbox seccomp=yes landlock=yes\n"},
		{0, true, "it could read every key, so it does not start"},
	};
	struct daemon_ops ops = whole;

	start_whole(); /* none is asked for */
	assert_null(strstr(read_errors(), "sandbox"));
	assert_int_equal(hang_up(), 0);
	fclose(errors);
	ops.sandbox = SANDBOX_ZEBRA;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		bool starts = table[i].answer || !table[i].compulsory;

		sandbox_answer = table[i].answer;
		start(&ops, 3 + table[i].compulsory,
		      (char *[]){"daemon", "-r", "/run/somewhere", "-s", NULL});
		if (starts)
			AWAIT(strstr(said, "cloexec"));
		else
			AWAIT(closed);
		assert_non_null(
			strstr(read_errors(), "played: zebra in /run/somewhere with all\n"));
		if (!strstr(read_errors(), table[i].says))
			fail_msg("row %zu: %s", i, read_errors());
		assert_int_equal(strstr(said, "start") != NULL, starts);
		assert_int_equal(starts ? hang_up() : end(), starts ? 0 : -SIGABRT);
		fclose(errors);
	}
}

static void test_log(void **state)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char config[128], line[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		start_whole();
		snprintf(config, sizeof(config),
			 "{\"system\":{\"hostname\":\"hub\",\"log-level\":\"%s\"}}", names[i]);
		send_text(MSG_CONFIG_APPLY, 1, config);
		AWAIT(strstr(said, "done"));
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			snprintf(line, sizeof(line), "hub zebra-lite %s: level is=%s\n", names[k],
				 names[k]);
			assert_int_equal(strstr(read_errors(), line) != NULL, k <= i);
		}
		send_text(MSG_CONFIG_APPLY, 2, "{\"system\":{\"log-format\":\"json\"}}");
		AWAIT(strstr(said, "2 done"));
		assert_non_null(strstr(read_errors(),
				       "\"level\":\"info\",\"logger\":\"zebra-lite\","
				       "\"event\":\"level\",\"is\":\"info\"}\n"));
		/* Without one it is what the kernel calls this host, and level info. */
		send_text(MSG_CONFIG_APPLY, 3, "{}");
		AWAIT(strstr(said, "3 done"));
		gethostname(line, sizeof(line));
		snprintf(config, sizeof(config), "3 {\"host\":\"%s\"}\n", line);
		assert_non_null(strstr(said, config));
		assert_int_equal(hang_up(), 0);
		fclose(errors);
	}
}

/* Free memory goes back again and again. */
static void test_trims(void **state)
{
	static const char two[] = "played: trims\nplayed: trims\n";

	start_whole();
	AWAIT(strstr(read_errors(), two));
	assert_int_equal(hang_up(), 0);
	fclose(errors);
}

/* Nobody reads them: what is more than the channel holds is lost, and the daemon does not grow. */
static void test_too_many_events(void **state)
{
	start_whole();
	many = 0;
	send_text(MSG_CONFIG_APPLY, 1, "{\"events\":5000}");
	AWAIT(strstr(said, "done"));
	assert_in_range(many, 100, 2500);
	assert_int_equal(hang_up(), 0);
}

static void test_signals(void **state)
{
	static const int ignored[] = {SIGINT, SIGHUP, SIGPIPE};

	start_whole();
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		kill(pid, ignored[i]);
		EXPECT("");
	}
	kill(pid, SIGTERM);
	AWAIT(closed);
	assert_int_equal(end(), 0);
	assert_non_null(strstr(read_errors(), "stopped\n"));
	start(&whole, 2, (char *[]){"daemon", "-x", NULL});
	AWAIT(closed);
	assert_int_equal(end(), 2);
}

/* ---- requests, by the parent's channel and by one of a CLI */

static void request(struct ipc *to, uint32_t id, const char *json)
{
	struct wr w = {0};

	msg_put_request(&w, id, json, strlen(json));
	ipc_send(to, MSG_REQUEST, 0, w.data, w.len);
	wr_free(&w);
}

static void cancel(struct ipc *to, uint32_t id)
{
	struct wr w = {0};

	wr_u32(&w, id);
	ipc_send(to, MSG_CANCEL, 0, w.data, w.len);
	wr_free(&w);
}

static struct ipc *open_client(void)
{
	int fds[2];

	assert_int_equal(ipc_pair(fds), 0);
	ipc_send_fd(control, MSG_CLIENT, 0, NULL, 0, fds[1]);
	close(fds[1]);
	return ipc_new(fds[0], &handlers, NULL);
}

static void check_requests(struct ipc *ipc)
{
	said[0] = '\0';
	rows = ends = 0;
	request(ipc, 3, "{\"command\":\"hello\",\"name\":\"you\"}");
	AWAIT(ends == 1);
	assert_string_equal(said, "3 head '' {\"hello\":\"you\"}\n3 end ''\n");
	said[0] = '\0';
	request(ipc, 4, "{\"command\":\"rows\"}");
	AWAIT(ends == 2 && strstr(said, "finished"));
	assert_int_equal(rows, ROWS);
	assert_non_null(strstr(said, "4 end ''\n"));
	said[0] = '\0';
	request(ipc, 5, "{\"command\":\"wait\"}");
	AWAIT(strstr(said, "5 head"));
	cancel(ipc, 5);
	AWAIT(strstr(said, "finished"));
	assert_int_equal(rows, ROWS);
	said[0] = '\0';
}

/* As every daemon does: on_start() has noted more events than it sends in one step. */
static void asks_history(struct ipc *ipc)
{
	rows = ends = 0;
	request(ipc, 6, "{\"command\":\"history\"}");
	AWAIT(ends == 1);
	assert_int_equal(rows, EVENTS);
	assert_string_equal(said, "6 head 'events' {}\n6 end ''\n");
	said[0] = '\0';
	rows = ends = 0;
	request(ipc, 7, "{\"command\":\"history\",\"prefix\":\"10.0.0.0/8\"}");
	AWAIT(ends == 1);
	assert_int_equal(rows, 1);
	said[0] = '\0';
	rows = ends = 0;
	request(ipc, 8, "{\"command\":\"history\",\"prefix\":\"10.0.0.0/33\"}");
	AWAIT(ends == 1);
	assert_int_equal(rows, 0);
	assert_string_equal(said, "8 end 'prefix: not a prefix'\n");
	said[0] = '\0';
}

/* What is followed; none of it is asked for in vain. */
static void asks_debug(struct ipc *ipc)
{
	static const struct {
		const char *json, *error;
	} asked[] = {
		{"{\"command\":\"debug\"}", "which prefix, neighbor or tunnel?"},
		{"{\"command\":\"debug\",\"prefix\":\"10.0.0.0/8\",\"minutes\":\"0\"}",
		 "minutes: 1 to 1440"},
		{"{\"command\":\"debug\",\"prefix\":\"10.0.0.0/8\",\"minutes\":\"1441\"}",
		 "minutes: 1 to 1440"},
		{"{\"command\":\"debug\",\"prefix\":\"10.0.0.0/8\",\"minutes\":\"1440\"}", ""},
		{"{\"command\":\"debug\",\"prefix\":\"10.0.0.0/8\",\"minutes\":1441}",
		 "minutes: 1 to 1440"},
		{"{\"command\":\"debug\",\"prefix\":\"10.0.0.0/8\",\"minutes\":\"x\"}",
		 "minutes: 1 to 1440"},
		{"{\"command\":\"debug\",\"peer\":\"site-a\"}", ""},
	};
	static const char no_prefix[] =
		"{\"command\":\"debug\",\"peer\":\"site-a\",\"prefix\":\"10.0.0.0/x\"}";
	char want[128];

	ends = 0;
	request(ipc, 7, no_prefix);
	AWAIT(ends == 1);
	assert_string_equal(said, "7 end 'prefix: not a prefix'\n");

	for (uint32_t i = 0; i < ARRAY_SIZE(asked); i++) {
		said[0] = '\0';
		ends = 0;
		request(ipc, i, asked[i].json);
		AWAIT(ends == 1);
		snprintf(want, sizeof(want), "%u head '' {}\n%u end '%s'\n", i, i, asked[i].error);
		assert_string_equal(said, want);
	}
	rows = ends = 0;
	request(ipc, 8, "{\"command\":\"debugs\"}");
	AWAIT(ends == 1);
	assert_int_equal(rows, 2);
	request(ipc, 9, "{\"command\":\"debug-off\"}");
	AWAIT(ends == 2);
	rows = ends = 0;
	request(ipc, 10, "{\"command\":\"debugs\"}");
	AWAIT(ends == 1);
	assert_int_equal(rows, 0);
	said[0] = '\0';
}

static void test_requests(void **state)
{
	struct ipc *clients[2];
	int fds[2];
	char byte;

	start_whole();
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	check_requests(control);
	for (int i = 0; i < 2; i++)
		clients[i] = open_client();
	ipc_send_fd(clients[0], MSG_ROUTES, 0, "x", 1, fds[1]); /* not for it */
	check_requests(clients[1]);
	check_requests(clients[0]);
	asks_history(clients[1]);
	asks_debug(clients[1]);
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 0); /* nor what came with it */
	ends = 0;
	request(clients[0], 6, "{\"command\":\"wait\"}");
	AWAIT(strstr(said, "6 head"));
	ipc_free(clients[0]); /* it went away: its requests end */
	AWAIT(strstr(said, "finished"));
	assert_false(closed);
	check_requests(clients[1]);
	assert_int_equal(hang_up(), 0); /* with a client that is still there */
	ipc_free(clients[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configurations),
		cmocka_unit_test(test_what_comes_with_a_descriptor),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_sandbox),
		cmocka_unit_test(test_what_is_left_out),
		cmocka_unit_test(test_broken_parent),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_trims),
		cmocka_unit_test(test_too_many_events),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_requests),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
