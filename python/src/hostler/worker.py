"""A worker: one blocking loop that loads models and answers calls, one at a time.

While a call runs, nothing is read. What arrives meanwhile waits in the socket, where the front can see that
it waits; a CANCEL can only skip a call that has not begun.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final, NoReturn

from hostler import deferred, handshake, lifeline, memory, process, runtimes
from hostler.protocol import errors, fields, frames, parts
from hostler.protocol.errors import CallError, ConnectionEnded, ProtocolError, class_name, first_line
from hostler.runtimes.base import CallRequest, LoadRequest

if TYPE_CHECKING:
    from hostler.protocol.fields import Header
    from hostler.runtimes.base import Model, Plan
    from hostler.transport import Connection

BROKEN: Final = 70
PLANS: Final = 1024
PLAN_HEADER_BYTES: Final = 4096
"""Larger headers are not worth remembering: they carry something that changes with every call."""

LOG_LIMIT: Final = 64 * 1024
"""Of a longer message the rest is left out: an error may carry all of its input, and a header has a limit."""

TRACEBACK_CODES: Final = (errors.MODEL_ERROR, errors.LOAD_FAILED, errors.OUT_OF_MEMORY)
"""Errors whose cause only the operator can find, and only with the traceback."""


def main() -> NoReturn:
    """Serve as a worker that the front has spawned itself, where forking is unsafe."""
    process.lead_group()
    process.buffer_lines()
    try:
        launch = handshake.read_launch()
    except ProtocolError as error:
        sys.exit(f"hostler worker: {error}")
    if launch.worker is None:
        sys.exit("hostler worker: the launch line names no worker")
    sys.exit(run(launch.socket, launch.token, launch.worker))


def run(socket_path: str, token: str, number: int) -> int:
    """Connect to the front and serve it until it closes the connection.

    Args:
        socket_path: the front's Unix socket.
        token: this worker's, good once.
        number: this worker's.

    Returns:
        The exit status: 0 when the front has closed, BROKEN when the protocol was broken.
    """
    process.name_process("hostler-worker")
    process.offer_to_oom_killer()
    try:
        data = handshake.connect(socket_path, {"role": "worker", "token": token, "worker": number})
        line = handshake.connect(socket_path, {"role": "lifeline", "token": token, "worker": number})
        lifeline.arm(line.stream)
        handshake.expect_welcome(data)
        Worker(data).serve()
    except ConnectionEnded:
        return 0
    except ProtocolError as error:
        print(f"hostler worker {number}: {error}", file=sys.stderr)
        return BROKEN


class Worker:
    """The models of one process, and the loop that serves them.

    Args:
        connection: the data connection, after its HELLO.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._models: dict[int, Model] = {}
        self._plans: dict[bytes, Plan] = {}
        """What a call's header asks for, worked out once: the same header comes again and again."""

    def serve(self) -> NoReturn:
        """Answer frames until the connection ends.

        Raises:
            ConnectionEnded: the front has closed it.
            ProtocolError: the front has broken the protocol.
        """
        connection = self._connection
        while True:
            kind, identity, header, payload = connection.receive()
            if kind == frames.CALL:
                self._call(identity, header, payload)
            elif kind != frames.CANCEL:  # its call is over, or it would have been skipped
                self._command(kind, identity, fields.parse(header))

    def _call(self, identity: int, header: bytes, payload: bytearray) -> None:
        if self._connection.cancelled(identity):
            self._connection.send(frames.render(frames.END, identity, {}))
            return
        try:
            plan = self._plans.get(header)
            if plan is None:
                plan = self._plan(header, len(payload))
            head, pieces, size = plan(payload)
        except (ProtocolError, ConnectionEnded):
            raise
        except (Exception, SystemExit) as error:
            self._fail(identity, error)
            return
        self._connection.reply(identity, head, pieces, size)

    def _plan(self, data: bytes, payload_bytes: int) -> Plan:
        header = fields.parse(data)
        if fields.text(header, "method") != "infer":
            raise ProtocolError(f"a call's method must be 'infer', got {header['method']!r:.100}")
        request = CallRequest(
            outputs=None if header.get("outputs") is None else tuple(fields.texts(header, "outputs")),
            parameters=fields.mapping(header, "parameters"),
            parts=parts.parse(header, payload_bytes),
        )
        plan = self._model(fields.number(header, "model")).plan(request)
        if len(data) <= PLAN_HEADER_BYTES and all(map(_is_of_fixed_size, request.parts)):
            if len(self._plans) >= PLANS:
                self._plans.clear()
            self._plans[data] = plan
        return plan

    def _command(self, kind: int, identity: int, header: Header) -> None:
        try:
            if kind == frames.LOAD:
                result = self._load(header)
            elif kind == frames.UNLOAD:
                result = self._unload(fields.number(header, "model"))
            elif kind == frames.HEALTH:
                result = {"private_bytes": memory.private_bytes(), "models": list(self._models)}
            else:
                raise ProtocolError(f"a worker takes no frame of kind {kind}")
        except (ProtocolError, ConnectionEnded):
            raise
        except (Exception, SystemExit) as error:
            model = header.get("model")
            self._fail(identity, error, errors.LOAD_FAILED, model if isinstance(model, int) else None)
            return
        self._connection.send(frames.render(frames.END, identity, {"result": result}))

    def _load(self, header: Header) -> Header:
        number = fields.number(header, "model")
        request = LoadRequest(
            name=fields.text(header, "name"),
            version=fields.optional_text(header, "version"),
            artifact=fields.text(header, "artifact"),
            folder=fields.text(header, "folder"),
            extra=fields.mapping(header, "extra"),
            log=lambda level, message: self._log(level, message, request.name, number),
        )
        runtime = fields.text(header, "runtime")
        known = frozenset(deferred.imported())
        resident, allocated = memory.own_bytes(), memory.allocated_bytes()
        started = time.perf_counter()
        model = runtimes.load(runtime, request)
        self._plans.clear()
        self._models[number] = model
        # A model that found room where another had been makes the process no larger.
        grown = max(memory.own_bytes() - resident, memory.allocated_bytes() - allocated)
        return {
            **model.describe(),
            "memory": {"before_bytes": resident, "after_bytes": resident + grown},
            "modules": list(runtimes.framework_modules(known)),
            "load_ms": round((time.perf_counter() - started) * 1000, 1),
        }

    def _unload(self, number: int) -> Header:
        self._model(number)
        self._plans.clear()
        del self._models[number]
        memory.give_back()
        return {"private_bytes": memory.private_bytes()}

    def _model(self, number: int) -> Model:
        model = self._models.get(number)
        if model is None:
            raise CallError(
                errors.UNKNOWN_MODEL, f"no model {number} is loaded in this worker (pid {os.getpid()})"
            )
        return model

    def _fail(
        self, identity: int, error: BaseException, code: str = errors.MODEL_ERROR, model: int | None = None
    ) -> None:
        """Answer with an error; what no one expected also goes to the log, with its traceback."""
        if isinstance(error, CallError):
            failure = error
        elif isinstance(error, MemoryError):
            failure = CallError(errors.OUT_OF_MEMORY, "the worker ran out of memory", kind=class_name(error))
        else:
            failure = CallError(code, first_line(str(error)) or class_name(error), kind=class_name(error))
        cause = error.__cause__ or error
        if failure.code in TRACEBACK_CODES:
            import traceback  # rarely needed, and not quick to import

            self._log("error", "".join(traceback.format_exception(cause)), "hostler.worker", model)
        self._connection.send(frames.render(frames.END, identity, {"error": failure.to_header()}))

    def _log(self, level: str, message: str, logger: str, model: int | None = None) -> None:
        text = message if len(message) <= LOG_LIMIT else f"{message[:LOG_LIMIT]}…"
        event: Header = {"level": level, "message": text, "logger": logger, "model": model}
        self._connection.send(frames.render(frames.LOG, frames.EVENT, event))


def _is_of_fixed_size(part: parts.TensorPart | parts.OpaquePart) -> bool:
    """Whether other calls of the same shape have the same size, and so the same header."""
    return isinstance(part, parts.TensorPart) and part.encoding == parts.BINARY and part.datatype != "BYTES"
