"""The front's end ends a process, even one that is busy in C and would never look at a socket again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from front import wait_for_end

SOURCE = str(Path(__file__).parent.parent / "src")
PATIENCE_S = 20

BUSY_IN_C = """
import socket, sys
sys.path.append(sys.argv[2])
from hostler import lifeline
stream = socket.socket(fileno=int(sys.argv[1]))
lifeline.arm(stream)
print("armed", flush=True)
sum(range(10**13))
"""

GONE_BEFORE = """
import socket, sys
sys.path.append(sys.argv[2])
from hostler import lifeline
stream = socket.socket(fileno=int(sys.argv[1]))
print(sys.stdin.readline(), flush=True)
lifeline.arm(stream)
print("still here", flush=True)
"""

BUSY_IN_PYTHON = """
import socket, sys
sys.path.append(sys.argv[2])
from hostler import lifeline
sys.platform = "another"
lifeline.arm(socket.socket(fileno=int(sys.argv[1])))
print("armed", flush=True)
while True:
    sum(range(1000))
"""


WITH_CHILD = """
import os, socket, subprocess, sys
sys.path.append(sys.argv[2])
from hostler import lifeline
os.setpgid(0, 0)
stream = socket.socket(fileno=int(sys.argv[1]))
lifeline.arm(stream)
child = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
child.wait()
"""


NOBODY_HOLDS_IT = """
import gc, socket, sys
sys.path.append(sys.argv[2])
from hostler import lifeline
lifeline.arm(socket.socket(fileno=int(sys.argv[1])))
gc.collect()
print("armed", flush=True)
sum(range(10**13))
"""


def start(program: str, end: socket.socket) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(end.fileno()), SOURCE],
        pass_fds=[end.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.linux
def test_a_long_c_call_that_holds_the_lock_is_ended() -> None:
    front, end = socket.socketpair()
    with end, start(BUSY_IN_C, end) as process:
        end.close()
        assert line_of(process) == "armed"
        assert process.poll() is None
        started = time.perf_counter()
        front.close()
        assert process.wait(PATIENCE_S) == -9
        print(f"ended after {(time.perf_counter() - started) * 1000:.1f} ms")


@pytest.mark.linux
def test_it_holds_also_where_nobody_keeps_the_socket() -> None:
    front, end = socket.socketpair()
    with end, start(NOBODY_HOLDS_IT, end) as process:
        end.close()
        assert line_of(process) == "armed"
        front.close()
        assert process.wait(PATIENCE_S) == -9


@pytest.mark.linux
def test_what_a_worker_has_started_ends_with_it() -> None:
    front, end = socket.socketpair()
    with end, start(WITH_CHILD, end) as process:
        end.close()
        child = int(line_of(process))
        front.close()
        assert process.wait(PATIENCE_S) == -9
        wait_for_end(child)


def test_a_front_that_has_gone_before_is_noticed() -> None:
    front, end = socket.socketpair()
    with end, start(GONE_BEFORE, end) as process:
        end.close()
        front.close()
        output, _ = process.communicate("go\n", PATIENCE_S)
        assert output.strip() == "go"
        assert process.returncode in (75, -9)


def test_elsewhere_a_thread_waits() -> None:
    front, end = socket.socketpair()
    with end, start(BUSY_IN_PYTHON, end) as process:
        end.close()
        assert line_of(process) == "armed"
        front.close()
        assert process.wait(PATIENCE_S) == 75


def test_reading_what_was_sent_before_is_harmless() -> None:
    """The front's socket is written to and read from before the lifeline is armed; only the end may kill."""
    front, end = socket.socketpair()
    with end, start(BUSY_IN_C, end) as process:
        assert line_of(process) == "armed"
        end.close()
        assert front.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        os.set_blocking(front.fileno(), False)
        with pytest.raises(BlockingIOError):
            front.recv(1)
        assert process.poll() is None
        front.close()
        assert process.wait(PATIENCE_S) != 0
