import json, os, time
from lib.speaker import Speaker
from lib.topology import link
from lib.wait import wait_until
from lib.wgbgp import Wgbgp
from lib.build import daemon

N = int(os.environ.get("N", "500000"))
CONF = """
bgp { as 64999; router-id 10.0.0.200;
  neighbor 10.0.0.1 { remote-as 65001; import all; export all; }
  neighbor 10.0.0.2 { remote-as 65002; import all; export all; }
}
rib { kernel off; }
policy p { default accept; term 1 { match { prefix [ 0.0.0.0/0{0,32} ]; } then accept; set { local-preference 50; } } }
"""

def test_bench(topo):
    r, n = topo.router("r"), topo.router("n")
    link(r, "lan0", n, "lan0", "10.0.0.200/24", "10.0.0.1/24 10.0.0.2/24")
    w = Wgbgp(topo, r, CONF)
    s = Speaker(topo, n)
    s.do(f"generate t count={N} seed=1")
    for i in (1, 2):
        s.do(f"session s{i} local=10.0.0.{i} remote=10.0.0.200 as={65000+i} remote-as=64999 hold=90")
    s.do(*(f"load s{i} t" for i in (1, 2)))
    s.do("wait established timeout=60", "send", "wait sent timeout=300")
    wait_until(lambda: sum(x["accepted-prefixes"] for x in w.show("bgp summary")["neighbors"]) >= 2 * N * 0.99, 300)
    time.sleep(5)
    pid = w.daemon_pid("bgpd")
    def rss():
        return [l for l in open(f"/proc/{pid}/status") if l.startswith(("VmRSS", "VmHWM"))]
    print(rss())
    for name, edit in (("policy", ("65001; import all", "65001; import p")), ("none", ("65001; import all", "65001; import none")), ("reset", ("65001;", "65001; hold-time 50;"))):
        w.write(CONF.replace(*edit))
        for k in range(2):
            t = time.monotonic()
            run = w.cli_run("plan json")
            took = time.monotonic() - t
            d = json.loads(run.stdout)
            print(name, round(took, 2), d.get("prefixes"), d["verdict"], d.get("error"))
    print(rss())
    print(w.show("bgp summary")["neighbors"][0]["state"])
    print(w.log()[-2000:])
    assert 0
