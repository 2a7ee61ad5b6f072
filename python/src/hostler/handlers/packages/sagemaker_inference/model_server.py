"""Starts the server of a container: hostler, in the place of Multi Model Server."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from . import environment, parameters
from .logging import configure_logger, get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

DEFAULT_HANDLER_SERVICE = "sagemaker_inference.default_handler_service"
LAUNCHER_ENV = "HOSTLER_LAUNCHER"
PYTHON_ENV = "HOSTLER_PYTHON"
CODE_ARTIFACT_ENV = "CA_REPOSITORY_ARN"
FORWARDED = (signal.SIGTERM, signal.SIGINT)


def start_model_server(handler_service: str = DEFAULT_HANDLER_SERVICE) -> None:
    """Serve, as the SAGEMAKER_ variables say; returns when the server has been told to stop.

    Args:
        handler_service: a module with one class that has handle(), or `file.py:function`.

    Raises:
        ValueError: what `code/requirements.txt` asks for cannot be installed.
        FileNotFoundError: hostler's launcher cannot be found.
        CalledProcessError: the server has ended by itself.
    """
    configure_logger()
    command = [_launcher(), "serve"]
    variables = _variables(handler_service)
    requirements = os.path.join(environment.code_dir, "requirements.txt")
    if os.path.exists(requirements):
        get_logger().info("installing packages from %s", requirements)
        _install_requirements(requirements)
    server = subprocess.Popen(command, env=variables)
    with _forwarding(server) as was_told:
        status = server.wait()
    if status != 0 and not was_told():
        raise subprocess.CalledProcessError(status, command)


def _variables(handler_service: str) -> dict[str, str]:
    """The server's environment: this process's, with the handler and where its modules lie."""
    variables = dict(os.environ)
    if environment.is_multi_model():
        variables.setdefault(parameters.HANDLER_ENV, handler_service)
    else:
        variables[parameters.HANDLER_ENV] = handler_service
    variables.setdefault(parameters.BASE_PATH_ENV, environment.base_dir)
    variables.setdefault(parameters.BIND_TO_PORT_ENV, environment.DEFAULT_HTTP_PORT)
    variables.setdefault(PYTHON_ENV, sys.executable)
    path = variables.get("PYTHONPATH")
    variables["PYTHONPATH"] = environment.code_dir + (os.pathsep + path if path else "")
    return variables


def _launcher() -> str:
    """HOSTLER_LAUNCHER, `hostler` on PATH, or the one of the installation that this file is part of."""
    named = os.environ.get(LAUNCHER_ENV)
    if named:
        return named
    on_path = shutil.which("hostler")
    if on_path is not None:
        return on_path
    folder = os.path.dirname(os.path.realpath(__file__))
    while folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
        launcher = os.path.join(folder, "bin", "hostler")
        if os.access(launcher, os.X_OK) and os.path.isfile(launcher):
            return launcher
    raise FileNotFoundError(
        f"hostler cannot be found: put it on PATH, or name its launcher in {LAUNCHER_ENV}."
    )


def _install_requirements(file: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-input", "-r", file, *_index_arguments()]
    try:
        subprocess.check_call(command)
    except subprocess.CalledProcessError as error:
        raise ValueError(f"failed to install required packages: pip ended with {error.returncode}") from error


def _index_arguments() -> list[str]:
    """The package index of AWS CodeArtifact, where CA_REPOSITORY_ARN names a repository there."""
    arn = os.environ.get(CODE_ARTIFACT_ENV)
    if not arn:
        return []
    parts = arn.split(":")
    domain, _, repository = parts[-1].removeprefix("repository/").partition("/")
    if len(parts) != 6 or not repository:
        raise ValueError(f"{CODE_ARTIFACT_ENV} is no repository of CodeArtifact: {arn}")
    if importlib.util.find_spec("boto3") is None:
        raise ValueError(f"{CODE_ARTIFACT_ENV} needs boto3, which is not installed")
    boto3 = importlib.import_module("boto3")
    client = boto3.client("codeartifact", region_name=parts[3])
    owner = {"domain": domain, "domainOwner": parts[4]}
    token = client.get_authorization_token(**owner)["authorizationToken"]
    answer = client.get_repository_endpoint(**owner, repository=repository, format="pypi")
    address = answer["repositoryEndpoint"].replace("https://", f"https://aws:{token}@", 1)
    return ["-i", f"{address.rstrip('/')}/simple/"]


@contextlib.contextmanager
def _forwarding(server: subprocess.Popen[bytes]) -> Iterator[Callable[[], bool]]:
    """Hand signals that ask for an end on to the server; gives a function that says whether one came."""
    received: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        with contextlib.suppress(ProcessLookupError):
            server.send_signal(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread may handle signals
        return
    before = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
