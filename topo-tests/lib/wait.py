# SPDX-License-Identifier: BSD-2-Clause
"""Waiting on conditions. Tests never sleep: they wait until something is so, and say what."""
import os
import time

# Everything takes longer on an emulated machine or under a sanitizer: timeouts are multiplied.
SLOW = float(os.environ.get("WGBGP_SLOW", "1"))


class Timeout(AssertionError):
    pass


def wait_until(condition, timeout=15, what=None, interval=0.1):
    """Returns the first true value of condition(). An exception in it counts as "not yet";
    the last one is shown when time runs out."""
    end = time.monotonic() + timeout * SLOW
    while True:
        last = None
        try:
            value = condition()
            if value:
                return value
            last = value
        except (AssertionError, KeyError, IndexError, TypeError, OSError, ValueError,
                RuntimeError) as e:
            last = e
        if time.monotonic() > end:
            raise Timeout(f"waited {timeout * SLOW:g} s for: {what or condition} "
                          f"(last: {last!r})") from None
        time.sleep(interval)


def holds(condition, seconds, what=None, interval=0.1):
    """Asserts that condition() stays true for that long: for "does not happen"."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"no longer so: {what or condition}"
        time.sleep(interval)
