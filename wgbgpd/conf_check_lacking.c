/* SPDX-License-Identifier: BSD-2-Clause */
/* What peers lack, and probably should not: a warning each, or one for all where they are many,
 * which would be all that is seen of the list. */
#include <stdio.h>
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_schema.h"
#include "util.h"

#define MANY 9	/* peers: one warning for all of them */
#define NAMED 5 /* in that */

struct lack {
	bool (*of)(const struct lyd_node *peer);
	const char *text; /* up to "peer" */
};

static bool lacks_permit(const struct lyd_node *peer)
{
	return !conf_child(peer, "permit");
}

static bool lacks_target(const struct lyd_node *peer)
{
	return !conf_child(peer, "tunnel-address") && !conf_child(peer, "allowed-ips") &&
	       !conf_child(peer, "imported");
}

static const struct lack lacks[] = {
	{lacks_permit, "without 'permit' nothing is learned through"},
	{lacks_target, "without 'tunnel-address' and 'allowed-ips' nothing can be sent to"},
};

struct lacking {
	unsigned n;
	const struct lyd_node *peers[MANY]; /* the first of them */
};

static void note_peer(struct lacking *found, const struct lyd_node *peer)
{
	for (size_t k = 0; k < ARRAY_SIZE(lacks); k++) {
		struct lacking *l = &found[k];

		if (conf_is(peer, "disabled", "true") || !lacks[k].of(peer))
			continue;
		if (l->n < MANY)
			l->peers[l->n] = peer;
		l->n++;
	}
}

static void warn_of(const struct lacking *l, const char *text, struct conf_errors *errs)
{
	char names[512] = "";

	for (unsigned i = 0; i < l->n && l->n < MANY; i++)
		conf_check_warning(errs, l->peers[i], "%s this peer", text);
	for (unsigned i = 0; i < NAMED && l->n >= MANY; i++) {
		size_t at = strlen(names);

		snprintf(names + at, sizeof(names) - at, "%s%s", at ? ", " : "",
			 lyd_get_value(lyd_child(l->peers[i])));
	}
	if (l->n >= MANY)
		conf_check_warning(errs, l->peers[0], "%s %u peers: %s and %u more", text, l->n,
				   names, l->n - NAMED);
}

void conf_check_lacking(const struct conf *effective, struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(effective, "wireguard");
	struct lacking found[ARRAY_SIZE(lacks)] = {0};

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			note_peer(found, p);
	for (size_t k = 0; k < ARRAY_SIZE(lacks); k++)
		warn_of(&found[k], lacks[k].text, errs);
}
