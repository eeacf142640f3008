/* SPDX-License-Identifier: BSD-2-Clause */
/* interfaces: `show interface`: those of this machine, with the tunnel peers of WireGuard's. */
#ifndef WGBGP_CLI_INTERFACES_H
#define WGBGP_CLI_INTERFACES_H

#include "session.h"

int interfaces_run(struct cli_session *s, const struct cli_line *line);

#endif
