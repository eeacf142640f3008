/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export: `export wg-quick INTERFACE PEER`: the file by which wg-quick(8), or one of WireGuard's
 * apps, is that peer of ours, from what runs here; as a file of mode 0600, on standard output, or
 * as a QR code.
 *
 * What its interface has is the peer's tunnel address; what it sends here is what the hub leads on
 * (export_allowed.h), unless that is said. Its private key comes from a file, and must be that of
 * the peer; it is not known here otherwise. No secret is in a message or among a program's words.
 */
#ifndef WGBGP_CLI_EXPORT_H
#define WGBGP_CLI_EXPORT_H

#include "session.h"

/* 0, or -1 after the reason was written. */
int export_run(struct cli_session *s, const struct cli_line *line);

#endif
