"""Returns the value that the body names."""

import datetime
import decimal
import sys
from typing import Any

import numpy
from azureml_inference_server_http.api.aml_response import AMLResponse


def init() -> None:
    pass


def _responses() -> dict[str, Any]:
    return {
        "response-none": AMLResponse(None, 200),
        "response-text": AMLResponse("text", 201),
        "response-bytes": AMLResponse(b"\x00\x01", 200, {"Content-Type": "image/png"}),
        "response-json": AMLResponse({"a": [1, None]}, 202, {}, True),
        "response-json-header": AMLResponse({"a": 1}, 200, {"X-One": "1"}, json_str=True),
        "response-list-header": AMLResponse("x", 200, {"X-List": "a, b,c"}),
        "response-date-header": AMLResponse("x", 200, {"Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}),
        "response-failed": AMLResponse("x", 200, run_function_failed=True),
        "response-400": AMLResponse("bad", 400),
        "response-500": AMLResponse("bad", 500),
        "response-request-id": AMLResponse("x", 200, {"x-request-id": "mine"}),
        "response-204": AMLResponse("", 204),
        "response-redirect": AMLResponse("", 302, {"Location": "/elsewhere"}),
    }


def _values() -> dict[str, Any]:
    return {
        "none": None,
        "text": 'a "text"',
        "unicode": "ä€😀",
        "number": 1,
        "float": 0.1,
        "large": 12345678901234567890,
        "true": True,
        "list": [1, "2", [3.0, None]],
        "tuple": (1, 2),
        "object": {"b": 1, "a": {"c": []}, "1": 2},
        "integer-keys": {1: "a", None: "b", True: "c", 1.5: "d"},
        "empty-list": [],
        "nan": float("nan"),
        "infinity": [float("inf"), -float("inf")],
        "numpy-array": numpy.array([[1.5, 2.0], [3.0, float("nan")]]),
        "numpy-scalar": numpy.float32(0.5),
        "numpy-inside": {"a": numpy.int64(7), "b": [numpy.bool_(True)]},
        "bytes": b"\x00\xff",
        "datetime": datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.timezone.utc),
        "decimal": decimal.Decimal("1.25"),
        "set": {1},
        "object-instance": object(),
        "generator": (piece for piece in ("a", "b")),
    }


def run(data: str) -> Any:
    if data == "raise":
        raise ValueError("on purpose")
    if data == "exit":
        sys.exit(4)
    if data == "system":
        raise OSError(2, "No such file")
    return {**_values(), **_responses()}[data]
