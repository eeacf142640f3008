/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kept_load: `wgbgpd -k`, which a unit runs at boot before there is a network: what was kept in
 * before (kept_file.h) is in the kernel before the first packet can leave. Needs no daemon and may
 * run again at any time: a route that is there stays.
 */
#ifndef WGBGP_KEPT_LOAD_H
#define WGBGP_KEPT_LOAD_H

/* The exit status: 0 also where nothing was kept; 1 after a sentence on standard error. */
int kept_load(void);

#endif
