/* SPDX-License-Identifier: BSD-2-Clause */
/* host_links: what the kernel counts of each interface of this network namespace. */
#ifndef WGBGP_VIEW_HOST_LINKS_H
#define WGBGP_VIEW_HOST_LINKS_H

#include <jansson.h>

/* Rows {name, rx-errors, tx-errors, rx-dropped, tx-dropped}, in the kernel's order; owned by the
 * caller. NULL: the kernel does not say, with errno. */
json_t *host_links(void);

#endif
