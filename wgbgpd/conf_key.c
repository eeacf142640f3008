/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

static int check_mode(int fd, char *why, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		snprintf(why, size, "is not a regular file");
		return -EINVAL;
	}
	if (st.st_mode & 077) {
		snprintf(why, size,
			 "has mode %04o: others than its owner may use it; expected 0600",
			 (unsigned)st.st_mode & 07777);
		return -EPERM;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		snprintf(why, size, "belongs to user %u; expected root", (unsigned)st.st_uid);
		return -EPERM;
	}
	return 0;
}

int conf_secret_read(const char *path, char *line, size_t line_size, char *why, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;
	int err;

	if (fd < 0) {
		err = -errno;
		snprintf(why, size, "%s", strerror(-err));
		return err;
	}
	err = check_mode(fd, why, size);
	if (!err) {
		n = read(fd, line, line_size - 1);
		err = n < 0 ? -errno : 0;
		line[n > 0 ? n : 0] = '\0';
		line[strcspn(line, "\r\n")] = '\0';
		if (err)
			snprintf(why, size, "%s", strerror(-err));
	}
	close(fd);
	return err;
}

int conf_key_read(const char *path, uint8_t key[CONF_KEY_BYTES], char *why, size_t size)
{
	char line[128] = "";
	size_t len = 0;
	int err = conf_secret_read(path, line, sizeof(line), why, size);

	if (!err && (sodium_base642bin(key, CONF_KEY_BYTES, line, strlen(line), " \t", &len, NULL,
				       sodium_base64_VARIANT_ORIGINAL) ||
		     len != CONF_KEY_BYTES)) {
		snprintf(why, size, "holds no key; expected 44 characters of base64 (wg genkey)");
		err = -EINVAL;
	}
	sodium_memzero(line, sizeof(line));
	return err;
}

int conf_password_read(const char *path, char text[CONF_PASSWORD_MAX + 1], char *why, size_t size)
{
	char line[256] = "";
	int err = conf_secret_read(path, line, sizeof(line), why, size);

	if (!err && (!line[0] || !str_copy(text, line, CONF_PASSWORD_MAX + 1))) {
		snprintf(why, size, "holds no password; expected 1 to %d bytes in its first line",
			 CONF_PASSWORD_MAX);
		err = -EINVAL;
	}
	sodium_memzero(line, sizeof(line));
	return err;
}
