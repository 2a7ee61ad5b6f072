"""Runs a handler the way its process does, in a process of its own."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from hostler.handlers import worker
from hostler.handlers.batch import Batches, Failure, Request, Stream
from hostler.handlers.load import Order, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hostler.handlers.batch import Input, Item, Outcome
    from hostler.protocol.fields import Header, JsonValue


class Answer(NamedTuple):
    """The answer to one request."""

    status: int
    phrase: str
    headers: list[list[str]]
    content_type: str | None
    body: bytes

    def json(self) -> JsonValue:
        """The body as JSON."""
        value: JsonValue = json.loads(self.body)
        return value


class Handled(NamedTuple):
    """What became of a handler.

    Attributes:
        error: why it could not be loaded, as an END has it.
        batches: for each batch its answers, or status and message of how all of it failed.
        output: what it has written.
    """

    error: Header | None
    batches: list[list[Answer] | tuple[int, str]]
    output: str

    @property
    def answers(self) -> list[Answer]:
        """The answers to the first batch; fails if there are none."""
        assert self.error is None, self.output
        first = self.batches[0]
        assert isinstance(first, list), first
        return first

    @property
    def answer(self) -> Answer:
        """The answer to the only request."""
        [answer] = self.answers
        return answer

    @property
    def failure(self) -> tuple[int, str]:
        """How all of the first batch failed."""
        assert self.error is None, self.output
        first = self.batches[0]
        assert isinstance(first, tuple), first
        return first


def write(folder: Path, **files: str) -> Path:
    """Python modules in a folder."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def write_file(folder: Path, text: str, name: str = "inference.py") -> Path:
    """A file below a folder, which is given back."""
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return folder


def request(
    body: bytes | str = b"",
    content_type: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    identity: str = "id",
    inputs: Sequence[Input] = (),
) -> Request:
    """A request with a body, and with these inputs ahead of it."""
    data = bytearray(body if isinstance(body, bytes) else body.encode())
    pairs = (*((("Content-Type", content_type),) if content_type else ()), *(headers or {}).items())
    return Request(identity, pairs, (*inputs, ("body", content_type, data)))


def handle(
    folder: Path,
    handler: str,
    *batches: Sequence[Request],
    decodes: bool = False,
    manifest: JsonValue = None,
    batch_size: int = 1,
    gpu_id: int | None = None,
    variables: Mapping[str, str] | None = None,
) -> Handled:
    """Load a handler and run these batches, in a process of their own."""
    order = Order("m", str(folder), handler, manifest, batch_size, gpu_id, decodes, True, variables or {})
    with tempfile.TemporaryFile() as results, tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _be_child(order, batches, results.fileno(), output.fileno())
        assert os.waitpid(child, 0)[1] == 0
        results.seek(0)
        output.seek(0)
        found = json.loads(results.read())
        return Handled(found["error"], list(map(_read, found["batches"])), output.read().decode())


def _be_child(order: Order, batches: Sequence[Sequence[Request]], results: int, output: int) -> NoReturn:
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    sys.stdout, sys.stderr = map(_line_by_line, (1, 2))
    report: dict[str, object] = {"error": None, "batches": []}
    try:
        loaded = load(order)
        running = Batches(loaded.handle, loaded.context, loaded.decodes, worker.show)
        report["batches"] = [_plain(running.run(batch)) for batch in batches]
    except BaseException as error:
        report["error"] = worker.load_failure(error)
    finally:
        os.write(results, json.dumps(report).encode())
        os._exit(0)


def _line_by_line(descriptor: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(os.fdopen(descriptor, "wb"), encoding="utf-8", line_buffering=True)


def _plain(outcome: Outcome) -> object:
    if isinstance(outcome, Stream):
        outcome = [outcome.head._replace(body=b"".join(outcome.pieces))]
    return list(outcome) if isinstance(outcome, Failure) else {"items": [_item(item) for item in outcome]}


def _item(item: Item) -> object:
    return [item.status, item.phrase, list(item.headers), item.content_type, item.body.decode("latin-1")]


def _read(found: dict[str, list[list[object]]] | list[object]) -> list[Answer] | tuple[int, str]:
    if isinstance(found, list):
        status, message = found
        assert isinstance(status, int)
        return status, str(message)
    return [_answer(*item) for item in found["items"]]


def _answer(status: object, phrase: object, headers: object, content_type: object, body: object) -> Answer:
    assert isinstance(status, int)
    assert isinstance(headers, list)
    kind = None if content_type is None else str(content_type)
    return Answer(status, str(phrase), headers, kind, str(body).encode("latin-1"))
