/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The near half of the rig: the transcript, the clock, and those who talk to wgd: the parent,
 * zebra-lite, bfdd, a CLI. The far half, what wgd acts upon, is rig_world.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bfd.h"
#include "daemon.h"
#include "quoted.h"
#include "rig.h"
#include "link_zebra.h"
#include "rig_world.h"
#include "secrets.h"
#include "shows.h"
#include "testing.h"
#include "wceiling.h"

enum {
	STEP_MS = 10,
	SAID_MAX = 1 << 20,
	MUTED = 8,
	REFUSALS = 16,
	PIECE = 74, MANY = 20,
	WALL_S = 1700000000
};

static char said[SAID_MAX];
static size_t n_said;
static uint64_t begun_ms, stamp_ms;
static const char *muted[MUTED];
static struct {
	char start[64];
	int err;
	unsigned times;
} refusals[REFUSALS];

struct ipc {
	const struct ipc_handlers *handlers;
	void *arg;
};
static struct ipc *zebra, *bfdd, cli, **made; /* MADE: the next one */
static bool zebra_full;
static uint32_t generation;
static char answer[SAID_MAX]; /* of a show */
static unsigned rows;		  /* of it, since the CLI read */

/* The wall clock goes with the rig's, and so does what we work. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t us = now_us();

	if (id != CLOCK_REALTIME && id != CLOCK_THREAD_CPUTIME_ID)
		return (int)syscall(SYS_clock_gettime, id, ts);
	us = id == CLOCK_REALTIME ? us + WALL_S * 1000000ull : us - rig.waited_us;
	*ts = (struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
	return 0;
}

int64_t rig_wall_ms(void)
{
	return WALL_S * 1000ll + (int64_t)now_ms();
}

/* --- the transcript --- */

static void append(const char *text)
{
	size_t len = strlen(text);

	assert_true(n_said + len + 2 < SAID_MAX);
	memcpy(said + n_said, text, len);
	n_said += len;
	said[n_said++] = '\n';
	said[n_said] = '\0';
}

static FILE *log_file; /* NULL: what is logged is not said */

/* What is read is asked for all the time. */
static bool is_muted(const char *line)
{
	if (strncmp(line, "get ", 4) == 0)
		return true;
	for (unsigned i = 0; i < MUTED && muted[i]; i++)
		if (strncmp(line, muted[i], strlen(muted[i])) == 0)
			return true;
	return false;
}

static void say_stamp(void)
{
	char stamp[32];

	if (now_ms() == stamp_ms)
		return;
	stamp_ms = now_ms();
	snprintf(stamp, sizeof(stamp), "@%llu", (unsigned long long)(stamp_ms - begun_ms));
	append(stamp);
}

static void say_log(void)
{
	char line[1024], *at;

	while (log_file && fgets(line, sizeof(line), log_file)) {
		at = strstr(line, " rig ");
		assert_non_null(at);
		line[strcspn(line, "\n")] = '\0';
		say_stamp();
		memcpy(at + 1, "log", 3);
		append(at + 1);
	}
	if (log_file)
		clearerr(log_file);
}

static void say(const char *line)
{
	say_log();
	if (is_muted(line))
		return;
	say_stamp();
	append(line);
}

void rig_note(const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say(line);
}

int rig_act(const char *fmt, ...)
{
	char line[4096];
	va_list ap;
	int err = 0;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (unsigned i = 0; i < REFUSALS && !err; i++)
		if (refusals[i].times &&
		    strncmp(line, refusals[i].start, strlen(refusals[i].start)) == 0) {
			refusals[i].times--;
			err = refusals[i].err;
		}
	if (err)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " refused");
	say(line);
	return err;
}

void rig_refuse(const char *start, int err, unsigned times)
{
	unsigned i = 0;

	while (i < REFUSALS && refusals[i].times && strcmp(refusals[i].start, start) != 0)
		i++;
	assert_true(i < REFUSALS);
	str_copy(refusals[i].start, start, sizeof(refusals[i].start));
	refusals[i].err = err;
	refusals[i].times = times;
}

void rig_mute(const char *start)
{
	unsigned i = 0;

	if (!start) {
		memset(muted, 0, sizeof(muted));
		return;
	}
	while (i < MUTED && muted[i])
		i++;
	assert_true(i < MUTED);
	muted[i] = start;
}

void rig_forget(void)
{
	n_said = 0;
	said[0] = '\0';
	begun_ms = stamp_ms = now_ms();
}

/* As many bytes of a line as fit one of the code, up to a comma or a space where there is one. */
static size_t piece_of(const char *line, size_t len)
{
	size_t n = PIECE;

	if (len <= PIECE)
		return len;
	while (n > PIECE / 2 && line[n - 1] != ',' && line[n - 1] != ' ')
		n--;
	return n > PIECE / 2 ? n : PIECE;
}

static void print_as_code(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), n = piece_of(text, len);

		printf("\t\t   \"");
		for (size_t i = 0; i < n; i++)
			printf(text[i] == '"' || text[i] == '\\' ? "\\%c" : "%c", text[i]);
		printf(n == len ? "\\n\"\n" : "\"\n");
		text += n + (n == len);
	}
}

void rig_expect_at(const char *text, const char *file, int line)
{
	bool same;

	say_log();
	same = strcmp(said, text) == 0;
	if (!same) {
		printf("%s:%d: this was said:\n", file, line);
		print_as_code(said);
	}
	if (!same && !getenv("WGBGP_RIG_GO_ON"))
		fail_msg("%s:%d: something else was said", file, line);
	rig_forget();
}

/* --- the clock --- */

void rig_turn(void)
{
	loop_fake_turn();
}

void rig_pass(uint64_t ms)
{
	for (uint64_t t = 0; t < ms; t += STEP_MS) {
		loop_fake_pass((ms - t < STEP_MS ? ms - t : STEP_MS) * 1000);
		loop_fake_turn();
	}
}

/* --- the parent --- */

static const char *dump(const json_t *j, char *out, size_t size)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);

	for (char *c = text; *c; c++)
		if (*c == '"')
			*c = '\'';
	str_copy(out, text, size);
	free(text);
	return out;
}

void daemon_event(json_t *event)
{
	char text[1024];

	rig_note("event %s", dump(event, text, sizeof(text)));
	json_decref(event);
}

uint32_t daemon_generation(void)
{
	return generation;
}

const char *rig_check(const char *config)
{
	static char error[512];
	json_t *j = quoted(config);
	struct wgconf *conf = wgconf_read(j, error, sizeof(error));

	if (conf) {
		int err;

		error[0] = '\0';
		err = devices_check(conf, error, sizeof(error));
		assert_int_equal(err, error[0] ? -EINVAL : 0);
	}
	wgconf_free(conf);
	json_decref(j);
	return error;
}

void rig_apply(const char *config)
{
	char error[512] = "";
	json_t *j = quoted(config);
	struct wgconf *conf = wgconf_read(j, error, sizeof(error));

	if (!conf)
		fail_msg("%s", error);
	wceiling_apply(j, ++generation);
	devices_apply(conf);
	json_decref(j);
}

/* Chance is none. */
static const char *random_name(void)
{
	return "rig";
}

static uint32_t random_number(void)
{
	return 70;
}

static uint32_t random_below(const uint32_t limit)
{
	return 70 % limit;
}

static void random_bytes(void *const buf, const size_t size)
{
	memset(buf, 7, size);
}

static struct randombytes_implementation no_chance = {.implementation_name = random_name,
						      .random = random_number,
						      .uniform = random_below,
						      .buf = random_bytes};

static int fd_before;

void rig_log(enum log_level level)
{
	char name[128];

	snprintf(name, sizeof(name), "%s/log", rig.dir);
	assert_non_null(freopen(name, "w", stderr));
	log_file = fopen(name, "re");
	assert_non_null(log_file);
	log_set_level(level);
}

int rig_open(void **state)
{
	fd_before = test_lowest_fd();
	randombytes_set_implementation(&no_chance);
	memset(&rig, 0, sizeof(rig));
	str_copy(rig.dir, "/tmp/wgbgp-rig-XXXXXX", sizeof(rig.dir));
	assert_non_null(mkdtemp(rig.dir));
	setenv("WGBGP_STATEDIR", rig.dir, 1);
	log_init("rig");
	log_set_level(LOG_LEVEL_ERROR);
	if (!getenv("WGBGP_RIG_LOG"))
		assert_non_null(freopen("/dev/null", "w", stderr));
	assert_true(sodium_init() >= 0);
	devices_open(rig.dir);
	rig_forget();
	return 0;
}

int rig_close(void **state)
{
	char line[128];

	link_zebra_close();
	bfd_close();
	devices_close();
	wceiling_reset();
	secrets_close();
	loop_free();
	if (log_file)
		fclose(log_file);
	log_file = NULL;
	assert_int_equal(test_lowest_fd(), fd_before); /* whatever was opened is closed */
	snprintf(line, sizeof(line), "rm -rf %s", rig.dir);
	return system(line);
}

void rig_tell_file(const char *name)
{
	char path[128], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", rig.dir, name);
	f = fopen(path, "r");
	rig_note("%s%s", name, f ? ":" : " is not there");
	while (f && fgets(line, sizeof(line), f))
		rig_note("| %.*s", (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

void rig_secret(const char *path, char letter)
{
	uint8_t key[KEY_BYTES] = {(uint8_t)letter};

	secrets_put(path, key);
}

void rig_disk_full(bool full)
{
	struct rlimit limit = {full ? 0 : RLIM_INFINITY, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* --- channels: what wgd sends is written down --- */

struct text {
	char s[2048];
};

static void add(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
	size_t len = strlen(t->s);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->s + len, sizeof(t->s) - len, fmt, ap);
	va_end(ap);
}

static void tell_if(const struct ipc_frame *f)
{
	struct msg_tunnel_if m;
	struct text t = {""};

	assert_int_equal(msg_get_tunnel_if(f->body, f->len, &m), 0);
	for (uint32_t i = 0; i < m.n_addrs; i++)
		add(&t, " %s/%u", ADDR_STR(&m.addrs[i].addr), m.addrs[i].len);
	if (m.fwmark)
		add(&t, " mark %u", m.fwmark);
	rig_note("zebra: %s is %u %s%s%s%s", m.name, m.ifindex, m.up ? "up" : "down",
		 m.adopted ? " adopted" : "", m.any ? " any" : "", t.s);
	msg_free_tunnel_if(&m);
}

static void tell_peer(const struct ipc_frame *f)
{
	struct msg_tunnel_peer m;
	struct text t = {""};

	assert_int_equal(msg_get_tunnel_peer(f->body, f->len, &m), 0);
	if (m.cost)
		add(&t, " cost %u", m.cost);
	if (m.endpoint.addr.family)
		add(&t, " at %s", ENDPOINT_STR(&m.endpoint));
	for (uint32_t i = 0; i < m.n_addrs; i++)
		add(&t, " %s", ADDR_STR(&m.addrs[i]));
	for (uint32_t i = 0; i < m.n_fixed; i++)
		add(&t, " %s", PREFIX_STR(&m.fixed[i]));
	rig_note("zebra: %s is %u on %u %s %s%s%s", m.name, m.id, m.ifindex,
		 tunnel_state_name(m.state), reason_name(m.reason), m.weak ? " weak" : "", t.s);
	msg_free_tunnel_peer(&m);
}

static void tell_held(const struct ipc_frame *f)
{
	struct msg_allowed m;
	struct text t = {""};

	assert_int_equal(msg_get_allowed(f->body, f->len, &m), 0);
	if (m.n > MANY)
		add(&t, " %u", m.n);
	for (uint32_t i = 0; i < m.n && m.n <= MANY; i++)
		add(&t, " %u %s", m.changes[i].peer_id, PREFIX_STR(&m.changes[i].prefix));
	rig_note("zebra: held%s", t.s);
	msg_free_allowed(&m);
}

static void tell_ack(const struct ipc_frame *f)
{
	struct msg_allowed_ack m;
	struct text t = {""};

	assert_int_equal(msg_get_allowed_ack(f->body, f->len, &m), 0);
	for (uint32_t i = 0; i < m.n; i++)
		add(&t, " %u %s %s", m.refused[i].peer_id, PREFIX_STR(&m.refused[i].prefix),
		    reason_name(m.refused[i].reason));
	rig_note("zebra: ack %u%s", m.batch, t.s);
	msg_free_allowed_ack(&m);
}

static void tell_refused(const struct ipc_frame *f)
{
	struct msg_allowed_refused m;

	assert_int_equal(msg_get_allowed_refused(f->body, f->len, &m), 0);
	rig_note("zebra: refused %u %s %s", m.peer_id, PREFIX_STR(&m.prefix),
		 reason_name(m.reason));
}

static void tell_session(const struct ipc_frame *f)
{
	struct msg_bfd_session m;

	assert_int_equal(msg_get_bfd_session(f->body, f->len, &m), 0);
	rig_note("bfdd: session %u %s on %s %u from %s to %s every %u receives %u times %u%s", m.id,
		 m.peer, m.ifname, m.ifindex, ADDR_STR(&m.local), ADDR_STR(&m.remote),
		 m.interval_ms, m.receive_ms, m.multiplier, m.passive ? " passive" : "");
}

static void tell_id(const char *what, const struct ipc_frame *f)
{
	uint32_t id;

	assert_int_equal(msg_get_u32(f->body, f->len, &id), 0);
	rig_note("%s %u", what, id);
}

static void on_reply(const struct ipc_frame *f)
{
	struct msg_reply m;
	char text[8192];
	json_t *j;

	rows++;
	assert_int_equal(msg_get_reply(f->type, f->body, f->len, &m), 0);
	if (m.error[0])
		str_copy(text, m.error, sizeof(text));
	else if (f->type == MSG_REPLY_END)
		return;
	else {
		j = json_loadb(m.json, m.json_len, 0, NULL);
		dump(j, text, sizeof(text));
		json_decref(j);
	}
	assert_true(strlen(answer) + strlen(text) + 2 < sizeof(answer));
	strcat(strcat(answer, text), "\n");
}

static void tell(const struct ipc_frame *f)
{
	switch (f->type) {
	case MSG_TUNNEL_IF:
		tell_if(f);
		break;
	case MSG_TUNNEL_IF_GONE:
		tell_id("zebra: no interface", f);
		break;
	case MSG_TUNNEL_PEER:
		tell_peer(f);
		break;
	case MSG_TUNNEL_PEER_GONE:
		tell_id("zebra: no peer", f);
		break;
	case MSG_ALLOWED_HELD:
		tell_held(f);
		break;
	case MSG_ALLOWED_ACK:
		tell_ack(f);
		break;
	case MSG_ALLOWED_REFUSED:
		tell_refused(f);
		break;
	case MSG_BFD_SESSION:
		tell_session(f);
		break;
	case MSG_BFD_SESSION_GONE:
		tell_id("bfdd: no session", f);
		break;
	case MSG_TUNNEL_SYNC:
	case MSG_BFD_SYNC:
		rig_note(f->type == MSG_BFD_SYNC ? "bfdd: sync" : "zebra: sync");
		break;
	default:
		on_reply(f);
	}
}

void ipc_send(struct ipc *ipc, uint16_t type, uint32_t gen, const void *body, size_t len)
{
	struct ipc_frame f = {type, gen, body, len, -1};

	tell(&f);
}

bool ipc_full(const struct ipc *ipc)
{
	if (ipc == zebra)
		return zebra_full;
	return rig.show_room && rows >= rig.show_room;
}

struct ipc *ipc_new(int fd, const struct ipc_handlers *handlers, void *arg)
{
	struct ipc *ipc = xcalloc(1, sizeof(*ipc));

	*ipc = (struct ipc){handlers, arg};
	*made = ipc;
	return ipc;
}

void ipc_free(struct ipc *ipc)
{
	if (ipc == zebra)
		zebra = NULL;
	if (ipc == bfdd)
		bfdd = NULL;
	free(ipc);
}

/* --- zebra-lite and bfdd --- */

static void say_to(struct ipc *ipc, enum msg_type type, struct wr *w)
{
	struct ipc_frame f = {type, generation, w->data, w->len, -1};

	ipc->handlers->frame(ipc->arg, &f);
	wr_free(w);
}

void rig_zebra(void)
{
	made = &zebra;
	zebra_full = false;
	link_zebra_channel(-1);
}

void rig_bfdd(void)
{
	made = &bfdd;
	bfd_channel(-1);
}

void rig_from_zebra(enum msg_type type, struct wr *w)
{
	say_to(zebra, type, w);
}

void rig_zebra_dies(void)
{
	zebra->handlers->closed(zebra->arg, "end of file");
}

void rig_zebra_full(bool full)
{
	zebra_full = full;
	if (!full)
		zebra->handlers->drained(zebra->arg);
}

void rig_bfdd_dies(void)
{
	bfdd->handlers->closed(bfdd->arg, "end of file");
}

void rig_bfd(uint32_t id, enum bfd_news news)
{
	struct msg_bfd_news m = {.id = id, .news = news};
	struct wr w = {0};

	msg_put_bfd_news(&w, &m);
	say_to(bfdd, MSG_BFD_NEWS, &w);
}

void rig_allowed(uint32_t batch, const char *changes)
{
	static struct allowed_change list[RIG_ENTRIES];
	struct msg_allowed m = {.batch = batch, .changes = list};
	char op, prefix[64];
	struct wr w = {0};
	unsigned id;
	int n;

	for (; sscanf(changes, " %c%u %63s%n", &op, &id, prefix, &n) == 3; changes += n) {
		struct allowed_change *c = &list[m.n++];

		assert_true(m.n <= RIG_ENTRIES);
		*c = (struct allowed_change){op == '+' ? ALLOWED_SET : ALLOWED_UNSET, id, {0}};
		assert_int_equal(prefix_parse(prefix, &c->prefix), 0);
	}
	msg_put_allowed(&w, &m);
	say_to(zebra, MSG_ALLOWED, &w);
}

void rig_allowed_sync(uint32_t batch)
{
	struct wr w = {0};

	wr_u32(&w, batch);
	say_to(zebra, MSG_ALLOWED_SYNC, &w);
}

/* --- a CLI --- */

void rig_show(const char *request)
{
	struct show_server *server = show_server_new(&cli, shows, NULL);
	json_t *j = quoted(request);
	char *text = json_dumps(j, JSON_COMPACT);
	struct ipc_frame f = {.type = MSG_REQUEST, .fd = -1};
	struct wr w = {0};

	answer[0] = '\0';
	rows = 0;
	msg_put_request(&w, 7, text, strlen(text));
	f.body = w.data;
	f.len = w.len;
	show_server_frame(server, &f);
	for (int i = 0; i < 100; i++) {
		if (rows && rig.show_pause)
			rig.show_pause();
		else if (!answer[0] && rig.show_wait)
			rig.show_wait();
		rows = 0;
		show_server_drained(server);
		loop_fake_turn();
	}
	show_server_free(server);
	wr_free(&w);
	free(text);
	json_decref(j);
	for (char *save, *line = strtok_r(answer, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		rig_note("cli: %s", line);
}
