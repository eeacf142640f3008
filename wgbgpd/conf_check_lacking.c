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

/* Those that lack it; *FIRST is one, NAMES the first few of them. */
static unsigned lack_count(const struct lyd_node *wireguard, const struct lack *lack,
			   const struct lyd_node **first, char *names, size_t size)
{
	unsigned n = 0;

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p)) {
			size_t at = strlen(names);

			if (conf_is(p, "disabled", "true") || !lack->of(p))
				continue;
			if (!n++)
				*first = p;
			if (n <= NAMED)
				snprintf(names + at, size - at, "%s%s", at ? ", " : "",
					 lyd_get_value(lyd_child(p)));
		}
	return n;
}

static void warn_each(const struct lyd_node *wireguard, const struct lack *lack,
		      struct conf_errors *errs)
{
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			if (!conf_is(p, "disabled", "true") && lack->of(p))
				conf_check_warning(errs, p, "%s this peer", lack->text);
}

void conf_check_lacking(const struct conf *effective, struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(effective, "wireguard"), *first = NULL;

	for (size_t k = 0; k < ARRAY_SIZE(lacks); k++) {
		char names[512] = "";
		unsigned n = lack_count(wireguard, &lacks[k], &first, names, sizeof(names));

		if (n < MANY)
			warn_each(wireguard, &lacks[k], errs);
		else
			conf_check_warning(errs, first, "%s %u peers: %s and %u more",
					   lacks[k].text, n, names, n - NAMED);
	}
}
