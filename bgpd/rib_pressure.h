/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_pressure: neighbours are read no faster than networks are decided.
 */
#ifndef WGBGP_BGPD_RIB_PRESSURE_H
#define WGBGP_BGPD_RIB_PRESSURE_H

/* Call when some were marked, and when N were decided. */
void rib_pressure(unsigned decided);
void rib_pressure_free(void);

#endif
