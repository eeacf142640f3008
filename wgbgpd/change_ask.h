/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_ask: who asks for a change of the configuration, and what for.
 */
#ifndef WGBGP_CHANGE_ASK_H
#define WGBGP_CHANGE_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct change_offer;

/* Texts are borrowed and may be NULL. */
struct change_ask {
	const char *how;		    /* start, reload, SIGHUP, rollback, commit */
	int64_t uid;			    /* of the client; -1: not known */
	const char *login, *from, *comment; /* what the client says of itself */
	const char *at;			    /* our address, which it came to */
	const char *expect;		    /* addresses, separated by commas: health.h */
	uint32_t seconds;		    /* of the trial; 0: for good */
	bool may_be_empty;		    /* also without any interface */
	bool unattended;		    /* nobody hears of a trial that a guard makes of it */
	const struct conf_texts *texts;	    /* of a candidate that is checked; NULL: the files' */
	const struct change_offer *offer; /* of a client (change_offer.h), for a commit; or NULL */
	const json_t *planned;		  /* planned.h; or NULL */
	bool override_guard;		  /* guards are not asked */
	const char *guard;		  /* guard.h: asked, overridden; NULL: none counts */
	json_t *warnings; /* what else there is to say, a string each; may be NULL */
};

#endif
