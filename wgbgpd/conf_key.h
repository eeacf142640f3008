/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_key: files that hold a secret: WireGuard keys in base64, passwords.
 *
 * Such a file must belong to root (or to us) and be readable by its owner alone; anything else is
 * refused, with the reason.
 */
#ifndef WGBGP_CONF_KEY_H
#define WGBGP_CONF_KEY_H

#include <stddef.h>
#include <stdint.h>

#define CONF_KEY_BYTES 32
#define CONF_PASSWORD_MAX 80 /* bytes; what TCP MD5 takes */

/* Reads a key; 0, or -errno and a text in WHY. The caller wipes KEY. */
int conf_key_read(const char *path, uint8_t key[CONF_KEY_BYTES], char *why, size_t size);

/* Reads the first line of a secret file; 0, or -errno and a text in WHY. The caller wipes LINE. */
int conf_secret_read(const char *path, char *line, size_t line_size, char *why, size_t size);

/* Reads a password: 0, or -errno and a text in WHY. The caller wipes TEXT. */
int conf_password_read(const char *path, char text[CONF_PASSWORD_MAX + 1], char *why, size_t size);

#endif
