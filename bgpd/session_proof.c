/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_proof.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "conn.h"
#include "fsm.h"
#include "session.h"
#include "session_say.h"

#define LOOK_MS 20

/* All that was ever written has been acknowledged. Where the kernel does not say, it was. */
static bool is_acknowledged(const struct fsm *f)
{
	int waiting = 0;

	return ioctl(conn_fd(f->conn), SIOCOUTQ, &waiting) < 0 || waiting == 0;
}

static void on_look(void *arg)
{
	struct session *s = arg;

	if (s->up && s->peer->count.messages_in == s->proof_messages && !is_acknowledged(s->up)) {
		timer_start(&s->proof, LOOK_MS);
		return;
	}
	session_hooks->proved(s->peer);
}

bool session_prove(struct peer *p, uint64_t since)
{
	struct session *s = p->session;

	if (!s->up || p->up_since_ms > since)
		return false;
	if (!timer_running(&s->proof)) {
		s->proof_messages = p->count.messages_in;
		fsm_send_keepalive(s->up);
		timer_start(&s->proof, LOOK_MS);
	}
	return true;
}

void session_proof_init(struct session *s)
{
	timer_init(&s->proof, on_look, s);
}

void session_proof_free(struct session *s)
{
	timer_stop(&s->proof);
	session_hooks->proved(s->peer);
}
