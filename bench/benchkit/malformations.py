"""Requests that no server may answer with anything but a 4xx and a JSON error."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchkit.wire import render

Body = dict[str, Any]
Change = Callable[[Body], object]  # the changed body; bytes are sent as they are


def in_tensor(**fields: object) -> Change:
    """The body with these fields of its first input set, or left out where the value is ...."""

    def change(body: Body) -> object:
        tensor = body["inputs"][0] | fields
        return {"inputs": [{name: value for name, value in tensor.items() if value is not ...}]}

    return change


def resized(by: int) -> Change:
    """More or fewer numbers than the shape says."""

    def change(body: Body) -> object:
        data = body["inputs"][0]["data"]
        return in_tensor(data=data[:by] if by < 0 else data + [0.0] * by)(body)

    return change


def columns(by: int) -> Change:
    """A well-formed tensor with another number of features than the model has."""

    def change(body: Body) -> object:
        data = body["inputs"][0]["data"]
        data = data[:by] if by < 0 else data + [0.0] * by
        return in_tensor(data=data, shape=[1, len(data)])(body)

    return change


def text(change: Callable[[str], str]) -> Change:
    """The body as text, changed: the result is sent as it is."""
    return lambda body: change(json.dumps(body)).encode()


def whole(value: object) -> Change:
    return lambda body: value


# Every kind is a fault for both models: 64 and 126 features, one input, one row.
KINDS: dict[str, Change] = {
    "shape: one feature too few": columns(-1),
    "shape: one feature too many": columns(1),
    "shape: one dimension": lambda body: in_tensor(shape=[len(body["inputs"][0]["data"])])(body),
    "shape: three dimensions": lambda body: in_tensor(shape=[1, 2, len(body["inputs"][0]["data"]) // 2])(
        body
    ),
    "shape: a string": in_tensor(shape="1"),
    "shape: strings in it": lambda body: in_tensor(shape=["1", str(len(body["inputs"][0]["data"]))])(body),
    "shape: a fraction": in_tensor(shape=[1.5, 64]),
    "shape: null in it": in_tensor(shape=[None, 64]),
    "negative dim": lambda body: in_tensor(shape=[-1, len(body["inputs"][0]["data"])])(body),
    "two negative dims": lambda body: in_tensor(shape=[-1, -len(body["inputs"][0]["data"])])(body),
    "huge dim": in_tensor(shape=[1_000_000_000, 64]),
    "huge dims whose product is past 2^64": in_tensor(shape=[2**33, 2**33]),
    "huge dim past 2^53": in_tensor(shape=[2**62, 1]),
    "huge dim in floating point": in_tensor(shape=[1e308, 64]),
    "datatype: unknown": in_tensor(datatype="FP33"),
    "datatype: lower case": in_tensor(datatype="fp32"),
    "datatype: a number": in_tensor(datatype=32),
    "datatype: BYTES for numbers": in_tensor(datatype="BYTES"),
    "datatype: INT8 out of range": lambda body: in_tensor(
        datatype="INT8", data=[1000] * len(body["inputs"][0]["data"])
    )(body),
    "datatype: strings in FP32": lambda body: in_tensor(data=["a"] * len(body["inputs"][0]["data"]))(body),
    "datatype: objects in FP32": lambda body: in_tensor(data=[{}] * len(body["inputs"][0]["data"]))(body),
    "JSON: cut off": text(lambda body: body[: len(body) // 2]),
    "JSON: text after the end": text(lambda body: body + "}"),
    "JSON: single quotes": text(lambda body: body.replace('"', "'")),
    "JSON: not UTF-8": lambda body: b'{"inputs": [{"name": "\xff\xfe"}]}',
    "JSON: nothing": whole(b""),
    "JSON: null": whole(None),
    "JSON: an array": whole([]),
    "JSON: a string": whole("inputs"),
    "size: one number too few": resized(-1),
    "size: one number too many": resized(1),
    "size: no number": in_tensor(data=[]),
    "size: ragged rows": in_tensor(data=[[1.0, 2.0], [3.0]]),
    "size: data is an object": in_tensor(data={"0": 1.0}),
    "missing: inputs": whole({}),
    "missing: every input": whole({"inputs": []}),
    "missing: inputs is an object": whole({"inputs": {}}),
    "missing: input is null": whole({"inputs": [None]}),
    "missing: name": in_tensor(name=...),
    "missing: shape": in_tensor(shape=...),
    "missing: datatype": in_tensor(datatype=...),
    "missing: data": in_tensor(data=...),
    "name: a number": in_tensor(name=7),
    "outputs: none of that name": lambda body: body | {"outputs": [{"name": "no-such-output"}]},
    "outputs: missing name": lambda body: body | {"outputs": [{}]},
    "parameters: an array": lambda body: body | {"parameters": []},
}


def malformed(url: str, path: str, body: str) -> list[tuple[str, bytes]]:
    """Every kind of fault, made from one good request: its name and the whole message."""
    made = []
    for name, change in KINDS.items():
        changed = change(json.loads(body))
        content = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        made.append((name, render(url, path, content)))
    made.append(("size: a terabyte is announced", render(url, path, b"", length=2**40)))
    for wrong in (
        path.replace("/v2/models/", "/v2/models/no-such-"),
        path.replace("/infer", "/versions/no-such/infer"),
    ):
        made.append((f"path: {wrong.rpartition('/models/')[2]}", render(url, wrong, body)))
    return made
