/* SPDX-License-Identifier: BSD-2-Clause */
#include "become.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The group of the socket; that of PW where there is no socket, or it is root's. */
static gid_t group_of_readers(const struct passwd *pw, const char *rundir)
{
	char path[128];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/cli-read.sock", rundir) < (int)sizeof(path) &&
	    stat(path, &st) == 0 && st.st_gid != 0)
		return st.st_gid;
	return pw->pw_gid;
}

static int change_user(const struct passwd *pw, const char *rundir)
{
	if (initgroups(pw->pw_name, group_of_readers(pw, rundir)) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int become_user(const char *program, const char *user, const char *rundir)
{
	const struct passwd *pw;
	int err;

	if (geteuid() != 0)
		return 0;
	pw = getpwnam(user);
	if (!pw || pw->pw_uid == 0) {
		fprintf(stderr, "%s: %s is no user to become, and it must not be root\n", program,
			user);
		return -1;
	}
	err = change_user(pw, rundir);
	if (err)
		fprintf(stderr, "%s: cannot become user %s: %s\n", program, user, strerror(-err));
	return err ? -1 : 0;
}
