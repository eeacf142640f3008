/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each profile in a process of its own, with one mechanism at a time: what it still may and what it
 * may not. A mechanism that this kernel does not have is passed over.
 */
#include "config.h" /* close_range() */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "landlock.h"
#include "sandbox.h"
#include "util.h"

#define BGPD (1u << SANDBOX_BGPD)
#define BFDD (1u << SANDBOX_BFDD)
#define ZEBRA (1u << SANDBOX_ZEBRA)
#define WEB (1u << SANDBOX_WEB)
#define ALL (BGPD | BFDD | ZEBRA | WEB)

static bool plays_landlock;
static int landlock_answer;
static unsigned asked_landlock;
static const char *markers; /* may be made beneath */

int __real_landlock_enter(const struct landlock_rest *rest, size_t n);
int __wrap_landlock_enter(const struct landlock_rest *rest, size_t n);

int __wrap_landlock_enter(const struct landlock_rest *rest, size_t n)
{
	if (!plays_landlock)
		return __real_landlock_enter(rest, n);
	asked_landlock++;
	for (size_t i = 0; i < n; i++)
		if (rest[i].what == LANDLOCK_MARKERS)
			markers = rest[i].path;
	return landlock_answer;
}

static bool plays_seccomp;
static int seccomp_answer;
static char filters[128]; /* what was made of them */

int __real_seccomp_load(const scmp_filter_ctx filter);
int __wrap_seccomp_load(const scmp_filter_ctx filter);
int __real_seccomp_attr_set(scmp_filter_ctx filter, enum scmp_filter_attr attr, uint32_t value);
int __wrap_seccomp_attr_set(scmp_filter_ctx filter, enum scmp_filter_attr attr, uint32_t value);
void __real_seccomp_release(scmp_filter_ctx filter);
void __wrap_seccomp_release(scmp_filter_ctx filter);

int __wrap_seccomp_load(const scmp_filter_ctx filter)
{
	if (!plays_seccomp)
		return __real_seccomp_load(filter);
	strcat(filters, "load ");
	return seccomp_answer;
}

int __wrap_seccomp_attr_set(scmp_filter_ctx filter, enum scmp_filter_attr attr, uint32_t value)
{
	static const char *const names[] = {[SCMP_FLTATR_CTL_LOG] = "log",
					    [SCMP_FLTATR_CTL_SSB] = "ssb",
					    [SCMP_FLTATR_CTL_OPTIMIZE] = "optimize"};

	snprintf(filters + strlen(filters), sizeof(filters) - strlen(filters), "%s=%u ",
		 names[attr], value);
	return __real_seccomp_attr_set(filter, attr, value);
}

void __wrap_seccomp_release(scmp_filter_ctx filter)
{
	strcat(filters, "release");
	__real_seccomp_release(filter);
}

static char dir[] = "/tmp/sandbox_test.XXXXXX";
static char key[64], rundir[64], marker[80], second[96];

/* A mode that no rule about flags could take for flags to refuse. */
#define MODE (O_WRONLY | O_CREAT | O_EXCL | 0600)

static long open_key(int flags)
{
	return open(key, flags | O_CLOEXEC, MODE);
}

static long read_key(void)
{
	return open_key(O_RDONLY);
}

static long update_key(void)
{
	return open_key(O_RDWR);
}

static long write_key(void)
{
	return open_key(O_WRONLY);
}

static long write_over_key(void)
{
	return open_key(O_WRONLY | O_CREAT | O_TRUNC);
}

static long truncate_key(void)
{
	return truncate(key, 0);
}

static long read_key_other_call(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_RDONLY, 0, 0};

	return syscall(437 /* openat2 */, AT_FDCWD, key, &how, sizeof(how));
}

/* The C library opens by another call; some program may not. */
static long open_plainly(const char *path, int flags)
{
#ifdef SYS_open
	return syscall(SYS_open, path, flags | O_CLOEXEC, MODE);
#else
	return open(path, flags | O_CLOEXEC, MODE);
#endif
}

static long read_plainly(void)
{
	return open_plainly(key, O_RDONLY);
}

static long update_plainly(void)
{
	return open_plainly(key, O_RDWR);
}

static long write_plainly(void)
{
	return open_plainly(key, O_WRONLY);
}

static long write_over_plainly(void)
{
	return open_plainly(key, O_WRONLY | O_CREAT | O_TRUNC);
}

static long odd_plainly(void)
{
	return open_plainly(key, O_ACCMODE);
}

static long make_plainly(void)
{
	return open_plainly(second, O_WRONLY | O_CREAT | O_EXCL);
}

static long odd_key(void)
{
	return open_key(O_ACCMODE);
}

static long remove_key(void)
{
	return unlink(key);
}

static long rename_key(void)
{
	return rename(key, marker);
}

static long show_key(void)
{
	return chmod(key, 0644);
}

static long make_marker(void)
{
	unlink(marker);
	return open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static long remove_marker(void)
{
	return unlink(marker);
}

static long run_program(void)
{
	return execl("/bin/true", "true", NULL);
}

static long fork_away(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static long clone_of_itself(unsigned long flags)
{
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid;
}

/* Whose end nobody is told of. */
static long fork_silently(void)
{
	return clone_of_itself(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);
}

static long fork_by_other_signal(void)
{
	return clone_of_itself(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGUSR1);
}

static long group_of_its_own(void)
{
	return setpgid(0, 0);
}

static long session_of_its_own(void)
{
	return setsid();
}

static long trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long read_other_process(void)
{
	struct iovec local = {dir, 1}, remote = {dir, 1};

	return process_vm_readv(getppid(), &local, 1, &remote, 1, 0);
}

static long signal_other(void)
{
	return kill(getppid(), 0);
}

/* As abort() does it. */
static long signal_itself(void)
{
	signal(SIGUSR1, SIG_IGN);
	return raise(SIGUSR1);
}

static long signal_by_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 ? 0 : fcntl(fd, F_SETOWN, getppid());
}

static long socket_inet(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long socket_inet6(void)
{
	return socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long socket_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* The kernel looks at the lower half of the register alone. */
static long socket_unix_disguised(void)
{
	return syscall(SYS_socket, 0x700000000 | AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long socket_route(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static long socket_wireguard(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
}

static long socket_netfilter(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
}

/* What bgpd asks of interfaces: link-local neighbors, its own address. */
static long index_of_lo(void)
{
	return if_nametoindex("lo") ? 0 : -1;
}

static long name_of_lo(void)
{
	char name[IF_NAMESIZE];

	return if_indextoname(1, name) ? 0 : -1;
}

static long own_addresses(void)
{
	struct ifaddrs *all;

	return getifaddrs(&all);
}

static long pair(void)
{
	return socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0, 0});
}

static long listening(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? 0 : listen(fd, 1);
}

/* Not one whose number a rule could take for something else. */
static int far_socket(void)
{
	int fd;

	do
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	while (fd >= 0 && fd < 16);
	return fd;
}

static long flags(void)
{
	int fd = far_socket();

	return fcntl(fd, F_GETFD) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
			       fcntl(fd, F_GETFL) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0
		       ? -1
		       : 0;
}

static long input_of_socket(void)
{
	int fd = far_socket(), value = 1;

	return ioctl(fd, FIONBIO, &value) < 0 || ioctl(fd, FIONREAD, &value) < 0 ? -1 : 0;
}

static long output_of_socket(void)
{
	int value;

	return ioctl(far_socket(), SIOCOUTQ, &value);
}

static long is_terminal(void)
{
	return isatty(far_socket()) || errno == ENOTTY ? 0 : -1;
}

static long stat_open(void)
{
	struct stat st;

	return fstat(far_socket(), &st);
}

static long stat_path(void)
{
	struct stat st;

	return stat("/", &st);
}

static long statx_open(void)
{
	struct statx st;

	return statx(far_socket(), "", AT_EMPTY_PATH, STATX_MODE, &st);
}

static long statx_path(void)
{
	struct statx st;

	return statx(AT_FDCWD, "/", 0, STATX_MODE, &st);
}

static long read_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit);
}

static long change_limit(void)
{
	struct rlimit limit = {0, 0};

	return setrlimit(RLIMIT_CORE, &limit);
}

static long fewer_descriptors(void)
{
	struct rlimit limit = {64, 64};

	return setrlimit(RLIMIT_NOFILE, &limit);
}

static long be_nice(void)
{
	return setpriority(PRIO_PROCESS, 0, 19);
}

static long nice_other(void)
{
	return setpriority(PRIO_PROCESS, getppid(), 19);
}

static long close_others(void)
{
	return close_range(100, ~0u, 0);
}

static long namespace_of_its_own(void)
{
	return clone_of_itself(CLONE_NEWUSER | SIGCHLD);
}

static long limit_of_other(void)
{
	struct rlimit limit;

	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit);
}

static long protect(int prot)
{
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(at, 4096, prot);
}

static long protect_memory(void)
{
	return protect(PROT_READ | PROT_WRITE);
}

static long protect_code(void)
{
	return protect(PROT_READ | PROT_EXEC);
}

static long map(int prot)
{
	void *at = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static long map_memory(void)
{
	return map(PROT_READ | PROT_WRITE);
}

static long map_code(void)
{
	return map(PROT_READ | PROT_EXEC);
}

static long ring(void)
{
	uint8_t params[256] = {0};

	return syscall(425 /* io_uring_setup */, 1, params);
}

static void *nothing(void *arg)
{
	return arg;
}

static long thread(void)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, nothing, NULL);

	errno = err;
	return err ? -1 : pthread_join(t, NULL);
}

static long say(void)
{
	return write(STDERR_FILENO, "", 0);
}

/* Who may, where only that mechanism is in force. */
static const struct row {
	const char *what;
	long (*try)(void); /* negative: errno */
	unsigned seccomp, landlock;
} rows[] = {
	{"read a key", read_key, 0, 0},
	{"open a key for both", update_key, 0, 0},
	{"open a key for writing", write_key, 0, 0},
	{"write over a key", write_over_key, 0, 0},
	{"open a key, plainly", read_plainly, 0, 0},
	{"open a key for both, plainly", update_plainly, 0, 0},
	{"open a key for writing, plainly", write_plainly, 0, 0},
	{"write over a key, plainly", write_over_plainly, 0, 0},
	{"make a marker, plainly", make_plainly, ZEBRA, ZEBRA},
	{"open a key for neither", odd_key, 0, ALL},
	{"open a key for neither, plainly", odd_plainly, 0, ALL},
	{"truncate a key", truncate_key, 0, ALL},
	{"read a key by openat2", read_key_other_call, 0, 0},
	{"make a key readable", show_key, 0, ALL},
	{"rename a key", rename_key, 0, 0},
	{"make a marker", make_marker, ZEBRA, ZEBRA},
	{"remove a marker", remove_marker, ZEBRA, ZEBRA},
	{"remove a key", remove_key, ZEBRA, 0},
	{"run a program", run_program, 0, 0},
	{"fork", fork_away, BGPD | ZEBRA, ALL},
	{"fork silently", fork_silently, ZEBRA, ALL},
	{"fork by another signal", fork_by_other_signal, ZEBRA, ALL},
	{"a process group of its own", group_of_its_own, 0, ALL},
	{"a session of its own", session_of_its_own, 0, ALL},
	{"a namespace of its own", namespace_of_its_own, ZEBRA, ALL},
	{"trace", trace, 0, 0},
	{"read another process", read_other_process, 0, 0},
	{"signal another process", signal_other, 0, ALL},
	{"signal itself", signal_itself, ALL, ALL},
	{"signal by a socket", signal_by_socket, ZEBRA, ALL},
	{"a socket of IPv4", socket_inet, ALL, ALL},
	{"a socket of IPv6", socket_inet6, ALL, ALL},
	{"a UNIX socket", socket_unix, WEB, ALL},
	{"a UNIX socket, disguised", socket_unix_disguised, WEB, ALL},
	{"a socket pair", pair, ALL, ALL},
	{"rtnetlink", socket_route, BGPD | ZEBRA, ALL},
	{"nftables", socket_netfilter, ZEBRA, ALL},
	{"WireGuard", socket_wireguard, 0, ALL},
	{"an interface's index", index_of_lo, BGPD | ZEBRA, ALL},
	{"an interface's name", name_of_lo, BGPD | ZEBRA, ALL},
	{"own addresses", own_addresses, BGPD | ZEBRA, ALL},
	{"listen", listening, BGPD | ZEBRA | WEB, ALL},
	{"memory", map_memory, ALL, ALL},
	{"new code", map_code, ZEBRA, ALL},
	{"memory, later", protect_memory, ALL, ALL},
	{"new code, later", protect_code, ZEBRA, ALL},
	{"a descriptor's flags", flags, ALL, ALL},
	{"what waits in a socket", input_of_socket, ALL, ALL},
	{"what a socket has not sent", output_of_socket, BGPD | ZEBRA, ALL},
	{"whether it is a terminal", is_terminal, ALL, ALL},
	{"look at what is open", stat_open, ALL, ALL},
	{"look at a path", stat_path, ZEBRA, ALL},
	{"look at what is open by statx", statx_open, ALL, ALL},
	{"look at a path by statx", statx_path, ZEBRA, ALL},
	{"read a limit", read_limit, ALL, ALL},
	{"change a limit", change_limit, ZEBRA, ALL},
	{"have fewer descriptors", fewer_descriptors, BGPD | ZEBRA, ALL},
	{"close descriptors", close_others, BGPD | ZEBRA, ALL},
	{"let others go first", be_nice, BGPD | ZEBRA, ALL},
	{"let others go before another process", nice_other, ZEBRA, ALL},
	{"read another process's limit", limit_of_other, ZEBRA, ALL},
	{"io_uring", ring, 0, ALL},
	{"a thread", thread, ZEBRA, ALL},
	{"write to what is open", say, ALL, ALL},
};

/* Not everywhere: io_uring can be switched off; Landlock has to do with truncate() since its 3rd
 * ABI, with signals since its 6th; what it thinks of the fourth access mode is not said. */
static bool is_possible(const struct row *row)
{
	return row->try != ring && row->try != signal_other && row->try != truncate_key &&
	       row->try != odd_key && row->try != odd_plainly;
}

static void put_key(void)
{
	FILE *f = fopen(key, "we");

	unlink(second);
	assert_non_null(f);
	fputs("GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=\n", f);
	fclose(f);
	chmod(key, 0600);
}

#define MISSING 255

/* errno of the attempt in that sandbox; MISSING: this kernel does not have the mechanism. */
static int attempt(const struct row *row, enum sandbox_profile profile, unsigned with)
{
	int status;
	pid_t pid;

	put_key();
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_enter(profile, rundir, with) != with)
			_exit(MISSING);
		errno = 0;
		_exit(row->try() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("%s: signal %d", row->what, WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* What this kernel has, and the build uses. */
static unsigned mechanisms(void)
{
	unsigned have = 0;

#if !defined(__SANITIZE_ADDRESS__)
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(uint32_t){SECCOMP_RET_ERRNO}) == 0)
		have |= SANDBOX_SECCOMP;
#endif
	if (syscall(444 /* landlock_create_ruleset */, NULL, 0, 1 /* its version */) > 0)
		have |= SANDBOX_LANDLOCK;
	return have;
}

static void check(const struct row *row, enum sandbox_profile profile, unsigned with, bool may)
{
	int err = attempt(row, profile, with);

	if (err == MISSING) {
		assert_true(with & ~mechanisms());
		return;
	}
	if (may && err && is_possible(row))
		fail_msg("profile %d, with %u: %s: %s", profile, with, row->what, strerror(err));
	if (!may && err != EPERM && err != EACCES && err != EXDEV)
		fail_msg("profile %d, with %u: %s is not refused: %s", profile, with, row->what,
			 strerror(err));
}

static void each(unsigned with, bool by_seccomp)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int p = SANDBOX_BGPD; p <= SANDBOX_ZEBRA; p++)
			check(&rows[i], p, with,
			      (by_seccomp ? rows[i].seccomp : rows[i].landlock) & 1u << p);
}

static void test_seccomp(void **state)
{
	each(SANDBOX_SECCOMP, true);
}

static void test_landlock(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	skip(); /* /usr stays readable: programs run */
#endif
	each(SANDBOX_LANDLOCK, false);
}

/* Both, as in a daemon: what either refuses. */
static void test_both(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int p = SANDBOX_BGPD; p <= SANDBOX_ZEBRA; p++)
			check(&rows[i], p, SANDBOX_ALL,
			      rows[i].seccomp & rows[i].landlock & 1u << p);
}

/* In every build, on every kernel that has one of the two. */
static void test_keys_in_what_there_is(void **state)
{
	for (int p = SANDBOX_BGPD; p <= SANDBOX_ZEBRA; p++) {
		pid_t pid;
		int status;

		put_key();
		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			if (!sandbox_enter(p, rundir, SANDBOX_ALL))
				_exit(MISSING);
			_exit(read_key() < 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == MISSING);
	}
}

static void test_none(void **state)
{
	assert_int_equal(sandbox_enter(SANDBOX_NONE, rundir, SANDBOX_ALL), 0);
	put_key();
	assert_true(read_key() >= 0);
}

static int set_up(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/key", dir);
	snprintf(rundir, sizeof(rundir), "%s/run", dir);
	snprintf(marker, sizeof(marker), "%s/marker", rundir);
	snprintf(second, sizeof(second), "%s2", marker);
	mkdir(rundir, 0755);
	return 0;
}

static int tear_down(void **state)
{
	unlink(marker);
	unlink(second);
	unlink(key);
	rmdir(rundir);
	rmdir(dir);
	return 0;
}

/* What Landlock is asked, and whether it is in force, by the answer. */
static void test_landlock_is_asked(void **state)
{
	static const enum sandbox_profile profiles[] = {SANDBOX_BGPD, SANDBOX_BFDD, SANDBOX_ZEBRA,
							SANDBOX_WEB};

	plays_landlock = true;
	for (int err = 0; err >= -EPERM; err -= EPERM)
		for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
			bool zebra = profiles[i] == SANDBOX_ZEBRA;

			landlock_answer = err;
			markers = NULL;
			asked_landlock = 0;
			assert_int_equal(sandbox_enter(profiles[i], "/run/place", SANDBOX_LANDLOCK),
					 err ? 0 : SANDBOX_LANDLOCK);
			assert_int_equal(asked_landlock, 1);
			assert_string_equal(markers ? markers : "none",
					    zebra ? "/run/place" : "none");
		}
	assert_int_equal(sandbox_enter(SANDBOX_NONE, "/run/place", SANDBOX_ALL), 0);
	assert_int_equal(sandbox_enter(SANDBOX_BGPD, "/run/place", 0), 0);
	assert_int_equal(asked_landlock, 1);
}

/* A filter that is in force or not, and gone in any case. */
static void test_filters(void **state)
{
	static const struct {
		enum sandbox_profile profile;
		const char *filters;
	} cases[] = {{SANDBOX_BGPD, "log=1 ssb=1 optimize=2 load release"},
		     {SANDBOX_BFDD, "log=1 ssb=1 optimize=2 load release"},
		     {SANDBOX_WEB, "log=1 ssb=1 optimize=2 load release"},
		     {SANDBOX_ZEBRA, "log=0 ssb=1 optimize=2 load release"}};

#if defined(__SANITIZE_ADDRESS__)
	skip(); /* it has none */
#endif
	plays_seccomp = true;
	for (int err = 0; err >= -EPERM; err -= EPERM)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			seccomp_answer = err;
			filters[0] = '\0';
			assert_int_equal(sandbox_enter(cases[i].profile, rundir, SANDBOX_SECCOMP),
					 err ? 0 : SANDBOX_SECCOMP);
			assert_string_equal(filters, cases[i].filters);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seccomp), cmocka_unit_test(test_landlock),
		cmocka_unit_test(test_both),	cmocka_unit_test(test_keys_in_what_there_is),
		cmocka_unit_test(test_none),	cmocka_unit_test(test_landlock_is_asked),
		cmocka_unit_test(test_filters),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
