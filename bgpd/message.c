/* SPDX-License-Identifier: BSD-2-Clause */
#include "message.h"

#include <string.h>

#include "attr_wire.h"
#include "util.h"

size_t message_begin(struct wr *w, enum bgp_message type)
{
	size_t mark = w->len;
	uint8_t *at = wr_room(w, BGP_HEADER_BYTES);

	memset(at, 0xff, 16);
	at[16] = at[17] = 0;
	at[18] = type;
	return mark;
}

void message_end(struct wr *w, size_t mark)
{
	size_t len = w->len - mark;

	ensure(len >= BGP_HEADER_BYTES && len <= BGP_MESSAGE_MAX);
	w->data[mark + 16] = len >> 8;
	w->data[mark + 17] = len;
}

unsigned nlri_bytes(const struct prefix *p)
{
	return 1 + (p->len + 7u) / 8;
}

void nlri_put(struct wr *w, const struct prefix *p)
{
	uint8_t *at = wr_room(w, nlri_bytes(p));

	at[0] = p->len;
	memcpy(at + 1, p->b, nlri_bytes(p) - 1);
}
