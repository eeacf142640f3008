/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_rules: where doctor found a tunnel that is dead, or a session that is not up, whether
 * rules of nftables of this very machine drop its packets: the finding then says so. Only rules
 * that drop for certain are named, and as the cause only where they leave no other way.
 */
#ifndef WGBGP_CLI_DOCTOR_RULES_H
#define WGBGP_CLI_DOCTOR_RULES_H

#include <jansson.h>

struct cli_session;

/* DOC: what doctor says. */
void doctor_ask_rules(struct cli_session *s, json_t *doc);

#endif
