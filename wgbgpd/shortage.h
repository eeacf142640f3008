/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shortage: looks once a minute at what runs short without a word of its own: room on the disk that
 * STATEDIR is on, memory, and the time since a private key was made (`system warn`). The log says
 * when it begins, and, but for a key, when it is over: twice as much as the limit is there then.
 */
#ifndef WGBGP_SHORTAGE_H
#define WGBGP_SHORTAGE_H

void shortage_open(void);
void shortage_close(void);
void shortage_look(void); /* now; the timer's */

#endif
