/* SPDX-License-Identifier: BSD-2-Clause */
#include "export_text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Where a client that keeps its key to itself has it. */
#define KEY_FROM_FILE "PostUp = wg set %i private-key /etc/wireguard/%i.key\n"

static void export_put_prefixes(FILE *out, const char *name, const struct prefix *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? ", " : name, PREFIX_STR(&v[i]));
	if (n)
		putc('\n', out);
}

static void export_put_interface(FILE *out, const struct export_client *c)
{
	export_put_prefixes(out, "Address = ", c->addrs, c->n_addrs);
	if (*c->dns)
		fprintf(out, "DNS = %s\n", c->dns);
	if (c->mtu)
		fprintf(out, "MTU = %u\n", c->mtu);
	if (!*c->private_key)
		fputs(KEY_FROM_FILE, out);
	fprintf(out, "\n[Peer]\nPublicKey = %s\n", c->public_key);
}

static void export_put_peer(FILE *out, const struct export_client *c)
{
	if (*c->endpoint)
		fprintf(out, "Endpoint = %s\n", c->endpoint);
	export_put_prefixes(out, "AllowedIPs = ", c->allowed, c->n_allowed);
	if (c->keepalive)
		fprintf(out, "PersistentKeepalive = %u\n", c->keepalive);
}

/* What PUT writes; to be freed. */
static char *part(const struct export_client *c,
		  void (*put)(FILE *out, const struct export_client *c))
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		fatal("out of memory");
	put(out, c);
	fclose(out);
	return text;
}

/* A stream would leave copies of the keys where its buffer was. */
char *export_text(const struct export_client *c)
{
	char *interface = part(c, export_put_interface), *peer = part(c, export_put_peer);
	size_t size = strlen(interface) + strlen(peer) + 256;
	char *text = xcalloc(1, size);
	bool key = *c->private_key, psk = *c->psk;

	snprintf(text, size, "[Interface]\n%s%s%s%s%s%s%s%s", key ? "PrivateKey = " : "",
		 c->private_key, key ? "\n" : "", interface, psk ? "PresharedKey = " : "", c->psk,
		 psk ? "\n" : "", peer);
	free(interface);
	free(peer);
	return text;
}

void export_text_free(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

void export_client_free(struct export_client *c)
{
	sodium_memzero(c->private_key, sizeof(c->private_key));
	sodium_memzero(c->psk, sizeof(c->psk));
	free(c->addrs);
	free(c->allowed);
}
