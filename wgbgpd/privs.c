/* SPDX-License-Identifier: BSD-2-Clause */
#include "privs.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "log.h"

#define NOBODY 65534
#define PRIORITY 10	   /* of real time: above none, below the kernel's own */
#define NICE -10	   /* where that is refused */
#define NICE_ROUTES 5	   /* below the parent: what writes routes */
#define ENDLESS_US 2000000 /* running so long without a pause is a fault: it is killed */

static uid_t user = NOBODY;
static gid_t group = NOBODY;

void privs_init(void)
{
	const struct passwd *pw = getpwnam(WGBGP_USER);

	if (!pw && geteuid() == 0)
		log_warn("privileges", "user=%s missing=yes instead=nobody", WGBGP_USER);
	if (!pw)
		pw = getpwnam("nobody");
	if (pw) {
		user = pw->pw_uid;
		group = pw->pw_gid;
	}
}

void privs_look_as_user(bool on)
{
	if (geteuid() != 0)
		return;
	setfsgid(on ? group : getegid());
	setfsuid(on ? user : geteuid());
}

static void drop_user(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 ||
	    setresuid(user, user, user) < 0)
		fatal("cannot become user %u: %s", (unsigned)user, strerror(errno));
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

void privs_drop(enum daemon_id id)
{
	if (geteuid() != 0)
		return; /* a test; there is nothing to drop */
	if (id == DAEMON_BFDD)
		take_priority();
	if (id == DAEMON_ZEBRA)
		lower_nice();
	capng_clear(CAPNG_SELECT_BOTH);
	if (id == DAEMON_WGD || id == DAEMON_ZEBRA)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     CAP_NET_ADMIN);
	if (id == DAEMON_WGD)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     CAP_NET_RAW);
	if (id == DAEMON_WGD) /* to start a userspace WireGuard with: userspace.c */
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     CAP_SYS_NICE);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		fatal("cannot reduce the bounding set");
	if (id == DAEMON_BGPD || id == DAEMON_BFDD)
		drop_user();
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		fatal("cannot reduce capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("no_new_privs: %s", strerror(errno));
}
