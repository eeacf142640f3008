/* SPDX-License-Identifier: BSD-2-Clause */
#include "web_ask.h"

#include "conf.h"
#include "datastore.h"
#include "request.h"

void web_request(struct request *r, const json_t *args)
{
	const struct datastore_version *v = datastore_running();
	const json_t *web;
	json_t *listen;

	if (!v) { /* an empty list would shut what wgbgp-web has open */
		request_end(r, "no configuration runs yet");
		return;
	}
	web = conf_at(v->json, "system/web");
	listen = conf_list(web, "listen");
	request_object(r, json_pack("{s:o, s:b}", "listen",
				    listen ? json_incref(listen) : json_array(), "token",
				    conf_bool(web, "token", false)));
}
