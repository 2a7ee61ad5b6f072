"""One measurement: wrk as hard as N connections go, a verifier beside it, and what the server spent on it."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchkit.places import BENCH
from benchkit.proc import Usage, machine_busy_s, usage
from benchkit.rows import body_file, model_name
from benchkit.verify import Compared, Verifier

if TYPE_CHECKING:
    from benchkit.servers import Server

SHARE = 0.015  # of the replies that are compared; the bound is 0.01


@dataclass
class Sample:
    server: str
    model: str
    connections: int
    before: Usage
    after: Usage
    compared: Compared = field(default_factory=Compared)
    ok_per_s: float = 0
    ok: int = 0
    p50_ms: float = 0
    p99_ms: float = 0
    max_ms: float = 0
    bad_status: int = 0
    socket_errors: int = 0
    timeouts: int = 0
    cpu_ms_per_ok: float | None = None
    others_cores: float | None = None
    problem: str = ""

    @property
    def errors(self) -> int:
        return self.bad_status + self.socket_errors + self.timeouts + self.compared.failed


def wrk(
    url: str, script: list[str], connections: int, seconds: float, timeout: int, headers: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Closed loop over HTTP; headers as `name: value`."""
    line = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", f"--timeout={timeout}s"]
    line += [word for header in headers for word in ("-H", header)]
    line += ["-s", str(BENCH / "lua" / "load.lua"), url, "--", *script]
    run = subprocess.run(line, capture_output=True, text=True)
    found = re.search(r"RESULT (.*)", run.stdout)
    if not found:
        return {"problem": (run.stdout + run.stderr).strip()[-300:]}
    r = json.loads(found[1])
    ok = r["requests"] - r["status"]
    errors = {"bad_status": r["status"], "socket_errors": r["socket"], "timeouts": r["timeouts"]}
    times = {"p50_ms": r["p50"], "p99_ms": r["p99"], "max_ms": r["max"]}
    return errors | times | {"ok": ok, "ok_per_s": ok / (r["us"] / 1e6)}


def measure(
    server: Server,
    model: str,
    connections: int,
    seconds: float,
    timeout: int = 10,
    compare_per_s: float = 0,
    names: list[str] | None = None,
) -> Sample:
    """With compare_per_s > 0 so many replies a second are compared with the model."""
    called = names or [model_name(model)]
    _, script = body_file(server.style, [model] * len(called), called)
    verifier = None
    if compare_per_s and server.trained_by:
        verifier = Verifier(server.url, server.style, model, server.trained_by, compare_per_s)
    before, busy, at = usage(server.pid), machine_busy_s(), time.monotonic()
    clients = resource.getrusage(resource.RUSAGE_CHILDREN)
    if verifier:
        verifier.begin()
    result = wrk(server.url, script, connections, seconds, timeout)
    compared = verifier.end() if verifier else Compared()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy, wall, after = machine_busy_s() - busy, time.monotonic() - at, usage(server.pid)
    sample = Sample(server.name, model, connections, before, after, compared, **result)
    answered = sample.ok + compared.compared
    if server.pid and answered:
        spent = after.cpu_s - before.cpu_s
        generated = ended.ru_utime + ended.ru_stime - clients.ru_utime - clients.ru_stime
        sample.cpu_ms_per_ok = 1000 * spent / answered
        sample.others_cores = max(0.0, (busy - generated - spent) / wall)
    if sample.problem:
        print(f"{server.name}, {model}: {sample.problem}")
    return sample
