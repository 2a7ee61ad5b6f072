"""What is written of a script that configures logging itself."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import logging, logging.config
logging.config.dictConfig({"version": 1, "root": {"handlers": [], "level": "INFO"}})

def init():
    print("printed in init")
    raise ValueError("why")

def run(data):
    return data
"""

SERVED = """
from hostler.scoring import logs, script, settings
logs.set_up("INFO", ())
found = settings.read({}, %r, "score.py")
try:
    script.initialize(script.load(found, is_run_optional=False), found, lambda result: result)
except script.ScriptError as error:
    raise SystemExit(3) from error
"""


def test_prints_and_tracebacks_are_written_whatever_is_turned_off(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(SCRIPT)
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", SERVED % str(tmp_path)]
    served = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    assert served.returncode == 3
    assert "azmlinfsrv.print - printed in init" in served.stdout
    assert "ValueError: why" in served.stdout
