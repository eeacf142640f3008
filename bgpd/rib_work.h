/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_work: the job that does all the work of the tables, in quanta (rib.c). Whoever learns
 * something marks what it touches and calls rib_work(); the job looks at what is marked.
 */
#ifndef WGBGP_BGPD_RIB_WORK_H
#define WGBGP_BGPD_RIB_WORK_H

#include <stdbool.h>

void rib_work(void);			     /* the job has something to do */
void rib_work_open(bool (*work)(void *arg)); /* a quantum; true: there is more */
void rib_work_close(void);

#endif
