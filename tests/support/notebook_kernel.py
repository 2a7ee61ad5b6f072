"""A notebook without the notebook: runs cells that come in as JSON lines, in one namespace.

    in   {"cell": "<source>"}
    out  {"value": <the last expression's value, or its repr>}   or   {"error": "<traceback>"}

A cell that starts with `%%writefile PATH` writes its other lines there, as in Jupyter. What a cell prints
goes to standard error. NOTEBOOK_DOWNLOADS, a JSON object of URL and file, answers requests.get for just these
URLs: a source document that downloads its data runs where there is no network.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = "%%writefile "
P = ParamSpec("P")


def serving(
    downloads: dict[str, str], really_get: Callable[P, requests.Response]
) -> Callable[P, requests.Response]:
    def get(*args: P.args, **kwargs: P.kwargs) -> requests.Response:
        url = str(args[0] if args else kwargs["url"])
        if url not in downloads:
            return really_get(*args, **kwargs)
        response = requests.Response()
        response.status_code = 200
        response.url = url
        response._content = Path(downloads[url]).read_bytes()
        return response

    return get


def run(cell: str, namespace: dict[str, Any]) -> object:
    if cell.startswith(MAGIC):
        magic, _, content = cell.partition("\n")
        Path(magic.removeprefix(MAGIC).strip()).write_text(content, encoding="utf-8")
        return None
    module = ast.parse(cell)
    last = module.body[-1] if module.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(module, "<cell>", "exec"), namespace)
        return None
    module.body.pop()
    exec(compile(module, "<cell>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)


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
    requests.get = serving(downloads, requests.get)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin:
        print(answer(line, namespace), flush=True)


if __name__ == "__main__":
    main()
