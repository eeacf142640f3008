/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reads a file of /proc as text; "" when it cannot be read. */
static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return;
	n = read(fd, text, size - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
}

char process_state(pid_t pid)
{
	char path[64], text[512];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	read_text(path, text, sizeof(text));
	end = strrchr(text, ')'); /* the name may have anything in it */
	return end && end[1] == ' ' ? end[2] : 0;
}

int process_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int process_kill_by(int pidfd)
{
	return syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
}

int process_kill_group(pid_t leader)
{
	return kill(-leader, SIGKILL) < 0 && kill(leader, SIGKILL) < 0 ? -errno : 0;
}

bool process_program(pid_t pid, char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, size - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	if ((size_t)n > tail && strcmp(path + n - tail, deleted) == 0)
		path[(size_t)n - tail] = '\0';
	return true;
}

/* fdinfo names the locks of that open file. Who merely opened the same file has none. */
static bool is_locked(pid_t pid, const char *name)
{
	char path[320], text[2048];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, name);
	read_text(path, text, sizeof(text));
	return strstr(text, "FLOCK");
}

bool process_holds_lock(pid_t pid, int fd)
{
	struct stat want, have;
	struct dirent *entry;
	bool holds = false;
	char path[320];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir || fstat(fd, &want) < 0) {
		if (dir)
			closedir(dir);
		return false;
	}
	while (!holds && (entry = readdir(dir)))
		holds = fstatat(dirfd(dir), entry->d_name, &have, 0) == 0 &&
			have.st_dev == want.st_dev && have.st_ino == want.st_ino &&
			is_locked(pid, entry->d_name);
	closedir(dir);
	return holds;
}
