/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "planes.h"
#include "quoted.h"
#include "util.h"
#include "zplan.h"

static void read_config(const char *config, struct zconfig *to)
{
	json_t *json = quoted(config);
	char error[256];

	planes_read(json);
	if (zconfig_read(json, to, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	json_decref(json);
}

#define RIB(inside) "{'rib': {" inside "}}"
#define RULE1 "{'priority': 100, 'source': '10.1.0.0/16', 'table': 77}"
#define RULE2 "{'priority': 101, 'interface': 'lan0', 'table': 78}"
#define STATIC1 "{'prefix': '172.16.0.0/12', 'next-hop': '10.9.0.2'}"
#define STATIC2 "{'prefix': 'fd00::/8', 'blackhole': true}"

static const struct row {
	const char *before, *after, *expected; /* rows: what differs in each */
} rows[] = {
	{RIB("'rule': [" RULE1 "], 'static': [" STATIC1 "]"),
	 RIB("'rule': [" RULE1 "], 'static': [" STATIC1 "]"), ""},
	{RIB(""), RIB("'rule': [" RULE1 "]"),
	 "rule made ipv4 priority 100 source 10.1.0.0/16 table 77; "},
	{RIB("'rule': [" RULE2 "," RULE1 "]"), RIB("'rule': [" RULE2 "]"),
	 "rule removed ipv4 priority 100 source 10.1.0.0/16 table 77; "},
	{RIB(""), RIB("'rule': [" RULE2 "]"),
	 "rule made ipv4 priority 101 interface lan0 table 78; "
	 "rule made ipv6 priority 101 interface lan0 table 78; "},
	{RIB("'static': [" STATIC1 "]"), RIB("'static': [" STATIC2 "]"),
	 "static removed 172.16.0.0/12 10.9.0.2; static made fd00::/8 -; "},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct zconfig before, after;
		json_t *said = json_array(), *row;
		char text[1024] = "";
		size_t k, len = 0;

		read_config(rows[i].before, &before);
		read_config(rows[i].after, &after);
		zplan_rows(said, &before, &after);
		json_array_foreach (said, k, row) {
			const char *rule = conf_str(row, "rule", NULL);

			assert_true(json_is_true(conf_get(row, "disruptive")));
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s %s %s%s%s; ",
				conf_str(row, "kind", ""), conf_str(row, "change", ""),
				rule ? rule : conf_str(row, "prefix", ""), rule ? "" : " ",
				rule ? "" : conf_str(row, "next-hop", "-"));
		}
		assert_string_equal(text, rows[i].expected);
		json_decref(said);
		zconfig_free(&before);
		zconfig_free(&after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
