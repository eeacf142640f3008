/* SPDX-License-Identifier: BSD-2-Clause */
#include "wplan_ask.h"

#include <sodium.h>
#include <string.h>

#include "roster.h"
#include "secrets.h"
#include "util.h"
#include "wplan.h"

static bool is_rekeyed(const struct if_conf *conf)
{
	const struct device *dev = device_find(conf->name);
	const uint8_t *key = secrets_get(conf->key_file);
	uint8_t public_key[WG_KEY_BYTES];

	return dev && dev->life.state == DEVICE_READY && key &&
	       crypto_scalarmult_base(public_key, key) == 0 &&
	       memcmp(public_key, dev->read.public_key, WG_KEY_BYTES) != 0;
}

void wplan_request(struct show *s)
{
	char error[MSG_ERROR_MAX];
	struct wgconf *conf =
		wgconf_read(json_object_get(s->args, "candidate"), error, sizeof(error));
	json_t *rows = json_array(), *row;
	size_t i;

	if (conf) {
		wplan_rows(rows, devices_conf(), conf, is_rekeyed);
		show_head(s, json_object(), "changes");
		json_array_foreach (rows, i, row)
			show_row(s, json_incref(row));
	}
	show_end(s, conf ? NULL : error);
	json_decref(rows);
	wgconf_free(conf);
}
