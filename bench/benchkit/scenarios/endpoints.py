"""endpoints: hostler up under constant load while traffic flips, deployments go, and processes are killed."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from benchkit.engine import own_engine, why_no_engine
from benchkit.report import Outcome
from benchkit.scenarios.endpoint_chaos import chaos
from benchkit.up import Up, scoring_message
from benchkit.up_traffic import CONNECTIONS, Load, deploy, wait_for

if TYPE_CHECKING:
    from benchkit.options import Options

FLIPS = 100


def flips(outcome: Outcome, options: Options) -> None:
    up, count = Up(), options.fewer(FLIPS, 10)
    up.start()
    try:
        up.wait_until_up(options.patience)
        key = up.endpoint("flips")
        for name in ("blue", "green"):
            deploy(up, "flips", name)
        up.traffic("flips", blue=100)
        with Load(up.url, scoring_message(up.url, "flips", key)) as load:
            for turn in range(count):
                live = "green" if turn % 2 == 0 else "blue"
                up.traffic("flips", **{live: 100})
                wait_for(
                    f"answers of {live}",
                    partial(load.has, len(load.seen) + CONNECTIONS),
                )
            up.traffic("flips", green=100)
            up.call("DELETE", "/api/endpoints/flips/deployments/blue")
            deploy(up, "flips", "green", pause=0.003)  # a new revision of the live one, under load
            time.sleep(0.5)
        found = Counter(one.body for one in load.seen)
        outcome.line(
            f"\n{count} flips under {CONNECTIONS} connections: {len(load.seen)} calls, {dict(found)}"
        )
        outcome.at_most(
            f"{count} flips, one delete, one new revision: failed calls",
            len(load.failed),
            0,
        )
        for one in load.failed[:3]:
            print(f"  {one.status} {one.body[:200]}")
        outcome.results.append({"flips": count, "calls": len(load.seen), "failed": len(load.failed)})
    finally:
        up.stop()
        shutil.rmtree(up.state, ignore_errors=True)


def run(options: Options) -> Outcome:
    outcome = Outcome()
    flips(outcome, options)
    why = why_no_engine()
    if why:
        outcome.line(f"No container engine, so no containers among what is killed: {why}.")
        chaos(outcome, options, None)
    else:
        with own_engine() as engine:
            chaos(outcome, options, engine)
    return outcome
