/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs against the nftables of a namespace of its own: what `nft` then lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dut.h"
#include "log.h"
#include "loop.h"
#include "nft.h"
#include "util.h"

static const char sets[] = "add table inet wgbgp\n"
			   "add set inet wgbgp a4 { type ipv4_addr; }\n"
			   "add set inet wgbgp i4 { type ipv4_addr; flags interval; }\n"
			   "add set inet wgbgp i6 { type ipv6_addr; flags interval; }\n"
			   "add set inet wgbgp names { type ifname; }\n";

static bool all_ours(const char *name)
{
	return !str_eq(name, "theirs");
}

static const char *run(const char *command)
{
	static char text[1 << 17];
	FILE *f = popen(command, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	pclose(f);
	text[n] = '\0';
	return text;
}

/* The elements of a set, joined by blanks; "none": no such set. */
static const char *elements(const char *set)
{
	char *command = xasprintf("nft list set inet wgbgp %s 2>/dev/null | tr -d '\\n\\t' | "
				  "sed 's/.*elements = {\\(.*\\)}}}/\\1/; s/.*set .*//' | "
				  "tr -d ' \"' | tr ',' '\\n' | sort | paste -sd' '",
				  set);
	char *found = xasprintf("nft list set inet wgbgp %s >/dev/null 2>&1", set);
	const char *text = run(command);

	if (system(found) != 0)
		text = "none";
	free(command);
	free(found);
	return text;
}

static void assert_elements(const char *set, const char *text)
{
	char *line = xasprintf("%s\n", text);
	const char *got = elements(set);

	if (!str_eq(got, line) && !str_eq(got, text))
		fail_msg("%s: %s", set, got);
	free(line);
}

static struct nft_job *job_of(const char *text)
{
	struct nft_job *j = nft_job_new();

	j->text = text ? xstrdup(text) : NULL;
	return j;
}

static void must(struct nft_job *j)
{
	nft_run(j);
	if (j->err)
		fail_msg("%d %s", j->err, j->error);
	assert_string_equal(j->error, "");
	nft_job_free(j);
}

static void keep(struct nft_job *j, const char *name)
{
	j->keep = xrealloc(j->keep, (j->n_keep + 1) * sizeof(*j->keep));
	j->keep[j->n_keep] = (struct nft_set){0};
	str_copy(j->keep[j->n_keep++].name, name, sizeof(j->keep->name));
}

static int setup(void **state)
{
	if (system("nft list tables >/dev/null 2>&1") != 0)
		skip();
	dut_namespace();
	return 0;
}

static void element4(struct nft_job *j, bool add, const char *set, uint32_t a, bool end)
{
	uint8_t key[4] = {(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a};

	nft_element(j, add, set, key, sizeof(key), end);
}

/* Additions, removals and fillings of several sets, in one transaction. */
static void test_elements(void **state)
{
	static const uint8_t from[16] = {0x20, 1, 0xd, 0xb8}, to[16] = {0x20, 1, 0xd, 0xb9};
	char name[16] = "wg0";
	struct nft_job *j = job_of(sets);

	element4(j, true, "a4", 0x0a000001, false);
	element4(j, true, "a4", 0x0a000002, false);
	element4(j, true, "i4", 0x0a010000, false);
	element4(j, true, "i4", 0x0a020000, true);
	nft_element(j, true, "i6", from, 16, false);
	nft_element(j, true, "i6", to, 16, true);
	nft_element(j, true, "names", name, 16, false);
	must(j);
	assert_elements("a4", "10.0.0.1 10.0.0.2");
	assert_elements("i4", "10.1.0.0/16");
	assert_elements("i6", "2001:db8::/32");
	assert_elements("names", "wg0");
	j = job_of(NULL);
	element4(j, false, "a4", 0x0a000001, false);
	element4(j, true, "a4", 0x0a000003, false);
	element4(j, false, "i4", 0x0a010000, false);
	element4(j, false, "i4", 0x0a020000, true);
	element4(j, true, "i4", 0x0a010000, false);
	element4(j, true, "i4", 0x0a018000, true);
	nft_flush(j, "names");
	must(j);
	assert_elements("a4", "10.0.0.2 10.0.0.3");
	assert_elements("i4", "10.1.0.0/17");
	assert_elements("names", "");
	j = job_of(NULL);
	nft_flush(j, "a4");
	element4(j, true, "a4", 0x0a000009, false);
	nft_flush(j, "i4");
	must(j);
	assert_elements("a4", "10.0.0.9");
	assert_elements("i4", "");
	assert_elements("i6", "2001:db8::/32");
}

/* More than one message has room for. */
static void test_many(void **state)
{
	enum { MANY = 20000 };
	struct nft_job *j = job_of(sets);

	for (uint32_t i = 0; i < MANY; i++)
		element4(j, true, "a4", 0x0a000000 + i, false);
	must(j);
	assert_int_equal(atoi(run("nft list set inet wgbgp a4 | grep -oE '10\\.0(\\.[0-9]+){2}' | "
				  "wc -l")),
			 MANY);
	j = job_of(NULL);
	for (uint32_t i = 0; i < MANY; i++)
		if (i != 7777)
			element4(j, false, "a4", 0x0a000000 + i, false);
	must(j);
	assert_elements("a4", "10.0.30.97");
}

/* What the kernel refuses changes nothing of the whole, and is said. */
static void test_refused(void **state)
{
	struct nft_job *j = job_of("add table inet wgbgp\nadd set inet wgbgp a4 { type nonsense; }");

	nft_run(j);
	assert_int_equal(j->err, -EINVAL);
	assert_non_null(strstr(j->error, "Error"));
	assert_null(strchr(j->error, '\n'));
	assert_int_equal(j->before, j->after);
	nft_job_free(j);
	assert_string_equal(run("nft list tables"), "");
	must(job_of(sets));
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000001, false);
	element4(j, true, "missing", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->err, -ENOENT);
	assert_string_equal(j->error, strerror(ENOENT));
	nft_job_free(j);
	assert_elements("a4", "");
	j = job_of(NULL);
	element4(j, false, "a4", 0x0a000001, false);
	element4(j, true, "missing", 0x0a000001, false);
	element4(j, false, "i4", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->err, -ENOENT); /* the first of all */
	nft_job_free(j);
	/* After commands that fail nothing else is done. */
	j = job_of("add rule inet wgbgp nochain accept");
	j->ours = all_ours;
	element4(j, true, "a4", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->err, -EINVAL);
	assert_int_equal(j->n_found, 0);
	nft_job_free(j);
	assert_elements("a4", "");
	assert_elements("i4", "");
}

static void test_generations(void **state)
{
	uint32_t before = nft_generation();
	struct nft_job *j;

	assert_true(before > 0);
	must(job_of(sets));
	assert_int_equal(nft_generation(), before + 1);
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->before, before + 1);
	assert_int_equal(j->after, before + 2);
	nft_job_free(j);
	/* Where sets are listed `after` is what was when that began. */
	j = job_of("add set inet wgbgp more { type ifname; }");
	j->ours = all_ours;
	keep(j, "more");
	nft_run(j);
	assert_int_equal(j->before, before + 2);
	assert_int_equal(j->after, before + 3);
	assert_true(nft_generation() > before + 3); /* others were removed behind that */
	nft_job_free(j);
}

static uint64_t id_of(const char *name)
{
	struct nft_job *j = job_of(NULL);
	uint64_t id = 0;

	j->ours = all_ours;
	keep(j, "a4");
	keep(j, "i4");
	keep(j, "i6");
	keep(j, "names");
	nft_run(j);
	assert_int_equal(j->err, 0);
	for (size_t i = 0; i < j->n_found; i++)
		if (str_eq(j->found[i].name, name))
			id = j->found[i].id;
	nft_job_free(j);
	return id;
}

/* A set that was made again is another one, as is one of a table that was. */
static void test_identity(void **state)
{
	uint64_t first, second;

	assert_int_equal(id_of("a4"), 0);
	must(job_of(sets));
	first = id_of("a4");
	assert_true(first != 0);
	assert_true(first == id_of("a4"));
	assert_true(first != id_of("i4"));
	must(job_of("delete set inet wgbgp a4\nadd set inet wgbgp a4 { type ipv4_addr; }"));
	second = id_of("a4");
	assert_true(second != first);
	must(job_of("delete table inet wgbgp"));
	must(job_of(sets));
	assert_true(id_of("a4") != first && id_of("a4") != second);
}

static void test_kept(void **state)
{
	struct nft_job *j;

	must(job_of(sets));
	must(job_of("add set inet wgbgp theirs { type ifname; }\n"
		    "add chain inet wgbgp filter\n"
		    "add rule inet wgbgp filter ip saddr @a4 accept\n"
		    "add element inet wgbgp a4 { 10.0.0.1 }\n"
		    "add element inet wgbgp names { eth0 }"));
	j = job_of(NULL);
	j->ours = all_ours;
	keep(j, "names");
	nft_run(j);
	assert_int_equal(j->err, 0);
	assert_int_equal(j->n_found, 5);
	nft_job_free(j);
	assert_elements("names", "eth0");
	assert_elements("theirs", "");
	assert_elements("i4", "none");
	assert_elements("i6", "none");
	assert_elements("a4", ""); /* a rule names it */
	j = job_of(NULL);
	j->ours = all_ours;
	must(j);
	assert_elements("names", "none");
	assert_elements("theirs", "");
	must(job_of("delete chain inet wgbgp filter"));
	j = job_of(NULL);
	j->ours = all_ours;
	must(j);
	assert_elements("a4", "none");
	assert_string_equal(run("nft list tables"), "table inet wgbgp\n"); /* with theirs */
	must(job_of("delete set inet wgbgp theirs"));
	j = job_of(NULL);
	j->ours = all_ours;
	keep(j, "names"); /* where there is none: the table may be wanted yet */
	must(j);
	assert_string_equal(run("nft list tables"), "table inet wgbgp\n");
	j = job_of(NULL);
	j->ours = all_ours;
	must(j);
	assert_string_equal(run("nft list tables"), "");
	j = job_of(NULL);
	j->ours = all_ours;
	must(j); /* no table: nothing to do */
}

/* --- the thread --- */

static struct nft_job *back;

static void done(struct nft_job *j)
{
	back = j;
}

static void test_thread(void **state)
{
	struct nft_job *j = job_of(sets);

	element4(j, true, "a4", 0x0a000001, false);
	nft_submit(j, done);
	DUT_AWAIT(back != NULL);
	assert_ptr_equal(back, j);
	assert_int_equal(back->err, 0);
	nft_job_free(back);
	back = NULL;
	assert_elements("a4", "10.0.0.1");
	nft_submit(job_of("nonsense"), done);
	DUT_AWAIT(back != NULL);
	assert_int_equal(back->err, -EINVAL);
	nft_job_free(back);
	back = NULL;
	/* What is under way at the end is done, and nobody hears of it. */
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000002, false);
	nft_submit(j, done);
	nft_stop();
	nft_stop();
	dut_turn();
	assert_null(back);
	assert_elements("a4", "10.0.0.1 10.0.0.2");
	/* And it begins again. */
	j = job_of(NULL);
	nft_flush(j, "a4");
	nft_submit(j, done);
	DUT_AWAIT(back != NULL);
	nft_job_free(back);
	nft_stop();
	assert_elements("a4", "");
	nft_job_free(NULL);
}

/* Without descriptors there is an error, and no crash. */
static void test_no_descriptors(void **state)
{
	struct rlimit few = {64, 64};
	struct nft_job *j = job_of(NULL);
	int fds[64], n = 0;

	must(job_of(sets));
	element4(j, true, "a4", 0x0a000001, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	nft_run(j);
	assert_int_equal(j->before, 0);
	assert_int_equal(nft_generation(), 0);
	while (n--)
		close(fds[n]);
	assert_int_equal(j->err, -EMFILE);
	assert_string_equal(j->error, strerror(EMFILE));
	nft_job_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_elements, setup),
		cmocka_unit_test_setup(test_many, setup),
		cmocka_unit_test_setup(test_refused, setup),
		cmocka_unit_test_setup(test_generations, setup),
		cmocka_unit_test_setup(test_identity, setup),
		cmocka_unit_test_setup(test_kept, setup),
		cmocka_unit_test_setup(test_thread, setup),
		cmocka_unit_test_setup(test_no_descriptors, setup),
	};

	if (geteuid() != 0)
		return 77;
	log_init("nft_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
