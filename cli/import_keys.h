/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_keys: private and pre-shared keys go into files of mode 0600, which the configuration
 * names: DIR/INTERFACE.key, DIR/INTERFACE-PEER.psk.
 */
#ifndef WGBGP_CLI_IMPORT_KEYS_H
#define WGBGP_CLI_IMPORT_KEYS_H

#include "import_model.h"

/* The path of the private key, or of P's pre-shared one; the caller frees it. */
char *import_key_path(const char *dir, const struct import_interface *f,
		      const struct import_peer *p);
/* Writes them all; a file that has the same key already stays. False with a note: nothing was
 * written where a file with another key is there, unless it is to be OVERWRITten. */
bool import_keys_write(struct import *im, const char *dir, bool overwrite);

#endif
