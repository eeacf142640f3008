/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_index: the journal and the history of the configuration, as one document: which version
 * (change_store.h) is the one to go back to, which one is on trial and until when, whose texts are
 * being written into the configuration's files, and a record of each change.
 *
 * A record is {"commit", "time", "state", "how", "uid", "login", "from", "comment", "changed",
 * "statements"}. Its states:
 *
 *     applying ─► committed                   pending: a confirmed commit that waits
 *              └► pending ─► committed | returned
 *              └► failed     an error behind the check: what ran before runs again; or it was
 *                            broken off before its guards said yes ("guard": "asked"): not begun
 *
 * What has failed is known by the hash of its texts ("sha256"): a start does not run it again by
 * itself. A start of another version of wgbgp than the one it failed with ("version") tries it once
 * more, for what it failed of may be mended; guards that had not answered are no matter of that.
 *
 * What is asked here is pure; change.h, change_trial.h and change_start.h act.
 */
#ifndef WGBGP_CHANGE_INDEX_H
#define WGBGP_CHANGE_INDEX_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define CHANGE_RECORDS_MAX 60
#define CHANGE_BYTES_MAX (256u << 20) /* of their texts, where that is more than the last one's */
#define CHANGE_BOOT_ID 40
#define CHANGE_GUARD_ASKED "asked" /* "guard" of a record, until all guards have said yes */
#define CHANGE_SHA256 "sha256"	   /* of a record: conf_texts_hash_all() */
#define CHANGE_VERSION "version"   /* of a record that failed: of wgbgp */
#define CHANGE_VERSION_MAX 128

/* What time it is, by clocks that do not depend on each other. */
struct change_clock {
	int64_t wall;	 /* seconds since 1970; may be wrong, may be set */
	uint64_t boot_s; /* seconds since the machine's start, suspended ones included */
	char boot_id[CHANGE_BOOT_ID]; /* of this start of the machine */
};
void change_clock_read(struct change_clock *out);

struct change_index {
	uint32_t last;	    /* number of the last version */
	uint32_t committed; /* to go back to; 0: none */
	uint32_t writing;   /* its texts are being put into the files; 0: none */
	uint32_t starts;    /* in a row that did not come to their end, with the one under way */
	char version[CHANGE_VERSION_MAX]; /* of wgbgp, whose starts they were */
	struct {
		uint32_t number; /* on trial; 0: none */
		uint32_t seconds;
		struct change_clock since;
		bool over; /* it is being taken back, whatever the time */
	} pending;
	json_t *commits; /* array of records, oldest first */
};

void change_index_init(struct change_index *index);
void change_index_free(struct change_index *index);
/* A document of the main file MAIN, the caller's. */
json_t *change_index_json(const struct change_index *index, const char *main);
/* False: it is none, or one of another file: INDEX is as after change_index_init(). */
bool change_index_read(struct change_index *index, const json_t *json, const char *main);

/* Another record; the number of its version. The rest of RECORD is the caller's; taken over. */
uint32_t change_index_add(struct change_index *index, json_t *record, const char *state);
json_t *change_index_find(const struct change_index *index, uint32_t number); /* NULL: none */
void change_index_set(struct change_index *index, uint32_t number, const char *state);
/* The trial's version is in this state; there is no trial any more. */
void change_index_end_trial(struct change_index *index, const char *state);
void change_index_drop(struct change_index *index, uint32_t number);
/* The version that was committed BACK commits ago, 0: the last one. 0: there is none. */
uint32_t change_index_back(const struct change_index *index, unsigned back);
/* The newest version in this state, 0: none. */
uint32_t change_index_in(const struct change_index *index, const char *state);

/* The change under way, where its guards have not answered: it was never begun. 0: that is not so.
 */
uint32_t change_index_unbegun(const struct change_index *index);
/* It has failed then: nothing waits for it, or writes it into the files. */
void change_index_end_unbegun(struct change_index *index, uint32_t number);

/* What a start of wgbgp VERSION does not try: the version with these texts, where the newest change
 * to them has failed with it; else 0. */
uint32_t change_index_failed(const struct change_index *index, const char *sha256,
			     const char *version);

/* Another start, of wgbgp VERSION: how many in a row have not come to their end, with this one. */
uint32_t change_index_start(struct change_index *index, const char *version);

/* Of the trial, 0: it is over. */
uint32_t change_left_s(const struct change_index *index, const struct change_clock *now);

/* The records, newest first, each with "back" and "left-seconds"; a new reference. */
json_t *change_index_rows(const struct change_index *index, const struct change_clock *now);

/* What a start does. */
struct change_begin {
	uint32_t run;	 /* a version of the store; 0: what the files say */
	bool write;	 /* and its texts are put into the files */
	uint32_t resume; /* the files are those of this version, of which only the end is missing */
	uint32_t failed; /* or those of this one, which is not tried again unless somebody asks */
	bool record;	 /* the files are a new version */
	bool returned;	 /* the trial is over */
};
/* FILES: the version whose texts the files have, 0: none that is known. */
struct change_begin change_begin(const struct change_index *index, uint32_t files,
				 const struct change_clock *now);

#endif
