/* SPDX-License-Identifier: BSD-2-Clause */
#include "listens.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "conf.h"
#include "doors.h"
#include "log.h"
#include "loop.h"
#include "server.h"
#include "tunnel_doors.h"
#include "util.h"

#define LISTENS_AGAIN_MS 2000

static struct listen {
	char *address;			  /* NULL: the place is free */
	struct evhttp_bound_socket *open; /* NULL: it is not, or is a tunnel's */
	bool wanted;
	char said[320]; /* why it is not open, as it was logged last */
} listens[2 * DOORS_MAX];
static bool guarded;
static json_t *answer; /* so far */
static struct timer again;

static struct listen *listens_place(const char *address)
{
	struct listen *free_one = NULL;

	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++) {
		if (l->address && str_eq(l->address, address))
			return l;
		if (!l->address && !free_one)
			free_one = l;
	}
	return free_one;
}

static bool of_tunnel(const struct listen *l)
{
	return door_interface(l->address) != NULL;
}

static bool is_open(const struct listen *l)
{
	return of_tunnel(l) ? tunnel_door_is_open(l->address) : l->open != NULL;
}

static void listen_open(struct listen *l)
{
	char why[320];
	int fd = door_open(l->address, guarded, why, sizeof(why));

	if (fd >= 0) {
		log_info("listen", "local=%s", l->address);
		l->said[0] = '\0';
		l->open = server_listen(fd);
	} else if (!str_eq(l->said, why)) {
		str_copy(l->said, why, sizeof(l->said));
		log_warn("listen", "local=%s error=\"%s\"", l->address, why);
	}
}

static void listen_shut(struct listen *l)
{
	if (of_tunnel(l))
		tunnel_door_drop(l->address);
	else if (l->open)
		server_unlisten(l->open);
	log_info("listen-end", "local=%s", l->address);
	free(l->address);
	*l = (struct listen){0};
}

static void want(const char *address)
{
	struct listen *l = listens_place(address);

	if (!l)
		return; /* as many that go are still open; it is asked for again */
	if (!l->address) {
		l->address = xstrdup(address);
		if (of_tunnel(l))
			tunnel_door_wait(l->address);
	}
	l->wanted = true;
	if (!of_tunnel(l) && !l->open)
		listen_open(l);
}

/* What stands in the way of L at the same port. */
static struct listen *in_the_way(const struct listen *l)
{
	for (struct listen *o = listens; o < listens + ARRAY_SIZE(listens); o++)
		if (o->open && !o->wanted &&
		    str_eq(strrchr(o->address, ':'), strrchr(l->address, ':')))
			return o;
	return NULL;
}

/* From 127.0.0.1:8179 to 0.0.0.0:8179, say: the first one goes first, and comes back where that
 * does not help. */
static void listen_instead(struct listen *l)
{
	struct listen *o = !of_tunnel(l) && !l->open ? in_the_way(l) : NULL;

	if (!o)
		return;
	server_unlisten(o->open);
	o->open = NULL;
	listen_open(l);
	if (!l->open)
		listen_open(o);
}

static bool any_open(void)
{
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		if (l->address && l->wanted && is_open(l))
			return true;
	return false;
}

static void follow(const json_t *addresses)
{
	json_t *address;
	size_t i;

	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		l->wanted = false;
	json_array_foreach (addresses, i, address)
		if (i < DOORS_MAX && json_is_string(address))
			want(json_string_value(address));
	if (json_array_size(addresses) == 0)
		want(DOOR_USUAL);
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		if (l->address && l->wanted)
			listen_instead(l);
	if (!any_open())
		return;
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		if (l->address && !l->wanted)
			listen_shut(l);
}

static void listens_on_head(void *arg, const char *list, const char *text, size_t len)
{
	json_decref(answer);
	answer = conf_read(text, len);
}

static void listens_on_row(void *arg, const char *text, size_t len)
{
}

/* While wgbgpd does not answer all stays as it is. */
static void listens_on_end(void *arg, enum ask_end how, const char *error)
{
	const json_t *addresses = conf_list(answer, "listen");

	if (how == ASK_ANSWERED && addresses)
		follow(addresses);
	json_decref(answer);
	answer = NULL;
	timer_start(&again, LISTENS_AGAIN_MS);
}

static void listens_ask(void *arg)
{
	static const struct ask_sink sink = {listens_on_head, listens_on_row, listens_on_end};

	ask_start(CLASS_OWN, json_pack("{s:s}", "command", "web"), &sink, NULL);
}

void listens_begin(int usual, bool with_token)
{
	guarded = with_token;
	listens[0] = (struct listen){.address = xstrdup(DOOR_USUAL), .open = server_listen(usual)};
	log_info("listen", "local=%s", DOOR_USUAL);
	timer_init(&again, listens_ask, NULL);
	timer_start(&again, 0);
}

void listens_free(void)
{
	timer_stop(&again);
	json_decref(answer);
	answer = NULL;
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++) {
		free(l->address);
		*l = (struct listen){0};
	}
}
