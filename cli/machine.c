/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Of two lines with as many words, the word of VALUES where NAMES has NAME. */
static uint64_t value_of(char *names, char *values, const char *name)
{
	char *at = NULL, *other = NULL, *key = strtok_r(names, " \n", &at);
	char *value = strtok_r(values, " \n", &other);

	while (key && value && !str_eq(key, name)) {
		key = strtok_r(NULL, " \n", &at);
		value = strtok_r(NULL, " \n", &other);
	}
	return key && value ? strtoull(value, NULL, 10) : 0;
}

uint64_t machine_tcp_count(const char *name)
{
	FILE *f = fopen("/proc/net/netstat", "re");
	char *names = NULL, *values = NULL;
	size_t names_size = 0, values_size = 0;
	uint64_t count = 0;

	while (f && getline(&names, &names_size, f) > 0 && getline(&values, &values_size, f) > 0)
		if (strncmp(names, "TcpExt: ", 8) == 0)
			count = value_of(names, values, name);
	free(names);
	free(values);
	if (f)
		fclose(f);
	return count;
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
