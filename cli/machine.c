/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdlib.h>

#include "util.h"

long machine_sysctl(const char *path)
{
	char *name = xasprintf("/proc/sys/%s", path);
	FILE *f = fopen(name, "re");
	long value = -1;

	free(name);
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

uint32_t machine_mtu(const char *interface)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {0};
	uint32_t mtu = 0;

	if (str_copy(ifr.ifr_name, interface, sizeof(ifr.ifr_name)) &&
	    ioctl(fd, SIOCGIFMTU, &ifr) == 0)
		mtu = ifr.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

int machine_file_mode(const char *path, mode_t *mode)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	*mode = st.st_mode & 07777;
	return 0;
}

time_t machine_clock(void)
{
	return time(NULL);
}
