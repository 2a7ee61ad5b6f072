"""Calls a scoring script in a plain loop: score_alone.py SCRIPT BODY SECONDS prints calls a second."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    script, body, seconds = sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8"), float(sys.argv[3])
    spec = importlib.util.spec_from_file_location("entry_module", script)
    if spec is None or spec.loader is None:
        sys.exit(f"{script} is not a Python file")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.init()
    for _ in range(20):
        module.run(body)
    calls, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        module.run(body)
        calls += 1
    print(calls / elapsed)


if __name__ == "__main__":
    main()
