/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: chains of policies (`import`, `export`, `redistribute`), compiled from the configuration.
 */
#ifndef WGBGP_BGPD_POLICY_H
#define WGBGP_BGPD_POLICY_H

#include <jansson.h>
#include <stdbool.h>

struct policy_chain;

/* NAMES: the leaf-list of policy names, looked up in CONFIG (the whole configuration); all and none
 * are built in. A chain stands for itself: it keeps nothing of CONFIG. NULL when NAMES is NULL (not
 * configured). */
struct policy_chain *policy_chain_new(const json_t *config, const json_t *names);
void policy_chain_free(struct policy_chain *c); /* NULL is fine */
/* Same effect, the terms of the named policies included; NULL equals only NULL. */
bool policy_chain_eq(const struct policy_chain *a, const struct policy_chain *b);

#endif
