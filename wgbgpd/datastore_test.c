/* SPDX-License-Identifier: BSD-2-Clause */
/* datastore: versions read from a file, their numbers, and what is refused of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_schema.h"
#include "conf_print.h"
#include "datastore.h"
#include "ipc.h"
#include "util.h"

static char path[] = "/tmp/datastore_test.XXXXXX";

static size_t played_len; /* of the configuration in JSON; 0: as it is */

char *__real_conf_print_json(const struct conf *conf, bool defaults);
char *__wrap_conf_print_json(const struct conf *conf, bool defaults);

char *__wrap_conf_print_json(const struct conf *conf, bool defaults)
{
	char *text;

	if (!played_len)
		return __real_conf_print_json(conf, defaults);
	text = xmalloc(played_len + 1);
	memset(text, ' ', played_len);
	memcpy(text, "{}", 2);
	text[played_len] = '\0';
	return text;
}

/* Reads a file of this text; what is said of it, with "F" for its name. */
static struct datastore_version *read_text(const char *text, char says[256])
{
	struct conf_errors errs = {0};
	struct datastore_version *v;
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	v = datastore_read(&errs);
	says[0] = '\0';
	for (size_t i = 0; i < errs.n; i++)
		snprintf(says + strlen(says), 256 - strlen(says), "%s\n", errs.v[i].text);
	assert_int_equal(v != NULL, errs.errors == 0);
	conf_errors_free(&errs);
	return v;
}

static void test_versions(void **state)
{
	char says[256], host[256] = "";
	struct datastore_version *first, *second, *level;

	gethostname(host, sizeof(host) - 1);
	assert_null(datastore_running());
	assert_string_equal(datastore_hostname(), host);
	first = read_text("system { log-level error; }", says);
	assert_string_equal(says, "");
	assert_int_equal(first->generation, 1);
	assert_int_equal(first->len, strlen(first->text));
	assert_string_equal(conf_str(conf_get(first->json, "system"), "log-level", ""), "error");
	/* With what nobody wrote down. */
	assert_non_null(strstr(first->text, "\"wgbgp-rib:rib\":{"));
	datastore_set_running(first);
	datastore_set_running(first); /* as it is */
	assert_ptr_equal(datastore_running(), first);
	assert_string_equal(datastore_hostname(), host);
	assert_null(read_text("system { hostnam x; }", says));
	assert_non_null(strstr(says, ":1:10: system: 'hostnam' is no statement here"));
	second = read_text("system { hostname hub; }", says);
	assert_int_equal(second->generation, 2);
	datastore_set_running(second);
	assert_string_equal(datastore_hostname(), "hub");
	level = datastore_with_log_level("debug");
	assert_int_equal(level->generation, 3);
	assert_int_equal(level->len, strlen(level->text));
	assert_non_null(strstr(level->text, "\"log-level\":\"debug\""));
	assert_non_null(strstr(level->text, "\"hostname\":\"hub\""));
	assert_string_equal(conf_str(conf_get(level->json, "system"), "log-level", ""), "debug");
	assert_string_equal(conf_str(conf_get(second->json, "system"), "log-level", ""), "info");
	datastore_set_running(level);
	datastore_version_free(NULL);
}

#define WG "wireguard { interface wg0 { adopt true; } "

static void test_would_empty(void **state)
{
	static const struct {
		const char *runs, *text, *says; /* says NULL: it would not */
	} rows[] = {
		{"", "", NULL},
		{"", WG "}", NULL},
		{WG "}", WG "}", NULL},
		{WG "}", "wireguard { interface wg1 { adopt true; } }", NULL},
		{WG "}", "",
		 ": it has no WireGuard interface, and 1 runs: all tunnels would go; if that is "
		 "meant: reload empty, or commit empty"},
		{WG "interface wg1 { adopt true; } }", "system { hostname a; }",
		 ": it has no WireGuard interface, and 2 run: all tunnels would go; if that is "
		 "meant: reload empty, or commit empty"},
	};

	struct datastore_version *first = read_text("", (char[256]){0});

	assert_false(datastore_would_empty(NULL, first, NULL)); /* nothing runs yet */
	datastore_version_free(first);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct conf_errors errs = {0};
		struct datastore_version *v;
		char says[256];

		datastore_set_running(read_text(rows[i].runs, says));
		v = read_text(rows[i].text, says);
		assert_int_equal(datastore_would_empty(datastore_running(), v, &errs),
				 rows[i].says != NULL);
		assert_int_equal(errs.errors, rows[i].says != NULL);
		if (rows[i].says)
			assert_string_equal(errs.v[0].text + strlen(path), rows[i].says);
		conf_errors_free(&errs);
		datastore_version_free(v);
	}
}

/* What does not fit into one message to the daemons is refused before they are asked. */
static void test_too_large(void **state)
{
	char says[256];
	struct datastore_version *v;

	played_len = IPC_FRAME_MAX;
	v = read_text("", says);
	assert_non_null(v);
	assert_int_equal(v->len, IPC_FRAME_MAX);
	datastore_version_free(v);
	played_len = IPC_FRAME_MAX + 1;
	assert_null(read_text("", says));
	assert_string_equal(says + strlen(path),
			    ": the configuration is too large for the daemons\n");
	played_len = 0;
}

static int end(void **state)
{
	datastore_set_running(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_versions, end),
		cmocka_unit_test_teardown(test_would_empty, end),
		cmocka_unit_test(test_too_large),
	};
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	char *yang = xasprintf("%s/yang", srcdir);
	struct conf_errors errs = {0};
	struct ly_ctx *ctx = conf_schema_load(yang, &errs);
	int failed, fd = mkstemp(path);

	if (!ctx || fd < 0)
		return 1;
	close(fd);
	datastore_init(ctx, path);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	datastore_free();
	free(yang);
	return failed;
}
