/* SPDX-License-Identifier: BSD-2-Clause */
#include "history_store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "util.h"

#define FORMAT 1	       /* user_version of the file */
#define FOLDS_MAX 8	       /* periods of a tier that one sample makes up for */
#define AGAIN_MS (3600 * 1000) /* what stays wrong is said each hour */

static const struct tier {
	int64_t step_s, slots;
} tiers[] = {{HISTORY_STEP_S, 360}, {60, 2880}, {900, 3360}};
#define TIERS ARRAY_SIZE(tiers)

/* What is done to the file; each is prepared once. */
enum act {
	BEGIN,
	COMMIT,
	ROLLBACK,
	FIND_TUNNEL,
	ADD_TUNNEL,
	SEE_TUNNEL,
	FORGET_TUNNELS,
	EMPTY_SLOT,
	ADD_ROW,
	READ_ROW,
	FOLD,
	READ_FOLDED,
	WRITE_FOLDED,
	ACTS,
};

#define COLUMNS "tier, slot, tunnel, time, rx, tx, latency, loss, prefixes, state"
static const char *const acts[ACTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[FIND_TUNNEL] = "SELECT id, seen FROM tunnel WHERE interface = ? AND peer = ?",
	[ADD_TUNNEL] = "INSERT INTO tunnel (interface, peer, seen) VALUES (?, ?, ?)",
	[SEE_TUNNEL] = "UPDATE tunnel SET seen = ?2 WHERE id = ?1",
	[FORGET_TUNNELS] = "DELETE FROM tunnel WHERE seen < ?",
	[EMPTY_SLOT] = "DELETE FROM sample WHERE tier = ? AND slot = ?",
	[ADD_ROW] = "INSERT OR REPLACE INTO sample (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?)",
	[READ_ROW] = "SELECT time, rx, tx, latency, loss, prefixes, state FROM sample"
		     " WHERE tier = ? AND slot = ? AND tunnel = ?",
	/* 1, 2, 3: tier, slot and time of the new row; 4, 5, 6: tier and slots of the old ones, the
	 * time from 3 to before 7. */
	[FOLD] = "INSERT OR REPLACE INTO sample (" COLUMNS ") SELECT ?1, ?2, tunnel, ?3,"
		 " CAST(avg(rx) + 0.5 AS INT), CAST(avg(tx) + 0.5 AS INT),"
		 " CAST(avg(latency) + 0.5 AS INT), CAST(avg(loss) + 0.5 AS INT),"
		 " CAST(avg(prefixes) + 0.5 AS INT), min(state) FROM sample"
		 " WHERE tier = ?4 AND slot BETWEEN ?5 AND ?6 AND time >= ?3 AND time < ?7"
		 " GROUP BY tunnel",
	[READ_FOLDED] = "SELECT time FROM folded WHERE tier = ?",
	[WRITE_FOLDED] = "INSERT OR REPLACE INTO folded (tier, time) VALUES (?, ?)",
};

static const char schema[] =
	"CREATE TABLE tunnel (id INTEGER PRIMARY KEY, interface TEXT NOT NULL, peer TEXT NOT NULL,"
	" seen INTEGER NOT NULL, UNIQUE (interface, peer));"
	"CREATE TABLE sample (tier INTEGER, slot INTEGER, tunnel INTEGER, time INTEGER NOT NULL,"
	" rx INTEGER, tx INTEGER, latency INTEGER, loss INTEGER, prefixes INTEGER,"
	" state INTEGER NOT NULL, PRIMARY KEY (tier, slot, tunnel)) WITHOUT ROWID;"
	"CREATE TABLE folded (tier INTEGER PRIMARY KEY, time INTEGER NOT NULL);"
	"PRAGMA user_version = 1;";

struct history_store {
	sqlite3 *db;
	sqlite3_stmt *prepared[ACTS];
	int wrong;	  /* SQLite's code of the last failure; 0: it works */
	uint64_t said_ms; /* when that was said */
	bool said_too_many;
};

static const char *const states[HISTORY_STATES] = {"down", "degraded", "never", "idle", "up"};

enum history_state history_state_of(const char *name)
{
	unsigned state = 0;

	while (state < HISTORY_STATES && !str_eq(states[state], name))
		state++;
	return state;
}

const char *history_state_name(enum history_state state)
{
	return states[state];
}

static int64_t slot_of(unsigned tier, int64_t time)
{
	return time / tiers[tier].step_s % tiers[tier].slots;
}

static int64_t begin_of(unsigned tier, int64_t time)
{
	return time - time % tiers[tier].step_s;
}

/* ---- statements */

/* -EIO; what is wrong is said when it begins, and each hour. */
static int say_wrong(struct history_store *s, const char *what)
{
	int code = sqlite3_extended_errcode(s->db);

	if (code != s->wrong || now_ms() - s->said_ms >= AGAIN_MS) {
		log_error("history-failed", "what=\"%s\" error=\"%s (SQLite %d)\"", what,
			  sqlite3_errmsg(s->db), code);
		s->said_ms = now_ms();
	}
	s->wrong = code;
	return -EIO;
}

static sqlite3_stmt *with(struct history_store *s, enum act act, unsigned n, const int64_t *values)
{
	sqlite3_stmt *q = s->prepared[act];

	for (unsigned i = 0; i < n; i++)
		sqlite3_bind_int64(q, (int)i + 1, values[i]);
	return q;
}

/* One that answers nothing. */
static int store_run(struct history_store *s, enum act act, unsigned n, const int64_t *values)
{
	sqlite3_stmt *q = with(s, act, n, values);
	int got = sqlite3_step(q);

	sqlite3_reset(q);
	return got == SQLITE_DONE ? 0 : -EIO;
}

/* 1: *VALUE is the first column, 0: there is no row. */
static int read_one(sqlite3_stmt *q, int64_t *value)
{
	int got = sqlite3_step(q);

	if (got == SQLITE_ROW)
		*value = sqlite3_column_int64(q, 0);
	return got == SQLITE_ROW ? 1 : got == SQLITE_DONE ? 0 : -EIO;
}

/* ---- opening */

static int exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* SQLite's code. Whatever is going to be written is opened here: the log at the first change. */
static int begin_file(sqlite3 *db)
{
	static const char settings[] =
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
		"PRAGMA journal_size_limit = 8388608; PRAGMA cell_size_check = ON;";
	sqlite3_stmt *q = NULL;
	int version = 0, err = exec(db, settings);

	if (!err)
		err = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL);
	if (!err && sqlite3_step(q) == SQLITE_ROW)
		version = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	if (!err && version == 0)
		err = exec(db, "BEGIN;") || exec(db, schema) || exec(db, "COMMIT;")
			      ? sqlite3_errcode(db)
			      : 0;
	else if (!err && version != FORMAT)
		err = SQLITE_NOTADB;
	/* A change, though nothing is changed by it. */
	return err ? err
		   : exec(db, "BEGIN IMMEDIATE; INSERT OR REPLACE INTO folded VALUES (-1, 0);"
			      "DELETE FROM folded WHERE tier < 0; COMMIT;");
}

/* SQLite's code: is every page where it belongs? */
static int look_through(sqlite3 *db)
{
	sqlite3_stmt *q = NULL;
	int err = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &q, NULL);
	const unsigned char *said = NULL;

	if (!err && sqlite3_step(q) == SQLITE_ROW)
		said = sqlite3_column_text(q, 0);
	if (!err && !(said && str_eq((const char *)said, "ok")))
		err = SQLITE_CORRUPT;
	sqlite3_finalize(q);
	return err;
}

static int prepare(struct history_store *s)
{
	int err = 0;

	for (int act = 0; act < ACTS && !err; act++)
		err = sqlite3_prepare_v3(s->db, acts[act], -1, SQLITE_PREPARE_PERSISTENT,
					 &s->prepared[act], NULL);
	return err;
}

static int try_open(struct history_store *s, const char *path, char *error, size_t size)
{
	int err = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

	if (!err)
		err = begin_file(s->db);
	if (!err)
		err = prepare(s);
	if (!err)
		err = look_through(s->db);
	if (err)
		snprintf(error, size, "%s: %s", path, sqlite3_errstr(err));
	return err & 0xff; /* without what is extended */
}

static void store_let_go(struct history_store *s)
{
	for (int act = 0; act < ACTS; act++)
		sqlite3_finalize(s->prepared[act]);
	memset(s->prepared, 0, sizeof(s->prepared));
	sqlite3_close(s->db);
	s->db = NULL;
}

/* The log of a damaged file belongs to it, and must not be played into a new one. */
static int put_aside(const char *path)
{
	char *log = xasprintf("%s-wal", path), *aside = xasprintf("%s.damaged", path);
	int err = rename(path, aside) < 0 ? -errno : 0;

	if (!err)
		remove(log);
	free(log);
	free(aside);
	return err;
}

struct history_store *history_store_open(const char *path, char *error, size_t size)
{
	struct history_store *s = xcalloc(1, sizeof(*s));
	int err = try_open(s, path, error, size);

	if (err == SQLITE_CORRUPT || err == SQLITE_NOTADB) {
		store_let_go(s);
		log_error("history-damaged", "file=%s error=\"%s; now FILE.damaged\"", path, error);
		err = put_aside(path) < 0 ? err : try_open(s, path, error, size);
	}
	if (!err)
		return s;
	history_store_close(s);
	return NULL;
}

void history_store_close(struct history_store *s)
{
	if (!s)
		return;
	store_let_go(s);
	free(s);
}

/* ---- a sample */

static int64_t or_none(sqlite3_stmt *q, int column)
{
	return sqlite3_column_type(q, column) == SQLITE_NULL ? HISTORY_NONE
							     : sqlite3_column_int64(q, column);
}

static void bind_or_null(sqlite3_stmt *q, int at, int64_t value)
{
	if (value < 0)
		sqlite3_bind_null(q, at);
	else
		sqlite3_bind_int64(q, at, value);
}

static int find_tunnel(struct history_store *s, const char *interface, const char *peer,
		       int64_t *id, int64_t *seen)
{
	sqlite3_stmt *q = s->prepared[FIND_TUNNEL];
	int got;

	sqlite3_bind_text(q, 1, interface, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, peer, -1, SQLITE_STATIC);
	got = read_one(q, id);
	if (got == 1)
		*seen = sqlite3_column_int64(q, 1);
	sqlite3_reset(q);
	return got;
}

static int tunnel_id(struct history_store *s, const struct history_sample *sample, int64_t now,
		     int64_t *id)
{
	int64_t seen;
	int got = find_tunnel(s, sample->interface, sample->peer, id, &seen);
	sqlite3_stmt *q = s->prepared[ADD_TUNNEL];

	if (got == 1 && seen / 86400 == now / 86400)
		return 0;
	if (got == 1)
		return store_run(s, SEE_TUNNEL, 2, (int64_t[]){*id, now});
	if (got < 0)
		return got;
	sqlite3_bind_text(q, 1, sample->interface, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, sample->peer, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, now);
	got = sqlite3_step(q);
	sqlite3_reset(q);
	*id = sqlite3_last_insert_rowid(s->db);
	return got == SQLITE_DONE ? 0 : -EIO;
}

static int add_row(struct history_store *s, int64_t now, const struct history_sample *sample)
{
	const struct history_values *v = &sample->values;
	int64_t id;
	int err = tunnel_id(s, sample, now, &id);
	sqlite3_stmt *q = with(s, ADD_ROW, 4, (int64_t[]){0, slot_of(0, now), id, now});

	if (err)
		return err;
	bind_or_null(q, 5, v->rx);
	bind_or_null(q, 6, v->tx);
	bind_or_null(q, 7, v->latency_us);
	bind_or_null(q, 8, v->loss_permyria);
	bind_or_null(q, 9, v->prefixes);
	sqlite3_bind_int64(q, 10, v->state);
	return store_run(s, ADD_ROW, 0, NULL);
}

static int empty_slot(struct history_store *s, unsigned tier, int64_t time)
{
	return store_run(s, EMPTY_SLOT, 2, (int64_t[]){tier, slot_of(tier, time)});
}

/* The slots of a period lie together: a tier's slots are a multiple of those in a period. */
static int fold_one(struct history_store *s, unsigned tier, int64_t from)
{
	int64_t end = from + tiers[tier].step_s, last = end - tiers[tier - 1].step_s;
	int err = empty_slot(s, tier, from);

	return err ? err
		   : store_run(s, FOLD, 7,
			       (int64_t[]){tier, slot_of(tier, from), from, tier - 1,
					   slot_of(tier - 1, from), slot_of(tier - 1, last), end});
}

/* Up to the last period that is over; *DONE is the end of what was made. */
static int fold(struct history_store *s, unsigned tier, int64_t over, int64_t *done)
{
	const struct tier *below = &tiers[tier - 1];
	int64_t until = begin_of(tier, over),
		from = begin_of(tier, over - below->step_s * below->slots);
	int64_t folded = 0;
	int got = read_one(with(s, READ_FOLDED, 1, (int64_t[]){tier}), &folded), err = 0;

	sqlite3_reset(s->prepared[READ_FOLDED]);
	if (got < 0)
		return got;
	from += tiers[tier].step_s; /* of which nothing has been overwritten */
	if (folded > from && folded <= until)
		from = folded;
	for (unsigned n = 0; !err && from < until && n < FOLDS_MAX; n++, from += tiers[tier].step_s)
		err = fold_one(s, tier, from);
	*done = from;
	return err || from == folded ? err : store_run(s, WRITE_FOLDED, 2, (int64_t[]){tier, from});
}

static int store_put(struct history_store *s, int64_t now, const struct history_sample *samples,
		     size_t n)
{
	int64_t over = begin_of(0, now);
	int err = empty_slot(s, 0, now);

	for (size_t i = 0; !err && i < n; i++)
		err = add_row(s, now, &samples[i]);
	for (unsigned tier = 1; !err && tier < TIERS; tier++)
		err = fold(s, tier, over, &over);
	return err ? err
		   : store_run(s, FORGET_TUNNELS, 1, (int64_t[]){now - HISTORY_KEPT_S - 86400});
}

int history_store_put(struct history_store *s, int64_t now, const struct history_sample *samples,
		      size_t n)
{
	if (n > HISTORY_TUNNELS_MAX && !s->said_too_many) {
		s->said_too_many = true;
		log_warn("history-too-many", "count=%zu limit=%d", n, HISTORY_TUNNELS_MAX);
	}
	if (store_run(s, BEGIN, 0, NULL) < 0)
		return say_wrong(s, "begin a sample");
	if (store_put(s, now, samples, n < HISTORY_TUNNELS_MAX ? n : HISTORY_TUNNELS_MAX) < 0 ||
	    store_run(s, COMMIT, 0, NULL) < 0) {
		say_wrong(s, "write a sample");
		if (!sqlite3_get_autocommit(s->db))
			store_run(s, ROLLBACK, 0, NULL);
		return -EIO;
	}
	if (s->wrong)
		log_info("history-works", "what=\"write a sample\"");
	s->wrong = 0;
	return 0;
}

/* ---- reading */

int history_walk_begin(struct history_store *s, const char *interface, const char *peer,
		       int64_t now, int64_t span_s, struct history_walk *w)
{
	int64_t seen;
	int got = find_tunnel(s, interface, peer, &w->tunnel, &seen);
	int64_t reach;

	w->tier = 0;
	while (w->tier + 1 < TIERS && span_s > tiers[w->tier].step_s * tiers[w->tier].slots)
		w->tier++;
	w->step_s = tiers[w->tier].step_s;
	reach = w->step_s * tiers[w->tier].slots;
	/* The slot of NOW is the newest one; as many slots earlier it would be met again. */
	w->end = begin_of(w->tier, now) + w->step_s;
	w->time = w->end - (span_s > reach ? reach : span_s - span_s % w->step_s);
	return got == 1 ? 0 : got == 0 ? -ENOENT : say_wrong(s, "read");
}

int history_walk_next(struct history_store *s, struct history_walk *w, struct history_point *p)
{
	int64_t from = w->time;
	sqlite3_stmt *q =
		with(s, READ_ROW, 3, (int64_t[]){w->tier, slot_of(w->tier, from), w->tunnel});
	int got;

	if (from >= w->end)
		return -ENOENT;
	got = read_one(q, &p->time);
	if (got == 1) {
		p->values.rx = or_none(q, 1);
		p->values.tx = or_none(q, 2);
		p->values.latency_us = or_none(q, 3);
		p->values.loss_permyria = or_none(q, 4);
		p->values.prefixes = or_none(q, 5);
		p->values.state = sqlite3_column_int64(q, 6) >= 0 &&
						  sqlite3_column_int64(q, 6) < HISTORY_STATES
					  ? (enum history_state)sqlite3_column_int64(q, 6)
					  : HISTORY_DOWN;
		got = p->time >= from && p->time < from + w->step_s;
	}
	sqlite3_reset(q);
	if (got < 0)
		return say_wrong(s, "read");
	w->time += w->step_s;
	return got;
}
