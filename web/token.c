/* SPDX-License-Identifier: BSD-2-Clause */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool wanted;
static uint8_t hash[crypto_generichash_BYTES];

static void token_hash(const char *text, size_t len, uint8_t out[crypto_generichash_BYTES])
{
	crypto_generichash(out, crypto_generichash_BYTES, (const uint8_t *)text, len, NULL, 0);
}

static bool is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

/* TEXT as the file has it. */
static int take(char *text, size_t len, const char *path, char *error, size_t size)
{
	const char *end = memchr(text, '\n', len);

	len = end ? (size_t)(end - text) : len;
	if (len < TOKEN_MIN || len > TOKEN_MAX || !is_printable(text, len)) {
		snprintf(error, size,
			 "%s: expected a line of %d to %d printable characters without blanks",
			 path, TOKEN_MIN, TOKEN_MAX);
		return -EINVAL;
	}
	token_hash(text, len, hash);
	wanted = true;
	return 0;
}

int token_read(const char *path, char *error, size_t size)
{
	char text[TOKEN_MAX + 2];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t len = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || (len = read(fd, text, sizeof(text))) < 0) {
		err = -errno;
		snprintf(error, size, "%s: %s", path, strerror(-err));
	} else if (st.st_mode & 07) {
		err = -EPERM;
		snprintf(error, size, "%s: everybody may use it (mode %03o): chmod o= it", path,
			 (unsigned)st.st_mode & 0777);
	} else {
		err = take(text, (size_t)len, path, error, size);
	}
	sodium_memzero(text, sizeof(text));
	if (fd >= 0)
		close(fd);
	return err;
}

bool token_wanted(void)
{
	return wanted;
}

static bool is_it(const char *text, size_t len)
{
	uint8_t other[crypto_generichash_BYTES];

	token_hash(text, len, other);
	return sodium_memcmp(hash, other, sizeof(hash)) == 0;
}

/* What stands behind USER: is the password. */
static bool is_it_basic(const char *base64)
{
	char text[2 * TOKEN_MAX];
	const char *password;
	size_t len;
	bool fits;

	if (sodium_base642bin((uint8_t *)text, sizeof(text), base64, strlen(base64), NULL, &len,
			      NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
		return false;
	password = memchr(text, ':', len);
	fits = password && is_it(password + 1, len - (size_t)(password + 1 - text));
	sodium_memzero(text, sizeof(text));
	return fits;
}

bool token_fits(const char *authorization)
{
	if (!wanted)
		return true;
	if (!authorization)
		return false;
	if (strncasecmp(authorization, "Bearer ", 7) == 0)
		return is_it(authorization + 7, strlen(authorization + 7));
	return strncasecmp(authorization, "Basic ", 6) == 0 && is_it_basic(authorization + 6);
}
