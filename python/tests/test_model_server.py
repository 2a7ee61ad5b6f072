"""The entry point of a container, `start_model_server`: how it starts the server, and how it ends with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from front import PATIENCE_S
from handling import write_file

PACKAGES = Path(__file__).parents[1] / "src" / "hostler" / "handlers" / "packages"
LAUNCHER = """#!{python}
import json, os, signal, sys
names = ["SAGEMAKER_HANDLER", "SAGEMAKER_BASE_DIR", "SAGEMAKER_BIND_TO_PORT"]
names += ["HOSTLER_PYTHON", "PYTHONPATH", "MMS_X"]
print(json.dumps([sys.argv[1:], [os.environ.get(name) for name in names]]), flush=True)
if os.environ.get("LAUNCHER_ENDS"): sys.exit(int(os.environ["LAUNCHER_ENDS"]))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
print("waiting", flush=True)
signal.pause()
"""
ENTRY = """
import subprocess
from sagemaker_inference import model_server
try:
    model_server.start_model_server(handler_service='/home/model-server/model_handler.py:handle')
    print("returned")
except subprocess.CalledProcessError as error:
    print("ended with", error.returncode)
except ValueError as error:
    print(error)
"""


def entry(folder: Path, **variables: str) -> subprocess.Popen[str]:
    """The entry point of a container, whose server is a stand-in that says how it was started."""
    launcher = folder / "bin" / "hostler"
    write_file(folder, LAUNCHER.format(python=sys.executable), "bin/hostler")
    launcher.chmod(0o755)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PACKAGES),
        "SAGEMAKER_BASE_DIR": str(folder),
        "HOSTLER_LAUNCHER": str(launcher),
        **variables,
    }
    return subprocess.Popen([sys.executable, "-c", ENTRY], env=environment, stdout=subprocess.PIPE, text=True)


def output(process: subprocess.Popen[str]) -> list[str]:
    return process.communicate(timeout=PATIENCE_S)[0].splitlines()


HANDLE = "/home/model-server/model_handler.py:handle"


@pytest.mark.parametrize(
    ("variables", "handler", "folder"),
    [
        ({}, HANDLE, "model"),
        ({"SAGEMAKER_HANDLER": "given"}, HANDLE, "model"),
        ({"SAGEMAKER_MULTI_MODEL": "true"}, HANDLE, "models"),
        ({"SAGEMAKER_MULTI_MODEL": "true", "SAGEMAKER_HANDLER": "given"}, "given", "models"),
    ],
)
def test_the_entry_point_starts_hostler_as_the_variables_say(
    tmp_path: Path, variables: dict[str, str], handler: str, folder: str
) -> None:
    said = output(entry(tmp_path, LAUNCHER_ENDS="3", MMS_X="1", **variables))
    arguments, environment = json.loads(said[0])
    assert arguments == ["serve"]
    path = f"{tmp_path}/{folder}/code:{PACKAGES}"
    assert environment == [handler, str(tmp_path), "8080", os.path.normpath(sys.executable), path, "1"]
    assert said[1:] == ["ended with 3"]


def test_the_entry_point_hands_the_end_on_and_returns(tmp_path: Path) -> None:
    process = entry(tmp_path)
    assert process.stdout is not None
    while process.stdout.readline().strip() != "waiting":
        pass
    process.send_signal(signal.SIGTERM)
    assert output(process) == ["returned"]
    assert process.returncode == 0


def test_the_entry_point_finds_hostler_on_path(tmp_path: Path) -> None:
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    said = output(entry(tmp_path, LAUNCHER_ENDS="4", HOSTLER_LAUNCHER="", PATH=path))
    assert said[-1] == "ended with 4"


def test_the_entry_point_fails_where_requirements_cannot_be_had(tmp_path: Path) -> None:
    write_file(tmp_path, "./nowhere.whl\n", "model/code/requirements.txt")
    assert output(entry(tmp_path))[-1].startswith("failed to install required packages")


def test_the_launcher_lies_in_the_installation() -> None:
    found = _python("from sagemaker_inference import model_server; print(model_server._launcher())")
    assert Path(found) == Path(__file__).parents[2] / "bin" / "hostler"


def _python(program: str) -> str:
    environment = {"PYTHONPATH": str(PACKAGES), "PATH": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr
