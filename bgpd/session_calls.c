/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_calls.h"

#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "peer_way.h"
#include "retry.h"
#include "session_say.h"
#include "session_socket.h"

#define PATIENT_FAILURES 3 /* errors in a row before incoming connections are refused too */
#define FREE_ENDS 4	   /* in a row, without any wait */
#define FIRST_MS 100
#define UP_MOST_MS 5000
#define MOST_MS 15000
#define SOON_MS 10000	   /* a session that was up for longer did not end soon */
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
	return NULL;
}

unsigned session_refusal_seconds(const struct session *s)
{
	uint64_t ms = session_rests(s)	 ? timer_left_ms(&s->rest)
		      : session_shuns(s) ? timer_left_ms(&s->idle)
					 : 0;

	return (unsigned)((ms + 999) / 1000);
}

void session_calls_ended(struct session *s, uint64_t up_ms)
{
	uint64_t now = now_ms();

	if (up_ms > SOON_MS || now - s->early_ms > FORGOTTEN_MS)
		s->early = 0;
	s->early_ms = now;
	s->early_up = up_ms > 0;
	s->early++;
}

void session_calls_forget(struct session *s)
{
	s->early = 0;
	if (s->held_fd >= 0)
		timer_start(&s->held, 0);
}

uint64_t session_calls_wait_ms(const struct session *s)
{
	uint64_t most = s->early_up ? UP_MOST_MS : MOST_MS, passed = now_ms() - s->early_ms, wait;

	if (s->early <= FREE_ENDS)
		return 0;
	wait = retry_delay_ms(FIRST_MS, s->early - FREE_ENDS - 1, most);
	return wait > passed ? wait - passed : 0;
}

void session_calls_hold(struct session *s, int fd)
{
	uint64_t ms = session_calls_wait_ms(s);

	session_calls_drop(s);
	s->held_fd = fd;
	timer_start(&s->held, ms);
	log_limited(session_bucket(s->peer), LOG_LEVEL_INFO, "session-delayed",
		    "neighbor=%s delay-ms=%llu count=%u", peer_name(s->peer),
		    (unsigned long long)ms, s->early);
}

static bool hung_up(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

int session_calls_release(struct session *s)
{
	int fd = s->held_fd;

	timer_stop(&s->held);
	s->held_fd = -1;
	if (fd < 0 || !hung_up(fd))
		return fd;
	close(fd);
	return -1;
}

void session_calls_refuse(struct session *s, const struct bgp_error *e)
{
	int fd = session_calls_release(s);

	if (fd >= 0)
		conn_refuse(fd, e);
}

void session_calls_drop(struct session *s)
{
	int fd = session_calls_release(s);

	if (fd >= 0)
		close(fd);
}
