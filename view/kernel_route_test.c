/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_route: a played kernel: what it is asked, to the byte that matters, what is made of its
 * answers, and that each call of the system may be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "kernel_route.h"
#include "machine.h"
#include "util.h"

#define PORT 4711

/* ---- the played kernel: libmnl's and libc's functions, in front of theirs */

static char asked[512]; /* the last question as text */
static uint8_t reply[1024];
static struct nlmsghdr *answer; /* in it */
static uint32_t asked_seq;
static int open_now, refuse_open, refuse_bind, refuse_send, refuse_receive;
static char handle;

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	assert_int_equal(bus, NETLINK_ROUTE);
	assert_true(flags & SOCK_CLOEXEC);
	errno = refuse_open;
	open_now += !refuse_open;
	return refuse_open ? NULL : (struct mnl_socket *)&handle;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	assert_int_equal(groups, 0); /* it hears nothing but answers */
	assert_int_equal(pid, MNL_SOCKET_AUTOPID);
	errno = refuse_bind;
	return refuse_bind ? -1 : 0;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	return PORT;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	open_now--;
	return 0;
}

static void append(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void append(const char *fmt, ...)
{
	size_t len = strlen(asked);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(asked + len, sizeof(asked) - len, fmt, ap);
	va_end(ap);
}

static void append_attr(uint8_t family, const struct nlattr *attr)
{
	char text[INET6_ADDRSTRLEN];
	unsigned type = mnl_attr_get_type(attr);

	if (type == RTA_DST || type == RTA_SRC) {
		assert_int_equal(mnl_attr_get_payload_len(attr), family == AF_INET ? 4 : 16);
		inet_ntop(family, mnl_attr_get_payload(attr), text, sizeof(text));
		append(" %s %s", type == RTA_DST ? "to" : "from", text);
	} else if (type == RTA_OIF || type == RTA_IIF || type == RTA_MARK) {
		append(" %s %u",
		       type == RTA_OIF	 ? "oif"
		       : type == RTA_IIF ? "iif"
					 : "mark",
		       mnl_attr_get_u32(attr));
	} else if (type == RTA_IP_PROTO) {
		append(" protocol %u", mnl_attr_get_u8(attr));
	} else if (type == RTA_DPORT) {
		const uint8_t *b = mnl_attr_get_payload(attr);

		append(" error %u.%u", b[0], b[1]);
	} else {
		append(" attribute %u", type);
	}
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *request, size_t size)
{
	const struct nlmsghdr *nlh = request;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	assert_int_equal(nlh->nlmsg_len, size);
	assert_int_equal(nlh->nlmsg_type, RTM_GETROUTE);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST); /* one answer, no table */
	asked_seq = nlh->nlmsg_seq;
	asked[0] = '\0';
	append("/%u /%u", rtm->rtm_dst_len, rtm->rtm_src_len);
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) append_attr(rtm->rtm_family, attr);
	errno = refuse_send;
	return refuse_send ? -1 : (ssize_t)size;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	assert_true(size >= 4096); /* the largest answer of a kernel with pages of 4 KiB */
	answer->nlmsg_seq = asked_seq;
	answer->nlmsg_pid = PORT;
	memcpy(buf, reply, answer->nlmsg_len);
	errno = refuse_receive ? refuse_receive : EIO; /* of a call long ago */
	return refuse_receive ? -1 : (ssize_t)answer->nlmsg_len;
}

char *if_indextoname(unsigned int index, char name[IF_NAMESIZE])
{
	return index == 7   ? strcpy(name, "wg0")
	       : index == 8 ? strcpy(name, "eth0")
	       : index == 6 ? strcpy(name, "e")
			    : NULL;
}

struct if_nameindex *if_nameindex(void)
{
	static char lo[] = "lo", wg0[] = "wg0";
	static struct if_nameindex all[] = {{1, lo}, {7, wg0}, {0, NULL}};

	return all;
}

void if_freenameindex(struct if_nameindex *all)
{
}

/* It makes the kernel load modules. */
unsigned int if_nametoindex(const char *name)
{
	fail_msg("asked for %s", name);
	return 0;
}

uint32_t machine_mtu(const char *interface)
{
	return str_eq(interface, "eth0") ? 1500 : *interface ? 1420 : 0;
}

/* ---- answers */

static struct rtmsg *begin(uint8_t family, uint8_t type)
{
	struct rtmsg *rtm;

	memset(reply, 0, sizeof(reply));
	answer = mnl_nlmsg_put_header(reply);
	answer->nlmsg_type = RTM_NEWROUTE;
	rtm = mnl_nlmsg_put_extra_header(answer, sizeof(*rtm));
	rtm->rtm_family = family;
	rtm->rtm_type = type;
	return rtm;
}

static int setup(void **state)
{
	begin(AF_INET, RTN_UNICAST);
	mnl_attr_put_u32(answer, RTA_OIF, 8);
	refuse_open = refuse_bind = refuse_send = refuse_receive = 0;
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(open_now, 0);
	return 0;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void test_questions(void **state)
{
	struct addr to = addr("192.0.2.7"), to6 = addr("2001:db8::7"), src = addr("10.9.0.2"),
		    src6 = addr("fd00::2");
	struct kernel_route k;

	assert_int_equal(kernel_route_get(&to, &k), 0);
	assert_string_equal(asked, "/32 /0 to 192.0.2.7");
	assert_int_equal(kernel_route_get(&to6, &k), 0);
	assert_string_equal(asked, "/128 /0 to 2001:db8::7");
	assert_int_equal(kernel_route_get_marked(&to, 257, &k), 0);
	assert_string_equal(asked, "/32 /0 to 192.0.2.7 mark 257");
	assert_int_equal(kernel_route_get_marked(&to, 0, &k), 0);
	assert_string_equal(asked, "/32 /0 to 192.0.2.7");
	assert_int_equal(kernel_route_get_bound(&to, "wg0", &k), 0);
	assert_string_equal(asked, "/32 /0 to 192.0.2.7 oif 7");
	assert_int_equal(kernel_route_get_forwarded(&to, "wg0", &src, &k), 0);
	assert_string_equal(asked, "/32 /32 to 192.0.2.7 from 10.9.0.2 iif 7");
	assert_int_equal(kernel_route_get_forwarded(&to6, "wg0", &src6, &k), 0);
	assert_string_equal(asked, "/128 /128 to 2001:db8::7 from fd00::2 iif 7");
	assert_int_equal(kernel_route_get_from(&to, "", &src, &k), 0);
	assert_string_equal(asked, "/32 /32 to 192.0.2.7 from 10.9.0.2");
	assert_int_equal(kernel_route_get_from(&to6, "wg0", &src6, &k), 0);
	assert_string_equal(asked, "/128 /128 to 2001:db8::7 from fd00::2 oif 7");
	assert_int_equal(kernel_route_get_error(&to, &src, &k), 0);
	assert_string_equal(asked, "/32 /32 to 192.0.2.7 from 10.9.0.2 protocol 1 error 3.4");
	assert_int_equal(kernel_route_get_error(&to6, &src6, &k), 0);
	assert_string_equal(asked, "/128 /128 to 2001:db8::7 from fd00::2 protocol 58 error 2.0");
	asked[0] = '\0';
	assert_int_equal(kernel_route_get_bound(&to, "gone", &k), -ENODEV);
	assert_int_equal(kernel_route_get_from(&to, "gone", &src, &k), -ENODEV);
	assert_int_equal(kernel_route_get_forwarded(&to, "gone", &src, &k), -ENODEV);
	assert_string_equal(asked, "");
}

/* A route that a question before left behind is gone. */
static struct kernel_route got(void)
{
	struct addr to = addr("192.0.2.7");
	struct kernel_route k;

	memset(&k, 0xff, sizeof(k));
	assert_int_equal(kernel_route_get(&to, &k), 0);
	return k;
}

static void test_interface(void **state)
{
	struct kernel_route k = got();

	assert_string_equal(k.interface, "eth0");
	assert_int_equal(k.mtu, 1500); /* the interface's */
	assert_int_equal(k.gateway.family, 0);
	assert_false(k.local);
	begin(AF_INET, RTN_LOCAL);
	mnl_attr_put_u32(answer, RTA_OIF, 7);
	k = got();
	assert_string_equal(k.interface, "wg0");
	assert_int_equal(k.mtu, 1420);
	assert_true(k.local);
	begin(AF_INET, RTN_UNICAST);
	mnl_attr_put_u32(answer, RTA_OIF, 6);
	k = got();
	assert_string_equal(k.interface, "e");
	assert_int_equal(k.mtu, 1420);
	begin(AF_INET, RTN_UNICAST); /* the interface has gone */
	mnl_attr_put_u32(answer, RTA_OIF, 9);
	k = got();
	assert_string_equal(k.interface, "");
	assert_int_equal(k.mtu, 0);
	begin(AF_INET, RTN_UNICAST);
	k = got();
	assert_string_equal(k.interface, "");
	assert_int_equal(k.mtu, 0);
}

static void test_gateway(void **state)
{
	struct addr gateway = addr("203.0.113.1"), gateway6 = addr("fe80::1");
	struct kernel_route k;

	mnl_attr_put(answer, RTA_GATEWAY, 4, gateway.b);
	k = got();
	assert_true(addr_eq(&k.gateway, &gateway));
	begin(AF_INET6, RTN_UNICAST);
	mnl_attr_put(answer, RTA_GATEWAY, 16, gateway6.b);
	k = got();
	assert_true(addr_eq(&k.gateway, &gateway6));
	begin(AF_INET6, RTN_UNICAST); /* of another length: none */
	mnl_attr_put(answer, RTA_GATEWAY, 4, gateway.b);
	assert_int_equal(got().gateway.family, 0);
}

/* What the kernel found out of the way is nearer to the truth than the interface. */
static void test_mtu(void **state)
{
	struct nlattr *nest = mnl_attr_nest_start(answer, RTA_METRICS);

	mnl_attr_put_u32(answer, RTAX_WINDOW, 99);
	mnl_attr_put_u32(answer, RTAX_MTU, 1280);
	mnl_attr_put_u32(answer, RTAX_RTT, 98);
	mnl_attr_nest_end(answer, nest);
	assert_int_equal(got().mtu, 1280);
	setup(NULL);
	nest = mnl_attr_nest_start(answer, RTA_METRICS);
	mnl_attr_put_u16(answer, RTAX_MTU, 1280);
	mnl_attr_put_u32(answer, RTAX_WINDOW, 99);
	mnl_attr_nest_end(answer, nest);
	assert_int_equal(got().mtu, 1500);
}

/* A kernel that is newer than we are has attributes that we do not know. */
static void test_unknown_attribute(void **state)
{
	mnl_attr_put_u32(answer, RTA_MAX + 1, 5);
	mnl_attr_put_u32(answer, RTA_MAX + 40, 5);
	assert_string_equal(got().interface, "eth0");
}

static void test_no_way(void **state)
{
	struct addr to = addr("192.0.2.7");
	struct nlmsgerr *e;
	struct kernel_route k;

	memset(reply, 0, sizeof(reply));
	answer = mnl_nlmsg_put_header(reply);
	answer->nlmsg_type = NLMSG_ERROR;
	e = mnl_nlmsg_put_extra_header(answer, sizeof(*e));
	e->error = -ENETUNREACH;
	assert_int_equal(kernel_route_get(&to, &k), -ENETUNREACH);
	assert_string_equal(k.interface, "");
	assert_int_equal(kernel_route_get_bound(&to, "wg0", &k), -ENETUNREACH);
}

/* An answer without any message says nothing. */
static void test_empty(void **state)
{
	begin(AF_INET, RTN_UNICAST);
	answer->nlmsg_len = 0;
	refuse_send = 0;
	assert_string_equal(got().interface, "");
}

static void test_refused(void **state)
{
	int *const calls[] = {&refuse_open, &refuse_bind, &refuse_send, &refuse_receive};
	struct addr to = addr("192.0.2.7");
	struct kernel_route k;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		*calls[i] = 100 + i;
		assert_int_equal(kernel_route_get(&to, &k), -(int)(100 + i));
		assert_string_equal(k.interface, "");
		assert_int_equal(open_now, 0);
		*calls[i] = 0;
		assert_int_equal(kernel_route_get(&to, &k), 0);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_questions),	      TEST(test_interface),
		TEST(test_gateway),	      TEST(test_mtu),
		TEST(test_unknown_attribute), TEST(test_no_way),
		TEST(test_refused),	      TEST(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
