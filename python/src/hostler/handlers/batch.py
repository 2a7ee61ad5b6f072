"""A batch on its way through a handler: inputs as it expects them, outputs as HTTP needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator as IteratorType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from hostler.handlers import errors
from hostler.handlers.context import CONTENT_TYPE, RequestProcessor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hostler.handlers.context import Context
    from hostler.scoring.foreign import Foreign

JSON: Final = "application/json"
KNOWN_TYPES: Final = 256
PLAIN_TYPES: Final = frozenset((str, bytes, dict, list, tuple, int, float, bool, type(None)))
JSON_INDENT: Final = 2
BODY: Final = "body"
"""The name of what was sent as it is; other inputs are fields of a form, or parameters of the query."""


Input: TypeAlias = "tuple[str, str, bytearray]"
"""One entry of what the handler gets for a request: its name, its content type and what was sent."""


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


class Reading(NamedTuple):
    """What a content type says of an input.

    Attributes:
        mime: the type without its parameters.
        body: makes what the handler gets of what was sent as it is.
        field: the same for a field of a form or a parameter of the query.
    """

    mime: str
    body: Callable[[str, bytearray], Foreign]
    field: Callable[[str, bytearray], Foreign]


Batch: TypeAlias = "tuple[list[dict[str, Foreign]], list[RequestProcessor]]"
"""What the handler gets for each request, and what it is told and says of it."""


class Batches:
    """Runs batches through one handler.

    What is here runs for every call, between runs of a handler that fills the processor's caches with its
    own: a function that is called here costs several times what it costs in a loop.

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
        self._readings: dict[str, Reading] = {}
        """By content type: clients tend to repeat themselves."""

    def run(self, requests: Sequence[Request]) -> Outcome:
        """The answers, in the order of the requests; one whose input cannot be read fails alone."""
        try:
            batch = self._read(requests)
        except InputRefused:
            return self._run_accepted(requests)
        return self._predict(requests, batch, may_stream=len(requests) == 1)

    def _run_accepted(self, requests: Sequence[Request]) -> Outcome:
        refused: dict[int, Item] = {}
        accepted: list[Request] = []
        data: list[dict[str, Foreign]] = []
        processors: list[RequestProcessor] = []
        for index, request in enumerate(requests):
            try:
                [own_data], [own_processor] = self._read((request,))
            except InputRefused as error:
                text = {"code": 400, "type": "BadRequestException", "message": str(error)}
                body = (json.dumps(text, indent=JSON_INDENT) + "\n").encode()
                refused[index] = Item(400, "Bad Request", (), JSON, body)
            else:
                accepted.append(request)
                data.append(own_data)
                processors.append(own_processor)
        outcome = self._predict(accepted, (data, processors), may_stream=False) if accepted else []
        if isinstance(outcome, (Failure, Stream)):
            return outcome
        answers = iter(outcome)
        return [refused[index] if index in refused else next(answers) for index in range(len(requests))]

    def _read(self, requests: Sequence[Request]) -> Batch:
        data: list[dict[str, Foreign]] = []
        processors: list[RequestProcessor] = []
        for _, headers, inputs in requests:
            entry: dict[str, Foreign] = {}
            properties: dict[str, Foreign] = {}
            for name, content_type, sent in inputs:
                mime, body, field = self._readings.get(content_type) or self._learn(content_type)
                entry[name] = body(name, sent) if name == BODY else field(name, sent)
                properties[name] = {CONTENT_TYPE: mime}
            properties.update(headers)
            data.append(entry)
            processors.append(RequestProcessor(properties))
        return data, processors

    def _learn(self, content_type: str) -> Reading:
        if len(self._readings) >= KNOWN_TYPES:
            self._readings.clear()
        reading = self._readings[content_type] = _reading(content_type, self._decodes)
        return reading

    def _predict(self, requests: Sequence[Request], batch: Batch, *, may_stream: bool) -> Outcome:
        data, processors = batch
        context = self._context
        context.begin([request[0] for request in requests], processors)
        try:
            answers = self._handle(data, context)
        except (Exception, SystemExit) as error:
            self._on_failure(error)
            return Failure(*errors.answer_to(error))
        finally:
            for line in context.take_metrics():
                print(line)
        if not isinstance(answers, list):
            return Failure(*errors.NOT_A_LIST)
        if len(answers) != len(requests):
            return Failure(*errors.MISMATCHED)
        return self._encode(answers, may_stream=may_stream)

    def _encode(self, answers: Sequence[Foreign], *, may_stream: bool) -> Outcome:
        processors = self._context.request_processor
        if may_stream and _yields(answers[0]):
            return Stream(_item(processors[0], b""), map(encode, answers[0]))
        try:
            return [
                _item(processor, answer.encode() if type(answer) is str else encode(answer))
                for processor, answer in zip(processors, answers, strict=True)
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
    if _yields(answer):
        return b"".join(map(encode, answer))
    return (answer if isinstance(answer, str) else json.dumps(answer, indent=JSON_INDENT)).encode()


def _yields(answer: Foreign) -> bool:
    # Whether the class has the methods of an iterator is looked up at length; these have not.
    return type(answer) not in PLAIN_TYPES and isinstance(answer, IteratorType)


def _reading(content_type: str, decodes: bool) -> Reading:
    """What the content type says that the bytes are: JSON, text, or bytes; fields and parameters are text."""
    mime = content_type.partition(";")[0].strip()
    kind = mime.lower()
    if not decodes:
        return Reading(mime, _as_it_is, _as_it_is)
    if not kind:
        return Reading(mime, _as_it_is, _as_text)
    if kind == JSON or kind.startswith("text/"):
        decode = json.loads if kind == JSON else str
        return Reading(mime, _decoder(kind, decode), _decoder(kind, decode))
    return Reading(mime, _as_it_is, _as_it_is)


def _as_it_is(_: str, data: bytearray) -> bytearray:
    return data


def _as_text(_: str, data: bytearray) -> str | bytearray:
    try:
        return data.decode()
    except ValueError:
        return data


def _decoder(kind: str, decode: Callable[[str], Foreign]) -> Callable[[str, bytearray], Foreign]:
    def read(name: str, data: bytearray) -> Foreign:
        try:
            return decode(data.decode())
        except (ValueError, RecursionError) as error:
            raise InputRefused(f"Input {name!r} cannot be read as {kind}: {error}") from None

    return read


def _item(processor: RequestProcessor, body: bytes) -> Item:
    if type(processor) is RequestProcessor and processor.is_untouched:
        return Item(200, "", (), None, body)
    content_type: str | None = None
    headers: list[tuple[str, str]] = []
    for name, value in processor.get_response_headers().items():
        if str(name).lower() == CONTENT_TYPE:
            content_type = None if value is None else str(value)
        else:
            headers.append((str(name), str(value)))
    status, phrase = processor.get_response_status_code(), processor.get_response_status_phrase()
    return Item(int(status), str(phrase or ""), tuple(headers), content_type, body)
