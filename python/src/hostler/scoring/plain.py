"""What `run()` returns, as JSON that every parser reads: also numpy's values, times, bytes, and NaN."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import json
import math
import os
import uuid
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign

MAX_DEPTH: Final = 500

_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode


def render(value: Foreign) -> bytes:
    """A value as JSON, in the format of `json.dumps`.

    NaN and the infinities become null, bytes base64, times ISO 8601.

    Raises:
        TypeError: if the value has something that JSON has no form for.
        ValueError: if it contains itself.
    """
    try:
        return _encode(value).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        return _encode(plain(value)).encode("ascii")


def plain(value: Foreign, depth: int = 0) -> Foreign:
    """The value with nothing in it but what JSON knows."""
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, enum.Enum):
        return plain(value.value, depth)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if depth > MAX_DEPTH:
        raise ValueError("the value is nested too deeply, or contains itself")
    if isinstance(value, dict):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [plain(item, depth + 1) for item in value]
    return _foreign(value, depth + 1)


def _key(key: Foreign) -> str:
    if isinstance(key, str):
        return str(key)
    found = plain(key)
    if isinstance(found, (dict, list)):
        raise TypeError(f"keys must be text or numbers, not {type(key).__name__}")
    return json.dumps(found) if not isinstance(found, str) else found


def _foreign(value: Foreign, depth: int) -> Foreign:
    """What is neither JSON's nor a container: the standard library's values, then those of frameworks."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (datetime.date, datetime.time)):
        text = value.isoformat()
        return None if text == "NaT" else text
    if isinstance(value, (datetime.timedelta, uuid.UUID, os.PathLike)):
        return str(value)
    if isinstance(value, decimal.Decimal):
        return plain(float(value), depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), depth) for field in dataclasses.fields(value)}
    return _from_library(value, depth)


def _from_library(value: Foreign, depth: int) -> Foreign:
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a table: one object a row
        return plain(value.to_dict(orient="records"), depth)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind in ("numpy.datetime64", "numpy.timedelta64"):
        text = str(value)
        return None if text == "NaT" else text
    if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m") and hasattr(value, "astype"):
        return _times(value.astype(str).tolist())
    for method in ("tolist", "item", "model_dump", "toarray"):
        convert = getattr(value, method, None)
        if callable(convert) and not isinstance(value, type):
            return plain(convert(), depth)
    if kind.endswith(("NAType", "NaTType")):
        return None
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _times(texts: Foreign) -> Foreign:
    """Times as numpy writes them, in lists of any depth."""
    if isinstance(texts, list):
        return [_times(text) for text in texts]
    return None if texts == "NaT" else texts
