/* SPDX-License-Identifier: BSD-2-Clause */
/* planes: names, numbers and members as one text, before and after changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "conf.h"
#include "planes.h"
#include "testing.h"
#include "util.h"

static bool read_text(const char *text)
{
	json_t *config = json_loads(text, 0, NULL);
	bool changed;

	assert_non_null(config);
	changed = planes_read(config);
	json_decref(config);
	return changed;
}

/* "NUMBER NAME: INTERFACES; " of all that are present or have a name. */
static const char *all(void)
{
	static char out[512];
	size_t len = 0;

	out[0] = '\0';
	for (unsigned n = 0; n < 256; n++) {
		const char *interface;

		if (!plane_present((uint8_t)n) && !plane_name((uint8_t)n)[0])
			continue;
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%u%s %s:", n,
					plane_present((uint8_t)n) ? "" : "-",
					plane_name((uint8_t)n));
		for (size_t i = 0; (interface = plane_interface((uint8_t)n, i)); i++) {
			len += (size_t)snprintf(out + len, sizeof(out) - len, " %s", interface);
			assert_int_equal(plane_of_interface(interface), n);
		}
		len += (size_t)snprintf(out + len, sizeof(out) - len, "; ");
	}
	return out;
}

static void test_without(void **state)
{
	assert_string_equal(all(), "0 main:; ");
	assert_false(planes_several());
	assert_false(planes_read(NULL));
	assert_string_equal(all(), "0 main:; ");
	assert_int_equal(plane_by_name("main"), 0);
	assert_int_equal(plane_by_name("red"), -1);
	assert_int_equal(plane_by_name(""), -1);
	assert_int_equal(plane_of_interface("eth0"), 0);
}

/* Short names, and one that another plane has already. */
static void test_names(void **state)
{
	read_text("{\"plane\": [{\"name\": \"r\", \"number\": 1}, {\"name\": \"main\", "
		  "\"number\": 2}, {\"name\": \"s\", \"number\": 4}]}");
	assert_int_equal(plane_by_name("r"), 1);
	assert_int_equal(plane_by_name("s"), 4);
	assert_int_equal(plane_by_name("main"), 0);
	assert_string_equal(all(), "0 main:; 1 r:; 2 main:; 4 s:; ");
	read_text("{\"plane\": [{\"name\": \"s\", \"number\": 1}]}");
	assert_int_equal(plane_by_name("s"), 1);
	assert_int_equal(plane_by_name("r"), -1);
	read_text("{}");
}

#define RED "{\"name\": \"red\", \"number\": 3, \"interface\": [\"eth1\", \"eth2\"]}"
#define LAST "{\"name\": \"last\", \"number\": 31, \"interface\": [\"eth3\"]}"
#define WG                                                                         \
	"\"wireguard\": {\"interface\": [{\"name\": \"wg0\"}, {\"name\": \"wg1\"," \
	" \"plane\": \"red\"}, {\"name\": \"wg2\", \"plane\": \"main\"},"          \
	" {\"name\": \"wg3\", \"plane\": \"absent\"}]}"

static void test_members(void **state)
{
	assert_true(read_text("{\"plane\": [" RED "," LAST "], " WG "}"));
	assert_string_equal(all(), "0 main:; 3 red: eth1 eth2 wg1; 31 last: eth3; ");
	assert_true(planes_several());
	assert_int_equal(plane_by_name("red"), 3);
	assert_int_equal(plane_by_name("last"), 31);
	assert_int_equal(plane_of_interface("wg0"), 0);
	assert_int_equal(plane_of_interface("wg2"), 0);
	assert_int_equal(plane_of_interface("wg3"), 0);
	assert_false(read_text("{\"plane\": [" RED "," LAST "], " WG "}"));
	assert_true(read_text("{\"plane\": [" RED "," LAST "]}"));
	assert_string_equal(all(), "0 main:; 3 red: eth1 eth2; 31 last: eth3; ");
}

static void test_changes(void **state)
{
	read_text("{\"plane\": [" RED "]}");
	/* As many members, one of which is another; then one in another plane. */
	assert_true(read_text("{\"plane\": [{\"name\": \"red\", \"number\": 3,"
			      " \"interface\": [\"eth1\", \"eth9\"]}]}"));
	assert_string_equal(all(), "0 main:; 3 red: eth1 eth9; ");
	assert_true(read_text("{\"plane\": [{\"name\": \"red\", \"number\": 4,"
			      " \"interface\": [\"eth1\", \"eth9\"]}]}"));
	/* The name has moved. */
	assert_string_equal(all(), "0 main:; 4 red: eth1 eth9; ");
	assert_int_equal(plane_by_name("red"), 4);
	/* One that goes keeps its name, for what still speaks of it. */
	assert_true(read_text("{}"));
	assert_string_equal(all(), "0 main:; 4- red:; ");
	assert_false(planes_several());
}

static void test_out_of_range(void **state)
{
	read_text("{\"plane\": [{\"name\": \"zero\", \"number\": 0, \"interface\": [\"eth0\"]},"
		  " {\"name\": \"many\", \"number\": 32, \"interface\": [\"eth1\"]},"
		  " {\"name\": \"one\", \"number\": 1, \"interface\": [\"exactly15bytes.\","
		  " \"more-than-15-byt\", 7]}]}");
	assert_string_equal(all(), "0 main:; 1 one: exactly15bytes.; ");
}

static void test_configuration(void **state)
{
	json_t *config = json_loads("{\"plane\": [" RED "," LAST "]}", 0, NULL);

	assert_string_equal(conf_str(plane_conf(config, 31), "name", ""), "last");
	assert_string_equal(conf_str(plane_conf(config, 3), "name", ""), "red");
	assert_null(plane_conf(config, 4));
	json_decref(config);
}

#define MANY 600

static struct {
	char name[16];
	uint8_t plane;
	bool tunnel;
} many[MANY];

/* Interfaces of all planes but the main one, in the order of I. */
static void make_many(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(many[i].name, sizeof(many[i].name), "if%u", rand() % 1000000 * MANY + i);
		many[i].plane = (uint8_t)(1 + rand() % (PLANES_MAX - 1));
		many[i].tunnel = rand() % 2;
	}
}

static json_t *configuration_of_many(void)
{
	json_t *planes = json_array(), *tunnels = json_array();

	for (int p = 1; p < PLANES_MAX; p++) {
		json_t *list = json_array();

		for (unsigned i = 0; i < MANY; i++)
			if (many[i].plane == p && !many[i].tunnel)
				json_array_append_new(list, json_string(many[i].name));
		json_array_append_new(planes,
				      json_pack("{s:o, s:i, s:o}", "name", json_sprintf("p%d", p),
						"number", p, "interface", list));
	}
	for (unsigned i = 0; i < MANY; i++)
		if (many[i].tunnel)
			json_array_append_new(tunnels,
					      json_pack("{s:s, s:o}", "name", many[i].name, "plane",
							json_sprintf("p%d", many[i].plane)));
	return json_pack("{s:o, s:{s:o}}", "plane", planes, "wireguard", "interface", tunnels);
}

/* Each question about each of some hundreds against the list itself. */
static void test_many(void **state)
{
	json_t *config;

	srand(test_seed());
	make_many();
	config = configuration_of_many();
	assert_true(planes_read(config));
	assert_false(planes_read(config));
	json_decref(config);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(plane_of_interface(many[i].name), many[i].plane);
		assert_int_equal(plane_is_tunnel(many[i].name), many[i].tunnel);
	}
	assert_int_equal(plane_of_interface("if"), 0);
	assert_false(plane_is_tunnel("zz"));
	for (int p = 1; p < PLANES_MAX; p++) {
		size_t n = 0, tunnels = 0;

		for (int tunnel = 0; tunnel < 2; tunnel++)
			for (unsigned i = 0; i < MANY; i++) {
				if (many[i].plane != p || many[i].tunnel != tunnel)
					continue;
				assert_string_equal(plane_interface((uint8_t)p, n++), many[i].name);
				if (tunnel)
					assert_string_equal(plane_tunnel((uint8_t)p, tunnels++),
							    many[i].name);
			}
		assert_null(plane_interface((uint8_t)p, n));
		assert_null(plane_tunnel((uint8_t)p, tunnels));
	}
	assert_null(plane_interface(PLANE_MAIN, 0));
	assert_null(plane_interface(PLANES_MAX, 0));
}

static int end(void **state)
{
	planes_read(NULL);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(test_names),   TEST(test_without),	     TEST(test_members),
		TEST(test_changes), TEST(test_out_of_range), TEST(test_configuration),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
