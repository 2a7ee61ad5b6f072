"""Descriptions of plain Python values."""

from __future__ import annotations

import base64
from datetime import date, datetime, time, timezone

from hostler.scoring.foreign import Foreign

from .abstract_parameter_type import AbstractParameterType

Schema = dict[str, Foreign]


def describe(sample: Foreign) -> Schema:
    """The description of a value, with itself as the example."""
    if isinstance(sample, AbstractParameterType):
        return sample.input_to_swagger()
    kind = type(sample)
    if kind in (list, tuple, range):
        return describe_list(sample)
    if kind is dict:
        return describe_mapping(sample)
    if kind in (date, datetime, time):
        return _describe_time(sample)
    if kind in (bytes, bytearray):
        text = base64.b64encode(sample).decode("ascii")
        return {"type": "string", "format": "byte", "example": text}
    scalars: dict[type, Schema] = {
        int: {"type": "integer", "format": "int64"},
        float: {"type": "number", "format": "double"},
        str: {"type": "string"},
        bool: {"type": "boolean"},
    }
    return {**scalars.get(kind, {"type": "object"}), "example": sample}


def describe_list(sample: Foreign) -> Schema:
    """The description of a list; the last item stands for all."""
    items: Schema = {"type": "object"}
    example = []
    for value in sample:
        items = describe(value)
        example.append(items.pop("example"))
    return {"type": "array", "items": items, "example": example}


def describe_mapping(sample: dict[Foreign, Foreign]) -> Schema:
    """The description of an object all of whose fields are required."""
    properties = {key: describe(value) for key, value in sample.items()}
    example = {key: schema.pop("example") for key, schema in properties.items()}
    return {"type": "object", "required": list(sample), "properties": properties, "example": example}


def _describe_time(sample: date | time) -> Schema:
    if isinstance(sample, datetime):
        zoned = sample if sample.tzinfo else sample.replace(tzinfo=timezone.utc)
        return _text("date-time", zoned.strftime("%Y-%m-%d %H:%M:%S.%f %z"))
    if isinstance(sample, time):
        at = sample if sample.tzinfo else sample.replace(tzinfo=timezone.utc)
        return _text("time", at.strftime("%H:%M:%S.%f %z"))
    return _text("date", sample.strftime("%Y-%m-%d"))


def _text(form: str, example: str) -> Schema:
    return {"type": "string", "format": form, "example": example}
