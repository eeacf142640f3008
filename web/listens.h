/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listens: doors that the configuration names: `system { web { listen ...; } }`, which is asked for
 * again and again. Without any it is DOOR_USUAL, and so it is while wgbgpd has not answered yet.
 *
 * What the configuration no longer names is shut; where nothing that it names can be opened,
 * DOOR_USUAL is open. With `token true` and without a token nothing is. Who came in by one that is
 * shut stays, but by one of a tunnel (tunnel_doors.h).
 */
#ifndef WGBGP_WEB_LISTENS_H
#define WGBGP_WEB_LISTENS_H

#include <stdbool.h>

/* USUAL is open at DOOR_USUAL; -1: that could not be opened yet. GUARDED: there is a token, which
 * who comes has to know. */
void listens_begin(int usual, bool guarded);
void listens_free(void);

#endif
