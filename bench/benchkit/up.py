"""hostler up as the scenarios need it: a control API client, deployments, and calls with a key."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchkit.places import HOSTLER, PEERS_DIR
from benchkit.proc import Process, table, tree, wait_until_gone
from benchkit.servers import free_ports, hostler_environment, kill

if TYPE_CHECKING:
    from benchkit.wire import Json

STOP_S = 20


@dataclass
class Up:
    """One `hostler up`, with its state in a folder that outlives it."""

    state: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hostler-bench-up-")))
    flags: tuple[str, ...] = ("--engine", "process")
    variables: dict[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    leftovers: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def control(self) -> str:
        return f"http://127.0.0.1:{self.ports[0] + 1}"

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self) -> None:
        if not self.ports:
            self.ports = [three_in_a_row()]
        logs = PEERS_DIR / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        line = [
            str(HOSTLER),
            "up",
            "--state",
            str(self.state),
            "--port",
            str(self.ports[0]),
            *self.flags,
        ]
        with (logs / "hostler-up.log").open("ab") as log:
            self.process = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=hostler_environment() | self.variables,
            )

    def family(self) -> list[Process]:
        processes = table()
        return [processes[pid] for pid in tree(self.pid, processes)]

    def kill_front(self) -> list[Process]:
        """kill -9 of the gateway alone; what it had started has to go by itself."""
        family = self.family()
        if self.process:
            self.process.kill()
            self.process.wait()
        return family

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        family = self.family()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            print(f"hostler up did not stop within {STOP_S} s of SIGTERM")
        _, left = wait_until_gone(family, 2)
        self.leftovers += len(left)
        kill(left)

    def call(self, method: str, path: str, body: Json = None, timeout: float = 60) -> Json:
        """One request to the control API; raises OSError when nobody answers, ValueError for a refusal."""
        data = None if body is None else json.dumps(body).encode()
        message = urllib.request.Request(
            self.control + path,
            data,
            {"content-type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(message, timeout=timeout) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            raise ValueError(f"{method} {path}: {error.code} {error.read()[:500]!r}") from error
        return json.loads(text) if text else None

    def wait_until_up(self, patience: float) -> None:
        give_up = time.monotonic() + patience
        while True:
            try:
                self.call("GET", "/api")
                return
            except OSError as error:
                if time.monotonic() > give_up or (self.process and self.process.poll() is not None):
                    raise SystemExit(f"hostler up does not answer at {self.control}: {error}") from error
                time.sleep(0.005)

    def endpoint(self, name: str) -> str:
        """Create an endpoint; its primary key."""
        self.call("PUT", f"/api/endpoints/{name}", {"name": name})
        found: str = self.call("POST", f"/api/endpoints/{name}/keys")["primary_key"]
        return found

    def deployment(self, endpoint: str, name: str, **spec: object) -> None:
        """Create a deployment and wait until it serves."""
        path = f"/api/endpoints/{endpoint}/deployments/{name}"
        self.call("PUT", path, {"name": name, "endpoint_name": endpoint, **spec})
        found = self.call("GET", f"{path}?wait=60", timeout=90)
        if found["provisioning_state"] != "Succeeded":
            raise SystemExit(f"{endpoint}/{name}: {found['provisioning_state']}: {found['reason']}")

    def code(self, folder: Path) -> dict[str, str]:
        """Register a folder of code; what a deployment calls it."""
        found = self.call("POST", "/api/codes", {"name": folder.name, "path": str(folder)})
        return {"name": found["name"], "version": found["version"]}

    def traffic(self, endpoint: str, **shares: int) -> None:
        self.call("PUT", f"/api/endpoints/{endpoint}/traffic", {"traffic": shares})


def three_in_a_row() -> int:
    """A port that is free with the two above it, as far as one can know."""

    for _ in range(100):
        (port,) = free_ports(1)
        try:
            for other in (port + 1, port + 2):
                socket.create_server(("127.0.0.1", other)).close()
        except OSError:
            continue
        return port
    raise SystemExit("no three free ports in a row")


def scoring_message(
    url: str, endpoint: str, key: str, body: bytes = b'{"data": [1]}', pin: str = ""
) -> bytes:
    """A call of the data plane, ready to be sent."""
    host = url.partition("//")[2]
    lines = [
        f"POST /endpoints/{endpoint}/score HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if pin:
        lines.append(f"azureml-model-deployment: {pin}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def kill_one(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
