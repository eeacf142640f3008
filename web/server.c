/* SPDX-License-Identifier: BSD-2-Clause */
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/http.h>

#include "api.h"
#include "asked.h"
#include "asker.h"
#include "conns.h"
#include "diagnosed.h"
#include "explained.h"
#include "healthz.h"
#include "history.h"
#include "history_answers.h"
#include "loop.h"
#include "pages.h"
#include "prefix.h"
#include "reply.h"
#include "scrape.h"
#include "token.h"

#define HEAD_MAX 8000
#define PATIENCE_S 60

static struct evhttp *http;

/* HOST is as the client sends it: a name, an address or [an address], with a port or without. NULL:
 * it sends none, which no browser does. */
static bool is_own_name(const char *host)
{
	char name[64];
	const char *port;
	struct addr a;
	bool bracket;
	size_t len;

	if (!host)
		return true;
	bracket = *host == '[';
	host += bracket;
	len = strcspn(host, bracket ? "]" : ":");
	port = host + len;
	if (bracket && *port++ != ']')
		return false;
	if (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")]))
		return false;
	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return (!bracket && strcasecmp(name, "localhost") == 0) || addr_parse(name, &a) == 0;
}

/* False: the answer says what the request is refused for. */
static bool is_for_us(struct evhttp_request *req, const struct evhttp_uri *uri)
{
	const struct evkeyvalq *heads = evhttp_request_get_input_headers(req);

	if (!token_fits(evhttp_find_header(heads, "Authorization"))) {
		evhttp_add_header(evhttp_request_get_output_headers(req), "WWW-Authenticate",
				  "Basic realm=\"wgbgp\", charset=\"UTF-8\"");
		reply_error(req, 401, "a token is needed");
		return false;
	}
	/* evhttp would take the host of http://HOST/ and //HOST/ for the one that was asked. */
	if (uri && evhttp_uri_get_host(uri)) {
		reply_error(req, HTTP_BADREQUEST, "the target of a request has to be a path");
		return false;
	}
	if (!token_wanted() && !is_own_name(evhttp_find_header(heads, "Host"))) {
		reply_error(req, 421,
			    "the Host of a request has to be an address or localhost: who asks by "
			    "another name may have been led here");
		return false;
	}
	return true;
}

static const struct {
	const char *path;
	void (*answer)(struct evhttp_request *req);
} answers[] = {
	{"/healthz", healthz},
	{"/metrics", scrape},
	{API_PATH HISTORY_SERIES, history_series},
	{API_PATH HISTORY_CURVES, history_curves},
	{API_PATH EXPLAINED, explained},
	{API_PATH DIAGNOSED, diagnosed},
};

static void answer(struct evhttp_request *req, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (str_eq(path, answers[i].path)) {
			answers[i].answer(req);
			return;
		}
	if (strncmp(path, API_PATH, strlen(API_PATH)) == 0)
		api(req, path + strlen(API_PATH));
	else
		pages(req, path);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	size_t len;
	char *decoded;

	conns_busy(req);
	if (conns_ahead(req)) /* hundreds of requests at once would be answered before any other */
		evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
	if (!is_for_us(req, uri))
		return;
	decoded = evhttp_uridecode(path && *path ? path : "/", 0, &len);
	if (!decoded || strlen(decoded) != len)
		reply_error(req, HTTP_BADREQUEST, "malformed path");
	else
		answer(req, decoded);
	free(decoded);
}

void server_open(const char *rundir, unsigned clients)
{
	asker_open(rundir);
	http = evhttp_new(loop_base());
	ensure(http);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(http, HEAD_MAX);
	evhttp_set_max_body_size(http, 0);
	evhttp_set_timeout(http, PATIENCE_S);
	evhttp_set_gencb(http, on_request, NULL);
	conns_open(http, clients);
	history_begin();
}

struct evhttp_bound_socket *server_listen(int fd)
{
	struct evhttp_bound_socket *bound = evhttp_accept_socket_with_handle(http, fd);

	if (!bound)
		fatal("a socket cannot be listened at");
	return bound;
}

int server_socket(struct evhttp_bound_socket *bound)
{
	return evhttp_bound_socket_get_fd(bound);
}

void server_unlisten(struct evhttp_bound_socket *bound)
{
	evhttp_del_accept_socket(http, bound);
}

void server_close(void)
{
	history_close();
	api_free();
	asked_free();
	diagnosed_free();
	explained_free();
	healthz_free();
	scrape_free();
	evhttp_free(http);
	conns_close();
	asker_close();
	pages_free();
}
