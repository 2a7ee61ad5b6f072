"""Start and stop the servers that are measured: hostler by its own launcher, peers by peer.sh."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchkit.places import BENCH, HOSTLER, HOSTLER_PYTHON, PEERS_DIR, node
from benchkit.proc import Process, alive, table, tree, wait_until_gone
from benchkit.rows import answer, model_name, request, rows_of
from benchkit.wire import post

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOORS = ("node-floor", "nginx-floor")
STOP_S = 15
# Nothing of the caller's environment may make hostler faster or slower than it is for anyone.
UNSET = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NODE_OPTIONS", "PYTHONPATH")


@dataclass
class Server(ABC):
    name: str
    url: str = ""
    style: str = "v2"
    pid: int | None = None

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    @property
    def is_floor(self) -> bool:
        return self.name in FLOORS

    @property
    def is_hostler(self) -> bool:
        return self.name == "hostler"

    @property
    def trained_by(self) -> str:
        """Whose environment trained the models that it serves; empty for a floor."""
        return "" if self.is_floor else self.name.split("-")[0]


@dataclass
class Peer(Server):
    environment: dict[str, str] = field(default_factory=dict)

    def script(self, action: str) -> str:
        variables = os.environ | {"PEERS_NODE": node()} | self.environment
        run = subprocess.run(
            [str(BENCH / "peer.sh"), self.name, action], env=variables, capture_output=True, text=True
        )
        if run.returncode:
            raise SystemExit(f"peer.sh {self.name} {action} failed:\n{run.stdout}{run.stderr}")
        return run.stdout

    def start(self) -> None:
        self.script("start")
        self.look()

    def look(self) -> None:
        about = json.loads(self.script("info"))
        self.url, self.style, self.pid = about["url"], about["style"], about["pid"]

    def stop(self) -> None:
        self.script("stop")
        self.pid = None


@dataclass
class Hostler(Server):
    name: str = "hostler"
    folder: Path = PEERS_DIR / "models" / "hostler"
    flags: tuple[str, ...] = ()
    leftovers: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def command(self) -> list[str]:
        port, metrics_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        line = [str(HOSTLER), "serve", str(self.folder), "--host", "127.0.0.1", "--port", str(port)]
        return [*line, "--metrics-port", str(metrics_port), *self.flags]

    def start(self) -> None:
        """As anyone starts it, its log going to a file."""
        logs = PEERS_DIR / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        command = self.command()
        with (logs / f"hostler-{self.port}.log").open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=hostler_environment(),
            )
        self.pid = self.process.pid

    def stop(self) -> None:
        """SIGTERM; whatever it leaves behind is counted and then killed."""
        if self.process is None:
            return
        processes = table()
        family = [processes[pid] for pid in tree(self.pid, processes)]
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                print(f"hostler did not stop within {STOP_S} s of SIGTERM")
        _, left = wait_until_gone(family, 2)
        self.leftovers += len(left)
        kill(left)
        self.process.poll()
        (PEERS_DIR / "logs" / f"hostler-{self.port}.log").rename(PEERS_DIR / "logs" / "hostler.log")
        self.process = self.pid = None


def kill(processes: list[Process]) -> None:
    for process in alive(processes):
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def hostler_environment() -> dict[str, str]:
    is_setting = ("HOSTLER_", "MLSERVER_")
    variables = {k: v for k, v in os.environ.items() if k not in UNSET and not k.startswith(is_setting)}
    return variables | {"HOSTLER_PYTHON": str(HOSTLER_PYTHON)}


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def server(name: str) -> Server:
    return Hostler() if name == "hostler" else Peer(name)


@contextmanager
def running(one: Server) -> Iterator[None]:
    try:
        one.start()
        yield
    finally:
        one.stop()


def install(*names: str) -> None:
    """Make sure that these are there; install.sh says in one line each what it did."""
    variables = os.environ | {"PEERS_NODE": node(), "HOSTLER_PYTHON": str(HOSTLER_PYTHON)}
    run = subprocess.run([str(BENCH / "install.sh"), *names], env=variables, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{run.stdout}{run.stderr}")


def first_answer(one: Server, name: str, model: str, patience: float) -> float:
    """Ask until the model answers with 200; its first number."""
    path, body = request(one.style, model_name(name), rows_of(model)[:1])
    give_up = time.monotonic() + patience
    while True:
        try:
            return answer(one.style, post(one.url + path, body))[0]
        except (OSError, ValueError) as error:
            if time.monotonic() > give_up:
                raise SystemExit(
                    f"{one.name}: no answer from {one.url}{path} in {patience} s: {error}"
                ) from error
            if isinstance(one, Hostler) and one.process and one.process.poll() is not None:
                raise SystemExit(
                    f"hostler ended with {one.process.returncode}; see {PEERS_DIR}/logs"
                ) from error
            time.sleep(0.01)
