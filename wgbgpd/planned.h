/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * planned: whether a plan that a client was told still holds when its commit is applied: the same
 * configuration is in force, and bgpd's table is the one that was planned with. It is only said.
 */
#ifndef WGBGP_PLANNED_H
#define WGBGP_PLANNED_H

#include "change_ask.h"

/* What ASK was planned with is compared with the configuration in force; an earlier change's is
 * forgotten. */
void planned_mind(const struct change_ask *ask);
/* bgpd is asked. DONE(NULL) is called once; not any more behind planned_end(). */
void planned_pass(void (*done)(const char *error));
void planned_end(void); /* fine when there is nothing */

#endif
