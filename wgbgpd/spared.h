/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spared: hosts that zebra-lite lets through what is kept in (I10), so that nobody locks themselves
 * out (I6): those of needed.h that are inside some `permit`, in no network of this machine and
 * reached by no tunnel. Who they are is looked at before a configuration is applied and every few
 * seconds; the newest SPARED_MAX are remembered, over a reboot, too (STATEDIR/spared), since a
 * session that is to begin cannot be seen before it is let in. zebra-lite reaches them by the
 * underlay while nothing but what is kept in would take their packets (zebra-lite/pin.h). A name
 * server with a public address that nothing but a default route covers is one wherever the way
 * leads now: the tunnel's endpoint may be a name, and is to be found when the tunnel is gone.
 */
#ifndef WGBGP_SPARED_H
#define WGBGP_SPARED_H

#include <jansson.h>

#include "conf_error.h"
#include "messages.h"

#define SPARED_MAX 64

/* CONFIG is the one that will be applied. Before the daemons run. */
void spared_open(const json_t *config);
void spared_look(const json_t *config);	       /* that is about to be applied: tells zebra-lite */
void spared_daemon_changed(enum daemon_id id); /* it began or ended: it knows of none */
/* Warns of each host that is needed now and inside what CONFIG keeps in. */
void spared_warn(const json_t *config, struct conf_errors *errs);
void spared_close(void);

#endif
