/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zplan: what a configuration would do to rules and static routes: the one in force against another
 * one. Nothing is changed. All of it may lead packets elsewhere, so all of it is disruptive.
 */
#ifndef WGBGP_ZEBRA_ZPLAN_H
#define WGBGP_ZEBRA_ZPLAN_H

#include <jansson.h>

#include "zconfig.h"

/* Appends a row for each rule and static route that is made or removed. */
void zplan_rows(json_t *rows, const struct zconfig *before, const struct zconfig *after);

#endif
