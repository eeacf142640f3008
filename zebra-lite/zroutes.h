/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zroutes: zebra-lite's answer to `route`: all routes, sorted, some at a time; or those of a prefix
 * or an address.
 */
#ifndef WGBGP_ZEBRA_ZROUTES_H
#define WGBGP_ZEBRA_ZROUTES_H

#include "show.h"

void zroutes_start(struct show *s);
void zroutes_step(struct show *s);
void zroutes_finish(struct show *s);

/* An interface's name; "": it is gone. */
const char *zroutes_if_name(uint32_t ifindex);

#endif
