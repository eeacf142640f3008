/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history_show: what every daemon answers about its history (history.h).
 *
 * `history` (`prefix`, `around`, `peer`, `addresses`): the events, oldest first. `debug` (`prefix`
 * or `peer` with `addresses`; `minutes`), `debug-off`, `debugs`: which of them are log lines.
 */
#ifndef WGBGP_HISTORY_SHOW_H
#define WGBGP_HISTORY_SHOW_H

#include "show.h"

extern const struct show_command history_commands[]; /* ends with a row without name */

#endif
