/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations, good and bad: what each says, and that what is printed reads back as the same
 * tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf_check.h"
#include "conf_diff.h"
#include "conf_lex.h"
#include "conf_load.h"
#include "conf_parse.h"
#include "conf_print.h"
#include "conf_schema.h"

static struct ly_ctx *ctx;
static const char *srcdir;

#define KEY_A "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="
#define KEY_B "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define WG0 "wireguard { interface wg0 { private-key-file /k; address 10.9.0.1/24; "
#define WG1 "interface wg1 { private-key-file /k; address 10.8.0.1/24; "
#define PEER(name, key, tunnel, more) \
	"peer " name " { public-key " key "; tunnel-address " tunnel "; " more " } "
#define BGP "bgp { as 65000; router-id 1.1.1.1; "
#define UPLINK(text) "wireguard { interface wg0 { adopt true; uplink { " text " } } }"
#define POLICY(match) "policy p { term 1 { match { " match " } then accept; } }"

/* SAYS is part of what must be said; NULL: nothing at all. */
static const struct {
	const char *text;
	bool good; /* warnings only */
	const char *says;
} cases[] = {
	/* syntax */
	{"", true, NULL},
	{"system { hostname a; }", true, NULL},
	{"system { hostname a; };", true, NULL},
	{"system { hostnam a; }", false,
	 "t:1:10: system: 'hostnam' is no statement here, 'hostname' is near; expected one of "
	 "hostname,"},
	{"sistem { }", false,
	 "'system' is near; expected one of system, wireguard, bgp, policy, rib,"},
	{"system { hostname a }", false, "t:1:21: system hostname: found '}'; expected ';'"},
	{"system { hostname; }", false, "system hostname: found ';'; expected a host name"},
	{"system { hostname a b; }", false, "found 'b'; expected ';' after the value"},
	{"system { hostname a;", false, "t:1:8: system: this '{' has no '}'"},
	{"system { hostname \"a", false, "a quoted word that does not end"},
	{"system { hostname \"a\\x\"; }", false, "an unknown escape"},
	{"system { \"hostname\" a; }", false, "found 'hostname'; expected a statement"},
	{"}", false, "t:1:1: found '}'; expected a statement"},
	{"system a;", false, "system: found 'a'; expected '{' or ';'"},
	{"\n\n  system { hostname a; hostname b; }", false,
	 "t:3:24: system hostname: is there twice; first in line 3"},
	{"system { log-level loud; }", false, "expected error, warning, info or debug"},
	{"system { hostname a; } system { forwarding on; }", true, NULL},
	{"system { hostname a; } system { hostname a; }", false, "is there twice"},
	{"include x;", false, "include: is only possible in a file"},
	{"bgp { neighbor 10.0.0.300 { } }", false, "expected an IPv4 address or an IPv6 address"},
	{"bgp { neighbor { } }", false, "bgp neighbor: found '{'; expected the entry's name"},
	{BGP "network [ 10.0.0.0/8 ; }", false, "found ';'; expected a value or ']'"},
	{BGP "network [ 10.0.0.0/8 ] }", false, "found '}'; expected ';' after the list"},
	{BGP "network 10.0.0.0; }", false, "expected an IPv4 prefix"},
	{BGP "hold-time 2; }", false, "expected 0 or a number from 3 to 65535"},
	{BGP "network [ 10.0.0.0/8 10.0.0.0/8 ]; }", false, "'10.0.0.0/8' is there twice"},
	{BGP "network [ 10.0.0.0/8 ]; network 10.1.0.0/16; }", true, NULL},
	{BGP "as 1; }", false, "bgp as: is there twice"},
	{WG0 "peer a { endpoint 1.2.3.4; } } }", false, "expected HOST:PORT"},
	{WG0 "peer a { endpoint 1.2.3.4:0; } } }", false, "expected HOST:PORT"},
	{WG0 "peer a { public-key abc; } } }", false, "expected a WireGuard key: 44 characters"},
	{WG0 "address 10.0.0.1; } }", false, "expected an address with its prefix length"},
	{WG0 "address fd99::1/129; } }", false, "expected an address with its prefix length"},
	{WG0 "peer a; peer a; } }", false, "wireguard interface wg0 peer: 'a' is there twice"},
	{"wireguard { interface a-name-that-is-long { } }", false, "at most 15"},
	{"policy all { }", false, "'all' is not valid"},
	/* JSON */
	{"{}", true, NULL},
	{"{\"wgbgp-system:system\":{\"hostname\":\"a\"}}", true, NULL},
	{"{\"wgbgp-system:system\":\n {\"hostnam\":\"a\"}}", false,
	 "t:2:3: system: 'hostnam' is no statement here, 'hostname' is near; expected one of "
	 "hostname,"},
	{"{\"wgbgp-system:sytem\":{}}", false,
	 "t:1:2: 'sytem' is no statement here, 'system' is near; expected one of system,"},
	{"{\"wgbgp-system:system\":{\"log-level\":\"loud\"}}", false,
	 "t:1:37: system log-level: 'loud' is not valid; expected error, warning"},
	{"{\"wgbgp-system:system\":{\"log-level\":[\"info\"]}}", false,
	 "t:1:37: system log-level: found an array; expected a value"},
	{"{\"wgbgp-system:system\":7}", false, "t:1:24: system: found a value; expected an object"},
	{"{\"wgbgp-policy:policy\":{\"name\":\"a\"}}", false,
	 "t:1:24: policy: found an object; expected an array"},
	{"{\"wgbgp-policy:policy\":[{\"term\":[]},{\"name\":\"b\"}]}", false,
	 "t:1:25: policy: the entry has no 'name'"},
	{"{\"wgbgp-policy:policy\":[{\"term\":[{\"order\":1}]}]}", false, "t:1:25: policy: "},
	{"{\"wgbgp-policy:policy\":[{\"name\":\"a\"},\n{\"name\":\"a\"}]}", false,
	 "t:2:1: policy: 'a' is there twice; first in line 1"},
	{"{\"wgbgp-policy:policy\":[{\"name\":\"all\"}]}", false,
	 "t:1:33: policy: 'all' is not valid"},
	{"{\"wgbgp-bgp:bgp\":{\"as\":\"1\",\"router-id\":\"1.1.1.1\",\"network\":[\"10.0.0.0/"
	 "8\"]}}",
	 false, "t:1:"},
	{"{\"wgbgp-bgp:bgp\":{\"as\":1,\n\"router-id\":\"0.0.0.0\",\"network\":[\"10.0.0.0/8\"]}}",
	 false, "t:2:13: bgp router-id: '0.0.0.0' is no identifier"},
	{"{\"wgbgp-bgp:bgp\":{\"as\":1,\"router-id\":\"1.1.1.1\",\n\"network\":[\"10.0.0.1/8\"]}}",
	 true, "t:2:12: warning: bgp network: '10.0.0.1/8' has bits behind its length; 10.0.0.0/8"},
	/* files of others */
	{"\xef\xbb\xbfsystem { hostname a; }", false, "t:1:1: the file begins with a byte order"},
	{"\xff\xfes\x01", false, "t:1:1: the file is UTF-16"},
	{"# mine\n\n[Interface]\nPrivateKey = x\n", false,
	 "t:3:1: '[Interface]': this is a file of wg-quick(8); expected statements of"},
	{"frr version 8.4\nfrr defaults traditional\n!\n", false,
	 "t:1:1: 'frr version 8.4': this is a configuration of FRR"},
	{"hostname r1\n!\nrouter bgp 65001\n", false, "this is a configuration of FRR"},
	{"log syslog\nrouter bgp 65001\n neighbor 10.0.0.1 remote-as 1\n", false,
	 "t:2:1: 'router bgp 65001': this is a configuration of FRR"},
	{"log stderr all;\nprotocol device {}\n", false, "this is a configuration of BIRD"},
	{"{\"wgbgp-bgp:bgp\":{\"as\":1,\"router-id\":\"1.1.1.1\",\"network\":[\"10.0.0.0/"
	 "8\",\"10.0.0.0/8\"]}}",
	 false, "network"},
	{"{\"wgbgp-system:system\":", false, "expected JSON"},
	/* interfaces and peers */
	{"wireguard { interface wg0 { } }", false,
	 "t:1:13: wireguard interface wg0: private-key-file"},
	{"wireguard { interface wg0 { adopt true; } }", true, NULL},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.0.0.0/8;") "} }", true, NULL},
	{WG0 "peer a { tunnel-address 10.9.0.2; permit 10.0.0.0/8; } } }", false,
	 "wireguard interface wg0 peer a: public-key is missing"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "") "} }", true, "without 'permit' nothing is learned"},
	{WG0 PEER("a", KEY_A, "10.9.0.2",
		  "permit 10.0.0.0/8;\nquality { latency-weight 4; } ") "} }",
	 true,
	 "t:2:26: warning: wireguard interface wg0 peer a quality latency-weight: without "
	 "'liveness { echo "
	 "on"},
	{WG0 PEER("a", KEY_A, "10.9.0.2",
		  "permit 10.0.0.0/8; quality { latency-weight 4; } liveness { echo on; } ") "} }",
	 true, NULL},
	{WG0 "quality { loss-weight 1; } " PEER("a", KEY_A, "10.9.0.2", "permit 10.0.0.0/8;") "} }",
	 true, "quality loss-weight: without 'liveness"},
	{WG0 "quality { loss-weight 1; } liveness { echo on; } " PEER("a", KEY_A, "10.9.0.2",
								      "permit 10.0.0.0/8;") "} }",
	 true, NULL},
	{WG0 "peer a { public-key " KEY_A "; permit 10.0.0.0/8; } } }", true,
	 "nothing can be sent"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "") PEER("b", KEY_A, "10.9.0.3", "") "} }", false,
	 "is the public-key of wireguard interface wg0 peer a too"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "") PEER("b", KEY_B, "10.9.0.2", "") "} }", false,
	 "'10.9.0.2' is the wireguard interface wg0 peer a tunnel-address too"},
	{WG0 PEER("a", KEY_A, "10.9.0.1", "") "} }", false, "wireguard interface wg0 address too"},
	{WG0 PEER("a", KEY_A, "fd99::0:2", "") PEER("b", KEY_B, "fd99::2", "") "} }", false,
	 "'fd99::2' is the"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "allowed-ips any; permit 0.0.0.0/0;") "} }", true, NULL},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "allowed-ips any;")
		 PEER("b", KEY_B, "10.9.0.3", "") "} }",
	 false, "'any' is only possible on an interface with a single peer; this one has 2"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "allowed-ips any; permit 0.0.0.0/0;")
		 PEER("b", KEY_B, "10.9.0.3", "disabled true;") "} }",
	 true, NULL},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "allowed-ips 10.5.0.0/16;")
		 PEER("b", KEY_B, "10.9.0.3", "allowed-ips 10.5.0.0/16;") "} }",
	 false, "is in allowed-ips of"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit [ 10.0.0.0/8 ];")
		 PEER("b", KEY_B, "10.9.0.3", "permit [ 10.1.0.0/16 ];") "} }",
	 true, "permit: '10.1.0.0/16' overlaps '10.0.0.0/8' of peer a"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit [ 10.0.0.0/8 10.1.0.0/16 ];") "} }", true, NULL},
	/* what one peer has, and another has or may get, on one interface */
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.1.0.0/16;") "\n" PEER(
		 "b", KEY_B, "10.9.0.3", "allowed-ips 10.0.0.0/8; permit 172.16.0.0/12;") "} }",
	 false,
	 "peer a permit: '10.1.0.0/16' lies inside '10.0.0.0/8', the wireguard interface wg0 peer "
	 "b "
	 "allowed-ips (line 2): nothing of it could be learned"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.1.0.0/16;") PEER(
		 "b", KEY_B, "10.9.0.3", "allowed-ips 10.1.0.0/16; permit 172.16.0.0/12;") "} }",
	 false, "peer a permit: '10.1.0.0/16' lies inside '10.1.0.0/16'"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.9.0.3/32;")
		 PEER("b", KEY_B, "10.9.0.3", "permit 172.16.0.0/12;") "} }",
	 false,
	 "'10.9.0.3/32' lies inside '10.9.0.3', the wireguard interface wg0 peer b tunnel-address"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 172.17.0.0/16;") PEER(
		 "b", KEY_B, "10.9.0.3", "allowed-ips 10.9.0.2/32; permit 172.16.0.0/16;") "} }",
	 false,
	 "peer b allowed-ips: '10.9.0.2/32' is the wireguard interface wg0 peer a tunnel-address "
	 "too"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.0.0.0/8;") PEER(
		 "b", KEY_B, "10.9.0.3", "allowed-ips 10.1.0.0/16; permit 172.16.0.0/12;") "} }",
	 true,
	 "peer b allowed-ips: '10.1.0.0/16' lies inside '10.0.0.0/8', the wireguard interface wg0 "
	 "peer a permit"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "allowed-ips 10.0.0.0/8; permit 172.17.0.0/16;") PEER(
		 "b", KEY_B, "10.9.1.3", "allowed-ips 10.1.0.0/16; permit 172.16.0.0/16;") "} }",
	 true, "'10.1.0.0/16' lies inside '10.0.0.0/8'"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 172.17.0.0/16;") PEER(
		 "b", KEY_B, "172.30.0.3", "allowed-ips 10.9.0.0/24; permit 172.16.0.0/16;") "} }",
	 true, "peer a tunnel-address: '10.9.0.2' lies inside '10.9.0.0/24'"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.0.0.0/8;")
		 PEER("b", KEY_B, "10.9.0.3", "permit 172.16.0.0/12;") "} }",
	 true, NULL},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "allowed-ips 10.1.0.0/16; permit 10.1.0.0/16;") "} }",
	 true, NULL},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.1.0.0/16;")
		 PEER("b", KEY_B, "10.9.0.3", "allowed-ips 10.0.0.0/8; disabled true;") "} }",
	 true, NULL},
	/* on two */
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.1.0.0/16;") "}\n" WG1 PEER(
		 "b", KEY_B, "10.8.0.3", "allowed-ips 10.1.0.0/16; permit 172.16.0.0/12;") "} }",
	 true,
	 "wg0 peer a permit: '10.1.0.0/16' overlaps '10.1.0.0/16', the wireguard interface wg1 "
	 "peer b "
	 "allowed-ips (line 2)"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.0.0.0/8;") "}\n" WG1 PEER(
		 "b", KEY_B, "172.16.0.3", "allowed-ips 10.1.0.0/16; permit 172.16.0.0/12;") "} }",
	 true,
	 "wg1 peer b allowed-ips: '10.1.0.0/16' overlaps '10.0.0.0/8', the wireguard interface wg0 "
	 "peer "
	 "a permit (line 1)"},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "permit 10.0.0.0/8;") "} " WG1 PEER(
		 "b", KEY_B, "10.8.0.3", "permit 10.0.0.0/8;") "} }",
	 true, NULL},
	{WG0 PEER("a", KEY_A, "10.9.0.2", "allowed-ips 10.1.0.0/16; permit 172.16.0.0/12;") "} " WG1
		 PEER("b", KEY_B, "10.8.0.3",
		      "allowed-ips 10.1.0.0/16; permit 172.16.0.0/12;") "} }",
	 true, NULL},
	{WG0 "peer a { template x; } } }", false,
	 "peer a template: there is no peer-template 'x', nor any other"},
	{"wireguard { interface a { private-key-file /k; listen-port 5; } "
	 "interface b { private-key-file /k; listen-port 5; } }",
	 false, "'5' is the listen-port of wireguard interface a too"},
	{WG0 "address fd99::1/64; mtu 1000; } }", false, "'1000' is too small for IPv6"},
	{WG0 "mtu 1000; } }", true, NULL},
	/* BGP */
	{"bgp { router-id 1.1.1.1; neighbor 10.0.0.1 { remote-as internal; } }", false,
	 "bgp: as is missing"},
	{"bgp { as 1; network 10.0.0.0/8; }", false, "router-id is missing"},
	{"bgp { as 1; router-id 0.0.0.0; network 10.0.0.0/8; }", false, "is no identifier"},
	{WG0 "} } bgp { as 1; network 10.0.0.0/8; }", true, NULL},
	{BGP "neighbor 10.0.0.1; }", false, "bgp neighbor 10.0.0.1: remote-as is missing"},
	{BGP "neighbor 10.0.0.1 { disabled true; } }", true, NULL},
	{BGP "neighbor 10.0.0.1 { remote-as internal; } }", true, NULL},
	{BGP "neighbor 10.0.0.1 { remote-as 65000; } }", true, NULL},
	{BGP "neighbor 10.0.0.1 { remote-as 1; export all; } }", true,
	 "without 'import' accepts nothing"},
	{BGP "neighbor 10.0.0.1 { remote-as 1; import all; } }", true,
	 "without 'export' sends nothing"},
	{BGP "neighbor 10.0.0.1 { remote-as 1; import all; export none; } }", true, NULL},
	{BGP "neighbor 10.0.0.1 { remote-as internal; import x; } }", false,
	 "bgp neighbor 10.0.0.1 import: there is no policy 'x'; expected one of all, none"},
	{"policy lans { } policy sites { } " BGP "redistribute static { policy x; } }", false,
	 "there is no policy 'x'; expected one of all, none, lans, sites"},
	{"plane a { table 7; } plane b { table 8; } " BGP
	 "neighbor 10.0.0.1 { remote-as internal; plane c; } }",
	 false, "there is no plane 'c'; expected one of main, a, b"},
	{BGP "redistribute static { policy x; } }", false,
	 "redistribute static policy: there is no"},
	{BGP "neighbor 10.0.0.1 { group g; } }", false, "group: there is no neighbor-group 'g'"},
	{BGP "neighbor 10.0.0.1 { group g; } neighbor-group g { remote-as internal; } }", true,
	 NULL},
	{BGP "neighbor-group g { listen-range 10.0.0.0/8; } }", false, "remote-as is missing"},
	{BGP "neighbor-group g { } }", true, NULL},
	{BGP "neighbor-group g { listen-range 10.0.0.0/8; remote-as internal; } "
	     "neighbor-group h { listen-range 10.1.0.0/16; remote-as internal; } }",
	 false, "'10.1.0.0/16' overlaps '10.0.0.0/8' of neighbor-group g"},
	{BGP "neighbor 10.0.0.1 { remote-as internal; ipv4-unicast false; ipv6-unicast false; } }",
	 false, "neither ipv4-unicast nor"},
	{BGP "neighbor 10.0.0.1 { remote-as 1; import all; export all; route-reflector-client "
	     "true; } }",
	 false, "only an internal neighbor can be a client"},
	{WG0 "} } " BGP "neighbor 10.9.0.1 { remote-as internal; } }", false,
	 "this is our own address"},
	/* policies, routes */
	{POLICY("prefix [ 10.0.0.0/8 10.0.0.0/8+ 10.0.0.0/8{16,24} ];"), true, NULL},
	{POLICY("prefix 10.0.0.0/8{24,16};"), false, "expected lengths from 8 to 32, rising"},
	{POLICY("prefix 10.0.0.0/8{4,16};"), false, "expected lengths from 8 to 32"},
	{POLICY("prefix fd00::/8{16,129};"), false, "expected lengths from 8 to 128"},
	{POLICY("prefix 10.0.0.0/33;"), false, "is no prefix"},
	{POLICY("prefix 10.0.0.0/8{16};"), false, "found '{'; expected"},
	{POLICY("community 65536:1;"), false, "expected no-export,"},
	{POLICY("large-community 4294967296:1:1;"), false, "three numbers up to 4294967295"},
	{"policy p { term 1 { set { prepend-as 5; } } }", true, "does nothing without 'prepend'"},
	{"rib { static 10.0.0.0/8 { } }", false, "rib static 10.0.0.0/8: expected either next-hop"},
	{"rib { static 10.0.0.0/8 { next-hop 1.2.3.4; blackhole true; } }", false,
	 "expected either"},
	{"rib { static 10.0.0.0/8 { interface eth0; } }", true, NULL},
	{"plane a { table 7; static 10.0.0.0/8 { } }", false, "expected either next-hop"},
	{"plane a { table 7; static 10.0.0.0/8 { blackhole true; } }", true, NULL},
	{UPLINK("interface eth1; gateway [ 192.0.2.1 fe80::1 ];"), true, NULL},
	{UPLINK("gateway 192.0.2.1;"), false, "uplink: interface is missing"},
	{UPLINK("interface eth1; gateway [ 192.0.2.1 192.0.2.2 ];"), false,
	 "'192.0.2.2' is the second one of its family"},
	{UPLINK("interface wg0;"), false, "'wg0' is a tunnel itself"},
	{UPLINK("interface eth1; table 254;"), false, "'254' is a table of other routes"},
	{UPLINK("interface eth1; } fwmark 0; liveness {"), false, "an uplink needs a mark"},
	{"rib { rule 100 { fwmark 0x101; table 5000; } }", true, NULL},
	{"rib { rule 100 { fwmark 0x1g; table 5000; } }", false, "'0x1g' is not valid"},
	{"rib { rule 100 { fwmark 0x100000000; table 5000; } }", false, "is not valid"},
	{"rib { rule 100 { fwmark 1; } }", false, "table"},
	{"rib { rule 100 { source 10.0.0.0/8; destination fd00::/8; table 5; } }", false,
	 "are of two families"},
	{"rib { protocol-number 190; }", false,
	 "a number from 5 to 185 or a number from 198 to 255"},
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct conf_errors errs = {0};
		struct conf_loaded loaded = {0};
		bool good = conf_load_text(ctx, "t", cases[i].text, strlen(cases[i].text), 0,
					   &loaded, &errs);

		if (good != cases[i].good || good == (errs.errors > 0) ||
		    (cases[i].says ? !conf_errors_has(&errs, cases[i].says) : errs.n > 0)) {
			print_error("case: %s\nexpected: %s\n", cases[i].text,
				    cases[i].says ? cases[i].says : "nothing");
			conf_errors_print(&errs, stderr);
			fail();
		}
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
	}
}

static void test_many_errors_in_one_pass(void **state)
{
	static const char text[] = "system { hostnam a; forwarding maybe; }\n"
				   "bgp { as 0; neighbor x { remote-as 5; } router-id 1; }\n"
				   "rib { kernel on }\n"
				   "policy p { term 1 { the accept; match { prefixes 5; } } }\n";
	static const char *const all[] = {"t:1:10: ", "t:1:32: ", "t:2:10: ", "t:2:22: ",
					  "t:2:51: ", "t:3:17: ", "t:4:21: ", "t:4:41: "};
	struct conf_errors errs = {0};

	assert_null(conf_parse_text(ctx, "t", text, strlen(text), &errs));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!conf_errors_has(&errs, all[i])) {
			conf_errors_print(&errs, stderr);
			fail_msg("nothing at %s", all[i]);
		}
	assert_int_equal(errs.errors, ARRAY_SIZE(all));
	conf_errors_free(&errs);
}

/* Prints CONF with PRINT, reads that, and wants the same tree and the same print. */
static void round_trip(const struct conf *conf, char *(*print)(const struct conf *))
{
	struct conf_errors errs = {0};
	char *text = print(conf), *again;
	struct conf *read = conf_parse_text(ctx, "printed", text, strlen(text), &errs);

	conf_errors_print(&errs, stderr);
	assert_non_null(read);
	assert_int_equal(lyd_compare_siblings(conf->tree, read->tree, LYD_COMPARE_FULL_RECURSION),
			 LY_SUCCESS);
	again = print(read);
	assert_string_equal(text, again);
	free(again);
	free(text);
	conf_free(read);
}

static char *print_json(const struct conf *conf)
{
	return conf_print_json(conf, false);
}

static char *read_text(const char *name)
{
	char *path = xasprintf("%s/wgbgpd/testdata/%s", srcdir, name);
	FILE *f = fopen(path, "re");
	char *text = xcalloc(1, 65536);

	if (!f)
		fail_msg("%s cannot be read", path);
	text[fread(text, 1, 65535, f)] = '\0';
	fclose(f);
	free(path);
	return text;
}

static struct conf_loaded load_golden(const char *name)
{
	char *path = xasprintf("%s/wgbgpd/testdata/%s", srcdir, name);
	struct conf_errors errs = {0};
	struct conf_loaded loaded;
	bool good = conf_load_file(ctx, path, 0, &loaded, &errs);

	conf_errors_print(&errs, stderr);
	assert_true(good);
	assert_int_equal(errs.n, 0);
	free(path);
	return loaded;
}

static void test_golden(void **state)
{
	static const struct {
		const char *conf, *printed;
	} files[] = {
		{"empty.conf", NULL}, {"example.conf", "example.out"}, {"hub.conf", "hub.out"}};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct conf_loaded loaded = load_golden(files[i].conf);

		if (files[i].printed) {
			char *want = read_text(files[i].printed);
			char *got = conf_print_text(loaded.written);

			assert_string_equal(got, want);
			free(got);
			free(want);
		}
		round_trip(loaded.written, conf_print_text);
		round_trip(loaded.written, print_json);
		conf_loaded_free(&loaded);
	}
}

static const struct lyd_node *entry(const struct lyd_node *outer, const char *list, const char *key)
{
	for (struct lyd_node *n = conf_child(outer, list); n; n = conf_next(n))
		if (str_eq(lyd_get_value(lyd_child(n)), key))
			return n;
	fail_msg("no %s %s", list, key);
	return NULL;
}

static void test_effective(void **state)
{
	struct conf_loaded loaded = load_golden("hub.conf");
	const struct lyd_node *wg = conf_top(loaded.effective, "wireguard");
	const struct lyd_node *bgp = conf_top(loaded.effective, "bgp");
	const struct lyd_node *wg0 = entry(wg, "interface", "wg0");
	const struct lyd_node *a = entry(wg0, "peer", "site-a"), *b = entry(wg0, "peer", "site-b");
	const struct lyd_node *n = entry(bgp, "neighbor", "10.99.0.2");
	const struct lyd_node *g = entry(bgp, "neighbor-group", "sites");
	const struct lyd_node *ll = entry(bgp, "neighbor", "fe80::1%wg0");
	const struct {
		const struct lyd_node *node;
		const char *leaf, *value;
	} want[] = {
		{wg0, "backend", "userspace"}, /* from wireguard */
		{entry(wg, "interface", "wg1"), "backend", "kernel"},
		{wg0, "mtu", "1420"},		   /* default */
		{a, "persistent-keepalive", "25"}, /* template */
		{a, "cost", "10"},
		{b, "cost", "20"},				       /* its own */
		{conf_child(a, "liveness"), "probe-interval", "1000"}, /* template */
		{conf_child(b, "liveness"), "probe-interval", "2000"}, /* its own */
		{conf_child(b, "liveness"), "probe-timeout", "3000"},  /* template */
		{conf_child(b, "liveness"), "stale-after", "200"},     /* interface */
		{conf_child(b, "liveness"), "degraded-after", "160"},  /* default */
		{n, "hold-time", "60"},				       /* its own */
		{n, "keepalive", "3"},				       /* bgp */
		{n, "remote-as", "internal"},			       /* group */
		{n, "next-hop-self", "true"},
		{n, "connect-retry", "120"}, /* default */
		{g, "hold-time", "30"},
		{g, "keepalive", "3"},
		{ll, "hold-time", "9"},
		{ll, "passive", "false"},
		{conf_child(bgp, "graceful-restart"), "restart-time", "60"},
		{conf_child(bgp, "graceful-restart"), "stale-time", "300"},
		{entry(bgp, "redistribute", "static"), "policy", "all"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_string_equal(conf_value(want[i].node, want[i].leaf), want[i].value);
	conf_loaded_free(&loaded);
}

static uint32_t number_of(const struct lyd_node *node, const char *leaf)
{
	const char *text = conf_value(node, leaf);

	return text ? strtoul(text, NULL, 10) : 0;
}

/* Marks and tables that nobody wrote down follow from the names alone, and are distinct. */
static void test_uplink_numbers(void **state)
{
	static const char text[] =
		"wireguard {"
		" interface wg1 { adopt true; uplink { interface eth1; } }"
		" interface wg2 { adopt true; uplink { interface eth2; } }"
		" interface wg3 { adopt true; fwmark 0x101; uplink { interface eth1; } }"
		" interface wg4 { adopt true; uplink { interface eth1; table 77; } }"
		" interface wg5 { adopt true; } }";
	struct conf_errors errs = {0};
	struct conf_loaded loaded = {0};
	const struct lyd_node *wg, *i[5];
	char name[8];

	assert_true(conf_load_text(ctx, "t", text, strlen(text), 0, &loaded, &errs));
	wg = conf_top(loaded.effective, "wireguard");
	for (unsigned n = 0; n < 5; n++) {
		snprintf(name, sizeof(name), "wg%u", n + 1);
		i[n] = entry(wg, "interface", name);
	}
	for (unsigned n = 0; n < 2; n++) {
		assert_in_range(number_of(i[n], "fwmark"), 0x77670001, 0x7767ffff);
		assert_int_equal(number_of(i[n], "fwmark"),
				 number_of(conf_child(i[n], "uplink"), "table"));
	}
	assert_int_not_equal(number_of(i[0], "fwmark"), number_of(i[1], "fwmark"));
	assert_int_equal(number_of(i[2], "fwmark"), 0x101);
	assert_in_range(number_of(conf_child(i[2], "uplink"), "table"), 0x77670001, 0x7767ffff);
	assert_int_equal(number_of(conf_child(i[3], "uplink"), "table"), 77);
	assert_int_equal(number_of(i[4], "fwmark"), 0);
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
}

static void test_defaults_of_nothing(void **state)
{
	struct conf_loaded loaded = load_golden("empty.conf");

	assert_string_equal(conf_value(conf_top(loaded.effective, "rib"), "kernel"), "on");
	assert_string_equal(conf_value(conf_top(loaded.effective, "rib"), "metric"), "179");
	assert_null(loaded.written->tree);
	conf_loaded_free(&loaded);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

/* WireGuard would drop such a peer and say nothing. */
static void test_own_key(void **state)
{
	/* The example keys of RFC 7748 section 6.1: Alice's private, her and Bob's public one. */
	static const char private[] = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n",
			  own[] = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
			  far[] = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
	char path[] = "/tmp/conf_test.XXXXXX";

	close(mkstemp(path));
	write_file(path, private, 0600);
	for (int i = 0; i < 2; i++) {
		char *text = xasprintf("wireguard { interface wg0 { private-key-file %s;\n"
				       "peer a { public-key \"%s\"; disabled true; } } }",
				       path, i ? own : far);
		struct conf_errors errs = {0};
		struct conf_loaded loaded;

		assert_int_equal(conf_load_text(ctx, "t", text, strlen(text), CONF_CHECK_FILES,
						&loaded, &errs),
				 !i);
		assert_int_equal(conf_errors_has(&errs, "t:2:21: wireguard interface wg0 peer a "
							"public-key: 'hSDwCYkw"),
				 i);
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
		free(text);
	}
	unlink(path);
}

static void test_key_files(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *says;
	} files[] = {
		{KEY_A "\n", 0600, NULL},
		{KEY_A "\n", 0400, NULL},
		{KEY_A "\n", 0640,
		 "has mode 0640: others than its owner may use it; expected 0600"},
		{KEY_A "\n", 0604, "has mode 0604"},
		{"short\n", 0600, "holds no key"},
		{"", 0600, "holds no key"},
		{NULL, 0, "No such file"},
	};
	char path[] = "/tmp/conf_test.XXXXXX";
	int fd = mkstemp(path);
	char *text;

	close(fd);
	text = xasprintf("\n wireguard { interface wg0 {\n  private-key-file %s; } }", path);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct conf_errors errs = {0};
		struct conf_loaded loaded;
		bool good;

		if (files[i].text)
			write_file(path, files[i].text, files[i].mode);
		else
			unlink(path);
		good = conf_load_text(ctx, "t", text, strlen(text), CONF_CHECK_FILES, &loaded,
				      &errs);
		assert_int_equal(good, !files[i].says);
		if (files[i].says) {
			assert_true(conf_errors_has(&errs, files[i].says));
			assert_true(conf_errors_has(&errs,
						    "t:3:20: wireguard interface wg0 private-key"));
		}
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
	}
	free(text);
}

static void test_include(void **state)
{
	char dir[] = "/tmp/conf_test.XXXXXX", *a, *b;
	struct conf_errors errs = {0};
	struct conf *conf;

	assert_non_null(mkdtemp(dir));
	a = xasprintf("%s/a.conf", dir);
	b = xasprintf("%s/b.conf", dir);
	write_file(a, "system { include b.conf; }", 0644);
	write_file(b, "\nhostname x;", 0644);
	conf = conf_parse_file(ctx, a, &errs);
	assert_non_null(conf);
	assert_string_equal(conf_value(conf_top(conf, "system"), "hostname"), "x");
	assert_string_equal(conf_pos(conf_child(conf_top(conf, "system"), "hostname"))->file, b);
	conf_free(conf);
	write_file(b, "include b.conf;", 0644);
	assert_null(conf_parse_file(ctx, a, &errs));
	assert_true(conf_errors_has(&errs, "is nested more than 8 deep"));
	conf_errors_free(&errs);
	unlink(b);
	assert_null(conf_parse_file(ctx, a, &errs));
	assert_true(conf_errors_has(&errs, "a.conf:1:10: include: "));
	conf_errors_free(&errs);
	unlink(a);
	assert_null(conf_parse_file(ctx, a, &errs));
	assert_true(conf_errors_has(&errs, "a.conf: No such file"));
	conf_errors_free(&errs);
	rmdir(dir);
	free(a);
	free(b);
}

static void test_diff(void **state)
{
	static const struct {
		const char *before, *after, *text;
		unsigned n;
	} rows[] = {
		{"{\"x:system\":{\"hostname\":\"a\"}}", "{\"x:system\":{\"hostname\":\"a\"}}", "",
		 0},
		{"{\"x:system\":{\"hostname\":\"a\"}}", "{\"x:system\":{\"hostname\":\"b\"}}",
		 "~system hostname", 1},
		{"{}", "{\"x:system\":{\"hostname\":\"b\"}}", "+system", 1},
		{"{\"x:bgp\":{\"as\":1,\"neighbor\":[{\"address\":\"fe80::1\",\"import\":[\"all\"]}"
		 ","
		 "{\"address\":\"10.0.0.2\"}]}}",
		 "{\"x:bgp\":{\"neighbor\":[{\"address\":\"10.0.0.3\"},{\"address\":\"fe80::1\","
		 "\"import\":[\"none\"]}]}}",
		 "-bgp as, -bgp neighbor 10.0.0.2, +bgp neighbor 10.0.0.3, ~bgp neighbor fe80::1 "
		 "import",
		 4},
		{"{\"x:policy\":[{\"name\":\"a\"}]}", "{}", "-policy a", 1},
		{"{}", "{\"x:rib\":{\"rule\":[{\"priority\":7}]}}", "+rib", 1},
		{"{\"x:rib\":{}}", "{\"x:rib\":{\"rule\":[{\"priority\":7}]}}", "+rib rule 7", 1},
	};
	char out[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *before = json_loads(rows[i].before, 0, NULL);
		json_t *after = json_loads(rows[i].after, 0, NULL);

		assert_int_equal(conf_diff(before, after, out, sizeof(out)), rows[i].n);
		assert_string_equal(out, rows[i].text);
		json_decref(before);
		json_decref(after);
	}
}

/* Thousands of statements make one line that says how many are not in it. */
static void test_diff_is_bounded(void **state)
{
	json_t *list = json_array(), *after = json_pack("{s:{s:o}}", "x:bgp", "neighbor", list);
	json_t *before = json_pack("{s:{s:[]}}", "x:bgp", "neighbor");
	char out[128];

	for (int i = 0; i < 5000; i++)
		json_array_append_new(list, json_pack("{s:i}", "address", i));
	assert_int_equal(conf_diff(before, after, out, sizeof(out)), 5000);
	assert_true(strlen(out) < sizeof(out));
	assert_non_null(strstr(out, "+bgp neighbor 0, +bgp neighbor 1"));
	assert_non_null(strstr(out, " more"));
	/* to the byte: what fits is there */
	assert_int_equal(conf_diff(before, after, out, 60), 5000);
	assert_string_equal(out, "+bgp neighbor 0, +bgp neighbor 1 and 4998 more");
	assert_int_equal(conf_diff(before, after, out, 57), 5000);
	assert_string_equal(out, "+bgp neighbor 0, +bgp neighbor 1 and 4998 more");
	assert_int_equal(conf_diff(before, after, out, 56), 5000);
	assert_string_equal(out, "+bgp neighbor 0 and 4999 more");
	json_decref(before);
	json_decref(after);
}

static void test_plain_words(void **state)
{
	static const struct {
		const char *word;
		bool plain;
	} words[] = {{"a", true},
		     {"", false},
		     {"a b", false},
		     {"a;", false},
		     {"10.0.0.0/8{16,24}", true},
		     {"10.0.0.0/8{16}", false},
		     {"x{1,2}y", false},
		     {"[2001:db8::1]:51820", true},
		     {"[2001:db8::1]", false},
		     {"a#b", false},
		     {KEY_A, true},
		     {"\"", false}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(conf_lex_is_plain(words[i].word), words[i].plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_many_errors_in_one_pass),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_effective),
		cmocka_unit_test(test_own_key),
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_plain_words),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_is_bounded),
		cmocka_unit_test(test_defaults_of_nothing),
		cmocka_unit_test(test_uplink_numbers),
	};
	struct conf_errors errs = {0};
	char *yang;
	int failed;

	srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	yang = xasprintf("%s/yang", srcdir);
	ctx = conf_schema_load(yang, &errs);
	conf_errors_print(&errs, stderr);
	if (!ctx)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ly_ctx_destroy(ctx);
	free(yang);
	return failed;
}
