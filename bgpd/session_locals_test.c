/* SPDX-License-Identifier: BSD-2-Clause */
/* Our addresses on the interface of a session, and how a connection is made: from where, by which
 * interface, over how many hops. In a namespace with links of
 * both families and of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bgp.h"
#include "dut.h"
#include "log.h"
#include "nexthop.h"
#include "session_local.h"
#include "session_socket.h"
#include "util.h"

static int begin(void **state)
{
	dut_namespace();
	dut_link("va");
	dut_link("vb");
	dut_link("v4");
	dut_link("v6");
	dut_ip("link set va addrgenmode none");
	dut_ip("addr add 10.5.0.1/24 dev va");
	dut_ip("addr add 10.5.0.2/24 dev va");
	dut_ip("addr add fd05::1/64 dev va nodad");
	dut_ip("addr add fd05::2/64 dev va nodad"); /* the kernel names the last one first */
	dut_ip("addr add fe80::5/64 dev va nodad");
	dut_ip("addr add 10.6.0.1/24 dev vb");
	dut_ip("addr add fd06::1/64 dev vb nodad");
	dut_ip("addr add 10.7.0.1/24 dev v4"); /* and a link-local one */
	dut_ip("addr add fd07::1/64 dev v6 nodad");
	/* One that was configured, and then what a router says and the kernel makes of it. */
	dut_link("vs");
	dut_ip("addr add 10.8.0.1/24 dev vs");
	dut_ip("addr add fe80::5/64 dev vs nodad");
	dut_ip("addr add fe80::4/64 dev vs nodad");
	dut_ip("addr add fd08::3/64 dev vs nodad preferred_lft 0");
	dut_ip("addr add fd08::1/64 dev vs nodad");
	dut_ip("addr add fd08::2/64 dev vs nodad valid_lft 9000 preferred_lft 9000");
	dut_link("vh");
	dut_ip("addr add 10.11.0.1/32 dev vh");
	dut_ip("addr add fd11::1/128 dev vh nodad");
	dut_ip("addr add fe80::5/64 dev vh nodad");
	dut_link("vd");
	dut_ip("addr add 10.10.0.1/24 dev vd");
	dut_ip("addr add fd10::2/64 dev vd nodad valid_lft 9000 preferred_lft 9000");
	dut_ip("addr add fd10::3/64 dev vd nodad valid_lft 9000 preferred_lft 0");
	dut_ip("addr add 10.13.0.1/32 dev lo");
	return 0;
}

static struct peer *peer_of(const char *address)
{
	static struct peer p;

	memset(&p, 0, sizeof(p));
	assert_int_equal(addr_parse(address, &p.conf.address), 0);
	p.conf.port = 1790;
	return &p;
}

static const char *locals(const struct peer *p)
{
	static char out[128];
	const struct addr *all[] = {&p->local, &p->local4, &p->local6};
	size_t at = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "",
				       all[i]->family ? ADDR_STR(all[i]) : "-");
	return out;
}

static void test_locals(void **state)
{
	static const char *const rows[][4] = {
		/* a link-local one: of va where no other is said */
		{"10.5.0.1", "10.5.0.1 10.5.0.1 fd05::2"},
		{"10.5.0.2", "10.5.0.2 10.5.0.2 fd05::2"},
		{"fd05::1", "fd05::1 10.5.0.1 fd05::1"},
		{"fd05::2", "fd05::2 10.5.0.1 fd05::2"},
		{"fe80::5", "fe80::5 10.5.0.1 fd05::2"},
		{"fe80::5", "fe80::5 10.8.0.1 fd08::1", "vs"},
		{"10.8.0.1", "10.8.0.1 10.8.0.1 fd08::1"},
		{"fe80::5", "fe80::5 10.11.0.1 -", "vh"}, /* alone in its network */
		{"fe80::5", "fe80::5 - -", "vh", "extended"}, /* nor so, where IPv6 does */
		{"fe80::5", "fe80::5 10.5.0.1 fd05::2", "va", "extended"},
		{"10.11.0.1", "10.11.0.1 10.11.0.1 fd11::1"},
		{"fd08::2", "fd08::2 10.8.0.1 fd08::2"},
		{"10.10.0.1", "10.10.0.1 10.10.0.1 fd10::2"},
		{"10.6.0.1", "10.6.0.1 10.6.0.1 fd06::1"},
		{"fd06::1", "fd06::1 10.6.0.1 fd06::1"},
		{"10.7.0.1", "10.7.0.1 10.7.0.1 -"},
		{"fd07::1", "fd07::1 - fd07::1"},
		{"127.0.0.1", "127.0.0.1 127.0.0.1 -"},
		{"10.13.0.1", "10.13.0.1 10.13.0.1 -"}, /* on lo, beside ::1 */
	};
	struct peer *p = peer_of("10.5.0.9");
	int pair[2];

	p->local4 = p->local6 = p->conf.address; /* of an earlier session */
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint at = {.port = 0,
				      .scope_id = if_nametoindex(rows[i][2] ? rows[i][2] : "va")};
		struct sockaddr_storage sa;
		socklen_t len;
		int fd;

		assert_int_equal(addr_parse(rows[i][0], &at.addr), 0);
		if (!addr_is_link_local(&at.addr))
			at.scope_id = 0;
		len = endpoint_to_sockaddr(&at, &sa);
		fd = socket(at.addr.family, SOCK_STREAM, 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
		p->extended_hop = rows[i][3];
		session_locals(p, fd);
		assert_int_equal(p->local_ll.family ? at.scope_id : 0, at.scope_id);
		if (!str_eq(locals(p), rows[i][1]))
			fail_msg("%s: %s, expected %s", rows[i][0], locals(p), rows[i][1]);
		close(fd);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	session_locals(p, pair[0]);
	assert_string_equal(locals(p), "- - -");
	close(pair[0]);
	session_locals(p, pair[0]); /* no socket at all */
	assert_string_equal(locals(p), "- - -");
	close(pair[1]);
}

/* An own address that several interfaces have, as unnumbered ones do: it is the one by which the
 * neighbour is reached. */
static void test_shared(void **state)
{
	static const char *const rows[][3] = {{NULL, "fd05::2", "va"},
					      {"vb", "fd06::1", "vb"},
					      {"v6", "fd05::2", "va"}, /* it has not that address */
					      {"va", "fd05::2", "va"}};
	struct peer *p = peer_of("10.12.0.9");
	struct endpoint at = {.port = 0};
	struct sockaddr_storage sa;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	dut_ip("addr add 10.12.0.1/32 dev va");
	dut_ip("addr add 10.12.0.1/32 dev vb");
	assert_int_equal(addr_parse("10.12.0.1", &at.addr), 0);
	len = endpoint_to_sockaddr(&at, &sa);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct msg_nexthop m = {.addr = p->conf.address, .reach = REACH_UP};

		if (rows[i][0]) {
			str_copy(m.ifname, rows[i][0], sizeof(m.ifname));
			nexthop_set(nexthop_watch_neighbor(&m.addr), &m);
		}
		session_locals(p, fd);
		assert_string_equal(ADDR_STR(&p->local6), rows[i][1]);
		assert_string_equal(p->ifname, rows[i][2]);
	}
	close(fd);
}

static int option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static const char *from(int fd)
{
	static char out[ADDR_STRLEN];
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint e;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	endpoint_from_sockaddr((struct sockaddr *)&sa, &e);
	str_copy(out, ADDR_STR(&e.addr), sizeof(out));
	return out;
}

static void test_connect(void **state)
{
	static const struct {
		const char *address, *local, *zone, *device; /* NULL none */
		int err;
		const char *from;
	} rows[] = {
		{"10.5.0.9", NULL, NULL, NULL, 0, "10.5.0.1"},
		{"10.5.0.9", "10.5.0.2", NULL, NULL, 0, "10.5.0.2"},
		{"10.5.0.9", "10.6.0.1", NULL, NULL, 0, "10.6.0.1"},
		{"10.5.0.9", "10.5.0.3", NULL, NULL, -EADDRNOTAVAIL, NULL},
		{"10.5.0.9", "fd05::1", NULL, NULL, -EAFNOSUPPORT, NULL},
		{"fd05::9", "10.5.0.1", NULL, NULL, -EAFNOSUPPORT, NULL},
		{"10.77.0.9", NULL, NULL, NULL, -ENETUNREACH, NULL},
		{"10.5.0.9", NULL, NULL, "vb", 0, "10.6.0.1"},
		{"10.6.0.9", NULL, NULL, "vb", 0, "10.6.0.1"},
		{"fd05::9", "fd05::2", NULL, NULL, 0, "fd05::2"},
		{"fd06::9", NULL, NULL, NULL, 0, "fd06::1"},
		{"fe80::9", NULL, "va", NULL, 0, "fe80::5"},
		{"fe80::9", "fe80::5", "va", NULL, 0, "fe80::5"},
		{"fe80::9", "fe80::5", "vb", NULL, -EADDRNOTAVAIL, NULL},
		{"fe80::9", NULL, "nowhere", NULL, -ENODEV, NULL},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer *p = peer_of(rows[i].address);
		int fd;

		if (rows[i].local)
			assert_int_equal(addr_parse(rows[i].local, &p->conf.local_address), 0);
		if (rows[i].zone)
			strcpy(p->conf.zone, rows[i].zone);
		if (rows[i].device)
			strcpy(p->conf.device, rows[i].device);
		fd = session_socket_connect(p);
		if (rows[i].err ? fd != rows[i].err : fd < 0)
			fail_msg("row %u: %d", i, fd);
		if (fd < 0)
			continue;
		assert_string_equal(from(fd), rows[i].from);
		close(fd);
	}
}

/* Of several link-local addresses the one that is configured. */
static void test_link_address(void **state)
{
	static const char *const ours[] = {"fe80::4", "fe80::5"};

	for (unsigned i = 0; i < ARRAY_SIZE(ours); i++) {
		struct peer *p = peer_of("fe80::9");
		int fd;

		strcpy(p->conf.zone, "vs");
		assert_int_equal(addr_parse(ours[i], &p->conf.link_address), 0);
		fd = session_socket_connect(p);
		assert_true(fd >= 0);
		assert_string_equal(from(fd), ours[i]);
		close(fd);
	}
}

/* RFC 4271 leaves it open: one hop to an external neighbour, any number to an internal one. */
static void test_hops(void **state)
{
	static const struct {
		const char *address;
		int level, name;
	} families[] = {{"10.5.0.9", IPPROTO_IP, IP_TTL},
			{"fd05::9", IPPROTO_IPV6, IPV6_UNICAST_HOPS}};

	bgp.as = 65000;
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		for (unsigned k = 0; k < 4; k++) {
			struct peer *p = peer_of(families[i].address);
			int fd;

			p->conf.remote_as = k % 2 ? 65000 : 65001;
			p->conf.multihop = k < 2 ? 0 : 7;
			fd = session_socket_connect(p);
			assert_true(fd >= 0);
			assert_int_equal(option(fd, families[i].level, families[i].name),
					 k >= 2	 ? 7
					 : k % 2 ? 255
						 : 1);
			close(fd);
		}
}

/* A neighbour of either family over a socket that carries both. */
static void test_dual_stack(void **state)
{
	struct peer *p = peer_of("10.5.0.9");
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	p->conf.multihop = 9;
	session_socket_prepare(p, fd);
	assert_int_equal(option(fd, IPPROTO_IP, IP_TTL), 9);
	assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locals),	     cmocka_unit_test(test_connect),
		cmocka_unit_test(test_link_address), cmocka_unit_test(test_hops),
		cmocka_unit_test(test_dual_stack),   cmocka_unit_test(test_shared),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, begin, NULL);
}
