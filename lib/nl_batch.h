/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nl_batch: many netlink requests in one send, without a round trip for each.
 *
 * Requests are put into one buffer without NLM_F_ACK: the kernel answers only those that fail. It
 * works a buffer off inside the send itself, so all errors are there when the send returns; they
 * are matched to their requests by sequence number and told to the owner with the cookie of the
 * request.
 */
#ifndef WGBGP_NL_BATCH_H
#define WGBGP_NL_BATCH_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

struct nl_batch;

/*
 * A whole message is there, with its padding: libmnl reads attributes up to the aligned end. Its
 * own test (1.0) asks for no padding, and takes a length above INT_MAX for a good one.
 */
static inline bool nl_message_ok(const struct nlmsghdr *nlh, int left)
{
	return mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (uint32_t)left &&
	       MNL_ALIGN(nlh->nlmsg_len) <= (uint32_t)left;
}

/* ERR is a negative errno. COOKIE is what nl_batch_begin() was given. */
typedef void (*nl_batch_error_fn)(void *arg, void *cookie, int err);

/* A socket of the netlink family (NETLINK_ROUTE, …). NULL with errno set on failure. */
struct nl_batch *nl_batch_new(int netlink_family, nl_batch_error_fn error, void *arg);
/* Another buffer for the socket of B, which must live longer. One at a time may be flushed. */
struct nl_batch *nl_batch_new_beside(const struct nl_batch *b, nl_batch_error_fn error, void *arg);
void nl_batch_free(struct nl_batch *b); /* NULL is fine; what was not flushed is dropped */
uint32_t nl_batch_portid(const struct nl_batch *b); /* our address in notifications */

/* Begins a request; flushes first when the buffer is full. Put headers and attributes behind it
 * with libmnl (at most NL_BATCH_MESSAGE_MAX bytes), then call nl_batch_end(). */
#define NL_BATCH_MESSAGE_MAX 2048
struct nlmsghdr *nl_batch_begin(struct nl_batch *b, uint16_t type, uint16_t flags, void *cookie);
void nl_batch_end(struct nl_batch *b, const struct nlmsghdr *nlh);
bool nl_batch_full(const struct nl_batch *b); /* the next request flushes first */

/* Sends what is there. 0; -ENOBUFS when errors were lost (read the state again); or another
 * -errno when nothing was sent (every request was told as failed). An automatic flush's result is
 * kept and returned by the next call. */
int nl_batch_flush(struct nl_batch *b);

/* The answers in a received buffer: for tests and fuzzing; nl_batch_flush() uses it. */
void nl_batch_parse(struct nl_batch *b, const void *data, size_t len);
/* A batch without a socket, for the same. */
struct nl_batch *nl_batch_new_detached(nl_batch_error_fn error, void *arg);

#endif
