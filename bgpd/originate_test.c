/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths of our own: random configurations of `network` and `redistribute` in two planes over random
 * routes of zebra-lite's, beside a model that looks at all of them anew each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "originate.h"
#include "rib.h"
#include "rib_table.h"
#include "rig.h"
#include "testing.h"
#include "util.h"

#define PREFIXES 6
#define SOURCES 3

static const char *const prefixes[PREFIXES] = {"10.1.0.0/16",	 "10.2.0.0/16", "10.2.1.0/24",
					       "192.168.1.0/24", "fd01::/48",	"0.0.0.0/0"};
static const char *const sources[SOURCES] = {"connected", "static", "kernel"};
static const char *const planes[2] = {"main", "blue"};

static struct {
	bool network[PREFIXES], old[PREFIXES][SOURCES], present[PREFIXES][SOURCES];
	bool on[SOURCES], lans[SOURCES]; /* through the policy that takes 10.0.0.0/8 alone */
	uint32_t said[PREFIXES];	 /* metric of the static route */
	int metric[SOURCES];		 /* -1: none */
} model[2];

static unsigned below(unsigned n)
{
	return rand() % n;
}

static void say(unsigned plane, unsigned i, unsigned source, bool present)
{
	struct msg_redist m = {.source = REDIST_CONNECTED + source, .present = present};

	m.metric = below(3);
	if (m.source == REDIST_STATIC)
		model[plane].said[i] = m.metric;
	assert_int_equal(prefix_parse(prefixes[i], &m.prefix), 0);
	m.prefix.plane = plane ? 3 : 0;
	rig_redist_is(&m);
}

/* What is to be shown of it: "source origin med reason", "-" nothing. */
static const char *expected(unsigned plane, unsigned i)
{
	static char out[96];
	bool any = false;

	for (unsigned s = 0; s < SOURCES; s++)
		any = any || model[plane].present[i][s];
	if (model[plane].network[i] && any)
		return "network igp null none";
	for (unsigned s = 0; s < SOURCES; s++) {
		char med[16] = "null";

		if (!model[plane].on[s] || !model[plane].present[i][s] ||
		    (model[plane].lans[s] && strncmp(prefixes[i], "10.", 3) != 0))
			continue;
		if (model[plane].metric[s] >= 0)
			snprintf(med, sizeof(med), "%d", model[plane].metric[s]);
		else if (s == 1 && model[plane].said[i])
			snprintf(med, sizeof(med), "%u", model[plane].said[i]);
		snprintf(out, sizeof(out), "%s incomplete %s none", sources[s], med);
		return out;
	}
	return model[plane].network[i] ? "network igp null import-check" : "-";
}

static const char *shown(unsigned plane, unsigned i)
{
	static char out[96];
	char *request = xasprintf("{'command': 'bgp-routes', 'plane': '%s'}", planes[plane]);
	json_t *all = rig_show(request), *row;
	size_t k;

	free(request);
	strcpy(out, "-");
	json_array_foreach (json_object_get(all, "routes"), k, row) {
		const json_t *path = json_array_get(json_object_get(row, "paths"), 0);

		if (!str_eq(rig_str(row, "prefix"), prefixes[i]))
			continue;
		assert_int_equal(json_array_size(json_object_get(row, "paths")), 1);
		snprintf(out, sizeof(out), "%s %s %s %s", rig_str(path, "source"),
			 rig_str(path, "origin"), rig_text(path, "med"), rig_str(path, "reason"));
	}
	json_decref(all);
	return out;
}

static void check(int step)
{
	rig_settle();
	for (unsigned plane = 0; plane < 2; plane++)
		for (unsigned i = 0; i < PREFIXES; i++)
			if (!str_eq(shown(plane, i), expected(plane, i)))
				fail_msg("step %d: %s in %s: %s, expected %s", step, prefixes[i],
					 planes[plane], shown(plane, i), expected(plane, i));
}

/* The statements of a plane, at random, into the model and as text. */
static char *random_part(unsigned plane)
{
	char *networks = xstrdup(""), *redistribute = xstrdup(""), *out;

	for (unsigned i = 0; i < PREFIXES; i++) {
		char *before = networks;

		model[plane].network[i] = below(3) == 0;
		networks = xasprintf("%s%s%s%s%s", before,
				     model[plane].network[i] && *before ? ", " : "",
				     model[plane].network[i] ? "'" : "",
				     model[plane].network[i] ? prefixes[i] : "",
				     model[plane].network[i] ? "'" : "");
		free(before);
	}
	for (unsigned s = 0; s < SOURCES; s++) {
		char *before = redistribute, metric[32] = "";

		model[plane].on[s] = below(2);
		model[plane].lans[s] = below(2);
		model[plane].metric[s] = (int)below(4) - 1;
		if (!model[plane].on[s])
			continue;
		if (model[plane].metric[s] >= 0)
			snprintf(metric, sizeof(metric), ", 'metric': %d", model[plane].metric[s]);
		redistribute = xasprintf("%s%s{'protocol': '%s'%s%s}", before, *before ? ", " : "",
					 sources[s],
					 model[plane].lans[s] ? ", 'policy': 'lans'" : "", metric);
		free(before);
	}
	out = xasprintf("'network': [%s], 'redistribute': [%s]", networks, redistribute);
	free(networks);
	free(redistribute);
	return out;
}

static void configure(void)
{
	char *main_part = random_part(0), *blue = random_part(1);
	char *config = xasprintf(
		"{'plane': [{'name': 'blue', 'number': 3, 'table': 100}], 'policy': [{'name': "
		"'lans', "
		"'default': 'reject', 'term': [{'name': '1', 'match': {'prefix': ['10.0.0.0/8']}, "
		"'then': 'accept'}]}], 'bgp': {'as': 65000, 'router-id': '10.0.0.5', %s, 'plane': "
		"[{'name': 'blue', %s}, {'name': 'nowhere', 'network': ['10.77.0.0/16']}, {'name': "
		"'main', "
		"'network': ['10.78.0.0/16']}]}}",
		main_part, blue);

	rig_config(config);
	free(config);
	free(main_part);
	free(blue);
}

/* zebra-lite begins anew: what it does not say again by its sync is gone. */
static void begin_anew(int step)
{
	rig_zebra_again();
	check(step); /* its last word holds until then */
	for (unsigned plane = 0; plane < 2; plane++)
		for (unsigned i = 0; i < PREFIXES; i++)
			for (unsigned s = 0; s < SOURCES; s++) {
				if (below(2)) {
					model[plane].present[i][s] = below(4) > 0;
					say(plane, i, s, model[plane].present[i][s]);
				} else {
					model[plane].old[i][s] = true;
				}
			}
	check(step);
	rig_redist_sync(0);
	for (unsigned n = 0; n < 2 * PREFIXES * SOURCES; n++) {
		unsigned plane = n / (PREFIXES * SOURCES), i = n / SOURCES % PREFIXES,
			 s = n % SOURCES;

		if (model[plane].old[i][s])
			model[plane].present[i][s] = model[plane].old[i][s] = false;
	}
}

static void random_routes(void **state)
{
	srand(test_seed());
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	for (int step = 0; step < 150; step++) {
		if (step % 10 == 0)
			configure();
		else if (step % 10 == 5)
			begin_anew(step);
		for (unsigned n = below(8); n--;) {
			unsigned plane = below(2), i = below(PREFIXES), s = below(SOURCES);

			model[plane].present[i][s] = below(2);
			say(plane, i, s, model[plane].present[i][s]);
		}
		check(step);
	}
	/* Of what is no plane besides the main one nothing is read. */
	assert_null(rig_path("10.77.0.0/16", 0));
	assert_null(rig_path("10.78.0.0/16", 0));
	rig_stop();
}

#define MANY 3000

static void say_many(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t bytes[16] = {10, (uint8_t)(i >> 8), (uint8_t)i};

		rig_redist_is(&(struct msg_redist){.source = REDIST_KERNEL,
						   .present = true,
						   .prefix = prefix_make(AF_INET, bytes, 24)});
	}
	rig_settle();
	assert_int_equal(rib_paths.used, MANY);
}

/* What concerns them all is not done in one event, and may begin anew in the middle. */
static void walks(void **state)
{
	static const char config[] =
		"{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		"false}, 'redistribute': [{'protocol': '%s'%s}]}}";
	char *all = xasprintf(config, "kernel", ""), *none = xasprintf(config, "static", ""),
	     *cheap = xasprintf(config, "kernel", ", 'metric': 7");

	log_set_level(LOG_LEVEL_ERROR);
	rig_start(all);
	say_many();
	/* Nothing is said again, but on the next channel. */
	originate_restart();
	originate_synced();
	assert_int_equal(rib_paths.used, MANY);
	assert_false(rib_settled());
	assert_true(originate_some(1000));
	assert_int_equal(rib_paths.used, MANY - 1000);
	originate_restart();
	say_many();
	originate_synced();
	RIG_AWAIT(rib_settled());
	assert_int_equal(rib_paths.used, MANY);
	/* Configured twice before the walk has ended. */
	rig_config(none);
	assert_int_equal(rib_paths.used, MANY);
	assert_true(originate_some(1000));
	assert_int_equal(rib_paths.used, MANY - 1000);
	rig_config(cheap);
	RIG_AWAIT(rib_settled());
	assert_int_equal(rib_paths.used, MANY);
	assert_string_equal(rig_text(rig_path("10.0.0.0/24", 0), "med"), "7");
	assert_string_equal(rig_text(rig_path("10.11.0.0/24", 0), "med"), "7");
	rig_config(none);
	RIG_AWAIT(rib_settled());
	assert_int_equal(rib_paths.used, 0);
	free(all);
	free(none);
	free(cheap);
	rig_stop();
}

/* Of a prefix that nobody has there is no source. */
static void unknown(void **state)
{
	struct prefix p;

	assert_int_equal(prefix_parse("10.1.0.0/16", &p), 0);
	assert_string_equal(originate_source(&p), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_routes),
		cmocka_unit_test(walks),
		cmocka_unit_test(unknown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
