/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that nobody means, one at a time in a configuration that is fine (testdata/odd.golden):
 * each is refused or warned of, at its place, and nothing else is said.
 *
 *	@base			the configuration
 *	@as-it-is		what is said of it
 *	@put FROM => TO		what is said when its first FROM becomes TO (\n: a new line)
 *	@also FROM => TO	the same in what the block before made of it
 *	@daemon FROM => TO	what is said without a look at files and at the machine
 *
 * "@" in a configuration is the directory of the keys. The machine's addresses are played.
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

#include "conf_check.h"
#include "conf_load.h"
#include "conf_place.h"
#include "golden.h"
#include "util.h"

#define KEY0 "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=" /* RFC 7748: Alice's private one */
#define KEY1 "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=" /* Bob's */
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static struct ly_ctx *ctx;
static char dir[] = "/tmp/conf_odd_test.XXXXXX";

/* ---- the machine */

static int machine_error;
static int lists; /* of addresses that were given out and not back */

static struct ifaddrs *address4(struct ifaddrs *next, const char *text, const char *mask)
{
	struct ifaddrs *i = xcalloc(1, sizeof(*i));
	struct sockaddr_in *at = xcalloc(2, sizeof(*at));

	at[0].sin_family = at[1].sin_family = AF_INET;
	inet_pton(AF_INET, text, &at[0].sin_addr);
	inet_pton(AF_INET, mask, &at[1].sin_addr);
	*i = (struct ifaddrs){.ifa_next = next,
			      .ifa_addr = (struct sockaddr *)&at[0],
			      .ifa_netmask = (struct sockaddr *)&at[1]};
	return i;
}

static struct ifaddrs *address6(struct ifaddrs *next, const char *text, const char *mask)
{
	struct ifaddrs *i = xcalloc(1, sizeof(*i));
	struct sockaddr_in6 *at = xcalloc(2, sizeof(*at));

	at[0].sin6_family = at[1].sin6_family = AF_INET6;
	inet_pton(AF_INET6, text, &at[0].sin6_addr);
	inet_pton(AF_INET6, mask, &at[1].sin6_addr);
	*i = (struct ifaddrs){.ifa_next = next,
			      .ifa_addr = (struct sockaddr *)&at[0],
			      .ifa_netmask = (struct sockaddr *)&at[1]};
	return i;
}

/* Among them links, and interfaces without an address or a mask. */
int getifaddrs(struct ifaddrs **out)
{
	struct ifaddrs *all;

	if (machine_error)
		return -1;
	lists++;
	all = address6(NULL, "2001:db8:9::9", "ffff:ffff:ffff:ff00::");
	all = address4(all, "203.0.113.9", "255.255.255.0");
	all = address4(all, "203.0.113.88", "255.255.255.248");
	free(all->ifa_addr);
	all->ifa_addr = NULL;
	all = address4(all, "203.0.114.1", "255.255.255.0");
	all->ifa_netmask = NULL;
	all = address4(all, "203.0.115.1", "255.255.255.0");
	all->ifa_addr->sa_family = AF_PACKET;
	*out = address4(all, "127.0.0.1", "255.0.0.0");
	return 0;
}

void freeifaddrs(struct ifaddrs *all)
{
	lists--;
	while (all) {
		struct ifaddrs *next = all->ifa_next;

		free(all->ifa_addr); /* the mask is behind it */
		free(all);
		all = next;
	}
}

/* ---- blocks */

static char *base, *last;

/* OUT: TEXT with its first FROM replaced. */
static char *with(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at)
		fail_msg("no %s in the base", from);
	return xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static char *replace_all(const char *text, const char *from, const char *to)
{
	char *out = xstrdup(text), *at = out;

	while ((at = strstr(at, from))) {
		size_t front = at - out;
		char *more = with(out, from, to);

		free(out);
		out = more;
		at = out + front + strlen(to);
	}
	return out;
}

/* All that is said of TEXT; the directory of the keys is @ again. */
static void say(FILE *out, const char *text, unsigned flags)
{
	char *folder = xasprintf("%s/", dir), *whole = replace_all(text, "@/", folder), *words,
	     *said;
	struct conf_errors errs = {0};
	struct conf_loaded loaded;
	size_t len;
	FILE *f = open_memstream(&words, &len);
	bool ok = conf_load_text(ctx, "t", whole, strlen(whole), flags, &loaded, &errs);

	assert_int_equal(ok, !errs.errors);
	assert_int_equal(lists, 0);
	conf_errors_print(&errs, f);
	fclose(f);
	said = replace_all(words, dir, "@");
	fprintf(out, "%s%s", said, *said ? "" : "fine\n");
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
	free(said);
	free(words);
	free(whole);
	free(folder);
}

static void put(FILE *out, const char *text, const char *change, unsigned flags)
{
	char *copy = replace_all(change, "\\n", "\n"), *arrow = strstr(copy, " => ");

	assert_non_null(arrow);
	*arrow = '\0';
	text = with(text, copy, arrow + strlen(" => "));
	free(last);
	last = (char *)text;
	say(out, last, flags);
	free(copy);
}

static void begin(void)
{
	machine_error = 0;
}

static bool block(FILE *out, const char *head, const char *body)
{
	const char *args = strchr(head, ' ');

	if (str_eq(head, "base")) {
		free(base);
		base = xasprintf("%s\n", body);
		return false;
	}
	if (str_eq(head, "no-addresses"))
		machine_error = 1;
	else if (str_eq(head, "as-it-is"))
		say(out, base, CONF_CHECK_FILES);
	else if (strncmp(head, "put ", 4) == 0)
		put(out, base, args + 1, CONF_CHECK_FILES);
	else if (strncmp(head, "also ", 5) == 0)
		put(out, last, args + 1, CONF_CHECK_FILES);
	else if (strncmp(head, "daemon ", 7) == 0)
		put(out, base, args + 1, 0);
	else
		fail_msg("@%s?", head);
	return true;
}

static void test_odd(void **state)
{
	static const struct golden_play play = {begin, block};

	golden_run("wgbgpd/testdata/odd.golden", &play);
	free(base);
	free(last);
}

/* Whatever was read of a private key is not left in memory. */
static unsigned wiped; /* bits: of which key */

void __wrap_sodium_memzero(void *at, size_t len);
void __real_sodium_memzero(void *at, size_t len);

void __wrap_sodium_memzero(void *at, size_t len)
{
	wiped |= memmem(at, len, KEY0, strlen(KEY0)) ? 1 : 0;
	wiped |= memmem(at, len, KEY1, strlen(KEY1)) ? 2 : 0;
	__real_sodium_memzero(at, len);
}

static void test_wiped(void **state)
{
	FILE *f = fopen("/dev/null", "we");

	wiped = 0;
	say(f,
	    "wireguard { interface wg0 { private-key-file @/k0; listen-port 1; }\n"
	    "interface wg1 { private-key-file @/k1; listen-port 2; } }\n",
	    CONF_CHECK_FILES);
	assert_int_equal(wiped, 3);
	fclose(f);
}

static const struct conf_place_file keys[] = {
	{"k0", KEY0 "\n"}, {"k1", KEY1 "\n"}, {"kz", ZERO "\n"}};

static int setup(void **state)
{
	ctx = conf_place_make(dir, keys, ARRAY_SIZE(keys));
	return ctx ? 0 : -1;
}

static int teardown(void **state)
{
	conf_place_remove(ctx, dir, keys, ARRAY_SIZE(keys));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_wiped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
