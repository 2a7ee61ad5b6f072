"""A small scikit-learn model behind a handler: one JSON row a request, the batch predicted at once."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

Body = bytes | bytearray | str | list[float]
joblib: Any = import_module("joblib")
numpy: Any = import_module("numpy")
model: Any = None


def handle(data: list[dict[str, Body]] | None, context: object) -> list[str] | None:
    """Load on the first call; predict every row of the batch together."""
    global model
    if model is None:
        model = joblib.load("model.joblib")  # the working folder is the model's
    if data is None:
        return None
    rows = [row_of(request["body"]) for request in data]
    return [json.dumps(value) for value in model.predict(numpy.asarray(rows)).tolist()]


def row_of(body: Body) -> list[float]:
    """The body as the server hands it over: parsed JSON, or bytes."""
    return list(json.loads(body) if isinstance(body, (bytes, bytearray, str)) else body)
