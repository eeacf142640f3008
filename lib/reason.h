/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reason: why a route is not best, not installed or withdrawn, and why a tunnel is in its state.
 *
 * One enum for all layers: it travels in messages, stands in log lines and is printed by the CLI
 * under the names of reason_name(). Add at the end of a group; the number is not stored anywhere.
 */
#ifndef WGBGP_REASON_H
#define WGBGP_REASON_H

#define REASONS(X)                                                                               \
	X(NONE, "none", "")                                                                      \
	/* rungs of the decision process: what a path that is not best lost by */                \
	X(TUNNEL_DEGRADED, "tunnel-degraded", "its tunnel is degraded: paths by others win")     \
	X(DRAINING, "draining", "its tunnel is being emptied: paths by others win")              \
	X(SESSION_FRESH, "session-fresh", "its session just came up: a path in use stays")       \
	X(LAST_RESORT, "last-resort", "demoted behind all others by who announces it")           \
	X(LAST_PATH, "last-path", "its tunnel seems down; kept for want of another path")        \
	X(MULTIPATH, "multipath", "as good as the best one: shares the traffic with it")         \
	X(SAME_INTERFACE, "same-interface", "as good, but behind the interface of another one")  \
	X(LOWER_WEIGHT, "lower-weight", "a path with a higher weight is preferred")              \
	X(LOWER_LOCAL_PREF, "lower-local-preference", "a higher local preference wins")          \
	X(NOT_LOCAL, "not-local", "a locally originated path wins")                              \
	X(HIGHER_AIGP, "higher-aigp", "a lower accumulated metric (AIGP) wins")                  \
	X(LONGER_AS_PATH, "longer-as-path", "a shorter AS path wins")                            \
	X(WORSE_ORIGIN, "worse-origin", "a lower origin wins")                                   \
	X(HIGHER_MED, "higher-med", "a lower MED from the same neighbouring AS wins")            \
	X(STALE_PATH, "stale-path", "a path that is not stale wins")                             \
	X(IBGP_PATH, "ibgp-path", "a path from an external neighbour wins")                      \
	X(HIGHER_NEXTHOP_COST, "higher-nexthop-cost", "a cheaper next hop wins")                 \
	X(HIGHER_ROUTER_ID, "higher-router-id", "a lower router identifier wins")                \
	X(LONGER_CLUSTER_LIST, "longer-cluster-list", "a shorter cluster list wins")             \
	X(HIGHER_PEER_ADDRESS, "higher-peer-address", "a lower neighbour address wins")          \
	/* ineligible in the decision process */                                                 \
	X(NEXTHOP_UNREACHABLE, "nexthop-unreachable", "nothing leads to the next hop")           \
	X(NEXTHOP_UNKNOWN, "nexthop-unknown", "the next hop is not resolved yet")                \
	X(NO_PEER, "no-peer", "no peer of the tunnel interface has the address")                 \
	X(OTHER_PLANE, "other-plane", "the next hop is a tunnel of another plane")               \
	X(LEAK_POLICY, "leak-policy", "of another plane, and no policy leaks it")                \
	X(TUNNEL_DOWN, "tunnel-down", "the tunnel to the next hop is down")                      \
	X(OUTSIDE_PERMIT, "outside-permit", "not inside the tunnel peer's permit list")          \
	X(NO_PERMIT, "no-permit", "the tunnel peer has no permit list: nothing is learned")      \
	X(COVERS_ENDPOINT, "covers-endpoint", "would capture the endpoint of a tunnel")          \
	X(OWN_ADDRESS, "own-address", "equal to or inside an address of ours or of a tunnel")    \
	X(STATIC_ENTRY, "static-entry", "equal to or inside a configured AllowedIPs entry")      \
	X(FOREIGN_ALLOWED_IP, "foreign-allowed-ip", "somebody else's AllowedIPs entry is there") \
	X(FOREIGN_ROUTE, "foreign-route", "somebody else's kernel route is there")               \
	X(LOST_TO_PROTOCOL, "lost-to-protocol", "a route with a lower distance is there")        \
	X(KERNEL_ERROR, "kernel-error", "the kernel refused it")                                 \
	X(WG_ERROR, "wireguard-error", "WireGuard refused it")                                   \
	X(KERNEL_OFF, "kernel-off", "configured not to install routes")                          \
	X(KEPT_IN, "kept-in", "no tunnel has a route for it")                        \
	X(AS_LOOP, "as-loop", "our AS is in the AS path")                                        \
	X(ORIGINATOR_LOOP, "originator-loop", "our router identifier is the originator")         \
	X(CLUSTER_LOOP, "cluster-loop", "our cluster identifier is in the cluster list")         \
	X(IMPORT_POLICY, "import-policy", "rejected by the import policy")                       \
	X(NO_IMPORT_POLICY, "no-import-policy", "external neighbour without import policy")      \
	X(MALFORMED, "malformed", "the UPDATE was malformed: treated as withdrawn")              \
	X(MARTIAN, "martian", "not a unicast prefix")                                            \
	X(OWN_NEXTHOP, "own-nexthop", "the next hop is an address of ours")                      \
	X(IMPORT_CHECK, "import-check", "no route of ours for this network")                     \
	/* what is not sent to a neighbour */                                                    \
	X(TOO_LONG, "too-long", "its attributes do not fit into a message")                      \
	X(NO_OWN_ADDRESS, "no-own-address", "no address of ours there is of its family")         \
	X(NEXTHOP_FAMILY, "next-hop-family", "its next hop is of the other family")              \
	X(NOT_A_CLIENT, "not-a-client", "neither neighbour is a route-reflector-client")         \
	/* withdrawals */                                                                        \
	X(WITHDRAWN, "withdrawn", "the neighbour withdrew it")                                   \
	X(SESSION_DOWN, "session-down", "the session to the neighbour ended")                    \
	X(STALE_EXPIRED, "stale-expired", "not refreshed after a restart")                       \
	X(CONFIG, "configuration", "by configuration")                                           \
	/* tunnels */                                                                            \
	X(HANDSHAKE_FRESH, "handshake-fresh", "a recent handshake")                              \
	X(HANDSHAKE_OLD, "handshake-old", "the last handshake is old, its session still valid")  \
	X(HANDSHAKE_STALE, "handshake-stale", "the handshake expired although we sent")          \
	X(HANDSHAKE_NEVER, "handshake-never", "there never was a handshake")                     \
	X(PROBE_UNANSWERED, "probe-unanswered", "sent, and nothing received")                    \
	X(NO_TRAFFIC, "no-traffic", "nothing is sent to this peer")                              \
	X(INTERFACE_DOWN, "interface-down", "the interface is down")                             \
	X(INTERFACE_GONE, "interface-gone", "the interface does not exist")                      \
	X(INTERFACE_REFUSED, "interface-refused", "the interface cannot be used")                \
	X(PEER_GONE, "peer-gone", "the peer was removed by somebody else")                       \
	X(ADMIN_DOWN, "admin-down", "disabled by configuration")                                 \
	X(UP_HOLD, "up-hold", "answers again, waiting out the hysteresis")                       \
	X(BFD_EXPIRED, "bfd-expired", "BFD heard nothing for its detection time")                \
	X(BFD_SIGNALLED, "bfd-signalled", "BFD's neighbour does not hear us")                    \
	X(ECHO_UNANSWERED, "echo-unanswered", "echo requests in a row without an answer")        \
	X(LOSSY, "lossy", "too many echo requests are lost")                                     \
	X(MTU_BLACK_HOLE, "mtu-black-hole", "large packets are lost, small ones are not")        \
	X(UNDERLAY_DOWN, "underlay-down", "nothing leads to the endpoint")                       \
	X(UNDERLAY_ERROR, "underlay-error", "the underlay says that packets do not arrive")      \
	X(ENDPOINT_INSIDE, "endpoint-inside", "found inside what is private, by name or roaming") \
	X(NOT_A_TUNNEL, "not-a-tunnel", "the next hop is not reached through a tunnel")          \
	X(SYNCING, "syncing", "the daemon in charge is still starting")

enum reason {
#define X(id, name, text) REASON_##id,
	REASONS(X)
#undef X
		REASON_COUNT
};

const char *reason_name(enum reason r); /* "tunnel-down" */
const char *reason_text(enum reason r); /* a sentence for people */

#endif
