/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `show` says of neighbours and routes, whole: each answer as text, a line a member of a row.
 * Times and counts that no test can know are shown as # where they are more than nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "rig.h"
#include "util.h"

#define EXT 11
#define CLIENT 12
#define BLUE 13
#define KEPT 14 /* restarts, and its paths are kept */
#define OFF 15

static const char config[] =
	"{'wireguard': {'interface': [{'name': 'wg7', 'address': ['10.98.0.1/24'], 'peer': "
	"[{'name': 'site', 'tunnel-address': ['10.98.0.2'], 'permit': ['0.0.0.0/0']}]}]},"
	" 'plane': [{'name': 'blue', 'number': 3, 'table': 100, 'interface': ['blue0']}],"
	" 'policy': [{'name': 'mark', 'default': 'accept', 'term': [{'name': '1', 'set': "
	"{'community-add': ['65000:1'], 'weight': 3}}, {'name': '2', 'match': {'prefix': "
	"['10.66.0.0/16']}, 'then': 'reject'}]}],"
	" 'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'network': ['172.16.1.0/24', "
	"'172.16.2.0/24'], 'redistribute': [{'protocol': 'static'}], 'graceful-restart': "
	"{'restart-time': 77, 'stale-time': 66}, 'multipath': {'ebgp': 2, 'ibgp': 3, "
	"'as-path-relax': true, 'weights': 'cost'}, 'default-local-pref': 150, 'last-path': "
	"'keep', 'honor-graceful-shutdown': false, 'neighbor-group': [{'name': 'sites', "
	"'listen-range': ['10.9.0.128/25'], 'remote-as': 'external', 'import': ['all'], "
	"'export': ['none'], 'allowas-in': 3}], 'neighbor': ["
	"{'address': '10.9.0.11', 'remote-as': 65011, 'passive': true, 'import': ['mark'], "
	"'export': ['all'], 'description': 'the first', 'hold-time': 60, 'keepalive': 7, "
	"'connect-retry': 11, 'max-prefix': 1000, 'aigp': true},"
	"{'address': '10.9.0.12', 'remote-as': 'internal', 'passive': true, 'next-hop-self': true, "
	"'route-reflector-client': true, 'ipv6-unicast': false},"
	"{'address': '10.9.0.13', 'remote-as': 65000, 'plane': 'blue', 'passive': true},"
	"{'address': '10.9.0.14', 'remote-as': 'external', 'passive': true, 'import': ['all'], "
	"'multihop': 9, 'fast-failover': false},"
	"{'address': '10.9.0.15', 'remote-as': 65015, 'disabled': true, 'export': ['all'], "
	"'port': 1790, 'local-address': '10.9.0.1', 'allowas-in': 2}]}}";

static void announce(struct far *f, const char *prefix, const char *hop, const struct news *n)
{
	struct news all = *n;

	all.prefix = prefix;
	all.nexthop = hop;
	far_announce(f, &all);
}

static int setup(void **state)
{
	struct far *ext, *client, *blue, *kept;

	/* Nothing is kept: there is no restart to wait for. */
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	rig_config(config);
	rig_redist("172.16.1.0/24", REDIST_CONNECTED, true);
	rig_redist("172.17.0.0/16", REDIST_STATIC, true);
	ext = far_up(EXT, &(struct far_open){.as = 65011, .router_id = 0x0a010203, .gr = true});
	client = far_up(CLIENT, &(struct far_open){.as = 65000, .only4 = true, .hold_time = 30});
	blue = far_up(BLUE, &(struct far_open){.as = 65000});
	kept = far_up(KEPT, &(struct far_open){.as = 4200000000, .gr = true, .restarting = true});
	far_up(150, &(struct far_open){.as = 64512});
	rig_settle();
	for (int six = 0; six < 2; six++) {
		far_end_of_rib(ext, six);
		far_end_of_rib(blue, six);
		far_end_of_rib(kept, six);
	}
	far_end_of_rib(client, false);
	announce(ext, "10.1.0.0/16 10.66.1.0/24", "10.9.0.99",
		 &(struct news){.path = {65011, 7}, .med = 30, .communities = {0xffffff01}});
	announce(ext, "2001:db8:1::/48", "fd09::99", &(struct news){.path = {65011}, .origin = 2});
	announce(client, "10.1.0.0/16", "10.9.0.98",
		 &(struct news){.path = {8},
				.local_pref = 150,
				.originator = 0x01020304,
				.cluster = {5, 6}});
	announce(
		client, "10.2.0.0/16", "10.9.0.97",
		&(struct news){.path = {8}, .local_pref = 0xffffffff, .communities = {0xffff0006}});
	announce(client, "10.1.2.0/24", "10.9.0.99", &(struct news){.local_pref = 1});
	announce(blue, "10.1.0.0/16", "10.9.0.96", &(struct news){.path = {9}, .local_pref = 7});
	announce(kept, "10.3.0.0/16 10.1.0.0/16", "10.9.0.98",
		 &(struct news){.path = {4200000000}});
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.98", "wg7", "site", REACH_DEGRADED, REASON_LOSSY);
	rig_nexthop("10.9.0.97", REACH_UP, REASON_NONE);
	rig_nexthop("fd09::99", REACH_DOWN, REASON_NEXTHOP_UNREACHABLE);
	rig_tunnel("10.9.0.11", "wg7", "first", REACH_UP, REASON_NONE);
	rig_nexthop("10.9.0.12", REACH_DOWN, REASON_NEXTHOP_UNREACHABLE);
	far_close(kept);
	rig_settle();
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

/* Times, and numbers of messages that depend on how the kernel cut the streams. */
static void mask(json_t *o)
{
	static const char *const keys[] = {
		"up-seconds",	 "down-seconds", "age-seconds",	 "last-notification-seconds",
		"messages-sent", "updates-sent", "update-group", "hostname"};
	const char *key;
	json_t *v;
	void *next;

	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		v = json_object_get(o, keys[i]);
		if (json_is_real(v) || json_is_string(v) ||
		    (json_is_integer(v) && (json_integer_value(v) > 0 || i == 2)))
			json_object_set_new(o, keys[i], json_string("#"));
	}
	json_object_foreach_safe(o, next, key, v)
	{
		size_t i;
		json_t *item;

		mask(v);
		json_array_foreach (v, i, item)
			mask(item);
	}
}

/* Rows stand on lines of their own; paths and members of a neighbour do, too. */
static void print_value(FILE *out, const char *indent, const char *key, const json_t *v)
{
	char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	fprintf(out, "%s%s%s\n", indent, key, text);
	free(text);
}

static void print_row(FILE *out, const json_t *row)
{
	const char *key;
	json_t *v, *path;
	size_t i;

	json_object_foreach ((json_t *)row, key, v) {
		if (str_eq(key, "paths"))
			continue;
		char *label = xasprintf("%s: ", key);

		print_value(out, "  ", label, v);
		free(label);
	}
	json_array_foreach (json_object_get(row, "paths"), i, path)
		print_value(out, "    ", "", path);
}

/* REQUEST and the whole answer. */
static void print_answer(FILE *out, const char *request)
{
	json_t *all = rig_show(request), *rows = NULL, *row;
	size_t i;

	mask(all);
	for (int k = 0; k < 2; k++) {
		const char *list = k ? "routes" : "neighbors";

		if (json_object_get(all, list)) {
			rows = json_incref(json_object_get(all, list));
			json_object_del(all, list);
		}
	}
	fprintf(out, "> %s\n", request);
	print_value(out, "", "", all);
	json_array_foreach (rows, i, row) {
		fprintf(out, "- %zu\n", i + 1);
		print_row(out, row);
	}
	json_decref(rows);
	json_decref(all);
}

/* The file holds requests, each behind >, and what is answered. */
static void check_answers(const char *name)
{
	const char *dir = getenv("srcdir");
	char *path = xasprintf("%s/bgpd/%s", dir ? dir : ".", name), line[4096], *got = NULL;
	char *want = NULL;
	size_t got_len, want_len;
	FILE *in = fopen(path, "r"), *out = open_memstream(&got, &got_len),
	     *copy = open_memstream(&want, &want_len);

	if (!in)
		fail_msg("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		fputs(line, copy);
		if (line[0] != '>')
			continue;
		line[strcspn(line, "\n")] = '\0';
		print_answer(out, line + 2);
	}
	fclose(in);
	fclose(out);
	fclose(copy);
	if (!str_eq(got, want)) {
		fprintf(stderr, "%s", got); /* all of it, to compare and to keep */
		fail_msg("%s: other answers", name);
	}
	free(got);
	free(want);
	free(path);
}

static void test_neighbors(void **state)
{
	check_answers("show_neighbors.txt");
}

static void test_routes(void **state)
{
	check_answers("show_routes.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_neighbors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_routes, setup, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
