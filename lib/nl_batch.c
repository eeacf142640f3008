/* SPDX-License-Identifier: BSD-2-Clause */
#include "nl_batch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define BUFFER_BYTES (64 * 1024)
#define RECEIVE_BYTES (32 * 1024)
#define RCVBUF_BYTES (8 * 1024 * 1024) /* errors of one buffer, each with the kernel's overhead */
#define REQUESTS_MAX (BUFFER_BYTES / sizeof(struct nlmsghdr))

struct nl_batch {
	struct mnl_socket *nl; /* NULL when detached */
	bool beside;	       /* the socket is another one's */
	nl_batch_error_fn error;
	void *arg;
	uint8_t *buf; /* BUFFER_BYTES + NL_BATCH_MESSAGE_MAX */
	size_t len;
	uint32_t first_seq; /* of the request at the buffer's start */
	unsigned n;	    /* requests in the buffer */
	int kept;	    /* result of an automatic flush */
	void *cookie[REQUESTS_MAX];
};

struct nl_batch *nl_batch_new_detached(nl_batch_error_fn error, void *arg)
{
	struct nl_batch *b = xcalloc(1, sizeof(*b));

	b->error = error;
	b->arg = arg;
	b->buf = xmalloc(BUFFER_BYTES + NL_BATCH_MESSAGE_MAX);
	b->first_seq = 1;
	return b;
}

struct nl_batch *nl_batch_new(int netlink_family, nl_batch_error_fn error, void *arg)
{
	struct nl_batch *b = nl_batch_new_detached(error, arg);
	int size = RCVBUF_BYTES, on = 1, fd;

	b->nl = mnl_socket_open2(netlink_family, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!b->nl || mnl_socket_bind(b->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = errno;

		nl_batch_free(b);
		errno = err;
		return NULL;
	}
	fd = mnl_socket_get_fd(b->nl);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){4 * BUFFER_BYTES}, sizeof(int));
	mnl_socket_setsockopt(b->nl, NETLINK_CAP_ACK, &on, sizeof(on));
	return b;
}

struct nl_batch *nl_batch_new_beside(const struct nl_batch *other, nl_batch_error_fn error,
				     void *arg)
{
	struct nl_batch *b = nl_batch_new_detached(error, arg);

	b->nl = other->nl;
	b->beside = true;
	return b;
}

void nl_batch_free(struct nl_batch *b)
{
	if (!b)
		return;
	if (b->nl && !b->beside)
		mnl_socket_close(b->nl);
	free(b->buf);
	free(b);
}

uint32_t nl_batch_portid(const struct nl_batch *b)
{
	return b->nl ? mnl_socket_get_portid(b->nl) : 0;
}

bool nl_batch_full(const struct nl_batch *b)
{
	return b->len >= BUFFER_BYTES || b->n == REQUESTS_MAX;
}

struct nlmsghdr *nl_batch_begin(struct nl_batch *b, uint16_t type, uint16_t flags, void *cookie)
{
	struct nlmsghdr *nlh;

	if (nl_batch_full(b)) {
		int err = nl_batch_flush(b);

		if (err < 0)
			b->kept = err;
	}
	nlh = mnl_nlmsg_put_header(b->buf + b->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = b->first_seq + b->n;
	b->cookie[b->n] = cookie;
	return nlh;
}

void nl_batch_end(struct nl_batch *b, const struct nlmsghdr *nlh)
{
	ensure(nlh->nlmsg_len <= NL_BATCH_MESSAGE_MAX);
	b->len += MNL_ALIGN(nlh->nlmsg_len);
	b->n++;
}

void nl_batch_parse(struct nl_batch *b, const void *data, size_t len)
{
	const struct nlmsghdr *nlh = data;
	int left = len;

	for (; nl_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
		uint32_t at = nlh->nlmsg_seq - b->first_seq;

		if (nlh->nlmsg_type != NLMSG_ERROR ||
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(err->error))
			continue;
		if (err->error < 0 && at < b->n)
			b->error(b->arg, b->cookie[at], err->error);
	}
}

/* Takes all answers that are there. 0 or -errno. */
static int receive(struct nl_batch *b)
{
	_Alignas(struct nlmsghdr) uint8_t buf[RECEIVE_BYTES];
	int lost = 0;

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(b->nl), buf, sizeof(buf), 0);

		if (n < 0 && errno == EAGAIN)
			return lost;
		if (n >= 0)
			nl_batch_parse(b, buf, n);
		else if (errno == ENOBUFS)
			lost = -ENOBUFS;
		else if (errno != EINTR)
			return -errno;
	}
}

int nl_batch_flush(struct nl_batch *b)
{
	int err = b->kept, got;
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t n;

	b->kept = 0;
	if (!b->n)
		return err;
	do {
		n = b->nl ? sendto(mnl_socket_get_fd(b->nl), b->buf, b->len, 0,
				   (struct sockaddr *)&kernel, sizeof(kernel))
			  : (ssize_t)b->len;
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		err = -errno;
		for (unsigned i = 0; i < b->n; i++)
			b->error(b->arg, b->cookie[i], err);
	} else if (b->nl) {
		got = receive(b);
		err = got < 0 ? got : err;
	}
	b->first_seq += b->n;
	b->n = 0;
	b->len = 0;
	return err;
}
