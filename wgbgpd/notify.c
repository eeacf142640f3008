/* SPDX-License-Identifier: BSD-2-Clause */
#include "notify.h"

#include <stdint.h>
#include <systemd/sd-daemon.h>

#include "loop.h"

static struct timer beat;
static uint64_t beat_ms;

static void on_beat(void *arg)
{
	sd_notify(0, "WATCHDOG=1");
	timer_start(&beat, beat_ms);
}

void notify_init(void)
{
	uint64_t us = 0;

	if (sd_watchdog_enabled(0, &us) <= 0 || !us)
		return;
	beat_ms = us / 3000;
	if (!beat_ms)
		beat_ms = 1;
	timer_init(&beat, on_beat, NULL);
	on_beat(NULL);
}

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status)
{
	sd_notifyf(0, "STATUS=%s", status);
}

void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_us());
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void notify_free(void)
{
	timer_stop(&beat);
}
