#!/usr/bin/env python3
"""Measure hostler and its peers side by side on this machine: the same models, the same bodies, interleaved.

closed     as many requests as N connections give, one row each and batch1000's bodies: the headline (default)
batch1000  closed, with JSON bodies of 1,000 x 30 numbers over 4 connections only
ready      from exec to both models of examples/multi-model, beside the bare import of their frameworks
cli        hostler --help and the first line of its banner, beside node -e 0
chaos      kill -9 of a worker, the zygote and the front under load
malformed  10,000 requests, one in a hundred broken
density    one more model beside 2 and 1,000; 1,000 models under a memory budget that holds 100
cold       from process start to the first answer and to all five models' answers
endpoints  hostler up: 100 flips of the traffic under load, then kill -9 at random for 5 minutes
score      an Azure ML scoring script behind hostler score and behind azmlinfsrv
proxy      an endpoint before a server that takes 1 ms, beside nginx
mms        Multi Model Server's handlers: calls, loads, memory, and what is left after SIGTERM
overload   closed, with 512 connections and 2 s for a request
all        every one above except batch1000

report     put what results/ holds into README.md (report --check: only say whether it is there)
wait       until each of --servers answers

Servers are installed where they are missing, started, measured and stopped. Each scenario prints a table and
its bounds and writes results/SCENARIO.json; the exit status is 1 when a bound does not hold.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import TYPE_CHECKING

from benchkit.options import Options
from benchkit.places import PEERS_DIR, RESULTS
from benchkit.report import Outcome, fill_readme, finish, machine
from benchkit.rows import MODELS
from benchkit.scenarios import (
    chaos,
    cli,
    closed,
    cold,
    density,
    endpoints,
    malformed,
    mms,
    proxy,
    ready,
    score,
)
from benchkit.servers import Peer, first_answer, server

if TYPE_CHECKING:
    from collections.abc import Callable

RIVALS = ["hostler", "mlserver", "mlserver-omp1", "triton", "fastapi", "node-floor"]


@dataclasses.dataclass(frozen=True)
class Scenario:
    run: Callable[[Options], Outcome]
    defaults: Options


SCENARIOS = {
    "closed": Scenario(closed.run, Options(RIVALS, [*MODELS, "logreg-1000"], [1, 32, 128])),
    "batch1000": Scenario(closed.run, Options(RIVALS, ["logreg-1000"])),
    "ready": Scenario(ready.run, Options(["hostler", "mlserver"], rounds=7)),
    "cli": Scenario(cli.run, Options(rounds=9)),
    "chaos": Scenario(chaos.run, Options(rounds=5)),
    "malformed": Scenario(malformed.run, Options()),
    "density": Scenario(density.run, Options(["mlserver"])),
    "proxy": Scenario(proxy.run, Options(connections=[1, 32], rounds=5)),
    "cold": Scenario(cold.run, Options(["hostler", "mlserver", "triton", "fastapi"])),
    "endpoints": Scenario(endpoints.run, Options()),
    "mms": Scenario(mms.run, Options()),
    "score": Scenario(score.run, Options()),
    "overload": Scenario(
        closed.run_overload,
        Options(["hostler", "mlserver", "triton", "fastapi"], ["mnist-svm"], [512], timeout=2),
    ),
}
QUICK = {"rounds": 1, "seconds": 1.0, "quick": True}


def words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [*SCENARIOS, "all", "report", "wait"]
    parser.add_argument("scenarios", nargs="*", default=["closed"], metavar="SCENARIO", help=", ".join(known))
    add = parser.add_argument
    add("--servers", type=words, help="comma separated: hostler, and peers as peer.sh names them")
    add("--models", type=words, help=f"comma separated: {','.join(MODELS)},logreg-1000")
    add("--connections", type=lambda text: [int(word) for word in words(text)], help="closed: 1,32,128")
    add("--rounds", type=int, help="rounds over all servers")
    add("--seconds", type=float, help="length of one measurement, 3")
    add("--timeout", type=int, help="seconds a request may take, 10")
    add("--patience", type=float, help="seconds to wait for an answer after a start, 120")
    add("--quick", action="store_true", help="a smoke run: one round, one second; not written to results/")
    add("--check", action="store_true", help="report: change nothing, exit with 1 if README.md is behind")
    options = parser.parse_args()
    if unknown := [name for name in options.scenarios if name not in known]:
        parser.error(f"unknown scenario {', '.join(unknown)}; choose from {', '.join(known)}")
    return options


def options_for(defaults: Options, given: argparse.Namespace) -> Options:
    names = [field.name for field in dataclasses.fields(Options) if field.name != "quick"]
    named = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    return dataclasses.replace(defaults, **((QUICK if given.quick else {}) | named))


def measured(name: str, given: argparse.Namespace) -> bool:
    """Run one scenario; true when every bound holds."""
    print(f"\n## {name}", flush=True)
    scenario, about = SCENARIOS[name], machine()
    options = options_for(scenario.defaults, given)
    outcome = scenario.run(options)
    folder = PEERS_DIR / "quick-results" if options.quick else RESULTS
    return finish(name, dataclasses.asdict(options), about, outcome, folder)


def wait(given: argparse.Namespace) -> bool:
    for name in given.servers or []:
        one = server(name)
        if isinstance(one, Peer):
            one.look()
        first_answer(one, "logreg", "logreg", given.patience or 60)
    return True


def main() -> int:
    given = parse()
    if given.scenarios == ["report"]:
        return 0 if fill_readme(SCENARIOS, given.check) or not given.check else 1
    if given.scenarios == ["wait"]:
        return 0 if wait(given) else 1
    names = (
        [name for name in SCENARIOS if name != "batch1000"] if "all" in given.scenarios else given.scenarios
    )
    failed = [name for name in names if not measured(name, given)]
    if failed:
        print(f"\nbounds that do not hold: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
