/* SPDX-License-Identifier: BSD-2-Clause */
#include "wg_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "thread.h"
#include "util.h"

enum reading { READING_NONE, READING_ASKED, READING_DONE };

struct wg_reader {
	struct wg *wg; /* the thread's while a reading is ASKED; NULL: to be opened */
	pthread_t thread;
	pthread_cond_t moved;
	enum reading state;
	bool stopping;
	struct wg_look look; /* the one that is DONE */
};

static struct bell bell;
static void (*bell_fn)(void);

static pthread_mutex_t lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP; /* of readers */

static void readers_lock(void)
{
	ensure(pthread_mutex_lock(&lock) == 0);
}

static void readers_unlock(void)
{
	ensure(pthread_mutex_unlock(&lock) == 0);
}

static void *read_on(void *arg)
{
	struct wg_reader *r = arg;
	struct wg_dump dump;
	uint64_t before;
	int err;

	wg_patient = true;
	readers_lock();
	for (;;) {
		while (r->state != READING_ASKED && !r->stopping)
			pthread_cond_wait(&r->moved, &lock);
		if (r->stopping)
			break;
		readers_unlock();
		before = thread_work_us();
		err = wg_get(r->wg, r->look.dump.with_entries, &dump);
		readers_lock();
		r->look.work_us = thread_work_us() - before;
		r->look.dump = dump;
		r->look.err = err;
		r->state = READING_DONE;
		bell_ring(&bell);
	}
	readers_unlock();
	return NULL;
}

static struct wg_reader *reader_start(void)
{
	struct wg_reader *r = xcalloc(1, sizeof(*r));
	int err = bell.open ? 0 : bell_open(&bell, bell_fn);

	if (err < 0)
		fatal("eventfd: %s", strerror(-err));
	pthread_cond_init(&r->moved, NULL);
	r->thread = thread_start(read_on, r);
	return r;
}

void wg_reader_open(void (*fn)(void))
{
	bell_fn = fn;
}

void wg_reader_close(void)
{
	bell_close(&bell);
}

int wg_reader_ask(struct wg_reader **reader, const struct wg *wg, bool with_entries)
{
	struct wg_reader *r = *reader ? *reader : (*reader = reader_start());
	int err = 0;

	readers_lock();
	if (r->state != READING_NONE)
		err = -EBUSY;
	else if (!r->wg)
		err = wg->backend->open(wg->ifname, &r->wg);
	if (err == 0) {
		r->look = (struct wg_look){.dump.with_entries = with_entries};
		r->state = READING_ASKED;
		pthread_cond_signal(&r->moved);
	}
	readers_unlock();
	return err;
}

bool wg_reader_take(struct wg_reader *r, struct wg_look *look)
{
	bool done;

	if (!r)
		return false;
	readers_lock();
	done = r->state == READING_DONE;
	if (done) {
		*look = r->look;
		r->state = READING_NONE;
	}
	readers_unlock();
	if (done && look->err < 0) {
		wg_close(r->wg);
		r->wg = NULL;
	}
	return done;
}

void wg_reader_end(struct wg_reader **reader)
{
	struct wg_reader *r = *reader;

	if (!r)
		return;
	readers_lock();
	r->stopping = true;
	if (r->wg && r->wg->backend->interrupt)
		r->wg->backend->interrupt(r->wg);
	pthread_cond_signal(&r->moved);
	readers_unlock();
	pthread_join(r->thread, NULL);
	pthread_cond_destroy(&r->moved);
	if (r->state == READING_DONE)
		wg_dump_free(&r->look.dump);
	wg_close(r->wg);
	free(r);
	*reader = NULL;
}
