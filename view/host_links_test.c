/* SPDX-License-Identifier: BSD-2-Clause */
/* host_links: every interface of this network namespace, with what sysfs says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "host_links.h"
#include "members.h"

static unsigned spoiled; /* so many answers, which had begun well */

/* In front of libmnl's. */
int mnl_cb_run(const void *buf, size_t n, unsigned int seq, unsigned int port, mnl_cb_t fn,
	       void *data)
{
	static __typeof__(mnl_cb_run) *theirs;
	int more;

	if (!theirs)
		*(void **)&theirs = dlsym(RTLD_NEXT, "mnl_cb_run");
	more = theirs(buf, n, seq, port, fn, data);
	if (!spoiled)
		return more;
	spoiled--;
	errno = EINTR;
	return -1;
}

/* Interfaces that come and go meanwhile: again, but not for ever. */
static void test_spoiled(void **state)
{
	const json_t *row;
	unsigned times = 0;
	json_t *rows;
	size_t i;

	spoiled = 4;
	rows = host_links();
	assert_non_null(rows);
	json_array_foreach (rows, i, row)
		times += strcmp(str_of(row, "name"), "lo") == 0;
	assert_int_equal(times, 1);
	json_decref(rows);
	spoiled = 100;
	errno = 0;
	assert_null(host_links());
	assert_int_equal(errno, EINTR);
	assert_int_equal(spoiled, 95);
	spoiled = 0;
}

static void test_all_are_there(void **state)
{
	struct if_nameindex *names = if_nameindex();
	json_t *rows = host_links();

	assert_non_null(rows);
	assert_non_null(row_named(rows, "lo"));
	for (size_t n = 0; names[n].if_index; n++)
		if (if_nametoindex(names[n].if_name)) /* it did not go meanwhile */
			assert_non_null(row_named(rows, names[n].if_name));
	if_freenameindex(names);
	json_decref(rows);
}

static int64_t counted(const char *name)
{
	char path[128];
	long long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/lo/statistics/%s", name);
	f = fopen(path, "re");
	if (f && fscanf(f, "%lld", &value) != 1)
		value = -1;
	if (f)
		fclose(f);
	return value;
}

/* What is between two readings is so, too. */
static void test_values(void **state)
{
	static const char *const names[][2] = {{"rx-errors", "rx_errors"},
					       {"tx-errors", "tx_errors"},
					       {"rx-dropped", "rx_dropped"},
					       {"tx-dropped", "tx_dropped"}};
	int64_t before[4];
	const json_t *lo;
	json_t *rows;

	for (size_t i = 0; i < 4; i++)
		before[i] = counted(names[i][1]);
	rows = host_links();
	lo = row_named(rows, "lo");
	assert_non_null(lo);
	for (size_t i = 0; i < 4; i++) {
		int64_t is = int_of(lo, names[i][0]), after = counted(names[i][1]);

		assert_true(json_is_integer(json_object_get(lo, names[i][0])));
		if (after >= 0)
			assert_true(is >= before[i] && is <= after);
	}
	json_decref(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_there),
		cmocka_unit_test(test_spoiled),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
