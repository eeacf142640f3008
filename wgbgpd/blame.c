/* SPDX-License-Identifier: BSD-2-Clause */
#include "blame.h"

#include "util.h"

void blame_begin(struct blame *b, uint64_t now)
{
	*b = (struct blame){.since = now};
}

static bool is_soon(uint64_t from, uint64_t at)
{
	return (at > from ? at - from : from - at) <= BLAME_SOON_MS;
}

bool blame_counts(struct blame *b, const struct blame_loss *loss)
{
	bool soon = loss->began <= b->since || is_soon(b->since, loss->began);
	bool two = b->began && is_soon(b->began, loss->began) && !str_eq(b->whose, loss->whose);

	if (loss->asked)
		return false;
	b->began = loss->began;
	str_copy(b->whose, loss->whose, sizeof(b->whose));
	return soon || two;
}

bool blame_flaps(const struct blame_ends *ends, uint64_t now)
{
	return ends->before && now - ends->before <= BLAME_FLAP_MS;
}
