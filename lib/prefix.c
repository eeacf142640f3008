/* SPDX-License-Identifier: BSD-2-Clause */
#include "prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "util.h"

struct addr addr_make(uint8_t family, const void *bytes)
{
	struct addr a = {.family = family};

	memcpy(a.b, bytes, family_bytes(family));
	return a;
}

struct prefix prefix_make(uint8_t family, const void *bytes, uint8_t len)
{
	struct prefix p = {.family = family, .len = len};
	unsigned whole = len / 8;

	memcpy(p.b, bytes, whole);
	if (len % 8)
		p.b[whole] = ((const uint8_t *)bytes)[whole] & (0xff << (8 - len % 8));
	return p;
}

struct prefix prefix_of_addr(const struct addr *a)
{
	bool linked = a->family == AF_INET && addr_has_link(a);
	struct prefix p = prefix_make(a->family, a->b, linked ? 64 : family_bits(a->family));

	p.plane = a->plane;
	return p;
}

struct addr addr_of_prefix(const struct prefix *p)
{
	struct addr a = addr_make(p->family, p->b);

	a.plane = p->plane;
	return a;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->plane != b->plane)
		return a->plane - b->plane;
	if (a->family != b->family)
		return a->family - b->family;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

bool addr_is_link_local(const struct addr *a)
{
	if (a->family == AF_INET6)
		return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
	return a->family == AF_INET && a->b[0] == 169 && a->b[1] == 254;
}

bool addr_is_private(const struct addr *a)
{
	if (a->family == AF_INET6)
		return (a->b[0] & 0xfe) == 0xfc;
	return a->family == AF_INET &&
	       (a->b[0] == 10 || (a->b[0] == 100 && (a->b[1] & 0xc0) == 64) ||
		(a->b[0] == 172 && (a->b[1] & 0xf0) == 16) || (a->b[0] == 192 && a->b[1] == 168));
}

bool addr_is_zero(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

bool addr_is_host(const struct addr *a)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (a->family == AF_INET)
		return a->b[0] != 0 && a->b[0] != 127 && a->b[0] < 224;
	return !addr_is_zero(a) && a->b[0] != 0xff &&
	       memcmp(a->b, loopback6, sizeof(loopback6)) != 0;
}

/* --- links --- */

#define LINK_AT 4 /* octets 4 to 7 */

static struct link_name {
	uint32_t number;
	char name[16];
} * links; /* those spoken of */
static size_t n_links;

static uint32_t link_number(const char *ifname) /* FNV-1a; 0 for none alone */
{
	uint32_t n = 2166136261u;

	for (const char *c = ifname; *c; c++)
		n = (n ^ (uint8_t)*c) * 16777619u;
	return *ifname ? n | 1 : 0;
}

static uint32_t number_in(const struct addr *a)
{
	uint32_t n;

	memcpy(&n, a->b + LINK_AT, sizeof(n));
	return be32toh(n);
}

static bool has_room_for_link(const struct addr *a)
{
	return a->family == AF_INET || (a->family == AF_INET6 && addr_is_link_local(a));
}

static void note_link(uint32_t number, const char *ifname)
{
	for (size_t i = 0; i < n_links; i++)
		if (links[i].number == number)
			return;
	links = xrealloc(links, (n_links + 1) * sizeof(*links));
	links[n_links].number = number;
	if (str_copy(links[n_links].name, ifname, sizeof(links[0].name)))
		n_links++;
}

struct addr addr_on_link(const struct addr *a, const char *ifname)
{
	return a->family == AF_INET ? *a : addr_by_link(a, ifname);
}

struct addr addr_by_link(const struct addr *a, const char *ifname)
{
	struct addr on = *a;
	uint32_t number = htobe32(link_number(ifname));

	if (!has_room_for_link(a))
		return on;
	memcpy(on.b + LINK_AT, &number, sizeof(number));
	if (number)
		note_link(be32toh(number), ifname);
	return on;
}

struct addr addr_off_link(const struct addr *a)
{
	return addr_by_link(a, "");
}

bool addr_has_link(const struct addr *a)
{
	return has_room_for_link(a) && number_in(a);
}

const char *addr_link(const struct addr *a)
{
	for (size_t i = 0; i < n_links && addr_has_link(a); i++)
		if (links[i].number == number_in(a))
			return links[i].name;
	return "";
}

int addr_parse(const char *text, struct addr *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*out = addr_make(AF_INET, bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*out = addr_make(AF_INET6, bytes);
	else
		return -EINVAL;
	return 0;
}

/* A decimal number of at most MAX without sign or blanks; -EINVAL otherwise. */
static long number_parse(const char *text, long max)
{
	char *end;
	long value;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	value = strtol(text, &end, 10);
	return *end == '\0' && value <= max ? value : -EINVAL;
}

int addr_parse_with_len(const char *text, struct addr *out, uint8_t *len)
{
	char host[ADDR_STRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	long bits;

	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(host, out) < 0)
		return -EINVAL;
	bits = family_bits(out->family);
	if (slash)
		bits = number_parse(slash + 1, bits);
	if (bits < 0)
		return -EINVAL;
	*len = bits;
	return 0;
}

int prefix_parse(const char *text, struct prefix *out)
{
	struct addr a;
	uint8_t len;

	if (addr_parse_with_len(text, &a, &len) < 0)
		return -EINVAL;
	*out = prefix_make(a.family, a.b, len);
	return 0;
}

int endpoint_parse(const char *text, struct endpoint *out)
{
	char host[ADDR_STRLEN];
	const char *start = text, *end, *colon;
	long port;

	if (*text == '[') {
		start = text + 1;
		end = strchr(start, ']');
		colon = end ? end + 1 : NULL;
	} else {
		end = colon = strrchr(text, ':');
	}
	if (!colon || *colon != ':' || (size_t)(end - start) >= sizeof(host))
		return -EINVAL;
	memcpy(host, start, end - start);
	host[end - start] = '\0';
	port = number_parse(colon + 1, 65535);
	if (port < 0)
		return -EINVAL;
	*out = (struct endpoint){.port = port};
	if (addr_parse(host, &out->addr) < 0)
		return -EINVAL;
	return (out->addr.family == AF_INET6) == (*text == '[') ? 0 : -EINVAL;
}

static char *put_octet(char *at, unsigned v)
{
	if (v >= 100)
		*at++ = '0' + v / 100;
	if (v >= 10)
		*at++ = '0' + v / 10 % 10;
	*at++ = '0' + v % 10;
	return at;
}

/* Tables of a million lines are full of them: no printf(). */
static char *put_ipv4(char *at, const uint8_t b[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = put_octet(at, b[i]);
	}
	return at;
}

const char *addr_str(const struct addr *a, char out[ADDR_STRLEN])
{
	const char *link = addr_link(a);
	struct addr off = addr_off_link(a);

	if (*link)
		snprintf(out, ADDR_STRLEN, "%s%%%s", addr_str(&off, (char[ADDR_STRLEN]){0}), link);
	else if (a->family == AF_INET)
		*put_ipv4(out, a->b) = '\0';
	else if (!family_bytes(a->family) || !inet_ntop(a->family, a->b, out, ADDR_STRLEN))
		snprintf(out, ADDR_STRLEN, "none");
	return out;
}

const char *prefix_str(const struct prefix *p, char out[PREFIX_STRLEN])
{
	struct addr a = addr_of_prefix(p);
	char *at = out + strlen(addr_str(&a, out));

	*at++ = '/';
	*put_octet(at, p->len) = '\0';
	return out;
}

const char *endpoint_str(const struct endpoint *e, char out[ENDPOINT_STRLEN])
{
	char host[ADDR_STRLEN];

	if (!e->addr.family)
		snprintf(out, ENDPOINT_STRLEN, "none");
	else
		snprintf(out, ENDPOINT_STRLEN, e->addr.family == AF_INET ? "%s:%u" : "[%s]:%u",
			 addr_str(&e->addr, host), e->port);
	return out;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)out;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (e->addr.family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(e->port);
		memcpy(&sin->sin_addr, e->addr.b, 4);
		return sizeof(*sin);
	}
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(e->port);
	sin6->sin6_scope_id = e->scope_id;
	memcpy(&sin6->sin6_addr, e->addr.b, 16);
	return sizeof(*sin6);
}

void endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *out)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

	*out = (struct endpoint){0};
	if (sa->sa_family == AF_INET) {
		out->addr = addr_make(AF_INET, &sin->sin_addr);
		out->port = ntohs(sin->sin_port);
	} else if (sa->sa_family == AF_INET6) {
		out->port = ntohs(sin6->sin6_port);
		out->scope_id = sin6->sin6_scope_id;
		if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr))
			out->addr = addr_make(AF_INET, sin6->sin6_addr.s6_addr + 12);
		else
			out->addr = addr_make(AF_INET6, &sin6->sin6_addr);
	}
}
