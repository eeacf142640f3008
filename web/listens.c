/* SPDX-License-Identifier: BSD-2-Clause */
#include "listens.h"

#include <errno.h>
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
#define LISTENS_RESTS 30 /* times that it is not shut for another, after it was so in vain */

static struct listen {
	char *address;			  /* NULL: the place is free */
	struct evhttp_bound_socket *open; /* NULL: it is not, or is a tunnel's */
	bool wanted;
	int err;	/* why it is not open */
	char said[320]; /* that, as it was logged last */
} listens[DOORS_MAX + 1];
static bool guarded, unguarded_said;
static unsigned rests;
static json_t *answer; /* so far */
static json_t *before; /* the last one */
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

	l->err = fd < 0 ? fd : 0;
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
	bool was_open = is_open(l);

	if (of_tunnel(l))
		tunnel_door_drop(l->address);
	else if (l->open)
		server_unlisten(l->open);
	if (was_open)
		log_info("listen-end", "local=%s", l->address);
	free(l->address);
	*l = (struct listen){0};
}

static void want(const char *address)
{
	struct listen *l = listens_place(address);

	if (!l->address) {
		l->address = xstrdup(address);
		if (of_tunnel(l))
			tunnel_door_wait(l->address);
	}
	l->wanted = true;
	if (!of_tunnel(l) && !l->open)
		listen_open(l);
}

static bool any_open(void)
{
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		if (l->address && l->wanted && is_open(l))
			return true;
	return false;
}

static void shut_unwanted(bool usual, bool others)
{
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		if (l->address && !l->wanted && (str_eq(l->address, DOOR_USUAL) ? usual : others))
			listen_shut(l);
}

/* From 127.0.0.1:8179 to 0.0.0.0:8179, say: the first one goes first. Somebody else may be in the
 * way as well: it is not tried each time. */
static void open_instead(void)
{
	if (rests && rests--)
		return;
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		if (l->address && l->wanted && l->err == -EADDRINUSE) {
			rests = LISTENS_RESTS;
			shut_unwanted(true, false);
			listen_open(l);
		}
	if (any_open())
		rests = 0;
}

/* Whether ADDRESSES have it. */
static bool is_named(const json_t *addresses, const char *name)
{
	json_t *address;
	size_t i;

	json_array_foreach (addresses, i, address)
		if (i < DOORS_MAX && json_is_string(address) &&
		    str_eq(json_string_value(address), name))
			return true;
	return false;
}

/* What is not named any more goes first, which others may reach; the usual one not before another
 * is open, and it comes where none is. */
static void follow(const json_t *addresses)
{
	json_t *address;
	size_t i;

	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		l->wanted = l->address && is_named(addresses, l->address);
	shut_unwanted(false, true);
	json_array_foreach (addresses, i, address)
		if (i < DOORS_MAX && json_is_string(address))
			want(json_string_value(address));
	if (!any_open())
		open_instead();
	if (any_open())
		shut_unwanted(true, true);
	else
		want(DOOR_USUAL);
}

/* Whoever asks should know a token, and there is none. */
static void shut_all(void)
{
	if (!unguarded_said)
		log_error("listen", "error=\"the configuration has token true, and wgbgp-web was "
				    "given none (-t): it listens nowhere\"");
	unguarded_said = true;
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++)
		l->wanted = false;
	shut_unwanted(true, true);
}

static void listens_on_head(void *arg, const char *list, const char *text, size_t len)
{
	json_decref(answer);
	answer = conf_read(text, len);
}

/* Another configuration may be one that opens. */
static void note_change(void)
{
	if (json_equal(answer, before))
		return;
	rests = 0;
	json_decref(before);
	before = json_incref(answer);
}

/* While wgbgpd does not answer all stays as it is. */
static void listens_on_end(void *arg, enum ask_end how, const char *error)
{
	const json_t *addresses = conf_list(answer, "listen");
	bool unguarded;

	if (how == ASK_ANSWERED && addresses) {
		note_change();
		unguarded = !guarded && conf_bool(answer, "token", false);
		if (unguarded)
			shut_all();
		else
			follow(addresses);
		unguarded_said = unguarded;
	}
	json_decref(answer);
	answer = NULL;
	timer_start(&again, LISTENS_AGAIN_MS);
}

static void listens_ask(void *arg)
{
	static const struct ask_sink sink = {listens_on_head, NULL, listens_on_end};

	ask_start(CLASS_OWN, json_pack("{s:s}", "command", "web"), &sink, NULL);
}

void listens_begin(int usual, bool with_token)
{
	guarded = with_token;
	rests = 0;
	unguarded_said = false;
	if (usual >= 0) {
		listens[0] = (struct listen){.address = xstrdup(DOOR_USUAL),
					     .open = server_listen(usual)};
		log_info("listen", "local=%s", DOOR_USUAL);
	}
	timer_init(&again, listens_ask, NULL);
	timer_start(&again, 0);
}

void listens_free(void)
{
	timer_stop(&again);
	json_decref(answer);
	json_decref(before);
	answer = before = NULL;
	for (struct listen *l = listens; l < listens + ARRAY_SIZE(listens); l++) {
		free(l->address);
		*l = (struct listen){0};
	}
}
