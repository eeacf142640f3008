/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: tells systemd (if it is there) how far we are, and that we are alive.
 */
#ifndef WGBGP_NOTIFY_H
#define WGBGP_NOTIFY_H

void notify_init(void); /* starts the watchdog's beat when the unit asks for one */
void notify_ready(const char *status);
void notify_status(const char *status); /* of one that is ready */
void notify_reloading(void);
void notify_stopping(void);
void notify_free(void);

#endif
