/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl_batch.h"

static int errors[10];

/* What the system answers in the place of its own, from the first on; 0: its own answer. */
static int refusals[4];
static size_t n_refused;
static int interruptions; /* of sendto(), before it sends */
static unsigned sendings;
/* The system's answer to SO_RCVBUFFORCE, whoever runs this; otherwise it is asked. */
static enum { ASKED, GRANTED, REFUSED } force;
static int options[4][2]; /* those that were set: name, value */
static size_t n_options;

#define SENDINGS_MAX 100 /* who tries more often never ends */

ssize_t __real_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);
ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	if (n_refused == sizeof(refusals) / sizeof(*refusals) || !refusals[n_refused])
		return __real_recv(fd, buf, len, flags);
	errno = refusals[n_refused++];
	return -1;
}

ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	if (++sendings > SENDINGS_MAX) {
		errno = 0;
		return (ssize_t)len;
	}
	if (interruptions-- > 0) {
		errno = EINTR;
		return -1;
	}
	return __real_sendto(fd, buf, len, flags, to, to_len);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (name == SO_RCVBUFFORCE && force == REFUSED) {
		errno = EPERM;
		return -1;
	}
	if (n_options < 4) {
		options[n_options][0] = name;
		options[n_options++][1] = *(const int *)value;
	}
	if (name == SO_RCVBUFFORCE && force == GRANTED)
		return 0;
	return __real_setsockopt(fd, level, name, value, len);
}

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
	assert_int_equal(seq[0], 1);   /* the kernel's own messages have 0 */
	nl_batch_parse(b, buf, n - 1); /* cut short */
	assert_int_equal(nl_batch_flush(b), 0);
	nl_batch_free(b);
}

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

/* A full buffer flushes itself; numbers go on. */
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

/* What is no answer to a request, or none that says why, is passed over. */
static void test_other_messages(void **state)
{
	struct nl_batch *b = nl_batch_new_detached(on_error, NULL);
	_Alignas(struct nlmsghdr) uint8_t buf[512] = {0};
	struct nlmsghdr *nlh = nl_batch_begin(b, 16, NLM_F_CREATE, &errors[0]);
	size_t n;

	errors[0] = 0;
	assert_int_equal(nlh->nlmsg_type, 16);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE);
	assert_int_equal(nlh->nlmsg_len, sizeof(*nlh));
	nl_batch_end(b, nlh);
	n = answer(buf, nlh->nlmsg_seq, -EPERM);
	((struct nlmsghdr *)buf)->nlmsg_type = NLMSG_DONE;
	nl_batch_parse(b, buf, n);
	assert_int_equal(errors[0], 0);
	memset(buf, 0, sizeof(buf));
	answer(buf, nlh->nlmsg_seq, -EPERM);
	((struct nlmsghdr *)buf)->nlmsg_len = sizeof(*nlh) + 3; /* less than a number */
	nl_batch_parse(b, buf, sizeof(*nlh) + 4);
	assert_int_equal(errors[0], 0);
	((struct nlmsghdr *)buf)->nlmsg_len = sizeof(*nlh) + 4;
	nl_batch_parse(b, buf, sizeof(*nlh) + 4);
	assert_int_equal(errors[0], -EPERM);
	assert_int_equal(nl_batch_portid(b), 0);
	nl_batch_free(b);
	nl_batch_free(NULL);
}

static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

/* The answers to a whole buffer fit, as far as the system lets us. */
static void test_room_for_answers(void **state)
{
	int fd = next_fd(), got = 0, other = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int size = 8 * 1024 * 1024, want = 0;
	socklen_t len = sizeof(got);
	struct nl_batch *b;

	if (setsockopt(other, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(other, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	getsockopt(other, SOL_SOCKET, SO_RCVBUF, &want, &len);
	close(other);
	b = nl_batch_new(NETLINK_ROUTE, on_error, NULL);
	assert_non_null(b);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len), 0);
	assert_int_equal(got, want);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	nl_batch_free(b);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_null(nl_batch_new(9999, on_error, NULL));
	assert_int_equal(next_fd(), fd); /* nothing is left open */
}

/* Where nothing can be sent every request of the buffer has failed, and the flush says so: that of
 * a full buffer at the next one. */
static void test_cannot_send(void **state)
{
	int fd = next_fd();
	struct nl_batch *b = nl_batch_new(NETLINK_ROUTE, on_error, NULL);
	uint32_t seq;

	assert_non_null(b);
	close(fd);
	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < 10; i++)
		nl_batch_end(b, nl_batch_begin(b, 999, 0, &errors[i]));
	assert_int_equal(nl_batch_flush(b), -EBADF);
	for (int i = 0; i < 10; i++)
		assert_int_equal(errors[i], -EBADF);
	assert_int_equal(nl_batch_flush(b), 0); /* nothing more */
	while (!nl_batch_full(b))
		nl_batch_end(b, nl_batch_begin(b, 999, 0, &errors[0]));
	errors[0] = 0;
	seq = nl_batch_begin(b, 999, 0, &errors[1])->nlmsg_seq;
	assert_int_equal(errors[0], -EBADF);
	assert_true(seq > 1000);
	assert_false(nl_batch_full(b));
	assert_int_equal(nl_batch_flush(b), -EBADF); /* of the full one: no request is there yet */
	assert_int_equal(nl_batch_flush(b), 0);
	nl_batch_free(b);
}

/* What was interrupted is sent again until it is sent, and then no more. */
static void test_interrupted(void **state)
{
	for (int n = 0; n < 3; n++) {
		struct nl_batch *b = nl_batch_new(NETLINK_ROUTE, on_error, NULL);

		assert_non_null(b);
		errors[0] = errors[1] = 0;
		for (int i = 0; i < 2; i++)
			nl_batch_end(b, nl_batch_begin(b, 999, 0, &errors[i]));
		interruptions = n;
		sendings = 0;
		errno = EINTR; /* of an earlier call */
		assert_int_equal(nl_batch_flush(b), 0);
		assert_int_equal(sendings, n + 1);
		assert_int_equal(errors[0], -EOPNOTSUPP);
		assert_int_equal(errors[1], -EOPNOTSUPP);
		nl_batch_free(b);
	}
}

static int flush_with(int first, int second, int third)
{
	struct nl_batch *b = nl_batch_new(NETLINK_ROUTE, on_error, NULL);
	int err;

	memset(errors, 0, sizeof(errors));
	nl_batch_end(b, nl_batch_begin(b, 999, 0, &errors[0]));
	refusals[0] = first;
	refusals[1] = second;
	refusals[2] = third;
	n_refused = 0;
	err = nl_batch_flush(b);
	refusals[0] = 0;
	n_refused = 0;
	nl_batch_free(b);
	return err;
}

/* Answers that were lost are said to be when those that are there have been read; what interrupts
 * is no error; what else goes wrong is. */
static void test_answers_that_are_lost(void **state)
{
	assert_int_equal(flush_with(EINTR, EINTR, 0), 0);
	assert_int_equal(errors[0], -EOPNOTSUPP);
	assert_int_equal(flush_with(ENOBUFS, 0, 0), -ENOBUFS);
	assert_int_equal(errors[0], -EOPNOTSUPP);
	assert_int_equal(flush_with(EINTR, ENOBUFS, EINTR), -ENOBUFS);
	assert_int_equal(errors[0], -EOPNOTSUPP);
	assert_int_equal(flush_with(EAGAIN, 0, 0), 0);
	assert_int_equal(errors[0], 0);
	assert_int_equal(flush_with(EINTR, ENOTCONN, 0), -ENOTCONN);
	assert_int_equal(errors[0], 0);
}

/* Who may not exceed the system's limit gets as much as that. */
static void test_room_within_the_limit(void **state)
{
	for (int limited = 0; limited < 2; limited++) {
		force = limited ? REFUSED : GRANTED;
		n_options = 0;
		nl_batch_free(nl_batch_new(NETLINK_ROUTE, on_error, NULL));
		assert_int_equal(n_options, 2);
		assert_int_equal(options[0][0], limited ? SO_RCVBUF : SO_RCVBUFFORCE);
		assert_int_equal(options[0][1], 8 * 1024 * 1024);
		assert_int_equal(options[1][0], SO_SNDBUF);
		assert_int_equal(options[1][1], 4 * 64 * 1024); /* four full buffers */
	}
	force = ASKED;
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
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_room_for_answers),
		cmocka_unit_test(test_cannot_send),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_answers_that_are_lost),
		cmocka_unit_test(test_room_within_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
