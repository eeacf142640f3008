# SPDX-License-Identifier: BSD-2-Clause
"""topo-tests/watch in a router: both tables, and where they did not agree while they changed."""
from .build import program
from .speaker import Speaker


class Watch(Speaker):
    def __init__(self, topo, router, *interfaces):
        super().__init__(topo, router, "watch", [program("topo-tests/watch"), *interfaces])
        self.rounds = 0  # so often both tables were read
        self.found = []  # while they changed: addresses that find another entry than their route's

    def ask(self, line):
        self.tell(line)
        return self.answers(1)[0]

    def look(self, *prefixes):
        """({prefix: [route]}, {interface: {prefix: public key}}) of these prefixes, or of all."""
        answer = self.ask(" ".join(("look", *prefixes)))
        self.found += answer["found"]
        self.rounds = answer["rounds"]
        routes = {}
        for prefix, route in answer["routes"]:
            routes.setdefault(prefix, []).append(route)
        return routes, answer["entries"]

    def mute(self):
        """Somebody meddles from now on: nothing is found."""
        self.ask("mute")

    def judge(self):
        self.ask("judge")
