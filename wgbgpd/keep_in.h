/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keep_in: writes down what zebra-lite keeps in (I10), for the next boot (kept_file.h). zebra-lite
 * opens no file, so it is asked every few seconds whether something changed, and for all of it
 * then. A file that cannot be written is said once; nothing else depends on it.
 */
#ifndef WGBGP_KEEP_IN_H
#define WGBGP_KEEP_IN_H

#include "messages.h"

void keep_in_open(void);
void keep_in_daemon_gone(enum daemon_id id); /* its successor counts its changes anew */
void keep_in_forget(void);		     /* all that is installed was removed: so is the file */
void keep_in_close(void);

#endif
