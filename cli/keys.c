/* SPDX-License-Identifier: BSD-2-Clause */
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_key.h"
#include "new_file.h"
#include "table.h"
#include "util.h"

static int keys_fail(struct cli_session *s, const char *path, const char *why)
{
	char *text = xasprintf("%s: %s", path, why);

	session_fail(s, text);
	free(text);
	return -1;
}

/* Standard output is a file that others may read. */
static bool is_public(FILE *out)
{
	int fd = fileno(out) >= 0 ? fileno(out) : STDOUT_FILENO;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077);
}

int keys_put_secret(struct cli_session *s, const char *path, bool overwrite, const char *text)
{
	int err;

	if (!*path && is_public(s->out))
		return keys_fail(
			s, "standard output",
			"others may read this file; set `umask 077` first, or name a file");
	if (!*path) {
		fputs(text, s->out);
		return 0;
	}
	if (!overwrite && access(path, F_OK) == 0)
		return keys_fail(s, path, "is there; `overwrite` replaces it");
	err = new_file_put_at(AT_FDCWD, path, text, strlen(text), KEY_FILE_MODE);
	return err ? keys_fail(s, path, strerror(-err)) : 0;
}

static int put_key(struct cli_session *s, const struct cli_line *line,
		   const uint8_t key[WG_KEY_BYTES])
{
	char text[WG_KEY_STRLEN + 1], base64[WG_KEY_STRLEN];
	int err;

	snprintf(text, sizeof(text), "%s\n", wg_key_str(key, base64));
	err = keys_put_secret(s, str_of(line->request, "file"), is_true(line->request, "overwrite"),
			      text);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(base64, sizeof(base64));
	return err;
}

void keys_public(const uint8_t key[WG_KEY_BYTES], char out[WG_KEY_STRLEN])
{
	uint8_t public[WG_KEY_BYTES];

	if (crypto_scalarmult_base(public, key) < 0)
		fatal("%s", __func__);
	wg_key_str(public, out);
}

/* The private key's public one, for whoever configures the other end. */
static void say_public(struct cli_session *s, const uint8_t key[WG_KEY_BYTES])
{
	char text[WG_KEY_STRLEN];

	keys_public(key, text);
	fprintf(s->out, "%s\n", text);
}

/* As wg(8) has them: clamped (RFC 7748 section 5). */
int keys_genkey(struct cli_session *s, const struct cli_line *line)
{
	uint8_t key[WG_KEY_BYTES];
	int err;

	randombytes_buf(key, sizeof(key));
	key[0] &= 248;
	key[31] = (key[31] & 127) | 64;
	err = put_key(s, line, key);
	if (!err && *str_of(line->request, "file"))
		say_public(s, key);
	sodium_memzero(key, sizeof(key));
	return err;
}

int keys_genpsk(struct cli_session *s, const struct cli_line *line)
{
	uint8_t key[WG_KEY_BYTES];
	int err;

	randombytes_buf(key, sizeof(key));
	err = put_key(s, line, key);
	sodium_memzero(key, sizeof(key));
	return err;
}

bool keys_read(struct cli_session *s, const char *path, uint8_t key[WG_KEY_BYTES])
{
	char why[256];

	if (conf_key_read(path, key, why, sizeof(why)) == 0)
		return true;
	keys_fail(s, path, why);
	return false;
}

/* From standard input, as `wg pubkey`. */
static bool read_stdin(struct cli_session *s, uint8_t key[WG_KEY_BYTES])
{
	char text[WG_KEY_STRLEN + 8] = "";
	ssize_t n, len = 0;
	bool ok;

	while ((n = read(STDIN_FILENO, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[strcspn(text, "\r\n")] = '\0';
	ok = wg_key_parse(text, key) == 0;
	sodium_memzero(text, sizeof(text));
	if (!ok)
		session_fail(s, "standard input: holds no key; expected 44 characters of base64");
	return ok;
}

int keys_pubkey(struct cli_session *s, const struct cli_line *line)
{
	const char *path = str_of(line->request, "file");
	uint8_t key[WG_KEY_BYTES];
	bool ok;

	if (!*path && s->interactive) {
		session_fail(s, "which file holds the private key?");
		return -1;
	}
	ok = *path ? keys_read(s, path, key) : read_stdin(s, key);
	if (ok)
		say_public(s, key);
	sodium_memzero(key, sizeof(key));
	return ok ? 0 : -1;
}
