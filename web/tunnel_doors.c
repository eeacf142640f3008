/* SPDX-License-Identifier: BSD-2-Clause */
#include "tunnel_doors.h"

#include <jansson.h>
#include <stdio.h>

#include "asker.h"
#include "conf.h"
#include "conns.h"
#include "doors.h"
#include "log.h"
#include "loop.h"
#include "server.h"
#include "util.h"

#define AGAIN_MS 2000 /* one is not open */
#define JUDGE_MS 5000 /* all are */

static struct door {
	const char *address;
	struct evhttp_bound_socket *open; /* NULL: it is not */
	char said[320];			  /* why it is not, as it was logged last */
} doors[DOORS_MAX];
static size_t n_doors;
static json_t *plane_of; /* interface: its plane; while they are asked for */
static struct timer again;

static void ask(void *arg);

static void say(struct door *d, const char *why)
{
	if (str_eq(d->said, why))
		return;
	str_copy(d->said, why, sizeof(d->said));
	log_warn("listen", "local=%s error=\"%s\"", d->address, why);
}

/* False with WHY: nobody may come in by INTERFACE. */
static bool may_open(const char *interface, char *why, size_t size)
{
	const char *plane = json_string_value(json_object_get(plane_of, interface));

	if (plane && !str_eq(plane, "main"))
		return true;
	snprintf(why, size, "%s is %s", interface,
		 plane ? "in the main plane, and has to be in one with a name"
		       : "no WireGuard interface of wgbgp, or not yet");
	return false;
}

static void open_it(struct door *d)
{
	char why[320];
	int fd = door_open(d->address, false, why, sizeof(why));

	if (fd < 0) {
		say(d, why);
		return;
	}
	log_info("listen", "local=%s", d->address);
	d->said[0] = '\0';
	d->open = server_listen(fd);
}

/* Those who came in by it go, too. */
static void shut(struct door *d, const char *why)
{
	server_unlisten(d->open);
	d->open = NULL;
	conns_cut_bound(door_interface(d->address));
	say(d, why);
}

static void judge(struct door *d)
{
	const char *interface = door_interface(d->address);
	char why[320] = "the interface is another one now";
	bool may = may_open(interface, why, sizeof(why));

	if (!d->open && may)
		open_it(d);
	else if (!d->open)
		say(d, why);
	else if (!may || !conns_bound(server_socket(d->open), interface))
		shut(d, why);
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

/* While wgbgpd does not answer what is open stays so: the kernel's planes stay, too. */
static void doors_on_end(void *arg, enum ask_end how, const char *error)
{
	bool all = true;

	for (struct door *d = doors; d < doors + n_doors; d++) {
		if (how == ASK_ANSWERED)
			judge(d);
		else if (!d->open)
			say(d, error);
		all &= d->open != NULL;
	}
	json_decref(plane_of);
	plane_of = NULL;
	if (n_doors)
		timer_start(&again, all ? JUDGE_MS : AGAIN_MS);
}

static void ask(void *arg)
{
	static const struct ask_sink sink = {doors_on_head, doors_on_row, doors_on_end};

	if (plane_of)
		return; /* it goes on when that is answered */
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
	doors[n_doors++] = (struct door){.address = address};
}

static struct door *door_of(const char *address)
{
	for (struct door *d = doors; d < doors + n_doors; d++)
		if (str_eq(d->address, address))
			return d;
	return NULL;
}

bool tunnel_door_is_open(const char *address)
{
	const struct door *d = door_of(address);

	return d && d->open;
}

void tunnel_door_drop(const char *address)
{
	struct door *d = door_of(address);

	if (!d)
		return;
	if (d->open) {
		server_unlisten(d->open);
		conns_cut_bound(door_interface(address));
	}
	*d = doors[--n_doors];
	if (!n_doors)
		timer_stop(&again);
}

void tunnel_doors_free(void)
{
	timer_stop(&again);
	json_decref(plane_of);
	plane_of = NULL;
	n_doors = 0;
}
