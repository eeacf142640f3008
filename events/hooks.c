/* SPDX-License-Identifier: BSD-2-Clause */
#include "hooks.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "event_word.h"
#include "hook.h"
#include "log.h"
#include "util.h"

static struct hook **hooks;
static size_t n_hooks;
static struct hook **retired; /* of before, whose programs still run */
static size_t n_retired;

/* The hook of before that has this entry, taken out of OLD; NULL. */
static struct hook *take_out(struct hook **old, size_t n, const json_t *conf)
{
	for (size_t i = 0; i < n; i++)
		if (old[i] && hook_is(old[i], conf)) {
			struct hook *h = old[i];

			old[i] = NULL;
			return h;
		}
	return NULL;
}

static void retire(struct hook *h)
{
	if (!hook_retire(h)) {
		hook_free(h);
		return;
	}
	retired = xrealloc(retired, (n_retired + 1) * sizeof(struct hook *));
	retired[n_retired++] = h;
}

void hooks_set(const json_t *config)
{
	const json_t *list = conf_list(conf_get(config, "system"), "on-event");
	size_t n = json_array_size(list), n_old = n_hooks, i;
	struct hook **old = hooks;
	json_t *entry;

	hooks = xcalloc(n + 1, sizeof(struct hook *));
	n_hooks = n;
	json_array_foreach (list, i, entry) {
		hooks[i] = take_out(old, n_old, entry);
		if (!hooks[i])
			hooks[i] = hook_new(entry);
	}
	for (i = 0; i < n_old; i++)
		if (old[i])
			retire(old[i]);
	free(old);
}

void hooks_tell(const json_t *event)
{
	const char *word = event_word(event);

	for (size_t i = 0; word && i < n_hooks; i++)
		hook_tell(hooks[i], word, event);
}

void hooks_tell_now(json_t *event)
{
	char time[LOG_TIME_LEN];

	ensure(event);
	json_object_set_new(event, "time", json_string(log_time(time)));
	hooks_tell(event);
	json_decref(event);
}

void hooks_ended(pid_t pid, int status)
{
	for (size_t i = 0; i < n_hooks; i++)
		if (hook_ended(hooks[i], pid, status))
			return;
	for (size_t i = 0; i < n_retired; i++)
		if (hook_ended(retired[i], pid, status)) {
			hook_free(retired[i]);
			retired[i] = retired[--n_retired];
			return;
		}
}

size_t hooks_count(void)
{
	return n_hooks;
}

void hooks_free(void)
{
	hooks_set(NULL);
	for (size_t i = 0; i < n_retired; i++)
		hook_free(retired[i]);
	free(retired);
	free(hooks);
	retired = hooks = NULL;
	n_retired = 0;
}
