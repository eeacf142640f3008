/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTING_H
#define TESTING_H

/*
 * The seed of random tests: WGBGP_SEED, or 1, so that two runs of one tree do the same. Prints it
 * with each call.
 */
unsigned test_seed(void);

/*
 * How long a check waits at most for what is to come, in ms: most of its time limit, so that who
 * waits in vain can still say what for. Long, for a machine with much to do; only failures take it.
 */
unsigned test_patience_ms(void);

/* The lowest free descriptor: the same before and after, where everything was closed. */
int test_lowest_fd(void);

#endif
