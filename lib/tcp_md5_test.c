/* SPDX-License-Identifier: BSD-2-Clause */
/* tcp_md5: what the kernel is asked; whether it keeps anybody out is wgbgpd/listen_test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tcp_md5.h"
#include "util.h"

static char asked[512];
static int refusal; /* errno */

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	const struct tcp_md5sig *sig = value;
	struct endpoint e;

	assert_int_equal(fd, 7);
	assert_int_equal(level, IPPROTO_TCP);
	assert_int_equal(len, sizeof(*sig));
	assert_int_equal(sig->tcpm_flags, TCP_MD5SIG_FLAG_PREFIX);
	endpoint_from_sockaddr((const struct sockaddr *)&sig->tcpm_addr, &e);
	assert_int_equal(e.port, 0);
	snprintf(asked, sizeof(asked), "%s %s/%u %u '%.*s'",
		 name == TCP_MD5SIG	  ? "whole"
		 : name == TCP_MD5SIG_EXT ? "prefix"
					  : "?",
		 ADDR_STR(&e.addr), sig->tcpm_prefixlen, sig->tcpm_keylen, sig->tcpm_keylen,
		 (const char *)sig->tcpm_key);
	errno = refusal;
	return refusal ? -1 : 0;
}

static int set(const char *from, const char *password)
{
	struct prefix p;

	assert_int_equal(prefix_parse(from, &p), 0);
	asked[0] = '\0';
	return tcp_md5_set(7, &p, password, password ? strlen(password) : 0);
}

#define LONGEST "01234567890123456789012345678901234567890123456789012345678901234567890123456789"

static void test_what_is_asked(void **state)
{
	static const struct {
		const char *from, *password, *asked;
		int refusal, err;
	} rows[] = {
		{"10.0.0.1/32", "secret", "whole 10.0.0.1/32 6 'secret'", 0, 0},
		{"10.0.0.0/31", "secret", "prefix 10.0.0.0/31 6 'secret'", 0, 0},
		{"0.0.0.0/0", "x", "prefix 0.0.0.0/0 1 'x'", 0, 0},
		{"fd00::1/128", "secret", "whole fd00::1/128 6 'secret'", 0, 0},
		{"fd00::/32", "secret", "prefix fd00::/32 6 'secret'", 0, 0},
		{"10.0.0.1/32", LONGEST, "whole 10.0.0.1/32 80 '" LONGEST "'", 0, 0},
		{"10.0.0.1/32", LONGEST "x", "", 0, -EINVAL},
		{"10.0.0.1/32", NULL, "whole 10.0.0.1/32 0 ''", 0, 0},
		{"10.0.0.1/32", NULL, "whole 10.0.0.1/32 0 ''", ENOENT, 0}, /* there is none */
		{"10.0.0.1/32", NULL, "whole 10.0.0.1/32 0 ''", ENOMEM, -ENOMEM},
		{"10.0.0.1/32", "y", "whole 10.0.0.1/32 1 'y'", ENOENT, -ENOENT},
		{"10.0.0.1/32", "y", "whole 10.0.0.1/32 1 'y'", ENOPROTOOPT, -ENOPROTOOPT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		refusal = rows[i].refusal;
		assert_int_equal(set(rows[i].from, rows[i].password), rows[i].err);
		assert_string_equal(asked, rows[i].asked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_asked)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
