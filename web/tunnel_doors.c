/* SPDX-License-Identifier: BSD-2-Clause */
#include "tunnel_doors.h"

#include <jansson.h>
#include <stdio.h>

#include "asker.h"
#include "conf.h"
#include "doors.h"
#include "log.h"
#include "loop.h"
#include "server.h"
#include "util.h"

#define AGAIN_MS 2000

static struct waiting {
	const char *address; /* NULL: it is open */
	char said[320];	     /* why it is not, as it was logged last */
} doors[DOORS_MAX];
static size_t n_doors;
static json_t *plane_of; /* interface: its plane; while they are asked for */
static struct timer again;

static void ask(void *arg);

static void say(struct waiting *w, const char *why)
{
	if (str_eq(w->said, why))
		return;
	str_copy(w->said, why, sizeof(w->said));
	log_warn("listen", "local=%s error=\"%s\"", w->address, why);
}

static void try(struct waiting *w)
{
	const char *interface = door_interface(w->address);
	const char *plane = json_string_value(json_object_get(plane_of, interface));
	char why[320];
	int fd;

	if (!plane || str_eq(plane, "main")) {
		snprintf(why, sizeof(why), "%s is %s", interface,
			 plane ? "in the main plane, and has to be in one with a name"
			       : "no WireGuard interface of wgbgp, or not yet");
		say(w, why);
		return;
	}
	fd = door_open(w->address, false, why, sizeof(why));
	if (fd < 0) {
		say(w, why);
		return;
	}
	log_info("listen", "local=%s", w->address);
	w->address = NULL;
	server_listen(fd);
}

static void doors_on_head(void *arg, const char *list, const char *text, size_t len)
{
}

static void doors_on_row(void *arg, const char *text, size_t len)
{
	json_t *row = conf_read(text, len);
	const char *name = conf_str(row, "name", NULL), *plane = conf_str(row, "plane", NULL);

	if (name && plane)
		json_object_set_new(plane_of, name, json_string(plane));
	json_decref(row);
}

static void doors_on_end(void *arg, enum ask_end how, const char *error)
{
	bool left = false;

	for (struct waiting *w = doors; w < doors + n_doors; w++) {
		if (w->address && how == ASK_ANSWERED)
			try(w);
		else if (w->address)
			say(w, error);
		left |= w->address != NULL;
	}
	json_decref(plane_of);
	plane_of = NULL;
	if (left)
		timer_start(&again, AGAIN_MS);
}

static void ask(void *arg)
{
	static const struct ask_sink sink = {doors_on_head, doors_on_row, doors_on_end};

	plane_of = json_object();
	ask_start(CLASS_OWN, json_pack("{s:s}", "command", "wireguard"), &sink, NULL);
}

void tunnel_door_wait(const char *address)
{
	ensure(n_doors < DOORS_MAX);
	if (!n_doors) {
		timer_init(&again, ask, NULL);
		timer_start(&again, 0);
	}
	doors[n_doors++].address = address;
}

void tunnel_doors_free(void)
{
	timer_stop(&again);
	json_decref(plane_of);
	plane_of = NULL;
	n_doors = 0;
}
