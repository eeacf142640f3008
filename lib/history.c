/* SPDX-License-Identifier: BSD-2-Clause */
#include "history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "conf.h"
#include "hash.h"
#include "log.h"
#include "reason.h"
#include "util.h"

struct history_ring history_ring;

/* ---- names */

struct name {
	struct hash_node by_text;
	uint16_t number;
	char interface[MSG_NAME_MAX], peer[MSG_NAME_MAX];
};

static struct hash_table by_text;
static struct name **names; /* by number - 1 */
static size_t n_names, names_cap;

static uint32_t name_hash(const char *interface, const char *peer)
{
	char text[2 * MSG_NAME_MAX];

	snprintf(text, sizeof(text), "%s/%s", interface, peer);
	return hash_bytes(text, strlen(text));
}

static struct name *name_find(uint32_t hash, const char *interface, const char *peer)
{
	struct hash_node *node = hash_find(&by_text, hash);

	for (; node; node = hash_find_next(node)) {
		struct name *name = container_of(node, struct name, by_text);

		if (str_eq(name->interface, interface) && str_eq(name->peer, peer))
			return name;
	}
	return NULL;
}

uint16_t history_name(const char *interface, const char *peer)
{
	uint32_t hash = name_hash(interface, peer);
	struct name *name = name_find(hash, interface, peer);

	if (name || n_names == UINT16_MAX)
		return name ? name->number : 0;
	names = xgrow(names, n_names, &names_cap, sizeof(struct name *));
	name = names[n_names++] = xcalloc(1, sizeof(*name));
	name->number = (uint16_t)n_names;
	str_copy(name->interface, interface, sizeof(name->interface));
	str_copy(name->peer, peer, sizeof(name->peer));
	hash_insert(&by_text, &name->by_text, hash);
	return name->number;
}

static const struct name *name_of(const struct history_event *e)
{
	return e->name && e->name <= n_names ? names[e->name - 1] : NULL;
}

/* ---- an event as a row */

static const char *const message_types[] = {
	"?", "OPEN", "UPDATE", "NOTIFICATION", "KEEPALIVE", "ROUTE-REFRESH",
};
static const char *const session_states[] = {"down", "up"};
static const char *const decisions[] = {"none", "best"};
static const char *const batches[] = {"planned", "heard", "answered", "written"};
static const char *const entries[] = {"set", "unset", "refused"};
static const char *const routes[] = {"add", "change", "delete", "move", "refused"};

static const char *reach_what(unsigned what)
{
	return reach_name(what);
}

static const char *tunnel_what(unsigned what)
{
	return tunnel_state_name(what);
}

static const char *bfd_what(unsigned what)
{
	return bfd_news_name(what);
}

#define WHATS(names) names, ARRAY_SIZE(names), NULL

static const struct kind_row {
	const char *event;
	const char *const *whats; /* names of `what` ... */
	size_t n_whats;
	const char *(*what)(unsigned what); /* ... or who has them */
	const char *addr, *count, *number;  /* keys; NULL: not used */
	bool around;			    /* without a prefix it may belong to one's story */
} kinds[HISTORY_KINDS] = {
	[HISTORY_RECEIVED] = {"received", WHATS(message_types), "neighbor", "bytes", "messages",
			      false},
	[HISTORY_SENT] = {"sent", WHATS(message_types), "neighbor", "bytes", "messages", false},
	[HISTORY_SESSION] = {"session", WHATS(session_states), "neighbor", NULL, NULL, true},
	[HISTORY_DECISION] = {"decision", WHATS(decisions), "neighbor", "paths", NULL, false},
	[HISTORY_NEXTHOP] = {"nexthop", NULL, 0, reach_what, "next-hop", "cost", NULL, true},
	[HISTORY_TUNNEL] = {"tunnel", NULL, 0, tunnel_what, NULL, "cost", NULL, true},
	[HISTORY_BFD] = {"bfd", NULL, 0, bfd_what, "neighbor", NULL, NULL, true},
	[HISTORY_BATCH] = {"batch", WHATS(batches), NULL, "prefixes", "batch", true},
	[HISTORY_ENTRY] = {"entry", WHATS(entries), NULL, NULL, "batch", false},
	[HISTORY_ROUTE] = {"route", WHATS(routes), "next-hop", "errno", "object", true},
};

static const char *what_of(const struct kind_row *kind, unsigned what)
{
	if (kind->what)
		return kind->what(what);
	return what < kind->n_whats ? kind->whats[what] : "?";
}

#define APART_US 1000 /* readings of one moment are not so far apart */

/* What the wall clock is ahead of the monotonic one. It stays the same until somebody sets the
 * clock: times of events are compared. */
static int64_t wall_ahead_us(void)
{
	static int64_t ahead;
	uint64_t before = now_us();
	struct timespec now;
	int64_t read;

	clock_gettime(CLOCK_REALTIME, &now);
	read = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - (int64_t)before;
	if (!ahead || (llabs(read - ahead) > APART_US && now_us() - before < APART_US))
		ahead = read;
	return ahead;
}

/* The wall clock's time of a moment of the monotonic one, in UTC. */
static json_t *json_time(uint64_t at_us)
{
	int64_t us = (int64_t)at_us + wall_ahead_us();
	time_t s = us / 1000000;
	struct tm tm;
	char text[40];
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%06dZ", (int)(us % 1000000));
	return json_string(text);
}

static void set_text(json_t *row, const char *key, const char *text)
{
	if (key && text && *text)
		json_object_set_new(row, key, json_string(text));
}

static void set_number(json_t *row, const char *key, uint32_t value)
{
	if (key && value)
		json_object_set_new(row, key, json_integer(value));
}

static json_t *row_of(const struct history_event *e)
{
	const struct kind_row *kind = &kinds[e->kind];
	const struct name *name = name_of(e);
	json_t *row = json_object();

	set_text(row, "event", kind->event);
	set_text(row, "what", what_of(kind, e->what));
	set_text(row, "prefix", e->prefix.family ? PREFIX_STR(&e->prefix) : NULL);
	set_text(row, kind->addr, e->addr.family ? ADDR_STR(&e->addr) : NULL);
	set_text(row, "interface", name ? name->interface : NULL);
	set_text(row, "peer", name ? name->peer : NULL);
	set_text(row, "reason", e->reason ? reason_name(e->reason) : NULL);
	set_number(row, kind->count, e->count);
	set_number(row, kind->number, e->number);
	return row;
}

const struct history_event *history_event(uint64_t number)
{
	bool there = number < history_ring.n && number + HISTORY_EVENTS >= history_ring.n;

	return there ? &history_ring.events[number % HISTORY_EVENTS] : NULL;
}

json_t *history_row(const struct history_event *e)
{
	json_t *row = row_of(e);

	json_object_set_new(row, "time", json_time(e->at_us));
	json_object_set_new(row, "monotonic-us", json_integer((json_int_t)e->at_us));
	return row;
}

/* ---- which events */

static void add_addr(struct history_filter *f, const char *text)
{
	const char *zone = strchr(text, '%');
	struct addr a;
	char bare[ADDR_STRLEN];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(text, "%"), text);
	if (f->n_addrs < HISTORY_ADDRS_MAX && addr_parse(bare, &a) == 0)
		f->addrs[f->n_addrs++] = addr_on_link(&a, zone ? zone + 1 : "");
}

int history_filter_read(const json_t *args, struct history_filter *f)
{
	const char *prefix = conf_str(args, "prefix", "");
	json_t *item;
	size_t i;

	*f = (struct history_filter){.around = conf_bool(args, "around", false)};
	if (*prefix && prefix_parse(prefix, &f->prefix) < 0)
		return -EINVAL;
	str_copy(f->peer, conf_str(args, "peer", ""), sizeof(f->peer));
	add_addr(f, f->peer);
	json_array_foreach (conf_list(args, "addresses"), i, item)
		if (json_is_string(item))
			add_addr(f, json_string_value(item));
	return 0;
}

/* Where one of them does not say its link that may be any. */
static bool is_same_host(const struct addr *asked, const struct addr *noted)
{
	struct addr there = addr_in_plane(asked, noted->plane), off = addr_off_link(&there),
		    noted_off = addr_off_link(noted);

	return addr_has_link(&there) && addr_has_link(noted) ? addr_eq(&there, noted)
							     : addr_eq(&off, &noted_off);
}

static bool is_peer(const struct history_filter *f, const struct history_event *e)
{
	const struct name *name = name_of(e);

	if (name && str_eq(name->peer, f->peer))
		return true;
	for (unsigned i = 0; e->addr.family && i < f->n_addrs; i++)
		if (is_same_host(&f->addrs[i], &e->addr))
			return true;
	return false;
}

bool history_matches(const struct history_filter *f, const struct history_event *e)
{
	struct prefix there = prefix_in_plane(&f->prefix, e->prefix.plane);

	if (f->prefix.family && !prefix_eq(&there, &e->prefix) &&
	    !(f->around && !e->prefix.family && kinds[e->kind].around))
		return false;
	return !f->peer[0] || is_peer(f, e);
}

/* ---- those that are log lines */

#define DEBUGS_MAX 8
#define MS_PER_MINUTE 60000ull

static struct debug {
	struct history_filter filter;
	uint64_t until_ms;
} debugs[DEBUGS_MAX];
static unsigned n_debugs;
static struct timer debug_timer;
static struct log_bucket buckets[HISTORY_KINDS];

static const char *filter_text(const struct history_filter *f)
{
	static char text[MSG_NAME_MAX + PREFIX_STRLEN];

	if (f->prefix.family)
		snprintf(text, sizeof(text), "prefix %s", PREFIX_STR(&f->prefix));
	else
		snprintf(text, sizeof(text), "peer %s", f->peer);
	return text;
}

static void watch_debugs(void)
{
	uint64_t now = now_ms(), first = UINT64_MAX;

	history_ring.followed = n_debugs > 0;
	for (unsigned i = 0; i < n_debugs; i++)
		if (debugs[i].until_ms < first)
			first = debugs[i].until_ms;
	if (n_debugs)
		timer_start(&debug_timer, first > now ? first - now : 0);
	else
		timer_stop(&debug_timer);
}

static void end_debug(unsigned i, const char *why)
{
	log_info("debug-off", "what=\"%s\" why=\"%s\"", filter_text(&debugs[i].filter), why);
	debugs[i] = debugs[--n_debugs];
}

static void on_debug_time(void *arg)
{
	uint64_t now = now_ms();

	for (unsigned i = n_debugs; i-- > 0;)
		if (debugs[i].until_ms <= now)
			end_debug(i, "its time is over");
	watch_debugs();
}

static struct debug *find_debug(const struct history_filter *f)
{
	for (unsigned i = 0; i < n_debugs; i++)
		if (prefix_eq(&debugs[i].filter.prefix, &f->prefix) &&
		    str_eq(debugs[i].filter.peer, f->peer))
			return &debugs[i];
	return NULL;
}

int history_debug(const struct history_filter *f, unsigned minutes)
{
	struct debug *d = find_debug(f);

	if (!d && n_debugs == DEBUGS_MAX)
		return -ENOSPC;
	d = d ? d : &debugs[n_debugs++];
	d->filter = *f;
	d->until_ms = now_ms() + minutes * MS_PER_MINUTE;
	log_info("debug-on", "what=\"%s\" minutes=%u", filter_text(f), minutes);
	if (!debug_timer.ready)
		timer_init(&debug_timer, on_debug_time, NULL);
	watch_debugs();
	return 0;
}

void history_debug_off(void)
{
	while (n_debugs)
		end_debug(n_debugs - 1, "switched off");
	watch_debugs();
}

json_t *history_debug_row(unsigned i)
{
	uint64_t now = now_ms();

	if (i >= n_debugs)
		return NULL;
	return json_pack("{s:s, s:I}", "what", filter_text(&debugs[i].filter), "seconds-left",
			 (json_int_t)(debugs[i].until_ms > now
					      ? (debugs[i].until_ms - now + 999) / 1000
					      : 0));
}

/* A row's members as key=value; none of them has a blank in it. */
static void debug_line(const struct history_event *e)
{
	json_t *row = row_of(e), *value;
	char text[512] = "";
	size_t len = 0;
	const char *key;

	json_object_foreach (row, key, value) {
		if (json_is_string(value))
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%s", key,
						json_string_value(value));
		else
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						" %s=%" JSON_INTEGER_FORMAT, key,
						json_integer_value(value));
		if (len >= sizeof(text))
			break;
	}
	log_always(LOG_LEVEL_DEBUG, "debug", "%s", text + 1);
	json_decref(row);
}

void history_follow(const struct history_event *e)
{
	for (unsigned i = 0; i < n_debugs; i++)
		if (history_matches(&debugs[i].filter, e)) {
			if (log_bucket_take(&buckets[e->kind]))
				debug_line(e);
			return;
		}
}

void history_free(void)
{
	n_debugs = 0;
	history_ring.followed = false;
	history_ring.n = 0;
	timer_stop(&debug_timer);
	debug_timer.ready = false;
	hash_clear(&by_text);
	while (n_names)
		free(names[--n_names]);
	free(names);
	names = NULL;
	names_cap = 0;
}
