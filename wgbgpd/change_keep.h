/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_keep: the change under way (change_now.h) in the journal: its texts are kept before
 * anything happens, and what became of it is written down behind it.
 */
#ifndef WGBGP_CHANGE_KEEP_H
#define WGBGP_CHANGE_KEEP_H

#include "change_ask.h"
#include "conf_texts.h"

/* TEXTS are on the disk, and the journal says what is about to happen to them. False with WHY:
 * there is no change without that. Else what cannot be kept is one of the warnings. */
bool change_keep(const struct change_ask *ask, const struct conf_texts *texts, char *why,
		 size_t size);
/* Its guards, if there are any, have said yes: a crash before this leaves nothing to be finished
 * (change_index.h). A trial's time begins here then. */
void change_keep_guarded(void);
/* What a trial must not lose (health.h), for another life: a crash may come before anybody has seen
 * that it is lost. */
void change_keep_watched(const char *watched);
/* It runs. */
void change_keep_applied(void);
/* It was refused, or what ran before it runs again, as ERROR says. */
void change_keep_failed(const char *error);

/* The files were refused at the start, as WHY says, and what was committed runs; NULL: that is
 * over. */
void change_keep_refused(const char *why);
/* WHY, until another change was applied; NULL: nothing was refused. */
const char *change_keep_refused_why(void);
/* The same, with the files that are not in force. */
const char *change_refusal(void);
/* The same as a row of change_list(); NULL: none. A new reference. */
json_t *change_keep_refusal_row(void);

#endif
