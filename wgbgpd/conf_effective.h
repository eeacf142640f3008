/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_effective: the configuration as the daemons get it, in which nothing refers to another
 * place.
 *
 * An object that lacks a statement inherits it from the object that it refers to or is part of:
 *
 *     peer       template, then the interface (liveness and quality only)
 *     interface  wireguard (backend)
 *     neighbor   group, then bgp (timers); a group: bgp (timers)
 *
 * Then the schema's defaults are added. Inherited nodes keep the place where they were written.
 * Each plane gets its number (lib/planes.h): the one that its name had before in this process.
 */
#ifndef WGBGP_CONF_EFFECTIVE_H
#define WGBGP_CONF_EFFECTIVE_H

#include "conf_tree.h"

/* A new tree, or NULL after errors. References to what is not there are skipped (conf_check.h says
 * so). */
struct conf *conf_effective(const struct conf *conf, struct conf_errors *errs);

#endif
