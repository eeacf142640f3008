/* SPDX-License-Identifier: BSD-2-Clause */
#include "import_quick.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util.h"

#define MTU_MIN 576
#define MTU_MAX 65535

enum section { SECTION_NONE, SECTION_INTERFACE, SECTION_PEER, SECTION_OTHER };

struct reader {
	struct import *im;
	struct import_interface *f;
	struct import_peer *peer; /* of SECTION_PEER */
	const char *file;
	unsigned line;
	enum section section;
	uint32_t seen;	   /* keys of this section so far, by their rows */
	char *comment;	   /* the last one that stood alone, directly in front of this line */
	bool begins;	   /* no key of the section yet */
	bool section_seen; /* there was an [Interface] */
};

struct quick_key {
	const char *name;
	enum section section;
	bool many; /* may be given several times */
	void (*take)(struct reader *r, char *value);
	const char *left; /* why it is not carried over, where take is NULL */
};

#define quick_error(r, ...) import_note((r)->im, IMPORT_ERROR, (r)->file, (r)->line, __VA_ARGS__)

/* ---- values */

static char *quick_trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool read_number(const char *text, uint64_t max, int base, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoull(text, &end, base);
	return !*end && !errno && *out <= max;
}

/* A secret's text is never repeated. */
static void take_key(struct reader *r, const char *name, const char *value, char out[WG_KEY_STRLEN])
{
	uint8_t key[WG_KEY_BYTES];

	if (wg_key_parse(value, key) == 0)
		str_copy(out, value, WG_KEY_STRLEN);
	else
		quick_error(r, "%s is no key; expected 44 characters of base64", name);
	sodium_memzero(key, sizeof(key));
}

static void take_private_key(struct reader *r, char *value)
{
	take_key(r, "PrivateKey", value, r->f->private_key);
}

static void take_preshared_key(struct reader *r, char *value)
{
	take_key(r, "PresharedKey", value, r->peer->psk);
}

static void take_public_key(struct reader *r, char *value)
{
	take_key(r, "PublicKey", value, r->peer->key);
	for (struct import_peer *p = r->f->peers; p < r->peer && *r->peer->key; p++)
		if (str_eq(p->key, r->peer->key))
			quick_error(r,
				    "PublicKey is that of the peer in line %u, too; expected "
				    "another one",
				    p->line);
}

static void take_listen_port(struct reader *r, char *value)
{
	uint64_t v;

	if (read_number(value, UINT16_MAX, 10, &v))
		r->f->listen_port = (uint16_t)v;
	else
		quick_error(r, "ListenPort = %s; expected a number from 0 to 65535", value);
}

static void take_fwmark(struct reader *r, char *value)
{
	bool hex = strncasecmp(value, "0x", 2) == 0;
	uint64_t v = 0;

	if (strcasecmp(value, "off") == 0 || read_number(value, UINT32_MAX, hex ? 16 : 10, &v))
		r->f->fwmark = (uint32_t)v;
	else
		quick_error(r, "FwMark = %s; expected a number of 32 bits, also as 0x1234, or off",
			    value);
}

static void take_mtu(struct reader *r, char *value)
{
	uint64_t v;

	if (read_number(value, MTU_MAX, 10, &v) && v >= MTU_MIN)
		r->f->mtu = (uint32_t)v;
	else
		quick_error(r, "MTU = %s; expected a number from %d to %d", value, MTU_MIN,
			    MTU_MAX);
}

static void take_table(struct reader *r, char *value)
{
	bool is_main = strcasecmp(value, "auto") == 0 || strcasecmp(value, "main") == 0 ||
		       str_eq(value, "254");

	if (!*value)
		quick_error(r, "Table has no value; expected auto, off, or a routing table");
	r->f->routes = is_main;
	if (!is_main && strcasecmp(value, "off") != 0)
		import_note(r->im, IMPORT_LEFT_OUT, r->file, r->line,
			    "Table = %s: no routes are made in another table than the main one; "
			    "see `plane` and `rib { rule }`",
			    value);
}

/* Calls ONE with each part of a list that commas separate. */
static void each_part(struct reader *r, char *value, void (*one)(struct reader *r, char *part))
{
	char *save = NULL;

	for (char *part = strtok_r(value, ",", &save); part; part = strtok_r(NULL, ",", &save))
		one(r, quick_trim(part));
}

static void take_one_address(struct reader *r, char *text)
{
	struct addr addr;
	uint8_t len;

	if (strchr(text, '/') && addr_parse_with_len(text, &addr, &len) == 0)
		import_add_address(r->f, &addr, len);
	else if (!strchr(text, '/') && addr_parse(text, &addr) == 0)
		import_add_address(r->f, &addr, family_bits(addr.family));
	else
		quick_error(r,
			    "Address = %s; expected an address with its length, such as "
			    "10.9.0.1/24",
			    text);
}

static void take_address(struct reader *r, char *value)
{
	each_part(r, value, take_one_address);
}

static void take_one_allowed(struct reader *r, char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix) == 0)
		import_add_entry(r->peer, &prefix);
	else
		quick_error(r, "AllowedIPs = %s; expected a prefix, such as 192.168.2.0/24", text);
}

static void take_allowed(struct reader *r, char *value)
{
	each_part(r, value, take_one_allowed);
}

/* HOST:PORT as the schema has it; a name, an IPv4 address, an IPv6 address in brackets. */
static bool quick_is_endpoint(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	const char *host = text, *port = strrchr(text, ':');
	uint64_t v;

	if (!port || port == host || !read_number(port + 1, UINT16_MAX, 10, &v) || !v ||
	    port[1] == '0')
		return false;
	if (*host == '[')
		return port[-1] == ']' &&
		       strspn(host + 1, "0123456789abcdefABCDEF:.") == (size_t)(port - host - 2) &&
		       strchr(host, ':') < port;
	return strspn(host, letters) == (size_t)(port - host) && !strchr(".-", *host);
}

static void take_endpoint(struct reader *r, char *value)
{
	free(r->peer->endpoint);
	r->peer->endpoint = NULL;
	if (quick_is_endpoint(value))
		r->peer->endpoint = xstrdup(value);
	else
		quick_error(r,
			    "Endpoint = %s; expected HOST:PORT, with an IPv6 address in "
			    "brackets",
			    value);
}

static void take_keepalive(struct reader *r, char *value)
{
	uint64_t v = 0;

	if (strcasecmp(value, "off") == 0 || read_number(value, UINT16_MAX, 10, &v))
		r->peer->keepalive = (uint16_t)v;
	else
		quick_error(r, "PersistentKeepalive = %s; expected seconds, up to 65535, or off",
			    value);
}

/* ---- keys */

#define NO_COMMANDS "wgbgp runs no commands; a unit of systemd can"

static const struct quick_key keys[] = {
	{"PrivateKey", SECTION_INTERFACE, false, take_private_key, NULL},
	{"ListenPort", SECTION_INTERFACE, false, take_listen_port, NULL},
	{"FwMark", SECTION_INTERFACE, false, take_fwmark, NULL},
	{"Address", SECTION_INTERFACE, true, take_address, NULL},
	{"MTU", SECTION_INTERFACE, false, take_mtu, NULL},
	{"Table", SECTION_INTERFACE, false, take_table, NULL},
	{"DNS", SECTION_INTERFACE, true, NULL, "wgbgp sets no name servers"},
	{"PreUp", SECTION_INTERFACE, true, NULL, NO_COMMANDS},
	{"PostUp", SECTION_INTERFACE, true, NULL, NO_COMMANDS},
	{"PreDown", SECTION_INTERFACE, true, NULL, NO_COMMANDS},
	{"PostDown", SECTION_INTERFACE, true, NULL, NO_COMMANDS},
	{"SaveConfig", SECTION_INTERFACE, false, NULL,
	 "the configuration is written by `configure` alone"},
	{"PublicKey", SECTION_PEER, false, take_public_key, NULL},
	{"PresharedKey", SECTION_PEER, false, take_preshared_key, NULL},
	{"AllowedIPs", SECTION_PEER, true, take_allowed, NULL},
	{"Endpoint", SECTION_PEER, false, take_endpoint, NULL},
	{"PersistentKeepalive", SECTION_PEER, false, take_keepalive, NULL},
};

static const struct quick_key *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcasecmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static const char *section_name(enum section section)
{
	return section == SECTION_PEER ? "[Peer]" : "[Interface]";
}

static void take_known(struct reader *r, const struct quick_key *key, char *value)
{
	uint32_t bit = 1u << (key - keys);

	if (key->section != r->section) {
		quick_error(r, "%s stands in no %s section; expected it in one", key->name,
			    section_name(key->section));
		return;
	}
	if (r->seen & bit && !key->many)
		import_note(r->im, IMPORT_REMARK, r->file, r->line,
			    "%s is given twice: this one counts", key->name);
	r->seen |= bit;
	if (key->take)
		key->take(r, value);
	else
		import_note(r->im, IMPORT_LEFT_OUT, r->file, r->line, "%s = %s: %s", key->name,
			    value, key->left);
}

static void take_line(struct reader *r, char *text)
{
	char *equals = strchr(text, '='), *name = text;
	const struct quick_key *key;

	if (!equals) {
		quick_error(r, "%s; expected KEY = VALUE, [Interface] or [Peer]", text);
		return;
	}
	*equals = '\0';
	name = quick_trim(name);
	key = find_key(name);
	if (r->section == SECTION_OTHER)
		return; /* said at its head */
	if (r->section == SECTION_NONE)
		quick_error(r, "%s stands in no section; expected [Interface] in front", name);
	else if (key)
		take_known(r, key, quick_trim(equals + 1));
	else
		import_note(r->im, IMPORT_LEFT_OUT, r->file, r->line,
			    "%s is no key of wg(8) or wg-quick(8)", name);
	r->begins = false;
}

/* ---- sections and comments */

static void end_section(struct reader *r)
{
	if (r->section == SECTION_PEER && !(r->seen & 1u << (find_key("PublicKey") - keys)))
		import_note(r->im, IMPORT_ERROR, r->file, r->peer->line,
			    "[Peer] without a PublicKey; expected one");
	r->section = SECTION_NONE;
	r->seen = 0;
	r->begins = true;
}

/* What a comment calls a peer: "site b", "Name = site b". One that is a key which was switched off
 * says no name. */
static void take_label(struct reader *r, const char *comment)
{
	const char *equals = strchr(comment, '='), *name = comment;
	size_t len = equals ? (size_t)(equals - comment) : 0;

	while (len && isspace((unsigned char)comment[len - 1]))
		len--;
	if (equals && !(len == 4 && strncasecmp(comment, "name", len) == 0) &&
	    !(len == 13 && strncasecmp(comment, "friendly_name", len) == 0))
		return;
	if (equals)
		name = equals + 1 + strspn(equals + 1, " \t");
	if (*name && !r->peer->label)
		r->peer->label = xstrdup(name);
}

static void begin_section(struct reader *r, const char *head, const char *comment)
{
	end_section(r);
	if (strcasecmp(head, "[Interface]") == 0) {
		r->section = SECTION_INTERFACE;
		r->section_seen = true;
		return;
	}
	if (strcasecmp(head, "[Peer]") != 0) {
		quick_error(r, "%s; expected [Interface] or [Peer]", head);
		r->section = SECTION_OTHER;
		return;
	}
	r->section = SECTION_PEER;
	r->peer = import_add_peer(r->f, r->line);
	if (*comment)
		take_label(r, comment);
	if (r->comment)
		take_label(r, r->comment);
}

static void keep_comment(struct reader *r, const char *comment)
{
	free(r->comment);
	r->comment = comment && *comment ? xstrdup(comment) : NULL;
}

static void quick_line(struct reader *r, char *text)
{
	char *hash = strchr(text, '#'), *comment = NULL;

	if (hash) {
		*hash = '\0';
		comment = quick_trim(hash + 1 + strspn(hash + 1, "#"));
	}
	text = quick_trim(text);
	if (*text == '[')
		begin_section(r, text, comment ? comment : "");
	else if (*text)
		take_line(r, text);
	else if (comment && r->section == SECTION_PEER && r->begins)
		take_label(r, comment);
	keep_comment(r, *text ? NULL : comment);
}

void import_quick_read(struct import *im, const char *name, FILE *file)
{
	struct reader r = {.im = im, .f = &im->ifs[im->n_ifs - 1], .file = name, .begins = true};
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, file)) >= 0) {
		r.line++;
		if (strlen(line) != (size_t)len)
			quick_error(&r, "a NUL byte; expected text");
		else
			quick_line(&r, line);
	}
	end_section(&r);
	r.line = 0;
	if (ferror(file))
		quick_error(&r, "%s", strerror(errno));
	else if (!r.section_seen)
		quick_error(&r, "there is no [Interface]; expected a file of wg-quick");
	keep_comment(&r, NULL);
	if (line)
		sodium_memzero(line, size);
	free(line);
}

/* wg-quick(8) takes these letters, the schema some of them. */
static bool name_of_file(const char *path, char out[IFNAMSIZ])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(base);

	if (len < 6 || len - 5 >= IFNAMSIZ || !str_eq(base + len - 5, ".conf"))
		return false;
	memcpy(out, base, len - 5);
	out[len - 5] = '\0';
	return strspn(out, letters) == len - 5 && !strchr(".-", *out);
}

void import_quick_file(struct import *im, const char *path)
{
	char name[IFNAMSIZ];
	FILE *file;

	if (!name_of_file(path, name)) {
		import_note(im, IMPORT_ERROR, path, 0,
			    "expected a file INTERFACE.conf, INTERFACE of at most 15 letters, "
			    "digits, '_', '.' and '-'");
		return;
	}
	file = fopen(path, "re");
	if (!file) {
		import_note(im, IMPORT_ERROR, path, 0, "%s", strerror(errno));
		return;
	}
	import_add_interface(im, path, name);
	import_quick_read(im, path, file);
	fclose(file);
}
