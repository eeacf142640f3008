/* SPDX-License-Identifier: BSD-2-Clause */
/* explain_rules: what the rules of nftables do to packets with a certain source, and to answers. */
#ifndef WGBGP_CLI_EXPLAIN_RULES_H
#define WGBGP_CLI_EXPLAIN_RULES_H

struct explain;

/* The fact "firewall", behind all of explain_gather.h; runs nft. */
void explain_ask_rules(struct explain *e);

#endif
