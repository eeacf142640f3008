/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp_md5.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"

int tcp_md5_set(int fd, const struct prefix *from, const void *password, size_t len)
{
	struct endpoint e = {.addr = {.family = from->family}};
	struct sockaddr_storage ss;
	struct tcp_md5sig sig = {0};
	bool whole = from->len == family_bits(from->family);
	int err;

	if (len > TCP_MD5_MAX)
		return -EINVAL;
	memcpy(e.addr.b, from->b, sizeof(e.addr.b));
	endpoint_to_sockaddr(&e, &ss);
	memcpy(&sig.tcpm_addr, &ss, sizeof(sig.tcpm_addr));
	sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
	sig.tcpm_prefixlen = from->len;
	sig.tcpm_keylen = (uint16_t)len;
	if (len)
		memcpy(sig.tcpm_key, password, len);
	/* Kernels before 4.13 know whole addresses only. */
	err = setsockopt(fd, IPPROTO_TCP, whole ? TCP_MD5SIG : TCP_MD5SIG_EXT, &sig, sizeof(sig));
	err = err < 0 ? -errno : 0;
	explicit_bzero(&sig, sizeof(sig));
	return err == -ENOENT && !len ? 0 : err;
}
