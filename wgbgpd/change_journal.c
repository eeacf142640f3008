/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_journal.h"

#include <string.h>

#include "change_files.h"
#include "change_store.h"
#include "commit.h"
#include "log.h"
#include "loop.h"

#define FILES_MS 30000 /* between attempts to write the files */

struct change_index change_journal;
static struct timer files_again; /* they could not be written */

static void files_put(void *arg);

void change_journal_open(const char *main)
{
	change_store_open(main, &change_journal);
	timer_init(&files_again, files_put, NULL);
}

void change_journal_close(void)
{
	timer_stop(&files_again);
	change_index_free(&change_journal);
	change_store_close();
}

int change_journal_save(void)
{
	int err = change_store_save(&change_journal);

	if (err && err != change_store_error())
		log_error("commits", "error=\"%s\"", strerror(-err));
	return err;
}

bool change_journal_has(uint32_t number, const struct conf_texts *texts)
{
	struct conf_texts known = {0};
	bool same =
		number && change_store_get(number, &known) == 0 && conf_texts_equal(&known, texts);

	conf_texts_free(&known);
	return same;
}

struct datastore_version *change_journal_read(uint32_t number, char *why, size_t size)
{
	struct conf_errors errs = {0};
	struct datastore_version *v = NULL;
	struct conf_texts texts;
	int err = change_store_get(number, &texts);

	snprintf(why, size, "commit %u cannot be read: %s", number, strerror(-err));
	if (err)
		return NULL;
	v = datastore_read_texts(&texts, 0, &errs);
	for (size_t i = errs.n; !v && i-- > 0;)
		if (!errs.v[i].warning)
			str_copy(why, errs.v[i].text, size);
	conf_errors_free(&errs);
	conf_texts_free(&texts);
	return v;
}

/* ---- the files */

static void files_put(void *arg)
{
	struct datastore_version *v;
	char why[512];
	int err = -EINVAL;

	if (!change_journal.writing)
		return;
	if (commit_busy()) { /* it may be about them */
		change_journal_files_later();
		return;
	}
	v = change_journal_read(change_journal.writing, why, sizeof(why));
	if (v)
		err = change_files_put(&v->loaded.written->texts, why, sizeof(why));
	datastore_version_free(v);
	if (err) {
		log_error("files-not-written", "why=\"%s\"", why);
		change_journal_files_later();
		return;
	}
	change_journal.writing = 0;
	change_journal_save();
}

void change_journal_files(void)
{
	files_put(NULL);
}

void change_journal_files_later(void)
{
	timer_start(&files_again, FILES_MS);
}

struct datastore_version *change_journal_readable(uint32_t *number, char *why, size_t size)
{
	struct datastore_version *v = NULL;
	char older[512];

	*number = change_journal.committed;
	if (!*number) {
		str_copy(why, "nothing was committed", size);
		return NULL;
	}
	v = change_journal_read(*number, why, size);
	for (unsigned k = 0; !v && (*number = change_index_back(&change_journal, k)); k++)
		v = change_journal_read(*number, older, sizeof(older));
	return v;
}

void change_journal_goes_back(uint32_t number, const char *why)
{
	if (number == change_journal.committed)
		return;
	log_error("commits", "commit=%u why=\"%s\"", change_journal.committed, why);
	if (number)
		change_journal.committed = number;
}

struct datastore_version *change_journal_way_back(char *why, size_t size)
{
	uint32_t number;
	struct datastore_version *v = change_journal_readable(&number, why, size);

	change_journal_goes_back(number, why);
	return v;
}

/* ---- a start */

struct datastore_version *change_journal_wants(struct change_begin *b,
					       const struct change_clock *clock)
{
	struct datastore_version *v;
	char why[512];

	for (;;) {
		*b = change_begin(&change_journal, 0, clock);
		v = b->run ? change_journal_read(b->run, why, sizeof(why)) : NULL;
		if (v || !b->run)
			return v;
		log_error("commits", "commit=%u why=\"%s\"", b->run, why);
		if (change_journal.pending.number && !b->returned) {
			change_journal.pending.over = true;
			continue;
		}
		v = b->returned ? change_journal_way_back(why, sizeof(why)) : NULL;
		datastore_version_free(v);
		if (v)
			continue;
		change_index_end_trial(&change_journal, "returned");
		change_journal.writing = 0;
	}
}
