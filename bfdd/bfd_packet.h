/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd_packet: the control packet of RFC 5880 section 4.1, to and from bytes.
 *
 * Sessions run inside WireGuard, which authenticates every byte, so BFD's own authentication is not
 * implemented, and a packet that has it is refused (section 6.8.6). This module refuses packets
 * that are wrong by themselves, in the order of section 6.8.6. Checks that need the table of
 * sessions are in bfd_engine.
 */
#ifndef WGBGP_BFD_PACKET_H
#define WGBGP_BFD_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BFD_PACKET_BYTES 24

enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP }; /* the wire's numbers */
const char *bfd_state_name(unsigned state);

enum bfd_diag { /* the wire's numbers; others are passed on as they are */
		BFD_DIAG_NONE,
		BFD_DIAG_EXPIRED,
		BFD_DIAG_ECHO_FAILED,
		BFD_DIAG_SIGNALLED,
		BFD_DIAG_PLANE_RESET,
		BFD_DIAG_PATH_DOWN,
		BFD_DIAG_CONCATENATED,
		BFD_DIAG_ADMIN_DOWN,
		BFD_DIAG_REVERSE,
};
const char *bfd_diag_name(unsigned diag);

/* Why a packet was not taken; in the order in which it is looked at. */
enum bfd_refusal {
	BFD_TAKEN,
	BFD_BAD_TTL,	     /* GTSM (RFC 5881 section 5): it came from behind another router */
	BFD_BAD_VERSION,     /* not 1 */
	BFD_BAD_LENGTH,	     /* shorter than it says, or than it must be */
	BFD_BAD_MULTIPLIER,  /* 0 */
	BFD_MULTIPOINT,	     /* the bit is reserved */
	BFD_NO_DISCR,	     /* my discriminator is 0 */
	BFD_UNKNOWN_SESSION, /* your discriminator, or interface and source, are no session's */
	BFD_BAD_STATE,	     /* your discriminator is 0 in Init or Up */
	BFD_AUTHENTICATED,   /* the A bit */
	BFD_REFUSALS
};
const char *bfd_refusal_name(enum bfd_refusal r);

/* Intervals are in microseconds, as on the wire. */
struct bfd_packet {
	uint8_t state; /* enum bfd_state */
	uint8_t diag;  /* 0..31 */
	bool poll, final;
	bool independent; /* C: does not share the fate of the control plane */
	bool auth, demand;
	uint8_t multiplier;
	uint32_t my_discr, your_discr;
	uint32_t desired_tx, required_rx, required_echo_rx;
};

/* What is wrong with the packet as far as it alone tells; BFD_TAKEN: *OUT is filled. A packet with
 * the A bit is decoded: the caller refuses it when it knows the session. */
enum bfd_refusal bfd_packet_decode(const uint8_t *data, size_t len, struct bfd_packet *out);
void bfd_packet_encode(const struct bfd_packet *p, uint8_t out[BFD_PACKET_BYTES]);

#endif
