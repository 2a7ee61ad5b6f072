"""One call of run(): its input made, its time bounded, its result made an answer."""

from __future__ import annotations

import asyncio
import inspect
import json
import signal
import time
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from hostler import memory
from hostler.scoring import contract, inputs, logs, plain, script
from hostler.scoring.inputs import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from types import FrameType, TracebackType

    from hostler.scoring.foreign import Foreign
    from hostler.scoring.inputs import Incoming
    from hostler.scoring.script import Script

Outcome: TypeAlias = "tuple[Foreign, BaseException | None]"

JSON: Final = "application/json"
STREAM: Final = "text/plain; charset=utf-8"
FAILED: Final = "x-ms-run-function-failed"
WHOLE: Final = frozenset({str, dict, list, int, float, bool})
"""Most results are of these types: there is nothing to be awaited or drawn from them."""


class ScoringTimeout(TimeoutError):
    """run() took longer than it may; a TimeoutError of the script's own is a failure like any other."""


class Answer(NamedTuple):
    """What goes back.

    Attributes:
        status: the status code.
        headers: but for the content type and whether run() failed.
        content_type: empty for none.
        body: bytes, or pieces to be sent as they come.
        failed: what `x-ms-run-function-failed` is to say; None for nothing.
        run_ms: how long run() took; None where it did not return.
    """

    status: int
    headers: list[list[str]]
    content_type: str
    body: bytes | Iterator[bytes]
    failed: bool | None
    run_ms: float | None


class Caller:
    """Calls a script's run().

    Args:
        loaded: the script.
        timeout_ms: the longest that a call may take.
        memory_bytes: the most that this process may hold, as it was bounded; None for no bound.

    Attributes:
        is_spent: whether a call has run into that bound: another process should take this one's place.
    """

    def __init__(self, loaded: Script, timeout_ms: int, memory_bytes: int | None = None) -> None:
        self.is_spent = False
        self._memory_bytes = memory_bytes
        self._script = loaded
        self._timeout_ms = timeout_ms
        self._timeout_s = timeout_ms / 1000
        self._started_at: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._first = loaded.parameters[0].name if loaded.parameters else ""
        signal.signal(signal.SIGALRM, self._alarm)

    def finish(self, awaitable: Awaitable[Foreign], timeout_s: float | None = None) -> Foreign:
        """Run what is to be awaited to its end, on this process's event loop.

        Raises:
            ScoringTimeout: it took longer, and was cancelled.
        """
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        result, error = self._loop.run_until_complete(_bounded(awaitable, timeout_s))
        if error is not None:
            raise error
        return result

    def answer(self, incoming: Incoming) -> Answer:
        """Call run() for a request. Never raises: what goes wrong is an answer too."""
        try:
            if self._script.mode == script.RAW:
                with inputs.raw_request(incoming) as request:
                    return self._call({self._first: request}, incoming)
            if self._script.mode == script.TEXT:
                return self._call({self._first: inputs.text_of(incoming)}, incoming)
            return self._call(inputs.arguments_of(incoming, self._script), incoming)
        except Refused as refusal:
            return _problem(refusal.status, refusal.message, False)
        except Exception as error:
            script.log_failure(error)
            return self._out_of_memory(error) or _problem(500, contract.INTERNAL_ERROR, False)

    def _call(self, arguments: dict[str, Foreign], incoming: Incoming) -> Answer:
        run = self._script.run
        if run is None:
            return _problem(404, "This script has no run(): it serves on a port of its own.", False)
        if self._script.takes_headers:
            arguments[script.HEADERS] = inputs.headers_of(incoming)
        try:
            self._started_at = started = time.perf_counter()
            # Not put off afterwards: the next call sets it anew, and without one it finds nothing to end.
            signal.setitimer(signal.ITIMER_REAL, self._timeout_s)
            try:
                result = run(**arguments)
            finally:
                self._started_at = None
            if type(result) not in WHOLE and inspect.isawaitable(result):
                result = self.finish(result, self._timeout_s)
            run_ms = (time.perf_counter() - started) * 1000
        except ScoringTimeout as error:
            script.log_failure(error)
            return _problem(500, f"Scoring timeout after {self._timeout_ms} ms", True)
        except BaseException as error:  # sys.exit(), a cancelled task, a panic of Rust code
            return self._failed(error)
        return self._wrap(result, run_ms)

    def _alarm(self, _number: int, _frame: FrameType | None) -> None:
        if self._started_at is None:
            return
        left_s = self._started_at + self._timeout_s - time.perf_counter()
        if left_s <= 0:
            raise ScoringTimeout
        signal.setitimer(signal.ITIMER_REAL, left_s)  # it was set for the call before this one

    def _failed(self, error: BaseException) -> Answer:
        script.log_failure(error)
        if self._script.mode == script.SCHEMA and _is_of_schema(error.__traceback__):
            return _problem(400, str(error) or type(error).__name__, False)
        return self._out_of_memory(error) or _problem(500, contract.SCORING_FAILED, True)

    def _out_of_memory(self, error: BaseException) -> Answer | None:
        if self._memory_bytes is None or not isinstance(error, MemoryError):
            return None
        self.is_spent = True
        message = f"The call needed more memory than there may be: {memory.limit_text(self._memory_bytes)}."
        logs.server.error("%s Another process takes the place of this one.", message)
        return _problem(500, message, True)

    def _wrap(self, result: Foreign, run_ms: float) -> Answer:
        if type(result) in WHOLE:
            return Answer(200, [], JSON, plain.render(result), False, run_ms)
        if hasattr(result, "iter_encoded"):
            logs.server.info("run() output is HTTP Response")
            return _from_response(result, run_ms)
        if inspect.isgenerator(result):
            return Answer(200, [], STREAM, _pieces(result), False, run_ms)
        if inspect.isasyncgen(result):
            return Answer(200, [], STREAM, _pieces(self._drive(result)), False, run_ms)
        return Answer(200, [], JSON, b"{}" if result is None else plain.render(result), False, run_ms)

    def _drive(self, stream: Foreign) -> Iterator[Foreign]:
        while True:
            try:
                yield self.finish(anext(stream))
            except StopAsyncIteration:
                return


async def _bounded(awaitable: Awaitable[Foreign], timeout_s: float | None) -> Outcome:
    task = asyncio.ensure_future(_outcome(awaitable))
    _, pending = await asyncio.wait({task}, timeout=timeout_s)
    if pending:
        task.cancel()
        await asyncio.wait({task})
        return None, ScoringTimeout()
    return task.result()


async def _outcome(awaitable: Awaitable[Foreign]) -> Outcome:
    """Nothing is raised in a task: a SystemExit there ends the event loop and comes up in the next call."""
    try:
        return await awaitable, None
    except BaseException as error:
        return None, error


def _problem(status: int, message: str, failed: bool) -> Answer:
    return Answer(status, [], JSON, json.dumps({"message": message}).encode(), failed, None)


def _pieces(items: Foreign) -> Iterator[bytes]:
    for item in items:
        if isinstance(item, (bytes, bytearray, memoryview)):
            yield bytes(item)
        else:
            yield item.encode() if isinstance(item, str) else plain.render(item)


def _from_response(response: Foreign, run_ms: float) -> Answer:
    """What a response object says: ours, or any of werkzeug's."""
    status = int(response.status_code)
    said: str | None = None
    content_type = ""
    headers: list[list[str]] = []
    for name, value in response.headers:
        lower = name.lower()
        if lower == FAILED:
            said = value
        elif lower == "content-type":
            content_type = value
        elif lower != "content-length":
            headers.append([name, value])
    failed = True if status >= 500 else None if said is None else said.lower() == "true"
    pieces = response.iter_encoded()
    body = pieces if response.is_streamed else b"".join(pieces)
    return Answer(status, headers, content_type, body, failed, run_ms)


def _is_of_schema(trace: TracebackType | None) -> bool:
    """Whether inference-schema refused the input: run() itself was not reached."""
    found = False
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] == "inference_schema":
            found = True
        elif found and module in (script.MODULE, "main"):
            return False
        trace = trace.tb_next
    return found
