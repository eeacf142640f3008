/* SPDX-License-Identifier: BSD-2-Clause */
#include "drain.h"

#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "drains.h"
#include "report.h"
#include "roster.h"
#include "util.h"

static void set(struct peer *p, bool on)
{
	json_t *event;

	if (on == p->drained)
		return;
	drains_set(p->dev->name, p->name, on);
	p->drained = on;
	log_info(on ? "drain" : "undrain", "peer=%s interface=%s", p->name, p->dev->name);
	event = json_pack("{s:s, s:s, s:s}", "event", on ? "drain" : "undrain", "interface",
			  p->dev->name, "peer", p->name);
	if (event)
		daemon_event(event);
	if (p->announced)
		report_peer(p);
}

static bool drain_named(const struct peer *p, const char *ifname, const char *name)
{
	return p->conf && (!ifname || str_eq(ifname, p->dev->name)) &&
	       (!name || str_eq(name, p->name));
}

static unsigned drain_count(const char *ifname, const char *name)
{
	const struct device *dev;
	const struct peer *p;
	unsigned n = 0;

	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (p, &dev->peers, link)
			n += drain_named(p, ifname, name);
	return n;
}

static void set_named(struct show *s, const char *ifname, const char *name, bool on)
{
	const struct device *dev;
	struct peer *p;

	show_head(s, json_object(), "peers");
	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (p, &dev->peers, link)
			if (drain_named(p, ifname, name)) {
				set(p, on);
				show_row(s, json_pack("{s:s, s:s}", "interface", dev->name, "peer",
						      p->name));
			}
}

static void run(struct show *s, bool on)
{
	const char *ifname = json_string_value(json_object_get(s->args, "interface"));
	const char *name = json_string_value(json_object_get(s->args, "peer"));
	bool all = json_is_true(json_object_get(s->args, "all"));
	unsigned n = drain_count(ifname, name);
	char error[128];
	int err;

	if (!ifname && !name && !all) {
		show_end(s, "expected a peer or an interface");
		return;
	}
	if (n == 0 || (n > 1 && name)) {
		show_end(s, n ? "several interfaces have a peer of this name: name one"
			      : "no such tunnel peer");
		return;
	}
	set_named(s, ifname, name, on);
	err = drains_write();
	snprintf(error, sizeof(error), "it is done, but will not outlive wgd: %s: %s",
		 drains_path(), strerror(-err));
	show_end(s, err < 0 ? error : NULL);
}

void drain_request(struct show *s)
{
	run(s, true);
}

void undrain_request(struct show *s)
{
	run(s, false);
}
