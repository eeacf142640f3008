# SPDX-License-Identifier: BSD-2-Clause
"""`wgbgpd -k`, what the unit runs before there is a network: nothing runs, nothing is up.

    machine (lo is all that it has), state/keep-in
"""
import json
import os

from lib.build import daemon

HEAD = "# wgbgp keep-in 1\n"
KEEP_IN = 4294967294  # the metric
PLACES = (("192.168.2.0/24", 254), ("192.168.64.0/18", 254), ("10.1.0.0/16", 101),
          ("fd00:2::/48", 254), ("fd00:77::/32", 101))


def text(places, end=None):
    lines = "".join(f"{p} table {t} proto 222 metric {KEEP_IN}\n" for p, t in places)
    return f"{HEAD}{lines}# end {len(places) if end is None else end}\n"


class Machine:
    def __init__(self, topo):
        self.router = topo.router("machine")
        self.state = os.path.join(self.router.dir, "state")
        self.file = os.path.join(self.state, "keep-in")
        os.makedirs(self.state)

    def load(self, content, mode=0o600):
        with open(self.file, "w", encoding="ascii") as f:
            f.write(content)
        os.chmod(self.file, mode)
        return self.run()

    def run(self):
        r = self.router.run([daemon("wgbgpd/wgbgpd"), "-k"], check=False,
                            env={"WGBGP_STATEDIR": self.state})
        return r.returncode, r.stdout + r.stderr

    def routes(self):
        found = []
        for family in ("-4", "-6"):
            out = self.router.out(["ip", family, "-N", "-j", "route", "show", "table", "all",
                                   "type", "unreachable"])
            found += [(r["dst"], int(r.get("table", 254)), int(r["protocol"]), r["metric"])
                      for r in json.loads(out or "[]")]
        return sorted(found)


def test_loads(topo):
    """Both families, several tables, and again without a change."""
    m = Machine(topo)
    assert m.run() == (0, "")  # there is no file
    for _ in range(2):
        assert m.load(text(PLACES)) == (0, "")
        assert m.routes() == sorted((p, t, 222, KEEP_IN) for p, t in PLACES)
    m.router.ip("addr add 192.168.2.1/24 dev lo")  # whoever has a route for it is before ours
    assert m.router.run("ip route get 192.168.2.7").returncode == 0
    assert m.router.run("ip route get 192.168.65.7", check=False).returncode != 0


def test_default(topo):
    """The default route of the main table: by rules and a table of its own."""
    m = Machine(topo)
    places = [("0.0.0.0/0", 22200), ("::/0", 22200)]
    m.router.ip("link set lo up\nroute add default dev lo")
    for _ in range(2):
        content = text(places).replace(f"{KEEP_IN}\n", f"{KEEP_IN} priority 32763\n")
        assert m.load(content) == (0, "")
        for family in ("-4", "-6"):
            rules = m.router.out(["ip", "-N", family, "rule", "show"]).splitlines()
            assert [r.split(":")[0] for r in rules if "proto 222" in r] == ["32763", "32765"], rules
    assert m.router.run("ip route get 192.0.2.7", check=False).returncode != 0
    m.router.ip("route add 192.0.2.0/24 dev lo")
    assert m.router.run("ip route get 192.0.2.7").returncode == 0


def test_many(topo):
    """Ten thousand are there in one go."""
    m = Machine(topo)
    places = [(f"10.{i >> 8}.{i & 255}.0/24", 254) for i in range(10000)]
    assert m.load(text(places)) == (0, "")
    assert len(m.routes()) == 10000


def test_refused_whole(topo):
    """A file that is not as wgbgpd writes it, or that others can write, changes nothing."""
    m = Machine(topo)
    bad = (("", 1), (text(PLACES)[:-3], 7), (text(PLACES, end=4), 7),
           (text(PLACES).replace("254", "255"), 2), (text(PLACES).replace(str(KEEP_IN), "1"), 2),
           (text([("0.0.0.0/0", 254)]), 2), (text(PLACES) + "10.0.0.0/8\n", 8),
           (text([("0.0.0.0/0", 22200)]).replace("94\n", "94 priority 32764\n"), 2),
           (text([("10.0.0.0/8", 254)]).replace("94\n", "94 priority 32763\n"), 2))
    for content, line in bad:
        status, said = m.load(content)
        assert status == 1 and f"line {line} is not as wgbgpd writes it" in said, (content, said)
        assert not m.routes()
    status, said = m.load(text(PLACES), mode=0o666)
    assert status == 1 and "only its owner" in said and not m.routes()
    os.unlink(m.file)
    os.symlink("/etc/passwd", m.file)
    assert m.run()[0] == 1 and not m.routes()


def test_family_is_off(topo):
    """Without IPv6 the others are kept in, and that is said."""
    m = Machine(topo)
    m.router.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"])
    status, said = m.load(text(PLACES))
    assert {p for p, *_ in m.routes()} >= {p for p, _ in PLACES if ":" not in p}
    assert status == 0 or "the kernel refused 2 of 5 routes, first fd00:2::/48" in said
