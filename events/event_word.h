/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_word: the names by which `system on-event` chooses among the events that wgbgpd tells to
 * those who monitor (yang/wgbgp-events.yang): tunnel-down is a tunnel-state whose `to` is down.
 */
#ifndef WGBGP_EVENTS_EVENT_WORD_H
#define WGBGP_EVENTS_EVENT_WORD_H

#include <jansson.h>
#include <stdbool.h>

/* NULL: an event that no hook can ask for. Static. */
const char *event_word(const json_t *event);
/* A hook that names no events gets those of this word: those that somebody should look at. */
bool event_word_usual(const char *word);

#endif
