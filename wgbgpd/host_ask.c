/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_ask.h"

#include <errno.h>
#include <string.h>

#include "host.h"
#include "host_links.h"
#include "request.h"

void host_request(struct request *r, const json_t *args)
{
	const char *error;
	json_t *answer = host_answer(args, &error);

	if (answer)
		request_object(r, answer);
	else
		request_end(r, error);
}

void host_links_request(struct request *r, const json_t *args)
{
	json_t *rows = host_links();

	if (rows)
		request_list(r, json_object(), "links", rows);
	else
		request_end(r, strerror(errno));
}
