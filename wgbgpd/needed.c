/* SPDX-License-Identifier: BSD-2-Clause */
#include "needed.h"

#include <glob.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util.h"
#include "way.h"

#define SSH_PORT 22
#define PORTS_MAX 8
#define TCP_ESTABLISHED 1 /* of the kernel's enum */

const char *needed_tcp[2] = {"/proc/net/tcp", "/proc/net/tcp6"};
/* The second one has what the stub resolver of systemd asks. */
const char *needed_resolv[2] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};

const char *needed_sshd = "/etc/ssh/sshd_config*"; /* and what is in the folder of that name */

struct found {
	struct needed *v;
	unsigned n;
	needed_fn is_wanted;
	void *arg;
	struct ifaddrs *machine;	   /* its addresses */
	unsigned port[PORTS_MAX], n_ports; /* of sshd */
};

static bool is_found(const struct found *f, const struct addr *a)
{
	for (unsigned i = 0; i < f->n; i++)
		if (addr_eq(&f->v[i].addr, a))
			return true;
	return false;
}

/* LOCAL: the interface of the session's address; NULL: a name server. */
static void add(struct found *f, const struct addr *a, const char *local)
{
	struct needed *to = &f->v[f->n];
	uint32_t oif = 0;

	if (f->n == NEEDED_MAX || addr_is_zero(a) || addr_is_link_local(a) || is_found(f, a))
		return;
	to->resolver = !local;
	to->interface[0] = '\0';
	if (way_leads(a, 0, &oif) ? !oif || !if_indextoname(oif, to->interface) : !to->resolver)
		return;
	if (str_eq(to->interface, "lo"))
		return;
	to->addr = *a;
	str_copy(to->local, local ? local : "", sizeof(to->local));
	if (f->is_wanted(f->arg, to))
		f->n++;
}

/* Words of 32 bits in the machine's order, as hexadecimal digits. */
static bool read_words(const char *hex, struct addr *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t b[16];
	size_t n = strlen(hex) / 8;

	if (n != 1 && n != 4)
		return false;
	for (size_t i = 0; i < n; i++) {
		char digits[9];
		uint32_t word;

		snprintf(digits, sizeof(digits), "%s", hex + 8 * i);
		word = (uint32_t)strtoul(digits, NULL, 16);
		memcpy(b + 4 * i, &word, sizeof(word));
	}
	if (n == 1)
		*out = addr_make(AF_INET, b);
	else if (memcmp(b, mapped, sizeof(mapped)) == 0)
		*out = addr_make(AF_INET, b + sizeof(mapped));
	else
		*out = addr_make(AF_INET6, b);
	return true;
}

static bool is_sshd(const struct found *f, unsigned port)
{
	for (unsigned i = 0; i < f->n_ports; i++)
		if (f->port[i] == port)
			return true;
	return port == SSH_PORT;
}

/* `Port 2222`, `ListenAddress 10.5.0.1:2222`; NULL: no port is named. */
static const char *port_of(const char *word, const char *value)
{
	const char *colon = strrchr(value, ':');

	if (strcasecmp(word, "Port") == 0)
		return value;
	if (strcasecmp(word, "ListenAddress") != 0 || !colon || colon == value)
		return NULL;
	return colon[-1] == ']' || strchr(value, ':') == colon ? colon + 1 : NULL;
}

static void read_port(struct found *f, const char *line)
{
	char word[16], value[128];
	const char *digits;
	unsigned port;

	if (sscanf(line, " %15[A-Za-z]%*[ \t=\"]%127s", word, value) != 2)
		return;
	digits = port_of(word, value);
	port = digits ? (unsigned)strtoul(digits, NULL, 10) : SSH_PORT;
	if (f->n_ports < PORTS_MAX && !is_sshd(f, port))
		f->port[f->n_ports++] = port;
}

/* NULL: none of this machine has it; "": which one is not known. */
static const char *interface_with(const struct found *f, const struct addr *a)
{
	if (!f->machine)
		return "";
	for (const struct ifaddrs *i = f->machine; i; i = i->ifa_next) {
		struct endpoint e;

		if (!i->ifa_addr)
			continue;
		endpoint_from_sockaddr(i->ifa_addr, &e);
		if (addr_eq(&e.addr, a))
			return i->ifa_name;
	}
	return NULL;
}

static void read_session(struct found *f, const char *line)
{
	char near[33], far[33];
	unsigned port, state;
	struct addr here, there;
	const char *local;

	if (sscanf(line, " %*u: %32[0-9A-F]:%x %32[0-9A-F]:%*x %x", near, &port, far, &state) !=
		    4 ||
	    !is_sshd(f, port) || state != TCP_ESTABLISHED || !read_words(near, &here) ||
	    !read_words(far, &there))
		return;
	local = interface_with(f, &here);
	if (local)
		add(f, &there, local);
}

static void read_server(struct found *f, const char *line)
{
	char text[ADDR_STRLEN];
	struct addr a;

	if (sscanf(line, " nameserver %47s", text) == 1 && addr_parse(text, &a) == 0)
		add(f, &a, NULL);
}

static void needed_lines(struct found *f, const char *path,
			 void (*read)(struct found *f, const char *line))
{
	FILE *file = fopen(path, "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		read(f, line);
	if (file)
		fclose(file);
}

static void read_ports(struct found *f)
{
	glob_t files = {0};
	char *in_folder = xasprintf("%s/*.conf", needed_sshd);

	glob(needed_sshd, 0, NULL, &files);
	glob(in_folder, GLOB_APPEND, NULL, &files);
	for (size_t i = 0; i < files.gl_pathc; i++)
		needed_lines(f, files.gl_pathv[i], read_port);
	globfree(&files);
	free(in_folder);
}

unsigned needed_read(struct needed out[NEEDED_MAX], needed_fn is_wanted, void *arg)
{
	struct found f = {.v = out, .is_wanted = is_wanted, .arg = arg};

	if (way_open() < 0)
		return 0;
	if (getifaddrs(&f.machine) < 0)
		f.machine = NULL;
	read_ports(&f);
	for (unsigned i = 0; i < ARRAY_SIZE(needed_resolv); i++)
		needed_lines(&f, needed_resolv[i], read_server);
	for (unsigned i = 0; i < ARRAY_SIZE(needed_tcp); i++)
		needed_lines(&f, needed_tcp[i], read_session);
	way_close();
	if (f.machine)
		freeifaddrs(f.machine);
	return f.n;
}
