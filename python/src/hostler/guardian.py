"""Runs one command for the front and sees to it that nothing of it is left, whatever ends first.

Started by path, standard library only, in a session of its own. Standard input is one JSON line, the order,
and after it the lifeline: the line `stop` asks everything to end, the end of the input kills everything. What
the command writes goes to this process's own standard output and error, which it inherits untouched. Reports
go to descriptor 3, a JSON object a line: `{"started": PID}` or `{"failed": TEXT}`, at last `{"ended": ...}`.

On Linux this process adopts what its descendants leave behind (PR_SET_CHILD_SUBREAPER in prctl(2)), so that a
daemon that left its group and its parent is still found. Elsewhere the command's process group has to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from typing import Final, NoReturn

REPORTS: Final = 3
PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36
IS_LINUX: Final = sys.platform == "linux"
CANNOT_START: Final = 127


class Lifeline:
    """The front's end of standard input, line by line."""

    def __init__(self) -> None:
        self._rest = b""
        self.has_ended = False

    def read(self) -> list[str]:
        """Wait for something to come; the lines that are complete."""
        chunk = os.read(0, 1 << 16)
        self.has_ended = chunk == b""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line.decode() for line in lines]


def main() -> None:
    """Serve one order."""
    os.set_inheritable(REPORTS, False)
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write("hostler-guard")
    lifeline = Lifeline()
    lines: list[str] = []
    while not lines:
        lines = lifeline.read()
        if lifeline.has_ended:
            return
    if IS_LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    wakeup = watch_children()
    pid = start(json.loads(lines[0]))
    status = supervise(pid, lifeline, wakeup)
    code = os.waitstatus_to_exitcode(status)
    report({"ended": {"code": code, "signal": None} if code >= 0 else {"code": None, "signal": -code}})


def prctl(option: int, value: int) -> None:
    """Call prctl(2), which Python does not offer."""
    import ctypes

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def watch_children() -> int:
    """Make the end of a child readable on the descriptor that is returned."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def report(message: dict[str, object]) -> None:
    """Tell the front, if it is still there."""
    with contextlib.suppress(OSError):
        os.write(REPORTS, json.dumps(message).encode() + b"\n")


def start(order: dict[str, object]) -> int:
    """Start the command as the leader of a session; reports, and leaves when it cannot be done."""
    command = [str(word) for word in order["command"]] if isinstance(order["command"], list) else []
    folder, memory = str(order["folder"]), order["memory_bytes"]
    readable, writable = os.pipe()
    guardian = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(readable)
        become(command, folder, memory if isinstance(memory, int) else None, (guardian, writable))
    os.close(writable)
    with open(readable, "rb") as pipe:
        failure = pipe.read().decode()
    if failure:
        os.waitpid(pid, 0)
        report({"failed": failure})
        sys.exit(CANNOT_START)
    report({"started": pid})
    return pid


def become(command: list[str], folder: str, memory: int | None, tie: tuple[int, int]) -> NoReturn:
    """In the child: become the command, or say on the pipe why not."""
    guardian, failures = tie
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        if IS_LINUX:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != guardian:
                os._exit(CANNOT_START)
        limit_memory(memory)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.chdir(folder)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(failures, f"{error.filename or command[0]}: {error.strerror}".encode())
    except BaseException as error:
        os.write(failures, repr(error).encode())
    os._exit(CANNOT_START)


def limit_memory(memory: int | None) -> None:
    """Bound what each process may hold privately: RLIMIT_DATA counts that, and not what is merely mapped."""
    if memory is None or not IS_LINUX:
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    ceiling = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (ceiling, ceiling))


def supervise(leader: int, lifeline: Lifeline, wakeup: int) -> int:
    """Wait until the command has ended and nothing of it is left; the status of its leader.

    What a leader leaves behind is killed, unless it was asked to end: then the rest may end in its own time.
    """
    status: int | None = None
    is_stopping = False
    while True:
        readable, _, _ = select.select([0, wakeup], [], [])
        if wakeup in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wakeup, 1 << 12)
            ended, has_children = reap()
            status = ended.get(leader, status)
            if status is not None and (not has_children or not is_stopping):
                break
        if 0 in readable:
            lines = lifeline.read()
            if lifeline.has_ended:
                break
            if "stop" in lines:
                is_stopping = True
                send(signal.SIGTERM, leader)
    return end_all(leader, status)


def reap() -> tuple[dict[int, int], bool]:
    """Take leave of the children that have ended: their statuses, and whether there are others."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        ended[pid] = status


def end_all(leader: int, status: int | None) -> int:
    """Kill until nothing is left, also of what is started meanwhile."""
    while True:
        send(signal.SIGKILL, leader)
        try:
            pid, ended = os.waitpid(-1, 0)
        except ChildProcessError:
            return signal.SIGKILL if status is None else status
        if pid == leader:
            status = ended


def send(number: signal.Signals, leader: int) -> None:
    """Send a signal to every descendant; where they cannot be told, to the leader's group."""
    if not IS_LINUX:
        with contextlib.suppress(OSError):
            os.killpg(leader, number)
    for pid in descendants():
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def descendants() -> list[int]:
    """Every process below this one, as /proc shows them; empty where there is none."""
    parents: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdecimal():
                with contextlib.suppress(OSError, IndexError, ValueError):
                    parents[int(name)] = parent_of(name)
    found = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return sorted(found - {os.getpid()})
        found |= more


def parent_of(pid: str) -> int:
    """The parent's id, which stands behind the name and the state in /proc/PID/stat (proc_pid_stat(5))."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[1])


if __name__ == "__main__":
    main()
