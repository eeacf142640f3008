/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * not_applied: what a daemon could not put into force of a configuration, for the answer to the
 * step that is under way (daemon.h).
 */
#ifndef WGBGP_NOT_APPLIED_H
#define WGBGP_NOT_APPLIED_H

#include "util.h"

/* Within apply() or prune(): the change fails. What is said first counts; anywhere else it is not
 * heard. */
void not_applied(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* For daemon.c: a step begins; what was said since, "": nothing. */
void not_applied_reset(void);
const char *not_applied_said(void);

#endif
