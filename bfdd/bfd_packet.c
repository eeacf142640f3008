/* SPDX-License-Identifier: BSD-2-Clause */
#include "bfd_packet.h"

#include <arpa/inet.h>
#include <string.h>

#include "util.h"

#define VERSION 1
#define AUTH_MIN_BYTES 26 /* with the A bit at least type and length follow */

enum {
	MULTIPOINT = 0x01,
	DEMAND = 0x02,
	AUTH = 0x04,
	INDEPENDENT = 0x08,
	FINAL = 0x10,
	POLL = 0x20
};

const char *bfd_state_name(unsigned state)
{
	static const char *const names[] = {"admin-down", "down", "init", "up"};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

const char *bfd_diag_name(unsigned diag)
{
	static const char *const names[] = {
		"none",
		"detection-time-expired",
		"echo-failed",
		"neighbor-signaled-down",
		"plane-reset",
		"path-down",
		"concatenated-path-down",
		"admin-down",
		"reverse-concatenated-path-down",
	};

	return diag < ARRAY_SIZE(names) ? names[diag] : "unknown";
}

const char *bfd_refusal_name(enum bfd_refusal r)
{
	static const char *const names[] = {
		"taken",      "ttl",	       "version",	  "length", "multiplier",
		"multipoint", "discriminator", "unknown-session", "state",  "authentication",
	};

	return (unsigned)r < ARRAY_SIZE(names) ? names[r] : "unknown";
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return ntohl(v);
}

static void put32(uint8_t *at, uint32_t v)
{
	v = htonl(v);
	memcpy(at, &v, sizeof(v));
}

enum bfd_refusal bfd_packet_decode(const uint8_t *data, size_t len, struct bfd_packet *out)
{
	uint8_t flags, stated;

	if (len < BFD_PACKET_BYTES)
		return BFD_BAD_LENGTH;
	if (data[0] >> 5 != VERSION)
		return BFD_BAD_VERSION;
	flags = data[1] & 0x3f;
	stated = data[3];
	if (stated < (flags & AUTH ? AUTH_MIN_BYTES : BFD_PACKET_BYTES) || stated > len)
		return BFD_BAD_LENGTH;
	if (data[2] == 0)
		return BFD_BAD_MULTIPLIER;
	if (flags & MULTIPOINT)
		return BFD_MULTIPOINT;
	if (get32(data + 4) == 0)
		return BFD_NO_DISCR;
	*out = (struct bfd_packet){
		.state = data[1] >> 6,
		.diag = data[0] & 0x1f,
		.poll = flags & POLL,
		.final = flags & FINAL,
		.independent = flags & INDEPENDENT,
		.auth = flags & AUTH,
		.demand = flags & DEMAND,
		.multiplier = data[2],
		.my_discr = get32(data + 4),
		.your_discr = get32(data + 8),
		.desired_tx = get32(data + 12),
		.required_rx = get32(data + 16),
		.required_echo_rx = get32(data + 20),
	};
	return BFD_TAKEN;
}

void bfd_packet_encode(const struct bfd_packet *p, uint8_t out[BFD_PACKET_BYTES])
{
	out[0] = VERSION << 5 | (p->diag & 0x1f);
	out[1] = p->state << 6 | (p->poll ? POLL : 0) | (p->final ? FINAL : 0) |
		 (p->independent ? INDEPENDENT : 0) | (p->demand ? DEMAND : 0);
	out[2] = p->multiplier;
	out[3] = BFD_PACKET_BYTES;
	put32(out + 4, p->my_discr);
	put32(out + 8, p->your_discr);
	put32(out + 12, p->desired_tx);
	put32(out + 16, p->required_rx);
	put32(out + 20, p->required_echo_rx);
}
