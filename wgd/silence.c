/* SPDX-License-Identifier: BSD-2-Clause */
#include "silence.h"

void silence_begin(struct silence *s, uint64_t now)
{
	*s = (struct silence){.begun = true, .begun_at = now};
}

void silence_read(struct silence *s, const struct silence_reading *r)
{
	if (!silence_is_open(s))
		return;
	if (s->first && !(s->early && r->grown)) {
		s->since = s->first;
		return;
	}
	s->first = r->taken_at;
	s->early = r->begun_at < s->begun_at;
}

void silence_was_read(struct silence *s, uint64_t now)
{
	if (s->begun && !s->first)
		s->first = now;
}
