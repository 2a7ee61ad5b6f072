"""cli: hostler --help, and the first line of the start banner on a terminal, beside a bare `node -e 0`."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchkit.places import HOSTLER, PEERS_DIR, node
from benchkit.proc import table, tree
from benchkit.report import Outcome
from benchkit.servers import Hostler, hostler_environment, install, kill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchkit.options import Options

FACTOR = 2.5
LIMIT_S = 30


def timed(*line: str) -> float:
    at = time.monotonic()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=hostler_environment())
    return time.monotonic() - at


@contextmanager
def on_a_terminal(line: list[str]) -> Iterator[int]:
    """Run a command on a pseudo-terminal and give the other end of it; the processes are ended after."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    variables = hostler_environment() | {"TERM": "xterm-256color"}
    process = subprocess.Popen(
        line, stdin=theirs, stdout=theirs, stderr=theirs, env=variables, start_new_session=True
    )
    os.close(theirs)
    try:
        yield ours
    finally:
        processes = table()
        family = [processes[pid] for pid in tree(process.pid, processes)]
        threading.Thread(target=drain, args=(ours,), daemon=True).start()
        process.terminate()
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            print("hostler did not stop on SIGTERM")
        kill(family)


def drain(terminal: int) -> None:
    """Read on, so that nobody waits to write, until the last writer is gone."""
    with os.fdopen(terminal, "rb", buffering=0) as reader:
        try:
            while reader.read(4096):
                pass
        except OSError:
            return  # how Linux says that a terminal has lost its last writer


def first_line_s() -> tuple[float, str]:
    """Seconds to the first line with anything on it, and that line."""
    command, at, text = Hostler(folder=PEERS_DIR / "two" / "hostler").command(), time.monotonic(), b""
    with on_a_terminal(command) as terminal:
        while not (b"\n" in text and text[: text.rindex(b"\n")].strip()):
            if not select.select([terminal], [], [], LIMIT_S)[0]:
                raise SystemExit(f"no line on the terminal in {LIMIT_S} s: {text!r}")
            try:
                text += os.read(terminal, 4096)
            except OSError as error:
                raise SystemExit(f"hostler ended before its first line: {text!r}") from error
        passed = time.monotonic() - at
    return passed, text.decode(errors="replace").strip().splitlines()[0]


def run(options: Options) -> Outcome:
    outcome = Outcome()
    install("hostler")
    times: dict[str, list[float]] = {"node -e 0": [], "hostler --help": [], "first banner line": []}
    line = ""
    for _ in range(options.rounds):
        times["node -e 0"].append(timed(node(), "-e", "0"))
        times["hostler --help"].append(timed(str(HOSTLER), "--help"))
        passed, line = first_line_s()
        times["first banner line"].append(passed)
    best = {name: 1000 * min(found) for name, found in times.items()}
    shown = line.replace(str(PEERS_DIR), "…")[:80]
    outcome.line(f"\nBest of {options.rounds}, in turn. The banner's first line: `{shown}`")
    outcome.head("what", "best ms", "x node -e 0")
    for name, ms in best.items():
        outcome.row([f"`{name}`", f"{ms:.0f}", f"{ms / best['node -e 0']:.2f}"])
        outcome.results.append({"what": name, "ms": [round(1000 * one, 1) for one in times[name]]})
    for name in ("hostler --help", "first banner line"):
        outcome.at_most(f"{name}, x node -e 0", best[name] / best["node -e 0"], FACTOR, " x")
    return outcome
