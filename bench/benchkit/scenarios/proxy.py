"""proxy: an endpoint before a server that takes a millisecond, beside nginx and beside nothing."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from benchkit.load import wrk
from benchkit.places import BENCH, PEERS_DIR, node
from benchkit.proc import listener, table, tree
from benchkit.report import Outcome
from benchkit.servers import free_ports
from benchkit.up import Up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchkit.options import Options

BODY = '{"data": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]}'
PATHS = {"nothing": "/score", "nginx": "/score", "hostler": "/endpoints/proxy/score"}
MOST_ADDED_MS = 0.3
LEAST_SHARE = 0.8
PATIENCE_S = 30
# Enough requests that everything is compiled before it is measured.
WARM_UP_CONNECTIONS = 32
WARM_UP_S = 6

Sample = dict[str, Any]


@contextmanager
def process(line: list[str], log: Path) -> Iterator[int]:
    with log.open("wb") as output:
        one = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield one.pid
    finally:
        one.terminate()
        try:
            one.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()


def nginx_line(folder: Path, port: int, upstream: int) -> list[str]:
    """As Debian starts it: a worker a core."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    text = (BENCH / "apps" / "nginx_proxy.conf").read_text()
    for name, value in {"WORKERS": "auto", "RUN": folder, "PORT": port, "UPSTREAM": upstream}.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "nginx.conf").write_text(text)
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("nginx is not installed (Debian: apt install nginx)")
    return [program, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]


def wait_for(url: str) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            urllib.request.urlopen(url, BODY.encode(), timeout=PATIENCE_S).close()
        except OSError as error:
            if time.monotonic() > give_up:
                raise SystemExit(f"no answer from {url} in {PATIENCE_S} s: {error}") from error
            time.sleep(0.02)
        else:
            return


def cpu_s(pids: set[int]) -> float:
    processes = table()
    return sum(processes[pid].cpu_s for pid in pids if pid in processes)


def deploy(up: Up, port: int) -> str:
    """The server as a deployment with a port of its own; the endpoint's key."""
    up.wait_until_up(PATIENCE_S)
    key = up.endpoint("proxy")
    route = {"path": "/score", "port": port}
    routes = {f"{kind}_route": route for kind in ("liveness", "readiness", "scoring")}
    made = up.call("POST", "/api/environments", {"name": "one-millisecond", "inference_config": routes})
    up.deployment(
        "proxy",
        "blue",
        environment={"name": made["name"], "version": made["version"]},
        command=[node(), str(BENCH / "apps" / "one_millisecond.mjs")],
        environment_variables={"PORT": str(port)},
    )
    up.traffic("proxy", blue=100)
    return key


class Proxies:
    """The server, started by hostler up, and what stands before it."""

    def __init__(self, stack: ExitStack) -> None:
        folder = PEERS_DIR / "proxy"
        server, nginx = free_ports(2)
        up = Up()
        stack.callback(shutil.rmtree, up.state, ignore_errors=True)
        stack.callback(up.stop)
        up.start()
        self.header = f"authorization: Bearer {deploy(up, server)}"
        line = nginx_line(folder, nginx, server)
        nginx_pid = stack.enter_context(process(line, folder / "nginx.log"))
        self.urls = {
            "nothing": f"http://127.0.0.1:{server}",
            "nginx": f"http://127.0.0.1:{nginx}",
            "hostler": up.url,
        }
        # The server is hostler's child: what hostler itself spends is its front's.
        self.pids = {"nothing": set[int](), "nginx": {nginx_pid}, "hostler": {listener(up.ports[0]) or 0}}
        self.scripts = {name: folder / f"{name}.requests" for name in PATHS}
        for name, script in self.scripts.items():
            script.write_text(f"{PATHS[name]}\t{BODY}\n")
        wait_for(self.urls["nginx"] + PATHS["nginx"])

    def measure(self, name: str, connections: int, seconds: float) -> Sample:
        pids = self.pids[name] | (tree(next(iter(self.pids[name]))) if name == "nginx" else set())
        before = cpu_s(pids)
        found = wrk(self.urls[name], [str(self.scripts[name])], connections, seconds, 10, (self.header,))
        if "problem" in found:
            raise SystemExit(f"wrk on {self.urls[name]}: {found['problem']}")
        return found | {"cpu_us_per_ok": 1e6 * (cpu_s(pids) - before) / max(1, found["ok"])}


def tabulate(outcome: Outcome, connections: int, samples: dict[str, list[Sample]]) -> dict[str, Sample]:
    """Medians by name."""
    counted = "1 connection" if connections == 1 else f"{connections} connections"
    outcome.line(f"\n#### {counted}, {len(samples['nginx'])} rounds in turn")
    outcome.head("before the server", "req/s", "range", "x nginx", "p50 ms", "p99 ms", "CPU-µs/req", "errors")
    names = ("ok_per_s", "p50_ms", "p99_ms", "cpu_us_per_ok")
    medians = {
        name: {what: statistics.median(one[what] for one in found) for what in names}
        for name, found in samples.items()
    }
    for name, found in samples.items():
        rates, median = [one["ok_per_s"] for one in found], medians[name]
        errors = sum(one["bad_status"] + one["socket_errors"] + one["timeouts"] for one in found)
        line = [name, f"{median['ok_per_s']:.0f}", f"{min(rates):.0f}-{max(rates):.0f}"]
        line.append(f"{median['ok_per_s'] / medians['nginx']['ok_per_s']:.2f}")
        line += [f"{median['p50_ms']:.2f}", f"{median['p99_ms']:.2f}"]
        cpu = "-" if name == "nothing" else f"{median['cpu_us_per_ok']:.0f}"
        outcome.row([*line, cpu, str(errors)])
        outcome.results.append({"what": name, "connections": connections, "samples": found})
        outcome.at_most(f"{name}, {counted}: errors", errors, 0)
    return medians


def run(options: Options) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        proxies = Proxies(stack)
        for connections in options.connections:
            samples: dict[str, list[Sample]] = {name: [] for name in PATHS}
            for name in PATHS:
                proxies.measure(name, WARM_UP_CONNECTIONS, WARM_UP_S)
            for turn in range(options.rounds):
                names = list(PATHS)
                shift = turn % len(names)
                for name in names[shift:] + names[:shift]:
                    samples[name].append(proxies.measure(name, connections, options.seconds))
            medians = tabulate(outcome, connections, samples)
            ours, theirs = medians["hostler"], medians["nginx"]
            if connections == 1:
                added = ours["p50_ms"] - medians["nothing"]["p50_ms"]
                outcome.at_most("added to the server's p50, 1 connection", added, MOST_ADDED_MS, " ms")
            share = ours["ok_per_s"] / theirs["ok_per_s"]
            name = f"throughput, {connections} connection{'' if connections == 1 else 's'}, x nginx"
            outcome.at_least(name, share, LEAST_SHARE, " x")
    return outcome
