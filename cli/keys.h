/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: `genkey`, `genpsk` and `pubkey`: WireGuard's keys, as wg(8) makes them, and the files that
 * hold them. A secret goes into a new file of mode 0600, or to standard output where no file is
 * named and nobody else could read what that is; it is in no message, and wiped behind its use.
 */
#ifndef WGBGP_CLI_KEYS_H
#define WGBGP_CLI_KEYS_H

#include "session.h"
#include "wg.h"

#define KEY_FILE_MODE 0600

/* 0, or -1 after the error was written. */
int keys_genkey(struct cli_session *s, const struct cli_line *line);
int keys_genpsk(struct cli_session *s, const struct cli_line *line);
int keys_pubkey(struct cli_session *s, const struct cli_line *line);

/* TEXT is a secret. Into PATH, which must not be there unless it is to be OVERWRITten; "": to
 * S->out. */
int keys_put_secret(struct cli_session *s, const char *path, bool overwrite, const char *text);
/* The key in the file PATH; false after the error was written. The caller wipes KEY. */
bool keys_read(struct cli_session *s, const char *path, uint8_t key[WG_KEY_BYTES]);
void keys_public(const uint8_t key[WG_KEY_BYTES], char out[WG_KEY_STRLEN]);

#endif
