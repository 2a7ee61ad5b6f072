"""density: loading one more model beside 2 and beside 1,000; serving 1,000 under a budget that holds 100."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import Counter
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

from benchkit import traffic
from benchkit.observe import observer
from benchkit.places import PEERS_DIR
from benchkit.proc import tree_memory
from benchkit.report import Outcome
from benchkit.rows import load, request
from benchkit.servers import Hostler, Peer, Server, first_answer, install, running
from benchkit.wire import post, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchkit.options import Options

FEW, MLSERVER_MANY = 2, 200
CONNECTIONS = 16
HELD = 100
CALIBRATION_MODELS = 50
SAME_COST = 1.25
OVERSHOOT = 1.1
ZIPF_EXPONENT = 1.0


@cache
def known(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = load(f"{folder}/expected.json")
    return found


def call(one: Server, folder: str, index: int, row: int) -> traffic.Call:
    name, found = f"m{index}", known(folder)
    path, body = request("v2", name, [found["rows"][row]])
    return traffic.Call(name, render(one.url, path, body), [found["answers"][name][row]])


def every_model(one: Server, folder: str, indexes: range) -> Iterator[traffic.Call]:
    return (call(one, folder, index, index % 16) for index in indexes)


def zipf_calls(one: Server, folder: str, count: int, seed: int) -> Iterator[traffic.Call]:
    """Some models are asked for all the time and most hardly ever; their names do not say which."""
    chance = random.Random(seed)
    order = list(range(count))
    chance.shuffle(order)
    weights = [1 / (rank + 1) ** ZIPF_EXPONENT for rank in range(count)]
    while True:
        for index in chance.choices(order, weights, k=256):
            yield call(one, folder, index, chance.randrange(16))


def wait_until_up(one: Server, folder: str, patience: float) -> None:
    give_up = time.monotonic() + patience
    while (seen := traffic.run(one.url, every_model(one, folder, range(1)), 1)[0]).problem:
        if time.monotonic() > give_up:
            raise SystemExit(f"{one.name}: m0 did not answer in {patience} s: {seen.problem}")
        time.sleep(0.02)


def cycle_ms(one: Server) -> tuple[float, float]:
    """Unload m1 and load it again through the V2 repository API."""
    times = []
    for what in ("unload", "load"):
        at = time.monotonic()
        post(f"{one.url}/v2/repository/models/m1/{what}")
        times.append(1000 * (time.monotonic() - at))
    return times[0], times[1]


def compare_load(outcome: Outcome, name: str, servers: dict[int, Server], rounds: int) -> None:
    """The same model is unloaded and loaded in turn in both servers."""
    times: dict[int, list[tuple[float, float]]] = {count: [] for count in servers}
    for _ in range(rounds):
        for count, one in servers.items():
            times[count].append(cycle_ms(one))
    medians: dict[int, tuple[float, float]] = {}
    for count, found in times.items():
        unload, loading = (statistics.median(column) for column in zip(*found, strict=True))
        medians[count] = (unload, loading)
        outcome.row([name, str(count), f"{loading:.2f}", f"{unload:.2f}", str(rounds)])
        outcome.results.append({"server": name, "registered": count, "load_ms": loading, "unload_ms": unload})
    if name == "hostler":
        few, many = medians[min(medians)], medians[max(medians)]
        for what, index in (("unload", 0), ("load", 1)):
            ratio = many[index] / few[index]
            outcome.at_most(
                f"{what} of one model with {max(medians)} registered, x with {FEW}", ratio, SAME_COST, " x"
            )


def load_one_more(outcome: Outcome, options: Options, many: int) -> None:
    outcome.line("\nUnloading and loading one model through the V2 repository API, medians.")
    outcome.head("server", "registered", "load ms", "unload ms", "times")
    with ExitStack() as stack:
        servers: dict[int, Server] = {}
        for count in (FEW, many):
            one = Hostler(folder=PEERS_DIR / f"small-{count}", flags=("--lazy",))
            stack.enter_context(running(one))
            wait_until_up(one, f"small-{count}", options.patience)
            servers[count] = one
        for server in servers.values():
            for _ in range(3):
                cycle_ms(server)  # warm up
        compare_load(outcome, "hostler", servers, options.fewer(100, 10))
    if "mlserver" in options.servers:
        theirs = options.fewer(MLSERVER_MANY, 20)
        for count in (FEW, theirs):
            install(f"repository-{count}")
            peer = Peer("mlserver", environment={"COPIES": str(count)})
            with running(peer):
                first_answer(peer, f"m{count - 1}", "logreg", options.patience)
                compare_load(outcome, "mlserver", {count: peer}, options.fewer(20, 3))


def calibrate(folder: str, patience: float, seconds: float) -> tuple[float, float]:
    """MB of the tree after traffic with no small model, and MB that one more takes, without any budget."""
    one = Hostler(folder=PEERS_DIR / folder, flags=("--lazy",))
    with running(one):
        wait_until_up(one, folder, patience)
        traffic.run(one.url, (call(one, folder, 0, k % 16) for k in range(10**9)), CONNECTIONS, seconds)
        with_one = tree_memory(one.pid or 0).tree_mb
        traffic.run(one.url, every_model(one, folder, range(1, 1 + CALIBRATION_MODELS)), CONNECTIONS)
        traffic.run(one.url, zipf_calls(one, folder, 1 + CALIBRATION_MODELS, 0), CONNECTIONS, seconds)
        with_more = tree_memory(one.pid or 0).tree_mb
    size = (with_more - with_one) / CALIBRATION_MODELS
    return with_one - size, size


def states(one: Server) -> dict[str, int]:
    found = json.loads(post(f"{one.url}/v2/repository/index", "{}"))
    return dict(Counter(str(model.get("state")) for model in found))


def under_budget(outcome: Outcome, options: Options, many: int) -> None:
    folder = f"small-{many}"
    held = HELD if many > HELD else many // 2
    seconds = max(options.seconds, 2)
    base, size = calibrate(folder, options.patience, seconds)
    budget = int(base + held * size)
    one = Hostler(folder=PEERS_DIR / folder, flags=("--lazy", "--memory-budget", f"{budget}MiB"))
    with running(one), observer(one.pid or 0) as watched:
        wait_until_up(one, folder, options.patience)
        began = time.monotonic()
        seen = traffic.run(one.url, every_model(one, folder, range(many)), CONNECTIONS)
        zipf_s = options.fewer(60, 5)
        seen += traffic.run(one.url, zipf_calls(one, folder, many, 1), CONNECTIONS, zipf_s)
        passed = time.monotonic() - began
        loaded = states(one)
    report(
        outcome,
        seen,
        passed,
        {"base_mb": base, "model_mb": size, "budget_mb": budget, "states": loaded},
        watched,
    )


def report(
    outcome: Outcome, seen: list[traffic.Seen], passed: float, about: dict[str, Any], watched: dict[str, Any]
) -> None:
    wrong = [one for one in seen if one.problem]
    times = sorted(1000 * (one.ended_at - one.sent_at) for one in seen)
    models, budget = len({one.call for one in seen}), about["budget_mb"]
    outcome.line(
        f"\n{models} models of {about['model_mb']:.2f} MB over an idle tree of {about['base_mb']:.0f} MB, "
        f"budget {budget} MB, every model once and then Zipf traffic over {CONNECTIONS} connections; "
        f"states at the end: {about['states']}."
    )
    outcome.head(
        "requests",
        "req/s",
        "p50 ms",
        "p99 ms",
        "errors",
        "largest tree MB",
        "largest PSS MB",
        "sweeps",
        "pause ms",
    )
    quantiles = [f"{times[int(len(times) * share)]:.1f}" for share in (0.5, 0.99)]
    row = [str(len(seen)), f"{len(seen) / passed:.0f}", *quantiles, str(len(wrong))]
    row += [f"{watched['max_tree_mb']:.0f}", f"{watched['max_pss_mb']:.0f}", str(watched["sweeps"])]
    outcome.row([*row, f"{watched['longest_pause_ms']:.0f}"])
    for example in list({one.problem: one for one in wrong}.values())[:5]:
        print(f"  {example.call}: {example.problem}")
    outcome.results.append(
        about | {"requests": len(seen), "errors": len(wrong), "seconds": passed, "watched": watched}
    )
    outcome.at_most(f"{models} models under a budget: errors", len(wrong), 0)
    for what, name in (("max_tree_mb", "private bytes + zygote once"), ("max_pss_mb", "PSS")):
        outcome.at_most(
            f"largest {name} that the observer saw, x budget", watched[what] / budget, OVERSHOOT, " x"
        )


def run(options: Options) -> Outcome:
    outcome, many = Outcome(), options.fewer(1000, 100)
    install("hostler", f"small-{FEW}", f"small-{many}", *options.servers)
    load_one_more(outcome, options, many)
    under_budget(outcome, options, many)
    return outcome
