/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wplan: what a configuration would do to interfaces and peers: the one in force against another
 * one. Nothing is changed.
 */
#ifndef WGBGP_WPLAN_H
#define WGBGP_WPLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "wgconf.h"

/* Whether the interface has another private key than that of its file. */
typedef bool (*wplan_key_fn)(const struct if_conf *conf);

/* Appends a row for each interface and peer that is made, removed, replaced (another key) or
 * changed. BEFORE may be NULL. */
void wplan_rows(json_t *rows, const struct wgconf *before, const struct wgconf *after,
		wplan_key_fn rekeyed);

#endif
