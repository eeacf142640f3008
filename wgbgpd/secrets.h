/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secrets: private and pre-shared keys, read from their files by the parent and passed to wgd
 * alone. They are read again for each new wgd and each change of the configuration, and never kept.
 */
#ifndef WGBGP_SECRETS_H
#define WGBGP_SECRETS_H

#include <jansson.h>

#include "ipc.h"

/* Sends every key that CONFIG (effective) names. A file that has become unreadable since the
 * configuration was checked is logged and left out. */
void secrets_send(struct ipc *wgd, const json_t *config, uint32_t generation);
/* The same for the passwords of sessions. */
void secrets_send_passwords(struct ipc *bgpd, const json_t *config, uint32_t generation);

#endif
