"""Numpy arrays."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import numpy

from .abstract_parameter_type import AbstractParameterType

if TYPE_CHECKING:
    from hostler.scoring.foreign import Foreign

    from .samples import Schema

UNITS: Final = {
    "years": "Y",
    "months": "M",
    "weeks": "W",
    "days": "D",
    "hours": "h",
    "minutes": "m",
    "seconds": "s",
    "milliseconds": "ms",
    "microseconds": "us",
    "nanoseconds": "ns",
    "picoseconds": "ps",
    "femtoseconds": "fs",
    "attoseconds": "as",
}
NUMBERS: Final = {"float16": "float", "float32": "float", "float64": "double"}


class NumpyParameterType(AbstractParameterType):
    """An array like the sample.

    Args:
        sample_input: the sample array.
        enforce_column_type: whether what comes is converted to the sample's dtype.
        enforce_shape: whether every dimension but the first must be the sample's.
    """

    def __init__(
        self, sample_input: Foreign, enforce_column_type: bool = True, enforce_shape: bool = True
    ) -> None:
        if not isinstance(sample_input, numpy.ndarray):
            raise TypeError("Invalid sample input provided, must provide a sample Numpy array.")
        super().__init__(sample_input)
        self.enforce_column_type = enforce_column_type
        self.enforce_shape = enforce_shape

    def deserialize_input(self, input_data: Foreign) -> Foreign:
        """The array that nested lists stand for.

        Raises:
            ValueError: if they are no array of the sample's kind.
        """
        if isinstance(input_data, numpy.ndarray):
            return input_data
        if not isinstance(input_data, list):
            raise ValueError("Invalid input format: expected an array of items.")
        dtype = self.sample_input.dtype
        if self.enforce_column_type:
            array = numpy.array([_element(item, dtype) for item in input_data], dtype=dtype)
        else:
            array = numpy.array(input_data)
        if self.enforce_shape:
            self._check_shape(array)
        return array

    def _check_shape(self, array: Foreign) -> None:
        expected, shape = self.sample_input.shape, array.shape
        if len(shape) != len(expected):
            raise ValueError(
                f"Invalid input array: an array with {len(expected)} dimensions is expected; "
                f"input has {len(shape)} [shape {shape}]"
            )
        for axis in range(1, len(expected)):
            if shape[axis] != expected[axis]:
                raise ValueError(
                    f"Invalid input array: array has size {shape[axis]} on dimension #{axis}, "
                    f"while expected value is {expected[axis]}"
                )

    def input_to_swagger(self) -> Schema:
        """The description."""
        schema = _array(_describe(self.sample_input.dtype), self.sample_input.ndim)
        items = schema["items"]
        schema["example"] = [_sample(items, item) for item in self.sample_input]
        schema["format"] = "numpy.ndarray"
        return schema


def _element(value: Foreign, dtype: Foreign) -> Foreign:
    if dtype.names:
        fields = value if isinstance(value, dict) else dict(zip(dtype.names, value, strict=False))
        return tuple(_element(fields[name], dtype[name]) for name in dtype.names)
    if isinstance(value, list):
        return [_element(item, dtype) for item in value]
    if dtype.kind == "M":
        return numpy.datetime64(value)
    return _duration(value) if dtype.kind == "m" else value


def _duration(text: str) -> Foreign:
    count, _, unit = str(text).partition(" ")
    code = UNITS.get(unit.strip().lower())
    if code is None:
        raise ValueError(f"Invalid timedelta {text!r}: expected a number and a unit such as `3 days`.")
    return numpy.array(int(count), dtype=f"timedelta64[{code}]")[()]


def _array(items: Schema, dimensions: int) -> Schema:
    schema: Schema = {"type": "array", "items": items}
    for _ in range(dimensions - 1):
        schema = {"type": "array", "items": schema}
    return schema


def _describe(dtype: Foreign) -> Schema:
    if dtype.names:
        return {"type": "object", "properties": {name: _describe(dtype[name]) for name in dtype.names}}
    if dtype.subdtype is not None:
        inner, shape = dtype.subdtype
        return _array(_describe(inner), len(shape))
    name = dtype.name.lower()
    if dtype.kind in "iu":
        return {"type": "integer", "format": name}
    if name in NUMBERS:
        return {"type": "number", "format": NUMBERS[name]}
    others: dict[str, Schema] = {
        "b": {"type": "boolean"},
        "O": {"type": "object"},
        "U": {"type": "string"},
        "S": {"type": "string", "format": "binary"},
        "V": {"type": "string", "format": "binary"},
        "M": {"type": "string", "format": "date-time"},
        "m": {"type": "string", "format": "timedelta"},
    }
    found = others.get(dtype.kind)
    if found is None:
        raise TypeError(f"We currently do not support extracting schema from data of type {name}")
    return found


def _sample(schema: Schema, value: Foreign) -> Foreign:
    kind = schema["type"]
    if kind == "array":
        return [_sample(schema["items"], item) for item in value]
    if kind == "object" and "properties" in schema:
        return {name: _sample(inner, value[name]) for name, inner in schema["properties"].items()}
    if kind == "number":
        return float(value)
    if kind == "integer":
        return int(value)
    if schema.get("format") == "date-time":
        return value.astype("datetime64[us]").item().strftime("%Y-%m-%d %H:%M:%S,%f")
    if schema.get("format") == "binary":
        return base64.b64encode(value).decode("ascii")
    return str(value)
