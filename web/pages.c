/* SPDX-License-Identifier: BSD-2-Clause */
#include "pages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "conns.h"
#include "reply.h"

#define DEPTH_MAX 4

static struct page {
	char *path; /* "/app.js" */
	const char *type;
	char tag[48]; /* another one when the file is */
	struct text *text;
} * all;
static size_t n_pages, cap_pages, n_bytes;

static const struct {
	const char *end, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".txt", "text/plain; charset=utf-8"},
	{".webmanifest", "application/manifest+json"},
};

static const char *type_of(const char *name)
{
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end && i < ARRAY_SIZE(types); i++)
		if (str_eq(types[i].end, end))
			return types[i].type;
	return "application/octet-stream";
}

static int read_page(int fd, const struct stat *st, const char *path)
{
	struct wr w = {0};
	struct page *p;
	int err;

	if (n_pages == PAGES_FILES_MAX || (size_t)st->st_size > PAGES_BYTES_MAX - n_bytes)
		return -EFBIG;
	err = wr_fill(&w, fd, PAGES_BYTES_MAX - n_bytes);
	if (err) {
		wr_free(&w);
		return err;
	}
	n_bytes += w.len;
	all = xgrow(all, n_pages, &cap_pages, sizeof(*all));
	p = &all[n_pages++];
	*p = (struct page){.path = xstrdup(path), .type = type_of(path)};
	snprintf(p->tag, sizeof(p->tag), "\"%llx-%zx\"", (unsigned long long)st->st_mtime, w.len);
	p->text = text_new((char *)w.data, w.len);
	return 0;
}

static int read_dir(int fd, const char *path, unsigned depth);

static int read_entry(int dir, const char *path, const char *name, unsigned depth)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), err = 0;
	struct stat st;
	char *whole;

	if (fd < 0)
		return errno == ELOOP ? 0 : -errno;
	whole = xasprintf("%s/%s", path, name);
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISREG(st.st_mode))
		err = read_page(fd, &st, whole);
	else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		err = read_dir(fd, whole, depth + 1);
	free(whole);
	close(fd);
	return err;
}

/* FD stays the caller's. */
static int read_dir(int fd, const char *path, unsigned depth)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0), err = 0;
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;

	if (!dir) {
		err = -errno;
		if (own >= 0)
			close(own);
		return err;
	}
	while (!err && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			err = read_entry(fd, path, entry->d_name, depth);
	closedir(dir);
	return err;
}

int pages_read(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = read_dir(fd, "", 0);
	close(fd);
	if (err)
		pages_free();
	return err ? err : (int)n_pages;
}

int pages_read_file(const char *file, const char *path)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC), err;
	struct stat st;

	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) < 0    ? -errno
	      : S_ISREG(st.st_mode) ? read_page(fd, &st, path)
				    : -EINVAL;
	close(fd);
	return err;
}

void pages_free(void)
{
	while (n_pages) {
		struct page *p = &all[--n_pages];

		free(p->path);
		text_unref(p->text);
	}
	free(all);
	all = NULL;
	cap_pages = n_bytes = 0;
}

static const struct page *page_of(const char *path)
{
	size_t len = strlen(path);
	bool dir = len && path[len - 1] == '/';

	for (size_t i = 0; i < n_pages; i++) {
		const char *own = all[i].path;

		if (str_eq(own, path) ||
		    (dir && strncmp(own, path, len) == 0 && str_eq(own + len, "index.html")))
			return &all[i];
	}
	return NULL;
}

/* Nothing is loaded from elsewhere, and nobody frames the page. dygraphs gives its labels styles of
 * their own. */
#define POLICY                                                                                    \
	"default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri " \
	"'none'; form-action 'none'"

void pages(struct evhttp_request *req, const char *path)
{
	const struct page *p = page_of(path);
	struct evkeyvalq *heads = evhttp_request_get_output_headers(req);
	const char *has =
		evhttp_find_header(evhttp_request_get_input_headers(req), "If-None-Match");

	if (!p) {
		reply_error(req, HTTP_NOTFOUND, "there is no such page");
		return;
	}
	evhttp_add_header(heads, "ETag", p->tag);
	evhttp_add_header(heads, "Cache-Control", "no-cache");
	evhttp_add_header(heads, "Content-Security-Policy", POLICY);
	evhttp_add_header(heads, "Referrer-Policy", "no-referrer");
	if (!has || !str_eq(has, p->tag)) {
		reply_text(req, HTTP_OK, p->type, p->text);
		return;
	}
	conns_taking(req, 0);
	evhttp_send_reply(req, HTTP_NOTMODIFIED, NULL, NULL);
}
