"""A process that serves one handler: a blocking loop that runs batches, one at a time."""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from hostler import memory, outputs, process, tracebacks
from hostler.handlers.batch import Batches, Failure, Input, Request
from hostler.handlers.errors import HandlerError, is_out_of_memory
from hostler.handlers.load import Order, load
from hostler.protocol import errors, fields, frames, parts
from hostler.protocol.errors import CallError, ConnectionEnded, ProtocolError

if TYPE_CHECKING:
    from hostler.handlers.batch import Item
    from hostler.protocol.fields import Header
    from hostler.transport import Connection

BROKEN: Final = 70
PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""Where our own code lies, whose frames tell nobody anything about a handler."""


def run(socket_path: str, token: str, number: int) -> int:
    """Connect to the front and serve it until it closes the connection.

    Args:
        socket_path: the front's Unix socket.
        token: this worker's, good once for each connection.
        number: this worker's.

    Returns:
        The exit status: 0 when the front has closed, BROKEN when the protocol was broken.
    """
    process.name_process("hostler-handler")
    process.offer_to_oom_killer()
    try:
        front = outputs.connect(socket_path, token, number)
        HandlerWorker(front.data).serve()
    except ConnectionEnded:
        return 0
    except ProtocolError as error:
        print(f"hostler handler {number}: {error}", file=sys.stderr)
        return BROKEN
    finally:
        # What the handler has registered for the end of its process: a forked one ends without it.
        atexit._run_exitfuncs()


class HandlerWorker:
    """One handler, and the loop that serves it.

    Args:
        connection: the data connection, after its HELLO.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._batches: Batches | None = None

    def serve(self) -> NoReturn:
        """Answer frames until the front closes.

        Raises:
            ConnectionEnded: when it does.
            ProtocolError: when it breaks the protocol.
        """
        while True:
            kind, identity, header, payload = self._connection.receive()
            if kind == frames.CALL:
                self._call(identity, fields.parse(header), payload)
            elif kind == frames.LOAD:
                self._load(identity, fields.parse(header))
            elif kind == frames.HEALTH:
                self._end(identity, {"result": {"private_bytes": memory.private_bytes(), "models": [1]}})
            else:
                raise ProtocolError(f"a handler's worker takes no frame of kind {kind}")

    def _load(self, identity: int, header: Header) -> None:
        try:
            loaded = load(_order(header))
            self._batches = Batches(loaded.handle, loaded.context, loaded.decodes, show)
            self._end(identity, {"result": {"modules": list(loaded.modules)}})
        except ConnectionEnded:
            raise
        except BaseException as error:  # a handler that calls sys.exit() while it loads has failed to load
            self._end(identity, {"error": load_failure(error)})
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()

    def _call(self, identity: int, header: Header, payload: bytearray) -> None:
        if self._batches is None:
            raise ProtocolError("a call came before a handler was loaded")
        outcome = self._batches.run(_requests(header, payload))
        if isinstance(outcome, Failure):
            failure: Header = {"status": outcome.status, "message": outcome.message}
            self._connection.reply(identity, fields.render({"parts": [], "failure": failure}), (), 0)
            return
        bodies = [item.body for item in outcome]
        head: Header = {
            "parts": [_part(item) for item in outcome],
            "items": [_head(item) for item in outcome],
        }
        self._connection.reply(identity, fields.render(head), bodies, sum(map(len, bodies)))

    def _end(self, identity: int, header: Header) -> None:
        self._connection.send(frames.render(frames.END, identity, header))


def show(error: BaseException) -> None:
    """Write what a handler raised to the log, with its traceback."""
    print(f"Traceback (most recent call last):\n{tracebacks.read(error, (PACKAGE,)).text}", file=sys.stderr)


def load_failure(error: BaseException) -> Header:
    """Log why a handler could not be loaded, and tell it as an END does."""
    if isinstance(error, HandlerError):
        print(error, file=sys.stderr)
        failure = CallError(errors.LOAD_FAILED, errors.bounded(str(error)))
        return {**failure.to_header(), "where": error.where}
    show(error)
    trace = tracebacks.read(error, (PACKAGE,))
    code = errors.OUT_OF_MEMORY if is_out_of_memory(error) else errors.LOAD_FAILED
    failure = CallError(code, errors.bounded(trace.last), kind=errors.class_name(error))
    return {**failure.to_header(), "where": trace.where}


def _order(header: Header) -> Order:
    extra = fields.mapping(header, "extra")
    variables = fields.mapping(extra, "variables")
    return Order(
        model_name=fields.text(header, "name"),
        model_dir=fields.text(header, "folder"),
        handler=fields.text(extra, "handler"),
        manifest=extra.get("manifest"),
        batch_size=fields.number(extra, "batch_size"),
        gpu_id=None if extra.get("gpu_id") is None else fields.number(extra, "gpu_id"),
        decodes=extra.get("decodes_input") is True,
        installs=extra.get("installs_requirements") is True,
        variables={name: fields.text(variables, name) for name in variables},
    )


def _requests(header: Header, payload: bytearray) -> list[Request]:
    """The requests of a call: each takes as many of the parts as it has inputs."""
    if fields.text(header, "method") != "handle":
        raise ProtocolError(f"a call's method must be 'handle', got {header['method']!r:.100}")
    listed = iter(parts.parse(header, len(payload)))
    requests = []
    for entry in fields.items(header, "batch"):
        if not isinstance(entry, dict):
            raise ProtocolError(f"a request of a batch must be an object, got {entry!r:.100}")
        flat = fields.texts(entry, "headers")
        pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
        inputs = tuple(_input(name, next(listed, None), payload) for name in fields.texts(entry, "inputs"))
        requests.append(Request(fields.text(entry, "id"), pairs, inputs))
    if next(listed, None) is not None:
        raise ProtocolError("a call to handle has more parts than its requests have inputs")
    return requests


def _input(name: str, part: parts.TensorPart | parts.OpaquePart | None, payload: bytearray) -> Input:
    if not isinstance(part, parts.OpaquePart):
        raise ProtocolError(f"input {name!r:.100} has no opaque part")
    return Input(name, part.content_type, payload[part.offset : part.offset + part.size])


def _part(item: Item) -> Header:
    return {
        "type": "opaque",
        "content_type": item.content_type or "",
        "headers": {},
        "bytes": len(item.body),
    }


def _head(item: Item) -> Header:
    return {
        "status": item.status,
        "phrase": item.phrase,
        "headers": [text for pair in item.headers for text in pair],
    }
