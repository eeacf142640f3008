/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * life: for tests of changes (change*.h): lives of a wgbgpd over real files, with daemons that are
 * played (played.h); in each moment everything may end, and another life begins. A second takes a
 * millisecond, and the clocks of the journal are the test's. The program is linked with the
 * --wrap= of LIFE_WRAPS in local.mk. Includes of cmocka's come before this header.
 */
#ifndef WGBGP_LIFE_H
#define WGBGP_LIFE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "change_ask.h"
#include "change_index.h"
#include "change_offer.h"
#include "commit.h"
#include "played.h"

#define LIFE_KEY "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=\n"
#define LIFE_BROKEN "system { nonsense 1; }\n"

#define LIFE_AWAIT_RETURN() PLAYED_AWAIT((life_answer(), !change_on_trial() && !commit_busy()))

/* Of the program and of each test; "one" was committed by a start when a test begins. */
bool life_open(void);
int life_close(void); /* 0, or 1: what was left cannot be removed */
int life_setup(void **state);
int life_teardown(void **state);

/* ---- time, and what goes wrong */

extern struct change_clock life_clock;
void life_pass(unsigned seconds);
extern uint64_t life_waits_ms; /* the timer that was started last */
extern bool life_disk_full;
extern const char *life_refuses; /* "DAEMON STEP": answers "no" there */
extern bool life_watched;	 /* during a trial anything is watched */
extern const char *life_lost;	 /* and what of it is lost at once; NULL: nothing */

/* ---- files: "conf" and "more" in scratch_dir() say the same word each */

extern char life_more[320]; /* what "more" says as well */
void life_edit(const char *word);
bool life_files_say(const char *word); /* they are those of life_edit(WORD) */
/* The word of what runs, "nothing"; "a mixture" of two versions. */
const char *life_runs(void);

/* ---- the process */

bool life_start(void); /* false: there is nothing to run, and LIFE_REFUSED says why */
extern char life_refused[2048];
extern char life_looked_for[16]; /* the word for which spared_look() was called last */
void life_crash(void);		 /* everything ends, in the middle of whatever it is */
void life_start_again(void);	 /* to its end */
extern const char *life_resets;	 /* neighbours whose sessions the next change ends; NULL: none */
extern unsigned life_configs;	 /* how many have run */

/* ---- its daemons */

bool life_answer(void);			    /* one that has to answers; false: nobody has to */
const char *life_settle(void);		    /* all do; what was said then */
extern char life_said[];		    /* what life_done() was told last */
extern ask_fn life_guard;		    /* who waits for a guard; NULL: nobody */
void life_guard_answers(const char *error); /* NULL: yes */

/* ---- what is asked of it, by anna */

void life_done(void *arg, const char *error); /* a commit_fn */
const struct change_ask *life_by(const char *how, unsigned seconds);
const char *life_reload(unsigned seconds);		    /* to its end, as life_settle() */
const char *life_rollback(unsigned back, unsigned seconds); /* likewise */
extern json_t *life_warnings;	    /* of what is asked; NULL: nobody wants them */
bool life_warned(const char *text); /* one of them says TEXT; there are none any more */
const char *life_history(void);	    /* records, newest first, as "STATE HOW" each */
bool life_history_begins(const char *start);

/* ---- what a client offers */

/* What life_edit(WORD) would write lies beside the files; started from what life_edit(FROM) wrote.
 * For life_offer_free(). */
struct change_offer life_offer(const char *word, const char *from);
void life_offer_free(struct change_offer *offer);
const struct change_ask *life_offered(const struct change_offer *offer, unsigned seconds);
void life_offer_commit(const char *word, unsigned seconds); /* from "one", and it begins */
json_t *life_hashes(const char *word); /* `base` after life_edit(WORD); a new reference */

#endif
