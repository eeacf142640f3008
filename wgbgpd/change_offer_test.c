/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_offer: what a client has written beside the files, with whatever others may have put
 * there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change.h"
#include "change_store.h"
#include "change_trial.h"
#include "life.h"
#include "scratch.h"

static void test_commit(void **state)
{
	struct change_offer offer = life_offer("two", "one");

	change_check(life_offered(&offer, 0), life_done, NULL);
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	life_offer_free(&offer);
	life_offer_commit("two", 0);
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "two");
	assert_true(life_files_say("two"));
	assert_string_equal(scratch_text("conf.rejected"), "(none)");
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	assert_string_equal(life_history(), "committed commit, committed start");
	assert_string_equal(life_rollback(1, 0), "applied");
	assert_true(life_files_say("one"));
	life_refuses = "bgpd config-check";
	life_offer_commit("three", 0);
	assert_string_equal(life_settle(), "bgpd: no");
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	/* A trial of it. */
	life_offer_commit("two", 60);
	assert_string_equal(life_settle(), "applied");
	assert_true(life_files_say("two"));
	life_pass(60);
	PLAYED_AWAIT((life_answer(), !change_on_trial() && !commit_busy()));
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
}

/* The client's own file does not become the configuration's: mode and owner stay, and what the
 * client writes behind the check goes nowhere. */
static void test_commit_is_not_the_clients_file(void **state)
{
	struct change_offer offer = life_offer("two", "one");
	int hers = open(scratch_at("conf.wgbgp-edit"), O_WRONLY | O_APPEND);
	struct stat st;

	assert_true(hers >= 0);
	assert_int_equal(fchmod(hers, 0666), 0);
	assert_int_equal(chmod(scratch_at("conf"), 0604), 0);
	change_commit(life_offered(&offer, 0), life_done, NULL);
	assert_string_equal(life_settle(), "applied");
	assert_int_equal(write(hers, "evil\n", 5), 5);
	close(hers);
	assert_true(life_files_say("two"));
	assert_int_equal(stat(scratch_at("conf"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0604);
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	life_offer_free(&offer);
}

/* What somebody else writes while the daemons are asked is not lost. */
static void test_edited_during_commit(void **state)
{
	life_warnings = json_array();
	life_offer_commit("two", 0);
	scratch_put("more", "# by hand\n");
	assert_string_equal(life_settle(), "applied");
	assert_true(life_files_say("two"));
	assert_string_equal(scratch_text("more.rejected"), "# by hand\n");
	assert_string_equal(scratch_text("conf.rejected"), "(none)");
	assert_true(life_warned("more was edited meanwhile: the edit is in "));
}

static void refused_offer(struct change_offer offer, const char *why)
{
	change_commit(life_offered(&offer, 0), life_done, NULL);
	if (!strstr(life_settle(), why))
		fail_msg("no \"%s\" in %s", why, life_said);
	assert_string_equal(life_runs(), "one");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	assert_string_equal(scratch_text("more.wgbgp-new"), "(none)");
	life_offer_free(&offer);
}

static void test_commit_that_is_refused(void **state)
{
	struct change_offer offer;

	life_edit("two");
	refused_offer(life_offer("three", "one"), "conf was edited 0 s ago");
	life_edit("one");
	refused_offer(life_offer("three", "four"), "s ago: it is that of commit 1 (start)");
	offer = life_offer("three", "one");
	offer.uid = geteuid() + 1;
	refused_offer(offer, "conf.wgbgp-edit: it is not the client's");
	offer = life_offer("three", "one");
	scratch_put("more.wgbgp-edit", "# evil\n");
	refused_offer(offer, "more.wgbgp-edit: it is not what the client wrote");
	offer = life_offer("three", "one");
	unlink(scratch_at("more.wgbgp-edit"));
	assert_int_equal(symlink(scratch_at("more"), scratch_at("more.wgbgp-edit")), 0);
	refused_offer(offer, "more.wgbgp-edit: ");
	offer = life_offer("three", "one");
	unlink(scratch_at("more.wgbgp-edit"));
	refused_offer(offer, "more.wgbgp-edit: No such file");
	offer = life_offer("three", "one");
	json_array_remove((json_t *)offer.base, 0);
	refused_offer(offer, "the configuration is ");
	assert_true(life_files_say("one"));
}

static void also(const json_t *list, const char *name, const char *text)
{
	char hex[CONF_HASH_HEX];

	conf_texts_hash(text, strlen(text), hex);
	json_array_append_new((json_t *)list,
			      json_pack("{s:s, s:s}", "path", scratch_at(name), "sha256", hex));
}

static void also_base(struct change_offer *offer, const char *name, const char *text)
{
	also(offer->base, name, text);
}

static void also_file(struct change_offer *offer, const char *name, const char *text)
{
	also(offer->files, name, text);
}

/* A client may name what it likes: a version has the files that its texts include, and nothing
 * else is read, kept, or written on the way back. */
static void test_commit_of_strange_files(void **state)
{
	struct change_offer offer = life_offer("two", "one");
	json_t *files;

	scratch_put("hers", "# evil\n");
	scratch_put("victim", "secret\n");
	also_base(&offer, "hers", "# evil\n");
	also_base(&offer, "victim", "not what it says\n");
	also_base(&offer, "nowhere", "");
	change_commit(life_offered(&offer, 0), life_done, NULL);
	assert_string_equal(life_settle(), "applied");
	life_offer_free(&offer);
	files = change_offer_base();
	assert_int_equal(json_array_size(files), 2);
	json_decref(files);
	life_edit("three");
	assert_string_equal(life_reload(0), "applied");
	unlink(scratch_at("hers"));
	assert_int_equal(symlink(scratch_at("victim"), scratch_at("hers")), 0);
	assert_string_equal(life_rollback(1, 0), "applied");
	assert_true(life_files_say("two"));
	assert_string_equal(scratch_text("victim"), "secret\n");
}

/* Nor does it have more where one was kept with more. */
static void test_kept_strange_files(void **state)
{
	struct conf_texts texts = {0};

	life_edit("two");
	life_reload(0);
	life_edit("three");
	life_reload(0);
	assert_int_equal(change_store_get(2, &texts), 0);
	conf_texts_add(&texts, scratch_at("victim"), xstrdup("# evil\n"), strlen("# evil\n"));
	assert_int_equal(change_store_put(2, &texts), 0);
	conf_texts_free(&texts);
	scratch_put("victim", "secret\n");
	assert_string_equal(life_rollback(1, 60), "applied");
	assert_true(life_files_say("two"));
	assert_string_equal(scratch_text("victim"), "secret\n");
}

/* The second file includes one in a directory that others may write. */
static void say_open(const char *text)
{
	str_copy(life_more, "include open/extra;\n", sizeof(life_more));
	mkdir(scratch_at("open"), 0700);
	chmod(scratch_at("open"), 0777);
	unlink(scratch_at("open/extra"));
	scratch_put("open/extra", text);
}

static void plant_link(void)
{
	unlink(scratch_at("open/extra"));
	assert_int_equal(symlink("../victim", scratch_at("open/extra")), 0);
}

static void victim_is_well(void)
{
	assert_string_equal(scratch_text("victim"), "# secret\n");
	assert_string_equal(scratch_text("victim.rejected"), "(none)");
	assert_string_equal(scratch_text("victim.wgbgp-new"), "(none)");
}

/* They put a link in the file's place, after it was included as a file: nothing is written where it
 * leads to, neither for a client nor on the way back, which does not wait for it. */
static void test_planted_link(void **state)
{
	scratch_put("victim", "# secret\n");
	say_open("# one\n");
	life_edit("one");
	assert_string_equal(life_reload(0), "applied");
	say_open("# two\n");
	life_edit("two");
	assert_string_equal(life_reload(0), "applied");
	plant_link();
	assert_non_null(
		strstr(life_rollback(1, 0), "open/extra: a symbolic link that others than root"));
	assert_string_equal(life_runs(), "two");
	victim_is_well();
	say_open("# three\n");
	life_edit("three");
	assert_string_equal(life_reload(60), "applied");
	plant_link();
	life_pass(60);
	PLAYED_AWAIT((life_answer(), !change_on_trial() && !commit_busy()));
	assert_string_equal(life_runs(), "two");
	victim_is_well();
	say_open("# three\n");
	PLAYED_AWAIT(str_eq(scratch_text("open/extra"), "# two\n"));
	assert_true(life_files_say("two"));
}

/* A trial says so at once where its end cannot put a file back. */
static void test_trial_by_a_planted_link(void **state)
{
	life_warnings = json_array();
	scratch_put("victim", "# secret\n");
	say_open("# one\n");
	life_edit("one");
	assert_string_equal(life_reload(0), "applied");
	life_edit("two");
	assert_string_equal(life_reload(60), "applied");
	assert_false(life_warned("symbolic link"));
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	assert_string_equal(life_rollback(0, 0), "applied");
	plant_link();
	life_edit("two");
	assert_string_equal(life_reload(60), "applied");
	assert_true(life_warned("open/extra: a symbolic link that others than root"));
	assert_string_equal(life_rollback(0, 0), "applied");
	assert_string_equal(life_runs(), "one");
	victim_is_well();
}

/* The link was there when the client read the file. */
static void test_commit_by_a_planted_link(void **state)
{
	struct change_offer offer;

	scratch_put("victim", "# secret\n");
	say_open("# one\n");
	life_edit("one");
	assert_string_equal(life_reload(0), "applied");
	plant_link();
	offer = life_offer("two", "one");
	also_base(&offer, "open/extra", "# secret\n");
	also_file(&offer, "open/extra", "# evil\n");
	scratch_put("open/extra.wgbgp-edit", "# evil\n");
	refused_offer(offer, "open/extra.wgbgp-edit: a symbolic link that others than root");
	victim_is_well();
}

/* In a sticky directory whoever may write beside a file may not replace it. */
static void test_commit_in_a_sticky_directory(void **state)
{
	struct change_offer offer;

	if (geteuid() != 0)
		skip();
	say_open("# one\n");
	life_edit("one");
	assert_string_equal(life_reload(0), "applied");
	assert_int_equal(chmod(scratch_at("open"), 01777), 0);
	for (int own = 0; own < 2; own++) {
		offer = (struct change_offer){life_hashes("one"), json_array(), 65534};
		also_base(&offer, "open/extra", "# one\n");
		also_file(&offer, "open/extra", "# two\n");
		scratch_put("open/extra.wgbgp-edit", "# two\n");
		assert_int_equal(chown(scratch_at("open/extra.wgbgp-edit"), 65533, 65533), 0);
		change_commit(life_offered(&offer, 0), life_done, NULL);
		assert_non_null(strstr(life_settle(), "it is not the client's"));
		assert_string_equal(scratch_text("open/extra.wgbgp-edit"), "# two\n");
		assert_int_equal(chown(scratch_at("open/extra.wgbgp-edit"), 65534, 65534), 0);
		if (own)
			assert_int_equal(chown(scratch_at("open/extra"), 65534, 65534), 0);
		change_commit(life_offered(&offer, 0), life_done, NULL);
		life_settle();
		assert_true(own ? str_eq(life_said, "applied")
				: strstr(life_said, "it is not the client's") != NULL);
		life_offer_free(&offer);
	}
	assert_string_equal(scratch_text("open/extra"), "# two\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_commit),
		TEST(test_commit_is_not_the_clients_file),
		TEST(test_edited_during_commit),
		TEST(test_commit_that_is_refused),
		TEST(test_commit_of_strange_files),
		TEST(test_kept_strange_files),
		TEST(test_planted_link),
		TEST(test_trial_by_a_planted_link),
		TEST(test_commit_by_a_planted_link),
		TEST(test_commit_in_a_sticky_directory),
	};
	int failed;

	if (!life_open())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + life_close();
}
