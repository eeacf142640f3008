/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_trial: a change that waits to be confirmed: its time, its end, and the way back. What was
 * committed before is applied again first, and then put back into the files; where that is refused,
 * it is tried until it goes well. A trial survives a crash and a reboot (change_index.h).
 */
#ifndef WGBGP_CHANGE_TRIAL_H
#define WGBGP_CHANGE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "commit.h"

#define CHANGE_TRIAL_MAX_S 86400

void change_trial_open(void);
void change_trial_close(void);

/* NULL: the trial is for good now; else why not. */
const char *change_confirm(void);
bool change_on_trial(void);

/* True with WHY: there is a trial, and nothing else is changed before its end. */
bool change_trial_refuses(char *why, size_t size);
/* It has so many seconds left. */
void change_trial_await(uint32_t left_s);
/* It runs. DONE hears of it at the end of it, or when it has stood the first seconds. */
void change_trial_watch(commit_fn done, void *arg);
/* The same in another life of this process. */
void change_trial_resume(void);
/* Whoever waits so hears of it now. */
void change_trial_settle(void);
/* What is only being checked, and is no return, is given up: WHY is said there. False: a change is
 * being applied. */
bool change_trial_first(const char *why);
/* Its version is in STATE now, in memory. */
void change_trial_end(const char *state);
/* Takes it back now. DONE as in commit.h, may be NULL. */
void change_trial_take_back(commit_fn done, void *arg);

#endif
