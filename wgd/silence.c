/* SPDX-License-Identifier: BSD-2-Clause */
#include "silence.h"

void silence_begin(struct silence *s, bool read, uint64_t now)
{
	*s = (struct silence){.begun = true, .unread = !read, .since = read ? now : 0};
}

void silence_read(struct silence *s, uint64_t now)
{
	if (!s->unread)
		return;
	if (s->first) {
		s->since = s->first;
		s->unread = false;
	} else {
		s->first = now;
	}
}
