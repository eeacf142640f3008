/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drill_routes: a played kernel's notifications: which of them are moves away from an interface and
 * back to it, when; and that each call of the system may be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drill_routes.h"
#include "loop_fake.h"
#include "util.h"

#define FD 4711
#define OURS 186
#define TUNNEL 5

static int opened, refuse_open, refuse_bind, refuse_group;
static uint64_t joined; /* bits: groups */
static long room;	/* bytes, of the socket */
static uint8_t incoming[8192];
static size_t incoming_len;
static unsigned dry; /* reads of nothing, one behind the other */
static int overruns; /* reads that say that something was lost */
static struct watch *watched;
static char handle;

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	assert_int_equal(bus, NETLINK_ROUTE);
	assert_int_equal(flags, SOCK_CLOEXEC | SOCK_NONBLOCK);
	errno = refuse_open;
	opened += !refuse_open;
	return refuse_open ? NULL : (struct mnl_socket *)&handle;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	assert_int_equal(groups, 0);
	assert_int_equal(pid, MNL_SOCKET_AUTOPID);
	errno = refuse_bind;
	return refuse_bind ? -1 : 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *value, socklen_t len)
{
	assert_int_equal(type, NETLINK_ADD_MEMBERSHIP);
	assert_int_equal(len, sizeof(int));
	joined |= UINT64_C(1) << *(int *)value;
	errno = refuse_group;
	return refuse_group ? -1 : 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	return FD;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	opened--;
	return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags);
void __wrap_watch_on(struct watch *w);
void __wrap_watch_off(struct watch *w);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	assert_int_equal(fd, FD);
	assert_int_equal(level, SOL_SOCKET);
	assert_int_equal(name, SO_RCVBUFFORCE);
	room = *(const int *)value;
	return 0;
}

ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t len = incoming_len;

	assert_int_equal(fd, FD);
	assert_int_equal(flags, MSG_DONTWAIT);
	if (overruns) {
		overruns--;
		errno = ENOBUFS;
		return -1;
	}
	errno = EAGAIN;
	if (!len && ++dry > 1)
		fail_msg("it reads for ever");
	if (!len)
		return -1;
	dry = 0;
	assert_true(size >= sizeof(incoming));
	memcpy(buf, incoming, len);
	incoming_len = 0;
	return len;
}

void __wrap_watch_on(struct watch *w)
{
	watched = w;
}

void __wrap_watch_off(struct watch *w)
{
	watched = NULL;
}

/* ---- notifications */

static struct nlmsghdr *add(uint16_t type, size_t size, void *body)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(incoming + incoming_len);

	nlh->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), body, size);
	return nlh;
}

static void add_route(uint16_t type, uint8_t protocol, uint32_t oif)
{
	struct rtmsg rtm = {.rtm_family = AF_INET, .rtm_protocol = protocol};
	struct nlmsghdr *nlh = add(type, sizeof(rtm), &rtm);

	mnl_attr_put_u32(nlh, RTA_PRIORITY, TUNNEL);
	if (oif)
		mnl_attr_put_u32(nlh, RTA_OIF, oif);
	mnl_attr_put_u32(nlh, RTA_TABLE, 9);
	incoming_len += nlh->nlmsg_len;
}

static void add_nexthop(uint16_t type, uint8_t protocol, uint32_t oif)
{
	struct nhmsg nhm = {.nh_family = AF_INET, .nh_protocol = protocol};
	struct nlmsghdr *nlh = add(type, sizeof(nhm), &nhm);

	mnl_attr_put_u32(nlh, NHA_ID, TUNNEL);
	if (oif)
		mnl_attr_put_u32(nlh, NHA_OIF, oif);
	incoming_len += nlh->nlmsg_len;
}

static void arrive(void)
{
	assert_non_null(watched);
	dry = 0;
	watched->fn(FD, EV_READ, watched->arg);
	assert_int_equal(incoming_len, 0);
}

static void moved(struct drill_moves m, uint64_t first, uint64_t last, uint32_t writes)
{
	assert_int_equal(m.first, first);
	assert_int_equal(m.last, last);
	assert_int_equal(m.writes, writes);
}

static int setup(void **state)
{
	refuse_open = refuse_bind = refuse_group = 0;
	incoming_len = overruns = joined = 0;
	return drill_routes_start(TUNNEL, OURS);
}

static int teardown(void **state)
{
	drill_routes_stop();
	assert_int_equal(opened, 0);
	assert_null(watched);
	return 0;
}

static void test_start(void **state)
{
	assert_int_equal(joined, UINT64_C(1) << RTNLGRP_IPV4_ROUTE |
					 UINT64_C(1) << RTNLGRP_IPV6_ROUTE |
					 UINT64_C(1) << RTNLGRP_NEXTHOP);
	assert_true(room >= 16 << 20); /* ten thousands of routes may move at once */
	moved(drill_routes_away(), 0, 0, 0);
	moved(drill_routes_back(), 0, 0, 0);
}

static void test_moves(void **state)
{
	uint64_t one = now_us(), two, three;

	add_route(RTM_NEWROUTE, OURS, 7);
	add_route(RTM_NEWROUTE, OURS, 8);
	arrive();
	moved(drill_routes_away(), one, one, 2);
	moved(drill_routes_back(), 0, 0, 0);
	loop_fake_pass(1500);
	two = now_us();
	add_nexthop(RTM_NEWNEXTHOP, OURS, 7);
	arrive();
	moved(drill_routes_away(), one, two, 3);
	loop_fake_pass(1500);
	three = now_us();
	add_route(RTM_NEWROUTE, OURS, TUNNEL);
	arrive();
	add_nexthop(RTM_NEWNEXTHOP, OURS, TUNNEL);
	arrive();
	moved(drill_routes_away(), one, two, 3);
	moved(drill_routes_back(), three, three, 2);
	drill_routes_reset();
	moved(drill_routes_away(), 0, 0, 0);
	moved(drill_routes_back(), 0, 0, 0);
	loop_fake_pass(1500);
	add_route(RTM_NEWROUTE, OURS, 7);
	arrive();
	moved(drill_routes_away(), now_us(), now_us(), 1);
}

/* Of others, without an interface, or no news of where something goes. */
static void test_no_moves(void **state)
{
	add_route(RTM_NEWROUTE, OURS + 1, 7);
	add_route(RTM_DELROUTE, OURS, 7);
	add_route(RTM_NEWROUTE, OURS, 0);
	add_nexthop(RTM_NEWNEXTHOP, OURS + 1, 7);
	add_nexthop(RTM_DELNEXTHOP, OURS, 7);
	add_nexthop(RTM_NEWNEXTHOP, OURS, 0);
	arrive();
	moved(drill_routes_away(), 0, 0, 0);
	moved(drill_routes_back(), 0, 0, 0);
}

static void test_wrong_length(void **state)
{
	struct rtmsg rtm = {.rtm_family = AF_INET, .rtm_protocol = OURS};
	struct nhmsg nhm = {.nh_family = AF_INET, .nh_protocol = OURS};
	struct nlmsghdr *nlh = add(RTM_NEWROUTE, sizeof(rtm), &rtm);

	mnl_attr_put_u16(nlh, RTA_OIF, 7);
	incoming_len += nlh->nlmsg_len;
	nlh = add(RTM_NEWNEXTHOP, sizeof(nhm), &nhm);
	mnl_attr_put_u16(nlh, NHA_OIF, 7);
	incoming_len += nlh->nlmsg_len;
	arrive();
	moved(drill_routes_away(), 0, 0, 0);
}

/* Some were lost: what is read behind that still counts. */
static void test_overrun(void **state)
{
	overruns = 3;
	add_route(RTM_NEWROUTE, OURS, 7);
	arrive();
	moved(drill_routes_away(), now_us(), now_us(), 1);
}

static void test_refused(void **state)
{
	int *const calls[] = {&refuse_open, &refuse_bind, &refuse_group};

	add_route(RTM_NEWROUTE, OURS, 7);
	arrive();
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		*calls[i] = 100 + i;
		assert_int_equal(drill_routes_start(TUNNEL, OURS), -(int)(100 + i));
		assert_int_equal(opened, 1); /* the one before goes on */
		*calls[i] = 0;
	}
	moved(drill_routes_away(), now_us(), now_us(), 1);
	assert_int_equal(drill_routes_start(7, OURS), 0); /* takes its place */
	assert_int_equal(opened, 1);
	moved(drill_routes_away(), 0, 0, 0);
	add_route(RTM_NEWROUTE, OURS, 7);
	arrive();
	moved(drill_routes_away(), 0, 0, 0);
	moved(drill_routes_back(), now_us(), now_us(), 1);
	drill_routes_stop();
	drill_routes_stop(); /* fine when there is none */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start),	 TEST(test_moves),   TEST(test_no_moves),
		TEST(test_wrong_length), TEST(test_overrun), TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
