/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs short is said once when it begins and once when it is over, and again when it begins
 * again. The disk and the memory are played, keys are files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "shortage.h"

#include "datastore.h"
#include "log.h"
#include "util.h"

int __wrap_statvfs(const char *path, struct statvfs *out);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);
const struct datastore_version *__wrap_datastore_running(void);

static long disk_mib, memory_mib; /* negative: not known */
static char meminfo[100], said[2000], dir[32], key[64];
static struct datastore_version running;

int __wrap_statvfs(const char *path, struct statvfs *out)
{
	assert_string_equal(path, dir);
	memset(out, 0, sizeof(*out));
	out->f_frsize = 4096;
	out->f_bavail = (fsblkcnt_t)disk_mib * 256;
	out->f_bfree = out->f_bavail + 1000000; /* root's own */
	errno = EIO;
	return disk_mib < 0 ? -1 : 0;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!str_eq(path, "/proc/meminfo"))
		return __real_fopen(path, mode);
	if (memory_mib < 0)
		return NULL;
	snprintf(meminfo, sizeof(meminfo),
		 "MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: %ld kB\nBuffers: 7 kB\n",
		 memory_mib * 1024);
	return fmemopen(meminfo, strlen(meminfo), "r");
}

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	size_t at = strlen(said);
	va_list ap;

	at += (size_t)snprintf(said + at, sizeof(said) - at, "%d %s ", level, event);
	va_start(ap, fmt);
	at += (size_t)vsnprintf(said + at, sizeof(said) - at, fmt, ap);
	va_end(ap);
	snprintf(said + at, sizeof(said) - at, "\n");
}

const struct datastore_version *__wrap_datastore_running(void)
{
	return running.json ? &running : NULL;
}

static void expect(long disk, long memory, const char *lines)
{
	disk_mib = disk;
	memory_mib = memory;
	said[0] = '\0';
	shortage_look();
	assert_string_equal(said, lines);
}

static void configure(const char *more)
{
	char *text = xasprintf("{\"system\": {\"warn\": {\"disk\": 100, \"memory\": 50%s}}, "
			       "\"wireguard\": {\"interface\": [{\"name\": \"wg0\", "
			       "\"private-key-file\": \"%s\"}, {\"name\": \"wg1\"}]}}",
			       more, key);

	json_decref(running.json);
	running.json = json_loads(text, 0, NULL);
	assert_non_null(running.json);
	free(text);
}

/* The key is so old. */
static void age(long days)
{
	struct timespec at[2] = {{.tv_sec = time(NULL) - days * 86400 - 5}};

	at[1] = at[0];
	assert_int_equal(utimensat(AT_FDCWD, key, at, 0), 0);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/shortage-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	setenv("WGBGP_STATEDIR", dir, 1);
	snprintf(key, sizeof(key), "%s/key", dir);
	close(open(key, O_CREAT | O_WRONLY, 0600));
	configure("");
	shortage_open();
	return 0;
}

static int teardown(void **state)
{
	shortage_close();
	json_decref(running.json);
	running.json = NULL;
	unlink(key);
	return rmdir(dir);
}

static void test_disk_and_memory(void **state)
{
	char low[200];

	expect(100, 50, "");
	snprintf(low, sizeof(low), "1 disk-short free-mib=99 file=%s\n", dir);
	expect(99, 50, low);
	expect(99, 49, "1 memory-short free-mib=49\n");
	expect(50, 20, "");
	expect(199, 99, ""); /* not enough yet */
	expect(-1, -1, "");  /* not known */
	snprintf(low, sizeof(low), "2 disk-enough free-mib=200 file=%s\n", dir);
	expect(200, 99, low);
	expect(150, 100, "2 memory-enough free-mib=100\n");
	expect(150, 60, "");
	expect(150, 10, "1 memory-short free-mib=10\n");
}

static void test_off(void **state)
{
	configure(", \"disk\": 0, \"memory\": 0, \"key-age\": 0");
	age(100000);
	expect(0, 0, "");
	json_decref(running.json);
	running.json = NULL;
	expect(0, 0, ""); /* nothing runs yet */
}

static void test_key(void **state)
{
	char line[200];

	age(729);
	expect(1000, 1000, "");
	age(730);
	snprintf(line, sizeof(line), "1 key-old interface=wg0 days=730 file=%s\n", key);
	expect(1000, 1000, line);
	age(740);
	expect(1000, 1000, "");
	age(0); /* a new one */
	expect(1000, 1000, "");
	configure(", \"key-age\": 10");
	age(11);
	snprintf(line, sizeof(line), "1 key-old interface=wg0 days=11 file=%s\n", key);
	expect(1000, 1000, line);
	unlink(key);
	expect(1000, 1000, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_disk_and_memory),
		TEST(test_off),
		TEST(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
