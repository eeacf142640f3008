/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_calls.h"

#include <errno.h>

#include "peer_way.h"
#include "session_socket.h"

#define PATIENT_FAILURES 3 /* errors in a row before incoming connections are refused too */
#define FREE_ENDS 4	   /* in a row, without any wait */
#define FORGOTTEN_MS 60000 /* after the last one */

bool session_rests(const struct session *s)
{
	return timer_running(&s->rest);
}

bool session_shuns(const struct session *s)
{
	return timer_running(&s->idle) && s->failures > PATIENT_FAILURES && !s->ceased;
}

const char *session_refusal(const struct session *s)
{
	if (!s->started)
		return "the neighbor is disabled";
	if (session_socket_obstacle(s->peer))
		return session_socket_obstacle(s->peer);
	if (session_rests(s))
		return "it sent more prefixes than max-prefix";
	if (peer_way_tunnel_gone(s->peer))
		return "its tunnel is gone";
	if (session_shuns(s))
		return "too many errors in a row";
	if (session_calls_left_ms(s))
		return "its connections end too soon";
	return NULL;
}

unsigned session_refusal_seconds(const struct session *s)
{
	uint64_t ms = session_rests(s)	 ? timer_left_ms(&s->rest)
		      : session_shuns(s) ? timer_left_ms(&s->idle)
					 : session_calls_left_ms(s);

	return (unsigned)((ms + 999) / 1000);
}

void session_calls_ended(struct session *s)
{
	uint64_t now = now_ms();

	if (now - s->early_ms > FORGOTTEN_MS)
		s->early = 0;
	s->early_ms = now;
	if (s->early++ >= FREE_ENDS && retry_failed(&s->calls, -ECONNABORTED))
		s->refusal_said = false;
}

void session_calls_forget(struct session *s)
{
	s->early = 0;
	retry_done(&s->calls);
}

bool session_calls_allowed(struct session *s)
{
	return !s->calls.error || retry_kick(&s->calls);
}

uint64_t session_calls_left_ms(const struct session *s)
{
	struct retry next = s->calls;

	retry_kick(&next);
	return retry_left_ms(&next);
}
