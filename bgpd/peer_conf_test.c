/* SPDX-License-Identifier: BSD-2-Clause */
/* peer_conf: the identifier that is taken from an address stays while that address is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bgp.h"
#include "peer_conf.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_automatic_router_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
