"""score: an Azure ML scoring script behind hostler score and behind azmlinfsrv, side by side."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchkit.places import BENCH, HOSTLER, HOSTLER_PYTHON, PEERS_DIR, ROOT
from benchkit.report import Outcome
from benchkit.servers import free_ports, hostler_environment, install
from benchkit.wire import Connection, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchkit.options import Options

ECHO, SLEEP = BENCH / "apps" / "score" / "echo.py", BENCH / "apps" / "score" / "sleep.py"
EXAMPLE = ROOT / "examples" / "azure-multimodel"
CONNECTIONS = 32
WARM_UP_S = 2
STOP_S = 15
TIMES_FASTER = 10
SHARE_OF_LOOP = 0.9
SLICES = 40
TWO_AT_ONCE_S = 1.2
HEALTH_MS = 5.0


@dataclass(frozen=True)
class Scorer:
    """A server of one scoring script."""

    name: str
    command: tuple[str, ...]


HOSTLER_SCORE = Scorer("hostler", (str(HOSTLER), "score"))
AZMLINFSRV = Scorer(
    "azmlinfsrv",
    (str(PEERS_DIR / "venvs" / "azmlinfsrv" / "bin" / "python"), str(BENCH / "apps" / "azmlinfsrv.py")),
)


@contextmanager
def serving(scorer: Scorer, script: Path, *flags: str, patience: float) -> Iterator[str]:
    """A running server's URL, once its health answers."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    line = [*scorer.command, "--entry_script", str(script), "--port", str(port), *flags]
    with (PEERS_DIR / "logs" / f"score-{scorer.name}.log").open("wb") as log:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=hostler_environment(),
        )
    try:
        asyncio.run(healthy(url, process, patience))
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


async def healthy(url: str, process: subprocess.Popen[bytes], patience: float) -> None:
    give_up = time.monotonic() + patience
    while True:
        try:
            if (await Connection(url).ask(render(url, "/", method="GET"))).status == 200:
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"no answer from {url}; see {PEERS_DIR}/logs") from None
        await asyncio.sleep(0.02)


def rate(url: str, body: Path, seconds: float) -> float:
    """Requests a second over CONNECTIONS connections; none may fail."""
    line = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(BENCH / "lua" / "post.lua")]
    run = subprocess.run([*line, f"{url}/score", "--", str(body)], capture_output=True, text=True, check=True)
    requests, duration_us, failed = map(int, run.stderr.split())
    if failed:
        raise SystemExit(f"{failed} of {requests} requests to {url} failed")
    return requests / duration_us * 1e6


def echoes(outcome: Outcome, options: Options, folder: Path) -> None:
    body = folder / "echo.json"
    body.write_text('{"data": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]}')
    found: dict[str, list[float]] = {"hostler": [], "azmlinfsrv": []}
    with (
        serving(HOSTLER_SCORE, ECHO, patience=options.patience) as ours,
        serving(AZMLINFSRV, ECHO, patience=options.patience) as theirs,
    ):
        urls = {"hostler": ours, "azmlinfsrv": theirs}
        for url in urls.values():
            rate(url, body, WARM_UP_S)
        for _ in range(options.rounds):
            for name, url in urls.items():
                found[name].append(rate(url, body, options.seconds))
    outcome.line(f"\n#### run() that returns its input, {CONNECTIONS} connections, one worker each")
    table(outcome, found)
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    ratio = medians["hostler"] / medians["azmlinfsrv"]
    outcome.at_least("an echo, against azmlinfsrv's", ratio, TIMES_FASTER, " x")


def multimodel(outcome: Outcome, options: Options) -> None:
    """The multi-model sample's script behind the server, and in a loop without one, on the same Python.

    What a machine does in a second changes within seconds, by more than what is looked for: slices of a
    second in turn, each of the server's against the loop's before and after it.
    """
    subprocess.run([str(HOSTLER_PYTHON), str(EXAMPLE / "train.py")], check=True, stdout=subprocess.DEVNULL)
    script, body = EXAMPLE / "code" / "score.py", EXAMPLE / "test-data" / "iris.json"
    served: list[float] = []
    with (
        serving(HOSTLER_SCORE, script, "--model_dir", str(EXAMPLE), patience=options.patience) as url,
        plain_loop(script, body) as loop_for,
    ):
        rate(url, body, WARM_UP_S)
        looped = [loop_for(1)]
        for _ in range(options.fewer(SLICES, 3)):
            served.append(rate(url, body, 1))
            looped.append(loop_for(1))
    outcome.line(
        f"\n#### The multi-model script, {CONNECTIONS} connections, one worker, in slices of a second"
    )
    table(outcome, {"hostler": served, "a Python loop": looped})
    around = zip(served, looped, looped[1:], strict=False)
    share = statistics.median(2 * one / (before + after) for one, before, after in around)
    outcome.at_least("the multi-model script, against a loop that calls it", share, SHARE_OF_LOOP)


@contextmanager
def plain_loop(script: Path, body: Path) -> Iterator[Callable[[float], float]]:
    """A process that calls the script for as long as it is told, in seconds, and says how often in one."""
    one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    with subprocess.Popen(
        [str(HOSTLER_PYTHON), str(BENCH / "apps" / "score_alone.py"), str(script), str(body)],
        env=hostler_environment() | one_thread | {"AZUREML_MODEL_DIR": str(EXAMPLE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def loop_for(seconds: float) -> float:
            if process.stdin is None or process.stdout is None:
                raise SystemExit("the loop has no pipes")
            print(seconds, file=process.stdin, flush=True)
            return float(process.stdout.readline())

        try:
            yield loop_for
        finally:
            process.kill()


def table(outcome: Outcome, found: dict[str, list[float]]) -> None:
    outcome.head("what", "per second", "range")
    for name, rates in found.items():
        outcome.row([name, f"{statistics.median(rates):.0f}", f"{min(rates):.0f}-{max(rates):.0f}"])
        outcome.results.append({"what": name, "per_s": [round(one, 1) for one in rates]})


def sleeping(outcome: Outcome, options: Options) -> None:
    """Two calls of a second each at once, and health while they run."""
    outcome.line("\n#### run() that sleeps for a second")
    outcome.head("server", "two requests at once, s", "health meanwhile, ms at p99")
    for scorer, flags in ((HOSTLER_SCORE, ("--worker_count", "2")), (AZMLINFSRV, ())):
        with serving(scorer, SLEEP, *flags, patience=options.patience) as url:
            elapsed, health = asyncio.run(two_calls(url))
        p99 = sorted(health)[int(len(health) * 0.99)]
        outcome.row([scorer.name, f"{elapsed:.2f}", f"{p99:.1f}"])
        outcome.results.append({"what": f"{scorer.name} sleeps", "two_s": elapsed, "health_ms": p99})
        if scorer is HOSTLER_SCORE:
            outcome.at_most("two requests of a second each to two workers", elapsed, TWO_AT_ONCE_S, " s")
            outcome.at_most("health while run() sleeps, p99", p99, HEALTH_MS, " ms")


async def two_calls(url: str) -> tuple[float, list[float]]:
    message, started = render(url, "/score", "x"), time.monotonic()
    calls = [asyncio.create_task(Connection(url).ask(message)) for _ in range(2)]
    probe, health = Connection(url), []
    while not all(call.done() for call in calls):
        asked_at = time.monotonic()
        await probe.ask(render(url, "/", method="GET"))
        health.append((time.monotonic() - asked_at) * 1000)
        await asyncio.sleep(0.01)
    return time.monotonic() - started, health


def run(options: Options) -> Outcome:
    outcome = Outcome()
    install("azmlinfsrv")
    (PEERS_DIR / "logs").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        echoes(outcome, options, Path(folder))
    multimodel(outcome, options)
    sleeping(outcome, options)
    return outcome
