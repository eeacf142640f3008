/* SPDX-License-Identifier: BSD-2-Clause */
#include "commit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_leaves.h"
#include "knobs.h"
#include "listen.h"
#include "log.h"
#include "loop.h"
#include "secrets.h"
#include "supervise.h"

#define ANSWER_MS 60000
#define CHECK_DEATHS 3 /* of one daemon, then the configuration is refused */

#define BIT(id) (1u << (id))
#define EVERYBODY (BIT(DAEMON_COUNT) - 1)
#define GATE BIT(DAEMON_COUNT) /* beside those of daemons: its answer is waited for */

/* One message to some daemons; the next step comes when all have answered. */
struct step {
	enum msg_type type;
	unsigned to; /* bits of enum daemon_id */
};

static const struct step change_steps[] = {
	{MSG_CONFIG_CHECK, EVERYBODY},
	{MSG_CONFIG_APPLY, BIT(DAEMON_WGD) | BIT(DAEMON_BFDD)},
	{MSG_CONFIG_APPLY, BIT(DAEMON_ZEBRA)},
	{MSG_CONFIG_APPLY, BIT(DAEMON_BGPD)},
	{MSG_CONFIG_PRUNE, BIT(DAEMON_ZEBRA)},
	{MSG_CONFIG_PRUNE, BIT(DAEMON_WGD)},
	{0, 0},
};
static const struct step check_steps[] = {
	{MSG_CONFIG_CHECK, EVERYBODY},
	{0, 0},
};
static const struct step teardown_steps[] = {
	{MSG_TEARDOWN, BIT(DAEMON_BGPD)},
	{MSG_TEARDOWN, BIT(DAEMON_ZEBRA)},
	{MSG_TEARDOWN, BIT(DAEMON_WGD)},
	{0, 0},
};

static struct {
	const struct step *step; /* the one that is being answered; NULL: not busy */
	struct datastore_version
		*version; /* owned until it is the running one; NULL in a teardown */
	struct datastore_version *before; /* ran until the first APPLY, or would have run instead;
					     owned; NULL: there is none, or it runs again */
	bool back;			  /* VERSION is the one that ran before: something failed */
	bool must; /* nothing behind the check makes it fail: it is the way back itself */
	uint32_t generation;
	unsigned waiting;	       /* bits: no answer yet */
	commit_gate_fn gate;	       /* NULL: none, or it was asked */
	unsigned deaths[DAEMON_COUNT]; /* during the check */
	unsigned fallen; /* bits: died while it applied; its successor has not applied it yet */
	bool walking;	 /* a step is being sent */
	char error[MSG_ERROR_MAX + 32];
	commit_fn done;
	void *arg;
	struct timer timeout;
} now;

/* Answers to what commit_daemon_started() sent come first and belong to no step. */
static unsigned replayed[DAEMON_COUNT];

static commit_gate_fn next_gate;

static void walk(void);

bool commit_busy(void)
{
	return now.step != NULL;
}

bool commit_went_back(void)
{
	return now.back;
}

static void commit_finish(void)
{
	commit_fn done = now.done;
	bool ok = !now.error[0];

	timer_stop(&now.timeout);
	now.step = NULL;
	if (now.version != datastore_running()) {
		listen_abort();
		datastore_version_free(now.version);
	}
	datastore_version_free(now.before);
	now.before = NULL;
	now.version = NULL;
	done(now.arg, ok ? NULL : now.error);
}

static void send_step(enum daemon_id id)
{
	struct ipc *control = supervise_control(id);
	const struct datastore_version *v = now.version;
	enum msg_type type = now.step->type;
	bool whole = type == MSG_CONFIG_CHECK || type == MSG_CONFIG_APPLY;

	if (!control)
		return;
	if (id == DAEMON_WGD && (type == MSG_CONFIG_CHECK || (now.back && whole)))
		secrets_send(control, v->json, now.generation);
	if (type == MSG_CONFIG_APPLY && id == DAEMON_BGPD) {
		secrets_send_passwords(control, v->json, now.generation);
		listen_commit(control, now.generation);
	}
	ipc_send(control, type, now.generation, whole ? v->text : NULL, whole ? v->len : 0);
	now.waiting |= BIT(id);
	if (type == MSG_CONFIG_APPLY)
		supervise_configured(id);
}

/* A plane has an interface, and routes are written at all. */
static bool plane_in_use(const json_t *config)
{
	const json_t *item;
	struct conf_rib rib;
	size_t i;

	conf_leaves_read(conf_rib_leaves, conf_get(config, "rib"), &rib);
	if (!rib.kernel)
		return false;
	json_array_foreach (conf_list(config, "plane"), i, item)
		if (json_array_size(conf_list(item, "interface")))
			return true;
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, item)
		if (!str_eq(conf_str(item, "plane", "main"), "main"))
			return true;
	return false;
}

/* From here on a daemon that starts gets the new configuration. */
static void becomes_running(void)
{
	struct datastore_version *ran = datastore_exchange(now.version);
	struct conf_system leaves;

	conf_leaves_read(conf_system_leaves, conf_get(now.version->json, "system"), &leaves);
	if (now.back)
		datastore_version_free(ran); /* it has failed */
	else if (ran)
		now.before = ran;
	conf_set_log(now.version->json);
	if (leaves.forwarding)
		knobs_forward();
	knobs_errors(plane_in_use(now.version->json));
}

static void send_current(void)
{
	now.walking = true;
	if (now.version && now.step->type == MSG_CONFIG_APPLY && datastore_running() != now.version)
		becomes_running();
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (now.step->to & BIT(id))
			send_step(id);
	now.walking = false;
	timer_start(&now.timeout, ANSWER_MS);
}

/* An error behind the check leads there. */
static bool has_way_back(void)
{
	return now.before && !now.must;
}

/* What ran before is applied again, by the same steps but the check. */
static void go_back(void)
{
	char why[sizeof(now.error)];

	str_copy(why, now.error, sizeof(why));
	snprintf(now.error, sizeof(now.error), "the old configuration is in force again: %.*s",
		 MSG_ERROR_MAX - 48, why);
	listen_abort();
	listen_prepare_anyway(now.before->json);
	datastore_renumber(now.before);
	now.version = now.before;
	now.before = NULL;
	now.back = true;
	now.fallen = 0;
	now.generation = now.version->generation;
	now.step = change_steps;
}

/* Behind all steps. A successor of one that died applying it shows whether that was its fault. */
static void walked(void)
{
	if (now.fallen) {
		now.waiting = now.fallen;
		timer_start(&now.timeout, ANSWER_MS);
		return;
	}
	if (now.version && now.version == datastore_running()) /* bgpd was away in its turn */
		listen_commit(supervise_control(DAEMON_BGPD), now.generation);
	commit_finish();
}

static void ask_gate(void)
{
	commit_gate_fn ask = now.gate;

	now.gate = NULL;
	now.waiting |= GATE;
	now.walking = true;
	ask();
	now.walking = false;
}

/* Takes steps until a daemon has to answer. */
static void walk(void)
{
	while (now.step && !now.waiting && !now.walking) {
		if (now.error[0] && now.step->type == MSG_CONFIG_CHECK) {
			commit_finish();
			return;
		}
		if (now.gate) {
			ask_gate();
			continue;
		}
		if (now.error[0] && has_way_back())
			go_back();
		if (now.step->to)
			now.step++;
		if (now.step->to)
			send_current();
		else
			walked();
	}
}

static void on_timeout(void *arg)
{
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (now.waiting & BIT(id))
			supervise_kill(id, "no answer to the configuration");
}

static void commit_begin(const struct step *steps, struct datastore_version *version,
			 uint32_t generation, commit_fn done, void *arg)
{
	ensure(!now.step);
	timer_init(&now.timeout, on_timeout, NULL);
	now.step = steps;
	now.version = version;
	now.back = false;
	now.generation = generation;
	now.waiting = now.fallen = 0;
	now.gate = next_gate;
	next_gate = NULL;
	memset(now.deaths, 0, sizeof(now.deaths));
	now.error[0] = '\0';
	now.done = done;
	now.arg = arg;
	send_current();
	walk();
}

static void commit_steps(const struct step *steps, struct datastore_version *version,
			 commit_fn done, void *arg)
{
	char error[256];

	now.back = now.must = false;
	if (listen_prepare(version->json, error, sizeof(error)) < 0) {
		next_gate = NULL;
		datastore_version_free(version);
		datastore_version_free(now.before);
		now.before = NULL;
		done(arg, error);
		return;
	}
	commit_begin(steps, version, version->generation, done, arg);
}

void commit_start(struct datastore_version *version, commit_fn done, void *arg)
{
	commit_steps(change_steps, version, done, arg);
}

void commit_first(struct datastore_version *version, struct datastore_version *instead,
		  commit_fn done, void *arg)
{
	ensure(!now.step && !datastore_running());
	now.before = instead;
	commit_start(version, done, arg);
}

void commit_return(struct datastore_version *version, commit_fn done, void *arg)
{
	now.must = true;
	listen_prepare_anyway(version->json);
	commit_begin(change_steps, version, version->generation, done, arg);
}

void commit_check(struct datastore_version *version, commit_fn done, void *arg)
{
	commit_steps(check_steps, version, done, arg);
}

void commit_gate(commit_gate_fn ask)
{
	next_gate = ask;
}

void commit_gate_passed(const char *error)
{
	if (!now.step || !(now.waiting & GATE))
		return;
	now.waiting &= ~GATE;
	if (error && !now.error[0])
		str_copy(now.error, error, sizeof(now.error));
	walk();
}

void commit_teardown(commit_fn done, void *arg)
{
	const struct datastore_version *running = datastore_running();

	now.must = true;
	knobs_errors(false);
	commit_begin(teardown_steps, NULL, running ? running->generation : 0, done, arg);
}

static bool checking(void)
{
	return now.step && now.step->type == MSG_CONFIG_CHECK;
}

static void replay(enum daemon_id id, const struct datastore_version *v)
{
	struct ipc *control = supervise_control(id);

	if (id == DAEMON_WGD)
		secrets_send(control, v->json, v->generation);
	if (id == DAEMON_BGPD) {
		secrets_send_passwords(control, v->json, v->generation);
		listen_send_all(control, v->generation);
	}
	ipc_send(control, MSG_CONFIG_APPLY, v->generation, v->text, v->len);
	ipc_send(control, MSG_CONFIG_PRUNE, v->generation, NULL, 0);
	replayed[id] = 2;
	supervise_configured(id);
}

void commit_daemon_started(enum daemon_id id)
{
	const struct datastore_version *v = datastore_running();
	bool teardown = now.step && !now.version; /* nothing is wanted after it */

	replayed[id] = 0;
	if (v && !teardown)
		replay(id, v);
	if (checking())
		send_step(id);
	if (now.step && now.waiting & BIT(id))
		timer_start(&now.timeout, ANSWER_MS);
}

static void note_error(enum daemon_id id, const char *error)
{
	if (error[0] && !now.error[0])
		snprintf(now.error, sizeof(now.error), "%s: %s", daemon_name(id), error);
}

static void answered(enum daemon_id id, const char *error)
{
	if (!(now.waiting & BIT(id)))
		return;
	now.waiting &= ~BIT(id);
	note_error(id, error);
	walk();
}

/* What became of the first steps of one whose predecessor died applying the change. */
static void rose(enum daemon_id id, const char *error)
{
	now.fallen &= ~BIT(id);
	note_error(id, error);
	if (!now.step->to)
		now.waiting &= ~BIT(id);
	walk();
}

bool commit_waits_for(enum daemon_id id)
{
	unsigned asked = now.waiting & GATE ? now.waiting | BIT(DAEMON_WGD) : now.waiting;

	return now.step && asked & BIT(id);
}

bool commit_give_up(const char *why)
{
	if (!checking())
		return false;
	str_copy(now.error, why, sizeof(now.error));
	commit_finish();
	return true;
}

void commit_daemon_gone(enum daemon_id id)
{
	if (checking() && !now.must && ++now.deaths[id] < CHECK_DEATHS) {
		now.waiting |= BIT(id); /* its successor checks it */
		return;
	}
	if (checking()) { /* on the way back by what it leads away from, perhaps */
		answered(id, now.must ? "" : "died while it checked the configuration");
	} else if (now.fallen & BIT(id)) {
		now.waiting &= ~BIT(id);
		rose(id, "died twice while it applied the configuration");
	} else {
		if (has_way_back() && now.waiting & BIT(id))
			now.fallen |= BIT(id);
		answered(id, "");
	}
}

void commit_daemon_done(enum daemon_id id, const struct ipc_frame *frame)
{
	char error[MSG_ERROR_MAX];

	if (msg_get_done(frame->body, frame->len, error) < 0)
		str_copy(error, "malformed answer", sizeof(error));
	if (replayed[id]) {
		replayed[id]--;
		if (error[0])
			log_error("configuration-refused", "daemon=%s why=\"%s\"", daemon_name(id),
				  error);
		if (now.fallen & BIT(id) && (error[0] || !replayed[id]))
			rose(id, error);
		return;
	}
	if (frame->generation != now.generation)
		return; /* late, of a change that was given up */
	if (error[0] && now.step && now.step->type != MSG_CONFIG_CHECK) {
		log_error("configuration", "daemon=%s error=\"%s\"", daemon_name(id), error);
		if (now.version && !has_way_back())
			error[0] = '\0'; /* what can be applied is */
	}
	answered(id, error);
}

void commit_free(void)
{
	timer_stop(&now.timeout);
	if (now.version && now.version != datastore_running())
		datastore_version_free(now.version);
	datastore_version_free(now.before);
	now.before = NULL;
	now.version = NULL;
	now.step = NULL;
	now.fallen = 0;
}
