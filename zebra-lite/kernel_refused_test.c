/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel refuses of the sockets to it, what is lost on the way, and what is read in which
 * order: in a namespace whose answers the test turns into refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dut.h"
#include "fib.h"
#include "fib_internal.h"
#include "kernel.h"
#include "log.h"
#include "loop.h"
#include "news.h"
#include "nhobj.h"
#include "nl_batch.h"
#include "retry.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "side.h"
#include "util.h"
#include "zconfig.h"

/* --- the linker puts these in front of the real ones --- */

enum call { NOTHING, BIND, MEMBER, SIZE, FILTER, SEND, SOCKET, IOCTL };

static struct {
	enum call call;
	unsigned nth; /* of its kind from now on */
	int error;
} refused;
static unsigned asked_size; /* times that SO_RCVBUF was asked for 8 MiB */
static int monitor_fd = -1, dumper_fd = -1;
static enum { ARRIVES, LOST, INTERRUPTED } next_dump; /* the next answer to a dump */
static unsigned dump_ms;			      /* that an interrupted one takes */
static const char *failing; /* the dump that fails when it is asked for next; NULL */
static int dump_errno;	    /* by that, ... */
static uint16_t dump_end;   /* ... in this kind of message */
static bool lose_notification;
static bool ask_again; /* for another reading, when the next dump is asked for */
static char dumps[1024];
static int flush_result; /* of the next flush; 0: what it is */
static pthread_t main_thread;
static const char *release; /* of the kernel; "" unknown; NULL as it is */
static uint8_t message[1024];
static unsigned n_written, n_resyncs;
static char why[64];

int __real_mnl_socket_bind(struct mnl_socket *nl, unsigned groups, pid_t pid);
int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned groups, pid_t pid);
int __real_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len);
int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len);
ssize_t __real_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
int __real_nl_batch_flush(struct nl_batch *b);
int __wrap_nl_batch_flush(struct nl_batch *b);
void __real_nl_batch_end(struct nl_batch *b, const struct nlmsghdr *nlh);
void __wrap_nl_batch_end(struct nl_batch *b, const struct nlmsghdr *nlh);
int __real_uname(struct utsname *u);
int __wrap_uname(struct utsname *u);

static bool refuse(enum call call)
{
	if (refused.call != call || --refused.nth)
		return false;
	refused.call = NOTHING;
	errno = refused.error;
	return true;
}

static void refuse_next(enum call call, unsigned nth, int error)
{
	refused.call = call;
	refused.nth = nth;
	refused.error = error;
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned groups, pid_t pid)
{
	return refuse(BIND) ? -1 : __real_mnl_socket_bind(nl, groups, pid);
}

int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	if (type == NETLINK_ADD_MEMBERSHIP)
		monitor_fd = mnl_socket_get_fd(nl);
	if (type == NETLINK_ADD_MEMBERSHIP && refuse(MEMBER))
		return -1;
	return __real_mnl_socket_setsockopt(nl, type, buf, len);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_SOCKET && name == SO_RCVBUF && *(const int *)value == 8 << 20)
		asked_size++;
	if (level == SOL_SOCKET && ((name == SO_RCVBUFFORCE && refuse(SIZE)) ||
				    (name == SO_ATTACH_FILTER && refuse(FILTER))))
		return -1;
	return __real_setsockopt(fd, level, name, value, len);
}

int __wrap_socket(int domain, int type, int protocol)
{
	return refuse(SOCKET) ? -1 : __real_socket(domain, type, protocol);
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	return refuse(IOCTL) ? -1 : __real_ioctl(fd, request, arg);
}

static int on_table(const struct nlattr *a, void *arg)
{
	if (mnl_attr_get_type(a) == RTA_TABLE)
		*(uint32_t *)arg = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static void note_dump(const struct nlmsghdr *nlh)
{
	const uint8_t *family = mnl_nlmsg_get_payload(nlh);
	char *end = dumps + strlen(dumps);
	size_t room = sizeof(dumps) - (size_t)(end - dumps);
	uint32_t table = 0;

	if (nlh->nlmsg_type == RTM_GETROUTE)
		mnl_attr_parse(nlh, sizeof(struct rtmsg), on_table, &table);
	snprintf(end, room, "%s%s", *dumps ? " " : "",
		 nlh->nlmsg_type == RTM_GETLINK	     ? "\nlinks"
		 : nlh->nlmsg_type == RTM_GETADDR    ? "addrs"
		 : nlh->nlmsg_type == RTM_GETNEXTHOP ? "objects"
		 : nlh->nlmsg_type == RTM_GETRULE    ? "rules"
						     : "");
	end += strlen(end);
	room = sizeof(dumps) - (size_t)(end - dumps);
	if (nlh->nlmsg_type == RTM_GETRULE || nlh->nlmsg_type == RTM_GETROUTE)
		snprintf(end, room, *family == AF_INET ? "4" : *family == AF_INET6 ? "6" : "?");
	if (table)
		snprintf(end + 1, room - 1, ":%u", table);
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	dumper_fd = mnl_socket_get_fd(nl);
	if (refuse(SEND))
		return -1;
	note_dump(buf);
	if (ask_again) {
		ask_again = false;
		kernel_resync("during one");
	}
	return __real_mnl_socket_sendto(nl, buf, len);
}

/* The last dump that was asked for is to fail. */
static bool dump_fails(void)
{
	size_t n = failing ? strlen(failing) : 0, has = strlen(dumps);

	return n && has >= n && str_eq(dumps + has - n, failing);
}

/* Its last message says so, the others nothing. */
static ssize_t fail_dump(struct nlmsghdr *nlh, int n)
{
	const struct nlmsghdr *last = nlh;

	while (mnl_nlmsg_ok(last, n) && last->nlmsg_type != NLMSG_DONE)
		last = mnl_nlmsg_next(last, &n);
	if (n > 0)
		failing = NULL;
	nlh->nlmsg_type = n > 0 ? dump_end : NLMSG_NOOP;
	nlh->nlmsg_len = NLMSG_LENGTH(sizeof(dump_errno));
	memcpy(mnl_nlmsg_get_payload(nlh), &dump_errno, sizeof(dump_errno));
	return nlh->nlmsg_len;
}

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	ssize_t n;

	if (fd == dumper_fd && next_dump == LOST) {
		next_dump = ARRIVES;
		errno = ENOBUFS;
		return -1;
	}
	n = __real_recv(fd, buf, len, flags);
	if (n > 0 && fd == monitor_fd && lose_notification) {
		lose_notification = false;
		errno = ENOBUFS;
		return -1;
	}
	if (n > 0 && fd == dumper_fd && dump_fails())
		return fail_dump(buf, (int)n);
	if (n > 0 && fd == dumper_fd && next_dump == INTERRUPTED) {
		next_dump = ARRIVES;
		usleep(dump_ms * 1000);
		((struct nlmsghdr *)buf)->nlmsg_flags |= NLM_F_DUMP_INTR;
	}
	return n;
}

int __wrap_nl_batch_flush(struct nl_batch *b)
{
	int err = __real_nl_batch_flush(b), result = flush_result;

	flush_result = 0;
	return result ? result : err;
}

void __wrap_nl_batch_end(struct nl_batch *b, const struct nlmsghdr *nlh)
{
	if (pthread_equal(pthread_self(), main_thread))
		memcpy(message, nlh, nlh->nlmsg_len);
	__real_nl_batch_end(b, nlh);
}

int __wrap_uname(struct utsname *u)
{
	if (!release)
		return __real_uname(u);
	memset(u, 0, sizeof(*u));
	str_copy(u->release, release, sizeof(u->release));
	return release[0] ? 0 : -1;
}

static void on_written(void)
{
	n_written++;
}

/* --- the world --- */

static void on_resync(const char *reason)
{
	n_resyncs++;
	str_copy(why, reason, sizeof(why));
}

static struct kroute route(const char *prefix, uint32_t table)
{
	struct kroute r = {.table = table,
			   .metric = 179,
			   .oif = if_nametoindex("l0"),
			   .protocol = 222,
			   .type = RTN_UNICAST};

	assert_int_equal(prefix_parse(prefix, &r.prefix), 0);
	return r;
}

static int setup(void **state)
{
	dut_namespace();
	dut_link("l0");
	main_thread = pthread_self();
	assert_non_null(loop_base());
	out = (struct out){.resync = on_resync,
			   .link_up = kernel_link_up,
			   .link_name = kernel_link_name,
			   .route_now = kernel_write_route_now,
			   .route = kernel_write_route,
			   .route_flush = kernel_thread_flush,
			   .route_done = kernel_thread_done,
			   .rule = kernel_write_rule};
	news_open(NULL);
	kernel_thread_open(fib_route_failed, on_written);
	return 0;
}

static int setup_writing(void **state)
{
	setup(state);
	assert_int_equal(kernel_write_start(), 0);
	return 0;
}

static int teardown(void **state)
{
	kernel_read_stop();
	kernel_write_stop();
	return 0;
}

/* --- at the start --- */

static unsigned n_open(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* With ROOM descriptors and no more. */
static int start_with(unsigned room)
{
	struct rlimit before, few = {64, 64};
	int fds[64], n = 0, err;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	for (; room; room--)
		close(fds[--n]);
	err = kernel_write_start();
	if (err == 0)
		err = kernel_read_start();
	kernel_read_stop();
	kernel_write_stop();
	while (n)
		close(fds[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	return err;
}

/* Two sockets and a wakeup to write, two sockets to read: with fewer it says so, and what was
 * opened is closed. */
static void test_descriptors(void **state)
{
	unsigned before = n_open();

	for (unsigned room = 0; room < 5; room++) {
		assert_int_equal(start_with(room), -EMFILE);
		assert_int_equal(n_open(), before);
	}
	assert_int_equal(start_with(5), 0);
	assert_int_equal(n_open(), before);
}

static bool has_read(void)
{
	return side_routes.ready && !side_routes.reading;
}

/* Every socket and every group is needed, but for that of nexthop objects, which old kernels do not
 * have. */
static void test_refused_at_start(void **state)
{
	unsigned before = n_open();

	for (unsigned nth = 1; nth <= 2; nth++) {
		refuse_next(BIND, nth, EADDRINUSE);
		assert_int_equal(kernel_read_start(), -EADDRINUSE);
		kernel_read_stop();
		assert_int_equal(n_open(), before);
	}
	for (unsigned nth = 1; nth <= 8; nth++) {
		refuse_next(MEMBER, nth, EPERM);
		assert_int_equal(kernel_read_start(), -EPERM);
		kernel_read_stop();
		assert_int_equal(n_open(), before);
	}
	refuse_next(MEMBER, 9, EINVAL);
	assert_int_equal(kernel_read_start(), 0);
	DUT_AWAIT(has_read());
	assert_int_equal(refused.call, NOTHING);
	dut_ip("route add 10.1.0.0/16 dev l0");
	DUT_AWAIT(rib_find(&(struct prefix){AF_INET, 16, 0, {10, 1}}));
}

/* Without the right to a large buffer it is asked for what is allowed; without a filter our own
 * writes are heard, which is all. */
static void test_less_at_start(void **state)
{
	struct kroute r = route("10.1.0.0/16", 254);

	refuse_next(SIZE, 1, EPERM);
	assert_int_equal(kernel_read_start(), 0);
	assert_int_equal(asked_size, 1);
	DUT_AWAIT(has_read());
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &r), 0);
	dut_ip("route add 10.2.0.0/16 dev l0");
	DUT_AWAIT(rib_find(&(struct prefix){AF_INET, 16, 0, {10, 2}}));
	assert_null(rib_find(&r.prefix));
}

static void test_no_filter(void **state)
{
	struct kroute r = route("10.1.0.0/16", 254);

	refuse_next(FILTER, 1, EPERM);
	assert_int_equal(kernel_read_start(), 0);
	assert_int_equal(asked_size, 0);
	DUT_AWAIT(has_read());
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &r), 0);
	DUT_AWAIT(rib_find(&r.prefix));
}

/* When what dut_turn() has started is over. */
static int n_watched(void)
{
	for (uint64_t until = now_ms() + 30; now_ms() < until;)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	return event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED);
}

/* What was watched or waited for is not any more when it has ended, and it begins anew. */
static void test_stopped(void **state)
{
	int before = n_watched();
	unsigned opened = n_open();

	for (int round = 0; round < 2; round++) {
		uint32_t epoch;

		assert_int_equal(kernel_write_start(), 0);
		assert_int_equal(kernel_read_start(), 0);
		epoch = rib_kernel_epoch;
		DUT_AWAIT(has_read());
		assert_int_equal(kernel_link_by_name("l0"), if_nametoindex("l0"));
		kernel_resync("at the end");
		kernel_read_stop();
		kernel_write_stop();
		assert_int_equal(kernel_link_by_name("l0"), 0);
		assert_int_equal(rib_kernel_epoch, epoch);
		assert_int_equal(n_watched(), before);
		assert_int_equal(n_open(), opened);
	}
}

/* --- readings --- */

static void read_once(void)
{
	uint32_t before = rib_kernel_epoch;

	dumps[0] = '\0';
	kernel_resync("test");
	DUT_AWAIT(rib_kernel_epoch > before && has_read());
}

#define HEAD "\nlinks addrs objects rules4 rules6"

static int setup_reading(void **state)
{
	setup_writing(state);
	assert_int_equal(kernel_read_start(), 0);
	DUT_AWAIT(has_read());
	return 0;
}

/* What is read, in this order: each plane's table, the main one for the networks of interfaces where
 * there are several planes, and side tables behind them, each in both families. */
static void test_order(void **state)
{
	struct kroute one = route("10.1.0.0/16", 5003), two = route("10.1.0.0/16", 5004);

	assert_string_equal(dumps, HEAD " 4:254 6:254");
	zconfig.plane_table[2] = 102;
	read_once();
	assert_string_equal(dumps, HEAD " 4:254 4:102 6:254 6:102");
	zconfig.plane_table[0] = 100;
	read_once();
	assert_string_equal(dumps, HEAD " 4:100 4:102 4:254 6:100 6:102 6:254");
	zconfig.plane_table[2] = 0;
	read_once();
	assert_string_equal(dumps, HEAD " 4:100 6:100");
	side_want(&one);
	read_once();
	assert_string_equal(dumps, HEAD " 4:100 6:100 4:5003 6:5003");
	side_want(&two);
	read_once();
	assert_string_equal(dumps, HEAD " 4:100 6:100 4:5004 6:5004 4:5003 6:5003");
}

static unsigned n_readings(void)
{
	unsigned n = 0;

	for (const char *at = dumps; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/* Longer than a reading that was asked for is put off. */
static void rest(void)
{
	for (uint64_t until = now_ms() + 50; now_ms() < until;)
		dut_turn();
}

/* What changed under a reading, or was lost of it, is read again from the start, once; and where
 * another one is asked for meanwhile there is one more behind it. */
static void test_again(void **state)
{
	uint32_t before;

	read_once();
	rest();
	assert_int_equal(n_readings(), 1);
	next_dump = LOST;
	read_once();
	rest();
	assert_int_equal(n_readings(), 2);
	next_dump = INTERRUPTED;
	read_once();
	rest();
	assert_int_equal(n_readings(), 2);
	before = rib_kernel_epoch;
	ask_again = true;
	read_once();
	DUT_AWAIT(rib_kernel_epoch == before + 2 && has_read());
	rest();
	assert_int_equal(n_readings(), 2);
	read_once();
	kernel_resync("two");
	kernel_resync("at once");
	DUT_AWAIT(n_readings() == 2 && has_read());
	rest();
	assert_int_equal(n_readings(), 2);
}

/* Where tables change all the time half of it goes to readings, and not all. */
static void test_again_later(void **state)
{
	uint64_t begun;

	rest(); /* after the one before */
	DUT_AWAIT(has_read());
	dumps[0] = '\0';
	next_dump = INTERRUPTED;
	dump_ms = 300;
	kernel_resync("test");
	DUT_AWAIT(next_dump == ARRIVES);
	dump_ms = 0;
	begun = now_ms();
	rest();
	if (now_ms() - begun < 200) /* else a busy machine may have come to the next one */
		assert_int_equal(n_readings(), 1);
	DUT_AWAIT(n_readings() == 2 && has_read());
}

/* A request that cannot be sent is no end of readings. */
static void test_unsent(void **state)
{
	struct prefix p = {AF_INET, 16, 0, {10, 3}};

	refuse_next(SEND, 3, ENOBUFS);
	read_once();
	dut_ip("route add 10.3.0.0/16 dev l0");
	DUT_AWAIT(rib_find(&p));
	assert_string_equal(dumps, "\nlinks addrs " HEAD " 4:254 6:254");
}

/* A dump that fails is no list of nothing: all of it is read again, later. That there is no such
 * table, interface or kind of object is no failure. */
static void test_unlisted(void **state)
{
	static const uint16_t ends[] = {NLMSG_DONE, NLMSG_ERROR};
	static const int nothing[] = {ENOENT, ENODEV, EOPNOTSUPP, EAFNOSUPPORT};

	dut_ip("nexthop add id %u dev l0 proto 222", NHOBJ_FIRST);
	DUT_AWAIT(nhobj_by_id(NHOBJ_FIRST));
	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		uint64_t begun = now_ms();

		failing = "objects";
		dump_errno = -ENOMEM;
		dump_end = ends[i];
		read_once();
		assert_string_equal(dumps, "\nlinks addrs objects " HEAD " 4:254 6:254");
		assert_true(now_ms() - begun >= RETRY_FIRST_MS);
		assert_non_null(nhobj_by_id(NHOBJ_FIRST));
		rest();
	}
	for (unsigned i = 0; i < ARRAY_SIZE(nothing); i++) {
		failing = "6:254";
		dump_errno = -nothing[i];
		read_once();
		assert_null(failing);
		assert_string_equal(dumps, HEAD " 4:254 6:254");
		rest();
	}
}

/* A lost notification makes one reading, which finds what it said. */
static void test_lost(void **state)
{
	struct prefix p = {AF_INET, 16, 0, {10, 3}};
	uint64_t before;

	rest();
	before = fib_counters.resyncs;
	dumps[0] = '\0';
	lose_notification = true;
	dut_ip("route add 10.3.0.0/16 dev l0");
	DUT_AWAIT(rib_find(&p));
	rest();
	assert_false(lose_notification);
	assert_int_equal(fib_counters.resyncs, before + 1);
	assert_int_equal(n_readings(), 1);
}

/* Objects that a reading sees stay; one that it does not is gone, where nobody said so. */
static void test_objects(void **state)
{
	const uint32_t first = NHOBJ_FIRST, second = NHOBJ_FIRST + 1;

	dut_ip("nexthop add id %u dev l0 proto 222", first);
	dut_ip("nexthop add id %u dev l0 proto 222", second);
	DUT_AWAIT(nhobj_by_id(first) && nhobj_by_id(second));
	read_once();
	assert_true(nhobj_by_id(first) && nhobj_by_id(second));
	next_dump = INTERRUPTED;
	read_once();
	assert_true(nhobj_by_id(first) && nhobj_by_id(second));
	lose_notification = true;
	dut_ip("nexthop del id %u", first);
	DUT_AWAIT(!nhobj_by_id(first));
	assert_non_null(nhobj_by_id(second));
}

/* Whether a link is up this very moment is nobody's to say without a socket: as far as is known. */
static void test_link_unknown(void **state)
{
	uint32_t l0 = if_nametoindex("l0");

	dut_ip("link set l0 down");
	refuse_next(SOCKET, 1, EMFILE);
	assert_false(kernel_link_fell(l0, now_ms()));
	refuse_next(IOCTL, 1, EIO);
	assert_false(kernel_link_fell(l0, now_ms()));
	assert_true(kernel_link_fell(l0, now_ms()));
	DUT_AWAIT(!kernel_link_up(l0));
	assert_true(kernel_link_fell(l0, now_ms()));
}

/* --- writing --- */

/* Errors that were lost make a reading; the answer to the request is told where there is one. */
static void test_answers(void **state)
{
	struct kroute r = route("10.1.0.0/16", 254);

	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &r), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &r), -EEXIST);
	assert_int_equal(n_resyncs, 0);
	flush_result = -ENOBUFS;
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &r), -ENOBUFS);
	assert_int_equal(n_resyncs, 1);
	assert_string_equal(why, "errors of changes were lost");
	flush_result = -ENOBUFS;
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &r), -EEXIST);
	assert_int_equal(n_resyncs, 2);
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &r), 0);
	assert_int_equal(n_resyncs, 2);
}

/* The same of those that the thread writes: told once, and whoever waits goes on. */
static void test_thread(void **state)
{
	struct kroute r = route("10.1.0.0/16", 254);
	struct item item = {0};

	kernel_write_route(ROUTE_ADD, &r, &item);
	kernel_thread_flush();
	DUT_AWAIT(n_written == 1);
	assert_int_equal(n_resyncs, 0);
	flush_result = -ENOBUFS;
	kernel_write_route(ROUTE_CHANGE, &r, &item);
	kernel_thread_flush();
	DUT_AWAIT(n_written == 2);
	assert_int_equal(n_resyncs, 1);
	assert_string_equal(why, "errors of route changes were lost");
	kernel_write_route(ROUTE_CHANGE, &r, &item);
	kernel_thread_flush();
	DUT_AWAIT(n_written == 3);
	assert_int_equal(n_resyncs, 1);
	assert_int_equal(item.err, 0);
}

/* Signals find the loop, whatever thread there is. */
static void test_signals(void **state)
{
	uint64_t term = 1ull << (SIGTERM - 1), hup = 1ull << (SIGHUP - 1);

	assert_int_equal(dut_blocked(false) & (term | hup), term | hup);
	assert_int_equal(dut_blocked(true) & (term | hup), 0);
}

static int on_dscp(const struct nlattr *a, void *arg)
{
	if (mnl_attr_get_type(a) == 25) /* FRA_DSCP */
		*(int *)arg = mnl_attr_get_u8(a);
	return MNL_CB_OK;
}

/* How a rule asks for the class TOS of IPv4: kernels before 6.13 know it by the old field alone,
 * which has no room for it in later ones. */
static void test_dscp(void **state)
{
	static const struct {
		const char *release;
		bool known;
	} rows[] = {{"6.13.0-rc1", true}, {"6.13", true}, {"6.14.2", true}, {"7.0.0", true},
		    {"10.1.1", true},	  {"6.12.99", false}, {"6.1.13", false}, {"5.13.0", false},
		    {"5.15.0", false},	  {"6", false},	      {"next", false},	 {"", false}};
	struct krule k = {
		.family = AF_INET, .protocol = 222, .action = FR_ACT_TO_TBL, .priority = 5, .table = 7};
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)message;
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		static const struct {
			uint8_t family, tos;
			bool wide;
		} classes[] = {{AF_INET, 0xb8, true}, {AF_INET, 0x20, true}, {AF_INET, 0x1c, false},
			       {AF_INET, 0, false},   {AF_INET6, 0xb8, false}};

		release = rows[i].release;
		for (unsigned c = 0; c < ARRAY_SIZE(classes); c++) {
			bool by_dscp = classes[c].wide && rows[i].known;
			int dscp = -1;

			k.family = classes[c].family;
			k.tos = classes[c].tos;
			kernel_write_rule(true, &k);
			mnl_attr_parse(nlh, sizeof(*frh), on_dscp, &dscp);
			assert_int_equal(frh->tos, by_dscp ? 0 : k.tos);
			assert_int_equal(dscp, by_dscp ? k.tos >> 2 : -1);
			kernel_write_rule(false, &k);
		}
	}
}

int main(void)
{
#define S(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define W(f) cmocka_unit_test_setup_teardown(f, setup_writing, teardown)
#define R(f) cmocka_unit_test_setup_teardown(f, setup_reading, teardown)
	const struct CMUnitTest tests[] = {
		S(test_descriptors), W(test_refused_at_start), W(test_less_at_start),
		W(test_no_filter),   R(test_order),	       R(test_again),
		R(test_again_later),
		S(test_stopped),     R(test_objects),
		R(test_unsent),	     R(test_lost),	       R(test_link_unknown),
		R(test_unlisted),
		W(test_answers),     W(test_thread),	       W(test_signals),
		W(test_dscp),
	};

	if (geteuid() != 0)
		return 77;
	log_init("kernel_refused_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
