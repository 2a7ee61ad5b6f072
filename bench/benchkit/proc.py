"""Processes as /proc shows them: trees, CPU time, memory, and who is who inside hostler."""

from __future__ import annotations

import ctypes
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    session: int
    cpu_s: float  # its own and that of its ended children
    started: int  # in ticks since boot: with the pid, what tells a process from a later one


@dataclass(frozen=True)
class Memory:
    """KiB. `private` would come free if the processes ended; `shared` counts a zygote's shared pages once."""

    private: int = 0
    shared: int = 0
    pss: int = 0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.private + other.private, self.shared + other.shared, self.pss + other.pss)

    @property
    def tree_mb(self) -> float:
        """Private bytes of the tree, plus the zygote once."""
        return round((self.private + self.shared) / 1024, 1)

    @property
    def pss_mb(self) -> float:
        return round(self.pss / 1024, 1)


@dataclass(frozen=True)
class Usage:
    cpu_s: float
    pss_mb: float
    processes: int


@dataclass(frozen=True)
class Roles:
    """The processes of one running hostler."""

    front: int
    zygotes: list[int]
    workers: list[int]


def table() -> dict[int, Process]:
    """All living processes."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if words[0] != "Z":
            pid, cpu = int(entry.parent.name), sum(int(word) for word in words[11:15])
            found[pid] = Process(pid, int(words[1]), int(words[3]), cpu / TICKS, int(words[19]))
    return found


def tree(root: int | None, processes: dict[int, Process] | None = None) -> set[int]:
    """A process, its session and all descendants of both."""
    processes = table() if processes is None else processes
    found = {pid for pid, process in processes.items() if root and root in (pid, process.session)}
    while more := {pid for pid, process in processes.items() if process.parent in found} - found:
        found |= more
    return found


def read(path: str) -> str:
    """A file of /proc; empty when its process has ended."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def memory(pid: int, is_zygote: bool = False) -> Memory:
    values = {
        name: int(kib)
        for name, kib in re.findall(r"^(\w+): +(\d+) kB", read(f"/proc/{pid}/smaps_rollup"), re.M)
    }
    private = values.get("Private_Clean", 0) + values.get("Private_Dirty", 0)
    shared = values.get("Shared_Clean", 0) + values.get("Shared_Dirty", 0)
    return Memory(private, shared if is_zygote else 0, values.get("Pss", 0))


def tree_memory(root: int) -> Memory:
    pids = tree(root)
    zygotes = zygotes_among(pids)
    return sum((memory(pid, pid in zygotes) for pid in pids), Memory())


def usage(root: int | None) -> Usage:
    """CPU time (with ended children's) and proportional memory of a tree."""
    processes = table()
    pids = tree(root, processes)
    pss = sum(memory(pid).pss for pid in pids)
    return Usage(round(sum(processes[pid].cpu_s for pid in pids), 2), round(pss / 1024, 1), len(pids))


def age_s(pid: int) -> float:
    """Seconds since a process was started, by the kernel's own note of it: to a tick, 10 ms."""
    return round(time.clock_gettime(time.CLOCK_BOOTTIME) - table()[pid].started / TICKS, 3)


def machine_busy_s() -> float:
    words = [int(word) for word in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    return (sum(words) - words[3] - words[4]) / TICKS


def zygotes_among(pids: Iterable[int]) -> set[int]:
    """Processes that call themselves so; a worker that was forked just now does it for a moment, too."""
    found = named("hostler-zygote", pids)
    return {pid for pid in found if parent_of(pid) not in found}


def parent_of(pid: int) -> int:
    words = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(words[1]) if words else 0


def named(name: str, pids: Iterable[int]) -> set[int]:
    return {pid for pid in pids if read(f"/proc/{pid}/comm").strip() == name}


def listener(port: int) -> int | None:
    """The process that listens on a loopback or wildcard TCP port."""
    inodes = set()
    for line in (read("/proc/net/tcp") + read("/proc/net/tcp6")).splitlines():
        words = line.split()
        if len(words) > 9 and words[3] == "0A" and words[1].endswith(f":{port:04X}"):
            inodes.add(f"socket:[{words[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) in inodes:
                return int(link.parts[2])
        except OSError:
            continue
    return None


def roles(root: int, port: int) -> Roles:
    processes = table()
    pids = tree(root, processes)
    zygotes = zygotes_among(pids)
    # A worker outlives its zygote, and is ours then: see adopt_orphans.
    adopted = {pid for pid, process in processes.items() if process.parent == os.getpid()}
    workers = named("hostler-worker", pids | adopted)
    front = listener(port)
    if front is None or front not in pids:
        raise SystemExit(f"no process of the tree below {root} listens on port {port}")
    return Roles(front, sorted(zygotes), sorted(workers))


def unix_sockets(pid: int) -> list[Path]:
    """The socket files that a process listens on or is connected through."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link))
        except OSError:
            continue
        if found:
            inodes.add(found[1])
    lines = [line.split() for line in read("/proc/net/unix").splitlines()]
    return sorted(
        {Path(line[7]) for line in lines if len(line) > 7 and line[6] in inodes and line[7].startswith("/")}
    )


def alive(processes: Iterable[Process]) -> list[Process]:
    """Those that still run; a later process of the same number does not count, nor does a zombie."""
    now = table()
    return [one for one in processes if one.pid in now and now[one.pid].started == one.started]


def adopt_orphans() -> None:
    """From now on processes whose parent dies become our children, so that none can hide from tree()."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def bury(pids: Iterable[int]) -> None:
    """Reap adopted processes that have ended."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except OSError:
            continue  # not ours, or gone


def wait_until_gone(processes: Iterable[Process], limit_s: float) -> tuple[float | None, list[Process]]:
    """Seconds until the last one ended, or None, and those that are left at the limit."""
    left, at = list(processes), time.monotonic()
    while left:
        bury(process.pid for process in left)
        left = alive(left)
        passed = time.monotonic() - at
        if left and passed > limit_s:
            return None, left
        if left:
            time.sleep(0.01)
    return round(time.monotonic() - at, 3), []
