"""A process that serves one scoring script: a blocking loop that answers calls, one at a time."""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from hostler import deferred, memory, outputs, pieces, process, runtimes
from hostler.protocol import errors, fields, frames, parts
from hostler.protocol.errors import CallError, ConnectionEnded, ProtocolError
from hostler.scoring import fallback, logs, script, settings, swagger
from hostler.scoring.calls import Caller
from hostler.scoring.inputs import Incoming
from hostler.scoring.script import ScriptError
from hostler.scoring.settings import SettingsError

if TYPE_CHECKING:
    from hostler.protocol.fields import Header
    from hostler.scoring.calls import Answer
    from hostler.scoring.foreign import Foreign
    from hostler.transport import Connection

NAME: Final = "hostler-score"
KNOWN_HEADERS: Final = 256


def run(socket_path: str, token: str, number: int) -> int:
    """Serve the front until it goes; the exit status. See `outputs.serve`."""
    return outputs.serve(
        "hostler-score", socket_path, token, number, lambda front: ScoringWorker(front).serve()
    )


class ScoringWorker:
    """One script, and the loop that serves it.

    Args:
        connection: the data connection, after its HELLO.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._caller: Caller | None = None
        self._calls: dict[bytes, tuple[str, str, tuple[tuple[str, str], ...], str]] = {}
        """What headers of frames say that came before: clients tend to repeat themselves."""

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
            elif kind != frames.CANCEL:
                raise ProtocolError(f"a scoring worker takes no frame of kind {kind}")

    def _load(self, identity: int, header: Header) -> None:
        limit = fields.mapping(header, "extra").get("memory_bytes")
        memory_bytes = limit if isinstance(limit, int) else None
        try:
            self._end(identity, {"result": self._start(header, memory_bytes)})
        except (ScriptError, SettingsError) as error:
            message = str(error)
            if memory_bytes is not None and isinstance(error.__cause__, MemoryError):
                message = f"{message}; {memory.limit_text(memory_bytes)}"
            logs.server.error("%s", message)
            failure: Header = CallError(errors.LOAD_FAILED, message).to_header()
            self._end(identity, {"error": {**failure, "where": getattr(error, "where", None)}})
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()

    def _start(self, header: Header, memory_bytes: int | None) -> Header:
        extra = fields.mapping(header, "extra")
        app_root = fields.text(header, "artifact")
        os.chdir(fields.text(header, "folder"))
        process.buffer_lines()
        faulthandler.enable()
        if memory_bytes is not None:
            memory.bound(memory_bytes)
        fallback.offer_packages()
        known = frozenset(deferred.imported())
        found = settings.read(os.environ, app_root, fields.optional_text(extra, "entry_script"))
        entry = found.entry_script
        script_folder = os.path.dirname(os.path.join(app_root, entry)) if entry else None
        logs.set_up(found.log_level, (app_root, script_folder))
        loaded = script.load(found, extra.get("run_optional") is True)
        caller = Caller(loaded, found.timeout_ms, memory_bytes)
        script.initialize(loaded, found, caller.finish)
        documents: dict[str, Foreign] = swagger.documents(loaded, found) if loaded.run is not None else {}
        self._caller = caller
        gc.collect()
        gc.freeze()  # what init() has made stays: walking over it again and again would only cost time
        logs.server.info("Scoring timeout is set to %d", found.timeout_ms)
        logs.server.info("Worker with pid %d ready for serving traffic", os.getpid())
        self._send_documents(documents)
        return {
            "input": loaded.mode,
            "takes_headers": loaded.takes_headers,
            "cors_origins": list(found.cors_origins),
            "timeout_ms": found.timeout_ms,
            "modules": list(runtimes.framework_modules(known)),
        }

    def _send_documents(self, documents: dict[str, str]) -> None:
        """Ahead of LOAD's END, one CHUNK each: they may be larger than a header can be."""
        for version, text in documents.items():
            body = text.encode()
            header: Header = {
                "document": version,
                "parts": [
                    {"type": "opaque", "content_type": "application/json", "headers": {}, "bytes": len(body)}
                ],
            }
            self._connection.send(frames.render(frames.CHUNK, frames.EVENT, header, body))

    def _call(self, identity: int, header: bytes, payload: bytearray) -> None:
        if self._connection.cancelled(identity):
            self._end(identity, {})
            return
        if self._caller is None:
            raise ProtocolError("a call came before a script was loaded")
        known = self._calls.get(header)
        if known is None:
            known = self._read_call(header, len(payload))
        answer = self._caller.answer(Incoming(*known, payload))
        if isinstance(answer.body, bytes):
            head = _head(answer, len(answer.body), is_last=self._caller.is_spent)
            self._connection.reply(identity, head, (answer.body,), len(answer.body))
        else:
            pieces.send(self._connection, identity, _head(answer, 0), answer.body, script.log_failure)
        if self._caller.is_spent:
            self._connection.leave()
            raise ConnectionEnded("the memory that this process may hold was not enough")

    def _read_call(self, data: bytes, size: int) -> tuple[str, str, tuple[tuple[str, str], ...], str]:
        header = fields.parse(data)
        if fields.text(header, "method") != "score":
            raise ProtocolError(f"a call's method must be 'score', got {header['method']!r:.100}")
        body = parts.parse(header, size)
        if len(body) != 1 or not isinstance(body[0], parts.OpaquePart):
            raise ProtocolError("a call to score has one opaque part")
        request = fields.mapping(header, "request")
        flat = fields.texts(request, "headers") if request else []
        pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
        method = fields.text(request, "method") if request else "POST"
        target = fields.text(request, "target") if request else "/score"
        call = method, target, pairs, body[0].content_type
        if not request:
            if len(self._calls) >= KNOWN_HEADERS:
                self._calls.clear()
            self._calls[data] = call
        return call

    def _end(self, identity: int, header: Header) -> None:
        self._connection.send(frames.render(frames.END, identity, header))


def _head(answer: Answer, size: int, *, is_last: bool = False) -> bytes:
    """The header of the CHUNK that begins an answer; the last one of this process says so."""
    if answer[:3] == PLAIN and answer.failed is False and answer.run_ms is not None and not is_last:
        return PLAIN_HEAD % (size, answer.run_ms)
    failed = "null" if answer.failed is None else "true" if answer.failed else "false"
    run_ms = "null" if answer.run_ms is None else f"{answer.run_ms:.3f}"
    headers = (
        fields.render({"headers": [list(pair) for pair in answer.headers]})[1:-1].decode()
        if answer.headers
        else '"headers":[]'
    )
    leaving = ',"leaving":true' if is_last else ""
    response = (
        f'"response":{{"status":{answer.status},{headers},"failed":{failed},"run_ms":{run_ms}{leaving}}}'
    )
    return b"%s,%s}" % (_part(size, answer.content_type)[:-1], response.encode())


def _part(size: int, content_type: str) -> bytes:
    kind = (
        fields.render({"content_type": content_type})[1:-1]
        if content_type != "application/json"
        else JSON_PART
    )
    return b'{"parts":[{"type":"opaque",%s,"headers":{},"bytes":%d}]}' % (kind, size)


JSON_PART: Final = b'"content_type":"application/json"'

PLAIN: Final[tuple[int, list[list[str]], str]] = (200, [], "application/json")
"""How nearly every answer begins; its header is this one, with its size and its time."""

PLAIN_HEAD: Final = (
    b'{"parts":[{"type":"opaque","content_type":"application/json","headers":{},"bytes":%d}],'
    b'"response":{"status":200,"headers":[],"failed":false,"run_ms":%.3f}}'
)
