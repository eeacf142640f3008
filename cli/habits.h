/* SPDX-License-Identifier: BSD-2-Clause */
/* habits: commands of other routers that have another name here, or no need. */
#ifndef WGBGP_CLI_HABITS_H
#define WGBGP_CLI_HABITS_H

#include "session.h"

/* A request without what only the other router's words say: family and `all`. */
int habits_request(struct cli_session *s, const struct cli_line *line);
/* `write`, `copy running-config startup-config`. */
int habits_write(struct cli_session *s, const struct cli_line *line);
/* `show running-config SECTION [ENTRY]`: its part; SECTION may be abbreviated. */
int habits_section(struct cli_session *s, const struct cli_line *line);
/* `show route-map`. */
int habits_policy(struct cli_session *s, const struct cli_line *line);
/* `terminal length LINES`: 0 is no pager. */
int habits_terminal(struct cli_session *s, const struct cli_line *line);
/* `enable`, `end`: there is nothing to do. */
int habits_nothing(struct cli_session *s, const struct cli_line *line);

#endif
