/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_journal: the journal of this configuration (change_index.h), where it is kept
 * (change_store.h), and the files that it says are to be written (change_files.h).
 */
#ifndef WGBGP_CHANGE_JOURNAL_H
#define WGBGP_CHANGE_JOURNAL_H

#include "change_index.h"
#include "datastore.h"

extern struct change_index change_journal; /* in memory; whoever changes it saves it */

void change_journal_open(const char *main);
void change_journal_close(void);
int change_journal_save(void); /* 0 or -errno */

/* The version NUMBER has these texts. */
bool change_journal_has(uint32_t number, const struct conf_texts *texts);
/* It, read and checked, the caller's; NULL with WHY. The files that it names are not looked at: a
 * key that is gone must not hold up the way back. */
struct datastore_version *change_journal_read(uint32_t number, char *why, size_t size);
/* The version to go back to, in the same way, and its NUMBER: what was committed last and can be
 * read; WHY says what is wrong with the last one, where that is another. NULL: none can. */
struct datastore_version *change_journal_readable(uint32_t *number, char *why, size_t size);
/* It is what is committed from now on, which is logged with WHY where it is not the last one; 0:
 * none can be read. */
void change_journal_goes_back(uint32_t number, const char *why);
/* Both at once. */
struct datastore_version *change_journal_way_back(char *why, size_t size);
/* What the journal wants a start to run; a trial that cannot be read is over. NULL: the files say
 * it. */
struct datastore_version *change_journal_wants(struct change_begin *b,
					       const struct change_clock *clock);

/* Puts the texts of the version that is being written into the files; tries it again later where
 * that fails, which is said. */
void change_journal_files(void);
void change_journal_files_later(void);

#endif
