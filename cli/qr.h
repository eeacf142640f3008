/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qr: a text as a QR code (libqrencode), for a terminal or as an SVG picture. Light modules are
 * drawn, too, and a margin around it: it is read whatever the background is.
 */
#ifndef WGBGP_CLI_QR_H
#define WGBGP_CLI_QR_H

#include <stdbool.h>

/* Two modules a character, half blocks of UTF-8; with COLOUR white on black whatever the terminal's
 * colours are. For export_text_free(); NULL with errno: ERANGE: it does not fit into a code,
 * ENOSYS: built without libqrencode. */
char *qr_blocks(const char *text, bool colour);
char *qr_svg(const char *text);

#endif
