/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

#define PARENTS_MAX 16 /* shell, sudo, shell ... */

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
static uint64_t counter_of(char *names, char *values, const char *name)
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
			count = counter_of(names, values, name);
	free(names);
	free(values);
	if (f)
		fclose(f);
	return count;
}

/* The address behind the first KEY of a line. */
static bool flow_address(const char *line, const char *key, struct addr *out)
{
	const char *at = strstr(line, key);
	char text[ADDR_STRLEN];

	if (!at)
		return false;
	at += strlen(key);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, " \n"), at);
	return addr_parse(text, out) == 0;
}

static bool read_flow(const char *line, struct machine_flow *out)
{
	char protocol[16];

	if (sscanf(line, "%*s %*s %15s", protocol) != 1 ||
	    (!str_eq(protocol, "tcp") && !str_eq(protocol, "icmp") && !str_eq(protocol, "icmpv6")))
		return false;
	out->answered = !strstr(line, "[UNREPLIED]");
	return flow_address(line, " src=", &out->from) && flow_address(line, " dst=", &out->to);
}

struct machine_flow *machine_flows(size_t max, size_t *n)
{
	FILE *f = fopen("/proc/net/nf_conntrack", "re");
	struct machine_flow *all = NULL, one;
	char *line = NULL;
	size_t size = 0, room = 0;

	*n = 0;
	while (f && *n < max && getline(&line, &size, f) > 0) {
		if (!read_flow(line, &one))
			continue;
		all = xgrow(all, *n, &room, sizeof(*all));
		all[(*n)++] = one;
	}
	free(line);
	if (f)
		fclose(f);
	return all;
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

/* ---- interfaces */

static json_t *interface_row(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {0};
	const char *state = "down";

	str_copy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 && ifr.ifr_flags & IFF_UP)
		state = ifr.ifr_flags & IFF_RUNNING ? "up" : "no-carrier";
	if (fd >= 0)
		close(fd);
	return json_pack("{s:s, s:s, s:i, s:[]}", "name", name, "state", state, "mtu",
			 (int)machine_mtu(name), "addresses");
}

static unsigned mask_bits(const struct sockaddr *mask)
{
	const uint8_t *b = mask->sa_family == AF_INET
				   ? (const void *)&((const struct sockaddr_in *)mask)->sin_addr
				   : (const void *)&((const struct sockaddr_in6 *)mask)->sin6_addr;
	unsigned bits = 0, max = mask->sa_family == AF_INET ? 4 : 16;

	for (unsigned i = 0; i < max; i++)
		bits += (unsigned)__builtin_popcount(b[i]);
	return bits;
}

static void add_address(json_t *rows, const struct ifaddrs *at)
{
	const struct sockaddr *sa = at->ifa_addr;
	char text[INET6_ADDRSTRLEN] = "";
	json_t *row;
	size_t i;

	if (!sa || !at->ifa_netmask || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
		return;
	inet_ntop(sa->sa_family,
		  sa->sa_family == AF_INET
			  ? (const void *)&((const struct sockaddr_in *)sa)->sin_addr
			  : (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr,
		  text, sizeof(text));
	json_array_foreach (rows, i, row)
		if (str_eq(json_string_value(json_object_get(row, "name")), at->ifa_name))
			json_array_append_new(
				json_object_get(row, "addresses"),
				json_sprintf("%s/%u", text, mask_bits(at->ifa_netmask)));
}

json_t *machine_interfaces(void)
{
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *list = NULL;
	json_t *rows = json_array();

	for (struct if_nameindex *n = names; n && n->if_index; n++)
		json_array_append_new(rows, interface_row(n->if_name));
	if (getifaddrs(&list) == 0)
		for (const struct ifaddrs *at = list; at; at = at->ifa_next)
			add_address(rows, at);
	freeifaddrs(list);
	if_freenameindex(names);
	return rows;
}

/* ---- programs */

/* What the child writes; it is at its end when the pipe is closed. */
static void copy_all(int fd, FILE *out)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && (fwrite(part, 1, (size_t)n, out) < (size_t)n || fflush(out) != 0))
			break;
}

static _Noreturn void be_program(const char *const *words, int out, int failed)
{
	int err;

	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	dup2(out, STDOUT_FILENO);
	execvp(words[0], (char *const *)words);
	err = errno;
	if (write(failed, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

int machine_run(const char *const *words, FILE *out)
{
	static const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;
	int to[2], failed[2], status = 0, err = 0;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(failed, O_CLOEXEC) < 0) {
		err = errno;
		close(to[0]);
		close(to[1]);
		return -err;
	}
	fflush(out);
	sigaction(SIGINT, &ignore, &before);
	pid = fork();
	if (pid == 0)
		be_program(words, to[1], failed[1]);
	err = pid < 0 ? errno : 0;
	close(to[1]);
	close(failed[1]);
	if (pid > 0) {
		copy_all(to[0], out);
		if (read(failed[0], &err, sizeof(err)) < 0)
			err = errno;
		close(to[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	} else {
		close(to[0]);
	}
	close(failed[0]);
	sigaction(SIGINT, &before, NULL);
	return err ? -err : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the process had as NAME when it began; owned. */
static char *environment_of(pid_t pid, const char *name)
{
	char *path = xasprintf("/proc/%d/environ", (int)pid), *entry = NULL, *found = NULL;
	size_t size = 0, len = strlen(name);
	FILE *f = fopen(path, "re");

	while (f && !found && getdelim(&entry, &size, '\0', f) > 0)
		if (strncmp(entry, name, len) == 0 && entry[len] == '=')
			found = xstrdup(entry + len + 1);
	if (f)
		fclose(f);
	free(entry);
	free(path);
	return found;
}

/* 0: not known. */
static pid_t parent_of(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", (int)pid), text[512] = "";
	FILE *f = fopen(path, "re");
	const char *behind; /* the name, which may have anything in it */
	int parent = 0;

	if (f && fread(text, 1, sizeof(text) - 1, f) > 0 && (behind = strrchr(text, ')')) &&
	    sscanf(behind, ") %*c %d", &parent) != 1)
		parent = 0;
	if (f)
		fclose(f);
	free(path);
	return parent;
}

char *machine_ssh_connection(void)
{
	const char *own = getenv("SSH_CONNECTION");
	bool person = getenv("SUDO_USER") || isatty(STDIN_FILENO);
	pid_t pid = getppid();
	char *found = own ? xstrdup(own) : NULL;

	for (unsigned i = 0; !found && person && pid > 1 && i < PARENTS_MAX; i++) {
		found = environment_of(pid, "SSH_CONNECTION");
		pid = parent_of(pid);
	}
	return found;
}

time_t machine_clock(void)
{
	return time(NULL);
}
