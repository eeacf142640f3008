# SPDX-License-Identifier: BSD-2-Clause
"""Whether an answer of `show ... json` has the members that yang/wgbgp-requests.yang gives it: no other
ones, and all but those that are there at times. So the reference, which follows from it, is true."""
import os
import re
import sys

from .build import SOURCE, yang_dir

sys.path.insert(0, os.path.join(SOURCE, "yang"))
from schema import load  # noqa: E402

# What is shown, by the words of the CLI.
COMMANDS = [(r"bgp.* summary", "bgp-summary"),
            (r"(ip )?bgp neighbors \S+ (received|advertised)-routes", "bgp-routes"),
            (r"(ip )?bgp neighbors", "bgp-neighbors"), (r"(ip )?bgp", "bgp-routes"),
            (r"((ip|ipv4|ipv6) )?route", "route"), (r"rib summary", "rib-summary"),
            (r"nftables", "nftables-sets"), (r"configuration|metrics|history|debug", None), (r"\S+", "{}")]

module = load(os.path.join(SOURCE, "yang"), "requests")
groupings = {g.arg: g for g in module.all("grouping")}
requests = {r.arg: r for r in module.all("rpc")}


def members(node):
    found = {}
    for s in node.sub:
        if s.keyword == "uses":
            found |= members(groupings[s.arg])
        elif s.keyword in ("leaf", "leaf-list", "container", "list"):
            found[s.arg] = s
    return found


def faults(known, value, path):
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict) or not known:
            continue
        yield from (f"{path}/{key} is not in the schema" for key in one if key not in known)
        yield from (f"{path}/{key} is missing" for key, node in known.items()
                    if key not in one and not node.all("wq:sometimes"))
        for key in one.keys() & known.keys():
            yield from faults(members(known[key]), one[key], f"{path}/{key}")


def check(what, document):
    if yang_dir() != os.path.join(SOURCE, "yang"):
        return  # another build's answers follow its own schema
    command = next(name for words, name in COMMANDS if re.match(words, what))
    command = command and command.format(what.split()[0])
    if command in requests and document.get("error") is None:
        output = requests[command].all("output")[0]
        wrong = sorted(set(faults(members(output), document, command)))
        assert not wrong, f"show {what}: {wrong}"
