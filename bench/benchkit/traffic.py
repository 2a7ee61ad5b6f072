"""A closed-loop client that keeps every outcome with its times: which call failed, and when."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchkit.rows import answer, expected, is_same, request, requests
from benchkit.wire import Connection, Reply, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Call:
    """One request, and what is right: the numbers of the answer, or None where a 4xx with an error is."""

    name: str
    message: bytes
    right: list[float] | None


@dataclass(frozen=True)
class Seen:
    call: str
    sent_at: float  # time.monotonic()
    ended_at: float
    status: int  # 0 where the connection was lost or the time ran out
    problem: str = ""  # empty when the reply is what it should be


def judge(call: Call, reply: Reply) -> str:
    """Empty when the reply is right, else what is wrong with it."""
    said = f"{reply.status} {reply.body[:160].decode(errors='replace')}"
    try:
        if call.right is None:
            is_refused = 400 <= reply.status < 500 and isinstance(reply.json()["error"], str)
            return "" if is_refused else f"expected a 4xx with an error: {said}"
        if reply.status != 200:
            return said
        return "" if is_same(answer("v2", reply.body), call.right) else f"wrong answer: {said}"
    except (ValueError, KeyError, TypeError, IndexError):
        return f"unreadable: {said}"


async def ask(connection: Connection, call: Call, timeout: float) -> Seen:
    sent_at = time.monotonic()
    try:
        reply = await connection.ask(call.message, timeout)
    except OSError as error:
        return Seen(call.name, sent_at, time.monotonic(), 0, str(error) or repr(error))
    ended_at = time.monotonic()
    return Seen(call.name, sent_at, ended_at, reply.status, judge(call, reply))


async def drive(
    url: str, calls: Iterator[Call], connections: int, until: Callable[[], bool], timeout: float
) -> list[Seen]:
    """Every connection sends the next call when its last one ended, until told or until there are no more."""
    seen: list[Seen] = []

    async def one() -> None:
        connection = Connection(url)
        while not until() and (call := next(calls, None)) is not None:
            outcome = await ask(connection, call, timeout)
            seen.append(outcome)
            if outcome.status == 0:
                await asyncio.sleep(0.001)  # a refused connection must not become a busy loop
        connection.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return seen


def run(
    url: str, calls: Iterator[Call], connections: int, seconds: float = float("inf"), timeout: float = 30
) -> list[Seen]:
    ends = time.monotonic() + seconds
    return asyncio.run(drive(url, calls, connections, lambda: time.monotonic() >= ends, timeout))


def good_calls(url: str, models: list[str], trained_by: str) -> list[Call]:
    """Single-row calls to all the models in turn, as many as there are distinct rows."""
    calls = []
    for k in range(1024):
        for model in models:
            rows = requests().get(model) or requests()["x30"]
            path, body = request("v2", model, [rows[k]])
            calls.append(Call(model, render(url, path, body), [expected(trained_by)[model][k]]))
    return calls
