/* SPDX-License-Identifier: BSD-2-Clause */
#include "condition.h"

#include <stdlib.h>

#include "daemon.h"
#include "report.h"
#include "util.h"

const char *condition_name(enum device_state state)
{
	static const char *const names[] = {"waiting", "starting", "ready", "refused"};

	return names[state];
}

static void tell(const struct device *dev, const char *state)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:s?}", "event", "interface-state", "interface",
				  dev->name, "state", state, "error", dev->life.error);

	if (event)
		daemon_event(event);
}

static bool condition_same(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : !a && !b;
}

void condition_set(struct device *dev, enum device_state state, const char *error)
{
	if (dev->life.said && dev->life.state == state && condition_same(dev->life.error, error))
		return;
	dev->life.said = true;
	dev->life.state = state;
	free(dev->life.error);
	dev->life.error = error ? xstrdup(error) : NULL;
	tell(dev, condition_name(state));
}

void condition_removed(const struct device *dev)
{
	tell(dev, "removed");
}

static void peer_down(struct peer *p, enum reason reason)
{
	p->present = false;
	liveness_end(&p->live, reason, now_ms());
	p->evidence = (struct evidence){0};
	if (p->announced)
		report_peer(p);
}

void condition_peers_down(struct device *dev, enum reason reason)
{
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->present || p->live.reason != reason)
			peer_down(p, reason);
}
