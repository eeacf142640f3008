/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs: what each process keeps on machines that grant more and less: testdata/privs.golden. The
 * machine is played; each block runs in a process of its own, which says what the machine is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "golden.h"
#include "log.h"
#include "privs.h"
#include "sandbox.h"

#define TEXT_BYTES 65536

static char *text;	  /* what was asked; shared with the processes that do */
static char machine[512]; /* words of @machine */
static uint64_t effective, permitted, bounding, inheritable;
static unsigned lookups; /* of users */
static bool started;	 /* a daemon drops what the parent kept */

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void say(const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + len, TEXT_BYTES - len, fmt, ap);
	va_end(ap);
}

/* WORD=VALUE of the machine; "" when it is not there. */
static const char *machine_word(const char *word)
{
	static char value[256];
	char *found = xasprintf(" %s=", word), *at = strstr(machine, found);

	value[0] = '\0';
	if (at)
		sscanf(at + strlen(found), "%255s", value);
	free(found);
	return value;
}

static bool refuses(const char *what)
{
	return strstr(machine_word("refuses"), what) ||
	       (started && strstr(machine_word("later"), what));
}

static int answer(const char *what)
{
	errno = EPERM;
	return refuses(what) ? -1 : 0;
}

static void say_caps(const char *name, uint64_t caps)
{
	say(" %s=", name);
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (caps & 1ULL << cap) {
			say("%s%s", text[strlen(text) - 1] == '=' ? "" : ",",
			    capng_capability_to_name(cap));
			caps &= ~(1ULL << cap);
		}
}

/* ---- the machine */

#define WRAP(type, name, ...)         \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(struct passwd *, getpwnam, const char *name)
{
	static struct passwd user = {.pw_uid = 7, .pw_gid = 8};
	static struct passwd nobody = {.pw_uid = 65, .pw_gid = 66};

	assert_string_equal(name, lookups ? "nobody" : WGBGP_USER);
	return lookups++ ? (refuses("nobody") ? NULL : &nobody) : refuses("user") ? NULL : &user;
}

WRAP(uid_t, geteuid, void)
{
	return (uid_t)atoi(machine_word("uid"));
}

WRAP(gid_t, getegid, void)
{
	return (gid_t)atoi(machine_word("uid")) + 1;
}

WRAP(int, setgroups, size_t n, const gid_t *list)
{
	say("groups: %zu\n", n);
	return answer("setgroups");
}

WRAP(int, setresgid, gid_t r, gid_t e, gid_t s)
{
	say("group %u %u %u\n", r, e, s);
	return answer("setgid");
}

WRAP(int, setresuid, uid_t r, uid_t e, uid_t s)
{
	say("user %u %u %u\n", r, e, s);
	return answer("setuid");
}

WRAP(int, setfsuid, uid_t uid)
{
	say("looks as user %u\n", uid);
	return 0;
}

WRAP(int, setfsgid, gid_t gid)
{
	say("looks as group %u\n", gid);
	return 0;
}

WRAP(int, capng_get_caps_process, void)
{
	return 0;
}

WRAP(int, capng_have_capability, capng_type_t which, unsigned cap)
{
	const char *caps = machine_word("caps"), *name = capng_capability_to_name(cap), *at;

	assert_int_equal(which, CAPNG_EFFECTIVE);
	at = strstr(caps, name);
	return strncmp(caps, "all", 3) == 0 ? !at : at != NULL;
}

WRAP(void, capng_clear, capng_select_t set)
{
	assert_int_equal(set, CAPNG_SELECT_BOTH);
	effective = permitted = bounding = inheritable = 0;
}

WRAP(int, capng_update, capng_act_t act, capng_type_t types, unsigned cap)
{
	assert_int_equal(act, CAPNG_ADD);
	effective |= types & CAPNG_EFFECTIVE ? 1ULL << cap : 0;
	permitted |= types & CAPNG_PERMITTED ? 1ULL << cap : 0;
	bounding |= types & CAPNG_BOUNDING_SET ? 1ULL << cap : 0;
	inheritable |= types & CAPNG_INHERITABLE ? 1ULL << cap : 0;
	return answer("update");
}

WRAP(int, capng_apply, capng_select_t set)
{
	if (set == CAPNG_SELECT_BOUNDS) {
		say_caps("bounds", bounding);
		say("\n");
		return answer("bounds");
	}
	assert_int_equal(set, CAPNG_SELECT_CAPS);
	say_caps("effective", effective);
	if (permitted != effective)
		say_caps("permitted", permitted);
	if (inheritable)
		say_caps("inheritable", inheritable);
	say("\n");
	return answer(inheritable ? "inherit" : "caps");
}

int __real_prctl(int option, unsigned long a, unsigned long b);

WRAP(int, prctl, int option, unsigned long a, unsigned long b)
{
	if (option == PR_SET_NO_NEW_PRIVS) {
		say("no new privileges %lu\n", a);
		return answer("no-new-privs");
	}
	if (option != PR_CAP_AMBIENT)
		return __real_prctl(option, a, b); /* testing.c's */
	if (a == PR_CAP_AMBIENT_CLEAR_ALL)
		say("ambient none\n");
	else
		say("ambient %s %s\n", a == PR_CAP_AMBIENT_RAISE ? "raise" : "lower",
		    capng_capability_to_name((unsigned)b));
	return answer("ambient");
}

WRAP(unsigned, sandbox_enter, enum sandbox_profile profile, const char *rundir, unsigned with)
{
	say("sandbox %s \"%s\" %u\n", profile == SANDBOX_BGPD ? "bgpd" : "other", rundir, with);
	return (unsigned)atoi(machine_word("sandbox"));
}

WRAP(int, sched_setscheduler, pid_t pid, int policy, const struct sched_param *param)
{
	say("scheduler of %d: %s %d\n", pid, policy == SCHED_RR ? "rr" : "other",
	    param->sched_priority);
	return answer("realtime");
}

WRAP(int, getpriority, int which, id_t who)
{
	assert_int_equal(which, PRIO_PROCESS);
	assert_int_equal(who, 0);
	return 3;
}

WRAP(int, setpriority, int which, id_t who, int nice)
{
	assert_int_equal(which, PRIO_PROCESS);
	say("nice of %u: %d\n", who, nice);
	return answer("nice");
}

WRAP(int, setrlimit, int what, const struct rlimit *limit)
{
	assert_int_equal(what, RLIMIT_RTTIME);
	say("time without a pause %llu %llu us\n", (unsigned long long)limit->rlim_cur,
	    (unsigned long long)limit->rlim_max);
	return 0;
}

/* What is lost is said in words that the golden file does not repeat. */
WRAP(void, log_event, enum log_level level, const char *event, const char *fmt, ...)
{
	char line[512], *end;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	end = strstr(line, "=\"");
	if (end)
		*end = '\0';
	if (strncmp(line, "user=" WGBGP_USER, strlen("user=" WGBGP_USER)) == 0)
		say("! user=WGBGP%s\n", line + strlen("user=" WGBGP_USER));
	else
		say("! %s\n", line);
}

_Noreturn WRAP(void, fatal_at, const char *func, const char *fmt, ...)
{
	va_list ap;
	char line[256];

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say("fatal: %s\n", line);
	_exit(0);
}

/* ---- blocks */

static void drop(const char *name)
{
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (str_eq(daemon_name(id), name)) {
			privs_init();
			text[0] = '\0';
			started = true;
			privs_drop(id);
			say("may run\n");
		}
}

static void init(void)
{
	json_t *row, *missing;
	size_t i;
	int err;

	if (!freopen("/dev/null", "we", stderr))
		abort();
	err = privs_init();
	say("%s\n", err ? strerror(-err) : "fine");
	say("user kept: %s\n", privs_keep_user() ? "yes" : "no");
	missing = privs_missing();
	json_array_foreach (missing, i, row)
		say("missing %s: %s\n", json_string_value(json_object_get(row, "capability")),
		    json_string_value(json_object_get(row, "lost")));
	json_decref(missing);
}

static void look(void)
{
	privs_init();
	text[0] = '\0';
	privs_look_as_user(true);
	privs_look_as_user(false);
}

static bool block(FILE *out, const char *head, const char *body)
{
	int status;
	pid_t pid;

	if (sscanf(head, "machine %[^\n]", machine + 1) == 1) {
		machine[0] = ' ';
		return false;
	}
	text[0] = '\0';
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (strncmp(head, "drop ", 5) == 0)
			drop(head + 5);
		else if (str_eq(head, "look"))
			look();
		else
			init();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fputs(text, out);
	return true;
}

static void begin(void)
{
	machine[0] = '\0';
}

static void test_machines(void **state)
{
	static const struct golden_play play = {begin, block};

	golden_run("wgbgpd/testdata/privs.golden", &play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_machines)};

	text = mmap(NULL, TEXT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
