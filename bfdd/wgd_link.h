/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgd_link: the channel to wgd: it names the sessions that it wants, and is told their states.
 *
 * While wgd is away the sessions go on.
 */
#ifndef WGBGP_WGD_LINK_H
#define WGBGP_WGD_LINK_H

#include "bfd_engine.h"

void wgd_link_open(int fd); /* a new channel */
void wgd_link_close(void);
void wgd_link_news(const struct bfd_entry *e, enum bfd_news news);

#endif
