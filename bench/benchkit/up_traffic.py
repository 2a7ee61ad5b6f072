"""Deployments of a script and constant traffic for them, for the scenarios of `hostler up`."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchkit.wire import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchkit.up import Up

CONNECTIONS = 8
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
