"""A container engine of one's own, and what lives in it, through Docker's API on a Unix socket."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchkit.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchkit.wire import Json

SCRIPT = ROOT.parent / "shared" / "tools" / "container-engine.sh"
BASE_IMAGE = "localhost/hostler-test-python:1"
START_S = 30


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Engine:
    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def host(self) -> str:
        """For DOCKER_HOST."""
        return f"unix://{self._path}"

    def ask(self, method: str, path: str) -> Json:
        """One request; None where there is no such thing, or it is in another state."""
        connection = UnixConnection(self._path)
        try:
            connection.request(method, f"/v1.41{path}")
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status in (404, 409) or b"state improper" in text:
            return None
        if reply.status >= 400:
            raise OSError(f"{method} {path}: {reply.status} {text[:200]!r}")
        return json.loads(text) if text else None

    def containers(self, label: str) -> list[str]:
        """Ids of those with this label, as `name=value`, running or not."""
        filters = quote(json.dumps({"label": [label]}))
        return [one["Id"] for one in self.ask("GET", f"/containers/json?all=true&filters={filters}") or []]

    def main_process(self, container: str) -> int | None:
        found = self.ask("GET", f"/containers/{container}/json")
        return (found["State"]["Pid"] or None) if found else None

    def kill(self, container: str) -> None:
        self.ask("POST", f"/containers/{container}/kill?signal=KILL")

    def remove(self, container: str) -> None:
        self.ask("DELETE", f"/containers/{container}?force=true&v=true")

    def images(self) -> set[str]:
        return {one["Id"] for one in self.ask("GET", "/images/json?all=true") or []}

    def remove_images(self, images: set[str]) -> None:
        for image in images:
            self.ask("DELETE", f"/images/{image}?force=true")


def why_no_engine() -> str:
    """Why none can be had here; empty where one can."""
    if not SCRIPT.exists():
        return f"{SCRIPT.name} is not beside the repository"
    if os.getuid() != 0 or not Path("/etc/debian_version").exists():
        return "it takes root on Debian to install one"
    return ""


@contextmanager
def own_engine() -> Iterator[Engine]:
    """Installed where it is not there yet; the images that are made meanwhile go with it."""
    for step in (["install"], ["base-image", BASE_IMAGE]):
        subprocess.run(["bash", str(SCRIPT), *step], check=True, stdout=subprocess.DEVNULL)
    folder = Path(tempfile.mkdtemp(prefix="hostler-bench-engine-"))
    path = folder / "engine.sock"
    process = subprocess.Popen(
        ["bash", str(SCRIPT), "start", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        give_up = time.monotonic() + START_S
        while not path.exists():
            if time.monotonic() > give_up or process.poll() is not None:
                raise SystemExit("the container engine did not start")
            time.sleep(0.02)
        engine = Engine(path)
        before = engine.images()
        try:
            yield engine
        finally:
            engine.remove_images(engine.images() - before)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
