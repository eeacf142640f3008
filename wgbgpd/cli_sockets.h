/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli_sockets: the sockets that clients connect to. RUNDIR/cli.sock is for root and the group of
 * `cli-write-group`, who may change something. RUNDIR/cli-read.sock exists while a `cli-read-group`
 * is configured, and is for that group. The mode of the file (0660) keeps all others out, so they
 * cannot take connections away from those who may connect.
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
/* Off: new clients wait in the backlog. */
void cli_sockets_take(enum cli_access access, bool on);
void cli_sockets_shut(void);

#endif
