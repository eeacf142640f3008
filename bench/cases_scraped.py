# SPDX-License-Identifier: BSD-2-Clause
"""What a scrape each second costs those who are not asked: delays and blackouts beside wgbgp-web.

    curl ── /metrics, once a second ── wgbgp-web ── the side under test, as in the case itself"""
from lib.wait import wait_until
from lib.web import Web

from cases_churn import Churn
from cases_failover import Failover

SCRAPES = 1000000  # more than any run has time for


class Scraped:
    """Of a case: wgbgp under scrapes beside the same without them."""
    sides = ("wgbgp",)
    rivals = ()
    references = ("wgbgp-alone",)
    bars = ()
    slope = ()

    def start_scrapes(self):
        """Until the topology ends. Each is the whole document, and none may fail."""
        web = Web(self.daemon)
        self.scraping = self.router.spawn("scrapes", [
            "curl", "-sSf", "--noproxy", "*", "--rate", "1/s", "-o", "/dev/null",
            "-w", "%{stderr}%{http_code}\\n", f"http://{web.at}/metrics?[1-{SCRAPES}]"])
        wait_until(lambda: self.scraped() >= 2, 20, "two scrapes", 0.1)

    def scraped(self):
        """So many so far."""
        statuses = self.scraping.text().split()
        assert self.scraping.alive() and set(statuses) <= {"200"}, self.scraping.text()
        return len(statuses)

    def measure(self, topo, side):
        self.beside = self.start_scrapes if side == "wgbgp" else lambda: None
        found = super().measure(topo, "wgbgp")
        if side == "wgbgp":
            self.scraped()
        return found


class ChurnScraped(Scraped, Churn):
    name = "churn-scraped"
    title = "churn beside a scrape of /metrics each second, {size} prefixes"

    def settle(self, topo, side):
        super().settle(topo, side)
        self.beside()


class FailoverScraped(Scraped, Failover):
    name = "failover-scraped"
    title = "failover beside a scrape of /metrics each second, {size} prefixes"

    def start_wgbgp(self, topo):
        super().start_wgbgp(topo)
        self.beside()
