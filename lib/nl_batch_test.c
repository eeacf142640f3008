/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "nl_batch.h"

static int errors[10];

static void on_error(void *arg, void *cookie, int err)
{
	*(int *)cookie = err;
}

static size_t answer(uint8_t *out, uint32_t seq, int err)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(out);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_seq = seq;
	e->error = err;
	return nlh->nlmsg_len;
}

/* Errors go to the request with their sequence number, whatever their order; strangers are left
 * alone. */
static void test_matching(void **state)
{
	struct nl_batch *b = nl_batch_new_detached(on_error, NULL);
	_Alignas(struct nlmsghdr) uint8_t buf[512] = {0};
	uint32_t seq[10];
	size_t n = 0;

	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < 10; i++) {
		struct nlmsghdr *nlh = nl_batch_begin(b, 16, 0, &errors[i]);

		mnl_attr_put_u32(nlh, 1, i);
		assert_int_equal(nlh->nlmsg_flags & NLM_F_ACK, 0);
		seq[i] = nlh->nlmsg_seq;
		nl_batch_end(b, nlh);
	}
	n += answer(buf + n, seq[7], -EEXIST);
	n += answer(buf + n, seq[2], -ENODEV);
	n += answer(buf + n, seq[4], 0);
	n += answer(buf + n, seq[9] + 1, -EPERM);
	n += answer(buf + n, seq[0] - 1, -EPERM);
	nl_batch_parse(b, buf, n);
	for (int i = 0; i < 10; i++)
		assert_int_equal(errors[i], i == 7 ? -EEXIST : i == 2 ? -ENODEV : 0);
	nl_batch_parse(b, buf, n - 1); /* cut short */
	assert_int_equal(nl_batch_flush(b), 0);
	nl_batch_free(b);
}

/* A full buffer flushes itself; numbers go on. */
/* Attributes are read up to the aligned end of a message: it must be there. */
static void test_padding(void **state)
{
	_Alignas(struct nlmsghdr) uint8_t buf[20] = {0};
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

	(void)state;
	nlh->nlmsg_len = 18;
	assert_false(nl_message_ok(nlh, 17));
	assert_false(nl_message_ok(nlh, 18));
	assert_true(nl_message_ok(nlh, 20));
	nlh->nlmsg_len = UINT32_MAX;
	assert_false(nl_message_ok(nlh, 20));
}

static void test_overflow(void **state)
{
	struct nl_batch *b = nl_batch_new_detached(on_error, NULL);
	uint32_t last = 0;

	for (int i = 0; i < 20000; i++) {
		struct nlmsghdr *nlh = nl_batch_begin(b, 16, 0, &errors[0]);

		if (i)
			assert_int_equal(nlh->nlmsg_seq, last + 1);
		last = nlh->nlmsg_seq;
		mnl_attr_put(nlh, 1, sizeof(errors), errors);
		nl_batch_end(b, nlh);
	}
	assert_int_equal(nl_batch_flush(b), 0);
	nl_batch_free(b);
}

/* The real kernel: requests that must fail, without any privilege. */
static void test_kernel(void **state)
{
	struct nl_batch *b = nl_batch_new(NETLINK_ROUTE, on_error, NULL);

	assert_non_null(b);
	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < 10; i++) {
		struct nlmsghdr *nlh = nl_batch_begin(b, 999, 0, &errors[i]);

		nl_batch_end(b, nlh); /* there is no such type */
	}
	assert_int_equal(nl_batch_flush(b), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(errors[i], -EOPNOTSUPP);
	assert_true(nl_batch_portid(b));
	nl_batch_free(b);
}

static void test_full(void **state)
{
	struct nl_batch *first = nl_batch_new_detached(on_error, NULL);
	struct nl_batch *b = nl_batch_new_beside(first, on_error, NULL);
	unsigned n = 0;

	for (; !nl_batch_full(b); n++)
		nl_batch_end(b, nl_batch_begin(b, 0, 0, NULL));
	assert_true(n > 1000);
	assert_false(nl_batch_full(first));
	assert_int_equal(nl_batch_flush(b), 0);
	assert_false(nl_batch_full(b));
	nl_batch_free(b);
	nl_batch_free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),	cmocka_unit_test(test_matching),
		cmocka_unit_test(test_padding), cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
