/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shows: what bfdd answers: `bfd`.
 */
#ifndef WGBGP_BFDD_SHOWS_H
#define WGBGP_BFDD_SHOWS_H

#include "show.h"

extern const struct show_command shows[];

#endif
