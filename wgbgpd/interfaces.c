/* SPDX-License-Identifier: BSD-2-Clause */
#include "interfaces.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "conf.h"
#include "util.h"

struct interface {
	TAILQ_ENTRY(interface) link;
	char *name, *state;
	char *error; /* NULL: none */
};

static TAILQ_HEAD(, interface) list = TAILQ_HEAD_INITIALIZER(list);
static void (*on_change)(void);

void interfaces_init(void (*changed)(void))
{
	on_change = changed;
}

static struct interface *interface_find(const char *name)
{
	struct interface *i;

	TAILQ_FOREACH (i, &list, link)
		if (str_eq(i->name, name))
			return i;
	return NULL;
}

static void interface_drop(struct interface *i)
{
	TAILQ_REMOVE(&list, i, link);
	free(i->name);
	free(i->state);
	free(i->error);
	free(i);
}

static void put(const char *name, const char *state, const char *error)
{
	struct interface *i = xcalloc(1, sizeof(*i));

	i->name = xstrdup(name);
	i->state = xstrdup(state);
	i->error = error ? xstrdup(error) : NULL;
	TAILQ_INSERT_TAIL(&list, i, link);
}

void interfaces_event(enum daemon_id id, const json_t *event)
{
	const char *name = conf_str(event, "interface", NULL);
	const char *state = conf_str(event, "state", NULL);
	struct interface *i;

	if (id != DAEMON_WGD || !name || !state ||
	    !str_eq(conf_str(event, "event", ""), "interface-state"))
		return;
	i = interface_find(name);
	if (i)
		interface_drop(i);
	if (!str_eq(state, "removed"))
		put(name, state, conf_str(event, "error", NULL));
	if (on_change)
		on_change();
}

static void forget(void)
{
	while (!TAILQ_EMPTY(&list))
		interface_drop(TAILQ_FIRST(&list));
}

void interfaces_daemon_gone(enum daemon_id id)
{
	if (id == DAEMON_WGD)
		forget();
}

void interfaces_free(void)
{
	forget();
	on_change = NULL;
}

bool interfaces_settled(const json_t *config)
{
	json_t *interface;
	size_t k;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), k, interface) {
		const struct interface *i = interface_find(conf_str(interface, "name", ""));

		if (!i || str_eq(i->state, "starting"))
			return false;
	}
	return true;
}

char *interfaces_status(void)
{
	char *text = xstrdup("Running"), *longer;
	struct interface *i;

	TAILQ_FOREACH (i, &list, link) {
		if (!i->error)
			continue;
		longer = xasprintf("%s; interface %s is %s: %s", text, i->name, i->state, i->error);
		free(text);
		text = longer;
	}
	return text;
}
