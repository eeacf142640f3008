/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_apply: the configuration as a whole: whether it can be applied, what it makes of the
 * devices, and what goes with it: prune and teardown.
 */
#ifndef WGBGP_DEVICE_APPLY_H
#define WGBGP_DEVICE_APPLY_H

#include <stddef.h>

struct wgconf;

/* Why CONF cannot be applied; 0 or -EINVAL. */
int devices_check(const struct wgconf *conf, char *error, size_t size);
void devices_apply(struct wgconf *conf); /* takes it over */
void devices_prune(void);
void devices_teardown(void);

#endif
