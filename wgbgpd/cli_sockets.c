/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h" /* accept4() */

#include "cli_sockets.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "loop.h"
#include "util.h"

#define BACKLOG 64

static struct cli_socket {
	const char *name, *leaf;
	gid_t gid; /* whose members may come */
	int fd;	   /* -1: it is not there */
	struct watch watch;
} sockets[CLI_ACCESSES] = {
	[CLI_CHANGES] = {.name = "cli.sock", .leaf = "cli-write-group", .fd = -1},
	[CLI_READS] = {.name = "cli-read.sock", .leaf = "cli-read-group", .fd = -1},
};
static char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
static cli_accept_fn handler;

static int path_of(const char *name, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	return snprintf(out->sun_path, sizeof(out->sun_path), "%s/%s", dir, name) <
			       (int)sizeof(out->sun_path)
		       ? 0
		       : -ENAMETOOLONG;
}

static void on_accept(int fd, short what, void *arg)
{
	const struct cli_socket *s = arg;
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (got >= 0)
		handler(got, (enum cli_access)(s - sockets));
}

/* The file has its group and mode from its first moment: the group without CAP_CHOWN. */
static int bind_as(int fd, const struct sockaddr_un *at, gid_t gid)
{
	mode_t mask = umask(0117);
	int err;

	setfsgid(gid);
	err = bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ? -errno : 0;
	setfsgid(getegid());
	umask(mask);
	return err;
}

static bool has_group(const struct sockaddr_un *at, gid_t gid)
{
	struct stat st;

	return stat(at->sun_path, &st) == 0 && st.st_gid == gid;
}

static void close_socket(struct cli_socket *s, bool and_file)
{
	struct sockaddr_un at;

	if (s->fd < 0)
		return;
	watch_off(&s->watch);
	close(s->fd);
	s->fd = -1;
	if (and_file && path_of(s->name, &at) == 0)
		unlink(at.sun_path);
}

/* A socket in the place of one that may be there: at no moment is there none. */
static int open_socket(struct cli_socket *s, gid_t gid)
{
	struct sockaddr_un at, final;
	int fd, err = path_of("cli.new", &at);

	if (err || (err = path_of(s->name, &final)))
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(at.sun_path);
	err = bind_as(fd, &at, gid);
	if (!err && (listen(fd, BACKLOG) < 0 || rename(at.sun_path, final.sun_path) < 0))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	if (!has_group(&final, gid) && chmod(final.sun_path, 0600) == 0)
		log_error("cli-group",
			  "socket=%s gid=%u why=\"this process may not give it to that "
			  "group (CAP_SETGID)\"",
			  s->name, (unsigned)gid);
	close_socket(s, false);
	s->fd = fd;
	s->gid = gid;
	watch_init(&s->watch, fd, EV_READ, on_accept, s);
	watch_on(&s->watch);
	return 0;
}

int cli_sockets_start(const char *rundir, cli_accept_fn accepted)
{
	struct sockaddr_un at;

	if (!str_copy(dir, rundir, sizeof(dir)))
		return -ENAMETOOLONG;
	handler = accepted;
	if (path_of(sockets[CLI_READS].name, &at) == 0)
		unlink(at.sun_path); /* of an earlier life */
	return open_socket(&sockets[CLI_CHANGES], getegid());
}

/* True: another group, or none any more. */
static bool change_group(struct cli_socket *s, const char *name)
{
	bool always = s == &sockets[CLI_CHANGES];
	const struct group *g = name ? getgrnam(name) : NULL;
	gid_t gid = g ? g->gr_gid : getegid();
	bool wanted = always || g;
	int err;

	if (name && !g)
		log_error("cli-group", "group=%s why=\"there is no such group\"", name);
	if (wanted == (s->fd >= 0) && (!wanted || s->gid == gid))
		return false;
	err = wanted ? open_socket(s, gid) : 0;
	if (err)
		log_error("cli-group", "socket=%s error=\"%s\"", s->name, strerror(-err));
	if (err || !wanted) /* nobody comes in by a right that is gone */
		close_socket(s, true);
	return true;
}

unsigned cli_sockets_groups(const json_t *config)
{
	const json_t *system = conf_get(config, "system");
	unsigned changed = 0;

	for (int i = 0; i < CLI_ACCESSES; i++)
		if (change_group(&sockets[i], conf_str(system, sockets[i].leaf, NULL)))
			changed |= 1u << i;
	return changed;
}

void cli_sockets_take(enum cli_access access, bool on)
{
	struct cli_socket *s = &sockets[access];

	if (s->fd >= 0 && on)
		watch_on(&s->watch);
	else if (s->fd >= 0)
		watch_off(&s->watch);
}

void cli_sockets_shut(void)
{
	for (int i = 0; i < CLI_ACCESSES; i++)
		close_socket(&sockets[i], true);
}
