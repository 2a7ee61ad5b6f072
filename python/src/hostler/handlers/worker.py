"""A process that serves one handler: a blocking loop that runs batches, one at a time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from hostler import memory, outputs, pieces, tracebacks
from hostler.handlers import calls
from hostler.handlers.batch import Batches, Stream
from hostler.handlers.errors import HandlerError, is_out_of_memory
from hostler.handlers.load import Order, load
from hostler.protocol import errors, fields, frames
from hostler.protocol.errors import CallError, ConnectionEnded, ProtocolError

if TYPE_CHECKING:
    from hostler.protocol.fields import Header
    from hostler.transport import Connection

NAME: Final = "hostler-handler"
KNOWN_HEADERS: Final = 256
PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""Where our own code lies, whose frames tell nobody anything about a handler."""


def run(socket_path: str, token: str, number: int) -> int:
    """Serve the front until it goes; the exit status. See `outputs.serve`."""
    return outputs.serve(NAME, socket_path, token, number, lambda front: HandlerWorker(front).serve())


class HandlerWorker:
    """One handler, and the loop that serves it.

    Args:
        connection: the data connection, after its HELLO.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._batches: Batches | None = None
        self._plans: dict[bytes, calls.Plan] = {}
        """What headers of calls say that came before: clients tend to repeat themselves."""

    def serve(self) -> NoReturn:
        """Answer frames until the front closes.

        Raises:
            ConnectionEnded: when it does.
            ProtocolError: when it breaks the protocol.
        """
        while True:
            kind, identity, header, payload = self._connection.receive()
            if kind == frames.CALL:
                self._call(identity, header, payload)
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

    def _call(self, identity: int, header: bytes, payload: bytearray) -> None:
        if self._batches is None:
            raise ProtocolError("a call came before a handler was loaded")
        plan = self._plans.get(header)
        if plan is None:
            plan = self._remember(header, calls.plan(fields.parse(header), len(payload)))
        outcome = self._batches.run(calls.requests(plan, payload))
        if isinstance(outcome, Stream):
            head, _, _ = calls.answer([outcome.head])
            pieces.send(self._connection, identity, head, outcome.pieces, show)
            return
        head, bodies, size = calls.answer(outcome)
        self._connection.reply(identity, head, bodies, size)

    def _remember(self, header: bytes, plan: calls.Plan) -> calls.Plan:
        if len(self._plans) >= KNOWN_HEADERS:
            self._plans.clear()
        self._plans[header] = plan
        return plan

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
