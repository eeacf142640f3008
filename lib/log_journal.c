/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_journal.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ENTRY_BYTES (LOG_JSON_BYTES + 4 * LOG_LINE_BYTES)
#define NAME_BYTES 65 /* of a field: the journal takes 64 */

static int journal_fd = -1;
static struct sockaddr_un journal_at = {.sun_family = AF_UNIX};

struct entry {
	char text[ENTRY_BYTES];
	size_t len;
};

bool log_journal_reads(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static bool reach(void)
{
	return connect(journal_fd, (const struct sockaddr *)&journal_at, sizeof(journal_at)) == 0;
}

bool log_journal_open(const char *path)
{
	log_journal_close();
	if (strlen(path) >= sizeof(journal_at.sun_path))
		return false;
	strcpy(journal_at.sun_path, path);
	journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (journal_fd >= 0 && reach())
		return true;
	log_journal_close();
	return false;
}

void log_journal_close(void)
{
	if (journal_fd >= 0)
		close(journal_fd);
	journal_fd = -1;
}

/* A value with a newline stands behind its length, little endian. */
static void put_field(struct entry *e, const char *name, const char *value, size_t len)
{
	bool framed = memchr(value, '\n', len) != NULL;
	size_t n = strlen(name);

	if (e->len + n + len + 16 > sizeof(e->text))
		return;
	memcpy(e->text + e->len, name, n);
	e->len += n;
	e->text[e->len++] = framed ? '\n' : '=';
	for (unsigned i = 0; framed && i < 8; i++)
		e->text[e->len++] = (char)((uint64_t)len >> 8 * i & 0xff);
	memcpy(e->text + e->len, value, len);
	e->len += len;
	e->text[e->len++] = '\n';
}

/* "listen-port" is WGBGP_LISTEN_PORT. */
static bool field_name(const struct log_field *f, char out[NAME_BYTES])
{
	size_t n = strlen("WGBGP_");

	if (!f->key_len || n + f->key_len >= NAME_BYTES)
		return false;
	strcpy(out, "WGBGP_");
	for (size_t i = 0; i < f->key_len; i++) {
		char c = f->key[i];

		if (c != '-' && (c < 'a' || c > 'z'))
			return false;
		out[n++] = (char)(c == '-' ? '_' : c - 'a' + 'A');
	}
	out[n] = '\0';
	return true;
}

static bool deliver(const struct entry *e)
{
	const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

	if (send(journal_fd, e->text, e->len, flags) >= 0)
		return true;
	/* whoever listened there is gone; another one may have come */
	return (errno == ECONNREFUSED || errno == ECONNRESET || errno == ENOTCONN) && reach() &&
	       send(journal_fd, e->text, e->len, flags) >= 0;
}

bool log_journal_send(int priority, const char *identifier, const char *host,
		      const struct log_line *l, const char *message)
{
	char digit = (char)('0' + priority), name[NAME_BYTES];
	struct log_field f;
	struct entry e;
	size_t at = 0;

	if (journal_fd < 0)
		return false;
	e.len = 0;
	put_field(&e, "MESSAGE", message, strlen(message));
	put_field(&e, "PRIORITY", &digit, 1);
	put_field(&e, "SYSLOG_IDENTIFIER", identifier, strlen(identifier));
	put_field(&e, "WGBGP_EVENT", l->text, log_line_event(l->text));
	if (*host)
		put_field(&e, "WGBGP_HOST", host, strlen(host));
	while (log_field_next(l->text, &at, &f))
		if (field_name(&f, name))
			put_field(&e, name, f.value, f.value_len);
	return deliver(&e);
}
