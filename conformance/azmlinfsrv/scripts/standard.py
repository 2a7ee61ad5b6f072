"""@input_schema and @output_schema with plain Python values."""

from datetime import date, datetime, timezone
from typing import Any

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

KINDS = {
    "text": "a",
    "count": 3,
    "ratio": 0.5,
    "flag": True,
    "items": [1, 2],
    "nested": {"a": {"b": "c"}, "d": [{"e": 1}]},
    "raw": b"bytes",
    "moment": datetime(2026, 1, 2, 3, 4, 5, 6, timezone.utc),
}


def init() -> None:
    pass


@input_schema("text", StandardPythonParameterType("a text"))
@input_schema("count", StandardPythonParameterType(3))
@input_schema("kinds", StandardPythonParameterType(KINDS), optional=True)
@output_schema(StandardPythonParameterType({"text": "a text", "day": date(2026, 1, 2)}))
def run(text: str, count: int = 7, kinds: dict[str, Any] | None = None) -> dict[str, Any]:
    if text == "raise":
        raise ValueError("in run")
    return {"text": text, "count": count, "kinds": None if kinds is None else sorted(kinds)}
