/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h" /* accept4() */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "asked.h"
#include "bgp.h"
#include "bgp_plan.h"
#include "conn.h"
#include "ipc.h"
#include "json_text.h"
#include "listen.h"
#include "loop.h"
#include "message.h"
#include "neighbors.h"
#include "peer_show.h"
#include "planes.h"
#include "quoted.h"
#include "restart.h"
#include "rig.h"
#include "rib.h"
#include "show.h"
#include "util.h"
#include "zebra_news.h"

static bool running;
static struct endpoint here; /* of bgpd's listener */

/* zebra-lite's side. */
static struct ipc *zebra;
static struct route {
	struct prefix prefix;
	struct msg_routes m;
	char text[256];
	struct route *next;
} * routes;
static json_t *watches; /* address: how often */
static unsigned syncs;

/* Of what was asked last. */
static json_t *answer;
static bool answered;

static struct far *fars[256];

struct in6_request { /* the kernel's struct in6_ifreq */
	struct in6_addr addr;
	uint32_t len;
	int ifindex;
};

static void set_address(int fd, unsigned long request, struct ifreq *r, uint32_t value)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(value)};

	memcpy(&r->ifr_addr, &sin, sizeof(sin));
	assert_int_equal(ioctl(fd, request, r), 0);
}

/* On lo the whole subnet is local: each neighbour has an address in it. */
int rig_run(const struct CMUnitTest *tests, size_t n)
{
	struct ifreq r = {.ifr_name = "lo"};
	struct in6_request six = {.len = 64, .ifindex = 1};
	int fd;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 77;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	set_address(fd, SIOCSIFADDR, &r, 0x0a090001);
	set_address(fd, SIOCSIFNETMASK, &r, 0xffffff00);
	r.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	inet_pton(AF_INET6, "fd09::1", &six.addr);
	if (ioctl(fd, SIOCSIFADDR, &six) < 0)
		return 77;
	close(fd);
	return _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
}

uint64_t rig_real_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

#define TURN_SECONDS 8 /* of one turn: who needs more goes round in circles */

void rig_turn(void)
{
	alarm(TURN_SECONDS);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	alarm(0);
	for (unsigned i = 0; i < 256; i++)
		if (fars[i])
			far_hear(fars[i]);
}

static void keep_route(const struct prefix *p, const struct msg_routes *m)
{
	struct route *r = routes;
	size_t at = 0;

	while (r && !prefix_eq(&r->prefix, p))
		r = r->next;
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		r->next = routes;
		routes = r;
		r->prefix = *p;
	}
	r->m = *m;
	r->m.prefixes = NULL;
	r->text[0] = '\0';
	for (unsigned i = 0; i < m->hops.n; i++)
		at += snprintf(r->text + at, sizeof(r->text) - at, "%s%s", i ? " " : "",
			       ADDR_STR(&m->hops.hop[i].addr));
}

static void on_zebra(void *arg, const struct ipc_frame *f)
{
	struct msg_routes m;
	struct addr a;

	switch (f->type) {
	case MSG_ROUTES:
		assert_int_equal(msg_get_routes(f->body, f->len, &m), 0);
		for (unsigned i = 0; i < m.n_prefixes; i++)
			keep_route(&m.prefixes[i], &m);
		msg_free_routes(&m);
		break;
	case MSG_ROUTES_SYNC:
		syncs++;
		break;
	case MSG_NEXTHOP_WATCH:
	case MSG_NEXTHOP_UNWATCH:
		assert_int_equal(msg_get_addr(f->body, f->len, &a), 0);
		if (f->type == MSG_NEXTHOP_WATCH)
			json_object_set_new(watches, ADDR_STR(&a), json_true());
		else
			json_object_del(watches, ADDR_STR(&a));
		break;
	default:
		fail_msg("bgpd says %s to zebra-lite", msg_name(f->type));
	}
}

static void on_gone(void *arg, const char *why)
{
}

static void forget_routes(void)
{
	while (routes) {
		struct route *r = routes;

		routes = r->next;
		free(r);
	}
	json_decref(watches);
	watches = json_object();
	syncs = 0;
}

void rig_zebra_gone(void)
{
	ipc_free(zebra);
	zebra = NULL;
	rig_turn();
}

static int deaf; /* its end of the channel */

void rig_zebra_deaf(void)
{
	int fds[2];

	ipc_free(zebra);
	zebra = NULL;
	forget_routes();
	assert_int_equal(ipc_pair(fds), 0);
	deaf = fds[0];
	zebra_channel(fds[1]);
}

void rig_zebra_hears(void)
{
	static const struct ipc_handlers handlers = {on_zebra, on_gone, NULL};

	zebra = ipc_new(deaf, &handlers, NULL);
}

void rig_zebra_again(void)
{
	rig_zebra_deaf();
	rig_zebra_hears();
}

static void zebra_say(enum msg_type type, struct wr *w)
{
	ipc_send(zebra, type, 1, w->data, w->len);
	wr_free(w);
}

/* ADDRESS or ADDRESS%INTERFACE. */
static struct addr addr_of(const char *text)
{
	char address[ADDR_STRLEN];
	const char *link = strchr(text, '%');
	struct addr a;

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "%"), text);
	if (addr_parse(address, &a) < 0)
		fail_msg("no address: %s", text);
	return addr_by_link(&a, link ? link + 1 : "");
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p) < 0)
		fail_msg("no prefix: %s", text);
	return p;
}

void rig_nexthop_is(const struct msg_nexthop *m)
{
	struct wr w = {0};

	msg_put_nexthop(&w, m);
	zebra_say(MSG_NEXTHOP, &w);
	rig_settle();
}

void rig_nexthop(const char *address, enum reach reach, enum reason why)
{
	rig_nexthop_is(&(struct msg_nexthop){.addr = addr_of(address),
					     .reach = reach,
					     .reason = why,
					     .connected = true,
					     .cost = 10,
					     .ifname = "eth0"});
}

void rig_tunnel(const char *address, const char *ifname, const char *name, enum reach reach,
		enum reason why)
{
	struct msg_nexthop m = {.addr = addr_of(address),
				.reach = reach,
				.reason = why,
				.connected = true,
				.tunnel = true,
				.cost = 10};

	str_copy(m.ifname, ifname, sizeof(m.ifname));
	str_copy(m.peer, name, sizeof(m.peer));
	rig_nexthop_is(&m);
}

/* What is watched and was not spoken of is reached by a link. */
static void answer_watches(void)
{
	json_t *all = json_copy(watches), *v;
	const char *address;

	json_object_foreach (all, address, v)
		rig_nexthop(address, REACH_UP, REASON_NONE);
	json_decref(all);
}

void rig_redist_is(const struct msg_redist *m)
{
	struct wr w = {0};

	msg_put_redist(&w, m);
	zebra_say(MSG_REDIST, &w);
}

void rig_redist(const char *prefix, enum redist_source source, bool present)
{
	rig_redist_is(&(struct msg_redist){
		.prefix = prefix_of(prefix), .source = source, .present = present});
	rig_settle();
}

void rig_redist_metric(const char *prefix, enum redist_source source, uint32_t metric)
{
	rig_redist_is(&(struct msg_redist){
		.prefix = prefix_of(prefix), .source = source, .present = true, .metric = metric});
	rig_settle();
}

void rig_kept(const char *prefixes, const char *next_hops)
{
	struct route_hops hops = {0};
	struct wr w = {0};
	char word[64];
	uint32_t n = 0;
	size_t mark;
	int len;

	for (const char *at = next_hops; sscanf(at, " %63s%n", word, &len) == 1; at += len) {
		hops.hop[hops.n].weight = strchr(word, '*') != NULL;
		word[strcspn(word, "*")] = '\0';
		hops.hop[hops.n++].addr = addr_of(word);
	}
	mark = msg_begin_routes(&w, &hops);
	for (const char *at = prefixes; sscanf(at, " %63s%n", word, &len) == 1; at += len, n++) {
		struct prefix p = prefix_of(word);

		wr_prefix(&w, &p);
	}
	msg_end_routes(&w, mark, n);
	zebra_say(MSG_ROUTES_KEPT, &w);
	rig_settle();
}

void rig_redist_sync(uint32_t kept)
{
	struct wr w = {0};

	wr_u32(&w, kept);
	zebra_say(MSG_REDIST_SYNC, &w);
	rig_settle();
}

void rig_verdict(const char *prefix, const char *nexthop, enum reason why)
{
	struct prefix p = prefix_of(prefix);
	struct msg_verdicts m = {.verdict = why ? VERDICT_REFUSED : VERDICT_CLEARED,
				 .reason = why,
				 .n_prefixes = 1,
				 .prefixes = &p};
	struct wr w = {0};

	if (nexthop)
		m.nexthop = addr_of(nexthop);
	msg_put_verdicts(&w, &m);
	zebra_say(MSG_VERDICTS, &w);
	rig_settle();
}

bool rig_watched(const char *address)
{
	return json_object_get(watches, address);
}

unsigned rig_routes_syncs(void)
{
	return syncs;
}

const struct msg_routes *rig_route(const char *prefix)
{
	struct prefix p = prefix_of(prefix);

	for (struct route *r = routes; r; r = r->next)
		if (prefix_eq(&r->prefix, &p))
			return &r->m;
	return NULL;
}

const char *rig_hops(const char *prefix)
{
	const struct msg_routes *m = rig_route(prefix);

	return m ? container_of(m, struct route, m)->text : "never said";
}

/* The CLI. */
static void on_answer(enum msg_type type, const struct msg_reply *m)
{
	answered = asked_take(&answer, type, m);
}

static void open_cli(void)
{
	static struct show_command all[32];
	unsigned n = 0;

	for (const struct show_command *c = peer_commands; c->name; c++)
		all[n++] = *c;
	for (const struct show_command *c = rib_commands; c->name; c++)
		all[n++] = *c;
	for (const struct show_command *c = bgp_plan_commands; c->name; c++)
		all[n++] = *c;
	asked_start(all, NULL, on_answer);
}

json_t *rig_show(const char *request)
{
	json_t *j = quoted(request), *out;
	char *text = json_dumps(j, JSON_COMPACT);

	json_decref(answer);
	answer = json_object();
	answered = false;
	asked_request(7, text);
	free(text);
	json_decref(j);
	RIG_AWAIT(answered);
	out = answer;
	answer = NULL;
	return out;
}

const json_t *rig_ask(const char *request)
{
	static json_t *kept;

	json_decref(kept);
	kept = rig_show(request);
	return kept;
}

json_t *rig_path(const char *prefix, unsigned last)
{
	static json_t *kept;
	char *request = xasprintf("{'command': 'bgp-routes', 'prefix': '%s'}", prefix), from[32];
	json_t *row, *path;
	size_t i, j;

	json_decref(kept);
	kept = rig_show(request);
	free(request);
	snprintf(from, sizeof(from), "10.9.0.%u", last);
	json_array_foreach (json_object_get(kept, "routes"), i, row) {
		if (!str_eq(rig_str(row, "prefix"), prefix))
			continue;
		json_array_foreach (json_object_get(row, "paths"), j, path) {
			const char *at = json_string_value(json_object_get(path, "from"));

			if (last ? at && str_eq(at, from) : !at)
				return path;
		}
	}
	return NULL;
}

const char *rig_reason(const char *prefix, unsigned last)
{
	json_t *path = rig_path(prefix, last);

	return path ? rig_str(path, "reason") : "no path";
}

static const json_t *member(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		fail_msg("no member %s in %s", key, json_dumps(o, 0));
	return v;
}

const char *rig_str(const json_t *o, const char *key)
{
	const json_t *v = member(o, key);

	if (!json_is_string(v))
		fail_msg("%s is no string", key);
	return json_string_value(v);
}

json_int_t rig_int(const json_t *o, const char *key)
{
	const json_t *v = member(o, key);

	if (!json_is_integer(v))
		fail_msg("%s is no integer", key);
	return json_integer_value(v);
}

bool rig_bool(const json_t *o, const char *key)
{
	const json_t *v = member(o, key);

	if (!json_is_boolean(v))
		fail_msg("%s is no boolean", key);
	return json_is_true(v);
}

const char *rig_text(const json_t *o, const char *key)
{
	static char ring[4][4096];
	static unsigned at;
	const json_t *v = json_object_get(o, key);
	char *text;

	if (!v)
		return "absent";
	text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	at = (at + 1) % 4;
	assert_true(str_copy(ring[at], text, sizeof(ring[at])));
	free(text);
	return ring[at];
}

/* bgpd. */
static void open_listener(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(179),
				  .sin_addr.s_addr = htonl(0x0a090001)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 100), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	endpoint_from_sockaddr((struct sockaddr *)&sin, &here);
	listen_add(&here, fd);
}

static void apply(const json_t *config)
{
	planes_read(config);
	neighbors_apply(config);
	rib_apply(config);
}

void rig_config(const char *text)
{
	json_t *config = quoted(text);
	char error[256];

	if (!running) {
		running = true;
		bgp.started_ms = now_ms();
		rib_start();
		bgp_plan_open(apply);
		open_listener();
		open_cli();
	}
	if (peer_conf_check(config, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	apply(config);
	json_decref(config);
}

void rig_start(const char *text)
{
	rig_config(text);
	rig_zebra_again();
	rig_redist_sync(0);
	answer_watches();
}

void rig_stop(void)
{
	for (unsigned i = 0; i < 256; i++)
		if (fars[i])
			far_close(fars[i]);
	listen_stop();
	rib_stop();
	neighbors_stop();
	conn_finish_all();
	asked_stop();
	ipc_free(zebra);
	zebra = NULL;
	forget_routes();
	running = false;
}

/* Sockets of one host deliver at once: a few turns of the loop carry everything to its end. */
void rig_settle(void)
{
	for (int i = 0; i < 10; i++)
		rig_turn();
	for (unsigned i = 0; i < 256; i++) {
		const struct far *f = fars[i];

		if (f && !f->ended && far_peer(f) && far_peer(f)->state == PEER_ESTABLISHED)
			RIG_AWAIT(f->ended || !far_peer(f) ||
				  far_peer(f)->state != PEER_ESTABLISHED ||
				  far_peer(f)->count.messages_in >= f->said);
	}
	for (int i = 0; i < 10; i++)
		rig_turn();
	if (!restart_deferring())
		RIG_AWAIT(rib_settled());
	for (int i = 0; i < 10; i++)
		rig_turn();
}

/* Neighbours. */
static struct far *new_far(unsigned last, int fd)
{
	struct far *f = xcalloc(1, sizeof(*f));
	int yes = 1;

	f->last = last;
	f->rib = json_object();
	f->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	fars[last] = f;
	return f;
}

static struct addr far_addr(const struct far *f)
{
	return (struct addr){.family = AF_INET, .b = {10, 9, 0, f->last}};
}

struct peer *far_peer(const struct far *f)
{
	struct addr a = far_addr(f);

	return peer_find(&a);
}

struct far *far_connect_only(unsigned last)
{
	struct sockaddr_in from = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(0x0a090000 | last)};
	struct sockaddr_storage to;
	socklen_t len = endpoint_to_sockaddr(&here, &to);
	struct far *f = new_far(last, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	assert_int_equal(bind(f->fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(f->fd, (struct sockaddr *)&to, len), 0);
	fcntl(f->fd, F_SETFL, O_NONBLOCK);
	return f;
}

struct far *far_connect(unsigned last)
{
	struct far *f = far_connect_only(last);

	rig_turn();
	return f;
}

int far_listen(unsigned last)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(179),
				 .sin_addr.s_addr = htonl(0x0a090000 | last)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 10), 0);
	return fd;
}

struct far *far_try_accept(unsigned last, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct far *f;

	if (fd < 0)
		return NULL;
	f = new_far(last, fd);
	rig_turn();
	return f;
}

struct far *far_accept(unsigned last, int listener)
{
	struct far *f;

	RIG_AWAIT((f = far_try_accept(last, listener)));
	return f;
}

void far_open(struct far *f, const struct far_open *o)
{
	struct open open = {.as = o->as,
			    .router_id = o->router_id ? o->router_id : 0x0a000000 | f->last,
			    .hold_time = o->hold_time ? o->hold_time : 90,
			    .mp = true,
			    .family = {true, !o->only4},
			    .four_octet = !o->two_octet,
			    .refresh = !o->no_refresh,
			    .gr = o->gr,
			    .gr_restarting = o->restarting,
			    .gr_time = o->gr && !o->gr_no_time ? 120 : 0,
			    .gr_family = {o->gr, o->gr},
			    .gr_forwarding = {o->gr, o->gr}};
	struct wr w = {0};

	open_put(&w, &open);
	far_say(f, &w, 1);
	wr_free(&w);
}

void far_keepalive(struct far *f)
{
	struct wr w = {0};

	keepalive_put(&w);
	far_say(f, &w, 1);
	wr_free(&w);
}

struct far *far_up(unsigned last, const struct far_open *o)
{
	struct far *f = far_connect(last);

	far_open(f, o);
	rig_turn();
	if (!f->ended)
		far_keepalive(f);
	RIG_AWAIT(f->ended || (far_peer(f) && far_peer(f)->state == PEER_ESTABLISHED));
	if (!f->ended)
		f->said = far_peer(f)->count.messages_in;
	return f;
}

void far_close(struct far *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (fars[f->last] == f)
		fars[f->last] = NULL;
	json_decref(f->rib);
	wr_free(&f->in);
	wr_free(&f->all);
	free(f);
}

void far_say(struct far *f, const struct wr *w, unsigned messages)
{
	f->said += messages;
	assert_int_equal(send(f->fd, w->data, w->len, MSG_NOSIGNAL), w->len);
}

static void learn(struct far *f, struct nlri_iter it, const struct attr *a)
{
	struct prefix p;

	while (nlri_next(&it, &p)) {
		struct json_text t = {0};
		json_t *row;

		if (!a) {
			json_object_del(f->rib, PREFIX_STR(&p));
			continue;
		}
		json_text_object(&t, NULL);
		json_text_addr(&t, "next-hop", &a->nexthop);
		attr_put_json(&t, a);
		json_text_end_object(&t);
		row = json_loadb((const char *)t.out.data, t.out.len, 0, NULL);
		assert_non_null(row);
		json_object_set_new(f->rib, PREFIX_STR(&p), row);
		json_text_free(&t);
	}
}

static void hear_update(struct far *f, const uint8_t *body, size_t len)
{
	struct update_context c = {.four_octet = far_peer(f)->four_octet,
				   .ebgp = far_peer(f)->ebgp,
				   .as = bgp.as,
				   .aigp = true,
				   .family = {true, true}};
	struct update u;
	struct bgp_error e;

	if (update_decode(body, len, &c, &u, &e) < 0)
		fail_msg("bgpd sent an UPDATE that is wrong: %s", e.text);
	if (u.treat_as_withdraw)
		fail_msg("bgpd sent an UPDATE that is malformed: %s", e.text);
	f->updates++;
	wr_bytes(&f->all, body, len);
	for (int i = 0; i < 2; i++) {
		learn(f, u.withdrawn[i], NULL);
		learn(f, u.announced[i], i ? u.mp_attr : u.attr);
	}
	f->eors += u.eor[BGP_IPV4] + u.eor[BGP_IPV6];
	update_release(&u);
}

void far_hear(struct far *f)
{
	uint8_t buf[4096];
	ssize_t n;

	while (!f->ended && (n = read(f->fd, buf, sizeof(buf))) != -1) {
		if (n == 0)
			f->ended = true;
		wr_bytes(&f->in, buf, n);
	}
	if (!f->ended && errno != EAGAIN)
		f->ended = true;
	while (f->in.len >= BGP_HEADER_BYTES && f->in.len >= get_u16(f->in.data + 16)) {
		const uint8_t *m = f->in.data;
		size_t len = get_u16(m + 16);

		if (m[18] == BGP_UPDATE)
			hear_update(f, m + 19, len - 19);
		f->refreshes += m[18] == BGP_ROUTE_REFRESH;
		f->keepalives += m[18] == BGP_KEEPALIVE;
		if (m[18] == BGP_OPEN)
			assert_int_equal(open_decode(m + 19, len - 19, &f->open, &f->error), 0);
		if (m[18] == BGP_NOTIFICATION)
			notification_decode(m + 19, len - 19, &f->error);
		f->heard++;
		memmove(f->in.data, f->in.data + len, f->in.len - len);
		f->in.len -= len;
	}
}

static void put_attr(struct wr *w, uint8_t flags, uint8_t type, const void *v, size_t len)
{
	wr_u8(w, flags);
	wr_u8(w, type);
	wr_u8(w, len);
	wr_bytes(w, v, len);
}

static void put_numbers(struct wr *w, uint8_t flags, uint8_t type, const uint32_t *v, unsigned n)
{
	struct wr body = {0};

	for (unsigned i = 0; i < n && v[i]; i++)
		wr_u32(&body, v[i]);
	if (body.len)
		put_attr(w, flags, type, body.data, body.len);
	wr_free(&body);
}

/* Each prefix of the list; returns the family. */
static uint8_t put_prefixes(struct wr *w, const char *text)
{
	char *copy = xstrdup(text), *save = NULL;
	uint8_t family = 0;

	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
		struct prefix p = prefix_of(t);

		wr_u8(w, p.len);
		wr_bytes(w, p.b, (p.len + 7) / 8);
		family = p.family;
	}
	free(copy);
	return family;
}

static void put_path(struct wr *w, const uint32_t *path)
{
	struct wr v = {0};
	unsigned n = 0;

	while (path[n])
		n++;
	if (n) {
		wr_u8(&v, AS_SEQUENCE);
		wr_u8(&v, n);
		for (unsigned i = 0; i < n; i++)
			wr_u32(&v, path[i]);
	}
	put_attr(w, ATTR_TRANSITIVE, ATTR_AS_PATH, v.data, v.len);
	wr_free(&v);
}

static void put_mp(struct wr *w, const struct news *n, const struct wr *nlri)
{
	struct addr hop = addr_of(n->nexthop);
	struct wr v = {0};

	wr_u16(&v, 2);
	wr_u8(&v, 1);
	wr_u8(&v, 16);
	wr_bytes(&v, hop.b, 16);
	wr_u8(&v, 0);
	wr_bytes(&v, nlri->data, nlri->len);
	put_attr(w, ATTR_OPTIONAL, ATTR_MP_REACH, v.data, v.len);
	wr_free(&v);
}

void far_announce(struct far *f, const struct news *n)
{
	struct wr w = {0}, attrs = {0}, nlri = {0};
	bool six = put_prefixes(&nlri, n->prefix) == AF_INET6;
	size_t mark = message_begin(&w, BGP_UPDATE);

	put_attr(&attrs, ATTR_TRANSITIVE, ATTR_ORIGIN, &n->origin, 1);
	put_path(&attrs, n->path);
	if (!six)
		put_attr(&attrs, ATTR_TRANSITIVE, ATTR_NEXT_HOP, addr_of(n->nexthop).b, 4);
	put_numbers(&attrs, ATTR_OPTIONAL, ATTR_MED, &n->med, 1);
	put_numbers(&attrs, ATTR_TRANSITIVE, ATTR_LOCAL_PREF, &n->local_pref, 1);
	put_numbers(&attrs, ATTR_OPTIONAL | ATTR_TRANSITIVE, ATTR_COMMUNITIES, n->communities, 4);
	put_numbers(&attrs, ATTR_OPTIONAL, ATTR_ORIGINATOR_ID, &n->originator, 1);
	put_numbers(&attrs, ATTR_OPTIONAL, ATTR_CLUSTER_LIST, n->cluster, 3);
	if (six)
		put_mp(&attrs, n, &nlri);
	if (n->extra)
		wr_bytes(&attrs, n->extra, n->extra_len);
	wr_u16(&w, 0);
	wr_u16(&w, attrs.len);
	wr_bytes(&w, attrs.data, attrs.len);
	if (!six)
		wr_bytes(&w, nlri.data, nlri.len);
	message_end(&w, mark);
	far_say(f, &w, 1);
	wr_free(&w);
	wr_free(&attrs);
	wr_free(&nlri);
	rig_settle();
}

void far_withdraw(struct far *f, const char *prefix)
{
	struct wr w = {0}, nlri = {0}, v = {0};
	bool six = put_prefixes(&nlri, prefix) == AF_INET6;
	size_t mark = message_begin(&w, BGP_UPDATE);

	if (six) {
		wr_bytes(&v, "\0\2\1", 3);
		wr_bytes(&v, nlri.data, nlri.len);
		wr_u16(&w, 0);
		wr_u16(&w, 3 + v.len);
		put_attr(&w, ATTR_OPTIONAL, ATTR_MP_UNREACH, v.data, v.len);
	} else {
		wr_u16(&w, nlri.len);
		wr_bytes(&w, nlri.data, nlri.len);
		wr_u16(&w, 0);
	}
	message_end(&w, mark);
	far_say(f, &w, 1);
	wr_free(&w);
	wr_free(&nlri);
	wr_free(&v);
	rig_settle();
}

void far_end_of_rib(struct far *f, bool six)
{
	struct wr w = {0};
	size_t mark = message_begin(&w, BGP_UPDATE);

	wr_u16(&w, 0);
	wr_u16(&w, six ? 6 : 0);
	if (six)
		put_attr(&w, ATTR_OPTIONAL, ATTR_MP_UNREACH, "\0\2\1", 3);
	message_end(&w, mark);
	far_say(f, &w, 1);
	wr_free(&w);
	rig_settle();
}
