/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zshow: zebra-lite's answers to `show` requests: their table, and the small ones of them.
 */
#ifndef WGBGP_ZEBRA_ZSHOW_H
#define WGBGP_ZEBRA_ZSHOW_H

#include "show.h"

extern const struct show_command zebra_commands[];

#endif
