# SPDX-License-Identifier: BSD-2-Clause
"""Pieces of configuration that tests share: the times. The defaults suit the world and would make
a test wait for minutes. On a slow machine detection must be slower too, or it would see ghosts."""
from .wait import SLOW

_K = min(SLOW, 3.0)

# In `bgp`: sessions come up at once; a lost one is noticed in 30 s, far later than its tunnel.
TIMERS = "hold-time 30; keepalive 10; connect-retry 1;"

# In `interface` or `peer`: a dead tunnel is down after about three seconds.
PROBE_TIMEOUT_MS = int(3000 * _K)
FAST = (f"liveness {{ poll-interval 200; probe-interval {int(700 * _K)}; "
        f"probe-timeout {PROBE_TIMEOUT_MS}; up-hold 500; }}")

# The same with echo requests: a dead tunnel is down after about a second, loss is seen in two.
ECHO_MS = int(200 * min(SLOW, 1.5))
ECHO = FAST.replace("{", f"{{ echo on; echo-interval {ECHO_MS};", 1)


def bfd(interval_ms=50, multiplier=3):
    """FAST with BFD."""
    return FAST[:-1] + (f"bfd {{ enabled on; interval {int(interval_ms * _K)}; "
                        f"multiplier {multiplier}; }} }}")
