"""closed, batch1000, overload: as many requests as N connections give, all servers in turn."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchkit.load import SHARE, Sample, measure
from benchkit.report import Outcome
from benchkit.rows import is_batch, model_name, rows_of
from benchkit.servers import Server, first_answer, install, running, server

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchkit.options import Options

WARM_UP_S = 1
BATCH_CONNECTIONS = 4
MLSERVERS = ("mlserver", "mlserver-omp1")  # as it comes, and with OMP_NUM_THREADS=1
COLUMNS = "server, ok req/s, range, x mlserver, x fastest peer, x floor, p50 ms, p99 ms, errors"
TITLES = f"{COLUMNS}, compared (wrong), CPU-ms/req, PSS MB, others' cores".split(", ")


class Cells:
    """All samples of a run, by model, connections and server."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def of(self, model: str, connections: int, name: str = "") -> list[Sample]:
        return [
            s
            for s in self.samples
            if (s.model, s.connections) == (model, connections) and name in ("", s.server)
        ]

    def names(self, model: str, connections: int) -> list[str]:
        return list(dict.fromkeys(sample.server for sample in self.of(model, connections)))

    def median(
        self, model: str, connections: int, name: str, what: Callable[[Sample], float | None]
    ) -> float:
        values = [value for s in self.of(model, connections, name) if (value := what(s)) is not None]
        return statistics.median(values) if values else float("nan")

    def rate(self, model: str, connections: int, name: str) -> float:
        return self.median(model, connections, name, lambda s: s.ok_per_s)

    def peers(self, model: str, connections: int) -> dict[str, float]:
        names = self.names(model, connections)
        return {
            name: self.rate(model, connections, name)
            for name in names
            if name != "hostler" and not name.endswith("-floor")
        }


def table(outcome: Outcome, cells: Cells, model: str, connections: int, options: Options) -> None:
    outcome.line(f"\n#### {model}, {counted(connections)}, {options.rounds} x {options.seconds:g} s")
    outcome.head(*TITLES)
    peers = cells.peers(model, connections)
    for name in cells.names(model, connections):
        rate, samples = cells.rate(model, connections, name), cells.of(model, connections, name)
        rates = [sample.ok_per_s for sample in samples]
        compared, wrong = (
            sum(getattr(s.compared, what) for s in samples) for what in ("compared", "mismatched")
        )
        line = [name, f"{rate:.0f}", f"{min(rates):.0f}-{max(rates):.0f}"]
        for base in (
            peers.get("mlserver"),
            max(peers.values(), default=None),
            floor(cells, model, connections),
        ):
            line.append(f"{rate / base:.2f}" if base else "-")
        line.append(f"{cells.median(model, connections, name, lambda s: s.p50_ms):.2f}")
        line.append(f"{cells.median(model, connections, name, lambda s: s.p99_ms):.1f}")
        line += [str(sum(s.errors for s in samples)), f"{compared} ({wrong})" if compared else "-"]
        line.append(f"{cells.median(model, connections, name, lambda s: s.cpu_ms_per_ok):.3f}")
        line.append(f"{samples[0].before.pss_mb:.0f} → {samples[-1].after.pss_mb:.0f}")
        line.append(f"{cells.median(model, connections, name, lambda s: s.others_cores):.2f}")
        outcome.row(line)


def counted(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"


def floor(cells: Cells, model: str, connections: int) -> float | None:
    return (
        cells.rate(model, connections, "node-floor") if cells.of(model, connections, "node-floor") else None
    )


def measure_model(
    outcome: Outcome, cells: Cells, servers: list[Server], model: str, options: Options
) -> None:
    known: dict[tuple[str, int], float] = {}
    counts = [BATCH_CONNECTIONS] if is_batch(model) else options.connections
    for count in counts:
        for one in servers:
            known[one.name, count] = measure(one, model, count, WARM_UP_S, options.timeout).ok_per_s
    for turn in range(options.rounds):
        shifted = servers[turn % len(servers) :] + servers[: turn % len(servers)]
        for count in counts:
            for one in shifted:
                compare = SHARE * known[one.name, count]
                sample = measure(one, model, count, options.seconds, options.timeout, compare)
                known[one.name, count] = max(known[one.name, count], sample.ok_per_s)
                cells.samples.append(sample)
    for count in counts:
        table(outcome, cells, model, count, options)


def check_single_rows(outcome: Outcome, cells: Cells, model: str) -> None:
    """What is promised for the two models of MLServer's multi-model example."""
    names = [name for name in cells.names(model, 32) if name in MLSERVERS]
    if cells.of(model, 32, "hostler") and names:
        what, peers = f"{model}, 32 connections", cells.peers(model, 32)
        rate = cells.rate(model, 32, "hostler")
        for name in names:
            is_fastest = peers[name] == max(peers[one] for one in names)
            limit, aim = (15, 20) if is_fastest else (0, None)
            outcome.at_least(f"{what}, x {name}", rate / peers[name], limit, " x", aim)
        fastest = max(peers, key=lambda one: peers[one])
        outcome.at_least(f"{what}, x fastest peer ({fastest})", rate / peers[fastest], 4, " x")
        p99 = cells.median(model, 32, "hostler", lambda s: s.p99_ms)
        p50 = min(cells.median(model, 32, name, lambda s: s.p50_ms) for name in names)
        outcome.at_most(f"{what}, p99 against MLServer's p50", p99, p50, " ms")
    names = [name for name in cells.names(model, 1) if name in MLSERVERS]
    if cells.of(model, 1, "hostler") and names:
        p50 = min(cells.median(model, 1, name, lambda s: s.p50_ms) for name in names)
        ours = cells.median(model, 1, "hostler", lambda s: s.p50_ms)
        what = f"{model}, 1 connection, p50 against a third of MLServer's"
        outcome.at_most(what, ours, p50 / 3, " ms", p50 / 4)


def check_everywhere(outcome: Outcome, cells: Cells) -> None:
    keys = list(dict.fromkeys((s.model, s.connections) for s in cells.samples))
    for model, count in keys:
        ours = cells.rate(model, count, "hostler") if cells.of(model, count, "hostler") else None
        peers = cells.peers(model, count)
        if ours and peers:
            name = max(peers, key=lambda one: peers[one])
            what = f"{model}, {counted(count)}, fastest peer ({name}) / hostler"
            outcome.at_most(what, peers[name] / ours, 1.05)
        bare = floor(cells, model, count)
        if ours and bare and not is_batch(model) and count >= 32:
            what, ratio = f"{model}, {count} connections: the generator is not the limit", bare / ours
            outcome.check(what, "floor ≥ 1.2 x hostler", f"{ratio:.2f} x", ratio >= 1.2, note=True)
    ours_all = [s for s in cells.samples if s.server == "hostler"]
    if ours_all:
        answered, compared = sum(s.ok for s in ours_all), sum(s.compared.compared for s in ours_all)
        outcome.at_least(
            "share of hostler's replies that were compared", compared / max(1, answered + compared), 0.01
        )
        outcome.at_most(
            "of those, not the model's own answer", sum(s.compared.mismatched for s in ours_all), 0
        )
        outcome.at_most("hostler's errors", sum(s.errors for s in ours_all), 0)
        distinct = min(len(rows_of(s.model)) for s in ours_all)
        outcome.at_least("distinct bodies of each model", distinct, 1000)


def check_batch(outcome: Outcome, cells: Cells) -> None:
    for model, count in dict.fromkeys((s.model, s.connections) for s in cells.samples if is_batch(s.model)):
        names = cells.names(model, count)
        if "hostler" in names and "fastapi" in names:
            ratio = cells.rate(model, count, "hostler") / cells.rate(model, count, "fastapi")
            outcome.at_least(f"{model} (1,000 x 30 JSON), x FastAPI with orjson", ratio, 1, " x", 1.5)


def sampled(options: Options) -> tuple[Outcome, Cells]:
    outcome, cells = Outcome(), Cells()
    install("tools", *options.servers)
    servers = [server(name) for name in options.servers]
    with ExitStack() as stack:
        for one in servers:
            stack.enter_context(running(one))
        for model in options.models:
            for one in servers:
                first_answer(one, model_name(model), model, options.patience)
            measure_model(outcome, cells, servers, model, options)
    outcome.results = [asdict(sample) for sample in cells.samples]
    return outcome, cells


def run(options: Options) -> Outcome:
    outcome, cells = sampled(options)
    for model in ("mnist-svm", "mushroom-xgboost"):
        check_single_rows(outcome, cells, model)
    check_batch(outcome, cells)
    check_everywhere(outcome, cells)
    return outcome


def run_overload(options: Options) -> Outcome:
    """Far more connections than any server answers in time; errors are part of the picture."""
    return sampled(options)[0]
