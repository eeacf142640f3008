/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_live: the WireGuard interfaces that run in this network namespace, by the back-ends that
 * wgd has, the kernel's or the UAPI socket. They are only read.
 *
 * What AllowedIPs want routes is seen from those that there are: one leads to them by the
 * interface.
 */
#ifndef WGBGP_CLI_IMPORT_LIVE_H
#define WGBGP_CLI_IMPORT_LIVE_H

#include "import_model.h"

/* Those that are named, or, N 0, all. What cannot be read is a note of weight IMPORT_ERROR. */
void import_live(struct import *im, char *const *names, size_t n);

#endif
