"""A batch on its way through a handler: inputs as it expects them, outputs as HTTP needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator as IteratorType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from hostler.handlers import errors
from hostler.handlers.context import CONTENT_TYPE, RequestProcessor
from hostler.handlers.metrics import MetricsStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hostler.handlers.context import Context
    from hostler.scoring.foreign import Foreign

JSON: Final = "application/json"
JSON_INDENT: Final = 2
BODY: Final = "body"
"""The name of what was sent as it is; other inputs are fields of a form, or parameters of the query."""


class Input(NamedTuple):
    """One entry of what the handler gets for a request."""

    name: str
    content_type: str
    data: bytearray


class Request(NamedTuple):
    """One request of a batch."""

    identity: str
    headers: tuple[tuple[str, str], ...]
    inputs: tuple[Input, ...]


class Item(NamedTuple):
    """The answer to one request."""

    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...]
    content_type: str | None
    body: bytes


class Failure(NamedTuple):
    """The whole batch failed."""

    status: int
    message: str


class Stream(NamedTuple):
    """The answer to the only request of a batch, which comes as the handler yields it.

    Attributes:
        head: the answer but for its body.
        pieces: raises whatever the handler raises.
    """

    head: Item
    pieces: Iterator[bytes]


Outcome: TypeAlias = "list[Item] | Failure | Stream"


class InputRefused(Exception):
    """An input is not what its content type says."""


class Batches:
    """Runs batches through one handler.

    Args:
        handle: the handler.
        context: its own, filled in for every batch.
        decodes: whether JSON and text are decoded before the handler sees them.
        on_failure: told of everything that the handler raises.
    """

    def __init__(
        self,
        handle: Callable[[Foreign, Foreign], Foreign],
        context: Context,
        decodes: bool,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._handle = handle
        self._context = context
        self._decodes = decodes
        self._on_failure = on_failure

    def run(self, requests: Sequence[Request]) -> Outcome:
        """The answers, in the order of the requests; one whose input cannot be read fails alone."""
        read = [self._read(request) for request in requests]
        accepted = [
            (request, data)
            for request, data in zip(requests, read, strict=True)
            if not isinstance(data, Item)
        ]
        outcome = self._predict(accepted, may_stream=len(requests) == 1) if accepted else []
        if isinstance(outcome, (Failure, Stream)):
            return outcome
        answers = iter(outcome)
        return [data if isinstance(data, Item) else next(answers) for data in read]

    def _read(self, request: Request) -> dict[str, Foreign] | Item:
        try:
            return {one.name: _decode(one) if self._decodes else one.data for one in request.inputs}
        except InputRefused as error:
            text = {"code": 400, "type": "BadRequestException", "message": str(error)}
            return Item(400, "Bad Request", (), JSON, (json.dumps(text, indent=JSON_INDENT) + "\n").encode())

    def _predict(
        self, accepted: Sequence[tuple[Request, dict[str, Foreign]]], *, may_stream: bool
    ) -> Outcome:
        context = self._context
        context.request_ids = {index: request.identity for index, (request, _) in enumerate(accepted)}
        context.request_processor = [RequestProcessor(_properties(request)) for request, _ in accepted]
        metrics = MetricsStore(context.request_ids, context.model_name)
        context.metrics = metrics
        try:
            answers = self._handle([data for _, data in accepted], context)
        except (Exception, SystemExit) as error:
            self._on_failure(error)
            return Failure(*errors.answer_to(error))
        finally:
            for line in metrics.take_lines():
                print(line)
        if not isinstance(answers, list):
            return Failure(*errors.NOT_A_LIST)
        if len(answers) != len(accepted):
            return Failure(*errors.MISMATCHED)
        return self._encode(answers, may_stream=may_stream)

    def _encode(self, answers: Sequence[Foreign], *, may_stream: bool) -> Outcome:
        if may_stream and isinstance(answers[0], IteratorType):
            return Stream(_item(self._context.request_processor[0], b""), map(encode, answers[0]))
        try:
            bodies = [encode(answer) for answer in answers]
            return [
                _item(processor, body)
                for processor, body in zip(self._context.request_processor, bodies, strict=True)
            ]
        except MemoryError as error:
            self._on_failure(error)
            return Failure(*errors.OUT_OF_RESOURCES)
        except Exception as error:
            self._on_failure(error)
            return Failure(*errors.UNSUPPORTED_OUTPUT)


def encode(answer: Foreign) -> bytes:
    """One element of what a handler returned: bytes as they are, text in UTF-8, all else as JSON.

    What yields pieces is all of them together: only the one answer of a batch of one can be sent as it comes.

    Raises:
        TypeError: JSON cannot carry it.
        ValueError: the same, or the text has no form in UTF-8.
    """
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, bytearray | memoryview):
        return bytes(answer)
    if isinstance(answer, IteratorType):
        return b"".join(map(encode, answer))
    return (answer if isinstance(answer, str) else json.dumps(answer, indent=JSON_INDENT)).encode()


def _decode(one: Input) -> Foreign:
    """What the content type says that the bytes are: JSON, text, or bytes; fields and parameters are text."""
    kind = _mime(one.content_type).lower()
    if not kind and one.name != BODY:
        return _text(one.data)
    if kind != JSON and not kind.startswith("text/"):
        return one.data
    try:
        text = one.data.decode()
        return json.loads(text) if kind == JSON else text
    except (ValueError, RecursionError) as error:
        raise InputRefused(f"Input {one.name!r} cannot be read as {kind}: {error}") from None


def _text(data: bytearray) -> str | bytearray:
    try:
        return data.decode()
    except ValueError:
        return data


def _properties(request: Request) -> dict[str, Foreign]:
    properties: dict[str, Foreign] = {
        one.name: {CONTENT_TYPE: _mime(one.content_type)} for one in request.inputs
    }
    properties.update(request.headers)
    return properties


def _item(processor: RequestProcessor, body: bytes) -> Item:
    content_type: str | None = None
    headers: list[tuple[str, str]] = []
    for name, value in processor.get_response_headers().items():
        if str(name).lower() == CONTENT_TYPE:
            content_type = None if value is None else str(value)
        else:
            headers.append((str(name), str(value)))
    status, phrase = processor.get_response_status_code(), processor.get_response_status_phrase()
    return Item(int(status), str(phrase or ""), tuple(headers), content_type, body)


def _mime(content_type: str) -> str:
    return content_type.partition(";")[0].strip()
