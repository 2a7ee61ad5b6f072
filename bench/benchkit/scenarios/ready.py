"""ready: from exec to both models of examples/multi-model, beside the bare import of their frameworks."""

from __future__ import annotations

import statistics
import subprocess
import time
from typing import TYPE_CHECKING

from benchkit.places import HOSTLER_PYTHON, PEERS_DIR
from benchkit.proc import age_s
from benchkit.report import Outcome
from benchkit.servers import Hostler, Peer, Server, first_answer, hostler_environment, install, running

if TYPE_CHECKING:
    from benchkit.options import Options

MODELS = ("mnist-svm", "mushroom-xgboost")
BARE = "python -c 'import sklearn, xgboost'"
SLACK_S = 0.5


def bare_import_s() -> float:
    at = time.monotonic()
    line = [str(HOSTLER_PYTHON), "-c", "import sklearn, xgboost"]
    subprocess.run(line, check=True, env=hostler_environment(), stdout=subprocess.DEVNULL)
    return time.monotonic() - at


def ready_s(one: Server, patience: float) -> float:
    with running(one):
        for model in MODELS:
            first_answer(one, model, model, patience)
        return age_s(one.pid or 0)


def run(options: Options) -> Outcome:
    outcome = Outcome()
    install(*options.servers)
    times: dict[str, list[float]] = {BARE: [], "hostler": [], "mlserver": []}
    for _ in range(options.rounds):
        times[BARE].append(bare_import_s())
        times["hostler"].append(ready_s(Hostler(folder=PEERS_DIR / "two" / "hostler"), options.patience))
        if "mlserver" in options.servers:
            folder = {"REPOSITORY": str(PEERS_DIR / "two" / "mlserver")}
            times["mlserver"].append(ready_s(Peer("mlserver", environment=folder), options.patience))
    outcome.line(f"\nSeconds from exec to 200 of both models, {options.rounds} rounds, in turn.")
    outcome.head("what", "median s", "best s", "worst s")
    for name, found in times.items():
        if found:
            outcome.row(
                [f"`{name}`", f"{statistics.median(found):.2f}", f"{min(found):.2f}", f"{max(found):.2f}"]
            )
            outcome.results.append({"what": name, "seconds": [round(one, 3) for one in found]})
    bare, ours = statistics.median(times[BARE]), statistics.median(times["hostler"])
    outcome.at_most(
        "hostler ready with two models, against the bare import + 0.5 s", ours, bare + SLACK_S, " s"
    )
    if times["mlserver"]:
        outcome.at_most(
            "the same, against a third of MLServer's", ours, statistics.median(times["mlserver"]) / 3, " s"
        )
    return outcome
