/* SPDX-License-Identifier: BSD-2-Clause */
#include "shows.h"

#include <string.h>

#include "bfd_engine.h"
#include "loop.h"

static json_t *json_ms(uint32_t us)
{
	return json_real(us / 1000.0);
}

static json_t *session_row(const struct bfd_entry *e)
{
	const struct bfd_session *s = &e->s;
	uint32_t detection = bfd_session_detection(s);
	json_t *row = json_object();

	json_object_set_new(row, "interface", json_string(e->want.ifname));
	json_object_set_new(row, "peer", json_string(e->want.peer));
	json_object_set_new(row, "local-address", json_addr(&e->want.local));
	json_object_set_new(row, "remote-address", json_addr(&e->want.remote));
	json_object_set_new(row, "state", json_string(bfd_state_name(s->state)));
	json_object_set_new(row, "remote-state", json_string(bfd_state_name(s->remote_state)));
	json_object_set_new(row, "evidence", json_string(bfd_news_name(s->standing)));
	json_object_set_new(row, "diagnostic", json_string(bfd_diag_name(s->diag)));
	json_object_set_new(row, "remote-diagnostic", json_string(bfd_diag_name(s->remote_diag)));
	json_object_set_new(row, "up-seconds",
			    s->up_since ? json_integer((now_us() - s->up_since) / 1000000)
					: json_null());
	json_object_set_new(row, "local-discriminator", json_integer(s->local_discr));
	json_object_set_new(row, "remote-discriminator", json_integer(s->remote_discr));
	json_object_set_new(row, "multiplier", json_integer(s->conf.multiplier));
	json_object_set_new(row, "remote-multiplier", json_integer(s->remote_multiplier));
	json_object_set_new(row, "interval-ms", json_ms(s->conf.tx_us));
	json_object_set_new(row, "receive-interval-ms", json_ms(s->conf.rx_us));
	json_object_set_new(row, "remote-interval-ms", json_ms(s->remote_desired_tx));
	json_object_set_new(row, "remote-receive-interval-ms", json_ms(s->remote_min_rx));
	json_object_set_new(row, "transmit-ms", json_ms(bfd_session_tx_interval(s)));
	json_object_set_new(row, "detection-ms", detection ? json_ms(detection) : json_null());
	json_object_set_new(row, "passive", json_boolean(s->conf.passive));
	json_object_set_new(row, "packets-sent", json_integer(s->tx_packets));
	json_object_set_new(row, "packets-received", json_integer(s->rx_packets));
	json_object_set_new(row, "send-errors", json_integer(e->send_errors));
	json_object_set_new(row, "transitions", json_integer(s->transitions));
	json_object_set_new(row, "socket-error",
			    e->error ? json_string(strerror(-e->error)) : json_null());
	return row;
}

static void show_bfd(struct show *s)
{
	json_t *head = json_object(), *counts = json_object();
	const struct bfd_entry *e;

	for (int r = BFD_TAKEN + 1; r < BFD_REFUSALS; r++)
		json_object_set_new(counts, bfd_refusal_name(r),
				    json_integer(bfd_engine_refused(r)));
	json_object_set_new(head, "refused-packets", counts);
	show_head(s, head, "sessions");
	TAILQ_FOREACH (e, bfd_engine_sessions(), link)
		if (!e->s.ending)
			show_row(s, session_row(e));
	show_end(s, NULL);
}

const struct show_command shows[] = {
	{"bfd", show_bfd, NULL, NULL},
	{NULL, NULL, NULL, NULL},
};
