/* SPDX-License-Identifier: BSD-2-Clause */
#include "asker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc.h"
#include "loop.h"
#include "messages.h"
#include "pulse.h"
#include "util.h"

#define CHANNELS (ASKER_CLIENTS_MAX + ASKER_TABLES_MAX + ASKER_EVENTS_MAX + ASKER_OWN_MAX)
#define DEAF_MS 4000	/* of wgbgpd itself, which says who else does not answer */
#define UNUSED_MS 10000 /* a channel that nobody uses is closed */
#define SLOW_MS 2000
#define TABLE_MS 20000

struct channel {
	struct ipc *ipc; /* NULL: not connected */
	struct ask *ask; /* NULL: nothing is asked */
	uint32_t id;	 /* of that */
	struct pulse pulse;
	uint64_t used_ms; /* last */
};

struct ask {
	TAILQ_ENTRY(ask) link;	 /* in the line */
	struct channel *channel; /* NULL: it is in the line */
	enum ask_class whose;
	char *text; /* what is asked */
	const struct ask_sink *sink;
	void *arg;
	uint64_t began_ms;  /* it is answered since */
	uint64_t paused_ms; /* since; 0: it is read */
};
TAILQ_HEAD(line, ask);

static const struct {
	unsigned first, n; /* channels */
	unsigned line;	   /* as many wait */
} classes[ASK_CLASSES] = {
	[CLASS_CLIENTS] = {0, ASKER_CLIENTS_MAX, ASKER_WAIT_MAX},
	[CLASS_TABLES] = {ASKER_CLIENTS_MAX, ASKER_TABLES_MAX, ASKER_WAIT_MAX},
	[CLASS_EVENTS] = {ASKER_CLIENTS_MAX + ASKER_TABLES_MAX, ASKER_EVENTS_MAX, 0},
	[CLASS_OWN] = {ASKER_CLIENTS_MAX + ASKER_TABLES_MAX + ASKER_EVENTS_MAX, ASKER_OWN_MAX,
		       UINT32_MAX},
};

static struct channel channels[CHANNELS];
static struct line lines[ASK_CLASSES] = {
	TAILQ_HEAD_INITIALIZER(lines[0]), TAILQ_HEAD_INITIALIZER(lines[1]),
	TAILQ_HEAD_INITIALIZER(lines[2]), TAILQ_HEAD_INITIALIZER(lines[3])};
static unsigned waiting[ASK_CLASSES], asked[ASK_CLASSES]; /* in the line; by a channel */
static struct sockaddr_un at;
static struct timer tick, next_turn;
static struct job serving;

static void ask_free(struct ask *ask)
{
	if (ask->channel) {
		ask->channel->ask = NULL;
		asked[ask->whose]--;
		ask->channel->used_ms = now_ms();
		job_start(&serving);
	} else {
		TAILQ_REMOVE(&lines[ask->whose], ask, link);
		waiting[ask->whose]--;
	}
	free(ask->text);
	free(ask);
}

static void ask_end(struct ask *ask, enum ask_end how, const char *error)
{
	const struct ask_sink *sink = ask->sink;
	void *arg = ask->arg;

	ask_free(ask);
	sink->end(arg, how, error);
}

static void channel_close(struct channel *c, const char *why)
{
	ipc_free(c->ipc);
	c->ipc = NULL;
	if (c->ask)
		ask_end(c->ask, ASK_FAILED, why);
}

static void on_reply(struct channel *c, const struct ipc_frame *frame)
{
	struct ask *ask = c->ask;
	struct msg_reply m;

	if (msg_get_reply(frame->type, frame->body, frame->len, &m) < 0) {
		channel_close(c, "malformed answer of wgbgpd");
		return;
	}
	if (!ask || m.id != c->id)
		return;
	if (frame->type == MSG_REPLY_HEAD) {
		if (ask->sink->head)
			ask->sink->head(ask->arg, m.list, m.json, m.json_len);
	} else if (frame->type == MSG_REPLY_ROW) {
		if (ask->sink->row)
			ask->sink->row(ask->arg, m.json, m.json_len);
	} else {
		ask_end(ask, m.error[0] ? ASK_REFUSED : ASK_ANSWERED, m.error[0] ? m.error : NULL);
	}
}

static void on_frame(void *arg, const struct ipc_frame *frame)
{
	struct channel *c = arg;

	if (frame->fd >= 0)
		close(frame->fd);
	pulse_heard(&c->pulse);
	if (frame->type == MSG_REPLY_HEAD || frame->type == MSG_REPLY_ROW ||
	    frame->type == MSG_REPLY_END)
		on_reply(c, frame);
}

static void on_closed(void *arg, const char *why)
{
	channel_close(arg, "wgbgpd closed the connection");
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void say_why(int err, char *out, size_t size)
{
	if (err == -ENOENT)
		snprintf(out, size,
			 "%s is not there: wgbgpd is not running, or its `system cli-read-group` "
			 "names no group",
			 at.sun_path);
	else if (err == -ECONNREFUSED)
		snprintf(out, size, "wgbgpd is not running (nobody listens at %s)", at.sun_path);
	else if (err == -EACCES)
		snprintf(out, size,
			 "no permission for %s: the user of wgbgp-web is no member of the group of "
			 "`system cli-read-group`",
			 at.sun_path);
	else if (err == -EAGAIN)
		snprintf(out, size, "wgbgpd takes no more clients: it hangs, or has too many");
	else
		snprintf(out, size, "%s: %s", at.sun_path, strerror(-err));
}

/* False with WHY: wgbgpd cannot be asked. */
static bool channel_open(struct channel *c, char *why, size_t size)
{
	static const struct ipc_handlers handlers = {on_frame, on_closed, NULL};
	int fd;

	if (c->ipc)
		return true;
	fd = open_socket();
	if (fd < 0) {
		say_why(fd, why, size);
		return false;
	}
	c->ipc = ipc_new(fd, &handlers, c);
	return true;
}

static void put_question(struct channel *c, struct ask *ask)
{
	struct wr w = {0};

	TAILQ_REMOVE(&lines[ask->whose], ask, link);
	waiting[ask->whose]--;
	asked[ask->whose]++;
	ask->channel = c;
	c->ask = ask;
	ask->began_ms = now_ms();
	msg_put_request(&w, ++c->id, ask->text, strlen(ask->text));
	ipc_send(c->ipc, MSG_REQUEST, 0, w.data, w.len);
	wr_free(&w);
	pulse_start(&c->pulse, now_ms());
	if (!timer_running(&tick))
		timer_start(&tick, PULSE_TICK_MS);
}

static struct channel *free_channel(enum ask_class whose)
{
	struct channel *found = NULL, *first = channels + classes[whose].first;

	for (struct channel *c = first; c < first + classes[whose].n; c++)
		if (!c->ask && (!found || (c->ipc && !found->ipc)))
			found = c;
	return found;
}

static bool of_clients(enum ask_class whose)
{
	return whose == CLASS_CLIENTS || whose == CLASS_TABLES;
}

/* A client's question may be put now; else the line is served again when the next one may. */
static bool take_turn(void)
{
	static const double each_ms = 1000.0 / ASKER_RATE;
	static double next_ms; /* when all that were put were due */
	double now = (double)now_ms();

	if (next_ms < now - ASKER_BURST * each_ms)
		next_ms = now - ASKER_BURST * each_ms;
	if (next_ms > now) {
		timer_start(&next_turn, (uint64_t)(next_ms - now) + 1);
		return false;
	}
	next_ms += each_ms;
	return true;
}

static bool may_put(enum ask_class whose)
{
	return !of_clients(whose) || take_turn();
}

static bool serve(void *arg)
{
	char why[256];
	struct channel *c;
	struct ask *ask;

	for (int whose = 0; whose < ASK_CLASSES; whose++)
		while ((ask = TAILQ_FIRST(&lines[whose])) && (c = free_channel(whose)) &&
		       may_put(whose)) {
			if (channel_open(c, why, sizeof(why)))
				put_question(c, ask);
			else
				ask_end(ask, ASK_FAILED, why);
		}
	return false;
}

static void on_next_turn(void *arg)
{
	job_start(&serving);
}

/* What keeps a channel although it should not; NULL: nothing does. */
static const char *fault_of(struct channel *c, uint64_t now)
{
	if (c->ask->whose == CLASS_TABLES && waiting[CLASS_TABLES] &&
	    now - c->ask->began_ms >= TABLE_MS)
		return "the answer takes too long, and others wait";
	if (c->ask->paused_ms)
		return of_clients(c->ask->whose) && waiting[c->ask->whose] &&
				       now - c->ask->paused_ms >= SLOW_MS
			       ? "the answer is read too slowly, and others wait"
			       : NULL;
	if (pulse_tick(&c->pulse, now))
		ipc_send(c->ipc, MSG_PING, 0, NULL, 0);
	return c->pulse.silent_ms >= DEAF_MS
		       ? "wgbgpd does not answer: it hangs, or is busy with too many clients"
		       : NULL;
}

static void asker_on_tick(void *arg)
{
	uint64_t now = now_ms();
	bool more = false;

	for (struct channel *c = channels; c < channels + CHANNELS; c++) {
		const char *fault = c->ask ? fault_of(c, now) : NULL;

		if (fault || (c->ipc && !c->ask && now - c->used_ms >= UNUSED_MS))
			channel_close(c, fault);
		more |= c->ipc != NULL;
	}
	if (more)
		timer_start(&tick, PULSE_TICK_MS);
}

struct ask *ask_start(enum ask_class whose, json_t *request, const struct ask_sink *sink, void *arg)
{
	struct ask *ask;

	if (waiting[whose] + asked[whose] >= classes[whose].n &&
	    waiting[whose] + asked[whose] - classes[whose].n >= classes[whose].line) {
		json_decref(request);
		return NULL;
	}
	ask = xcalloc(1, sizeof(*ask));
	ask->whose = whose;
	ask->text = json_dumps(request, JSON_COMPACT);
	ensure(ask->text);
	ask->sink = sink;
	ask->arg = arg;
	TAILQ_INSERT_TAIL(&lines[whose], ask, link);
	waiting[whose]++;
	json_decref(request);
	job_start(&serving);
	return ask;
}

/* The rest of the answer would come by this channel. */
void ask_stop(struct ask *ask)
{
	struct channel *c = ask->channel;

	if (c) {
		ipc_free(c->ipc);
		c->ipc = NULL;
	}
	ask_free(ask);
}

void ask_pause(struct ask *ask)
{
	if (!ask->channel || ask->paused_ms)
		return;
	ask->paused_ms = now_ms();
	ipc_pause(ask->channel->ipc);
}

void ask_resume(struct ask *ask)
{
	if (!ask->channel || !ask->paused_ms)
		return;
	ask->paused_ms = 0;
	pulse_start(&ask->channel->pulse, now_ms());
	ipc_resume(ask->channel->ipc);
}

void asker_open(const char *rundir)
{
	at.sun_family = AF_UNIX;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/cli-read.sock", rundir);
	timer_init(&tick, asker_on_tick, NULL);
	timer_init(&next_turn, on_next_turn, NULL);
	job_init(&serving, serve, NULL);
}

void asker_close(void)
{
	for (int whose = 0; whose < ASK_CLASSES; whose++)
		while (!TAILQ_EMPTY(&lines[whose]))
			ask_free(TAILQ_FIRST(&lines[whose]));
	for (struct channel *c = channels; c < channels + CHANNELS; c++) {
		if (c->ask)
			ask_free(c->ask);
		ipc_free(c->ipc);
		c->ipc = NULL;
	}
	timer_stop(&tick);
	timer_stop(&next_turn);
	job_stop(&serving);
}
