/* SPDX-License-Identifier: BSD-2-Clause */
#include "kept_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "new_file.h"
#include "util.h"

#define LINE_BYTES 128
#define HEAD "# wgbgp keep-in 1\n"
#define END "# end %zu\n"
#define METRIC_MIN (UINT32_MAX / 2) /* a metric below it might beat somebody's route */

/* What is never routed. */
static bool never_kept(const struct prefix *p)
{
	static const char *const never[] = {"127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
					    "::1/128",	   "fe80::/10",	     "ff00::/8"};
	struct prefix other;

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (prefix_parse(never[i], &other) == 0 && prefix_covers(&other, p))
			return true;
	return false;
}

/* A default route is kept in by a table of ours alone. */
static bool is_place(const struct kept_route *r)
{
	if (r->prefix.len)
		return r->priority == 0;
	return (r->table < RT_TABLE_DEFAULT || r->table > RT_TABLE_LOCAL) &&
	       r->priority <= KEPT_PRIORITY_MAX;
}

bool kept_add(struct kept *k, const struct kept_route *r)
{
	if (k->n >= KEPT_FILE_MAX || !is_place(r) || never_kept(&r->prefix) ||
	    r->table == RT_TABLE_UNSPEC || r->table == RT_TABLE_LOCAL || r->metric < METRIC_MIN ||
	    r->protocol <= RTPROT_STATIC || r->protocol > UINT8_MAX)
		return false;
	k->routes = xgrow(k->routes, k->n, &k->cap, sizeof(*k->routes));
	k->routes[k->n++] = *r;
	return true;
}

void kept_free(struct kept *k)
{
	free(k->routes);
	*k = (struct kept){0};
}

/* ---- one route as a line */

static void route_line(const struct kept_route *r, char out[LINE_BYTES])
{
	char priority[32] = "";

	if (r->priority)
		snprintf(priority, sizeof(priority), " priority %u", r->priority);
	snprintf(out, LINE_BYTES, "%s table %u proto %u metric %u%s\n", PREFIX_STR(&r->prefix),
		 r->table, r->protocol, r->metric, priority);
}

static bool read_route(const char *line, struct kept *out)
{
	char text[LINE_BYTES], again[LINE_BYTES];
	struct kept_route r = {0};

	if (sscanf(line, "%127s table %u proto %u metric %u priority %u", text, &r.table,
		   &r.protocol, &r.metric, &r.priority) < 4 ||
	    prefix_parse(text, &r.prefix) < 0)
		return false;
	route_line(&r, again);
	return str_eq(line, again) && kept_add(out, &r);
}

/* ---- reading */

static bool is_end(const char *line, size_t n)
{
	char end[LINE_BYTES];

	snprintf(end, sizeof(end), END, n);
	return str_eq(line, end);
}

/* The number of the first line that is wrong, or of the one that is missing; 0: none is. */
static unsigned read_lines(FILE *file, struct kept *out)
{
	char line[LINE_BYTES];
	unsigned number = 0;
	bool end = false;

	while (fgets(line, sizeof(line), file)) {
		number++;
		if (number == 1 ? !str_eq(line, HEAD) : end)
			return number;
		end = number > 1 && is_end(line, out->n);
		if (number > 1 && !end && !read_route(line, out))
			return number;
	}
	return end ? 0 : number + 1;
}

/* A descriptor of what nobody but its owner can have written, or -errno with WHY. */
static int open_owned(const char *path, char *why, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int err = fd < 0 ? -errno : 0;
	struct stat st;

	snprintf(why, size, "%s", strerror(-err));
	if (err < 0)
		return err;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & 022))
		return fd;
	close(fd);
	snprintf(why, size, "it is no file that only its owner, root, can write");
	return -EPERM;
}

int kept_file_read(const char *path, struct kept *out, char *why, size_t size)
{
	int fd = open_owned(path, why, size);
	unsigned line;
	FILE *file;

	*out = (struct kept){0};
	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	ensure(file);
	line = read_lines(file, out);
	fclose(file);
	if (!line)
		return 0;
	kept_free(out);
	snprintf(why, size, "line %u is not as wgbgpd writes it", line);
	return -EINVAL;
}

/* ---- writing */

int kept_file_write(const char *path, const struct kept *k)
{
	struct new_file n;
	FILE *file = new_file_begin(&n, path);
	char line[LINE_BYTES];

	if (!file)
		return -errno;
	fputs(HEAD, file);
	for (size_t i = 0; i < k->n; i++) {
		route_line(&k->routes[i], line);
		fputs(line, file);
	}
	fprintf(file, END, k->n);
	return new_file_end(&n, file, true);
}
