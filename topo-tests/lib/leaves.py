# SPDX-License-Identifier: BSD-2-Clause
"""A world in which every statement of the schema shows, and what can be seen of it.

    LAN 192.168.1.0/24 ─ near ─ u0 198.51.100.1 ─── 198.51.100.2 u0 ─ far
                          ╠═ wg0 10.9.0.1 ═══ wg0 10.9.0.2, AS 65001 ═╣
                          ╠═ wg1 10.9.1.1 ═══ wg1 10.9.1.2, AS 65000 ═╣    far: BIRD, WireGuard
                          ╚═ wg1 10.9.1.1 ═══ wg2 10.9.1.3, AS 65000 ═╝

Worlds share all addresses, so that what two of them say can be compared word by word. A place in
the configuration has a comment `#NAME`; an edit puts statements there."""
import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from .build import SOURCE
from .keys import private_key, public_key
from .peers import Bird
from .topology import link
from .wait import Timeout, wait_until
from .wg import PlainWg
from .wgbgp import KEEP_IN, Wgbgp

SETTLED = 0.6  # seconds between two looks: more than a poll of wgd in this configuration
BASE = """#top
system { #system
}
wireguard { #wireguard
    peer-template t { #template
        liveness { #template-liveness
        }
        quality { #template-quality
        }
    }
    interface wg0 {
        private-key-file KEY(wg0); listen-port 51820; address [ 10.9.0.1/24 fd09::1/64 ]; #wg0
        liveness { poll-interval 300; #wg0-liveness
        }
        quality { #wg0-quality
        }
        peer far {
            template t; public-key PUB(FAR.wg0); endpoint 198.51.100.2:51820; #far-peer
            tunnel-address [ 10.9.0.2 fd09::2 ]; permit [ 20.0.0.0/8 2a00::/12 ]; #far
            liveness { #far-liveness
            }
            quality { #far-quality
            }
        }
    }
    interface wg1 {
        private-key-file KEY(wg1); listen-port 51821; address 10.9.1.1/24;
        liveness { poll-interval 300; } #wg1
        peer a {
            public-key PUB(FAR.wg1); endpoint 198.51.100.2:51821; tunnel-address 10.9.1.2;
            permit [ 20.0.0.0/9 ]; #a
        }
        peer b {
            public-key PUB(FAR.wg2); endpoint 198.51.100.2:51822; tunnel-address 10.9.1.3;
            permit [ 20.128.0.0/9 ]; #b
        }
    }
}
bgp {
    as 65000; router-id 10.9.0.1; connect-retry 1; network [ 192.168.1.0/24 ]; #bgp
    multipath { #multipath
    }
    graceful-restart { #graceful-restart
    }
    neighbor-group g { #group
    }
    neighbor 10.9.0.2 { group g; remote-as 65001; import all; export all; #neighbor
    }
    neighbor 10.9.1.2 { remote-as internal; #neighbor-a
    }
    neighbor 10.9.1.3 { remote-as internal; #neighbor-b
    }
}
rib { #rib
    distance { #distance
    }
}
"""

def bird_conf():
    """One BIRD, a table of its own for each session, so that nothing goes from one to the other.
    20.7.0.0/16 comes from the external and from an internal neighbour."""
    conf = "router id 10.9.0.2;\nprotocol device { }\n"
    routes = {"e": ("route 20.0.0.0/24 blackhole { bgp_community.add((65001,1)); "
                    "bgp_large_community.add((65001,1,1)); };",
                    "route 20.0.1.0/24 blackhole { bgp_path.prepend(65100); };",
                    "route 20.0.2.0/24 blackhole { bgp_community.add((65535,0)); };",
                    "route 20.0.3.0/24 blackhole { bgp_path.prepend(65000); };",
                    "route 20.7.0.0/16 blackhole;", "route 99.0.0.0/24 blackhole;"),
              "a": ("route 20.1.0.0/24 blackhole;", "route 20.7.0.0/16 blackhole;"),
              "b": ("route 20.129.0.0/24 blackhole;",)}
    for name, lines in routes.items():
        local, number, near, ifname = {"e": ("10.9.0.2", 65001, "10.9.0.1", "wg0"),
                                       "a": ("10.9.1.2", 65000, "10.9.1.1", "wg1"),
                                       "b": ("10.9.1.3", 65000, "10.9.1.1", "wg2")}[name]
        conf += f"ipv4 table {name}4;\nipv6 table {name}6;\n"
        conf += f"protocol static s{name} {{ ipv4 {{ table {name}4; }}; {' '.join(lines)} }}\n"
        conf += (f"protocol static t{name} {{ ipv6 {{ table {name}6; }}; "
                 f"route 2a0{ord(name) % 8}:1::/32 blackhole; }}\n")
        conf += (f"protocol bgp {name} {{ local {local} as {number}; neighbor {near} as 65000; "
                 f"interface \"{ifname}\"; router id {local}; direct; connect retry time 1; "
                 "connect delay time 1; error wait time 1, 1; startup hold time 4; "
                 "graceful restart off;\n"
                 f" ipv4 {{ table {name}4; import all; "
                 "export filter { if source != RTS_STATIC then reject; "
                 "if net = 20.0.0.0/24 then bgp_med = 7; accept; }; };\n"
                 f" ipv6 {{ table {name}6; import all; export where source = RTS_STATIC; "
                 f"next hop address fd09::2; }};\n}}\n")
    return conf


class World:
    def __init__(self, topo, number):
        self.topo = topo
        self.near, self.far = topo.router(f"near{number}"), topo.router(f"far{number}")
        link(self.near, "u0", self.far, "u0", "198.51.100.1/30 2001:db8::1/64",
             "198.51.100.2/30 2001:db8::2/64")
        topo.lan(self.near, "192.168.1.0/24")
        self.near.ip("route add default via 198.51.100.2")
        ends = (("10.9.0.2/24 fd09::2/64", "10.9.0.1/32 fd09::1/128"),
                ("10.9.1.2/24", "10.9.1.1/32"), ("10.9.1.3/24", "10.9.1.1/32"))
        for i, (address, allowed) in enumerate(ends):
            PlainWg(self.far, f"wg{i}", port=51820 + i, addresses=address, peers=[
                {"key": f"{self.near.name}.wg{min(i, 1)}",
                 "allowed_ips": f"{allowed} 0.0.0.0/0 ::/0"}])
        # Two tunnels lead to one address of ours: each session takes its own.
        self.far.ip("route add default dev wg1 table 101\nroute add default dev wg2 table 102\n"
                    "rule add from 10.9.1.2 lookup 101\nrule add from 10.9.1.3 lookup 102")
        self.bird = Bird(topo, self.far, bird_conf())
        self.wgbgp = None

    def conf(self, edits):
        text = BASE.replace("FAR.", f"{self.far.name}.")
        for edit in edits:
            text = edit(text)
        return text

    def forwarding_off(self):
        """The word of a former configuration; wgbgp switches it on and never off."""
        self.near.run(["sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0"])

    def start(self, *edits):
        self.forwarding_off()
        if self.wgbgp is None:
            self.wgbgp = Wgbgp(self.topo, self.near, self.conf(edits))
            return
        self.wgbgp.teardown()
        for name in "eab":
            self.bird.cli(f"restart {name}")  # whose tunnel went before anybody told it
        self.wgbgp.torn_down = False
        self.wgbgp.write(self.conf(edits))
        self.wgbgp.start()

    def reload(self, *edits):
        self.forwarding_off()
        self.wgbgp.reload(self.conf(edits))

    # ---- what can be seen

    def seen(self):
        return {**self._shows(), **self._kernel(), **self._far()}

    def _shows(self):
        """By name of the row's key leaves, without what time, traffic and chance put there."""
        questions = ("bgp summary", "bgp neighbors", "bgp", "route", "nexthops", "pins", "rules",
                     "uplinks", "nftables", "wireguard", "tunnels", "bfd", "allowed-ips", "planes",
                     "version")
        text = self.neutral(self.wgbgp.cli(*(f"show {question} json" for question in questions)))
        found, decoder, at = {}, json.JSONDecoder(), 0
        for question in questions:
            answer, at = decoder.raw_decode(text, at)
            at = len(text) - len(text[at:].lstrip())
            found[f"show {question}"] = without_chance(answer)
        found["show rib summary"] = self.wgbgp.show("rib summary")["settings"]
        # What was learned once is kept in after a reload, and not after a start.
        routes = found["show route"]["routes"]
        found["show route"]["routes"] = [r for r in routes if r["protocol"] != "keep-in"]
        kept = self.wgbgp.show("keep-in")
        found["show keep-in"] = {**{key: kept[key] for key in ("mode", "keep-in-time", "metric")},
                                 "permit": [p["prefix"] for p in kept["prefixes"]
                                            if p["by"] == "permit"]}
        return found

    def neutral(self, text):
        for number in range(3):
            far, near = f"{self.far.name}.wg{number}", f"{self.near.name}.wg{number}"
            text = text.replace(public_key(far), f"(key of far wg{number})")
            text = text.replace(public_key(near), f"(key of near wg{number})")
            text = text.replace(private_key(near), f"(private {number})")
        return text.replace(self.near.dir, "(directory)").replace(self.near.name, "near")

    def _kernel(self):
        out = self.near.out
        routes = [re.sub(r" (expires \d+sec|nhid \d+|offload|pref medium)", "", line).strip()
                  for family in ("-4", "-6")
                  for line in out(["ip", "-N", family, "route", "show", "table", "all",
                                   "proto", "222"]).splitlines()
                  if f"metric {KEEP_IN}" not in line]
        wg = ["\t".join(",".join(sorted(field.split(","))) for field in
                        re.sub(r"\t\d+\t\d+\t\d+\t(\S+)$", r"\t\1", line).split("\t"))
              for line in self.neutral(out("wg show all dump")).splitlines()]
        links = [re.sub(r"^\d+: |qlen.*| (state|qdisc|group|mode) \S+", "", line)
                 for line in out("ip -o link show").splitlines() if ": wg" in line]
        return {"kernel routes": sorted(routes), "WireGuard": sorted(wg), "links": sorted(links),
                # Of one priority all lead to one table, in whichever order.
                "kernel rules": sorted(out("ip rule").splitlines()
                                       + out("ip -6 rule").splitlines()),
                "addresses": sorted(re.findall(r"wg\d\s+inet6? \S+",
                                               out("ip -o addr show scope global"))),
                "listening": sorted({" ".join(line.split()[3:4])
                                     for line in out("ss -Hltn").splitlines()}),
                "forwarding": out("sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding")}

    def _far(self):
        """What BIRD learned, table by table, and what was agreed with it."""
        found = {}
        for name in "eab":
            for family in "46":
                text = self.bird.cli(f"show route table {name}{family} all protocol {name}")
                text = re.sub(r"\d\d:\d\d:\d\d\.\d+", "", text)
                found[f"far {name}{family}"] = text.splitlines()[1:]
            text = self.bird.cli(f"show protocols all {name}")
            found[f"far session {name}"] = [
                line.strip() for line in text.splitlines() if re.search(
                    r"BGP state: *Established|Neighbor (address|AS|ID)|caps|AF (?!preserved)|graceful"
                    r"|Restart time|refresh|4-octet|Hold timer|Keepalive timer|Multiprotocol"
                    r"|Channel|State:", line)]
            found[f"far session {name}"] = [re.sub(r"([\d.]+)/(\d+)$", r"\2", line)
                                            for line in found[f"far session {name}"]]
        return found


CHANCE = re.compile(
    r"(?<!hold-time)(?<!keepalive)(?<!restart-time)(?<!connect-retry)-seconds$"
    r"|^(messages|rx|tx|packets|echo)-|latency-ms|jitter-ms|loss-percent|changes$|transitions"
    r"|discriminator|^(group|update-group|ifindex|pid)$|^last-(error|notification)|^claimed-as"
    r"|attribute-sets|refused-for|connections-refused|send-errors|counters|^reason-text$|warning"
    r"|^(refusals|downs|handshakes)$|established-count|flaps|updates|notifications|keepalives"
    r"|opens|octets|bytes|monotonic")


DOWN = ("idle", "connect", "active", "opensent", "openconfirm", "open-sent", "open-confirm")


def without_chance(value):
    if isinstance(value, dict):
        return {key: without_chance(item) for key, item in value.items() if not CHANCE.search(key)}
    if value in DOWN:
        return "not established"
    if value == "never":  # a tunnel that has not worked yet: "down" where it has with other keys
        return "down"
    if isinstance(value, list):
        return sorted((without_chance(item) for item in value),
                      key=lambda item: json.dumps(item, sort_keys=True))
    return value


# ---- edits: text -> text


def at(place, statements):
    """Statements behind the comment `#place`."""
    def edit(text):
        assert len(re.findall(rf"#{place}\n", text)) == 1, f"no place {place}"
        return text.replace(f"#{place}\n", f"#{place}\n{statements}\n")
    return edit


def instead(old, new):
    def edit(text):
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        return text.replace(old, new)
    return edit


# ---- comparing


def name_of(item):
    return next((str(item[key]) for key in ("name", "address", "prefix", "peer", "destination")
                 if key in item), "*")


def lines_of(value, path=""):
    """A value as lines, one for each word in it; list items by what names them."""
    if value in ({}, []):
        yield f"{path}: nothing"
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from lines_of(item, f"{path} {key}")
    elif isinstance(value, list):
        for item in value:
            name = name_of(item) if isinstance(item, dict) else ""
            yield from lines_of(item, f"{path} {name}".rstrip())
    else:
        yield f"{path}: {value}"


def difference(a, b):
    """Lines that say where two worlds differ."""
    first, second = Counter(lines_of(a)), Counter(lines_of(b))
    return ([f"- {line}" for line in (first - second).elements()]
            + [f"+ {line}" for line in (second - first).elements()])


def together(first, second):
    """What both give, of two worlds that have nothing to do with each other. What is started ends
    with the thread that starts it, so the first one may start something."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second)
        return first(), other.result()


def wait_equal(first, second, what, timeout=15):
    """Until the questions `first()` and `second()` have the same answer, twice in a row; which."""
    last = {"a": None, "b": None, "before": None}

    def equal():
        last["before"] = last["a"]
        last["a"], last["b"] = together(first, second)
        return last["a"] == last["b"] == last["before"]
    try:
        wait_until(equal, timeout, what, SETTLED)
    except Timeout as e:
        if last["a"] is None or last["b"] is None:
            raise AssertionError(f"{what}: {e}") from e
        lines = (difference(last["a"], last["b"])
                 or ["equal, but not at rest, or in another order:"]
                 + [f"{key}: {a} {last['b'][key]}" for key, a in last["a"].items()
                    if a != last["b"][key]] + difference(last["before"], last["a"]))
        raise AssertionError(f"{what}:\n" + "\n".join(
            line[:300] for line in lines[:30])) from e
    return last["a"]


def schema_leaves():
    """Every leaf and leaf-list of the configuration, as (grouping or list, name)."""
    found = set()
    for module in ("bgp", "plane", "policy", "rib", "system", "wireguard"):
        with open(f"{SOURCE}/yang/wgbgp-{module}.yang", encoding="utf-8") as f:
            stack = []
            for line in f:
                word = re.match(r"\s*(grouping|container|list|leaf|leaf-list|typedef)"
                                r"\s+(\S+)\s*\{", line)
                if word and word[1] in ("leaf", "leaf-list"):
                    found.add((module, *(name for name in stack if name), word[2]))
                code = re.sub(r"\"[^\"]*\"|'[^']*'|//.*", "", line)
                for brace in re.findall(r"[{}]", code):
                    if brace == "{":
                        named = word and word[1] in ("grouping", "container", "list")
                        stack.append(word[2] if named else "")
                        word = None
                    elif stack:
                        stack.pop()
    return {"/".join(path) for path in found}
