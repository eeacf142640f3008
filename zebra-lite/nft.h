/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nft: the way to the kernel's nftables sets, off the loop.
 *
 * A large set takes the kernel longer than the loop may stand still, and libnftables reads a whole
 * set of intervals before it changes one element. So libnftables makes and removes sets, elements
 * go in messages of our own, and a thread does both: one job after the other, in each of which all
 * about elements is one transaction. The thread touches its job alone.
 */
#ifndef WGBGP_ZEBRA_NFT_H
#define WGBGP_ZEBRA_NFT_H

#include "buf.h"

#define NFT_TABLE "wgbgp" /* of family inet */
#define NFT_SET_MAX 96
#define NFT_ERROR_MAX 160

struct nft_set {
	char name[NFT_SET_MAX];
	uint64_t id;	/* in its table: another one when it was removed and made again, */
	uint64_t table; /* as is that of the table */
};

struct nft_job {
	/* What to do, in this order. */
	char *text;		    /* commands for libnftables, NULL none; owned */
	bool (*ours)(const char *); /* remove those of our table's sets for which this holds and
				     * which are not in `keep`; with none to keep the table too, if
				     * nothing is left in it. NULL: remove and list nothing */
	struct nft_set *keep;	    /* owned */
	size_t n_keep;
	struct wr batch; /* of nft_flush(), nft_element() */
	const char *table; /* of family inet, that is listed then; NULL none */
	/* How it went. */
	int err;
	char error[NFT_ERROR_MAX];
	struct nft_set *found; /* the sets that are there now; owned */
	size_t n_found;
	char *listing;		/* of that table, without what counts; NULL: there is none. Owned */
	uint32_t before, after; /* generations of the kernel's whole ruleset; when sets or a table
				 * are listed `after` is the one before that */
	bool alone; /* what is listed is what the text made: nobody else changed anything there */
	/* Of the message that is being put together. */
	size_t message, list; /* offsets, 0 none */
	bool adding;
	char set[NFT_SET_MAX];
	/* While it is submitted. */
	struct nft_job *next;
	void (*done)(struct nft_job *);
};

struct nft_job *nft_job_new(void);
void nft_job_free(struct nft_job *j); /* NULL is fine */
void nft_flush(struct nft_job *j, const char *set);
/* KEY of LEN bytes; END: the first one behind an interval. */
void nft_element(struct nft_job *j, bool add, const char *set, const void *key, size_t len,
		 bool end);

/* Starts the thread at the first time; DONE takes over the job, in the loop. Those of several come
 * in their order. */
void nft_submit(struct nft_job *j, void (*done)(struct nft_job *));
void nft_run(struct nft_job *j); /* now, here; not while one is submitted */
uint32_t nft_generation(void);	 /* 0: not known */
void nft_stop(void);		 /* waits for the jobs that are under way and drops them */

/* Tells from now on of a set of our table whose elements somebody else changed; NULL: of any, as
 * notifications were lost. 0 or -errno. */
int nft_watch(void (*changed)(const char *set));
void nft_unwatch(void);

#endif
