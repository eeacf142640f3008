# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Prometheus scrapes wgbgp-web every second, with the rules and the dashboard of contrib/.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            │
            prometheus ─ wgbgp-web 127.0.0.1:8179

WGBGP_SCRAPES=600 is the ten minutes of a soak; 20 otherwise."""
import json
import os
import shutil
import urllib.parse

import pytest

from lib.build import SOURCE
from lib.wait import wait_until
from lib.web import Web

SCRAPES = int(os.environ.get("WGBGP_SCRAPES", "20"))
PROMETHEUS = shutil.which("prometheus")
CONFIG = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [ {rules} ]
scrape_configs:
  - job_name: wgbgp
    static_configs: [ {{ targets: [ "127.0.0.1:8179" ] }} ]
"""
pytestmark = pytest.mark.skipif(not PROMETHEUS, reason="Prometheus is not installed")


class Prometheus:
    def __init__(self, router):
        self.router = router
        folder = os.path.join(router.dir, "prometheus")
        os.makedirs(folder)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(rules=f"{SOURCE}/contrib/prometheus/wgbgp.rules.yml"))
        self.process = router.spawn("prometheus", [
            PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
            "--web.listen-address=127.0.0.1:9090"])
        wait_until(lambda: self.value('up{job="wgbgp"}') == 1, 60, "a scrape")

    def query(self, text):
        """The series of the answer."""
        out = self.router.out(["curl", "-sS", "--noproxy", "*", "--max-time", "10",
                               "http://127.0.0.1:9090/api/v1/query?" +
                               urllib.parse.urlencode({"query": text})])
        answer = json.loads(out)
        assert answer["status"] == "success", (text, answer)
        return answer["data"]["result"]

    def value(self, text):
        """Of a query with one series; None where there is none."""
        try:
            series = self.query(text)
        except Exception:  # pylint: disable=broad-except # not listening yet
            assert self.process.alive(), self.process.text()
            return None
        return float(series[0]["value"][1]) if series else None

    def firing(self):
        return {s["metric"]["alertname"] for s in self.query('ALERTS{alertstate="firing"}')}


@pytest.fixture
def prometheus(two):
    two.wa.replace("bgp {", "system { cli-read-group nogroup; }\nbgp {")
    web = Web(two.wa)
    prometheus = Prometheus(two.a)
    yield prometheus
    prometheus.process.stop()
    web.stop()


def dashboard():
    """Each query of the dashboard, as Grafana would fill it in."""
    with open(f"{SOURCE}/contrib/grafana/wgbgp.json", encoding="utf-8") as f:
        panels = json.load(f)["panels"]
    for panel in panels:
        for target in panel.get("targets", []):
            yield (panel["title"], target["expr"].replace("$instance", ".+")
                   .replace("$__rate_interval", "10s"))


@pytest.mark.timeout(2 * SCRAPES + 240)
def test_scrapes_rules_dashboard(two, prometheus):
    """No scrape fails, each query has a series, the rules fire in a cut and resolve after it."""
    for title, text in dashboard():
        wait_until(lambda q=text: prometheus.query(q), 30, f"a series for {title}: {text}")
    wait_until(lambda: not prometheus.firing(), 30, "no alert")
    two.net.cut("a", "b")
    wait_until(lambda: {"WgbgpTunnelDown", "WgbgpNoTunnelLeft"} <= prometheus.firing(), 60,
               "the alerts of a cut")
    two.net.restore("a", "b")
    wait_until(lambda: not prometheus.firing() & {"WgbgpTunnelDown", "WgbgpNoTunnelLeft"}, 60,
               "the alerts to resolve")
    span = f"[{SCRAPES + 600}s]"
    wait_until(lambda: prometheus.value(f'count_over_time(up{{job="wgbgp"}}{span})') >= SCRAPES,
               SCRAPES * 2 + 60, f"{SCRAPES} scrapes")
    scrapes = prometheus.value(f'count_over_time(up{{job="wgbgp"}}{span})')
    good = prometheus.value(f'sum_over_time(up{{job="wgbgp"}}{span})')
    slowest = prometheus.value(f'max_over_time(scrape_duration_seconds{{job="wgbgp"}}{span})')
    print(f"{good:.0f} of {scrapes:.0f} scrapes, the slowest in {slowest * 1000:.0f} ms")
    assert good == scrapes
