/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_diff: what a change of the configuration changes, for a line of the log.
 */
#ifndef WGBGP_CONF_DIFF_H
#define WGBGP_CONF_DIFF_H

#include <jansson.h>
#include <stddef.h>

/* Statements of two configurations as JSON (RFC 7951) that differ: "+bgp neighbor 10.9.0.2,
 * -policy x, ~system hostname", separated by ", "; what does not fit into OUT is "and N more".
 * Entries of lists are told apart by their first member, the key. Returns how many differ. */
unsigned conf_diff(const json_t *before, const json_t *after, char *out, size_t size);

#endif
