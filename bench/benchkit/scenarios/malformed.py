"""malformed: 10,000 requests of which one in a hundred is broken in one of some fifty ways."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING, Any

from benchkit import traffic
from benchkit.malformations import malformed
from benchkit.places import PEERS_DIR
from benchkit.proc import Memory, tree_memory
from benchkit.report import Outcome
from benchkit.rows import request, rows_of
from benchkit.servers import Hostler, first_answer, install, running

if TYPE_CHECKING:
    from benchkit.options import Options

MODELS = ["mnist-svm", "mushroom-xgboost"]
CONNECTIONS = 8
FIRST = 1_000
GROWTH = 1.05


def broken_calls(url: str, count: int) -> list[traffic.Call]:
    made = []
    for model in MODELS:
        path, body = request("v2", model, rows_of(model)[:1])
        made += [traffic.Call(name, message, None) for name, message in malformed(url, path, body)]
    random.Random(0).shuffle(made)
    return (
        made[:count]
        if count <= len(made)
        else [call for call, _ in zip(cycle(made), range(count), strict=False)]
    )


def mixed(url: str, total: int) -> list[traffic.Call]:
    """One in a hundred is broken, at places drawn by chance."""
    good = cycle(traffic.good_calls(url, MODELS, "hostler"))
    broken = broken_calls(url, total // 100)
    places = set(random.Random(1).sample(range(total), len(broken)))
    return [broken.pop() if k in places else next(good) for k in range(total)]


def settled(one: Hostler) -> Memory:
    """Memory once the tree has come to rest: the middle of five looks over two and a half seconds."""
    looks = []
    for _ in range(5):
        time.sleep(0.5)
        looks.append(tree_memory(one.pid or 0))
    return sorted(looks, key=lambda memory: memory.tree_mb)[2]


def run(options: Options) -> Outcome:
    outcome = Outcome()
    install("hostler")
    total = options.fewer(10_000, 2_000)
    one = Hostler(folder=PEERS_DIR / "two" / "hostler")
    with running(one):
        for model in MODELS:
            first_answer(one, model, model, options.patience)
        calls = mixed(one.url, total)
        seen = traffic.run(one.url, iter(calls[:FIRST]), CONNECTIONS)
        first = settled(one)
        seen += traffic.run(one.url, iter(calls[FIRST:]), CONNECTIONS)
        last = settled(one)
    report(outcome, seen, first, last)
    return outcome


def report(outcome: Outcome, seen: list[traffic.Seen], first: Memory, last: Memory) -> None:
    good = [s for s in seen if s.call in MODELS]
    broken = [s for s in seen if s.call not in MODELS]
    statuses = Counter(s.status for s in broken)
    said = ", ".join(f"{count} x {status or 'lost'}" for status, count in sorted(statuses.items()))
    outcome.line(
        f"\n{len(seen)} requests over {CONNECTIONS} connections; {len(broken)} malformed ones got {said}."
    )
    outcome.head("", "tree MB", "PSS MB")
    outcome.row([f"after the first {FIRST}", str(first.tree_mb), str(first.pss_mb)])
    outcome.row(["at the end", str(last.tree_mb), str(last.pss_mb)])
    wrong: list[dict[str, Any]] = [
        {"call": s.call, "status": s.status, "problem": s.problem} for s in seen if s.problem
    ]
    for example in {str(one["call"]): one for one in wrong}.values():
        print(f"  {example['call']}: {example['problem']}")
    outcome.results = [
        {
            "memory": {"first": vars(first), "last": vars(last)},
            "statuses": dict(statuses),
            "wrong": wrong[:200],
        }
    ]
    outcome.at_most(
        "malformed requests without a 4xx and a JSON error", sum(bool(s.problem) for s in broken), 0
    )
    outcome.at_most("good requests without the right answer", sum(bool(s.problem) for s in good), 0)
    kinds = len({s.call for s in broken})
    outcome.at_least("kinds of malformed requests sent", kinds, 10)
    outcome.at_most(
        f"tree memory after, x after the first {FIRST}", last.tree_mb / first.tree_mb, GROWTH, " x"
    )
    outcome.at_most(f"PSS after, x after the first {FIRST}", last.pss_mb / first.pss_mb, GROWTH, " x")
