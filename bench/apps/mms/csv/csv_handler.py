"""The other scikit-learn handler's model, asked in CSV: what hostler's own runtime is compared with."""

from __future__ import annotations

from importlib import import_module
from typing import Any

joblib: Any = import_module("joblib")
numpy: Any = import_module("numpy")
model: Any = None


def handle(data: list[dict[str, bytes | bytearray | str]] | None, context: object) -> list[str] | None:
    """Load on the first call; predict every row of the batch together."""
    global model
    if model is None:
        model = joblib.load("model.joblib")  # the working folder is the model's
    if data is None:
        return None
    rows = [row_of(request["body"]) for request in data]
    return [str(value) for value in model.predict(numpy.asarray(rows)).tolist()]


def row_of(body: bytes | bytearray | str) -> list[float]:
    """One line of numbers; the server hands text over as text."""
    line = body if isinstance(body, str) else body.decode()
    return [float(number) for number in line.split(",")]
