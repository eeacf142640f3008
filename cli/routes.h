/* SPDX-License-Identifier: BSD-2-Clause */
/* routes: `show route`, which for one prefix or address names the paths, too, that became none. */
#ifndef WGBGP_CLI_ROUTES_H
#define WGBGP_CLI_ROUTES_H

#include "session.h"

int routes_run(struct cli_session *s, const struct cli_line *line);

#endif
