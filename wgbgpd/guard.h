/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard: the golden rule, one tunnel at a time. `interface wg1 { guard wg0; }`: what touches wg1
 * (touch.h) is applied only while wg0, the way in meanwhile, carries packets, and on trial.
 *
 * The guard that counts is that of the configuration which runs: taking it away in the same change
 * does not get around it. wgd is asked behind the check (commit_gate()), so that the evidence is as
 * fresh as can be.
 */
#ifndef WGBGP_GUARD_H
#define WGBGP_GUARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "change_ask.h"

#define GUARD_TRIAL_S 300    /* where nobody said how long */
#define GUARD_LIMIT_MS 20000 /* for one guard: wgd asks it for 12 s (wgd/prove.c) */

/* [{"interface", "guard", "what"}]: the guarded interfaces that the change touches; a new
 * reference. BEFORE may be NULL. */
json_t *guard_wanted(const json_t *before, const json_t *after);

/* There are none to ask. */
void guard_close(void);
/* What guards make of ASK: a trial, a word on it; and what guard_pass() has to ask. False with WHY:
 * it is refused already. */
bool guard_mind(struct change_ask *ask, const json_t *before, const json_t *after, char *why,
		size_t size);
/* Asks the guards. DONE is called once, with an error or NULL; at once where there are none; not
 * any more when this is called again. */
void guard_pass(void (*done)(const char *error));

#endif
