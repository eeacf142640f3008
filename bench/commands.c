/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "churn.h"
#include "flap.h"
#include "generate.h"
#include "mrt.h"
#include "session.h"
#include "util.h"

/* ---- what there is */

struct table {
	char name[64];
	struct routes *routes;
	struct table *next;
};

struct loaded {
	struct session *session;
	struct encoded encoded;
	struct loaded *next;
};

static struct attrs_pool pool;
static struct session *sessions;
static size_t nsessions;
static struct table *tables;
static struct loaded *loads; /* newest first */
static struct churn *churn;  /* the only one */
static struct flap *flap;    /* the same */

/* ---- arguments */

static const char *option(const struct command *c, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < c->noptions; i++) {
		if (strncmp(c->options[i], key, len) == 0 && c->options[i][len] == '=')
			return c->options[i] + len + 1;
	}
	return NULL;
}

static unsigned long number(const struct command *c, const char *key, unsigned long fallback)
{
	const char *text = option(c, key);

	return text ? strtoul(text, NULL, 10) : fallback;
}

static double seconds_option(const struct command *c, const char *key, double fallback)
{
	const char *text = option(c, key);

	return text ? strtod(text, NULL) : fallback;
}

static bool flag(const struct command *c, const char *word)
{
	for (size_t i = 2; i < c->nwords; i++) {
		if (str_eq(c->words[i], word))
			return true;
	}
	return false;
}

static int PRINTF_LIKE(2, 3) failed(struct command *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->error, sizeof(c->error), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int address_option(struct command *c, const char *key, struct addr *out)
{
	const char *text = option(c, key);

	if (text && addr_parse(text, out) < 0)
		return failed(c, "%s: not an address: %s", key, text);
	return 0;
}

static double seconds(uint64_t us)
{
	return us / 1e6;
}

static void put_time(json_t *o, const char *key, uint64_t us)
{
	json_object_set_new(o, key, us ? json_real(seconds(us)) : json_null());
}

static struct session *session_find(const char *name)
{
	for (struct session *s = sessions; s; s = s->next) {
		if (str_eq(s->opt.name, name))
			return s;
	}
	return NULL;
}

static struct table *table_find(const char *name)
{
	for (struct table *t = tables; t; t = t->next) {
		if (str_eq(t->name, name))
			return t;
	}
	return NULL;
}

/* Calls FN for the sessions named from word FROM on, or for all. */
typedef void (*session_fn)(struct session *s, void *arg);
static int each_session(struct command *c, size_t from, session_fn fn, void *arg)
{
	if (c->nwords <= from) {
		for (struct session *s = sessions; s; s = s->next)
			fn(s, arg);
		return 0;
	}
	for (size_t i = from; i < c->nwords; i++) {
		struct session *s = session_find(c->words[i]);

		if (!s)
			return failed(c, "no session %s", c->words[i]);
		fn(s, arg);
	}
	return 0;
}

/* ---- sessions and tables */

static int cmd_session(struct command *c)
{
	struct session_options o = {.ipv4 = !flag(c, "no-ipv4"),
				    .ipv6 = flag(c, "ipv6"),
				    .passive = flag(c, "passive"),
				    .gr = flag(c, "gr"),
				    .table = flag(c, "table")};
	struct session *s, **end = &sessions;
	struct addr id = {0};

	if (c->nwords < 2 || session_find(c->words[1]))
		return failed(c, "session: a new name is needed");
	if (address_option(c, "local", &o.local) || address_option(c, "remote", &o.remote) ||
	    address_option(c, "id", &id))
		return -EINVAL;
	if (!o.remote.family || !option(c, "as") || !option(c, "remote-as"))
		return failed(c, "session: remote, as and remote-as are needed");
	if (id.family != AF_INET)
		id = o.local;
	str_copy(o.name, c->words[1], sizeof(o.name));
	o.as = number(c, "as", 0);
	o.remote_as = number(c, "remote-as", 0);
	o.port = number(c, "port", 179);
	o.hold = number(c, "hold", 90);
	o.retry_ms = number(c, "retry", 200);
	o.id = (uint32_t)id.b[0] << 24 | id.b[1] << 16 | id.b[2] << 8 | id.b[3];
	s = session_new(&o, &pool);
	while (*end)
		end = &(*end)->next;
	*end = s;
	nsessions++;
	return 0;
}

static struct table *table_new(const char *name)
{
	struct table *t = xcalloc(1, sizeof(*t));

	str_copy(t->name, name, sizeof(t->name));
	t->next = tables;
	tables = t;
	return t;
}

static int cmd_generate(struct command *c)
{
	size_t count = number(c, "count", 1000000), seed = number(c, "seed", 1);
	const char *file = option(c, "file");
	struct routes *r;
	long n = 0;

	if (c->nwords < 2 || table_find(c->words[1]))
		return failed(c, "generate: a new table's name is needed");
	r = xcalloc(1, sizeof(*r));
	r->pool = &pool;
	if (file && flag(c, "fill"))
		n = generate_real_ipv4(r, file, count, seed);
	else if (file)
		n = generate_from_file(r, file, count, seed);
	else
		generate_ipv4(r, count, seed);
	if (n < 0) {
		routes_free(r);
		return failed(c, "%s: %s", file, strerror(-n));
	}
	table_new(c->words[1])->routes = r;
	json_object_set_new(c->reply, "prefixes", json_integer(r->count));
	json_object_set_new(c->reply, "attribute-sets", json_integer(pool.count));
	return 0;
}

static int cmd_mrt(struct command *c)
{
	const char *prefix = option(c, "prefix") ? option(c, "prefix") : "mrt";
	json_t *list = json_array();
	struct mrt m;
	int rc;

	if (c->nwords != 2)
		return failed(c, "mrt: a file is needed");
	rc = mrt_read(&m, c->words[1], &pool);
	if (rc < 0)
		return failed(c, "%s: %s", c->words[1], strerror(-rc));
	for (size_t i = 0; i < m.npeers; i++) {
		char name[96];

		snprintf(name, sizeof(name), "%s%zu", prefix, i);
		json_array_append_new(list, json_pack("{s:s s:s s:I s:I}", "table", name, "address",
						      ADDR_STR(&m.peers[i].address), "as",
						      (json_int_t)m.peers[i].as, "prefixes",
						      (json_int_t)m.peers[i].routes->count));
		table_new(name)->routes = m.peers[i].routes;
		m.peers[i].routes = NULL;
	}
	json_object_set_new(c->reply, "peers", list);
	json_object_set_new(c->reply, "entries", json_integer(m.entries));
	json_object_set_new(c->reply, "skipped", json_integer(m.skipped));
	mrt_free(&m);
	return 0;
}

/* ---- sending */

static struct attrs_target target_of(const struct session *s, bool recorded)
{
	bool internal = s->opt.as == s->opt.remote_as;

	return (struct attrs_target){.prepend_as = internal || recorded ? 0 : s->opt.as,
				     .internal = internal,
				     .next_hop = s->opt.local};
}

static struct encoded *load_new(struct session *s)
{
	struct loaded *l = xcalloc(1, sizeof(*l));

	l->session = s;
	l->next = loads;
	loads = l;
	return &l->encoded;
}

static int cmd_load(struct command *c)
{
	struct session *s = c->nwords == 3 ? session_find(c->words[1]) : NULL;
	struct table *t = c->nwords == 3 ? table_find(c->words[2]) : NULL;
	const char *next_hop = option(c, "next-hop");
	struct attrs_target to;
	struct encoded *e;

	if (!s || !t)
		return failed(c, "load: a session and a table are needed");
	to = target_of(s, t->routes->recorded);
	to.local_pref = number(c, "local-pref", 0);
	if (next_hop && str_eq(next_hop, "recorded"))
		to.next_hop.family = 0;
	else if (address_option(c, "next-hop", &to.next_hop))
		return -EINVAL;
	e = load_new(s);
	routes_encode(t->routes, &to, e);
	json_object_set_new(c->reply, "prefixes", json_integer(e->prefixes));
	json_object_set_new(c->reply, "messages", json_integer(e->messages));
	json_object_set_new(c->reply, "bytes", json_integer(e->bytes.len));
	return 0;
}

static void send_encoded(struct session *s, struct encoded *e)
{
	if (e->bytes.len > 0)
		session_send(s, e->bytes.data, e->bytes.len, e->bytes.data);
}

static void send_loaded(struct session *s, void *arg)
{
	struct encoded end = {0};

	for (struct loaded *l = loads; l; l = l->next) {
		if (l->session == s)
			session_send(s, l->encoded.bytes.data, l->encoded.bytes.len, NULL);
	}
	s->counts.sent_us = 0;
	if (s->opt.ipv4)
		routes_encode_end(AF_INET, &end);
	if (s->opt.ipv6)
		routes_encode_end(AF_INET6, &end);
	send_encoded(s, &end);
}

static int cmd_send(struct command *c)
{
	put_time(c->reply, "at", now_us());
	return each_session(c, 1, send_loaded, NULL);
}

static int read_path(struct command *c, struct wr *path)
{
	const char *text = option(c, "path");
	uint32_t as[64];
	unsigned n = 0;

	while (text && *text && n < ARRAY_SIZE(as)) {
		char *end;

		as[n++] = strtoul(text, &end, 10);
		if (end == text || (*end && *end != ','))
			return failed(c, "path: numbers with commas are needed");
		text = *end ? end + 1 : end;
	}
	if (n == 0)
		return 0;
	wr_u8(path, 2); /* AS_SEQUENCE */
	wr_u8(path, n);
	for (unsigned i = 0; i < n; i++)
		wr_u32(path, as[i]);
	return 0;
}

static int announce_all(struct command *c, struct session *s, const struct attrs *a)
{
	struct attrs_target to = target_of(s, false);
	struct routes r = {.pool = &pool};
	struct encoded e = {0};
	uint32_t number_of = attrs_intern(&pool, a);
	struct prefix p;
	int rc = address_option(c, "next-hop", &to.next_hop);

	for (size_t i = 2; i < c->nwords && rc == 0; i++) {
		if (prefix_parse(c->words[i], &p) < 0)
			rc = failed(c, "not a prefix: %s", c->words[i]);
		else
			routes_add(&r, &p, number_of);
	}
	if (rc == 0) {
		routes_encode(&r, &to, &e);
		send_encoded(s, &e);
	}
	free(r.list);
	return rc;
}

static int cmd_announce(struct command *c)
{
	struct session *s = c->nwords > 2 ? session_find(c->words[1]) : NULL;
	struct attrs a = {.has_med = option(c, "med"),
			  .med = number(c, "med", 0),
			  .has_local_pref = option(c, "local-pref"),
			  .local_pref = number(c, "local-pref", 100)};
	struct wr path = {0};
	int rc;

	if (!s || s->state != SESSION_ESTABLISHED)
		return failed(c, "announce: an established session and prefixes are needed");
	rc = read_path(c, &path);
	a.path = path.data;
	a.path_len = path.len;
	if (rc == 0)
		rc = announce_all(c, s, &a);
	wr_free(&path);
	return rc;
}

static int cmd_withdraw(struct command *c)
{
	struct session *s = c->nwords > 2 ? session_find(c->words[1]) : NULL;
	struct prefix *list;
	struct encoded e = {0};
	size_t n = 0;

	if (!s || s->state != SESSION_ESTABLISHED)
		return failed(c, "withdraw: an established session and prefixes are needed");
	list = xcalloc(c->nwords, sizeof(*list));
	for (size_t i = 2; i < c->nwords; i++) {
		if (prefix_parse(c->words[i], &list[n]) == 0)
			n++;
	}
	if (n == c->nwords - 2) {
		routes_encode_withdraw(list, n, &e);
		send_encoded(s, &e);
	}
	free(list);
	return n == c->nwords - 2 ? 0 : failed(c, "withdraw: not a prefix");
}

/* ---- looking */

static void show_one(struct session *s, void *arg)
{
	json_t *o = json_pack(
		"{s:s s:s s:I s:I s:I s:I s:I s:i s:i s:s}", "session", s->opt.name, "state",
		session_state_name(s->state), "announced", (json_int_t)s->counts.announced,
		"withdrawn", (json_int_t)s->counts.withdrawn, "prefixes",
		(json_int_t)session_prefixes(s), "messages", (json_int_t)s->counts.messages,
		"bytes", (json_int_t)s->counts.bytes, "ups", (int)s->counts.ups, "downs",
		(int)s->counts.downs, "error", s->error);

	put_time(o, "established-at", s->counts.established_us);
	put_time(o, "first-update-at", s->counts.first_update_us);
	put_time(o, "last-update-at", s->counts.last_update_us);
	put_time(o, "end-of-rib-at", s->counts.end_of_rib_us);
	put_time(o, "reached-at", s->counts.reached_us);
	put_time(o, "sent-at", s->counts.sent_us);
	json_array_append_new(arg, o);
}

static int cmd_show(struct command *c)
{
	json_t *list = json_array();

	json_object_set_new(c->reply, "sessions", list);
	return each_session(c, 1, show_one, list);
}

static void digest_one(struct session *s, void *arg)
{
	char text[32] = "";

	if (s->received)
		snprintf(text, sizeof(text), "%016llx",
			 (unsigned long long)received_digest(s->received));
	json_object_set_new(arg, s->opt.name, json_string(text));
}

static int cmd_digest(struct command *c)
{
	json_t *o = json_object();

	json_object_set_new(c->reply, "digests", o);
	return each_session(c, 1, digest_one, o);
}

static int cmd_write(struct command *c)
{
	struct session *s = c->nwords == 3 ? session_find(c->words[1]) : NULL;
	FILE *f;

	if (!s || !s->received)
		return failed(c, "write: a session with a table and a file are needed");
	f = fopen(c->words[2], "w");
	if (!f)
		return failed(c, "%s: %s", c->words[2], strerror(errno));
	received_write(s->received, f);
	if (fclose(f) != 0)
		return failed(c, "%s: %s", c->words[2], strerror(errno));
	return 0;
}

/* ---- acting */

struct expectation {
	uint64_t prefixes;
	bool at_most;
};

static void expect_one(struct session *s, void *arg)
{
	const struct expectation *e = arg;

	session_expect(s, e->prefixes, e->at_most);
}

static int cmd_expect(struct command *c)
{
	struct expectation e = {.at_most = c->nwords > 2 && str_eq(c->words[2], "at-most")};

	if (c->nwords < 2)
		return failed(c, "expect: a number is needed");
	e.prefixes = strtoull(c->words[1], NULL, 10);
	return each_session(c, e.at_most ? 3 : 2, expect_one, &e);
}

static void drop_one(struct session *s, void *arg)
{
	session_drop(s, "dropped by command");
}

static void close_one(struct session *s, void *arg)
{
	session_close(s);
}

static void stall_one(struct session *s, void *arg)
{
	session_stall(s, arg != NULL);
}

static int cmd_drop(struct command *c)
{
	put_time(c->reply, "at", now_us());
	return each_session(c, 1, drop_one, NULL);
}

static int cmd_close(struct command *c)
{
	put_time(c->reply, "at", now_us());
	return each_session(c, 1, close_one, NULL);
}

static int cmd_stall(struct command *c)
{
	return each_session(c, 1, stall_one, c);
}

static int cmd_resume(struct command *c)
{
	return each_session(c, 1, stall_one, NULL);
}

/* ---- waiting */

enum wait_kind {
	WAIT_ESTABLISHED,
	WAIT_PREFIXES,
	WAIT_SENT,
	WAIT_DOWN,
	WAIT_QUIET,
	WAIT_CHURN,
	WAIT_FLAP
};
static const char *const wait_names[] = {"established", "prefixes", "sent", "down", "quiet"};

/* The one wait that may be going on. */
static struct {
	enum wait_kind kind;
	struct session **list; /* owned */
	size_t count;
	uint64_t begin_us, deadline_us, quiet_us;
} waiting;

/* When the session came to be as it is waited for; 0: it is not so. */
static uint64_t since(const struct session *s)
{
	const struct session_counts *n = &s->counts;
	uint64_t last;

	switch (waiting.kind) {
	case WAIT_ESTABLISHED:
		return s->state == SESSION_ESTABLISHED ? n->established_us : 0;
	case WAIT_PREFIXES:
		return n->reached_us;
	case WAIT_SENT:
		return s->state == SESSION_ESTABLISHED && s->queued == 0 ? n->sent_us : 0;
	case WAIT_DOWN:
		return s->state != SESSION_ESTABLISHED ? waiting.begin_us : 0;
	case WAIT_QUIET:
		last = n->last_update_us > waiting.begin_us ? n->last_update_us : waiting.begin_us;
		return now_us() - last >= waiting.quiet_us ? last : 0;
	case WAIT_CHURN:
	case WAIT_FLAP:
		break;
	}
	return 0;
}

static void wait_one(struct session *s, void *arg)
{
	waiting.list[waiting.count++] = s;
}

static int cmd_wait(struct command *c)
{
	size_t kind = 0;

	while (c->nwords > 1 && kind < ARRAY_SIZE(wait_names) &&
	       !str_eq(c->words[1], wait_names[kind]))
		kind++;
	if (c->nwords < 2 || kind == ARRAY_SIZE(wait_names))
		return failed(c, "wait: established, prefixes, sent, down or quiet is needed");
	waiting.kind = kind;
	waiting.count = 0;
	waiting.list = xrealloc(waiting.list, (nsessions + c->nwords) * sizeof(*waiting.list));
	waiting.begin_us = now_us();
	waiting.deadline_us = waiting.begin_us + seconds_option(c, "timeout", 60) * 1e6;
	waiting.quiet_us = seconds_option(c, "for", 0.5) * 1e6;
	c->waits = true;
	return each_session(c, 2, wait_one, NULL);
}

static int cmd_churn(struct command *c)
{
	struct session *from = c->nwords == 3 ? session_find(c->words[1]) : NULL;
	struct table *t = c->nwords == 3 ? table_find(c->words[2]) : NULL;
	struct session *to = option(c, "to") ? session_find(option(c, "to")) : NULL;
	struct attrs_target target;

	if (!from || !to || !t)
		return failed(c, "churn: a session, its table and to=SESSION are needed");
	target = target_of(from, t->routes->recorded);
	if (!churn)
		churn = churn_new(from, to, t->routes);
	if (churn_start(churn, number(c, "rate", 20000), seconds_option(c, "for", 10), &target) < 0)
		return failed(c, "churn: the table is too small for this rate");
	waiting.kind = WAIT_CHURN;
	c->waits = true;
	return 0;
}

static int cmd_flap(struct command *c)
{
	struct session *s = c->nwords == 3 ? session_find(c->words[1]) : NULL;
	struct table *t = c->nwords == 3 ? table_find(c->words[2]) : NULL;
	struct attrs_target target;

	if (!s || !t || s->state != SESSION_ESTABLISHED)
		return failed(c, "flap: an established session and a table are needed");
	target = target_of(s, t->routes->recorded);
	flap = flap_new(s, t->routes, &target, seconds_option(c, "for", 10));
	waiting.kind = WAIT_FLAP;
	c->waits = true;
	return 0;
}

static bool flap_poll(struct command *c)
{
	if (!flap_done(flap, c->reply))
		return false;
	flap_free(flap);
	flap = NULL;
	return true;
}

bool command_poll(struct command *c)
{
	uint64_t last = 0;
	size_t missing = 0;

	if (waiting.kind == WAIT_CHURN)
		return churn_done(churn, c->reply);
	if (waiting.kind == WAIT_FLAP)
		return flap_poll(c);
	for (size_t i = 0; i < waiting.count; i++) {
		uint64_t at = since(waiting.list[i]);

		if (!at)
			missing++;
		if (at > last)
			last = at;
	}
	if (missing > 0 && now_us() < waiting.deadline_us)
		return false;
	if (missing > 0)
		failed(c, "wait %s: %zu of %zu sessions are not so", wait_names[waiting.kind],
		       missing, waiting.count);
	put_time(c->reply, "at", last);
	return true;
}

/* ---- dispatch */

static const struct {
	const char *name;
	int (*run)(struct command *c);
} commands[] = {
	{"session", cmd_session},   {"generate", cmd_generate}, {"mrt", cmd_mrt},
	{"load", cmd_load},	    {"send", cmd_send},		{"announce", cmd_announce},
	{"withdraw", cmd_withdraw}, {"expect", cmd_expect},	{"wait", cmd_wait},
	{"show", cmd_show},	    {"digest", cmd_digest},	{"write", cmd_write},
	{"drop", cmd_drop},	    {"close", cmd_close},	{"stall", cmd_stall},
	{"resume", cmd_resume},	    {"churn", cmd_churn},	{"flap", cmd_flap},
};

/* Options are words with "=" behind a key; an IPv6 address or a path has none there. */
static void split(struct command *c, char *line)
{
	char *save = NULL;

	for (char *w = strtok_r(line, " \t\r\n", &save); w; w = strtok_r(NULL, " \t\r\n", &save)) {
		if (strchr(w, '=') && c->nwords > 0 && c->noptions < ARRAY_SIZE(c->options))
			c->options[c->noptions++] = w;
		else if (c->nwords < WORDS_MAX)
			c->words[c->nwords++] = w;
	}
}

bool command_run(struct command *c, char *line)
{
	memset(c, 0, sizeof(*c));
	c->reply = json_object();
	split(c, line);
	for (size_t i = 0; i < ARRAY_SIZE(commands) && c->nwords > 0; i++) {
		if (!str_eq(commands[i].name, c->words[0]))
			continue;
		if (commands[i].run(c) < 0)
			c->waits = false;
		return !c->waits;
	}
	failed(c, "no such command: %s", c->nwords ? c->words[0] : "");
	return true;
}

void commands_free(void)
{
	churn_free(churn);
	while (sessions) {
		struct session *s = sessions;

		sessions = s->next;
		session_free(s);
	}
	while (loads) {
		struct loaded *l = loads;

		loads = l->next;
		wr_free(&l->encoded.bytes);
		free(l);
	}
	while (tables) {
		struct table *t = tables;

		tables = t->next;
		routes_free(t->routes);
		free(t);
	}
	flap_free(flap);
	free(waiting.list);
	attrs_pool_free(&pool);
}
