/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_now.h"

#include <stdlib.h>
#include <string.h>

#include "change_journal.h"
#include "conf.h"
#include "conf_diff.h"
#include "conf_print.h"
#include "request.h"

struct change_now change_now;
static void (*on_change)(void);

void change_now_open(void (*changed)(void))
{
	on_change = changed;
}

void change_now_begin(const char *how, commit_fn done, void *arg)
{
	change_now_close();
	memset(&change_now, 0, sizeof(change_now));
	change_now.how = how;
	change_now.wrote = change_journal.writing;
	change_now.done = done;
	change_now.arg = arg;
}

void change_now_warn(json_t *warnings, const char *text)
{
	if (warnings)
		json_array_append_new(warnings, json_string(text));
}

void change_now_tell(uint32_t number, const char *state, const char *why)
{
	const json_t *record = change_index_find(&change_journal, number);

	request_tell(json_pack("{s:s, s:i, s:s, s:s, s:s?}", "event", "commit", "commit",
			       (int)number, "state", state, "how", conf_str(record, "how", ""),
			       "why", why));
}

void change_now_changed(void)
{
	on_change();
}

/* bgpd says it while it applies the change, before it answers. */
void change_now_session(const json_t *event)
{
	if (!commit_busy() || !str_eq(conf_str(event, "event", ""), "bgp-session") ||
	    !json_is_true(json_object_get(event, "configured")))
		return;
	if (!change_now.resets)
		change_now.resets = json_array();
	json_array_append_new(change_now.resets,
			      json_pack("{s:s, s:s}", "neighbor", conf_str(event, "neighbor", ""),
					"why", conf_str(event, "why", "")));
}

const char *change_now_resets(char *out, size_t size)
{
	size_t i, n = json_array_size(change_now.resets), at = 0;
	const char *name;

	out[0] = '\0';
	for (i = 0; i < n && at < size; i++) {
		name = conf_str(json_array_get(change_now.resets, i), "neighbor", "");
		if (at + strlen(name) + sizeof(" and 4294967295 more") > size) {
			snprintf(out + at, size - at, " and %zu more", n - i);
			break;
		}
		at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " " : "", name);
	}
	return out;
}

void change_now_close(void)
{
	json_decref(change_now.resets);
	change_now.resets = NULL;
}

json_t *change_now_string(const char *text)
{
	json_t *string = text ? json_string(text) : NULL; /* NULL: not UTF-8 */

	return string ? string : json_null();
}

/* ---- what it changes */

static json_t *written_json(const struct datastore_version *v)
{
	char *text = v ? conf_print_json(v->loaded.written, false) : NULL;
	json_t *json = text ? conf_read(text, strlen(text)) : NULL;

	free(text);
	return json;
}

void change_now_note(const struct datastore_version *before, const struct datastore_version *after)
{
	json_t *olds = written_json(before), *news = written_json(after);

	change_now.changed = conf_diff(olds, news, change_now.what, sizeof(change_now.what));
	json_decref(olds);
	json_decref(news);
}
