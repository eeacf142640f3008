/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that nobody means, one at a time in a configuration that is fine: each is refused or
 * warned of, at its place, and nothing else is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_check.h"
#include "conf_load.h"
#include "conf_schema.h"
#include "util.h"

#define KEY0 "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=" /* RFC 7748: Alice's private one */
#define KEY1 "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=" /* Bob's */
#define FAR "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static struct ly_ctx *ctx;
static char dir[] = "/tmp/conf_odd_test.XXXXXX";

/* @ stands for the directory of the keys. */
static const char base[] =
	"system { hostname a; }\n"
	"wireguard {\n"
	"    interface wg0 { private-key-file @/k0; listen-port 51820;\n"
	"        address [ 10.9.0.1/24 fd09::1/64 ];\n"
	"        peer b { public-key \"" FAR "\"; endpoint 198.51.100.2:51820;\n"
	"            tunnel-address [ 10.9.0.2 fd09::2 ]; permit [ 192.168.2.0/24 ]; } }\n"
	"    interface wg1 { private-key-file @/k1; listen-port 51821; address [ 10.8.0.1/24 ];\n"
	"        peer c { public-key \"" FAR "\"; endpoint 198.51.100.2:51821;\n"
	"            tunnel-address [ 10.8.0.2 ]; permit [ 192.168.3.0/24 ]; } }\n"
	"}\n"
	"bgp { as 65001; router-id 10.9.0.1; network [ 192.168.1.0/24 ];\n"
	"    neighbor 10.9.0.2 { remote-as 65002; import all; export all; }\n"
	"}\n"
	"plane p { table 100; }\n"
	"rib { static 10.77.0.0/16 { next-hop 10.9.0.2; } }\n";

enum verdict { REFUSED, WARNED, FINE };

static const struct {
	const char *from, *to; /* the first FROM of the base becomes TO */
	enum verdict verdict;
	const char *says;
} rows[] = {
	{"", "", FINE, NULL},
	/* keys */
	{FAR, ZERO, REFUSED,
	 "t:5:29: wireguard interface wg0 peer b public-key: this key is all zeros"},
	{FAR, KEY0, REFUSED,
	 "t:5:29: wireguard interface wg0 peer b public-key: this is the private key"},
	{FAR, KEY1, REFUSED, "this is the private key of @/k1, no public one"},
	{"@/k0", "@/kz", REFUSED, "private-key-file: the key in @/kz is all zeros"},
	{"@/k1", "@/k0", WARNED, "interface wg0 has the same private key"},
	/* own addresses and networks */
	{"10.9.0.1/24", "10.9.0.0/24", REFUSED, "is the network address of 10.9.0.0/24"},
	{"10.9.0.1/24", "10.9.0.255/24", REFUSED, "is the broadcast address of 10.9.0.0/24"},
	{"10.9.0.1/24", "10.9.0.127/24", FINE, NULL},
	{"10.9.0.1/24", "10.9.0.0/30", REFUSED, "is the network address of 10.9.0.0/30"},
	{"10.9.0.1/24", "10.9.0.0/31", FINE, NULL}, /* both are hosts */
	{"10.9.0.1/24", "224.0.0.1/8", REFUSED, "is a multicast address"},
	{"10.9.0.1/24", "0.0.0.0/24", REFUSED, "is an address of no network"},
	{"10.9.0.1/24", "127.0.0.1/8", WARNED, "is a loopback address"},
	{"fd09::1/64", "ff02::1/64", REFUSED, "is a multicast address"},
	{"10.8.0.1/24", "10.9.0.7/24", WARNED,
	 "10.9.0.0/24 overlaps the network 10.9.0.0/24 of interface wg0"},
	{"10.8.0.1/24", "10.9.128.1/16", WARNED, "10.9.0.0/16 overlaps the network 10.9.0.0/24"},
	{"interface wg1 {", "interface wg1 { plane p;", FINE, NULL},
	{"listen-port 51821; address [ 10.8.0.1/24 ]",
	 "plane p; listen-port 51821; address [ 10.9.0.7/24 10.8.0.1/24 ]", FINE, NULL},
	{"interface wg1", "interface lo", REFUSED, "'lo' is the loopback interface"},
	{"table 100;", "table 100; interface lo;", REFUSED, "'lo' is the loopback interface"},
	/* peers */
	{"tunnel-address [ 10.9.0.2", "tunnel-address [ 10.9.0.2 10.9.0.0", REFUSED,
	 "tunnel-address: '10.9.0.0' is the network address"},
	{"tunnel-address [ 10.9.0.2", "tunnel-address [ 10.9.0.2 10.9.0.255", REFUSED,
	 "'10.9.0.255' is the broadcast address"},
	{"tunnel-address [ 10.9.0.2", "tunnel-address [ 10.9.0.2 224.0.0.9", REFUSED,
	 "'224.0.0.9' is a multicast address"},
	{"tunnel-address [ 10.9.0.2", "tunnel-address [ 10.9.0.2 0.0.0.0", REFUSED,
	 "'0.0.0.0' is an address of no network"},
	{"tunnel-address [ 10.9.0.2", "tunnel-address [ 10.9.0.2 127.0.0.2", WARNED,
	 "'127.0.0.2' is a loopback address"},
	{"tunnel-address [ 10.9.0.2", "tunnel-address [ 10.9.0.2 10.8.0.9", WARNED,
	 "'10.8.0.9' lies in the network 10.8.0.0/24 of interface wg1"},
	{"198.51.100.2:51820", "0.0.0.0:51820", REFUSED, "is an address of no network"},
	{"198.51.100.2:51820", "224.0.0.1:51820", REFUSED, "is a multicast address"},
	{"198.51.100.2:51820", "255.255.255.255:51820", REFUSED, "is a reserved address"},
	{"198.51.100.2:51820", "[::]:51820", REFUSED, "is the address of no host"},
	{"198.51.100.2:51820", "10.9.0.1:51820", REFUSED, "is our own address on wg0"},
	{"198.51.100.2:51820", "10.9.0.2:51820", WARNED, "is inside the tunnel itself"},
	{"198.51.100.2:51820", "127.0.0.1:51820", WARNED, "is a loopback address"},
	{"198.51.100.2:51820", "far.example.net:51820", FINE, NULL},
	{"192.168.2.0/24", "192.168.2.1/24", WARNED,
	 "t:6:59: warning: wireguard interface wg0 peer b permit: '192.168.2.1/24' has bits behind "
	 "its length; 192.168.2.0/24 is taken"},
	{"192.168.2.0/24", "10.9.0.0/24", WARNED, "is the network of the interface itself"},
	{"192.168.2.0/24", "224.0.0.0/8", WARNED, "is a multicast address: no path for it"},
	{"192.168.2.0/24", "127.0.0.0/8", WARNED, "is a loopback address: no path for it"},
	{"192.168.2.0/24", "169.254.7.0/24", WARNED, "is link-local"},
	{"192.168.2.0/24", "fe80::/64", WARNED, "is link-local"},
	{"192.168.2.0/24", "0.0.0.0/0", FINE, NULL},
	/* BGP */
	{"router-id 10.9.0.1", "router-id 255.255.255.255", REFUSED, "is no identifier"},
	{"router-id 10.9.0.1", "router-id 0.0.0.0", REFUSED, "is no identifier"},
	{"router-id 10.9.0.1", "router-id 224.0.0.1", WARNED, "is a multicast address"},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; cluster-id 0.0.0.0", REFUSED,
	 "is no identifier"},
	{"as 65001", "as 23456", REFUSED, "stands for numbers that do not fit"},
	{"as 65001", "as 65535", WARNED, "is reserved"},
	{"remote-as 65002", "remote-as 23456", REFUSED, "stands for numbers"},
	{"remote-as 65002", "remote-as 4294967295", WARNED, "is reserved"},
	{"network [ 192.168.1.0/24", "network [ 224.0.0.0/8", WARNED, "is a multicast address"},
	{"network [ 192.168.1.0/24", "network [ 192.168.1.1/24", WARNED, "192.168.1.0/24 is taken"},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; hold-time 3; keepalive 60", WARNED,
	 "t:11:60: warning: bgp keepalive: '60' is not below the hold-time of 3"},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; hold-time 0", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; send-hold-time 90", WARNED,
	 "bgp send-hold-time: '90' is not above the hold-time of 90"},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; send-hold-time 91", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; send-hold-time 0", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; hold-time 0; send-hold-time 9", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; hold-time 30; keepalive 29", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; hold-time 3", FINE, NULL}, /* a third of it */
	{"import all;", "hold-time 3; import all;", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; hold-time 30; keepalive 32", WARNED, "of 30"},
	{"neighbor 10.9.0.2", "neighbor 203.0.113.77", WARNED,
	 "no tunnel and no network of this machine leads to '203.0.113.77'"},
	{"neighbor 10.9.0.2 {", "neighbor 203.0.113.77 { multihop 5;", FINE, NULL},
	{"neighbor 10.9.0.2 { remote-as 65002", "neighbor 203.0.113.77 { remote-as internal", FINE,
	 NULL},
	{"neighbor 10.9.0.2", "neighbor 192.168.2.7", FINE, NULL}, /* it may be learned */
	{"neighbor 10.9.0.2", "neighbor 10.9.0.3", WARNED,
	 "no peer has '10.9.0.3' as its tunnel-address"},
	{"neighbor 10.9.0.2", "neighbor 10.9.0.255", REFUSED, "is the broadcast address"},
	{"neighbor 10.9.0.2", "neighbor 224.0.0.5", REFUSED, "is a multicast address"},
	{"remote-as 65002;", "remote-as 65002; local-address 203.0.113.9;", WARNED,
	 "'203.0.113.9' is no address of this machine"},
	{"remote-as 65002;", "remote-as 65002; local-address 10.9.0.1;", FINE, NULL},
	{"neighbor 10.9.0.2 {",
	 "neighbor-group g { listen-range 0.0.0.0/0; remote-as 65003; import all; export all; }\n"
	 "neighbor 10.9.0.2 {",
	 WARNED, "lets anybody in"},
	/* routes */
	{"next-hop 10.9.0.2", "next-hop 10.9.0.1", REFUSED, "is our own address"},
	{"next-hop 10.9.0.2", "next-hop 224.0.0.1", REFUSED, "is a multicast address"},
	{"static 10.77.0.0/16", "static 10.77.1.0/16", WARNED, "10.77.0.0/16 is taken"},
	{"static 10.77.0.0/16", "static 10.9.0.0/24", WARNED, "is the network of interface wg0"},
	{"rib {", "rib { table 255;", REFUSED, "own addresses"},
	{"plane p",
	 "policy q { term 1 { match { prefix [ 10.0.0.1/8+ ]; } then accept; } }\nplane p", WARNED,
	 "'10.0.0.1/8+' has bits behind its length"},
};

/* OUT: TEXT with each @ and its first FROM replaced. */
static char *filled(const char *text, const char *from, const char *to)
{
	char *out = xstrdup(text);

	if (*from) {
		char *at = strstr(out, from), *whole;

		if (!at)
			fail_msg("no %s in the base", from);
		*at = '\0';
		whole = xasprintf("%s%s%s", out, to, at + strlen(from));
		free(out);
		out = whole;
	}
	for (char *at; (at = strchr(out, '@'));) {
		char *whole;

		*at = '\0';
		whole = xasprintf("%s%s%s", out, dir, at + 1);
		free(out);
		out = whole;
	}
	return out;
}

static void test_each(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = filled(base, rows[i].from, rows[i].to);
		char *says = rows[i].says ? filled(rows[i].says, "", "") : NULL;
		struct conf_errors errs = {0};
		struct conf_loaded loaded;
		bool ok = conf_load_text(ctx, "t", text, strlen(text), CONF_CHECK_FILES, &loaded,
					 &errs);

		if (ok != (rows[i].verdict != REFUSED) ||
		    (rows[i].verdict == WARNED) != (ok && errs.warnings) ||
		    (says && !conf_errors_has(&errs, says))) {
			conf_errors_print(&errs, stderr);
			print_error("'%s' -> '%s': wanted %s\n", rows[i].from, rows[i].to,
				    says ? says : "nothing");
			wrong++;
		}
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
		free(text);
		free(says);
	}
	assert_int_equal(wrong, 0);
}

/* What the machine itself has is known, too. */
static void test_machine(void **state)
{
	struct ifaddrs *all = NULL;
	bool loopback = false;
	char *text = filled(base, "remote-as 65002;", "remote-as 65002; local-address 127.0.0.1;");
	struct conf_errors errs = {0};
	struct conf_loaded loaded;

	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		loopback =
			loopback || (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
				     ((const struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr ==
					     htonl(INADDR_LOOPBACK));
	freeifaddrs(all);
	assert_true(conf_load_text(ctx, "t", text, strlen(text), CONF_CHECK_FILES, &loaded, &errs));
	assert_int_equal(errs.warnings, loopback ? 0 : 1);
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
	free(text);
}

static const struct {
	const char *name, *text;
} keys[] = {{"k0", KEY0 "\n"}, {"k1", KEY1 "\n"}, {"kz", ZERO "\n"}};

static int setup(void **state)
{
	char *yang = xasprintf("%s/yang", getenv("srcdir") ? getenv("srcdir") : ".");
	struct conf_errors errs = {0};

	ctx = conf_schema_load(yang, &errs);
	free(yang);
	conf_errors_print(&errs, stderr);
	conf_errors_free(&errs);
	if (!ctx || !mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char *path = xasprintf("%s/%s", dir, keys[i].name);
		FILE *f = fopen(path, "we");

		if (!f)
			return -1;
		fputs(keys[i].text, f);
		fclose(f);
		chmod(path, 0600);
		free(path);
	}
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char *path = xasprintf("%s/%s", dir, keys[i].name);

		unlink(path);
		free(path);
	}
	rmdir(dir);
	ly_ctx_destroy(ctx);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_machine),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
