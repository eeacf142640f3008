/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger.h"
#include "testing.h"
#include "util.h"

static char dir[64];

static int setup(void **state)
{
	strcpy(dir, "/tmp/wgbgp-ledger-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int cleanup(void **state)
{
	char *path = xasprintf("%s/ledger-wg0", dir);

	unlink(path);
	free(path);
	return rmdir(dir);
}

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static struct ledger *open_again(struct ledger *l, int ifindex, bool expect_fresh)
{
	bool fresh;

	ledger_close(l);
	l = ledger_open(dir, "wg0", ifindex, &fresh);
	assert_non_null(l);
	assert_int_equal(fresh, expect_fresh);
	return l;
}

static void kept_over_a_restart(void **state)
{
	struct prefix a = prefix("10.0.0.0/8"), b = prefix("2001:db8::/32");
	struct addr addr = addr_of_prefix(&a);
	uint8_t key[WG_KEY_BYTES] = {1, 2, 3};
	struct ledger *l = open_again(NULL, 7, true);

	ledger_note_foreign(l, &a, key);
	ledger_add_entry(l, &a);
	ledger_add_entry(l, &b);
	ledger_remove_entry(l, &a);
	ledger_add_peer(l, key);
	ledger_add_addr(l, &addr, 24);
	assert_true(ledger_add_imported(l, &b));
	assert_false(ledger_add_imported(l, &b));
	ledger_add_imported(l, &a);
	ledger_remove_imported(l, &a);
	assert_int_equal(ledger_flush(l), 0);
	l = open_again(l, 7, false);
	assert_false(ledger_has_entry(l, &a));
	assert_true(ledger_has_entry(l, &b));
	assert_true(ledger_has_peer(l, key));
	assert_true(ledger_has_addr(l, &addr, 24));
	assert_false(ledger_has_addr(l, &addr, 25));
	assert_true(ledger_has_imported(l, &b));
	assert_false(ledger_has_imported(l, &a));
	ledger_forget_imported(l);
	assert_int_equal(ledger_flush(l), 0);
	l = open_again(l, 7, false);
	assert_false(ledger_has_imported(l, &b));
	assert_true(ledger_has_entry(l, &b));
	/* Another index: another interface of that name. */
	l = open_again(l, 8, true);
	assert_false(ledger_has_entry(l, &b));
	ledger_delete(l);
}

static void append(const char *text)
{
	char *path = xasprintf("%s/ledger-wg0", dir);
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

static void damage(void **state)
{
	struct prefix a = prefix("10.0.0.0/8"), b = prefix("10.1.0.0/16"),
		      c = prefix("10.2.0.0/16");
	struct ledger *l = open_again(NULL, 1, true);

	ledger_add_entry(l, &a);
	ledger_flush(l);
	append("nonsense\n\n+\n+ entry 10.1.0.0/16\n+ entry 10.2.0.0/16");
	l = open_again(l, 1, false);
	assert_true(ledger_has_entry(l, &a));
	assert_true(ledger_has_entry(l, &b));
	assert_false(ledger_has_entry(l, &c)); /* cut off while it was written */
	ledger_delete(l);
}

/* Void lines do not pile up. */
static void compaction(void **state)
{
	struct prefix a = prefix("10.0.0.0/8");
	char *path = xasprintf("%s/ledger-wg0", dir);
	struct ledger *l = open_again(NULL, 1, true);
	struct stat st;

	for (int i = 0; i < 20000; i++) {
		ledger_add_entry(l, &a);
		ledger_flush(l);
		ledger_remove_entry(l, &a);
		ledger_flush(l);
	}
	ledger_add_entry(l, &a);
	ledger_flush(l);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 5000 * 25);
	l = open_again(l, 1, false);
	assert_true(ledger_has_entry(l, &a));
	ledger_delete(l);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static struct stat status(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st;
}

/* How many lines were added, and the entry taken back, until the file is another one. */
static unsigned lines_until_written_anew(struct ledger *l, const char *path)
{
	struct prefix a = prefix("10.0.0.0/8");
	ino_t before = status(path).st_ino;
	unsigned n = 0;

	for (; n < 20000 && status(path).st_ino == before; n++) {
		if (!ledger_add_entry(l, &a))
			ledger_remove_entry(l, &a);
		assert_int_equal(ledger_flush(l), 0);
	}
	return n;
}

/* It is written anew when there are more than 4096 lines, most of them void; where that is not
 * possible the long one will do until there are twice as many. */
static void compaction_is_rare(void **state)
{
	char *path = xasprintf("%s/ledger-wg0", dir), *obstacle = xasprintf("%s.new", path);
	struct ledger *l = open_again(NULL, 1, true);

	assert_int_equal(status(path).st_mode & 0777, 0600);
	assert_int_equal(lines_until_written_anew(l, path), 4097); /* the last one added it */
	assert_int_equal(lines_until_written_anew(l, path), 4096);
	assert_int_equal(mkdir(obstacle, 0700), 0);
	assert_int_equal(lines_until_written_anew(l, path), 20000);
	assert_int_equal(rmdir(obstacle), 0);
	assert_int_equal(lines_until_written_anew(l, path), 12782);
	/* What is valid is not written again and again. */
	for (unsigned i = 0; i < 6000; i++) {
		struct prefix p = prefix_make(AF_INET, (uint8_t[]){10, (uint8_t)(i >> 8), (uint8_t)i},
					      24);

		assert_true(ledger_add_entry(l, &p));
	}
	assert_int_equal(lines_until_written_anew(l, path), 6001);
	ledger_delete(l);
	free(obstacle);
	free(path);
}

static void unwritable(void **state)
{
	bool fresh;

	assert_null(ledger_open("/proc/nowhere", "wg0", 1, &fresh));
}

#define NUMBERS 40
#define STEPS 3000

static struct prefix numbered(unsigned i)
{
	return prefix_make(AF_INET, (uint8_t[]){10, 1, (uint8_t)i}, 24);
}

/* Files of this process cannot grow beyond so many bytes. */
static void limit_files(rlim_t bytes)
{
	struct rlimit r;

	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* What one who opens the file now finds: in ALL exactly WANT, else WANT at least. */
static void check_file(const bool *want, bool all)
{
	char *from = xasprintf("%s/ledger-wg0", dir), *to = xasprintf("%s/ledger-copy", dir);
	char *copy = xasprintf("cp %s %s", from, to);
	struct ledger *l;
	bool fresh;

	assert_int_equal(system(copy), 0);
	l = ledger_open(dir, "copy", 1, &fresh);
	assert_non_null(l);
	for (unsigned i = 0; i < NUMBERS; i++) {
		struct prefix p = numbered(i);

		if (want[i] || all)
			assert_int_equal(ledger_has_entry(l, &p), want[i]);
	}
	ledger_delete(l);
	free(copy);
	free(from);
	free(to);
}

/* One that has no room now and then: a success says that everything is in the file, a failure that
 * nothing of it may be taken for granted; what was there before and stays is. */
static void no_room(void **state)
{
	unsigned seed = test_seed(), failures = 0, successes = 0;
	struct ledger *l = open_again(NULL, 1, true);
	bool want[NUMBERS] = {false}, added[NUMBERS] = {false};

	signal(SIGXFSZ, SIG_IGN);
	for (int step = 0; step < STEPS; step++) {
		unsigned i = rand_r(&seed) % NUMBERS;
		struct prefix p = numbered(i);

		if (want[i]) {
			ledger_remove_entry(l, &p);
			want[i] = added[i] = false;
		} else {
			assert_true(ledger_add_entry(l, &p));
			assert_false(ledger_add_entry(l, &p));
			want[i] = added[i] = true;
		}
		if (rand_r(&seed) % 4)
			continue;
		limit_files(rand_r(&seed) % 2 ? RLIM_INFINITY : (rlim_t)(rand_r(&seed) % 1500));
		if (ledger_flush(l) == 0) {
			successes++;
			memset(added, 0, sizeof(added));
			limit_files(RLIM_INFINITY);
			if (rand_r(&seed) % 8 == 0)
				check_file(want, true);
			continue;
		}
		failures++;
		limit_files(RLIM_INFINITY);
		for (i = 0; i < NUMBERS; i++) {
			p = numbered(i);
			if (added[i])
				ledger_remove_entry(l, &p);
			want[i] = want[i] && !added[i];
			added[i] = false;
		}
		if (rand_r(&seed) % 8 == 0)
			check_file(want, false);
	}
	assert_true(failures > 50 && successes > 50);
	ledger_delete(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept_over_a_restart, setup, cleanup),
		cmocka_unit_test_setup_teardown(damage, setup, cleanup),
		cmocka_unit_test_setup_teardown(compaction, setup, cleanup),
		cmocka_unit_test_setup_teardown(compaction_is_rare, setup, cleanup),
		cmocka_unit_test_setup_teardown(no_room, setup, cleanup),
		cmocka_unit_test(unwritable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
