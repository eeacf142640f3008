/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BFD packets, and a session that is handed whatever decodes: each record is a length, a time step
 * and a packet. What is decoded encodes to the same again; the session always has something to wait
 * for that is in the future.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bfd_session.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct bfd_packet *p)
{
	uint8_t bytes[BFD_PACKET_BYTES];
	struct bfd_packet copy;

	bfd_packet_encode(p, bytes);
	ensure(bfd_packet_decode(bytes, sizeof(bytes), &copy) == BFD_TAKEN);
	ensure(copy.state == p->state && copy.diag == p->diag && copy.poll == p->poll);
	ensure(copy.my_discr == p->my_discr && copy.your_discr == p->your_discr);
	ensure(copy.desired_tx == p->desired_tx && copy.required_rx == p->required_rx);
}

static void look(struct bfd_session *s, uint64_t now, const struct bfd_out *out)
{
	ensure(!out->tell || out->news < BFD_NEWS_COUNT);
	if (out->send) {
		ensure(!(out->packet.poll && out->packet.final));
		again(&out->packet);
	}
	ensure((s->up_since != 0) == (s->state == BFD_UP));
	ensure(s->state == BFD_UP || s->desired_tx >= BFD_SLOW_US);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bfd_params conf = {10000, 20000, 3, false};
	uint64_t now = 1000000;
	struct bfd_session s;
	struct bfd_packet p;
	struct bfd_out out;

	bfd_session_init(&s, &conf, 1, 1, now);
	while (size > 2) {
		size_t len = data[0] % 40u;

		now += data[1] * 1000u;
		data += 2;
		size -= 2;
		len = len < size ? len : size;
		if (bfd_packet_decode(data, len, &p) == BFD_TAKEN) {
			if (!p.auth)
				again(&p);
			if (bfd_session_receive(&s, &p, now, &out))
				look(&s, now, &out);
		}
		data += len;
		size -= len;
		bfd_session_tick(&s, now, &out);
		look(&s, now, &out);
		ensure(bfd_session_next(&s) > now);
	}
	return 0;
}
