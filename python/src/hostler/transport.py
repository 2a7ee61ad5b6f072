"""Frames over a blocking socket: one receive and one send per small frame, no copy of large payloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from hostler.protocol import frames
from hostler.protocol.errors import ConnectionEnded, ProtocolError
from hostler.protocol.frames import PRELUDE, PRELUDE_BYTES

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from typing_extensions import Buffer

BUFFER_BYTES: Final = 256 * 1024
JOIN_BYTES: Final = 64 * 1024
"""Up to here copying a reply into one piece costs less than a gathering write."""

PARTS_PER_WRITE: Final = 512

Frame: TypeAlias = tuple[int, int, bytes, bytearray]
"""Kind, id, header, payload. The payload belongs to the receiver, who may write to it."""


class Connection:
    """One connected stream socket that speaks frames.

    Args:
        stream: a blocking socket; the connection owns it from now on.
    """

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._scanned = 0
        """Up to here the frames that wait in the buffer were searched for CANCELs."""
        self._cancelled: set[int] = set()

    @property
    def stream(self) -> socket.socket:
        """The socket below."""
        return self._stream

    def close(self) -> None:
        """Close the socket below; what was read ahead is lost."""
        self._stream.close()

    def receive(self) -> Frame:
        """The next frame; blocks until it is whole.

        Raises:
            ConnectionEnded: the other side closed between two frames.
            ProtocolError: it closed within a frame, or sent what the protocol forbids.
        """
        frame = self.take()
        while frame is None:
            self.fill()
            frame = self.take()
        return frame

    def take(self) -> Frame | None:
        """The next frame if it has arrived; None if more must be received first.

        A frame larger than the buffer is received here, as soon as its prelude is there.
        """
        start = self._start
        available = self._end - start
        if available < PRELUDE_BYTES:
            return None
        header_bytes, payload_bytes, identity, kind, _, reserved = PRELUDE.unpack_from(self._buffer, start)
        frames.check_prelude(header_bytes, payload_bytes, kind, reserved)
        whole = PRELUDE_BYTES + header_bytes + payload_bytes
        if whole > available:
            if whole <= BUFFER_BYTES:
                return None
            self._start = start + PRELUDE_BYTES
            large = kind, identity, bytes(self._exactly(header_bytes)), self._exactly(payload_bytes)
            self._scanned = self._start
            return large
        if kind == frames.CANCEL:
            self._cancelled.discard(identity)
        middle = start + PRELUDE_BYTES + header_bytes
        self._start = end = start + whole
        return kind, identity, bytes(self._view[start + PRELUDE_BYTES : middle]), self._buffer[middle:end]

    def fill(self) -> None:
        """Receive once, as much as there is and fits; blocks if there is nothing.

        Raises:
            ConnectionEnded: the other side closed between two frames.
            ProtocolError: it closed within a frame.
        """
        if self._start == self._end:
            self._start = self._end = self._scanned = 0
        elif self._start and BUFFER_BYTES - self._end < BUFFER_BYTES // 2:
            waiting = self._end - self._start
            self._view[:waiting] = self._view[self._start : self._end]
            self._scanned = max(0, self._scanned - self._start)
            self._start, self._end = 0, waiting
        try:
            received = self._stream.recv_into(self._view[self._end :])
        except ConnectionResetError:
            received = 0
        if not received:
            if self._start == self._end:
                raise ConnectionEnded("the other side closed the connection")
            raise ProtocolError("the other side closed the connection within a frame")
        self._end += received

    def cancelled(self, identity: int) -> bool:
        """Whether a CANCEL for this id has already arrived behind the frame last taken."""
        place = max(self._scanned, self._start)
        while self._end - place >= PRELUDE_BYTES:
            header_bytes, payload_bytes, other, kind, _, _ = PRELUDE.unpack_from(self._buffer, place)
            if kind == frames.CANCEL:
                self._cancelled.add(other)
            place += PRELUDE_BYTES + header_bytes + payload_bytes
        self._scanned = place
        return identity in self._cancelled

    def leave(self) -> None:
        """Wait until the other side has closed, whatever it still sends.

        A process that closed first could take its last answer with it: the other side's next write would fail
        before that was read.
        """
        try:
            while self._stream.recv_into(self._view):
                pass
        except ConnectionResetError:
            pass

    def send(self, frame: bytes) -> None:
        """Send a whole frame.

        Raises:
            ConnectionEnded: the other side has closed.
        """
        try:
            self._stream.sendall(frame)
        except (BrokenPipeError, ConnectionResetError):
            raise ConnectionEnded("the other side closed the connection") from None

    def reply(
        self,
        identity: int,
        header: bytes,
        payload: Sequence[Buffer],
        payload_bytes: int,
        flags: int = frames.LAST,
    ) -> None:
        """Send the one CHUNK that answers a call, or one of several.

        Args:
            identity: the call's id.
            header: the rendered header.
            payload: C-contiguous pieces, sent one after the other; large ones are not copied.
            payload_bytes: their size together.
            flags: 0 where more follows.

        Raises:
            ConnectionEnded: the other side has closed.
            ProtocolError: the payload is over the protocol's limit.
        """
        frames.check_prelude(len(header), payload_bytes, frames.CHUNK, 0)
        prelude = PRELUDE.pack(len(header), payload_bytes, identity, frames.CHUNK, flags, 0)
        if payload_bytes <= JOIN_BYTES:
            self.send(b"".join((prelude, header, *payload)))
        else:
            self._gather([prelude + header, *payload])

    def _exactly(self, size: int) -> bytearray:
        """The next `size` bytes: first what was read ahead, the rest straight from the socket."""
        data = bytearray(size)
        ahead = min(size, self._end - self._start)
        data[:ahead] = self._view[self._start : self._start + ahead]
        self._start += ahead
        rest = memoryview(data)[ahead:]
        while rest:
            try:
                received = self._stream.recv_into(rest)
            except ConnectionResetError:
                received = 0
            if not received:
                raise ProtocolError("the other side closed the connection within a frame")
            rest = rest[received:]
        return data

    def _gather(self, pieces: Sequence[Buffer]) -> None:
        views = [memoryview(piece) for piece in pieces]
        waiting = [view.cast("B") for view in views if view.nbytes]
        try:
            while waiting:
                sent = self._stream.sendmsg(waiting[:PARTS_PER_WRITE])
                done = 0
                while done < len(waiting) and sent >= waiting[done].nbytes:
                    sent -= waiting[done].nbytes
                    done += 1
                del waiting[:done]
                if sent:
                    waiting[0] = waiting[0][sent:]
        except (BrokenPipeError, ConnectionResetError):
            raise ConnectionEnded("the other side closed the connection") from None
