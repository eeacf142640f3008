/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli_sockets: where clients come in. RUNDIR/cli.sock is for those who may change something: root,
 * and the group of `cli-write-group`. RUNDIR/cli-read.sock is there while a `cli-read-group` is
 * configured, and for it. The file's mode (0660) is what keeps others out, so they cost nothing.
 */
#ifndef WGBGP_CLI_SOCKETS_H
#define WGBGP_CLI_SOCKETS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

enum cli_access { CLI_CHANGES, CLI_READS, CLI_ACCESSES };

/* FD: a client that came in by that socket; the callee's. */
typedef void (*cli_accept_fn)(int fd, enum cli_access access);

/* cli.sock, for root. 0 or -errno. */
int cli_sockets_start(const char *rundir, cli_accept_fn accepted);
/* The groups of the running configuration. Bits (1 << access): another group than before. */
unsigned cli_sockets_groups(const json_t *config);
/* Off: who comes waits in the backlog. */
void cli_sockets_take(enum cli_access access, bool on);
void cli_sockets_shut(void);

#endif
