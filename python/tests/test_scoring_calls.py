"""One call of run(), whatever the script does in it."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from hostler.scoring import calls, script, settings, worker
from hostler.scoring.inputs import Incoming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    MakeCaller = Callable[..., calls.Caller]

FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
REQUEST = Incoming("POST", "/score", (), "application/json", bytearray(b"{}"))


@pytest.fixture
def caller_of() -> Iterator[MakeCaller]:
    made: list[calls.Caller] = []

    def make(run: Callable[[str], object], timeout_ms: int = 60_000) -> calls.Caller:
        made.append(calls.Caller(script._analyze(lambda: None, run, None), timeout_ms))
        return made[-1]

    yield make
    for caller in made:
        if caller._loop is not None:
            caller._loop.close()


def message(answer: calls.Answer) -> tuple[int, str]:
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)["message"]


class Panic(BaseException):
    """As Rust code raises it."""


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret"),
        TimeoutError("a database"),
        SystemExit(3),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        Panic(),
    ],
)
def test_whatever_run_raises_is_a_failure_of_the_script(caller_of: MakeCaller, error: BaseException) -> None:
    def run(data: str) -> None:
        raise error

    async def awaited(data: str) -> None:
        raise error

    assert message(caller_of(run).answer(REQUEST)) == (500, FAILED)
    assert message(caller_of(awaited).answer(REQUEST)) == (500, FAILED)


def test_a_call_has_its_time_and_no_more(caller_of: MakeCaller) -> None:
    def run(data: str) -> None:
        time.sleep(60)

    async def awaited(data: str) -> None:
        await asyncio.sleep(60)

    assert message(caller_of(run, 50).answer(REQUEST)) == (500, "Scoring timeout after 50 ms")
    assert message(caller_of(awaited, 50).answer(REQUEST)) == (500, "Scoring timeout after 50 ms")


def test_an_alarm_of_an_earlier_call_ends_nothing_and_puts_off_nothing(caller_of: MakeCaller) -> None:
    def run(data: str) -> str:
        signal.raise_signal(signal.SIGALRM)
        time.sleep(10 if data else 0)
        return "done"

    caller = caller_of(run, 50)
    assert caller.answer(REQUEST._replace(body=bytearray())).body == b'"done"'
    assert message(caller.answer(REQUEST)) == (500, "Scoring timeout after 50 ms")
    signal.raise_signal(signal.SIGALRM)  # between two calls


def test_the_short_way_to_a_plain_answers_header_leads_to_the_same(caller_of: MakeCaller) -> None:
    answer = caller_of(lambda data: data).answer(REQUEST)
    long_way = worker._head(answer, 4, is_last=True)
    assert worker._head(answer, 4) == long_way.replace(b',"leaving":true', b"") != long_way


def test_an_awaited_run_goes_on_after_one_that_failed(caller_of: MakeCaller) -> None:
    endings = iter([asyncio.sleep(60), stop(), asyncio.sleep(0)])

    async def run(data: str) -> str:
        await next(endings)
        return data

    caller = caller_of(run, 50)
    assert message(caller.answer(REQUEST))[1] == "Scoring timeout after 50 ms"
    assert message(caller.answer(REQUEST)) == (500, FAILED)
    assert caller.answer(REQUEST).body == b'"{}"'


async def stop() -> None:
    raise SystemExit(3)


def test_classes_of_a_script_find_their_module(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(
        "from __future__ import annotations\n"
        "import dataclasses, pickle\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int = 1\n"
        "def init(): pass\n"
        "def run(data): return pickle.loads(pickle.dumps(Point(2)))\n"
    )
    found = settings.read({}, str(tmp_path), "score.py")
    loaded = script.load(found, is_run_optional=False)
    assert calls.Caller(loaded, 60_000).answer(REQUEST).body == b'{"x": 2}'


@pytest.mark.parametrize("limit", [None, 256 << 20])
def test_a_call_beyond_the_limit_of_memory_is_told_of_it_and_is_the_last(limit: int | None) -> None:
    def run(data: str) -> None:
        raise MemoryError(data)

    caller = calls.Caller(script._analyze(lambda: None, run, None), 60_000, limit)
    status, text = message(caller.answer(REQUEST))
    assert status == 500
    assert caller.is_spent is (limit is not None)
    assert ("resources.limits.memory is 256 MiB" in text) is (limit is not None)
