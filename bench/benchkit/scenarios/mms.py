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

from benchkit.places import BENCH, PEERS_DIR, ROOT
from benchkit.proc import (
    Process,
    adopt_orphans,
    alive,
    table,
    tree,
    usage,
    wait_until_gone,
)
from benchkit.report import Outcome
from benchkit.servers import Peer, hostler_environment, install, kill, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchkit.options import Options

CONNECTIONS = 32
MANY = 50
LOADS = 9
BATCH = 32
STOP_S = 20
WARM_UP_S = 2
NOOP_FASTER, SKLEARN_FASTER, BATCH_FASTER, OWN_FASTER, LOAD_FASTER = 10, 3, 8, 10, 20
HANDLER_SHARE, OWN_SHARE = 1 / 5, 1 / 15
JSON_ROW, CSV_ROW, FLOOR_ROW = (
    ("[0.1, 0.2, 0.3, 0.4]", "application/json"),
    ("0.1,0.2,0.3,0.4\n", "text/csv"),
    ('{"inputs": []}', "application/json"),
)
OWN = "own"
"""The folder that holds nothing but a model: hostler serves it by its own runtime, MMS needs a handler."""

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
        trained = store / "sklearn" / "model.joblib"
        subprocess.run([self.python, "-c", TRAIN, str(trained)], check=True)
        (store / OWN).mkdir()
        for other in ("csv", OWN):
            shutil.copy(trained, store / other)
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
        line = [
            *self.command,
            "--start",
            "--foreground",
            "--mms-config",
            "config.properties",
        ]
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
        handler = "" if url == OWN else f"&handler={url}_handler:handle"
        query = f"url={url}&model_name={name}{handler}&initial_workers=1"
        return self.manage(
            "POST",
            f"/models?{query}&synchronous=true&batch_size={batch}&max_batch_delay=5",
        )

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
    """Both run handlers with the peer's Python: scikit-learn 1.9 takes twice as long for a row as its 1.6."""
    venv = PEERS_DIR / "venvs" / "mms" / "bin"
    python = venv / "python"
    ours = hostler_environment() | {"HOSTLER_PYTHON": str(python)}
    theirs = dict(os.environ) | {"PATH": f"{venv}:{os.environ['PATH']}"}
    return [
        ModelServer("hostler", (str(ROOT / "shims" / "multi-model-server"),), python, ours),
        ModelServer("mms", (str(venv / "multi-model-server"),), python, theirs),
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


@dataclass(frozen=True)
class Case:
    """What is asked of both, and of which folder each serves it."""

    name: str
    ours: str
    theirs: str
    row: tuple[str, str] = JSON_ROW
    batch: int = 1

    def folder(self, one: ModelServer) -> str:
        return self.ours if one.name == "hostler" else self.theirs


CONSTANT = "answers a constant"
ONE_BY_ONE, BATCHED = "sklearn handler", f"sklearn handler in batches of {BATCH}"
CASES = (
    Case("no-op handler", "noop", "noop"),
    Case(ONE_BY_ONE, "sklearn", "sklearn"),
    Case(BATCHED, "sklearn", "sklearn", batch=BATCH),
    Case("sklearn on CSV", OWN, "csv", CSV_ROW),
)
BOUNDS = {
    CASES[0].name: NOOP_FASTER,
    ONE_BY_ONE: SKLEARN_FASTER,
    BATCHED: BATCH_FASTER,
    CASES[3].name: OWN_FASTER,
}


def rate(one: ModelServer, case: Case, model: str, seconds: float) -> float:
    """Good answers a second at 32 connections."""
    return posted(one.name, f"{one.inference}/predictions/{model}", case.row, seconds)


def posted(name: str, url: str, row: tuple[str, str], seconds: float) -> float:
    text, content_type = row
    with tempfile.NamedTemporaryFile("w") as body:
        body.write(text)
        body.flush()
        line = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout=10s"]
        line += ["-s", str(BENCH / "lua" / "post.lua"), url, "--", body.name, content_type]
        run = subprocess.run(line, check=False, capture_output=True, text=True)
    requests, micros, failed = map(int, run.stderr.split()[-3:])
    if failed:
        print(f"  {name}: {failed} of {requests} calls of {url} failed")
    return (requests - failed) / (micros / 1e6)


def invoke(outcome: Outcome, servers: list[ModelServer], options: Options) -> None:
    for one in servers:
        for index, case in enumerate(CASES):
            one.load(f"case-{index}", case.folder(one), case.batch)
            rate(one, case, f"case-{index}", WARM_UP_S)
    found: dict[tuple[str, str], list[float]] = {}
    bare = Peer("node-floor")
    with running(bare):
        bare.script("wait")
        for _ in range(options.rounds):
            floor = posted(bare.name, bare.url, FLOOR_ROW, options.seconds)
            found.setdefault((bare.name, CONSTANT), []).append(floor)
            for index, case in enumerate(CASES):
                for one in servers:
                    per_second = rate(one, case, f"case-{index}", options.seconds)
                    found.setdefault((one.name, case.name), []).append(per_second)
    medians = {key: statistics.median(values) for key, values in found.items()}
    outcome.line(f"\nINVOKE, {CONNECTIONS} connections, one worker a model, medians of {options.rounds}.")
    outcome.head("model", *(one.name for one in servers), "x")
    for case in CASES:
        ours, theirs = medians["hostler", case.name], medians["mms", case.name]
        outcome.row([case.name, f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.1f}"])
    at_best = medians[bare.name, CONSTANT]
    outcome.line(f"\nA bare node:http server that reads a body and answers a constant: {at_best:.0f}.")
    outcome.results.append({f"{server} {name}": values for (server, name), values in found.items()})
    for case in CASES:
        # Batches are held against MMS's one by one, which is its default.
        base = medians["mms", ONE_BY_ONE if case.name == BATCHED else case.name]
        ratio = medians["hostler", case.name] / base
        outcome.at_least(f"{case.name}, x MMS", ratio, BOUNDS[case.name], " x")


def loads(outcome: Outcome, servers: list[ModelServer]) -> None:
    """A model that needs scikit-learn, as models do; and one that needs nothing: what a server adds."""
    for url in ("sklearn", "noop"):
        times: dict[str, list[float]] = {one.name: [] for one in servers}
        for turn in range(LOADS):
            for one in servers:
                times[one.name].append(one.load(f"{url}-{turn}", url))
        for one in servers:
            for turn in range(LOADS):
                one.manage("DELETE", f"/models/{url}-{turn}")
        medians = {name: 1000 * statistics.median(values) for name, values in times.items()}
        ours, theirs = medians["hostler"], medians["mms"]
        outcome.line(f"\nLOAD of the {url} handler: {ours:.0f} ms, MMS {theirs:.0f} ms.")
        outcome.results.append({"load": url, "ms": medians})
        if url == "sklearn":
            outcome.at_least(
                "LOAD of the sklearn handler, x faster than MMS",
                theirs / ours,
                LOAD_FASTER,
                " x",
            )


def grown_mb(one: ModelServer, url: str, count: int) -> float:
    """PSS of the whole server with so many models, each called once."""
    for index in range(count):
        one.load(f"many-{index}", url)
    for index in range(count):
        text, content_type = CSV_ROW if url == OWN else JSON_ROW
        message = urllib.request.Request(f"{one.inference}/predictions/many-{index}", text.encode())
        message.add_header("Content-Type", content_type)
        urllib.request.urlopen(message, timeout=60).close()
    return one.pss_mb


def memory(outcome: Outcome, options: Options) -> dict[str, int]:
    """Three servers, one after the other: what one of them holds must not be in the way of the next."""
    count = options.fewer(MANY, 5)
    left: dict[str, int] = {}
    grown: dict[str, float] = {}
    for what, name, url in (
        ("hostler", "hostler", "sklearn"),
        (OWN, "hostler", OWN),
        ("mms", "mms", "sklearn"),
    ):
        [one] = [rival for rival in rivals() if rival.name == name]
        try:
            one.start(options.patience)
            grown[what] = grown_mb(one, url, count)
        finally:
            left[name] = left.get(name, 0) + one.stop()
    outcome.line(
        f"\nPSS with {count} models of scikit-learn: {grown['hostler']:.0f} MB with handlers, "
        f"{grown[OWN]:.0f} MB by hostler's own runtime, MMS {grown['mms']:.0f} MB."
    )
    outcome.results.append({"models": count, "pss_mb": grown})
    named = f"PSS with {count}"
    outcome.at_most(f"{named} handlers, x MMS", grown["hostler"] / grown["mms"], HANDLER_SHARE, " x")
    outcome.at_most(
        f"{named} models of our own runtime, x MMS",
        grown[OWN] / grown["mms"],
        OWN_SHARE,
        " x",
    )
    return left


def run(options: Options) -> Outcome:
    outcome = Outcome()
    install("tools", "hostler", "mms")
    adopt_orphans()
    with both(options.patience) as servers:
        invoke(outcome, servers, options)
        loads(outcome, servers)
    left = memory(outcome, options)
    outcome.line(f"\nProcesses left after SIGTERM: {left}.")
    outcome.at_most("hostler's processes left after SIGTERM", left["hostler"], 0)
    return outcome
