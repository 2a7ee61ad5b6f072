"""mms: Multi Model Server and hostler in its place: the same configuration, handlers and management calls."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchkit.places import BENCH, HOSTLER_PYTHON, PEERS_DIR, ROOT
from benchkit.proc import Process, adopt_orphans, alive, table, tree, usage, wait_until_gone
from benchkit.report import Outcome
from benchkit.servers import hostler_environment, install, kill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchkit.options import Options

CONNECTIONS = 32
MANY = 50
LOADS = 9
BATCH = 32
STOP_S = 20
NOOP_FASTER, SKLEARN_FASTER, LOAD_FASTER = 10, 3, 20
MEMORY_SHARE = 1 / 5
ROW = "[0.1, 0.2, 0.3, 0.4]"

TRAIN = """
import sys, joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
data = load_iris()
joblib.dump(LogisticRegression(max_iter=500).fit(data.data, data.target), sys.argv[1])
"""


candidates = iter(range(28_600, 32_000))


def low_port() -> int:
    """A free port that MMS takes: its largest is 32767."""
    for port in candidates:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise SystemExit("no free port below 32000")


@dataclass
class ModelServer:
    """One of the two, started by the same command line."""

    name: str
    command: tuple[str, ...]
    python: Path
    environment: dict[str, str]
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hostler-bench-mms-")))
    ports: list[int] = field(default_factory=lambda: [low_port(), low_port()])
    process: subprocess.Popen[bytes] | None = None
    family: list[Process] = field(default_factory=list)

    @property
    def inference(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def management(self) -> str:
        return f"http://127.0.0.1:{self.ports[1]}"

    def make_store(self) -> None:
        store = self.folder / "store"
        shutil.copytree(BENCH / "apps" / "mms", store, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([self.python, "-c", TRAIN, str(store / "sklearn" / "model.joblib")], check=True)
        (self.folder / "config.properties").write_text(
            f"inference_address={self.inference}\n"
            f"management_address={self.management}\n"
            f"model_store={store}\n"
            "default_workers_per_model=1\n"
            "job_queue_size=1000\n"
        )

    def start(self, patience: float) -> None:
        self.make_store()
        logs = PEERS_DIR / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        line = [*self.command, "--start", "--foreground", "--mms-config", "config.properties"]
        scratch = self.folder / "tmp"
        scratch.mkdir()
        places = dict.fromkeys(("TEMP", "TMPDIR", "LOG_LOCATION", "METRICS_LOCATION"), str(scratch))
        with (logs / f"mms-{self.name}.log").open("wb") as log:
            self.process = subprocess.Popen(
                line,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self.environment | places,
            )
        give_up = time.monotonic() + patience
        while True:
            try:
                urllib.request.urlopen(f"{self.inference}/ping", timeout=5).close()
                return
            except OSError as error:
                if time.monotonic() > give_up or self.process.poll() is not None:
                    raise SystemExit(f"{self.name} does not answer; see {logs}") from error
                time.sleep(0.02)

    def manage(self, method: str, path: str) -> float:
        """Seconds that a management call takes; anything but a 2xx ends the run."""
        at = time.monotonic()
        message = urllib.request.Request(self.management + path, method=method)
        try:
            urllib.request.urlopen(message, timeout=120).close()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{self.name}: {method} {path}: {error.code} {error.read()!r}") from error
        return time.monotonic() - at

    def load(self, name: str, url: str, batch: int = 1) -> float:
        query = f"url={url}&model_name={name}&handler={url}_handler:handle&initial_workers=1"
        return self.manage("POST", f"/models?{query}&synchronous=true&batch_size={batch}&max_batch_delay=5")

    @property
    def pss_mb(self) -> float:
        return usage(self.process.pid if self.process else None).pss_mb

    def stop(self) -> int:
        """SIGTERM to the server alone; how many of its processes are left 5 s after it has gone."""
        if self.process is None:
            return 0
        processes = table()
        family = [processes[pid] for pid in tree(self.process.pid, processes)]
        # Its starter may have handed over to a child, which is then what is told to stop.
        self.process.send_signal(signal.SIGTERM)
        for one in family:
            if one.parent == self.process.pid:
                os.kill(one.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            print(f"{self.name} did not stop within {STOP_S} s of SIGTERM")
        wait_until_gone(family, 5)
        left = alive(family)
        kill(left)
        shutil.rmtree(self.folder, ignore_errors=True)
        return len(left)


def rivals() -> list[ModelServer]:
    venv = PEERS_DIR / "venvs" / "mms" / "bin"
    theirs = dict(os.environ) | {"PATH": f"{venv}:{os.environ['PATH']}"}
    return [
        ModelServer(
            "hostler", (str(ROOT / "shims" / "multi-model-server"),), HOSTLER_PYTHON, hostler_environment()
        ),
        ModelServer("mms", (str(venv / "multi-model-server"),), venv / "python", theirs),
    ]


@contextmanager
def both(patience: float) -> Iterator[list[ModelServer]]:
    servers = rivals()
    try:
        for one in servers:
            one.start(patience)
        yield servers
    finally:
        for one in servers:
            one.stop()


def rate(one: ModelServer, model: str, seconds: float) -> float:
    """Good answers a second at 32 connections."""
    body = one.folder / "body"
    body.write_text(ROW)
    line = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout=10s"]
    line += ["-s", str(BENCH / "lua" / "post.lua"), f"{one.inference}/predictions/{model}", "--", str(body)]
    run = subprocess.run(line, capture_output=True, text=True)
    requests, micros, failed = map(int, run.stderr.split()[-3:])
    if failed:
        print(f"  {one.name}: {failed} of {requests} calls of {model} failed")
    return (requests - failed) / (micros / 1e6)


def invoke(outcome: Outcome, servers: list[ModelServer], options: Options) -> None:
    cases = [("noop", "noop", 1), ("sklearn", "sklearn", 1), (f"sklearn-{BATCH}", "sklearn", BATCH)]
    for one in servers:
        for name, url, batch in cases:
            one.load(name, url, batch)
            rate(one, name, 1)
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.rounds):
        for name, _, _ in cases:
            for one in servers:
                found.setdefault((one.name, name), []).append(rate(one, name, options.seconds))
    outcome.line(f"\nINVOKE, {CONNECTIONS} connections, one worker a model, medians of {options.rounds}.")
    outcome.head("handler", *(one.name for one in servers), "x")
    medians = {key: statistics.median(values) for key, values in found.items()}
    for name, _, _ in cases:
        ours, theirs = medians["hostler", name], medians["mms", name]
        outcome.row([name, f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.1f}"])
    outcome.results.append({f"{server} {name}": value for (server, name), value in medians.items()})
    base = medians["mms", "sklearn"]
    outcome.at_least(
        "no-op handler, x MMS", medians["hostler", "noop"] / medians["mms", "noop"], NOOP_FASTER, " x"
    )
    outcome.at_least("sklearn handler, x MMS", medians["hostler", "sklearn"] / base, SKLEARN_FASTER, " x")
    batched = medians["hostler", f"sklearn-{BATCH}"] / base
    outcome.at_least(f"sklearn handler in batches of {BATCH}, x MMS one by one", batched, 8, " x")


def loads(outcome: Outcome, servers: list[ModelServer]) -> None:
    times: dict[str, list[float]] = {one.name: [] for one in servers}
    for turn in range(LOADS):
        for one in servers:
            times[one.name].append(one.load(f"loaded-{turn}", "noop"))
    for one in servers:
        for turn in range(LOADS):
            one.manage("DELETE", f"/models/loaded-{turn}")
    medians = {name: 1000 * statistics.median(values) for name, values in times.items()}
    outcome.line(f"\nLOAD of the no-op handler: {medians['hostler']:.0f} ms, MMS {medians['mms']:.0f} ms.")
    outcome.results.append({"load_ms": medians})
    outcome.at_least("LOAD, x faster than MMS", medians["mms"] / medians["hostler"], LOAD_FASTER, " x")


def memory(outcome: Outcome, servers: list[ModelServer], options: Options) -> None:
    count = options.fewer(MANY, 5)
    grown: dict[str, float] = {}
    for one in servers:
        for index in range(count):
            one.load(f"many-{index}", "noop")
        grown[one.name] = one.pss_mb
    outcome.line(f"\nPSS with {count} handler models: {grown['hostler']:.0f} MB, MMS {grown['mms']:.0f} MB.")
    outcome.results.append({"models": count, "pss_mb": grown})
    outcome.at_most(
        f"PSS with {count} handler models, x MMS", grown["hostler"] / grown["mms"], MEMORY_SHARE, " x"
    )


def run(options: Options) -> Outcome:
    outcome = Outcome()
    install("tools", "hostler", "mms")
    adopt_orphans()
    with both(options.patience) as servers:
        invoke(outcome, servers, options)
        loads(outcome, servers)
    with both(options.patience) as servers:
        memory(outcome, servers, options)
        left = {one.name: one.stop() for one in servers}
    outcome.line(f"\nProcesses left after SIGTERM: {left}.")
    outcome.at_most("hostler's processes left after SIGTERM", left["hostler"], 0)
    return outcome
