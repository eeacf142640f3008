/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What wgd asks the kernel's network for: links and addresses, routes to endpoints, echo requests,
 * probes, ICMP errors. In a network namespace of its own; skipped without the right to make one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dut.h"
#include "icmp.h"
#include "icmp_error.h"
#include "link.h"
#include "probe.h"
#include "way.h"

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* --- links --- */

static char events[4096];

static void on_event(void *arg, const char *ifname, int ifindex, bool deleted)
{
	size_t len = strlen(events);

	assert_ptr_equal(arg, events);
	if (len < sizeof(events) - 64)
		sprintf(events + len, "%s/%s%s ", ifname ? ifname : "-", ifindex ? "n" : "0",
			deleted ? "!" : "");
}

static struct link_info get(const char *name)
{
	struct link_info info;

	assert_int_equal(link_get(name, &info), 0);
	return info;
}

static void note_ours(void *arg, const char *ifname, int ifindex)
{
	sprintf((char *)arg + strlen(arg), "%s %s ", ifname,
		ifindex == get(ifname).ifindex ? "right" : "wrong");
}

static void test_links(void **state)
{
	struct link_info info;
	char ours[128] = "";
	int index;

	link_open();
	assert_int_equal(link_get("nothing", &info), -ENODEV);
	dut_link("l0");
	dut_ip("link set l0 alias other");
	info = get("l0");
	index = info.ifindex;
	assert_true(index > 0);
	assert_string_equal(info.kind, "veth");
	assert_string_equal(info.alias, "other");
	assert_int_equal(info.mtu, 1500);
	assert_int_equal(info.frame_errors, 0);
	assert_true(info.admin_up);
	DUT_AWAIT(get("l0").running);
	assert_int_equal(link_each_ours(note_ours, ours), 0);
	assert_string_equal(ours, "");
	assert_int_equal(link_set_alias(index, LINK_ALIAS), 0);
	assert_int_equal(link_set_mtu(index, 1400), 0);
	assert_int_equal(link_set_up(index, false), 0);
	info = get("l0");
	assert_string_equal(info.alias, "wgbgp");
	assert_int_equal(info.mtu, 1400);
	assert_false(info.admin_up);
	assert_false(info.running);
	assert_int_equal(link_set_up(index, true), 0);
	assert_true(get("l0").admin_up);
	assert_string_equal(get("lo").kind, "");
	assert_string_equal(get("lo").alias, "");
	assert_int_equal(link_each_ours(note_ours, ours), 0);
	assert_string_equal(ours, "l0 right ");
	assert_int_equal(link_create("l0"), -EEXIST);
	assert_int_equal(link_delete(index), 0);
	assert_int_equal(link_get("l0", &info), -ENODEV);
	assert_int_equal(link_delete(index), -ENODEV);
	assert_int_equal(link_set_mtu(index, 1400), -ENODEV);
	link_close();
}

/* --- what libnl says instead of the kernel, 0: the kernel does --- */

static int nl_error;

int rtnl_link_delete(struct nl_sock *sock, const struct rtnl_link *link)
{
	int (*real)(struct nl_sock *, const struct rtnl_link *) = dlsym(RTLD_NEXT, __func__);

	return nl_error ? nl_error : real(sock, link);
}

int rtnl_addr_alloc_cache(struct nl_sock *sock, struct nl_cache **out)
{
	int (*real)(struct nl_sock *, struct nl_cache **) = dlsym(RTLD_NEXT, __func__);

	return nl_error ? nl_error : real(sock, out);
}

int rtnl_link_alloc_cache(struct nl_sock *sock, int family, struct nl_cache **out)
{
	int (*real)(struct nl_sock *, int, struct nl_cache **) = dlsym(RTLD_NEXT, __func__);

	return nl_error ? nl_error : real(sock, family, out);
}

/* Its numbers are not the kernel's. */
static void test_errors_of_links(void **state)
{
	static const int rows[][2] = {
		{-NLE_NODEV, -ENODEV},	   {-NLE_OBJ_NOTFOUND, -ENODEV},
		{-NLE_EXIST, -EEXIST},	   {-NLE_OPNOTSUPP, -EOPNOTSUPP},
		{-NLE_PERM, -EPERM},	   {-NLE_NOMEM, -ENOMEM},
		{-NLE_BUSY, -EBUSY},	   {-NLE_NOADDR, -EADDRNOTAVAIL},
		{-NLE_FAILURE, -EINVAL},   {-NLE_INVAL, -EINVAL},
		{1, 0},
	};
	struct tunnel_addr one, *list;
	size_t n = 7;

	link_open();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		nl_error = rows[i][0];
		if (link_delete(1) != rows[i][1])
			fail_msg("libnl's %d", -rows[i][0]);
	}
	/* What cannot be listed is nothing. */
	nl_error = -NLE_NOMEM;
	list = &one;
	assert_int_equal(link_addrs(1, &list, &n), -ENOMEM);
	assert_null(list);
	assert_int_equal(n, 0);
	assert_int_equal(link_each_ours(note_ours, NULL), -ENOMEM);
	nl_error = 0;
	link_close();
}

/* Without the right to. */
static void test_no_right(void **state)
{
	struct tunnel_addr one = {.addr = addr("10.9.0.1"), .len = 24};
	int index;

	link_open();
	dut_link("l0");
	index = get("l0").ifindex;
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(link_create("l1"), -EPERM);
	assert_int_equal(link_set_mtu(index, 1400), -EPERM);
	assert_int_equal(link_set_up(index, false), -EPERM);
	assert_int_equal(link_set_alias(index, "x"), -EPERM);
	assert_int_equal(link_add_addr(index, &one), -EPERM);
	assert_int_equal(link_delete(index), -EPERM);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(get("l0").mtu, 1500);
	link_close();
}

static void test_addresses(void **state)
{
	struct tunnel_addr one = {.addr = addr("10.9.0.1"), .len = 24},
			   two = {.addr = addr("fd00::1"), .len = 64}, *list;
	char text[256] = "";
	size_t n;
	int index;

	link_open();
	dut_link("l0");
	dut_link("l1");
	dut_ip("addr add 10.7.7.7/24 dev l1");
	index = get("l0").ifindex;
	assert_int_equal(link_add_addr(index, &one), 0);
	assert_int_equal(link_add_addr(index, &two), 0);
	assert_int_equal(link_add_addr(index, &one), 0); /* it is there */
	assert_int_equal(link_addrs(index, &list, &n), 0);
	for (size_t i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s/%u ", ADDR_STR(&list[i].addr), list[i].len);
	free(list);
	assert_string_equal(text, "10.9.0.1/24 fd00::1/64 ");
	assert_int_equal(link_delete_addr(index, &one), 0);
	assert_int_equal(link_delete_addr(index, &one), -EADDRNOTAVAIL);
	assert_int_equal(link_addrs(index, &list, &n), 0);
	assert_int_equal(n, 1);
	free(list);
	assert_int_equal(link_addrs(9999, &list, &n), 0);
	assert_int_equal(n, 0);
	assert_null(list);
	assert_int_equal(link_add_addr(9999, &one), -ENODEV);
	dut_ip("link set l1 down");
	assert_int_equal(system("echo 1 > /proc/sys/net/ipv6/conf/l1/disable_ipv6"), 0);
	assert_true(link_add_addr(get("l1").ifindex, &two) < 0);
	link_close();
}

static bool told(const char *what)
{
	return strstr(events, what);
}

static void test_events(void **state)
{
	link_open();
	dut_link("l0");
	link_watch(on_event, events);
	dut_ip("link set l0 down");
	DUT_AWAIT(told("l0/n"));
	events[0] = '\0';
	dut_ip("addr add 10.9.0.1/24 dev l0");
	DUT_AWAIT(told("-/n"));
	events[0] = '\0';
	dut_ip("addr add fd00::1/64 dev l0");
	DUT_AWAIT(told("-/n"));
	events[0] = '\0';
	dut_ip("addr del 10.9.0.1/24 dev l0");
	DUT_AWAIT(told("-/n"));
	events[0] = '\0';
	assert_int_equal(system("echo 1 > /proc/sys/net/ipv6/conf/l0/forwarding"), 0);
	dut_ip("link set l0 mtu 1300");
	DUT_AWAIT(told("l0/n"));
	dut_ip("link add name later type veth peer name later.far");
	DUT_AWAIT(told("later/n"));
	events[0] = '\0';
	dut_ip("link del later");
	DUT_AWAIT(told("later/n!"));
	assert_false(told("-/0")); /* nothing was lost */
	link_close();
	events[0] = '\0';
	dut_ip("link set l0 up");
	for (int i = 0; i < 10; i++)
		dut_turn();
	assert_string_equal(events, "");
}

/* More than the socket holds: what was lost is told as one event of any link. */
static void test_events_lost(void **state)
{
	char name[] = "/tmp/wgbgp-batch-XXXXXX";
	FILE *f = fdopen(mkstemp(name), "w");

	assert_non_null(f);
	for (int i = 0; i < 2000; i++)
		fprintf(f, "link set l0 mtu %d\n", 1300 + i % 2);
	fclose(f);
	link_open();
	dut_link("l0");
	link_watch(on_event, events);
	dut_ip("-batch %s", name);
	DUT_AWAIT(told("-/0"));
	for (int i = 0; i < 10; i++)
		dut_turn(); /* what it held, 64 at a time */
	events[0] = '\0';
	dut_ip("link set l0 down");
	DUT_AWAIT(told("l0/n"));
	assert_false(told("-/0"));
	link_close();
	unlink(name);
}

/* --- routes --- */

/* A lack of descriptors is said, and leaves none open. */
static void test_way_without_descriptors(void **state)
{
	struct rlimit limit, few;
	int first = dup(0);

	close(first);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int more = 0; more < 2; more++) {
		few = (struct rlimit){(rlim_t)(first + more), limit.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		assert_int_equal(way_open(), -EMFILE);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(dup(0), first);
		close(first);
	}
	assert_int_equal(way_open(), 0);
	way_close();
}

static void test_underlay(void **state)
{
	static const struct {
		const char *to;
		uint32_t mark;
		bool leads;
	} rows[] = {
		{"192.0.2.1", 0, true},	     {"192.0.3.1", 0, false}, {"192.0.4.1", 0, false},
		{"192.0.5.1", 0, false},     {"192.0.6.1", 0, false}, {"192.0.6.1", 9, true},
		{"192.0.7.1", 0, false},     {"192.0.7.1", 9, false}, {"2001:db8::1", 0, true},
		{"2001:db8:1::1", 0, false}, {"127.0.0.1", 0, true},
	};
	struct addr a;

	dut_link("l0");
	dut_link("l1");
	dut_ip("addr add 10.0.0.1/24 dev l0");
	dut_ip("addr add fd00::1/64 dev l0 nodad");
	dut_ip("addr add 10.1.0.1/24 dev l1");
	dut_ip("route add 192.0.2.0/24 via 10.0.0.2");
	dut_ip("route add unreachable 192.0.3.0/24");
	dut_ip("route add blackhole 192.0.4.0/24");
	dut_ip("route add prohibit 192.0.5.0/24");
	dut_ip("route add 192.0.6.0/24 via 10.0.0.2 table 77");
	dut_ip("rule add fwmark 9 table 77");
	dut_ip("route add 192.0.7.0/24 dev l1");
	dut_ip("-6 route add 2001:db8::/48 via fd00::2 dev l0");
	dut_ip("-6 route add unreachable 2001:db8:1::/48");
	dut_ip("link set l1.far down");
	link_open();
	DUT_AWAIT(!get("l1").running);
	way_open();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		a = addr(rows[i].to);
		if (way_leads(&a, rows[i].mark, NULL) != rows[i].leads)
			fail_msg("%s by mark %u", rows[i].to, rows[i].mark);
	}
	way_close();
	way_close();
	way_open();
	a = addr("192.0.2.1");
	assert_true(way_leads(&a, 0, NULL));
	way_close();
	link_close();
}

/* --- echo --- */

static struct icmp_answer answers[8];
static unsigned n_answers;

static void on_answer(void *arg, const struct icmp_answer *a)
{
	assert_ptr_equal(arg, answers);
	assert_true(n_answers < ARRAY_SIZE(answers));
	answers[n_answers++] = *a;
}

static void echo(const char *to, unsigned size)
{
	struct addr a = addr(to);
	uint64_t before = now_us();
	struct icmp i;

	n_answers = 0;
	icmp_init(&i, on_answer, answers);
	assert_int_equal(icmp_send(&i, "lo", &a, 70000, 65535, size), 0);
	assert_int_equal(icmp_send(&i, "lo", &a, 0x01020304, 2, size), 0);
	DUT_AWAIT(n_answers == 2);
	assert_string_equal(ADDR_STR(&answers[0].from), to);
	assert_int_equal(answers[0].id, 70000);
	assert_int_equal(answers[0].seq, 65535);
	assert_in_range(answers[0].at, before, now_us());
	assert_int_equal(answers[1].id, 0x01020304);
	assert_int_equal(answers[1].seq, 2);
	icmp_drain(&i);
	assert_int_equal(n_answers, 2);
	assert_int_equal(icmp_send(&i, "lo", &a, 5, 3, size), 0);
	DUT_AWAIT((icmp_drain(&i), n_answers == 3));
	icmp_close(&i);
	assert_int_equal(i.fd4, -1);
	assert_int_equal(i.fd6, -1);
}

static void test_echo(void **state)
{
	struct addr a = addr("127.0.0.1"), b = addr("::1");
	struct icmp i;

	echo("127.0.0.1", 0);
	echo("::1", 0);
	echo("127.0.0.1", 1400);
	echo("::1", 1400);
	dut_ip("link set lo mtu 1500");
	icmp_init(&i, on_answer, answers);
	assert_int_equal(icmp_send(&i, "lo", &a, 1, 1, 1501), -EMSGSIZE);
	assert_int_equal(icmp_send(&i, "lo", &b, 1, 1, 1501), -EMSGSIZE);
	assert_int_equal(icmp_send(&i, "lo", &a, 1, 1, 100000), -EMSGSIZE);
	n_answers = 0;
	assert_int_equal(icmp_send(&i, "lo", &a, 1, 1, 1500), 0);
	assert_int_equal(icmp_send(&i, "lo", &b, 1, 1, 1500), 0);
	DUT_AWAIT(n_answers == 2);
	icmp_close(&i);
	icmp_init(&i, on_answer, answers);
	assert_int_equal(icmp_send(&i, "nothing", &a, 1, 1, 0), -ENODEV);
	assert_int_equal(icmp_send(&i, "nothing", &b, 1, 1, 0), -ENODEV);
	icmp_close(&i);
}

/* --- probes and errors --- */

static int listener(int family, uint16_t port)
{
	struct endpoint e = {.addr = addr(family == AF_INET ? "127.0.0.1" : "::1"), .port = port};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&e, &sa);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static void probed(const char *to)
{
	struct addr a = addr(to);
	int fd = listener(a.family, 9);
	char text[64] = "";
	struct probe p;

	probe_init(&p);
	assert_int_equal(probe_send(&p, "lo", &a), 0);
	assert_int_equal(probe_send(&p, "lo", &a), 0);
	DUT_AWAIT(recv(fd, text, sizeof(text), 0) > 0);
	assert_string_equal(text, "wgbgp probe");
	DUT_AWAIT(recv(fd, text, sizeof(text), 0) > 0);
	close(fd);
	/* Nobody listens: the error of one says nothing about the next. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(probe_send(&p, "lo", &a), 0);
	assert_true((a.family == AF_INET ? p.fd4 : p.fd6) >= 0);
	assert_int_equal(a.family == AF_INET ? p.fd6 : p.fd4, -1);
	probe_close(&p);
	assert_int_equal(p.fd4, -1);
	assert_int_equal(p.fd6, -1);
	assert_int_equal(probe_send(&p, "nothing", &a), -ENODEV);
	probe_close(&p);
}

static void test_probe(void **state)
{
	int open_files = dup(0);

	close(open_files);
	probed("127.0.0.1");
	probed("::1");
	assert_int_equal(dup(0), open_files); /* all is closed */
}

static struct icmp_error heard[8];
static unsigned n_heard;

static void on_error(const struct icmp_error *m)
{
	if (n_heard < ARRAY_SIZE(heard))
		heard[n_heard++] = *m;
}

static void refuse(int family, uint16_t from, uint16_t to)
{
	int fd = listener(family, from);
	struct endpoint e = {.addr = addr(family == AF_INET ? "127.0.0.1" : "::1"), .port = to};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&e, &sa);

	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, len), 1);
	close(fd);
}

static void test_errors(void **state)
{
	icmp_errors_open(on_error);
	refuse(AF_INET, 4001, 4002);
	refuse(AF_INET6, 4003, 4004);
	DUT_AWAIT(n_heard == 2);
	for (unsigned i = 0; i < 2; i++) {
		bool four = heard[i].to.addr.family == AF_INET;

		assert_string_equal(ENDPOINT_STR(&heard[i].from),
				    four ? "127.0.0.1:4001" : "[::1]:4003");
		assert_string_equal(ENDPOINT_STR(&heard[i].to),
				    four ? "127.0.0.1:4002" : "[::1]:4004");
		assert_string_equal(icmp_error_name(&heard[i]), "port-unreachable");
	}
	icmp_errors_close();
	refuse(AF_INET, 4001, 4002);
	for (int i = 0; i < 10; i++)
		dut_turn();
	assert_int_equal(n_heard, 2);
}

static void test_error_names(void **state)
{
	static const struct {
		uint8_t family, type, code;
		const char *name;
	} rows[] = {
		{AF_INET, 3, 0, "no-route"},
		{AF_INET, 3, 1, "host-unreachable"},
		{AF_INET, 3, 3, "port-unreachable"},
		{AF_INET, 3, 9, "prohibited"},
		{AF_INET, 3, 10, "prohibited"},
		{AF_INET, 3, 13, "prohibited"},
		{AF_INET, 3, 2, "other"},
		{AF_INET, 11, 0, "other"},
		{AF_INET6, 1, 0, "no-route"},
		{AF_INET6, 1, 1, "prohibited"},
		{AF_INET6, 1, 3, "host-unreachable"},
		{AF_INET6, 1, 4, "port-unreachable"},
		{AF_INET6, 1, 5, "prohibited"},
		{AF_INET6, 1, 2, "other"},
		{AF_INET6, 3, 0, "other"},
		{AF_INET, 1, 0, "other"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct icmp_error m = {.type = rows[i].type, .code = rows[i].code};

		m.to.addr.family = rows[i].family;
		assert_string_equal(icmp_error_name(&m), rows[i].name);
	}
}

/* Which errors say that nothing leads there. */
static void test_error_types(void **state)
{
	static const struct {
		uint8_t type, code;
		bool four, six;
	} rows[] = {
		{3, 0, true, true},   {3, 1, true, false},  {3, 4, false, false},
		{3, 13, true, false}, {11, 0, true, false}, {11, 1, false, false},
		{0, 0, false, false}, {1, 0, false, true},  {1, 4, false, true},
		{2, 0, false, false}, {4, 0, false, false},
	};
	uint8_t four[64] = {0x45}, six[64] = {0};
	struct icmp_error m;

	four[28] = 0x45;
	four[28 + 9] = six[8 + 6] = 17;
	six[8] = 0x60;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		four[20] = six[0] = rows[i].type;
		four[21] = six[1] = rows[i].code;
		if (icmp_error_parse(AF_INET, four, 64, &m) != rows[i].four ||
		    icmp_error_parse(AF_INET6, six, 64, &m) != rows[i].six)
			fail_msg("type %u code %u", rows[i].type, rows[i].code);
	}
	/* More fragments follow, but this is the first one; this one is not. */
	four[20] = 3;
	four[21] = 1;
	four[28 + 6] = 0x20;
	assert_true(icmp_error_parse(AF_INET, four, 64, &m));
	four[28 + 6] = 0x10;
	assert_false(icmp_error_parse(AF_INET, four, 64, &m));
}

static int begin(void **state)
{
	dut_namespace();
	return sodium_init() < 0;
}

#define CHECK(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_links),
		CHECK(test_errors_of_links),
		CHECK(test_no_right),
		CHECK(test_addresses),
		CHECK(test_events),
		CHECK(test_events_lost),
		cmocka_unit_test(test_way_without_descriptors),
		CHECK(test_underlay),
		CHECK(test_echo),
		CHECK(test_probe),
		CHECK(test_errors),
		cmocka_unit_test(test_error_names),
		cmocka_unit_test(test_error_types),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
