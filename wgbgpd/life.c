/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "life.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "change_start.h"
#include "change_now.h"
#include "change_trial.h"
#include "conf.h"
#include "conf_schema.h"
#include "guard.h"
#include "listen.h"
#include "new_file.h"
#include "played.h"
#include "scratch.h"
#include "spared.h"
#include "util.h"

char life_said[MSG_ERROR_MAX];
const char *life_refuses, *life_resets;
struct change_clock life_clock = {.wall = 1000000, .boot_s = 5000, .boot_id = "this"};
unsigned life_configs;
static char main_file[64];

void __wrap_change_clock_read(struct change_clock *out);
void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);

/* The disk is full. */
bool life_disk_full;
int __real_new_file_put_at(int fd, const char *name, const void *text, size_t len, mode_t mode);
int __wrap_new_file_put_at(int fd, const char *name, const void *text, size_t len, mode_t mode);

int __wrap_new_file_put_at(int fd, const char *name, const void *text, size_t len, mode_t mode)
{
	return life_disk_full ? -ENOSPC : __real_new_file_put_at(fd, name, text, len, mode);
}

void __wrap_change_clock_read(struct change_clock *out)
{
	*out = life_clock;
}

/* The host name of the configuration for which spared_look() was called last. */
char life_looked_for[16];
void __wrap_spared_look(const json_t *config);

void __wrap_spared_look(const json_t *config)
{
	assert_false(commit_busy());
	str_copy(life_looked_for, conf_str(conf_get(config, "system"), "hostname", ""),
		 sizeof(life_looked_for));
}

uint64_t life_waits_ms; /* the timer that was started last */

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	life_waits_ms = ms;
	__real_timer_start(t, ms == GUARD_LIMIT_MS ? ms : ms / 1000);
}

void life_pass(unsigned seconds)
{
	life_clock.wall += seconds;
	life_clock.boot_s += seconds;
}

/* ---- files */

/* Two files that say the same word, so that a mixture of two versions shows. */
static char *text_of(const char *word)
{
	return xasprintf("# %s\nwireguard { interface wg0 { private-key-file %s/key;\n"
			 "address 10.9.0.1/24; description %s; } }\ninclude more;\n",
			 word, scratch_dir(), word);
}

char life_more[320]; /* what the second one says as well */

static char *more_of(const char *word)
{
	return xasprintf("system { hostname %s; }\n%s", word, life_more);
}

void life_edit(const char *word)
{
	char *text = text_of(word), *more = more_of(word);

	scratch_put("conf", text);
	scratch_put("more", more);
	free(text);
	free(more);
}

/* The files are those of life_edit(WORD). */
bool life_files_say(const char *word)
{
	char *text = text_of(word), *more = more_of(word);
	bool same = str_eq(scratch_text("conf"), text) && str_eq(scratch_text("more"), more);

	free(text);
	free(more);
	return same;
}

/* What runs, whole. */
const char *life_runs(void)
{
	const json_t *json = datastore_running() ? datastore_running()->json : NULL;
	const json_t *wg0 = json_array_get(conf_list(conf_get(json, "wireguard"), "interface"), 0);
	const char *word = conf_str(wg0, "description", "nothing");

	return str_eq(word, conf_str(conf_get(json, "system"), "hostname", "nothing"))
		       ? word
		       : "a mixture";
}

/* ---- daemons that say yes, and are not asked how they are, but for guards */

ask_fn life_guard; /* who waits for a guard; NULL: nobody */
static void *guard_arg;

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg);

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	bool prove = str_eq(conf_str(request, "command", ""), "prove");

	json_decref(request);
	if (!prove) {
		fn(arg, NULL, "played");
		return;
	}
	life_guard = fn;
	guard_arg = arg;
}

/* ERROR: instead of yes. */
void life_guard_answers(const char *error)
{
	json_t *yes = json_pack("{s:s, s:s}", "peer", "hub", "by", "echo");
	ask_fn fn = life_guard;

	assert_non_null(fn);
	life_guard = NULL;
	fn(guard_arg, error ? NULL : yes, error);
	json_decref(yes);
}

static void from_daemon(enum daemon_id id, const struct ipc_frame *frame)
{
	commit_daemon_done(id, frame);
}

/* The last message of the change that was sent: its number and its kind. */
static uint32_t last_step(char kind[16])
{
	const char *last = NULL;
	uint32_t generation = 0;
	char name[16];

	for (const char *p = played_text; (p = strstr(p, " config-")); p++)
		last = p;
	while (last && last > played_text && last[-1] != '\n')
		last--;
	if (last)
		sscanf(last, "%15s %u %15s", name, &generation, kind);
	return generation;
}

/* bgpd says so while it applies. */
static void say_resets(void)
{
	char names[100], *rest = NULL;
	json_t *event;

	snprintf(names, sizeof(names), "%s", life_resets ? life_resets : "");
	for (char *n = strtok_r(names, " ", &rest); n; n = strtok_r(NULL, " ", &rest)) {
		event = json_pack("{s:s, s:s, s:s, s:b}", "event", "bgp-session", "neighbor", n,
				  "why", "sent Cease", "configured", !strchr(n, '!'));
		change_now_session(event);
		json_decref(event);
	}
	life_resets = NULL;
}

/* One answer of a daemon that has to give one. False: nobody has. */
bool life_answer(void)
{
	char kind[16] = "", here[48];
	uint32_t generation;

	played_settle();
	generation = last_step(kind);
	for (int id = 0; id < DAEMON_COUNT; id++) {
		if (!commit_waits_for(id))
			continue;
		snprintf(here, sizeof(here), "%s %s", daemon_name(id), kind);
		if (str_eq(here, "bgpd config-apply"))
			say_resets();
		played_done(id, generation, life_refuses && str_eq(life_refuses, here) ? "no" : "");
		played_settle();
		return true;
	}
	return false;
}

/* Whether anything is watched during a trial, and what of it is lost at once. */
bool life_watched;
const char *life_lost;

bool __wrap_health_begin(void (*failed)(const char *why));

bool __wrap_health_begin(void (*failed)(const char *why))
{
	if (life_lost)
		failed(life_lost);
	return life_watched;
}

const char *life_settle(void)
{
	while (life_answer())
		;
	played_text[0] = '\0';
	life_refuses = NULL;
	return life_said;
}

/* ---- what is asked */

void life_done(void *arg, const char *error)
{
	snprintf(life_said, sizeof(life_said), "%s", error ? error : "applied");
}

static void on_config(void)
{
	life_configs++;
}

json_t *life_warnings; /* of the changes that are asked; NULL: nobody wants them */

const struct change_ask *life_by(const char *how, unsigned seconds)
{
	static struct change_ask ask;

	ask = (struct change_ask){.how = how,
				  .uid = 7,
				  .login = "anna",
				  .comment = "why not",
				  .seconds = seconds,
				  .warnings = life_warnings};
	life_said[0] = '\0';
	return &ask;
}

const char *life_reload(unsigned seconds)
{
	change_reload(life_by("reload", seconds), life_done, NULL);
	return life_settle();
}

const char *life_rollback(unsigned back, unsigned seconds)
{
	change_rollback(life_by("rollback", seconds), back, life_done, NULL);
	return life_settle();
}

/* One of them says TEXT; there are none any more. */
bool life_warned(const char *text)
{
	bool found = false;
	json_t *one;
	size_t i;

	json_array_foreach (life_warnings, i, one)
		found |= strstr(json_string_value(one), text) != NULL;
	json_array_clear(life_warnings);
	return found;
}

/* Records, newest first, as "STATE HOW" each. */
const char *life_history(void)
{
	static char text[1024];
	json_t *list = change_list(), *row;
	size_t i;

	text[0] = '\0';
	json_array_foreach (list, i, row)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %s", i ? ", " : "",
			 conf_str(row, "state", ""), conf_str(row, "how", ""));
	json_decref(list);
	return text;
}

bool life_history_begins(const char *start)
{
	return strncmp(life_history(), start, strlen(start)) == 0;
}

/* ---- lives of the process */

char life_refused[2048]; /* what is wrong with what was to run first */

bool life_start(void)
{
	struct conf_errors errs = {0};
	struct datastore_version *first;

	for (int id = 0; id < DAEMON_COUNT; id++)
		played_start(id);
	first = change_first(main_file, on_config, &errs);
	life_refused[0] = '\0';
	for (size_t i = 0; i < errs.n; i++)
		snprintf(life_refused + strlen(life_refused),
			 sizeof(life_refused) - strlen(life_refused), "%s\n", errs.v[i].text);
	conf_errors_free(&errs);
	life_said[0] = '\0';
	if (first)
		change_begin_first(first, life_done, NULL);
	return first != NULL;
}

/* Everything ends, in the middle of whatever it is. */
void life_crash(void)
{
	change_close();
	commit_free();
	played_free();
	datastore_set_running(NULL);
}

void life_start_again(void)
{
	life_crash();
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
}

int life_setup(void **state)
{
	struct conf_errors errs = {0};

	if (scratch_empty() != 0)
		return -1;
	setenv("WGBGP_STATEDIR", scratch_at("state"), 1);
	scratch_put("key", LIFE_KEY);
	life_edit("one");
	played_from_daemon = from_daemon;
	datastore_init(conf_schema_load(conf_schema_dir(), &errs), main_file);
	if (!life_start() || strcmp(life_settle(), "applied") != 0)
		return -1;
	life_configs = 0;
	return 0;
}

int life_teardown(void **state)
{
	life_crash();
	listen_free();
	life_more[0] = '\0';
	life_watched = false;
	life_lost = NULL;
	json_decref(life_warnings);
	life_warnings = NULL;
	datastore_free();
	loop_free();
	return 0;
}

/* ---- what a client offers */

static json_t *hashes(char *conf, char *more)
{
	char of_conf[CONF_HASH_HEX], of_more[CONF_HASH_HEX];

	conf_texts_hash(conf, strlen(conf), of_conf);
	conf_texts_hash(more, strlen(more), of_more);
	return json_pack("[{s:s, s:s}, {s:s, s:s}]", "path", scratch_at("conf"), "sha256", of_conf,
			 "path", scratch_at("more"), "sha256", of_more);
}

/* What life_edit(WORD) would write lies beside the files; started from what life_edit(FROM) wrote.
 */
struct change_offer life_offer(const char *word, const char *from)
{
	char *conf = text_of(word), *more = more_of(word);
	char *old_conf = text_of(from), *old_more = more_of(from);
	struct change_offer offer = {hashes(old_conf, old_more), hashes(conf, more), geteuid()};

	scratch_put("conf.wgbgp-edit", conf);
	scratch_put("more.wgbgp-edit", more);
	free(conf);
	free(more);
	free(old_conf);
	free(old_more);
	return offer;
}

/* Of what life_edit(WORD) wrote. */
json_t *life_hashes(const char *word)
{
	char *conf = text_of(word), *more = more_of(word);
	json_t *list = hashes(conf, more);

	free(conf);
	free(more);
	return list;
}

void life_offer_free(struct change_offer *offer)
{
	json_decref((json_t *)offer->base);
	json_decref((json_t *)offer->files);
}

const struct change_ask *life_offered(const struct change_offer *offer, unsigned seconds)
{
	static struct change_ask ask;

	ask = *life_by("commit", seconds);
	ask.offer = offer;
	return &ask;
}

void life_offer_commit(const char *word, unsigned seconds)
{
	struct change_offer offer = life_offer(word, "one");

	change_commit(life_offered(&offer, seconds), life_done, NULL);
	life_offer_free(&offer);
}

/* ---- the program */

bool life_open(void)
{
	const char *srcdir = getenv("srcdir");
	char *yang = xasprintf("%s/yang", srcdir ? srcdir : ".");

	setenv("WGBGP_YANGDIR", yang, 1);
	free(yang);
	if (sodium_init() < 0 || !scratch_open())
		return false;
	str_copy(main_file, scratch_at("conf"), sizeof(main_file));
	return true;
}

int life_close(void)
{
	return scratch_close() != 0;
}
