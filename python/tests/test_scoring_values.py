"""What run() returns, as JSON that every parser reads."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import math
import pathlib
import uuid
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hostler.scoring import plain

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: float
    y: np.float32


UTC = datetime.timezone.utc


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, None, True]}, {"a": [1, None, True]}),
        ([math.nan, math.inf, -math.inf, 1.5], [None, None, None, 1.5]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([1.5, np.nan]), [1.5, None]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array(["2026-01-02", "NaT"], dtype="datetime64[D]"), ["2026-01-02", None]),
        (np.float64("nan"), None),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.datetime64("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
        (pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]}), [{"a": 1, "b": 0.5}, {"a": 2, "b": None}]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Timestamp("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
        ([pd.NaT, pd.NA], [None, None]),
        ({np.int64(1): 2, 3: np.int64(4), None: 5}, {"1": 2, "3": 4, "null": 5}),
        (b"\x00\xff", "AP8="),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        ((datetime.date(2026, 1, 2), datetime.time(3, 4)), ["2026-01-02", "03:04:00"]),
        (decimal.Decimal("1.25"), 1.25),
        (decimal.Decimal("NaN"), None),
        ({1}, [1]),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (Color.RED, "red"),
        (Point(1.0, np.float32(0.5)), {"x": 1.0, "y": 0.5}),
    ],
)
def test_a_value_has_a_form(value: Foreign, expected: Foreign) -> None:
    text = plain.render(value).decode("ascii")
    assert json.loads(text, parse_constant=pytest.fail) == expected


def test_what_json_knows_is_written_as_python_does() -> None:
    value = {"b": [1, 2.0, "ä", None], "a": {"c": ()}}
    assert plain.render(value).decode() == json.dumps(value)


@pytest.mark.parametrize("value", [object(), {"a": object()}, lambda: None, {(1, 2): 3}])
def test_what_has_no_form_is_refused(value: Foreign) -> None:
    with pytest.raises(TypeError):
        plain.render(value)


def test_what_contains_itself_is_refused() -> None:
    value: list[Foreign] = []
    value.append(value)
    with pytest.raises((ValueError, RecursionError)):
        plain.render(value)
