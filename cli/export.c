/* SPDX-License-Identifier: BSD-2-Clause */
#include "export.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "conf.h"
#include "export_allowed.h"
#include "export_text.h"
#include "keys.h"
#include "messages.h"
#include "qr.h"
#include "table.h"
#include "util.h"

#define KEEPALIVE 25 /* a client is behind a NAT unless somebody says what it needs */

struct export
{
	struct cli_session *s;
	const json_t *request;
	json_t *interfaces, *configuration; /* as `show` has them */
	const json_t *interface, *peer;	    /* in INTERFACES */
	char *endpoint;
	struct export_client client;
};

/* False, for whoever returns it. */
static bool PRINTF_LIKE(2, 3) export_fail(struct export *e, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	session_fail(e->s, text);
	return false;
}

/* ---- what runs */

static json_t *export_ask(struct export *e, json_t *request)
{
	char error[MSG_ERROR_MAX];
	json_t *answer = client_ask(e->s->client, request, error, sizeof(error));

	json_decref(request);
	if (!answer)
		session_fail(e->s, error);
	return answer;
}

static bool export_find(struct export *e)
{
	const char *interface = str_of(e->request, "interface"), *peer = str_of(e->request, "peer");

	e->interfaces = export_ask(e, json_pack("{s:s}", "command", "wireguard"));
	if (!e->interfaces)
		return false;
	e->configuration = export_ask(
		e, json_pack("{s:s, s:s}", "command", "configuration", "format", "json"));
	if (!e->configuration)
		return false;
	e->interface = row_named(json_object_get(e->interfaces, "interfaces"), interface);
	if (!e->interface)
		return export_fail(e, "%s: no such interface", interface);
	e->peer = row_named(json_object_get(e->interface, "peers"), peer);
	if (!e->peer)
		return export_fail(e, "%s: no such peer of %s", peer, interface);
	return true;
}

/* ---- its parts */

static bool export_take_private_key(struct export *e)
{
	const char *path = str_of(e->request, "private-key");
	char public[WG_KEY_STRLEN];
	uint8_t key[WG_KEY_BYTES];

	if (!*path)
		return true;
	if (!keys_read(e->s, path, key))
		return false;
	keys_public(key, public);
	wg_key_str(key, e->client.private_key);
	sodium_memzero(key, sizeof(key));
	return str_eq(public, str_of(e->peer, "public-key")) ||
	       export_fail(e, "%s: is the key of %s, and peer %s has public-key %s", path, public,
			   str_of(e->peer, "name"), str_of(e->peer, "public-key"));
}

/* Its file is known to the configuration alone. */
static bool take_psk(struct export *e)
{
	const json_t *list = conf_list(conf_get(e->configuration, "wireguard"), "interface");
	const json_t *interface = row_named(list, str_of(e->interface, "name"));
	const json_t *peer = row_named(conf_list(interface, "peer"), str_of(e->peer, "name"));
	const char *path = conf_str(peer, "preshared-key-file", "");
	uint8_t key[WG_KEY_BYTES];

	if (!*path)
		return true;
	if (!keys_read(e->s, path, key))
		return false;
	wg_key_str(key, e->client.psk);
	sodium_memzero(key, sizeof(key));
	return true;
}

static bool export_take_public_key(struct export *e)
{
	str_copy(e->client.public_key, str_of(e->interface, "public-key"), WG_KEY_STRLEN);
	return *e->client.public_key ||
	       export_fail(e, "%s has no private key", str_of(e->interface, "name"));
}

/* "hub.example.net", "192.0.2.1:51820", "2001:db8::1", "[2001:db8::1]:51820": the port is ours
 * where none is said. */
static bool export_take_endpoint(struct export *e)
{
	const char *text = str_of(e->request, "endpoint"), *colon = strrchr(text, ':');
	long port = int_of(e->interface, "listen-port");
	struct addr a;

	if (!*text)
		return export_fail(e, "where is this machine reached from outside? `endpoint "
				      "ADDRESS`, or a name");
	if (addr_parse(text, &a) == 0 && a.family == AF_INET6)
		e->endpoint = xasprintf("[%s]:%ld", text, port);
	else if (colon && colon[1] != '\0' && text[strlen(text) - 1] != ']')
		e->endpoint = xstrdup(text);
	else
		e->endpoint = xasprintf("%s:%ld", text, port);
	e->client.endpoint = e->endpoint;
	return port || str_eq(e->endpoint, text) ||
	       export_fail(e, "%s listens on no port of its own: `endpoint %s:PORT`",
			   str_of(e->interface, "name"), text);
}

static bool take_addresses(struct export *e)
{
	const json_t *list = json_object_get(e->peer, "tunnel-addresses");
	struct export_client *c = &e->client;
	json_t *text;
	size_t i;

	c->addrs = xcalloc(json_array_size(list) + 1, sizeof(*c->addrs));
	json_array_foreach (list, i, text)
		if (prefix_parse(json_string_value(text), &c->addrs[c->n_addrs]) == 0)
			c->n_addrs++;
	return c->n_addrs ||
	       export_fail(e, "peer %s has no tunnel-address", str_of(e->peer, "name"));
}

/* The networks of a list with commas, as they are. */
static void said_allowed(struct export_client *c, const char *text)
{
	char *copy = xstrdup(text), *save, *one;
	size_t cap = 0;

	for (one = strtok_r(copy, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
		c->allowed = xgrow(c->allowed, c->n_allowed, &cap, sizeof(*c->allowed));
		if (prefix_parse(one, &c->allowed[c->n_allowed]) == 0)
			c->n_allowed++;
	}
	free(copy);
}

static bool export_take_allowed(struct export *e)
{
	const char *said = str_of(e->request, "allowed-ips");
	struct export_client *c = &e->client;

	if (*said)
		said_allowed(c, said);
	else
		c->allowed = export_allowed(json_object_get(e->interfaces, "interfaces"),
					    e->interface, e->peer, e->configuration, &c->n_allowed);
	return c->n_allowed ||
	       export_fail(e, "no network is known that it reaches by here: `allowed-ips PREFIX`");
}

static bool take_rest(struct export *e)
{
	struct export_client *c = &e->client;

	c->dns = str_of(e->request, "dns");
	c->mtu = (uint32_t)int_of(e->interface, "mtu");
	c->keepalive = (uint32_t)int_of(e->peer, "persistent-keepalive");
	if (!c->keepalive)
		c->keepalive = KEEPALIVE;
	return true;
}

static bool export_gather(struct export *e)
{
	return export_find(e) && export_take_private_key(e) && take_psk(e) &&
	       export_take_public_key(e) && export_take_endpoint(e) && take_addresses(e) &&
	       export_take_allowed(e) && take_rest(e);
}

/* ---- where to */

/* A secret as well; TEXT is freed. */
static bool put_code(struct export *e, char *code, const char *path)
{
	int err = errno;
	bool ok;

	if (!code && err == ENOSYS)
		return export_fail(e, "this wgbgp-cli was built without libqrencode: no QR codes");
	if (!code)
		return export_fail(e, "no QR code: %s",
				   err == ERANGE
					   ? "it is too long for one; fewer `allowed-ips` help"
					   : strerror(err));
	ok = keys_put_secret(e->s, path, is_true(e->request, "overwrite"), code) == 0;
	export_text_free(code);
	return ok;
}

static bool export_put(struct export *e, const char *text)
{
	const char *output = str_of(e->request, "output"), *svg = str_of(e->request, "svg");
	bool qr = is_true(e->request, "qr");

	if ((qr || *svg) && !*e->client.private_key)
		return export_fail(e, "what scans a QR code has no key of its own: `private-key "
				      "FILE`");
	if ((*output || (!qr && !*svg)) &&
	    keys_put_secret(e->s, output, is_true(e->request, "overwrite"), text) < 0)
		return false;
	if (*svg && !put_code(e, qr_svg(text), svg))
		return false;
	return !qr || put_code(e, qr_blocks(text, e->s->colour), "");
}

int export_run(struct cli_session *s, const struct cli_line *line)
{
	struct export e = {.s = s, .request = line->request};
	char *text = NULL;
	bool ok = export_gather(&e);

	if (ok) {
		text = export_text(&e.client);
		ok = export_put(&e, text);
	}
	export_text_free(text);
	export_client_free(&e.client);
	free(e.endpoint);
	json_decref(e.interfaces);
	json_decref(e.configuration);
	return ok ? 0 : -1;
}
