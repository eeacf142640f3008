/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_events: the events of the log and what each means. One place for all daemons: wgbgp-log(7) is
 * written from it (with who writes an event, how grave it is and its keys, which are read from the
 * code), and doc/pages_test fails where a daemon logs an event that has no row here, or a row is of
 * an event that none logs. A new one stands at the end of its group. Names do not change: programs
 * read them.
 */
#ifndef WGBGP_LOG_EVENTS_H
#define WGBGP_LOG_EVENTS_H

#define LOG_EVENTS(X)                                                                       \
	/* start, stop, processes */                                                        \
	X("start", "a process was started")                                                 \
	X("stop", "a process ends, and why")                                                \
	X("ready", "the first configuration is in force: all daemons answer")               \
	X("died", "a daemon ended and is started again")                                    \
	X("hung", "a daemon did not answer for too long and is killed")                     \
	X("stuck", "a daemon hangs in the kernel and cannot be killed")                     \
	X("kill", "a daemon is ended by force")                                             \
	X("leftover", "a daemon of an earlier life was still there")                        \
	X("channel-lost", "two daemons lost each other, until the one is back")             \
	X("bad-message", "a daemon sent what its reader cannot take")                       \
	X("routes-synced", "all routes of bgpd are with zebra-lite")                        \
	X("restart", "the announcements that waited after a restart go out")                \
	X("sandbox", "what a daemon is kept from")                                          \
	X("scheduling", "the policy that bfdd runs with")                                   \
	X("privileges", "a daemon keeps more rights than it should")                        \
	X("lock", "who runs here could not be written down")                                \
	X("fatal", "a broken invariant: the process ends")                                  \
	X("log-suppressed", "lines that one remote caused were left out")                   \
	X("log-gathered", "lines that many caused at once, but for the first 20")           \
	X("events-lost", "who monitors did not read, and did not get so many events")       \
	X("debug", "a line that was asked for by `debug`")                                  \
	X("debug-on", "`debug` was switched on")                                            \
	X("debug-off", "`debug` was switched off")                                          \
	X("teardown", "all that was installed is taken out")                                \
	/* the configuration */                                                             \
	X("reload", "a changed configuration is in force")                                  \
	X("reload-refused", "a changed configuration was refused; the old one goes on")     \
	X("rollback", "an earlier configuration is in force again")                         \
	X("rollback-refused", "an earlier configuration was refused")                       \
	X("changed-while-stopped", "the files had changed before the start")                \
	X("confirmed", "a commit on trial was confirmed")                                   \
	X("returned", "a commit on trial was taken back")                                   \
	X("return-refused", "taking back was refused, and is tried again")                  \
	X("health", "a commit on trial lost what it is watched by")                         \
	X("guard", "an interface that guards a change answered")                            \
	X("guard-overridden", "somebody changed what a guard watches without asking it")    \
	X("lock-cleared", "somebody took the configuration from who had it alone")          \
	X("configuration", "what a configuration says cannot be done, or not all")          \
	X("configuration-refused", "a daemon or the parent refused a configuration")        \
	X("commits", "the journal of changes could not be written or read")                 \
	X("files-not-written", "a commit is not in all files yet; tried again")             \
	X("files-refused", "the files of the configuration are not what runs")              \
	X("key-file", "a private key could not be handed to wgd")                           \
	X("password-file", "a password could not be handed to bgpd")                        \
	X("key-old", "a private key was made longer ago than `warn` has it")                \
	X("disk-short", "there is little room on the disk of what wgbgp keeps")             \
	X("disk-enough", "there is enough again")                                           \
	X("memory-short", "there is little memory")                                         \
	X("memory-enough", "there is enough again")                                         \
	X("cli-group", "a group cannot use the command line")                               \
	X("listen", "an address for incoming sessions, or of wgbgp-web")                    \
	X("listen-end", "the configuration no longer names that address of wgbgp-web")      \
	X("forwarding", "a setting that forwarding needs is not made")                      \
	X("plane-errors", "the addresses of ICMP errors cannot be set")                     \
	X("hooks", "how many on-event there are, for wgbgp-events")                         \
	X("hook-done", "what on-event asks for was done")                                   \
	X("hook-failed", "a program of on-event failed, or took too long")                  \
	X("hook-left-out", "an on-event gets more events than it takes")                    \
	X("traffic-spike", "a tunnel carries much more than is usual for it")               \
	X("traffic-normal", "it no longer does")                                            \
	X("tunnel-silent", "nothing is received by a tunnel that was never silent")         \
	X("tunnel-heard", "something is")                                                   \
	X("handshakes-many", "a tunnel has more new sessions of WireGuard than is usual")   \
	X("handshakes-normal", "it no longer has")                                          \
	X("handshake-missing", "packets are sent to a peer, which does not answer")         \
	X("handshake-back", "it does")                                                      \
	X("states-not-kept", "wgbgp-events could not write or read what it knew")           \
	X("wgbgpd-away", "wgbgp-events hears no events: wgbgpd does not answer")            \
	X("pages", "the files of wgbgp-web's page could not be read")                       \
	X("history-failed", "wgbgp-web cannot keep or read its history")                    \
	X("history-damaged", "the file of the history was damaged; a new one is begun")     \
	X("history-works", "the history is kept again")                                     \
	X("history-too-many", "there are more tunnels than a history is kept of")           \
	/* BGP */                                                                           \
	X("session-up", "a session is established")                                         \
	X("session-down", "a session ended, with the message that ended it")                \
	X("session-error", "a session was ended or refused by a message or an error")       \
	X("session-delayed", "a neighbour whose connections end again and again waits")     \
	X("session-refused", "a connection of a neighbour was turned away")                 \
	X("session-connect", "an attempt to connect failed")                                \
	X("session-path", "there is a way to a neighbour, or none any more")                \
	X("neighbor-accepted", "a neighbour of a listen-range became one")                  \
	X("neighbor-deleted", "a neighbour was removed")                                    \
	X("neighbor-clear", "somebody gave `clear bgp`")                                    \
	X("connection-refused", "a connection of somebody who is no neighbour")             \
	X("accept-failed", "a connection could not be accepted")                            \
	X("update-malformed", "an UPDATE was malformed (RFC 7606)")                         \
	X("max-prefix", "a neighbour announced more than its limit")                        \
	X("neighbor-slowed", "a neighbour changes its table again and again, or less now")  \
	X("permit-refused", "prefixes outside of a ceiling, counted over a minute")         \
	X("routes-not-sent", "routes are not sent to a neighbour or its group")             \
	X("stale", "paths of a neighbour are kept without it, or no longer")                \
	X("withdraw", "paths were withdrawn")                                               \
	X("verdict", "prefixes were refused by zebra-lite, or no longer are")               \
	X("nexthop", "an address that paths lead to changed its state")                     \
	/* tunnels */                                                                       \
	X("tunnel-state", "a tunnel is alive or dead, with the cause")                      \
	X("tunnel-quality", "what a tunnel costs for its quality changed")                  \
	X("tunnel-peer-gone", "a tunnel was forgotten by zebra-lite")                       \
	X("tunnel-peer-without-interface", "a tunnel of an interface that is not known")    \
	X("bfd-state", "the state of a BFD session")                                        \
	X("bfd-socket", "BFD has no socket for a tunnel")                                   \
	X("peer-removed", "a peer was taken out of its interface")                          \
	X("peer-refused", "WireGuard refused a peer")                                       \
	X("peers-withheld", "peers are out while their link is down")                       \
	X("peers-back", "they are in again")                                                \
	X("no-private-key", "an interface has no key, and waits")                           \
	X("no-preshared-key", "a peer has no pre-shared key, and waits")                    \
	X("endpoint-changed", "an endpoint changed without our doing")                      \
	X("endpoint-resolved", "an endpoint was set from an answer of a name server")       \
	X("endpoint-next", "the next endpoint of a list is tried")                          \
	X("endpoint-return", "the first endpoint of a list is tried again")                 \
	X("endpoint-back", "the endpoint before is set again")                              \
	X("endpoint-inside", "a peer would be inside a tunnel or a permit: not believed")   \
	X("endpoint-unresolved", "the name of an endpoint has no address now")              \
	X("endpoints-not-kept", "learned endpoints could not be written to disk")           \
	X("echo-too-large", "an echo request does not fit through a tunnel")                \
	X("underlay-error", "an ICMP error about packets of a tunnel")                      \
	X("no-icmp-errors", "ICMP errors of the underlay cannot be heard")                  \
	X("dns", "what the resolver's library says")                                        \
	X("drain", "a tunnel is being emptied")                                             \
	X("undrain", "it no longer is")                                                     \
	X("drill", "a drill began or is over")                                              \
	X("drill-refused", "a drill was not begun")                                         \
	X("drill-not-kept", "the result of a drill could not be written to disk")           \
	X("drill-table", "the nftables table of a drill could not be written")              \
	X("cut", "the tunnel of a drill carries no packets")                                \
	X("cut-end", "it carries packets again")                                            \
	/* interfaces */                                                                    \
	X("interface-created", "an interface was made")                                     \
	X("interface-adopted", "an interface that was there is used")                       \
	X("interface-ready", "an interface can be used")                                    \
	X("interface-restored", "an interface that was lost can be used again")             \
	X("interface-lost", "an interface is gone")                                         \
	X("interface-removed", "an interface was removed")                                  \
	X("interface-released", "an interface of somebody else's was left to them")         \
	X("interface-not-released", "that failed")                                          \
	X("interface-not-created", "an interface could not be made")                        \
	X("interface-refused", "an interface cannot be ours")                               \
	X("interface-unread", "an interface could not be looked at")                        \
	X("userspace-start", "the program of a userspace interface was started")            \
	X("userspace-not-started", "it could not be, or does not answer")                   \
	X("wireguard-unreachable", "WireGuard of an interface cannot be spoken to")         \
	X("wireguard-kernel", "what the kernel's WireGuard can do")                         \
	X("device-set", "settings of a WireGuard interface were written")                   \
	X("device-not-set", "they were refused")                                            \
	X("device-unread", "the state of a WireGuard interface could not be read")          \
	X("link-state", "a link is up or down")                                             \
	X("link-refused", "a link could not be set up, or not its MTU")                     \
	X("address-removed", "an address was taken from an interface")                      \
	X("address-refused", "an address could not be given to an interface")               \
	X("allowed-ip-refused", "WireGuard refused an entry of AllowedIPs")                 \
	X("allowed-ips-refused", "WireGuard refused a change of AllowedIPs")                \
	X("foreign-allowed-ips", "AllowedIPs that are not ours appeared")                   \
	X("beyond-ceiling", "a daemon asked for a prefix outside of a ceiling")             \
	X("drift-repaired", "somebody changed what is ours; it was put back")               \
	X("source-check-drops", "packets whose source is not in AllowedIPs of their peer")  \
	X("ledger-written", "who owns which AllowedIPs is on disk again")                   \
	X("ledger-unwritten", "it could not be written to disk")                            \
	X("ledger-malformed", "a line of it cannot be read")                                \
	X("lives-not-kept", "what is kept of tunnels over a restart was not written")       \
	/* routes */                                                                        \
	X("route-refused", "the kernel refused a route")                                    \
	X("last-path-lost", "prefixes have no route into a tunnel any more")                \
	X("last-path-back", "prefixes that were lost have a route into a tunnel again")     \
	X("route-swept", "a route of an earlier life was taken out")                        \
	X("rule-refused", "the kernel refused a rule")                                      \
	X("rule-swept", "a rule of an earlier life was taken out")                          \
	X("entries-not-awaited", "routes no longer wait for an acknowledgement of wgd")     \
	X("nexthop-held", "a next hop changes its way too often, and is held")              \
	X("nexthop-moved", "routes by a pair of tunnels use the other one now")             \
	X("nexthop-group", "how traffic is shared among tunnels")                           \
	X("nexthop-object", "the kernel refused a nexthop object")                          \
	X("nexthop-lost", "somebody removed a nexthop object of ours")                      \
	X("pin-way", "an endpoint is reached by another way of the underlay")               \
	X("pin-refused", "an endpoint inside a permit gets no host route: not believed")    \
	X("uplink", "the state of an uplink")                                               \
	X("uplink-rp-filter", "the kernel's source check would drop what an uplink brings") \
	X("keep-in-cleared", "somebody cleared what is kept in")                            \
	X("keep-in-too-many", "not all that is to be kept in fits")                         \
	X("keep-in-spared", "an address is spared by keep-in")                              \
	X("keep-in-not-kept", "what is kept in could not be written to disk")               \
	X("keep-in-not-read", "what was kept in could not be read")                         \
	X("nftables-taken", "an nftables table is ours")                                    \
	X("nftables-refused", "an nftables table could not be written")                     \
	X("nftables-remains", "an nftables table could not be removed")                     \
	X("nftables-unwatched", "changes of nftables by others are not seen")               \
	X("kernel-read", "what the kernel has was read, or could not be")                   \
	X("kernel-write", "a batch of routes could not be written")                         \
	X("resync", "what the kernel has is read again")

/*
 * Those that the parent tells to who monitors, too (wgbgpd/log_told.h), whatever the level of the
 * log; and for how long, in ms, the next of the same name then waits, to be told with all others.
 */
#define LOG_EVENTS_TOLD(X)         \
	X("reload", 0)             \
	X("reload-refused", 0)     \
	X("permit-refused", 60000) \
	X("drift-repaired", 60000) \
	X("beyond-ceiling", 60000) \
	X("last-path-lost", 0)     \
	X("last-path-back", 0)     \
	X("disk-short", 0)         \
	X("disk-enough", 0)        \
	X("memory-short", 0)       \
	X("memory-enough", 0)      \
	X("key-old", 0)

#endif
