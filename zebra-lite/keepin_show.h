/* SPDX-License-Identifier: BSD-2-Clause */
/* keepin_show: answers about what is kept in (keepin.h), and the request that ends it. */
#ifndef WGBGP_ZEBRA_KEEPIN_SHOW_H
#define WGBGP_ZEBRA_KEEPIN_SHOW_H

#include "keepin.h"
#include "show.h"

void keepin_start(struct show *s);
void keepin_step(struct show *s);
void keepin_finish(struct show *s);
void keepin_summary_start(struct show *s);
void keepin_remember_start(struct show *s);
void keepin_spare_start(struct show *s);
void keepin_clear_start(struct show *s);

/* Among the routes: what refuses packets for P where nothing else is selected; nothing: no row. */
void keepin_route_row(struct show *s, const struct prefix *p);
/* P is the default route of the main table, and packets do not get there, whoever has one. */
bool keepin_refuses_default(const struct prefix *p);

#endif
