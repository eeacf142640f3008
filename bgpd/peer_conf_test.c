/* SPDX-License-Identifier: BSD-2-Clause */
/* peer_conf: what the container `bgp` says, whole, and what a change of each statement asks for;
 * the identifier that is taken from an address stays while that address is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp.h"
#include "password.h"
#include "peer_conf.h"
#include "planes.h"
#include "quoted.h"
#include "util.h"

static const char *said;

static void read_again(struct bgp *b, const char *id, const char *addresses)
{
	char *text =
		xasprintf("{\"bgp\":{\"as\":1%s},\"wireguard\":{\"interface\":[{\"name\":\"wg0\","
			  "\"address\":[%s]}]}}",
			  id, addresses);
	json_t *config = json_loads(text, 0, NULL);

	assert_non_null(config);
	bgp_conf_read(config, b);
	said = addresses;
	json_decref(config);
	free(text);
}

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static void test_automatic_router_id(void **state)
{
	static const struct {
		const char *id, *addresses;
		uint32_t router_id;
	} steps[] = {
		{"", "\"10.9.0.5/24\",\"10.10.0.1/24\"", IP(10, 9, 0, 5)},
		{"", "\"10.1.0.1/24\",\"10.9.0.5/24\"", IP(10, 9, 0, 5)}, /* a lower one came */
		{"", "\"10.9.0.5/16\",\"fd00::1/64\"", IP(10, 9, 0, 5)},
		{"", "\"10.20.0.1/24\",\"10.10.0.1/24\"", IP(10, 10, 0, 1)}, /* it went */
		{"", "\"10.9.0.5/24\",\"10.10.0.1/24\"", IP(10, 10, 0, 1)},  /* and is back */
		{",\"router-id\":\"1.1.1.1\"", "\"10.10.0.1/24\"", IP(1, 1, 1, 1)},
		{"", "\"10.9.0.5/24\",\"10.10.0.1/24\"", IP(10, 9, 0, 5)}, /* as after a start */
		{"", "", 0},
	};
	struct bgp b = {0};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		read_again(&b, steps[i].id, steps[i].addresses);
		if (b.router_id != steps[i].router_id || b.cluster_id != steps[i].router_id)
			fail_msg("step %zu (%s): %08x", i, said, b.router_id);
	}
}

/* The instance as text. */
static const char *bgp_text(const struct bgp *b)
{
	static char out[256];

	snprintf(out, sizeof(out),
		 "as %u id %08x%s cluster %08x lp %u shutdown %d keep %d multipath %u %u %d %u gr "
		 "%d "
		 "%u %u",
		 b->as, b->router_id, b->router_id_auto ? " auto" : "", b->cluster_id,
		 b->default_local_pref, b->honor_graceful_shutdown, b->last_path, b->multipath.ebgp,
		 b->multipath.ibgp, b->multipath.as_path_relax, b->multipath.weights,
		 b->graceful_restart.enabled, b->graceful_restart.restart_time,
		 b->graceful_restart.stale_time);
	return out;
}

static void test_instance(void **state)
{
	static const struct {
		const char *config, *text;
	} rows[] = {
		{"{}",
		 "as 0 id 00000000 auto cluster 00000000 lp 100 shutdown 1 keep 0 multipath 1 "
		 "1 0 0 gr 1 120 300"},
		{"{'bgp': {'as': 4200000000, 'router-id': '1.2.3.4', 'cluster-id': '5.6.7.8', "
		 "'default-local-pref': 7, 'honor-graceful-shutdown': false, 'last-path': 'keep', "
		 "'multipath': {'ebgp': 2, 'ibgp': 3, 'as-path-relax': true, 'weights': 'cost'}, "
		 "'graceful-restart': {'enabled': false, 'restart-time': 11, 'stale-time': 12}}}",
		 "as 4200000000 id 01020304 cluster 05060708 lp 7 shutdown 0 keep 1 multipath 2 3 "
		 "1 "
		 "2 gr 0 11 12"},
		{"{'bgp': {'as': 1, 'router-id': '1.2.3.4', 'last-path': 'withdraw', 'multipath': "
		 "{'weights': 'link-bandwidth'}}}",
		 "as 1 id 01020304 cluster 01020304 lp 100 shutdown 1 keep 0 multipath 1 1 0 1 gr "
		 "1 "
		 "120 300"},
		{"{'bgp': {'as': 1, 'router-id': 'fd00::1', 'cluster-id': '0.0.0.0'}}",
		 "as 1 id 00000000 auto cluster 00000000 lp 100 shutdown 1 keep 0 multipath 1 1 0 "
		 "0 "
		 "gr 1 120 300"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *config = quoted(rows[i].config);
		struct bgp b = {0};

		bgp_conf_read(config, &b);
		assert_string_equal(bgp_text(&b), rows[i].text);
		json_decref(config);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *config, *error;
	} rows[] = {
		{"{}", ""},
		{"{'bgp': {'as': 1}}", "router-id is missing"},
		{"{'bgp': {'neighbor': []}}", "as is missing"},
		{"{'bgp': {'neighbor-group': []}}", "as is missing"},
		{"{'bgp': {'as': 0, 'router-id': '1.1.1.1', 'neighbor': []}}", "as is missing"},
		{"{'bgp': {'as': 1, 'router-id': '1.1.1.1', 'neighbor': []}}", ""},
		{"{'bgp': {'as': 1}, 'wireguard': {'interface': [{'address': ['10.0.0.1/24']}]}}",
		 ""},
		{"{'bgp': {'as': 1}, 'wireguard': {'interface': [{'address': ['fd00::1/24']}]}}",
		 "router-id is missing"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *config = quoted(rows[i].config);
		char error[200] = "";
		int err = peer_conf_check(config, error, sizeof(error));

		assert_int_equal(err, *rows[i].error ? -EINVAL : 0);
		if (!strstr(error, rows[i].error) || (!err && *error))
			fail_msg("row %zu: %s", i, error);
		json_decref(config);
	}
}

/* All that a neighbour has, as text. */
static const char *conf_text(const struct peer_conf *c)
{
	static char out[1024];

	snprintf(out, sizeof(out),
		 "%s%s%s as %u type %d \"%s\" group \"%s\" port %u local %s hold %u/%u retry %u "
		 "hop %u plane %u%s dev \"%s\"%s%s%s%s%s%s%s%s max %u as-in %u in \"%s\" %d out "
		 "\"%s\" %d",
		 ADDR_STR(&c->address), c->zone[0] ? "%" : "", c->zone, c->remote_as,
		 c->remote_type, c->description, c->group, c->port,
		 c->local_address.family ? ADDR_STR(&c->local_address) : "-", c->hold_time,
		 c->keepalive, c->connect_retry, c->multihop, c->plane,
		 c->plane_given ? " given" : "", c->device, c->passive ? " passive" : "",
		 c->disabled ? " disabled" : "", c->next_hop_self ? " self" : "",
		 c->aigp ? " aigp" : "", c->fast_failover ? " failover" : "",
		 c->route_reflector_client ? " client" : "", c->family[0] ? " 4" : "",
		 c->family[1] ? " 6" : "", c->max_prefix, c->allowas_in, c->import_names,
		 c->import != NULL, c->export_names, c->export != NULL);
	return out;
}

static struct peer_confs read_all(const char *text)
{
	json_t *config = quoted(text);
	struct peer_confs all = {0};

	planes_read(config);
	peer_confs_read(config, &all);
	json_decref(config);
	return all;
}

static void free_all(struct peer_confs *all)
{
	for (size_t i = 0; i < all->n; i++)
		peer_conf_free(&all->conf[i]);
	free(all->conf);
}

#define PLANES                                                                                  \
	"'plane': [{'name': 'blue', 'number': 3, 'table': 100, 'interface': ['wgb', 'br0']}], " \
	"'wireguard': {'interface': [{'name': 'wgb', 'peer': [{'name': 'x', 'tunnel-address': " \
	"['10.7.0.1', '10.7.0.2']}, {'name': 'y', 'tunnel-address': ['10.7.0.3']}]}, {'name': " \
	"'wg0', 'peer': [{'name': 'z', 'tunnel-address': ['10.7.0.9']}]}]}, "

static void test_neighbor(void **state)
{
	static const char *const rows[][2] = {
		{"'address': '10.0.0.1'",
		 "10.0.0.1 as 0 type 0 \"\" group \"\" port 179 local - hold 91/31 retry 121 hop 0 "
		 "plane 0 dev \"\" failover 4 6 max 0 as-in 0 in \"\" 0 out \"\" 0"},
		{"'address': 'fe80::1%wg0', 'remote-as': 7, 'description': 'd', 'group': 'g', "
		 "'port': 1, 'local-address': '10.0.0.9', 'hold-time': 2, 'keepalive': 3, "
		 "'connect-retry': 4, 'multihop': 5, 'passive': true, 'disabled': true, "
		 "'next-hop-self': true, 'aigp': true, 'fast-failover': false, "
		 "'route-reflector-client': true, 'ipv4-unicast': false, 'max-prefix': 6, "
		 "'allowas-in': 8, 'import': ['all', 'none'], 'export': ['all']",
		 "fe80::1%wg0 as 7 type 0 \"d\" group \"g\" port 1 local 10.0.0.9 hold 2/3 retry 4 "
		 "hop 5 plane 0 dev \"\" passive disabled self aigp client 6 max 6 as-in 8 in "
		 "\"all "
		 "none\" 1 out \"all\" 1"},
		{"'address': 'fd00::1', 'remote-as': 'internal', 'ipv6-unicast': false",
		 "fd00::1 as 0 type 1 \"\" group \"\" port 179 local - hold 91/31 retry 121 hop 0 "
		 "plane 0 dev \"\" failover 4 max 0 as-in 0 in \"\" 0 out \"\" 0"},
		{"'address': '10.7.0.2', 'remote-as': 'external'",
		 "10.7.0.2 as 0 type 2 \"\" group \"\" port 179 local - hold 91/31 retry 121 hop 0 "
		 "plane 3 dev \"wgb\" failover 4 6 max 0 as-in 0 in \"\" 0 out \"\" 0"},
		{"'address': '10.7.0.3', 'plane': 'blue'",
		 "10.7.0.3 as 0 type 0 \"\" group \"\" port 179 local - hold 91/31 retry 121 hop 0 "
		 "plane 3 given dev \"wgb\" failover 4 6 max 0 as-in 0 in \"\" 0 out \"\" 0"},
		{"'address': '10.7.0.3', 'plane': 'main'",
		 "10.7.0.3 as 0 type 0 \"\" group \"\" port 179 local - hold 91/31 retry 121 hop 0 "
		 "plane 0 given dev \"\" failover 4 6 max 0 as-in 0 in \"\" 0 out \"\" 0"},
		{"'address': '10.7.0.4', 'plane': 'blue'",
		 "10.7.0.4 as 0 type 0 \"\" group \"\" port 179 local - hold 91/31 retry 121 hop 0 "
		 "plane 3 given dev \"\" failover 4 6 max 0 as-in 0 in \"\" 0 out \"\" 0"},
		{"'address': '10.7.0.9', 'plane': 'nowhere'",
		 "10.7.0.9 as 0 type 0 \"\" group \"\" port 179 local - hold 91/31 retry 121 hop 0 "
		 "plane 0 dev \"\" failover 4 6 max 0 as-in 0 in \"\" 0 out \"\" 0"},
		{"'address': 'fe80::1%br0'",
		 "fe80::1%br0 as 0 type 0 \"\" group \"\" port 179 local - hold 91/31 retry 121 "
		 "hop "
		 "0 plane 3 dev \"\" failover 4 6 max 0 as-in 0 in \"\" 0 out \"\" 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = xasprintf("{" PLANES "'bgp': {'as': 1, 'neighbor': [{'hold-time': 91, "
				       "'keepalive': 31, 'connect-retry': 121, %s}]}}",
				       rows[i][0]);
		struct peer_confs all = read_all(text);

		assert_int_equal(all.n, 1);
		assert_string_equal(conf_text(&all.conf[0]), rows[i][1]);
		free_all(&all);
		free(text);
	}
	peer_confs_free();
}

/* What has no address, or the address of an earlier one, is no neighbour. */
static void test_neighbor_list(void **state)
{
	struct peer_confs all = read_all(
		"{'bgp': {'as': 1, 'neighbor': [{'address': '10.0.0.1', 'port': 1}, {'address': "
		"'x'}, "
		"{'address': '10.0.0.1', 'port': 2}, {}, {'address': 'fe80::1%wg0', 'port': 3}, "
		"{'address': 'fe80::1%wg1', 'port': 4}, {'address': 'fe80::1%an-interface-with-a-"
		"long-name'}, {'address': '10.0.0.2', 'port': 5}, {'address': 'fe80::1%wg1'}, "
		"{'address': 'fe80:0000:0000:0000:0000:ffff:255.255.255.255%fifteen-letters', "
		"'port': 6}]}}");
	struct peer_conf c = {.address = {.family = AF_INET, .b = {10, 0, 0, 2}}};
	const unsigned ports[] = {1, 3, 4, 5, 6};

	assert_int_equal(all.n, ARRAY_SIZE(ports));
	for (size_t i = 0; i < all.n; i++) {
		assert_int_equal(all.conf[i].port, ports[i]);
		assert_int_equal(all.conf[i].hold_time, 90);
		assert_int_equal(all.conf[i].keepalive, 30);
		assert_int_equal(all.conf[i].connect_retry, 120);
		assert_ptr_equal(peer_confs_find(&all, &all.conf[i]), &all.conf[i]);
	}
	assert_ptr_equal(peer_confs_find(&all, &c), &all.conf[3]);
	strcpy(c.zone, "wg0");
	assert_null(peer_confs_find(&all, &c));
	free_all(&all);
}

/* A session over link-local addresses leaves from the one that the interface is given. */
static void test_link_address(void **state)
{
	struct peer_confs all = read_all(
		"{'wireguard': {'interface': [{'name': 'wg0', 'address': ['fe80::7/64']}, {'name': "
		"'wg1', 'address': ['10.0.0.1/32', 'fd00::1/64', 'fe80::1/64', 'fe80::3/64']}]}, "
		"'bgp': {'neighbor': [{'address': 'fe80::2%wg1'}, {'address': 'fe80::2%wg0'}, "
		"{'address': 'fe80::2%eth0'}, {'address': '10.0.0.2'}]}}");
	static const char *const want[] = {"fe80::1", "fe80::7", "none", "none"};

	assert_int_equal(all.n, 4);
	for (size_t i = 0; i < all.n; i++)
		assert_string_equal(ADDR_STR(&all.conf[i].link_address), want[i]);
	assert_int_equal(peer_conf_compare(&all.conf[0], &all.conf[0]), PEER_CHANGE_NONE);
	all.conf[1].address = all.conf[0].address;
	assert_int_equal(peer_conf_compare(&all.conf[0], &all.conf[1]), PEER_CHANGE_CALL);
	free_all(&all);
}

/* Each statement, and what a session has to do when it comes and when it goes. */
static void test_compare(void **state)
{
	static const struct {
		const char *options;
		unsigned comes, goes;
	} rows[] = {
		{"", PEER_CHANGE_NONE, PEER_CHANGE_NONE},
		{"'remote-as': 8", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'remote-as': 'internal'", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'local-address': '10.0.0.9'", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'hold-time': 9", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'aigp': true", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'enforce-first-as': false", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'multihop': 9", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'ipv4-unicast': false", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'ipv6-unicast': false", PEER_CHANGE_RESET, PEER_CHANGE_RESET},
		{"'disabled': true", PEER_CHANGE_DISABLE, PEER_CHANGE_ENABLE},
		{"'disabled': true, 'hold-time': 9", PEER_CHANGE_DISABLE, PEER_CHANGE_ENABLE},
		{"'import': ['all']", PEER_CHANGE_IN, PEER_CHANGE_IN},
		{"'allowas-in': 1", PEER_CHANGE_IN, PEER_CHANGE_IN},
		{"'route-reflector-client': true", PEER_CHANGE_IN, PEER_CHANGE_IN},
		{"'port': 1", PEER_CHANGE_CALL, PEER_CHANGE_CALL},
		{"'passive': true", PEER_CHANGE_CALL, PEER_CHANGE_CALL},
		{"'connect-retry': 1", PEER_CHANGE_CALL, PEER_CHANGE_CALL},
		{"'keepalive': 1", PEER_CHANGE_TIMES, PEER_CHANGE_TIMES},
		{"'send-hold-time': 1", PEER_CHANGE_TIMES, PEER_CHANGE_TIMES},
		{"'keepalive': 1, 'port': 1, 'import': ['none'], 'hold-time': 9", 60, 60},
		{"'description': 'x'", PEER_CHANGE_NONE, PEER_CHANGE_NONE},
		{"'max-prefix': 1", PEER_CHANGE_NONE, PEER_CHANGE_NONE},
		{"'fast-failover': false", PEER_CHANGE_NONE, PEER_CHANGE_NONE},
	};
	struct peer_confs plain = read_all("{'bgp': {'neighbor': [{'address': '10.0.0.1'}]}}");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = xasprintf("{'bgp': {'neighbor': [{'address': '10.0.0.1'%s%s}]}}",
				       *rows[i].options ? ", " : "", rows[i].options);
		struct peer_confs all = read_all(text);

		if (peer_conf_compare(&plain.conf[0], &all.conf[0]) != rows[i].comes ||
		    peer_conf_compare(&all.conf[0], &plain.conf[0]) != rows[i].goes)
			fail_msg("%s: %u", rows[i].options,
				 peer_conf_compare(&plain.conf[0], &all.conf[0]));
		free_all(&all);
		free(text);
	}
	free_all(&plain);
}

/* A copy has policies of its own. */
static void test_copy(void **state)
{
	struct peer_confs all = read_all("{'bgp': {'neighbor': [{'address': '10.0.0.1', 'port': 7, "
					 "'import': ['all'], 'export': ['none']}]}}");
	struct peer_conf copy;

	peer_conf_copy(&copy, &all.conf[0]);
	assert_string_equal(conf_text(&copy), conf_text(&all.conf[0]));
	free_all(&all);
	all = read_all("{'bgp': {'neighbor': [{'address': '10.0.0.1', 'import': ['all'], 'export': "
		       "['none']}]}}");
	assert_ptr_equal(copy.import, all.conf[0].import);
	assert_ptr_equal(copy.export, all.conf[0].export);
	free_all(&all);
	peer_conf_free(&copy);
	assert_null(copy.import);
	assert_null(copy.export);
}

static void read_groups(const char *text)
{
	json_t *config = quoted(text);

	peer_groups_read(config);
	json_decref(config);
}

static const char *group_for(const char *address)
{
	const struct peer_group *g;
	struct addr a;

	assert_int_equal(addr_parse(address, &a), 0);
	g = peer_group_for(&a);
	return g ? g->conf.group : "-";
}

static void test_groups(void **state)
{
	static const char *const rows[][2] = {
		{"10.0.0.1", "wide"},	 {"10.1.0.1", "narrow"}, {"10.1.2.1", "wide"},
		{"10.2.0.1", "wide"},	 {"11.0.0.1", "-"},	 {"fd00::1", "narrow"},
		{"fd00:1::1", "narrow"}, {"fe00::1", "-"},	 {"0.0.0.1", "-"},
	};

	assert_false(peer_groups_listen());
	read_groups("{'bgp': {'neighbor-group': [{'name': 'none'}]}}");
	assert_false(peer_groups_listen());
	read_groups(
		"{'bgp': {'neighbor-group': [{'name': 'none', 'max-prefix': 0}, "
		"{'name': 'wide', 'listen-range': ['10.0.0.0/8', '10.1.2.0/24'], 'max-peers': 7, "
		"'max-prefix': 5, 'port': 3}, {'name': 'narrow', 'listen-range': ['10.1.0.0/16', "
		"'fd00::/16'], 'hold-time': 9}]}}");
	assert_true(peer_groups_listen());
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(group_for(rows[i][0]), rows[i][1]);
	assert_null(peer_group_named("other"));
	assert_int_equal(peer_group_named("none")->conf.max_prefix, 0);
	assert_int_equal(peer_group_named("none")->max_peers, 1000);
	assert_int_equal(peer_group_named("wide")->conf.max_prefix, 5);
	assert_int_equal(peer_group_named("wide")->max_peers, 7);
	assert_int_equal(peer_group_named("wide")->conf.port, 3);
	assert_int_equal(peer_group_named("narrow")->conf.max_prefix, 10000);
	assert_int_equal(peer_group_named("narrow")->conf.hold_time, 9);
	peer_confs_free();
	assert_false(peer_groups_listen());
	assert_null(peer_group_named("wide"));
}

/* A neighbour with MORE in front of its statements. */
static struct peer_confs read_neighbor(const char *more)
{
	char *text = xasprintf("{\"bgp\":{\"as\":1,\"neighbor\":[{\"address\":\"10.0.0.2\","
			       "%s\"remote-as\":2}]}}",
			       more);
	json_t *config = json_loads(text, 0, NULL);
	struct peer_confs all;

	assert_non_null(config);
	peer_confs_read(config, &all);
	assert_int_equal(all.n, 1);
	json_decref(config);
	free(text);
	return all;
}

static void drop(struct peer_confs *all)
{
	for (size_t i = 0; i < all->n; i++)
		peer_conf_free(&all->conf[i]);
	free(all->conf);
}

/* What a changed statement asks for. In "/pw" is another password at each step. */
static void test_protection_changes(void **state)
{
	static const struct {
		const char *from, *to;
		unsigned changes;
	} rows[] = {
		{"", "", PEER_CHANGE_NONE},
		{"", "\"ttl-security\":1,", PEER_CHANGE_RESET},
		{"\"ttl-security\":1,", "\"ttl-security\":2,", PEER_CHANGE_RESET},
		{"", "\"password-file\":\"/pw\",", PEER_CHANGE_RESET},
		{"\"password-file\":\"/pw\",", "", PEER_CHANGE_RESET},
		{"\"password-file\":\"/pw\",", "\"password-file\":\"/pw\",", PEER_CHANGE_RESET},
		{"\"password-file\":\"/same\",", "\"password-file\":\"/same\",", PEER_CHANGE_NONE},
		{"\"password-file\":\"/same\",", "\"password-file\":\"/like\",", PEER_CHANGE_NONE},
		{"\"password-file\":\"/none\",", "", PEER_CHANGE_RESET},
		{"", "\"send-hold-time\":5,", PEER_CHANGE_TIMES},
		{"\"send-hold-time\":5,", "\"send-hold-time\":0,", PEER_CHANGE_TIMES},
	};

	password_put("/same", "one");
	password_put("/like", "one");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer_confs from, to;
		char word[16];

		snprintf(word, sizeof(word), "word %zu", 2 * i);
		password_put("/pw", word);
		from = read_neighbor(rows[i].from);
		snprintf(word, sizeof(word), "word %zu", 2 * i + 1);
		password_put("/pw", word);
		to = read_neighbor(rows[i].to);
		if (peer_conf_compare(&from.conf[0], &to.conf[0]) != rows[i].changes)
			fail_msg("row %zu", i);
		drop(&from);
		drop(&to);
	}
	password_sweep();
	peer_confs_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_automatic_router_id),
		cmocka_unit_test(test_instance),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_neighbor),
		cmocka_unit_test(test_neighbor_list),
		cmocka_unit_test(test_link_address),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_protection_changes),
	};

	assert_true(sodium_init() >= 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
