/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process: reads /proc about other processes, and kills by a descriptor of a process: unlike its
 * number, the descriptor never means another process. Children that were not waited for yet keep
 * their number: they are killed by it, with all that they started.
 */
#ifndef WGBGP_PROCESS_H
#define WGBGP_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESS_UNINTERRUPTIBLE 'D'

/* A letter as in proc(5); 0 where there is none. */
char process_state(pid_t pid);
/* SIGKILL to a child that was not waited for, and to all of the process group that it leads, or is
 * about to. 0 or -errno. */
int process_kill_group(pid_t leader);
/* The program's path, without the kernel's " (deleted)"; false where that may not be known. */
bool process_program(pid_t pid, char *path, size_t size);
/* It has the file that is open at FD open, too, and holds its lock. */
bool process_holds_lock(pid_t pid, int fd);
/* A descriptor that becomes readable when the process ends; -errno. */
int process_open(pid_t pid);
int process_kill_by(int pidfd);

#endif
