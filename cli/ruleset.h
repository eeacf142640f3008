/* SPDX-License-Identifier: BSD-2-Clause */
/* ruleset: the rules of nftables here, as `nft -j list ruleset` writes them. */
#ifndef WGBGP_CLI_RULESET_H
#define WGBGP_CLI_RULESET_H

#include <jansson.h>

/* Owned by the caller; NULL with *WHY. */
json_t *ruleset_read(const char **why);

#endif
