"""chaos: kill -9 of a worker, of the zygote and of the front, under load, and what callers notice of it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from dataclasses import asdict, dataclass
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any

from benchkit import traffic
from benchkit.places import PEERS_DIR
from benchkit.proc import Roles, adopt_orphans, roles, table, tree, unix_sockets, wait_until_gone
from benchkit.report import Outcome
from benchkit.rows import load, request
from benchkit.servers import Hostler, first_answer, install, kill, running
from benchkit.wire import Connection, render

if TYPE_CHECKING:
    from benchkit.options import Options

MODELS = ["mnist-svm", "mushroom-xgboost"]
CONNECTIONS = 32
BEFORE_S, AFTER_S = 1.0, 2.5
GAP_LIMIT_MS, GONE_LIMIT_S = 100, 2
LONG_CALL_S = 10


@dataclass
class Killed:
    """One kill, in the middle of steady traffic."""

    what: str
    calls: int
    failed_in_flight: int  # sent before the kill
    failed_later: int  # sent after it
    unclear: int  # failed in any other way than a 5xx with a JSON error
    gap_ms: float  # from the kill to the first right answer to a call that was sent after it
    longest_silence_ms: float  # between two right answers around it
    example: str


def busiest(pids: list[int]) -> int:
    """The process that burns most: which worker has the models is not ours to know."""
    before = table()
    time.sleep(0.3)
    after = table()
    return max(
        (pid for pid in pids if pid in after and pid in before),
        key=lambda p: after[p].cpu_s - before[p].cpu_s,
    )


def under_load(one: Hostler, what: str, calls: list[traffic.Call], quick: bool) -> Killed:
    """Load, kill, load on; every outcome counts."""
    killed_at: list[float] = []
    before_s, after_s = (0.5, 1.5) if quick else (BEFORE_S, AFTER_S)

    def strike() -> None:
        time.sleep(before_s)
        who = roles(one.pid or 0, one.port)
        victim = busiest(who.workers) if what == "worker" else who.zygotes[0]
        os.kill(victim, signal.SIGKILL)
        killed_at.append(time.monotonic())

    striker = threading.Thread(target=strike)
    striker.start()
    seen = traffic.run(one.url, cycle(calls), CONNECTIONS, before_s + 0.3 + after_s, timeout=10)
    striker.join()
    if not killed_at:
        raise SystemExit(f"found no {what} to kill")
    return judged(what, seen, killed_at[0])


def judged(what: str, seen: list[traffic.Seen], at: float) -> Killed:
    failed = [one for one in seen if one.problem]
    later = [one for one in failed if one.sent_at > at]
    unclear = [one for one in failed if one.status < 500 or '{"error"' not in one.problem.replace(" ", "")]
    resumed = min(
        (one.ended_at for one in seen if not one.problem and one.sent_at > at), default=float("inf")
    )
    right = sorted(one.ended_at for one in seen if not one.problem and abs(one.ended_at - at) < AFTER_S)
    silence = max((b - a for a, b in pairwise(right)), default=float("inf"))
    example = failed[0].problem if failed else ""
    return Killed(
        what,
        len(seen),
        len(failed) - len(later),
        len(later),
        len(unclear),
        round(1000 * (resumed - at), 1),
        round(1000 * silence, 1),
        example,
    )


def wait_for(one: Hostler, what: str, limit_s: float = 30) -> Roles:
    """Until hostler has replaced what was killed."""
    give_up = time.monotonic() + limit_s
    while time.monotonic() < give_up:
        who = roles(one.pid or 0, one.port)
        if getattr(who, what):
            return who
        time.sleep(0.05)
    raise SystemExit(f"hostler has not replaced its {what} within {limit_s} s")


def long_call_message(one: Hostler) -> tuple[bytes, float]:
    """A call that keeps its worker in C for about LONG_CALL_S, by the time that four rows take."""
    row = load("slow/expected.json")["rows"][0]

    def message(rows: int) -> bytes:
        return render(one.url, *request("v2", "slow", [row] * rows))

    async def timed() -> float:
        connection, at = Connection(one.url), time.monotonic()
        reply = await connection.ask(message(4), 60)
        connection.close()
        if reply.status != 200:
            raise SystemExit(f"the slow model answers {reply.status}: {reply.body[:200]!r}")
        return (time.monotonic() - at) / 4

    asyncio.run(timed())  # the first call imports and allocates
    per_row = asyncio.run(timed())
    return message(max(8, int(LONG_CALL_S / per_row))), per_row


def kill_front(options: Options) -> dict[str, Any]:
    """kill -9 of the front while its worker is in the middle of a call that takes seconds in C."""
    one = Hostler(folder=PEERS_DIR / "slow")
    with running(one):
        wait_until_slow_answers(one, options.patience)
        message, per_row = long_call_message(one)
        caller = threading.Thread(target=abandoned, args=(one.url, message), daemon=True)
        caller.start()
        time.sleep(1)
        who = roles(one.pid or 0, one.port)
        worker = busiest(who.workers)
        processes = table()
        family = [processes[pid] for pid in tree(one.pid, processes)]
        sockets = [path for path in unix_sockets(who.front) if path.exists()]
        os.kill(who.front, signal.SIGKILL)
        gone_s, left = wait_until_gone(family, 10)
        kill(left)
        caller.join(5)
    return {
        "what": "front",
        "processes": len(family),
        "s_per_row": round(per_row, 3),
        "worker": worker,
        "gone_s": gone_s,
        "left": len(left),
        "socket_files_left": sum(path.exists() for path in sockets),
    }


def wait_until_slow_answers(one: Hostler, patience: float) -> None:
    slow = load("slow/expected.json")
    path, body = request("v2", "slow", slow["rows"][:1])
    call = traffic.Call("slow", render(one.url, path, body), slow["answers"]["slow"][:1])
    give_up = time.monotonic() + patience
    while traffic.run(one.url, iter([call]), 1)[0].problem:
        if time.monotonic() > give_up:
            raise SystemExit(f"hostler: the slow model did not answer in {patience} s")
        time.sleep(0.05)


def abandoned(url: str, message: bytes) -> None:
    """The caller of the long call; losing its connection is the point."""

    async def lost() -> None:
        try:
            await Connection(url).ask(message, 60)
        except OSError:
            return

    asyncio.run(lost())


def check_kills(outcome: Outcome, kills: list[Killed]) -> None:
    workers = [one for one in kills if one.what == "worker"]
    outcome.at_most(
        "kill -9 of a worker: failed calls that were sent after it", sum(k.failed_later for k in workers), 0
    )
    outcome.at_most(
        "kill -9 of a worker: calls in flight without a clear 5xx", sum(k.unclear for k in workers), 0
    )
    outcome.at_most(
        "kill -9 of a worker: service resumes after", max(k.gap_ms for k in workers), GAP_LIMIT_MS, " ms"
    )
    zygotes = [one for one in kills if one.what == "zygote"]
    failed = sum(k.failed_in_flight + k.failed_later for k in zygotes)
    outcome.at_most("kill -9 of the zygote: failed calls", failed, 0)


def run(options: Options) -> Outcome:
    outcome, kills = Outcome(), list[Killed]()
    install("hostler", "slow")
    adopt_orphans()
    one = Hostler(folder=PEERS_DIR / "two" / "hostler")
    outcome.head(
        "killed",
        "calls",
        "failed, in flight",
        "failed, sent later",
        "no clear 5xx",
        "resumed ms",
        "silence ms",
    )
    with running(one):
        for model in MODELS:
            first_answer(one, model, model, options.patience)
        calls = traffic.good_calls(one.url, MODELS, "hostler")
        traffic.run(one.url, cycle(calls), CONNECTIONS, 1)  # warm up
        for what in ("worker", "zygote") * options.rounds:
            wait_for(one, f"{what}s")
            found = under_load(one, what, calls, options.quick)
            kills.append(found)
            numbers = [found.calls, found.failed_in_flight, found.failed_later, found.unclear]
            outcome.row([what, *map(str, numbers), f"{found.gap_ms:g}", f"{found.longest_silence_ms:g}"])
    check_kills(outcome, kills)
    front = kill_front(options)
    outcome.line(
        f"\nkill -9 of the front during a call of about {LONG_CALL_S} s: {front['processes']} processes, "
        f"{front['left']} left, the last one gone after {front['gone_s']} s, "
        f"{front['socket_files_left']} socket files left"
    )
    gone = front["gone_s"] if front["gone_s"] is not None else float("inf")
    outcome.at_most("kill -9 of the front in a long call: no process left after", gone, GONE_LIMIT_S, " s")
    outcome.results = [*map(asdict, kills), front]
    return outcome
