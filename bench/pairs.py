# SPDX-License-Identifier: BSD-2-Clause
"""Two builds of wgbgp side by side: the ratio of each pair of runs, their median, and where the
true median lies with 95 % certainty.

The interval is made of order statistics (the sign test turned around), so it takes nothing for
granted about how the figures are spread. Six pairs are the fewest that give one: with nine it
reaches from the second to the eighth ratio."""
import math
import statistics

CERTAINTY = 0.95
BUILD = "wgbgp="  # a side of this name is the build in the directory behind it


def is_build(side):
    return side.startswith(BUILD)


def cut_off(pairs):
    """How many of the sorted ratios lie outside the interval at each end; None: too few pairs."""
    outside, found = 0.0, None
    for k in range(pairs // 2):
        outside += 2 * math.comb(pairs, k) / 2 ** pairs
        if outside > 1 - CERTAINTY:
            break
        found = k
    return found


def compare(ours, theirs, key):
    """One figure over rounds in which both sides had it; None where there is no such round."""
    ratios = sorted(a[key] / b[key] for a, b in zip(ours, theirs)
                    if key in a and b.get(key))
    if not ratios:
        return None
    k = cut_off(len(ratios))
    return {"median": statistics.median(ratios), "pairs": len(ratios),
            "low": None if k is None else ratios[k], "high": None if k is None else ratios[-1 - k]}


def compare_all(runs, keys):
    """The first side against each other build: {side: {key: comparison}}."""
    first = next(iter(runs))
    found = {}
    for side in filter(is_build, runs):
        compared = {key: compare(runs[first], runs[side], key) for key in keys}
        found[side] = {key: value for key, value in compared.items() if value}
    return found
