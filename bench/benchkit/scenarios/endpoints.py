"""endpoints: hostler up under constant load while traffic flips, deployments go, and processes are killed."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchkit.proc import adopt_orphans, wait_until_gone
from benchkit.report import Outcome
from benchkit.servers import kill
from benchkit.up import Up, kill_one, scoring_message
from benchkit.wire import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchkit.options import Options

FLIPS = 100
CONNECTIONS = 8
CHAOS_S = 300
RESTORED_LIMIT_S = 1.0
WORKERS = ("hostler-score", "hostler-worker")
SCRIPT = """
import os, time

def init():
    pass

def run(data):
    time.sleep({pause})
    return "{name}"
"""


@dataclass(frozen=True)
class Seen:
    sent_at: float
    ended_at: float
    status: int  # 0 where there was no answer
    body: str


def deploy(up: Up, endpoint: str, name: str, pause: float = 0.002) -> None:
    folder = Path(tempfile.mkdtemp(prefix="hostler-bench-code-")) / name
    folder.mkdir()
    (folder / "score.py").write_text(SCRIPT.format(name=name, pause=pause))
    up.deployment(
        endpoint,
        name,
        code_configuration={"code": up.code(folder), "scoring_script": "score.py"},
        request_settings={"request_timeout_ms": 10_000},
    )
    shutil.rmtree(folder.parent)


class Load:
    """Constant traffic from a thread of its own until it is told to stop."""

    def __init__(self, url: str, message: bytes) -> None:
        self.seen: list[Seen] = []
        self._url, self._message = url, message
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._drive()))

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _drive(self) -> None:
        await asyncio.gather(*(self._one() for _ in range(CONNECTIONS)))

    async def _one(self) -> None:
        connection = Connection(self._url)
        while not self._stop.is_set():
            sent_at = time.monotonic()
            try:
                reply = await connection.ask(self._message, 15)
                status, body = reply.status, reply.body.decode(errors="replace")
            except OSError as error:
                status, body = 0, str(error)
                await asyncio.sleep(0.005)
            self.seen.append(Seen(sent_at, time.monotonic(), status, body))
        connection.close()

    def has(self, count: int) -> bool:
        return len(self.seen) >= count

    @property
    def failed(self) -> list[Seen]:
        return [one for one in self.seen if one.status != 200]


def wait_for(what: str, is_so: Callable[[], bool], limit_s: float = 30) -> float:
    at = time.monotonic()
    while not is_so():
        if time.monotonic() - at > limit_s:
            raise SystemExit(f"{what}: not within {limit_s} s")
        time.sleep(0.01)
    return time.monotonic() - at


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
                wait_for(f"answers of {live}", partial(load.has, len(load.seen) + CONNECTIONS))
            up.traffic("flips", green=100)
            up.call("DELETE", "/api/endpoints/flips/deployments/blue")
            deploy(up, "flips", "green", pause=0.003)  # a new revision of the live one, under load
            time.sleep(0.5)
        found = Counter(one.body for one in load.seen)
        outcome.line(
            f"\n{count} flips under {CONNECTIONS} connections: {len(load.seen)} calls, {dict(found)}"
        )
        outcome.at_most(f"{count} flips, one delete, one new revision: failed calls", len(load.failed), 0)
        for one in load.failed[:3]:
            print(f"  {one.status} {one.body[:200]}")
        outcome.results.append({"flips": count, "calls": len(load.seen), "failed": len(load.failed)})
    finally:
        up.stop()
        shutil.rmtree(up.state, ignore_errors=True)


@dataclass
class Acknowledged:
    """What the control plane has said yes to."""

    endpoint: str
    key: str
    traffic: dict[str, int]
    tags: dict[str, str]


def is_right(up: Up, wanted: Acknowledged) -> str:
    """Empty when the control plane has everything that it acknowledged."""
    found = up.call("GET", f"/api/endpoints/{wanted.endpoint}")
    if {name: share for name, share in found["traffic"].items() if share} != wanted.traffic:
        return f"traffic {found['traffic']}, acknowledged {wanted.traffic}"
    if found["tags"] != wanted.tags:
        return f"tags {found['tags']}, acknowledged {wanted.tags}"
    if up.call("POST", f"/api/endpoints/{wanted.endpoint}/keys")["primary_key"] != wanted.key:
        return "another key"
    return ""


def change(up: Up, wanted: Acknowledged, chance: random.Random) -> None:
    """One acknowledged change: of the traffic or of a tag."""
    if chance.random() < 0.5:
        blue = chance.choice([0, 20, 50, 80, 100])
        shares = {name: share for name, share in (("blue", blue), ("green", 100 - blue)) if share}
        up.traffic(wanted.endpoint, **shares)
        wanted.traffic = shares
        return
    spec = up.call("GET", f"/api/endpoints/{wanted.endpoint}")
    tags = {"turn": str(chance.randrange(10**9))}
    keep = ("name", "description", "auth_mode", "traffic", "mirror_traffic", "properties")
    up.call("PUT", f"/api/endpoints/{wanted.endpoint}", {k: spec[k] for k in keep} | {"tags": tags})
    wanted.tags = tags


def chaos(outcome: Outcome, options: Options) -> None:
    chance, up = random.Random(7), Up()
    adopt_orphans()
    up.start()
    restored: list[float] = []
    wrong: list[str] = []
    kills = Counter[str]()
    orphans = 0
    try:
        up.wait_until_up(options.patience)
        key = up.endpoint("chaos")
        for name in ("blue", "green"):
            deploy(up, "chaos", name)
        up.traffic("chaos", blue=100)
        wanted = Acknowledged("chaos", key, {"blue": 100}, {})
        message = scoring_message(up.url, "chaos", key)
        ends = time.monotonic() + options.fewer(CHAOS_S, 20)
        with Load(up.url, message) as load:
            while time.monotonic() < ends:
                for _ in range(chance.randrange(1, 4)):
                    change(up, wanted, chance)
                time.sleep(chance.uniform(0.2, 1.5))
                if chance.random() < 0.4:
                    kills["gateway"] += 1
                    family = up.kill_front()
                    _, left = wait_until_gone(family, 5)
                    orphans += len(left)
                    kill(left)
                    began = time.monotonic()
                    up.start()
                    up.wait_until_up(10)
                    problem = is_right(up, wanted)
                    restored.append(time.monotonic() - began)
                else:
                    kills["instance"] += 1
                    workers = [
                        one for one in up.family() if comm(one.pid) in ("hostler-score", "hostler-worker")
                    ]
                    if workers:
                        kill_one(chance.choice(workers).pid)
                    problem = is_right(up, wanted)
                wrong += [problem] if problem else []
            wait_for("calls succeed again", lambda: bool(load.seen) and load.seen[-1].status == 200)
        report_chaos(outcome, load, kills, restored, wrong, orphans)
    finally:
        up.stop()
        shutil.rmtree(up.state, ignore_errors=True)


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def report_chaos(
    outcome: Outcome, load: Load, kills: Counter[str], restored: list[float], wrong: list[str], orphans: int
) -> None:
    by_status = Counter(one.status for one in load.seen)
    longest = max((one.ended_at - one.sent_at for one in load.seen), default=0.0)
    restored = restored or [float("nan")]
    outcome.line(
        f"\nkill -9 at random: {dict(kills)}; {len(load.seen)} calls by status {dict(by_status)}, "
        f"the longest took {longest:.2f} s; state restored in {max(restored):.2f} s at most"
    )
    outcome.at_most("kill -9 of the gateway: state right after", max(restored), RESTORED_LIMIT_S, " s")
    outcome.at_most("acknowledged changes lost", len(wrong), 0)
    outcome.at_most("processes that outlived a killed gateway", orphans, 0)
    outcome.at_most("calls that hung", sum(one.ended_at - one.sent_at > 14 for one in load.seen), 0)
    for one in wrong[:3]:
        print(f"  {one}")
    results: dict[str, Any] = {"kills": dict(kills), "calls": len(load.seen), "restored_s": restored}
    outcome.results.append(results | {"statuses": json.loads(json.dumps(by_status)), "lost": len(wrong)})


def run(options: Options) -> Outcome:
    outcome = Outcome()
    flips(outcome, options)
    chaos(outcome, options)
    return outcome
