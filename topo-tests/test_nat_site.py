# SPDX-License-Identifier: BSD-2-Clause
"""A site behind NAT: the hub has no endpoint for it, and must wait to be spoken to.

    hub wg0 10.9.0.1 ══ Internet ══ NAT box ══ 10.9.0.11 wg0 site1 ─ 192.168.1.0/24 ─ host
                   ╚════════════════════════ 10.9.0.12 wg0 site2 ─ 192.168.2.0/24 ─ host
"""
from lib.hubspoke import HubSpoke
from lib.probe import reaches
from lib.wait import wait_until


def test_site_behind_nat(topo):
    star = HubSpoke(topo, sites=2, nat=(1,))
    star.wait()
    wait_until(lambda: star.whub.tunnel("site1")["endpoint"].split(":")[0] ==
               star.net.address("box1"), what="the endpoint that was learned")
    reaches(star.host[2], star.host[1].address)
    reaches(star.host[1], star.host[2].address)


def test_never_spoken(topo):
    """Until then its tunnel is `never`, which is not down, and the hub says so."""
    star = HubSpoke(topo, sites=1, nat=(1,))
    star.wait()
    star.whub.replace("peer site1 {", """peer site9 {
        public-key PUB(site9.wg0); tunnel-address [ 10.9.0.19 ]; permit [ 192.168.9.0/24 ];
    }
    peer site1 {""")
    wait_until(lambda: star.whub.tunnel_state("site9") == "never", what="never")
    assert star.whub.tunnel("site9")["handshake-seconds"] is None


def test_new_mapping(topo):
    """The NAT box forgets: the next packet of the site has another port. The hub follows."""
    star = HubSpoke(topo, sites=1, nat=(1,))
    star.wait()
    before = wait_until(lambda: star.whub.tunnel("site1")["endpoint"], what="an endpoint")
    star.box[1].nft("""flush chain ip nat out
        add rule ip nat out oifname "u0" udp dport 51820 masquerade to :40000-40100
        add rule ip nat out oifname "u0" masquerade""")
    # Another source port inside is another flow to the box: the old entry does not matter.
    star.site[1].run(["wg", "set", "wg0", "listen-port", "50999"])
    wait_until(lambda: star.whub.tunnel("site1")["endpoint"] not in (None, before), 60,
               "the new endpoint")
    reaches(star.host[1], "10.9.0.1")
