"""A script whose server is its own is started as it means to be, and watched for as long as it serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(__file__).parent.parent / "src" / "hostler" / "own_server.py")
PATIENCE_S = 20
HOPELESS = 79


def inspect(tmp_path: Path, text: str) -> dict[str, object]:
    script = tmp_path / "score.py"
    script.write_text(text)
    done = subprocess.run(
        [sys.executable, PROGRAM, "inspect", str(script)], capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def start(tmp_path: Path, text: str, **variables: str) -> subprocess.Popen[str]:
    (tmp_path / "score.py").write_text(text)
    environment = {**os.environ, "AML_APP_ROOT": str(tmp_path), "AZUREML_ENTRY_SCRIPT": "score.py"}
    return subprocess.Popen(
        [sys.executable, "-u", PROGRAM, "run"],
        cwd=tmp_path,
        env={**environment, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def init(): pass\ndef run(data): pass", {"init": True, "run": True, "main": False}),
        ("async def run(data): pass", {"init": False, "run": True, "main": False}),
        ("class A:\n    def run(self): pass", {"init": False, "run": False, "main": False}),
        ("from service import init, run", {"init": True, "run": True, "main": False}),
        ("from service import *", {"init": True, "run": True, "main": False}),
        ("import driver as driver_module", {"init": False, "run": True, "main": False}),
        ("run = lambda data: data", {"init": False, "run": True, "main": False}),
        ("try:\n    def run(d): pass\nexcept E: pass", {"init": False, "run": True, "main": False}),
        ("if __name__ == '__main__':\n    serve()", {"init": False, "run": False, "main": True}),
        ("if '__main__' == __name__:\n    serve()", {"init": False, "run": False, "main": False}),
    ],
)
def test_what_a_script_defines(tmp_path: Path, text: str, expected: dict[str, object]) -> None:
    assert inspect(tmp_path, text) == expected


def test_a_script_that_is_no_python_is_told(tmp_path: Path) -> None:
    assert "line 2" in str(inspect(tmp_path, "library(plumber)\nx <- $y")["error"])


INIT_STARTS_A_CHILD = """
import subprocess, sys
def init():
    global child
    child = subprocess.Popen([sys.executable, "-c", "input()"])
    print("module", __name__, "child", child.pid)
"""


def test_it_lives_as_long_as_the_child_that_init_started(tmp_path: Path) -> None:
    with start(tmp_path, INIT_STARTS_A_CHILD) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:2] == ["module", "entry_module"]
        assert process.poll() is None
        _, errors = process.communicate("\n", PATIENCE_S)
        assert process.returncode == 1
        assert "has ended" in errors


INIT_STARTS_A_THREAD = """
import sys, threading, traceback
def main_waits():
    frame = sys._current_frames()[threading.main_thread().ident]
    return any(call.f_code.co_name == "wait_for_family" for call, _ in traceback.walk_stack(frame))
def serve():
    while not main_waits():
        pass
    print("up")
    input()
def init():
    threading.Thread(target=serve, daemon=True).start()
"""


def test_it_lives_as_long_as_the_thread_that_init_started(tmp_path: Path) -> None:
    with start(tmp_path, INIT_STARTS_A_THREAD) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert process.poll() is None
        process.communicate("\n", PATIENCE_S)
        assert process.returncode == 1


SERVES_AS_MAIN = """
import helper
ready = False
def init():
    global ready
    ready = True
if __name__ == "__main__":
    init()
    print("serving", ready, helper.__file__.endswith("helper.py"))
    raise SystemExit(7)
"""


def test_a_child_that_ends_at_once_may_do_better_next_time(tmp_path: Path) -> None:
    text = "import os\ndef init():\n    pid = os.spawnlp(os.P_NOWAIT, 'false', 'false')\n"
    text += "    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)"
    with start(tmp_path, text) as process:
        process.communicate(None, PATIENCE_S)
        assert process.returncode == 1


def test_a_block_for_main_runs_where_init_has_started_nothing(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("")
    with start(tmp_path, SERVES_AS_MAIN) as process:
        output, _ = process.communicate(None, PATIENCE_S)
        assert (process.returncode, output) == (7, "serving True True\n")


def test_a_plain_script_runs_as_the_main_program(tmp_path: Path) -> None:
    with start(tmp_path, "import sys\nprint(__name__, sys.argv[0])\nsys.exit(5)") as process:
        output, _ = process.communicate(None, PATIENCE_S)
        assert (process.returncode, output) == (5, f"__main__ {tmp_path}/score.py\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_module\ndef init(): pass", "no_such_module"),
        ("def init(:", "cannot be read as Python"),
        ("def init(): pass", "has returned and left nothing running"),
        ("import no_such_module", "no_such_module"),
    ],
)
def test_what_can_never_work_is_hopeless(tmp_path: Path, text: str, message: str) -> None:
    with start(tmp_path, text) as process:
        _, errors = process.communicate(None, PATIENCE_S)
        assert process.returncode == HOPELESS
        assert message in errors


def test_an_init_that_fails_may_be_tried_again(tmp_path: Path) -> None:
    with start(tmp_path, "def init(): raise RuntimeError('no database')") as process:
        _, errors = process.communicate(None, PATIENCE_S)
        assert process.returncode == 1
        assert "no database" in errors


def test_an_import_that_fails_shows_the_model_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"")
    text = "open('nowhere')\ndef init(): pass"
    with start(tmp_path, text, AZUREML_MODEL_DIR=str(tmp_path / "model")) as process:
        _, errors = process.communicate(None, PATIENCE_S)
        assert process.returncode == HOPELESS
        assert "  weights.bin\n" in errors
