# SPDX-License-Identifier: BSD-2-Clause
"""How quick the page is and what it keeps, with 1,000 tunnels: `topo-tests/run measure_page.py -s`.

    many wg0 ══ site-0000 … site-0999      Chromium in the namespace of `many`

Of 10 loads the median until all rows were painted; the heap of JavaScript, after a collection, at
60 and at 600 updates; and pictures, where WGBGP_SHOTS names a directory."""
import os
import statistics

import pytest

from lib.browser import Browser, needs_browser
from lib.build import SOURCE
from lib.topology import built
from lib.wait import wait_until
from lib.web import AT, Web
from lib.wgbgp import Wgbgp

pytestmark = [needs_browser, pytest.mark.timeout(1800)]

TUNNELS = int(os.environ.get("WGBGP_TUNNELS", "1000"))
CONF = """
system {{ hostname many; cli-read-group nogroup; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0); listen-port 51820; address 10.20.255.1/16;
{peers}
    }}
}}
bgp {{ as 65000; router-id 10.20.255.1; }}
"""
PEER = ("peer site-{n:04d} {{ public-key PUB(site{n}.wg0); tunnel-address 10.20.{a}.{b}; "
        "permit 10.{c}.{b}.0/24; }}")
WATCH = """
new MutationObserver((_, observer) => {
    if (document.querySelectorAll("#rows-tunnels tbody tr").length < %d) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => {
        window.painted = performance.now();
    }));
}).observe(document, { childList: true, subtree: true });
""" % TUNNELS

UPDATES = """
let left = arguments[0];
const done = arguments[1];
const click = () => document.getElementById("refresh").click();
const observer = new MutationObserver(() => {
    if (--left > 0) return setTimeout(click);
    observer.disconnect();
    done();
});
observer.observe(document.body, { attributeFilter: ["data-updates"] });
click();
"""


def painted(browser):
    browser.open("about:blank")
    browser.open(f"http://{AT}/")
    return wait_until(lambda: browser.js("return window.painted"), 60, "all rows", 0.02)


def heap(browser):
    browser.devtools("HeapProfiler.collectGarbage")
    metrics = browser.devtools("Performance.getMetrics")["metrics"]
    return {m["name"]: m["value"] for m in metrics}["JSHeapUsedSize"]


def update(browser, n=1):
    """N updates of the page, one behind the other. The page counts them itself: what is run by
    DevTools leaves something in the heap each time."""
    for at in range(0, n, 10):
        browser.js_later(UPDATES, min(10, n - at))


def shots(browser):
    where = os.environ.get("WGBGP_SHOTS")
    if not where:
        return
    for name, view, size in (("many", "tunnels", (1280, 900)), ("drawing", "drawing", (1280, 900)),
                             ("phone", "drawing", (360, 740))):
        browser.size(*size)
        browser.js("location.hash = arguments[0]", view)
        update(browser)
        browser.screenshot(os.path.join(where, f"{name}.png"))


def test_measure(request):
    with built(request.node) as topo:
        router = topo.router("many", topo.internet())
        peers = "\n".join(PEER.format(n=n, a=n // 250, b=n % 250 + 1, c=100 + n // 250)
                          for n in range(TUNNELS))
        w = Wgbgp(topo, router, CONF.format(peers=peers))
        wait_until(lambda: len(w.show("tunnels")["tunnels"]) == TUNNELS, 60, "all tunnels")
        web = Web(w, "-w", os.path.join(SOURCE, "web", "page"))
        browser = Browser(router)
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        browser.devtools("Performance.enable")
        times = [painted(browser) for _ in range(10)]
        print(f"\n{TUNNELS} rows painted: median {statistics.median(times):.0f} ms of "
              f"{sorted(round(t) for t in times)}")
        sizes = {}
        for n, more in ((1, 1), (60, 59), (600, 540)):
            update(browser, more)
            sizes[n] = heap(browser)
        print("heap after a collection: " + ", ".join(
            f"{size / 1e6:.2f} MB at {n}" for n, size in sizes.items())
            + f"; 600 to 60: {sizes[600] / sizes[60]:.3f}")
        shots(browser)
        browser.close()
        web.stop()
