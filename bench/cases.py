# SPDX-License-Identifier: BSD-2-Clause
"""The cases by name, in the order in which they run."""
from cases_churn import Churn, Fairness, Show
from cases_failover import (Failover, FailoverFast, FailoverOneWay, FailoverOneWayFast, Repair,
                            RepairShared)
from cases_restart import HubRestart
from cases_scraped import ChurnScraped, FailoverScraped
from cases_table import Reconnect, Reflect, SlowReader, Start, Table, TableFib
from cases_wg import AllowedIps, Idle

CASES = {case.name: case for case in (Table, TableFib, Reflect, SlowReader, Churn, Fairness,
                                      Reconnect, HubRestart, Start, Show, AllowedIps, Idle, Repair,
                                      RepairShared, Failover, FailoverFast, FailoverOneWay,
                                      FailoverOneWayFast, ChurnScraped, FailoverScraped)}
