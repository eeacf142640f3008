/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook: an `on-event` of the configuration, and what it is busy with.
 *
 * Its events are carried out one after the other, in their order: a program is never started while
 * an earlier one of the same hook runs. A hook cannot be flooded: its line holds HOOK_LINE_MAX
 * events, and no more than `rate` a minute are taken, after as many at once. What is left out is
 * counted, and the next event that is carried out says so in its member `left-out`.
 */
#ifndef WGBGP_EVENTS_HOOK_H
#define WGBGP_EVENTS_HOOK_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#define HOOK_LINE_MAX 100

struct hook;

/* CONF is an entry of `on-event`; it is kept. */
struct hook *hook_new(json_t *conf);
/* It is not asked for any more: what waits is dropped, which the log says. True while a program
 * runs, which has its time. */
bool hook_retire(struct hook *h);
/* A program that runs is ended. */
void hook_free(struct hook *h);
/* The same entry as before: it can go on as it is. */
bool hook_is(const struct hook *h, const json_t *conf);
/* EVENT is borrowed; WORD is its name, static. Nothing where the hook is for others. */
void hook_tell(struct hook *h, const char *word, const json_t *event);
/* A child ended: true where it was this hook's. */
bool hook_ended(struct hook *h, pid_t pid, int status);

#endif
