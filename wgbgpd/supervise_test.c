/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * supervise: stubs as daemons, what is said of them, and when they are started again. Timers run a
 * hundred times as fast; the clock can be moved, and run as fast.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "privs.h"
#include "process.h"
#include "supervise.h"
#include "testing.h"
#include "util.h"

static char dir[] = "/tmp/supervise_test.XXXXXX";
static char events[8192];	   /* what the handlers were told: "+wgd -wgd ?wgd ." */
static char delays[8192];	   /* of timers, ms, as they were started */
static uint64_t skew_ms, rate = 1; /* of the clock */
static unsigned haste = 100;	   /* of timers */
static int lock = -1;

/* ---- time */

static const struct timer *last, *ticks; /* the one that was started; that of all seconds */

uint64_t __real_now_ms(void);
uint64_t __wrap_now_ms(void);
void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);

uint64_t __wrap_now_ms(void)
{
	return __real_now_ms() * rate + skew_ms;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	last = t;
	if (t != ticks)
		snprintf(delays + strlen(delays), sizeof(delays) - strlen(delays), "%llu ",
			 (unsigned long long)ms);
	__real_timer_start(t, ms == 5000 ? 1000 : ms / haste); /* an end takes real time */
}

/* ---- the parent */

static void say(char mark, enum daemon_id id)
{
	snprintf(events + strlen(events), sizeof(events) - strlen(events), "%c%s ", mark,
		 daemon_name(id));
}

static void on_started(enum daemon_id id)
{
	say('+', id);
}

static void on_gone(enum daemon_id id)
{
	say('-', id);
}

static void on_silent(enum daemon_id id)
{
	say('?', id);
}

static void on_frame(enum daemon_id id, const struct ipc_frame *frame)
{
	if (frame->fd >= 0)
		close(frame->fd);
	say('=', id);
}

static void on_drained(void)
{
	strcat(events, ". ");
}

static const struct supervise_handlers handlers = {on_started, on_gone, on_frame, on_silent,
						   on_drained};

static void turn(void)
{
	struct timeval tv = {.tv_usec = 5000};

	event_base_loopexit(loop_base(), &tv);
	event_base_loop(loop_base(), EVLOOP_ONCE);
}

#define AWAIT(cond)                                                                           \
	do {                                                                                  \
		for (uint64_t until_ = __real_now_ms() + test_patience_ms(); !(cond); turn()) \
			if (__real_now_ms() > until_)                                         \
				fail_msg("line %d: never: %s: %s", __LINE__, #cond, events);  \
	} while (0)

static const char *cell(enum daemon_id id, const char *member)
{
	static char text[128];
	json_t *row = supervise_status(id);
	char *value = json_dumps(json_object_get(row, member), JSON_ENCODE_ANY);

	str_copy(text, value, sizeof(text));
	free(value);
	json_decref(row);
	return text;
}

static pid_t pid_of(enum daemon_id id)
{
	return (pid_t)atoi(cell(id, "pid"));
}

static char *read_log(void)
{
	static char text[1 << 16];
	char *path = xasprintf("%s/log/all", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
	free(path);
	return text;
}

/* It has begun: it answers. */
static void await(enum daemon_id id)
{
	char mark[32];

	events[0] = '\0';
	snprintf(mark, sizeof(mark), "=%s ", daemon_name(id));
	ipc_send(supervise_control(id), MSG_CONFIG_PRUNE, 0, NULL, 0);
	AWAIT(strstr(events, mark));
}

static void ping_all(void)
{
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (supervise_control(id))
			ipc_send(supervise_control(id), MSG_CONFIG_PRUNE, 0, NULL, 0);
}

/* ---- tests */

static void test_beginning(void **state)
{
	assert_string_equal(events, "+wgd +zebra-lite +bgpd +bfdd ");
	for (int id = 0; id < DAEMON_COUNT; id++) {
		char name[32];

		snprintf(name, sizeof(name), "\"%s\"", daemon_name(id));
		assert_string_equal(cell(id, "name"), name);
		assert_int_equal(kill(pid_of(id), 0), 0);
		assert_string_equal(cell(id, "state"), "\"starting\"");
		assert_string_equal(cell(id, "uptime-seconds"), "0");
		assert_string_equal(cell(id, "restarts"), "0");
		assert_string_equal(cell(id, "last-exit"), "null");
		assert_false(supervise_silent(id));
	}
	skew_ms += 4100;
	assert_string_equal(cell(DAEMON_BGPD, "uptime-seconds"), "4");
	skew_ms += 1000;
	assert_string_equal(cell(DAEMON_BGPD, "uptime-seconds"), "5");
	events[0] = '\0';
	ping_all(); /* each answers by its own channel */
	AWAIT(strlen(events) == strlen("=wgd =zebra-lite =bgpd =bfdd "));
	for (int id = 0; id < DAEMON_COUNT; id++)
		assert_non_null(strstr(events, daemon_name(id)));
	skew_ms += 999000 - 5100; /* whole seconds */
	assert_string_equal(cell(DAEMON_BGPD, "uptime-seconds"), "999");
}

/* Two that talk to each other get a channel when both have their configuration. */
static void test_channels(void **state)
{
	supervise_configured(DAEMON_ZEBRA);
	assert_string_equal(cell(DAEMON_ZEBRA, "state"), "\"running\"");
	assert_string_equal(cell(DAEMON_WGD, "state"), "\"starting\"");
	supervise_configured(DAEMON_BFDD);
	ping_all();
	AWAIT(strstr(read_log(), "bfdd prune"));
	assert_null(strstr(read_log(), "channel"));
	supervise_configured(DAEMON_WGD);
	AWAIT(strstr(read_log(), "wgd channel zebra-lite\n") &&
	      strstr(read_log(), "wgd channel bfdd\n") &&
	      strstr(read_log(), "zebra-lite channel wgd\n") &&
	      strstr(read_log(), "bfdd channel wgd\n"));
	assert_null(strstr(read_log(), "bgpd channel"));
	supervise_configured(DAEMON_BGPD);
	AWAIT(strstr(read_log(), "zebra-lite channel bgpd\n") &&
	      strstr(read_log(), "bgpd channel zebra-lite\n"));
	for (int id = 0; id < DAEMON_COUNT; id++) /* once */
		supervise_configured(id);
	ping_all();
	AWAIT(strstr(strstr(read_log(), "wgd channel zebra"), "wgd prune"));
	assert_null(strstr(strstr(read_log(), "wgd channel zebra") + 5, "wgd channel zebra"));
	/* A new one gets new ones, and only what it needs. */
	kill(pid_of(DAEMON_BGPD), SIGKILL);
	/* Another may answer in between. */
	AWAIT(strstr(events, "-bgpd ") && strstr(strstr(events, "-bgpd "), "+bgpd"));
	assert_string_equal(cell(DAEMON_BGPD, "state"), "\"starting\"");
	supervise_configured(DAEMON_BGPD);
	AWAIT(strstr(strstr(read_log(), "bgpd channel zebra-lite") + 5, "bgpd channel zebra-lite"));
	assert_null(strstr(strstr(read_log(), "wgd channel zebra") + 5, "wgd channel zebra"));
}

/* bgpd dies; returns the delay that follows, in ms. */
static int die(int sig)
{
	pid_t pid = pid_of(DAEMON_BGPD);
	int delay;

	await(DAEMON_BGPD);
	events[0] = '\0';
	delays[0] = '\0';
	kill(pid, sig);
	AWAIT(strstr(events, "-bgpd"));
	AWAIT(strchr(delays, ' ') != strrchr(delays, ' ') || delays[0] != '5');
	delay = atoi(delays + (delays[0] == '5' ? strlen("5000 ") : 0));
	AWAIT(strstr(events, "+bgpd"));
	assert_true(pid_of(DAEMON_BGPD) != pid);
	return delay;
}

/* Twenty in a minute are back at once, or nearly; from then on it takes 1, 2, 4 .. 30 s, until one
 * has lived for a minute. */
static void test_back_off(void **state)
{
	static const int slow[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};

	for (int i = 0; i < 20; i++) {
		int sig = i % 2 ? SIGKILL : SIGTERM;

		assert_int_equal(die(sig), i < 3 ? i * 100 : 300);
		assert_string_equal(cell(DAEMON_BGPD, "last-exit"),
				    i % 2 ? "\"signal 9 (Killed)\"" : "\"status 0\"");
		assert_int_equal(atoi(cell(DAEMON_BGPD, "restarts")), i + 1);
		assert_string_equal(cell(DAEMON_WGD, "restarts"), "0");
	}
	for (unsigned i = 0; i < ARRAY_SIZE(slow); i++) {
		assert_int_equal(die(SIGKILL), slow[i]);
		skew_ms += i == 4 ? 50000 : 0; /* few in this minute, and no healthy one yet */
	}
	skew_ms += 60000;
	for (int i = 0; i < 3; i++)
		assert_int_equal(die(SIGKILL), i * 100);
}

/* One each four seconds, for minutes: that is no loop. */
static void test_deaths_now_and_then(void **state)
{
	for (int i = 0; i < 40; i++) {
		assert_in_range(die(SIGKILL), 0, 300);
		skew_ms += 4000;
	}
}

static void test_while_it_waits(void **state)
{
	kill(pid_of(DAEMON_WGD), SIGKILL);
	AWAIT(strstr(events, "-wgd +wgd"));
	events[0] = '\0';
	kill(pid_of(DAEMON_WGD), SIGKILL);
	AWAIT(strstr(events, "-wgd"));
	while (!str_eq(cell(DAEMON_WGD, "pid"), "null") && !strstr(events, "+wgd"))
		turn();
	if (!strstr(events, "+wgd")) { /* else it was quicker */
		assert_string_equal(cell(DAEMON_WGD, "state"), "\"waiting\"");
		assert_string_equal(cell(DAEMON_WGD, "uptime-seconds"), "null");
		assert_null(supervise_control(DAEMON_WGD));
		supervise_kill(DAEMON_WGD, "nobody");
	}
	AWAIT(strstr(events, "+wgd"));
}

static void test_silence(void **state)
{
	pid_t pid = pid_of(DAEMON_ZEBRA);
	unsigned heard = 0, seconds = 0;
	int n = 0;

	supervise_configured(DAEMON_ZEBRA);
	await(DAEMON_ZEBRA);
	rate = haste = 20; /* so long may a stub take */
	kill(pid, SIGSTOP);
	AWAIT(strstr(events, "?zebra-lite"));
	assert_true(supervise_silent(DAEMON_ZEBRA));
	assert_string_equal(cell(DAEMON_ZEBRA, "state"), "\"silent\"");
	assert_true(sscanf(supervise_silence(DAEMON_ZEBRA),
			   "zebra-lite has not answered for %u s %n", &seconds, &n) == 1);
	assert_in_range(seconds, 3, 10);
	assert_string_equal(supervise_silence(DAEMON_ZEBRA) + n,
			    "(it will be replaced if that goes on)");
	kill(pid, SIGCONT); /* it comes back, and is the same */
	AWAIT(!supervise_silent(DAEMON_ZEBRA));
	assert_string_equal(cell(DAEMON_ZEBRA, "state"), "\"running\"");
	assert_int_equal(pid_of(DAEMON_ZEBRA), pid);
	events[0] = '\0';
	kill(pid, SIGSTOP);
	AWAIT(strstr(events, "-zebra-lite +zebra-lite"));
	assert_false(supervise_silent(DAEMON_ZEBRA)); /* the new one has not been asked yet */
	assert_string_equal(cell(DAEMON_ZEBRA, "state"), "\"starting\"");
	assert_string_equal(cell(DAEMON_ZEBRA, "last-exit"), "\"hung, was killed\"");
	for (char *at = events; (at = strstr(at, "?zebra-lite")); at++)
		heard++;
	assert_in_range(heard, 5, 12); /* from the third second to the eleventh, each */
	events[0] = '\0';
	kill(pid_of(DAEMON_ZEBRA), SIGKILL); /* and not once more for the last one's */
	AWAIT(strstr(events, "-zebra-lite +zebra-lite"));
	assert_string_equal(cell(DAEMON_ZEBRA, "last-exit"), "\"signal 9 (Killed)\"");
	assert_null(strstr(events, "?"));
}

/* Who hangs up is gone at once for all others, and is killed when it does not end. */
static void test_hangs_up(void **state)
{
	static const char config[] =
		"{\"wireguard\": {\"interface\": [{\"description\": \"deaf bgpd\"}]}}";
	pid_t pid = pid_of(DAEMON_BGPD);

	await(DAEMON_BGPD);
	supervise_configured(DAEMON_BGPD);
	events[0] = '\0';
	delays[0] = '\0';
	ipc_send(supervise_control(DAEMON_BGPD), MSG_CONFIG_APPLY, 1, config, strlen(config));
	AWAIT(strstr(events, "-bgpd"));
	assert_string_equal(delays, "5000 ");
	assert_int_equal(pid_of(DAEMON_BGPD), pid);
	assert_null(supervise_control(DAEMON_BGPD));
	assert_string_equal(cell(DAEMON_BGPD, "state"), "\"waiting\"");
	assert_string_equal(cell(DAEMON_BGPD, "restarts"), "0");
	AWAIT(strstr(events, "-bgpd +bgpd"));
	assert_string_equal(cell(DAEMON_BGPD, "state"), "\"starting\"");
	assert_string_equal(cell(DAEMON_BGPD, "last-exit"), "\"signal 9 (Killed)\"");
	assert_string_equal(delays, "5000 0 ");
}

static void test_killed(void **state)
{
	pid_t pid = pid_of(DAEMON_WGD);

	supervise_kill(DAEMON_WGD, "for the test");
	AWAIT(strstr(events, "-wgd +wgd"));
	assert_true(pid_of(DAEMON_WGD) != pid);
	assert_string_equal(cell(DAEMON_WGD, "last-exit"), "\"signal 9 (Killed)\"");
}

/* What is found where bgpd's program was. */
static void put_program(const char *target)
{
	char *path = xasprintf("%s/libexec/bgpd", dir);

	unlink(path);
	if (target)
		assert_int_equal(symlink(target, path), 0);
	free(path);
}

/* It comes back as what it was. */
static void check_back(void)
{
	await(DAEMON_BGPD);
	supervise_kill(DAEMON_BGPD, "for the test");
	AWAIT(strstr(events, "-bgpd +bgpd "));
	events[0] = '\0';
	ipc_send(supervise_control(DAEMON_BGPD), MSG_CONFIG_PRUNE, 0, NULL, 0);
	AWAIT(strstr(events, "=bgpd ") || strstr(events, "-bgpd "));
	assert_null(strstr(events, "-bgpd "));
}

/* Behind an upgrade, before the restart: what dies is of the same version when it is back. */
static void test_upgraded(void **state)
{
	put_program("/bin/false");
	check_back();
	put_program(NULL);
	check_back();
}

static pid_t make_twin(void)
{
	static const char config[] =
		"{\"wireguard\": {\"interface\": [{\"description\": \"twin bgpd\"}]}}";
	static const char mark[] = "bgpd twin ";
	const char *at = read_log();
	unsigned before = 0, n;

	for (; (at = strstr(at, mark)); at++)
		before++;
	ipc_send(supervise_control(DAEMON_BGPD), MSG_CONFIG_APPLY, 1, config, strlen(config));
	await(DAEMON_BGPD);
	for (at = read_log(), n = 0; (at = strstr(at, mark)) && n < before; at++)
		n++;
	assert_non_null(at);
	return (pid_t)atoi(at + strlen(mark));
}

static bool is_gone(pid_t pid)
{
	char state = process_state(pid);

	return !state || state == 'Z'; /* whoever is to wait for it */
}

/* What a daemon has started does not outlive it, however it ends. */
static void test_twins(void **state)
{
	pid_t twin = make_twin();

	assert_false(is_gone(twin));
	kill(pid_of(DAEMON_BGPD), SIGKILL);
	AWAIT(strstr(events, "-bgpd +bgpd"));
	AWAIT(is_gone(twin));
	twin = make_twin();
	kill(pid_of(DAEMON_BGPD), SIGTERM);
	AWAIT(strstr(events, "-bgpd +bgpd"));
	AWAIT(is_gone(twin));
	twin = make_twin();
	supervise_kill(DAEMON_BGPD, "for the test");
	AWAIT(strstr(events, "-bgpd +bgpd"));
	AWAIT(is_gone(twin));
	assert_string_equal(cell(DAEMON_WGD, "restarts"), "0");
}

/* All end by themselves, but for one that does not: it is killed. None comes back. */
static void test_end(void **state)
{
	for (int id = 0; id < DAEMON_COUNT; id++)
		await(id);
	kill(pid_of(DAEMON_BFDD), SIGSTOP);
	events[0] = '\0';
	delays[0] = '\0';
	supervise_stop();
	assert_string_equal(events, "-wgd -zebra-lite -bgpd -bfdd ");
	assert_string_equal(delays, "5000 5000 5000 5000 ");
	for (int id = 0; id < DAEMON_COUNT; id++)
		assert_null(supervise_control(id));
	AWAIT(strstr(events, ". "));
	for (int i = 0; i < 5; i++)
		turn();
	assert_string_equal(events, "-wgd -zebra-lite -bgpd -bfdd . ");
	for (int id = 0; id < DAEMON_COUNT; id++) {
		assert_string_equal(cell(id, "pid"), "null");
		assert_string_equal(cell(id, "restarts"), "0");
	}
	assert_string_equal(cell(DAEMON_BFDD, "last-exit"), "\"signal 9 (Killed)\"");
	assert_string_equal(cell(DAEMON_WGD, "last-exit"), "\"status 0\"");
}

static int loop_events(void)
{
	return event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED);
}

/* In the end nothing of it is left in the loop but channels, though one daemon waits for its start
 * and one for its end. */
static void test_freed(void **state)
{
	static const char config[] =
		"{\"wireguard\": {\"interface\": [{\"description\": \"deaf zebra-lite\"}]}}";
	int before;

	for (int id = 0; id < DAEMON_COUNT; id++)
		await(id);
	kill(pid_of(DAEMON_BGPD), SIGKILL);
	AWAIT(strstr(events, "-bgpd +bgpd"));
	haste = 1;
	events[0] = '\0';
	kill(pid_of(DAEMON_BGPD), SIGKILL);
	ipc_send(supervise_control(DAEMON_ZEBRA), MSG_CONFIG_APPLY, 1, config, strlen(config));
	AWAIT(strstr(events, "-bgpd ") && strstr(events, "-zebra-lite ") &&
	      str_eq(cell(DAEMON_BGPD, "pid"), "null"));
	assert_null(strstr(events, "+"));
	assert_null(supervise_control(DAEMON_ZEBRA));
	before = loop_events();
	supervise_free();
	assert_int_equal(before - loop_events(), 4); /* all seconds, signals, the start, the end */
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (id != DAEMON_BGPD) {
			kill(pid_of(id), SIGKILL);
			assert_int_equal(waitpid(pid_of(id), NULL, 0), pid_of(id));
		}
	supervise_stop();
	strcat(events, ". "); /* nobody else says so any more */
}

/* Every daemon has the lock, and the control channel, and nothing else. */
static void check_descriptors(void)
{
	for (int id = 0; id < DAEMON_COUNT; id++) {
		bool locked = false;

		await(id);
		for (int fd = 0; fd < 64; fd++) {
			char path[64], target[256];
			ssize_t n;

			snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid_of(id), fd);
			n = readlink(path, target, sizeof(target) - 1);
			target[n > 0 ? n : 0] = '\0';
			locked |= fd == 4 && strstr(target, "/lock");
			if (fd > 4)
				assert_null(strstr(target, "/lock"));
		}
		assert_true(locked);
	}
}

static void test_descriptors(void **state)
{
	check_descriptors();
}

static void make_lock(void);

/* Who may not change users has bgpd and bfdd keep his, as wgbgpd would; root goes on reading /proc.
 */
static int become_parent(void)
{
	return geteuid() == 0 ? 0 : privs_init();
}

/* However low the numbers that are free: here those of the channel and the lock, and lower ones. */
static void test_low_descriptors(void **state)
{
	assert_int_equal(become_parent(), 0);
	while (open("/dev/null", O_RDONLY | O_CLOEXEC) < 10)
		;
	make_lock();
	loop_base();
	fflush(NULL);
	for (int fd = 0; fd < 5; fd++)
		if (fd != STDERR_FILENO)
			close(fd);
	supervise_start(dir, lock, &handlers);
	ticks = last;
	check_descriptors();
}

static void test_programs(void **state)
{
	char path[256], *want = xasprintf("%s/wgd", dir), *deep = xasprintf("%s/wgd/wgd", dir);

	setenv("WGBGP_LIBEXECDIR", dir, 1);
	supervise_program(DAEMON_WGD, path, sizeof(path));
	assert_string_equal(path, want);
	mkdir(want, 0755);
	supervise_program(DAEMON_WGD, path, sizeof(path));
	assert_string_equal(path, deep);
	rmdir(want);
	setenv("WGBGP_LIBEXECDIR", "", 1);
	supervise_program(DAEMON_BGPD, path, sizeof(path));
	assert_string_equal(path, PKGLIBEXECDIR "/bgpd");
	unsetenv("WGBGP_LIBEXECDIR");
	supervise_program(DAEMON_BGPD, path, sizeof(path));
	assert_string_equal(path, PKGLIBEXECDIR "/bgpd");
	free(want);
	free(deep);
}

static void make_lock(void)
{
	char *path = xasprintf("%s/log/all", dir);

	unlink(path);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	chmod(path, 0666); /* two of them are another user's */
	free(path);
	path = xasprintf("%s/lock", dir);
	lock = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	free(path);
}

static int setup(void **state)
{
	if (become_parent() < 0)
		return -1;
	make_lock();
	supervise_start(dir, lock, &handlers);
	ticks = last;
	return 0;
}

static int teardown(void **state)
{
	if (!strstr(events, ". ")) {
		supervise_stop();
		AWAIT(strstr(events, ". "));
	}
	supervise_free();
	loop_free();
	close(lock);
	return 0;
}

static int teardown_upgraded(void **state)
{
	char *stub = realpath("wgbgpd/stub", NULL);

	put_program(stub);
	free(stub);
	return teardown(state);
}

static void make_directory(void)
{
	char *stub = realpath("wgbgpd/stub", NULL), *path;

	if (!stub || !mkdtemp(dir))
		exit(77);
	chmod(dir, 0755);
	path = xasprintf("%s/log", dir);
	mkdir(path, 0777);
	chmod(path, 0777);
	free(path);
	path = xasprintf("%s/libexec", dir);
	mkdir(path, 0755);
	setenv("WGBGP_LIBEXECDIR", path, 1);
	free(path);
	for (int id = 0; id < DAEMON_COUNT; id++) {
		path = xasprintf("%s/libexec/%s", dir, daemon_name(id));
		if (symlink(stub, path) < 0)
			exit(77);
		free(path);
	}
	free(stub);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_beginning),
		TEST(test_channels),
		TEST(test_back_off),
		TEST(test_deaths_now_and_then),
		TEST(test_silence),
		TEST(test_hangs_up),
		TEST(test_while_it_waits),
		TEST(test_killed),
		cmocka_unit_test_setup_teardown(test_upgraded, setup, teardown_upgraded),
		TEST(test_twins),
		TEST(test_end),
		TEST(test_descriptors),
		TEST(test_freed),
		cmocka_unit_test_teardown(test_low_descriptors, teardown),
		cmocka_unit_test(test_programs),
	};
	char *command;
	int failed;

	signal(SIGPIPE, SIG_IGN);
	make_directory();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	command = xasprintf("rm -rf %s", dir);
	if (system(command) != 0)
		failed++;
	free(command);
	return failed;
}
