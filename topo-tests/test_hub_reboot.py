# SPDX-License-Identifier: BSD-2-Clause
"""A hub reboots; its sites are behind NAT and cannot be called.

    hub wg0 10.9.0.1 ══ Internet ══╦═ NAT box ══ site1 ─ 192.168.1.0/24 ─ host
                                   ╚═ NAT box ══ site2 ─ 192.168.2.0/24 ─ host

The hub's kernel state is gone, but it wrote down where its sites were heard last: it calls them
there, as the mappings in the boxes may still be alive, and need not wait for them."""
import os

from lib.hubspoke import HubSpoke
from lib.probe import reaches
from lib.wait import wait_until


def test_learned_endpoints_survive(topo):
    star = HubSpoke(topo, sites=2, nat=(1, 2))
    star.wait()
    endpoints = {n: wait_until(lambda n=n: star.whub.tunnel(f"site{n}")["endpoint"],
                               what="its endpoint") for n in (1, 2)}
    kept = os.path.join(star.whub.statedir, "endpoints")
    wait_until(lambda: endpoints[1] in open(kept, encoding="ascii").read() and
               endpoints[2] in open(kept, encoding="ascii").read(), 60, "the endpoints on disk")
    star.whub.stop()
    star.hub.ip("link del wg0")         # what a reboot forgets
    wait_until(lambda: not star.hub.pids(), what="wireguard-go to end with its link")
    star.whub.start()
    for n in (1, 2):
        wait_until(lambda n=n: star.whub.tunnel(f"site{n}").get("endpoint") == endpoints[n],
                   what="the endpoint of before")
    star.wait()
    reaches(star.host[1], star.host[2].address)
