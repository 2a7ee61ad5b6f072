"""A small stand-in for the front: a socket in a private folder, and what arrives on it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

sys.path.append(str(Path(__file__).parent.parent / "src"))  # where pytest does not do it

from hostler.protocol import fields, frames
from hostler.transport import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostler.protocol.fields import Header

MAIN: Final = Path(__file__).parent.parent / "src" / "hostler" / "__main__.py"
PATIENCE_S: Final = 20


class Received(NamedTuple):
    """A frame that has arrived."""

    kind: int
    identity: int
    header: Header
    payload: bytes


class Peer:
    """A process of ours as the front sees it: one connection."""

    def __init__(self, connection: Connection, hello: Header) -> None:
        self.connection = connection
        self.hello = hello
        self._identity = 0

    def send(self, kind: int, header: Header, payload: bytes = b"", identity: int | None = None) -> int:
        if identity is None:
            self._identity += 1
            identity = self._identity
        self.connection.send(frames.render(kind, identity, header, payload))
        return identity

    def receive(self) -> Received:
        kind, identity, header, payload = self.connection.receive()
        return Received(kind, identity, fields.parse(header), bytes(payload))

    def ask(self, kind: int, header: Header, payload: bytes = b"") -> Received:
        """Send a command and return its answer; events in between are dropped."""
        identity = self.send(kind, header, payload)
        while (answer := self.receive()).identity != identity:
            pass
        return answer

    def result(self, kind: int, header: Header) -> Header:
        """A command's result; fails if it is answered with an error."""
        answer = self.ask(kind, header).header
        assert "error" not in answer, answer
        return fields.mapping(answer, "result")

    def close(self) -> None:
        self.connection.close()


class Front:
    """Listens, starts processes, and gives up on anything that takes longer than PATIENCE_S."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="hostler-test-")
        self.socket = f"{self.folder}/front.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.socket)
        self._listener.listen(16)
        self._listener.settimeout(PATIENCE_S)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._peers: list[Peer] = []

    def start(
        self,
        role: str,
        *,
        imports: list[str] | None = None,
        worker: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, str(MAIN), role],
            stdin=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **(environment or {})},
        )
        self._processes.append(process)
        launch = {"socket": self.socket, "token": "t", "imports": imports or [], "worker": worker}
        assert process.stdin is not None
        process.stdin.write(json.dumps(launch).encode() + b"\n")
        process.stdin.flush()
        return process

    def accept(self, *, welcome: bool = True) -> Peer:
        """The next connection, after its HELLO has been answered, unless it is not welcome."""
        stream, _ = self._listener.accept()
        stream.settimeout(PATIENCE_S)
        connection = Connection(stream)
        kind, _, header, _ = connection.receive()
        assert kind == frames.HELLO
        hello = fields.parse(header)
        if welcome and hello["role"] != "lifeline":
            connection.send(frames.render(frames.HELLO, frames.EVENT, {"protocol": frames.VERSION}))
        peer = Peer(connection, hello)
        self._peers.append(peer)
        return peer

    def stop_listening(self) -> None:
        """Close every socket, as the end of the front's process would."""
        for peer in self._peers:
            peer.close()
        self._listener.close()

    def zygote(self, imports: list[str] | None = None) -> tuple[subprocess.Popen[bytes], Peer]:
        """A zygote that has imported."""
        process = self.start("zygote", imports=imports)
        peer = self.accept()
        assert peer.receive().kind == frames.END
        return process, peer

    def fork(self, zygote: Peer, number: int) -> tuple[Peer, Peer]:
        """A worker's data connection and lifeline."""
        identity = zygote.send(frames.FORK, {"worker": number, "token": f"w{number}"})
        pair = {str(peer.hello["role"]): peer for peer in (self.accept(), self.accept())}
        answer = zygote.receive()
        assert answer.identity == identity
        return pair["worker"], pair["lifeline"]

    def stop(self) -> None:
        """End everything that this front has started."""
        self.stop_listening()
        for process in self._processes:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                raise
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(self.folder)


def wait_for_end(pid: int) -> None:
    """Block until a process that is not our child has ended.

    Raises:
        TimeoutError: if it has not after PATIENCE_S.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([descriptor], [], [], PATIENCE_S)[0]:
            raise TimeoutError(f"process {pid} is still there")
    finally:
        os.close(descriptor)


def main() -> None:
    """Be a front of its own with two workers, or a zygote that imports the arguments; wait to be killed."""
    front = Front()
    if imports := sys.argv[1:]:
        process = front.start("zygote", imports=imports)
        front.accept()
        print(front.folder, process.pid, flush=True)
        signal.pause()
    process, zygote = front.zygote()
    workers = [front.fork(zygote, index)[0].hello["pid"] for index in range(2)]
    print(front.folder, process.pid, *workers, flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
