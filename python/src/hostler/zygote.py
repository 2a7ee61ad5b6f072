"""The zygote: imports the frameworks once, then forks workers that start with them.

It never predicts and starts no thread: a fork copies only the thread that forks, and a lock held by another
one would stay locked in the child for ever.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn

from hostler import deferred, distributions, handshake, memory, process, runtimes, worker
from hostler.protocol import errors, fields, frames
from hostler.protocol.errors import CallError, ConnectionEnded, ProtocolError, class_name, first_line

if TYPE_CHECKING:
    from hostler.handshake import Launch
    from hostler.protocol.fields import Header
    from hostler.transport import Frame

STANDARD_INPUT: Final = 0
WORKER: Final = "worker"
SCORING: Final = "scoring"
HANDLER: Final = "handler"
ROLES: Final = (WORKER, SCORING, HANDLER)
BROKEN: Final = 70


def main() -> NoReturn:
    """Serve the front until it goes; standard input tells how to reach it."""
    gc.disable()  # importing makes much and drops little: collecting meanwhile only costs time
    process.lead_group()
    process.name_process("hostler-zygote")
    process.buffer_lines()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        launch = handshake.read_launch()
        Zygote(launch).serve()
    except ConnectionEnded:
        status = 0
    except ProtocolError as error:
        print(f"hostler zygote: {error}", file=sys.stderr)
        status = BROKEN
    sys.exit(status)


class Zygote:
    """Forks workers on command and reports their ends.

    Args:
        launch: what the front wrote on standard input.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._front = os.getppid()
        self._workers: dict[int, int] = {}
        """pid → the worker's number"""
        self._connection = handshake.connect(
            launch.socket,
            {
                "role": "zygote",
                "token": launch.token,
                "python": ".".join(map(str, sys.version_info[:3])),
                "executable": sys.executable,
                "frameworks": dict(distributions.installed()),
            },
        )
        self._wakeup, self._waker = socket.socketpair()

    def serve(self) -> NoReturn:
        """Import what the launch names, then answer commands until the front is gone.

        Raises:
            ConnectionEnded: when it is, or dismisses this zygote: the workers are dead. If the front died,
                its socket's folder is removed too; otherwise it is still needed.
            ProtocolError: if the front breaks the protocol; the workers go on.
        """
        try:
            result = self._import(self._launch.imports)
            handshake.expect_welcome(
                self._connection
            )  # importing did not wait for it: the front is starting too
            self._end(frames.EVENT, result)
            self._watch_children()
            poll = select.poll()
            poll.register(self._connection.stream, select.POLLIN)
            poll.register(STANDARD_INPUT, select.POLLIN)
            poll.register(self._wakeup, select.POLLIN)
            self._answer_taken()  # what came in one piece with the welcome: the poll would never tell of it
            while True:
                for descriptor, _ in poll.poll():
                    if descriptor == self._wakeup.fileno():
                        self._reap()
                    elif descriptor == STANDARD_INPUT:
                        if not os.read(STANDARD_INPUT, 65536):
                            raise ConnectionEnded("standard input closed: the front is gone")
                    else:
                        self._connection.fill()
                        self._answer_taken()
        except ConnectionEnded:
            self._shut_down()
            raise

    def _watch_children(self) -> None:
        self._wakeup.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the default would not wake the poll

    def _answer_taken(self) -> None:
        while (frame := self._connection.take()) is not None:
            self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        kind, identity, data, _ = frame
        header = fields.parse(data)
        if kind == frames.FORK:
            self._fork(identity, header)
        elif kind == frames.IMPORT:
            self._end(identity, self._import(fields.texts(header, "modules")))
        elif kind == frames.HEALTH:
            self._end(identity, {"private_bytes": memory.private_bytes(), "models": []})
        else:
            raise ProtocolError(f"a zygote takes no frame of kind {kind}")

    def _import(self, modules: list[str]) -> Header:
        started = time.perf_counter()
        imported: list[fields.JsonValue] = []
        failed: Header = {}
        for name in modules:
            try:
                deferred.import_framework(name)
                if name in runtimes.MODULES:  # our own part for it: every worker will need it
                    import_module(runtimes.MODULES[name])
                imported.append(name)
            except (Exception, SystemExit) as error:  # a broken framework must not take the others with it
                failed[name] = f"{class_name(error)}: {first_line(str(error))}"
        gc.freeze()  # a collection in a worker would otherwise write to, and so copy, every page of this
        _warn_of_threads()
        return {
            "imported": imported,
            "failed": failed,
            "import_ms": round((time.perf_counter() - started) * 1000, 1),
        }

    def _fork(self, identity: int, header: Header) -> None:
        number, token = fields.number(header, "worker"), fields.text(header, "token")
        role = fields.optional_text(header, "role") or WORKER
        if role not in ROLES:
            raise ProtocolError(f"a worker's role must be one of {', '.join(ROLES)}, got {role!r:.100}")
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            child = os.fork()
        except OSError as error:
            message = f"the system refuses to fork worker {number}: {error.strerror}"
            failure = CallError(errors.OUT_OF_MEMORY, message, kind=class_name(error))
            self._connection.send(frames.render(frames.END, identity, {"error": failure.to_header()}))
            return
        if child == 0:
            self._become_worker(number, token, role)
        with contextlib.suppress(OSError):  # the child does it too: whoever comes first
            os.setpgid(child, child)
        self._workers[child] = number
        self._end(identity, {"pid": child})

    def _become_worker(self, number: int, token: str, role: str) -> NoReturn:
        status = BROKEN
        try:
            process.become_child()
            self._connection.close()
            self._wakeup.close()
            self._waker.close()
            gc.enable()
            if role == SCORING:
                from hostler.scoring import worker as scoring_worker

                status = scoring_worker.run(self._launch.socket, token, number)
            elif role == HANDLER:
                from hostler.handlers import worker as handler_worker

                status = handler_worker.run(self._launch.socket, token, number)
            else:
                status = worker.run(self._launch.socket, token, number)
        except BaseException:  # nothing above this frame is the child's to unwind
            import traceback

            traceback.print_exc()
        finally:  # a child must never return into the zygote's loop
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakeup.recv(4096):
                pass
        with contextlib.suppress(ChildProcessError):
            while True:
                child, status = os.waitpid(-1, os.WNOHANG)
                if child == 0:
                    return
                self._report(child, os.waitstatus_to_exitcode(status))

    def _report(self, child: int, code: int) -> None:
        number = self._workers.pop(child, None)
        if number is None:
            return
        with contextlib.suppress(OSError):  # what a model has started must not outlive it
            os.killpg(child, signal.SIGKILL)
        event: Header = {
            "worker": number,
            "pid": child,
            "code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
        }
        self._connection.send(frames.render(frames.EXITED, frames.EVENT, event))

    def _end(self, identity: int, result: Header) -> None:
        self._connection.send(frames.render(frames.END, identity, {"result": result}))

    def _shut_down(self) -> None:
        """End the workers, and wait until they have ended; remove what the front itself no longer can."""
        for child in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        for child in self._workers:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)
        self._connection.close()
        if process.is_ending(self._front):
            with contextlib.suppress(OSError):
                os.unlink(self._launch.socket)
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(self._launch.socket))


def _warn_of_threads() -> None:
    """Say so if something has started threads: a worker could wait for ever for what one of them held."""
    threads = process.thread_count()
    if threads > 1:
        print(
            f"hostler zygote: the imports have started {threads - 1} threads, with which forking is unsafe; "
            "set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1, or leave out the module that starts them",
            file=sys.stderr,
        )
