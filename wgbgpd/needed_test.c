/* SPDX-License-Identifier: BSD-2-Clause */
/* needed: which lines of the kernel's and the resolver's files name a host that is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "needed.h"
#include "util.h"
#include "way.h"

static char dir[] = "/tmp/wgbgp-needed-XXXXXX";
static char *files[6], *folder, *pattern;

static int no_socket;

int way_open(void)
{
	return no_socket;
}

void way_close(void)
{
}

/* Nothing leads to 192.0.2.0/24, lo to 127.0.0.0/8, and u0 elsewhere. */
bool way_leads(const struct addr *to, uint32_t mark, uint32_t *oif)
{
	*oif = to->b[0] == 127 ? 1 : 2;
	return to->b[0] != 192 || to->b[2] != 2;
}

char *__wrap_if_indextoname(unsigned index, char *name);

char *__wrap_if_indextoname(unsigned index, char *name)
{
	return strcpy(name, index == 1 ? "lo" : "u0");
}

int __wrap_getifaddrs(struct ifaddrs **out);
void __wrap_freeifaddrs(struct ifaddrs *all);

/* u0 has 10.5.0.1 and 2001:db8::1, wg0 has 10.9.0.1. */
int __wrap_getifaddrs(struct ifaddrs **out)
{
	static struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	static struct sockaddr_in four[] = {{.sin_family = AF_INET}, {.sin_family = AF_INET}};
	static struct ifaddrs all[] = {
		{.ifa_name = "u1", .ifa_next = all + 1},
		{.ifa_name = "u0", .ifa_addr = (struct sockaddr *)&four[0], .ifa_next = all + 2},
		{.ifa_name = "u0", .ifa_addr = (struct sockaddr *)&six, .ifa_next = all + 3},
		{.ifa_name = "wg0", .ifa_addr = (struct sockaddr *)&four[1]},
	};

	inet_pton(AF_INET, "10.5.0.1", &four[0].sin_addr);
	inet_pton(AF_INET, "10.9.0.1", &four[1].sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
	*out = all;
	return 0;
}

void __wrap_freeifaddrs(struct ifaddrs *all)
{
}

static void put(unsigned i, const char *text)
{
	FILE *f = fopen(files[i], "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The words of /proc/net/tcp6, or of tcp where the address is short. */
static const char *words_of(const char *address)
{
	static char texts[2][33];
	static unsigned next;
	char *out = texts[next++ % 2];
	uint32_t w[4] = {0};
	bool six = inet_pton(AF_INET6, address, w) == 1;

	if (!six)
		assert_int_equal(inet_pton(AF_INET, address, w), 1);
	for (unsigned i = 0; i < (six ? 4 : 1); i++)
		snprintf(out + 8 * i, 9, "%08X", w[i]);
	return out;
}

/* A line there. */
static const char *session_at(const char *here, const char *far, unsigned port, unsigned state)
{
	static char lines[8][256];
	static unsigned next;
	char *line = lines[next++ % 8];

	snprintf(line, sizeof(lines[0]),
		 "  12: %s:%04X %s:C5A2 %02X 00000000:00000000 00:00000000 00000000     0        "
		 "0 1\n",
		 words_of(here), port, words_of(far), state);
	return line;
}

static const char *session(const char *far, unsigned port, unsigned state)
{
	bool six = strchr(far, ':');

	return session_at(!six			? "10.5.0.1"
			  : strstr(far, "ffff") ? "::ffff:10.5.0.1"
						: "2001:db8::1",
			  far, port, state);
}

static bool is_wanted(void *arg, const struct needed *needed)
{
	return !str_eq(needed->local, "wg0");
}

static const char *found(void)
{
	static char text[512];
	struct needed all[NEEDED_MAX];
	unsigned n = needed_read(all, is_wanted, NULL);

	text[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s by %s%s",
			 i ? ", " : "", ADDR_STR(&all[i].addr), all[i].interface,
			 all[i].resolver ? " resolver" : "");
	return text;
}

static void test_sessions(void **state)
{
	char text[2048] = "  sl  local_address rem_address   st tx_queue rx_queue tr\n";

	strcat(text, session("10.7.0.1", 22, 1));
	strcat(text, session("10.7.0.2", 22, 6)); /* it has ended */
	strcat(text, session("10.7.0.3", 2222, 1));
	strcat(text, session("192.0.2.1", 22, 1)); /* nothing leads there */
	strcat(text, session("127.0.0.1", 22, 1));
	strcat(text, session("10.7.0.1", 22, 1)); /* a second one */
	put(0, text);
	text[0] = '\0';
	strcat(text, session("2001:db8::7", 22, 1));
	strcat(text, session("::ffff:10.7.0.9", 22, 1));
	strcat(text, session("fe80::7", 22, 1));
	put(1, text);
	assert_string_equal(found(), "10.7.0.1 by u0, 2001:db8::7 by u0, 10.7.0.9 by u0");
}

/* A session ends with the address that it has here, though the kernel does not say so. */
static void test_local_address(void **state)
{
	char text[1024] = "";

	strcat(text, session_at("10.5.0.2", "10.7.0.1", 22, 1)); /* which nobody has */
	strcat(text, session_at("10.9.0.1", "10.7.0.2", 22, 1)); /* which is not asked for */
	strcat(text, session_at("10.9.0.1", "10.7.0.3", 22, 1));
	strcat(text, session_at("10.5.0.1", "10.7.0.3", 22, 1)); /* it came in the clear, too */
	put(0, text);
	assert_string_equal(found(), "10.7.0.3 by u0");
}

static void test_ports(void **state)
{
	char text[1024] = "";

	strcat(text, session("10.7.0.1", 22, 1));
	strcat(text, session("10.7.0.2", 2222, 1));
	strcat(text, session("10.7.0.3", 2223, 1));
	strcat(text, session("10.7.0.4", 2224, 1));
	put(0, text);
	put(4, "#Port 2224\n port  2222 # for us\nPorts 2224\nPermitRootLogin no\n");
	put(5, "Port 2223\n");
	assert_string_equal(found(), "10.7.0.1 by u0, 10.7.0.2 by u0, 10.7.0.3 by u0");
}

/* As sshd reads it: with a "=", and with the ports of addresses. */
static void test_ports_of_addresses(void **state)
{
	char text[1024] = "";

	strcat(text, session("10.7.0.1", 2222, 1));
	strcat(text, session("10.7.0.2", 2223, 1));
	strcat(text, session("10.7.0.3", 2224, 1));
	strcat(text, session("10.7.0.4", 2225, 1));
	put(0, text);
	put(4, "Port=2222\nListenAddress 10.5.0.1:2223\nlistenaddress = [2001:db8::1]:2224\n"
	       "ListenAddress 2001:db8::2225\nListenAddress here\n");
	assert_string_equal(found(), "10.7.0.1 by u0, 10.7.0.2 by u0, 10.7.0.3 by u0");
}

static void test_name_servers(void **state)
{
	assert_string_equal(found(), ""); /* no file is there */
	put(2, "# nameserver 10.0.0.9\nsearch example\nnameserver 127.0.0.53\n"
	       " nameserver\t10.0.0.53\nnameserver fe80::1%u0\noptions edns0\n");
	put(3, "nameserver 10.0.0.53\nnameserver 2001:db8::53\nnameserver x\n");
	put(0, session("10.0.0.53", 22, 1));
	assert_string_equal(found(), "10.0.0.53 by u0 resolver, 2001:db8::53 by u0 resolver");
	put(2, "nameserver 192.0.2.1\n"); /* nothing leads there */
	put(3, "");
	assert_string_equal(found(), "192.0.2.1 by  resolver, 10.0.0.53 by u0");
}

static void test_no_socket(void **state)
{
	put(0, session("10.7.0.1", 22, 1));
	no_socket = -EMFILE;
	assert_string_equal(found(), "");
	no_socket = 0;
	assert_string_equal(found(), "10.7.0.1 by u0");
}

static int setup(void **state)
{
	static const char *const names[] = {"tcp",	   "tcp6",
					    "resolv.conf", "resolve.conf",
					    "sshd_config", "sshd_config.d/port.conf"};

	if (!mkdtemp(dir))
		return -1;
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		files[i] = xasprintf("%s/%s", dir, names[i]);
	for (unsigned i = 0; i < 2; i++) {
		needed_tcp[i] = files[i];
		needed_resolv[i] = files[2 + i];
	}
	folder = xasprintf("%s/sshd_config.d", dir);
	needed_sshd = pattern = xasprintf("%s/sshd_config*", dir);
	return mkdir(folder, 0755);
}

static int clean(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		unlink(files[i]);
	return 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		free(files[i]);
	if (rmdir(folder) < 0)
		return -1;
	free(folder);
	free(pattern);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_sessions, clean),
		cmocka_unit_test_teardown(test_local_address, clean),
		cmocka_unit_test_teardown(test_ports, clean),
		cmocka_unit_test_teardown(test_ports_of_addresses, clean),
		cmocka_unit_test_teardown(test_name_servers, clean),
		cmocka_unit_test_teardown(test_no_socket, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
