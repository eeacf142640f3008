/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgdrive: stands in for zebra-lite and gives wgd nothing to do but AllowedIPs, so that what wgd
 * costs above a bare loop over the same seam (wgloop) can be told.
 *
 * wgbgpd starts it under the name zebra-lite. The environment says what to do: WGDRIVE_COUNT
 * entries, WGDRIVE_RESULT the file for one JSON object. The steps are those of wgloop:
 *
 *   bulk        COUNT entries for the first peer, in batches as zebra-lite sends them
 *   move        a tenth of them (10,000 of 100,000) to the second peer
 *   unload      all of them taken away
 *   single-N    with N entries loaded (100, 1,000, ... COUNT) one moves to the other peer: median
 *
 * All in seconds, from the first message to the acknowledgement of the last one. Like zebra-lite it
 * begins with a small batch, and sends one while another one is not acknowledged yet; a step begins
 * when nothing is under way.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon.h"
#include "generate.h"
#include "loop.h"
#include "util.h"

enum { BATCH_FIRST = 256, BATCH_GROWTH = 4, BATCH_MAX = 4096, UNDER_WAY = 2 };
enum { SINGLES = 1001, STEPS_MAX = 32 };
enum { FIRST_PEER, SECOND_PEER, NOBODY };

struct step {
	char name[32];	      /* empty: not timed */
	size_t begin, end;    /* entries; of single moves: those that were loaded last */
	unsigned to;	      /* FIRST_PEER, SECOND_PEER, NOBODY */
	size_t singles;	      /* instead of a range: so many single moves in it */
	size_t at, done;      /* next entry; single moves made */
	size_t batch;	      /* size of the last batch */
	uint64_t begin_us;    /* of the step, or of the single move */
	uint32_t us[SINGLES]; /* of the single moves */
};

static struct ipc *ipc;
static struct routes *table;
static struct step steps[STEPS_MAX];
static size_t nsteps, current;
static uint32_t peers[2], batch, acked;
static json_t *result;
static struct job go_on;

/* ---- the steps */

static void add(const char *name, size_t begin, size_t end, unsigned to, size_t singles)
{
	struct step *s = &steps[nsteps++];

	str_copy(s->name, name, sizeof(s->name));
	s->begin = s->at = begin;
	s->end = end;
	s->to = to;
	s->singles = singles;
}

static void plan(size_t count)
{
	size_t loaded = 0;
	char name[32];

	add("bulk", 0, count, FIRST_PEER, 0);
	add("move", 0, (count + 9) / 10, SECOND_PEER, 0);
	add("unload", 0, count, NOBODY, 0);
	for (size_t n = 100; n <= count; n *= 10) {
		add("", loaded, n, FIRST_PEER, 0);
		snprintf(name, sizeof(name), "single-%zu", n);
		add(name, loaded, n, SECOND_PEER, SINGLES);
		loaded = n;
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void finish(void)
{
	const char *path = getenv("WGDRIVE_RESULT");
	char temporary[4096];

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	if (json_dump_file(result, temporary, 0) < 0 || rename(temporary, path) < 0)
		fatal("%s: cannot be written", path);
	json_decref(result);
	result = NULL;
}

static void step_done(struct step *s)
{
	double seconds = (now_us() - s->begin_us) / 1e6;

	if (s->singles) {
		qsort(s->us, s->done, sizeof(s->us[0]), by_value);
		seconds = s->us[s->done / 2] / 1e6;
	}
	if (s->name[0])
		json_object_set_new(result, s->name, json_real(seconds));
	if (++current == nsteps)
		finish();
}

/* ---- messages */

static void send_changes(const struct step *s, size_t n, const size_t *which)
{
	static struct allowed_change changes[BATCH_MAX];
	struct msg_allowed m = {.batch = ++batch, .n = n, .changes = changes};
	struct wr w = {0};

	for (size_t i = 0; i < n; i++) {
		size_t number = which ? which[i] : s->at + i;

		changes[i].op = s->to == NOBODY ? ALLOWED_UNSET : ALLOWED_SET;
		changes[i].peer_id = peers[s->to == SECOND_PEER];
		changes[i].prefix = table->list[number].prefix;
		if (s->to == NOBODY && number < (table->count + 9) / 10)
			changes[i].peer_id = peers[SECOND_PEER]; /* as `move` left them */
	}
	msg_put_allowed(&w, &m);
	ipc_send(ipc, MSG_ALLOWED, daemon_generation(), w.data, w.len);
	wr_free(&w);
}

/* Sends what is next, one batch: called at the start and for each acknowledgement. */
static bool next(void *arg)
{
	struct step *s = &steps[current];
	uint64_t now = now_us();
	size_t n, which;

	if (!result || !ipc)
		return false;
	if (!s->begin_us)
		s->begin_us = now;
	if (s->singles) {
		if (acked != batch)
			return false;
		which = s->begin + s->done * 37 % (s->end - s->begin);
		s->to = s->done / (s->end - s->begin) % 2 ? FIRST_PEER : SECOND_PEER; /* and back */
		s->begin_us = now;
		send_changes(s, 1, &which);
		return false;
	}
	if (s->at == s->end || batch - acked == UNDER_WAY)
		return false;
	s->batch = s->batch ? s->batch * BATCH_GROWTH : BATCH_FIRST;
	if (s->batch > BATCH_MAX)
		s->batch = BATCH_MAX;
	n = s->end - s->at < s->batch ? s->end - s->at : s->batch;
	send_changes(s, n, NULL);
	s->at += n;
	return true;
}

static void on_ack(const struct ipc_frame *f)
{
	struct step *s = &steps[current];
	struct msg_allowed_ack m;

	if (!result || msg_get_allowed_ack(f->body, f->len, &m) < 0)
		return;
	if (m.n > 0)
		fatal("wgd refused %u entries", m.n);
	msg_free_allowed_ack(&m);
	acked = m.batch;
	if (s->singles)
		s->us[s->done++] = now_us() - s->begin_us;
	if (s->singles ? s->done == s->singles : s->at == s->end && acked == batch)
		step_done(s);
	job_start(&go_on);
}

static void on_frame(void *arg, const struct ipc_frame *f)
{
	struct msg_tunnel_peer peer;
	struct wr w = {0};

	if (f->type == MSG_ALLOWED_ACK)
		on_ack(f);
	if (f->type == MSG_TUNNEL_PEER && msg_get_tunnel_peer(f->body, f->len, &peer) == 0) {
		peers[peers[0] && peers[0] != peer.id] = peer.id;
		msg_free_tunnel_peer(&peer);
	}
	if (f->type != MSG_TUNNEL_SYNC)
		return;
	wr_u32(&w, 0);
	ipc_send(ipc, MSG_ALLOWED_SYNC, daemon_generation(), w.data, w.len);
	wr_free(&w);
	if (!peers[1])
		fatal("two peers are needed");
	job_start(&go_on);
}

static void on_closed(void *arg, const char *why)
{
	ipc_free(ipc);
	ipc = NULL;
}

/* ---- the daemon */

static void start(const char *rundir)
{
	static struct attrs_pool pool;
	size_t count = strtoul(getenv("WGDRIVE_COUNT"), NULL, 10);

	table = xcalloc(1, sizeof(*table));
	table->pool = &pool;
	generate_ipv4(table, count, 1);
	result = json_object();
	job_init(&go_on, next, NULL);
	plan(count);
}

static int check(const json_t *config, char *error, size_t size)
{
	return 0;
}

static void apply(const json_t *config, uint32_t generation)
{
}

static void channel(enum daemon_id peer, int fd)
{
	static const struct ipc_handlers handlers = {on_frame, on_closed, NULL};

	if (peer == DAEMON_WGD)
		ipc = ipc_new(fd, &handlers, NULL); /* bgpd's end waits for ever */
}

static void stop(void)
{
	ipc_free(ipc);
}

int main(int argc, char **argv)
{
	static const struct show_command none[] = {{0}};
	static const struct daemon_ops ops = {
		.id = DAEMON_ZEBRA,
		.commands = none,
		.start = start,
		.check = check,
		.apply = apply,
		.channel = channel,
		.stop = stop,
	};

	return daemon_run(&ops, argc, argv);
}
