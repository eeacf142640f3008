# SPDX-License-Identifier: BSD-2-Clause
"""Full tunnel and split tunnel side by side at one hub, in both families.

                     ╔══ site1 ─ 192.168.1.0/24 ─ host    everything by the hub: full tunnel
    hub wg0 10.9.0.1 ╬══ site2 ─ 192.168.2.0/24 ─ host    the sites by the hub: split tunnel
     u0 │ masquerade ╚══ site3 ─ 192.168.3.0/24 ─ host    full tunnel
        └─ Internet ─ server (knows none of the sites' networks)

The hub announces 0.0.0.0/0 and ::/0 to all; what a site permits decides which kind it is."""
from lib.hubspoke import HubSpoke, hub_conf, site_conf
from lib.probe import reaches
from lib.wait import wait_until

MASQUERADE = """
table inet full {
    chain out {
        type nat hook postrouting priority 100;
        oifname "u0" ip saddr 192.168.0.0/16 masquerade
        oifname "u0" ip6 saddr fd01::/16 masquerade
    }
}
"""


def full(n):
    """The default route that is there would win: distance 0."""
    return site_conf(n).replace("permit [", "permit [ 0.0.0.0/0 ::/0") \
        + "rib { pin-endpoints on; distance { kernel 250; } }"


def test_full_and_split(topo):
    star = HubSpoke(topo, sites=3, start=False)
    server = topo.router("server", star.net)
    v4, v6 = star.net.address(server), star.net.address(server, 6)
    star.hub.nft(MASQUERADE)
    star.whub.write(hub_conf(star.numbers) + "bgp { network [ 0.0.0.0/0 ::/0 ]; }")
    star.whub.start()
    for n in (1, 3):
        star.wsite[n].reload(full(n))
    star.wait()
    for n in (1, 3):
        w = star.wsite[n]
        for address in (v4, v6):
            wait_until(lambda a=address, w=w: w.leaves_by(a) == "wg0"
                       and w.longest("wg0", a) == "hub.wg0", what=f"site{n}'s full tunnel")
        # The host's address means nothing to the server: the answer comes back by the hub.
        reaches(star.host[n], v4)
        reaches(star.host[n], v6)
        assert w.leaves_by(star.net.address("hub")) == "u0"

    # The split one hears of the default routes and keeps its own.
    split = star.wsite[2]
    for default in ("0.0.0.0/0", "::/0"):
        wait_until(lambda d=default: split.reasons(d) == ["outside-permit"], what="the refusal")
        assert not split.kernel_routes(default)
    assert split.leaves_by(v4) == split.leaves_by(v6) == "u0"
    reaches(star.site[2], v4)

    for n in star.numbers:
        for m in star.numbers:
            if n != m:
                reaches(star.host[n], star.host[m].address)
                reaches(star.host[n], star.host[m].address6)
