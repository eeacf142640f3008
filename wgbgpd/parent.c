/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parent's life: one instance per RUNDIR, the first commit, signals, the end.
 */
#include "parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "change.h"
#include "change_keep.h"
#include "change_start.h"
#include "cli_sockets.h"
#include "commit.h"
#include "config.h"
#include "conf_schema.h"
#include "drill.h"
#include "drill_history.h"
#include "endpoint.h"
#include "endpoint_own.h"
#include "interfaces.h"
#include "keep_in.h"
#include "knobs.h"
#include "listen.h"
#include "lock.h"
#include "log.h"
#include "log_ring.h"
#include "log_told.h"
#include "loop.h"
#include "notify.h"
#include "privs.h"
#include "shortage.h"
#include "request.h"
#include "spared.h"
#include "supervise.h"

#define BUSY_MS 100 /* a commit is under way when SIGHUP comes */

static int lock_fd = -1;
static int own_lines = -1; /* for `show logging` */
static struct event *signals[3];
static struct timer sighup_later; /* one came during a commit */
static bool stopping;
static bool unready; /* systemd waits for READY, which waits for wgd's word about the interfaces */
static bool ready;   /* READY was sent */
static int exit_status;

/* ---- one instance */

static int make_rundir(const char *rundir)
{
	if (mkdir(rundir, 0755) == 0 || errno == EEXIST)
		return 0;
	fprintf(stderr, "wgbgpd: %s: %s\n", rundir, strerror(errno));
	return -errno;
}

/* ---- changes */

static void reload_by_signal(commit_fn done)
{
	static const struct change_ask ask = {.how = "SIGHUP", .uid = -1, .unattended = true};

	change_reload(&ask, done, NULL);
}

/* To be freed. */
static char *status_text(void)
{
	char *interfaces = interfaces_status(), *text;

	if (!change_refusal())
		return interfaces;
	text = xasprintf("%s; the files are refused, what was committed runs: %s", interfaces,
			 change_refusal());
	free(interfaces);
	return text;
}

/* Never without a word about the interfaces that cannot be used. */
static void tell_systemd(void)
{
	char *status = status_text();

	if (unready && !stopping && interfaces_settled(datastore_running()->json)) {
		unready = false;
		ready = true;
		notify_ready(status);
	} else if (ready && !unready && !stopping) {
		notify_status(status);
	}
	free(status);
}

static void on_config(void)
{
	endpoint_groups(datastore_running()->json);
	tell_systemd();
}

static void on_reloaded(void *arg, const char *error)
{
	unready = !error;
	if (error) {
		ready = true;
		notify_ready("The changed configuration was refused");
	} else {
		tell_systemd();
	}
}

static void take_sighup(void *arg)
{
	if (stopping)
		return;
	if (commit_busy()) {
		timer_start(&sighup_later, BUSY_MS);
		return;
	}
	notify_reloading();
	reload_by_signal(on_reloaded);
}

static void on_sighup(evutil_socket_t sig, short what, void *arg)
{
	take_sighup(NULL);
}

static void parent_stop(const char *why)
{
	if (stopping)
		return;
	stopping = true;
	log_info("stop", "why=\"%s\" version=%s", why, WGBGP_VERSION);
	notify_stopping();
	cli_sockets_shut(); /* those who are there get their answers */
	supervise_stop();
}

static void on_sigterm(evutil_socket_t sig, short what, void *arg)
{
	parent_stop(sig == SIGINT ? "SIGINT" : "SIGTERM");
}

static void on_first(void *arg, const char *error)
{
	if (error) {
		log_error("configuration-refused", "why=\"%s\"", error);
		exit_status = 1;
		parent_stop("the configuration was refused");
		return;
	}
	log_to_journal();
	log_info("ready", "version=%s generation=%u", WGBGP_VERSION,
		 datastore_running()->generation);
	unready = true;
	tell_systemd();
}

/* ---- what the daemons do */

static void on_daemon_started(enum daemon_id id)
{
	commit_daemon_started(id);
	spared_daemon_changed(id);
}

static void on_daemon_gone(enum daemon_id id)
{
	endpoint_daemon_gone(id);
	ask_daemon_gone(id);
	drill_daemon_gone(id);
	interfaces_daemon_gone(id);
	keep_in_daemon_gone(id);
	spared_daemon_changed(id);
	if (stopping)
		return;
	commit_daemon_gone(id);
	request_tell(json_pack("{s:s, s:s}", "event", "died", "daemon", daemon_name(id)));
}

/* Nobody waits for its answer any longer than this. */
static void on_daemon_silent(enum daemon_id id)
{
	endpoint_daemon_silent(id);
	ask_daemon_gone(id);
}

/* From the first change on each daemon is sent what runs before it is asked to check another. */
static void on_config_done(enum daemon_id id, const struct ipc_frame *frame)
{
	if (datastore_running())
		keep_in_daemon_configured(id);
	commit_daemon_done(id, frame);
}

static void on_daemon_frame(enum daemon_id id, const struct ipc_frame *frame)
{
	if (frame->fd >= 0)
		close(frame->fd);
	if (frame->type == MSG_CONFIG_DONE)
		on_config_done(id, frame);
	else if (frame->type == MSG_EVENT)
		endpoint_event(id, frame->body, frame->len);
	else if (ask_frame(id, frame) < 0)
		log_warn("bad-message", "daemon=%s type=%s", daemon_name(id),
			 msg_name(frame->type));
}

static void on_drained(void)
{
	loop_stop();
}

/* ---- the beginning and the end */

static void catch_signals(void)
{
	static const struct {
		int sig;
		event_callback_fn fn;
	} rows[] = {{SIGHUP, on_sighup}, {SIGTERM, on_sigterm}, {SIGINT, on_sigterm}};

	timer_init(&sighup_later, take_sighup, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		signals[i] = evsignal_new(loop_base(), rows[i].sig, rows[i].fn, NULL);
		event_add(signals[i], NULL);
	}
}

static void release(void)
{
	drill_free();
	drill_history_close();
	keep_in_close();
	shortage_close();
	knobs_close();
	spared_close();
	interfaces_free();
	ask_free();
	endpoint_free();
	timer_stop(&sighup_later);
	commit_free();
	change_close();
	supervise_free();
	log_told_close();
	log_copy_to(-1);
	close(own_lines);
	log_ring_free();
	listen_free();
	datastore_free();
	notify_free();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		event_free(signals[i]);
	loop_free();
	close(lock_fd);
}

int parent_run(const char *path, const char *rundir)
{
	static const struct supervise_handlers handlers = {
		.started = on_daemon_started,
		.gone = on_daemon_gone,
		.frame = on_daemon_frame,
		.silent = on_daemon_silent,
		.drained = on_drained,
	};
	static const struct endpoint_ops ops = {parent_stop};
	struct conf_errors errs = {0};
	struct datastore_version *first = NULL;
	struct ly_ctx *ctx;
	int err;

	log_init("wgbgpd");
	own_lines = log_ring_open(LOG_RING_PARENT);
	log_copy_to(own_lines);
	if (sodium_init() < 0)
		fatal("libsodium does not start");
	if (privs_init() < 0)
		return 1;
	prctl(PR_SET_DUMPABLE, 0); /* keys pass through this process */
	if (make_rundir(rundir) < 0)
		return 1;
	lock_fd = lock_take(rundir);
	if (lock_fd < 0)
		return 1;
	ctx = conf_schema_load(conf_schema_dir(), &errs);
	datastore_init(ctx, path);
	if (ctx)
		first = change_first(path, on_config, &errs);
	if (first)
		spared_warn(first->json, &errs);
	conf_errors_print(&errs, stderr);
	conf_errors_free(&errs);
	if (!first) {
		change_close();
		datastore_free();
		return 1;
	}
	endpoint_own_open(&ops);
	err = endpoint_start(rundir);
	if (err < 0)
		fatal("%s/cli.sock: %s", rundir, strerror(-err));
	catch_signals();
	log_told_open();
	notify_init();
	knobs_open(rundir);
	drill_history_open();
	keep_in_open();
	shortage_open();
	spared_open(first->json);
	interfaces_init(tell_systemd);
	supervise_start(rundir, lock_fd, &handlers);
	change_begin_first(first, on_first, NULL);
	loop_run();
	release();
	return exit_status;
}
