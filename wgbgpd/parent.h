/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parent: the life of the process that a user starts.
 */
#ifndef WGBGP_PARENT_H
#define WGBGP_PARENT_H

/* Runs until SIGTERM or a teardown; the exit status. PATH: the configuration, from / on. */
int parent_run(const char *path, const char *rundir);

#endif
