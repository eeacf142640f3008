/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zapply: a new configuration comes into force: who has to look at what again, and in which order.
 */
#ifndef WGBGP_ZEBRA_ZAPPLY_H
#define WGBGP_ZEBRA_ZAPPLY_H

#include "zconfig.h"

void zapply(struct zconfig *c);	 /* takes over *C and brings the RIB in line with it */
void zapply_links_changed(void); /* static routes name interfaces */

/* The ceilings of the configuration of GENERATION, beside the old ones until PRUNE. After
 * planes_read(). */
void zapply_ceilings(const json_t *config, uint32_t generation);
void zapply_ceilings_prune(void);

#endif
