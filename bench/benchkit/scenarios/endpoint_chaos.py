"""The second half of endpoints: kill -9 of gateways, instances and containers, between changes."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchkit.engine import BASE_IMAGE
from benchkit.proc import adopt_orphans, wait_until_gone
from benchkit.servers import kill
from benchkit.up import Up, kill_one, scoring_message
from benchkit.up_traffic import Load, deploy, wait_for
from benchkit.wire import Connection

if TYPE_CHECKING:
    from benchkit.engine import Engine
    from benchkit.options import Options
    from benchkit.report import Outcome

CHAOS_S = 300
RESTORED_LIMIT_S = 1.0
WORKERS = ("hostler-score", "hostler-worker")
SERVER = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "{{}}".format(len(b"{name}")))
        self.end_headers()
        self.wfile.write(b"{name}")
    do_GET = do_POST
    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", 8003), Handler).serve_forever()
"""
CONTAINERS = "hostler.endpoint=chaos"
SWEPT_LIMIT_S = 15


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


def change(up: Up, wanted: Acknowledged, chance: random.Random, names: list[str]) -> None:
    """One acknowledged change: of the traffic or of a tag."""
    if chance.random() < 0.5:
        one, other = chance.sample(names, 2)
        percent = chance.choice([0, 20, 50, 80, 100])
        shares = {name: share for name, share in ((one, percent), (other, 100 - percent)) if share}
        up.traffic(wanted.endpoint, **shares)
        wanted.traffic = shares
        return
    spec = up.call("GET", f"/api/endpoints/{wanted.endpoint}")
    tags = {"turn": str(chance.randrange(10**9))}
    keep = (
        "name",
        "description",
        "auth_mode",
        "traffic",
        "mirror_traffic",
        "properties",
    )
    up.call(
        "PUT",
        f"/api/endpoints/{wanted.endpoint}",
        {k: spec[k] for k in keep} | {"tags": tags},
    )
    wanted.tags = tags


class Chaos:
    """One `hostler up` that is changed and killed at random, and what came of it."""

    def __init__(self, up: Up, key: str, engine: Engine | None) -> None:
        self.chance = random.Random(7)
        self.kills = Counter[str]()
        self.restored: list[float] = []
        self.wrong: list[str] = []
        self.orphans = 0
        self.leftovers = 0
        self._up, self._engine = up, engine
        self._wanted = Acknowledged("chaos", key, {"blue": 100}, {})
        self._names = ["blue", "green", *(["box"] if engine else [])]

    def turn(self) -> None:
        """Some acknowledged changes, then something is killed."""
        for _ in range(self.chance.randrange(1, 4)):
            change(self._up, self._wanted, self.chance, self._names)
        time.sleep(self.chance.uniform(0.2, 1.5))
        kind = self.chance.random()
        if kind < 0.4:
            self._kill_gateway()
        elif kind < 0.7 or self._engine is None:
            self._kill_instance()
        else:
            self._kill_container(self._engine)
        problem = is_right(self._up, self._wanted)
        self.wrong += [problem] if problem else []

    def containers(self) -> list[str]:
        return self._engine.containers(CONTAINERS) if self._engine else []

    def _kill_gateway(self) -> None:
        self.kills["gateway"] += 1
        before = self.containers()
        family = self._up.kill_front()
        _, left = wait_until_gone(family, 5)
        self.orphans += len(left)
        kill(left)
        began = time.monotonic()
        self._up.start()
        self._up.wait_until_up(10)
        problem = is_right(self._up, self._wanted)
        self.restored.append(time.monotonic() - began)
        self.wrong += [problem] if problem else []
        # An engine keeps what it runs: those of the former run are the new one's to remove.
        until = time.monotonic() + SWEPT_LIMIT_S
        while set(before) & set(self.containers()) and time.monotonic() < until:
            time.sleep(0.1)
        self.leftovers += len(set(before) & set(self.containers()))

    def _has_container(self) -> bool:
        found = self._up.call("GET", "/api/endpoints/chaos/deployments/box")["instances"]
        return any(one["state"] == "ready" for one in found)

    def _kill_instance(self) -> None:
        self.kills["instance"] += 1
        workers = [one for one in self._up.family() if comm(one.pid) in WORKERS]
        if workers:
            kill_one(self.chance.choice(workers).pid)

    def _kill_container(self, engine: Engine) -> None:
        wait_for("the container", self._has_container, 60)  # after a restart it takes an engine a while
        found = engine.containers(CONTAINERS)
        if not found:
            return
        container = self.chance.choice(found)
        how = self.chance.choice(["main process", "engine's kill", "engine's rm -f"])
        self.kills[f"container ({how})"] += 1
        if how == "main process":
            pid = engine.main_process(container)
            if pid:
                kill_one(pid)
        elif how == "engine's kill":
            engine.kill(container)
        else:
            engine.remove(container)


def deploy_container(up: Up, endpoint: str, name: str) -> None:
    """A server of its own in an image that is built for it."""
    folder = Path(tempfile.mkdtemp(prefix="hostler-bench-image-"))
    (folder / "server.py").write_text(SERVER.format(name=name))
    (folder / "Dockerfile").write_text(
        f'FROM {BASE_IMAGE}\nCOPY server.py /\nCMD ["python3", "/server.py"]\n'
    )
    routes = ("liveness_route", "readiness_route", "scoring_route")
    environment = up.call(
        "POST",
        "/api/environments",
        {
            "name": f"{endpoint}-{name}",
            "build": {"path": str(folder)},
            "inference_config": {route: {"path": "/", "port": 8003} for route in routes},
        },
    )
    up.deployment(
        endpoint,
        name,
        environment={"name": environment["name"], "version": environment["version"]},
        engine="container",
        request_settings={"request_timeout_ms": 10_000},
    )
    shutil.rmtree(folder)


def chaos(outcome: Outcome, options: Options, engine: Engine | None) -> None:
    up = Up(variables={"DOCKER_HOST": engine.host} if engine else {})
    adopt_orphans()
    up.start()
    try:
        up.wait_until_up(options.patience)
        key = up.endpoint("chaos")
        for name in ("blue", "green"):
            deploy(up, "chaos", name)
        if engine:
            deploy_container(up, "chaos", "box")
        up.traffic("chaos", blue=100)
        story = Chaos(up, key, engine)
        message = scoring_message(up.url, "chaos", key)
        ends = time.monotonic() + options.fewer(CHAOS_S, 20)
        with Load(up.url, message) as load:
            while time.monotonic() < ends:
                story.turn()
            wait_for(
                "calls succeed again",
                lambda: bool(load.seen) and load.seen[-1].status == 200,
            )
        if engine:
            box = scoring_message(up.url, "chaos", key, pin="box")
            wait_for("the container answers again", partial(answers, up.url, box))
            up.stop()
            story.leftovers += len(story.containers())
        report_chaos(outcome, load, story)
    finally:
        up.stop()
        if engine:
            for container in engine.containers(CONTAINERS):
                engine.remove(container)
        shutil.rmtree(up.state, ignore_errors=True)


def answers(url: str, message: bytes) -> bool:
    async def ask() -> int:
        connection = Connection(url)
        try:
            return (await connection.ask(message, 15)).status
        finally:
            connection.close()

    try:
        return asyncio.run(ask()) == 200
    except OSError:
        return False


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def report_chaos(outcome: Outcome, load: Load, story: Chaos) -> None:
    by_status = Counter(one.status for one in load.seen)
    by_answer = Counter(one.body for one in load.seen if one.status == 200)
    longest = max((one.ended_at - one.sent_at for one in load.seen), default=0.0)
    restored = story.restored or [float("nan")]
    outcome.line(
        f"\nkill -9 at random: {dict(story.kills)}; {len(load.seen)} calls by status {dict(by_status)}, "
        f"answered by {dict(by_answer)}, the longest took {longest:.2f} s; "
        f"state restored in {max(restored):.2f} s at most"
    )
    outcome.at_most(
        "kill -9 of the gateway: state right after",
        max(restored),
        RESTORED_LIMIT_S,
        " s",
    )
    outcome.at_most("acknowledged changes lost", len(story.wrong), 0)
    outcome.at_most("processes that outlived a killed gateway", story.orphans, 0)
    outcome.at_most("containers that outlived the next start or a stop", story.leftovers, 0)
    outcome.at_most("calls that hung", sum(one.ended_at - one.sent_at > 14 for one in load.seen), 0)
    for one in story.wrong[:3]:
        print(f"  {one}")
    results: dict[str, Any] = {
        "kills": dict(story.kills),
        "calls": len(load.seen),
        "restored_s": restored,
    }
    outcome.results.append(
        results | {"statuses": json.loads(json.dumps(by_status)), "lost": len(story.wrong)}
    )
