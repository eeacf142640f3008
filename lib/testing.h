/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTING_H
#define TESTING_H

/*
 * The seed of random tests: WGBGP_SEED, or 1, so that two runs of one tree do the same. Prints it
 * with each call.
 */
unsigned test_seed(void);

/* The lowest free descriptor: the same before and after, where everything was closed. */
int test_lowest_fd(void);

#endif
