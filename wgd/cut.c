/* SPDX-License-Identifier: BSD-2-Clause */
#include "cut.h"

#include <errno.h>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "roster.h"
#include "util.h"

#define FOLLOW_MS 200 /* how soon a changed endpoint is noticed */
#define SECONDS_MAX 600

#define TABLE                                                                                  \
	"add table inet wgbgp_drill\n"                                                         \
	"delete table inet wgbgp_drill\n"                                                      \
	"add table inet wgbgp_drill\n"                                                         \
	"add set inet wgbgp_drill ports { type inet_service; flags timeout; }\n"               \
	"add set inet wgbgp_drill far4 { type ipv4_addr . inet_service . inet_service; flags " \
	"timeout; }\n"                                                                         \
	"add set inet wgbgp_drill far6 { type ipv6_addr . inet_service . inet_service; flags " \
	"timeout; }\n"                                                                         \
	"add chain inet wgbgp_drill in { type filter hook input priority -300; }\n"            \
	"add chain inet wgbgp_drill out { type filter hook output priority -300; }\n"          \
	"add rule inet wgbgp_drill in udp dport @ports drop\n"                                 \
	"add rule inet wgbgp_drill in ip saddr . udp sport . udp dport @far4 drop\n"           \
	"add rule inet wgbgp_drill in ip6 saddr . udp sport . udp dport @far6 drop\n"          \
	"add rule inet wgbgp_drill out udp sport @ports drop\n"                                \
	"add rule inet wgbgp_drill out ip daddr . udp dport . udp sport @far4 drop\n"          \
	"add rule inet wgbgp_drill out ip6 daddr . udp dport . udp sport @far6 drop\n"
#define NO_TABLE "add table inet wgbgp_drill\ndelete table inet wgbgp_drill\n"

/* At most one tunnel at a time. */
static struct {
	struct peer *peer;	  /* NULL: none */
	struct endpoint endpoint; /* that is in the sets; family 0: the port is */
	uint64_t until;		  /* ms */
	struct timer timer;
} cut;

static char *path;

/* Runs commands as one transaction. 0, or -EINVAL with what libnftables says. */
static int nft(const char *commands, char *error, size_t size)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	int err;

	if (!ctx)
		return -ENOMEM;
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	err = nft_run_cmd_from_buffer(ctx, commands);
	if (err && error) {
		str_copy(error, nft_ctx_get_error_buffer(ctx), size);
		error[strcspn(error, "\n")] = '\0';
	}
	nft_ctx_free(ctx);
	return err ? -EINVAL : 0;
}

static void remove_table(void)
{
	char error[256];

	if (nft(NO_TABLE, error, sizeof(error)) < 0)
		log_error("drill-table", "table=\"inet wgbgp_drill\" error=\"%s\"", error);
	else
		unlink(path);
}

void cut_open(const char *rundir)
{
	path = xasprintf("%s/cut", rundir);
	if (access(path, F_OK) == 0)
		remove_table();
}

static bool alone(const struct device *dev)
{
	return TAILQ_FIRST(&dev->peers) && !TAILQ_NEXT(TAILQ_FIRST(&dev->peers), link);
}

/* The line that adds the peer's element for the rest of the time. */
static void element(const struct peer *p, char *out, size_t size)
{
	uint64_t now = now_ms(), left = cut.until > now ? cut.until - now : 1;
	const struct endpoint *e = &p->endpoint;

	if (alone(p->dev))
		snprintf(out, size, "add element inet wgbgp_drill ports { %u timeout %llums }\n",
			 p->dev->read.listen_port, (unsigned long long)left);
	else
		snprintf(out, size,
			 "add element inet wgbgp_drill %s { %s . %u . %u timeout %llums }\n",
			 e->addr.family == AF_INET ? "far4" : "far6", ADDR_STR(&e->addr), e->port,
			 p->dev->read.listen_port, (unsigned long long)left);
}

static void restored(const char *why)
{
	struct peer *p = cut.peer;
	json_t *event = json_pack("{s:s, s:s, s:s, s:s}", "event", "cut-end", "interface",
				  p->dev->name, "peer", p->name, "why", why);

	timer_stop(&cut.timer);
	cut.peer = NULL;
	remove_table();
	log_info("cut-end", "peer=%s interface=%s why=\"%s\"", p->name, p->dev->name, why);
	if (event)
		daemon_event(event);
}

static void follow(void *arg)
{
	struct peer *p = cut.peer;
	uint64_t now = now_ms();
	char line[256];

	if (now >= cut.until) {
		restored("time");
		return;
	}
	if (!alone(p->dev) && p->endpoint.addr.family &&
	    memcmp(&p->endpoint, &cut.endpoint, sizeof(cut.endpoint)) != 0) {
		element(p, line, sizeof(line));
		if (nft(line, NULL, 0) == 0)
			cut.endpoint = p->endpoint;
	}
	timer_start(&cut.timer, cut.until - now < FOLLOW_MS ? cut.until - now : FOLLOW_MS);
}

void cut_peer_gone(const struct peer *p)
{
	if (cut.peer == p)
		restored("the peer was removed");
}

void cut_close(void)
{
	if (cut.peer)
		restored("stop");
	free(path);
	path = NULL;
}

/* ---- requests */

static int cut_begin(struct peer *p, unsigned seconds, char *error, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char *commands, line[256];
	int err;

	if (fd < 0) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return -errno;
	}
	close(fd);
	cut.until = now_ms() + seconds * 1000ull;
	element(p, line, sizeof(line));
	commands = xasprintf("%s%s", TABLE, line);
	err = nft(commands, error, size);
	free(commands);
	if (err < 0)
		return err;
	cut.peer = p;
	cut.endpoint = p->endpoint;
	timer_init(&cut.timer, follow, NULL);
	timer_start(&cut.timer, FOLLOW_MS);
	log_warn("cut", "peer=%s interface=%s seconds=%u", p->name, p->dev->name, seconds);
	return 0;
}

static struct peer *cut_named(const struct show *s)
{
	const char *ifname = json_string_value(json_object_get(s->args, "interface"));
	const char *name = json_string_value(json_object_get(s->args, "peer"));
	struct device *dev = ifname ? device_find(ifname) : NULL;
	struct peer *p;

	if (!dev || !name)
		return NULL;
	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->conf && str_eq(p->name, name))
			return p;
	return NULL;
}

static const char *objection(const struct peer *p, json_int_t seconds)
{
	if (!p)
		return "no such tunnel peer";
	if (cut.peer)
		return "a tunnel is cut already";
	if (seconds < 1 || seconds > SECONDS_MAX)
		return "the time has to be 1 to 600 seconds";
	if (p->dev->life.state != DEVICE_READY || !p->dev->read.listen_port)
		return "the interface is not ready";
	if (!alone(p->dev) && !p->endpoint.addr.family)
		return "the far end's address is not known";
	return NULL;
}

void cut_request(struct show *s)
{
	json_int_t seconds = json_integer_value(json_object_get(s->args, "seconds"));
	struct peer *p = cut_named(s);
	const char *why = objection(p, seconds);
	char error[256] = "";

	if (!why && cut_begin(p, seconds, error, sizeof(error)) < 0)
		why = error;
	if (why) {
		show_end(s, why);
		return;
	}
	show_object(s, json_pack("{s:f}", "monotonic-ms", now_us() / 1000.0));
}

void cut_end_request(struct show *s)
{
	if (cut.peer)
		restored("asked to");
	show_object(s, json_object());
}
