/* SPDX-License-Identifier: BSD-2-Clause */
/* commands: the tables of the command language (grammar.h). */
#ifndef WGBGP_CLI_COMMANDS_H
#define WGBGP_CLI_COMMANDS_H

#include "grammar.h"

extern const struct cli_grammar cli_commands;

#endif
