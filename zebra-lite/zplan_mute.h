/* SPDX-License-Identifier: BSD-2-Clause */
/* zplan_mute: for a rehearsal: nothing is written or told any more, and all of it is well at once.
 */
#ifndef WGBGP_ZEBRA_ZPLAN_MUTE_H
#define WGBGP_ZEBRA_ZPLAN_MUTE_H

void zplan_mute(void); /* what is asked (out.h) stays */

#endif
