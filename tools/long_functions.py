"""Print every function that is longer than our limit: `long_functions.py FILE ...`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_LINES = 60


def long_functions(path: str) -> Iterator[str]:
    tree = ast.parse(Path(path).read_text(encoding="utf-8"), path)
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MOST_LINES:
            yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {MOST_LINES}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for complaint in long_functions(name):
            print(complaint)
