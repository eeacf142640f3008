/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "history.h"
#include "history_show.h"
#include "log.h"
#include "loop.h"
#include "not_applied.h"
#include "slab.h"

#define CONTROL_FD 3
#define LOCK_FD 4 /* held open for the parent's successor to wait on; may be absent */
#define LOG_FD 5  /* for copies of log lines, where -l says so */

static const struct daemon_ops *ops;
static struct ipc *control;
static struct show_server *server;

/* The channel of one CLI. */
struct client {
	LIST_ENTRY(client) link;
	struct ipc *ipc;
	struct show_server *server;
};
static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);
static uint32_t applied_generation;
static char hostname[256]; /* of the configuration; "": none */

static void answer(uint32_t generation, const char *error)
{
	struct wr w = {0};

	msg_put_done(&w, error);
	ipc_send(control, MSG_CONFIG_DONE, generation, w.data, w.len);
	wr_free(&w);
}

const char *daemon_hostname(void)
{
	static char kernels[256];

	if (hostname[0])
		return hostname;
	return gethostname(kernels, sizeof(kernels)) < 0 ? "" : kernels;
}

static void on_config_check(const struct ipc_frame *frame)
{
	char error[MSG_ERROR_MAX] = "";
	json_t *config = conf_read(frame->body, frame->len);

	if (!config)
		str_copy(error, "configuration is not JSON", sizeof(error));
	else if (ops->check && ops->check(config, error, sizeof(error)) < 0 && !error[0])
		str_copy(error, "refused without a reason", sizeof(error));
	json_decref(config);
	answer(frame->generation, error);
}

static void on_config_apply(const struct ipc_frame *frame)
{
	json_t *config = conf_read(frame->body, frame->len);

	if (!config) {
		answer(frame->generation, "configuration is not JSON");
		return;
	}
	conf_set_log(config);
	str_copy(hostname, conf_str(conf_get(config, "system"), "hostname", ""), sizeof(hostname));
	applied_generation = frame->generation;
	not_applied_reset();
	ops->apply(config, frame->generation);
	json_decref(config);
	answer(frame->generation, not_applied_said());
}

static void on_config_prune(const struct ipc_frame *frame)
{
	not_applied_reset();
	if (ops->prune)
		ops->prune(frame->generation);
	answer(frame->generation, not_applied_said());
}

static void on_teardown(const struct ipc_frame *frame)
{
	if (ops->teardown)
		ops->teardown();
	answer(frame->generation, "");
}

static void on_channel(const struct ipc_frame *frame)
{
	enum daemon_id peer;

	if (msg_get_channel(frame->body, frame->len, &peer) < 0 || frame->fd < 0)
		fatal("malformed message from the parent");
	ops->channel(peer, frame->fd);
}

static void on_listen(const struct ipc_frame *frame)
{
	struct endpoint at;

	if (msg_get_endpoint(frame->body, frame->len, &at) < 0 || frame->fd < 0)
		fatal("malformed message from the parent");
	if (ops->listening)
		ops->listening(&at, frame->fd);
	else
		close(frame->fd);
}

static void on_secret(const struct ipc_frame *frame)
{
	struct msg_secret m;

	if (msg_get_secret(frame->body, frame->len, &m) < 0)
		fatal("malformed message from the parent");
	if (ops->secret)
		ops->secret(m.path, m.key);
	sodium_memzero(&m, sizeof(m));
	sodium_memzero((uint8_t *)frame->body, frame->len);
}

static void on_password(const struct ipc_frame *frame)
{
	struct msg_password m;

	if (msg_get_password(frame->body, frame->len, &m) < 0)
		fatal("malformed message from the parent");
	if (ops->password)
		ops->password(m.path, m.text);
	sodium_memzero(&m, sizeof(m));
	sodium_memzero((uint8_t *)frame->body, frame->len);
}

static void client_free(struct client *client)
{
	LIST_REMOVE(client, link);
	show_server_free(client->server);
	ipc_free(client->ipc);
	free(client);
}

static void on_client_frame(void *arg, const struct ipc_frame *frame)
{
	struct client *client = arg;

	if (frame->fd >= 0)
		close(frame->fd);
	if (frame->type == MSG_REQUEST || frame->type == MSG_CANCEL)
		show_server_frame(client->server, frame);
}

static void on_client_closed(void *arg, const char *why)
{
	client_free(arg);
}

static void on_client_drained(void *arg)
{
	struct client *client = arg;

	show_server_drained(client->server);
}

static void on_client(const struct ipc_frame *frame)
{
	static const struct ipc_handlers handlers = {on_client_frame, on_client_closed,
						     on_client_drained};
	struct client *client = xcalloc(1, sizeof(*client));

	if (frame->fd < 0)
		fatal("malformed message from the parent");
	client->ipc = ipc_new(frame->fd, &handlers, client);
	client->server = show_server_new(client->ipc, ops->commands, history_commands);
	LIST_INSERT_HEAD(&clients, client, link);
}

/* Answered from the loop: a daemon that hangs in a handler does not answer. */
static void on_ping(const struct ipc_frame *frame)
{
	ipc_send(control, MSG_PONG, frame->generation, NULL, 0);
}

static void on_frame(void *arg, const struct ipc_frame *frame)
{
	static const struct {
		enum msg_type type;
		void (*handler)(const struct ipc_frame *frame);
	} rows[] = {
		{MSG_CHANNEL, on_channel},
		{MSG_LISTEN, on_listen},
		{MSG_SECRET, on_secret},
		{MSG_PASSWORD, on_password},
		{MSG_CONFIG_CHECK, on_config_check},
		{MSG_CONFIG_APPLY, on_config_apply},
		{MSG_CONFIG_PRUNE, on_config_prune},
		{MSG_TEARDOWN, on_teardown},
		{MSG_CLIENT, on_client},
		{MSG_PING, on_ping},
	};

	if (frame->type == MSG_REQUEST || frame->type == MSG_CANCEL) {
		show_server_frame(server, frame);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].type == (enum msg_type)frame->type) {
			rows[i].handler(frame);
			return;
		}
	fatal("unexpected message %s from the parent", msg_name(frame->type));
}

static void on_closed(void *arg, const char *why)
{
	log_info("stop", "why=\"parent is gone: %s\"", why);
	loop_stop();
}

static void on_drained(void *arg)
{
	show_server_drained(server);
}

static void on_sigterm(evutil_socket_t sig, short what, void *arg)
{
	log_info("stop", "why=\"signal %d\"", (int)sig);
	loop_stop();
}

void daemon_event(json_t *event)
{
	char *text;

	json_object_set_new(event, "monotonic-ms", json_real(now_us() / 1000.0));
	text = json_dumps(event, CONF_JSON_LINE);
	if (text && control && !ipc_full(control))
		ipc_send(control, MSG_EVENT, applied_generation, text, strlen(text));
	free(text);
	json_decref(event);
}

uint32_t daemon_generation(void)
{
	return applied_generation;
}

#define TRIM_MS 5000

static struct timer trim_timer;

static void on_trim(void *arg)
{
	slab_trim();
	timer_start(&trim_timer, TRIM_MS);
}

/* Before there are threads, which Landlock would not reach. What libraries read once, they read
 * now: /etc/localtime, and /dev/urandom for jansson's hashes, which remotes must not foresee. */
static void enter_sandbox(const char *rundir, bool compulsory)
{
	unsigned in_force;

	if (ops->sandbox == SANDBOX_NONE)
		return;
	tzset();
	json_object_seed(0);
	in_force = sandbox_enter(ops->sandbox, rundir, SANDBOX_ALL);
	if (!in_force && compulsory)
		fatal("its user cannot be changed, and neither seccomp nor Landlock can be had "
		      "here: it could read every key, so it does not start");
	log_event(in_force ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "sandbox", "seccomp=%s landlock=%s",
		  in_force & SANDBOX_SECCOMP ? "yes" : "no",
		  in_force & SANDBOX_LANDLOCK ? "yes" : "no");
}

int daemon_run(const struct daemon_ops *daemon_ops, int argc, char **argv)
{
	static const struct ipc_handlers handlers = {on_frame, on_closed, on_drained};
	const char *rundir = "/run/wgbgp";
	bool compulsory = false;
	struct event *term;
	int opt;

	ops = daemon_ops;
	prctl(PR_SET_NAME, daemon_name(ops->id)); /* fexecve() has a number there */
	log_init(daemon_name(ops->id));
	while ((opt = getopt(argc, argv, "r:sl")) != -1) {
		if (opt == 'r')
			rundir = optarg;
		else if (opt == 's')
			compulsory = true;
		else if (opt == 'l')
			log_copy_to(LOG_FD);
		else
			return 2;
	}
	fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	fcntl(LOCK_FD, F_SETFD, FD_CLOEXEC);
	fcntl(LOG_FD, F_SETFD, FD_CLOEXEC); /* not for what we start ourselves */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	log_to_journal();
	enter_sandbox(rundir, compulsory);
	term = evsignal_new(loop_base(), SIGTERM, on_sigterm, NULL);
	event_add(term, NULL);
	control = ipc_new(CONTROL_FD, &handlers, NULL);
	server = show_server_new(control, ops->commands, history_commands);
	ops->start(rundir);
	timer_init(&trim_timer, on_trim, NULL);
	timer_start(&trim_timer, TRIM_MS);
	loop_run();
	timer_stop(&trim_timer);
	while (!LIST_EMPTY(&clients))
		client_free(LIST_FIRST(&clients));
	if (ops->stop)
		ops->stop();
	show_server_free(server);
	ipc_free(control);
	event_free(term);
	history_free();
	loop_free();
	return 0;
}
