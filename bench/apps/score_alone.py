"""Calls a scoring script in a plain loop: score_alone.py SCRIPT BODY.

For each line on its input, a number of seconds, it prints calls a second.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    script, body = sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8")
    spec = importlib.util.spec_from_file_location("entry_module", script)
    if spec is None or spec.loader is None:
        sys.exit(f"{script} is not a Python file")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.init()
    for _ in range(20):
        module.run(body)
    for line in sys.stdin:
        seconds = float(line)
        calls, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            module.run(body)
            calls += 1
        print(calls / elapsed, flush=True)


if __name__ == "__main__":
    main()
