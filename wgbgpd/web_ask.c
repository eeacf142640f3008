/* SPDX-License-Identifier: BSD-2-Clause */
#include "web_ask.h"

#include "conf.h"
#include "datastore.h"
#include "request.h"

void web_request(struct request *r, const json_t *args)
{
	const struct datastore_version *v = datastore_running();
	const json_t *web = v ? conf_at(v->json, "system/web") : NULL;
	json_t *listen = conf_list(web, "listen");

	request_object(r, json_pack("{s:o, s:b}", "listen",
				    listen ? json_incref(listen) : json_array(), "token",
				    conf_bool(web, "token", false)));
}
