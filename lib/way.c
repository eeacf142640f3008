/* SPDX-License-Identifier: BSD-2-Clause */
#include "way.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "prefix.h"
#include "util.h"

static struct mnl_socket *nl;
static uint32_t seq;
static int ioctl_fd = -1;

int way_open(void)
{
	int err;

	nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	ioctl_fd = nl ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	if (ioctl_fd >= 0 && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
		return 0;
	err = -errno;
	way_close();
	return err;
}

void way_close(void)
{
	if (nl)
		mnl_socket_close(nl);
	if (ioctl_fd >= 0)
		close(ioctl_fd);
	nl = NULL;
	ioctl_fd = -1;
}

/* What a lookup says. */
struct found {
	uint32_t oif;
	uint8_t type; /* RTN_* */
	uint8_t len;  /* of what was asked for, or of the route's prefix (RTM_F_FIB_MATCH) */
};

static int way_attr(const struct nlattr *attr, void *arg)
{
	struct found *f = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		f->oif = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct found *f = arg;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	f->type = rtm->rtm_type;
	f->len = rtm->rtm_dst_len;
	mnl_attr_parse(nlh, sizeof(*rtm), way_attr, f);
	return MNL_CB_STOP;
}

/* 0 or -errno. */
static int lookup(const struct addr *to, uint32_t mark, unsigned flags, struct found *out)
{
	uint8_t buf[2048] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;
	ssize_t n;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++seq;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = to->family;
	rtm->rtm_flags = flags;
	rtm->rtm_dst_len = family_bits(to->family); /* strict kernels ask for it */
	mnl_attr_put(nlh, RTA_DST, family_bytes(to->family), to->b);
	if (mark)
		mnl_attr_put_u32(nlh, RTA_MARK, mark);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do { /* an answer that was not read when it came is in front */
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < (ssize_t)sizeof(*nlh))
			return n < 0 ? -errno : -EBADMSG;
	} while (((struct nlmsghdr *)buf)->nlmsg_seq != seq);
	return mnl_cb_run(buf, n, seq, mnl_socket_get_portid(nl), on_route, out) < 0 ? -errno : 0;
}

static bool has_carrier(uint32_t oif)
{
	struct ifreq ifr = {0};

	if (!if_indextoname(oif, ifr.ifr_name) || ioctl(ioctl_fd, SIOCGIFFLAGS, &ifr) < 0)
		return true;
	return (ifr.ifr_flags & IFF_UP) && (ifr.ifr_flags & IFF_RUNNING);
}

static bool is_way(const struct found *f)
{
	return f->type != RTN_UNREACHABLE && f->type != RTN_BLACKHOLE && f->type != RTN_PROHIBIT;
}

int way_len(const struct addr *to, uint32_t mark)
{
	struct found f = {0};

	return lookup(to, mark, RTM_F_FIB_MATCH, &f) == 0 && is_way(&f) ? f.len : -1;
}

bool way_leads(const struct addr *to, uint32_t mark, uint32_t *oif)
{
	struct found f = {0};
	int err = lookup(to, mark, 0, &f);

	if (oif)
		*oif = f.oif;
	switch (err) {
	case 0:
		break;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -ENETDOWN:
	case -EACCES: /* prohibited */
	case -EINVAL: /* a black hole */
		return false;
	default:
		return true;
	}
	if (!is_way(&f))
		return false;
	return !f.oif || has_carrier(f.oif);
}
