/* SPDX-License-Identifier: BSD-2-Clause */
/* listens: which doors are open after each answer of wgbgpd. The sockets are made up: one stands in
 * the way of another at the same port, where either is for all addresses, unless they are of
 * different interfaces (doors_test tries real ones). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "doors.h"
#include "listens.h"
#include "loop.h"
#include "server.h"
#include "tunnel_doors.h"
#include "util.h"

#define SOCKETS_MAX 64

static char sockets[SOCKETS_MAX][64]; /* the address that is listened at; "": none */
static unsigned opened, closed;
static bool made_anew; /* the interfaces were */
static const struct ask_sink *sink, *of_tunnels;

static const char *device(const char *address)
{
	const char *at = door_interface(address);

	return at ? at : strncmp(address, "127.", 4) == 0 ? "lo" : "";
}

static bool in_the_way(const char *a, const char *b)
{
	return *a && atoi(strchr(a, ':') + 1) == atoi(strchr(b, ':') + 1) &&
	       (str_eq(device(a), device(b)) || !*device(a) || !*device(b)) &&
	       (str_eq(a, b) || strncmp(a, "0.0.0.0:", 8) == 0 || strncmp(b, "0.0.0.0:", 8) == 0);
}

int __wrap_door_open(const char *address, bool guarded, char *error, size_t size);
int __wrap_door_open(const char *address, bool guarded, char *error, size_t size)
{
	int free_one = 0;

	snprintf(error, size, "%s: not now", address);
	if (strstr(address, "192.0.2."))
		return -EADDRNOTAVAIL;
	for (int i = SOCKETS_MAX - 1; i > 0; i--) {
		if (in_the_way(sockets[i], address))
			return -EADDRINUSE;
		if (!sockets[i][0])
			free_one = i;
	}
	str_copy(sockets[free_one], address, sizeof(sockets[free_one]));
	opened++;
	return free_one;
}

struct evhttp_bound_socket *__wrap_server_listen(int fd);
struct evhttp_bound_socket *__wrap_server_listen(int fd)
{
	return (struct evhttp_bound_socket *)sockets[fd];
}

void __wrap_server_unlisten(struct evhttp_bound_socket *bound);
void __wrap_server_unlisten(struct evhttp_bound_socket *bound)
{
	*(char *)bound = '\0';
	closed++;
}

int __wrap_server_socket(struct evhttp_bound_socket *bound);
int __wrap_server_socket(struct evhttp_bound_socket *bound)
{
	return 0;
}

/* Whether what listens is of the interface that is there now. */
bool __wrap_conns_bound(int fd, const char *interface);
bool __wrap_conns_bound(int fd, const char *interface)
{
	return !made_anew;
}

void __wrap_conns_cut_bound(const char *interface);
void __wrap_conns_cut_bound(const char *interface)
{
}

/* At once. */
void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	__real_timer_start(t, 0);
}

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *s,
			     void *arg);
struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *s,
			     void *arg)
{
	if (str_eq(json_string_value(json_object_get(request, "command")), "web"))
		sink = s;
	else
		of_tunnels = s;
	json_decref(request);
	return NULL;
}

/* What is open, somebody else's, too. */
static void opens(const char *wanted)
{
	char is[512] = "";

	for (int i = 1; i < SOCKETS_MAX; i++)
		if (sockets[i][0])
			snprintf(is + strlen(is), sizeof(is) - strlen(is), "%s%s", *is ? " " : "",
				 sockets[i]);
	assert_string_equal(is, wanted);
}

static void says(const char *json)
{
	sink->head(NULL, "", json, strlen(json));
	sink->end(NULL, ASK_ANSWERED, NULL);
}

/* wgbgpd's answer: the planes of wg0 and wg1; NULL: there is no such interface. */
static void tunnels_are(const char *wg0, const char *wg1)
{
	const char *const planes[] = {wg0, wg1};
	const struct ask_sink *now;
	char row[64];

	while (!of_tunnels)
		event_base_loop(loop_base(), EVLOOP_ONCE);
	now = of_tunnels;
	of_tunnels = NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(planes); i++)
		if (planes[i]) {
			snprintf(row, sizeof(row), "{\"name\":\"wg%u\",\"plane\":\"%s\"}", i,
				 planes[i]);
			now->row(NULL, row, strlen(row));
		}
	now->end(NULL, ASK_ANSWERED, NULL);
}

static void begin(bool usual, bool guarded)
{
	char error[64];

	memset(sockets, 0, sizeof(sockets));
	listens_begin(usual ? door_open(DOOR_USUAL, guarded, error, sizeof(error)) : -1, guarded);
	opened = closed = 0;
	event_base_loop(loop_base(), EVLOOP_ONCE);
	assert_non_null(sink);
}

static int listens_test_end(void **state)
{
	listens_free();
	tunnel_doors_free();
	loop_free();
	sink = of_tunnels = NULL;
	return 0;
}

static void test_follows(void **state)
{
	begin(true, false);
	says("{\"listen\":[],\"token\":false}");
	opens("127.0.0.1:8179");
	says("{\"listen\":[\"127.0.0.1:8180\",\"127.0.0.1:8181\"],\"token\":false}");
	opens("127.0.0.1:8180 127.0.0.1:8181");
	sink->end(NULL, ASK_REFUSED, "no configuration runs yet");
	sink->end(NULL, ASK_FAILED, "nobody there");
	opens("127.0.0.1:8180 127.0.0.1:8181");
	says("{\"listen\":[]}");
	opens("127.0.0.1:8179");
}

static void test_same_port(void **state)
{
	begin(true, true);
	says("{\"listen\":[\"0.0.0.0:8179\"],\"token\":true}");
	opens("0.0.0.0:8179");
	says("{\"listen\":[\"127.0.0.1:8179\"],\"token\":true}");
	opens("127.0.0.1:8179");
	assert_int_equal(closed, 2);
}

/* What cannot be helped by shutting the usual door does not shut it again and again. */
static void test_in_vain(void **state)
{
	begin(true, true);
	for (unsigned i = 0; i < 10; i++)
		says("{\"listen\":[\"192.0.2.1:8179\"]}");
	opens("127.0.0.1:8179");
	assert_int_equal(closed, 0);
	strcpy(sockets[2], "10.9.0.1:8179"); /* somebody else's */
	for (unsigned i = 0; i < 10; i++)
		says("{\"listen\":[\"0.0.0.0:8179\"]}");
	opens("127.0.0.1:8179 10.9.0.1:8179");
	assert_int_equal(closed, 1);
	sockets[2][0] = '\0';
	for (unsigned i = 0; i < 40; i++)
		says("{\"listen\":[\"0.0.0.0:8179\"]}");
	opens("0.0.0.0:8179");
}

/* Others reach it, and it is not named any more. */
static void test_exposed(void **state)
{
	begin(true, true);
	says("{\"listen\":[\"0.0.0.0:8182\"],\"token\":true}");
	opens("0.0.0.0:8182");
	says("{\"listen\":[\"192.0.2.1:8180\"],\"token\":true}");
	opens("127.0.0.1:8179");
}

static void test_token_is_missing(void **state)
{
	begin(true, false);
	says("{\"listen\":[\"127.0.0.1:8180\"],\"token\":false}");
	says("{\"listen\":[\"127.0.0.1:8180\",\"10.9.0.1:8179@wg0\"],\"token\":true}");
	says("{\"listen\":[\"127.0.0.1:8180\",\"10.9.0.1:8179@wg0\"],\"token\":true}");
	opens("");
	says("{\"listen\":[],\"token\":false}");
	opens("127.0.0.1:8179");
}

/* Doors of tunnels at the port of the usual one, and how their interfaces come and go. */
static void test_tunnels(void **state)
{
	static const struct {
		const char *listen, *wg0, *wg1; /* their planes; NULL: it is not there */
		bool anew;			/* both, since the row before */
		const char *opens;
	} rows[] = {
		{"[\"0.0.0.0:8179@wg0\"]", NULL, NULL, false, "127.0.0.1:8179"},
		{"[\"0.0.0.0:8179@wg0\"]", "main", NULL, false, "127.0.0.1:8179"},
		{"[\"0.0.0.0:8179@wg0\"]", "p", NULL, false, "0.0.0.0:8179@wg0"},
		{"[\"0.0.0.0:8179@wg0\"]", "p", NULL, true, "127.0.0.1:8179"},
		{"[\"0.0.0.0:8179@wg0\"]", "p", NULL, false, "0.0.0.0:8179@wg0"},
		{"[\"0.0.0.0:8179@wg0\",\"0.0.0.0:8179@wg1\"]", "p", "q", false,
		 "0.0.0.0:8179@wg1 0.0.0.0:8179@wg0"},
		{"[\"0.0.0.0:8179@wg1\",\"0.0.0.0:8179@wg0\"]", NULL, "q", false,
		 "0.0.0.0:8179@wg1"},
		{"[\"127.0.0.1:8179\",\"0.0.0.0:8179@wg0\"]", "p", "q", false,
		 "127.0.0.1:8179 0.0.0.0:8179@wg0"},
		{"[\"127.0.0.1:8179\",\"0.0.0.0:8179@wg0\"]", NULL, "q", false, "127.0.0.1:8179"},
		{"[\"0.0.0.0:8179\"]", NULL, NULL, false, "0.0.0.0:8179"},
		{"[\"0.0.0.0:8179@wg0\"]", "p", NULL, false, "0.0.0.0:8179@wg0"},
		{"[]", NULL, NULL, false, "127.0.0.1:8179"},
	};
	char text[128];

	begin(true, true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(text, sizeof(text), "{\"listen\":%s}", rows[i].listen);
		says(text);
		made_anew = rows[i].anew;
		if (strchr(text, '@'))
			tunnels_are(rows[i].wg0, rows[i].wg1);
		says(text);
		print_message("row %zu\n", i);
		opens(rows[i].opens);
	}
}

/* Somebody else is in the way, but not of what is named now. */
static void test_change_after_vain(void **state)
{
	begin(true, true);
	strcpy(sockets[2], "10.9.0.1:8179");
	for (unsigned i = 0; i < 3; i++)
		says("{\"listen\":[\"0.0.0.0:8179\"]}");
	opens("127.0.0.1:8179 10.9.0.1:8179");
	sockets[2][0] = '\0';
	says("{\"listen\":[\"0.0.0.0:8179\"],\"token\":true}");
	opens("0.0.0.0:8179");
}

static void name_tunnels(unsigned port)
{
	json_t *list = json_array();
	char *text;

	for (unsigned i = 0; i < DOORS_MAX; i++)
		json_array_append_new(list, json_sprintf("10.9.0.1:%u@wg%u", port, i));
	list = json_pack("{s:o}", "listen", list);
	text = json_dumps(list, 0);
	says(text);
	free(text);
	json_decref(list);
}

static void test_all_move(void **state)
{
	begin(true, false);
	name_tunnels(8179);
	name_tunnels(8180);
	name_tunnels(8181);
	opens("127.0.0.1:8179");
	assert_true(!tunnel_door_is_open("10.9.0.1:8181@wg0"));
}

/* The usual door is somebody else's when we start. */
static void test_usual_is_busy(void **state)
{
	begin(false, false);
	strcpy(sockets[1], DOOR_USUAL);
	says("{\"listen\":[\"127.0.0.1:8180\"]}");
	opens("127.0.0.1:8179 127.0.0.1:8180");
	says("{\"listen\":[]}");
	opens("127.0.0.1:8179");
	sockets[1][0] = '\0';
	assert_int_equal(opened, 1);
	says("{\"listen\":[]}");
	opens("127.0.0.1:8179");
	assert_int_equal(opened, 2);
}

#define LISTENS_TEST(fn) cmocka_unit_test_teardown(fn, listens_test_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LISTENS_TEST(test_follows),	      LISTENS_TEST(test_same_port),
		LISTENS_TEST(test_in_vain),	      LISTENS_TEST(test_exposed),
		LISTENS_TEST(test_token_is_missing),  LISTENS_TEST(test_all_move),
		LISTENS_TEST(test_usual_is_busy),     LISTENS_TEST(test_tunnels),
		LISTENS_TEST(test_change_after_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
