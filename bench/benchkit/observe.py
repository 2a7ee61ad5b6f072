"""An outside observer: a process of its own that reads /proc every few milliseconds, and the largest it saw.

    python -m benchkit.observe ROOT_PID INTERVAL_MS

It watches until its standard input closes, then prints one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchkit.places import BENCH
from benchkit.proc import Memory, memory, read, zygotes_among

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN_S = 0.25


@dataclass
class Watched:
    """What an observer saw, in MB."""

    sweeps: int = 0
    longest_pause_ms: float = 0
    max_tree_mb: float = 0
    max_pss_mb: float = 0
    max_processes: int = 0
    timeline: list[tuple[float, float, float]] = field(
        default_factory=list
    )  # s, largest tree MB, largest PSS MB

    def add(self, at_s: float, total: Memory, processes: int) -> None:
        self.sweeps += 1
        self.max_tree_mb = max(self.max_tree_mb, total.tree_mb)
        self.max_pss_mb = max(self.max_pss_mb, total.pss_mb)
        self.max_processes = max(self.max_processes, processes)
        start = at_s - at_s % BIN_S
        if self.timeline and self.timeline[-1][0] == start:
            _, tree_mb, pss_mb = self.timeline.pop()
        else:
            tree_mb = pss_mb = 0.0
        self.timeline.append((start, max(tree_mb, total.tree_mb), max(pss_mb, total.pss_mb)))


def family(root: int) -> list[int]:
    """A process and its descendants by the kernel's own lists of children, which are cheap to read."""
    found = [root]
    for pid in found:
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(word) for word in read(str(listed)).split()]
    return found


def watch(root: int, interval_s: float, stop: threading.Event) -> Watched:
    watched, began, last = Watched(), time.monotonic(), time.monotonic()
    known: set[int] = set()
    zygotes: set[int] = set()
    while not stop.is_set():
        pids = family(root)
        if set(pids) != known:
            known, zygotes = set(pids), zygotes_among(pids)
        total = sum((memory(pid, pid in zygotes) for pid in pids), Memory())
        now = time.monotonic()
        watched.add(round(now - began, 3), total, len(pids))
        watched.longest_pause_ms = max(watched.longest_pause_ms, round(1000 * (now - last), 1))
        last = now
        stop.wait(interval_s)
    return watched


@contextmanager
def observer(root: int, interval_ms: float = 5) -> Iterator[dict[str, Any]]:
    """Watch a tree for the length of a block; afterwards the dictionary holds what was seen."""
    line = [sys.executable, "-m", "benchkit.observe", str(root), str(interval_ms)]
    with subprocess.Popen(
        line, cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        seen: dict[str, Any] = {}
        try:
            yield seen
        finally:
            output, _ = process.communicate()
            seen.update(json.loads(output or "{}"))


def main() -> None:
    root, interval_ms = int(sys.argv[1]), float(sys.argv[2])
    stop = threading.Event()

    def until_closed() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=until_closed, daemon=True).start()
    print(json.dumps(vars(watch(root, interval_ms / 1000, stop))))


if __name__ == "__main__":
    main()
