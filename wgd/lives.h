/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lives: what is known of each tunnel's life (liveness.h), where the next wgd finds it.
 *
 * A wgd that dies while an answer is waited for must not make the next one wait for the whole time
 * again, nor may a tunnel that was found dead be taken for alive until that has passed. So each
 * judgement is written into RUNDIR/lives, a file that is mapped: a SIGKILL loses nothing, and
 * writing costs no system call. It has a slot for each peer, found by interface and key at a start.
 * What is older than a minute is of no use: forgotten, as are files of another layout. Where the
 * file cannot be had that is said once, and a new wgd begins from nothing.
 */
#ifndef WGBGP_LIVES_H
#define WGBGP_LIVES_H

#include <stdint.h>

#include "liveness.h"

void lives_open(const char *rundir);
void lives_close(void); /* keeps the file; what follows is not noted any more */

/* A slot for this peer, for the next three; 0: there is none to be had, which they take, too. LIVE
 * is filled where an earlier wgd left something about it, else unchanged. */
uint32_t lives_take(const char *ifname, const uint8_t *key, struct liveness *live);
void lives_note(uint32_t slot, const struct liveness *live);
void lives_drop(uint32_t slot); /* the peer is removed: nothing of it is to be found again */

#endif
