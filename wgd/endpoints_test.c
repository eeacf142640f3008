/* SPDX-License-Identifier: BSD-2-Clause */
/* Where peers were last heard, in a file that outlives the machine's stop; and keys in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "endpoints.h"
#include "log.h"
#include "loop_fake.h"
#include "secrets.h"
#include "util.h"

#define A "YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define B "YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static char top[] = "/tmp/wgbgp-endpoints-XXXXXX", dir[128], path[160];
static const uint8_t a[WG_KEY_BYTES] = {'a'}, b[WG_KEY_BYTES] = {'b'};

static int begin(void **state)
{
	assert_non_null(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/var/lib/wgbgp", top);
	snprintf(path, sizeof(path), "%s/endpoints", dir);
	setenv("WGBGP_STATEDIR", dir, 1);
	endpoints_open();
	return 0;
}

static int end(void **state)
{
	char line[64];

	endpoints_close();
	loop_free();
	snprintf(line, sizeof(line), "rm -rf %s", top);
	return system(line);
}

static void note(const char *ifname, const uint8_t *key, const char *text)
{
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, &e), 0);
	endpoints_note(ifname, key, &e);
}

static const char *find(const char *ifname, const uint8_t *key)
{
	static char text[ENDPOINT_STRLEN];
	struct endpoint e;

	return endpoints_find(ifname, key, &e) ? endpoint_str(&e, text) : "-";
}

static const char *content(void)
{
	static char text[4096];
	FILE *f = fopen(path, "r");

	if (!f)
		return "none";
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

/* Two interfaces whose names differ in the last character that there is room for. */
static void test_long_names(void **state)
{
	note("wireguard-long1", a, "192.0.2.1:5");
	note("wireguard-long2", a, "192.0.2.2:5");
	assert_string_equal(find("wireguard-long1", a), "192.0.2.1:5");
	assert_string_equal(find("wireguard-long2", a), "192.0.2.2:5");
}

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static void pass(unsigned ms)
{
	loop_fake_pass(ms * 1000ull);
	loop_fake_turn();
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return st.st_mode & 0777;
}

static void test_written(void **state)
{
	char parent[128];

	assert_int_equal(mode_of(dir), 0700);
	snprintf(parent, sizeof(parent), "%s/var/lib", top);
	assert_int_equal(mode_of(parent), 0755);
	note("wg0", a, "192.0.2.1:5");
	pass(2999);
	assert_string_equal(content(), "none");
	note("wg0", a, "192.0.2.2:5"); /* does not put it off */
	pass(1);
	assert_string_equal(content(), "wg0 " A " 192.0.2.2:5\n");
	assert_int_equal(mode_of(path), 0600);
	/* The same again: nothing to write. */
	unlink(path);
	note("wg0", a, "192.0.2.2:5");
	pass(5000);
	assert_string_equal(content(), "none");
	note("wg1", a, "[2001:db8::1]:6");
	note("wg0", b, "192.0.2.3:7");
	endpoints_close();
	endpoints_open();
	assert_string_equal(find("wg0", a), "192.0.2.2:5");
	assert_string_equal(find("wg1", a), "[2001:db8::1]:6");
	assert_string_equal(find("wg0", b), "192.0.2.3:7");
	assert_string_equal(find("wg1", b), "-");
	/* Nothing changed: it is not written when wgd ends. */
	put("");
	endpoints_close();
	assert_string_equal(content(), "");
	endpoints_open();
	assert_string_equal(find("wg1", a), "-");
}

static void test_malformed(void **state)
{
	endpoints_close();
	put("wg0 " A "\nwg0 short 192.0.2.1:5\nwg0 " A " nowhere\n\nwg0 " B
	    " 192.0.2.1:5 and more\nan-interface-too-long " A " 192.0.2.1:5\nwg1 " A
	    " 192.0.2.9:9\nwg1 " A " 192.0.2.10:9\n");
	endpoints_open();
	assert_string_equal(find("wg0", a), "-");
	assert_string_equal(find("wg0", b), "192.0.2.1:5");
	assert_string_equal(find("wg1", a), "192.0.2.10:9");
}

/* What cannot be written is written with the next change. */
static void test_unwritten(void **state)
{
	struct rlimit before, few;
	char tmp[200];

	snprintf(tmp, sizeof(tmp), "%s.new", path);
	assert_int_equal(mkdir(tmp, 0700), 0);
	note("wg0", a, "192.0.2.1:5");
	pass(3000);
	assert_string_equal(content(), "none");
	rmdir(tmp);
	pass(30000);
	assert_string_equal(content(), "none");
	note("wg0", b, "192.0.2.2:5");
	pass(3000);
	assert_non_null(strstr(content(), "wg0 " A " 192.0.2.1:5\n"));
	assert_non_null(strstr(content(), "wg0 " B " 192.0.2.2:5\n"));
	/* An old one is better than a part of the new one. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	few = (struct rlimit){20, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	note("wg0", a, "192.0.2.3:5");
	pass(3000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(content(), "wg0 " A " 192.0.2.1:5\n"));
	assert_null(strstr(content(), "192.0.2.3"));
}

/* --- keys --- */

static void test_secrets(void **state)
{
	uint8_t key[KEY_BYTES] = {1, 2}, other[KEY_BYTES] = {3};
	int status;

	assert_null(secrets_get("/k"));
	assert_null(secrets_get(NULL));
	secrets_put("/k", key);
	secrets_put("/l", other);
	assert_memory_equal(secrets_get("/k"), key, KEY_BYTES);
	assert_memory_equal(secrets_get("/l"), other, KEY_BYTES);
	secrets_put("/k", other);
	assert_memory_equal(secrets_get("/k"), other, KEY_BYTES);
	/* Nobody writes over it. */
	if (fork() == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile uint8_t *)secrets_get("/k") = 7;
		_exit(0);
	}
	wait(&status);
	assert_true(WIFSIGNALED(status));
	secrets_close();
	assert_null(secrets_get("/k"));
	assert_null(secrets_get("/l"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written, begin, end),
		cmocka_unit_test_setup_teardown(test_malformed, begin, end),
		cmocka_unit_test_setup_teardown(test_unwritten, begin, end),
		cmocka_unit_test_setup_teardown(test_long_names, begin, end),
		cmocka_unit_test(test_secrets),
	};

	log_init("endpoints_test");
	log_set_level(LOG_LEVEL_ERROR);
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
