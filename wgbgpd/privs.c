/* SPDX-License-Identifier: BSD-2-Clause */
#include "privs.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "sandbox.h"

#define NOBODY 65534
#define PRIORITY 10	   /* of real time: above none, below the kernel's own */
#define NICE -10	   /* where that is refused */
#define NICE_ROUTES 5	   /* below the parent: what writes routes */
#define ENDLESS_US 2000000 /* running so long without a pause is a fault: it is killed */

#define BIT(cap) (1ULL << (cap))

static uid_t user = NOBODY;
static gid_t group = NOBODY;
static uint64_t have;	/* of parents[].cap at the start */
static bool keeps_user; /* bgpd and bfdd do */

/* What the parent keeps, and why a lack is said; lost NULL: it is not. */
static const struct {
	unsigned cap;
	const char *lost;
} parents[] = {
	{CAP_NET_ADMIN, "interfaces, addresses, routes and AllowedIPs cannot be changed"},
	{CAP_NET_RAW, "no ICMP echo probes, no ICMP errors of the underlay, no drill"},
	{CAP_NET_BIND_SERVICE,
	 "no listening at ports below 1024: BGP sessions come up where the neighbor listens"},
	{CAP_SETUID, "bgpd and bfdd keep this user, in a sandbox"},
	{CAP_SETGID, NULL},  /* comes and goes with the other */
	{CAP_SETPCAP, NULL}, /* no_new_privs does the same for what children start */
	{CAP_KILL, "a bgpd or bfdd that hangs is not ended, being another user's"},
	{CAP_SYS_NICE, NULL},	     /* bfdd says what that costs */
	{CAP_IPC_LOCK, NULL},	     /* for keys; the limit of locked memory does, too */
	{CAP_DAC_READ_SEARCH, NULL}, /* a configuration or programs below somebody's home */
};

/* What a daemon keeps of that. */
static const struct {
	enum daemon_id id;
	unsigned cap;
} daemons[] = {
	{DAEMON_WGD, CAP_NET_ADMIN},
	{DAEMON_WGD, CAP_NET_RAW},
	{DAEMON_WGD, CAP_SYS_NICE}, /* to start a userspace WireGuard with: userspace.c */
	{DAEMON_ZEBRA, CAP_NET_ADMIN},
};

static bool has(unsigned cap)
{
	return have & BIT(cap);
}

static bool is_lost(size_t row)
{
	unsigned cap = parents[row].cap;

	if (!parents[row].lost || has(cap))
		return false;
	return cap != CAP_KILL || !keeps_user;
}

static int change_user(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 ||
	    setresuid(user, user, user) < 0)
		return -errno;
	return 0;
}

/* In a process of its own: what FN returns, at most 8 bits. */
static unsigned try_apart(unsigned (*fn)(void))
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit((int)fn());
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 0;
	return (unsigned)WEXITSTATUS(status);
}

static unsigned try_user(void)
{
	return change_user() == 0;
}

static unsigned try_sandbox(void)
{
	return sandbox_enter(SANDBOX_BGPD, "", SANDBOX_ALL);
}

static void look_up_user(void)
{
	const struct passwd *pw = getpwnam(WGBGP_USER);

	if (!pw && geteuid() == 0)
		log_warn("privileges",
			 "user=%s why=\"there is no such user: nobody is it instead\"", WGBGP_USER);
	if (!pw)
		pw = getpwnam("nobody");
	if (pw) {
		user = pw->pw_uid;
		group = pw->pw_gid;
	}
}

static void look_up_capabilities(void)
{
	capng_get_caps_process();
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		if (capng_have_capability(CAPNG_EFFECTIVE, parents[i].cap))
			have |= BIT(parents[i].cap);
}

static void say_missing(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		if (is_lost(i))
			log_warn("privileges", "capability=%s why=\"%s\"",
				 capng_capability_to_name(parents[i].cap), parents[i].lost);
	if (keeps_user && has(CAP_SETUID))
		log_warn("privileges",
			 "user=%u why=\"the system refuses that (a user namespace?): bgpd and bfdd "
			 "keep this user, in a sandbox\"",
			 (unsigned)geteuid());
}

json_t *privs_missing(void)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		if (is_lost(i))
			json_array_append_new(all,
					      json_pack("{s:s, s:s}", "capability",
							capng_capability_to_name(parents[i].cap),
							"lost", parents[i].lost));
	return all;
}

/* Only these, as far as they are there. Without CAP_SETPCAP the bounding set stays. */
static void keep_only(uint64_t caps)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		if (caps & have & BIT(parents[i].cap))
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     parents[i].cap);
}

static void drop_for_parent(void)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		caps |= BIT(parents[i].cap);
	keep_only(caps);
	if (has(CAP_SETPCAP) && capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		fatal("cannot reduce the bounding set");
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		fatal("cannot reduce capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("no_new_privs: %s", strerror(errno));
}

int privs_init(void)
{
	look_up_user();
	look_up_capabilities();
	keeps_user = !try_apart(try_user);
	if (keeps_user && !try_apart(try_sandbox)) {
		fprintf(stderr,
			"wgbgpd: bgpd and bfdd cannot change their user here, and neither seccomp "
			"nor Landlock can be had: they could read every key, so they are not "
			"started\n");
		return -EPERM;
	}
	say_missing();
	drop_for_parent();
	return 0;
}

bool privs_keep_user(void)
{
	return keeps_user;
}

void privs_look_as_user(bool on)
{
	if (keeps_user)
		return;
	setfsgid(on ? group : getegid());
	setfsuid(on ? user : geteuid());
}

/* bfdd has to be in time. It says itself what came of it. */
static void take_priority(void)
{
	struct sched_param param = {.sched_priority = PRIORITY};
	struct rlimit limit = {ENDLESS_US, ENDLESS_US};

	if (sched_setscheduler(0, SCHED_RR, &param) < 0 && setpriority(PRIO_PROCESS, 0, NICE) < 0)
		return;
	setrlimit(RLIMIT_RTTIME, &limit);
}

/* For zebra-lite's thread that writes routes; its loop goes back to the parent's. */
static void lower_nice(void)
{
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) - NICE_ROUTES);
}

/* Over exec() a user other than 0 keeps only what is ambient, for which it must be inheritable. */
static void keep_over_exec(uint64_t caps)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		unsigned cap = parents[i].cap;

		if (caps & have & BIT(cap) && geteuid() != 0 &&
		    (capng_update(CAPNG_ADD, CAPNG_INHERITABLE, cap) < 0 ||
		     capng_apply(CAPNG_SELECT_CAPS) < 0 ||
		     prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0))
			fatal("cannot keep %s", capng_capability_to_name(cap));
	}
}

void privs_drop(enum daemon_id id)
{
	uint64_t caps = 0;

	if (id == DAEMON_BFDD)
		take_priority();
	if (id == DAEMON_ZEBRA)
		lower_nice();
	for (size_t i = 0; i < ARRAY_SIZE(daemons); i++)
		if (daemons[i].id == id)
			caps |= BIT(daemons[i].cap);
	keep_only(caps);
	if (has(CAP_SETPCAP) && capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		fatal("cannot reduce the bounding set");
	if (!keeps_user && (id == DAEMON_BGPD || id == DAEMON_BFDD) && change_user() < 0)
		fatal("cannot become user %u: %s", (unsigned)user, strerror(errno));
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		fatal("cannot reduce capabilities");
	keep_over_exec(caps);
}
