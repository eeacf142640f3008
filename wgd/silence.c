/* SPDX-License-Identifier: BSD-2-Clause */
#include "silence.h"

void silence_begin(struct silence *s)
{
	*s = (struct silence){.begun = true};
}

void silence_read(struct silence *s, uint64_t now)
{
	if (!s->begun || s->since)
		return;
	if (s->first)
		s->since = s->first;
	else
		s->first = now;
}

void silence_was_read(struct silence *s, uint64_t now)
{
	if (s->begun && !s->first)
		s->first = now;
}
