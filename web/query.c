/* SPDX-License-Identifier: BSD-2-Clause */
#include "query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "reply.h"
#include "util.h"

enum kind { TEXT, NUMBER, BOOLEAN, WORD };

struct member {
	const char *name; /* NULL behind the last one */
	enum kind kind;
	bool list;	   /* may be there more than once */
	const char *words; /* of WORD, between blanks */
};

static const struct {
	const char *name;
	struct member members[9];
} requests[] = {
	/* what wgbgp-web makes of the answers of others */
	{"explain",
	 {{"destination", TEXT, false, NULL},
	  {"from", TEXT, false, NULL},
	  {"plane", TEXT, false, NULL}}},
	{"doctor", {{0}}},
#include "web/request_rows.h" /* written by yang/requests from yang/wgbgp-requests.yang */
};

static const struct member *members_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (str_eq(requests[i].name, name))
			return requests[i].members;
	return NULL;
}

static const struct member *member_of(const struct member *members, const char *name)
{
	for (; members->name; members++)
		if (str_eq(members->name, name))
			return members;
	return NULL;
}

static void say_requests(char *out, size_t size)
{
	int at = snprintf(out, size, "no such request; there are:");

	for (size_t i = 0; i < ARRAY_SIZE(requests) && at < (int)size; i++)
		at += snprintf(out + at, size - (size_t)at, " %s", requests[i].name);
}

static void say_members(const struct member *members, const char *name, char *out, size_t size)
{
	int at = snprintf(out, size, "%.64s: not known here; %s", name,
			  members->name ? "there are:" : "this request has no members");

	for (; members->name && at < (int)size; members++)
		at += snprintf(out + at, size - (size_t)at, " %s", members->name);
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; len && (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return !strchr(word, ' ');
	return false;
}

/* NULL: it is none of this kind. */
static json_t *value_of(const struct member *m, const char *text)
{
	unsigned long long n;
	char *end;

	switch (m->kind) {
	case BOOLEAN:
		return str_eq(text, "true") || str_eq(text, "false") ? json_boolean(text[0] == 't')
								     : NULL;
	case NUMBER:
		errno = 0;
		n = strtoull(text, &end, 10);
		return *text >= '0' && *text <= '9' && !*end && !errno && n <= INT64_MAX
			       ? json_integer((json_int_t)n)
			       : NULL;
	case WORD:
		return has_word(m->words, text) ? json_string(text) : NULL;
	case TEXT:
		return strlen(text) <= QUERY_VALUE_MAX ? json_string(text) : NULL;
	}
	return NULL;
}

static void say_value(const struct member *m, char *out, size_t size)
{
	static const char *const kinds[] = {"a text of 256 bytes of UTF-8 at most", "a number",
					    "true or false", "one of: "};

	snprintf(out, size, "%s: expected %s%s", m->name, kinds[m->kind],
		 m->kind == WORD ? m->words : "");
}

static bool put(json_t *request, const struct member *m, const char *text, char *error, size_t size)
{
	json_t *value = value_of(m, text), *there = json_object_get(request, m->name);

	if (!value) {
		say_value(m, error, size);
		return false;
	}
	if (!m->list && there) {
		json_decref(value);
		snprintf(error, size, "%s: more than once", m->name);
		return false;
	}
	if (!m->list)
		json_object_set_new(request, m->name, value);
	else if (there)
		json_array_append_new(there, value);
	else
		json_object_set_new(request, m->name, json_pack("[o]", value));
	return true;
}

bool query_members(struct evhttp_request *req, struct evkeyvalq *members)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));

	if (evhttp_parse_query_str(query ? query : "", members) == 0)
		return true;
	reply_error(req, HTTP_BADREQUEST, "malformed query");
	return false;
}

json_t *query_request(const char *name, const struct evkeyvalq *members, int *status, char *error,
		      size_t size)
{
	const struct member *known = members_of(name), *m;
	const struct evkeyval *given;
	json_t *request;

	*status = HTTP_NOTFOUND;
	if (!known) {
		say_requests(error, size);
		return NULL;
	}
	*status = HTTP_BADREQUEST;
	request = json_pack("{s:s}", "command", name);
	TAILQ_FOREACH (given, members, next) {
		m = member_of(known, given->key);
		if (!m)
			say_members(known, given->key, error, size);
		if (!m || !put(request, m, given->value, error, size)) {
			json_decref(request);
			return NULL;
		}
	}
	*status = HTTP_OK;
	return request;
}

json_t *query_take(struct evhttp_request *req, const char *name)
{
	struct evkeyvalq members;
	char error[1024];
	json_t *request;
	int status;

	if (!query_members(req, &members))
		return NULL;
	request = query_request(name, &members, &status, error, sizeof(error));
	evhttp_clear_headers(&members);
	if (!request)
		reply_error(req, status, "%s", error);
	return request;
}
