/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h" /* clone()'s flags */

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "landlock.h"
#include "util.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define BGPD (1u << SANDBOX_BGPD)
#define BFDD (1u << SANDBOX_BFDD)
#define WEB (1u << SANDBOX_WEB)
#define FEW (BGPD | BFDD | WEB)
#define ZEBRA (1u << SANDBOX_ZEBRA)

#define CONDITIONS_MAX 2
#define REFUSE SCMP_ACT_ERRNO(EPERM)
#define INT 0xffffffffu /* the upper half of a register with an int says nothing */
#define THIS_PROCESS UINT64_MAX
#define NONE 0 /* of the bits */

#ifdef __s390__
#define CLONE_FLAGS_ARG 1
#else
#define CLONE_FLAGS_ARG 0
#endif

/* Of an argument: VALUE under MASK. */
struct condition {
	unsigned arg;
	uint64_t mask, value;
};

/* By name: the library resolves what there is on this machine and this version of it. */
struct rule {
	const char *call;
	unsigned profiles;
	struct condition when[CONDITIONS_MAX]; /* must all hold; behind the last one a mask of 0 */
};

/* What bgpd, bfdd and wgbgp-web may do, with any arguments. */
static const char *const allowed[] = {
	/* with descriptors that are there */
	"read", "readv", "write", "writev", "close", "lseek", "_llseek", "fstat", "fstat64", "poll",
	"ppoll", "ppoll_time64", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
	"epoll_pwait2", "eventfd2", "pipe2", "timerfd_create", "timerfd_settime",
	"timerfd_settime64",
	/* with sockets */
	"socketpair", "bind", "connect", "shutdown", "getsockname", "getpeername", "getsockopt",
	"setsockopt", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg",
	"recvmmsg", "recvmmsg_time64",
	/* memory */
	"brk", "mremap", "munmap", "madvise", "mlock", "munlock", "membarrier",
	/* time, chance, and itself */
	"clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64",
	"nanosleep", "gettimeofday", "time", "getrandom", "futex", "futex_time64", "getpid",
	"gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getpriority", "getrusage",
	"getrlimit", "ugetrlimit", "sched_getaffinity", "sched_getscheduler", "sched_yield",
	"sysinfo", "uname", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn",
	"sigaltstack", "restart_syscall", "exit", "exit_group"};

static const char *const allowed_servers[] = {"listen", "accept", "accept4"};
/* A copy of itself: rehearse.h. */
static const char *const allowed_bgpd[] = {"fork", "set_robust_list", "close_range"};
/* The history, in files that were opened before. */
static const char *const allowed_web[] = {"pread64",   "pwrite64",  "fsync",
					  "fdatasync", "ftruncate", "ftruncate64"};
#define FORK_FLAGS (SIGCHLD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

/* And these, where the conditions of one row hold. */
static const struct rule allowed_when[] = {
	{"newfstatat", FEW, {{3, AT_EMPTY_PATH, AT_EMPTY_PATH}}}, /* fstat() */
	{"statx", FEW, {{2, AT_EMPTY_PATH, AT_EMPTY_PATH}}},
	{"fcntl", FEW, {{1, INT, F_GETFD}}}, /* not those that send signals */
	{"fcntl", FEW, {{1, INT, F_SETFD}}},
	{"fcntl", FEW, {{1, INT, F_GETFL}}},
	{"fcntl", FEW, {{1, INT, F_SETFL}}},
	{"ioctl", FEW, {{1, INT, FIONBIO}}},
	{"ioctl", FEW, {{1, INT, FIONREAD}}},
	{"ioctl", FEW, {{1, INT, TCGETS}}}, /* isatty() */
	{"ioctl", BGPD, {{1, INT, SIOCOUTQ}}},
	{"ioctl", BGPD, {{1, INT, SIOCGIFINDEX}}},
	{"ioctl", BGPD, {{1, INT, SIOCGIFNAME}}},
	{"socket", FEW, {{0, INT, AF_INET}}}, /* none with a name in the file system */
	{"socket", FEW, {{0, INT, AF_INET6}}},
	{"socket", WEB, {{0, INT, AF_UNIX}}},				   /* wgbgpd */
	{"socket", BGPD, {{0, INT, AF_NETLINK}, {2, INT, NETLINK_ROUTE}}}, /* our addresses */
	{"mmap", FEW, {{2, PROT_EXEC, NONE}}},				   /* no new code */
	{"mprotect", FEW, {{2, PROT_EXEC, NONE}}},
	{"prlimit64", FEW, {{0, INT, 0}, {2, UINT64_MAX, 0}}}, /* getrlimit() */
	{"tgkill", FEW, {{0, INT, THIS_PROCESS}}},	       /* abort() */
	/* fork(), and what the copy does first: setpriority(), setrlimit() */
	{"clone", BGPD, {{CLONE_FLAGS_ARG, INT, FORK_FLAGS}}},
	{"setpriority", BGPD, {{0, INT, PRIO_PROCESS}, {1, INT, 0}}},
	{"prlimit64", BGPD, {{0, INT, 0}, {1, INT, RLIMIT_NOFILE}}},
};

/* What zebra-lite may not. It has threads and libraries of which more is needed than is known. */
static const char *const refused[] = {
	/* ways to a file's content, and what opens it to somebody else */
	"openat2", "open_by_handle_at", "open_tree", "uselib", "io_uring_setup", "chmod", "fchmod",
	"fchmodat", "fchmodat2", "creat", "truncate", "truncate64", "chown", "fchown", "lchown",
	"fchownat", "link", "linkat", "symlink", "symlinkat", "rename", "renameat", "renameat2",
	"setxattr",
	/* programs and other processes */
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
	"pidfd_send_signal", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
	/* out of the process group that is killed with it */
	"setpgid", "setsid",
	/* other ways around */
	"unshare", "setns", "chroot", "pivot_root", "mount", "move_mount", "fsopen", "bpf",
	"perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key"};

static const struct rule refused_when[] = {
	{"open", ZEBRA, {{1, O_ACCMODE, O_RDONLY}}}, /* it only makes files that are not there */
	{"open", ZEBRA, {{1, O_ACCMODE, O_RDWR}}},
	{"open", ZEBRA, {{1, O_ACCMODE, O_ACCMODE}}},
	{"open", ZEBRA, {{1, O_EXCL, NONE}}},
	{"open", ZEBRA, {{1, O_CREAT, NONE}}},
	{"openat", ZEBRA, {{2, O_ACCMODE, O_RDONLY}}},
	{"openat", ZEBRA, {{2, O_ACCMODE, O_RDWR}}},
	{"openat", ZEBRA, {{2, O_ACCMODE, O_ACCMODE}}},
	{"openat", ZEBRA, {{2, O_EXCL, NONE}}},
	{"openat", ZEBRA, {{2, O_CREAT, NONE}}},
	{"socket", ZEBRA, {{0, INT, AF_UNIX}}},
	/* WireGuard gives its private key to whoever has CAP_NET_ADMIN and asks. */
	{"socket", ZEBRA, {{0, INT, AF_NETLINK}, {2, INT, NETLINK_GENERIC}}},
};

static int add_rule(scmp_filter_ctx filter, uint32_t action, const char *call,
		    const struct condition *when)
{
	int nr = seccomp_syscall_resolve_name(call);
	struct scmp_arg_cmp cmp[CONDITIONS_MAX];
	unsigned n = 0;

	if (nr == __NR_SCMP_ERROR)
		return 0; /* younger than the library */
	for (; when && n < CONDITIONS_MAX && when[n].mask; n++)
		cmp[n] = SCMP_CMP64(when[n].arg, SCMP_CMP_MASKED_EQ, when[n].mask,
				    when[n].value == THIS_PROCESS ? (uint64_t)getpid()
								  : when[n].value);
	return seccomp_rule_add_array(filter, action, nr, n, cmp);
}

static int add_calls(scmp_filter_ctx filter, uint32_t action, const char *const *calls, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = add_rule(filter, action, calls[i], NULL);
	return err;
}

/* What a call is named, too, on machines of 32 bits; NULL: nothing else. */
static const char *twin_of(const char *call)
{
	return str_eq(call, "fcntl") ? "fcntl64" : str_eq(call, "mmap") ? "mmap2" : NULL;
}

static int add_rules(scmp_filter_ctx filter, uint32_t action, enum sandbox_profile profile,
		     const struct rule *rules, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct rule *r = &rules[i];

		if (!(r->profiles & 1u << profile))
			continue;
		err = add_rule(filter, action, r->call, r->when);
		if (!err && twin_of(r->call))
			err = add_rule(filter, action, twin_of(r->call), r->when);
	}
	return err;
}

static int allow(scmp_filter_ctx filter, enum sandbox_profile profile)
{
	int err = add_calls(filter, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed));

	if (!err && profile != SANDBOX_BFDD)
		err = add_calls(filter, SCMP_ACT_ALLOW, allowed_servers,
				ARRAY_SIZE(allowed_servers));
	if (!err && profile == SANDBOX_BGPD)
		err = add_calls(filter, SCMP_ACT_ALLOW, allowed_bgpd, ARRAY_SIZE(allowed_bgpd));
	if (!err && profile == SANDBOX_WEB)
		err = add_calls(filter, SCMP_ACT_ALLOW, allowed_web, ARRAY_SIZE(allowed_web));
	if (!err)
		err = add_rules(filter, SCMP_ACT_ALLOW, profile, allowed_when,
				ARRAY_SIZE(allowed_when));
	return err;
}

static int sandbox_refuse(scmp_filter_ctx filter, enum sandbox_profile profile)
{
	int err = add_calls(filter, REFUSE, refused, ARRAY_SIZE(refused));

	if (!err)
		err = add_rules(filter, REFUSE, profile, refused_when, ARRAY_SIZE(refused_when));
	return err;
}

/*
 * LOG: what is refused goes to the audit log. Not for zebra-lite, where libnftables looks for four
 * files of iproute2 with each job, and does without them. Attributes that a kernel does not know
 * are done without. Speculation is as safe for this process with a filter as it was without: it
 * runs nobody else's code.
 */
static void set_attributes(scmp_filter_ctx filter, bool log)
{
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, log);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

static int seccomp_enter(enum sandbox_profile profile)
{
	bool few = profile != SANDBOX_ZEBRA; /* calls are allowed */
	scmp_filter_ctx filter = seccomp_init(few ? REFUSE : SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	set_attributes(filter, few);
	err = few ? allow(filter, profile) : sandbox_refuse(filter, profile);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

static int forbid_files(enum sandbox_profile profile, const char *rundir)
{
	struct landlock_rest rest[4];
	size_t n = 0;

	if (profile == SANDBOX_ZEBRA)
		rest[n++] = (struct landlock_rest){rundir, LANDLOCK_MARKERS};
	if (SANITIZED) {
		rest[n++] = (struct landlock_rest){"/proc", LANDLOCK_READ};
		rest[n++] = (struct landlock_rest){"/usr", LANDLOCK_READ};
	}
	return landlock_enter(rest, n);
}

unsigned sandbox_enter(enum sandbox_profile profile, const char *rundir, unsigned with)
{
	unsigned have = 0;

	if (profile == SANDBOX_NONE || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 0;
	if (with & SANDBOX_LANDLOCK && forbid_files(profile, rundir) == 0)
		have |= SANDBOX_LANDLOCK;
	if (with & SANDBOX_SECCOMP && !SANITIZED && seccomp_enter(profile) == 0)
		have |= SANDBOX_SECCOMP;
	return have;
}
