/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steady: what was well before a change on trial, and stays untouched by it (touch_stays()):
 * sessions of configured neighbors that were established and tunnels to peers with an endpoint that
 * were up for a while and had not flapped, the loss of echo requests that wgd sends there, and how
 * many routes are refused. Whether the change is to blame for what is lost of it says blame.h.
 */
#ifndef WGBGP_STEADY_H
#define WGBGP_STEADY_H

#include <jansson.h>
#include <stdbool.h>

#include "messages.h"

/* A change from BEFORE to AFTER is made; nothing of an earlier one is watched any more. */
void steady_mind(const json_t *before, const json_t *after);
/* Asks the daemons how things are. DONE(NULL) is called once, when all have answered or cannot. */
void steady_pass(void (*done)(const char *error));
/* The change is made. FAILED is called at most once, later, with a sentence. */
void steady_begin(void (*failed)(const char *why));
void steady_end(void); /* fine when there is nothing */

void steady_event(enum daemon_id id, const json_t *event);

#endif
