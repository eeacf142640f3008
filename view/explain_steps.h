/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_steps: the sentences of explain, one stage behind the other, as a packet depends on them.
 * explain_judge.c picks out of the facts what they look at.
 */
#ifndef WGBGP_VIEW_EXPLAIN_STEPS_H
#define WGBGP_VIEW_EXPLAIN_STEPS_H

struct judge;

/* Writes all steps. */
void explain_walk(struct judge *f);

#endif
