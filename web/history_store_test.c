/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "history_store.h"
#include "sandbox.h"
#include "testing.h"
#include "util.h"

#define START 1790000100 /* in the midst of a minute */
#define TUNNELS 3
#define DAY 86400

static char dir[] = "/tmp/wgbgp-history-XXXXXX", path[64];
static char error[256];
static const char *const names[TUNNELS] = {"a", "b", "<b>c</b>"};

static int setup(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/history.db", dir);
	return 0;
}

static int teardown(void **state)
{
	char *line = xasprintf("rm -rf %s", dir);
	int status = system(line);

	free(line);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return status;
}

static struct history_store *store_open(void)
{
	struct history_store *s = history_store_open(path, error, sizeof(error));

	if (!s)
		fail_msg("%s", error);
	return s;
}

static struct history_values values_random(void)
{
	return (struct history_values){
		.rx = rand() % 5 ? rand() % 1000000 : HISTORY_NONE,
		.tx = rand() % 1000,
		.latency_us = rand() % 4 ? rand() % 90000 : HISTORY_NONE,
		.loss_permyria = rand() % 3 ? 0 : rand() % 10001,
		.prefixes = rand() % 9 ? rand() % 50 : HISTORY_NONE,
		.state = (enum history_state)(rand() % HISTORY_STATES),
	};
}

/* What was put, in the order of time, with none left out. */
static struct put {
	int64_t time;
	bool there[TUNNELS];
	struct history_values values[TUNNELS];
} * kept;
static size_t n_kept, cap_kept;

static void put_one(struct history_store *s, int64_t now)
{
	struct history_sample samples[TUNNELS];
	struct put *p;
	size_t n = 0;

	kept = xgrow(kept, n_kept, &cap_kept, sizeof(*kept));
	p = &kept[n_kept++];
	*p = (struct put){.time = now};
	for (int t = 0; t < TUNNELS; t++) {
		p->there[t] = rand() % 8 != 0;
		p->values[t] = values_random();
		if (p->there[t])
			samples[n++] = (struct history_sample){"wg0", names[t], p->values[t]};
	}
	assert_int_equal(history_store_put(s, now, samples, n), 0);
}

/* ---- the model: the mean of what a period saw, by hand */

struct mean {
	double sum;
	unsigned n;
};

static void mean_add(struct mean *m, int64_t value)
{
	if (value == HISTORY_NONE)
		return;
	m->sum += (double)value;
	m->n++;
}

static int64_t mean_of(const struct mean *m)
{
	return m->n ? (int64_t)(m->sum / m->n + 0.5) : HISTORY_NONE;
}

/* True: there was something in it. The finest tier keeps the last sample of a period. */
static bool model_point(int t, int64_t from, int64_t step, struct history_values *out)
{
	struct mean rx = {0}, tx = {0}, latency = {0}, loss = {0}, prefixes = {0};
	bool found = false;

	out->state = HISTORY_UP;
	for (size_t i = 0; i < n_kept; i++) {
		const struct history_values *v = &kept[i].values[t];

		if (kept[i].time < from || kept[i].time >= from + step || !kept[i].there[t])
			continue;
		found = true;
		mean_add(&rx, v->rx);
		mean_add(&tx, v->tx);
		mean_add(&latency, v->latency_us);
		mean_add(&loss, v->loss_permyria);
		mean_add(&prefixes, v->prefixes);
		out->state = v->state < out->state ? v->state : out->state;
	}
	out->rx = mean_of(&rx);
	out->tx = mean_of(&tx);
	out->latency_us = mean_of(&latency);
	out->loss_permyria = mean_of(&loss);
	out->prefixes = mean_of(&prefixes);
	return found;
}

static void same(const struct history_values *a, const struct history_values *b, int64_t slack)
{
	assert_in_range(a->rx - b->rx + slack, 0, 2 * slack);
	assert_in_range(a->tx - b->tx + slack, 0, 2 * slack);
	assert_in_range(a->latency_us - b->latency_us + slack, 0, 2 * slack);
	assert_in_range(a->loss_permyria - b->loss_permyria + slack, 0, 2 * slack);
	assert_in_range(a->prefixes - b->prefixes + slack, 0, 2 * slack);
	assert_int_equal(a->state, b->state);
}

static unsigned compare(struct history_store *s, int t, int64_t now, int64_t span, int64_t step)
{
	struct history_walk w;
	struct history_point p;
	struct history_values model;
	unsigned found = 0;
	int64_t from;
	int got;

	assert_int_equal(history_walk_begin(s, "wg0", names[t], now, span, &w), 0);
	assert_int_equal(w.step_s, step);
	while ((from = w.time, got = history_walk_next(s, &w, &p)) != -ENOENT) {
		bool over = step == HISTORY_STEP_S || from + step <= now - now % HISTORY_STEP_S;

		assert_in_range(got, 0, 1);
		if (!over)
			continue;
		assert_int_equal(got, model_point(t, from, step, &model));
		if (got)
			same(&p.values, &model, step == HISTORY_STEP_S ? 0 : 1);
		found += got;
	}
	return found;
}

/* Means of one step alone: those of 15 minutes are means of means. */
static void random_against_model(void **state)
{
	int64_t now = START;
	struct history_store *s = store_open();
	unsigned found = 0;

	srand(test_seed());
	for (int i = 0; i < 1500; i++) {
		put_one(s, now);
		if (rand() % 60 == 0) {
			found += compare(s, rand() % TUNNELS, now, 600 + rand() % 3000, 10);
			found += compare(s, rand() % TUNNELS, now, 3601 + rand() % 9000, 60);
		}
		if (rand() % 100 == 0) {
			history_store_close(s);
			s = store_open();
		}
		now = now - now % 10 + 10 + rand() % 10;
		if (rand() % 200 == 0)
			now += rand() % 1500;
	}
	assert_true(found > 1000);
	history_store_close(s);
	free(kept);
}

static struct history_sample sample_of(const char *peer, int64_t rx, enum history_state state)
{
	return (struct history_sample){
		"wg0", peer, {rx, rx, HISTORY_NONE, HISTORY_NONE, HISTORY_NONE, state}};
}

static int points(struct history_store *s, const char *peer, int64_t now, int64_t span,
		  struct history_point *last)
{
	struct history_walk w;
	struct history_point p;
	int n = 0, got, err = history_walk_begin(s, "wg0", peer, now, span, &w);
	int64_t before = 0;

	if (err)
		return err;
	while ((got = history_walk_next(s, &w, &p)) != -ENOENT) {
		assert_in_range(got, 0, 1);
		if (!got)
			continue;
		assert_true(p.time > before && p.time <= now);
		before = p.time;
		*last = p;
		n++;
	}
	return n;
}

/* A short cut is seen in a quarter of an hour, and its traffic is the mean of all of it. */
static void worst_state_of_a_quarter(void **state)
{
	struct history_store *s = store_open();
	int64_t begin = START - START % 900, now;
	struct history_point last;

	for (now = begin; now <= begin + 960; now += 10) {
		bool cut = now == begin + 300;
		struct history_sample one =
			sample_of("a", cut ? 0 : 900, cut ? HISTORY_DOWN : HISTORY_UP);

		assert_int_equal(history_store_put(s, now, &one, 1), 0);
	}
	assert_int_equal(points(s, "a", now - 10, HISTORY_KEPT_S, &last), 1);
	assert_int_equal(last.time, begin);
	assert_int_equal(last.values.rx, 890);
	assert_int_equal(last.values.latency_us, HISTORY_NONE);
	assert_int_equal(last.values.state, HISTORY_DOWN);
	assert_int_equal(points(s, "nobody", now, 3600, &last), -ENOENT);
	history_store_close(s);
}

static int64_t asked(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), 0);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

/* 80 days with a sample a minute: all that can be kept is there, and no more. */
static void is_bounded(void **state)
{
	struct history_store *s = store_open();
	struct history_sample both[2] = {sample_of("a", 1234567, HISTORY_UP),
					 sample_of("old", 1, HISTORY_UP)};
	struct history_point last;
	int64_t now = START, half = 0;
	struct stat st;

	for (int minute = 0; minute < 80 * 1440; minute++, now += 60) {
		assert_int_equal(history_store_put(s, now, both, minute < 1440 ? 2 : 1), 0);
		if (minute == 40 * 1440 && stat(path, &st) == 0)
			half = st.st_size;
	}
	assert_in_range(points(s, "a", now, HISTORY_KEPT_S, &last), 3357, 3359);
	assert_in_range(points(s, "a", now, 2 * DAY, &last), 2877, 2879);
	assert_int_equal(points(s, "old", now, HISTORY_KEPT_S, &last), -ENOENT);
	history_store_close(s);
	assert_in_range(asked("SELECT max(n) FROM (SELECT count(*) AS n FROM sample"
			      " GROUP BY tunnel)"),
			6000, 6600);
	assert_int_equal(asked("SELECT count(DISTINCT tunnel) FROM sample"), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_true(half > 0 && st.st_size <= half);
	assert_in_range(st.st_size, 1, 1024 * 1024);
}

/* A clock that was wrong for a while costs no more than what was written meanwhile. */
static void clock_jumps(void **state)
{
	struct history_store *s = store_open();
	struct history_sample one = sample_of("a", 5, HISTORY_UP);
	struct history_point last;
	int64_t now = START - START % 10;

	for (int i = 0; i < 360; i++)
		assert_int_equal(history_store_put(s, now + 10 * i, &one, 1), 0);
	now += 3590;
	for (int i = 0; i < 6; i++)
		assert_int_equal(history_store_put(s, now + 400 * DAY + 10 * i, &one, 1), 0);
	assert_in_range(points(s, "a", now, 3600, &last), 354, 360);
	for (int i = 0; i < 30; i++)
		assert_int_equal(history_store_put(s, now - 300 + 10 * i, &one, 1), 0);
	assert_in_range(points(s, "a", now, 3600, &last), 354, 360);
	assert_true(points(s, "a", now, 2 * DAY, &last) >= 50);
	history_store_close(s);
}

/* What was acknowledged is there, whenever the process is killed. */
static void killed_in_the_midst(void **state)
{
	int64_t acknowledged = 0;
	char *aside = xasprintf("%s.damaged", path);

	srand(test_seed());
	for (int round = 0; round < 20; round++) {
		int64_t begin = START + round * 3600, n = 0, got;
		struct history_store *s;
		struct history_point last = {0};
		int ends[2], want = rand() % 200;
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0) {
			struct history_sample one = sample_of("a", 7, HISTORY_UP);

			s = store_open();
			for (int64_t now = begin;; now += 10)
				if (history_store_put(s, now, &one, 1) < 0 ||
				    write(ends[1], &now, sizeof(now)) != sizeof(now))
					_exit(1);
		}
		close(ends[1]);
		while (n <= want && read(ends[0], &got, sizeof(got)) == sizeof(got)) {
			acknowledged = got;
			n++;
		}
		kill(child, SIGKILL);
		while (read(ends[0], &got, sizeof(got)) == sizeof(got))
			acknowledged = got;
		close(ends[0]);
		assert_int_equal(waitpid(child, NULL, 0), child);
		s = store_open();
		assert_true(points(s, "a", acknowledged + 20, 3600, &last) > 0);
		assert_true(last.time >= acknowledged);
		history_store_close(s);
		assert_int_equal(access(aside, F_OK), -1);
	}
	free(aside);
}

/* A disk that is full: said, nothing half, and all goes on when there is room. */
static void disk_is_full(void **state)
{
	struct history_store *s = store_open();
	struct rlimit limit = {0, RLIM_INFINITY};
	struct history_point last;
	struct history_sample many[200];
	char peers[200][16];
	int64_t now = START - START % 10;
	int before;

	for (int i = 0; i < 200; i++) {
		snprintf(peers[i], sizeof(peers[i]), "p%d", i);
		many[i] = sample_of(peers[i], i, HISTORY_UP);
	}
	for (int i = 0; i < 20; i++, now += 10)
		assert_int_equal(history_store_put(s, now, many, 200), 0);
	before = points(s, "p0", now, 3600, &last);
	signal(SIGXFSZ, SIG_IGN);
	limit.rlim_cur = 16384;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 5; i++, now += 10)
		assert_int_equal(history_store_put(s, now, many, 200), -EIO);
	assert_int_equal(points(s, "p0", now, 3600, &last), before);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(history_store_put(s, now, many, 200), 0);
	assert_int_equal(points(s, "p199", now, 3600, &last), before + 1);
	history_store_close(s);
}

/* ---- in a process that can open and remove no file any more, as wgbgp-web's own */

#define CONFINED_TUNNELS 50
#define CONFINED_ROUNDS 1500 /* some 20 MB of the log: it is written back several times */
#define NOT_CONFINED 77

enum ending { CLOSED, KILLED, FULL };

/* Tells the time of each sample that was put. */
static void put_confined(enum ending how, int tell)
{
	struct history_store *s = store_open();
	struct history_sample many[CONFINED_TUNNELS];
	char peers[CONFINED_TUNNELS][16];
	struct rlimit room = {3 << 20, RLIM_INFINITY};
	int64_t now = START;
	unsigned failed = 0;

	for (int i = 0; i < CONFINED_TUNNELS; i++) {
		snprintf(peers[i], sizeof(peers[i]), "p%d", i);
		many[i] = sample_of(peers[i], i, HISTORY_UP);
	}
	signal(SIGXFSZ, SIG_IGN);
	if (how == FULL && setrlimit(RLIMIT_FSIZE, &room) < 0)
		_exit(1);
	if (!sandbox_enter(SANDBOX_WEB, dir, SANDBOX_ALL))
		_exit(NOT_CONFINED);
	for (int i = 0; (i < CONFINED_ROUNDS || how == KILLED) && failed < 5; i++, now += 10)
		if (history_store_put(s, now, many, CONFINED_TUNNELS) < 0)
			failed++;
		else if (write(tell, &now, sizeof(now)) != sizeof(now))
			_exit(1);
	if (how == CLOSED)
		history_store_close(s);
	_exit((failed > 0) == (how == FULL) ? 0 : 1);
}

static void confined(enum ending how)
{
	char *aside = xasprintf("%s.damaged", path), *log = xasprintf("%s-wal", path);
	int64_t got, acknowledged = 0, n = 0;
	struct history_point last = {0};
	struct history_store *s;
	int ends[2], status;
	struct stat st;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0)
		put_confined(how, ends[1]);
	close(ends[1]);
	for (; read(ends[0], &got, sizeof(got)) == sizeof(got); acknowledged = got)
		if (++n == CONFINED_ROUNDS && how == KILLED)
			kill(child, SIGKILL);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_CONFINED)
		skip();
	assert_true(how == KILLED ? WIFSIGNALED(status) : status == 0);
	assert_true(n >= 10);
	if (how != FULL)
		assert_true(stat(path, &st) == 0 && st.st_size > 100000); /* written back */
	if (stat(log, &st) == 0)
		assert_in_range(st.st_size, 0, 9 << 20);
	s = store_open();
	assert_true(points(s, "p49", acknowledged, 3600, &last) > 0);
	assert_true(last.time >= acknowledged);
	history_store_close(s);
	assert_int_equal(access(aside, F_OK), -1);
	free(aside);
	free(log);
}

static void confined_and_closed(void **state)
{
	confined(CLOSED);
}

static void confined_and_killed(void **state)
{
	confined(KILLED);
}

static void confined_and_disk_full(void **state)
{
	confined(FULL);
}

static void overwrite(off_t at, size_t n)
{
	int fd = open(path, O_WRONLY);
	char *noise = xmalloc(n);

	memset(noise, 0x5a, n);
	assert_true(fd >= 0 && pwrite(fd, noise, n, at) == (ssize_t)n);
	close(fd);
	free(noise);
}

/* AT: where in the file. */
static void damaged(off_t at, size_t n)
{
	struct history_store *s = store_open();
	struct history_sample one = sample_of("a", 7, HISTORY_UP);
	struct history_point last;
	char *aside = xasprintf("%s.damaged", path);

	for (int i = 0; i < 2000; i++)
		assert_int_equal(history_store_put(s, START + 10 * i, &one, 1), 0);
	history_store_close(s);
	unlink(aside);
	overwrite(at, n);
	s = store_open();
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(points(s, "a", START + 20000, 3600, &last), -ENOENT);
	assert_int_equal(history_store_put(s, START + 20000, &one, 1), 0);
	history_store_close(s);
	free(aside);
}

static void damaged_files_are_put_aside(void **state)
{
	damaged(0, 100);	 /* no database at all */
	damaged(4096 * 3, 5000); /* pages of it */
}

static void nowhere_to_write(void **state)
{
	assert_null(history_store_open("/nowhere/history.db", error, sizeof(error)));
	assert_non_null(strstr(error, "/nowhere/history.db"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_against_model, setup, teardown),
		cmocka_unit_test_setup_teardown(worst_state_of_a_quarter, setup, teardown),
		cmocka_unit_test_setup_teardown(is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(clock_jumps, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_in_the_midst, setup, teardown),
		cmocka_unit_test_setup_teardown(disk_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(confined_and_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(confined_and_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(confined_and_disk_full, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_files_are_put_aside, setup, teardown),
		cmocka_unit_test(nowhere_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
