"""A notebook without the notebook: runs cells that come in as JSON lines, in one namespace.

    in   {"cell": "<source>"}
    out  {"value": <the last expression's value, or its repr>}   or   {"error": "<traceback>"}

A cell that starts with `%%writefile PATH` writes its other lines there, as in Jupyter. What a cell prints goes to
standard error. NOTEBOOK_DOWNLOADS, a JSON object of URL → file, answers requests.get for just these URLs: a source
document that downloads its data runs where there is no network.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

MAGIC = "%%writefile "


def serve_downloads(downloads: dict[str, str]) -> None:
    import requests

    really_get = requests.get

    def get(url: str, params: object = None, **options: object) -> requests.Response:
        if url not in downloads:
            return really_get(url, params=params, **options)
        response = requests.Response()
        response.status_code = 200
        response.url = url
        response._content = Path(downloads[url]).read_bytes()
        return response

    requests.get = get


def run(cell: str, namespace: dict[str, Any]) -> object:
    if cell.startswith(MAGIC):
        magic, _, content = cell.partition("\n")
        Path(magic.removeprefix(MAGIC).strip()).write_text(content, encoding="utf-8")
        return None
    statements = ast.parse(cell).body
    last = statements.pop() if statements and isinstance(statements[-1], ast.Expr) else None
    exec(compile(ast.Module(statements, []), "<cell>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace) if last else None


def answer(line: str, namespace: dict[str, Any]) -> str:
    with contextlib.redirect_stdout(sys.stderr):
        try:
            value = run(json.loads(line)["cell"], namespace)
        except Exception:
            return json.dumps({"error": traceback.format_exc()})
    try:
        return json.dumps({"value": value})
    except TypeError:
        return json.dumps({"value": repr(value)})


def main() -> None:
    downloads = json.loads(os.environ.get("NOTEBOOK_DOWNLOADS", "{}"))
    if downloads:
        serve_downloads(downloads)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin:
        print(answer(line, namespace), flush=True)


if __name__ == "__main__":
    main()
