"""What a case is, and how its request is put together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "multi-model"
JSON_HEADERS = {"content-type": "application/json"}


@dataclass(frozen=True)
class Request:
    """A body is text, since some are broken JSON, or are about how a number is written."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class Case:
    """Stands on its own: `before` brings the server into the state that is asked about, `after` undoes it."""

    name: str
    request: Request
    before: tuple[Request, ...] = ()
    after: tuple[Request, ...] = ()


def get(path: str, method: str = "GET") -> Request:
    return Request(method, path)


def post(path: str, body: object = None) -> Request:
    """A JSON request; a string is sent as it is."""
    if body is None:
        return Request("POST", path)
    return Request("POST", path, JSON_HEADERS, body if isinstance(body, str) else json.dumps(body))


def tensor(shape: list[int], datatype: str, data: object, **more: object) -> dict[str, Any]:
    return {"name": "predict", "shape": shape, "datatype": datatype, "data": data, **more}


def infer(
    model: str, *inputs: dict[str, Any], version: str | None = None, query: str = "", **more: object
) -> Request:
    path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + f"/infer{query}"
    return post(path, {"inputs": list(inputs), **more})


def infer_raw(model: str, data: str, shape: str = "[1,1]", datatype: str = "FP64") -> Request:
    """One input whose data is written here digit by digit."""
    inputs = f'[{{"name":"predict","shape":{shape},"datatype":"{datatype}","data":{data}}}]'
    return post(f"/v2/models/{model}/infer", f'{{"inputs":{inputs}}}')


def sample(model: str) -> dict[str, Any]:
    text = (EXAMPLE / "models" / model / "sample_input.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)["inputs"][0]
    return loaded
