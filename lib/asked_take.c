/* SPDX-License-Identifier: BSD-2-Clause */
/* asked_take: apart from asked.c, for tests that have a server in another process. */
#include "asked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static char list[MSG_NAME_MAX]; /* of the answer that comes in */

bool asked_take(json_t **answer, enum msg_type type, const struct msg_reply *m)
{
	json_t *part = type == MSG_REPLY_END ? NULL : json_loadb(m->json, m->json_len, 0, NULL);

	assert_true(part || type == MSG_REPLY_END);
	if (type == MSG_REPLY_HEAD) {
		json_decref(*answer);
		*answer = part;
		snprintf(list, sizeof(list), "%s", m->list);
		if (list[0])
			json_object_set_new(part, list, json_array());
	} else if (type == MSG_REPLY_ROW) {
		json_array_append_new(json_object_get(*answer, list), part);
	} else if (m->error[0]) {
		json_object_set_new(*answer, "error", json_string(m->error));
	}
	return type == MSG_REPLY_END;
}
