/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill_echo.h"

#include <stdlib.h>

#include "pinger.h"
#include "util.h"

#define INTERVAL_MS 10
#define REQUESTS_MAX 200000 /* more than half an hour */

static struct {
	struct pinger pinger;
	uint64_t *sent_at; /* us, by number; NULL: no stream */
	bool *answered;	   /* by number */
	uint32_t sent, received;
	struct timer timer;
} echo;

static void echo_send_one(void *arg)
{
	timer_start(&echo.timer, INTERVAL_MS);
	if (echo.sent == REQUESTS_MAX)
		return;
	echo.sent_at[echo.sent++] = now_us();
	pinger_send(&echo.pinger, echo.sent - 1);
}

static void on_answer(void *arg, uint32_t number)
{
	if (number >= echo.sent || echo.answered[number])
		return;
	echo.answered[number] = true;
	echo.received++;
}

int drill_echo_start(const struct addr *to)
{
	int err;

	drill_echo_stop();
	err = pinger_open(&echo.pinger, to, NULL, on_answer, NULL);
	if (err < 0)
		return err;
	echo.sent_at = xcalloc(REQUESTS_MAX, sizeof(*echo.sent_at));
	echo.answered = xcalloc(REQUESTS_MAX, sizeof(*echo.answered));
	timer_init(&echo.timer, echo_send_one, NULL);
	echo_send_one(NULL);
	return 0;
}

uint32_t drill_echo_received(void)
{
	return echo.received;
}

static void dark(struct drill_echo_result *r, uint64_t from, uint64_t to)
{
	double ms = (to - from) / 1000.0;

	if (ms > r->blackout_ms)
		r->blackout_ms = ms;
}

struct drill_echo_result drill_echo_result(uint64_t from, uint64_t to)
{
	struct drill_echo_result r = {0};
	uint64_t last_good = 0, dark_from = 0;

	for (uint32_t i = 0; i < echo.sent && echo.sent_at[i] <= to; i++) {
		uint64_t at = echo.sent_at[i];

		if (at >= from)
			r.sent++;
		if (echo.answered[i]) {
			if (dark_from)
				dark(&r, dark_from, at);
			last_good = at;
			dark_from = 0;
		} else if (at >= from) {
			r.lost++;
			if (!dark_from)
				dark_from = last_good ? last_good : at;
		}
	}
	if (dark_from) /* has not ended */
		dark(&r, dark_from, to);
	return r;
}

void drill_echo_stop(void)
{
	if (!echo.sent_at)
		return;
	timer_stop(&echo.timer);
	pinger_close(&echo.pinger);
	free(echo.sent_at);
	free(echo.answered);
	echo.sent_at = NULL;
	echo.sent = echo.received = 0;
}
